"""What an organisation has filed: every version of every month, its rows, and what it changed of the one before.

Nothing here is edited or left out: a version that was corrected stays as it was filed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from lodeline.filing.comparison import Comparison, compare
from lodeline.office.access.actor import Actor
from lodeline.store.queries.filing import restated_events, rows_at
from lodeline.store.store import Store, StoredEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """One entry of an organisation, as a list names it. `restated`: its events that a later entry has restated."""

    entry: int
    period: str
    corrects: int | None
    filed_at: str
    rows: int
    flags: int
    certified: str | None
    restated: int


def filings(actor: Actor, store: Store, organisation: str, *, period: str | None = None) -> list[Filing]:
    """Everything that the organisation has filed, newest first. Requires "own.read"."""
    actor.require("own.read", organisation)
    found = store.entries_of("filing", organisation=organisation, period=period)
    gone = restated_events(store, organisation)
    return [
        Filing(
            entry=one.index, period=str(one.period), corrects=one.corrects, filed_at=one.filed_at, rows=one.row_count,
            flags=len(one.flags),
            certified=json.loads(one.envelope).get("facts", {}).get("certification", {}).get("kind"),
            restated=gone.get(one.index, 0),
        )
        for one in reversed(found)
    ]  # fmt: skip


def filing(actor: Actor, store: Store, organisation: str, entry: int) -> StoredEntry | None:
    """An entry of the organisation; None where it is none of its own. Requires "own.read"."""
    actor.require("own.read", organisation)
    found = store.entry(entry)
    return found if found is not None and found.kind == "filing" and found.organisation == organisation else None


def difference(store: Store, entry: StoredEntry) -> Comparison:
    """What an entry changed of its month, as it stood before it."""
    assert entry.organisation and entry.period, "a filing is somebody's, for a month"
    before, after = (rows_at(store, entry.organisation, entry.period, at) for at in (entry.index - 1, entry.index))
    return compare(after, before)
