"""The books of the sites that count, reckoned once and asked many ways: balances, runs, and a window over its elements.

Goods that were sent, and used or counted, count as received although their receipt is missing (`implied`): what
judges a site by its balance must not take a missing paper for ore from nowhere. Pages show what is judged; the exchange
format of a balance (`lodeline balance`) is that of what was filed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.accountancy.balance import Reckoning, balances_of, reckon_parts
from lodeline.accountancy.covariance import BalanceRuns, runs_of, runs_together, sigma_of_runs, window_over_elements
from lodeline.accountancy.frames import MOVEMENTS
from lodeline.accountancy.implied import accounted, by_shipped_lot, implied_receipts, undelivered
from lodeline.accountancy.physical import emptied

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """Frames as `balance` takes them, of the whole ledger; `transfers` as `ledger.transfer` gives them, `names` as
    `ledger.label.drawn_as`. Other columns than those of `frames` are not looked at. Only sites that counted are
    reckoned, for the elements asked. `status` says which months a firm never filed (`organisation`, `period`, `state`);
    without it all were filed."""

    movements: pl.DataFrame
    counts: pl.DataFrame
    count_scopes: pl.DataFrame
    lot_assays: pl.DataFrame
    site_assays: pl.DataFrame
    methods: pl.DataFrame
    transfers: pl.DataFrame
    names: pl.DataFrame
    elements: tuple[str, ...]
    status: pl.DataFrame | None = None
    #: Where frames go that are many and seldom looked at; they come back equal.
    at_rest: Callable[[pl.DataFrame], pl.DataFrame] = lambda frame: frame

    @cached_property
    def implied(self) -> pl.DataFrame:
        """The receipts that nobody filed of goods that are there, columns MOVEMENTS."""
        filed = {"transfers": self.transfers, "movements": self.movements, "counts": self.counts}
        sent = implied_receipts(**filed, names=self.names)
        if self.status is None:
            return sent
        # What was sent, and what is used under another name, is there already.
        known = pl.concat([frame.select("organisation", "lot") for frame in (sent, self.names)])
        late = undelivered(**filed, status=self.status).join(known, on=["organisation", "lot"], how="anti")
        # A site that never counted has no balance that this could close: its bound rests on what was filed alone.
        return pl.concat([sent, late.join(self.count_scopes, on="site", how="semi")])

    @property
    def _own_assays(self) -> pl.DataFrame:
        """The sites' own assays with the organisation of each site."""
        owners = pl.concat([frame.select("organisation", "site") for frame in (self.movements, self.counts)]).unique()
        return self.site_assays.join(owners, on="site", how="left", maintain_order="left")

    @cached_property
    def _reckoned(self) -> tuple[Reckoning, ...]:
        """Parts, in the order of their areas."""
        # Goods that have two names are one lot in the book: what came under one is what was used under the other.
        filed, counts, assays = (
            by_shipped_lot(frame, self.names)
            for frame in (self.movements.select(list(MOVEMENTS)), self.counts, self._own_assays)
        )
        two_names = self.names.select(lot="shipped_lot").unique()
        told = filed.join(two_names, on="lot", how="semi").select("site", "lot")
        movements = accounted(
            pl.concat([filed, self.implied]), pl.concat([told, self.implied.select("site", "lot")]).unique()
        )
        scopes = self.count_scopes
        if self.status is not None:
            scopes = pl.concat([scopes, emptied(movements=movements, scopes=scopes, status=self.status)])
        parts = reckon_parts(
            movements=movements,
            counts=counts,
            count_scopes=scopes,
            lot_assays=self.lot_assays,
            site_assays=assays.select(self.site_assays.columns),
            elements=self.elements,
            sites=self.count_scopes["site"].unique().sort(),
        )
        return tuple(replace(one, batches=self.at_rest(one.batches), assays=self.at_rest(one.assays)) for one in parts)

    @cached_property
    def balances(self) -> pl.DataFrame:
        """Columns `balance.BALANCE`; `in_mg` holds what is implied. σ is that of `runs`, which is the same."""
        tables = [balances_of(None, self.methods)]
        tables += [
            balances_of(one, self.methods, sigma_mg=sigma_of_runs(one, runs))
            for one, runs in zip(self._reckoned, self._runs, strict=True)
        ]
        return pl.concat(tables)

    @cached_property
    def runs(self) -> BalanceRuns:
        """The balances from count to count of each site and element, with their covariances."""
        return runs_together(self._runs)

    @cached_property
    def _runs(self) -> tuple[BalanceRuns, ...]:
        return tuple(runs_of(one, self.methods) for one in self._reckoned)

    def over_elements(
        self, site: str, since: date, until: date, elements: Sequence[str]
    ) -> tuple[list[str], Floats, Floats]:
        """As `covariance.window_over_elements`; nothing where nothing lies between two counts."""
        for one in self._reckoned:
            if (one.areas["site"] == site).any() and one.rolled.closed.any():
                return window_over_elements(one, self.methods, site=site, since=since, until=until, elements=elements)
        return [], np.zeros(0), np.zeros((0, 0))
