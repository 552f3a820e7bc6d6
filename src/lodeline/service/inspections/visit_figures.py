"""The statistics of one visit, as its page needs them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from lodeline.service.inspections.verifying import verification
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitFigures:
    """`differences`, `verified`, `single`: of this visit (`accountancy.verification.frames`). `operator`: place and
    canonical lot, joined by a blank → the firm's dry mass (mg) that was compared."""

    differences: pl.DataFrame
    verified: pl.DataFrame
    single: pl.DataFrame
    operator: Mapping[str, int]


def visit_figures(store: Store, snapshot: Snapshot, *, visit: int) -> VisitFigures:
    """`visit`: the entry of its first measurement. Where the snapshot is older than the visit, nothing is compared."""
    found = verification(store, snapshot)
    of_it = pl.col("visit") == visit
    names = snapshot.lots.select("lot", "name")
    items = (
        found.items.filter(of_it)
        .join(names, on="lot")
        .select(pl.concat_str("place", "name", separator=" "), "operator_mg")
    )
    return VisitFigures(
        # Where nobody says how exactly a thing was measured, there is no probability.
        differences=found.differences.filter(of_it).fill_nan(None),
        verified=found.verified.filter(of_it).fill_nan(None),
        single=found.single.filter(of_it),
        operator=dict(items.iter_rows()),
    )
