"""Databases for tests: those of a real PostgreSQL, and stores that are made once and then copied."""

from __future__ import annotations

import atexit
import fcntl
import gc
import hashlib
import itertools
import os
import re
import shutil
import sqlite3
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from django.db import connections

from lodeline.store.opening import create, open_store
from lodeline.store.store import Store

#: Where files never reach a disk, and the bytes that must be free there for the databases of a run.
_MEMORY, _ROOM_BYTES = Path("/dev/shm"), 8 << 30
#: Seconds for which a thread that computes is waited for.
_PATIENCE_S = 60
_NUMBER = itertools.count()
#: Files are copied as they are: that is half the work of writing all they hold into the log first.
_QUICKLY = "STRATEGY FILE_COPY"
#: (what makes it, server or "") → the file or database in which it was made.
_MADE: dict[tuple[Callable[[str], None], str], str] = {}
#: Where what is made in files is kept: a directory that all workers of a run see, or none of the run's.
_kept: Path | None = None


def keep_in(room: Path) -> None:
    """What is made in files from now on is kept there, for all workers of the run."""
    global _kept  # noqa: PLW0603
    _kept = room


def kept_room(repository: Path) -> Path:
    """The directory for what this program and these tests make in files: `var/kept/` under a hash of both and the day.

    Pages, templates and Chinese texts make no part of a store and do not count. Of older ones the last is left.
    """
    left_out = re.compile(r"/(pages|templates|static|drawing|words|locale|__pycache__)/")
    made_by = hashlib.sha256(f"{date.today()} {sys.version}".encode())
    for path in sorted((*repository.glob("src/lodeline/**/*"), *repository.glob("tests/**/*.py"))):
        if path.is_file() and not left_out.search(str(path.relative_to(repository))):
            made_by.update(f"{path.relative_to(repository)} {path.stat().st_size}".encode() + path.read_bytes())
    room = repository / "var" / "kept" / made_by.hexdigest()[:16]
    room.mkdir(parents=True, exist_ok=True)
    os.utime(room)
    older = sorted(room.parent.iterdir(), key=lambda one: one.stat().st_mtime)[:-2]
    for one in older:
        shutil.rmtree(one, ignore_errors=True)
    return room


def made_once(room: Path, make: Callable[[Path], None]) -> Path:
    """The directory `room`, in which `make` has made what nobody changes afterwards.

    Others that come while it is made wait. What was begun by a worker that died is made again.
    """
    done = room.with_name(f"{room.name}.made")
    with room.with_name(f"{room.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(room, ignore_errors=True)
            room.mkdir()
            make(room)
            done.touch()
    return room


def memory() -> Path | None:
    """A directory whose files never reach a disk, where it has room for those of a run."""
    has_room = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM_BYTES
    return _MEMORY if has_room else None


def server_room() -> Path:
    """An empty directory for a PostgreSQL server, in memory where there is enough: databases are hundreds of files."""
    room = Path(tempfile.mkdtemp(prefix="lodeline-postgresql-", dir=memory()))
    # The server runs as another user when the tests run as root: it must be able to walk to its data.
    room.chmod(0o755)
    return room


def _told(address: str, *statements: str) -> None:
    """Has the server of a URL do what concerns whole databases."""
    with psycopg.connect(urlsplit(address)._replace(path="/postgres").geturl(), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def new_database(server: Any) -> str:
    """The URL of a new, empty database on the server."""
    url = str(server.get_uri(database=f"test_{os.getpid()}_{next(_NUMBER)}"))
    _told(url, f"CREATE DATABASE {_name(url)} {_QUICKLY}")
    return url


def copy_postgresql(made: tuple[Any, str], name: str | None = None) -> str:
    """The URL of a new database that is a copy of the one named; called by a new name unless one is given."""
    server, template = made
    url = str(server.get_uri(database=name or f"copy_{os.getpid()}_{next(_NUMBER)}"))
    _told(url, f"CREATE DATABASE {_name(url)} TEMPLATE {template} {_QUICKLY}")
    return url


def drop(url: str) -> None:
    """Removes a database that no test needs any more; a file goes with its directory."""
    if url.startswith("postgresql:"):
        forget(_name(url))
        _told(url, f"DROP DATABASE IF EXISTS {_name(url)} WITH (FORCE)")


def forget(place: str) -> None:
    """Closes and forgets the connections to the database of this name, or to those in this directory.

    What still computes behind a page closes its own first: of a database that is forgotten it would find none to close.
    """
    for thread in threading.enumerate():
        if thread.name in ("reading", "answer", "at-hand"):
            thread.join(_PATIENCE_S)
    known = connections.databases
    inside = f"{place}{os.sep}"
    for alias in [key for key, one in known.items() if one["NAME"] == place or str(one["NAME"]).startswith(inside)]:
        connections[alias].close()
        del connections[alias], known[alias]


def copied(make: Callable[[str], None], url: str) -> str:
    """Puts into the empty database of a URL what `make(url)` makes. It is made once, then copied: a file once in a run,
    a database once in a process, which has a server of its own.

    `make` is a function of a module, and leaves no connection open.
    """
    if not url.startswith("postgresql:"):
        if (make, "") not in _MADE:
            _MADE[make, ""] = str(_file_of(make))
        return str(shutil.copy(_MADE[make, ""], url))
    server = urlsplit(url)._replace(path="/postgres").geturl()
    if (make, server) not in _MADE:
        model = f"made_{os.getpid()}_{next(_NUMBER)}"
        _told(url, f"CREATE DATABASE {model} {_QUICKLY}")
        make(urlsplit(url)._replace(path=f"/{model}").geturl())
        _MADE[make, server] = model
    copy = f"CREATE DATABASE {_name(url)} TEMPLATE {_MADE[make, server]} {_QUICKLY}"
    _told(url, f"DROP DATABASE {_name(url)}", copy)
    return url


def _file_of(make: Callable[[str], None]) -> Path:
    room = _kept
    if room is None:
        room = Path(tempfile.mkdtemp(prefix="lodeline-made-"))
        atexit.register(shutil.rmtree, room, ignore_errors=True)
    assert "<locals>" not in make.__qualname__, "each would be another one of the same name"
    name = f"{make.__module__}.{make.__qualname__}"
    return made_once(room / name, lambda inside: make(str(inside / "store.sqlite3"))) / "store.sqlite3"


def ready_store(url: str) -> Store:
    """The store at a URL; where there is none yet, an empty one with the office's tables."""
    if not _is_there(url):
        copied(_make, url)
    return open_store(url)


def _is_there(url: str) -> bool:
    if not url.startswith("postgresql:"):
        return Path(url).exists()
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT to_regclass('fact')").fetchone() != (None,)


def _make(url: str) -> None:
    from lodeline.office.opening import prepare  # noqa: PLC0415  (programs of tests that only write have no portal)

    store, _ = create(url)
    prepare(url)
    put_away(store)


def bare_store(url: str) -> Store:
    """A new, empty store in the empty database of a URL, as the ledger alone makes it."""
    return open_store(copied(_make_bare, url))


def _make_bare(url: str) -> None:
    put_away(create(url)[0])


def connected(path: str) -> int:
    """How many connections of this process to a file are open. (SQLite itself may close a file later than asked.)"""
    found = 0
    for one in gc.get_objects():
        # Of its type and not of what it says to be: a lazy object of Django would be made for the question.
        if issubclass(type(one), sqlite3.Connection):
            with suppress(sqlite3.ProgrammingError):
                found += one.execute("PRAGMA database_list").fetchone()[2] == path
    return found


def put_away(store: Store) -> None:
    """Leaves a store in one file or database that can be copied."""
    if store.database.is_sqlite:
        store.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    store.database.close()


def _name(url: str) -> str:
    return urlsplit(url).path.lstrip("/")
