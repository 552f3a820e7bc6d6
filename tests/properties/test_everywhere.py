"""The origins of all lots at once are those of each lot by itself, in whatever blocks they are computed."""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.properties.test_flow import History, histories

from lodeline.flow import everywhere
from lodeline.flow.index import FlowIndex, build_index, open_index
from lodeline.flow.origins import Place, origins, origins_by_place
from lodeline.flow.stages import passages, stages_of

pytestmark = pytest.mark.medium

Shares = dict[tuple[int, str, str | None, str | None], float]


@pytest.fixture(autouse=True, scope="module")
def _no_need_to_last() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


def all_at_once(index: FlowIndex, lots: list[int] | None = None) -> Shares:
    found: Shares = {}
    parts = list(everywhere.origins_of_all(index, None if lots is None else np.array(lots, np.int64)))
    for part in parts:
        for lot, origin, share in zip(part.lots.tolist(), part.origin.tolist(), part.share.tolist(), strict=True):
            key = (lot, part.element, *part.places[origin])
            assert key not in found and share > 0
            found[key] = share
    assert [part.done for part in parts] == list(range(1, len(parts) + 1))
    assert {part.total for part in parts} <= {len(parts)}
    return found


def one_by_one(index: FlowIndex, lots: list[int]) -> Shares:
    return {
        (lot, element, row["origin_kind"], row["origin_place"]): share
        for lot in lots
        for row in origins_by_place(origins(index, index.lot_name[lot]))
        for element, share in row["booked_shares"].items()
        if share > 0
    }


@given(histories(circles=False) | histories(circles=True), st.sampled_from((1, 8, 2**20)), st.data())
def test_all_lots_at_once_are_each_lot_by_itself(history: History, block_bytes: int, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as home:
        build_index(*history.frames(), Path(home) / "index", {})
        index = open_index(Path(home) / "index")
    everyone = list(range(len(history.lots)))
    some = data.draw(st.lists(st.sampled_from(everyone), unique=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(everywhere, "_BLOCK_BYTES", block_bytes)
        patch.setattr(everywhere, "_LOTS_AT_ONCE", 3)
        same(all_at_once(index), one_by_one(index, everyone))
        same(all_at_once(index, some), one_by_one(index, some))


@given(histories(circles=False) | histories(circles=True), st.data())
def test_what_comes_by_stages_is_what_comes_of_origins(history: History, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as home:
        build_index(*history.frames(), Path(home) / "index", {})
        index = open_index(Path(home) / "index")
    shares = all_at_once(index)
    for element in sorted({key[1] for key in shares}):
        lots = sorted({key[0] for key in shares if key[1] == element})
        masses = {lot: float(data.draw(st.integers(1, 10**9))) for lot in lots}
        found = passages(index, np.array(lots), np.array(list(masses.values())), element)
        expected: dict[Place, float] = defaultdict(float)
        for (lot, of, *place), share in shares.items():
            if of == element:
                expected[place[0], place[1]] += share * masses[lot]
        into: dict[str, float] = defaultdict(float)
        came: dict[Place, float] = defaultdict(float)
        left: dict[str, float] = defaultdict(float)
        for one in found:
            assert (one.origin is None) != (one.stage is None) and one.stage != one.to and one.mass_mg > 0
            into[one.to] += one.mass_mg
            if one.origin is None:
                left[one.stage or ""] += one.mass_mg
            else:
                came[one.origin] += one.mass_mg
        for lot, stage in zip(lots, stages_of(index, np.array(lots)), strict=True):
            left[stage] += masses[lot]
        assert dict(came) == pytest.approx(dict(expected), rel=1e-9, abs=1e-3)
        assert dict(into) == pytest.approx(dict(left), rel=1e-9, abs=1e-3)


def same(found: Shares, expected: Shares) -> None:
    for key in found.keys() | expected.keys():
        assert found.get(key, 0.0) == pytest.approx(expected.get(key, 0.0), abs=1e-12), key
