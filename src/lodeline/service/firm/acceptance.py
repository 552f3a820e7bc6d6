"""Deliveries that wait for a receipt, and the receipts that close them.

A receiver sees what stands on the delivery's own papers: the lot by the shipper's label, and never who made it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from lodeline.errors import UserError
from lodeline.language import text
from lodeline.ledger.register import Register
from lodeline.ledger.transfer import closing_tolerance_mg
from lodeline.material.mass import PPB_PER_PERCENT, format_kg
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.store.queries.filing import open_deliveries
from lodeline.store.queries.lots import products_made
from lodeline.store.store import Store

#: A shipment that nobody, or not wholly, has confirmed. `net_mg`, `moisture_ppb` as the shipper weighed; `shipped_mg`,
#: `received_mg`, `missing_mg` dry. `line` identifies it; `partner` is the shipper.
OPEN: Final[dict[str, pl.DataType]] = {
    "line": pl.Int64(), "partner": pl.String(), "event": pl.String(), "shipped_on": pl.Date(), "age_days": pl.Int64(),
    "lot": pl.String(), "product": pl.String(), "net_mg": pl.Int64(), "moisture_ppb": pl.Int64(),
    "shipped_mg": pl.Int64(), "received_mg": pl.Int64(), "missing_mg": pl.Int64(), "model": pl.String(),
    "document": pl.String(), "document_kind": pl.String(), "reason": pl.String(),
}  # fmt: skip
_EVENT_CHARACTERS: Final = 64


class ClosedShipment(UserError):  # noqa: N818  (an answer to the asker, whose page is older than the ledger)
    """A shipment that does not wait for this organisation: confirmed since, withdrawn, or never meant for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What the receiver says of one open shipment, by its `line`.

    Without `received_mg` the delivery, or what is still missing of it, is accepted as shipped. With it, that is the net
    mass on the receiver's own scales; its moisture is the shipper's unless `moisture_ppb` gives the receiver's own.
    `composition`, text as in a filing, is the receiver's own assay.
    """

    line: int
    received_mg: int | None = None
    moisture_ppb: int | None = None
    composition: str | None = None
    reason: str | None = None


def open_shipments(own: OrganisationView, *, on: date) -> pl.DataFrame:
    """The inbox: shipments to the organisation that wait for its receipt on a day, the oldest first: `OPEN`.

    What `OrganisationView.transfers` lists as `to-accept`, with what the shipper's papers say; and for a party that has
    no duty to file, what it may confirm of its own will.
    """
    found = _open(own.store, own.organisation)
    called = [
        own.lot_name(name, maker, local, sent=(shipper, lot))
        for name, maker, local, shipper, lot in found.select("name", "maker", "local", "partner", "lot_id").iter_rows()
    ]
    return (
        found.with_columns(
            lot=pl.Series(called, dtype=pl.String),
            age_days=(pl.lit(on) - pl.col("shipped_on")).dt.total_days(),
            missing_mg=pl.col("shipped_mg") - pl.col("received_mg").fill_null(0),
        )
        .sort("shipped_on", "partner", "event", "line")
        .select(*OPEN)
    )


def receipt_rows(
    own: OrganisationView, acceptances: Sequence[Acceptance], *, on: date, site: str, prefix: str = "R-"
) -> list[dict[str, str]]:
    """The rows of a filing that confirm shipments: kind `receipt`, quoting the shipper's event; text by column.

    The lots of one shipment event become one receipt event, called by `prefix` and the shipper's event, with a number
    where the organisation has filed that before. Of two acceptances of one shipment the later counts. What is missing
    of a part delivery is confirmed without quoting the event: a quoted receipt closes a shipment alone, and the part
    that came before would stand without one. Raises ClosedShipment.
    """
    acceptances = list({one.line: one for one in acceptances}.values())
    waiting = {row["line"]: row for row in open_shipments(own, on=on).iter_rows(named=True)}
    closed = [one.line for one in acceptances if one.line not in waiting]
    if closed:
        raise ClosedShipment(text("a shipment no longer waits for your receipt: look at the list again"))
    keys = list(dict.fromkeys((waiting[one.line]["partner"], waiting[one.line]["event"]) for one in acceptances))
    events = _new_events(own.store, own.organisation, keys, prefix)
    names = _party_names(own.register)
    rows = []
    for one in acceptances:
        shipment = waiting[one.line]
        shipper = shipment["partner"]
        net_mg, moisture_ppb = _weighed(one, shipment)
        cells = {
            "event": events[shipper, shipment["event"]],
            "kind": "receipt",
            "on": on.isoformat(),
            "site": site,
            "lot": shipment["lot"],
            "product": shipment["product"],
            "mass_kg": format_kg(net_mg),
            "moisture_pct": None
            if moisture_ppb is None
            else f"{moisture_ppb / PPB_PER_PERCENT:.7f}".rstrip("0").rstrip("."),
            "composition": one.composition,
            "model": shipment["model"],
            "counterparty": shipper,
            "counterparty_name": names.get(shipper),
            "reference": None if shipment["received_mg"] else shipment["event"],
            "document": shipment["document"],
            "document_kind": shipment["document_kind"],
            "reason": one.reason,
        }
        rows.append({name: text for name, text in cells.items() if text})
    return rows


def _weighed(one: Acceptance, shipment: dict[str, int | None]) -> tuple[int, int | None]:
    """(net mass, moisture) of a receipt; what is missing of a part delivery is known as dry mass only."""
    if one.received_mg is not None:
        return one.received_mg, shipment["moisture_ppb"] if one.moisture_ppb is None else one.moisture_ppb
    net_mg, missing_mg = shipment["net_mg"], shipment["missing_mg"]
    assert net_mg is not None and missing_mg is not None, "a shipment has a mass"
    return (missing_mg, None) if shipment["received_mg"] else (net_mg, shipment["moisture_ppb"])


def _open(store: Store, organisation: str) -> pl.DataFrame:
    found = open_deliveries(store, organisation)
    within = pl.col("received_mg") >= pl.col("shipped_mg") - closing_tolerance_mg(pl.col("shipped_mg"))
    waiting = found.filter(~within.fill_null(False))
    unsaid = waiting.filter(pl.col("product").is_null())["lot_id"].unique().to_list()
    products = {int(str(lot)): str(product) for lot, product in products_made(store, unsaid)}
    of_lot = pl.col("lot_id").replace_strict(products, default=None, return_dtype=pl.String())
    return waiting.with_columns(product=pl.coalesce("product", of_lot))


def _new_events(
    store: Store, organisation: str, keys: Sequence[tuple[str, str]], prefix: str
) -> dict[tuple[str, str], str]:
    """(shipper, event) → a reference that the organisation has not used."""
    found: dict[tuple[str, str], str] = {}
    taken: set[str] = set()
    wanted, number = list(keys), 1
    while wanted:
        ending = "" if number == 1 else f"-{number}"
        tried = {key: f"{prefix}{key[1]}"[: _EVENT_CHARACTERS - len(ending)] + ending for key in wanted}
        taken |= set(store.books.filed_events(organisation, sorted(set(tried.values()))))
        for key, event in tried.items():
            if event not in taken:
                found[key] = event
                taken.add(event)
        wanted, number = [key for key in wanted if key not in found], number + 1
    return found


def _party_names(register: Register) -> dict[str, str]:
    rows = register.tables["organisations"].select("id", pl.coalesce("name_zh", "name_en")).iter_rows()
    return {organisation: name for organisation, name in rows if name}
