"""Ribbons: their width is their mass, exactly; one too thin to see is drawn as a line along its middle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lodeline.web.drawing.svg import Markup, element, hatched, path_data

#: A ribbon thinner than this many pixels is drawn as a line of this width (`d-thin` in the stylesheet).
THINNEST: Final = 1.2

#: The straight end of a backward ribbon's turn, and the most by which its outer edge turns wider than its inner one.
_TURN: Final = 26.0
_WIDER: Final = 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ribbon:
    """A ribbon of `width` pixels through points (x from, x to, top): straight over a mark, curved between two."""

    width: float
    stops: tuple[tuple[float, float, float], ...]


def along(ribbon: Ribbon) -> str:
    """Path of a ribbon that runs from left to right."""
    if ribbon.width < THINNEST:
        return path_data(*_edge(ribbon, ribbon.width / 2))
    back: list[str | float] = []
    ends = list(reversed(ribbon.stops))
    for at, (start, end, top) in enumerate(ends):
        y = top + ribbon.width
        if at:
            x, _, before = ends[at - 1]
            middle = (x + end) / 2
            back += ["C", middle, before + ribbon.width, middle, y, end, y]
        if start != end:
            back += ["H", start]
    return path_data(*_edge(ribbon, 0.0), "V", ends[0][2] + ribbon.width, *back, "Z")


def _edge(ribbon: Ribbon, shift: float) -> list[str | float]:
    start, end, top = ribbon.stops[0]
    parts: list[str | float] = ["M", start, top + shift]
    if start != end:
        parts += ["H", end]
    for left, right, y in ribbon.stops[1:]:
        middle = (end + left) / 2
        parts += ["C", middle, top + shift, middle, y + shift, left, y + shift]
        if left != right:
            parts += ["H", right]
        end, top = right, y
    return parts


def around(*, width: float, start: tuple[float, float], lane: float, end: tuple[float, float]) -> str:
    """Path of a ribbon that leaves (x, top) to the right, runs back along `lane` and enters `end` from the left."""
    (x0, y0), (x1, y1) = start, end
    if width < THINNEST:
        half = width / 2
        out: list[str | float] = ["C", x0 + _TURN, y0 + half, x0 + _TURN, lane + half, x0, lane + half]
        return path_data(
            "M", x0, y0 + half, *out, "H", x1, "C", x1 - _TURN, lane + half, x1 - _TURN, y1 + half, x1, y1 + half
        )
    far = _TURN + min(width, _WIDER) * 4 / 3
    outer: list[str | float] = ["C", x0 + far, y0, x0 + far, lane + width, x0, lane + width, "H", x1]
    outer += ["C", x1 - far, lane + width, x1 - far, y1, x1, y1]
    inner: list[str | float] = ["C", x1 - _TURN, y1 + width, x1 - _TURN, lane, x1, lane, "H", x0]
    inner += ["C", x0 + _TURN, lane, x0 + _TURN, y0 + width, x0, y0 + width]
    return path_data("M", x0, y0, *outer, "V", y1 + width, *inner, "Z")


def draw_ribbon(data: str, *, width: float, kind: str, key: str) -> Markup:
    """The path with its classes; recycled mass is hatched with the pattern of the drawing `key`."""
    if width < THINNEST:
        return element("path", class_=f"d-thin d-thin-{kind}", d=data)
    fill = hatched(key) if kind == "recycled" else None
    return element("path", class_=f"d-ribbon d-{kind}", d=data, fill=fill)
