"""How likely chance alone is to do what was seen; every score of a detector is one minus such a probability.

Tests that are made together share one budget (Šidák), so that looking at more places, months or elements does not
raise the number of needless questions. Spreads are taken from the middle of what is seen (median, median deviation),
so that the few who do something else do not set the measure for the many.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from lodeline.accountancy.distribution import normal_tail

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Median absolute deviation to standard deviation, for a normal law.
MAD_TO_SIGMA: Final = 1.4826
#: Runs of neighbouring months overlap: n months have about so many times n that are tests of their own. Simulated with
#: 20 000 clean series of 12 to 36 months, independent and with a shared error (`strongest_runs`): a history of n months
#: alarms no more often than n / 12 years of budget allow.
RUNS_PER_MONTH: Final = 4.0
#: One of so many, the one with most hits, is not asked what is usual.
_HIGHEST: Final = 8
#: Floor of a probability: no null is known to hold further out than this.
LEAST_P: Final = 1e-12


def upper_tail(z: float) -> float:
    """P(N(0, 1) ≥ z)."""
    return math.erfc(z / math.sqrt(2)) / 2


@lru_cache(maxsize=100_000)
def binomial_tail(hits: int, trials: int, chance: float) -> float:
    """P(X ≥ hits) for X binomial; 1 for no hit, 0 < chance < 1."""
    assert 0 < chance < 1, "a chance lies between never and always"
    if hits <= 0:
        return 1.0
    log_p, log_q = math.log(chance), math.log1p(-chance)
    terms = (
        math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1) + k * log_p + (trials - k) * log_q
        for k in range(hits, trials + 1)
    )
    return min(1.0, math.fsum(math.exp(term) for term in terms))


def usual_rate(counts: Iterable[tuple[int, int]]) -> float:
    """What all others do, as hits of so many each: pooled, without the eighth of them that has most hits.

    What many do now and then counts, what a few do all the time does not.
    """
    ranked = sorted((hits, trials) for hits, trials in counts if trials)
    kept = ranked[: len(ranked) - len(ranked) // _HIGHEST]
    return sum(hits for hits, _ in kept) / sum(trials for _, trials in kept) if kept else 0.0


def hypergeometric_tail(hits: int, items: int, drawn: int, marked: int) -> float:
    """P(X ≥ hits) of `marked` among `items`, when `drawn` of these are taken in any order."""

    def ways(of: int, take: int) -> float:
        return math.lgamma(of + 1) - math.lgamma(take + 1) - math.lgamma(of - take + 1)

    highest, lowest = min(drawn, marked), max(0, drawn + marked - items)
    terms = (
        math.exp(ways(marked, k) + ways(items - marked, drawn - k) - ways(items, drawn))
        for k in range(max(hits, lowest), highest + 1)
    )
    return min(1.0, math.fsum(terms))


def runs_tail(runs: int, items: int, marked: int) -> float:
    """P(no more than so many runs of `marked` items in a row of `items`), when any of these may be marked.

    Source: Wald and Wolfowitz (1940), On a Test Whether Two Samples are from the Same Population.
    """
    ways = (math.comb(marked - 1, k - 1) * math.comb(items - marked + 1, k) for k in range(1, runs + 1))
    return sum(ways) / math.comb(items, marked) if marked else 1.0


def closeness_tail(distance: float, division: float, number: int) -> float:
    """P(`number` ≥ 2 standard normal numbers, rounded to a grid of `division` > 0, lie no further apart than that).

    Unrounded they lie within r of each other with n∫φ(x)(Φ(x+r)−Φ(x))ⁿ⁻¹dx; where the grid begins is chance, so what is
    wanted is the mean of that over r from `distance` to a division more.
    """
    x = np.linspace(-8, 8, 321)[:, None]
    r = distance + division * (np.arange(16)[None, :] + 0.5) / 16
    within = (normal_tail(x) - normal_tail(x + r)) ** (number - 1)
    density = np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    return float(np.mean(number * np.trapezoid(density * within, x, axis=0)))


def least_closeness(distance: float, division: float, number: int) -> float:
    """No more than `closeness_tail`: that all lie in an interval of `distance` about 0, or, in half of the grids, of
    half a division more."""
    within, wider = (math.erf(r / 2 / math.sqrt(2)) ** number for r in (distance, distance + division / 2))
    return max(within, wider / 2)


def product_tail(probabilities: Sequence[float]) -> float:
    """P(the product of as many independent uniform numbers ≤ that of these): Fisher's way of taking tests together."""
    logs = math.fsum(math.log(max(p, LEAST_P)) for p in probabilities)
    terms = (math.exp(logs + k * math.log(-logs) - math.lgamma(k + 1)) for k in range(len(probabilities)))
    return min(1.0, math.fsum(terms)) if logs < 0 else 1.0


def score_of(p: float, *, tests: float) -> float:
    """1 − p after so many tests made together: how likely none of them shows as much by chance."""
    assert tests >= 1, "what was found was tested"
    return math.exp(tests * math.log1p(-min(max(p, LEAST_P), 1 - LEAST_P)))


def robust_spread(numbers: Floats) -> tuple[float, float]:
    """Median and robust standard deviation of (n,) numbers, n ≥ 1."""
    middle = median(numbers)
    return middle, median(np.abs(numbers - middle)) * MAD_TO_SIGMA


def median(numbers: Floats) -> float:
    """That of (n,) numbers, n ≥ 1, none of them NaN: of a few numbers, ten times as fast as NumPy's own."""
    ordered, half = np.sort(numbers), len(numbers) // 2
    return float(ordered[half] if len(numbers) % 2 else (ordered[half - 1] + ordered[half]) / 2)


def medians(numbers: Floats) -> Floats:
    """`median` of each row of (k, n) numbers."""
    ordered, half = np.sort(numbers, axis=1), numbers.shape[1] // 2
    middle: Floats = ordered[:, half] if numbers.shape[1] % 2 else (ordered[:, half - 1] + ordered[:, half]) / 2
    return middle


def strongest_run(deviations: Floats, covariance: Floats) -> tuple[float, int, int]:
    """The run of neighbouring months whose common shift is furthest above 0: (z, first, last), z of variance 1.

    `deviations` (n,) and their `covariance` (n, n) without a shift, regular. The months outside the run say how the
    series lies when nothing is wrong, so z = wᵀC⁻¹y / √(wᵀC⁻¹w) for w = 1 in the run: no test of a known run has more
    power.
    Source: Neyman–Pearson lemma for a normal law of known covariance.
    """
    return strongest_each_way(deviations, covariance)[0]


def strongest_each_way(deviations: Floats, covariance: Floats) -> tuple[tuple[float, int, int], tuple[float, int, int]]:
    """`strongest_run` of the deviations, and of what they are below 0."""
    inverse = np.linalg.inv(covariance)
    pulls = np.concatenate([[0.0], np.cumsum(inverse @ deviations)])
    # Sums over every square along the diagonal, from one table of sums.
    table = np.zeros((len(deviations) + 1, len(deviations) + 1))
    table[1:, 1:] = np.cumsum(np.cumsum(inverse, axis=0), axis=1)
    corner = np.diagonal(table)
    weight = corner[None, :] - table - table.T + corner[:, None]
    may_be = np.triu(weight > 0, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (pulls[None, :] - pulls[:, None]) / np.sqrt(weight)
    up, down = (_highest(np.where(may_be, one, -np.inf)) for one in (z, -z))
    return up, down


def _highest(z: Floats) -> tuple[float, int, int]:
    first, after = divmod(int(np.argmax(z)), len(z))
    return float(z[first, after]), first, after - 1


def strongest_runs(
    pulls: Floats, weights: Floats, *, shared: Floats, counts: Floats, least: float = 0
) -> tuple[Floats, Ints, Ints]:
    """`strongest_run` of k series at once, whose deviations err by themselves and all together: (z, first, last), (k,).

    `pulls` and `weights`, (k, m), are Σ d / σ² and Σ 1 / σ² of each month's deviations d, which err by σ; all of series
    i err together by shared[i] ≥ 0 (one standard deviation). A run needs more than `least` of `counts` (k, m); z is
    −inf where there is none.
    """
    edges = ((0, 0), (1, 0))
    pull, weight, count = (np.pad(np.cumsum(one, axis=1), edges) for one in (pulls, weights, counts))
    first, after = np.triu_indices(pull.shape[1], 1)
    # What all share is learned from the whole series, as far as it is long enough: inverse of diag(σ²) + shared²·11ᵀ.
    learned = shared**2 / (1 + weight[:, -1] * shared**2)
    pulled, many = pull[:, after] - pull[:, first], weight[:, after] - weight[:, first]
    enough = count[:, after] - count[:, first] > least
    pulled -= many * (learned * pull[:, -1])[:, None]
    many -= many**2 * learned[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(enough & (many > 0), pulled / np.sqrt(many), -np.inf)
    best = np.argmax(z, axis=1)
    return z[np.arange(len(z)), best], first[best], after[best] - 1
