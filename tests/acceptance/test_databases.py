"""Both databases are told apart by nothing but their address: making, missing, refusing, filing and asking."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from tests.cli.program import ENVELOPE, JUNE, Lodeline, write_register

pytestmark = pytest.mark.both


def test_an_empty_database_is_no_store_until_init(url: str) -> None:
    lodeline = Lodeline(database=url)
    for command in ("balance", "verify", "rebuild"):
        answer = lodeline(command)
        assert answer.status == 2 and "lodeline init" in answer.said
    first, second = lodeline("init", "--json").document, lodeline("init", "--json").document
    assert (first["new"], second["new"]) == (True, False) and first["vkey"] == second["vkey"]
    assert lodeline("verify", "--json").document["size"] == 0


def test_a_store_of_a_newer_format_is_left_alone(lodeline: Lodeline) -> None:
    newer = "UPDATE fact SET value = '99' WHERE key = 'format'"
    if lodeline.database.startswith("postgresql"):
        with psycopg.connect(lodeline.database) as connection:
            connection.execute("ALTER TABLE fact DISABLE TRIGGER USER")
            connection.execute(newer)
    else:
        with closing(sqlite3.connect(lodeline.database)) as plain, plain:
            plain.execute('DROP TRIGGER "fact_no_update"')
            plain.execute(newer)
    answer = lodeline("verify")
    assert answer.status == 2 and "update the program" in answer.said


@pytest.mark.medium
def test_a_month_is_filed_corrected_and_proved(lodeline: Lodeline, tmp_path: Path) -> None:
    assert lodeline("load", write_register(tmp_path / "dossier")).status == 0
    june, correction = tmp_path / "june.csv", tmp_path / "correction.csv"
    june.write_text(JUNE, "utf-8")
    correction.write_text(f"{JUNE.splitlines()[0]}\nS-1,void,,,,,,,,,\n", "utf-8")
    assert lodeline("check", june, *ENVELOPE).status == 0
    assert lodeline("file", june, *ENVELOPE).status == 0
    assert lodeline("file", june, *ENVELOPE, "--json").document["receipt"]["entry"] == 1
    assert [row["shipment_event"] for row in lodeline("transfers", "--json").document["rows"]] == [None, "S-1"]
    assert lodeline("file", correction, *ENVELOPE, "--corrects", june).status == 0
    assert [row["shipment_event"] for row in lodeline("transfers", "--json").document["rows"]] == [None]
    receipt = tmp_path / "receipt.json"
    receipt.write_text(lodeline("receipt", 2).out, "utf-8")
    assert lodeline("verify", "--receipt", receipt).status == 0
    assert lodeline("verify", "--checkpoint", receipt).status == 0
    assert lodeline("rebuild", "--json").document == {"ok": True, "differences": []}
