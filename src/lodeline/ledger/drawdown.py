"""What draws on a quota, and how much: once, on mineral feed, in kilograms of REO.

Mining draws on lots made by an origin of kind `mined` or `by-product`; separation draws on mineral lots
consumed (ore, concentrate, and mixed compounds that an origin made), imported ones included. Secondary
feed and later steps do not draw (assumption: our reading of Order 71 of 2025, arts 2-3; docs/reference/ledger.md).
"""

from __future__ import annotations

from functools import lru_cache

import polars as pl

from lodeline.material.composition import balance_shares
from lodeline.material.element import TREO
from lodeline.material.mass import share_mg_expr
from lodeline.material.product import PRODUCTS, product_kind

DRAWDOWN: dict[str, pl.DataType] = {
    "lot": pl.Int64(), "organisation": pl.String(), "kind": pl.String(), "ore_type": pl.String(), "year": pl.Int64(),
    "reo_mg": pl.Int64(),
}  # fmt: skip

_NOTHING_DRAWN = pl.DataFrame(schema=DRAWDOWN)
_DRAWING_ORIGINS = {"mined", "by-product"}
_MINERAL_KINDS = {kind for kind, product in PRODUCTS.items() if product.feed == "mineral"}


def draws(lines: pl.DataFrame, lots: pl.DataFrame) -> pl.DataFrame:
    """Quota drawn per lot, organisation, kind, ore type and year: `DRAWDOWN` rows, masses in mg of REO.

    Parameters
    ----------
    lines : columns of `movement.LINE`.
    lots : `movement.lot_facts` of every lot among the lines.
    """
    feed = lines.filter(FEED)
    if not feed.height:
        return _NOTHING_DRAWN
    mined = pl.col("kind") == "origin"
    kinds = _kinds_of_lots(lots)
    if not (kinds["mineral"].any() or (feed["kind"] == "origin").any()):
        return _NOTHING_DRAWN
    rows = (
        feed.filter(~mined | pl.col("origin_kind").is_in(_DRAWING_ORIGINS))
        .select("lot", "organisation", "kind", "on", "dry_mg")
        .join(kinds, on="lot", maintain_order="left")
        .filter(mined | pl.col("mineral"))
        .select(
            "lot", "organisation", "ore_type", "dry_mg", "composition", year=pl.col("on").dt.year().cast(pl.Int64),
            kind=pl.when(mined).then(pl.lit("mining")).otherwise(pl.lit("separation")),
        )
    )  # fmt: skip
    stated = rows.select(pl.col("composition").fill_null("")).unique()["composition"]
    shares = pl.DataFrame({"composition": stated, "ppb": pl.Series([_reo_ppb(one) for one in stated], dtype=pl.Int64)})
    return (
        rows.with_columns(pl.col("composition").fill_null(""))
        .join(shares, on="composition", maintain_order="left")
        .group_by([name for name in DRAWDOWN if name != "reo_mg"], maintain_order=True)
        .agg(reo_mg=share_mg_expr(pl.col("dry_mg"), pl.col("ppb")).sum())
    )


def _kinds_of_lots(lots: pl.DataFrame) -> pl.DataFrame:
    """`lot`, `composition`, whether it is `mineral` feed, and the `ore_type` that mining it draws on."""
    kinds = lots.select("product", made_as="origin_kind").unique()
    told = kinds.with_columns(
        mineral=pl.Series([_is_mineral_feed(*row) for row in kinds.iter_rows()], dtype=pl.Boolean),
        # Ion clay is leached to a mixed compound at the mine; everything else that is mined is rock.
        ore_type=pl.Series(
            [
                "ion" if one is not None and product_kind(one) == "mixed-compound" else "rock"
                for one in kinds["product"]
            ],
            dtype=pl.String,
        ),
    )
    return (
        lots.select("lot", "product", "composition", made_as="origin_kind")
        .join(told, on=["product", "made_as"], nulls_equal=True)
        .select("lot", "composition", "mineral", "ore_type")
    )


#: The rows that may draw: what was mined or came from elsewhere, and what was put in.
FEED = (pl.col("kind") == "origin") | (pl.col("kind") == "transformation") & (pl.col("role") == "in")


@lru_cache(maxsize=4_096)
def _is_mineral_feed(product: str | None, origin_kind: str | None) -> bool:
    if product is None or product_kind(product) not in _MINERAL_KINDS:
        return False
    # A mixed compound that a transformation made is a separator's intermediate: it drew as ore.
    return product_kind(product) != "mixed-compound" or origin_kind is not None


@lru_cache(maxsize=65_536)
def _reo_ppb(composition: str) -> int:
    return dict(balance_shares(composition))[TREO]
