"""One answer from MUF and D of a site at one budget: is something missing, whether the books show it or only the visit.

Five directions are asked: openly missing (MUF shows it), declared and not there by mass, by composition, and MUF − D,
of the masses alone and of all, which shows either. Masses stand by themselves because an XRF errs by some percent of
all that it stands for, and what a scale shows would be lost in that. The z that is farthest out decides; its p is the
probability that a clean site shows as much in any direction, on either side.

The border of such a test is made of planes, so p is an integral over directions and no table: χ beyond c / max |d·u|.

Source: Avenhaus, Nuclear Material Accountancy and Data Verification (the MUF−D problem), Proc. Annual Meeting INMM, for
the bivariate test; Roy, Ann. Math. Stat. 24 (1953), for the union of directions. Chosen among rules by power in
benchmarks/verified_sigma.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from lodeline.accountancy.distribution import normal_quantile

Floats = npt.NDArray[np.float64]

#: Losses of one kind, as they shift (MUF, D of masses, D of compositions); D is signed to be subtracted.
_LOSSES: Final = np.array([[1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, -1.0]])
#: Sums that show a loss of either kind: MUF − D of the masses, MUF − D.
_SUMS: Final = np.array([[1.0, -1.0, 0.0], [1.0, -1.0, -1.0]])
#: Below this part of the largest variance what is left of one beside those before it is rounding.
_ROUNDING: Final = 1e-9
#: Points of half a circle and half a sphere (p is then good to a part in a hundred), and rows at once.
_ANGLES, _POINTS, _AT_ONCE = 180, 800, 500
#: Levels between which the border of a budget is interpolated.
_LEVELS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Of each row, (m,); nan where nothing errs.

    `p`: of MUF and D together. `own_z`: what D says beyond what MUF foretells, in the direction that says most, > 0
    where declared goods are not there; a standard normal where all is as declared, and independent of MUF, so that a
    battery of balances and this, each at 1 − √(1 − budget), are one test. `mass_z`: the same of the masses alone.
    `border`: how far out the largest z is at the budget; what is expected z₁ farther shows with probability Φ(z₁).
    """

    p: Floats
    own_z: Floats
    mass_z: Floats
    border: Floats


def evidence(shown: Floats, covariance: Floats, *, budget: float) -> Evidence:
    """Of MUF, D of the masses and D of compositions, `shown` (m, 3), with their `covariance` (m, 3, 3) of measurement.

    Signs are those of VERIFIED. What has no error of its own beside those before it (no count closes a balance,
    nothing was assayed) is not asked.
    """
    root, own = _roots(covariance)
    scores = _whitened(root, own, shown)
    directions = _directions(root, own)
    p, border, _ = _tested(directions, own, scores, budget)
    beside = own & np.array([False, True, True])
    of_d = _directions(root, beside)[:, [1, 2, 4]]
    # Of D alone the last sum is D itself.
    own_p, _, most = _tested(of_d, beside, scores, budget)
    return Evidence(
        p=p, own_z=_as_z(own_p, most), mass_z=np.where(own[:, 1], -scores[:, 1], np.nan), border=border
    )  # fmt: skip


def _roots(covariance: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Triangular roots of the covariances (m, 3, 3), and which of the three has an error of its own."""
    root, own = np.zeros_like(covariance), np.zeros(covariance.shape[:2], np.bool_)
    least = _ROUNDING * np.maximum(covariance.diagonal(axis1=1, axis2=2).max(axis=1), np.finfo(np.float64).tiny)
    for row in range(3):
        for column in range(row):
            left = covariance[:, row, column] - (root[:, row, :column] * root[:, column, :column]).sum(axis=1)
            np.divide(left, root[:, column, column], out=root[:, row, column], where=own[:, column])
        left = covariance[:, row, row] - (root[:, row, :row] ** 2).sum(axis=1)
        own[:, row] = left > least
        root[:, row, row] = np.sqrt(np.where(own[:, row], left, 0.0))
    return root, own


def _whitened(root: Floats, own: npt.NDArray[np.bool_], shown: Floats) -> Floats:
    """Independent standard normals (m, 3) of what was shown; 0 where there is no error."""
    scores = np.zeros(shown.shape)
    for row in range(3):
        left = shown[:, row] - (root[:, row, :row] * scores[:, :row]).sum(axis=1)
        np.divide(left, root[:, row, row], out=scores[:, row], where=own[:, row])
    return scores


def _directions(root: Floats, own: npt.NDArray[np.bool_]) -> Floats:
    """(m, 5, 3): unit vectors in the space of the scores, towards a loss; 0 where there is nothing to ask."""
    rows = len(root)
    losses = [_whitened(root, own, np.tile(loss, (rows, 1))) * (own @ np.abs(loss) > 0)[:, None] for loss in _LOSSES]
    # A sum w of normals with root L is (Lᵀw)·scores.
    sums = [np.einsum("mij,i->mj", root, one) * own for one in _SUMS]
    directions = np.stack([*losses, *sums], axis=1)
    # Without compositions both sums are one.
    directions[~own[:, 2], 3] = 0.0
    length = np.linalg.norm(directions, axis=2, keepdims=True)
    unit: Floats = np.divide(directions, length, out=np.zeros_like(directions), where=length > 0)
    return unit


def _tested(
    directions: Floats, own: npt.NDArray[np.bool_], scores: Floats, budget: float
) -> tuple[Floats, Floats, Floats]:
    """(p, border at the budget, the z farthest out with its sign) of each row."""
    rows, asked = directions.shape[:2]
    z = np.einsum("mij,mj->mi", directions, scores)
    most = np.take_along_axis(z, np.abs(z).argmax(axis=1)[:, None], axis=1)[:, 0]
    p, border = np.full(rows, np.nan), np.full(rows, np.nan)
    levels = np.linspace(normal_quantile(1 - budget / 2), normal_quantile(1 - budget / 2 / asked) + 0.01, _LEVELS)
    for pattern in np.unique(own, axis=0):
        if not pattern.any():
            continue
        alike = np.flatnonzero((own == pattern).all(axis=1))
        around = _around(int(pattern.sum()))
        for part in np.split(alike, np.arange(_AT_ONCE, len(alike), _AT_ONCE)):
            reach = np.abs(directions[part][:, :, pattern] @ around.T).max(axis=1)
            reach = np.maximum(reach, np.finfo(np.float64).tiny)
            p[part] = _beyond(np.abs(most[part])[:, None] / reach, around)
            # ln p is nearly straight between levels.
            tails = np.log([_beyond(level / reach, around) for level in levels]).T
            border[part] = [np.interp(-np.log(budget), -tail, levels) for tail in tails]
    # Of so many directions one is as far out with no less than the probability of one, and no more than of all.
    alone = _beyond(np.abs(most)[:, None], _around(1))
    return np.clip(p, alone, np.minimum(1.0, asked * alone)), border, most


def _around(dimensions: int) -> Floats:
    """Unit vectors (points, dimensions), evenly over one half of all directions."""
    if dimensions == 1:
        return np.ones((1, 1))
    if dimensions == 2:
        angle = np.pi * (np.arange(_ANGLES) + 0.5) / _ANGLES
        return np.stack([np.cos(angle), np.sin(angle)], axis=1)
    number = np.arange(_POINTS) + 0.5
    height, turn = 1 - number / _POINTS, np.pi * (1 + 5**0.5) * number
    flat = np.sqrt(1 - height**2)
    return np.stack([flat * np.cos(turn), flat * np.sin(turn), height], axis=1)


def _beyond(radius: Floats, around: Floats) -> Floats:
    """P that as many standard normals lie beyond a border with this radius (…, points) in each direction."""
    from scipy.special import erfc  # noqa: PLC0415  (a twentieth of a second that most commands need not)

    dimensions = around.shape[1]
    half = np.exp(-(radius**2) / 2)
    if dimensions == 1:
        half = erfc(radius / 2**0.5)
    elif dimensions == 3:
        half = erfc(radius / 2**0.5) + (2 / np.pi) ** 0.5 * radius * half
    tail: Floats = half.mean(axis=-1)
    return tail


def _as_z(p: Floats, most: Floats) -> Floats:
    """The z of which both tails are p, on the side of `most`."""
    from scipy.special import erfcinv  # noqa: PLC0415

    # What is less than a number can be is as far out as its direction.
    z = np.where(p == 0, np.abs(most), 2**0.5 * erfcinv(np.maximum(p, np.finfo(np.float64).tiny)))
    signed: Floats = np.copysign(z, most)
    return signed
