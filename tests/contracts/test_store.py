"""Making and opening a store: what is there is found again, and what cannot be used says why."""

from __future__ import annotations

import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import polars as pl
import psycopg
import pytest
from django.core.management import call_command
from django.db import OperationalError, connections
from django.db.migrations.recorder import MigrationRecorder
from polars.testing import assert_frame_equal
from tests.contracts.harm import unguarded
from tests.desk import Desk
from tests.stores import bare_store, connected, drop, new_database

from lodeline.service.log.audit import verify
from lodeline.store import opening
from lodeline.store.database import Database, DatabaseError
from lodeline.store.opening import create, is_behind, migrate, missing_guards, open_store, steps_of
from lodeline.store.queries.log import entries
from lodeline.store.store import Store, StoreError

pytestmark = [pytest.mark.medium, pytest.mark.both]


def test_a_new_store_is_empty_and_its_log_is_signed(empty: Store) -> None:
    head = empty.head()
    assert (head.size, head.next_line, head.next_lot, head.register_entry) == (0, 1, 1, -1)
    assert empty.origin in head.checkpoint
    assert list(empty.entries()) == []


def test_who_lost_a_connection_is_answered_by_the_next(postgresql: Any) -> None:
    """As an analyst asks, for days, in no request that would end."""
    url = new_database(postgresql)
    store = bare_store(url)
    before = store.head()
    with psycopg.connect(url, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    with pytest.raises(OperationalError):
        store.head()
    assert store.head() == before
    drop(url)


def test_making_a_store_that_is_there_finds_it_and_changes_nothing(empty: Store) -> None:
    before = empty.database.rows("SELECT * FROM fact ORDER BY key"), empty.head()
    again, new = create(empty.database.url)
    assert not new
    assert (again.database.rows("SELECT * FROM fact ORDER BY key"), again.head()) == before


def test_a_store_keeps_the_name_of_its_log(url: str) -> None:
    store, new = create(url, origin="example.org/log")
    assert new
    with pytest.raises(StoreError, match=r"example\.org/log.*make another store for other\.org/log"):
        create(url, origin="other.org/log")
    again, new = create(url)
    assert not new
    assert again.origin == open_store(url).origin == "example.org/log"
    assert again.signer.verifier.vkey == store.signer.verifier.vkey
    store.database.close()


def test_another_secret_does_not_open_the_store(empty: Store) -> None:
    with pytest.raises(StoreError, match="not the secret"):
        open_store(empty.database.url, secret="another")
    with pytest.raises(StoreError, match="not the secret"):
        create(empty.database.url, secret="another")


def test_the_secret_that_was_given_is_not_kept(empty: Store) -> None:
    facts = {str(key): str(value) for key, value in empty.database.rows("SELECT key, value FROM fact")}
    assert "a secret that only tests share" not in facts.values()
    pack = f"pack-{facts['pack']}"
    assert facts.keys() == {"format", "origin", "secret-fingerprint", "jurisdiction", "pack", pack}


def test_without_a_secret_the_store_makes_its_own_and_opens_by_itself(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LODELINE_SECRET")
    store, _ = create(url)
    again = open_store(url)
    assert again.secret == store.secret
    assert len(store.secret) == 64
    store.database.close()


def test_a_given_secret_is_needed_again(empty: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LODELINE_SECRET")
    with pytest.raises(StoreError, match="LODELINE_SECRET"):
        open_store(empty.database.url)


def test_a_store_of_a_newer_version_is_not_touched(empty: Store) -> None:
    with unguarded(empty):
        empty.database.execute("UPDATE fact SET value = '999' WHERE key = 'format'")
    with pytest.raises(StoreError, match="update the program"):
        open_store(empty.database.url)
    with pytest.raises(StoreError, match="update the program"):
        create(empty.database.url)


def test_a_store_whose_tables_a_newer_version_changed_is_not_touched(empty: Store) -> None:
    empty.database.execute(
        "INSERT INTO django_migrations (app, name, applied) VALUES ('store', '9999_later', '2026-01-01')"
    )
    for touch in (open_store, create):
        with pytest.raises(StoreError, match="9999_later"):
            touch(empty.database.url)
    assert not is_behind(empty.database.url)


def test_a_store_of_an_older_version_is_brought_up_to_date_by_init_alone(empty: Store) -> None:
    url = empty.database.url
    call_command("migrate", "store", "0008", database=empty.database.alias, verbosity=0, interactive=False)
    with pytest.raises(StoreError, match="lodeline init"):
        open_store(url)
    assert is_behind(url)
    before = steps_of(url)
    store, new = create(url)
    assert not new and not is_behind(url)
    assert steps_of(url) - before == {
        "store.0009_lines_between_parties",
        "store.0010_entries_by_kind",
        "store.0011_lots_of_a_filing",
        "store.0012_other_name_of_a_counterparty",
    }
    assert verify(store).faults == ()


@pytest.mark.ci
def test_tables_of_which_the_making_ended_anywhere_are_made_by_the_next_attempt(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: set[tuple[str, str]] = set()
    record = MigrationRecorder.record_applied

    def end(self: MigrationRecorder, app: str, name: str) -> None:
        if (app, name) not in ended:
            ended.add((app, name))
            raise KeyboardInterrupt
        record(self, app, name)

    monkeypatch.setattr(MigrationRecorder, "record_applied", end)
    database = Database(url)
    for _ in range(200):
        try:
            migrate(database)
            break
        except KeyboardInterrupt:
            continue
    # Each step was broken off when its tables were made and it was not recorded yet.
    made = database.rows("SELECT app, name FROM django_migrations")
    assert set(made) == ended and {app for app, _ in made} >= {"store", "office"}
    assert create(url)[1] and verify(open_store(url)).faults == ()
    database.close()


def test_where_no_store_is_nothing_is_said_of_its_steps_and_nothing_is_made(url: str) -> None:
    assert (steps_of(url), missing_guards(url), is_behind(url)) == (frozenset(), (), False)
    assert url.startswith("postgresql:") or not Path(url).exists()


def test_a_higher_format_keeps_stores_open_and_is_told_by_init(empty: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    url = empty.database.url
    monkeypatch.setattr(opening, "FORMAT", opening.FORMAT + 1)
    assert open_store(url).head().size == 0, "the format before is read"
    assert is_behind(url)
    before = steps_of(url)
    create(url)
    assert steps_of(url) - before == {f"format-{opening.FORMAT}"}
    assert not is_behind(url) and open_store(url).head().size == 0
    assert verify(open_store(url)).faults == ()
    monkeypatch.setattr(opening, "FORMAT", opening.FORMAT - 1)
    for touch in (open_store, create):
        with pytest.raises(StoreError, match="update the program"):
            touch(url)
    monkeypatch.setattr(opening, "FORMAT", opening.FORMAT + 3)
    for touch in (open_store, create):
        with pytest.raises(StoreError, match="versions in between"):
            touch(url)


def test_a_store_that_was_never_finished_is_finished_by_init(empty: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    url = empty.database.url
    # Another process, which never found one there.
    monkeypatch.setattr(opening, "_found", set())
    with unguarded(empty):
        empty.database.execute("DELETE FROM fact")
        empty.database.execute("DELETE FROM head")
    with pytest.raises(StoreError, match="lodeline init"):
        open_store(url)
    assert create(url)[1] is True


def test_a_database_without_a_store_is_not_opened(url: str) -> None:
    with pytest.raises(StoreError, match="lodeline init"):
        open_store(url)


def test_opening_does_not_make_a_file(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "store.sqlite3"
    with pytest.raises(StoreError, match="lodeline init"):
        open_store(str(path))
    assert not path.parent.exists()


def test_an_empty_file_is_an_empty_database_and_no_store(tmp_path: Path) -> None:
    path = tmp_path / "thing"
    path.touch()
    with pytest.raises(StoreError, match="lodeline init"):
        open_store(str(path))


@pytest.mark.parametrize("content", [b"event,kind\n", b"\x00" * 5000])
def test_a_file_that_is_no_store_is_not_opened_and_not_changed(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "thing"
    path.write_bytes(content)
    with pytest.raises(StoreError):
        open_store(str(path))
    assert path.read_bytes() == content


def test_making_a_store_makes_its_directory(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "store.sqlite3"
    store, new = create(f"sqlite:///{path}")
    assert new
    assert path.exists()
    store.database.close()


def test_an_unknown_kind_of_database_is_named() -> None:
    with pytest.raises(DatabaseError, match="mysql"):
        open_store("mysql://host/name")


def test_a_password_is_not_repeated_in_an_error() -> None:
    with pytest.raises(StoreError) as refused:
        open_store("postgresql://user:hidden-word@127.0.0.1:1/none")
    assert "hidden-word" not in str(refused.value)


def test_rows_are_found_by_whatever_names_are_made_of(empty: Store) -> None:
    names = ['a "quoted" one', "back\\slash", "a,b", "{}", "NULL", "李'雷", "", "%s"]
    database = empty.database
    with database.transaction():
        for number, name in enumerate(names):
            database.execute(
                "INSERT INTO lot (id, name, maker, local) VALUES (%s, %s, %s, %s)", (number + 1, name, "M", name)
            )
    asked = [*names, "none", "nul\0in it"]
    assert set(empty.books.lot_ids(asked)) == set(names)
    assert empty.books.lot_ids([]) == {}
    assert empty.books.lot_names([1, 3, 99]) == {1: names[0], 3: names[2]}
    pairs = sorted(("M", name) for name in asked if "\0" not in name)
    found = database.rows_in_tuples("SELECT local FROM lot WHERE (maker, local) IN ({keys})", pairs)
    assert {local for (local,) in found} == set(names)


def other_addresses(url: str, room: Path) -> list[str]:
    """The same database, written otherwise; for whoever stands in the directory `room`."""
    if not url.startswith("postgresql:"):
        (room / "link").symlink_to(Path(url).parent)
        name = Path(url).name
        return [name, f"./{name}", f"sqlite:///{url}", str(room / "link" / name), f"sqlite:///link/{name}"]
    address = urlsplit(url)
    encoded = address._replace(path=f"/%{ord(address.path[1]):02x}{address.path[2:]}").geturl()
    port = address._replace(netloc=f"{address.netloc}:5432").geturl()
    return [url.replace("postgresql:", "postgres:", 1), encoded, port]


def test_one_database_is_one_however_its_address_is_written(
    empty: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    database = empty.database
    for written in other_addresses(database.url, tmp_path):
        same = Database(written)
        assert same.alias == database.alias, written
        with pytest.raises(ZeroDivisionError), database.transaction():
            same.execute("INSERT INTO lot (id, name, maker, local) VALUES (1, 'M/L', 'M', 'L')")
            assert database.rows("SELECT local FROM lot") == [("L",)], "it is the transaction of both"
            raise ZeroDivisionError
        assert same.rows("SELECT local FROM lot") == []


def test_a_relative_path_stays_the_file_that_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for room in ("one", "two"):
        (tmp_path / room).mkdir()
        monkeypatch.chdir(tmp_path / room)
        made, new = create("store.sqlite3")
        assert new, "another directory, another store"
        monkeypatch.chdir(tmp_path)
        assert made.database.path == tmp_path / room / "store.sqlite3"
        assert made.head().size == 0 and made.database.alias == Database(f"{room}/store.sqlite3").alias
        made.database.close()


@pytest.mark.parametrize(
    "other",
    ["postgresql://a@host/other", "postgresql://b@host/ledger", "postgresql://a:secret@host/ledger",
     "postgresql://a@host:5433/ledger", "postgresql://a@elsewhere/ledger",
     "postgresql://a@host/ledger?options=-csearch_path%3Dtwo"],
)  # fmt: skip
def test_another_database_or_another_way_in_is_another(other: str) -> None:
    assert Database(other).alias != Database("postgresql://a@host/ledger").alias


def test_entries_that_came_to_nothing_are_not_remembered(desk: Desk) -> None:
    """A process keeps what it has read of the log, and reads within transactions too."""

    def as_read_anew() -> pl.DataFrame:
        return entries(open_store(desk.store.database.url))

    class GoneWrongError(Exception):
        pass

    desk.firms("MINE")
    before = entries(desk.store)
    assert_frame_equal(before, as_read_anew())
    with pytest.raises(GoneWrongError), desk.store.database.transaction():
        desk.rows("MINE", "2025-05")
        assert entries(desk.store).height == before.height + 1
        raise GoneWrongError
    assert_frame_equal(entries(desk.store), before)
    with pytest.raises(GoneWrongError), desk.store.database.transaction():
        desk.rows("MINE", "2025-05")
        entries(desk.store)
        raise GoneWrongError
    for month in ("2025-06", "2025-07"):
        desk.rows("MINE", month)
        assert_frame_equal(entries(desk.store), as_read_anew())
    assert entries(desk.store)["period"][-2:].to_list() == ["2025-06", "2025-07"]


def test_a_log_that_goes_while_it_is_looked_at_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite takes it away when the last connection of all programs ends, between any two looks of another one."""
    path, log = tmp_path / "store.sqlite3", tmp_path / "store.sqlite3-wal"
    path.touch()
    monkeypatch.setattr(os, "access", lambda *_: False)
    alone = Database(str(path)).alias
    ended = Event()

    def come_and_go() -> None:
        while not ended.is_set():
            log.touch()
            log.unlink()

    with ThreadPoolExecutor(1) as others:
        others.submit(come_and_go)
        try:
            found = {Database(str(path)).alias for _ in range(3000)}
        finally:
            ended.set()
    assert found == {alone}, "an empty log is none"


def test_connections_are_kept_only_where_that_is_asked_for(empty: Store) -> None:
    settings = connections.databases[empty.database.alias]
    assert settings["CONN_MAX_AGE"] == 0
    empty.database.keep_connections(30)
    try:
        assert settings["CONN_MAX_AGE"] == (0 if empty.database.is_sqlite else 30)
        assert settings["CONN_HEALTH_CHECKS"] is not empty.database.is_sqlite
    finally:
        settings |= {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False}


def test_a_file_that_another_has_locked_is_not_left_open(sqlite_url: str) -> None:
    """Whoever keeps the error would keep the file open with it, once for each try."""
    create(sqlite_url)[0].database.close()
    database = Database(sqlite_url)
    connections.databases[database.alias]["OPTIONS"]["timeout"] = 0.1
    with closing(sqlite3.connect(sqlite_url, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Exception, match="locked") as refused:
            database.rows("SELECT 1")
        assert connected(sqlite_url) == 1, refused.value
