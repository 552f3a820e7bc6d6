"""The pages of one visit, the authority's and the firm's: what was measured, beside what the firm says of the same.

Both see the same; what is still to be measured is shown to inspectors alone before the visit has ended. A difference is
a question: nothing here moves a book.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl
from django.http import HttpResponse

from lodeline.detection.detectors.measured_difference import measured_difference
from lodeline.language import text
from lodeline.ledger.resolution import maker_and_local
from lodeline.material.composition import read_canonical
from lodeline.office.access import clock
from lodeline.office.inspections.plans import is_ended, may_see_what_is_left
from lodeline.service.entries.receipts import receipt
from lodeline.service.inspections.reading import AUTHORITY, Planned, planned, visit_of
from lodeline.service.inspections.reading import Visit as Visited
from lodeline.service.inspections.showing import shown_by
from lodeline.service.inspections.visit_figures import VisitFigures, visit_figures
from lodeline.web.access.territory import of_one_site
from lodeline.web.pages.common.firm_part import Firm
from lodeline.web.pages.inspections.plan_part import sights_table
from lodeline.web.pages.inspections.visit_part import (
    analyses_table,
    bags_table,
    differences_table,
    is_beyond,
    items_table,
    seen_sentences,
    verified_table,
)
from lodeline.web.pages.inspections.visits_part import ACTS
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Table, shown, wanted_csv
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words

#: The page is open only to those who may see the firm of the visit.
_figures = of_one_site(visit_figures)


def site_visit(visit: Visit, entry: int) -> HttpResponse:
    """The page `inspections/visits/ENTRY/`, by any entry of the visit."""
    return _page(visit, _found(visit, entry), own=None)


def firm_visit(visit: Visit, organisation: str, entry: int) -> HttpResponse:
    """The page `firm/ID/inspections/ENTRY/`: what the authority sees, with lots as the firm knows them."""
    found = _found(visit, entry)
    if found.organisation != organisation:
        raise _nothing(entry)
    return _page(visit, found, own=Firm(visit, organisation))


def firm_receipt(visit: Visit, organisation: str, entry: int) -> HttpResponse:
    """The receipt of an entry about the firm as a file: a proof that needs nothing but itself."""
    found = _found(visit, entry)
    if found.organisation != organisation or entry not in {one.entry.index for one in found.papers}:
        raise _nothing(entry)
    document = receipt(visit.store, entry)
    assert document is not None, "the entry is in the log"
    response = HttpResponse(
        json.dumps(document, ensure_ascii=False, indent=1) + "\n", content_type="application/json; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="lodeline-receipt-{entry}.json"'
    return response


def _found(visit: Visit, entry: int) -> Visited:
    found = visit_of(visit.store, entry)
    if found is None:
        raise _nothing(entry)
    return found


def _nothing(entry: int) -> NotHereError:
    return NotHereError(text("Entry {entry} is of no visit.", entry=entry))


def _page(visit: Visit, found: Visited, *, own: Firm | None) -> HttpResponse:
    language, plan = visit.language, planned(visit.store, found)
    today = clock.today(visit.law.timezone)
    open_to = may_see_what_is_left(visit.actor, visit.store, found, today=today)
    reading = visit.reading
    got = reading.answer(_figures, reading.store, reading.snapshot, visit=found.entry)
    tables = _tables(visit, found, plan, got, own)
    csv = wanted_csv(visit, *tables.values())
    if csv is not None:
        return csv
    register = visit.store.newest_register()
    sites, firms = words.site_names(register), words.organisation_names(register, language)
    firm = found.organisation
    return show(
        visit,
        "lodeline/inspections/visit.html",
        title=_headline(visit, found, got, sites.get(found.site, found.site)),
        name=sites.get(found.site, found.site),
        owner=firms.get(firm, firm),
        owner_href=None if own else visit.url("organisation", organisation=firm),
        own=own is not None,
        every=visit.opens("inspection-plans") if own is None else visit.opens("firm-inspections", organisation=firm),
        visits=visit.url("inspections", site=found.site) if own is None else None,
        balance=visit.url("balance", site=found.site)
        if own is None
        else visit.url("firm-balance", organisation=firm, site=found.site),
        day=written.day(found.on, language),
        measured=written.count(len(found.items)),
        plan=_plan_link(visit, found, own) if open_to else None,
        is_open=is_ended(found, visit.store, today=today),
        unmeasured=visit.text(", ", context="inspections, visit").join(
            _called(own)(one["lot"]) for one in (() if plan is None or not open_to else plan.unmeasured)
        ),
        done=_done(visit, found, plan),
        seen=seen_sentences(visit, got.verified),
        waiting="waiting" in got.verified["state"].to_list(),
        receipts=_receipts(visit, found, own),
        tables={name: shown(visit, table) for name, table in tables.items()},
    )


def _tables(
    visit: Visit, found: Visited, plan: Planned | None, got: VisitFigures, own: Firm | None
) -> dict[str, Table]:  # fmt: skip
    called = _called(own)
    declared: Mapping[str, Mapping[str, int]] = {} if plan is None else {
        one["lot"]: read_canonical(one["composition"]) for one in plan.plan["items"]
    }  # fmt: skip
    elements = list(dict.fromkeys([*got.verified["element"].to_list(), *({} if plan is None else plan.plan["goals"])]))
    tables = {
        "items": items_table(visit, found, plan, got.operator, called),
        "verified": verified_table(visit, got.verified),
        "differences": differences_table(visit, got.differences),
        "bags": bags_table(visit, list(found.bags.values()), called, _holder(visit, found, own)),
        "analyses": analyses_table(visit, found, declared, elements, called),
    }
    if plan is not None:
        methods = visit.store.newest_register().tables["methods"]
        tables["sights"] = sights_table(visit, shown_by(plan.plan, found, methods), done=True)
    return tables


def _done(visit: Visit, found: Visited, plan: Planned | None) -> str:
    """From how much of what was drawn the figures are; how much was drawn is shown once the visit has ended."""
    if plan is None:
        return ""
    n = len({(row["name"], row["place"]) for _, row in found.items}) - len(
        {(row["name"], row["place"]) for _, row in plan.by_hand}
    )
    return visit.text(
        "Computed from what was done: {n} of the items that were drawn. Samples count once they are analysed.", n=n
    )


def _called(own: Firm | None) -> Callable[[str], str]:
    """What the reader calls a lot."""
    if own is None:
        return str
    return lambda lot: own.own.lot_name(lot, *maker_and_local(lot, own.organisation))


def _holder(visit: Visit, found: Visited, own: Firm | None) -> Callable[[str], str]:
    """Who holds a bag, in words."""
    names = words.organisation_names(visit.store.newest_register(), visit.language)
    known = {AUTHORITY: visit.text("the authority"), found.organisation: names.get(found.organisation, "")}
    if own is not None:
        known[found.organisation] = own.name
    return lambda who: known.get(who) or who


def _headline(visit: Visit, found: Visited, got: VisitFigures, site: str) -> str:
    """The answer of the visit: what is missing beyond what measurement explains, else that nothing is shown to be."""
    language = visit.language
    gone = sum(row["outcome"] == "absent" for _, row in found.items)
    seen = measured_difference(verified=got.verified, single=got.single)
    if seen:
        less = "less" in seen[0].explanation[0].code
        element = seen[0].evidence[0]["measured"]["element"]
        mass, name = written.mass(seen[0].mass_mg, language), words.element(element, language)
        if less:
            return visit.text(
                "Of what {site} declared, {mass} of {name} was not there", site=site, mass=mass, name=name
            )
        return visit.text("{site} held {mass} more {name} than it declared", site=site, mass=mass, name=name)
    beyond = _beyond(got)
    if beyond is not None:
        name = words.element(beyond["element"], language)
        mass = written.mass(abs(beyond["verified_mg"]), language)
        if beyond["verified_mg"] > 0:
            return visit.text("After the visit, {mass} of {name} is missing at {site}", mass=mass, name=name, site=site)
        return visit.text(
            "After the visit, {site} holds {mass} of {name} more than it accounts for", site=site, mass=mass, name=name
        )
    if gone:
        return visit.text(
            "{gone} of {items} items {were} not found at {site}",
            gone=gone,
            items=len(found.items),
            were="was" if gone == 1 else "were",
            site=site,
        )
    n = len(found.items)
    return visit.text(
        "{n} {items} at {site} measured: nothing is shown to be missing",
        n=n,
        items="item" if n == 1 else "items",
        site=site,
    )


def _beyond(got: VisitFigures) -> Mapping[str, Any] | None:
    """The element that is furthest beyond what measurement explains, where one is."""
    compared = got.verified.filter((pl.col("state") == "compared") & is_beyond(got.verified))
    return compared.sort("p", descending=True).row(-1, named=True) if compared.height else None


def _plan_link(visit: Visit, found: Visited, own: Firm | None) -> dict[str, object] | None:
    if found.plan is None:
        return None
    href = (
        visit.url("inspection-plan", plan=found.plan)
        if own is None
        else visit.url("firm-inspection-plan", organisation=found.organisation, plan=found.plan)
    )
    return {"text": written.count(found.plan), "href": href}


def _receipts(visit: Visit, found: Visited, own: Firm | None) -> list[dict[str, Any]]:
    """Each paper of the visit with its receipt; those about no firm (reference materials) are not the firm's."""
    return [
        {
            "text": written.count(one.entry.index), "what": visit.localized(ACTS[one.act]),
            "href": visit.url("receipt", entry=one.entry.index)
            if own is None
            else visit.url("firm-inspection-receipt", organisation=found.organisation, entry=one.entry.index),
        }
        for one in found.papers
    ]  # fmt: skip
