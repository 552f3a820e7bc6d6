"""The overview: how the metal flowed in a month, what does not close, who has filed, and what to look at first.

The headline is the answer: the largest mass that the detectors call unexplained, or, as plainly, that there is none.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl
from django.http import HttpResponse

from lodeline.regulation.span import Span
from lodeline.service.overview import overview as questions
from lodeline.store.queries import log as log_entries
from lodeline.web.drawing.calendar import MonthCalendar, draw_month
from lodeline.web.drawing.svg import Markup
from lodeline.web.pages.balance.network import doubt
from lodeline.web.pages.common.chain import chain_table, draw_chain, stage_table, stage_unit
from lodeline.web.pages.common.filters import carried
from lodeline.web.pages.findings.table import causes_table
from lodeline.web.pages.log.editions_part import edition_here
from lodeline.web.pages.overview.border import Border
from lodeline.web.pages.overview.scene import Scene
from lodeline.web.pages.overview.tiles import tiles
from lodeline.web.parts import choice
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import shown, wanted_csv
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words

#: How many findings the overview shows; the page of findings has all.
_FIRST_FINDINGS = 6


def overview(visit: Visit) -> HttpResponse:
    """The page `/`."""
    reading = visit.reading
    months = reading.answer(questions.months, reading.store, reading.snapshot, reading.law)
    if months is None:
        title = visit.text("Nobody has filed yet")
        return show(visit, "lodeline/common/overview_empty.html", title=title)
    present = reading.answer(questions.elements, reading.snapshot)
    scene = Scene(
        visit=visit, months=months, element=choice.element(visit, present), period=choice.period(visit, months)
    )
    border = Border(scene)
    tables = {
        "chain": chain_table(visit, scene.flows, element=scene.element, period=scene.period),
        "border": border.table(),
        "stages": stage_table(visit, scene.stages, scene.unexplained, period=scene.period, element=scene.element),
        "findings": causes_table(visit, scene.found.causes[:_FIRST_FINDINGS], scene.found.rows),
    }
    csv = wanted_csv(visit, *tables.values())
    if csv is not None:
        return csv
    headline = scene.headline
    return show(
        visit,
        "lodeline/overview/overview.html",
        title=headline,
        headline=headline,
        period=written.month(scene.period, visit.language),
        due=scene.due,
        element=words.element(scene.element, visit.language),
        symbol=scene.element,
        elements=choice.element_links(visit, present, scene.element),
        periods=choice.period_links(visit, months, scene.period),
        lede=scene.lede,
        doubt=doubt(visit, months, element=scene.element, until=scene.period),
        year={
            "href": carried(visit, "year", query={"period": scene.period[:4]}),
            "text": written.span(Span.read(scene.period[:4]), visit.language),
        },
        edition=edition_here(visit, period=scene.period, element=scene.element, flows=scene.flows),
        tiles=tiles(scene),
        unit=written.unit(max([0, *scene.flows["mass_mg"]]), visit.language).word,
        stage_unit=stage_unit(visit, scene.stages).word,
        drawing=draw_chain(visit, scene.flows, scene.unexplained, element=scene.element, period=scene.period),
        border=border,
        traders=carried(visit, "traders", {"element": scene.element, "period": scene.period[:4]}),
        tables={name: shown(visit, table) for name, table in tables.items()},
        findings_count=written.count(len(scene.found.causes)),
        all_findings=visit.url("findings"),
        calendar=_calendar(scene),
        calendar_csv=visit.url("log", query={"period": scene.period, "format": "csv"}),
        filed_month=written.month_name(scene.last_day_in_time.month, visit.language),
        missing=scene.missing,
        missing_href=visit.url("organisations", query={"state": "missing", "period": scene.period}),
    )


def _calendar(scene: Scene) -> Markup:
    visit, reading = scene.visit, scene.visit.reading
    year, month = scene.last_day_in_time.year, scene.last_day_in_time.month
    entries = reading.answer(log_entries.entries, reading.store)
    filed = entries.filter(
        (pl.col("kind") == "filing") & (pl.col("period") == scene.period) & pl.col("corrects").is_null()
    )
    days = questions.local_days(filed["filed_at"], reading.law)
    counts: dict[int, int] = {}
    for day in days:
        if (day.year, day.month) == (year, month):
            counts[day.day] = counts.get(day.day, 0) + 1
    as_of = datetime.fromisoformat(reading.snapshot.as_of or "").astimezone(ZoneInfo(reading.law.timezone))
    caption = visit.text("Filings received by day")
    log = visit.url("log", query={"period": scene.period})
    return draw_month(
        MonthCalendar(
            name=caption, year=year, month=month, counts=counts, weekday_names=words.WEEKDAYS[visit.language],
            count_word=visit.text("filings", context="overview"), due=scene.last_day_in_time.day,
            today=as_of.day if (as_of.year, as_of.month) == (year, month) else None,
            due_word=visit.text("due"), today_word=visit.text("last filing"),
            late_word=visit.text("late", context="overview"),
            hrefs={} if log is None else dict.fromkeys(counts, log),
        )
    )  # fmt: skip
