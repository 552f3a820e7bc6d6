"""What a run of balances of one site says: tested as a whole, on both sides, and how much any test could see at all.

Everything here is recomputed from the snapshot; nothing alarms: that a difference is a question, only a finding says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from math import log, sqrt
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.accountancy.accounts import Accounts, Rows
from lodeline.accountancy.balance import Reckoning, reckon
from lodeline.accountancy.battery import battery
from lodeline.accountancy.covariance import balance_runs, runs_of, window_of_elements
from lodeline.accountancy.distribution import normal_quantile
from lodeline.accountancy.sequential import PAGE_REFERENCES, ceiling, page_tail, sitmuf
from lodeline.accountancy.signature import Identification, identify
from lodeline.accountancy.unassayed import bounds, most_innocent, unassayed
from lodeline.accountancy.uncertainty import error_terms
from lodeline.accountancy.unfiled import over_unfiled
from lodeline.accountancy.untestable import NO_COUNTS, UNASSAYED_LOTS, UNFILED_MONTHS
from lodeline.detection.alarm import FALSE_FINDINGS_PER_SITE_YEAR
from lodeline.material.element import RARE_EARTHS

Floats = npt.NDArray[np.float64]

#: A run has at most so many months, the newest: what is older says little of a scale that was recalibrated since.
MONTHS_MOST: Final = 36
#: Page's test that is drawn: for what lasts some months.
PAGE_DRAWN: Final = 0.5
#: Detection probabilities for which the least mass is given.
POWERS: Final = (0.5, 0.95)
_LENGTHS: Final = (1, 3, 6, 12)
_EXACT: Final = 1e-18
_DAYS_PER_YEAR: Final = 365.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of a run. `p`: how often a clean run shows as much on either side.

    `since` to `until` is the window that shows it best, `mass_mg` ± `sigma_mg` what was taken there, if evenly.
    `single`, `annual` and `page` (by reference value) are single tests, in standard deviations; `levels` Page's
    statistic after each balance, for PAGE_DRAWN.
    """

    side: int
    alarm: bool
    p: float
    since: date
    until: date
    balances: int
    mass_mg: float
    sigma_mg: float
    single: float
    annual: float
    page: dict[float, float]
    levels: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionPower:
    """How much the best possible test could see of a loss spread evenly over the newest `balances` of the run.

    `least_mg`: the mass that it finds with each of POWERS; `of_one_month`: the probability with which it finds, spread
    so, the mass that it finds nearly always in one balance.
    """

    balances: int
    since: date
    until: date
    least_mg: tuple[float, ...]
    of_one_month: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The balances of one element at one site between counts, oldest first.

    `reason`: a code of accountancy.untestable where nothing can be tested; all that follows is empty then.
    `balances`: `since`, `until`, `muf_mg`, `sigma_mg`, `sum_mg` and `sum_sigma_mg` (CUMUF and its own σ) of those that
    are `active`: something moved or was weighed, its assays say enough, and its months are filed. `budget`: the
    probability of a false alarm in the run, both sides together; `limits`: where each single test would alarm with
    half of it. `sources`: what σ of the whole run is made of: `quantity`, `method`, `laboratory`, `random_mg`,
    `systematic_mg`, the largest first.
    """

    reason: str | None
    balances: pl.DataFrame
    budget: float = 0.0
    sides: tuple[Side, ...] = ()
    limits: dict[str, float] | None = None
    detection_powers: tuple[DetectionPower, ...] = ()
    sources: pl.DataFrame | None = None
    signature: Identification | None = None
    elements: tuple[str, ...] = ()

    @property
    def leading(self) -> Side | None:
        """The side with more evidence."""
        return min(self.sides, key=lambda side: side.p, default=None)

    @property
    def systematic_share(self) -> float:
        """The part of the variance of the whole run's sum that calibrations make."""
        if self.sources is None or not self.sources.height:
            return 0.0
        random, systematic = (float((self.sources[f"{kind}_mg"] ** 2).sum()) for kind in ("random", "systematic"))
        return systematic / ((random + systematic) or 1.0)


def run_of(
    book: Accounts, status: pl.DataFrame, *, site: str, element: str, first: str, last: str,
    organisation: str | None = None,
) -> Run:  # fmt: skip
    """The balances of an element at a site that end in the months `first` to `last`; of many the newest MONTHS_MOST.

    `status`: which months are filed (`service.filing.status.filing_status`); a balance over one that is not says
    nothing. `organisation`: those of its time as holder; without it, of a site that changed hands, of the newest
    holder. Never raises for what was measured.
    """
    first = max(first, _months_before(last, MONTHS_MOST - 1))
    asked: dict[str, Any] = {
        "sites": [site], "first_period": first, "last_period": last,
        "organisations": None if organisation is None else [organisation],
    }  # fmt: skip
    rows, methods = book.rows_of(pl.Series([site])), book.methods
    reckoned = reckon(**rows, **asked, elements=[element])
    runs = runs_of(reckoned, methods)
    if reckoned is None or not len(runs.size):
        return Run(reason=NO_COUNTS, balances=pl.DataFrame())
    # A site that changed hands has a run of each holder: the newest.
    size = int(runs.size[-1])
    muf, covariance = runs.muf_mg[-1, :size], runs.covariance_mg2[-1, :size, :size]
    variance = np.diag(covariance)
    active = ~((variance <= _EXACT * variance.max(initial=0)) & (muf == 0))
    differences = runs.differences.filter(pl.col("matrix") == len(runs.size) - 1)
    # What nobody assayed is taken at its most innocent, as detectors do; a balance that says nothing then is left out.
    low, high = bounds(unassayed(differences, book.unassayed_acts), differences).to_numpy().T.astype(np.float64)
    innocent = most_innocent(muf, np.sqrt(variance), low, high)
    unfiled = over_unfiled(differences, status).to_numpy()
    active &= ~np.isnan(innocent) & ~unfiled
    if not active.any() and (unfiled.any() or np.isnan(innocent).any()):
        return Run(reason=UNFILED_MONTHS if unfiled.any() else UNASSAYED_LOTS, balances=pl.DataFrame())
    summed = np.outer(active, active) * covariance
    balances = differences.select(
        "since", "until", "muf_mg", "sigma_mg",
        sum_mg=(pl.col("muf_mg") * pl.Series(active)).cum_sum(),
        sum_sigma_mg=pl.Series(np.sqrt(np.maximum(np.diag(summed.cumsum(axis=0).cumsum(axis=1)), 0))),
        active=pl.Series(active),
    )  # fmt: skip
    budget = _budget(balances)
    muf = np.where(active, innocent, muf)
    table = battery(muf[None, active], covariance[np.ix_(active, active)][None], budget=budget)
    reason = table["reason"][0]
    if reason is not None:
        return Run(reason=str(reason), balances=balances)
    tested, muf, covariance = balances.filter("active"), muf[active], covariance[np.ix_(active, active)]
    sides = _sides(table, tested, muf, covariance)
    elements, signature = _signature(rows, methods, asked, min(sides, key=lambda side: side.p))
    return Run(
        reason=None,
        balances=balances,
        budget=budget,
        sides=sides,
        limits=_limits(budget / 2, len(muf)),
        detection_powers=_detection_powers(tested, covariance, budget / 2),
        sources=_sources(reckoned, methods),
        signature=signature,
        elements=elements,
    )


def _months_before(month: str, count: int) -> str:
    number = int(month[:4]) * 12 + int(month[5:]) - 1 - count
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def _budget(balances: pl.DataFrame) -> float:
    """What a detector may spend on each side in the time of the run; never more than one alarm in twenty runs."""
    days: int = (balances["until"][-1] - balances["since"][0]).days
    return min(0.05, 2 * FALSE_FINDINGS_PER_SITE_YEAR * max(days, 1) / _DAYS_PER_YEAR)


def _sides(table: pl.DataFrame, tested: pl.DataFrame, muf: Floats, covariance: Floats) -> tuple[Side, ...]:
    independent = sitmuf(muf[None], covariance)[0]
    return tuple(
        Side(
            side=row["side"],
            alarm=row["alarm"],
            p=row["p"],
            since=tested["since"][row["first"]],
            until=tested["until"][row["last"]],
            balances=row["last"] - row["first"] + 1,
            mass_mg=row["mass"],
            sigma_mg=row["sigma"],
            single=row["single"],
            annual=row["annual"],
            page={reference: row[f"page_{round(100 * reference):03d}"] for reference in PAGE_REFERENCES},
            levels=_levels(row["side"] * independent, PAGE_DRAWN),
        )
        for row in table.iter_rows(named=True)
    )


def _levels(independent: Floats, reference: float) -> tuple[float, ...]:
    levels, level = [], 0.0
    for one in independent:
        level = max(0.0, level + float(one) - reference)
        levels.append(level)
    return tuple(levels)


def _limits(budget: float, periods: int) -> dict[str, float]:
    """Where each single test alarms on one side with the probability `budget` in a clean run, were it the only one."""
    return {
        "single": normal_quantile((1 - budget) ** (1 / periods)),
        "annual": normal_quantile(1 - budget),
        **{
            f"page-{reference:g}": _page_limit(float(f"{budget:.2g}"), reference, periods)
            for reference in PAGE_REFERENCES
        },
    }


@lru_cache(maxsize=512)
def _page_limit(budget: float, reference: float, periods: int) -> float:
    """What a clean run exceeds on one side with probability `budget`, to a hundredth.

    A few steps are enough: the logarithm of the tail is nearly a straight line.
    """

    def beyond(limit: float) -> float:
        return log(max(page_tail(limit, reference=reference, periods=periods), 1e-12) / budget)

    before, limit = 1.5, 2.0
    at_before, at_limit = beyond(before), beyond(limit)
    for _ in range(20):
        step = at_limit * (limit - before) / (at_before - at_limit)
        before, at_before = limit, at_limit
        limit = max(limit + min(max(step, -1.0), 1.0), 0.05)
        if abs(limit - before) < 0.002:
            break
        at_limit = beyond(limit)
    return limit


def _detection_powers(tested: pl.DataFrame, covariance: Floats, budget: float) -> tuple[DetectionPower, ...]:
    periods = len(covariance)
    beyond = normal_quantile(1 - budget)
    precision = np.linalg.inv(covariance)
    powers: list[DetectionPower] = []
    for length in sorted({one for one in (*_LENGTHS, periods) if one <= periods}):
        pattern = np.zeros(periods)
        pattern[-length:] = 1 / length
        sharpness = sqrt(float(pattern @ precision @ pattern))
        least = tuple((beyond + normal_quantile(power)) / sharpness for power in POWERS)
        in_one = powers[0].least_mg[-1] if powers else least[-1]
        powers.append(
            DetectionPower(
                balances=length,
                since=tested["since"][periods - length],
                until=tested["until"][-1],
                least_mg=least,
                of_one_month=ceiling(pattern, in_one, covariance, budget),
            )
        )
    return tuple(powers)


def _signature(
    rows: Rows, methods: pl.DataFrame, asked: dict[str, Any], side: Side
) -> tuple[tuple[str, ...], Identification | None]:
    """Which material the differences of all rare earths in the window of a side look like, and which were tested."""
    runs = balance_runs(**rows, methods=methods, **asked, elements=RARE_EARTHS, along="both")
    if not len(runs.size):
        return (), None
    size = int(runs.size[-1])
    cells = runs.differences.filter(pl.col("matrix") == len(runs.size) - 1)
    elements = tuple(cells["element"].unique(maintain_order=True))
    ends = cells["until"].unique(maintain_order=True).to_list()
    begins = cells["since"].unique(maintain_order=True).to_list()
    if side.since not in begins or side.until not in ends:
        return (), None
    window = slice(begins.index(side.since), ends.index(side.until) + 1)
    muf, covariance = window_of_elements(
        runs.muf_mg[-1, :size], runs.covariance_mg2[-1, :size, :size], periods=window, elements=len(elements)
    )
    variance = np.diag(covariance)
    known = ~((variance <= _EXACT * variance.max(initial=0)) & (muf == 0))
    elements = tuple(one for one, kept in zip(elements, known, strict=True) if kept)
    return elements, identify(muf[known], covariance[np.ix_(known, known)], elements, side=side.side)


def _sources(reckoned: Reckoning, methods: pl.DataFrame) -> pl.DataFrame:
    """What σ of the sum of all balances is made of; what enters two of them with opposite signs is gone."""
    who = ["laboratory", "method_id"]
    parts = []
    terms_of = error_terms(batches=reckoned.batches, assays=reckoned.assays, methods=methods)
    for quantity, terms in terms_of.items():
        acts = terms.group_by(*who, "act").agg(pl.col("signed_mg").sum(), pl.col("random").first())
        shared = terms.group_by(who).agg(pl.col("signed_mg").sum(), pl.col("systematic").first())
        random = acts.group_by(who).agg(random_mg=((pl.col("signed_mg") * pl.col("random")) ** 2).sum().sqrt())
        parts.append(
            shared.join(random, on=who, nulls_equal=True).select(
                pl.lit(quantity).alias("quantity"), pl.col("method_id").alias("method"), "laboratory", "random_mg",
                systematic_mg=(pl.col("signed_mg") * pl.col("systematic")).abs(),
            )
        )  # fmt: skip
    largest = -(pl.col("random_mg") ** 2 + pl.col("systematic_mg") ** 2)
    return pl.concat(parts).sort(largest, "quantity", "method", "laboratory", nulls_last=True)
