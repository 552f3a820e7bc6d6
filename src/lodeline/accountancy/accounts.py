"""The books of the sites that count, reckoned once and asked many ways: balances, runs, and a window over its elements.

Goods that were sent, and used or counted, count as received although their receipt is missing (`implied`): what
judges a site by its balance must not take a missing paper for ore from nowhere. Pages show what is judged; the exchange
format of a balance (`lodeline balance`) is that of what was filed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TypeVar, cast

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.accountancy.balance import Reckoning, balances_of, reckon_parts
from lodeline.accountancy.covariance import DIFFERENCES, BalanceRuns, runs_of, sigma_of_runs, window_over_elements
from lodeline.accountancy.frames import MOVEMENTS
from lodeline.accountancy.implied import accounted, by_shipped_lot, implied_receipts, undelivered
from lodeline.accountancy.physical import emptied
from lodeline.once import Once

Answer = TypeVar("Answer")
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The books of some sites: `balances` (columns `balance.BALANCE`; `in_mg` holds what is implied), and `runs`, the
    balances from count to count of each site and element with their covariances."""

    balances: pl.DataFrame
    runs: BalanceRuns
    reckoned: Reckoning
    methods: pl.DataFrame

    def over_elements(
        self, site: str, since: date, until: date, elements: Sequence[str]
    ) -> tuple[list[str], Floats, Floats]:
        """As `covariance.window_over_elements`, of a site of these that has runs."""
        return window_over_elements(self.reckoned, self.methods, site=site, since=since, until=until, elements=elements)


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

    def parts(self) -> Iterator[Part]:
        """Some sites after the others; whoever goes on to the next lets the one before go."""
        # Goods that have two names are one lot in the book: what came under one is what was used under the other.
        filed, counts, assays = (
            by_shipped_lot(frame, self.names)
            for frame in (self.movements.select(list(MOVEMENTS)), self.counts, self._own_assays)
        )
        two_names = self.names.select(lot="shipped_lot").unique()
        told = filed.join(two_names, on="lot", how="semi").select("site", "lot")
        movements = self.at_rest(
            accounted(pl.concat([filed, self.implied]), pl.concat([told, self.implied.select("site", "lot")]).unique())
        )
        del filed
        scopes = self.count_scopes
        if self.status is not None:
            scopes = pl.concat([scopes, emptied(movements=movements, scopes=scopes, status=self.status)])
        reckoned = reckon_parts(
            movements=movements,
            counts=counts,
            count_scopes=scopes,
            lot_assays=self.lot_assays,
            site_assays=assays.select(self.site_assays.columns),
            elements=self.elements,
            sites=self.count_scopes["site"].unique().sort(),
        )
        differences = [pl.DataFrame(schema=DIFFERENCES).drop("matrix", "place")]
        for one in reckoned:
            runs = runs_of(one, self.methods)
            differences.append(runs.differences.drop("matrix", "place"))
            # σ is that of the runs, which is the same.
            balances = balances_of(one, self.methods, sigma_mg=sigma_of_runs(one, runs))
            yield Part(balances=balances, runs=runs, reckoned=one, methods=self.methods)
        vars(self).setdefault("differences", self.at_rest(pl.concat(differences)))

    @cached_property
    def differences(self) -> pl.DataFrame:
        """Those of all runs: columns `covariance.DIFFERENCES` but `matrix` and `place`."""
        for _ in self.parts():
            pass
        return cast(pl.DataFrame, vars(self)["differences"])

    def once(self, question: Callable[..., Answer], /, *about: object) -> Answer:
        """`question(self, *about)`, computed once."""
        return self._once.ask(question, self, *about)

    @cached_property
    def _once(self) -> Once:
        return Once()
