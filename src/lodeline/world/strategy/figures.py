"""The figures of customers, from `data/world/abroad.csv`, `transit.csv` and `works.csv`; each row names its source."""

from __future__ import annotations

from functools import cache
from math import sqrt

from lodeline.world.stream import Stream
from lodeline.world.tables import Row, table

Range = tuple[float, float, float]


@cache
def figure(key: str) -> Range:
    """(low, central, high) of a key."""
    row = next(row for row in table("abroad") if row["key"] == key)
    return float(row["low"]), float(row["central"]), float(row["high"])


def triangular(stream: Stream, key: str) -> float:
    """One draw of the triangular distribution of a key; a square root rounds in one way on every machine."""
    low, central, high = figure(key)
    share, width = stream.uniform(), high - low
    if share < (central - low) / width:
        return low + sqrt(share * width * (central - low))
    return high - sqrt((1 - share) * width * (high - central))


def evenly(stream: Stream, key: str) -> float:
    """One draw between low and high of a key, all alike."""
    low, _, high = figure(key)
    return stream.between(low, high)


def lognormal(stream: Stream, key: str, sigma: float) -> float:
    """One draw about the central value of a key as its median, cut at low and high.

    The exponential is a power of 64, so that it comes out the same on every machine.
    """
    low, central, high = figure(key)
    factor = 1 + sigma * stream.normal() / 64
    for _ in range(6):
        factor *= factor
    return min(high, max(low, central * factor))


def transit_days(stream: Stream, country: str) -> int:
    """Whole days under way to a plant of a country."""
    rows: dict[str, Row] = {row["country"]: row for row in table("transit")}
    row = rows.get(country, rows[""])
    return stream.integer(int(row["low_days"]), int(row["high_days"]))
