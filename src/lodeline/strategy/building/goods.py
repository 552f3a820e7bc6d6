"""The goods of rows: of which class each lot is, and how much in milligrams."""

from __future__ import annotations

from typing import Final

import polars as pl

from lodeline.material.element import SYMBOLS
from lodeline.strategy.building.names import NOBODY
from lodeline.strategy.classes import HEAVY, class_expr

#: Milligrams of a kilogram.
MG: Final = 1_000_000
#: Rows of what comes in from nowhere in the ledger, and did not lie there when records began.
ORIGINS: Final = (pl.col("kind") == "origin") & (pl.col("origin_kind").fill_null("") != "opening")


def classes(lots: pl.DataFrame, assays: pl.DataFrame) -> pl.DataFrame:
    """`lot`, `goods`: the class of each lot."""
    heavy = [SYMBOLS.index(one) for one in HEAVY]
    with_heavy = assays.filter(pl.col("element").is_in(heavy) & (pl.col("ppb") > 0)).select("lot").unique()
    marked = lots.select("lot", "product").join(
        with_heavy.with_columns(heavy=pl.lit(True)), on="lot", how="left", maintain_order="left"
    )
    return marked.select("lot", goods=class_expr(pl.col("product").fill_null(NOBODY), "heavy"))


def with_lots(rows: pl.DataFrame, lots: pl.DataFrame) -> pl.DataFrame:
    """The rows with the class of their lot, `goods`; NOBODY's where a row names no lot."""
    return rows.join(lots, on="lot", how="left", maintain_order="left").with_columns(pl.col("goods").fill_null(NOBODY))


def with_goods(rows: pl.DataFrame, lots: pl.DataFrame) -> pl.DataFrame:
    """The same, at a site at least of its organisation's name, and with a mass."""
    return with_lots(rows, lots).with_columns(
        site=pl.coalesce("site", "organisation"), dry_mg=pl.col("dry_mg").fill_null(0)
    )
