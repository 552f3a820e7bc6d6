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
    # A column without any value is left out: an absent cell is NULL. Most filings fill half of the columns of a line.
    filled = [_storable(column) for column in rows.iter_columns() if column.null_count() < rows.height]
    columns = ",".join(f'"{column.name}"' for column in filled)
    statement = f'INSERT INTO "{table}" ({columns}) VALUES ({",".join("?" * len(filled))})'
    database.connection.ensure_connection()
    cursor = cast(Any, database.connection.connection).cursor()
    for begin in range(0, rows.height, BATCH_ROWS):
        # Column by column, which takes a third of the time of row by row.
        batch = [column.slice(begin, BATCH_ROWS).to_list() for column in filled]
        cursor.executemany(statement, zip(*batch, strict=True))


def _storable(column: pl.Series) -> pl.Series:
    """As SQLite keeps it: a day as text (ISO 8601), yes or no as a number."""
    dtype = column.dtype
    return column.cast(pl.String if isinstance(dtype, pl.Date) else pl.Int64) if isinstance(dtype, _OTHERS) else column


#: What SQLite has no type for.
_OTHERS = (pl.Date, pl.Boolean)


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
