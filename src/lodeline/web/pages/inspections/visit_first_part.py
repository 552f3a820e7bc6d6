"""The parts of the page Visit first: a firm in sentences, the list as a table, what visits found, the weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from lodeline.language import Text, bilingual, text
from lodeline.ledger.roles import ROLES
from lodeline.message import in_words
from lodeline.service.inspections.choosing import Choice
from lodeline.service.inspections.outcomes import Outcome, Rate, Result, by_choice, by_detector
from lodeline.service.inspections.precision import SIZES, Likelihood, likelihood, measured, of_detector
from lodeline.service.inspections.reasons import SIZES as SIZE_WORDS
from lodeline.service.inspections.reasons import reasons
from lodeline.service.inspections.taking_along import TakingAlong
from lodeline.tables import table_rows
from lodeline.web.pages.common.filters import carried
from lodeline.web.pages.inspections.plan_part import CHOSEN, duration, in_hundred
from lodeline.web.pages.inspections.plan_part import SIZES as ITEM_SIZES
from lodeline.web.parts.table import Cell, Column, Row, Table
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.lots import product
from lodeline.web.words.messages import writer
from lodeline.web.words.strategy import money

OUTCOMES: Final[Mapping[Outcome, Text]] = {
    "seized": text("goods were seized"),
    "difference": text("what was measured is not what was declared"),
    "confirmed": text("confirmed what the books ask"),
    "narrowed": text("narrowed what the books ask"),
    "cleared": text("cleared what the books ask"),
    "nothing": text("found nothing"),
    "waiting": text("waits for the month's filing"),
    "unmeasured": text("nothing was measured"),
}
#: Strata that are named; a plan of many is read on its own page.
_STRATA: Final = 4


def entry(visit: Visit, one: Choice, taken: TakingAlong | None, last: Mapping[str, Result]) -> dict[str, object]:
    """A firm as the template needs it. `last`: site → the newest visit before the month."""
    language, register = visit.language, visit.reading.snapshot.register
    firms, sites = words.organisation_names(register, language), words.site_names(register)
    first = one.causes[0] if one.causes else None
    write, merged = writer(language, firms), _merged(visit, one)
    said = in_words(reasons(one), language, write, close_up=language == "zh")
    return {
        "firm": firms.get(one.organisation, one.organisation),
        "href": carried(visit, "organisation", organisation=one.organisation),
        "site": sites.get(one.site, one.site),
        "site_href": visit.opens("inspections", site=one.site),
        "others": [
            {"text": sites.get(place.site, place.site), "href": visit.opens("inspections", site=place.site)}
            for place in one.places
            if place.site != one.site and (place.held_mg or place.expected_usd)
        ],
        "by_lot": one.how == "random",
        "how": visit.localized(CHOSEN[one.how]),
        "expected": money(one.expected_usd, "USD", language) if one.causes else written.NOTHING,
        "probability": written.percent(one.probability, language, 0) if one.causes else written.NOTHING,
        "role": f"×\u00a0{one.role_weight:g}",
        "question": None if first is None else words.word(words.DETECTORS, first.finding.detector, language),
        "question_href": None if first is None else visit.opens("finding", finding=first.finding.id),
        "all_href": visit.opens("findings", query={"organisation": one.organisation}) if one.causes else None,
        "why": visit.localized(bilingual(" ", "")).join(filter(None, (said, merged))),
        "take": _take(visit, taken),
        "settles": _settles(visit, taken),
        "last": _last(visit, one, last),
        "plan": visit.opens("inspection-plan-new", site=one.site, query={"chosen": one.how})
        if visit.actor.may("inspection.write", one.organisation)
        else None,
    }


def _merged(visit: Visit, one: Choice) -> str:
    """How many findings tell of a cause that another tells of."""
    more = sum(len(cause.others) for cause in one.causes)
    if not more:
        return ""
    every = more + len(one.causes)
    return visit.text(
        "{every} findings speak of {causes} cause{s}.",
        every=every,
        causes=len(one.causes),
        s="" if len(one.causes) == 1 else "s",
    )


def _take(visit: Visit, taken: TakingAlong | None) -> str:
    """Scale, XRF, bags, and for what."""
    if taken is None:
        return visit.text("The books have nothing here: a list for counting what is there.")
    language, tools, by_act = visit.language, list[str](), {one.act: one for one in taken.uses}
    if use := by_act.get("weigh"):
        heaviest = written.mass(use.heaviest_mg, language)
        tools.append(visit.text("scale to {heaviest}", heaviest=heaviest))
    if use := by_act.get("xrf"):
        tools.append(visit.text("XRF ({items})", items=use.items))
    if use := by_act.get("laboratory"):
        tools.append(visit.text("{bags} bags", bags=use.bags))
    strata = list(dict.fromkeys(stratum for use in taken.uses for stratum in use.strata))
    named = [
        visit.text(
            "{item_sizes} {product}", item_sizes=visit.localized(ITEM_SIZES[size]), product=product(what, language)
        )
        for what, size in strata[:_STRATA]
    ]
    more = len(strata) - _STRATA
    if more > 0:
        named.append(visit.text("{more} more", more=bilingual(str(more), str(len(strata)))))
    time = duration(taken.minutes, language)
    return visit.localized(
        bilingual(
            f"{', '.join(tools)}; {time}, for {', '.join(named)}.",
            f"{'、'.join(tools)}；{time}；对象：{'、'.join(named)}。",
        )
    )


def _settles(visit: Visit, taken: TakingAlong | None) -> str:
    """What a count at the site would show."""
    if taken is None or taken.settles is None:
        return ""
    sight, language = taken.settles, visit.language
    mass, element = written.mass(sight.goal_mg, language), words.element(sight.element, language)
    shown = in_hundred(f"{sight.probability:.6f}")
    counted = next((one.items for one in taken.uses if one.act == "count"), 0)
    return visit.text(
        "Counting {counted} of {items} items shows {mass} of {element} gone, {shown} times in 100.",
        counted=counted,
        items=taken.items,
        mass=mass,
        element=element,
        shown=shown,
    )


def _last(visit: Visit, one: Choice, last: Mapping[str, Result]) -> dict[str, object]:
    """The newest visit to any of its sites, and what it found."""
    made = [last[place.site] for place in one.places if place.site in last]
    if not made:
        return {"text": visit.text("Never visited."), "href": None}
    newest = max(made, key=lambda result: result.visit.on)
    on, found = written.day(newest.visit.on, visit.language), visit.localized(OUTCOMES[newest.outcome])
    return {
        "text": visit.text("Last visit {on}: {found}.", on=on, found=found),
        "href": visit.opens("inspection-visit", entry=newest.visit.entry),
    }


def choices_table(visit: Visit, chosen: Sequence[Choice]) -> Table:
    """The list in figures."""
    language, register = visit.language, visit.reading.snapshot.register
    firms, sites = words.organisation_names(register, language), words.site_names(register)

    def cells(one: Choice) -> Row:
        by_lot = one.how == "random"
        first = one.causes[0].finding if one.causes else None
        return (
            Cell(
                text=firms.get(one.organisation, one.organisation),
                value=one.organisation,
                note=sites.get(one.site, one.site),
                href=carried(visit, "organisation", organisation=one.organisation),
            ),
            Cell(
                text=visit.localized(CHOSEN[one.how]),
                value=one.how,
                shape="diamond" if by_lot else "bar",
                tone="quiet" if by_lot else "ink",
            ),
            Cell(text=written.NOTHING, value="")
            if first is None
            else Cell(
                text=words.word(words.DETECTORS, first.detector, language),
                value=first.detector,
                href=visit.opens("finding", finding=first.id),
                note=_merged(visit, one),
            ),
            Cell(
                text=money(one.expected_usd, "USD", language) if one.causes else written.NOTHING,
                value=round(one.expected_usd),
                href=visit.opens("findings", query={"organisation": one.organisation}) if one.causes else None,
            ),
            Cell(
                text=written.percent(one.probability, language, 0) if one.causes else written.NOTHING,
                value=round(one.probability, 6) if one.causes else None,
            ),
            Cell(text=f"{one.role_weight:g}", value=one.role_weight, note=_role(visit, one.role)),
            Cell(text=visit.localized(SIZE_WORDS[one.size]), value=one.size),
            Cell(text=written.mass(one.held_mg, language), value=one.held_mg / written.MG_PER_KG),
            Cell(text=visit.text("never", context="inspections, visit first part"), value=None)
            if one.days is None
            else Cell(text=written.count(one.days), value=one.days),
        )

    return Table(
        name="choices",
        caption=visit.text("Visit first, in figures"),
        columns=(
            Column(key="firm", label=text("Firm")),
            Column(key="how", label=text("Chosen")),
            Column(key="question", label=text("Weightiest question")),
            Column(key="expected", label=text("Expected"), number=True, unit="USD"),
            Column(key="probability", label=text("Probability"), number=True),
            Column(key="role", label=text("Role", context="inspections, visit first part, choices table"), number=True),
            Column(key="size", label=text("Size")),
            Column(key="held", label=text("In its books"), number=True, unit="kg"),
            Column(key="days", label=text("Days since a visit"), number=True),
        ),
        rows=[cells(one) for one in chosen],
        per_page=25,
        empty=visit.text("Firms appear here when filings say what lies at them."),
    )


def outcomes_table(visit: Visit, results: Sequence[Result]) -> Table:
    """How many visits found something, by how they were chosen."""

    def cells(how: str, rate: Rate) -> Row:
        share = rate.found / rate.visits if rate.visits else None
        return (
            Cell(text=visit.localized(CHOSEN[how]), value=how),
            Cell(text=written.count(rate.visits), value=rate.visits, href="#inspections" if rate.visits else None),
            Cell(text=written.count(rate.found), value=rate.found),
            Cell(
                text=written.NOTHING if share is None else written.percent(share, visit.language, 0),
                value=None if share is None else round(share, 6),
            ),
        )

    return Table(
        name="outcomes",
        caption=visit.text("What visits found"),
        columns=(
            Column(key="how", label=text("Chosen")),
            Column(key="visits", label=text("Visits", context="inspections, visit first part"), number=True),
            Column(key="found", label=text("Found something"), number=True),
            Column(key="share", label=text("Share"), number=True),
        ),
        rows=[cells(how, rate) for how, rate in by_choice(results).items()],
        empty="",
    )


def precision_table(visit: Visit, results: Sequence[Result]) -> Table:
    """Each detector: true of alarms in made-up worlds by size, what is reckoned with, and what visits found."""
    language, met = visit.language, by_detector(results)
    none = Rate(visits=0, found=0)

    def cells(detector: str) -> Row:
        every, rate = of_detector(detector), met.get(detector, none)
        return (
            Cell(
                text=words.word(words.DETECTORS, detector, language),
                value=detector,
                href=visit.opens("findings", query={"detector": detector}),
            ),
            *(_likelihood(visit, likelihood(detector, size)) for size in SIZES),
            Cell(text=f"{every.true} / {every.alarms}", value=every.true / every.alarms if every.alarms else None),
            Cell(
                text=f"{rate.found} / {rate.visits}" if rate.visits else written.NOTHING,
                value=rate.found,
                href="#inspections" if rate.visits else None,
            ),
        )

    return Table(
        name="precision",
        caption=visit.text("How often a question was right"),
        columns=(
            Column(key="detector", label=text("What was seen")),
            *(
                Column(
                    key=size,
                    number=True,
                    label=bilingual(SIZE_WORDS[size]["en"].capitalize(), SIZE_WORDS[size]["zh"]),
                )
                for size in SIZES
            ),
            Column(key="worlds", label=text("In made-up worlds"), number=True),
            Column(key="visits", label=text("At visits here"), number=True),
        ),
        rows=[cells(one) for one in dict.fromkeys(name for name, _ in measured())],
        empty="",
        per_page=50,
    )


def _likelihood(visit: Visit, found: Likelihood) -> Cell:
    few = {
        "class": f"{found.true} / {found.alarms}",
        "detector": visit.text("of any size"),
        "all": visit.text("of all detectors"),
    }
    return Cell(
        text=written.percent(found.probability, visit.language, 0),
        value=round(found.probability, 6),
        note=few[found.basis],
    )


def roles_table(visit: Visit) -> Table:
    """How much a firm of each role counts."""
    rows = list(table_rows("reference/visit_roles.csv"))
    return Table(
        name="roles",
        caption=visit.text("How much a role counts"),
        columns=(
            Column(key="role", label=text("Role", context="inspections, visit first part, roles table")),
            Column(key="weight", label=text("Counts"), number=True),
            Column(key="why", label=text("Why (assumption)")),
        ),
        rows=[
            (
                Cell(text=_role(visit, row["role"]), value=row["role"]),
                Cell(text=row["weight"], value=float(row["weight"])),
                Cell(text=row[f"why_{visit.language}"], value=row[f"why_{visit.language}"]),
            )
            for row in rows
        ],
        empty="",
    )


def _role(visit: Visit, role: str) -> str:
    known = ROLES.get(role)
    return role if known is None else visit.localized(bilingual(known.en, known.zh))
