"""Rows are sorted by whole numbers, and whoever sorts them by one key can sort them by another."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from lodeline.accountancy.kernels import sorted_by
from lodeline.accountancy.sources import muf_sigma

METHODS = pl.DataFrame(
    schema=dict.fromkeys(("id", "quantity", "element", "random_pct", "systematic_pct", "calibration"), pl.String())
)


@pytest.mark.parametrize("largest", [0, 200, 60_000, 16_000_000, 2**40])
@pytest.mark.parametrize("rows", [3, 70_000])
def test_what_is_sorted_is_left_as_it_was(rows: int, largest: int) -> None:
    chance = np.random.default_rng(3)
    keys = chance.integers(0, largest + 1, rows)
    order = chance.permutation(rows).astype(np.int32)
    before = order.copy()
    assert np.array_equal(sorted_by(order, keys), before[np.argsort(keys[before], kind="stable")])
    assert np.array_equal(order, before)


def test_the_error_of_a_balance_does_not_depend_on_how_many_others_there_are() -> None:
    """Of 300 balances, each of one lot that came and went: orders of rows were once mixed up from 256 balances on."""
    runs = 300
    number = np.arange(2 * runs)
    batches = pl.DataFrame({
        "run": number // 2, "element": np.full(2 * runs, 10, np.uint8), "held": (number // 2).astype(np.uint32),
        "seq": number * 7, "act": number * 7 % 601, "signed_mg": np.where(number % 2, -1, 1) * (10**6 + number),
        "method": [None] * (2 * runs), "weighed": [True] * (2 * runs),
    })  # fmt: skip
    assays = pl.DataFrame({
        "held": np.arange(runs, dtype=np.uint32), "element": np.full(runs, 10, np.uint8),
        "laboratory": ["A"] * runs, "method": [None] * runs, "product": ["oxide"] * runs, "exact": [False] * runs,
    }, schema_overrides={"method": pl.String()})  # fmt: skip
    batches = batches.with_columns(pl.col("method").cast(pl.String))
    together = muf_sigma(runs=runs, batches=batches, assays=assays, methods=METHODS)
    for run in (0, 7, 255, 256, 299):
        alone = muf_sigma(runs=runs, batches=batches.filter(pl.col("run") == run), assays=assays, methods=METHODS)
        assert together[run] == alone[run] > 0
