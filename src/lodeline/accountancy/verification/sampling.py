"""The chance that a few items, drawn by lot and measured, show that some of many were falsified.

Attributes: an item is right or not, and a method recognises what is not with a probability. Variables: the differences
of the measured items are summed. How many items a plan takes follows in `allocation`.

The formulas are those of the field: Jaech, Statistical Methods in Nuclear Material Control (1973); IAEA/SG/SCT/5
(1998); Avenhaus & Canty, Compliance Quantified (1996).
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
#: again; here a visit that tests 230 true items singly shall alarm at all with no more than 5 % (Šidák).
ALARM: Final = 3.7
#: Chance that a quiet site alarms in D.
FALSE_ALARM: Final = 0.05
#: What comes within this of a whole number, or of a wanted probability, is it: arithmetic with fractions is not exact.
_ROUNDING: Final = 1e-9
#: A method that recognises a defect less often than this never does, and one that misses it less often always does.
_NEVER: Final = 1e-7


def whole(number: npt.ArrayLike) -> Counts:
    """⌈number⌉, but a number within arithmetic error of a whole one is that."""
    return np.ceil(np.asarray(number, np.float64) - _ROUNDING).astype(np.int64)


def recognition(
    size: npt.ArrayLike, random: npt.ArrayLike, systematic: npt.ArrayLike = 0.0, alarm: float = ALARM
) -> Floats:
    """The chance that one item of which the part `size` is missing alarms: P(|size + σ Z| > alarm·σ).

    σ² = random² + systematic², the relative errors of both sides together.
    """
    sigma = np.hypot(random, systematic)
    moved = np.asarray(size, np.float64) / sigma
    return normal_tail(alarm - moved) + normal_tail(alarm + moved)


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


def power_of_difference(mass: npt.ArrayLike, sigma: npt.ArrayLike, budget: float = FALSE_ALARM) -> Floats:
    """P(D > z σ) when `mass` is missing: one-sided, at the false-alarm probability `budget`."""
    return normal_tail(normal_quantile(1 - budget) - np.asarray(mass, np.float64) / np.asarray(sigma, np.float64))
