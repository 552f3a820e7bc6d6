"""Round trips: the search finds what trying every chain finds, and nothing else."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodeline.flow.cycles import Kept, Transfers, find_cycles

KEPT = Kept(hops=4, days=5, mass_ppm=100_000, share_ppb=1)
#: source, target, goods, day, mass, share
Row = tuple[int, int, int, int, int, int]
ROWS = st.lists(
    st.tuples(
        st.integers(0, 3), st.integers(0, 3), st.integers(0, 1), st.integers(0, 7), st.integers(95, 112),
        st.integers(0, 3),
    ),
    max_size=8,
)  # fmt: skip


def transfers(rows: list[Row]) -> Transfers:
    table = np.array(rows, np.int64).reshape(-1, 6)
    source, target, goods, day = (table[:, place].astype(np.int32) for place in range(4))
    return Transfers(
        source=source, target=target, goods=goods, day=day, mass_mg=table[:, 4], share_ppb=table[:, 5:].astype(np.int32)
    )  # fmt: skip


def every_chain(rows: list[Row], kept: Kept) -> Iterator[tuple[int, ...]]:
    """Round trips by trying every ordered choice of transfers."""
    in_time = sorted(range(len(rows)), key=lambda place: rows[place][3])
    for length in range(2, kept.hops + 1):
        for chain in itertools.permutations(in_time, length):
            chosen = [rows[place] for place in chain]
            first = chosen[0]
            joined = all(one[1] == other[0] for one, other in itertools.pairwise([*chosen, first]))
            one_day = len({row[3] for row in chosen}) == 1
            first_told = not one_day or in_time.index(chain[0]) == min(map(in_time.index, chain))
            staying = first_told and all(
                other[3] - one[3] >= kept.stay_days for one, other in itertools.pairwise(chosen)
            )
            simple = len({row[0] for row in chosen}) == length
            alike = all(
                row[2] == first[2]
                and row[3] - first[3] <= kept.days
                and abs(row[4] - first[4]) * 1_000_000 <= first[4] * kept.mass_ppm
                and abs(row[5] - first[5]) <= kept.share_ppb
                for row in chosen
            )
            if joined and staying and simple and alike:
                yield chain


@given(ROWS, st.integers(0, 1))
def test_the_set_of_round_trips_is_that_of_trying_every_chain(rows: list[Row], stay_days: int) -> None:
    kept = dataclasses.replace(KEPT, stay_days=stay_days)
    found = find_cycles(transfers(rows), kept)
    told = [found[place] for place in range(len(found))]
    assert len(told) == len(set(told)) and found.complete
    assert set(told) == set(every_chain(rows, kept))


def test_eight_hops_are_found_and_nine_are_not() -> None:
    for hops in (8, 9):
        ring: list[Row] = [(place, (place + 1) % hops, 0, place, 100, 0) for place in range(hops)]
        found = find_cycles(transfers(ring), Kept())
        assert [found[place] for place in range(len(found))] == ([tuple(range(8))] if hops == 8 else [])


def test_a_search_that_is_cut_short_says_so() -> None:
    crowd: list[Row] = [(one, other, 0, day, 100, 0) for day in range(3) for one in range(6) for other in range(6)]
    assert not find_cycles(transfers(crowd), Kept(), steps_limit=50).complete


@pytest.mark.parametrize("rows", [[], [(0, 0, 0, 0, 100, 0)], [(0, 1, 0, 0, 100, 0)]])
def test_no_transfers_and_transfers_to_oneself_are_no_round_trip(rows: list[Row]) -> None:
    assert len(find_cycles(transfers(rows), KEPT)) == 0
