"""A store's tables as frames, whichever database they stand in: read under one view, put into an empty one.

Every table of the database is taken as it is, those of people and papers too. Values have one form for both databases:
days, moments (UTC), UUIDs and JSON are text, so that what one database has written the other can take.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import polars as pl
from django.db import Error as DjangoDatabaseError

from lodeline.language import text
from lodeline.store.appearing import appear, work_room
from lodeline.store.append import append
from lodeline.store.database import Database, integer
from lodeline.store.guards import make_guards
from lodeline.store.store import StoreError

if TYPE_CHECKING:
    from django.db.migrations.loader import MigrationLoader

Kind = Literal["integer", "text", "bytes", "boolean", "number"]

#: Rows that are in memory at a time.
PART_ROWS: Final = 100_000
#: What belongs to a database or to the moment: its tables' history, who is signed in, what is remembered for minutes.
LEFT_OUT: Final = frozenset(
    {"django_migrations", "django_session", "usersessions_usersession", "office_cache", "lodeline_restoring"}
)
#: App of Django → the last step (migration) that its tables have taken, such as `store` → `0011_lots_of_a_filing`.
Steps = Mapping[str, str]

_FRAME: Final[dict[Kind, pl.DataType]] = {
    "integer": pl.Int64(), "text": pl.String(), "bytes": pl.Binary(), "boolean": pl.Boolean(), "number": pl.Float64(),
}  # fmt: skip
_SQLITE: Final[dict[str, Kind]] = {
    **dict.fromkeys(("bigint", "integer", "smallint", "bigint unsigned", "integer unsigned", "smallint unsigned"),
                    "integer"),
    **dict.fromkeys(("text", "varchar", "char", "date", "datetime", "decimal"), "text"),
    "blob": "bytes", "bool": "boolean", "real": "number",
}  # fmt: skip
_MOMENT: Final = "regexp_replace(to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), '\\.000000$', '')"
#: PostgreSQL's type → what it is, and how it is read.
_POSTGRESQL: Final[dict[str, tuple[Kind, str]]] = {
    **dict.fromkeys(("bigint", "integer", "smallint"), ("integer", "{}")),
    **dict.fromkeys(("text", "character varying", "character"), ("text", "{}")),
    **dict.fromkeys(("date", "numeric", "json", "jsonb"), ("text", "{}::text")),
    **dict.fromkeys(("double precision", "real"), ("number", "{}")),
    "bytea": ("bytes", "{}"), "boolean": ("boolean", "{}"), "uuid": ("text", "replace({}::text, '-', '')"),
    "inet": ("text", "host({})"), "timestamp with time zone": ("text", _MOMENT),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table: its name, and its columns in order of name with what they hold."""

    name: str
    columns: dict[str, Kind]


@contextmanager
def one_view(database: Database, room: Path) -> Iterator[Database]:
    """The database as it is at one moment, while others go on writing to it.

    A SQLite file is copied into the directory `room` first, so that a long read does not hold up its writers.
    """
    if database.is_sqlite:
        view = Database(str(room / "view.sqlite3"))
        with database.placing():
            database.connection.ensure_connection()
        assert view.path is not None
        with view.placing(), closing(sqlite3.connect(view.path)) as copy:
            cast(Any, database.connection.connection).backup(copy)
        try:
            yield view
        finally:
            view.close()
        return
    with database.transaction():
        database.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield database


def tables(database: Database) -> list[Table]:
    """Every table that belongs to the store, by name. Raises StoreError where a column is of no known kind."""
    with database.placing():
        names = sorted(set(database.connection.introspection.table_names()) - LEFT_OUT)
    return [_table(database, name) for name in names]


def _table(database: Database, name: str) -> Table:
    found = _column_types(database, name)
    known: dict[str, Kind] = (
        _SQLITE if database.is_sqlite else {stored: kind for stored, (kind, _) in _POSTGRESQL.items()}
    )
    for column, stored in found.items():
        if stored not in known:
            raise StoreError(
                text(
                    "column {name}.{column} is of type {stored}, which this program does not know",
                    name=name,
                    column=column,
                    stored=stored,
                )
            )
    return Table(name=name, columns={column: known[found[column]] for column in sorted(found)})


def _column_types(database: Database, table: str) -> dict[str, str]:
    """Column → its type as the database calls it, without a length."""
    if database.is_sqlite:
        rows = database.rows("SELECT name, type FROM pragma_table_info(%s)", (table,))
    else:
        rows = database.rows(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = current_schema()"
            " AND table_name = %s",
            (table,),
        )
    return {str(column): str(stored).lower().partition("(")[0].strip() for column, stored in rows}


def row_count(database: Database, table: Table) -> int:
    """How many rows a table has."""
    return integer(database.rows(f'SELECT COUNT(*) FROM "{table.name}"')[0][0])


def rows_of(database: Database, table: Table) -> Iterator[pl.DataFrame]:
    """The rows of a table, some at a time, in the columns that `tables` names; one empty frame if there are none.

    Raises StoreError where a value is not what its column holds.
    """
    stored = _column_types(database, table.name)
    columns = ", ".join(_read(column, stored[column], sqlite=database.is_sqlite) for column in table.columns)
    schema = {column: _FRAME[kind] for column, kind in table.columns.items()}
    if database.is_sqlite:
        schema = {name: pl.Int64() if kind == pl.Boolean() else kind for name, kind in schema.items()}
    first = True
    with database.placing(), closing(database.connection.chunked_cursor()) as cursor:
        cursor.execute(f'SELECT {columns} FROM "{table.name}"')
        while (rows := cursor.fetchmany(PART_ROWS)) or first:
            first = False
            try:
                frame = pl.DataFrame(rows, schema=schema, orient="row")
            except TypeError as error:
                raise StoreError(
                    text("table {name} holds what its columns cannot: run `lodeline verify`", name=table.name)
                ) from error
            yield frame.cast({name: pl.Boolean() for name, kind in table.columns.items() if kind == "boolean"})


def _read(column: str, stored: str, *, sqlite: bool) -> str:
    named = f'"{column}"'
    if sqlite:
        # SQLite keeps decimals as it likes.
        return f"CAST({named} AS TEXT)" if stored == "decimal" else named
    return _POSTGRESQL[stored][1].format(named)


def nothing_there(database: Database) -> bool:
    """Whether a store can be put here: no file, or a database without tables but those that an attempt left."""
    if database.path is not None:
        return not database.path.exists()
    found = set(database.connection.introspection.table_names())
    if "fact" not in found:
        return not found or "lodeline_restoring" in found
    return not database.rows("SELECT 1 FROM fact")


def make_ready(database: Database, found: list[Table]) -> None:
    """Sets the guards and takes out what making the tables has put into those that will be filled."""
    make_guards(database)
    empty(database, found)


def empty(database: Database, found: list[Table]) -> None:
    """Takes out what making the tables has put into them. The tables of an older program are filled without guards."""
    for table in found:
        database.execute(f'DELETE FROM "{table.name}"')


def fill(database: Database, table: Table, rows: pl.DataFrame) -> None:
    """Appends rows that `rows_of` gave, from whichever database. Raises StoreError where they do not fit."""
    with _fitting(table.name):
        append(database, table.name, rows.select(list(table.columns)))


def settle(database: Database) -> None:
    """After the last row: rows that point at others find them, and numbers given by a database go on after the largest.

    Raises StoreError where a row points at nothing.
    """
    if database.is_sqlite:
        for table, *_ in database.rows("PRAGMA foreign_key_check"):
            raise _not_fitting(str(table))
        return
    with _fitting("?"):
        database.execute("SET CONSTRAINTS ALL IMMEDIATE")
    database.execute("DROP TABLE lodeline_restoring")
    numbered = database.rows(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND is_identity = 'YES'"
    )
    for table, column in numbered:
        database.execute(
            f"SELECT setval(pg_get_serial_sequence('\"{table}\"', '{column}'),"
            f' (SELECT COALESCE(MAX("{column}"), 0) + 1 FROM "{table}"), false)'
        )


@contextmanager
def _fitting(table: str) -> Iterator[None]:
    try:
        yield
    except (DjangoDatabaseError, sqlite3.Error) as error:
        raise _not_fitting(table) from error


def _not_fitting(table: str) -> StoreError:
    return StoreError(text("rows of table {table} do not fit the others", table=table))


@contextmanager
def appearing(url: str) -> Iterator[str]:
    """The address under which a store is put together so that it appears at `url` whole or not at all.

    A SQLite file is made beside its place and named at the end. In PostgreSQL it is the place itself: there the
    caller's one transaction does the same; what an attempt that was killed leaves of tables is known by one of its own.
    """
    path = Database(url).path
    if path is None:
        Database(url).execute("CREATE TABLE IF NOT EXISTS lodeline_restoring (attempt integer)")
        yield url
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with work_room(path) as room:
        database = Database(str(room / path.name))
        try:
            yield database.url
            # All of it in one file.
            database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            database.close()
        appear(room / path.name, path)


def steps_taken(database: Database) -> dict[str, list[str]]:
    """The steps that were taken, of each app in their order."""
    taken: dict[str, list[str]] = {}
    for app, name in database.rows("SELECT app, name FROM django_migrations ORDER BY id"):
        taken.setdefault(str(app), []).append(str(name))
    return taken


def steps_like(tables: Mapping[str, Collection[str]]) -> dict[str, str]:
    """The last step of each app after which its tables have these columns, and no others: those of a backup that does
    not state its steps. Raises StoreError where an app never had such tables."""
    from django.db.migrations.loader import MigrationLoader  # noqa: PLC0415  (takes time, and is seldom asked)

    loader = MigrationLoader(None)
    found: dict[str, str] = {}
    for leaf in loader.graph.leaf_nodes():
        last = _columns(loader, leaf)
        if last and not last.keys() & tables.keys():
            continue  # the portal was never made
        own = [key for key in loader.graph.forwards_plan(leaf) if key[0] == leaf[0]]
        key = next((key for key in reversed(own) if not _unlike(_columns(loader, key), tables)), None)
        if key is None:
            named = ", ".join(_unlike(last, tables))
            raise StoreError(
                text(
                    "the backup has tables that no program up to this one had ({named}): restore it with the "
                    "program that made it",
                    named=named,
                )
            )
        found[key[0]] = key[1]
    return found


def _columns(loader: MigrationLoader, key: tuple[str, str]) -> dict[str, set[str]]:
    """The tables of an app as they are after a step, with their columns."""
    models = loader.project_state(key).apps.get_app_config(key[0]).get_models(include_auto_created=True)
    return {
        model._meta.db_table: {str(field.column) for field in model._meta.local_concrete_fields}
        for model in models
        if model._meta.managed and not model._meta.proxy and model._meta.db_table not in LEFT_OUT
    }


def _unlike(columns: Mapping[str, set[str]], tables: Mapping[str, Collection[str]]) -> list[str]:
    return sorted(table for table, named in columns.items() if named != set(tables.get(table, ())))
