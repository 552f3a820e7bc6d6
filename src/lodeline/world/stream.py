"""Random numbers that come out the same on every machine and with every release of NumPy.

Only the raw words of PCG64 are used, whose sequence NumPy guarantees, and only arithmetic that IEEE 754
rounds in one way: no logarithm, exponential or sine. A normal deviate is the sum of twelve uniform ones
less six (Irwin-Hall): variance exactly 1, excess kurtosis -0.1, no value beyond six standard deviations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from numpy.random import PCG64, SeedSequence

_POOL = 240
_WORDS_PER_NORMAL = 6
_HALF = 2**32

Item = TypeVar("Item")


class Stream:
    """One independent sequence, named by the seed of the world and a key of its own."""

    __slots__ = ("_bits", "_normals", "_uniforms")

    def __init__(self, seed: int, *key: int) -> None:
        self._bits = PCG64(SeedSequence([seed, *key]))
        self._uniforms: list[float] = []
        self._normals: list[float] = []

    def normals(self, count: int) -> npt.NDArray[np.float64]:
        """`count` standard normal deviates."""
        words = np.asarray(self._bits.random_raw(count * _WORDS_PER_NORMAL), dtype=np.uint64)
        halves = (words >> np.uint64(32)) + (words & np.uint64(_HALF - 1))
        sums = halves.reshape(count, _WORDS_PER_NORMAL).sum(axis=1).astype(np.float64)
        deviates: npt.NDArray[np.float64] = sums / _HALF - 6.0
        return deviates

    def normal(self) -> float:
        """One standard normal deviate."""
        if not self._normals:
            self._normals = self.normals(_POOL).tolist()
        return self._normals.pop()

    def uniform(self) -> float:
        """One number in [0, 1)."""
        if not self._uniforms:
            words = np.asarray(self._bits.random_raw(_POOL), dtype=np.uint64)
            self._uniforms = ((words >> np.uint64(11)).astype(np.float64) / 2.0**53).tolist()
        return self._uniforms.pop()

    def between(self, low: float, high: float) -> float:
        """One number in [low, high)."""
        return low + self.uniform() * (high - low)

    def integer(self, low: int, high: int) -> int:
        """One whole number from low to high, both included."""
        return low + int(self.uniform() * (high - low + 1))

    def chance(self, probability: float) -> bool:
        """True with the given probability."""
        return self.uniform() < probability

    def choose(self, items: Sequence[Item]) -> Item:
        """One of the items, all alike."""
        return items[int(self.uniform() * len(items))]

    def weighted(self, items: Sequence[tuple[Item, float]]) -> Item:
        """One of the items, by weight."""
        place = self.uniform() * sum(weight for _, weight in items)
        for item, weight in items:
            place -= weight
            if place < 0:
                return item
        return items[-1][0]

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        """The items in a random order (Fisher-Yates)."""
        result = list(items)
        for place in range(len(result) - 1, 0, -1):
            other = int(self.uniform() * (place + 1))
            result[place], result[other] = result[other], result[place]
        return result
