"""The items of a site parted into strata: items of one place, product and method of the firm, alike in size.

Rule of size: within a place, product and method an item is `large` when it holds more than a third of the heaviest,
`medium` more than a ninth, `small` more than a twenty-seventh, else `tiny`. So the items of a stratum differ by no
more than a factor of three (the tiny ones excepted, which together seldom matter), and who takes from the heaviest
of them is reckoned with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

#: One row an item: one lot at one place (and location) of the site. `name` is unique in the site, and is what the draw
#: hashes; where a lot lies at two places, the caller makes the names differ. `place` is `stock`, `receipt` or
#: `shipment`; `method` holds the firm's `;`-separated methods, or null; `dry_mg` ≥ 0.
PLAN_ITEMS: Final[Mapping[str, pl.DataType]] = {
    "name": pl.String(), "lot": pl.Int64(), "product": pl.String(), "method": pl.String(), "place": pl.String(),
    "dry_mg": pl.Int64(),
}  # fmt: skip
#: What a lot's composition holds of an element: `element` indexes SYMBOLS. A lot without rows holds nothing stated.
PLAN_SHARES: Final[Mapping[str, pl.DataType]] = {"lot": pl.Int64(), "element": pl.UInt8(), "ppb": pl.Int64()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """Items of one place, product, method and class of size. `key` is readable and unique within the site."""

    key: str
    place: str
    product: str
    method: str | None
    size: str
    items: int
    dry_mg: int
    mean_mg: int
    heaviest_mg: int
    #: By symbol: what all items hold together, and the item that holds most.
    element_mg: dict[str, int]
    heaviest_element_mg: dict[str, int]


def stratified(items: pl.DataFrame, shares: pl.DataFrame) -> tuple[pl.DataFrame, tuple[Stratum, ...]]:
    """The items with a column `stratum` (key), and their strata, sorted by key.

    Parameters: frames with the columns PLAN_ITEMS and PLAN_SHARES (others are kept). Raises ValueError where two items
    bear one name.
    """
    raise NotImplementedError
