"""How likely chance alone is to do what was seen; every score of a detector is one minus such a probability.

Tests that are made together share one budget (Šidák), so that looking at more places, months or elements does not
raise the number of needless questions. Spreads are taken from the middle of what is seen (median, median deviation),
so that the few who do something else do not set the measure for the many.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: Median absolute deviation to standard deviation, for a normal law.
MAD_TO_SIGMA: Final = 1.4826
#: Runs of neighbouring months overlap: n months have about so many times n that are tests of their own. Simulated:
#: of 20 000 series of 12 normal deviates, the share whose largest run passes 3.5 σ is 30 times that of one deviate.
RUNS_PER_MONTH: Final = 2.5
#: Floor of a probability: no null is known to hold further out than this.
LEAST_P: Final = 1e-12


def upper_tail(z: float) -> float:
    """P(N(0, 1) ≥ z)."""
    return math.erfc(z / math.sqrt(2)) / 2


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


def product_tail(probabilities: Sequence[float]) -> float:
    """P(the product of as many independent uniform numbers ≤ that of these): Fisher's way of taking tests together."""
    logs = math.fsum(math.log(max(p, LEAST_P)) for p in probabilities)
    terms = (math.exp(logs + k * math.log(-logs) - math.lgamma(k + 1)) for k in range(len(probabilities)))
    return min(1.0, math.fsum(terms)) if logs < 0 else 1.0


def score_of(p: float, *, tests: float) -> float:
    """1 − p after so many tests made together: how likely none of them shows as much by chance."""
    assert tests >= 1, "what was found was tested"
    return math.exp(tests * math.log1p(-min(max(p, LEAST_P), 1 - LEAST_P)))


def largest_window(
    sums: Floats, counts: Floats, *, random: float, shared: float, least: float = 0
) -> tuple[float, int, int]:
    """The run of neighbouring months whose sum is furthest above 0: (z, first month, last month).

    `sums` and `counts`, (n,), are each month's sum of deviations and their number; a deviation errs by `random`, and
    all of them together by `shared` (one standard deviation each). z = Σ / √(N·random² + N²·shared²).
    Runs with `least` deviations or fewer are no runs: z is −inf where there is no other.
    """
    total, number = np.concatenate([[0.0], np.cumsum(sums)]), np.concatenate([[0.0], np.cumsum(counts)])
    many = number[None, :] - number[:, None]
    sigma = np.sqrt(np.maximum(many, 0) * random**2 + many**2 * shared**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(np.triu(many > least, 1) & (sigma > 0), (total[None, :] - total[:, None]) / sigma, -np.inf)
    first, after = np.unravel_index(int(np.argmax(z)), z.shape)
    return float(z[first, after]), int(first), int(after) - 1
