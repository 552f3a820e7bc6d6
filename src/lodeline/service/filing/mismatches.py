"""What does not match: deliveries that both sides have not filed alike, invoices and customs lines that say other than
the filings, as one list. It is laid side by side here; what matches is decided where each kind is judged.
"""

from __future__ import annotations

from typing import Final, Literal

import polars as pl

Kind = Literal["delivery", "invoice", "border"]
KINDS: Final[tuple[Kind, ...]] = ("delivery", "invoice", "border")
#: What does not match; what may still come; what both sides have filed alike, or one side need not file.
STATES: Final = ("open", "not-due", "closed")
#: Columns that stand for the record beside the filing, by where an exception lies (`collation.exception`).
_BESIDE: Final = ("invoiced", "border")
_COLUMNS: Final = (
    "kind", "id", "cause", "state", "organisation", "counterparty", "on", "age_days", "what", "events", "mass_mg",
    "value", "currency", "filed_mg", "beside", "beside_mg", "filed_value", "filed_currency", "beside_value",
    "beside_currency", "filed_entry", "beside_entry",
)  # fmt: skip
_DELIVERY_STATES: Final = {
    "exception": "open", "differs": "open", "waiting": "not-due", "matched": "closed", "delivered-unfiled": "closed",
}  # fmt: skip


def mismatches(deliveries: pl.DataFrame, exceptions: pl.DataFrame) -> pl.DataFrame:
    """Both as one list, which `in_order` puts in its order.

    `deliveries` as `service.filing.transfers.standing_transfers` gives them, `exceptions` as
    `service.matching.exceptions.every`.

    Columns: `kind` (KINDS), `id` (of an exception), `cause` (for what has none: `waiting`, `matched`,
    `delivered-unfiled`), `state` (STATES), `organisation` (who shipped, else who received; whose exception it is),
    `counterparty`, `on`, `age_days`, `what` (lot, number of a paper), `events` (of a delivery), `mass_mg`, `value`
    and `currency` (at stake), `filed_mg` (shipped), `beside` (`received`, `invoiced`, `border`) with `beside_mg`,
    values as the papers state them, and the entries of the log that state the two masses of a delivery.
    """
    return pl.concat([_of_deliveries(deliveries), _of_exceptions(exceptions)], how="vertical_relaxed")


def in_order(found: pl.LazyFrame) -> pl.LazyFrame:
    """What has waited longest first and then the heaviest; papers whose days alone lie far apart come last, since
    nothing need be wrong with them."""
    return found.sort(
        pl.col("cause") == "date-differs", "age_days", "mass_mg", descending=[False, True, True], nulls_last=True,
        maintain_order=True,
    )  # fmt: skip


def _of_deliveries(rows: pl.DataFrame) -> pl.DataFrame:
    money, text = pl.lit(None, pl.Float64()), pl.lit(None, pl.String())
    whole = pl.coalesce("shipped_mg", "received_mg")
    return rows.select(
        kind=pl.lit("delivery"), id=text, cause=pl.coalesce("cause", "standing"),
        state=pl.col("standing").replace_strict(_DELIVERY_STATES, return_dtype=pl.String),
        organisation=pl.coalesce("shipper", "receiver"),
        counterparty=pl.when(pl.col("shipper").is_not_null()).then(pl.col("receiver")), on=pl.col("day"),
        age_days=pl.col("age_days"), what=pl.col("name"), value=money, currency=text,
        events=pl.concat_str("shipment_event", "receipt_event", separator=" → ", ignore_nulls=True),
        mass_mg=pl.when(pl.col("cause") == "mass-differs").then(pl.col("difference_mg").abs()).otherwise(whole),
        filed_mg=pl.col("shipped_mg"), beside=pl.lit("received"),
        beside_mg=pl.col("received_mg"), filed_value=money, filed_currency=text, beside_value=money,
        beside_currency=text, filed_entry=pl.col("shipment_entry"), beside_entry=pl.col("receipt_entry"),
    ).select(_COLUMNS)  # fmt: skip


def _of_exceptions(rows: pl.DataFrame) -> pl.DataFrame:
    at_border = pl.col("between").str.contains("border")
    entry = pl.lit(None, pl.Int64())

    def beside(cell: str) -> pl.Expr:
        invoiced, border = (pl.col(f"{record}_{cell}") for record in _BESIDE)
        return pl.when(at_border).then(border).otherwise(invoiced)

    return rows.select(
        "id", "cause", "state", "organisation", "counterparty", "on", "age_days", "mass_mg", "value", "currency",
        "filed_mg", "filed_value", "filed_currency",
        kind=pl.when(at_border).then(pl.lit("border")).otherwise(pl.lit("invoice")),
        what=pl.when(at_border).then(pl.coalesce("declaration", "number")).otherwise(pl.col("number")),
        events=pl.lit(None, pl.String()),
        beside=pl.when(at_border).then(pl.lit("border")).otherwise(pl.lit("invoiced")),
        beside_mg=beside("mg"), beside_value=beside("value"), beside_currency=beside("currency"),
        filed_entry=entry, beside_entry=entry,
    ).select(_COLUMNS)  # fmt: skip
