"""What the firm has filed: every version of every month, none of them ever gone."""

from __future__ import annotations

from django.http import HttpResponse

from lodeline.office.filing import filings as filed
from lodeline.office.filing import sandbox
from lodeline.web.pages.common.firm_notice import firm_name
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, Table, shown, wanted_csv
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words.language import Text, text

CERTIFIED: dict[str | None, Text] = {
    "passkey": text("passkey", "通行密钥"),
    "key": text("registered key", "已登记密钥"),
    "certificate": text("certificate", "证书"),
    "password": text("password", "密码"),
    None: text("not certified", "未签认"),
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
        title = visit.text("Nothing is filed yet", "尚无申报")
    elif corrections:
        title = visit.text(
            f"{written.count(months)} {'month' if months == 1 else 'months'} filed,"
            f" {written.count(corrections)} {'correction' if corrections == 1 else 'corrections'}",
            f"已申报{written.count(months)}个月，更正{written.count(corrections)}次",
        )
    else:
        title = visit.text(
            f"{written.count(months)} months filed, none corrected" if months > 1 else "One month filed, not corrected",
            f"已申报{written.count(months)}个月，无更正",
        )
    return show(
        visit, "lodeline/filing/firm_filings.html", title=title, firm_name=firm_name(visit, organisation),
        table=shown(visit, table), file_at=visit.url("firm-file", organisation=organisation),
    )  # fmt: skip


def filings_table(visit: Visit, found: list[filed.Filing]) -> Table:
    """A line for each entry."""
    return Table(
        name="filings",
        caption=visit.text("Filings", "申报"),
        columns=(
            Column(key="month", label=text("Month", "月份")),
            Column(key="entry", label=text("Entry", "条目"), number=True),
            Column(key="kind", label=text("What", "类别")),
            Column(key="filed", label=text("Filed", "申报时间")),
            Column(key="rows", label=text("Rows", "行数"), number=True),
            Column(key="flags", label=text("Flags", "提示"), number=True),
            Column(key="certified", label=text("Certified with", "签认方式")),
            Column(key="restated", label=text("Restated since", "此后更正")),
        ),
        rows=tuple(_row(visit, one) for one in found),
        empty=visit.text("Nothing is filed yet. Begin with File a month.", "尚无申报。请从“月度申报”开始。"),
    )


def _row(visit: Visit, one: filed.Filing) -> Row:
    language = visit.language
    address = visit.url("firm-filing", organisation=visit.arguments["organisation"], entry=one.entry)
    kind = (
        visit.text("filing", "申报")
        if one.corrects is None
        else visit.text(f"correction of {one.corrects}", f"更正条目 {one.corrects}")
    )
    restated = visit.text("one event" if one.restated == 1 else f"{one.restated} events", f"{one.restated}个事件")
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
