"""The probabilities that accountancy needs, to about twelve digits, from numpy and the standard library alone.

Source: Press et al., Numerical Recipes, 3rd ed. (2007), 6.2 and 6.4 (incomplete gamma and beta functions by series and
continued fraction); quantiles are found by halving.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_NORMAL = NormalDist()
_TINY = 1e-300
_erfc = np.frompyfunc(math.erfc, 1, 1)


def normal_tail(z: npt.ArrayLike) -> Floats:
    """P(Z > z) of a standard normal Z, elementwise."""
    tail: Floats = np.asarray(_erfc(np.asarray(z, np.float64) / math.sqrt(2)), np.float64) / 2
    return tail


def normal_quantile(probability: float) -> float:
    """The z with P(Z ≤ z) = probability, 0 < probability < 1."""
    return _NORMAL.inv_cdf(probability)


def chi_squared_tail(value: float, freedom: float) -> float:
    """P(χ² > value) with `freedom` > 0 degrees of freedom."""
    if value <= 0:
        return 1.0
    a, x = freedom / 2, value / 2
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        index = a
        while term > total * 1e-17:
            index += 1
            term *= x / index
            total += term
        return max(0.0, 1 - front * total)
    return front * _continued_fraction(
        x + 1 - a, lambda step: (-step * (step - a), x + 1 - a + 2 * step)
    )  # fmt: skip


def f_tail(value: float, above: float, below: float) -> float:
    """P(F > value) with `above` and `below` degrees of freedom."""
    if value <= 0:
        return 1.0
    return _incomplete_beta(below / (below + above * value), below / 2, above / 2)


def chi_squared_quantile(probability: float, freedom: float) -> float:
    """The value with P(χ² ≤ value) = probability, 0 < probability < 1."""
    return _solved(lambda value: chi_squared_tail(value, freedom), 1 - probability)


def f_quantile(probability: float, above: float, below: float) -> float:
    """The value with P(F ≤ value) = probability, 0 < probability < 1."""
    return _solved(lambda value: f_tail(value, above, below), 1 - probability)


def _solved(tail: Callable[[float], float], wanted: float) -> float:
    """Where a falling tail from 1 at 0 to 0 has the value wanted, 0 < wanted < 1."""
    assert 0 < wanted < 1, "a quantile is asked for a probability inside (0, 1)"
    low, high = 0.0, 1.0
    while tail(high) > wanted:
        low, high = high, high * 2
    while high - low > 1e-13 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if tail(middle) > wanted else (low, middle)
    return (low + high) / 2


def _incomplete_beta(x: float, a: float, b: float) -> float:
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(1 - x, b, a)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))

    def terms(step: int) -> tuple[float, float]:
        half = step // 2
        if step % 2:
            return -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1)), 1.0
        return half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half)), 1.0

    return front / a * _continued_fraction(1.0, terms)


def _continued_fraction(first: float, terms: Callable[[int], tuple[float, float]]) -> float:
    """1 / (first + a₁/(b₁ + a₂/(b₂ + …))), `terms(k)` giving (a_k, b_k), by the method of Lentz."""
    below = first or _TINY
    c, d = 1 / _TINY, 1 / below
    value = d
    for step in range(1, 100_000):
        a, b = terms(step)
        d = 1 / ((b + a * d) or _TINY)
        c = (b + a / c) or _TINY
        value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return value
