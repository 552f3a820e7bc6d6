"""What pages call exceptions between records: causes with their mark, states, and a cell for each record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from lodeline.web.drawing.number import NO_BREAK_SPACE
from lodeline.web.parts.table import Cell, Column
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words.language import Text, say
from lodeline.web.words.words import Tone

CAUSES: Final[Mapping[str, Text]] = {
    "export-not-filed": say("Export not filed", "出口未申报"),
    "filed-not-exited": say("Filed, not exited", "已申报未离境"),
    "import-not-filed": say("Import not filed", "进口未申报"),
    "filed-not-entered": say("Filed, not entered", "已申报未进境"),
    "invoice-without-goods": say("Invoice without goods", "有票无货"),
    "goods-without-invoice": say("Goods without invoice", "有货无票"),
    "return-not-filed": say("Return not filed", "退货未申报"),
    "mass-differs": say("Mass differs", "质量不符"),
    "value-differs": say("Value differs", "金额不符"),
    "party-differs": say("Party differs", "当事方不符"),
    "date-differs": say("Dates far apart", "日期相距过远"),
    "kind-differs": say("Ordinary for special", "应专用而普通"),
}
MARKS: Final[Mapping[str, tuple[str, Tone]]] = {
    **dict.fromkeys(("export-not-filed", "import-not-filed", "goods-without-invoice"), ("down", "loss")),
    **dict.fromkeys(("filed-not-exited", "filed-not-entered", "invoice-without-goods"), ("up", "gain")),
    **dict.fromkeys(("mass-differs", "value-differs", "kind-differs"), ("half", "hold")),
    **dict.fromkeys(("party-differs", "date-differs", "return-not-filed"), ("ring", "quiet")),
}
STATES: Final[Mapping[str, Text]] = {"open": say("Open", "待核"), "not-due": say("Not due yet", "尚未到期")}
#: What a firm can do about each cause.
CURES: Final[Mapping[str, Text]] = {
    "export-not-filed": say(
        "File the export, or ask for the declaration to be corrected.", "请补报出口，或请海关更正报关单。"
    ),
    "filed-not-exited": say("Correct the declaration number, or the filing.", "请更正报关单号或申报。"),
    "import-not-filed": say("File the import as an origin.", "请将该进口补报为来源。"),
    "filed-not-entered": say("Name the declaration, or correct the filing.", "请填写报关单号，或更正申报。"),
    "invoice-without-goods": say("File the goods, or have the invoice undone.", "请补报货物，或将发票红冲。"),
    "goods-without-invoice": say(
        "Issue the invoice, or name its number in the filing.", "请开具发票，或在申报中填写发票号。"
    ),
    "return-not-filed": say("File the goods that came back.", "请申报退回的货物。"),
    "mass-differs": say("Correct whichever mass is wrong.", "请更正有误的质量。"),
    "value-differs": say("Correct whichever value is wrong.", "请更正有误的金额。"),
    "party-differs": say("Correct the counterparty, or the invoice.", "请更正交易对方或发票。"),
    "date-differs": say("Nothing, if both days are right.", "如两个日期均无误，无需处理。"),
    "kind-differs": say("Have a special invoice issued.", "请改开专用发票。"),
}  # fmt: skip

#: Kinds of papers, of each record.
KINDS: Final[Mapping[str, Text]] = {
    "shipment": say("shipment", "发货"), "title": say("title", "物权转移"), "export": say("export", "出口"),
    "receipt": say("receipt", "收货"), "origin": say("origin", "来源"), "special": say("special", "专用发票"),
    "ordinary": say("ordinary", "普通发票"), "released": say("released", "放行"), "exited": say("exited", "离境"),
    "returned": say("returned", "退运"),
}  # fmt: skip
RECORDS: Final[Mapping[str, Text]] = {
    "filed": say("Filed", "申报"), "invoiced": say("Invoiced", "开票"), "border": say("Border", "过境"),
}  # fmt: skip

#: The three records beside each other.
RECORD_COLUMNS: Final = tuple(Column(key=key, label=label, number=True, unit="kg") for key, label in RECORDS.items())


def cause_cell(visit: Visit, row: Mapping[str, Any], href: str | None) -> Cell:
    """The cause with its mark, and what it waits for."""
    shape, tone = MARKS[row["cause"]]
    note = ""
    if row["state"] == "not-due":
        note = visit.say("not due until {d}", "{d}前未到期").format(d=written.day(row["due"], visit.language))
    return Cell(
        text=visit.spoken(CAUSES[row["cause"]]), value=row["cause"], href=href, shape=shape, tone=tone, note=note
    )


def record_cells(visit: Visit, row: Mapping[str, Any]) -> tuple[Cell, ...]:
    """Filed, invoiced and border: the mass, its value below; a dash where the record has nothing."""
    return tuple(
        Cell(
            text=written.mass(row[f"{side}_mg"], visit.language),
            value=None if row[f"{side}_mg"] is None else row[f"{side}_mg"] / written.MG_PER_KG,
            note=money(row[f"{side}_value"], row[f"{side}_currency"]),
        )
        for side in RECORDS
    )


def money(value: float | None, currency: str | None) -> str:
    """`CNY 12 500` in one piece; nothing where nobody says."""
    return "" if value is None else f"{currency or ''}{NO_BREAK_SPACE}{written.count(round(value))}".strip()


def day_cell(visit: Visit, on: date | None) -> Cell:
    """A day, exported as ISO text."""
    return Cell(text=written.day(on, visit.language), value=None if on is None else on.isoformat())


def age_cell(visit: Visit, row: Mapping[str, Any]) -> Cell:
    """How many days it has been open."""
    days = row["age_days"]
    if row["state"] != "open":
        return Cell(text=written.NOTHING)
    return Cell(text=visit.say("1 day" if days == 1 else f"{days} days", f"{days}天"), value=days)
