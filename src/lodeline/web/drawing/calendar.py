"""Calendars of filings, as tables: to somebody who hears them they are days and months in order.

A state is a shape and a word; on a narrow screen the word is heard and the legend below says what the shapes mean.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from lodeline.web.drawing.number import grouped
from lodeline.web.drawing.svg import NOTHING, SHAPES, Markup, element, escape, join

FilingState = Literal["filed", "late", "missing", "open", "not-due"]

_STATE_SHAPES: Final[Mapping[FilingState, str]] = {
    "filed": "tick",
    "late": "half",
    "missing": "down",
    "open": "ring",
    "not-due": "bar",
}
_WEEK: Final = 7
_BAR: Final = 138


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingMonth:
    """The filing of one month: its state and what the reader is told of it beyond the state's word."""

    year: int
    month: int
    state: FilingState
    name: str
    detail: str = ""
    href: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingCalendar:
    """`month_names`: twelve, short; `state_words`: those that occur, in the order of the legend."""

    name: str
    months: tuple[FilingMonth, ...]
    month_names: tuple[str, ...]
    state_words: tuple[tuple[FilingState, str], ...]
    year_word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthCalendar:
    """Counts by day of a month. `weekday_names`: seven, Monday first; a count after `due` is late.

    `count_word` follows a count where it is heard: "filings". `hrefs`: the rows behind a day.
    """

    name: str
    year: int
    month: int
    counts: Mapping[int, int]
    weekday_names: tuple[str, ...]
    count_word: str
    due: int | None = None
    today: int | None = None
    due_word: str = ""
    today_word: str = ""
    late_word: str = ""
    hrefs: Mapping[int, str] | None = None


def icon(shape: str) -> Markup:
    """A shape as wide as a letter, for a word that says the same."""
    path = element("path", d=SHAPES[shape])
    return element("svg", path, class_="d-icon", viewBox="0 0 10 10", aria_hidden="true")


def draw_filing_calendar(calendar: FilingCalendar) -> Markup:
    """HTML table of a firm's filings, a row for each year, with a legend. `NOTHING` without a month."""
    if not calendar.months:
        return NOTHING
    assert len(calendar.month_names) == 12, "a year has twelve months"
    words = dict(calendar.state_words)
    by_month = {(month.year, month.month): month for month in calendar.months}
    years = sorted({month.year for month in calendar.months})
    heads = [element("th", escape(text), scope="col") for text in (calendar.year_word, *calendar.month_names)]
    rows = []
    for year in years:
        cells = [_filing(by_month.get((year, month)), words) for month in range(1, 13)]
        rows.append(element("tr", element("th", escape(str(year)), scope="row"), *cells))
    table = element(
        "table",
        element("thead", element("tr", *heads)),
        element("tbody", *rows),
        class_="d-calendar d-year",
        aria_label=calendar.name,
    )
    legend = [
        element("li", icon(_STATE_SHAPES[state]), element("span", escape(word)), class_=f"d-state-{state}")
        for state, word in calendar.state_words
    ]
    return join((table, element("ul", *legend, class_="d-legend")))


def _filing(month: FilingMonth | None, words: Mapping[FilingState, str]) -> Markup:
    if month is None:
        return element("td", NOTHING)
    word = words[month.state]
    inside = (icon(_STATE_SHAPES[month.state]), element("span", escape(word), class_="d-word"))
    label = f"{month.name}: {word}" + (f", {month.detail}" if month.detail else "")
    class_ = f"d-state-{month.state}"
    if month.href is None:
        return element("td", *inside, class_=class_, title=label)
    return element("td", element("a", *inside, href=month.href, aria_label=label, title=label), class_=class_)


def draw_month(calendar: MonthCalendar) -> Markup:
    """HTML table of one month, weeks from Monday: each count as a number and a bar, the first late one by word."""
    assert len(calendar.weekday_names) == _WEEK, "a week has seven days"
    first, days = monthrange(calendar.year, calendar.month)
    most = max([1, *calendar.counts.values()])
    heads = [element("th", escape(text), scope="col") for text in calendar.weekday_names]
    cells: list[Markup] = [element("td", NOTHING)] * first
    is_late_labelled = False
    for day in range(1, days + 1):
        late = calendar.due is not None and day > calendar.due and calendar.counts.get(day, 0) > 0
        cells.append(_day(calendar, day, most, late=late, label_late=late and not is_late_labelled))
        is_late_labelled = is_late_labelled or late
    cells += [element("td", NOTHING)] * (-len(cells) % _WEEK)
    weeks = [element("tr", *cells[at : at + _WEEK]) for at in range(0, len(cells), _WEEK)]
    return element(
        "table",
        element("thead", element("tr", *heads)),
        element("tbody", *weeks),
        class_="d-calendar d-month",
        aria_label=calendar.name,
    )


def _day(calendar: MonthCalendar, day: int, most: int, *, late: bool, label_late: bool) -> Markup:
    count = calendar.counts.get(day, 0)
    tags = [
        word
        for applies, word in (
            (day == calendar.due, calendar.due_word),
            (day == calendar.today, calendar.today_word),
            (label_late, calendar.late_word),
        )
        if applies and word
    ]
    head = element("span", element("span", escape(str(day))), element("span", escape(" · ".join(tags))), class_="d-day")
    inside = [head]
    if count:
        number = element("span", escape(grouped(count)), class_="d-count d-count-late" if late else "d-count")
        href = (calendar.hrefs or {}).get(day)
        if href is not None:
            label = ", ".join([f"{day}: {grouped(count)} {calendar.count_word}", *tags])
            number = element("a", number, href=href, aria_label=label)
        bar = element(
            "rect",
            class_="d-fill-loss" if late else "d-fill-flow",
            x="0",
            y="0",
            width=max(count / most * _BAR, 3),
            height="4",
        )
        inside += [
            number,
            element(
                "svg",
                bar,
                class_="d-day-bar",
                viewBox=f"0 0 {_BAR} 4",
                preserveAspectRatio="none",
                aria_hidden="true",
            ),
        ]
    classes = " ".join(
        name for applies, name in ((day == calendar.due, "d-due"), (day == calendar.today, "d-today")) if applies
    )
    return element("td", *inside, class_=classes or None, aria_current="date" if day == calendar.today else None)
