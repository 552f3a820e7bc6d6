"""The chance that a few items, drawn by lot and measured, show that some of many were falsified.

Attributes: an item is right or not, and a method recognises what is not with a probability. Variables: the differences
of the measured items are summed. Every function takes numbers or arrays that broadcast, and returns arrays of their
shape (a 0-dimensional one for numbers).

The formulas are those of the field: Jaech, Statistical Methods in Nuclear Material Control (1973); IAEA/SG/SCT/5
(1998); Avenhaus & Canty, Compliance Quantified (1996). What the second sample size is worth: Aslam, Popa & Rivest, On
Estimating the Size and Confidence of a Statistical Audit, EVT (2007).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from lodeline.accountancy.distribution import normal_quantile, normal_tail

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

#: A single item alarms where |operator − inspector| exceeds so many σ of their difference. Safeguards take 3 and look
#: again; here a visit that tests 230 true items singly shall alarm at all with no more than 5 % (`alarm_limit`).
ALARM: Final = 3.7
#: Chance that a quiet site alarms in D.
FALSE_ALARM: Final = 0.05
#: What comes within this of a whole number, or of a wanted probability, is it: arithmetic with fractions is not exact.
_ROUNDING: Final = 1e-9
#: A method that recognises a defect less often than this never does, and one that misses it less often always does.
_NEVER: Final = 1e-7


def falsified_items(mass: npt.ArrayLike, mean: npt.ArrayLike) -> Counts:
    """d = ⌈M / x̄⌉: how many items must be falsified by `mean` each, for `mass` to be missing."""
    return whole(np.asarray(mass, np.float64) / np.asarray(mean, np.float64))


def whole(number: npt.ArrayLike) -> Counts:
    """⌈number⌉, but a number within arithmetic error of a whole one is that."""
    return np.ceil(np.asarray(number, np.float64) - _ROUNDING).astype(np.int64)


def miss_probability(
    items: npt.ArrayLike, sampled: npt.ArrayLike, falsified: npt.ArrayLike, recognised: npt.ArrayLike = 1.0
) -> Floats:
    """P(n of N items, drawn without replacement, show none of d), each of those drawn being recognised with q.

    Σ_k C(d, k) C(N−d, n−k) / C(N, n) · (1−q)^k; for q = 1 the one term C(N−d, n) / C(N, n). 0 ≤ n, d ≤ N; 0 ≤ q ≤ 1.
    """
    given = np.broadcast_arrays(*(np.asarray(one, np.float64) for one in (items, sampled, falsified, recognised)))
    total, drawn, false, q = given
    missed = np.zeros(total.shape)
    # At most min(n, d) are met; where every one met is recognised, the first term is all.
    most = int(np.where(q < 1, np.minimum(drawn, false), 0).max(initial=0))
    with np.errstate(divide="ignore", invalid="ignore"):
        slip = np.log1p(-q)
        for met in range(most + 1):
            term = (
                log_choose(false, met)
                + log_choose(total - false, drawn - met)
                - log_choose(total, drawn)
                + (met * slip if met else 0.0)
            )
            missed += np.where(np.isfinite(term), np.exp(term), 0.0)
    return np.clip(missed, 0.0, 1.0)


def detection_probability(
    items: npt.ArrayLike, sampled: npt.ArrayLike, falsified: npt.ArrayLike, recognised: npt.ArrayLike = 1.0
) -> Floats:
    """P(at least one of d falsified items is drawn and recognised); parameters as `miss_probability`."""
    return 1.0 - miss_probability(items, sampled, falsified, recognised)


def miss_approximation(items: npt.ArrayLike, sampled: npt.ArrayLike, falsified: npt.ArrayLike) -> Floats:
    """(1 − n / (N − (d−1)/2))^d, the usual approximation for q = 1."""
    middle = np.asarray(items, np.float64) - (np.asarray(falsified, np.float64) - 1) / 2
    approximate: Floats = np.clip(1 - np.asarray(sampled, np.float64) / middle, 0.0, 1.0) ** np.asarray(falsified)
    return approximate


def sample_size(items: int, falsified: int, wanted: float, recognised: float = 1.0) -> int:
    """The least n that shows at least one of d falsified with the wanted probability 1−β: exact.

    Raises ValueError where not even all items would do (q too small).
    """
    if not 0 <= wanted < 1 or not 1 <= falsified <= items:
        raise ValueError("a probability from 0 to below 1, and from one falsified item to all of them")
    if detection_probability(items, items, falsified, recognised) < wanted - _ROUNDING:
        raise ValueError("so weak a method does not reach that probability with all items measured")
    low, high = 0, items
    while low < high:
        middle = (low + high) // 2
        enough = detection_probability(items, middle, falsified, recognised) >= wanted - _ROUNDING
        low, high = (low, middle) if enough else (middle + 1, high)
    return low


def sample_size_approximation(items: npt.ArrayLike, falsified: npt.ArrayLike, wanted: npt.ArrayLike) -> Counts:
    """⌈(N − (d−1)/2)(1 − β^(1/d))⌉ for q = 1: never too small, seldom more than one too many (Aslam et al.)."""
    middle = np.asarray(items, np.float64) - (np.asarray(falsified, np.float64) - 1) / 2
    return whole(middle * sampled_share(falsified, wanted))


def safe_sample_size(
    items: npt.ArrayLike, falsified: npt.ArrayLike, wanted: npt.ArrayLike, recognised: npt.ArrayLike = 1.0
) -> Counts:
    """⌈N (1 − β^(1/d)) / q⌉, at most N: the formula of IAEA practice. d need not be whole.

    It is never too small while N suffices, and sums: where every stratum is sampled so for its own d = M / x̄, a loss
    M is missed with at most β however it is spread over the strata, for its chances multiply.
    """
    number = np.asarray(items, np.float64)
    return whole(np.minimum(number * sampled_share(falsified, wanted) / np.asarray(recognised, np.float64), number))


def sampled_share(falsified: npt.ArrayLike, wanted: npt.ArrayLike) -> Floats:
    """1 − β^(1/d), the part of the items that must be seen."""
    share: Floats = -np.expm1(np.log1p(-np.asarray(wanted, np.float64)) / np.asarray(falsified, np.float64))
    return share


def recognition(
    size: npt.ArrayLike, random: npt.ArrayLike, systematic: npt.ArrayLike = 0.0, alarm: float = ALARM
) -> Floats:
    """The chance that one item of which the part `size` is missing alarms: P(|size + σ Z| > alarm·σ).

    σ² = random² + systematic², the relative errors of both sides together.
    """
    sigma = np.hypot(random, systematic)
    moved = np.asarray(size, np.float64) / sigma
    return normal_tail(alarm - moved) + normal_tail(alarm + moved)


def alarm_limit(items: int, budget: float = FALSE_ALARM) -> float:
    """The k with which `items` true ones, tested singly on both sides at k σ, alarm at all with `budget` (Šidák)."""
    return normal_quantile(1 - (-np.expm1(np.log1p(-budget) / items)) / 2)


def miss_by_classes(items: int, falsified: npt.ArrayLike, classes: Sequence[tuple[int, float]]) -> Floats:
    """P(none of d falsified is recognised) where disjoint classes of sampled items are measured by methods of
    different strength: `classes` holds (number, q). Exact.

    `falsified`: whole numbers up to N.
    """
    d = np.asarray(falsified, np.int64)
    blind, weights = unseen(items, classes)
    return np.exp(log_miss(np.array(items), np.array(blind), weights, d))


def unseen(items: int, classes: Sequence[tuple[int, float]]) -> tuple[int, Floats]:
    """How many items nothing recognises, and log c_k: k falsified items lie among those looked at, all unrecognised.

    c_k is the coefficient of z^k in Π (1 + (1−q) z)^number.
    """
    blind, weights = items, np.zeros(1)
    for number, q in classes:
        if number == 0 or q < _NEVER:
            continue
        blind -= number
        if q < 1 - _NEVER:
            met = np.arange(number + 1)
            weights = _log_convolve(weights, log_choose(number, met) + met * np.log1p(-q))
    return blind, weights


def log_miss(items: Counts, blind: Counts, weights: Floats, falsified: Counts) -> Floats:
    """log Σ_k c_k C(U, d−k) / C(N, d), elementwise; `weights` = log c_k along a last axis of its own (−∞ beyond)."""
    met = np.arange(weights.shape[-1])
    term = weights + log_choose(blind[..., None], falsified[..., None] - met)
    summed = term[..., 0] if len(met) == 1 else np.logaddexp.reduce(term, axis=-1)
    missed: Floats = summed - log_choose(items, falsified)
    return np.minimum(missed, 0.0)


def _log_convolve(first: Floats, second: Floats) -> Floats:
    """The logarithm of the product of two polynomials whose coefficients' logarithms are given."""
    tops = float(first.max()), float(second.max())
    with np.errstate(divide="ignore"):
        product: Floats = np.log(np.convolve(np.exp(first - tops[0]), np.exp(second - tops[1]))) + sum(tops)
    return product


def log_choose(number: npt.ArrayLike, part: npt.ArrayLike) -> Floats:
    """log C(number, part) of whole numbers, −∞ where there is no such choice."""
    n, k = np.asarray(number, np.int64), np.asarray(part, np.int64)
    possible = (k >= 0) & (k <= n)
    n, k = np.where(possible, n, 0), np.where(possible, k, 0)
    # The table grows in steps of twice the size, so that few are made.
    table = _log_factorials(1 << int(n.max(initial=0)).bit_length())
    chosen: Floats = np.where(possible, table[n] - table[k] - table[n - k], -np.inf)
    return chosen


@lru_cache(maxsize=2)
def _log_factorials(most: int) -> Floats:
    """log 0!, log 1!, … log most!."""
    return np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, most + 1)))])


def sigma_difference(
    items: npt.ArrayLike, mean: npt.ArrayLike, sampled: npt.ArrayLike, random: npt.ArrayLike, systematic: npt.ArrayLike
) -> Floats:
    """σ of D = (N/n) Σ (operator − inspector) over the items measured of one stratum.

    σ_D² = N² x̄² (δ_r²/n + δ_s²), with δ_r² and δ_s² the random and systematic variances of both sides added.
    """
    total = np.asarray(items, np.float64) * np.asarray(mean, np.float64)
    sigma: Floats = total * np.sqrt(np.asarray(random) ** 2 / np.asarray(sampled) + np.asarray(systematic) ** 2)
    return sigma


def power_of_difference(mass: npt.ArrayLike, sigma: npt.ArrayLike, budget: float = FALSE_ALARM) -> Floats:
    """P(D > z σ) when `mass` is missing: one-sided, at the false-alarm probability `budget`."""
    return normal_tail(normal_quantile(1 - budget) - np.asarray(mass, np.float64) / np.asarray(sigma, np.float64))
