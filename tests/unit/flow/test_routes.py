"""Routes of an element: heaviest first, the same as listing them all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lodeline.flow.index import FlowIndex, UnknownLot
from lodeline.flow.routes import heaviest_routes, routes_as_json

Indexed = Callable[[Any], FlowIndex]


def test_routes_run_from_the_origin_to_the_lot_with_their_kilograms(indexed: Indexed, blend: Any) -> None:
    index = indexed(blend)
    answer = routes_as_json(index, "M/metal", "Nd", heaviest_routes(index, "M/metal", "Nd", 5))
    assert (answer["lot"], answer["element"]) == ("M/metal", "Nd")
    # Of the 99 mg of the metal 120/220 came from M/ore; N/ore gave 80/220, three quarters of which were made.
    assert [(route["lots"], route["events"], route["mass_kg"]) for route in answer["routes"]] == [
        (["M/ore", "M/blend", "M/metal"], ["e-mine", "e-blend", "e-melt"], "0.000054"),
        (["N/ore", "M/blend", "M/metal"], ["e-import", "e-blend", "e-melt"], "0.000027"),
    ]
    assert [route["booked_share"] for route in answer["routes"]] == pytest.approx([120 / 220, 60 / 220])


def test_one_origin_alone_and_no_more_routes_than_asked(indexed: Indexed, blend: Any) -> None:
    index = indexed(blend)
    (only,) = heaviest_routes(index, "M/metal", "Nd", 20, origin="N/ore")
    assert index.lot_name[only.lots[0]] == "N/ore"
    assert len(heaviest_routes(index, "M/metal", "Nd", 1)) == 1
    # Nobody made it: no route begins there, and none that passes through it.
    assert heaviest_routes(index, "M/metal", "Nd", 20, origin="M/黑矿") == []


def test_an_origin_is_its_own_route_and_what_is_not_stated_has_none(indexed: Indexed, blend: Any) -> None:
    index = indexed(blend)
    (own,) = heaviest_routes(index, "M/ore", "Nd", 3)
    assert (own.lots, own.share) == ((index.find("M/ore"),), 1.0)
    assert heaviest_routes(index, "M/tailings", "Nd", 3) == []
    assert heaviest_routes(index, "M/黑矿", "Nd", 3) == []


@pytest.mark.parametrize("count", [0, -1, 21])
def test_routes_beyond_what_is_told_at_once_are_refused(indexed: Indexed, blend: Any, count: int) -> None:
    with pytest.raises(ValueError, match="1 to 20"):
        heaviest_routes(indexed(blend), "M/metal", "Nd", count)


def test_a_lot_or_an_origin_that_is_not_there_is_named(indexed: Indexed, blend: Any) -> None:
    for lot, origin in (("M/nothing", None), ("M/metal", "M/nothing")):
        with pytest.raises(UnknownLot, match="M/nothing"):
            heaviest_routes(indexed(blend), lot, "Nd", 1, origin)
