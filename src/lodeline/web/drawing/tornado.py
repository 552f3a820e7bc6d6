"""What an answer hangs on: one input at a time, by how many days it moves the answer, the largest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lodeline.web.drawing.lettering import Label, text_width
from lodeline.web.drawing.number import NO_BREAK_SPACE, grouped
from lodeline.web.drawing.svg import NOTHING, Markup, drawing, element, join, link, path_data

_ROW: Final = 34.0
_THICK: Final = 10.0
_LEAST: Final = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Swing:
    """An input: how the answer moves, in days, where the input is at its low and at its high end."""

    label: str
    low: float
    high: float
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tornado:
    """Drawn in the order given. `unit`: what follows a number of days; low_text, high_text: what the two fills are."""

    name: str
    rows: tuple[Swing, ...]
    unit: str
    low_text: str
    high_text: str
    description: str = ""


def draw_tornado(chart: Tornado, *, width: float = 560.0) -> Markup:
    """SVG of the bars around no change. `NOTHING` when there is none."""
    if not chart.rows:
        return NOTHING
    ends = [end for row in chart.rows for end in (row.low, row.high)]
    low, high = min(0.0, *ends), max(0.0, *ends)
    said = [_days(value, chart.unit) for value in ends]
    side = max(map(text_width, said)) + 8
    span = (high - low) or 1.0
    inner = max(width - 2 * side, 40.0)

    def x(value: float) -> float:
        return side + inner * (value - low) / span

    height = 22 + _ROW * len(chart.rows)
    parts = [*_legend(chart, width), element("path", class_="d-rule", d=path_data("M", x(0), 22, "V", height))]
    for place, row in enumerate(chart.rows):
        top = 22 + _ROW * place
        bars = [
            element(
                "rect", class_=class_, x=min(x(0), x(value)), y=top + 19, width=max(abs(x(value) - x(0)), _LEAST),
                height=_THICK,
            )
            for value, class_ in ((row.low, "d-fill-quiet"), (row.high, "d-fill-flow"))
            if value
        ]  # fmt: skip
        left, right = sorted((row.low, row.high))
        before, after = x(min(left, 0)) - side, x(max(right, 0)) + 5
        least, most = _days(left, chart.unit), _days(right, chart.unit)
        numbers = [
            Label(x=before, y=top + 28, width=side - 5, text=least, class_="d-quiet", anchor="end"),
            Label(x=after, y=top + 28, width=side, text=most, class_="d-quiet"),
        ]
        name = Label(x=0, y=top + 14, width=width, text=row.label, class_="d-halo")
        words = f"{row.label}: {least} … {most}"
        parts.append(link(None, row.text or words, *bars, name.draw(), *(one.draw() for one in numbers)))
    return drawing(
        width=width, height=height, name=chart.name, description=chart.description, kind="d-tornado", body=join(parts)
    )


def _days(value: float, unit: str) -> str:
    return f"{grouped(value, signed=True)}{NO_BREAK_SPACE if unit.isascii() else ''}{unit}"


def _legend(chart: Tornado, width: float) -> list[Markup]:
    parts, x = [], width
    for class_, words in (("d-fill-flow", chart.high_text), ("d-fill-quiet", chart.low_text)):
        x -= text_width(words)
        parts += [
            Label(x=x, y=11, width=text_width(words) + 2, text=words, class_="d-quiet").draw(),
            element("rect", class_=class_, x=x - 18, y=4, width=13, height=8),
        ]
        x -= 30
    return parts
