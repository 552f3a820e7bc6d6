"""What accountancy is handed, column by column, and which composition serves which site.

A mass of element is computed in one place (`element_mass`) and row by row, so the same row has the same
element mass in a balance, in a finding and in the hands of whoever recomputes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.accountancy.kernels import sorted_by
from lodeline.material.element import SYMBOLS
from lodeline.material.mass import share_mg_expr

#: One row per movement of the ledger. `delta_mg` is dry mass, + what enters a site and − what leaves it;
#: `unaccounted_mg` ≥ 0 is the part of a decrease that exceeded what was held. `kind` is `origin`,
#: `transformation` (with `role` `in`, `out` or `waste`), `shipment`, `receipt`, `move` (between two sites of one
#: organisation), `title`, `export`, `loss` or `adjustment`. `method` holds `;`-separated ids.
MOVEMENTS: Mapping[str, pl.DataType] = {
    "seq": pl.Int64(), "organisation": pl.String(), "site": pl.String(), "lot": pl.Int64(), "product": pl.String(),
    "owner": pl.String(), "on": pl.Date(), "kind": pl.String(), "role": pl.String(), "origin_kind": pl.String(),
    "delta_mg": pl.Int64(), "unaccounted_mg": pl.Int64(), "method": pl.String(),
}  # fmt: skip
#: One row per lot counted (and place of storage); dry mass at the end of the day.
COUNTS: Mapping[str, pl.DataType] = {
    "seq": pl.Int64(), "organisation": pl.String(), "site": pl.String(), "lot": pl.Int64(), "on": pl.Date(),
    "mass_mg": pl.Int64(), "location": pl.String(), "product": pl.String(), "method": pl.String(),
}  # fmt: skip
#: What was counted that day: the whole site (both null), a location, a product, or a product at a location.
#: Every row of COUNTS lies in a scope of its day; a scope without rows says that nothing was found.
COUNT_SCOPES: Mapping[str, pl.DataType] = {
    "organisation": pl.String(), "site": pl.String(), "on": pl.Date(), "location": pl.String(), "product": pl.String(),
}  # fmt: skip
#: The maker's current composition: `element` indexes SYMBOLS, TREO stated or derived is always there.
LOT_ASSAYS: Mapping[str, pl.DataType] = {"lot": pl.Int64(), "element": pl.UInt8(), "ppb": pl.Int64()}
#: A site's own composition of a lot, from its receipt or stock rows; only what that site stated (TREO derived
#: only where its assay states the rare earths of the lot).
SITE_ASSAYS: Mapping[str, pl.DataType] = {
    "site": pl.String(), "lot": pl.Int64(), "element": pl.UInt8(), "ppb": pl.Int64(),
}  # fmt: skip

#: The columns that name a balance area.
AREA = ("organisation", "site")


def element_indices(symbols: Iterable[str] | None) -> list[int]:
    """Indices into SYMBOLS, all of them for None. Raises ValueError for a symbol that is none."""
    wanted = set(SYMBOLS if symbols is None else symbols)
    if unknown := wanted - set(SYMBOLS):
        raise ValueError(f"no element of the ledger: {', '.join(sorted(unknown))}")
    return [place for place, symbol in enumerate(SYMBOLS) if symbol in wanted]


def text_numbers(*columns: pl.Series) -> tuple[list[npt.NDArray[np.int32]], int]:
    """A number for each text, alike in all columns and in the order of the texts, 0 for null; and how many there are.

    Each array has the length of its column.
    """
    texts = pl.concat([column.unique().cast(pl.String) for column in columns]).unique().drop_nulls().sort()
    kind = pl.Enum(texts)
    numbers = [(column.cast(kind).to_physical().cast(pl.Int32) + 1).fill_null(0).to_numpy() for column in columns]
    return numbers, len(texts) + 1


def numbered(*keys: pl.Series) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The first row of each combination of all keys but the last, by which the rows of one are sorted; and the number
    of its combination for each row. Keys are whole numbers; combinations are numbered in their order."""
    order = np.arange(len(keys[0]), dtype=np.int32)
    numbers = [key.cast(pl.Int64).to_numpy() for key in keys]
    for one in reversed(numbers):
        order = sorted_by(order, one - one.min(initial=0))
    new = np.zeros(len(order), np.bool_)
    new[:1] = True
    for one in numbers[:-1]:
        new[1:] |= one[order[1:]] != one[order[:-1]]
    number = np.empty(len(order), np.int64)
    number[order] = np.cumsum(new) - 1
    return order[new].astype(np.int64), number


def element_mass(mass: str = "delta_mg", ppb: str = "ppb") -> pl.Expr:
    """Element mass in mg of a signed dry mass in mg: the share of its size, rounded down, with its sign.

    Rounding the size and not the number makes a mass that enters and leaves again cancel to the milligram.
    """
    return share_mg_expr(pl.col(mass).abs(), pl.col(ppb)) * pl.col(mass).sign()


def serving_shares(
    held: pl.DataFrame, *, lot_assays: pl.DataFrame, site_assays: pl.DataFrame, elements: list[int]
) -> pl.DataFrame:
    """The composition that serves each lot at each site, element by element.

    Parameters: `held` has one row per (site, lot) with columns `held` (u32 key), `site`, `lot`; `elements` are
    indices into SYMBOLS. Returns `held`, `element` (u8), `ppb` (i64), `own` (the site's own assay, else the
    maker's). What a site's own assay does not state is taken from the maker: not stated is not zero; and what only
    repeats the maker's figure (a certificate) is the maker's, who measured it.
    """
    wanted = pl.col("element").is_in(elements)
    makers = (
        held.select("held", "lot")
        .join(lot_assays.filter(wanted), on="lot")
        .select("held", "element", "ppb", own=pl.lit(False))
    )
    own = (
        held.join(site_assays.filter(wanted), on=["site", "lot"])
        .select("held", "element", "ppb", own=pl.lit(True))
        .unique(["held", "element"], keep="last", maintain_order=True)
        .join(makers, on=["held", "element", "ppb"], how="anti")
    )
    if own.is_empty():
        return makers
    return pl.concat([makers.join(own, on=["held", "element"], how="anti"), own])
