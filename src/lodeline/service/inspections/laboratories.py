"""Laboratories and scales beside those that measured the same thing, and the visits at which that was.

Of some firms alone nothing is told that other firms' samples showed: their laboratories and scales are reckoned anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from lodeline.accountancy.untestable import REASONS
from lodeline.accountancy.verification.laboratories import BUDGET, drifts
from lodeline.service.inspections.verifying import verification
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruments:
    """`drifts`: DRIFTS of `accountancy.verification.frames`. `behind`: one row for each of `kind`, `own`, `other`,
    `method` and visit, with its `organisation`, `site`, `on` and how many things both sides measured, `pairs`."""

    drifts: pl.DataFrame
    behind: pl.DataFrame

    @property
    def tests(self) -> int:
        """How many probabilities were reckoned, of biases and of their growth."""
        return int(self.drifts["p"].count() + self.drifts["p_growing"].count())

    @property
    def beyond(self) -> pl.DataFrame:
        """The rows that differ, or differ more and more, by more than chance gives among so many; the largest bias
        first."""
        marked = self.drifts.filter((pl.col("q") <= BUDGET) | (pl.col("q_growing") <= BUDGET))
        return marked.sort(pl.col("bias").abs(), descending=True, maintain_order=True)


def instruments(store: Store, snapshot: Snapshot, *, firms: frozenset[str] | None = None) -> Instruments:
    """Of what was measured up to the snapshot's entry at these firms; None: at all."""
    found = verification(store, snapshot)
    pairs = found.pairs if firms is None else found.pairs.filter(pl.col("organisation").is_in(firms))
    of_visit = ("kind", "own", "other", "method", "organisation", "site", "visit")
    behind = (
        # Each element of one sample is a row of the pairs.
        pairs.group_by(*of_visit, "element")
        .agg(pl.col("on").max(), pairs=pl.len().cast(pl.Int64))
        .group_by(of_visit)
        .agg(pl.col("on", "pairs").max())
        .sort("on", "visit", "kind", "own", "other", "method", descending=[True, True, *[False] * 4], nulls_last=True)
    )
    shown = found.drifts if firms is None else drifts(pairs, found.references)
    return Instruments(drifts=shown, behind=behind)


def as_json(found: Instruments) -> dict[str, Any]:
    """The rows as programs read them: relative biases, days as text, the reason in words where nothing was tested."""
    rows = []
    for one in found.drifts.iter_rows(named=True):
        days = {name: one[name] and one[name].isoformat() for name in ("first", "last", "since")}
        beyond = any(one[name] is not None and one[name] <= BUDGET for name in ("q", "q_growing"))
        why = REASONS[one["reason"]] if one["reason"] else None
        rows.append({**one, **days, "beyond_chance": beyond, "why": why})
    return {"rows": rows, "tests": found.tests, "by_chance": round(BUDGET * found.tests, 2)}
