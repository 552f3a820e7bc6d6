"""Estimates with their intervals, one under the other on one scale, beside the line at which there is no difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lodeline.web.drawing.lettering import Label, text_width
from lodeline.web.drawing.svg import NOTHING, Markup, drawing, element, join, link, path_data, shape

_ROW: Final = 40.0
_SIDE: Final = 8.0
_LINE: Final = 27.0
#: An interval that reaches further than so many times the largest estimate is cut off there, and has no end mark.
_FARTHEST: Final = 2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate between `low` and `high` with its name and the words of its numbers; `marked`: it counts."""

    label: str
    value: float
    low: float
    high: float
    text: str
    marked: bool = False
    href: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervals:
    """Drawn in the order given."""

    name: str
    rows: tuple[Interval, ...]
    description: str = ""


def draw_intervals(chart: Intervals, *, width: float = 560.0) -> Markup:
    """SVG of the intervals; what is marked is a diamond, the others are circles. `NOTHING` when there is none."""
    if not chart.rows:
        return NOTHING
    largest = max(abs(row.value) for row in chart.rows)
    ends = [end for row in chart.rows for end in (row.low, row.high)]
    farthest = _FARTHEST * largest if largest else max(map(abs, ends))
    low, high = (max(-farthest, min(0.0, *ends)), min(farthest, max(0.0, *ends)))
    span = (high - low) or 1.0

    def x(value: float) -> float:
        return _SIDE + (width - 2 * _SIDE) * (min(max(value, low), high) - low) / span

    parts = []
    for place, row in enumerate(chart.rows):
        y = _ROW * place
        room = min(text_width(row.text) * 1.08, width * 0.6)
        tone = "hold" if row.marked else "ink"
        stroke: list[str | float] = ["M", x(row.low), y + _LINE, "H", x(row.high)]
        for end in (row.low, row.high):
            if low <= end <= high:
                stroke += ["M", x(end), y + _LINE - 4, "v", 8.0]
        parts.append(
            link(
                row.href, f"{row.label}: {row.text}",
                element("path", class_="d-rule", d=path_data("M", x(0), y + 18, "v", 18.0)),
                element("path", class_=f"d-line d-says-{tone}" if row.marked else "d-line", d=path_data(*stroke)),
                shape("diamond" if row.marked else "circle", x(row.value), y + _LINE, size=10, class_=f"d-fill-{tone}"),
                Label(x=0, y=y + 14, width=width - room - 12, text=row.label).draw(),
                Label(x=width - room, y=y + 14, width=room, text=row.text, class_="d-strong", anchor="end").draw(),
            )
        )  # fmt: skip
    return drawing(
        width=width, height=_ROW * len(chart.rows), name=chart.name, description=chart.description,
        kind="d-intervals", body=join(parts),
    )  # fmt: skip
