"""The books of the sites that count, reckoned once and asked many ways: balances, runs, and a window over its elements.

Goods that were sent, and used or counted, count as received although their receipt is missing (`implied`): what
judges a site by its balance must not take a missing paper for ore from nowhere. Pages show what is judged; the exchange
format of a balance (`lodeline balance`) is that of what was filed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.accountancy.balance import Reckoning, balances_of, reckon
from lodeline.accountancy.covariance import BalanceRuns, runs_of, sigma_of_runs, window_over_elements
from lodeline.accountancy.frames import MOVEMENTS
from lodeline.accountancy.implied import implied_receipts

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """Frames as `balance` takes them, of the whole ledger; `transfers` as `ledger.transfer` gives them, `names` as
    `ledger.label.drawn_as`. Other columns than those of `frames` are not looked at. Only sites that counted are
    reckoned, for the elements asked."""

    movements: pl.DataFrame
    counts: pl.DataFrame
    count_scopes: pl.DataFrame
    lot_assays: pl.DataFrame
    site_assays: pl.DataFrame
    methods: pl.DataFrame
    transfers: pl.DataFrame
    names: pl.DataFrame
    elements: tuple[str, ...]

    @cached_property
    def implied(self) -> pl.DataFrame:
        """The receipts that nobody filed of goods that are there, columns MOVEMENTS."""
        return implied_receipts(
            transfers=self.transfers, movements=self.movements, counts=self.counts, names=self.names
        )

    @cached_property
    def _reckoned(self) -> Reckoning | None:
        filed = self.movements.select(list(MOVEMENTS))
        return reckon(
            movements=pl.concat([filed, self.implied]),
            counts=self.counts,
            count_scopes=self.count_scopes,
            lot_assays=self.lot_assays,
            site_assays=self.site_assays,
            elements=self.elements,
            sites=self.count_scopes["site"].unique().sort(),
        )

    @cached_property
    def balances(self) -> pl.DataFrame:
        """Columns `balance.BALANCE`; `in_mg` holds what is implied. σ is that of `runs`, which is the same."""
        if self._reckoned is None:
            return balances_of(None, self.methods)
        return balances_of(self._reckoned, self.methods, sigma_mg=sigma_of_runs(self._reckoned, self.runs))

    @cached_property
    def runs(self) -> BalanceRuns:
        """The balances from count to count of each site and element, with their covariances."""
        return runs_of(self._reckoned, self.methods)

    def over_elements(
        self, site: str, since: date, until: date, elements: Sequence[str]
    ) -> tuple[list[str], Floats, Floats]:
        """As `covariance.window_over_elements`; nothing where nothing lies between two counts."""
        if self._reckoned is None or not self._reckoned.rolled.closed.any():
            return [], np.zeros(0), np.zeros((0, 0))
        return window_over_elements(
            self._reckoned, self.methods, site=site, since=since, until=until, elements=elements
        )
