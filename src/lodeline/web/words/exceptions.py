"""What pages call exceptions between records: causes with their mark, states, and a cell for each record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from lodeline.web.drawing.number import NO_BREAK_SPACE
from lodeline.web.parts.table import Cell
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words.language import Text, text
from lodeline.web.words.words import Tone

CAUSES: Final[Mapping[str, Text]] = {
    "export-not-filed": text("Export not filed", "出口未申报"),
    "filed-not-exited": text("Filed, not exited", "已申报未离境"),
    "import-not-filed": text("Import not filed", "进口未申报"),
    "filed-not-entered": text("Filed, not entered", "已申报未进境"),
    "invoice-without-goods": text("Invoice without goods", "有票无货"),
    "goods-without-invoice": text("Goods without invoice", "有货无票"),
    "receipt-without-invoice": text("Receipt without invoice", "收货无票"),
    "return-not-filed": text("Return not filed", "退货未申报"),
    "mass-differs": text("Mass differs", "质量不符"),
    "value-differs": text("Value differs", "金额不符"),
    "party-differs": text("Party differs", "当事方不符"),
    "date-differs": text("Dates far apart", "日期相距过远"),
    "kind-differs": text("Ordinary for special", "应专用而普通"),
}
MARKS: Final[Mapping[str, tuple[str, Tone]]] = {
    **dict.fromkeys(
        ("export-not-filed", "import-not-filed", "goods-without-invoice", "receipt-without-invoice"), ("down", "loss")
    ),
    **dict.fromkeys(("filed-not-exited", "filed-not-entered", "invoice-without-goods"), ("up", "gain")),
    **dict.fromkeys(("mass-differs", "value-differs", "kind-differs"), ("half", "hold")),
    **dict.fromkeys(("party-differs", "date-differs", "return-not-filed"), ("ring", "quiet")),
}
STATES: Final[Mapping[str, Text]] = {"open": text("Open", "待核"), "not-due": text("Not due yet", "尚未到期")}
#: What a firm can do about each cause.
CURES: Final[Mapping[str, Text]] = {
    "export-not-filed": text(
        "File the export, or ask for the declaration to be corrected.", "请补报出口，或请海关更正报关单。"
    ),
    "filed-not-exited": text("Correct the declaration number, or the filing.", "请更正报关单号或申报。"),
    "import-not-filed": text("File the import as an origin.", "请将该进口补报为来源。"),
    "filed-not-entered": text("Name the declaration, or correct the filing.", "请填写报关单号，或更正申报。"),
    "invoice-without-goods": text("File the goods, or have the invoice undone.", "请补报货物，或将发票红冲。"),
    "goods-without-invoice": text(
        "Issue the invoice, or name its number in the filing.", "请开具发票，或在申报中填写发票号。"
    ),
    "receipt-without-invoice": text(
        "Ask the supplier for the invoice, or name its number in the filing.",
        "请向供货方索取发票，或在申报中填写发票号。",
    ),
    "return-not-filed": text("File the goods that came back.", "请申报退回的货物。"),
    "mass-differs": text("Correct whichever mass is wrong.", "请更正有误的质量。"),
    "value-differs": text("Correct whichever value is wrong.", "请更正有误的金额。"),
    "party-differs": text("Correct the counterparty, or the invoice.", "请更正交易对方或发票。"),
    "date-differs": text("Nothing, if both days are right.", "如两个日期均无误，无需处理。"),
    "kind-differs": text("Have a special invoice issued.", "请改开专用发票。"),
}  # fmt: skip

#: Kinds of papers, of each record.
KINDS: Final[Mapping[str, Text]] = {
    "shipment": text("shipment", "发货"), "title": text("title", "物权转移"), "export": text("export", "出口"),
    "receipt": text("receipt", "收货"), "origin": text("origin", "来源"), "special": text("special", "专用发票"),
    "ordinary": text("ordinary", "普通发票"), "released": text("released", "放行"), "exited": text("exited", "离境"),
    "returned": text("returned", "退运"),
}  # fmt: skip
RECORDS: Final[Mapping[str, Text]] = {
    "filed": text("Filed", "申报"), "invoiced": text("Invoiced", "开票"), "border": text("Border", "过境"),
}  # fmt: skip


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
    return Cell(text=visit.text("1 day" if days == 1 else f"{days} days", f"{days}天"), value=days)
