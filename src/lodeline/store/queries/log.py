"""The log: its entries as a table, their rows and records, what happened to one organisation, and what proofs read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Lock
from typing import Final, Literal
from weakref import WeakKeyDictionary

import polars as pl

from lodeline.filing.schema import CELLS
from lodeline.store.database import FLAG, TEXT, WHOLE, Database, Rows, integer, marks
from lodeline.store.store import OFFICE_KIND, Store

#: What a change of another firm is told from.
_LINE: Final = (
    'l.id, l.entry, l.ordinal, l.organisation, l.kind, l.event, l."on", l.dry_mg, l.reference, l.document, lot.name,'
    " lot.maker, lot.local, lot.id, e.filed_at, e.row_count"
)

_ENTRY: Final[dict[str, pl.DataType]] = {
    "entry": WHOLE, "kind": TEXT, "organisation": TEXT, "period": TEXT, "corrects": WHOLE, "filed_at": TEXT,
    "rows": WHOLE, "flagged": FLAG,
}  # fmt: skip
#: The entries that were read of a store, and the root behind the last of them.
_known: WeakKeyDictionary[Store, tuple[pl.DataFrame, str]] = WeakKeyDictionary()
_lock: Final = Lock()


def has_fact(database: Database, key: str) -> bool:
    """Whether the store in a database knows a fact about itself."""
    return bool(database.rows("SELECT 1 FROM fact WHERE key = %s", (key,)))


# Entries.


def entries(store: Store, *, of_the_office_below: int | None = None) -> pl.DataFrame:
    """Every entry of the log, or the office's own below an index, in order.

    `entry`, `kind`, `organisation`, `period`, `corrects`, `filed_at` (UTC text), `rows`, `flagged`. Entries are never
    changed: what this process has read of them is kept, and what has come since is read.
    """
    with _lock:
        known, root = _known.get(store, (pl.DataFrame(schema=_ENTRY), ""))
    last = int(known["entry"][-1]) if known.height else -1
    if known.height and store.database.rows('SELECT root FROM entry WHERE "index" = %s', (last,)) != [(root,)]:
        # It was read within a transaction that came to nothing, or another store lies here now.
        known, last = known.clear(), -1
    newer = store.database.frame(
        "SELECT \"index\", kind, organisation, period, corrects, filed_at, row_count, flags <> '[]', root FROM entry"
        ' WHERE "index" > %s ORDER BY "index"',
        (last,), schema={**_ENTRY, "root": TEXT},
    )  # fmt: skip
    if newer.height:
        known = pl.concat([known, newer.drop("root")]).rechunk()
        with _lock:
            _known[store] = known, str(newer["root"][-1])
    if of_the_office_below is None:
        return known
    return known.filter(pl.col("kind") == OFFICE_KIND, pl.col("entry") < of_the_office_below)


def entries_by_kind(store: Store) -> Rows:
    """Kind and number of the entries."""
    return store.database.rows("SELECT kind, COUNT(*) FROM entry GROUP BY kind")


def first_entry_since(store: Store, moment: str) -> int | None:
    """The first entry that was filed at a moment (UTC text) or later."""
    ((first,),) = store.database.rows('SELECT MIN("index") FROM entry WHERE filed_at >= %s', (moment,))
    return None if first is None else integer(first)


def root_before(store: Store, moment: str) -> str | None:
    """The root (hex) behind the last entry that was filed before a moment (UTC text); None where there is none."""
    found = store.database.rows('SELECT root FROM entry WHERE filed_at < %s ORDER BY "index" DESC LIMIT 1', (moment,))
    return str(found[0][0]) if found else None


def entries_with(store: Store, table: str) -> list[int]:
    """The entries that rows of a table of facts name."""
    return [integer(entry) for (entry,) in store.database.rows(f"SELECT DISTINCT entry FROM {table}")]


def rows_of_entry(store: Store, entry: int) -> pl.DataFrame:
    """The rows of an entry as they stand: its cells, what they resolved to, their leaf and their place."""
    columns = ",".join(f'line."{name}"' for name in CELLS)
    schema = {
        **CELLS, "name": TEXT, "party": TEXT, "dry_mg": WHOLE, "leaf": pl.Binary(),
        "id": WHOLE, "ordinal": WHOLE, "organisation": TEXT,
    }  # fmt: skip
    return store.database.frame(
        f"SELECT {columns}, lot.name, line.party, line.dry_mg, line.leaf, line.id, line.ordinal, line.organisation"
        " FROM line LEFT JOIN lot ON lot.id = line.lot_id WHERE line.entry = %s ORDER BY line.ordinal, line.id",
        (entry,), schema=schema,
    )  # fmt: skip


# Records of the register.


def records(store: Store, entry: int | None = None) -> Rows:
    """Number, entry, ordinal, table, key and body of all records in order, or of those of an entry by ordinal."""
    condition, params = ("id", ()) if entry is None else ("ordinal, id", (entry,))
    owner = "" if entry is None else " WHERE entry = %s"
    return store.database.rows(
        f'SELECT id, entry, ordinal, "table", key, body FROM record{owner} ORDER BY {condition}', params
    )


def records_and_entries(store: Store, tables: Sequence[str], within: tuple[int, int] | None = None) -> Rows:
    """Entry, table and body of the records of these tables, and moment and envelope of the entry, in order.

    `within`: those of the entries [first, end).
    """
    bounds, params = ("", ()) if within is None else (" AND r.entry >= %s AND r.entry < %s", within)
    return store.database.rows(
        'SELECT r.entry, r."table", r.body, e.filed_at, e.envelope FROM record r JOIN entry e ON e."index" = r.entry'
        f' WHERE r."table" IN ({marks(tables)}){bounds} ORDER BY r.id',
        (*tables, *params),
    )


# What others have filed about an organisation.


def window(store: Store, entry: int, size: int, most: int) -> tuple[int, int, int]:
    """First line, last line and the entry behind them: whole entries from `entry` on, about `most` lines."""
    ((first,),) = store.database.rows('SELECT first_line FROM entry WHERE "index" = %s', (entry,))
    start = integer(first)
    ((upto, last),) = store.database.rows(
        'SELECT MAX("index"), MAX(first_line + row_count) FROM entry WHERE "index" >= %s AND "index" < %s'
        ' AND (first_line < %s OR "index" = %s)',
        (entry, size, start + most, entry),
    )
    return start, integer(last), integer(upto) + 1


def lines_about(store: Store, organisation: str, texts: Sequence[str], first: int, last: int) -> Rows:
    """The rows with numbers in [first, last) in which others name the organisation by one of the texts."""
    return store.database.rows(
        f'SELECT {_LINE} FROM line l JOIN entry e ON e."index" = l.entry LEFT JOIN lot ON lot.id = l.lot_id'
        f" WHERE l.id >= %s AND l.id < %s AND l.party IN ({marks(texts)}) AND l.organisation <> %s",
        (first, last, *texts, organisation),
    )


def lines_withdrawn(store: Store, organisation: str, texts: Sequence[str], first: int, end: int) -> Rows:
    """Such rows that went out of force by the entries [first, end), with that entry, its rows and its moment."""
    return store.database.rows(
        f'SELECT {_LINE}, s."by", b.row_count, b.filed_at FROM superseded s'
        " JOIN line l ON l.organisation = s.organisation AND l.event = s.event AND l.entry = s.entry"
        ' JOIN entry e ON e."index" = l.entry JOIN entry b ON b."index" = s."by"'
        " LEFT JOIN lot ON lot.id = l.lot_id"
        f' WHERE s."by" >= %s AND s."by" < %s AND l.party IN ({marks(texts)}) AND l.organisation <> %s',
        (first, end, *texts, organisation),
    )


# What proofs of the office read.


def audit_records(store: Store, first: int, last: int, most: int) -> Rows:
    """The audit records with these numbers, in order, `most` at most."""
    return store.database.rows(
        "SELECT id, at, who, token, kind, what, organisation, subject, reason, facts, request"
        " FROM office_audit_record WHERE id >= %s AND id <= %s ORDER BY id LIMIT %s",
        (first, last, most),
    )


def audit_record_count(store: Store) -> int:
    """How many audit records there are."""
    return integer(store.database.rows("SELECT COUNT(*) FROM office_audit_record")[0][0])


def cases(store: Store) -> Rows:
    """Number, reference, organisation, state, steps taken, finding, matter and who else is asked, of all cases."""
    return store.database.rows(
        "SELECT id, reference, organisation, state, steps_taken, finding, matter, also FROM office_case ORDER BY id"
    )


def applications(store: Store) -> Rows:
    """Number, reference, organisation, state, steps taken and what else is kept of all applications."""
    return store.database.rows(
        "SELECT a.id, a.reference, a.organisation, a.state, a.steps_taken, a.relation, a.of_licence, a.content,"
        " a.proposal, a.licence, u.pseudonym FROM office_application a LEFT JOIN office_user u"
        " ON u.id = a.officer_id ORDER BY a.id"
    )


def steps(store: Store, of: Literal["case", "application"]) -> Iterator[tuple[object, ...]]:
    """Number, case or application and content of all steps of the one or the other, some at a time."""
    return store.database.paged(
        f"SELECT id, {of}_id, number, kind, at, who, organisation, content, entry FROM office_{of}_step"
        " WHERE id > %s ORDER BY id LIMIT %s",
        500,
    )


def step_of_case(store: Store, step: int) -> Rows:
    """Reference of the case, number and entry of a step; nothing where it is gone."""
    return store.database.rows(
        "SELECT c.reference, s.number, s.entry FROM office_case_step s JOIN office_case c ON c.id = s.case_id"
        " WHERE s.id = %s",
        (step,),
    )


def case_files(store: Store) -> Iterator[tuple[object, ...]]:
    """Number, step, name, kind, SHA-256, size and packed content of all files of cases, a few at a time."""
    return store.database.paged(
        "SELECT id, step_id, name, kind, sha256, size, content FROM office_case_file"
        " WHERE id > %s ORDER BY id LIMIT %s",
        20,
    )


def documents(store: Store) -> Iterator[tuple[object, ...]]:
    """Number, application, step, kind, name, SHA-256, size and sealed content of all documents, a few at a time."""
    return store.database.paged(
        "SELECT id, application_id, step_id, kind, name, sha256, size, sealed FROM office_application_document"
        " WHERE id > %s ORDER BY id LIMIT %s",
        20,
    )
