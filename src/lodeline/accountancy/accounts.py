"""The book: every balance of every site, computed once and read by detectors, pages, the API and inspections.

Goods that were sent, and used or counted, count as received although their receipt is missing (`implied`): what
judges a site by its balance must not take a missing paper for ore from nowhere. Goods with two names are one lot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final, TypedDict, TypeVar, cast

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.accountancy.balance import BALANCE, BALANCED_BY, Reckoning, balances_of, reckon_parts
from lodeline.accountancy.covariance import DIFFERENCES, BalanceRuns, runs_of, sigma_of_runs, window_over_elements
from lodeline.accountancy.frames import AREA, MOVEMENTS
from lodeline.accountancy.implied import accounted, by_shipped_lot, implied_receipts, undelivered
from lodeline.accountancy.physical import emptied
from lodeline.accountancy.rounding import rounding_mg2, rows_until
from lodeline.accountancy.unassayed import acts_without_assay, unreported
from lodeline.once import Once

Answer = TypeVar("Answer")
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The books of some sites: `balances` (columns `balance.BALANCE`; `in_mg` holds what is implied), and `runs`, the
    balances from count to count of each site and element with their covariances; `rounding_mg2` is what rounding adds
    to the variance of each of `runs.differences`."""

    balances: pl.DataFrame
    runs: BalanceRuns
    rounding_mg2: Floats
    reckoned: Reckoning
    methods: pl.DataFrame

    def over_elements(
        self, site: str, since: date, until: date, elements: Sequence[str]
    ) -> tuple[list[str], Floats, Floats]:
        """As `covariance.window_over_elements`, of a site of these that has runs."""
        return window_over_elements(self.reckoned, self.methods, site=site, since=since, until=until, elements=elements)


#: One row for each balance from count to count: with each earlier one of its run, and with itself, oldest first.
SHARED: Final[Mapping[str, pl.DataType]] = {
    "organisation": pl.String(), "site": pl.String(), "element": pl.String(), "until": pl.Date(),
    "covariance_mg2": pl.List(pl.Float64()), "rounding_mg2": pl.Float64(),
}  # fmt: skip
_SHARED_BY: Final = (*AREA, "element", "until")
#: What is found while the book is gone through, by name, and its order.
_FOUND: Final[Mapping[str, tuple[Mapping[str, pl.DataType], tuple[str, ...]]]] = {
    "balances": (BALANCE, BALANCED_BY), "shared": (SHARED, _SHARED_BY),
    "differences": ({name: kind for name, kind in DIFFERENCES.items() if name not in ("matrix", "place")}, ()),
}  # fmt: skip


class Rows(TypedDict):
    """What balances are computed from, by the parameters of `balance.reckon`."""

    movements: pl.DataFrame
    counts: pl.DataFrame
    count_scopes: pl.DataFrame
    lot_assays: pl.DataFrame
    site_assays: pl.DataFrame


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """Frames as `balance` takes them, of the whole ledger; `transfers` as `ledger.transfer` gives them, `names` as
    `ledger.label.drawn_as`. Other columns than those of `frames` are not looked at. `elements`: those balanced.
    `status` says which months a firm never filed (`organisation`, `period`, `state`); without it all were filed."""

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

    @cached_property
    def rows(self) -> Rows:
        """What the book is made of, by the parameters of `balance.reckon`, with what is implied. Lots are named as they
        were shipped: goods that have two names came under one and were used under the other."""
        owners = pl.concat([frame.select("organisation", "site") for frame in (self.movements, self.counts)]).unique()
        own_assays = self.site_assays.join(owners, on="site", how="left", maintain_order="left")
        filed, counts, assays = (
            by_shipped_lot(frame, self.names)
            for frame in (self.movements.select(list(MOVEMENTS)), self.counts, own_assays)
        )
        two_names = self.names.select(lot="shipped_lot").unique()
        renamed = filed.join(two_names, on="lot", how="semi").select("site", "lot")
        again = pl.concat([renamed, self.implied.select("site", "lot")]).unique()
        movements = self.at_rest(accounted(pl.concat([filed, self.implied]), again))
        scopes = self.count_scopes
        if self.status is not None:
            scopes = pl.concat([scopes, emptied(movements=movements, scopes=scopes, status=self.status)])
        return {
            "movements": movements, "counts": counts, "count_scopes": scopes, "lot_assays": self.lot_assays,
            "site_assays": assays.select(self.site_assays.columns),
        }  # fmt: skip

    def rows_of(self, sites: pl.Series) -> Rows:
        """`rows` of the lots that ever lay at some sites."""
        here = pl.col("site").is_in(sites.implode())
        rows = self.rows
        lots = pl.concat([one.filter(here).select("lot") for one in (rows["movements"], rows["counts"])]).unique()

        def kept(frame: pl.DataFrame) -> pl.DataFrame:
            return frame.join(lots, on="lot", how="semi", maintain_order="left")

        return {
            "movements": kept(rows["movements"]), "counts": kept(rows["counts"]),
            "count_scopes": rows["count_scopes"].filter(here), "lot_assays": kept(rows["lot_assays"]),
            "site_assays": kept(rows["site_assays"]),
        }  # fmt: skip

    def parts(self) -> Iterator[Part]:
        """Some sites after the others, so that memory need not hold the covariances of all at once."""
        found: dict[str, list[pl.DataFrame]] = {name: [] for name in _FOUND}
        for part, made in parts_of(self.rows, self.methods, self.elements):
            for name, frame in made.items():
                found[name].append(frame)
            yield part
        self.keep(found)

    def keep(self, found: Mapping[str, Sequence[pl.DataFrame]]) -> None:
        """Takes what `parts_of` found in all parts, wherever they were computed."""
        for name, (kind, order) in _FOUND.items():
            if name not in vars(self):
                whole = pl.concat([pl.DataFrame(schema=dict(kind)), *found[name]])
                vars(self)[name] = self.at_rest(whole.sort(order, maintain_order=True) if order else whole)

    def _found(self, name: str) -> pl.DataFrame:
        for _ in self.parts():
            pass
        return cast(pl.DataFrame, vars(self)[name])

    @cached_property
    def balances(self) -> pl.DataFrame:
        """Every balance of every site, columns `balance.BALANCE`, by BALANCED_BY."""
        return self._found("balances")

    @cached_property
    def shared(self) -> pl.DataFrame:
        """Which errors the balances of a site share, columns SHARED: the closing count of one balance opens the next,
        and a scale errs in all."""
        return self._found("shared")

    @cached_property
    def differences(self) -> pl.DataFrame:
        """Those of all runs: columns `covariance.DIFFERENCES` but `matrix` and `place`."""
        return self._found("differences")

    @cached_property
    def unassayed_acts(self) -> pl.DataFrame:
        """The rows of lots of which nobody has stated a composition (`unassayed.acts_without_assay`)."""
        return acts_without_assay(**self._filed)

    def unreported(self, balances: pl.DataFrame) -> tuple[Floats, Floats]:
        """`unassayed.unreported` of some balances of the book."""
        return unreported(balances, **self._filed)

    @property
    def _filed(self) -> _Filed:
        return {
            "movements": [self.movements, self.implied], "counts": self.counts, "lot_assays": self.lot_assays,
            "site_assays": self.site_assays,
        }  # fmt: skip

    def once(self, question: Callable[..., Answer], /, *about: object) -> Answer:
        """`question(self, *about)`, computed once."""
        return self._once.ask(question, self, *about)

    @cached_property
    def _once(self) -> Once:
        return Once()


class _Filed(TypedDict):
    movements: list[pl.DataFrame]
    counts: pl.DataFrame
    lot_assays: pl.DataFrame
    site_assays: pl.DataFrame


def parts_of(
    rows: Rows, methods: pl.DataFrame, elements: Sequence[str], sites: pl.Series | None = None
) -> Iterator[tuple[Part, dict[str, pl.DataFrame]]]:
    """The parts of a book of these `rows` (`Accounts.rows`), of some sites or all; with each what `Accounts` keeps of
    it, `balances`, `shared` and `differences`."""
    days = rows_until(rows["movements"], rows["counts"])
    for one in reckon_parts(**rows, elements=elements, sites=sites):
        runs = runs_of(one, methods)
        # σ is that of the runs, which is the same.
        balances = balances_of(one, methods, sigma_mg=sigma_of_runs(one, runs))
        part = Part(
            balances=balances, runs=runs, rounding_mg2=rounding_mg2(runs.differences, days), reckoned=one,
            methods=methods,
        )  # fmt: skip
        differences = runs.differences.drop("matrix", "place")
        yield part, {"balances": balances, "shared": _lower_triangles(part), "differences": differences}


def _lower_triangles(part: Part) -> pl.DataFrame:
    """The lower triangle of each matrix (SHARED), a row for each of its own."""
    runs = part.runs
    if runs.differences.is_empty():
        return pl.DataFrame(schema=dict(SHARED))
    matrix, place = (runs.differences[name].to_numpy() for name in ("matrix", "place"))
    length = place + 1
    row = np.repeat(np.arange(len(place)), length)
    column = np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length)
    values = runs.covariance_mg2[matrix[row], place[row], column]
    lists = pl.DataFrame({"row": row, "covariance_mg2": values}).group_by("row", maintain_order=True).all()
    return runs.differences.with_columns(lists["covariance_mg2"], rounding_mg2=pl.Series(part.rounding_mg2)).select(
        list(SHARED)
    )
