"""A picture of every detector's curve: recall of large plants against false findings, beside the peers'.

Small multiples in one SVG without script. It carries its own few colours, for light and dark, because it is shown by
whatever shows the document.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from labelled.tally import Curve, Row, Tally
from lodeline.web.drawing.svg import coordinate, escape, path_data

COLUMNS, WIDTH, HEIGHT = 4, 200, 150
LEFT, TOP, RIGHT, BOTTOM = 30, 22, 10, 24
#: False findings per 200 site-years at both ends of the axis.
FROM, TO = 0.05, 20.0
STYLE = (
    "svg{font:10px system-ui,sans-serif;fill:#222}path{fill:none;stroke-width:1.2;stroke:#777}.own{stroke:#0b5cad;"
    "stroke-width:2}.p1{stroke-dasharray:5 3}.p2{stroke-dasharray:1.5 2.5}.p3{stroke-dasharray:7 2 1.5 2}"
    ".axis{stroke:#999;stroke-width:.7}.budget{stroke:#b3541e;stroke-width:.8}text.title{font-weight:600}"
    "@media(prefers-color-scheme:dark){svg{fill:#ddd}path{stroke:#999}.own{stroke:#7cb8ff}.axis{stroke:#777}"
    ".budget{stroke:#e39a6b}}"
)


def picture(found: Tally) -> str:
    """The SVG, in English; its words are the detectors' names and the two axes."""
    rows = [row for row in found.rows if row.strong]
    lines = math.ceil(len(rows) / COLUMNS) if rows else 0
    wide, high = COLUMNS * WIDTH, lines * HEIGHT + 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" role="img">',
        "<title>Recall of large plants against false findings per 200 site-years</title>",
        f"<style>{STYLE}</style>",
        *(_panel(row, place) for place, row in enumerate(rows)),
        *_legend(rows[0].curves if rows else (), high - 26),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _panel(row: Row, place: int) -> str:
    left, top = place % COLUMNS * WIDTH + LEFT, place // COLUMNS * HEIGHT + TOP
    wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    budget, below = left + wide * _across(1.0), top + high + 12
    parts = [
        f'<text class="title" x="{left}" y="{top - 8}">{escape(row.detector)}</text>',
        f'<path class="axis" d="{path_data("M", left, top, "V", top + high, "H", left + wide)}"/>',
        f'<path class="budget" d="{path_data("M", budget, top, "V", top + high)}"/>',
        *(f'<text x="{left - 5}" y="{coordinate(top + high * (1 - level) + 3)}" text-anchor="end">{text}</text>'
          for level, text in ((0, "0"), (0.5, ".5"), (1, "1"))),
        *(f'<text x="{coordinate(left + wide * _across(level))}" y="{below}" text-anchor="middle">{text}</text>'
          for level, text in ((0.1, ".1"), (1, "1"), (10, "10"))),
    ]  # fmt: skip
    for number, curve in reversed(list(enumerate(row.curves))):
        kind = "own" if number == 0 else f"p{number}"
        points = [(left + wide * _across(x), top + high * (1 - y)) for x, y in _steps(curve)]
        if points:
            parts.append(f'<path class="{kind}" d="{_line(points)}"/>')
    return "\n".join(parts)


def _across(false: float) -> float:
    return math.log(min(max(false, FROM), TO) / FROM) / math.log(TO / FROM)


def _steps(curve: Curve) -> list[tuple[float, float]]:
    """The curve as a staircase that ends at the right border, recall never falling."""
    points: list[tuple[float, float]] = []
    best = 0.0
    for false, found in zip(curve.false, curve.recall, strict=True):
        if not math.isnan(found) and found > best and false <= TO:
            points += [(float(false), best), (float(false), float(found))]
            best = float(found)
    return [*points, (TO, best)] if points else []


def _line(points: list[tuple[float, float]]) -> str:
    parts: list[str | float] = ["M", *points[0]]
    for point in points[1:]:
        parts += ["L", *point]
    return path_data(*parts)


def _legend(curves: Iterable[Curve], top: int) -> list[str]:
    parts = []
    for number, curve in enumerate(curves):
        left, kind = 30 + number * 150, "own" if number == 0 else f"p{number}"
        parts.append(f'<path class="{kind}" d="{path_data("M", left, top, "H", left + 26)}"/>')
        name = "the detector" if number == 0 else curve.name
        parts.append(f'<text x="{left + 32}" y="{top + 3}">{escape(name)}</text>')
    parts.append(f'<text x="30" y="{top + 20}">across: false findings per 200 site-years at honest firms (budget: 1);'
                 " up: recall of large plants</text>")  # fmt: skip
    return parts
