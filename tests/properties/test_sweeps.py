"""Sweeps and kernels give the same bits for any history, with circles, overdrafts and lots that nobody made; sweeps of
intervals what their definition gives."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.properties.test_bounds import indexed
from tests.properties.test_flow import History, histories

from lodeline.flow import intervals, kernels, sweeps, walk
from lodeline.flow.held import Held, Shape, held, shape_of
from lodeline.flow.intervals import Groups, Pass, Steps, share_intervals
from lodeline.flow.kernels import Graph

pytestmark = pytest.mark.medium


@pytest.fixture(autouse=True, scope="module")
def _no_need_to_last() -> Iterator[None]:
    """These indexes live for a moment: waiting for the disk would be most of the test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


def both(name: str, *arguments: Any) -> Any:
    """The answer of the kernel, once the sweeps have given it too."""
    answer, swept = getattr(kernels, name)(*arguments), getattr(sweeps, name)(*arguments)
    same(answer if isinstance(answer, tuple) else (answer,), swept if isinstance(swept, tuple) else (swept,), name)
    return answer


def same(one: tuple[Any, ...], other: tuple[Any, ...], what: str) -> None:
    assert len(one) == len(other)
    for number, (left, right) in enumerate(zip(one, other, strict=True)):
        left, right = np.asarray(left), np.asarray(right)  # noqa: PLW2901
        assert (left.dtype, left.shape) == (right.dtype, right.shape), (what, number)
        assert left.tobytes() == right.tobytes(), (what, number)


def walked(graph: Graph, lot: int, column: Any) -> None:
    reach = both("ancestors", graph, lot)
    order = np.argsort(graph.rank[reach.events])[::-1]
    for explain in (False, True):
        both("upstream_shares", graph, reach, order, column, explain)
    both("upstream_links", graph, reach, np.arange(len(reach.lots))[::-2])
    descent = both("descendants", graph, lot)
    both("downstream_shares", graph, descent, np.argsort(graph.rank[descent.events]), column)


@given(history=histories(circles=True))
def test_sweeps_walk_as_kernels_do(history: History) -> None:
    index = indexed(history)
    for lot in range(len(history.lots)):
        walked(index.graph, lot, index.element_columns(lot)[1])


@given(history=histories(circles=True), data=st.data())
def test_intervals_are_those_of_one_lot_after_the_other(history: History, data: st.DataObject) -> None:
    index = indexed(history)
    for lot in range(len(history.lots)):
        found = walk.upstream(index, lot, explain=True)
        lists = st.lists(st.integers(-1, 3), min_size=len(found.reach.lots), max_size=len(found.reach.lots))
        begun, unaccounted = (np.array(data.draw(lists), np.int64) for _ in range(2))
        groups = Groups(begun, unaccounted, 4, data.draw(st.integers(-1, 3)))
        shape = shape_of(index, found)
        masses = tuple(held(index, found, shape, found.elements))
        if not masses:
            continue
        walked = Pass(shape=shape, masses=masses, groups=groups)
        assert walked.walked()
        for element, of_element in enumerate(masses):
            alike(walked.steps(element), one_after_the_other(shape, of_element, groups))
        same(walked.shares(), share_intervals(shape, masses, groups), "shares")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(intervals, "_NUMBERS_MOST", 2)
            same(walked.shares(), share_intervals(shape, masses, groups), "shares in halves")


def alike(one: Steps, other: Steps) -> None:
    for name in ("may_lot", "may_event", "other_lot", "other_event"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    for name in ("least", "most"):
        # Milligrams. What a group cannot be in is nothing; summed as floats, it is a last digit of the others.
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-12, atol=1e-6, err_msg=name)


def one_after_the_other(shape: Shape, masses: Held, groups: Groups) -> Steps:
    """The pass as it is defined: every group in every lot, event by event, link by link."""
    lots, events, nobody = len(shape.lot_event), len(shape.event_order), groups.nobody
    made_mg = masses.lot_mg * shape.made_part
    least, may = np.zeros((lots, groups.size)), np.zeros((lots, groups.size), np.bool_)
    known = (shape.lot_event < 0) & (shape.made_part > 0)
    for lot in range(lots):
        if known[lot] and groups.begun[lot] >= 0:
            least[lot, groups.begun[lot]] += made_mg[lot]
            may[lot, groups.begun[lot]] = True
        if groups.unaccounted[lot] >= 0:
            least[lot, groups.unaccounted[lot]] += masses.lot_mg[lot] - made_mg[lot]
            may[lot, groups.unaccounted[lot]] = True
    most, other = least.copy(), np.ones(may.shape, np.bool_)
    may_event, other_event = np.zeros((events, groups.size), np.bool_), np.ones((events, groups.size), np.bool_)
    if nobody >= 0:
        may[:, nobody], other[:, nobody] = True, known
    for event in shape.event_order:
        fed_least, fed_most, any_known = np.zeros(groups.size), np.zeros(groups.size), False
        for link in range(shape.link_start[event], shape.link_start[event + 1]):
            lot, taken = shape.link_lot[link], masses.link_mg[link]
            if shape.back[link]:
                if (own := groups.unaccounted[lot]) >= 0:
                    fed_least[own] += taken
                    fed_most[own] += taken
                    may_event[event, own] = True
                continue
            any_known = any_known or bool(known[lot])
            may_event[event] |= may[lot]
            if taken > 0:
                extra = masses.lot_surplus_mg[lot]
                fed_most += np.minimum(taken, most[lot] + extra * may[lot])
                fed_least += np.maximum(0, taken - (masses.lot_mg[lot] - least[lot] + extra * other[lot]))
        if nobody >= 0:
            may_event[event, nobody], other_event[event, nobody] = True, any_known
        for lot in shape.outs[shape.out_start[event] : shape.out_start[event + 1]]:
            known[lot] = any_known
            may[lot] |= may_event[event]
            if nobody >= 0:
                other[lot, nobody] = any_known
            own = groups.unaccounted[lot] == np.arange(groups.size)
            out_mg, extra = masses.out_mg[lot], masses.event_surplus_mg[event]
            if masses.fed_mg[event] <= 0:
                empty = shape.link_start[event] == shape.link_start[event + 1]
                most[lot] += made_mg[lot] * (may_event[event] | own)
                least[lot] += made_mg[lot] * (own & (empty | ~other_event[event]))
            elif out_mg > 0:
                rest = masses.fed_mg[event] - fed_least + extra * other_event[event]
                most[lot] += np.minimum(out_mg, fed_most + extra * may_event[event]) * made_mg[lot] / out_mg
                least[lot] += np.maximum(0, out_mg - rest) * made_mg[lot] / out_mg
    return Steps(least, most, may, may_event, other, other_event)


@pytest.mark.parametrize(("swept", "loaded", "plain"), [(0, False, True), (10**9, False, False), (0, True, False)])
def test_kernels_are_loaded_once_they_pay(
    monkeypatch: pytest.MonkeyPatch, swept: int, loaded: bool, plain: bool
) -> None:
    monkeypatch.setattr(walk, "_swept", swept)
    monkeypatch.setattr(walk, "are_loaded", lambda: loaded)
    assert (walk.walking() is sweeps) == plain
