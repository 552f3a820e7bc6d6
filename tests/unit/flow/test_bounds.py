"""Bounds of booked shares in numbers that can be checked by head."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lodeline.flow import bounds
from lodeline.flow.index import FlowIndex
from lodeline.flow.origins import origins, origins_by_place

Indexed = Callable[[Any], FlowIndex]
ND = {"Nd": 10**9}
MINES = {"e-a": ("mined", "a"), "e-b": ("mined", "b")}


def within(index: FlowIndex, lot: str, element: str = "Nd") -> dict[str, list[float]]:
    """Origin lot → its bounds; what is unaccounted at a lot stands under "?" and its name."""
    answer = origins(index, lot).as_json(bounded=True)
    return {
        ("?" if row["origin_kind"] == "unaccounted" else "") + row["lot"]: row["bounds"][element]
        for row in answer["rows"]
    }


def blended(taken: tuple[int, int], outputs: tuple[int, ...], over: int = 0) -> dict[str, Any]:
    """100 mg of two mines, of which an event takes some and makes lots M/0, M/1…"""
    return {
        "events": {"e-a": [], "e-b": [], "e-mix": [("A/ore", taken[0]), ("B/ore", taken[1])]},
        "lots": {
            "A/ore": ("e-a", 100, 0, ND),
            "B/ore": ("e-b", 100, 0, ND),
            **{f"M/{number}": ("e-mix", made, over, ND) for number, made in enumerate(outputs)},
        },
        "origins": MINES,
    }


def test_what_cannot_have_come_from_elsewhere_is_the_least(indexed: Indexed, history: Any) -> None:
    # 60 of A and 40 of B into 80 and 20: of the 80 at least 40 are A's, and at most 60.
    index = indexed(history(**blended((60, 40), (80, 20))))
    assert within(index, "M/0") == {
        "A/ore": pytest.approx([40 / 80, 60 / 80]),
        "B/ore": pytest.approx([20 / 80, 40 / 80]),
    }
    # The 20 may be of either alone.
    assert within(index, "M/1") == {"A/ore": [0, 1], "B/ore": [0, 1]}


def test_an_origin_alone_is_certain_and_a_whole_event_too(indexed: Indexed, history: Any) -> None:
    index = indexed(history(**blended((60, 40), (100,))))
    assert within(index, "A/ore") == {"A/ore": [1, 1]}
    assert within(index, "M/0") == {"A/ore": pytest.approx([0.6, 0.6]), "B/ore": pytest.approx([0.4, 0.4])}


def test_a_loss_may_have_been_of_either(indexed: Indexed, history: Any) -> None:
    index = indexed(history(**blended((60, 40), (90,))))
    assert within(index, "M/0")["A/ore"] == pytest.approx([50 / 90, 60 / 90])


def test_what_two_lots_have_in_common_is_seen_by_exact_bounds_alone(
    indexed: Indexed, history: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A blend parted in two and joined again is the whole blend, wherever which part went.
    tables = blended((60, 40), (50, 50))
    tables["events"]["e-join"] = [("M/0", 50), ("M/1", 50)]
    tables["lots"]["M/all"] = ("e-join", 100, 0, ND)
    index = indexed(history(**tables))
    assert origins(index, "M/all").as_json(bounded=True)["exact"]
    assert within(index, "M/all")["A/ore"] == pytest.approx([0.6, 0.6])
    monkeypatch.setattr(bounds, "EXACT_SIZE", 0)
    assert not origins(index, "M/all").as_json(bounded=True)["exact"]
    assert within(index, "M/all")["A/ore"] == pytest.approx([0.2, 1.0])  # at least 10 of each 50


def test_a_gain_within_measurement_is_of_what_went_in_and_a_larger_one_of_nobody_knows_whom(
    indexed: Indexed, history: Any, tmp_path: Any
) -> None:
    # σ of two laboratories is 2 % of each mass where all is neodymium: 3 σ of both sides are 8.5 mg of 100.
    for made, expected in ((105, [1, 1]), (200, [0.5, 1])):
        tables = history(
            events={"e-a": [], "e-melt": [("A/ore", 100)]},
            lots={"A/ore": ("e-a", 100, 0, ND), "M/0": ("e-melt", made, 0, ND)},
            origins={"e-a": ("mined", "a")},
        )
        assert within(indexed(tables), "M/0") == {"A/ore": pytest.approx(expected)}


def test_what_was_drawn_beyond_what_was_held_is_no_origins(indexed: Indexed, history: Any) -> None:
    index = indexed(history(**blended((60, 40), (100,), over=100)))
    assert within(index, "M/0") == {
        "A/ore": pytest.approx([0.3, 0.3]), "B/ore": pytest.approx([0.2, 0.2]), "?M/0": pytest.approx([0.5, 0.5]),
    }  # fmt: skip


def test_lots_drawn_beyond_what_they_were_made_of(indexed: Indexed, history: Any) -> None:
    # 200 mg were taken of a lot of 100, and nothing was booked for it: half of it is of nobody knows whom.
    tables = blended((100, 100), (200,))
    tables["lots"]["A/ore"] = ("e-a", 50, 0, ND)
    index = indexed(history(**tables))
    assert within(index, "M/0") == {"A/ore": pytest.approx([0.25, 0.5]), "B/ore": pytest.approx([0.5, 0.5])}


def test_circles_are_bounded_and_what_comes_round_is_no_origins(indexed: Indexed, history: Any) -> None:
    index = indexed(
        history(
            events={"e-a": [], "e-1": [("A/ore", 50), ("M/two", 50)], "e-2": [("M/one", 100)]},
            lots={"A/ore": ("e-a", 100, 0, ND), "M/one": ("e-1", 100, 0, ND), "M/two": ("e-2", 100, 0, ND)},
            origins={"e-a": ("mined", "a")},
        )
    )
    answer = origins(index, "M/two").as_json(bounded=True)
    assert answer["cyclic"] and answer["exact"]
    assert within(index, "M/two") == {"A/ore": pytest.approx([0.5, 0.5]), "?M/two": pytest.approx([0.5, 0.5])}


def test_an_element_that_nobody_carries_and_an_empty_ledger(indexed: Indexed, history: Any) -> None:
    # The composition of the ore was never stated: neodymium appears in the melt, from the ore or from elsewhere.
    index = indexed(
        history(
            events={"e-a": [], "e-melt": [("A/ore", 100)]},
            lots={"A/ore": ("e-a", 100, 0, {}), "M/0": ("e-melt", 50, 0, ND), "M/none": (None, 0, 0, ND)},
            origins={"e-a": ("mined", "a")},
        )
    )
    assert within(index, "M/0") == {"?M/0": [0, 1]}
    assert origins(index, "A/ore").as_json(bounded=True)["rows"] == []
    assert within(index, "M/none") == {"?M/none": [1, 1]}


def test_more_rows_than_can_be_bounded_have_none_and_fewer_do(
    indexed: Indexed, history: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = origins(indexed(history(**blended((60, 40), (80, 20)))), "M/0")
    monkeypatch.setattr(bounds, "SIZE_MOST", 2)  # two links, and one row of the two
    whole = found.as_json(bounded=True)
    assert "exact" not in whole and not any("bounds" in row for row in whole["rows"])
    (one,) = found.as_json(bounded=True, rows=range(1))["rows"]
    assert one["bounds"] == {"Nd": pytest.approx([0.5, 0.75])}


def test_places_are_bounded_as_a_whole(indexed: Indexed, history: Any) -> None:
    # Both mines lie in one place: alone each may be all of a small lot or nothing, together they are all of it.
    tables = blended((60, 40), (80, 20)) | {"origins": {"e-a": ("mined", "a"), "e-b": ("mined", "a")}}
    index = indexed(history(**tables))
    (place,) = origins_by_place(origins(index, "M/1"), bounded=True)
    assert (place["origin_place"], place["bounds"], place["exact"]) == ("a", {"Nd": [1, 1]}, True)
    assert "bounds" not in origins_by_place(origins(index, "M/1"))[0]
