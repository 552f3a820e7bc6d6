"""What draws on a quota, and how much: once, on mineral feed, in kilograms of REO.

Mining draws on lots made by an origin of kind `mined` or `by-product`; separation draws on mineral lots
consumed (ore, concentrate, and mixed compounds that an origin made), imported ones included. Secondary
feed and later steps do not draw (assumption: our reading of Order 71 of 2025, arts 2-3; docs/reference/ledger.md).
"""

from __future__ import annotations

import polars as pl

from lodeline.material.composition import balance_shares
from lodeline.material.element import TREO
from lodeline.material.mass import share_mg
from lodeline.material.product import PRODUCTS, product_kind

DRAWDOWN: dict[str, pl.DataType] = {
    "lot": pl.Int64(), "organisation": pl.String(), "kind": pl.String(), "ore_type": pl.String(), "year": pl.Int64(),
    "reo_mg": pl.Int64(),
}  # fmt: skip

_DRAWING_ORIGINS = {"mined", "by-product"}
_MINERAL_KINDS = {kind for kind, product in PRODUCTS.items() if product.feed == "mineral"}


def draws(lines: pl.DataFrame, lots: pl.DataFrame) -> pl.DataFrame:
    """Quota drawn per lot, organisation, kind, ore type and year: `DRAWDOWN` rows, masses in mg of REO.

    Parameters
    ----------
    lines : columns of `movement.LINE`.
    lots : `movement.lot_facts` of every lot among the lines.
    """
    known = {lot: facts for lot, *facts in lots[["lot", "product", "composition", "origin_kind"]].iter_rows()}
    mineral = {lot for lot, (product, _, origin) in known.items() if _is_mineral_feed(product, origin)}
    drawn: dict[tuple[int, str, str, str, int], int] = {}
    feed = lines.filter(_FEED)
    for lot, organisation, kind, origin, on, dry_mg in feed[_FEED_COLUMNS].iter_rows():
        mined = kind == "origin"
        if not (origin in _DRAWING_ORIGINS if mined else lot in mineral):
            continue
        product, composition, _ = known[lot]
        # Ion clay is leached to a mixed compound at the mine; everything else that is mined is rock.
        ore_type = "ion" if product is not None and product_kind(product) == "mixed-compound" else "rock"
        key = (lot, organisation, "mining" if mined else "separation", ore_type, on.year)
        drawn[key] = drawn.get(key, 0) + share_mg(dry_mg, _reo_ppb(composition or ""))
    return pl.DataFrame([(*key, reo_mg) for key, reo_mg in drawn.items()], schema=DRAWDOWN, orient="row")


_FEED = (pl.col("kind") == "origin") | (pl.col("kind") == "transformation") & (pl.col("role") == "in")
_FEED_COLUMNS = ["lot", "organisation", "kind", "origin_kind", "on", "dry_mg"]


def _is_mineral_feed(product: str | None, origin_kind: str | None) -> bool:
    if product is None or product_kind(product) not in _MINERAL_KINDS:
        return False
    # A mixed compound that a transformation made is a separator's intermediate: it drew as ore.
    return product_kind(product) != "mixed-compound" or origin_kind is not None


def _reo_ppb(composition: str) -> int:
    return dict(balance_shares(composition))[TREO]
