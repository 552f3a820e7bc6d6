"""What draws on a quota, and how much: once, on mineral feed, in kilograms of REO.

Mining draws on lots made by an origin of kind `mined` or `by-product`; separation draws on mineral lots
consumed (ore, concentrate, and mixed compounds that an origin made), imported ones included. A step that makes nothing
but ore or concentrate separates nothing: the concentrate draws where it is consumed. Secondary feed and later steps do
not draw (assumption: our reading of Order 71 of 2025, arts 2-3; docs/reference/ledger.md).
"""

from __future__ import annotations

from functools import lru_cache

import polars as pl

from lodeline.ledger.movement import plain_rows
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
_MINERAL_PRODUCTS = [kind for kind in _MINERAL_KINDS if PRODUCTS[kind].stage == "mine"]


def draws(lines: pl.DataFrame, lots: pl.DataFrame, made: pl.DataFrame | None = None) -> pl.DataFrame:
    """Quota drawn per lot, organisation, kind, ore type and year: `DRAWDOWN` rows, masses in mg of REO.

    Parameters
    ----------
    lines : columns of `movement.LINE`.
    lots : `movement.lot_facts` of every lot among the lines.
    made : lines with the outputs of their events; None: the lines have them.
    """
    feed = lines.filter(FEED)
    if not feed.height:
        return _NOTHING_DRAWN
    feed = feed.join(_beneficiation(lines if made is None else made), on=_EVENT, how="anti", maintain_order="left")
    rows = feed[_DRAWING].join(lots[_OF_LOT], on="lot", maintain_order="left", suffix="_of_lot")
    # Row by row from what was told before: on the sixty rows of most filings, ten steps of columns take longer.
    told = [_draw(*row) for row in plain_rows(rows, *_TELLING)]
    if not any(told):
        return _NOTHING_DRAWN
    ore_type, reo_ppb = zip(*(one or (None, None) for one in told), strict=True)
    mined = pl.col("kind") == "origin"
    return (
        rows.with_columns(
            pl.Series("ore_type", ore_type, pl.String()),
            pl.Series("ppb", reo_ppb, pl.Int64()),
            year=pl.col("on").dt.year().cast(pl.Int64),
            kind=pl.when(mined).then(pl.lit("mining")).otherwise(pl.lit("separation")),
        )
        .filter(pl.col("ppb").is_not_null())
        .group_by([name for name in DRAWDOWN if name != "reo_mg"], maintain_order=True)
        .agg(reo_mg=share_mg_expr(pl.col("dry_mg"), pl.col("ppb")).sum())
    )


def may_draw(history: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """`organisation`, `event` of the steps in `history` that consume a lot which all `lines` call a mineral, or none
    calls anything: a lot may be another under the name that its receiver has for it."""
    others = lines.filter(_KIND.is_not_null() & ~_KIND.is_in(list(_MINERAL_KINDS)))["lot"].unique()
    return history.filter(_FED & ~pl.col("lot").is_in(others.implode())).select(_EVENT).unique(maintain_order=True)


def _beneficiation(lines: pl.DataFrame) -> pl.DataFrame:
    """`organisation`, `event` of the steps that made something, and nothing but ore and concentrate."""
    made = lines.lazy().filter(kind="transformation", role="out").group_by(_EVENT)
    return made.agg(only=_KIND.is_in(_MINERAL_PRODUCTS).all()).filter("only").select(_EVENT).collect()


_EVENT = ["organisation", "event"]
_KIND = pl.col("product").str.extract("^([^:]*)")
_DRAWING = ["lot", "organisation", "kind", "on", "dry_mg", "origin_kind"]
_OF_LOT = ["lot", "product", "composition", "origin_kind"]
_TELLING = ("kind", "origin_kind", "product", "origin_kind_of_lot", "composition")


@lru_cache(maxsize=65_536)
def _draw(
    kind: str, origin_kind: str | None, product: str | None, made_as: str | None, composition: str | None
) -> tuple[str, int] | None:
    """Ore type and REO share in ppb that a row of feed draws with; None where it draws nothing.

    `product`, `made_as` (kind of its origin), `composition`: those of its lot.
    """
    if not (origin_kind in _DRAWING_ORIGINS if kind == "origin" else _is_mineral_feed(product, made_as)):
        return None
    # Ion clay is leached to a mixed compound at the mine; everything else that is mined is rock.
    ore_type = "ion" if product is not None and product_kind(product) == "mixed-compound" else "rock"
    return ore_type, dict(balance_shares(composition or ""))[TREO]


#: The rows that may draw: what was mined or came from elsewhere, and what was put in.
_FED = (pl.col("kind") == "transformation") & (pl.col("role") == "in")
FEED = (pl.col("kind") == "origin") | _FED


def _is_mineral_feed(product: str | None, origin_kind: str | None) -> bool:
    if product is None or product_kind(product) not in _MINERAL_KINDS:
        return False
    # A mixed compound that a transformation made is a separator's intermediate: it drew as ore.
    return product_kind(product) != "mixed-compound" or origin_kind is not None
