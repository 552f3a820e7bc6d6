"""Whether the goods of deliveries are those of a paper that would sum them up, as far as either says.

A filing says a product of the register, an invoice a name in somebody's words, customs a code of the tariff. Names are
not read: what is asked is whether one name stands for one kind of product, whether the masses of several names are the
masses of as many kinds, and whether codes of the tariff contradict each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl

from lodeline.collation.joining import Ints
from lodeline.collation.piece import FILED

#: Masses this near (mg) differ by rounding to the kilogram.
_LEAST = 1e6

#: What of a piece is asked for its goods.
OF_GOODS: Final = ("side", "product", "tariff", "buyer", "mass_mg")


class Goods:
    """The goods of groups, asked by label; `side` is that of the papers, `tolerance` a share of masses, `tables` have
    the labels that may be asked for."""

    def __init__(
        self, frame: pl.DataFrame, label: Ints, side: int, tolerance: float, *, tables: Sequence[pl.DataFrame]
    ) -> None:
        self._frame, self._of, self._side, self._tolerance, self._tables = frame, label, side, tolerance, tables

    @cached_property
    def _columns(self) -> tuple[Ints, ...]:
        """Label, kind, tariff code (0: none), whether filed, buyer and mass of each row, by label."""
        asked = np.zeros(len(self._of), np.bool_)
        for table in self._tables:
            asked[table["label"].to_numpy()] = True
        rows = (
            self._frame.select(*OF_GOODS, label=pl.Series(self._of))
            .filter(pl.Series(asked[self._of]))
            .filter(pl.col("side").is_in([FILED, self._side]))
        )
        kind = pl.when(pl.col("side") == FILED).then(pl.col("product").str.extract("^([^:]*)")).otherwise("product")
        codes = rows.sort("label").select(
            "label", kind.fill_null("").rank("dense"), pl.col("tariff").rank("dense").fill_null(0),
            pl.col("side") == FILED, "buyer", "mass_mg",
        )  # fmt: skip
        return tuple(column.to_numpy() for column in codes)

    def agree(self, one: int, others: Sequence[int]) -> bool:
        """Whether what is filed and what the papers say is the same, all these groups together."""
        of, kind, tariff, is_filed, buyer, mass = self._columns
        labels = np.array([one, *others], np.int64)
        begins, ends = np.searchsorted(of, labels), np.searchsorted(of, labels, side="right")
        places = np.concatenate([np.arange(begin, end) for begin, end in zip(begins, ends, strict=True)])
        filed, papers = places[is_filed[places]], places[~is_filed[places]]
        codes = set(tariff[papers].tolist()) - {0}
        if codes and not set(tariff[filed].tolist()) - {0} <= codes:
            return False
        if len(set(buyer[filed].tolist())) > 1:
            return False
        kinds, names = (_by_kind(kind[part], mass[part]) for part in (filed, papers))
        if len(kinds) == 1:
            return True
        return len(kinds) == len(names) and bool(np.allclose(kinds, names, rtol=self._tolerance, atol=_LEAST))


def _by_kind(kind: Ints, mass: Ints) -> Ints:
    """The mass of each kind or name, the least first."""
    _, place = np.unique(kind, return_inverse=True)
    masses = np.zeros(int(place.max(initial=-1)) + 1, np.int64)
    np.add.at(masses, place, mass)
    return np.sort(masses)
