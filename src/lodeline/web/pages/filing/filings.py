"""What the firm has filed: every version of every month, none of them ever gone."""

from __future__ import annotations

from django.http import HttpResponse

from lodeline.language import Text, text
from lodeline.office.filing import filings as filed
from lodeline.office.filing import sandbox
from lodeline.web.pages.common.firm_notice import firm_name
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, Table, shown, wanted_csv
from lodeline.web.visit import Visit
from lodeline.web.words import format as written

CERTIFIED: dict[str | None, Text] = {
    "passkey": text("passkey"),
    "key": text("registered key"),
    "certificate": text("certificate"),
    "password": text("password"),
    None: text("not certified"),
}


def firm_filings(visit: Visit, organisation: str) -> HttpResponse:
    """The page `firm/<organisation>/filings/`."""
    found = filed.filings(visit.actor, sandbox.ledger(), organisation)
    table = filings_table(visit, found)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    months = len({one.period for one in found})
    corrections = sum(one.corrects is not None for one in found)
    if not found:
        title = visit.text("Nothing is filed yet")
    elif corrections:
        title = visit.text(
            "{months} {months2} filed, {corrections} {corrections2}",
            months=written.count(months),
            months2="month" if months == 1 else "months",
            corrections=written.count(corrections),
            corrections2="correction" if corrections == 1 else "corrections",
        )
    else:
        title = (
            visit.text("{months} months filed, none corrected", months=written.count(months))
            if months > 1
            else visit.text("One month filed, not corrected", months=written.count(months))
        )
    return show(
        visit, "lodeline/filing/firm_filings.html", title=title, firm_name=firm_name(visit, organisation),
        table=shown(visit, table), file_at=visit.url("firm-file", organisation=organisation),
    )  # fmt: skip


def filings_table(visit: Visit, found: list[filed.Filing]) -> Table:
    """A line for each entry."""
    return Table(
        name="filings",
        caption=visit.text("Filings", context="filing, filings"),
        columns=(
            Column(key="month", label=text("Month", context="filing")),
            Column(key="entry", label=text("Entry"), number=True),
            Column(key="kind", label=text("What", context="filing, filings")),
            Column(key="filed", label=text("Filed", context="filing, filings")),
            Column(key="rows", label=text("Rows", context="filing, filings"), number=True),
            Column(key="flags", label=text("Flags"), number=True),
            Column(key="certified", label=text("Certified with")),
            Column(key="restated", label=text("Restated since")),
        ),
        rows=tuple(_row(visit, one) for one in found),
        empty=visit.text("Nothing is filed yet. Begin with File a month."),
    )


def _row(visit: Visit, one: filed.Filing) -> Row:
    language = visit.language
    address = visit.url("firm-filing", organisation=visit.arguments["organisation"], entry=one.entry)
    kind = (
        visit.text("filing") if one.corrects is None else visit.text("correction of {corrects}", corrects=one.corrects)
    )
    restated = (
        visit.text("one event", restated=one.restated)
        if one.restated == 1
        else visit.text("{restated} events", restated=one.restated)
    )
    return (
        Cell(text=written.month(one.period, language), value=one.period, href=address),
        Cell(text=written.count(one.entry), value=one.entry),
        Cell(text=kind),
        Cell(text=written.moment(one.filed_at, language, visit.law.timezone), value=one.filed_at),
        Cell(text=written.count(one.rows), value=one.rows),
        Cell(text=written.count(one.flags), value=one.flags),
        Cell(text=CERTIFIED.get(one.certified, CERTIFIED[None])[language]),
        Cell(text=restated if one.restated else written.NOTHING, value=one.restated),
    )
