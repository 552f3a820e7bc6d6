"""One mass in a live row is changed behind the guards, on each database: `verify` says no and names the entry."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from tests.cli.program import ENVELOPE, JUNE, Lodeline, write_register

CHANGE = "UPDATE line SET mass_mg = mass_mg + 1 WHERE event = 'S-1'"


def change_sqlite(path: str, *, put_back: bool) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        guards = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in guards:
            connection.execute(f'DROP TRIGGER "{name}"')
        assert connection.execute(CHANGE).rowcount == 1
        if put_back:
            for _, sql in guards:
                connection.execute(sql)


def change_postgresql(url: str, *, put_back: bool) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("ALTER TABLE line DISABLE TRIGGER USER")
        assert connection.execute(CHANGE).rowcount == 1
        if put_back:
            connection.execute("ALTER TABLE line ENABLE TRIGGER USER")


@pytest.fixture
def change(lodeline: Lodeline) -> Callable[..., None]:
    """Changes the mass; `put_back` says whether the guards stand afterwards."""
    harm = change_postgresql if lodeline.database.startswith("postgresql") else change_sqlite

    def make(*, put_back: bool) -> None:
        harm(lodeline.database, put_back=put_back)

    return make


@pytest.mark.medium
@pytest.mark.parametrize("put_back", [True, False], ids=["guards put back", "guards left off"])
def test_verify_names_the_entry(
    lodeline: Lodeline, tmp_path: Path, change: Callable[..., None], *, put_back: bool
) -> None:
    assert lodeline("load", write_register(tmp_path / "dossier")).status == 0
    for period in ("2025-06", "2025-07"):
        month = tmp_path / f"{period}.csv"
        # Events and lots of the second month have names of their own.
        month.write_text(
            JUNE if period == "2025-06" else JUNE.replace("2025-06", period).replace("-1,", "-7,"), "utf-8"
        )
        assert lodeline("file", month, "--organisation", "ACME", "--period", period).status == 0
    assert lodeline("verify", "--json").document["faults"] == []

    change(put_back=put_back)
    answer = lodeline("verify", "--json")
    assert answer.status == 1 and answer.document["ok"] is False
    faults = [(fault["entry"], fault["what"]) for fault in answer.document["faults"]]
    # The changed row is the fifth of the first filing; the second filing is left in peace.
    assert (1, "row.changed") in faults
    assert {entry for entry, _ in faults} == ({1} if put_back else {1, None})
    assert any(what == "store.guard-missing" for _, what in faults) is not put_back
    assert "entry 1: row.changed" in lodeline("verify").out


def test_the_guards_refuse_the_change(lodeline: Lodeline, tmp_path: Path) -> None:
    assert lodeline("load", write_register(tmp_path / "dossier")).status == 0
    june = tmp_path / "june.csv"
    june.write_text(JUNE, "utf-8")
    assert lodeline("file", june, *ENVELOPE).status == 0
    if lodeline.database.startswith("postgresql"):
        with psycopg.connect(lodeline.database) as live:
            with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
                live.execute(CHANGE)
            live.rollback()
    else:
        with closing(sqlite3.connect(lodeline.database)) as connection, pytest.raises(sqlite3.Error, match="append"):
            connection.execute(CHANGE)
    assert lodeline("verify").status == 0
