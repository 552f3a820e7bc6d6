"""What draws on a quota, and how much: once, on mineral feed, in kilograms of REO.

Mining draws on lots made by an origin of kind `mined` or `by-product`; separation draws on mineral lots
consumed (ore, concentrate, and mixed compounds that an origin made), imported ones included. Secondary
feed and later steps do not draw (assumption: our reading of Order 71 of 2025, arts 2-3; docs/reference/ledger.md).
"""

from __future__ import annotations

from functools import lru_cache

import polars as pl

from lodeline.ledger.movement import frame_of, plain_rows
from lodeline.material.composition import balance_shares
from lodeline.material.element import TREO
from lodeline.material.mass import share_mg
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
    feed = lines.filter(_FEED)
    if not feed.height:
        return _NOTHING_DRAWN
    fed = set(feed["lot"].to_list())
    of_lots = plain_rows(lots, "lot", "product", "composition", "origin_kind")
    known = {lot: (product, composition, origin) for lot, product, composition, origin in of_lots if lot in fed}
    drawn: dict[tuple[int, str, str, str, int], int] = {}
    for lot, organisation, kind, origin, on, dry_mg in plain_rows(feed, *_FEED_COLUMNS):
        mined = kind == "origin"
        product, composition, made_as = known[lot]
        if not (origin in _DRAWING_ORIGINS if mined else _is_mineral_feed(product, made_as)):
            continue
        # Ion clay is leached to a mixed compound at the mine; everything else that is mined is rock.
        ore_type = "ion" if product is not None and product_kind(product) == "mixed-compound" else "rock"
        key = (lot, organisation, "mining" if mined else "separation", ore_type, on.year)
        drawn[key] = drawn.get(key, 0) + share_mg(dry_mg, _reo_ppb(composition or ""))
    return frame_of([(*key, reo_mg) for key, reo_mg in drawn.items()], DRAWDOWN) if drawn else _NOTHING_DRAWN


_FEED = (pl.col("kind") == "origin") | (pl.col("kind") == "transformation") & (pl.col("role") == "in")
_FEED_COLUMNS = ["lot", "organisation", "kind", "origin_kind", "on", "dry_mg"]


@lru_cache(maxsize=4_096)
def _is_mineral_feed(product: str | None, origin_kind: str | None) -> bool:
    if product is None or product_kind(product) not in _MINERAL_KINDS:
        return False
    # A mixed compound that a transformation made is a separator's intermediate: it drew as ore.
    return product_kind(product) != "mixed-compound" or origin_kind is not None


@lru_cache(maxsize=65_536)
def _reo_ppb(composition: str) -> int:
    return dict(balance_shares(composition))[TREO]
