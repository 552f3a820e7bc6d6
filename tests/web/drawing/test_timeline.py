"""Spans of days on one scale: none is lost, none is drawn beyond the days shown, what is unknown is no bar."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.web.drawing.samples import timeline

from lodeline.web.drawing.svg import NOTHING
from lodeline.web.drawing.timeline import Timeline, TimelineRow, TimelineSpan, draw_timeline

FIRST, LAST = date(2024, 1, 1), date(2027, 6, 30)
SVG = "{http://www.w3.org/2000/svg}"


def with_spans(*spans: TimelineSpan) -> Timeline:
    return replace(timeline(), rows=(TimelineRow(label="one", spans=spans),))


def span(first: date, last: date | None) -> TimelineSpan:
    return TimelineSpan(first=first, last=last, state="in-force", text="days")


def boxes(chart: Timeline) -> list[tuple[float, float]]:
    """Left and right of each bar."""
    tree = ElementTree.fromstring(f"<all>{draw_timeline(chart)}</all>")
    return [
        (float(rect.attrib["x"]), float(rect.attrib["x"]) + float(rect.attrib["width"]))
        for rect in tree.iter(f"{SVG}rect")
        if "d-span" in rect.get("class", "")
    ]


days = st.dates(FIRST - timedelta(days=900), LAST + timedelta(days=900))


@given(days, st.none() | days)
def test_a_span_is_drawn_within_the_days_shown_where_it_meets_them(first: date, last: date | None) -> None:
    if last is not None and last < first:
        first, last = last, first
    drawn = boxes(with_spans(span(first, last)))
    assert len(drawn) == (first <= LAST and (last is None or last >= FIRST))
    assert all(307.9 <= left <= right <= 1002.1 for left, right in drawn)


def test_neighbours_do_not_overlap_and_stand_in_order() -> None:
    turn = date(2025, 11, 7)
    left, right = boxes(with_spans(span(FIRST, turn - timedelta(days=1)), span(turn, None)))
    assert left[1] <= right[0] < left[1] + 2


def test_every_span_says_its_state_and_its_days() -> None:
    drawn = draw_timeline(timeline())
    assert "<title>暂停实施: 2025-11-07 – 2026-11-10</title>" in drawn
    assert "<title>情况不明: 2026-11-11 – …</title>" in drawn


def test_what_is_unknown_is_drawn_otherwise_than_what_holds() -> None:
    classes = re.findall(r'class="d-span (d-span-[a-z-]+)"', draw_timeline(timeline()))
    assert set(classes) == {"d-span-in-force", "d-span-suspended", "d-span-unknown"}


@pytest.mark.parametrize(("day", "drawn"), [(date(2026, 11, 24), True), (date(2030, 1, 1), False), (None, False)])
def test_the_day_asked_about_is_marked_where_it_is_among_those_shown(day: date | None, drawn: bool) -> None:
    assert ("2026年11月24日" in draw_timeline(replace(timeline(), marker=day))) is drawn


def test_nothing_to_draw() -> None:
    assert draw_timeline(replace(timeline(), rows=())) == NOTHING
