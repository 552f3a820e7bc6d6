"""The page `firm/ID/inspections/`: the visits of inspectors to a firm's sites, newest first."""

from __future__ import annotations

from django.http import HttpResponse

from lodeline.language import text
from lodeline.service.inspections.reading import Visit as Visited
from lodeline.service.inspections.reading import visits_of
from lodeline.service.inspections.visits import inspections
from lodeline.web.pages.common.firm_part import Firm, counted
from lodeline.web.pages.inspections.visits_part import ACTS
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, Table, shown, wanted_csv
from lodeline.web.visit import Visit
from lodeline.web.words import format as written


def firm_inspections(visit: Visit, organisation: str) -> HttpResponse:
    """The page. A visit is shown from the first that was entered of it; its plan is not, before it has ended."""
    firm = Firm(visit, organisation)
    found = visits_of(inspections(visit.store, [organisation]))
    table = _table(firm, found)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    return show(
        visit,
        "lodeline/inspections/firm_visits.html",
        title=counted(visit, len(found), text("Inspectors came once"), text("Inspectors came {n} times"))
        if found
        else visit.text("No inspector has entered anything about you"),
        name=firm.name,
        table=shown(visit, table),
    )


def _table(firm: Firm, found: list[Visited]) -> Table:
    visit = firm.visit

    def cells(one: Visited) -> Row:
        acts = dict.fromkeys(paper.act for paper in one.papers)
        return (
            Cell(
                text=firm.sites_ever.get(one.site, one.site),
                value=one.site,
                href=firm.url("firm-inspection-visit", entry=one.entry),
            ),
            firm.day(one.on),
            Cell(
                text=visit.text(", ", context="inspections, firm visits").join(
                    visit.localized(ACTS[act]) for act in acts
                ),
                value=" ".join(acts),
            ),
            Cell(text=written.count(len(one.items)) if one.items else written.NOTHING, value=len(one.items)),
        )

    return Table(
        name="visits",
        caption=visit.text("Visits", context="inspections, firm visits"),
        columns=(
            Column(key="site", label=text("Site")),
            Column(key="on", label=text("Day")),
            Column(key="what", label=text("What was entered", context="inspections, firm visits")),
            Column(key="items", label=text("Items measured", context="inspections"), number=True),
        ),
        rows=[cells(one) for one in sorted(found, key=lambda one: (one.on, one.entry), reverse=True)],
        empty=visit.text("What inspectors enter about your sites appears here, with receipts."),
    )
