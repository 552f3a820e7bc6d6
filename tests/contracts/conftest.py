"""A small registered industry on each database, copied from one that is made once per session.

MINE digs and has a second site, SEP separates, TRADE trades, MAG makes magnets, ABROAD has no duty to file.
MINE and SEP hold a quota of 600 kg of oxide each for 2025, which is what 1000 kg of the usual concentrate hold.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import transaction
from tests.desk import Desk, assert_sound, organisation, quota, site
from tests.stores import bare_store, copy_postgresql, drop, new_database, put_away

from lodeline.store.opening import open_store
from lodeline.store.store import Store

KINDS = ("sqlite", "postgresql")
_NUMBER = itertools.count()


def register_industry(desk: Desk) -> None:
    """Entry 0 of every store here."""
    firms = ["MINE", "SEP", "TRADE", "MAG"]
    desk.register(
        organisations=[
            *(organisation(firm) for firm in firms),
            organisation("ABROAD", roles="end-user", country="DE", aliases=["Abroad Magnets"]),
        ],
        sites=[*(site(firm.lower(), firm) for firm in firms), site("pit", "MINE")],
        quotas=[quota("MINE", "mining", 600), quota("SEP", "separation", 600)],
    )


@pytest.fixture(scope="session")
def made_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the register in it, in one file."""
    path = tmp_path_factory.mktemp("made") / "store.sqlite3"
    desk = Desk(str(path))
    register_industry(desk)
    put_away(desk.store)
    return path


@pytest.fixture(scope="session")
def made_postgresql(postgresql: Any) -> tuple[Any, str]:
    """The server, and the name of a database on it that holds the same store."""
    address = new_database(postgresql)
    desk = Desk(address)
    register_industry(desk)
    desk.store.database.close()
    return postgresql, urlsplit(address).path.lstrip("/")


class Backup:
    """A copy of a store as it stands, to be put back in its place later."""

    def __init__(self, desk: Desk, made: tuple[Any, str] | None, tmp_path: Path) -> None:
        self.url = desk.store.database.url
        self._made, self._kept = made, tmp_path / "kept.sqlite3"
        self._name = urlsplit(self.url).path.lstrip("/")
        if made is None:
            desk.store.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        desk.store.database.close()
        if made is None:
            shutil.copy(self.url, self._kept)
        else:
            copy_postgresql((made[0], self._name), f"{self._name}_kept")

    def restore(self, desk: Desk) -> Desk:
        """The desk of the restored store."""
        desk.store.database.close()
        if self._made is None:
            for end in ("-wal", "-shm"):
                Path(self.url + end).unlink(missing_ok=True)
            shutil.copy(self._kept, self.url)
        else:
            with psycopg.connect(self._made[0].get_uri(), autocommit=True) as connection:
                connection.execute(f"ALTER DATABASE {self._name} RENAME TO {self._name}_left")
            copy_postgresql((self._made[0], f"{self._name}_kept"), self._name)
        return Desk(open_store(self.url))


@pytest.fixture
def back_up(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Desk], Backup]:
    """Makes a backup of a desk's store."""

    def make(desk: Desk) -> Backup:
        made = None if desk.store.database.is_sqlite else request.getfixturevalue("made_postgresql")
        return Backup(desk, made, tmp_path)

    return make


@pytest.fixture(params=KINDS)
def own_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A store with the register that belongs to the test alone, on each database in turn."""
    if request.param == "sqlite":
        path = tmp_path / "own.sqlite3"
        shutil.copy(request.getfixturevalue("made_sqlite"), path)
        yield str(path)
        return
    url = copy_postgresql(request.getfixturevalue("made_postgresql"))
    yield url
    drop(url)


@pytest.fixture
def own(own_url: str) -> Iterator[Desk]:
    """A desk on a store of its own, which must be sound when the test is over."""
    desk = Desk(open_store(own_url))
    yield desk
    assert_sound(desk.store)
    desk.store.database.close()


@pytest.fixture(scope="session", params=KINDS)
def shared_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A store with the register whose changes are always taken back, on each database in turn."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("shared") / "shared.sqlite3"
        shutil.copy(request.getfixturevalue("made_sqlite"), path)
        return str(path)
    return copy_postgresql(request.getfixturevalue("made_postgresql"))


@pytest.fixture
def ledger(shared_url: str) -> Iterator[Desk]:
    """A desk whose store may come to harm: all of the test is one transaction, and is rolled back."""
    desk = Desk(open_store(shared_url))
    with desk.store.database.transaction():
        yield desk
        transaction.set_rollback(True, using=desk.store.database.alias)


@pytest.fixture
def desk(ledger: Desk) -> Iterator[Desk]:
    """The same, where the store must be sound when the test is over."""
    yield ledger
    assert_sound(ledger.store)


@pytest.fixture
def empty(url: str) -> Iterator[Store]:
    """A store on each database in which nothing has been filed."""
    store = bare_store(url)
    yield store
    store.database.close()
