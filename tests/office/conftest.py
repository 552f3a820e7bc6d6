"""An office over a small register: two firms with a site each, on either database, and people who act."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import override_settings
from tests.conftest import new_database
from tests.contracts.conftest import copy_postgresql
from tests.office.register import REGISTER

from lodeline.office.actor import Actor, Standing
from lodeline.office.opening import prepare
from lodeline.service.records import put_records
from lodeline.store.opening import create, open_store
from lodeline.store.store import Store

NOW = datetime(2026, 2, 5, 1, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def made_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store that every test gets a copy of, in one file."""
    path = tmp_path_factory.mktemp("office") / "store.sqlite3"
    _make(str(path))
    return path


@pytest.fixture(scope="session")
def made_postgresql(postgresql: Any) -> tuple[Any, str]:
    """The server, and the name of a database on it that holds the same."""
    address = new_database(postgresql)
    _make(address)
    return postgresql, urlsplit(address).path.lstrip("/")


def _make(url: str) -> None:
    made, _ = create(url)
    put_records(made, REGISTER, filed_at=NOW)
    prepare(url)
    if made.database.is_sqlite:
        made.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    made.database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store with the register of `register.py` and the office's tables; the office looks at it."""
    if request.param == "sqlite":
        url = str(shutil.copy(request.getfixturevalue("made_sqlite"), tmp_path / "store.sqlite3"))
    else:
        url = copy_postgresql(request.getfixturevalue("made_postgresql"))
    made = open_store(url)
    with override_settings(LODELINE_DATABASE=url):
        yield made
    made.database.close()


def official(*roles: str) -> Actor:
    """Somebody of the authority."""
    return Actor(
        user=0, name="Official", pseudonym="official",
        standings=tuple(Standing(organisation="", role=role) for role in roles),
    )  # fmt: skip


def of_firm(organisation: str, *roles: str) -> Actor:
    """Somebody of a firm."""
    return Actor(
        user=0, name="Person", pseudonym="person",
        standings=tuple(Standing(organisation=organisation, role=role) for role in roles),
    )  # fmt: skip
