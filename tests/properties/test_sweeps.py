"""Sweeps and kernels give the same bits for any history, with circles, overdrafts and lots that nobody made."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.properties.test_bounds import indexed
from tests.properties.test_flow import History, histories

from lodeline.flow import intervals, kernels, sweeps, walk
from lodeline.flow.held import held, shape_of
from lodeline.flow.interval_sweeps import passed
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


@settings(max_examples=40, deadline=None)
@given(history=histories(circles=True), data=st.data())
def test_sweeps_walk_as_kernels_do(history: History, data: st.DataObject) -> None:
    index = indexed(history)
    for lot in range(len(history.lots)):
        walked(index.graph, lot, index.element_columns(lot)[1])
        found = walk.upstream(index, lot, explain=True)
        groups = st.lists(st.integers(-2, 4), min_size=len(found.reach.lots), max_size=len(found.reach.lots))
        begun, unaccounted = (np.array(data.draw(groups), np.int64) for _ in range(2))
        shape, nobody = shape_of(index, found), data.draw(st.integers(-1, 3))
        for masses in held(index, found, shape, found.elements):
            compiled = intervals._pass(intervals._Lots.of(shape, masses), begun, unaccounted, 4, nobody)
            same(compiled, passed(shape, masses, begun, unaccounted, 4, nobody), "intervals")


@pytest.mark.parametrize(("swept", "loaded", "plain"), [(0, False, True), (10**9, False, False), (0, True, False)])
def test_kernels_are_loaded_once_they_pay(
    monkeypatch: pytest.MonkeyPatch, swept: int, loaded: bool, plain: bool
) -> None:
    monkeypatch.setattr(walk, "_swept", swept)
    monkeypatch.setattr(walk, "are_loaded", lambda: loaded)
    assert (walk.walking() is sweeps) == plain
