"""What draws on a quota, and how much: once, on mineral feed, in kilograms of REO.

Mining draws on lots made by an origin of kind `mined` or `by-product`; separation draws on mineral lots
consumed (ore, concentrate, and mixed compounds that an origin made), imported ones included. Secondary
feed and later steps do not draw (assumption: 03-filing section 2; Order 71 of 2025, arts 2-3).
"""

from __future__ import annotations

import polars as pl

from lodeline.material.assay import total_reo_ppb
from lodeline.material.mass import share_mg_expr
from lodeline.material.product import PRODUCTS, product_kind

DRAWDOWN: dict[str, pl.DataType] = {
    "lot": pl.Int64(), "organisation": pl.String(), "kind": pl.String(), "ore_type": pl.String(), "year": pl.Int64(),
    "reo_mg": pl.Int64(),
}  # fmt: skip

_DRAWING_ORIGINS = {"mined", "by-product"}
_MINERAL_KINDS = [kind for kind, product in PRODUCTS.items() if product.feed == "mineral"]
#: Ion clay is leached to a mixed compound at the mine; everything else that is mined is rock.
_ORE_TYPE = pl.when(pl.col("lot_kind") == "mixed-compound").then(pl.lit("ion")).otherwise(pl.lit("rock"))


def draws(lines: pl.DataFrame, lots: pl.DataFrame) -> pl.DataFrame:
    """Quota drawn per lot, organisation, kind, ore type and year: `DRAWDOWN` rows, masses in mg of REO.

    Parameters
    ----------
    lines : columns of `movement.LINE`.
    lots : `movement.lot_facts` of every lot among the lines.
    """
    kinds = {product_kind(product) for product in lots["product"].unique() if product is not None}
    if kinds.isdisjoint(_MINERAL_KINDS) and _DRAWING_ORIGINS.isdisjoint(lines["origin_kind"].unique()):
        return pl.DataFrame(schema=DRAWDOWN)
    candidates = lines.filter(
        pl.col("origin_kind").is_in(list(_DRAWING_ORIGINS)) & (pl.col("kind") == "origin")
        | (pl.col("kind") == "transformation") & (pl.col("role") == "in")
    )
    if not candidates.height:
        return pl.DataFrame(schema=DRAWDOWN)
    known = lots.select("lot", "composition", "made", lot_product="product", lot_origin="origin_kind")
    drawn = (
        candidates.drop("composition")
        .join(known, on="lot", how="left")
        .with_columns(lot_kind=pl.col("lot_product").str.split(":").list.first())
        .filter(
            (pl.col("kind") == "origin")
            | (
                pl.col("lot_kind").is_in(_MINERAL_KINDS)
                # A mixed compound that a transformation made is a separator's intermediate: it drew as ore.
                & ((pl.col("lot_kind") != "mixed-compound") | pl.col("lot_origin").is_not_null())
            )
        )
    )
    if not drawn.height:
        return pl.DataFrame(schema=DRAWDOWN)
    return (
        drawn.with_columns(treo_ppb=total_reo_ppb(drawn["composition"]))
        .with_columns(
            reo_mg=share_mg_expr(pl.col("dry_mg"), pl.col("treo_ppb")),
            kind=pl.when(pl.col("kind") == "origin").then(pl.lit("mining")).otherwise(pl.lit("separation")),
            ore_type=_ORE_TYPE,
            year=pl.col("on").dt.year().cast(pl.Int64()),
        )
        .group_by("lot", "organisation", "kind", "ore_type", "year", maintain_order=True)
        .agg(pl.col("reo_mg").sum())
        .select(*DRAWDOWN)
    )
