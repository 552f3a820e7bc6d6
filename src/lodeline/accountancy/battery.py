"""One answer from a run of balances: is something missing or too much, when and how much, at one false-alarm rate.

The evidence is the likelihood ratio of "something was taken in some window of periods" against "nothing was", averaged
over the windows: single months, the whole run, all between. So one-month losses, slow ones and the annual difference
are judged together, and no list of tests spends the budget several times. Losses and gains are two sides with one
budget; a run alarms on a side when a clean run would show as much evidence on either side with no more than that
probability.

The null distribution hardly depends on the covariance; where it decides, it is computed for the run's own covariance by
importance sampling from the averaged alternative, of which the evidence is itself the likelihood ratio.
Source: Siegmund, Sequential Analysis (1985), ch. 2 (change of measure); Naiman & Priebe, J. Comput. Graph. Stat. 10
(2001); Burr & Hamada, Stat 3 (2013). Figures: benchmarks/accountancy.py and docs/adr/0013-accountancy.md.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.accountancy.kernels import both_sides, window_scores
from lodeline.accountancy.sequential import PAGE_REFERENCES, page
from lodeline.accountancy.untestable import (
    NO_COUNTS,
    SINGULAR_COVARIANCE,
    UNKNOWN_DIFFERENCE,
    UNKNOWN_UNCERTAINTY,
    ZERO_VARIANCE,
)
from lodeline.tables import table_rows

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

#: Prior weight of a loss in one month, over the whole run, and in any other window; and its size in standard deviations
#: of the best test for that window. Chosen on the reference plants of the benchmark: see the decision record.
WEIGHT_SINGLE: Final = 0.25
WEIGHT_WHOLE: Final = 0.38
SIZE: Final = 3.0
#: A conditional standard deviation below this part of the marginal one is rounding, not evidence.
_DEPENDENT: Final = 1e-5
#: A variance below this part of the largest of its run is that of a measurement without error; and no difference is
#: taken for larger than so many standard deviations, so that absurd figures overflow nowhere.
_EXACT: Final = 1e-12
_FAR: Final = 1e12
#: Probabilities up to this many budgets are computed for the run's own covariance; above, nothing hangs on them.
_NEAR: Final = 2.0
_DRAWS: Final = 5_000
SEED: Final = 20_260_701
#: Windows × runs that are worked on at once: those of a national ledger would not fit into memory.
_CHUNK: Final = 2_000_000
#: Blocks that are worked on at once: what takes the time leaves other threads alone.
_THREADS: Final = 2

_PAGES: Final = tuple(f"page_{round(100 * reference):03d}" for reference in PAGE_REFERENCES)
#: One row for each run and side (`side` +1 missing, −1 gained; statistics and mass point to the side). `reason` is a
#: code of `untestable` or null; `p` is the probability that a clean run shows as much on either side; `first` and
#: `last` are places in the run; `mass` ± `sigma` is what was taken there if it was taken evenly. The rest are single
#: tests: largest window, month, sum from the start, Page statistics, and the sum over the run, in standard deviations.
#: The side with less evidence alarms only with what the window of the other side does not explain: after a month of
#: loss all other months look like gains, if what they have in common is not known.
BATTERY: Final[dict[str, pl.DataType]] = {
    "run": pl.Int64(), "side": pl.Int8(), "reason": pl.String(), "periods": pl.Int64(), "alarm": pl.Boolean(),
    "p": pl.Float64(), "evidence": pl.Float64(), "first": pl.Int64(), "last": pl.Int64(), "mass": pl.Float64(),
    "sigma": pl.Float64(), "glr": pl.Float64(), "single": pl.Float64(), "annual": pl.Float64(), "cumuf": pl.Float64(),
    **dict.fromkeys(_PAGES, pl.Float64()),
}  # fmt: skip


def battery(muf: Floats, covariance: Floats, *, budget: float, size: Indices | None = None) -> pl.DataFrame:
    """Columns BATTERY, two rows for each run, loss before gain; never raises for what was measured, see `untestable`.

    Parameters
    ----------
    muf: (m, n) inventory differences in any unit of mass, > 0 missing.
    covariance: (m, n, n) in the square of that unit, or (n, n) for all runs.
    budget: probability of a false alarm on a clean run, both sides together, 0 < budget < 1.
    size: (m,) how many periods of each run count, from its first; all without it.

    A period without variance and without difference (nothing moved, nothing was weighed) says nothing and is left out.
    """
    assert 0 < budget < 1, "a budget is a probability"
    runs, periods = muf.shape
    shared = covariance.ndim == 2
    stack = np.broadcast_to(covariance, (runs, periods, periods))
    counted = np.arange(periods) < (np.full(runs, periods) if size is None else size)[:, None]
    reason, active = _readiness(muf, stack, counted)
    reason = np.where((reason == "") & ~active.any(axis=1), NO_COUNTS, reason)
    # What is left of a run is pushed together, so that runs of one length are worked on at once.
    order = np.argsort(~active, axis=1, kind="stable")
    length = active.sum(axis=1)
    alike = [np.flatnonzero((reason == "") & (length == count)) for count in np.unique(length[reason == ""])]
    blocks = [
        rows[begin : begin + step]
        for rows in alike
        for step in (max(1, _CHUNK // (int(length[rows[0]]) * (int(length[rows[0]]) + 1))),)
        for begin in range(0, len(rows), step)
    ]

    def tested(rows: Indices) -> pl.DataFrame:
        kept = order[rows, : length[rows[0]]]
        whole = bool((kept == kept[0]).all())
        own = (
            stack[rows] if kept.shape[1] == periods else stack[rows[:, None, None], kept[:, :, None], kept[:, None, :]]
        )
        return _tested(rows, kept, muf[rows[:, None], kept], own, budget=budget, alike=shared and whole)

    with ThreadPoolExecutor(min(_THREADS, max(1, len(blocks)))) as threads:
        parts = list(threads.map(tested, blocks))
    untested = _untestable(np.flatnonzero(reason != ""), reason)
    return pl.concat([untested, *parts]).sort("run", -pl.col("side"))


def windows(periods: int) -> tuple[Indices, Indices]:
    """First and last place of every window of a run, (periods · (periods + 1) / 2,) each."""
    first, last = np.triu_indices(periods)
    return first.astype(np.int64), last.astype(np.int64)


def window_statistics(muf: Floats, covariance: Floats) -> tuple[Floats, Floats, Floats]:
    """For each window w: t = wᵀC⁻¹m / √(wᵀC⁻¹w), the mass taken evenly in it, and its σ; (m, windows) each.

    Parameters: `muf` (m, n), `covariance` (m, n, n), positive definite. t is standard normal on clean runs.
    """
    first, last = windows(muf.shape[1])
    statistic, information = np.empty((len(muf), len(first))), np.empty((len(muf), len(first)))
    window_scores(statistic, information, muf, np.linalg.inv(covariance))
    sigma = (last - first + 1) / np.sqrt(information)
    return statistic, statistic * sigma, sigma


def _products(precision: Floats, first: Indices, last: Indices, other_first: Indices, other_last: Indices) -> Floats:
    """wᵀC⁻¹v of every window w with v, (m, windows); v is the same window, or one for each run as (m, 1)."""
    periods = precision.shape[1]
    area = np.zeros((len(precision), periods + 1, periods + 1))
    area[:, 1:, 1:] = precision.cumsum(axis=1).cumsum(axis=2)
    run = np.arange(len(precision))[:, None]
    product: Floats = (
        area[run, last + 1, other_last + 1]
        - area[run, first, other_last + 1]
        - area[run, last + 1, other_first]
        + area[run, first, other_first]
    )
    return product


def prior(periods: int) -> Floats:
    """The weight of each window, summing to 1."""
    first, last = windows(periods)
    length = last - first + 1
    single, whole = length == 1, length == periods
    other = ~single & ~whole
    weight = WEIGHT_SINGLE * single / single.sum() + WEIGHT_WHOLE * whole
    if other.any():
        weight = weight + (1 - WEIGHT_SINGLE - WEIGHT_WHOLE) * other / other.sum()
    normalised: Floats = weight / weight.sum()
    return normalised


def _readiness(muf: Floats, stack: Floats, counted: Flags) -> tuple[npt.NDArray[np.str_], Flags]:
    """Why a run cannot be tested ("" if it can), and which of its periods say something."""
    variance = np.einsum("rii->ri", stack)
    known = np.isfinite(stack) | ~(counted[:, :, None] & counted[:, None, :])
    exact = ~(variance > _EXACT * np.where(np.isfinite(variance), variance, 0).max(axis=1, initial=0, keepdims=True))
    active = counted & ~(exact & (muf == 0))
    reason = np.zeros(len(muf), dtype="<U32")
    reason[(active & exact).any(axis=1)] = ZERO_VARIANCE
    reason[~known.all(axis=(1, 2))] = UNKNOWN_UNCERTAINTY
    reason[(counted & ~np.isfinite(muf)).any(axis=1)] = UNKNOWN_DIFFERENCE
    return reason, active


def _tested(
    rows: Indices, kept: Indices, muf: Floats, covariance: Floats, *, budget: float, alike: bool
) -> pl.DataFrame:
    """The battery over runs of one length, whose periods `kept` (m, n) all have a variance."""
    largest = np.einsum("rii->ri", covariance).max(axis=1)
    scale, covariance = np.sqrt(largest), covariance / largest[:, None, None]
    muf = np.clip(muf, -_FAR * scale[:, None], _FAR * scale[:, None]) / scale[:, None]
    factor, definite = _factor(covariance)
    reason = np.full(int(rows.max(initial=-1)) + 1, SINGULAR_COVARIANCE)
    dependent = _untestable(rows[~definite], reason)
    rows, kept, scale = rows[definite], kept[definite], scale[definite]
    muf, covariance, factor = muf[definite], covariance[definite], factor[definite]
    if len(rows) == 0:
        return dependent
    first, last = windows(muf.shape[1])
    weight, sides = np.log(prior(muf.shape[1])) - SIZE**2 / 2, (1, -1)
    statistic, mass, sigma = window_statistics(muf, covariance)
    evidence, best = np.empty((2, len(rows))), np.empty((2, len(rows)), np.int64)
    both_sides(evidence, best, statistic, weight, SIZE)
    p = _probabilities(evidence, covariance, budget=budget, alike=alike)
    alarm = p <= budget
    both = np.flatnonzero(alarm.all(axis=0))
    if both.size:
        weaker = evidence[:, both].argmin(axis=0)
        rest = _unexplained(statistic[both], covariance[both], best[1 - weaker, both])
        left = np.empty((2, len(both)))
        both_sides(left, np.empty((2, len(both)), np.int64), rest, weight, SIZE)
        left = left[weaker, np.arange(len(both))][None]
        alarm[weaker, both] = _probabilities(left, covariance[both], budget=budget, alike=alike)[0] <= budget
    independent = np.linalg.solve(factor, muf[..., None])[..., 0].astype(np.float64, copy=False)
    at = np.arange(len(rows))
    parts = [dependent]
    for place, side in enumerate(sides):
        window = best[place]
        parts.append(
            pl.DataFrame(
                {
                    "run": rows,
                    "side": side,
                    "reason": None,
                    "periods": muf.shape[1],
                    "alarm": alarm[place],
                    "p": p[place],
                    "evidence": evidence[place],
                    "first": kept[at, first[window]],
                    "last": kept[at, last[window]],
                    "mass": side * mass[at, window] * scale,
                    "sigma": sigma[at, window] * scale,
                    **_single_tests(side * muf, covariance, side * statistic),
                    **{
                        name: page(side * independent, reference)
                        for name, reference in zip(_PAGES, PAGE_REFERENCES, strict=True)
                    },
                },
                schema=BATTERY,
            )
        )
    return pl.concat(parts)


def _unexplained(statistic: Floats, covariance: Floats, leading: Indices) -> Floats:
    """The statistics of all windows when a loss of any size in the window `leading` (m,) of each run is allowed for."""
    first, last = windows(covariance.shape[1])
    precision = np.linalg.inv(covariance).astype(np.float64, copy=False)
    row, lead = np.arange(len(leading)), leading[:, None]
    information = _products(precision, first, last, first, last)
    likeness = _products(precision, first, last, first[lead], last[lead])
    likeness /= np.sqrt(information * information[row, leading][:, None])
    rest = 1 - likeness**2
    same = rest < 1e-9
    left: Floats = (statistic - likeness * statistic[row, leading][:, None]) / np.sqrt(np.where(same, 1.0, rest))
    return np.where(same, 0.0, left)


def _single_tests(muf: Floats, covariance: Floats, statistic: Floats) -> dict[str, Floats]:
    """The tests that each know one pattern, largest value of each run."""
    variance = np.einsum("rii->ri", covariance)
    # Of the sum of the first i + 1 periods: that of one period less, and what this one has to itself and with those.
    running = (2 * np.tril(covariance).sum(axis=2) - variance).cumsum(axis=1)
    sums = muf.cumsum(axis=1) / np.sqrt(np.maximum(running, np.finfo(np.float64).tiny))
    return {
        "glr": statistic.max(axis=1),
        "single": (muf / np.sqrt(variance)).max(axis=1),
        "annual": sums[:, -1],
        "cumuf": sums.max(axis=1),
    }


def _factor(covariance: Floats) -> tuple[Floats, Flags]:
    """Lower factors, and which covariances are positive definite beyond rounding."""
    deviation = np.sqrt(np.einsum("rii->ri", covariance))
    correlation = covariance / (deviation[:, :, None] * deviation[:, None, :])
    try:
        factor = np.linalg.cholesky(correlation)
    except np.linalg.LinAlgError:
        # One that fails fails the stack: they are taken one by one.
        factor = np.zeros_like(correlation)
        for row, one in enumerate(correlation):
            try:
                factor[row] = np.linalg.cholesky(one)
            except np.linalg.LinAlgError:
                continue
    definite: Flags = np.einsum("rii->ri", factor).min(axis=1) > _DEPENDENT
    return factor * deviation[:, :, None], definite


def _probabilities(evidence: Floats, covariance: Floats, *, budget: float, alike: bool) -> Floats:
    """P of a clean run's evidence on either side, (2, m) like the evidence."""
    periods = covariance.shape[1]
    if alike:
        return _tail(evidence, *null_distribution(covariance[0], 16 * _DRAWS))
    if periods > max(_THRESHOLDS):
        p = _tail(evidence, *null_distribution(np.eye(periods), 16 * _DRAWS))
    else:
        p = _independent_tail(evidence, periods)
    for row in np.flatnonzero((p <= _NEAR * budget).any(axis=0)):
        p[:, row] = _tail(evidence[:, row], *null_distribution(covariance[row], _DRAWS))
    return p


def _tail(evidence: Floats, drawn: Floats, tail: Floats) -> Floats:
    """P(evidence or more); `drawn` falls and `tail` rises with it."""
    above = np.searchsorted(-drawn, -evidence, side="right")
    # Beyond every draw it falls at least as the inverse of the evidence (Markov), from where the draws end.
    beyond = tail[0] * np.exp(np.minimum(drawn[0] - evidence, 0.0))
    result: Floats = np.clip(np.where(above == 0, beyond, tail[np.maximum(above - 1, 0)]), 0.0, 1.0)
    return result


def null_distribution(covariance: Floats, draws: int) -> tuple[Floats, Floats]:
    """Evidence of drawn runs, falling, and the probability of as much on a clean run.

    Half of the draws are clean, half hold a loss or a gain in a window of the prior, so both ends are drawn
    often; each is weighted with how much more often it would be drawn clean.
    """
    periods = len(covariance)
    first, last = windows(periods)
    place = np.arange(periods)
    inside = ((place >= first[:, None]) & (place <= last[:, None])).astype(np.float64)
    directions = np.linalg.solve(np.linalg.cholesky(covariance), inside.T).T
    directions = (directions / np.linalg.norm(directions, axis=1, keepdims=True)).astype(np.float32)
    weight = prior(periods).astype(np.float32)
    evidence, clean = np.empty(draws), np.empty(draws)
    block = max(1, 4_000_000 // len(weight))
    for begin in range(0, draws, block):
        noise, window, side = _drawn(periods, draws, begin, min(begin + block, draws))
        run = noise + np.float32(SIZE) * side[:, None] * directions[window]
        ratio = np.exp(np.float32(SIZE) * (run @ directions.T) - np.float32(SIZE**2 / 2))
        loss = ratio @ weight
        gain = (np.float32(np.exp(-(SIZE**2))) / ratio) @ weight
        evidence[begin : begin + block] = np.log(np.maximum(loss, gain))
        clean[begin : begin + block] = 1 / (0.5 + 0.25 * (loss.astype(np.float64) + gain))
    order = np.argsort(-evidence, kind="stable")
    return evidence[order], np.cumsum(clean[order]) / draws


def _drawn(periods: int, draws: int, begin: int, end: int) -> tuple[Singles, Indices, Singles]:
    noise, window, side = _all_drawn(periods, draws)
    return noise[begin:end], window[begin:end], side[begin:end]


@lru_cache(maxsize=8)
def _all_drawn(periods: int, draws: int) -> tuple[Singles, Indices, Singles]:
    """The same draws for every covariance of a size: noise, window and side (0 for a clean run)."""
    random = np.random.default_rng([SEED, periods, draws])
    noise = random.standard_normal((draws, periods), dtype=np.float32)
    # Every window is drawn as often as its weight says, with a loss, with a gain and clean in turn.
    share = np.cumsum(prior(periods))
    window = np.searchsorted(share[:-1], (np.arange(draws) + 0.5) / draws).astype(np.int64)
    return noise, window, np.resize(np.array([-1, 0, 1, 0], np.float32), draws)


def _independent_tail(evidence: Floats, periods: int) -> Floats:
    """P of the evidence when periods are independent, from the reference table, by interpolation in logarithms."""
    threshold, budget = _THRESHOLDS[periods]
    p = np.exp(np.interp(evidence, threshold, np.log(budget)))
    p = np.where(evidence < threshold[0], 1.0, p)
    return np.where(evidence > threshold[-1], budget[-1] * np.exp(threshold[-1] - evidence), p)


def _untestable(rows: Indices, reason: npt.NDArray[np.str_]) -> pl.DataFrame:
    frame = pl.DataFrame({"run": np.repeat(rows, 2)}, schema={"run": pl.Int64()}).with_columns(
        side=pl.Series(np.tile(np.array([1, -1], np.int8), len(rows)), dtype=pl.Int8),
        reason=pl.Series(np.repeat(reason[rows], 2).tolist(), dtype=pl.String),
        alarm=pl.lit(False),
    )
    return frame.select(
        pl.col(name) if name in frame.columns else pl.lit(None, kind).alias(name) for name, kind in BATTERY.items()
    )


def _load_thresholds() -> dict[int, tuple[Floats, Floats]]:
    table: dict[int, list[tuple[float, float]]] = {}
    for row in table_rows("reference/battery_thresholds.csv"):
        if row["test"] == "battery":
            table.setdefault(int(row["periods"]), []).append((float(row["threshold"]), float(row["budget"])))
    return {periods: (np.array(sorted(rows))[:, 0], np.array(sorted(rows))[:, 1]) for periods, rows in table.items()}


_THRESHOLDS: Final = _load_thresholds()
