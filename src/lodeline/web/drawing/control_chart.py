"""The control chart of a balance: inventory differences period by period inside what measurement allows.

Up is missing, down is found (MUF > 0 is mass that should be there). The band is three standard uncertainties of each
period, the band of the sum what the caller says. A period without counts is a gap with its own mark, never a zero.
Source: IAEA Safeguards Glossary (2022): MUF, CUMUF; Page, Biometrika 41 (1954) 100–115: the test of the last panel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Literal

from lodeline.web.drawing.lettering import Label, boxed, text_width
from lodeline.web.drawing.number import Unit, grouped, nice_ticks, tick_decimals
from lodeline.web.drawing.svg import NOTHING, Markup, drawing, element, join, link, path_data, shape, title

State = Literal["ok", "gain", "loss"]

_SHAPES: Final = {"ok": ("circle", "ink"), "gain": ("up", "gain"), "loss": ("down", "loss")}
_SIGMAS: Final = 3.0
_LEFT: Final = 64.0
_RIGHT: Final = 52.0
_MUF: Final = 180.0
_SUM: Final = 120.0
_PAGE: Final = 100.0
#: Page's statistic is drawn up to so many times its alarm.
_PAGE_MOST: Final = 3.0
_HEAD: Final = 46.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """One period. `short` stands under the axis, `year` below it where it changes, `name` in the words of the point.

    `muf_mg` None: no count. `word` says the state. `cumulative_mg` is the CUMUF, `cumulative_band_mg` half the width of
    the band it should stay in.
    """

    short: str
    year: str
    name: str
    muf_mg: int | None
    sigma_mg: float | None
    state: State = "ok"
    word: str = ""
    cumulative_mg: int | None = None
    cumulative_band_mg: float | None = None
    href: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTest:
    """Page's statistics of each period (None: not computed) and the alarm threshold, in units of σ."""

    name: str
    gain: tuple[float | None, ...]
    loss: tuple[float | None, ...]
    alarm: float
    alarm_word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartWords:
    """Words in the reader's language: names of the panels, of both directions, of the states in the legend."""

    muf: str = "MUF"
    cumulative: str = "CUMUF"
    missing: str
    found: str
    no_count: str
    states: tuple[tuple[State, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlChart:
    """`threshold_mg` is a limit on the sum, drawn on both sides of zero."""

    name: str
    periods: tuple[Period, ...]
    unit: Unit
    words: ChartWords
    description: str = ""
    threshold_mg: int | None = None
    threshold_word: str = ""
    page: PageTest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Panel:
    """A panel of the chart: from value to pixel."""

    top: float
    height: float
    ticks: tuple[float, ...]

    def y(self, value: float) -> float:
        low, high = self.ticks[0], self.ticks[-1]
        return self.top + self.height * (high - value) / (high - low)


def draw_control_chart(chart: ControlChart, *, width: float = 1120.0) -> Markup:
    """SVG of a control chart, `width` pixels wide (at least 280). `NOTHING` when no period has a difference."""
    if all(period.muf_mg is None for period in chart.periods):
        return NOTHING
    assert width >= 280, "a chart narrower than this cannot be read"
    step = (width - _LEFT - _RIGHT) / len(chart.periods)

    def x(index: float) -> float:
        return _LEFT + (index + 0.5) * step

    muf = _Panel(top=_HEAD, height=_MUF, ticks=_muf_ticks(chart))
    parts = [*_legend(chart, width), *_muf_panel(chart, muf, x, step, width)]
    bottom = muf.top + muf.height
    if any(period.cumulative_mg is not None for period in chart.periods):
        cumulative = _Panel(top=bottom + _HEAD, height=_SUM, ticks=_sum_ticks(chart))
        parts += _sum_panel(chart, cumulative, x, width)
        bottom = cumulative.top + cumulative.height
    if chart.page is not None:
        page = _Panel(top=bottom + _HEAD, height=_PAGE, ticks=_page_ticks(chart.page))
        parts += _page_panel(chart.page, page, x, step, width)
        bottom = page.top + page.height
    parts += _axis(chart.periods, x, step, bottom)
    return drawing(
        width=width,
        height=bottom + 40,
        name=chart.name,
        description=chart.description,
        kind="d-control-chart",
        body=join(parts),
    )


def _muf_ticks(chart: ControlChart) -> tuple[float, ...]:
    values = [0.0]
    for period in chart.periods:
        if period.muf_mg is not None:
            values += [period.muf_mg, *(sign * _SIGMAS * (period.sigma_mg or 0) for sign in (1, -1))]
    return _shown(values, chart.unit)


def _sum_ticks(chart: ControlChart) -> tuple[float, ...]:
    values = [0.0]
    for period in chart.periods:
        if period.cumulative_mg is not None:
            values += [period.cumulative_mg, *(sign * (period.cumulative_band_mg or 0) for sign in (1, -1))]
    if chart.threshold_mg is not None:
        values += [chart.threshold_mg, -chart.threshold_mg]
    return _shown(values, chart.unit)


def _page_ticks(page: PageTest) -> tuple[float, ...]:
    # What is far beyond the alarm is cut off: the limits stay apart, and the point says its number.
    largest = max([page.alarm, *(value for value in (*page.gain, *page.loss) if value is not None)])
    largest = min(largest, _PAGE_MOST * page.alarm)
    return (-largest * 1.15, 0.0, largest * 1.15)


def _shown(values: Sequence[float], unit: Unit) -> tuple[float, ...]:
    """Ticks that are round in the unit shown, in milligrams."""
    return tuple(tick * unit.mg for tick in nice_ticks(min(values) / unit.mg, max(values) / unit.mg))


def _legend(chart: ControlChart, width: float) -> list[Markup]:
    """Shapes and their words at the upper right edge, right to left."""
    parts: list[Markup] = []
    x = width - _RIGHT
    entries: list[tuple[str, str, str]] = [(*_SHAPES[state], word) for state, word in chart.words.states]
    if any(period.muf_mg is None for period in chart.periods):
        entries.append(("cross", "rest", chart.words.no_count))
    for form, fill, word in reversed(entries):
        x -= text_width(word)
        parts += [
            Label(x=x, y=13, width=text_width(word), text=word, class_="d-quiet").draw(),
            shape(form, x - 9, 9, size=8, class_=f"d-fill-{fill}"),
        ]
        x -= 28
    return parts


def _scale(panel: _Panel, unit: Unit, name: str, width: float) -> list[Markup]:
    """The name of a panel, its ticks and the zero line."""
    ticks = [tick / unit.mg for tick in panel.ticks]
    decimals = tick_decimals(tuple(ticks))
    parts = [boxed(0, panel.top - 18, f"{name}, {unit.word}", class_="d-strong").draw()]
    for tick, shown in zip(panel.ticks, ticks, strict=True):
        line = "d-rule" if abs(tick) < 1e-9 * panel.ticks[-1] or tick == 0 else "d-hair"
        y = panel.y(tick)
        parts.append(element("path", class_=line, d=path_data("M", _LEFT, y, "H", width - _RIGHT)))
        text = grouped(shown, decimals, signed=True)
        parts.append(Label(x=0, y=y + 4, width=_LEFT - 10, text=text, class_="d-quiet", anchor="end").draw())
    return parts


def _runs(periods: Sequence[Period], has: Callable[[Period], bool]) -> Iterable[list[int]]:
    """Stretches of neighbouring periods that have a value."""
    for present, stretch in groupby(range(len(periods)), key=lambda index: has(periods[index])):
        if present:
            yield list(stretch)


def _muf_panel(
    chart: ControlChart, panel: _Panel, x: Callable[[float], float], step: float, width: float
) -> list[Markup]:
    periods, unit = chart.periods, chart.unit
    band, line = [], []
    for run in _runs(periods, lambda period: period.muf_mg is not None and period.sigma_mg is not None):
        over: list[str | float] = []
        under: list[str | float] = []
        for index in run:
            half = _SIGMAS * (periods[index].sigma_mg or 0)
            over += ["L" if over else "M", x(index) - step / 2, panel.y(half), "H", x(index) + step / 2]
            under = ["L", x(index) + step / 2, panel.y(-half), "H", x(index) - step / 2, *under]
        band.append(element("path", class_="d-band", d=path_data(*over, *under, "Z")))
    for run in _runs(periods, lambda period: period.muf_mg is not None):
        points: list[str | float] = []
        for index in run:
            points += ["L" if points else "M", x(index), panel.y(periods[index].muf_mg or 0)]
        line.append(element("path", class_="d-rule", d=path_data(*points)))
    marks = [_point(period, panel, x(index), unit, chart.words) for index, period in enumerate(periods)]
    return [
        *band,
        *_scale(panel, unit, chart.words.muf, width),
        *_sigmas(periods, panel, width),
        *line,
        *marks,
        *_directions(chart, panel, x, width),
    ]


def _sigmas(periods: Sequence[Period], panel: _Panel, width: float) -> list[Markup]:
    """±3σ beside the end of the band, where the last period has one."""
    sigma = periods[-1].sigma_mg if periods[-1].muf_mg is not None else None
    if not sigma:
        return []
    room = width - _RIGHT + 8
    return [
        Label(x=room, y=panel.y(sign * _SIGMAS * sigma) + 4, width=_RIGHT - 8, text=text, class_="d-quiet").draw()
        for sign, text in ((1, "+3σ"), (-1, "\u22123σ"))
        if panel.y(-_SIGMAS * sigma) - panel.y(_SIGMAS * sigma) > 14
    ]


def _point(period: Period, panel: _Panel, x: float, unit: Unit, words: ChartWords) -> Markup:
    if period.muf_mg is None:
        mark = shape("cross", x, panel.y(0), size=7, class_="d-fill-rest")
        return link(period.href, f"{period.name}: {words.no_count}", mark)
    form, fill = _SHAPES[period.state]
    label = f"{period.name}: {unit.full(period.muf_mg, signed=True)}"
    if period.sigma_mg is not None:
        label += f", σ {unit.full(period.sigma_mg)}"
    if period.word:
        label += f" · {period.word}"
    size = 7 if period.state == "ok" else 11
    return link(period.href, label, shape(form, x, panel.y(period.muf_mg), size=size, class_=f"d-fill-{fill}"))


def _directions(chart: ControlChart, panel: _Panel, x: Callable[[float], float], width: float) -> list[Markup]:
    """Numbers and words at the points that are not ok, as far as they do not meet; then what up and down mean."""
    marks = [
        Label(x=x(index) - 5, y=panel.y(period.muf_mg) + 5, width=10, text="")
        for index, period in enumerate(chart.periods)
        if period.muf_mg is not None
    ]
    placed: list[Label] = []
    labelled: State | None = None
    for index, period in enumerate(chart.periods):
        if period.muf_mg is None or period.state == "ok":
            labelled = None
            continue
        y = panel.y(period.muf_mg)
        text = chart.unit.bare(period.muf_mg, signed=True)
        words = text if labelled == period.state or not period.word else f"{period.word} {text}"
        class_ = f"d-halo d-strong d-says-{period.state}"
        sides = (y + 19, y - 11) if period.muf_mg < 0 else (y - 11, y + 19)
        for shown, baseline in ((shown, baseline) for shown in (words, text) for baseline in sides):
            left = min(max(x(index) - text_width(shown) / 2, _LEFT), width - text_width(shown) * 1.1)
            label = boxed(left, baseline, shown, class_=class_)
            if not any(map(label.meets, (*placed, *marks))):
                placed.append(label)
                labelled = period.state
                break
    hints = [
        boxed(_LEFT + 6, panel.top + 14, f"{chart.words.missing} ↑", class_="d-halo d-quiet"),
        boxed(_LEFT + 6, panel.top + panel.height - 7, f"{chart.words.found} ↓", class_="d-halo d-quiet"),
    ]
    clear = [hint for hint in hints if not any(map(hint.meets, (*placed, *marks)))]
    return [label.draw() for label in (*clear, *placed)]


def _sum_panel(chart: ControlChart, panel: _Panel, x: Callable[[float], float], width: float) -> list[Markup]:
    periods, unit = chart.periods, chart.unit
    parts: list[Markup] = []
    for run in _runs(periods, lambda period: period.cumulative_band_mg is not None):
        halves = [(x(index), periods[index].cumulative_band_mg or 0) for index in run]
        edge: list[str | float] = []
        for at, half in halves:
            edge += ["L" if edge else "M", at, panel.y(half)]
        for at, half in reversed(halves):
            edge += ["L", at, panel.y(-half)]
        parts.append(element("path", class_="d-band", d=path_data(*edge, "Z")))
    parts += _scale(panel, unit, chart.words.cumulative, width)
    if chart.threshold_mg is not None:
        for limit, kind in ((chart.threshold_mg, "loss"), (-chart.threshold_mg, "gain")):
            data = path_data("M", _LEFT, panel.y(limit), "H", width - _RIGHT)
            parts.append(element("path", class_=f"d-line d-dash d-says-{kind}", d=data))
        words = f"{chart.threshold_word} ±{unit.full(chart.threshold_mg)}".strip()
        parts.append(boxed(_LEFT + 6, panel.y(chart.threshold_mg) + 14, words, class_="d-halo d-quiet").draw())
    last = 0
    for run in _runs(periods, lambda period: period.cumulative_mg is not None):
        points: list[str | float] = []
        for index in run:
            points += ["L" if points else "M", x(index), panel.y(periods[index].cumulative_mg or 0)]
        parts.append(element("path", class_="d-line", d=path_data(*points)))
        last = run[-1]
    value = periods[last].cumulative_mg or 0
    kind = "gain" if value < 0 else "loss"
    outside = abs(value) > (periods[last].cumulative_band_mg or abs(value))
    label = Label(
        x=x(last) + 7,
        y=panel.y(value) + 4,
        width=width - x(last) - 7,
        text=unit.bare(value, signed=True),
        class_=f"d-halo d-strong d-says-{kind}" if outside else "d-halo d-strong",
    )
    return [*parts, shape("square", x(last), panel.y(value), size=5, class_="d-fill-ink"), label.draw()]


def _page_panel(page: PageTest, panel: _Panel, x: Callable[[float], float], step: float, width: float) -> list[Markup]:
    """Page's test: bars up for loss, down for gain, as in the panels above; dashed where the alarm sounds."""
    parts = [
        boxed(0, panel.top - 18, page.name, class_="d-strong").draw(),
        element("path", class_="d-rule", d=path_data("M", _LEFT, panel.y(0), "H", width - _RIGHT)),
    ]
    bar = min(18.0, step * 0.7)
    sides: tuple[tuple[tuple[float | None, ...], int, State], ...] = ((page.loss, 1, "loss"), (page.gain, -1, "gain"))
    alarms = [
        (index, kind) for values, _, kind in sides for index, value in enumerate(values) if value and value > page.alarm
    ]
    for values, sign, kind in sides:
        for index, value in enumerate(values):
            if value:
                top, foot = sorted((panel.y(0), panel.y(sign * min(value, panel.ticks[-1]))))
                fill = f"d-fill-{kind}" if value > page.alarm else "d-fill-quiet"
                mark = element("rect", class_=fill, x=x(index) - bar / 2, y=top, width=bar, height=foot - top)
                parts.append(element("g", title(grouped(sign * value, 2, signed=True)), mark))
        y = panel.y(sign * page.alarm)
        parts.append(
            element("path", class_=f"d-line d-dash d-says-{kind}", d=path_data("M", _LEFT, y, "H", width - _RIGHT))
        )
        text = grouped(sign * page.alarm, 2)
        parts.append(Label(x=0, y=y + 4, width=_LEFT - 10, text=text, class_="d-quiet", anchor="end").draw())
    if alarms:
        index, kind = min(alarms)
        text = f"{'▼' if kind == 'loss' else '▲'} {page.alarm_word}"
        at, y = min(x(index), width - text_width(text) * 0.6), panel.y(0) + (16 if kind == "loss" else -7)
        parts.append(boxed(at, y, text, class_=f"d-halo d-strong d-says-{kind}", anchor="middle").draw())
    return parts


def _axis(periods: Sequence[Period], x: Callable[[float], float], step: float, bottom: float) -> list[Markup]:
    """Short names as far as they fit side by side; the year where it changes."""
    widest = max(text_width(period.short) for period in periods) + 6
    every = max(1, -int(-widest // step))
    parts = []
    year_end = 0.0
    for index, period in enumerate(periods):
        if index % every == 0:
            parts.append(boxed(x(index), bottom + 18, period.short, class_="d-quiet", anchor="middle").draw())
        new = index == 0 or periods[index - 1].year != period.year
        if new and x(index) - step / 2 >= year_end:
            label = boxed(max(x(index) - 8, 0), bottom + 34, period.year, class_="d-small", size=11)
            parts.append(label.draw())
            year_end = label.x + label.width + 6
    return parts
