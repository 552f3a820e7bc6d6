"""Scenarios on the ledger of a small world: run, set side by side, and asked how long plants last."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests import worlds
from tests.based import unbased
from tests.cli.program import Lodeline

from lodeline.errors import UserError
from lodeline.regulation.parameter import Jurisdiction, load
from lodeline.service.strategy.runs import compare, run_scenario, survive
from lodeline.store.opening import open_store
from lodeline.store.snapshot import Snapshot
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.strategy.inputs.tables import EMPTY, Inputs, Table, schema

pytestmark = pytest.mark.medium
_DRAWS = 8


def _table(name: Table, rows: list[dict[str, Any]]) -> pl.DataFrame:
    types = dict(schema(name))
    return pl.DataFrame([{column: row.get(column) for column in types} for row in rows], schema=types)


def _inputs() -> Inputs:
    starts = date(2025, 4, 1)
    names = ("all", "general", "nothing")
    scenarios = [
        {"scenario": name, "name_en": name, "name_zh": name, "base_from": "2025-01", "base_to": "2025-03",
         "starts": starts, "horizon_days": 150, "draws": _DRAWS}
        for name in names
    ]  # fmt: skip
    licence = {"kind": "licence", "id": "licence", "from": starts, "class": "magnet-ndfeb", "delay_working_days": 45.0,
               "low": 30.0, "high": 90.0, "approval_pct": 60.0}  # fmt: skip
    instruments = [
        {"scenario": "all", **licence}, {"scenario": "general", **licence},
        {"scenario": "general", "kind": "loosen", "id": "general", "from": date(2025, 5, 1)},
        {"scenario": "nothing", "kind": "ban", "id": "ban", "from": starts, "to_country": "AQ"},
    ]  # fmt: skip
    return EMPTY.having("scenarios", _table("scenarios", scenarios), "a" * 64).having(
        "instruments", _table("instruments", instruments), "b" * 64
    )


@pytest.fixture(scope="module")
def program(run_room: Path, tmp_path_factory: pytest.TempPathFactory) -> Lodeline:
    return Lodeline(database=worlds.small(run_room).copied_to(tmp_path_factory.mktemp("runs") / "s.sqlite3"))


@pytest.fixture(scope="module")
def snapshot(program: Lodeline) -> Snapshot:
    return open_snapshot(open_store(program.database))


@pytest.fixture(scope="module")
def law() -> Jurisdiction:
    return load("cn")


def test_a_scenario_is_run_on_the_ledger_and_says_what_it_rests_on(snapshot: Snapshot, law: Jurisdiction) -> None:
    first, second = (run_scenario(snapshot, law, _inputs(), "all") for _ in range(2))
    assert json.dumps(first) == json.dumps(second)
    assert unbased(first) == []
    assert first["stamp"]["entry"] == snapshot.entry
    assert first["digests"]["scenarios"] == "a" * 64
    assert first["scope"]["edges"] > 0
    assert first["plants"][0]["stop"]["p50"] is not None
    days = [one["stop"]["p50"] for one in first["plants"] if one["stop"]["p50"] is not None]
    assert days == sorted(days)


def test_loosening_is_never_worse_and_it_is_said_that_this_was_looked_at(snapshot: Snapshot, law: Jurisdiction) -> None:
    found = compare(snapshot, law, _inputs(), "all", "general")
    assert unbased(found) == []
    assert found["verdict"]["relation"] == "loosens"
    assert found["verdict"]["never_worse"]
    assert found["verdict"]["avoided_kg"]["p50"] > 0
    assert found["verdict"]["worse_most_pct"] <= 0.1
    assert f"none of {_DRAWS} draws" in found["verdict"]["en"]
    other = compare(snapshot, law, _inputs(), "general", "all")
    assert other["verdict"]["relation"] == "tightens"
    assert other["verdict"]["avoided_kg"] == found["verdict"]["avoided_kg"]
    assert compare(snapshot, law, _inputs(), "all", "nothing")["verdict"]["relation"] == "differs"


def test_plants_that_last_shortest_against_what_they_wait_for_come_first(snapshot: Snapshot, law: Jurisdiction) -> None:
    found = survive(snapshot, law, _inputs(), "all")
    assert unbased(found) == []
    gaps = [one["gap_days"] for one in found["plants"] if one["gap_days"] is not None]
    assert gaps == sorted(gaps)
    one = found["plants"][0]
    assert one["gap_days"] == pytest.approx(one["tts_days"]["p50"] - one["ttr_days"]["central"], abs=0.1)


def test_nothing_in_scope_is_said_and_answers_zero(snapshot: Snapshot, law: Jurisdiction) -> None:
    found = run_scenario(snapshot, law, _inputs(), "nothing")
    assert "no-edge-in-scope" in [one["code"] for one in found["notes"]]
    assert found["totals"]["lost_kg"]["p90"] == 0


def test_a_scenario_that_there_is_not_is_named_with_those_that_are(snapshot: Snapshot, law: Jurisdiction) -> None:
    with pytest.raises(UserError, match="all, general, nothing"):
        run_scenario(snapshot, law, _inputs(), "dy")
    with pytest.raises(UserError, match="draws"):
        run_scenario(snapshot, law, _inputs(), "all", draws=1_000_000)


def test_before_a_scenario_is_filed_a_command_says_what_to_file(program: Lodeline) -> None:
    for words in (["run", "dy"], ["survive", "dy"], ["compare", "dy", "dz"]):
        told = program("strategy", *words)
        assert (told.status, told.out) == (2, "")
        assert "no scenario was filed: file scenarios.csv" in told.err


def test_commands_run_what_was_filed(program: Lodeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = []
    names: tuple[Table, Table] = ("scenarios", "instruments")
    for name in names:
        path = tmp_path / f"{name}.csv"
        _inputs().frame(name).write_csv(path)
        files.append(path)
    assert program("strategy", "file", *files).status == 0
    told = program("strategy", "run", "all", "--json")
    assert told.status == 0
    assert told.out == program("strategy", "run", "all", "--json").out
    rows = list(csv.DictReader(io.StringIO(program("strategy", "run", "all", "--csv").out)))
    assert [one["plant"] for one in rows] == [one["plant"] for one in json.loads(told.out)["plants"]]
    assert all(one["basis"] and one["source"] and one["vintage"] for one in rows)
    assert "first plant stops" in program("strategy", "run", "all").out
    assert "never worse" in program("strategy", "compare", "all", "general").out
    assert "waits for" in program("strategy", "survive", "all").out
    refused = program("strategy", "run", "all", "--draws", 1_000_000)
    assert refused.status == 2
    assert "draws" in refused.err
    monkeypatch.setattr("lodeline.strategy.run.outcome_of", _interrupted)
    stopped = program("strategy", "run", "all")
    assert (stopped.status, stopped.out) == (130, "")
    assert "Stopped" in stopped.err and "Traceback" not in stopped.err


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt
