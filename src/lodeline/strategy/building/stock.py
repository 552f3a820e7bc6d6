"""What lies at each site: by its last count, else by its book."""

from __future__ import annotations

import polars as pl

from lodeline.ledger.movement import makes_lot
from lodeline.strategy.building.goods import MG, with_lots


def stock(until: pl.DataFrame, lots: pl.DataFrame) -> pl.DataFrame:
    """`site`, `goods`, `stock_kg`, `basis`: what the last count found; where a site never counted, its book.

    until: all rows up to the day on which it is asked.
    """
    counts = until.filter(pl.col("kind") == "stock").select("site", "lot", "on", "location", "dry_mg")
    whole = counts.group_by("site").agg(whole=pl.col("on").max(), parts=pl.col("location").is_not_null().any())
    last = (
        with_lots(counts, lots)
        .filter(pl.col("on") == pl.col("on").max().over("site", "goods"))
        .group_by("site", "goods")
        .agg(on=pl.col("on").max(), mg=pl.col("dry_mg").sum())
        .join(whole, on="site")
        # What a later count of the whole site no longer names is gone.
        .with_columns(mg=pl.when(pl.col("parts") | (pl.col("on") == pl.col("whole"))).then("mg").otherwise(0))
    )
    found = last.select("site", "goods", stock_kg=pl.col("mg") / MG, basis=pl.lit("exact"))
    return pl.concat([found, _book(until, lots, whole.select("site"))])


def _book(until: pl.DataFrame, lots: pl.DataFrame, counted: pl.DataFrame) -> pl.DataFrame:
    """The same by the book, of sites that never counted."""
    rows = until.filter(~pl.col("kind").is_in(["stock", "title", "void"])).join(counted, on="site", how="anti")
    # Goods of a move arrive at a site that the row is not of.
    moves = until.filter(pl.col("to_site").is_not_null(), pl.col("kind") == "shipment").select(
        "lot", "dry_mg", site="to_site"
    ).join(counted, on="site", how="anti")  # fmt: skip
    enters = makes_lot() | pl.col("kind").is_in(["receipt", "adjustment"])
    signed = pl.concat([
        rows.select("site", "lot", mg=pl.col("dry_mg") * pl.when(enters).then(1).otherwise(-1)),
        moves.select("site", "lot", mg="dry_mg"),
    ])  # fmt: skip
    held = signed.group_by("site", "lot").agg(pl.col("mg").sum()).filter(pl.col("mg") > 0, pl.col("site").is_not_null())
    return (
        with_lots(held, lots)
        .group_by("site", "goods")
        .agg(stock_kg=pl.col("mg").sum() / MG)
        .with_columns(basis=pl.lit("booked"))
    )
