"""Outlines of the countries on an equal-area map: a country looks as large as it is.

Projection: Equal Earth (Šavrič, Patterson and Jenny, Int. J. Geogr. Inf. Sci. 33 (2019) 454–465), a polynomial.
Outlines: Natural Earth 1:110 million, `data/reference/countries.json`; boundaries are drawn as controlled and take no
position.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from lodeline.web.drawing.svg import coordinate

_A1, _A2, _A3, _A4 = 1.340264, -0.081106, 0.000893, 0.003796
_ROOT: Final = math.sqrt(3) / 2
#: Half the width of the projected globe of radius 1.
_HALF: Final = 2 * math.sqrt(3) * math.pi / (3 * _A1)
#: Latitudes shown: all that is lived on.
NORTH: Final = 84.0
SOUTH: Final = -57.0
_TENTHS: Final = 10

Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A country's rings, each a sequence of (longitude, latitude) in degrees; `code` is ISO 3166-1 alpha-2 or ""."""

    code: str
    name: str
    rings: tuple[tuple[Point, ...], ...]


def equal_earth(longitude: float, latitude: float) -> Point:
    """(x, y) on a globe of radius 1 of a place in degrees; y to the north."""
    theta = math.asin(_ROOT * math.sin(math.radians(latitude)))
    square = theta * theta
    sixth = square**3
    slope = 9 * _A4 * sixth * square + 7 * _A3 * sixth + 3 * _A2 * square + _A1
    x = 2 * math.sqrt(3) * math.radians(longitude) * math.cos(theta) / (3 * slope)
    return x, theta * (_A4 * sixth * square + _A3 * sixth + _A2 * square + _A1)


@dataclass(frozen=True, slots=True)
class Frame:
    """The map on a drawing `width` pixels wide, its upper left corner at (0, 0)."""

    width: float

    def at(self, longitude: float, latitude: float) -> Point:
        """Pixels of a place in degrees."""
        x, y = equal_earth(longitude, latitude)
        scale = self.width / (2 * _HALF)
        return (x + _HALF) * scale, (equal_earth(0, NORTH)[1] - y) * scale

    @property
    def height(self) -> float:
        return self.at(0, SOUTH)[1]


@cache
def natural_earth() -> tuple[Outline, ...]:
    """The outlines that come with Lodeline, ordered by code."""
    text = (files("lodeline") / "data" / "reference" / "countries.json").read_text(encoding="utf-8")
    return tuple(
        Outline(
            code=country["code"],
            name=country["name"],
            rings=tuple(_unpacked(ring) for ring in country["rings"]),
        )
        for country in json.loads(text)["countries"]
    )


def _unpacked(ring: Sequence[int]) -> tuple[Point, ...]:
    """Points in degrees from differences in tenths of a degree."""
    points, x, y = [], 0, 0
    for at in range(0, len(ring), 2):
        x, y = x + ring[at], y + ring[at + 1]
        points.append((x / _TENTHS, y / _TENTHS))
    return tuple(points)


@cache
def centre(outline: Outline) -> Point:
    """Longitude and latitude of the middle of a country's largest part: where an arrow to it may point."""
    ring = max(outline.rings, key=lambda points: abs(_doubled_area(points)))
    area = _doubled_area(ring)
    x = y = 0.0
    for (x0, y0), (x1, y1) in zip(ring, (*ring[1:], ring[0]), strict=True):
        cross = x0 * y1 - x1 * y0
        x, y = x + (x0 + x1) * cross, y + (y0 + y1) * cross
    return (x / (3 * area), y / (3 * area)) if area else ring[0]


def _doubled_area(ring: Sequence[Point]) -> float:
    return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(ring, (*ring[1:], ring[0]), strict=True))


@cache
def country_path(outline: Outline, width: float) -> str:
    """The `d` of a country on a map `width` pixels wide; points nearer than 0.6 pixels to the last are left out."""
    frame = Frame(width)
    parts = []
    for ring in outline.rings:
        points: list[tuple[int, int]] = []
        for longitude, latitude in ring:
            x, y = frame.at(longitude, latitude)
            tenths = (round(x * 10), round(y * 10))
            if not points or math.dist(points[-1], tenths) >= 6:
                points.append(tenths)
        if len(points) < 3:
            x, y = frame.at(*ring[0])
            parts.append(f"M{coordinate(x)} {coordinate(y)}h1v1h-1z")
            continue
        steps = " ".join(
            f"{coordinate((x1 - x0) / 10)} {coordinate((y1 - y0) / 10)}"
            for (x0, y0), (x1, y1) in itertools.pairwise(points)
        )
        parts.append(f"M{coordinate(points[0][0] / 10)} {coordinate(points[0][1] / 10)}l{steps}z")
    return "".join(parts)
