"""Stores to run commands on: one that knows a firm, one in which it has filed, and a small synthetic world."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests import worlds
from tests.cli.program import ENVELOPE, JUNE, Lodeline, write_register
from tests.stores import new_database

#: A kind of database → the address of a place where nothing is.
PlaceOf = Callable[[str], str]


@pytest.fixture
def nowhere(tmp_path: Path) -> Lodeline:
    """The program where no store is."""
    return Lodeline(database=str(tmp_path / "store.sqlite3"))


@pytest.fixture(scope="session")
def registered(tmp_path_factory: pytest.TempPathFactory) -> Lodeline:
    """A store that holds the register and nothing else. Not to be changed."""
    room = tmp_path_factory.mktemp("registered")
    lodeline = Lodeline(database=str(room / "store.sqlite3"))
    assert lodeline("init").status == 0
    assert lodeline("load", write_register(room / "dossier")).status == 0
    return lodeline


@pytest.fixture(scope="session")
def has_filed(registered: Lodeline, tmp_path_factory: pytest.TempPathFactory) -> Lodeline:
    """The same after ACME has filed its June as entry 1. Not to be changed."""
    room = tmp_path_factory.mktemp("filed")
    lodeline = registered.copied_to(room / "store.sqlite3")
    (room / "june.csv").write_text(JUNE, "utf-8")
    assert lodeline("file", room / "june.csv", *ENVELOPE).status == 0
    return lodeline


@pytest.fixture
def lodeline(registered: Lodeline, tmp_path: Path) -> Lodeline:
    """The program with a store that knows ACME and NORTH."""
    return registered.copied_to(tmp_path / "store.sqlite3")


@pytest.fixture
def filed(has_filed: Lodeline, tmp_path: Path) -> Lodeline:
    """The program with a store in which ACME has filed its June."""
    return has_filed.copied_to(tmp_path / "store.sqlite3")


@pytest.fixture
def june(tmp_path: Path) -> Path:
    """ACME's June as a file."""
    path = tmp_path / "june.csv"
    path.write_text(JUNE, "utf-8")
    return path


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A synthetic world of 20 firms and 3 months, and the store that has taken it in. Not to be changed."""

    dossier: Path
    truth: Path
    lodeline: Lodeline
    loaded: Any


@pytest.fixture(scope="session")
def world(run_room: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The small world, written and loaded by the program itself."""
    made, room = worlds.small(run_room), tmp_path_factory.mktemp("world")
    lodeline = Lodeline(database=made.copied_to(room / "store.sqlite3"), snapshots=str(room / "snapshots"))
    loaded = json.loads(made.loaded.read_text("utf-8"))
    return World(dossier=made.dossier, truth=made.truth, lodeline=lodeline, loaded=loaded)


@pytest.fixture
def place_of(tmp_path: Path, request: pytest.FixtureRequest) -> PlaceOf:
    """A function of `sqlite` or `postgresql` that gives the address of a place where nothing is."""

    def new(kind: str) -> str:
        if kind == "postgresql":
            return new_database(request.getfixturevalue("postgresql"))
        return str(tmp_path / f"place-{len(list(tmp_path.iterdir()))}.sqlite3")

    return new
