"""A small registered industry on each database, copied from one that is made once per session.

MINE digs and has a second site, SEP separates, TRADE trades, MAG makes magnets, ABROAD has no duty to file.
MINE and SEP hold a quota of 600 kg of oxide each for 2025, which is what 1000 kg of the usual concentrate hold.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from tests.conftest import new_database
from tests.desk import Desk, assert_sound, organisation, quota, site

from lodeline.store.store import Store, create, open_store

KINDS = ("sqlite", "postgresql")


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
    desk.store.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    desk.store.database.close()
    return path


@pytest.fixture(scope="session")
def made_postgresql(postgresql: Any) -> tuple[Any, str]:
    """The server, and the name of a database on it that holds the same store."""
    address = new_database(postgresql)
    desk = Desk(address)
    register_industry(desk)
    desk.store.database.close()
    return postgresql, urlsplit(address).path.lstrip("/")


def copy_postgresql(made: tuple[Any, str], name: str) -> str:
    """The URL of a new database that is a copy of the made one."""
    server, template = made
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")  # type: ignore[arg-type]
    return str(server.get_uri(database=name))


@pytest.fixture
def made_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a store with the register; the database kind is the parameter, else SQLite."""
    kind = getattr(request, "param", "sqlite")
    if kind == "sqlite":
        path = tmp_path / "made.sqlite3"
        shutil.copy(request.getfixturevalue("made_sqlite"), path)
        return str(path)
    return copy_postgresql(request.getfixturevalue("made_postgresql"), f"copy_{os.getpid()}_{abs(hash(tmp_path))}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Whatever stands on a made store stands on both databases in turn."""
    if "made_url" in metafunc.fixturenames:
        metafunc.parametrize("made_url", KINDS, indirect=True)


@pytest.fixture
def ledger(made_url: str) -> Iterator[Desk]:
    """A desk whose store may come to harm."""
    desk = Desk(open_store(made_url))
    yield desk
    desk.store.database.close()


@pytest.fixture
def desk(ledger: Desk) -> Iterator[Desk]:
    """A desk whose store must be sound when the test is over."""
    yield ledger
    assert_sound(ledger.store)


@pytest.fixture
def empty(url: str) -> Iterator[Store]:
    """A store on each database in which nothing has been filed."""
    store, _ = create(url)
    yield store
    store.database.close()
