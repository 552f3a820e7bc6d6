"""Bounds of shares on random small histories: exact ones equal what trying every way to move single units finds;
step by step they are never tighter; the booked share lies within, whatever was filed."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.properties.test_flow import Event, History, histories

from lodeline.flow import bounds as bounds_of
from lodeline.flow.index import FlowIndex, build_index, open_index
from lodeline.flow.origins import Origins, origins, origins_by_place

pytestmark = pytest.mark.medium

PURE = {"Nd": 10**9}


@pytest.fixture(autouse=True, scope="module")
def _no_need_to_last() -> Iterator[None]:
    """These indexes live for a moment: waiting for the disk would be most of the test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


def indexed(history: History) -> FlowIndex:
    with tempfile.TemporaryDirectory() as home:
        build_index(*history.frames(), Path(home) / "index", {})
        return open_index(Path(home) / "index")


@dataclass(frozen=True, kw_only=True)
class Place:
    """What of a lot is left: units of the origin that is asked about, and units of anything else."""

    own: int
    other: int


def take(place: Place, units: int) -> Iterator[tuple[Place, int]]:
    """Every way to take units: what is left, and how many of them are the origin's."""
    for own in range(max(0, units - place.other), min(units, place.own) + 1):
        yield Place(own=place.own - own, other=place.other - (units - own)), own


def greatest_and_least(history: History, asked: int, origin: int, unaccounted: bool) -> tuple[int, int]:
    """The least and most units of a lot's origin (or of what is unaccounted at it) that may be in the asked lot."""
    start = {
        lot: Place(own=over if unaccounted and lot == origin else 0, other=0 if unaccounted and lot == origin else over)
        for lot, (_, over, _) in enumerate(history.lots)
    }
    states = {tuple(start[lot] for lot in range(len(history.lots)))}
    last = history.maker(asked)
    for number, event in enumerate(history.events):
        states = {after for state in states for after in happened(history, event, state, origin, unaccounted)}
        if number == last:
            break
    found = [state[asked].own for state in states]
    return min(found), max(found)


def happened(
    history: History, event: Event, state: tuple[Place, ...], origin: int, unaccounted: bool
) -> Iterator[tuple[Place, ...]]:
    """Every state that an event may lead to."""
    fed = {(state, 0)}
    for lot, units in event.inputs:
        fed = {
            (put_back(before, lot, left), own + more) for before, own in fed for left, more in take(before[lot], units)
        }
    total = sum(units for _, units in event.inputs)
    for before, own in fed:
        pots = {(before, Place(own=own, other=total - own))}
        for out in event.outputs:
            made = history.lots[out][0]
            if event.origin:
                mine = out == origin and not unaccounted
                pots = {(put(now, out, made if mine else 0, 0 if mine else made), pot) for now, pot in pots}
            else:
                pots = {(put(now, out, mine, made - mine), left) for now, pot in pots for left, mine in take(pot, made)}
        yield from (now for now, _ in pots)


def put(state: tuple[Place, ...], lot: int, own: int, other: int) -> tuple[Place, ...]:
    held = Place(own=state[lot].own + own, other=state[lot].other + other)
    return put_back(state, lot, held)


def put_back(state: tuple[Place, ...], lot: int, place: Place) -> tuple[Place, ...]:
    return (*state[:lot], place, *state[lot + 1 :])


@st.composite
def closed_books(draw: st.DrawFn) -> History:
    """Events in order of time, of pure neodymium in whole milligrams, that draw no more than there is."""
    lots: list[tuple[int, int, dict[str, int]]] = []
    left: list[int] = []
    events = []
    for day in range(draw(st.integers(2, 6))):
        held = [lot for lot, units in enumerate(left) if units]
        origin = day == 0 or not held or draw(st.integers(0, 3)) == 0
        inputs: list[tuple[int, int]] = []
        if not origin:
            for lot in draw(st.lists(st.sampled_from(held), min_size=1, max_size=3, unique=True)):
                units = draw(st.integers(1, left[lot]))
                left[lot] -= units
                inputs.append((lot, units))
        room = draw(st.integers(1, 4)) if origin else sum(units for _, units in inputs)
        outputs = []
        for _ in range(draw(st.integers(1, 2))):
            if room:
                made = draw(st.integers(1, room))
                room = draw(st.integers(1, 4)) if origin else room - made
                over = draw(st.sampled_from((0, 0, 0, 1)))
                outputs.append(len(lots))
                lots.append((made, over, PURE))
                left.append(made + over)
        events.append(Event(origin=origin, day=day, outputs=tuple(outputs), inputs=tuple(inputs)))
    return History(lots=tuple(lots), events=tuple(events))


@given(closed_books())
def test_exact_bounds_are_what_trying_every_way_finds(history: History) -> None:
    index = indexed(history)
    for asked, (made, over, _) in enumerate(history.lots):
        found = origins(index, f"M/{asked}")
        answer = found.as_json(bounded=True)
        assert answer["exact"]
        for row in answer["rows"]:
            unknown = row["origin_kind"] == "unaccounted"
            units = greatest_and_least(history, asked, int(row["lot"][2:]), unknown)
            assert row["bounds"]["Nd"] == pytest.approx([unit / (made + over) for unit in units], abs=1e-7)


def pairs(found: Origins) -> Iterator[tuple[float, float, float]]:
    """Least, booked, greatest of each row, of each place and of each element."""
    for row in itertools.chain(found.as_json(bounded=True)["rows"], origins_by_place(found, bounded=True)):
        for element, (least, greatest) in row["bounds"].items():
            yield least, row["booked_shares"][element], greatest


@given(histories(circles=False) | histories(circles=True))
def test_the_booked_share_lies_within_and_steps_are_never_tighter(history: History) -> None:
    index = indexed(history)
    for asked in range(len(history.lots)):
        found = origins(index, f"M/{asked}")
        exact = list(pairs(found))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bounds_of, "EXACT_SIZE", -1)
            loose = list(pairs(found))
            assert not found.as_json(bounded=True)["exact"]
        for (least, booked, greatest), (lower, _, higher) in zip(exact, loose, strict=True):
            assert lower <= least + 1e-7 and least <= booked <= greatest <= higher + 1e-7


@given(closed_books())
def test_what_is_surely_of_others_is_never_more_than_what_is_left_over(history: History) -> None:
    index = indexed(history)
    for asked in range(len(history.lots)):
        rows = origins(index, f"M/{asked}").as_json(bounded=True)["rows"]
        for row in rows:
            rest = sum(other["bounds"]["Nd"][0] for other in rows if other is not row)
            assert row["bounds"]["Nd"][1] <= 1 - rest + 1e-6
