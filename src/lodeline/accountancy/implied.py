"""Goods that are there although their receipt is not: what the sender filed and the site has used or counted.

A shipment that nobody has received, whose lot the customer's site consumes, ships on or counts, has arrived. Until
its receipt is filed the customer's balance shows a gain of exactly that mass, and nothing is wrong but a paper. Who
judges a balance may count such goods as received on the day they were first seen; whoever does so says it.

Where the sender has not filed the month either, nothing is left of a delivery but the use of it. What a firm used
beyond what it took in, soon after a month in which one of its suppliers was silent, is taken to have come from there:
the supplier is asked for its month and the firm for its lot, and the mass of the site says nothing beside them.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from lodeline.accountancy.frames import MOVEMENTS

#: Months from a delivery that its supplier has not filed to the first use of the goods; an assumption.
UNDER_WAY: Final = 2


def implied_receipts(
    *, transfers: pl.DataFrame, movements: pl.DataFrame, counts: pl.DataFrame, names: pl.DataFrame
) -> pl.DataFrame:
    """Receipts that nobody filed, columns MOVEMENTS, at the weighing and with the number (`seq`) of the shipment.

    Parameters: `transfers` with the columns of `ledger.transfer.TRANSFER`; `movements` and `counts` as in `frames`,
    of the whole ledger; `names` as `ledger.label.drawn_as`. No more is implied than what the site drew from the lot or
    counted of it beyond what it took in, so that a paper that is missing can explain a gain and never makes a loss; on
    the day when that was first seen.
    """
    lot = ["organisation", "lot"]
    open_ = (
        transfers.filter(pl.col("receipt_line").is_null() & pl.col("shipment_line").is_not_null())
        .select("lot", "shipped_on", organisation="receiver", seq="shipment_line", mass_mg="shipped_mg")
        .drop_nulls()
    )
    if open_.is_empty():
        return pl.DataFrame(schema=dict(MOVEMENTS))
    here = pl.concat([open_.select(lot), names.select("organisation", lot="lot")]).unique()
    used, found = (by_shipped_lot(frame.join(here, on=lot, how="semi"), names) for frame in (movements, counts))
    lacking = _lacking(used, found, open_.select(lot).unique())
    weighings = (
        movements.lazy().filter(pl.col("kind") == "shipment").select("seq", "product", "owner", "method").collect()
    )
    # Several open shipments of one lot share what is lacking of it, the oldest first.
    before = (pl.col("mass_mg").cum_sum() - pl.col("mass_mg")).over(lot, order_by="seq")
    implied = (
        open_.join(lacking, on=lot)
        .join(weighings.unique("seq"), on="seq", how="left")
        .with_columns(
            on=pl.max_horizontal("first_on", "shipped_on"),
            kind=pl.lit("receipt"),
            role=pl.lit(None, pl.String),
            origin_kind=pl.lit(None, pl.String),
            delta_mg=pl.min_horizontal("mass_mg", pl.col("lacking_mg") - before),
            unaccounted_mg=pl.lit(0, pl.Int64),
        )
        .filter(pl.col("delta_mg") > 0)
    )
    return implied.sort("seq").select([pl.col(name).cast(kind) for name, kind in MOVEMENTS.items()])


def undelivered(
    *, transfers: pl.DataFrame, movements: pl.DataFrame, counts: pl.DataFrame, status: pl.DataFrame
) -> pl.DataFrame:
    """Receipts of goods whose shipment is not filed either, columns MOVEMENTS, with the number of the row that shows
    them.

    Parameters: as `implied_receipts`; `status` has `organisation`, `period` and `state`, of which `missing` counts. Of
    lots of which more was drawn than there was, or of which nothing was ever put in; where a firm that supplies the
    site's had not filed the month in which this was first seen, or one of the `UNDER_WAY` before.
    """
    lot = ["organisation", "lot"]
    moved = movements.lazy()
    acts = pl.concat([one.select(*lot, "seq", "on", "product") for one in (moved, counts.lazy())])
    entered = moved.filter(pl.col("delta_mg") > 0).select("lot").unique()
    short = pl.concat([
        moved.filter(pl.col("unaccounted_mg") > 0).select(lot), acts.join(entered, on="lot", how="anti").select(lot)
    ]).unique().collect()  # fmt: skip
    suppliers = transfers.select("shipper", organisation="receiver").drop_nulls().unique()
    silent = status.filter(pl.col("state") == "missing").select(
        shipper="organisation", unfiled=pl.concat_str("period", pl.lit("-01")).str.to_date()
    )
    silent = suppliers.join(silent, on="shipper").select("organisation", "unfiled").unique()
    waiting = pl.col("unfiled").is_between(pl.col("first_month").dt.offset_by(f"-{UNDER_WAY}mo"), "first_month")
    lacking = _lacking(movements, counts, short).with_columns(first_month=pl.col("first_on").dt.month_start())
    late = lacking.join(silent, on="organisation").filter(waiting).select(lot).unique()
    acts = acts.join(late.lazy(), on=lot, how="semi")
    shown = (
        acts.sort("on", "seq").unique(lot, keep="first", maintain_order=True).collect().select(*lot, "seq", "product")
    )
    nothing = {name: pl.lit(None, kind) for name, kind in MOVEMENTS.items() if name in _UNKNOWN}
    return (
        lacking.join(late, on=lot, how="semi")
        .join(shown, on=lot)
        .with_columns(
            on="first_on", kind=pl.lit("receipt"), owner="organisation", delta_mg="lacking_mg",
            unaccounted_mg=pl.lit(0, pl.Int64), **nothing,
        )
        .sort("seq")
        .select([pl.col(name).cast(kind) for name, kind in MOVEMENTS.items()])
    )  # fmt: skip


#: What nobody knows of a delivery without papers.
_UNKNOWN: Final = ("event", "role", "origin_kind", "method")


def by_shipped_lot(rows: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """The rows, their lots as they were shipped; `names` as `ledger.label.drawn_as`."""
    if names.is_empty():
        return rows
    named = rows.join(names, on=["organisation", "lot"], how="left", maintain_order="left")
    return named.with_columns(lot=pl.coalesce("shipped_lot", "lot")).drop("shipped_lot")


def accounted(movements: pl.DataFrame, lots: pl.DataFrame) -> pl.DataFrame:
    """`movements`, of which `unaccounted_mg` of the `lots` (`site`, `lot`) is told anew: what they drew below nothing.

    What came in beside the filings was there when it was drawn, and is not there any more.
    """
    order = ["on", "decrease", "seq"]
    here = movements.join(lots, on=["site", "lot"], how="semi").with_columns(decrease=pl.col("delta_mg") < 0)
    lowest = pl.col("lowest_mg")
    account = ["site", "lot"]
    return pl.concat([
        movements.join(lots, on=["site", "lot"], how="anti"),
        here.sort(order)
        .with_columns(lowest_mg=pl.col("delta_mg").cum_sum().over(account))
        .with_columns(lowest_mg=lowest.cum_min().over(account).clip(upper_bound=0))
        .with_columns(unaccounted_mg=lowest.shift(1, fill_value=0).over(account) - lowest)
        .select(movements.columns),
    ])  # fmt: skip


def _lacking(movements: pl.DataFrame, counts: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    """Of the lots `wanted`, the most that a firm ever drew or counted beyond what it took in: `organisation`, `lot`,
    `site`, `first_on` (the day on which a tenth of it had been drawn, or half of it was lacking at a count: less is
    what scales differ by), `lacking_mg`."""
    lot = ["organisation", "lot"]
    day = [*lot, "site", "on"]
    moved = (
        movements.lazy()
        .filter(pl.col("kind") != "title")
        .join(wanted.lazy(), on=lot, how="semi")
        .group_by(day)
        .agg(pl.col("delta_mg").sum())
        .collect()
    )
    counted = counts.join(wanted, on=lot, how="semi").group_by(day).agg(counted_mg=pl.col("mass_mg").sum())
    book = pl.col("delta_mg").fill_null(0).cum_sum().over(lot, order_by=["on", "site"])
    seen = (2 * pl.col("lacking_mg") >= pl.col("most_mg")) | (-10 * pl.col("book_mg") >= pl.col("most_mg"))
    return (
        moved.join(counted, on=day, how="full", coalesce=True)
        .with_columns(book_mg=book)
        .with_columns(lacking_mg=pl.max_horizontal(pl.col("counted_mg").fill_null(0), 0) - pl.col("book_mg"))
        .with_columns(most_mg=pl.col("lacking_mg").max().over(lot))
        .filter((pl.col("most_mg") > 0) & seen)
        .sort("on", "site")
        .group_by(lot, maintain_order=True)
        .agg(pl.col("site").first(), first_on=pl.col("on").first(), lacking_mg=pl.col("most_mg").first())
    )
