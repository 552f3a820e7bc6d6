"""A full disk, a broken one, a server that went away: one sentence with its cure, and what was filed stands."""

from __future__ import annotations

import errno
import os
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db.backends.signals import connection_created
from tests.cli.program import CHINESE, ENVELOPE, HEADER, ORIGIN, Lodeline, write

from lodeline.store.trouble import trouble

pytestmark = pytest.mark.medium


@contextmanager
def no_room_in_the_database() -> Iterator[None]:
    """No SQLite file grows by a page: the library itself then says that the disk is full."""

    def bound(connection: Any, **_: Any) -> None:
        connection.connection.execute("PRAGMA max_page_count = 1")

    connection_created.connect(bound)
    try:
        yield
    finally:
        connection_created.disconnect(bound)


def test_a_filing_on_a_full_disk_is_not_filed_and_says_what_to_do(lodeline: Lodeline, tmp_path: Path) -> None:
    origins = [ORIGIN.replace("O-1", f"O-{number}").replace("ORE-1", f"ORE-{number}") for number in range(300)]
    june = write(tmp_path / "june.csv", HEADER, *origins)
    with no_room_in_the_database():
        for language in ("en", "zh"):
            answer = lodeline("file", june, *ENVELOPE, language=language)
            assert answer.status == 2 and lodeline.database in answer.err, answer
            assert ("disk is full" in answer.err) is (language == "en")
            assert bool(CHINESE.search(answer.err)) is (language == "zh")
    assert lodeline("verify").status == 0
    assert lodeline("file", june, *ENVELOPE).status == 0, "with room it is filed"


def test_a_backup_on_a_full_disk_leaves_nothing(filed: Lodeline, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def no_copy(path: Path) -> sqlite3.Connection:
        copy = sqlite3.Connection(path)
        copy.execute("PRAGMA max_page_count = 2")
        return copy

    for place, name, broken in ((tarfile.TarFile, "addfile", full), (sqlite3, "connect", no_copy)):
        with pytest.MonkeyPatch.context() as patch:
            if place is sqlite3:
                patch.setattr("lodeline.store.archive.sqlite3.connect", broken)
            else:
                patch.setattr(place, name, broken)
            answer = filed("backup", tmp_path / "backup.tar")
        assert answer.status == 2 and "disk is full" in answer.err, answer
        assert str(tmp_path / ".backup.tar.making") in answer.err, "which disk it is"
        assert sorted(tmp_path.iterdir()) == before
    assert filed("backup", tmp_path / "backup.tar").status == 0


@contextmanager
def failing(name: str) -> Iterator[None]:
    """SQLite refuses whatever it is asked first, with one of its own errors."""

    def refuse(connection: Any, **_: Any) -> None:
        error = sqlite3.OperationalError("unable to open database file")
        error.sqlite_errorname = name
        raise error

    connection_created.connect(refuse)
    try:
        yield
    finally:
        connection_created.disconnect(refuse)


@pytest.mark.parametrize("name", ["SQLITE_CANTOPEN", "SQLITE_IOERR_SHMMAP", "SQLITE_FULL"])
def test_a_store_that_cannot_be_opened_for_the_disk_is_not_said_to_be_missing(filed: Lodeline, name: str) -> None:
    with failing(name):
        answer = filed("verify")
    assert answer.status == 2 and filed.database in answer.said and "room" in answer.said
    assert "lodeline init" not in answer.said


def test_files_for_analysis_on_a_full_disk_are_named(filed: Lodeline, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("lodeline.store.column_files.os.fsync", full)
        answer = filed("balance")
    assert answer.status == 2 and "disk is full" in answer.said and os.environ["LODELINE_SNAPSHOTS"] in answer.said
    assert filed("balance").status == 0


def test_each_trouble_has_words_and_a_fault_of_ours_has_none() -> None:
    def of_sqlite(name: str) -> sqlite3.Error:
        error = sqlite3.OperationalError("…")
        error.sqlite_errorname = name
        return error

    for error, word in (
        (of_sqlite("SQLITE_FULL"), "full"),
        (of_sqlite("SQLITE_READONLY_DIRECTORY"), "read-only"),
        (of_sqlite("SQLITE_IOERR_WRITE"), "disk"),
        (of_sqlite("SQLITE_CORRUPT"), "backup"),
        (of_sqlite("SQLITE_CANTOPEN"), "room"),
        (psycopg.errors.DiskFull(), "full"),
        (psycopg.errors.AdminShutdown(), "went away"),
        (psycopg.OperationalError("the connection is lost"), "went away"),
        (psycopg.errors.ReadOnlySqlTransaction(), "read-only"),
        (OSError(errno.EROFS, "…", "here"), "here: The place is read-only"),
        (FileNotFoundError(errno.ENOENT, "No such file", "here"), "here: No such file"),
    ):
        wrapped = RuntimeError()
        wrapped.__cause__ = error
        for one in (error, wrapped):
            said = trouble(one)
            assert said is not None and word in said[0]
    for ours in (KeyError("x"), of_sqlite("SQLITE_CONSTRAINT"), psycopg.errors.UniqueViolation(), sqlite3.Error("x")):
        assert trouble(ours) is None
