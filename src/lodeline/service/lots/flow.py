"""Where a lot came from and went, as an answer: its trace, and the shares of its origins."""

from __future__ import annotations

from lodeline.flow.origins import origins as origins_of
from lodeline.flow.trace import trace as trace_of
from lodeline.service.entries.subject import Json
from lodeline.store.snapshot import Snapshot


def trace(snapshot: Snapshot, lot: str, *, forward: bool = False, depth: int | None = None) -> Json:
    """The lots upstream (downstream) of a lot. Raises flow.index.UnknownLot."""
    return trace_of(snapshot.flow_index(), lot, forward=forward, depth=depth).as_json()


def origins(snapshot: Snapshot, lot: str) -> Json:
    """The share of each origin in each element of a lot. Raises flow.index.UnknownLot."""
    return origins_of(snapshot.flow_index(), lot).as_json()
