"""Connections: a database URL becomes a Django connection with the settings that the ledger relies on.

SQLite runs in WAL mode with full synchronisation and IMMEDIATE transactions; PostgreSQL as it is. Nothing
above this file knows which of the two it talks to, except the two bulk paths in append.py.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

import django
import polars as pl
from django.apps import apps
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db import Error as DjangoDatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper

from lodeline.errors import UserError
from lodeline.language import text
from lodeline.ledger.movement import frame_of
from lodeline.store.trouble import at_place

#: What a statement may carry as a parameter.
Parameter = str | int | float | bool | bytes | None
#: What rows are looked up by.
Key = str | int
#: What columns of a frame hold: text, whole numbers, days, yes or no.
TEXT: Final[pl.DataType] = pl.String()
WHOLE: Final[pl.DataType] = pl.Int64()
DAY: Final[pl.DataType] = pl.Date()
FLAG: Final[pl.DataType] = pl.Boolean()
#: What a query gives, as the database has it.
Rows = list[tuple[object, ...]]

#: Seconds a writer waits for another writer before it gives up.
WRITE_TIMEOUT_S = 60
#: Identifiers per `IN (…)`: below every limit of both databases, and large enough to be one round trip.
CHUNK = 5_000
#: Spans per condition: SQLite refuses one of a thousand parts.
SPANS = 200
_OWN_SETTINGS: Final = "lodeline.store.settings"
_SQLITE: Final = "django.db.backends.sqlite3"


class DatabaseError(UserError):
    """The database named cannot be used; the message says why and what to do."""


class _Connection(sqlite3.Connection):
    """Closed where a statement fails by which Django opens it: nobody else has it yet, and the file stays open."""

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        try:
            return super().execute(*arguments)
        except sqlite3.Error:
            self.close()
            raise


def configure() -> None:
    """Sets Django up once per process with the store's own settings, unless the process has set it up."""
    if os.environ.setdefault("DJANGO_SETTINGS_MODULE", _OWN_SETTINGS) == _OWN_SETTINGS:
        # As `django.setup`, without what answers to requests, which a command has to load in vain.
        apps.populate(settings.INSTALLED_APPS)
    elif not apps.ready:
        django.setup()


def parse_url(url: str) -> dict[str, object]:
    """Django's settings for `postgresql://user:password@host:port/name`, `sqlite:///path` or a bare path.

    Raises DatabaseError for any other scheme.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise DatabaseError(text("no database address: {url!r} ({error})", url=url, error=error)) from error
    if parts.scheme in ("postgresql", "postgres"):
        query = dict(pair.partition("=")[::2] for pair in parts.query.split("&") if pair)
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.lstrip("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": unquote(query.pop("host", "") or parts.hostname or ""),
            "PORT": str(port or ""),
            "OPTIONS": {name: unquote(value) for name, value in query.items()},
        }
    if parts.scheme not in ("", "sqlite") and not (len(parts.scheme) == 1 and Path(url).drive):
        raise DatabaseError(
            text(
                "unknown database scheme {scheme!r}: use postgresql://… or the path of a SQLite file",
                scheme=parts.scheme,
            )
        )
    path = unquote(url.removeprefix("sqlite://").removeprefix("/") if url.startswith("sqlite:///") else url)
    if url.startswith("sqlite:////"):
        path = "/" + path.lstrip("/")
    return {
        "ENGINE": _SQLITE,
        "NAME": path,
        "OPTIONS": {
            "factory": _Connection,
            "timeout": WRITE_TIMEOUT_S,
            "transaction_mode": "IMMEDIATE",
            # Values come as they are stored; whole columns are converted at once.
            "detect_types": 0,
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON;"
                "PRAGMA wal_autocheckpoint=10000; PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY;"
            ),
        },
    }


class Database:
    """One database: reads give frames, writes happen in one transaction.

    However its address is written, a thread has one connection to it: what is begun through one address and goes on
    through another is one transaction. `alias` is Django's name for it.
    """

    def __init__(self, url: str) -> None:
        configure()
        self.url = url
        named = parse_url(url)
        if not named["NAME"]:
            raise DatabaseError(text("{url!r} names no database", url=url))
        # As it was written, and the same when the process has gone to another directory since.
        self._path = Path(str(named["NAME"])).absolute()
        if named["ENGINE"] == _SQLITE:
            named["NAME"] = _resolved(str(self._path))
            named |= _as_it_lies(str(named["NAME"]))
        self.alias = _alias(named)
        if self.alias not in connections.databases:
            connections.databases[self.alias] = {
                **connections.databases[DEFAULT_DB_ALIAS],
                **_DEFAULTS,
                **named,
            }

    @property
    def connection(self) -> BaseDatabaseWrapper:
        """The calling thread's connection."""
        return connections[self.alias]

    @property
    def is_sqlite(self) -> bool:
        """Whether the embedded engine is behind it."""
        return self.connection.vendor == "sqlite"

    @property
    def path(self) -> Path | None:
        """The file of an embedded database."""
        return self._path if self.is_sqlite else None

    @property
    def in_transaction(self) -> bool:
        """Whether the calling thread has begun one and not ended it."""
        return bool(self.connection.in_atomic_block)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; on SQLite the write lock is taken at once."""
        with self.placing(), transaction.atomic(using=self.alias):
            yield

    @contextmanager
    def placing(self) -> Iterator[None]:
        """What the database refuses in this block says where: the drivers' errors know no place."""
        try:
            yield
        except (DjangoDatabaseError, sqlite3.Error) as error:
            at_place(error, str(self._path) if self.is_sqlite else self.url.rpartition("@")[2])
            self._let_go_of_a_lost_one()
            raise

    def _let_go_of_a_lost_one(self) -> None:
        """A connection that the server has ended answers nothing any more: the next question opens another."""
        found = self.connection
        # Within a transaction whatever follows must fail: its end asks again.
        if not self.is_sqlite and found.connection is not None and not found.in_atomic_block and not found.is_usable():
            found.close()

    @contextmanager
    def one_at_a_time(self, what: str) -> Iterator[None]:
        """A transaction that begins when those of the same name have ended, so that it sees what they have written."""
        with self.transaction():
            # On SQLite the transaction itself waits for all others.
            if not self.is_sqlite:
                self.rows("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (what,))
            yield

    @contextmanager
    def alone(self, what: str) -> Iterator[None]:
        """Waits until nobody else is in such a block of that name, nor what a killed process had begun goes on there.

        On PostgreSQL those who wait come in the order in which they asked. Unlike `one_at_a_time` it is no transaction,
        so that several may come and go in it; inside of one the wait is over for others when that has ended.
        """
        if self.in_transaction:
            # What it has locked, the next one would wait for and it for the next one. On SQLite it is alone already.
            if not self.is_sqlite:
                self.rows("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (what,))
            yield
            return
        if self.is_sqlite:
            # Of the directory: to close a second handle of the file would end the locks that SQLite holds on it.
            directory = os.open(self._path.parent, os.O_RDONLY)
            try:
                fcntl.flock(directory, fcntl.LOCK_EX)
                yield
            finally:
                os.close(directory)
            return
        self.rows("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (what,))
        try:
            yield
        finally:
            # Where the connection is lost, so is the lock.
            with suppress(DjangoDatabaseError):
                self.rows("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", (what,))

    def close(self) -> None:
        """Closes the calling thread's connection."""
        self.connection.close()

    def keep_connections(self, seconds: int) -> None:
        """Lets threads of this process keep a connection from one request to the next, for so long at most.

        A server that was asked anew makes a process, which reads the tables' descriptions again: more work than most
        questions. What has broken meanwhile is noticed and opened again. An embedded database is just a file.
        """
        if not self.is_sqlite:
            connections.databases[self.alias] |= {"CONN_MAX_AGE": seconds, "CONN_HEALTH_CHECKS": True}

    def rows(self, sql: str, params: Sequence[Parameter] = ()) -> Rows:
        """All rows of a query; `%s` marks parameters on both engines."""
        with self.placing(), self.connection.cursor() as cursor:
            cursor.execute(sql, list(params) or None)
            return list(cursor.fetchall())

    def paged(self, sql: str, most: int, *, after: int = 0, upto: tuple[int, ...] = ()) -> Iterator[tuple[object, ...]]:
        """The rows of a query that ends in `WHERE id > %s ORDER BY id LIMIT %s`, `most` at once; the id comes first.

        `upto`: for other marks between the two.
        """
        while True:
            found = self.rows(sql, (after, *upto, most))
            yield from found
            if len(found) < most:
                return
            after = integer(found[-1][0])

    def execute(self, sql: str, params: Sequence[Parameter] = ()) -> None:
        """Runs a statement that returns nothing."""
        with self.placing(), self.connection.cursor() as cursor:
            cursor.execute(sql, list(params) or None)

    def frame(self, sql: str, params: Sequence[Parameter] = (), *, schema: dict[str, pl.DataType]) -> pl.DataFrame:
        """The rows of a query as a frame with `schema`, column by column in order."""
        return self._frame(self.rows(sql, params), schema)

    def rows_in(self, sql: str, keys: Sequence[Key], *, before: Sequence[Parameter] = ()) -> Rows:
        """The rows of a query with `IN (…)` over any number of keys; `{keys}` in `sql` stands for the list."""
        found: Rows = []
        for start in range(0, len(keys), CHUNK):
            part = keys[start : start + CHUNK]
            if self.is_sqlite:
                found += self.rows(sql.format(keys=marks(part)), [*before, *part])
            else:
                # One parameter, whatever its length: thousands of them cost more than the question.
                found += self.rows(sql.replace("IN ({keys})", "= ANY(%s)"), [*before, _array(part)])
        return found

    def rows_in_tuples(self, sql: str, keys: Sequence[tuple[str, ...]]) -> Rows:
        """`rows_in` over texts of several columns: `(one, other) IN ({keys})`, or a table of them `AS ({keys})`."""
        found: Rows = []
        for start in range(0, len(keys), CHUNK):
            part = keys[start : start + CHUNK]
            if self.is_sqlite:
                values = f"VALUES {','.join([f'({marks(part[0])})'] * len(part))}"
                found += self.rows(sql.format(keys=values), [text for key in part for text in key])
            else:
                columns = [_array(column) for column in zip(*part, strict=True)]
                table = f"SELECT * FROM unnest({','.join(['%s::text[]'] * len(columns))})"
                found += self.rows(sql.format(keys=table), columns)
        return found

    def frame_in(
        self, sql: str, keys: Sequence[Key], *, schema: dict[str, pl.DataType], before: Sequence[Parameter] = ()
    ) -> pl.DataFrame:
        """`rows_in` as a frame."""
        return self._frame(self.rows_in(sql, keys, before=before), schema)

    def frame_in_spans(
        self, sql: str, spans: Sequence[tuple[int, int]], *, column: str, schema: dict[str, pl.DataType]
    ) -> pl.DataFrame:
        """The rows of a query whose numbers in `column` are in spans [first, end), of which `{spans}` is the condition.

        Of many spans the query is asked several times. Both databases know from the numbers that the rows are few;
        joined to a table of spans, PostgreSQL takes each for a ninth of all rows.
        """
        found: Rows = []
        for start in range(0, len(spans), SPANS):
            part = spans[start : start + SPANS]
            condition = " OR ".join([f"{column} >= %s AND {column} < %s"] * len(part))
            found += self.rows(sql.replace("{spans}", condition), [number for span in part for number in span])
        return self._frame(found, schema)

    def _frame(self, rows: Rows, schema: dict[str, pl.DataType]) -> pl.DataFrame:
        if not self.is_sqlite:
            return pl.DataFrame(rows, schema=schema, orient="row")
        if not rows:
            return pl.DataFrame(schema=schema)
        # SQLite has neither dates nor booleans: they are text and integers on disk.
        others = {name: dtype for name, dtype in schema.items() if isinstance(dtype, pl.Date | pl.Boolean)}
        if not others:
            return frame_of(rows, schema)
        stored = {name: pl.String() if isinstance(dtype, pl.Date) else pl.Int64() for name, dtype in others.items()}
        return frame_of(rows, {**schema, **stored}).with_columns_seq(
            # What is no date any more reads as empty: the audit names the row.
            pl.col(name).str.to_date("%Y-%m-%d", strict=False)
            if isinstance(dtype, pl.Date)
            else pl.col(name).cast(pl.Boolean)
            for name, dtype in others.items()
        )


def _alias(named: Mapping[str, object]) -> str:
    """The same for all settings that mean one file, or one database of a server by one user and with one password."""
    if named["ENGINE"] == _SQLITE:
        meant = named["NAME"]
    else:
        filled = {part: named[part] or default for part, default in _server_defaults().items()}
        meant = [named["NAME"], filled, named["OPTIONS"]]
    return "lodeline-" + hashlib.sha256(json.dumps(meant, sort_keys=True).encode()).hexdigest()[:16]


def _as_it_lies(path: str) -> dict[str, object]:
    """Settings for a file in a place where nothing can be written, such as a copy for an auditor; else none.

    SQLite keeps two files beside one in WAL mode, even to read it. Where they cannot be made and hold nothing that
    matters, the file is read as one that nobody changes meanwhile (https://www.sqlite.org/wal.html#readonly).
    """
    file = Path(path)
    in_use = os.access(file.parent, os.W_OK) or Path(path + "-shm").exists() or _holds_bytes(Path(path + "-wal"))
    if in_use or not file.exists():
        return {}
    pragmas = "PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY;"
    return {
        "NAME": f"file:{quote(path)}?immutable=1",
        "OPTIONS": {"factory": _Connection, "timeout": WRITE_TIMEOUT_S, "detect_types": 0, "init_command": pragmas},
    }


def _holds_bytes(path: Path) -> bool:
    """Whether there is a file with something in it. Whoever else ends with the store last takes its log away."""
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False


@lru_cache(maxsize=256)
def _resolved(path: str) -> str:
    """The file behind links. A process stays with what it found first: it is asked for with each query."""
    return os.path.realpath(path)


@cache
def _server_defaults() -> dict[str, str]:
    """What PostgreSQL's own library takes for what an address leaves out, from the environment or as it was made."""
    from psycopg.pq import Conninfo  # noqa: PLC0415  (costs time that an embedded database need not spend)

    defaults = {one.keyword.decode(): (one.val or b"").decode() for one in Conninfo.get_defaults()}
    return {part: defaults[part.lower()] for part in ("HOST", "PORT", "USER", "PASSWORD")}


def _array(keys: Sequence[Key]) -> str:
    """Keys as the text of a PostgreSQL array, which the server takes to be of the type that it is compared with."""
    if all(isinstance(key, int) for key in keys):
        return "{" + ",".join(map(str, keys)) + "}"
    # No text in PostgreSQL holds this character: what does cannot be found, and all others are quoted at once.
    joined = "\0".join(text for key in keys if "\0" not in (text := str(key)))
    return '{"' + joined.replace("\\", "\\\\").replace('"', '\\"').replace("\0", '","') + '"}'


_DEFAULTS: dict[str, object] = {
    "ATOMIC_REQUESTS": False, "AUTOCOMMIT": True, "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False, "OPTIONS": {},
    "TIME_ZONE": None, "USER": "", "PASSWORD": "", "HOST": "", "PORT": "",
    "TEST": {"CHARSET": None, "COLLATION": None, "MIGRATE": True, "MIRROR": None, "NAME": None},
}  # fmt: skip


def marks(values: Sequence[object]) -> str:
    """The places of so many parameters in a statement."""
    return ",".join(["%s"] * len(values))


def integer(value: object) -> int:
    """A number as either database gives it. Raises AssertionError for what is none."""
    assert isinstance(value, int | float | str) or value.__class__.__name__ == "Decimal", f"{value!r} is no number"
    return int(str(value))
