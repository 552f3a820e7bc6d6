"""The items of a site parted into strata: items of one place, product and method of the firm, alike in size.

Rule of size: within a place, product and method an item is `large` when it holds more than a third of the heaviest,
`medium` more than a ninth, `small` more than a twenty-seventh, else `tiny`. So the items of a stratum differ by no
more than a factor of three; the tiny ones may, and together seldom matter. Who falsifies takes the heaviest, so that
one is kept beside the mean. Source of the concern: Jaech & Donoho, Sample Sizes for Attributes Inspection When Strata
are Heterogeneous, INMM.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from lodeline.accountancy.frames import element_mass
from lodeline.material.element import SYMBOLS

#: One row an item: one lot at one place (and location) of the site. `name` is unique in the site, and is what the draw
#: hashes; where a lot lies at two places, the caller makes the names differ. `place` is `stock`, `receipt` or
#: `shipment`; `method` holds the firm's `;`-separated methods, or null; `dry_mg` ≥ 0.
PLAN_ITEMS: Final[Mapping[str, pl.DataType]] = {
    "name": pl.String(), "lot": pl.Int64(), "product": pl.String(), "method": pl.String(), "place": pl.String(),
    "dry_mg": pl.Int64(),
}  # fmt: skip
#: What a lot's composition holds of an element: `element` indexes SYMBOLS. A lot without rows holds nothing stated.
PLAN_SHARES: Final[Mapping[str, pl.DataType]] = {"lot": pl.Int64(), "element": pl.UInt8(), "ppb": pl.Int64()}
#: Classes of size, the heaviest first; each ends at a third of the one before.
SIZES: Final = ("large", "medium", "small", "tiny")
_ALIKE = ["place", "product", "method"]


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
    #: By symbol: what all items hold together, and what the item holds that has most of it. Nothing stands for zero.
    element_mg: dict[str, int]
    heaviest_element_mg: dict[str, int]


def stratified(items: pl.DataFrame, shares: pl.DataFrame) -> tuple[pl.DataFrame, tuple[Stratum, ...]]:
    """The items with a column `stratum` (key), and their strata, sorted by key.

    Parameters: frames with the columns PLAN_ITEMS and PLAN_SHARES (others are kept). Raises ValueError where two items
    bear one name.
    """
    if items["name"].n_unique() != items.height:
        raise ValueError("two items of a site bear one name")
    placed = _keyed(items)
    held = (
        placed.select("stratum", "lot", "dry_mg")
        .join(shares, on="lot")
        .with_columns(held_mg=element_mass("dry_mg", "ppb"))
        .filter(pl.col("held_mg") > 0)
        .group_by("stratum", "element")
        .agg(total=pl.col("held_mg").sum(), heaviest=pl.col("held_mg").max())
        .sort("stratum", "element")
    )
    masses: dict[str, tuple[dict[str, int], dict[str, int]]] = {}
    for stratum, element, total, heaviest in held.iter_rows():
        totals, tops = masses.setdefault(stratum, ({}, {}))
        totals[SYMBOLS[element]], tops[SYMBOLS[element]] = total, heaviest
    groups = (
        placed.group_by("stratum", *_ALIKE, "size")
        .agg(items=pl.len(), dry=pl.col("dry_mg").sum(), heaviest=pl.col("dry_mg").max())
        .sort("stratum")
    )
    strata = tuple(
        Stratum(
            key=key, place=place, product=product, method=method, size=size, items=count, dry_mg=dry,
            mean_mg=dry // count, heaviest_mg=heaviest, element_mg=masses.get(key, ({}, {}))[0],
            heaviest_element_mg=masses.get(key, ({}, {}))[1],
        )
        for key, place, product, method, size, count, dry, heaviest in groups.iter_rows()
    )  # fmt: skip
    return placed.drop("size"), strata


def _keyed(items: pl.DataFrame) -> pl.DataFrame:
    """The items with `size` and `stratum`, the key: place/product/method/size."""
    largest = pl.col("dry_mg").max().over(_ALIKE)
    size = pl.lit(SIZES[-1])
    # Whole numbers are compared, so that no rounding moves an item over an edge.
    for name, part in ((SIZES[2], 27), (SIZES[1], 9), (SIZES[0], 3)):
        size = pl.when(pl.col("dry_mg") * part > largest).then(pl.lit(name)).otherwise(size)
    key = pl.concat_str("place", "product", pl.col("method").fill_null("-"), "size", separator="/")
    return items.with_columns(size=size).with_columns(stratum=key)
