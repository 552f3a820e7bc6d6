"""The register goes into the log like any filing: its records are rows of an entry, newest in force."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from hashlib import sha256

import polars as pl

from lodeline.journal import entry as journal
from lodeline.journal import merkle
from lodeline.service.moment import utc_text
from lodeline.service.posting import salt_key
from lodeline.store.opening import assert_guarded
from lodeline.store.store import Store, StoredEntry, record_key


def record_cells(table: str, body: str) -> bytes:
    """Canonical bytes of a stored record: RFC 8785 text of its table and of its cells in order."""
    return journal.canonical_json([table, json.loads(body)])


def put_records(
    store: Store, tables: Mapping[str, pl.DataFrame], *, filed_at: datetime, by: str | None = None
) -> StoredEntry | None:
    """Appends the records that are new or changed as one entry; None where nothing is.

    A record that is absent from `tables` stays in force: it ends by its `valid_to`. `by`: the opaque id of the person
    who decided it, kept in the entry.
    """
    assert_guarded(store)
    with store.database.transaction():
        head = store.head(lock=True)
        current = store.record_bodies()
        fresh: list[tuple[str, str, str]] = []
        for table, frame in tables.items():
            for record in frame.iter_rows(named=True):
                named = record_key(table, record)
                body = json.dumps([_cell(value) for value in record.values()], ensure_ascii=False)
                if current.get((table, named)) != body:
                    current[table, named] = body
                    fresh.append((table, named, body))
        if not fresh:
            return None
        encoded = [record_cells(table, body) for table, _, body in fresh]
        digest = sha256(b"\n".join(encoded)).hexdigest()
        key = salt_key(store, None, None, None, digest)
        envelope = journal.Envelope(
            index=head.size,
            kind="register",
            filed_at=utc_text(filed_at),
            rows=len(fresh),
            rows_root=merkle.root_of_leaves(journal.row_leaves(encoded, key)).hex(),
            facts={} if by is None else {"by": by},
        )
        entry, new_head = store.append_entry(head, envelope, digest=digest, rows=len(fresh), flags=[])
        rows = pl.DataFrame(
            fresh, schema={"table": pl.String(), "key": pl.String(), "body": pl.String()}, orient="row"
        ).with_columns(
            id=pl.int_range(pl.len(), dtype=pl.Int64()) + head.next_line,
            entry=pl.lit(entry.index, pl.Int64()),
            ordinal=pl.int_range(pl.len(), dtype=pl.Int64()),
        )
        store.append_rows("record", rows)
        store.set_head(replace(new_head, register_entry=entry.index))
        return entry


def _cell(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value
