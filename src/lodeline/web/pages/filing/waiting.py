"""Transfers of a firm as a table, from its own side: what, whom it concerns, how long it has waited."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from lodeline.language import Text, text
from lodeline.web.pages.common.firm_part import Firm
from lodeline.web.parts.table import Cell, Column, FrameRows, Row, Table
from lodeline.web.words import format as written
from lodeline.web.words import lots as lot_words
from lodeline.web.words.words import Tone

#: Where a transfer stands (service.firm.organisation_view.DeliveryStatus): word, shape, tone.
STANDINGS: Final[Mapping[str, tuple[Text, str, Tone]]] = {
    "to-accept": (text("Waits for you"), "ring", "ink"),
    "unconfirmed": (text("Not confirmed", context="filing, waiting"), "ring", "quiet"),
    "unsent": (text("You have filed no shipment"), "half", "loss"),
    "awaiting-shipper": (text("Shipper has not filed"), "half", "quiet"),
    "differs": (text("Closed, differs"), "half", "gain"),
    "closed": (text("Closed", context="filing"), "tick", "flow"),
}
_PAST: Final = text("past both deadlines")
CAUSES: Final[Mapping[str, Text]] = {
    "mass-differs": text("mass differs"),
    "lot-differs": text("lot differs"),
    "party-differs": text("another firm received it"),
}


def waiting_table(firm: Firm, rows: pl.DataFrame, *, name: str, per_page: int = 25) -> Table:
    """Rows of `OrganisationView.transfers` in the order given."""
    visit = firm.visit
    return Table(
        name=name,
        caption=visit.text("Transfers", context="filing"),
        columns=(
            Column(key="lot", label=text("Lot")),
            Column(key="other", label=text("With", context="filing")),
            Column(key="day", label=text("Day")),
            Column(key="age", label=text("Waits"), number=True, unit="d"),
            Column(key="shipped", label=text("Shipped", context="filing, waiting"), number=True, unit="kg"),
            Column(key="received", label=text("Received", context="filing"), number=True, unit="kg"),
            Column(key="state", label=text("State")),
        ),
        rows=FrameRows(
            rows,
            lambda row: _cells(firm, row),
            sorts={
                "lot": "called", "other": "other", "day": "day", "age": "age_days", "shipped": "shipped_mg",
                "received": "received_mg", "state": "standing",
            },
        ),
        per_page=per_page,
        empty=visit.text("Nothing waits.", context="filing"),
    )  # fmt: skip


def _cells(firm: Firm, row: Mapping[str, Any]) -> Row:
    language = firm.visit.language
    product = lot_words.product(row["product"], language)
    events = " → ".join(event for event in (row["shipment_event"], row["receipt_event"]) if event)
    return (
        firm.lot(row["called"], note=f"{product} · {events}"),
        firm.party(row["other"]),
        firm.day(row["day"]),
        firm.age(row["age_days"]),
        firm.mass(row["shipped_mg"]),
        firm.mass(row["received_mg"]),
        state_cell(firm, row),
    )


def state_cell(firm: Firm, row: Mapping[str, Any]) -> Cell:
    """Where a transfer stands, with what is behind it; it leads to the transfer's own page where it waits."""
    visit = firm.visit
    word, shape, tone = STANDINGS[row["standing"]]
    note = ""
    if row["state"] == "exception":
        shape, tone, note = "down", "loss", visit.localized(_PAST)
    elif row["cause"] in CAUSES:
        note = visit.localized(CAUSES[row["cause"]])
    line = row["shipment_line"]
    href = None if line is None else firm.url("firm-transfer", line=line)
    return Cell(text=visit.localized(word), value=row["standing"], shape=shape, tone=tone, note=note, href=href)


def difference(row: Mapping[str, Any], language: Any) -> str:
    """Shipped less received, where both are known."""
    if row["shipped_mg"] is None or row["received_mg"] is None:
        return written.NOTHING
    return written.mass(row["shipped_mg"] - row["received_mg"], language, signed=True)
