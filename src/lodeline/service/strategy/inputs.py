"""Tables of the strategic view go into the log whole: kept as they came, each row provable, the newest in force.

An entry of kind `strategy-table` holds one table: the file, and its rows as they were read, so that a later reader
changes nothing that was filed. A table that is filed again replaces the one before; history stays, and any entry's
inputs can be asked for. Tables of one call are judged together and enter together, or none does. They move no goods.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import polars as pl

from lodeline import language as lang
from lodeline.errors import UserError
from lodeline.journal import entry as journal
from lodeline.journal import merkle
from lodeline.journal.audit import audit_rows
from lodeline.journal.verify import Fault
from lodeline.language import text
from lodeline.ledger.problem import Problem
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.entries.moment import utc_text
from lodeline.service.entries.salt import salt_key
from lodeline.service.entries.upload import Upload
from lodeline.store.opening import assert_guarded
from lodeline.store.queries.lots import filed_products
from lodeline.store.store import STRATEGY_KIND, Head, Store, StoredEntry
from lodeline.strategy.control.instrument import laws_of
from lodeline.strategy.inputs.reading import LIMITS, Beside, ReadTable, read
from lodeline.strategy.inputs.tables import (
    DEFAULTS,
    EMPTY,
    TABLES,
    Inputs,
    Table,
    basis_of_source,
    blank,
    columns,
    schema,
)

FORMAT: Final = "lodeline-strategy-table-v1"
#: What an empty table means, for whoever is shown that it is.
WITHOUT: Final[Mapping[Table, tuple[str, str]]] = {
    "plants": ("one plant for each end user and country that exports name", "按出口申报的最终用户和国家各设一个工厂"),
    "bill": ("a plant needs what it was sent in the base window", "以基准期到货量为工厂用量"),
    "cover": ("the stock of customers is assumed (stock_days_customer)", "客户库存按假定（stock_days_customer）"),
    "suppliers": ("all that a plant uses is what was filed", "工厂用量全部来自已申报的供货"),
    "scenarios": ("there is no scenario to run", "没有可推演的情景"),
    "instruments": ("scenarios do nothing", "情景不含任何措施"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """What became of one table: its entry (None: nothing entered), its problems, whether it stood before."""

    file: str
    table: Table | None
    rows: int
    entry: StoredEntry | None
    problems: tuple[Problem, ...]
    repeated: bool = False

    def as_json(self, *, accepted: bool) -> dict[str, Any]:
        """The shape that `lodeline strategy file --json` promises. `accepted`: all tables of the call could enter."""
        return {
            "file": self.file, "table": self.table, "rows": self.rows, "accepted": accepted,
            "entry": None if self.entry is None else self.entry.index, "repeated": self.repeated,
            "problems": [one.as_json() for one in self.problems],
        }  # fmt: skip


def upload_of(path: Path) -> Upload:
    """A file as it came; of one that is too large no more than tells that it is. Raises UserError where it cannot be
    read."""
    try:
        with path.open("rb") as file:
            return Upload(name=path.name, content=file.read(LIMITS.file_bytes + 1))
    except OSError as error:
        raise UserError(text("{path} cannot be read: {strerror}", path=path, strerror=error.strerror)) from error


def accepted(filed: Sequence[Filed]) -> bool:
    """Whether the tables of a call could enter: together, or not at all."""
    return all(one.table is not None and all(found.severity == "flag" for found in one.problems) for one in filed)


def check_tables(
    store: Store, uploads: Sequence[Upload], *, law: Jurisdiction | None = None, tables: Sequence[Table | None] = ()
) -> list[Filed]:
    """What would become of tables that are filed together: judged beside each other and what is in force.

    `tables`: which each must be; else its header says it. Raises UserError where two are the same table.
    """
    return [_outcome(upload, one) for upload, one in _judged(store, uploads, law, tables)]


def file_tables(
    store: Store, uploads: Sequence[Upload], *, filed_at: datetime, by: str | None = None,
    law: Jurisdiction | None = None, tables: Sequence[Table | None] = (),
    in_transaction: Callable[[Sequence[StoredEntry]], None] | None = None,
) -> list[Filed]:  # fmt: skip
    """Files tables, all of them or none, each as an entry; the bytes that are in force already give their old entry.

    `by`: the opaque id of who files. `in_transaction` gets the new entries in the transaction that writes them; it
    locks nothing. Raises UserError as `check_tables`.
    """
    assert_guarded(store)
    judged_beside = _newest(store)
    judged = _judged(store, uploads, law, tables)
    filed = [_outcome(upload, one) for upload, one in judged]
    if not accepted(filed):
        return filed
    found: list[Filed] = []
    with store.database.transaction():
        head = store.head(lock=True)
        standing = _newest(store)
        if standing != judged_beside:
            # Somebody filed another table meanwhile: what this one is held against has changed.
            judged = _judged(store, uploads, law, tables)
            filed = [_outcome(upload, one) for upload, one in judged]
            if not accepted(filed):
                return filed
        for outcome, (upload, one) in zip(filed, judged, strict=True):
            assert one.table is not None, "what is accepted is a table"
            before = standing.get(one.table)
            if before is not None and _file_of(store, before)[0] == sha256(upload.content).hexdigest():
                found.append(replace(outcome, entry=before, repeated=True))
                continue
            entry, head = _append(store, head, upload, one, filed_at=filed_at, by=by)
            found.append(replace(outcome, entry=entry))
        store.set_head(head)
        new = [one.entry for one in found if one.entry is not None and not one.repeated]
        if in_transaction is not None and new:
            in_transaction(new)
    return found


def inputs_of(store: Store, entry: int | None = None) -> Inputs:
    """The tables in force now, or after an entry; `Inputs.entry` is the newest of theirs.

    Raises UserError where what is kept of one was damaged.
    """
    inputs = EMPTY
    for table, one in _newest(store, entry).items():
        digest, _ = _file_of(store, one)
        inputs = inputs.having(table, _rows(_Kept(store, one, table)), digest=digest, entry=one.index)
    return inputs


def tables_in_force(store: Store, entry: int | None = None) -> list[dict[str, Any]]:
    """Each of the six tables: its entry, file and rows, who filed it and when; what it means where it is empty.

    Numbers are counts of rows; `basis` says what the rows rest on, as far as their sources tell.
    """
    standing, found = _newest(store, entry), []
    for table in TABLES:
        one = standing.get(table)
        rows = blank(table) if one is None else _rows(_Kept(store, one, table))
        digest, file = ("", None) if one is None else _file_of(store, one)
        found.append(
            {
                "table": table, "rows": rows.height, "entry": None if one is None else one.index,
                "filed_at": None if one is None else one.filed_at, "by": None if one is None else _facts(one).get("by"),
                "file": file, "sha256": digest or None, "basis": _basis(rows),
                "defaults": None if rows.height else {"en": WITHOUT[table][0], "zh": WITHOUT[table][1]},
                "empty_cells": [
                    {"column": name, "default": value, "rows": int(rows[name].null_count())}
                    for name, value in DEFAULTS.get(table, {}).items() if rows.height and rows[name].null_count()
                ],
                "source": f"entry {one.index}" if one is not None else "default",
                "vintage": one.filed_at if one is not None else "default",
            }
        )  # fmt: skip
    return found


def table_file(store: Store, table: Table, entry: int | None = None) -> Upload | None:
    """The file that a table in force was read from, as it came."""
    one = _newest(store, entry).get(table)
    if one is None:
        return None
    _, name = _file_of(store, one)
    content = next(iter(store.uploads(one.index)))[1]
    return Upload(name=str(name), content=content)


def faults(store: Store, entry: StoredEntry, envelope: journal.Envelope, key: bytes) -> Iterable[Fault]:
    """Whether the rows that are kept are those that the entry bound, of the table and file that it is called by."""
    try:
        kept = [content for _, content in store.uploads(entry.index)]
    except zlib.error:
        return  # damaged bytes are a fault of the upload
    table = next((one for one in TABLES if one == envelope.facts.get("table")), None)
    if table is None or len(kept) != 2 or entry.digest != _identity(table, entry.index, kept[0], kept[1]):
        yield Fault(entry=entry.index, what="entry.columns-differ")
        return
    yield from audit_rows(
        entry=entry.index, expected_root=bytes.fromhex(envelope.rows_root), count=envelope.rows,
        cells=kept[1].splitlines(), row_salt_key=key,
    )  # fmt: skip


def _judged(
    store: Store, uploads: Sequence[Upload], law: Jurisdiction | None, tables: Sequence[Table | None]
) -> list[tuple[Upload, ReadTable]]:
    """Each upload read beside the tables in force and the other uploads, in the order of the tables."""
    wanted = list(tables) or [None] * len(uploads)
    alone = [read(table, one.content, one.name) for table, one in zip(wanted, uploads, strict=True)]
    names = [one.table for one in alone if one.table is not None]
    twice = next((one for one in names if names.count(one) > 1), None)
    if twice is not None:
        raise UserError(text("two of the files are the table {twice}; file one of them", twice=twice))
    inputs = inputs_of(store)
    for one in alone:
        if one.table is not None and set(schema(one.table)) == set(one.frame.columns):
            inputs = inputs.having(one.table, one.frame)
    products = filed_products(store) if set(names) & {"bill", "cover", "suppliers"} else None
    beside = Beside(inputs=inputs, products=products, laws=None if law is None else laws_of(law))
    judged = [
        (upload, read(one.table, upload.content, upload.name, beside=beside) if one.table is not None else one)
        for upload, one in zip(uploads, alone, strict=True)
    ]
    order: dict[Table | None, int] = {table: place for place, table in enumerate(TABLES)}
    return sorted(judged, key=lambda one: order.get(one[1].table, len(TABLES)))


def _outcome(upload: Upload, one: ReadTable) -> Filed:
    return Filed(file=upload.name, table=one.table, rows=one.frame.height, entry=None, problems=one.problems)


def _append(
    store: Store, head: Head, upload: Upload, one: ReadTable, *, filed_at: datetime, by: str | None
) -> tuple[StoredEntry, Head]:
    assert one.table is not None, "what is accepted is a table"
    lines = _lines(one.frame, one.table)
    rows = b"".join(line + b"\n" for line in lines)
    digest = _identity(one.table, head.size, upload.content, rows)
    key = salt_key(store, None, None, None, digest)
    flags = [replace(found, where=replace(found.where, file=upload.name)).as_json() for found in one.problems]
    files = [(upload.name, upload.content), (f"{one.table}-rows-{head.size}.jsonl", rows)]
    about = {"table": one.table, "by": by, "uploads": len(files)}
    envelope = journal.Envelope(
        index=head.size, kind=STRATEGY_KIND, filed_at=utc_text(filed_at), rows=len(lines),
        rows_root=merkle.root_of_leaves(journal.row_leaves(lines, key)).hex(),
        upload_hash=journal.upload_commitment(
            journal.uploads_sha256([(name, sha256(content).digest()) for name, content in files]), key
        ),
        flags_hash=journal.flags_commitment(flags, key),
        facts={name: value for name, value in about.items() if value is not None},
    )  # fmt: skip
    entry, new_head = store.append_entry(head, envelope, digest=digest, rows=len(lines), flags=flags)
    for name, content in files:
        store.put_upload(entry.index, name=name, content=content)
    return entry, new_head


def _identity(table: Table, index: int, file: bytes, rows: bytes) -> str:
    """What an entry is called by: two of the same bytes are two entries, where another stood in between."""
    return sha256(
        f"{FORMAT}\n{table}\n{index}\n{sha256(file).hexdigest()}\n{sha256(rows).hexdigest()}".encode()
    ).hexdigest()


def _newest(store: Store, entry: int | None = None) -> dict[Table, StoredEntry]:
    """The entry of each table that stands, or stood after an entry; in the order of the tables."""
    found = {
        _facts(one).get("table"): one for one in store.entries_of(STRATEGY_KIND) if entry is None or one.index <= entry
    }
    return {table: found[table] for table in TABLES if table in found}


def _facts(entry: StoredEntry) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(entry.envelope)["facts"]
    return facts


def _file_of(store: Store, entry: StoredEntry) -> tuple[str, str]:
    """SHA-256 and name of the file that an entry was filed with."""
    return store.upload_digests(entry.index)[0]


def _lines(frame: pl.DataFrame, table: Table) -> list[bytes]:
    """Each row as JSON: the cells in the order of the columns, each a text or null."""
    return [
        journal.canonical_json([None if cell is None else _text(cell) for cell in row])
        for row in frame.select(list(columns(table))).iter_rows()
    ]


def _text(cell: object) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return cell.isoformat() if isinstance(cell, date) else repr(cell) if isinstance(cell, float) else str(cell)


class _Kept:
    """The rows that an entry keeps, told from others by its leaf, so that they are read once."""

    def __init__(self, store: Store, entry: StoredEntry, table: Table) -> None:
        self.store, self.entry, self.table = store, entry, table

    def __hash__(self) -> int:
        return hash(self.entry.leaf_hash)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Kept) and other.entry.leaf_hash == self.entry.leaf_hash


@lru_cache(maxsize=24)
def _rows(kept: _Kept) -> pl.DataFrame:
    """The typed rows; a column that came later is empty in them."""
    names = list(columns(kept.table))
    try:
        _, (_, content) = kept.store.uploads(kept.entry.index)
        rows = [json.loads(line) for line in content.splitlines()]
        text = pl.DataFrame(
            [[*row, *[None] * (len(names) - len(row))] for row in rows], schema=dict.fromkeys(names, pl.String()),
            orient="row",
        )  # fmt: skip
        return text.select(_typed(name, dtype) for name, dtype in schema(kept.table).items())
    except (zlib.error, ValueError, TypeError, pl.exceptions.PolarsError) as damaged:
        number = kept.entry.index
        raise UserError(
            lang.text(
                "the table {table} of entry {number} is damaged; `lodeline verify` says more",
                table=kept.table,
                number=number,
            )
        ) from damaged


def _typed(name: str, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.Boolean:
        return pl.col(name) == "yes"
    return pl.col(name).str.to_date("%Y-%m-%d") if dtype == pl.Date else pl.col(name).cast(dtype)


def _basis(rows: pl.DataFrame) -> str:
    """What rows rest on as a whole: of an invented world where each says so."""
    column = "source" if "source" in rows.columns else "note"
    told = {basis_of_source(one or "") for one in rows[column].unique().to_list()}
    return "synthetic" if told == {"synthetic"} else "assumption"
