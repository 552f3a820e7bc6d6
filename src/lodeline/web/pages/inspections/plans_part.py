"""The sampling plans that were entered, as a table."""

from __future__ import annotations

from collections.abc import Sequence

from lodeline.language import text
from lodeline.service.inspections.planning import EnteredPlan, measured_under
from lodeline.web.pages.inspections.plan_part import CHOSEN, duration
from lodeline.web.parts.table import Cell, Column, Row, Table
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words


def plans_table(visit: Visit, entered: Sequence[EnteredPlan]) -> Table:
    """Each plan with what became of it, the newest first."""
    language = visit.language
    sites = words.site_names(visit.register)
    measured = measured_under(visit.store)

    def cells(one: EnteredPlan) -> Row:
        paper, index = one.paper, one.entry.index
        first = measured.get(index, [None])[0]
        drawn = sum(bool(item["do"]) for item in paper["items"])
        return (
            Cell(
                text=sites.get(paper["site"], paper["site"]), value=paper["site"],
                href=visit.url("inspection-plan", plan=index),
                note=visit.localized(CHOSEN[paper["chosen"]]),
            ),
            Cell(text=written.day(paper["on"], language), value=paper["on"]),
            Cell(text=written.count(drawn), value=drawn, note=visit.text("of {items}", items=len(paper['items']))),
            Cell(text=duration(paper["minutes"], language), value=paper["minutes"]),
            Cell(text=visit.text("not yet measured"), value="", shape="ring", tone="quiet")
            if first is None
            else Cell(
                text=visit.text("measured"), value="measured", shape="tick", tone="flow",
                href=visit.url("inspection-visit", entry=first),
            ),
        )  # fmt: skip

    return Table(
        name="plans",
        caption=visit.text("Plans"),
        columns=(
            Column(key="site", label=text("Site")),
            Column(key="on", label=text("Day")),
            Column(key="items", label=text("Items drawn"), number=True),
            Column(key="minutes", label=text("At the site"), number=True),
            Column(key="state", label=text("State")),
        ),
        rows=[cells(one) for one in reversed(entered)],
        per_page=15,
        empty=visit.text("Choose a site above to plan the first visit."),
    )
