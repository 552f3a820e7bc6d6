"""How sure a figure is: intervals for shares and for counts, the area under a curve, and what shuffled labels give."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from lodeline.accountancy.distribution import chi_squared_quantile

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_Z_95 = 1.959964


def wilson(hits: int, of: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927); (0, 1) of nothing."""
    if not of:
        return 0.0, 1.0
    share, z2 = hits / of, _Z_95**2
    centre = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z_95 * math.sqrt(share * (1 - share) / of + z2 / (4 * of**2)) / (1 + z2 / of)
    return max(0.0, centre - half), min(1.0, centre + half)


def poisson(count: int) -> tuple[float, float]:
    """95 % interval of an expected count of which `count` came (Garwood 1936)."""
    low = 0.0 if count == 0 else chi_squared_quantile(0.025, 2 * count) / 2
    return low, chi_squared_quantile(0.975, 2 * (count + 1)) / 2


def area(scores: Floats, labels: Flags) -> float:
    """P(a labelled one scores above another), ties half: the area under the ROC curve; 0.5 of one kind alone."""
    positive, negative = int(labels.sum()), int((~labels).sum())
    if not positive or not negative:
        return 0.5
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return float((ranks[labels].sum() - positive * (positive + 1) / 2) / (positive * negative))


def shuffled_areas(scores: Floats, labels: Flags, *, times: int, seed: int) -> Floats:
    """The same area with the labels dealt out anew so many times, (times,)."""
    random = np.random.default_rng(seed)
    return np.array([area(scores, random.permutation(labels)) for _ in range(times)])
