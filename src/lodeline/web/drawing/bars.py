"""Bars that can be compared: one scale for all of them, the name and the number on each, zero always in sight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from lodeline.web.drawing.lettering import Label, boxed, text_width
from lodeline.web.drawing.svg import NOTHING, Markup, coordinate, drawing, element, join, link, path_data

BarKind = Literal["flow", "gain", "loss", "hold", "quiet", "rest"]

_ROW: Final = 40.0
_THICK: Final = 12.0
_LEAST: Final = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A bar from `start` to `value` (both in the drawing's own unit) with its name and the words of its number."""

    label: str
    value: float
    text: str
    start: float = 0.0
    kind: BarKind = "flow"
    href: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """`marker` is one value to compare all bars with, drawn as a line through them with its words at the top."""

    name: str
    bars: tuple[Bar, ...]
    description: str = ""
    marker: float | None = None
    marker_text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a stacked bar; negative parts stand left of zero."""

    label: str
    value: float
    text: str
    kind: BarKind = "flow"
    href: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    label: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stacks:
    name: str
    stacks: tuple[Stack, ...]
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparkline:
    """A trend without axes. `name` says in words what it shows; "" where words beside it say it already.

    None is a period without a value: the line breaks. `reference` is a level to compare with.
    """

    values: tuple[float | None, ...]
    name: str = ""
    kind: Literal["ink", "flow", "gain", "loss", "hold"] = "ink"
    reference: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class _Scale:
    """From value to pixel."""

    low: float
    high: float
    width: float

    def x(self, value: float) -> float:
        return self.width * (value - self.low) / (self.high - self.low)


def _scale(values: list[float], width: float) -> _Scale:
    low, high = min(0.0, *values), max(0.0, *values)
    return _Scale(low, high if high > low else low + 1.0, width)


def draw_bars(chart: Bars, *, width: float = 560.0) -> Markup:
    """SVG of horizontal bars, one under the other in the order given. `NOTHING` when there is none."""
    if not chart.bars:
        return NOTHING
    marked = [] if chart.marker is None else [chart.marker]
    scale = _scale([value for bar in chart.bars for value in (bar.start, bar.value)] + marked, width)
    head = 20.0 if chart.marker is not None and chart.marker_text else 0.0
    height = head + _ROW * len(chart.bars)
    rows = [_bar(bar, scale, head + _ROW * index) for index, bar in enumerate(chart.bars)]
    marks = [*rows, element("path", class_="d-rule", d=_through_rows(scale.x(0), head, len(rows)))]
    if chart.marker is not None:
        at = scale.x(chart.marker)
        room = min(text_width(chart.marker_text) * 1.08, width)
        left = min(max(at - room / 2, 0.0), width - room)
        marks += [
            element("path", class_="d-line", d=_through_rows(at, head, len(rows))),
            Label(x=left, y=12, width=room, text=chart.marker_text, class_="d-strong").draw(),
        ]
    return drawing(
        width=width, height=height, name=chart.name, description=chart.description, kind="d-bars", body=join(marks)
    )


def _through_rows(x: float, head: float, count: int) -> str:
    """A vertical stroke through the bar of each row, clear of the words above it."""
    return path_data(*(part for row in range(count) for part in ("M", x, head + row * _ROW + 18, "v", 18.0)))


def _bar(bar: Bar, scale: _Scale, y: float) -> Markup:
    left, right = sorted((scale.x(bar.start), scale.x(bar.value)))
    room = min(text_width(bar.text) * 1.08, scale.width * 0.6)
    rect = element(
        "rect",
        class_=f"d-fill-{bar.kind}",
        x=min(left, scale.width - _LEAST),
        y=y + 21,
        width=max(right - left, _LEAST),
        height=_THICK,
    )
    name = Label(x=0, y=y + 14, width=scale.width - room - 12, text=bar.label)
    number = Label(x=scale.width - room, y=y + 14, width=room, text=bar.text, class_="d-halo d-strong", anchor="end")
    axis = element("path", class_="d-hair", d=path_data("M", 0, y + 27, "H", scale.width))
    return link(bar.href, f"{bar.label}: {bar.text}", axis, rect, name.draw(), number.draw())


def draw_stacks(chart: Stacks, *, width: float = 560.0) -> Markup:
    """SVG of stacked bars on one scale, words under the parts that are wide enough, all words in the titles.

    What is too narrow for words is named in a line of its own below the bar. `NOTHING` when no part has a value.
    """
    stacks = [stack for stack in chart.stacks if any(part.value for part in stack.parts)]
    if not stacks:
        return NOTHING
    ends = [
        sum(part.value for part in stack.parts if (part.value > 0) == positive)
        for stack in stacks
        for positive in (True, False)
    ]
    scale = _scale(ends, width)
    parts: list[Markup] = []
    y = 0.0
    for stack in stacks:
        drawn, y = _stack(stack, scale, y)
        parts += drawn
    if scale.low < 0:
        parts.append(element("path", class_="d-line", d=path_data("M", scale.x(0), 18, "V", y)))
    return drawing(
        width=width, height=y, name=chart.name, description=chart.description, kind="d-stacks", body=join(parts)
    )


def _stack(stack: Stack, scale: _Scale, y: float) -> tuple[list[Markup], float]:
    """The marks of one stacked bar from `y` down, and where they end."""
    drawn = [Label(x=0, y=y + 13, width=scale.width, text=stack.label, class_="d-strong").draw()]
    words: list[Label] = []
    untold: list[str] = []
    reached = {True: 0.0, False: 0.0}
    for part in stack.parts:
        if not part.value:
            continue
        begin = reached[part.value > 0]
        reached[part.value > 0] = begin + part.value
        left, right = sorted((scale.x(begin), scale.x(begin + part.value)))
        label = f"{part.label}: {part.text}"
        rect = element("rect", class_=f"d-part d-fill-{part.kind}", x=left, y=y + 20, width=right - left, height=24)
        drawn.append(link(part.href, label, rect))
        fits = max(text_width(part.label) * 1.08, text_width(part.text)) <= right - left - 6
        if fits:
            words += [
                Label(x=left, y=y + 59, width=right - left - 6, text=part.label, class_="d-strong"),
                Label(x=left, y=y + 74, width=right - left - 6, text=part.text, class_="d-quiet"),
            ]
        else:
            untold.append(f"{part.label} {part.text}")
    drawn += [label.draw() for label in words]
    end = y + (80 if words else 50)
    for line in wrapped(untold, scale.width):
        end += 16
        drawn.append(boxed(scale.width, end - 8, line, class_="d-quiet", anchor="end").draw())
    return drawn, end + 8


def wrapped(texts: list[str], width: float) -> list[str]:
    """Texts joined by · into lines of at most `width` pixels; one longer than that has a line of its own."""
    lines: list[str] = []
    for text in texts:
        longer = f"{lines[-1]} · {text}" if lines else ""
        if lines and text_width(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(text)
    return lines


def draw_sparkline(trend: Sparkline, *, width: float = 132.0, height: float = 40.0) -> Markup:
    """SVG of a trend that stretches to the width of its tile; the last value is a square. `NOTHING` without a value."""
    values = [value for value in trend.values if value is not None]
    if not values:
        return NOTHING
    known = values if trend.reference is None else [*values, trend.reference]
    low = min([*known, *([] if trend.low is None else [trend.low])])
    high = max([*known, *([] if trend.high is None else [trend.high])])
    span, steps = (high - low) or 1.0, max(len(trend.values) - 1, 1)

    def x(index: int) -> float:
        return 2 + index * (width - 8) / steps

    def y(value: float) -> float:
        return height - 5 - (value - low) / span * (height - 12)

    line: list[str | float] = []
    last, broken = (0.0, 0.0), True
    for index, value in enumerate(trend.values):
        if value is not None:
            line += ["M" if broken else "L", x(index), y(value)]
            last = (x(index), y(value))
        broken = value is None
    words = f" d-says-{trend.kind}" if trend.kind != "ink" else ""
    still = "non-scaling-stroke"
    parts = []
    if trend.reference is not None:
        data = path_data("M", 0, y(trend.reference), "H", width)
        parts.append(element("path", class_="d-rule d-dash", d=data, vector_effect=still))
    parts += [
        element("path", class_=f"d-line{words}", d=path_data(*line), vector_effect=still),
        element("path", class_=f"d-line d-dot{words}", d=path_data("M", *last, "h", 0.1), vector_effect=still),
    ]
    return element(
        "svg",
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        class_="drawing d-spark",
        viewBox=f"0 0 {coordinate(width)} {coordinate(height)}",
        preserveAspectRatio="none",
        role="img" if trend.name else None,
        aria_label=trend.name or None,
        aria_hidden=None if trend.name else "true",
    )
