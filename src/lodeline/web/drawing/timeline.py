"""When each rule held: a row for each, spans of days by colour, shape and word, and the day asked about across them.

What is not known is an empty frame with a broken edge: nobody is to take it for a rule, or for the absence of one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from lodeline.web.drawing.calendar import icon
from lodeline.web.drawing.lettering import SMALL, Label, text_width
from lodeline.web.drawing.svg import NOTHING, Markup, drawing, element, escape, join, link, path_data, title

SpanState = Literal["in-force", "suspended", "unknown", "not-yet", "ended"]

_SHAPES: Final[Mapping[SpanState, str]] = {
    "in-force": "tick", "suspended": "half", "unknown": "diamond", "not-yet": "ring", "ended": "bar",
}  # fmt: skip
_HEAD: Final = 40.0
_ROW: Final = 40.0
_THICK: Final = 18.0
_LABELS: Final = 292.0
_LEAST: Final = 2.0
_HATCH: Final = "timeline-hatch"
#: More years than this are marked every fifth, so that their numbers keep apart.
_YEARS_MOST: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineSpan:
    """Days from `first` to `last`, both included, in one state; `text` is what a pointer and a screen reader get."""

    first: date
    last: date | None
    state: SpanState
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineRow:
    """One rule, or several of an instrument that have run alike: `note` names them."""

    label: str
    spans: tuple[TimelineSpan, ...]
    note: str = ""
    href: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """`first` and `last` bound what is drawn; `state_words`: those that occur, in the order of the legend."""

    name: str
    rows: tuple[TimelineRow, ...]
    first: date
    last: date
    state_words: tuple[tuple[SpanState, str], ...]
    marker: date | None = None
    marker_text: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class _Axis:
    """From day to pixel; a day is as wide as the next."""

    first: date
    last: date
    left: float
    right: float

    def x(self, day: date) -> float:
        share = (day - self.first).days / ((self.last - self.first).days + 1)
        return self.left + (self.right - self.left) * min(max(share, 0.0), 1.0)


def draw_timeline(chart: Timeline, *, width: float = 1000.0) -> Markup:
    """SVG of spans of days with its legend. `NOTHING` when there is no row."""
    assert chart.first < chart.last, "a timeline has more than one day"
    if not chart.rows:
        return NOTHING
    axis = _Axis(chart.first, chart.last, _LABELS + 16, width)
    words = dict(chart.state_words)
    height = _HEAD + _ROW * len(chart.rows)
    body = [_hatching(), *_years(axis, height)]
    marked = None
    if chart.marker is not None and chart.first <= chart.marker <= chart.last:
        marked = axis.x(chart.marker)
    body += [_row(row, axis, words, _HEAD + _ROW * place, marked) for place, row in enumerate(chart.rows)]
    if marked is not None:
        body.append(_marker(chart, axis, height, marked))
    svg = drawing(
        width=width, height=height, name=chart.name, description=chart.description, kind="d-timeline", body=join(body)
    )
    legend = [
        element("li", icon(_SHAPES[state]), element("span", escape(word)), class_=f"d-state-{state}")
        for state, word in chart.state_words
    ]
    return join((svg, element("ul", *legend, class_="d-legend")))


def _hatching() -> Markup:
    stroke = element("path", class_="d-span-stroke", d="M0 0v7")
    pattern = element(
        "pattern", stroke, id=_HATCH, width="7", height="7", patternUnits="userSpaceOnUse",
        patternTransform="rotate(45)",
    )  # fmt: skip
    return element("defs", pattern)


def _years(axis: _Axis, height: float) -> Iterator[Markup]:
    years = range(axis.first.year, axis.last.year + 1)
    step = 1 if len(years) <= _YEARS_MOST else 5
    for year in years:
        at = max(date(year, 1, 1), axis.first)
        if year % step:
            continue
        yield element("path", class_="d-hair", d=path_data("M", axis.x(at), 24, "V", height))
        yield Label(x=axis.x(at) + 4, y=34, width=40, text=str(year), class_="d-quiet", size=SMALL).draw()


def _row(row: TimelineRow, axis: _Axis, words: Mapping[SpanState, str], y: float, marked: float | None) -> Markup:
    name = Label(x=0, y=y + 16, width=_LABELS, text=row.label, class_="d-strong").draw()
    note = Label(x=0, y=y + 31, width=_LABELS, text=row.note, class_="d-small", size=SMALL).draw()
    rule = element("path", class_="d-hair", d=path_data("M", 0, y, "H", axis.right))
    label = f"{row.label}: {row.note}" if row.note else row.label
    spans = [
        _span(span, axis, words[span.state], y + (_ROW - _THICK) / 2, marked)
        for span in row.spans
        if span.first <= axis.last and (span.last is None or span.last >= axis.first)
    ]
    return join((rule, link(row.href, label, name, note), *spans))


def _span(span: TimelineSpan, axis: _Axis, word: str, y: float, marked: float | None) -> Markup:
    left = axis.x(span.first)
    end = axis.right if span.last is None else axis.x(date.fromordinal(span.last.toordinal() + 1))
    wide = max(end - left - 1, _LEAST)
    middle = y + _THICK / 2
    if span.state in ("not-yet", "ended"):
        dashes = " d-dash" if span.state == "not-yet" else ""
        marks = [element("path", class_=f"d-rule{dashes}", d=path_data("M", left, middle, "h", wide))]
    else:
        box = {"x": left, "y": y, "width": wide, "height": _THICK}
        marks = [element("rect", class_=f"d-span d-span-{span.state}", **box)]
        if span.state == "suspended":
            marks.append(element("rect", fill=f"url(#{_HATCH})", **box))
    room = text_width(word) * 1.05 + 4
    # The word keeps clear of the line through the day asked about.
    begin = marked + 5 if marked is not None and left < marked + 3 and marked < left + 5 + room else left + 5
    if begin + room <= left + wide:
        class_ = "" if span.state == "in-force" else "d-halo"
        marks.append(Label(x=begin, y=middle + 4, width=room, text=word, class_=class_).draw())
    return element("g", title(f"{word}: {span.text}"), *marks)


def _marker(chart: Timeline, axis: _Axis, height: float, at: float) -> Markup:
    room = text_width(chart.marker_text) * 1.12
    left = min(max(at - room / 2, 0.0), axis.right - room)
    return join(
        (
            element("path", class_="d-line", d=path_data("M", at, 18, "V", height)),
            Label(x=left, y=12, width=room, text=chart.marker_text, class_="d-strong").draw(),
        )
    )
