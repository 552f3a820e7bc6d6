"""Origins of what was delivered sum to it to the milligram; the estimate equals the sum over paths."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.strategy.ledger import chain
from tests.unit.strategy.test_graph import at

from lodeline.strategy.dependence import booked, estimated, split

SHARES = {"lot": pl.Int64, "origin_kind": pl.String, "origin_place": pl.String, "share": pl.Float64}


@given(
    whole=st.integers(0, 10**15),
    parts=st.lists(st.floats(0, 1e12, allow_nan=False), min_size=1, max_size=40).filter(lambda found: sum(found) > 0),
)
def test_parts_sum_to_the_whole(whole: int, parts: list[float]) -> None:
    found = split(whole, parts)
    assert sum(found) == whole and min(found) >= 0
    for mass, part in zip(found, parts, strict=True):
        assert abs(mass - whole * part / sum(parts)) <= 1 + whole * 1e-12


def test_nothing_can_be_split_by_nothing() -> None:
    with pytest.raises(ValueError):
        split(5, [0.0, 0.0])


def test_origins_sum_to_what_was_delivered_and_what_is_unknown_is_a_row() -> None:
    delivered = pl.DataFrame(
        {"country": ["DE", "DE", None, "JP"], "lot": [1, 2, 1, 3], "mass_mg": [100, 11, 7, 0]},
        schema_overrides={"lot": pl.Int64, "mass_mg": pl.Int64},
    )
    shares = pl.DataFrame([(1, "mined", "X", 1 / 3), (1, "unaccounted", None, 2 / 3)], schema=SHARES, orient="row")
    rows = booked(delivered, shares, ("country",))
    assert rows.rows() == [
        (None, "mined", "X", 2), (None, "unaccounted", None, 5),
        ("DE", "mined", "X", 33), ("DE", "unaccounted", None, 78),
    ]  # fmt: skip
    assert booked(delivered, shares, ())["mass_mg"].sum() == 118
    assert booked(delivered.clear(), shares, ("country",)).columns == rows.columns


def test_an_estimate_is_the_sum_over_paths() -> None:
    book = chain()
    # A second source of the same oxide at the smelter: a quarter of what it takes.
    book.lot("ox3", "oxide:Dy", 0.85)
    book.add("origin", "2025-01-09", "SML-A", "ox3", 310 / 3, origin_kind="imported")
    network = book.network()
    origins, shares = estimated(network, "Dy")
    assert np.allclose(shares.sum(axis=1), 1)
    places = {network.holdings.site[number] for number in origins}
    assert places == {"SEP-A", "SML-A"}
    oxide = int(np.flatnonzero(origins == at(network, "SML-A", "oxide:Dy"))[0])
    plants = np.flatnonzero(network.holdings.is_plant)
    for row, number in enumerate(plants):
        assert network.holdings.is_plant[number] and shares[row, oxide] == pytest.approx(0.25)
    assert estimated(network, "Tb")[1].shape == (len(plants), 1)
