"""What pages call exceptions between records: causes with their mark, states, and a cell for each record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from lodeline.language import Text, text
from lodeline.web.drawing.number import NO_BREAK_SPACE
from lodeline.web.parts.table import Cell
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words.words import Tone

CAUSES: Final[Mapping[str, Text]] = {
    "export-not-filed": text("Export not filed"),
    "filed-not-exited": text("Filed, not exited"),
    "import-not-filed": text("Import not filed"),
    "filed-not-entered": text("Filed, not entered"),
    "invoice-without-goods": text("Invoice without goods"),
    "goods-without-invoice": text("Goods without invoice"),
    "receipt-without-invoice": text("Receipt without invoice"),
    "return-not-filed": text("Return not filed"),
    "mass-differs": text("Mass differs"),
    "value-differs": text("Value differs"),
    "party-differs": text("Party differs"),
    "date-differs": text("Dates far apart"),
    "kind-differs": text("Ordinary for special"),
}
MARKS: Final[Mapping[str, tuple[str, Tone]]] = {
    **dict.fromkeys(
        ("export-not-filed", "import-not-filed", "goods-without-invoice", "receipt-without-invoice"), ("down", "loss")
    ),
    **dict.fromkeys(("filed-not-exited", "filed-not-entered", "invoice-without-goods"), ("up", "gain")),
    **dict.fromkeys(("mass-differs", "value-differs", "kind-differs"), ("half", "hold")),
    **dict.fromkeys(("party-differs", "date-differs", "return-not-filed"), ("ring", "quiet")),
}
STATES: Final[Mapping[str, Text]] = {"open": text("Open", context="exceptions"), "not-due": text("Not due yet")}
#: What a firm can do about each cause.
CURES: Final[Mapping[str, Text]] = {
    "export-not-filed": text("File the export, or ask for the declaration to be corrected."),
    "filed-not-exited": text("Correct the declaration number, or the filing."),
    "import-not-filed": text("File the import as an origin."),
    "filed-not-entered": text("Name the declaration, or correct the filing."),
    "invoice-without-goods": text("File the goods, or have the invoice undone."),
    "goods-without-invoice": text("Issue the invoice, or name its number in the filing."),
    "receipt-without-invoice": text("Ask the supplier for the invoice, or name its number in the filing."),
    "return-not-filed": text("File the goods that came back."),
    "mass-differs": text("Correct whichever mass is wrong."),
    "value-differs": text("Correct whichever value is wrong."),
    "party-differs": text("Correct the counterparty, or the invoice."),
    "date-differs": text("Nothing, if both days are right."),
    "kind-differs": text("Have a special invoice issued."),
}

#: Kinds of papers, of each record.
KINDS: Final[Mapping[str, Text]] = {
    "shipment": text("shipment"),
    "title": text("title"),
    "export": text("export"),
    "receipt": text("receipt"),
    "origin": text("origin", context="exceptions"),
    "special": text("special"),
    "ordinary": text("ordinary"),
    "released": text("released"),
    "exited": text("exited"),
    "returned": text("returned"),
}
RECORDS: Final[Mapping[str, Text]] = {
    "filed": text("Filed", context="exceptions"),
    "invoiced": text("Invoiced", context="exceptions"),
    "border": text("Border"),
}


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
    return Cell(
        text=(
            visit.text("1 day", days=days) if days == 1 else visit.text("{days} days", context="exceptions", days=days)
        ),
        value=days,
    )
