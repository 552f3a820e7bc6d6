"""The strip of dots: every value stands in its place, and the asked one is named."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st
from tests.web.drawing.samples import strip

from lodeline.web.drawing.strip import Dot, Strip, draw_strip
from lodeline.web.drawing.svg import NOTHING

DOT = re.compile(r"<g><title>site (\d+): [^<]*</title><path[^>]*translate\(([-\d.]+) ([-\d.]+)\)")


def test_strip_without_a_dot_is_nothing() -> None:
    assert draw_strip(replace(strip(), dots=())) == NOTHING


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=60))
def test_dots_stand_in_the_order_of_their_values_and_never_outside(values: list[float]) -> None:
    dots = tuple(Dot(value=value, name=f"site {place}") for place, value in enumerate(sorted(values)))
    drawn = draw_strip(Strip(name="z", dots=dots, band=3.0, band_word="3"), width=340)
    tree = ElementTree.fromstring(drawn)
    _, _, width, height = map(float, tree.attrib["viewBox"].split())
    places = {int(number): (float(x), float(y)) for number, x, y in DOT.findall(drawn)}
    assert len(places) == len(values)
    assert all(0 <= x <= width - 8 and 0 <= y <= height - 8 for x, y in places.values())
    assert all(places[one][0] <= places[other][0] for one, other in pairwise(sorted(places)))
    assert len(set(places.values())) == len(places), "no dot hides another"


def test_asked_dot_is_named_with_its_shape() -> None:
    drawn = draw_strip(strip())
    assert "d-says-gain" in drawn and "−11.5" in drawn
