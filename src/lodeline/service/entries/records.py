"""The register goes into the log like any filing: its records are rows of an entry, newest in force.

Records of parties change whom a row means. What is projected from these rows follows in the same transaction, so that
the state is always what a rebuild gives.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256

import polars as pl

from lodeline.journal import entry as journal
from lodeline.journal import merkle
from lodeline.service.entries.history import NO_LINES, projected, tied_history
from lodeline.service.entries.moment import utc_text
from lodeline.service.entries.salt import salt_key
from lodeline.store.opening import assert_guarded
from lodeline.store.store import Head, Store, StoredEntry, record_key


def record_cells(table: str, body: str) -> bytes:
    """Canonical bytes of a stored record: RFC 8785 text of its table and of its cells in order."""
    return journal.canonical_json([table, json.loads(body)])


def put_records(
    store: Store, tables: Mapping[str, pl.DataFrame], *, filed_at: datetime, by: str | None = None,
    in_transaction: Callable[[StoredEntry], None] | None = None,
) -> StoredEntry | None:  # fmt: skip
    """Appends the records that are new or changed as one entry; None where nothing is.

    A record that is absent from `tables` stays in force: it ends by its `valid_to`. `by`: the opaque id of the person
    who decided it, kept in the entry. `also` is done in the transaction that writes the entry; it locks nothing.
    """
    assert_guarded(store)
    meaning = any(name in tables and tables[name].height for name in _MEANING)
    # The rows that may mean somebody else are looked for before anything is locked; what is filed since is few.
    scanned = _Scanned.of(store, tables) if meaning else None
    with store.database.transaction():
        head = store.head(lock=True)
        before = _Naming.of(store, head, scanned) if scanned else None
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
        if before is not None:
            before.follow(store)
        if in_transaction is not None:
            in_transaction(entry)
        return entry


#: The tables that say whom a row means.
_MEANING = ("parties", "party_names")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scanned:
    """The texts that these records are about, and the lots of the rows below `upto` that have one of them."""

    named: frozenset[str]
    texts: tuple[str, ...]
    lots: frozenset[int]
    upto: int

    @classmethod
    def of(cls, store: Store, tables: Mapping[str, pl.DataFrame]) -> _Scanned:
        head = store.head()
        keys = {"party_names": "name", "parties": "id"}
        named = frozenset(one for table, key in keys.items() if table in tables for one in tables[table][key])
        texts = _led_to(store, head, named)
        return cls(named=named, texts=texts, lots=frozenset(store.books.lots_naming(texts)), upto=head.next_line)


def _led_to(store: Store, head: Head, named: frozenset[str]) -> tuple[str, ...]:
    """Whoever is merged takes along what leads to it; whoever is parted from another takes some of what leads there."""
    register = store.register(head)
    means = named | {register.party_of[name] for name in named if name in register.party_of}
    return tuple(sorted({text for name in means for text in register.texts_of(name)}))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Naming:
    """Whom rows mean before the records are put, and the lots whose state rests on it, under the locked head."""

    party_of: Mapping[str, str]
    lots: set[int]

    @classmethod
    def of(cls, store: Store, head: Head, scanned: _Scanned) -> _Naming:
        texts = _led_to(store, head, scanned.named)
        # Others may have decided as well since the look.
        lots = set(scanned.lots) if texts == scanned.texts else store.books.lots_naming(texts)
        lots |= store.books.lots_naming(texts, first_line=scanned.upto)
        return cls(party_of=store.register(head).party_of, lots=tied_history(store, head, NO_LINES, lots)[0])

    def follow(self, store: Store) -> None:
        """Projects the lots anew as the rows are meant now."""
        head = store.head()
        try:
            if store.register(head).party_of == self.party_of or not self.lots:
                return
            touched, history = tied_history(store, head, NO_LINES, self.lots)
            store.replace_state(projected(store, history, touched), touched)
        finally:
            # The transaction may still be undone: what was read in it is not kept.
            store.forget_register()


def _cell(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value
