"""When plants stop: a row for each, with how long goods last, when it stops, and how long help takes.

The bar is the range of the stop day (P10 to P90) with a diamond at P50; above it stand the days of stock and, dashed,
the goods under way; a dashed upright is the lead time of a licence or of a new supplier, with its range. A bar that is
open at the right has an arrow: in some draws the plant does not stop at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lodeline.web.drawing.lettering import SMALL, Label, text_width
from lodeline.web.drawing.svg import NOTHING, Markup, drawing, element, join, link, path_data, shape

_ROW: Final = 38.0
_HEAD: Final = 42.0
_FOOT: Final = 8.0
_GAP: Final = 12.0
_COVER: Final = 5.0
_BAR: Final = 9.0
_LEAST: Final = 2.0
#: Narrower than this the names stand above their rows.
_BESIDE: Final = 560.0
_ABOVE: Final = 16.0
#: Shares of the width that names, and words behind the rows, take at most.
_NAMES_MOST: Final = 0.24
_WORDS_MOST: Final = 0.3
#: The same where both stand above the row.
_ABOVE_MOST: Final = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRow:
    """A plant. Days are counted from the start of the run; None: it does not stop in that quantile.

    label, note: its name and what else tells it; text: the words of its stop. stock, under_way: days of use. lead: low,
    central and high of the lead time.
    """

    label: str
    text: str
    note: str = ""
    p10: float | None = None
    p50: float | None = None
    p90: float | None = None
    stock: float | None = None
    under_way: float | None = None
    lead: tuple[float, float, float] | None = None
    href: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopsWords:
    """What the marks are called, in the reader's language."""

    stop: str
    stock: str
    under_way: str
    lead: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stops:
    """Drawn in the order given. `ticks`: (day, words) of the axis; `horizon`: the last day of the run."""

    name: str
    rows: tuple[StopRow, ...]
    horizon: float
    ticks: tuple[tuple[float, str], ...]
    words: StopsWords
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plot:
    """Where things lie: names up to pixel `names`, the days of the run from `left` to `right`, words behind them.

    beside: names and words stand beside the rows; else above them, since the drawing is narrow.
    """

    names: float
    left: float
    right: float
    width: float
    horizon: float
    beside: bool

    @property
    def step(self) -> float:
        return _ROW if self.beside else _ROW + _ABOVE

    def x(self, day: float) -> float:
        return self.left + (self.right - self.left) * min(max(day, 0.0), self.horizon) / self.horizon

    def bar(self, start: float, end: float, *, y: float, height: float, class_: str) -> Markup:
        left = self.x(start)
        return element("rect", class_=class_, x=left, y=y, width=max(self.x(end) - left, _LEAST), height=height)


def draw_stops(chart: Stops, *, width: float = 1040.0) -> Markup:
    """SVG of the rows, `width` pixels wide. `NOTHING` when there is none."""
    if not chart.rows:
        return NOTHING
    plot = _plot(chart, width)
    bottom = _HEAD + plot.step * len(chart.rows)
    parts = [_legend(chart.words, plot), *_axis(chart, plot, bottom)]
    for place, row in enumerate(chart.rows):
        top = _HEAD + plot.step * place
        marks = _marks(row, plot, top if plot.beside else top + _ABOVE)
        parts.append(link(row.href, f"{row.label}: {row.text}", *marks, *_words(row, plot, top)))
    return drawing(
        width=width, height=bottom + _FOOT, name=chart.name, description=chart.description, kind="d-stops",
        body=join(parts),
    )  # fmt: skip


def _plot(chart: Stops, width: float) -> _Plot:
    horizon = max(chart.horizon, 1.0)
    if width < _BESIDE:
        return _Plot(names=0.0, left=6.0, right=width - 10, width=width, horizon=horizon, beside=False)
    names = max(120.0, *(text_width(row.label) * 1.08 for row in chart.rows))
    said = max(text_width(row.text) for row in chart.rows) + 4
    names, said = min(names, width * _NAMES_MOST), min(said, width * _WORDS_MOST)
    return _Plot(
        names=names, left=names + _GAP, right=width - said - _GAP, width=width, horizon=horizon, beside=True
    )  # fmt: skip


def _words(row: StopRow, plot: _Plot, top: float) -> list[Markup]:
    if not plot.beside:
        said = min(text_width(row.text), plot.width * _ABOVE_MOST)
        return [
            Label(
                x=0, y=top + 13, width=plot.width - said - _GAP, text=row.label, class_="d-strong", both_ends=True
            ).draw(),
            Label(x=plot.width - said, y=top + 13, width=said, text=row.text, anchor="end").draw(),
        ]
    behind = plot.right + _GAP
    return [
        Label(
            x=0, y=top + (15 if row.note else 22), width=plot.names, text=row.label, class_="d-strong", both_ends=True
        ).draw(),
        Label(x=0, y=top + 30, width=plot.names, text=row.note, class_="d-small", size=SMALL).draw(),
        Label(x=behind, y=top + 25, width=plot.width - behind, text=row.text).draw(),
    ]


def _marks(row: StopRow, plot: _Plot, top: float) -> list[Markup]:
    middle = top + 20
    parts = [element("path", class_="d-hair", d=path_data("M", plot.left, middle + 4, "H", plot.right))]
    stock, under_way = row.stock or 0.0, row.under_way or 0.0
    if row.stock is not None:
        parts.append(plot.bar(0.0, stock, y=middle - 9, height=_COVER, class_="d-fill-quiet"))
    if under_way:
        parts.append(plot.bar(stock, stock + under_way, y=middle - 9, height=_COVER, class_="d-mark-more"))
    if row.p10 is not None:
        end = plot.horizon if row.p90 is None else row.p90
        parts.append(plot.bar(row.p10, end, y=middle, height=_BAR, class_="d-fill-loss"))
        if row.p90 is None:
            at = plot.x(end)
            head = path_data("M", at, middle - 3, "l", 8.0, 7.5, "l", -8.0, 7.5, "z")
            parts.append(element("path", class_="d-fill-loss", d=head))
    if row.p50 is not None:
        parts.append(shape("diamond", plot.x(row.p50), middle + _BAR / 2, size=11, class_="d-fill-ink d-part"))
    if row.lead is not None and row.lead[1] <= plot.horizon:
        low, central, high = row.lead
        parts += [
            element("path", class_="d-line d-dash d-says-hold", d=path_data("M", plot.x(central), top + 3, "v", 32.0)),
            element("path", class_="d-line d-says-hold", d=path_data("M", plot.x(low), top + 35, "H", plot.x(high))),
        ]
    return parts


def _axis(chart: Stops, plot: _Plot, bottom: float) -> list[Markup]:
    parts, reached = [], 0.0
    for day, words in chart.ticks:
        at = plot.x(day)
        parts.append(element("path", class_="d-hair", d=path_data("M", at, _HEAD - 4, "V", bottom)))
        if at >= reached:
            parts.append(Label(x=at, y=_HEAD - 9, width=text_width(words) + 2, text=words, class_="d-quiet").draw())
            reached = at + text_width(words) + 10
    return parts


def _legend(words: StopsWords, plot: _Plot) -> Markup:
    """What the marks are, in a line above the axis, as far as it has room."""
    parts, x, y = [], plot.left, 11.0
    marks = (
        (element("rect", class_="d-fill-loss", x=0, y=2, width=16, height=_BAR - 1), words.stop),
        (element("rect", class_="d-fill-quiet", x=0, y=4, width=16, height=_COVER), words.stock),
        (element("rect", class_="d-mark-more", x=0, y=4, width=16, height=_COVER), words.under_way),
        (element("path", class_="d-line d-dash d-says-hold", d="M8 0v12"), words.lead),
    )
    for mark, said in marks:
        room = text_width(said)
        if x + 22 + room > plot.width:
            break
        parts += [
            element("g", mark, transform=f"translate({x:.0f} 0)"),
            Label(x=x + 22, y=y, width=room + 2, text=said, class_="d-quiet").draw(),
        ]
        x += room + 44
    return join(parts)
