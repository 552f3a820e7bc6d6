"""Rules for one test of MUF, D of the masses and D of compositions, compared by the least power over ways of losing.

Each loss is one that the best single direction, were it known, would show with .9; borders are simulated.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BUDGET: Final = 0.05
#: σ of MUF, D of masses, D of compositions (kg), and the covariance of the first two (kg²).
PLANTS: Final = {
    "XRF": (15.4, 8.9, 40.0, 60.0), "laboratory": (15.4, 8.9, 27.0, 60.0), "MUF exact": (6.0, 5.0, 40.0, 20.0),
    "MUF wide": (60.0, 9.0, 40.0, 20.0),
}  # fmt: skip
LOSSES: Final = {"open": (1.0, 0.0, 0.0), "mass": (0.0, -1.0, 0.0), "share": (0.0, 0.0, -1.0)}
SUMS: Final = {"MUF − D of masses": (1.0, -1.0, 0.0), "MUF − D": (1.0, -1.0, -1.0)}
#: Ways of losing, as parts that are openly missing, hidden in masses, and in compositions.
WAYS: Final = ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (0, 1, 1), (1, 0, 1), (1, 1, 1))
#: What is asked: directions, and whether the average likelihood ratio of a 3σ loss decides, else the z farthest out.
RULES: Final = {
    "farthest of five (in use)": (("open", "mass", "share", *SUMS), False),
    "average of five": (("open", "mass", "share", *SUMS), True),
    "average without MUF − D of masses": (("open", "mass", "share", "MUF − D"), True),
    "average without MUF − D": (("open", "mass", "share", "MUF − D of masses"), True),
    "average without compositions": (("open", "mass", *SUMS), True),
    "farthest of the three losses": (("open", "mass", "share"), False),
    "D as a whole, average of three": (("open", "whole", "MUF − D"), True),
}  # fmt: skip
SIZE: Final = 3.0


def print_rules(draws: int = 20_000) -> bool:
    """Prints the least power of each rule at each plant; whether none beats the one in use by more than .01 in its
    least."""
    random = np.random.default_rng(5)
    clean, errors = random.standard_normal((3 * draws, 3)), random.standard_normal((draws, 3))
    print(f"\nleast power over {len(WAYS)} ways of losing (.9 for whoever knows the way), {draws} draws")
    least = {}
    for rule, (asked, averaged) in RULES.items():
        powers = [_least(plant, asked, clean, errors, averaged=averaged) for plant in PLANTS.values()]
        least[rule] = min(powers)
        print(f"  {rule:36}" + "  ".join(f"{name} {power:.3f}" for name, power in zip(PLANTS, powers, strict=True)))
    return max(least.values()) <= least["farthest of five (in use)"] + 0.01


def _least(plant: tuple[float, ...], asked: tuple[str, ...], clean: Floats, errors: Floats, *, averaged: bool) -> float:
    muf, mass, share, both = plant
    covariance = np.array([[muf**2, both, 0.0], [both, mass**2, 0.0], [0.0, 0.0, share**2]], np.float64)
    root = np.linalg.cholesky(covariance).astype(np.float64)
    directions = np.array([_direction(name, root) for name in asked])
    border = np.quantile(_evidence(clean @ directions.T, averaged=averaged), 1 - BUDGET)
    powers = []
    for way in WAYS:
        shift = np.linalg.solve(root, np.array(way, float) @ np.array(list(LOSSES.values())))
        scores = (errors + shift / np.linalg.norm(shift) * 3.24) @ directions.T
        powers.append(float((_evidence(scores, averaged=averaged) > border).mean()))
    return min(powers)


def _direction(name: str, root: Floats) -> Floats:
    """A unit vector among independent normals: of a loss, or of a sum."""
    if name == "whole":
        # What D as a whole says beyond MUF.
        direction = root.T @ np.array([0.0, -1.0, -1.0]) * np.array([0.0, 1.0, 1.0])
    elif name in LOSSES:
        direction = np.linalg.solve(root, np.array(LOSSES[name]))
    else:
        direction = root.T @ np.array(SUMS[name])
    unit: Floats = direction / np.linalg.norm(direction)
    return unit


def _evidence(scores: Floats, *, averaged: bool) -> Floats:
    """Of the stronger side."""
    if averaged:
        sides: Floats = np.maximum(*(np.exp(SIZE * sign * scores).mean(axis=1) for sign in (1, -1)))
        return sides
    farthest: Floats = np.abs(scores).max(axis=1)
    return farthest
