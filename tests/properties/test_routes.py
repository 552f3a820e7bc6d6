"""On random small histories, circles too, the heaviest routes are the first of all routes listed and sorted."""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.properties.test_flow import ELEMENTS, History, histories

from lodeline.flow.index import build_index, open_index
from lodeline.flow.origins import origins
from lodeline.flow.routes import ROUTES_MOST, heaviest_routes

pytestmark = pytest.mark.medium


@pytest.fixture(autouse=True, scope="module")
def _no_need_to_last() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


def routes(history: History, lot: int, element: str) -> dict[tuple[int, ...], Fraction]:
    """Every route from an origin to a lot, with its part of the lot's element."""
    number = history.maker(lot)
    if number < 0:
        return {}
    made_mg, unaccounted_mg, _ = history.lots[lot]
    made = Fraction(made_mg, made_mg + unaccounted_mg) if made_mg + unaccounted_mg else Fraction(1)
    event = history.events[number]
    if event.origin:
        return {(lot,): made} if made else {}
    fed: dict[int, int] = defaultdict(int)
    total = 0
    for source, mass in event.inputs:
        held = history.element_mg(source, mass, element)
        total += held
        if history.maker(source) < 0 or not history.later_or_same(history.maker(source), number):
            fed[source] += held
    return {
        (*route, lot): made * Fraction(held, total) * part
        for source, held in fed.items()
        if held and made
        for route, part in routes(history, source, element).items()
    }


@given(histories(circles=False) | histories(circles=True), st.integers(1, ROUTES_MOST))
def test_the_heaviest_routes_are_the_first_of_all(history: History, count: int) -> None:
    with tempfile.TemporaryDirectory() as home:
        build_index(*history.frames(), Path(home) / "index", {})
        index = open_index(Path(home) / "index")
    for asked, (_, _, stated) in enumerate(history.lots):
        for element in (element for element in ELEMENTS if stated.get(element)):
            every = routes(history, asked, element)
            found = heaviest_routes(index, f"M/{asked}", element, count)
            assert len(found) == min(count, len(every))
            heaviest = sorted((float(part) for part in every.values()), reverse=True)[:count]
            assert [route.share for route in found] == pytest.approx(heaviest, abs=1e-12)
            for route in found:
                assert route.share == pytest.approx(float(every[route.lots]), abs=1e-12)
            if len(every) <= ROUTES_MOST:
                whole = heaviest_routes(index, f"M/{asked}", element, ROUTES_MOST)
                answer = origins(index, f"M/{asked}")
                begun = answer.begun[:, answer.elements.index(element)].sum() if len(answer.begun) else 0.0
                assert sum(route.share for route in whole) == pytest.approx(float(begun), abs=1e-9)
