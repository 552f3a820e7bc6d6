"""Frames become rows of a table, in bulk: `executemany` on SQLite, COPY on PostgreSQL.

Both run inside the caller's transaction, so that a filing enters whole or not at all.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, cast

import polars as pl

from lodeline.store.database import CHUNK, Database

#: Rows that travel to the database at a time: bounds the memory of a million-row filing.
BATCH_ROWS = 20_000


def append(database: Database, table: str, rows: pl.DataFrame) -> None:
    """Appends every row of the frame; its columns are the table's columns by name."""
    if not rows.height:
        return
    if database.is_sqlite:
        _append_sqlite(database, table, rows)
    else:
        _append_postgresql(database, table, rows)


def _append_sqlite(database: Database, table: str, rows: pl.DataFrame) -> None:
    columns = ",".join(f'"{name}"' for name in rows.columns)
    statement = f'INSERT INTO "{table}" ({columns}) VALUES ({",".join("?" * rows.width)})'
    database.connection.ensure_connection()
    connection = cast(Any, database.connection.connection)
    storable = rows.with_columns_seq(
        pl.col(name).dt.to_string("%Y-%m-%d") if dtype == pl.Date else pl.col(name).cast(pl.Int64)
        for name, dtype in rows.schema.items()
        if dtype in (pl.Date, pl.Boolean)
    )
    cursor = connection.cursor()
    for batch in storable.iter_slices(BATCH_ROWS):
        cursor.executemany(statement, batch.rows())


def _append_postgresql(database: Database, table: str, rows: pl.DataFrame) -> None:
    columns = ",".join(f'"{name}"' for name in rows.columns)
    # Every text is quoted, so that an unquoted \N can only be NULL, whatever a filer writes.
    statement = f"COPY \"{table}\" ({columns}) FROM STDIN (FORMAT csv, NULL '\\N')"
    copyable = rows.with_columns(
        pl.concat_str(pl.lit("\\x"), pl.col(name).bin.encode("hex")).alias(name)
        for name, dtype in rows.schema.items()
        if dtype == pl.Binary
    )
    with database.connection.cursor() as cursor, cast(Any, cursor).copy(statement) as copy:
        for batch in copyable.iter_slices(BATCH_ROWS):
            buffer = io.BytesIO()
            batch.write_csv(buffer, include_header=False, null_value="\\N", quote_style="non_numeric")
            copy.write(buffer.getvalue())


def replace_state(database: Database, table: str, rows: pl.DataFrame, lots: Sequence[int]) -> None:
    """Replaces the state rows of these lots by `rows`."""
    for start in range(0, len(lots), CHUNK):
        part = lots[start : start + CHUNK]
        database.execute(f'DELETE FROM "{table}" WHERE lot IN ({",".join(map(str, part))})')
    append(database, table, rows)
