"""How the law has run: its rules as spans of days, drawn, and the same as a table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, get_args

from lodeline.language import text
from lodeline.regulation.parameter import Jurisdiction
from lodeline.regulation.value import Status
from lodeline.service.law import law as questions
from lodeline.service.law.lists import instruments
from lodeline.web.drawing.svg import Markup
from lodeline.web.drawing.timeline import Timeline, TimelineRow, TimelineSpan, draw_timeline
from lodeline.web.pages.common import law_days
from lodeline.web.parts.table import Cell, Column, Row, Table
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words.law import MARKS, STATUS, short_title

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Rules of one instrument that have run alike. `spans` as `service.law.law.timeline` gives them."""

    instrument: str
    title: dict[str, str]
    labels: tuple[dict[str, str], ...]
    spans: tuple[Json, ...]


def runs(law: Jurisdiction, known: date) -> list[Run]:
    """Every rule that has run, newest instrument first, then in the order of the days on which it began."""
    order = {row["instrument"]: place for place, row in enumerate(instruments(law, known))}
    alike: dict[tuple[str, tuple[tuple[str, str | None, str], ...]], list[Json]] = {}
    for row in questions.timeline(law, known)["rows"]:
        days = tuple((span["from"], span["to"], span["status"]) for span in row["spans"])
        if days:
            alike.setdefault((row["instrument"], days), []).append(row)
    found = [
        Run(
            instrument=instrument,
            title=rows[0]["title"],
            labels=tuple(row["label"] for row in rows),
            spans=tuple(rows[0]["spans"]),
        )
        for (instrument, _), rows in alike.items()
    ]
    return sorted(found, key=lambda run: (order.get(run.instrument, len(order)), run.spans[0]["from"]))


def draw_run(visit: Visit, found: list[Run], *, on: date) -> Markup:
    """The spans from two years before the day asked about to the middle of the year after it."""
    first, last = date(on.year - 2, 1, 1), date(on.year + 1, 6, 30)
    rows = tuple(
        TimelineRow(
            label=short_title(visit.localized(run.title)),
            note=" · ".join(visit.localized(label) for label in run.labels),
            spans=tuple(_span(visit, span) for span in run.spans),
            href=law_days.text_href(visit, run.instrument),
        )
        for run in found
    )
    states = {span.state for row in rows for span in row.spans}
    return draw_timeline(
        Timeline(
            name=visit.text("Timeline of the law"),
            description=visit.text("A row for each instrument, with the rules that have run alike."),
            rows=rows, first=first, last=last, marker=on, marker_text=written.day(on, visit.language),
            state_words=tuple((one, visit.localized(STATUS[one])) for one in get_args(Status) if one in states),
        )
    )  # fmt: skip


def _span(visit: Visit, span: Json) -> TimelineSpan:
    first = written.day(span["from"], visit.language)
    last = visit.text("no end known") if span["to"] is None else written.day(span["to"], visit.language)
    article = visit.localized(span["citation"]["article"])
    return TimelineSpan(
        first=date.fromisoformat(span["from"]),
        last=None if span["to"] is None else date.fromisoformat(span["to"]),
        state=span["status"],
        text=f"{first} – {last}; {visit.localized(span['citation']['title'])}, {article}",
    )


def span_table(visit: Visit, found: list[Run]) -> Table:
    """The spans of the drawing, all of them, a row each."""
    return Table(
        name="spans",
        caption=visit.text("Spans of days"),
        columns=(
            Column(key="instrument", label=text("Instrument")),
            Column(key="rules", label=text("Rules", context="law, run")),
            Column(key="status", label=text("State")),
            Column(key="from", label=text("From", context="law")),
            Column(key="to", label=text("To", context="law, run")),
            Column(key="published", label=text("Published", context="law, run")),
            Column(key="citation", label=text("By", context="law, run")),
        ),
        rows=[_span_row(visit, run, span) for run in found for span in run.spans],
        empty=visit.text("Nothing had been published up to that day."),
        per_page=20,
    )


def _span_row(visit: Visit, run: Run, span: Json) -> Row:
    shape, tone = MARKS[span["status"]]
    title = visit.localized(run.title)
    labels = (visit.text("; ", context="law")).join(visit.localized(label) for label in run.labels)
    cited = span["citation"]
    return (
        Cell(text=short_title(title), value=title, href=law_days.text_href(visit, run.instrument)),
        Cell(text=labels),
        Cell(text=visit.localized(STATUS[span["status"]]), shape=shape, tone=tone),
        Cell(text=written.day(span["from"], visit.language), value=span["from"]),
        Cell(text=written.day(span["to"], visit.language), value=span["to"]),
        Cell(text=written.day(span["published"], visit.language), value=span["published"]),
        Cell(text=short_title(visit.localized(cited["title"])), note=visit.localized(cited["article"])),
    )
