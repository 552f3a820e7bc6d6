"""What a visit is for: one element of one site and the mass of it whose loss shall show; and the chance that it does,
by kind of falsification, for given numbers of items.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from lodeline.accountancy.verification.effort import ACTS, LOOK_SEES
from lodeline.accountancy.verification.sight import (
    DILUTED,
    PARTIAL,
    TAKEN,
    Layer,
    bias_power,
    least_detection,
    risk_of,
)

Counts = npt.NDArray[np.int64]

#: Kinds of falsification: whole items absent; between a quarter and three quarters of an item gone, or its content
#: diluted by a quarter or more; a little of every item.
KINDS: Final = ("gross", "partial", "bias")


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """One element at one site: its layer and its goal mass."""

    symbol: str
    layer: Layer
    goal: float

    def most(self, kind: str) -> float:
        """All that a falsification of this kind can take; a partial one leaves a quarter."""
        return float(self.layer.mass.sum()) * (LOOK_SEES - 1e-9 if kind == "partial" else 1.0)

    def mass(self, kind: str) -> float:
        return min(self.goal, self.most(kind))


def sizes_of(kind: str) -> list[tuple[float, str]]:
    if kind == "gross":
        return [(1.0, TAKEN)]
    return [(size, way) for way, sizes in PARTIAL.items() for size in sizes]


def numbers_of(aim: Aim, numbers: Mapping[str, Counts]) -> dict[str, Counts]:
    return {act: numbers[act][aim.layer.place] for act in ACTS}


def planned(aim: Aim, kind: str, numbers: Mapping[str, Counts]) -> Callable[[float], float]:
    """The chance, as a function of the mass, that this visit shows the least visible falsification of the kind."""
    layer, own = aim.layer, numbers_of(aim, numbers)
    if kind == "bias":
        return lambda mass: min(bias_power(layer, own, mass, way) for way in (TAKEN, DILUTED))
    risks = [(size, risk_of(layer, own, size, way)) for size, way in sizes_of(kind)]
    return lambda mass: min(least_detection(risk, mass)[0] for size, risk in risks if possible(layer, size, mass))


def possible(layer: Layer, size: float, mass: float) -> bool:
    """Whether defects of this size can make up the mass at all."""
    return size * float(layer.mass.sum()) >= mass * (1 - 1e-9)
