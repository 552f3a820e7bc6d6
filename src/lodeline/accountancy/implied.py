"""Goods that are there although their receipt is not: what the sender filed and the site has used or counted.

A shipment that nobody has received, whose lot the customer's site consumes, ships on or counts, has arrived. Until
its receipt is filed the customer's balance shows a gain of exactly that mass, and nothing is wrong but a paper. Who
judges a balance may count such goods as received on the day they were first seen; whoever does so says it.
"""

from __future__ import annotations

import polars as pl

from lodeline.accountancy.frames import MOVEMENTS


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
    used, found = (_by_shipped_lot(frame.join(here, on=lot, how="semi"), names) for frame in (movements, counts))
    lacking = _lacking(used, found, open_.select(lot).unique())
    weighings = movements.filter(pl.col("kind") == "shipment").select("seq", "product", "owner", "method")
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


def _by_shipped_lot(rows: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """The rows, their lots as they were shipped."""
    named = rows.join(names, on=["organisation", "lot"], how="left", maintain_order="left")
    return named.with_columns(lot=pl.coalesce("shipped_lot", "lot")).drop("shipped_lot")


def _lacking(movements: pl.DataFrame, counts: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    """Of the lots `wanted`, the most that a firm ever drew or counted beyond what it took in: `organisation`, `lot`,
    `site`, `first_on` (the day on which half of it was lacking), `lacking_mg`."""
    lot = ["organisation", "lot"]
    day = [*lot, "site", "on"]
    moved = (
        movements.filter(pl.col("kind") != "title")
        .join(wanted, on=lot, how="semi")
        .group_by(day)
        .agg(pl.col("delta_mg").sum())
    )
    counted = counts.join(wanted, on=lot, how="semi").group_by(day).agg(counted_mg=pl.col("mass_mg").sum())
    book = pl.col("delta_mg").fill_null(0).cum_sum().over(lot, order_by=["on", "site"])
    return (
        moved.join(counted, on=day, how="full", coalesce=True)
        .with_columns(lacking_mg=pl.max_horizontal(pl.col("counted_mg").fill_null(0), pl.lit(0)) - book)
        .with_columns(most_mg=pl.col("lacking_mg").max().over(lot))
        .filter((pl.col("most_mg") > 0) & (2 * pl.col("lacking_mg") >= pl.col("most_mg")))
        .sort("on", "site")
        .group_by(lot, maintain_order=True)
        .agg(pl.col("site").first(), first_on=pl.col("on").first(), lacking_mg=pl.col("most_mg").first())
    )
