"""What an organisation has filed: every version of every month, its rows, and what it changed of the one before.

Nothing here is edited or left out: a version that was corrected stays as it was filed.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from typing import cast

import polars as pl

from lodeline.filing.comparison import Comparison, compare
from lodeline.filing.schema import CELLS
from lodeline.office.access.actor import Actor
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
    counts = store.database.rows(
        "SELECT entry, COUNT(*) FROM superseded WHERE organisation = %s GROUP BY entry", (organisation,)
    )
    gone = {int(str(entry)): int(str(count)) for entry, count in counts}
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


def lines(store: Store, entry: StoredEntry, first: int, count: int) -> pl.DataFrame:
    """Rows of an entry as typed (`schema.CELLS`), from the `first` on."""
    columns = ",".join(f'"{name}"' for name in CELLS)
    begin = entry.first_line + first
    return store.database.frame(
        f"SELECT {columns} FROM line WHERE id >= %s AND id < %s ORDER BY id",
        (begin, min(begin + count, entry.first_line + entry.row_count)), schema=dict(CELLS),
    )  # fmt: skip


def filled(store: Store, entry: StoredEntry) -> frozenset[str]:
    """The columns (`schema.CELLS`) that say something in any row of an entry."""
    columns = ",".join(f'COUNT("{name}")' for name in CELLS)
    (found,) = store.database.rows(
        f"SELECT {columns} FROM line WHERE id >= %s AND id < %s",
        (entry.first_line, entry.first_line + entry.row_count),
    )
    return frozenset(name for name, count in zip(CELLS, found, strict=True) if count)


def rows_at(store: Store, organisation: str, period: str, entry: int) -> pl.DataFrame:
    """The rows of a month that were in force once `entry` stood: `schema.CELLS`, `source` 0 and `row` from 1."""
    columns = ",".join(f'l."{name}"' for name in CELLS)
    found = store.database.frame(
        f'SELECT {columns} FROM line l JOIN entry e ON e."index" = l.entry WHERE e.organisation = %s AND e.period = %s'
        " AND e.kind = 'filing' AND e.\"index\" <= %s AND l.kind <> 'void' AND NOT EXISTS (SELECT 1 FROM superseded s"
        ' WHERE s.organisation = l.organisation AND s.event = l.event AND s.entry = l.entry AND s."by" <= %s)'
        " ORDER BY l.id",
        (organisation, period, entry, entry), schema=dict(CELLS),
    )  # fmt: skip
    return found.with_columns(
        source=pl.lit(0, pl.UInt16), row=pl.int_range(1, pl.len() + 1, dtype=pl.UInt32)
    )  # fmt: skip


def difference(store: Store, entry: StoredEntry) -> Comparison:
    """What an entry changed of its month, as it stood before it."""
    assert entry.organisation and entry.period, "a filing is somebody's, for a month"
    before, after = (rows_at(store, entry.organisation, entry.period, at) for at in (entry.index - 1, entry.index))
    return compare(after, before)


def uploads(store: Store, entry: StoredEntry) -> list[tuple[str, bytes]]:
    """Name and content of each file that was kept with an entry, as it came."""
    found = store.database.rows("SELECT name, content FROM upload WHERE entry = %s ORDER BY id", (entry.index,))
    return [(str(name), zlib.decompress(cast(bytes, content))) for name, content in found]
