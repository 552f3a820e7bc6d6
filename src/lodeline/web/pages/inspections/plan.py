"""A plan that was entered: what the visit would show, the way through the site, its labels; to print and take along.

Once something was measured under it, what it shows is computed from what was done. The firm sees the same page when the
visit has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.http import HttpResponse

from lodeline.language import bilingual, text
from lodeline.ledger.resolution import maker_and_local
from lodeline.office.access import clock
from lodeline.office.inspections.plans import is_ended, plan_open_to, visit_under
from lodeline.service.inspections.drawing import redrawn
from lodeline.service.inspections.planning import EnteredPlan, root_before
from lodeline.service.inspections.reading import MEASUREMENT
from lodeline.service.inspections.reading import Visit as Visited
from lodeline.service.inspections.showing import acts_done, shown_by
from lodeline.web.pages.common.firm_part import Firm
from lodeline.web.pages.inspections.plan_part import (
    ACTS,
    CHOSEN,
    PARTS,
    duration,
    headline,
    route,
    route_table,
    sights_table,
    strata_table,
    worst_sentences,
)
from lodeline.web.parts.qr import draw_code
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import shown, wanted_csv
from lodeline.web.parts.values import Fact
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words


def sampling_plan(visit: Visit, plan: int) -> HttpResponse:
    """The page `inspections/plans/ENTRY/`."""
    return _page(visit, _found(visit, plan), own=None)


def firm_plan(visit: Visit, organisation: str, plan: int) -> HttpResponse:
    """The page `firm/ID/inspections/plans/ENTRY/`: what the authority sees, with lots as the firm knows them."""
    found = _found(visit, plan)
    if found.paper["organisation"] != organisation:
        raise _nothing(plan)
    firm = Firm(visit, organisation)

    def called(lot: str) -> str:
        return firm.own.lot_name(lot, *maker_and_local(lot, organisation))

    return _page(visit, found, own=firm, called=called)


def labels(visit: Visit, plan: int) -> HttpResponse:
    """The page `inspections/plans/ENTRY/labels/`: three labels for each item that is sampled, to be printed and cut.

    Those of the authority and the reserve name neither firm nor lot: whoever analyses them shall not know whose they
    are.
    """
    paper = _found(visit, plan).paper
    visit.actor.require("inspection.write", paper["organisation"])
    sampled = [one for one in route(paper) if one["bags"]]
    count = 3 * len(sampled)
    return show(
        visit,
        "lodeline/inspections/labels.html",
        title=visit.text("{count} labels for {sampled} items", count=count, sampled=len(sampled)),
        plan=visit.url("inspection-plan", plan=plan),
        index=written.count(plan),
        on=written.day(paper["on"], visit.language),
        sampled=[{"item": one, "labels": _labels(visit, one)} for one in sampled],
    )


def _labels(visit: Visit, item: Mapping[str, Any]) -> list[dict[str, object]]:
    return [
        {
            "bag": bag,
            "part": visit.localized(part),
            "lot": item["label"] if place == 1 else "",
            "code": draw_code(bag, name=visit.text("Code of bag {bag}", bag=bag)),
        }
        for place, (bag, part) in enumerate(zip(item["bags"], PARTS, strict=True))
    ]


def _found(visit: Visit, entry: int) -> EnteredPlan:
    """Raises NotHereError as well for a plan that the visitor is not to know of."""
    found = plan_open_to(visit.actor, visit.store, entry, today=clock.today(visit.law.timezone))
    if found is None:
        raise _nothing(entry)
    return found


def _nothing(entry: int) -> NotHereError:
    return NotHereError(text("There is no plan in entry {entry} that is open to you.", entry=entry))


def _page(
    visit: Visit, found: EnteredPlan, *, own: Firm | None, called: Callable[[str], str] | None = None
) -> HttpResponse:
    paper, entry, language = found.paper, found.entry.index, visit.language
    made = visit_under(visit.store, found)
    methods = visit.store.newest_register().tables["methods"]
    told = paper if made is None else shown_by(paper, made, methods)
    tables = {
        "route": route_table(visit, paper, acts_done(paper, made), called=called),
        "sights": sights_table(visit, told, done=made is not None),
        "strata": strata_table(visit, told),
    }
    csv = wanted_csv(visit, *tables.values())
    if csv is not None:
        return csv
    register = visit.store.newest_register()
    names, firms = words.site_names(register), words.organisation_names(register, language)
    site, firm = paper["site"], paper["organisation"]
    measured = [] if made is None else [one.entry.index for one in made.of(MEASUREMENT)]
    ended = is_ended(made, visit.store, today=clock.today(visit.law.timezone))
    drawn = route(paper)
    may = own is None and visit.actor.may("inspection.write", firm)
    return show(
        visit,
        "lodeline/inspections/plan.html",
        title=headline(visit, told, names.get(site, site), done=None if made is None else acts_done(paper, made)),
        paper=paper,
        name=names.get(site, site),
        owner=firms.get(firm, firm),
        owner_href=None if own else visit.url("organisation", organisation=firm),
        own=own is not None,
        is_open=ended,
        done=made is not None,
        end=_end(visit, made) if may and made is not None and not ended else None,
        every=visit.opens("inspection-plans") if own is None else visit.opens("firm-inspections", organisation=firm),
        visits=visit.url("inspections", site=site) if may else None,
        telephone=visit.url("inspection-telephone", plan=entry) if may else None,
        labels=visit.url("inspection-labels", plan=entry) if may and any(one["bags"] for one in drawn) else None,
        day=written.day(paper["on"], language),
        items=written.count(len(drawn)),
        population=written.count(len(paper["items"])),
        acts=_acts(visit, drawn),
        minutes=duration(paper["minutes"], language),
        needed=None if paper["needed_minutes"] is None else duration(paper["needed_minutes"], language),
        chosen=visit.localized(CHOSEN[paper["chosen"]]),
        worst=worst_sentences(visit, told),
        measured=[_measured(visit, one, firm, own) for one in measured],
        facts=_facts(visit, found, own),
        tables={name: shown(visit, table) for name, table in tables.items()},
    )


def _acts(visit: Visit, drawn: Sequence[Mapping[str, Any]]) -> str:
    """Count 12, weigh 8, sample 2."""
    counts = {act: sum(act in one["do"] for one in drawn) for act in ACTS}
    said = [
        visit.text(
            "{label} {counts}",
            label=bilingual(label["en"] if act == "xrf" else label["en"].lower(), label["zh"]),
            counts=counts[act],
        )
        for act, label in ACTS.items()
        if counts[act]
    ]
    return visit.text(", ", context="inspections, plan").join(said)


def _end(visit: Visit, made: Visited) -> dict[str, object]:
    """Where an inspector says that the visit has ended, and of which day: the last on which something was measured."""
    on = max(one.paper["on"] for one in made.of(MEASUREMENT))
    return {"href": visit.url("inspections", site=made.site), "on": on}


def _measured(visit: Visit, entry: int, firm: str, own: Firm | None) -> dict[str, object]:
    href = (
        visit.url("inspection-visit", entry=entry)
        if own is None
        else visit.url("firm-inspection-visit", organisation=firm, entry=entry)
    )
    return {"text": written.count(entry), "href": href}


def _facts(visit: Visit, found: EnteredPlan, own: Firm | None) -> list[Fact]:
    """How the items were drawn, and whether the paper still says what its seed gives."""
    paper, entry = found.paper, found.entry.index
    root = root_before(visit.store, entry)
    wrong = redrawn(paper, root=root, entry=entry)
    return [
        Fact(
            term=visit.text("Entry of the log"),
            text=written.count(entry),
            href=None if own else visit.url("entry", entry=entry),
        ),
        Fact(term=visit.text("Made of the books as of entry"), text=written.count(paper["entry"])),
        Fact(term=visit.text("Seed"), text=paper["seed"], mono=True),
        Fact(term=visit.text("Number used once"), text=paper["nonce"], mono=True),
        Fact(term=visit.text("Root of the log before it"), text=root, mono=True),
        Fact(
            term=visit.text("Drawn again now"),
            text=visit.text("the same items and bags")
            if not wrong
            else visit.localized(bilingual("not the same: " + ", ".join(wrong), "不一致：" + "、".join(wrong))),
        ),
    ]
