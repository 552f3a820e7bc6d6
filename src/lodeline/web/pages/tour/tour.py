"""The tours of the demo, five minutes for each role, and the answer key of its world beside them.

In the demo alone: what filers hid is known of a synthetic world and of no other.
"""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.http import HttpResponse

from lodeline.detection.finding import Finding
from lodeline.language import text
from lodeline.material.mass import format_kg
from lodeline.office.accounts.demonstration import PASSWORD, SAMPLE_ACCOUNTS, SampleAccount
from lodeline.office.sample.standing import standing
from lodeline.service.findings.finding import findings
from lodeline.service.overview import overview as questions
from lodeline.service.overview.demonstration import Alarm, AnswerKey, Demo, KeyRow, answer_key, demo_of
from lodeline.store.database import Database
from lodeline.web.pages.tour.stations import TOURS, Sight, stations
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, Table, shown, wanted_csv
from lodeline.web.parts.values import Act
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.roles import ROLE_MAY, ROLE_NAMES

_STRANGER: Final = "stranger"
_STRANGERS_NAME: Final = text("A stranger with a receipt")
_STRANGER_MAY: Final = text("Checks a receipt and reads the law, without an account")
_MG_PER_KG: Final = 1_000_000


def tour(visit: Visit) -> HttpResponse:
    """The page `tour/`: all tours, and the key."""
    demo = _demo()
    key, _ = _key(visit, demo)
    planted, false = _planted(visit, key), _false(visit, key)
    csv = wanted_csv(visit, planted, false)
    if csv is not None:
        return csv
    return show(
        visit,
        "lodeline/tour/tour.html",
        title=_headline(visit, demo, key),
        tours=[
            {"label": _name(visit, who), "may": _may(visit, who), "href": visit.url("tour-of", who=who)}
            for who in TOURS
        ],
        planted=shown(visit, planted) if key.rows else None,
        false=shown(visit, false) if key.rows else None,
        counts={
            "found": written.count(key.found),
            "touched": written.count(key.touched),
            "missed": written.count(key.missed),
            "false": written.count(len(key.false)),
        },
        shown=[_link(visit, one) for one in key.shown],
    )


def tour_of(visit: Visit, who: str) -> HttpResponse:
    """The page `tour/WHO/`: the stations of a role, and becoming somebody who has it."""
    demo = _demo()
    if who not in TOURS:
        raise NotHereError(text("There is no tour for {who!r}: see the list.", who=who))
    _, sight = _key(visit, demo)
    stops = [
        {"look": visit.localized(one.look), "why": visit.localized(one.why), "href": href}
        for one, href in stations(visit, who, sight)
    ]
    people = [one for one in SAMPLE_ACCOUNTS if one.role == who and one.firm in ("", "maker", "abroad")]
    return show(
        visit,
        "lodeline/tour/tour.html",
        title=visit.text(
            "{name}: {stops} stations in five minutes", name=_name(visit, who), stops=written.count(len(stops))
        ),
        who=who,
        may=_may(visit, who),
        stops=stops,
        people=[_person(visit, one) for one in people],
        is_one=who == _STRANGER or who in visit.actor.roles() or who in _roles_of_firms(visit),
        here=visit.url("tour-of", who=who),
        back=visit.url("tour"),
        password=PASSWORD,
    )


def _demo() -> Demo:
    """Raises NotHereError outside of a demo."""
    demo = demo_of(Database(settings.LODELINE_DATABASE)) if settings.LODELINE_DEMO else None
    if demo is None:
        raise NotHereError(text("Tours are of the demo, and this is none: `lodeline demo` makes one."))
    return demo


def _key(visit: Visit, demo: Demo) -> tuple[AnswerKey, Sight]:
    reading = visit.reading
    raised = reading.answer(findings, reading.store, reading.snapshot, reading.law).raised
    months = reading.answer(questions.months, reading.store, reading.snapshot, reading.law)
    key = answer_key(demo, raised)
    store = visit.store
    return key, Sight(standing=standing(store), key=key, store=store, month="" if months is None else months.newest)


def _headline(visit: Visit, demo: Demo, key: AnswerKey) -> str:
    if not demo.planted:
        return visit.text("A tour for each role; nothing was planted here")
    count = written.count
    return visit.text(
        "{rows} loopholes are planted in this year: {found} were found, {missed} missed",
        rows=count(len(key.rows)),
        found=count(key.found),
        missed=count(key.missed + key.touched),
    )


def _planted(visit: Visit, key: AnswerKey) -> Table:
    names = words.organisation_names(visit.reading.snapshot.register, visit.language)
    return Table(
        name="planted",
        caption=visit.text("Planted loopholes"),
        columns=(
            Column(key="loophole", label=text("Loophole")),
            Column(key="firm", label=text("Firm")),
            Column(key="months", label=text("Months", context="tour")),
            Column(key="mass", label=text("Mass", context="tour"), number=True, unit="kg"),
            Column(key="found", label=text("Found?")),
            Column(key="others", label=text("Questions of other detectors")),
        ),
        rows=[_planted_row(visit, one, names) for one in key.rows],
        empty=visit.text("Nothing is planted in this world."),
        per_page=100,
    )


def _planted_row(visit: Visit, one: KeyRow, names: dict[str, str]) -> Row:
    plant, firm = one.plant, one.plant["subjects"]["organisation"]
    others = sorted({row.detector for row in one.touched})
    word = _detector(visit, plant["loophole"])
    if one.found is not None:
        found = Cell(
            text=visit.text("found"),
            value="found",
            shape="tick",
            tone="flow",
            href=_link(visit, one.found).href,
        )
    elif others:
        found = Cell(text=visit.text("missed, others ask"), value="touched", shape="half", tone="hold")
    else:
        found = Cell(text=visit.text("missed"), value="missed", shape="cross", tone="loss")
    return (
        Cell(text=word, value=plant["loophole"], note=plant["id"]),
        Cell(text=names.get(firm, firm), value=firm, note=firm, href=visit.url("organisation", organisation=firm)),
        _months(visit, plant["period"]),
        _mass(visit, plant["mass_kg"]),
        found,
        Cell(
            text=visit.text(", ", context="tour").join(_detector(visit, name) for name in others) or "–",
            value=" ".join(others),
            href=_link(visit, one.touched[0]).href if others else None,
        ),
    )


def _false(visit: Visit, key: AnswerKey) -> Table:
    names = words.organisation_names(visit.reading.snapshot.register, visit.language)
    rows: list[Row] = []
    for one in key.false:
        finding = one.finding
        firm = finding.subject.get("organisation", next(iter(finding.subject.values())))
        link = _link(visit, finding)
        why = _truth_of(visit, one)
        rows.append(
            (
                Cell(text=link.label, value=finding.detector, href=link.href),
                Cell(text=names.get(firm, firm), value=firm, note=firm),
                _months(visit, finding.period),
                _mass(visit, format_kg(finding.mass_mg)),
                Cell(text=why, value=why),
            )
        )
    return Table(
        name="false",
        caption=visit.text("Questions where nothing was planted"),
        columns=(
            Column(key="question", label=text("Question", context="tour")),
            Column(key="firm", label=text("Firm")),
            Column(key="months", label=text("Months", context="tour")),
            Column(key="mass", label=text("Mass", context="tour"), number=True, unit="kg"),
            Column(key="why", label=text("What it was in truth")),
        ),
        rows=rows,
        empty=visit.text("Every question touches a plant."),
    )


def _truth_of(visit: Visit, one: Alarm) -> str:
    if one.mistake is not None:
        return visit.localized(one.mistake["cause"])
    if one.beside is not None:
        return visit.text("the firm of {beside}, outside its months", beside=one.beside)
    return visit.text("no cause is on record for these months")


def _months(visit: Visit, period: dict[str, str]) -> Cell:
    first, last = period["from"], period["to"]
    told = written.short_month(first, visit.language) + (
        "" if first == last else f"–{written.short_month(last, visit.language)}"
    )
    return Cell(text=told, value=first)


def _mass(visit: Visit, mass_kg: str | None) -> Cell:
    if not mass_kg or not float(mass_kg):
        return Cell(text="–")
    return Cell(text=written.mass(float(mass_kg) * _MG_PER_KG, visit.language), value=float(mass_kg))


def _detector(visit: Visit, name: str) -> str:
    return words.word(words.DETECTORS, name, visit.language)


def _link(visit: Visit, finding: Finding) -> Act:
    href = visit.url("finding", finding=finding.id)
    assert href is not None, "the portal has a page for a finding"
    return Act(label=_detector(visit, finding.detector), href=href)


def _name(visit: Visit, who: str) -> str:
    return visit.localized(_STRANGERS_NAME if who == _STRANGER else ROLE_NAMES[who])


def _may(visit: Visit, who: str) -> str:
    return visit.localized(_STRANGER_MAY if who == _STRANGER else ROLE_MAY[who])


def _person(visit: Visit, one: SampleAccount) -> dict[str, str]:
    return {"email": one.email, "name": one.name_zh if visit.language == "zh" else one.name}


def _roles_of_firms(visit: Visit) -> set[str]:
    return {role for firm in visit.actor.organisations for role in visit.actor.roles(firm)}
