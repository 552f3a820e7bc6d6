"""Random small histories, with overdrafts, lots nobody made, missing elements and circles: every share of `trace`
and `origins` equals exact rational arithmetic over all paths, written as the sentences of the definition."""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodeline.flow.index import build_index, open_index
from lodeline.flow.origins import origins, origins_by_place
from lodeline.flow.trace import trace
from lodeline.material.element import SYMBOLS
from lodeline.material.mass import share_mg

pytestmark = pytest.mark.medium

START = date(2025, 6, 1)
ELEMENTS = ("Nd", "Dy", "TREO")
Shares = dict[int, Fraction]


@dataclass(frozen=True, kw_only=True)
class Event:
    origin: bool
    day: int
    outputs: tuple[int, ...]
    inputs: tuple[tuple[int, int], ...]  # (lot, mg)


@dataclass(frozen=True, kw_only=True)
class History:
    """`lots` are (made mg, unaccounted mg, {element: ppb}); what no event has as output was never made."""

    lots: tuple[tuple[int, int, dict[str, int]], ...]
    events: tuple[Event, ...]

    def maker(self, lot: int) -> int:
        return next((number for number, event in enumerate(self.events) if lot in event.outputs), -1)

    def element_mg(self, lot: int, mass_mg: int, element: str) -> int:
        return share_mg(mass_mg, self.lots[lot][2].get(element, 0))

    def later_or_same(self, maker: int, consumer: int) -> bool:
        """Whether an input that `maker` made is a back-reference: both events are their own ancestors, and in the
        order of day and number the maker does not come first."""
        in_circle = maker == consumer or (consumer in self.before(maker) and maker in self.before(consumer))
        return in_circle and (self.events[maker].day, maker) >= (self.events[consumer].day, consumer)

    def before(self, number: int) -> set[int]:
        found: set[int] = set()
        waiting = [number]
        while waiting:
            makers = {self.maker(lot) for lot, _ in self.events[waiting.pop()].inputs} - {-1} - found
            found |= makers
            waiting += makers
        return found

    def backward(self, asked: int, element: str) -> tuple[Shares, Shares, Shares]:
        """Per lot, of the asked lot's element: came through it, began in it, is unaccounted at it."""

        @cache
        def of(lot: int) -> tuple[Shares, Shares, Shares]:
            made_mg, unaccounted_mg, _ = self.lots[lot]
            number = self.maker(lot)
            made = Fraction(0)
            if number >= 0:
                whole = made_mg + unaccounted_mg
                made = Fraction(made_mg, whole) if whole else Fraction(1)
            through, begun, unknown = Counter({lot: Fraction(1)}), Counter(), Counter({lot: 1 - made})
            if number < 0:
                return through, begun, unknown
            event = self.events[number]
            total = sum(self.element_mg(source, mass, element) for source, mass in event.inputs)
            if event.origin:
                begun[lot] += made
            elif total == 0:
                unknown[lot] += made
            for source, mass in event.inputs:
                part = made * Fraction(self.element_mg(source, mass, element), total) if total else Fraction(0)
                if self.maker(source) >= 0 and self.later_or_same(self.maker(source), number):
                    unknown[source] += part
                    continue
                for target, addition in zip((through, begun, unknown), of(source), strict=True):
                    for place, share in addition.items():
                        target[place] += part * share
            return through, begun, unknown

        return of(asked)

    def forward(self, asked: int, element: str) -> Shares:
        """Per lot, the part of the asked lot's element that is in it."""

        @cache
        def of(lot: int) -> Shares:
            went = Counter({lot: Fraction(1)})
            made_mg, unaccounted_mg, _ = self.lots[lot]
            uses = [
                (number, mass) for number, event in enumerate(self.events) for used, mass in event.inputs if used == lot
            ]
            whole = max(made_mg + unaccounted_mg, sum(mass for _, mass in uses))
            for number, mass in uses:
                if self.maker(lot) >= 0 and self.later_or_same(self.maker(lot), number):
                    continue
                event = self.events[number]
                went_in = sum(self.element_mg(source, taken, element) for source, taken in event.inputs)
                came_out = [(out, self.element_mg(out, self.lots[out][0], element)) for out in event.outputs]
                most = max(went_in, sum(mass for _, mass in came_out))
                for out, held in came_out:
                    if held:
                        for place, share in of(out).items():
                            went[place] += Fraction(mass, whole) * Fraction(held, most) * share
            return went

        return of(asked)

    def frames(self) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        lots = pl.DataFrame(
            [(n, f"M/{n}", None, "M", self.maker(n), made, over) for n, (made, over, _) in enumerate(self.lots)],
            schema={
                "lot": pl.Int64, "name": pl.String, "product": pl.String, "organisation": pl.String,
                "made_event": pl.Int64, "made_mg": pl.Int64, "unaccounted_mg": pl.Int64,
            },
            orient="row",
        )  # fmt: skip
        events = pl.DataFrame(
            [
                (n, f"E{n}", "M", "S", START + timedelta(days=event.day), ("transformation", "origin")[event.origin])
                for n, event in enumerate(self.events)
            ],
            schema={
                "event": pl.Int64, "name": pl.String, "organisation": pl.String, "site": pl.String,
                "on": pl.Date, "kind": pl.String,
            },
            orient="row",
        ).with_columns(
            origin_kind=pl.when(pl.col("kind") == "origin").then(pl.lit("mined")),
            origin_place=pl.when(pl.col("kind") == "origin").then(pl.format("P{}", pl.col("event") % 2)),
        )  # fmt: skip
        links = pl.DataFrame(
            [(n, lot, mass) for n, event in enumerate(self.events) for lot, mass in event.inputs],
            schema={"event": pl.Int64, "lot": pl.Int64, "mass_mg": pl.Int64},
            orient="row",
        )
        assays = pl.DataFrame(
            [
                (n, SYMBOLS.index(name), ppb)
                for n, (_, _, stated) in enumerate(self.lots)
                for name, ppb in stated.items()
            ],
            schema={"lot": pl.Int64, "element": pl.UInt8, "ppb": pl.Int64},
            orient="row",
        )
        return lots, events, links, assays


class Counter(defaultdict[int, Fraction]):
    """Fractions that start at 0."""

    def __init__(self, start: Shares | None = None) -> None:
        super().__init__(Fraction, start or {})


#: A few milligrams, where an element's mass is often cut to 0, and masses whose product with ppb passes 64 bits.
masses = st.one_of(st.integers(1, 9), st.integers(10**6, 10**13))
compositions = st.dictionaries(
    st.sampled_from(ELEMENTS), st.one_of(st.just(0), st.integers(1, 10**9), st.just(300_000_000)), max_size=3
)


@st.composite
def histories(draw: st.DrawFn, *, circles: bool) -> History:
    """Events in any order of number; inputs are lots of events earlier in time or, with `circles`, of any event."""
    count = draw(st.integers(1, 8))
    outputs = [draw(st.integers(1, 3)) for _ in range(count)]
    never_made = draw(st.integers(0, 2))
    ids = draw(st.permutations(range(sum(outputs) + never_made)))
    numbers = draw(st.permutations(range(count)))
    events: list[Event] = [Event(origin=True, day=0, outputs=(), inputs=())] * count
    for time in range(count):
        made_before, made_here = sum(outputs[:time]), sum(outputs[: time + 1])
        known = list(ids) if circles else [*ids[:made_before], *ids[sum(outputs) :]]
        origin = draw(st.booleans()) and draw(st.booleans())
        inputs = [] if origin or not known else draw(st.lists(st.tuples(st.sampled_from(known), masses), max_size=4))
        events[numbers[time]] = Event(
            origin=origin,
            day=draw(st.integers(0, 3)) if circles else time,
            outputs=tuple(ids[made_before:made_here]),
            inputs=tuple(inputs),
        )
    made = {lot for event in events for lot in event.outputs}
    overdrawn = st.one_of(st.just(0), st.just(0), masses)
    lots = [
        (draw(st.one_of(st.just(0), masses, masses)) if lot in made else 0, draw(overdrawn), draw(compositions))
        for lot in range(len(ids))
    ]
    return History(lots=tuple(lots), events=tuple(events))


@pytest.fixture(autouse=True, scope="module")
def _no_need_to_last() -> Iterator[None]:
    """These indexes live for a moment: waiting for the disk would be most of the test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


def compare(history: History) -> None:
    with tempfile.TemporaryDirectory() as home:
        build_index(*history.frames(), Path(home) / "index", {})
        index = open_index(Path(home) / "index")
        for asked, (_, _, stated) in enumerate(history.lots):
            elements = [element for element in ELEMENTS if stated.get(element)]
            compare_backward(history, trace(index, f"M/{asked}").as_json(), asked, elements)
            compare_origins(history, origins(index, f"M/{asked}").as_json(), asked, elements)
            places = origins_by_place(origins(index, f"M/{asked}"))
            forward = trace(index, f"M/{asked}", forward=True).as_json()
            for element in elements:
                assert sum(row["booked_shares"][element] for row in places) == pytest.approx(1, abs=1e-9)
                same(
                    {int(n["lot"][2:]): n["shares"][element] for n in forward["nodes"]}, history.forward(asked, element)
                )


def compare_backward(history: History, answer: Any, asked: int, elements: list[str]) -> None:
    assert answer["nodes"][0]["lot"] == f"M/{asked}"
    for element in elements:
        assert answer["nodes"][0]["shares"][element] == 1
        shown = {int(node["lot"][2:]): node["shares"][element] for node in answer["nodes"]}
        same(shown, history.backward(asked, element)[0])


def compare_origins(history: History, answer: Any, asked: int, elements: list[str]) -> None:
    for element in elements:
        found = {True: {}, False: {}}  # type: dict[bool, dict[int, float]]
        for row in answer["rows"]:
            found[row["origin_kind"] == "unaccounted"][int(row["lot"][2:])] = row["shares"][element]
        _, begun, unknown = history.backward(asked, element)
        same(found[False], begun)
        same(found[True], unknown)
        assert sum(found[False].values()) + sum(found[True].values()) == pytest.approx(1, abs=1e-9)


def same(shares: dict[int, float], exact: Shares) -> None:
    for lot in shares.keys() | exact.keys():
        assert shares.get(lot, 0.0) == pytest.approx(float(exact.get(lot, Fraction(0))), abs=1e-12), lot


@given(histories(circles=False))
def test_shares_of_any_history_are_exact(history: History) -> None:
    compare(history)


@given(histories(circles=True))
def test_shares_of_a_history_that_runs_in_circles_are_exact(history: History) -> None:
    compare(history)


@given(histories(circles=True))
def test_a_trace_lists_the_ancestors_and_says_where_books_run_in_a_circle(history: History) -> None:
    with tempfile.TemporaryDirectory() as home:
        build_index(*history.frames(), Path(home) / "index", {})
        index = open_index(Path(home) / "index")
        for asked in range(len(history.lots)):
            listed, followed, back = {asked}, {asked}, False
            waiting = [asked]
            while waiting:
                number = history.maker(waiting.pop())
                for source, _ in history.events[number].inputs if number >= 0 else ():
                    listed.add(source)  # Also what is met over a back-reference, which is not followed from there.
                    if history.maker(source) >= 0 and history.later_or_same(history.maker(source), number):
                        back = True
                    elif source not in followed:
                        followed.add(source)
                        waiting.append(source)
            answer = trace(index, f"M/{asked}")
            assert answer.cyclic == back
            assert listed == {int(node["lot"][2:]) for node in answer.as_json()["nodes"]}
