"""Which counts of which sites raise an alarm, on which element, side and window; each site-year has one budget a side.

A site is watched on the total of its rare earths and on each of them (`accountancy.watch`). The total has most of the
budget, because it is assayed best; the elements share the rest, for what hides in a total that closes. What a count may
spend is its part of the year. A balance over a month that the site's firm never filed says nothing and is left out; one
with lots that nobody assayed, or whose assay does not state the element, is taken at its most innocent
(`accountancy.unassayed`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from math import exp, log1p
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.accountancy.covariance import BalanceRuns
from lodeline.accountancy.unassayed import bounds, most_innocent
from lodeline.accountancy.unfiled import over_unfiled
from lodeline.accountancy.watch import Sighting, candidates, look, share_of_year
from lodeline.detection.alarm import FALSE_FINDINGS_PER_SITE_YEAR
from lodeline.material.element import TREO

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

#: The part of a site's budget that its total has, where it has other elements beside it; an assumption.
SHARE_OF_TOTAL: Final = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One element of a site at one count. The window runs from the count `since` to the count `until` and was found at
    `found_on`; `mass_mg` ± `sigma_mg` is what its balances leave open in all, > 0 towards the side; `score` is 1 − p
    over a clean site-year; `budget` is the probability that the count could spend."""

    organisation: str
    site: str
    element: str
    since: date
    until: date
    found_on: date
    mass_mg: int
    sigma_mg: float
    sighting: Sighting
    budget: float
    score: float


def alarms(
    runs: BalanceRuns,
    status: pl.DataFrame,
    traces: pl.DataFrame,
    unassayed: pl.DataFrame | None = None,
    unreported: Callable[[pl.DataFrame], tuple[Floats, Floats]] | None = None,
) -> list[Alarm]:
    """All alarms of both sides, by site and count.

    Parameters: `runs` of rare earths and their total, a matrix for each site and element; `status` (`organisation`,
    `period`, `state`) as `service.filing.status.filing_status` gives it, of which only what is missing is looked at;
    `traces` (`site`, `element`) is not tested; `unassayed` are the lots without a composition of each balance
    (accountancy.unassayed.UNASSAYED); `unreported` gives by how much balances of elements may differ for want of a
    figure (accountancy.unassayed.unreported), and is asked of the sites that would alarm.
    """
    if not len(runs.size):
        return []
    table = _table(runs, status, traces)
    since, until = (_filled(runs, table[name].to_numpy()).astype(np.int64) for name in ("since_day", "until_day"))
    share = _filled(runs, table["share"].to_numpy())
    muf = runs.muf_mg.copy()
    if unassayed is not None and unassayed.height:
        _take_innocent(muf, table, *bounds(unassayed, table).to_numpy().T.astype(np.float64))
    untested = table.filter("untested")
    muf[untested["matrix"].to_numpy(), untested["place"].to_numpy()] = np.nan
    budget = np.asarray(_budget(share))
    loss, gain = candidates(muf, runs.covariance_mg2, runs.size, since, until, budget=budget)
    wanted = np.flatnonzero((loss | gain).any(axis=1))
    sites = table.filter(pl.col("matrix").is_in(wanted))["site"].unique()
    chosen = table.filter(pl.col("site").is_in(sites.implode())).sort("site", "until", "matrix")
    innocent = muf.copy()
    if unreported is not None:
        _take_innocent(innocent, chosen, *unreported(chosen))
    watch = _Watch(
        muf=muf, innocent=innocent, covariance=runs.covariance_mg2, since=since, until=until, budget=budget,
        share=share, candidate=loss | gain,
    )  # fmt: skip
    return [one for _, rows in chosen.group_by("site", maintain_order=True) for one in _watched(rows, watch)]


def _take_innocent(muf: Floats, table: pl.DataFrame, low: Floats, high: Floats) -> None:
    """Puts the most innocent difference that the bounds allow in the place of each row of the table."""
    at = table["matrix"].to_numpy(), table["place"].to_numpy()
    muf[at] = most_innocent(muf[at], table["sigma_mg"].to_numpy(), low, high)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watch:
    """All runs, (m, n) each but the covariance, which is (m, n, n). What is `innocent` raises no alarm; an alarm
    speaks of `muf`, as the books have it."""

    muf: Floats
    innocent: Floats
    covariance: Floats
    since: Indices
    until: Indices
    budget: Floats
    share: Floats
    candidate: npt.NDArray[np.bool_]

    def sum_mg(self, run: int, seen: Sighting) -> float:
        """What the balances of a window come to."""
        return float(np.nansum(self.muf[run, seen.first : seen.last + 1]))

    def sigma_mg(self, run: int, seen: Sighting) -> float:
        """σ of that sum."""
        window = slice(seen.first, seen.last + 1)
        known = np.isfinite(self.muf[run, window])
        return float(np.sqrt(known @ self.covariance[run, window, window] @ known))


def _watched(rows: pl.DataFrame, watch: _Watch) -> Iterator[Alarm]:
    """One site, count by count; after an alarm the watch begins anew on all of its elements."""
    begun = -(10**9)
    for (day,), at_count in rows.group_by("until_day", maintain_order=True):
        alarmed = False
        for row in at_count.iter_rows(named=True):
            run, place = row["matrix"], row["place"]
            if begun < 0 and not watch.candidate[run, place]:
                continue
            after = int(np.searchsorted(watch.until[run, : place + 1], begun, side="right")) - 1
            at = {"after": after, "count": place, "budget": float(watch.budget[run, place])}
            about = watch.covariance[run], watch.since[run], watch.until[run]
            sightings = look(watch.muf[run], *about, **at)
            sides = {one.side for one in look(watch.innocent[run], *about, **at)} if sightings else set()
            for one in (each for each in sightings if each.side in sides):
                alarmed = True
                yield Alarm(
                    organisation=row["organisation"], site=row["site"], element=row["element"],
                    since=_day(watch.since[run, one.first]), until=_day(watch.until[run, one.last]),
                    found_on=row["until"], mass_mg=round(one.side * watch.sum_mg(run, one)),
                    sigma_mg=watch.sigma_mg(run, one), sighting=one, budget=float(watch.budget[run, place]),
                    score=_score(one.p, float(watch.share[run, place])),
                )  # fmt: skip
        if alarmed:
            assert isinstance(day, int), "a day is a number here"
            begun = day


def _table(runs: BalanceRuns, status: pl.DataFrame, traces: pl.DataFrame) -> pl.DataFrame:
    """The differences with day numbers, `untested`, and `share`: the part of a year's budget that the count may
    spend."""
    table = runs.differences.join(
        traces.select("site", "element", trace=pl.lit(True)), on=["site", "element"], how="left", maintain_order="left"
    ).with_columns(pl.col("trace").fill_null(False))
    counts = ["site", "until"]
    tested = (pl.col("sigma_mg") > 0) & ~pl.col("trace")
    others = (tested & (pl.col("element") != TREO)).sum().over(counts)
    total = (tested & (pl.col("element") == TREO)).any().over(counts)
    weight = (
        pl.when((pl.col("element") == TREO) & (others > 0)).then(pl.lit(SHARE_OF_TOTAL))
        .when(pl.col("element") == TREO).then(pl.lit(1.0))
        .otherwise((1 - SHARE_OF_TOTAL * total) / others.clip(lower_bound=1))
    )  # fmt: skip
    days = (runs.differences["until"] - runs.differences["since"]).dt.total_days().to_numpy()
    return table.with_columns(
        untested=pl.col("trace") | over_unfiled(table, status),
        since_day=pl.col("since").to_physical().cast(pl.Int64),
        until_day=pl.col("until").to_physical().cast(pl.Int64),
        share=weight * pl.Series(share_of_year(days)),
    )


def _filled(runs: BalanceRuns, values: npt.NDArray[Any]) -> Floats:
    """Values of the differences at their matrix and place, (m, n)."""
    result = np.zeros(runs.muf_mg.shape)
    result[runs.differences["matrix"].to_numpy(), runs.differences["place"].to_numpy()] = values
    return result


def _budget(share: Floats) -> Floats:
    budget: Floats = -np.expm1(share * log1p(-FALSE_FINDINGS_PER_SITE_YEAR))
    return budget


def _score(p: float, share: float) -> float:
    """1 − p over a clean year: a count that spends a part of the year's budget is one of so many."""
    return 0.0 if p >= 1 else exp(log1p(-p) / share)


def _day(number: np.int64) -> date:
    return date.fromordinal(int(number) + date(1970, 1, 1).toordinal())
