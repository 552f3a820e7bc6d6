"""Control chart, bars and calendars: gaps stay gaps, zero stays in sight, states have words."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.web.drawing.samples import bars, control_chart, filing_calendar, month, stacks

from lodeline.web.drawing.bars import (
    Bar,
    Bars,
    Part,
    Sparkline,
    Stack,
    Stacks,
    draw_bars,
    draw_sparkline,
    draw_stacks,
)
from lodeline.web.drawing.calendar import FilingCalendar, draw_filing_calendar, draw_month
from lodeline.web.drawing.control_chart import ControlChart, Period, draw_control_chart

SVG = "{http://www.w3.org/2000/svg}"
NUMBERS = st.floats(-1e12, 1e12, allow_nan=False)


def test_a_period_without_a_count_breaks_line_and_band_and_has_its_word() -> None:
    drawn = draw_control_chart(control_chart())
    tree = ElementTree.fromstring(drawn)
    bands = [part for part in tree.iter(f"{SVG}path") if part.get("class") == "d-band"]
    assert len(bands) == 3, "two stretches of MUF, one band of the sum"
    assert "month 3: 未盘存" in drawn
    assert "month 4: \u22125.10吨钕, σ 1.50吨钕 · gain" in drawn


def test_missing_is_up_and_found_is_down() -> None:
    tree = ElementTree.fromstring(draw_control_chart(control_chart()))
    at = {}
    for link in tree.iter(f"{SVG}a"):
        path = link.find(f"{SVG}path")
        assert path is not None
        at[link.attrib["aria-label"].split(":")[0]] = float(path.attrib["transform"].split()[1].rstrip(")"))
    assert at["month 6"] < at["month 1"] < at["month 5"]


def test_a_chart_without_any_difference_is_nothing() -> None:
    empty = tuple(replace(period, muf_mg=None) for period in control_chart().periods)
    assert draw_control_chart(replace(control_chart(), periods=empty)) == ""
    assert draw_control_chart(replace(control_chart(), periods=())) == ""


@given(
    st.lists(st.tuples(st.none() | st.integers(-(10**18), 10**18), st.floats(0, 1e17)), min_size=1, max_size=40),
    st.sampled_from([280.0, 360.0, 1120.0]),
)
def test_any_balances_stay_inside_the_chart(values: list[tuple[int | None, float]], width: float) -> None:
    periods = tuple(
        Period(short=f"{index}月", year="2026", name=str(index), muf_mg=muf, sigma_mg=sigma, cumulative_mg=muf)
        for index, (muf, sigma) in enumerate(values)
    )
    chart = replace(control_chart(), periods=periods, page=None, threshold_mg=None)
    assert isinstance(chart, ControlChart)
    drawn = draw_control_chart(chart, width=width)
    if all(muf is None for muf, _ in values):
        assert drawn == ""
        return
    tree = ElementTree.fromstring(drawn)
    height = float(tree.attrib["viewBox"].split()[3])
    for shape in tree.iter(f"{SVG}path"):
        place = re.match(r"translate\((\S+) (\S+)\)", shape.get("transform", ""))
        if place:
            assert 0 <= float(place[1]) <= width and 0 <= float(place[2]) <= height


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=8), st.none() | NUMBERS)
def test_bars_stay_inside_and_share_one_scale(values: list[tuple[float, float]], marker: float | None) -> None:
    chart = Bars(
        name="b",
        bars=tuple(Bar(label="x", start=start, value=value, text="1 t") for start, value in values),
        marker=marker,
        marker_text="here",
    )
    rects = list(ElementTree.fromstring(draw_bars(chart, width=500)).iter(f"{SVG}rect"))
    assert len(rects) == len(values)
    for rect in rects:
        assert float(rect.attrib["x"]) >= 0 and float(rect.attrib["x"]) + float(rect.attrib["width"]) <= 501
    widest = max(abs(value - start) for start, value in values)
    if widest > 0:
        drawn = [float(rect.attrib["width"]) for rect in rects]
        wide = [abs(value - start) for start, value in values]
        for (one, a), (other, b) in zip(
            zip(drawn, wide, strict=True), zip(drawn[1:], wide[1:], strict=True), strict=False
        ):
            if a > b * 1.01 and one > 2:
                assert one >= other - 0.2


def test_bars_begin_at_zero() -> None:
    chart = Bars(name="b", bars=(Bar(label="a", value=10, text="10"), Bar(label="b", value=20, text="20")))
    rects = list(ElementTree.fromstring(draw_bars(chart, width=400)).iter(f"{SVG}rect"))
    assert [(rect.attrib["x"], rect.attrib["width"]) for rect in rects] == [("0", "200"), ("0", "400")]


def test_negative_bars_and_parts_stand_left_of_zero() -> None:
    rects = list(ElementTree.fromstring(draw_bars(bars())).iter(f"{SVG}rect"))
    assert float(rects[2].attrib["x"]) + float(rects[2].attrib["width"]) == pytest.approx(
        float(rects[1].attrib["x"]), abs=0.2
    )
    parts = list(ElementTree.fromstring(draw_stacks(stacks())).iter(f"{SVG}rect"))
    assert float(parts[-1].attrib["x"]) + float(parts[-1].attrib["width"]) == pytest.approx(
        float(parts[0].attrib["x"]), abs=0.2
    )


def test_a_part_too_narrow_for_its_words_is_named_below() -> None:
    texts = ["".join(text.itertext()) for text in ElementTree.fromstring(draw_stacks(stacks())).iter(f"{SVG}text")]
    assert "Co 1.05 · Dy 1.6" in texts


def test_nothing_to_compare_is_nothing() -> None:
    assert draw_bars(Bars(name="b", bars=())) == ""
    assert draw_stacks(Stacks(name="s", stacks=(Stack(label="x", parts=(Part(label="p", value=0, text="0"),)),))) == ""
    assert draw_sparkline(Sparkline(values=(None, None))) == ""


@given(st.lists(st.none() | NUMBERS, min_size=1, max_size=30))
def test_a_trend_stays_in_its_tile_and_breaks_where_values_do(values: list[float | None]) -> None:
    drawn = draw_sparkline(Sparkline(values=tuple(values)))
    if all(value is None for value in values):
        return
    path = ElementTree.fromstring(drawn)[0].attrib["d"]
    runs = sum(1 for at, value in enumerate(values) if value is not None and (at == 0 or values[at - 1] is None))
    assert path.count("M") == runs
    numbers = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", path)]
    assert all(0 <= x <= 132 for x in numbers[::2]) and all(0 <= y <= 40 for y in numbers[1::2])


def test_the_filing_calendar_says_each_state_and_leaves_other_months_empty() -> None:
    tree = ElementTree.fromstring(f"<all>{draw_filing_calendar(filing_calendar())}</all>")
    rows = tree.findall("./table/tbody/tr")
    assert [row[0].text for row in rows] == ["2026", "2027"]
    words = [["".join(cell.itertext()) for cell in row[1:]] for row in rows]
    assert words[0] == [""] * 8 + ["已申报", "迟报", "未报", "待报"]
    assert words[1] == [""] * 8 + ["未到期"] + [""] * 3
    link = rows[0].find(".//a")
    assert link is not None and link.attrib["aria-label"] == "month 0: 已申报, on the 8th"
    empty = replace(filing_calendar(), months=())
    assert isinstance(empty, FilingCalendar) and draw_filing_calendar(empty) == ""


def test_the_month_begins_on_its_weekday_and_says_due_today_and_late_once() -> None:
    tree = ElementTree.fromstring(draw_month(month()))
    rows = tree.findall("./tbody/tr")
    assert all(len(row) == 7 for row in rows)
    assert ["".join(cell.itertext()) for cell in rows[0]] == [""] * 6 + ["16"], "1 November 2026 is a Sunday"
    text = "".join(tree.itertext())
    assert text.count("late") == 1 and text.count("due") == 1 and text.count("today") == 1
    late = [cell for cell in tree.iter("span") if "d-count-late" in cell.get("class", "")]
    assert ["".join(cell.itertext()) for cell in late] == ["5", "1"]


def test_a_month_without_filings_is_still_a_month() -> None:
    tree = ElementTree.fromstring(draw_month(replace(month(), counts={}, due=None)))
    assert "30" in "".join(tree.itertext())
