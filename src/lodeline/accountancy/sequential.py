"""A run of inventory differences made independent, and what Page's test and the best possible test make of it.

With C = L Lᵀ, s = L⁻¹ MUF has independent entries of variance 1 while nothing is missing: each is what a period shows
beyond what the periods before it foretold. Probabilities of Page's test are computed, not looked up.
Source: Pike & Woods, SITMUF, IAEA-SM-260 (1983); Page, Biometrika 41 (1954); Brook & Evans, Biometrika 59 (1972).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from lodeline.accountancy.distribution import normal_quantile, normal_tail

Floats = npt.NDArray[np.float64]

#: Reference values of Page's test: losses of many periods, of some, of one.
PAGE_REFERENCES: Final = (0.25, 0.5, 1.0)
#: Beyond this no clean run of a human lifetime comes; the probability is computed as if the statistic ended here.
_LARGEST: Final = 40.0


def sitmuf(muf: Floats, covariance: Floats) -> Floats:
    """s = L⁻¹ MUF, (m, n): standard normal and independent where nothing is missing.

    Parameters: `muf` (m, n) in any unit of mass, `covariance` (n, n) or (m, n, n) in its square, positive definite.
    Raises numpy.linalg.LinAlgError where it is not.
    """
    factor = np.linalg.cholesky(covariance)
    independent: Floats = np.linalg.solve(factor, muf[..., None])[..., 0]
    return independent


def page(independent: Floats, reference: float) -> Floats:
    """The largest S_i = max(0, S_{i−1} + s_i − k) of each run, (m,), for what is missing; −s gives gains.

    Parameters: `independent` (m, n) from `sitmuf`; `reference` is k > 0.
    """
    level = np.zeros(independent.shape[0])
    highest = level.copy()
    for period in range(independent.shape[1]):
        level = np.maximum(0.0, level + independent[:, period] - reference)
        highest = np.maximum(highest, level)
    return highest


def page_tail(statistic: float, *, reference: float, periods: int) -> float:
    """P(some S_i > statistic within `periods` of a clean run), of one side.

    By the recursion of the survival probability over the state S, on Gauss–Legendre nodes; good to about 1e-9.
    """
    if periods < 1:
        return 1.0 if statistic < 0 else 0.0
    state, kernel, ends = _page_operator(round(min(max(statistic, 0.0), _LARGEST), 12), reference)
    survival = np.ones(len(state) + 1)  # From 0, then from each node.
    for _ in range(periods):
        survival = ends * survival[0] + kernel @ survival[1:]
    return float(min(1.0, max(0.0, 1.0 - survival[0])))


@lru_cache(maxsize=256)
def _page_operator(limit: float, reference: float) -> tuple[Floats, Floats, Floats]:
    """Nodes of (0, limit), one step from 0 and from each node to the nodes, and to 0."""
    nodes, weights = np.polynomial.legendre.leggauss(40 + int(6 * limit))
    nodes, weights = (nodes + 1) * limit / 2, weights * limit / 2
    start = np.concatenate([[0.0], nodes])[:, None]
    density = np.exp(-((nodes + reference - start) ** 2) / 2) / np.sqrt(2 * np.pi)
    return nodes, density * weights, normal_tail(start[:, 0] - reference)


def ceiling(pattern: npt.ArrayLike, mass: float, covariance: Floats, budget: float) -> float:
    """The largest detection probability that any test can have: Φ(M √(wᵀC⁻¹w) − z), by Neyman and Pearson.

    Parameters: `pattern` (n,) the share of the loss in each period, scaled here to a sum of 1 (all zeros: nothing is
    lost); `mass` M ≥ 0 in the unit whose square `covariance` (n, n) has; `budget` the false-alarm probability. No test
    that does not know pattern and side can reach it. Raises numpy.linalg.LinAlgError for a singular covariance.
    """
    weight = np.asarray(pattern, np.float64)
    total = weight.sum()
    if total == 0 or mass == 0:
        return budget
    weight = weight / total
    distance = mass * float(np.sqrt(weight @ np.linalg.solve(covariance, weight)))
    return float(normal_tail(normal_quantile(1 - budget) - distance))
