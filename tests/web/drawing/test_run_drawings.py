"""Drawings of a run: a mark stands at its day, what does not happen has none, and nothing leaves the drawing."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.web.drawing.samples import curves, stops, tornado

from lodeline.web.drawing.curves import Curve, draw_curves
from lodeline.web.drawing.lettering import fit_both_ends
from lodeline.web.drawing.stops import StopRow, draw_stops
from lodeline.web.drawing.svg import NOTHING
from lodeline.web.drawing.tornado import Swing, draw_tornado

RECT = re.compile(r'<rect class="([^"]+)" x="([-\d.]+)" y="[^"]+" width="([\d.]+)"')
DAYS = st.floats(0, 400) | st.none()


def bars(drawn: str, class_: str) -> list[tuple[float, float]]:
    """From where to where each bar of a kind goes, without that of the legend."""
    found = [(float(x), float(x) + float(width)) for kind, x, width in RECT.findall(drawn) if kind == class_]
    return [one for one in found if one[0] > 0]


def test_without_rows_there_is_nothing() -> None:
    assert draw_stops(replace(stops(), rows=())) == NOTHING
    assert draw_tornado(replace(tornado(), rows=())) == NOTHING
    assert draw_curves(replace(curves(), days=(0.0,), curves=())) == NOTHING


def test_a_plant_that_does_not_stop_has_no_bar_and_one_that_may_not_an_arrow() -> None:
    ((early, late), (from_, to)) = bars(draw_stops(stops()), "d-fill-loss")
    assert early < late < to and from_ < to
    only = replace(stops(), rows=stops().rows[2:])
    assert bars(draw_stops(only), "d-fill-loss") == []
    assert draw_stops(stops()).count("d-fill-ink") == 2


def test_stock_goes_before_what_is_under_way() -> None:
    drawn = draw_stops(stops())
    assert bars(drawn, "d-fill-quiet")[0][1] == pytest.approx(bars(drawn, "d-mark-more")[0][0], abs=0.2)


@given(st.lists(st.tuples(DAYS, DAYS, DAYS, DAYS), min_size=1, max_size=8), st.sampled_from([340, 720, 1040]))
def test_no_bar_leaves_the_drawing(rows: list[tuple[float | None, ...]], width: int) -> None:
    made = tuple(
        StopRow(label=f"P{place}", text="x", p10=low, p50=middle, p90=high, stock=stock)
        for place, (low, middle, high, stock) in enumerate(rows)
    )
    drawn = draw_stops(replace(stops(), rows=made), width=width)
    assert ElementTree.fromstring(drawn).attrib["viewBox"].split()[2] == str(width)
    assert all(0 <= float(x) <= width and float(x) + float(more) <= width + 2 for _, x, more in RECT.findall(drawn))


def test_curves_that_are_nothing_are_not_drawn_and_a_day_unknown_has_no_mark() -> None:
    flat = Curve(label="a", low=(0, 0, 0, 0), central=(0, 0, 0, 0), high=(0, 0, 0, 0))
    assert draw_curves(replace(curves(), curves=(flat,))) == NOTHING
    assert "cross on" in draw_curves(curves())
    assert "cross on" not in draw_curves(replace(curves(), mark=(105.0, None, None)))


def test_an_input_that_moves_the_answer_both_ways_has_a_bar_on_each_side() -> None:
    drawn = draw_tornado(replace(tornado(), rows=(Swing(label="a", low=-16, high=66),)))
    # The first of each kind is in the legend.
    assert bars(drawn, "d-fill-quiet")[1][1] == pytest.approx(bars(drawn, "d-fill-flow")[1][0], abs=0.2)
    assert "−16" in drawn and "+66" in drawn


def test_a_name_that_is_cut_keeps_the_number_of_the_works() -> None:
    one, other = (fit_both_ends(f"Haneulmaru Motors 636 Co. Ltd. P{n}", 120.0) for n in (1, 2))
    assert one.endswith("… P1") and other.endswith("… P2")
    assert fit_both_ends("Nordlohe Antriebstechnik GmbH", 80.0).endswith("…")
    assert fit_both_ends("Acme P1", 120.0) == "Acme P1"
