"""The page `firm/ID/inspections/`: the visits of inspectors to a firm's sites, newest first."""

from __future__ import annotations

from django.http import HttpResponse

from lodeline.service.inspections.reading import Visit as Visited
from lodeline.service.inspections.reading import visits_of
from lodeline.service.inspections.visits import inspections
from lodeline.web.pages.common.firm_part import Firm, counted
from lodeline.web.pages.inspections.visits_part import ACTS
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, Table, shown, wanted_csv
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words.language import text


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
        title=counted(visit, len(found), "Inspectors came once", "Inspectors came {n} times", "共受检{n}次")
        if found
        else visit.text("No inspector has entered anything about you", "尚无对本企业的检查记录"),
        name=firm.name,
        table=shown(visit, table),
    )


def _table(firm: Firm, found: list[Visited]) -> Table:
    visit = firm.visit

    def cells(one: Visited) -> Row:
        acts = dict.fromkeys(paper.act for paper in one.papers)
        return (
            Cell(
                text=firm.sites_ever.get(one.site, one.site), value=one.site,
                href=firm.url("firm-inspection-visit", entry=one.entry),
            ),
            firm.day(one.on),
            Cell(text=visit.text(", ", "、").join(visit.localized(ACTS[act]) for act in acts), value=" ".join(acts)),
            Cell(text=written.count(len(one.items)) if one.items else written.NOTHING, value=len(one.items)),
        )  # fmt: skip

    return Table(
        name="visits",
        caption=visit.text("Visits", "检查"),
        columns=(
            Column(key="site", label=text("Site", "场所")),
            Column(key="on", label=text("Day", "日期")),
            Column(key="what", label=text("What was entered", "登记事项")),
            Column(key="items", label=text("Items measured", "测量件数"), number=True),
        ),
        rows=[cells(one) for one in sorted(found, key=lambda one: (one.on, one.entry), reverse=True)],
        empty=visit.text(
            "What inspectors enter about your sites appears here, with receipts.",
            "检查人员登记的内容及回执将列于此处。",
        ),
    )
