"""From when each detector can see in a ledger: what it needs, and the month from which the books hold it."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from lodeline.detection.battery import DETECTORS
from lodeline.detection.need import History, Need, count_months, sees_from
from lodeline.service.inspections.verifying import verification
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeing:
    """A detector, what it needs, and the month from which it can see (None: not yet)."""

    detector: str
    need: Need
    since: str | None

    def as_json(self) -> dict[str, object]:
        """A row of `seeing` in `lodeline findings --json`."""
        return {"detector": self.detector, "needs": dict(self.need.words), "can_see_from": self.since}


def seeing(store: Store, snapshot: Snapshot) -> list[Seeing]:
    """Every detector, in the order in which they look."""
    history = history_of(store, snapshot)
    return [
        Seeing(detector=one.name, need=one.need, since=sees_from(one.need, history)) for one in DETECTORS
    ]  # fmt: skip


def history_of(store: Store, snapshot: Snapshot) -> History:
    """What the ledger holds as of a snapshot."""
    began = (pl.col("kind") == "stock") | (pl.col("origin_kind") == "opening").fill_null(False)
    lines = snapshot.lines.select("kind", "origin_kind", "on")
    first = lines.filter(~began).select(pl.col("on").min()).item() if lines.height else None
    fed = [one.select(pl.col("on").min()).item() for one in (snapshot.invoices, snapshot.customs) if one.height]
    feeds = min((day for day in fed if day is not None), default=None)
    visited = verification(store, snapshot).verified
    visits = visited.select(pl.col("on").min()).item() if visited.height else None
    return History(
        first=None if first is None else f"{first:%Y-%m}", counts=count_months(snapshot.counts),
        feeds=None if feeds is None else f"{feeds:%Y-%m}", visits=None if visits is None else f"{visits:%Y-%m}",
    )  # fmt: skip
