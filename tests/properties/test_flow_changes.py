"""An index with what has changed since laid over it answers, to the last bit, as one built from nothing.

The histories are of a ledger: events are filed late, corrected under a new number, voided; lots get other masses,
assays and makers, and new ones come. `touched` lots are found by comparing the rows before and after.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lodeline.flow.everywhere import origins_of_all
from lodeline.flow.index import FlowIndex, build_index, open_index
from lodeline.flow.origins import origins
from lodeline.flow.routes import heaviest_routes
from lodeline.flow.trace import trace
from lodeline.flow.update import write_changes
from lodeline.material.element import SYMBOLS

START = date(2025, 6, 1)
ELEMENTS = ("Nd", "Dy", "TREO")
Frames = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]


@dataclass(frozen=True, kw_only=True)
class Filed:
    """An event: what it took (lot, mg), and what it made."""

    origin: bool
    day: int
    site: str
    inputs: tuple[tuple[int, int], ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """Events in force by number; lots as (made mg, unaccounted mg, {element: ppb}, product)."""

    next_number: int = 0
    events: dict[int, Filed] = field(default_factory=dict)
    lots: tuple[tuple[int, int, dict[str, int], str | None], ...] = ()

    def makers(self) -> dict[int, int]:
        found: dict[int, int] = {}
        for number in sorted(self.events):
            for lot in self.events[number].outputs:
                found.setdefault(lot, number)
        return found

    def frames(self) -> Frames:
        makers = self.makers()
        lots = [
            (n, f"M{n * 7 % 5}/{n * 13 % 10}-{n}", product, f"M{n * 7 % 5}", makers.get(n, -1), made, over)
            for n, (made, over, _, product) in enumerate(self.lots)
        ]
        events = [
            (
                n, f"E{n}", f"M{n % 3}", event.site, START + timedelta(days=event.day),
                ("transformation", "origin")[event.origin], ("mined" if n % 3 else "bought") if event.origin else None,
                f"P{n * 5 % 7}" if event.origin and n % 4 else None,
            )
            for n, event in self.events.items()
        ]  # fmt: skip
        links = [(n, lot, mass) for n, event in self.events.items() for lot, mass in event.inputs]
        assays = [(n, SYMBOLS.index(one), ppb) for n, lot in enumerate(self.lots) for one, ppb in lot[2].items()]
        text, number = pl.String, pl.Int64
        return (
            pl.DataFrame(lots, orient="row", schema={
                "lot": number, "name": text, "product": text, "organisation": text, "made_event": number,
                "made_mg": number, "unaccounted_mg": number}),
            pl.DataFrame(events, orient="row", schema={
                "event": number, "name": text, "organisation": text, "site": text, "on": pl.Date, "kind": text,
                "origin_kind": text, "origin_place": text}),
            pl.DataFrame(links, orient="row", schema={"event": number, "lot": number, "mass_mg": number}),
            pl.DataFrame(assays, orient="row", schema={"lot": number, "element": pl.UInt8, "ppb": number}),
        )  # fmt: skip


masses = st.one_of(st.integers(1, 9), st.integers(10**6, 10**13))
facts = st.tuples(
    st.one_of(st.just(0), masses), st.one_of(st.just(0), st.just(0), masses),
    st.dictionaries(st.sampled_from(ELEMENTS), st.integers(0, 10**9), max_size=3), st.sampled_from((None, "a", "b")),
)  # fmt: skip


def filed(draw: st.DrawFn, ledger: Ledger, circles: bool) -> Ledger:
    """One event more. Without `circles` it takes only what events of an earlier day, or nobody, made."""
    day = draw(st.integers(0, 6))
    makers = ledger.makers()
    made = {lot: ledger.events[number].day for lot, number in makers.items()}
    known = [lot for lot in range(len(ledger.lots)) if circles or made.get(lot, -1) < day]
    unmade = [
        lot
        for lot in range(len(ledger.lots))
        if lot not in makers and (circles or all(e.day > day for e in ledger.events.values() if lot in dict(e.inputs)))
    ]
    origin = not known or (draw(st.booleans()) and draw(st.booleans()))
    new = draw(st.lists(facts, max_size=3))
    outputs = [*range(len(ledger.lots), len(ledger.lots) + len(new))]
    taken = st.lists(st.tuples(st.sampled_from(known or [0]), masses), max_size=4)
    inputs = [] if origin else draw(taken)
    late = [lot for lot in unmade if circles or lot not in dict(inputs)]
    if draw(st.booleans()) and late:
        outputs.append(draw(st.sampled_from(late)))  # Filed late: it has been used before.
    event = Filed(
        origin=origin, day=day, site=draw(st.sampled_from("STU")), inputs=tuple(inputs), outputs=tuple(outputs)
    )
    lots, number = (*ledger.lots, *new), ledger.next_number
    return Ledger(next_number=number + 1, events=ledger.events | {number: event}, lots=lots)


def entered(draw: st.DrawFn, ledger: Ledger, circles: bool) -> Ledger:
    """One entry more."""
    what = draw(st.sampled_from(("event", "event", "event", "void", "correction", "lot", "site", "bare lots")))
    if what == "event" or not ledger.events:
        return filed(draw, ledger, circles)
    if what == "bare lots":
        return replace(ledger, lots=(*ledger.lots, *draw(st.lists(facts, max_size=2))))
    number = draw(st.sampled_from(sorted(ledger.events)))
    event = ledger.events[number]
    others = {one: other for one, other in ledger.events.items() if one != number}
    if what == "void":
        return replace(ledger, events=others)
    if what == "site":  # Such as the owner of a site, which the register says anew.
        return replace(ledger, events=others | {number: replace(event, site="V")})
    if what == "correction":
        inputs = tuple((lot, draw(masses)) for lot, _ in event.inputs if draw(st.booleans()))
        corrected = replace(event, inputs=inputs, outputs=event.outputs[draw(st.integers(0, 1)) :])
        return replace(ledger, events=others | {ledger.next_number: corrected}, next_number=ledger.next_number + 1)
    lots = list(ledger.lots)
    if lots:
        lots[draw(st.integers(0, len(lots) - 1))] = draw(facts)
    return replace(ledger, lots=tuple(lots))


@st.composite
def ledgers(draw: st.DrawFn, *, circles: bool) -> list[Ledger]:
    """A ledger as it was at several times, oldest first."""
    ledger, states = Ledger(), []
    for entries in (draw(st.integers(0, 8)), *draw(st.lists(st.integers(1, 3), min_size=1, max_size=4))):
        for _ in range(entries):
            ledger = entered(draw, ledger, circles)
        states.append(ledger)
    return states


def touched_between(before: Ledger, now: Ledger) -> np.ndarray[Any, Any]:
    def told(ledger: Ledger) -> list[Any]:
        makers = ledger.makers()
        return [
            (
                lot, makers.get(n), ledger.events.get(makers.get(n, -1)),
                [(number, e) for number, e in sorted(ledger.events.items()) if n in dict(e.inputs)],
            )
            for n, lot in enumerate(ledger.lots)
        ]  # fmt: skip

    old, new = told(before), told(now)
    return np.array([n for n, one in enumerate(new) if n >= len(old) or old[n] != one], np.int64)


def part_of(frames: Frames, touched: np.ndarray[Any, Any], near: np.ndarray[Any, Any]) -> Frames:
    lots, events, links, assays = frames
    of_lots = pl.col("lot").is_in(touched)
    wanted = {
        *near.tolist(),
        *lots.filter(of_lots)["made_event"].to_list(),
        *links.filter(of_lots)["event"].to_list(),
    }
    some = events.filter(pl.col("event").is_in(wanted))
    return lots.filter(of_lots), some, links.filter(pl.col("event").is_in(wanted)), assays.filter(of_lots)


def answers(index: FlowIndex) -> dict[str, Any]:
    """Everything that can be asked, as a reader sees it: floats by their bits."""
    found: dict[str, Any] = {"stamp": index.stamp}
    for lot in range(len(index.lot_name)):
        name = index.lot_name[lot]
        assert index.find(name) == lot
        found[name] = (
            trace(index, name).as_json(), trace(index, name, forward=True).as_json(), origins(index, name).as_json(),
            {element: heaviest_routes(index, name, element, 5) for element in index.element_columns(lot)[0]},
            [index.lot_name[one] for one in index.lots_with_local_id(name.rpartition("/")[2])],
            index.lot_product[lot], index.lot_organisation[lot],
        )  # fmt: skip
    found["all"] = [
        (part.element, part.places, part.lots.tolist(), part.origin.tolist(), part.share.tolist())
        for part in origins_of_all(index)
    ]
    return found


def walk_through(states: list[Ledger]) -> list[bool]:
    """Whether changes were written at each step; the answers are compared at each in any case."""
    written = []
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        build_index(*states[0].frames(), home / "base", {"entry": 0})
        base, patch, before = home / "base", None, states[0]
        for step, now in enumerate(states[1:], 1):
            frames, stamp = now.frames(), {"entry": step}
            build_index(*frames, home / f"whole-{step}", stamp)
            touched = touched_between(before, now)
            around = partial(part_of, frames, touched)
            written.append(write_changes(base, patch, touched, around, home / f"p{step}", stamp))
            if written[-1]:
                patch = home / f"p{step}"
                assert answers(open_index(base, patch)) == answers(open_index(home / f"whole-{step}"))
            else:
                base, patch = home / f"whole-{step}", None
            before = now
    return written


@pytest.fixture(autouse=True, scope="module")
def _no_need_to_last() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.mark.medium
@settings(max_examples=20, deadline=None)
@given(ledgers(circles=False))
def test_changes_laid_over_an_index_answer_as_one_built_from_nothing(states: list[Ledger]) -> None:
    assert all(walk_through(states))


@pytest.mark.medium
@settings(max_examples=10, deadline=None)
@given(ledgers(circles=True))
def test_where_books_run_in_a_circle_either_all_is_built_anew_or_answers_are_equal(states: list[Ledger]) -> None:
    walk_through(states)


@pytest.mark.slow
@settings(max_examples=2_000, deadline=None)
@given(ledgers(circles=False) | ledgers(circles=True))
def test_changes_of_thousands_of_histories_are_equal(states: list[Ledger]) -> None:
    walk_through(states)
