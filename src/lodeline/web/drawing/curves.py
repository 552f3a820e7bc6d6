"""Curves over the days of a run, each with the range that it lies in, and the day on which two of them cross."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from lodeline.web.drawing.lettering import Label, boxed, text_width
from lodeline.web.drawing.number import grouped, nice_ticks, tick_decimals
from lodeline.web.drawing.svg import NOTHING, Markup, drawing, element, join, path_data

_TOP: Final = 34.0
_FOOT: Final = 26.0
_LEFT: Final = 58.0
#: Pixels between numbers of the scale.
_APART: Final = 22.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A value for each day of `Curves.days`, between `low` and `high`. `dashed`: told apart without colour."""

    label: str
    low: tuple[float, ...]
    central: tuple[float, ...]
    high: tuple[float, ...]
    kind: Literal["flow", "loss", "ink"] = "ink"
    dashed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """`unit`: of the values; `ticks`: (day, words) of the axis. `mark`: P10, P50 and P90 of a day, with its words; of
    those that are None there is no mark."""

    name: str
    days: tuple[float, ...]
    curves: tuple[Curve, ...]
    unit: str
    ticks: tuple[tuple[float, str], ...]
    mark: tuple[float | None, float | None, float | None] | None = None
    mark_text: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class _Plot:
    """From day and value to pixel."""

    first: float
    last: float
    highest: float
    right: float
    bottom: float

    def x(self, day: float) -> float:
        span = (self.last - self.first) or 1.0
        return _LEFT + (self.right - _LEFT) * (min(max(day, self.first), self.last) - self.first) / span

    def y(self, value: float) -> float:
        return self.bottom - (self.bottom - _TOP) * value / self.highest


def draw_curves(chart: Curves, *, width: float = 560.0, height: float = 260.0) -> Markup:
    """SVG of the curves, zero at the foot. `NOTHING` without two days or where all is zero."""
    highest = max((value for one in chart.curves for value in (*one.high, *one.central)), default=0.0)
    if len(chart.days) < 2 or highest <= 0:
        return NOTHING
    room = min(max(text_width(one.label) * 1.08 for one in chart.curves) + 12, width * 0.3)
    # Numbers of the scale stand apart where the drawing is low, too.
    most = max(2, min(5, int((height - _FOOT - _TOP) / _APART) + 1))
    scale = nice_ticks(0.0, highest, count=most)
    plot = _Plot(chart.days[0], chart.days[-1], scale[-1], width - room, height - _FOOT)
    body = [
        Label(x=0, y=13, width=width * 0.6, text=chart.unit, class_="d-quiet").draw(),
        *_scale(scale, plot),
        *_axis(chart, plot, height),
        *(_area(one, chart.days, plot) for one in chart.curves),
        *(_line(one, chart.days, plot) for one in chart.curves),
        *_names(chart, plot, room - 10),
        *_mark(chart, plot, width),
    ]
    return drawing(
        width=width, height=height, name=chart.name, description=chart.description, kind="d-curves", body=join(body)
    )


def _scale(scale: tuple[float, ...], plot: _Plot) -> list[Markup]:
    decimals, parts = tick_decimals(scale), []
    for tick in scale:
        y, said = plot.y(tick), grouped(tick, decimals)
        parts += [
            element("path", class_="d-hair" if tick else "d-rule", d=path_data("M", _LEFT, y, "H", plot.right)),
            Label(x=0, y=y + 4, width=_LEFT - 8, text=said, class_="d-quiet", anchor="end").draw(),
        ]
    return parts


def _axis(chart: Curves, plot: _Plot, height: float) -> list[Markup]:
    parts, reached = [], 0.0
    for day, words in chart.ticks:
        at, room = plot.x(day), text_width(words) + 2
        if plot.first <= day <= plot.last and at >= reached:
            parts.append(Label(x=at, y=height - 8, width=room, text=words, class_="d-quiet").draw())
            reached = at + room + 8
    return parts


def _area(curve: Curve, days: tuple[float, ...], plot: _Plot) -> Markup:
    points: list[str | float] = []
    for day, value in (*zip(days, curve.high, strict=True), *reversed(tuple(zip(days, curve.low, strict=True)))):
        points += ["L" if points else "M", plot.x(day), plot.y(value)]
    return element("path", class_=f"d-area-{curve.kind}", d=path_data(*points, "Z"))


def _line(curve: Curve, days: tuple[float, ...], plot: _Plot) -> Markup:
    points: list[str | float] = []
    for day, value in zip(days, curve.central, strict=True):
        points += ["L" if points else "M", plot.x(day), plot.y(value)]
    says = "" if curve.kind == "ink" else f" d-says-{curve.kind}"
    return element("path", class_=f"d-line{says}{' d-dash' if curve.dashed else ''}", d=path_data(*points))


def _names(chart: Curves, plot: _Plot, room: float) -> list[Markup]:
    """The name of each curve beside its end, moved down where two would meet."""
    parts, free = [], 0.0
    for one in sorted(chart.curves, key=lambda curve: -curve.central[-1]):
        baseline = max(plot.y(one.central[-1]) + 4, free)
        says = "" if one.kind == "ink" else f" d-says-{one.kind}"
        at = plot.right + 8
        parts.append(Label(x=at, y=baseline, width=room, text=one.label, class_=f"d-strong{says}").draw())
        free = baseline + 15
    return parts


def _mark(chart: Curves, plot: _Plot, width: float) -> list[Markup]:
    low, at, high = chart.mark or (None, None, None)
    if at is None:
        return []
    foot = plot.bottom + 4
    parts = [element("path", class_="d-line d-dash d-says-hold", d=path_data("M", plot.x(at), _TOP - 6, "V", foot))]
    if low is not None and high is not None:
        parts.append(
            element("path", class_="d-line d-says-hold", d=path_data("M", plot.x(low), foot, "H", plot.x(high)))
        )
    room = text_width(chart.mark_text) * 1.08
    left = min(max(plot.x(at) - room / 2, _LEFT), max(width - room, _LEFT))
    return [*parts, boxed(left, _TOP - 10, chart.mark_text, class_="d-halo d-strong d-says-hold").draw()]
