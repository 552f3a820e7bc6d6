"""One answer from MUF and D of a site at one budget: is something missing, whether the books show it or only the visit.

Three directions are asked: what MUF shows and D does not (openly missing), what D shows and MUF does not (declared, and
not there), and MUF − D, which shows either. The evidence of a side is the likelihood ratio of a 3σ loss in a direction
against none, averaged over the three, as `battery` averages over windows; the p-value is that of a clean site showing
as much on either side.

Source: Avenhaus, Nuclear Material Accountancy and Data Verification (the MUF−D problem), Proc. Annual Meeting INMM, for
the bivariate test; Neyman & Pearson for the average. Compared with other rules in benchmarks/verified_sigma.py.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from lodeline.accountancy.distribution import normal_tail

Floats = npt.NDArray[np.float64]

SIZE: Final = 3.0
#: Angles of half the plane in which the border of the test is found, Newton's steps to it (p is then good to a part in
#: some thousand), and rows at once.
_ANGLES, _STEPS, _AT_ONCE = 90, 8, 1_000
#: Below this part of the variance of D what is left of it beside MUF is rounding.
_OWN: Final = 1e-9


def part_of_its_own(muf: Floats, variance_muf: Floats, d: Floats, variance_d: Floats, covariance: Floats) -> Floats:
    """z of what D says beyond what MUF foretells, > 0 where declared goods are not there; nan where nothing is left.

    It is independent of MUF, and nearly of the balances before. So a battery of balances and this, each at
    1 − √(1 − budget), are one test at the budget. `d` is signed to be subtracted from MUF (VERIFIED).
    """
    slope = np.divide(covariance, variance_muf, out=np.zeros_like(covariance), where=variance_muf > 0)
    own = variance_d - slope * covariance
    z = np.full(len(d), np.nan)
    known = own > _OWN * np.maximum(variance_d, np.finfo(np.float64).tiny)
    z[known] = -(d - slope * muf)[known] / np.sqrt(own[known])
    return z


def joint_p(muf: Floats, variance_muf: Floats, d: Floats, variance_d: Floats, covariance: Floats) -> Floats:
    """p of each row, (m,), both sides together; units and signs as VERIFIED has them, variances of measurement alone.

    Where one of the two has no error of its own (no count closes a balance), it is that of the other's z; nan where
    neither has.
    """
    own = part_of_its_own(muf, variance_muf, d, variance_d, covariance)
    alone = np.divide(muf, np.sqrt(variance_muf), out=np.full(len(muf), np.nan), where=variance_muf > 0)
    p: Floats = 2 * normal_tail(np.abs(np.where(np.isnan(alone), own, alone)))
    left = variance_muf + variance_d - 2 * covariance
    both = np.flatnonzero(~np.isnan(alone) & ~np.isnan(own) & (left > 0))
    for rows in np.split(both, np.arange(_AT_ONCE, len(both), _AT_ONCE)):
        directions = _directions(variance_muf[rows], variance_d[rows], covariance[rows])
        p[rows] = _tail(directions, np.stack([alone[rows], -own[rows]], axis=1))
    return p


def _directions(variance_muf: Floats, variance_d: Floats, covariance: Floats) -> Floats:
    """(m, 3, 2): unit vectors of the three directions, in the plane of two independent standard normals, MUF and what D
    has of its own."""
    deviation = np.sqrt(variance_muf)
    tilt = covariance / deviation
    rest = np.sqrt(variance_d - tilt**2)
    nothing = np.zeros_like(deviation)
    # A loss that MUF shows is foretold in D, and is missed there; MUF − D as a function of the two is the last.
    openly = np.stack([1 / deviation, -tilt / deviation / rest], axis=1)
    hidden = np.stack([nothing, -1 / rest], axis=1)
    either = np.stack([deviation - tilt, -rest], axis=1)
    directions = np.stack([openly, hidden, either], axis=1)
    unit: Floats = directions / np.linalg.norm(directions, axis=2, keepdims=True)
    return unit


def _evidence(scores: Floats) -> tuple[Floats, Floats]:
    """Log of the average likelihood ratio of the stronger side, and the mean of the scores weighted by their part in
    it; `scores` (…, directions) are standard normal. It is convex in them, so what is clean is a convex set."""
    sides = []
    for signed in (scores, -scores):
        largest = signed.max(axis=-1, keepdims=True)
        weight = np.exp(SIZE * (signed - largest))
        total = weight.sum(axis=-1)
        log = np.log(total / scores.shape[-1]) + SIZE * largest[..., 0] - SIZE**2 / 2
        sides.append((log, (weight * signed).sum(axis=-1) / total))
    (loss, mean_loss), (gain, mean_gain) = sides
    return np.maximum(loss, gain), np.where(loss >= gain, mean_loss, mean_gain)


def _tail(directions: Floats, observed: Floats) -> Floats:
    """P of as much evidence, (m,): beyond the border of what shows less, in each angle exp(−r²/2)."""
    level, _ = _evidence(np.einsum("mij,mj->mi", directions, observed))
    angle = np.pi * (np.arange(_ANGLES) + 0.5) / _ANGLES
    along = np.einsum("mij,aj->mai", directions, np.stack([np.cos(angle), np.sin(angle)], axis=1))
    # From beyond the border, where the evidence is convex along the ray, Newton's steps never overshoot.
    most = np.abs(along).max(axis=2)
    radius = (level[:, None] + SIZE**2 / 2 + np.log(along.shape[2])) / SIZE / most
    for _ in range(_STEPS):
        evidence, mean = _evidence(radius[..., None] * along)
        slope = np.maximum(SIZE * mean, np.finfo(np.float64).tiny)
        radius = np.maximum(radius - (evidence - level[:, None]) * radius / slope, 0.0)
    tail: Floats = np.exp(-(radius**2) / 2).mean(axis=1)
    return tail
