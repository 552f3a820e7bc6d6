"""The synthetic world in the ledger: refused is what its truth declares, and both databases give the same answers."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import World
from tests.cli.program import Lodeline
from tests.stores import new_database

pytestmark = pytest.mark.ci

REFUSED = ("typing-error-refused", "unit-slip-refused")


def declared(truth: Path) -> list[tuple[str, str]]:
    """(organisation, period) of every filing that the world says must be refused."""
    dirt = json.loads(truth.read_text("utf-8"))["dirt"]
    return sorted((one["organisation"], one["period"]) for one in dirt if one["kind"] in REFUSED)


def refused(dossier: Path, loaded: Any) -> list[tuple[str, str]]:
    """(organisation, period) of every filing that was."""
    with (dossier / "filings/index.csv").open(encoding="utf-8", newline="") as stream:
        filed = {row["path"]: (row["organisation"], row["period"]) for row in csv.DictReader(stream)}
    return sorted(filed[one["path"]] for one in loaded["refused"])


def test_a_world_loads_with_the_refusals_that_its_truth_declares(world: World) -> None:
    filings = len((world.dossier / "filings/index.csv").read_text().splitlines()) - 1
    expected = declared(world.truth)
    assert expected and refused(world.dossier, world.loaded) == expected
    assert (world.loaded["accepted"], world.loaded["repeated"]) == (filings - len(expected), 0)
    # The register is one entry, and so is each feed of another authority: two kinds in each month.
    assert (world.loaded["feeds"]["accepted"], world.loaded["feeds"]["refused"]) == (2 * 3, [])
    assert world.loaded["size"] == 1 + world.loaded["accepted"] + 2 * 3
    # Each is refused for the cell that was spoilt, and with nothing but what can be cured.
    for one in world.loaded["refused"]:
        stopping = [problem for problem in one["problems"] if problem["severity"] != "flag"]
        assert stopping and all(problem["where"]["row"] and problem["where"]["column"] for problem in stopping)


def test_a_second_load_changes_nothing(world: World, tmp_path: Path) -> None:
    again = world.lodeline.copied_to(tmp_path / "again.sqlite3")
    second = again("load", world.dossier, "--json").document
    assert (second["accepted"], second["rows"]) == (0, 0)
    assert second["repeated"] == world.loaded["accepted"]
    assert {one["path"] for one in second["refused"]} == {one["path"] for one in world.loaded["refused"]}
    assert (second["size"], second["root"]) == (world.loaded["size"], world.loaded["root"])


def test_a_world_gives_the_same_answers_on_both_databases(world: World, tmp_path: Path, postgresql: Any) -> None:
    on_sqlite = world.lodeline.copied_to(tmp_path / "s.sqlite3")
    on_postgresql = Lodeline(database=new_database(postgresql))
    assert on_postgresql("init").status == 0
    load = on_postgresql.as_process("load", world.dossier, "--json")
    assert load.status == 0 and load.document == world.loaded
    assert_same_answers(on_sqlite, on_postgresql)


@pytest.mark.slow
def test_a_larger_world_gives_the_same_answers_on_both_databases(tmp_path: Path, postgresql: Any) -> None:
    dossier = tmp_path / "w"
    programs = [Lodeline(database=str(tmp_path / "s.sqlite3")), Lodeline(database=new_database(postgresql))]
    assert programs[0]("world", dossier, "--seed", 7, "--organisations", 40, "--months", 6).status == 0
    loads = []
    for lodeline in programs:
        assert lodeline("init").status == 0
        loads.append(lodeline.as_process("load", dossier, "--json"))
    assert loads[0].status == loads[1].status == 0 and loads[0].out == loads[1].out
    assert refused(dossier, loads[0].document) == declared(tmp_path / "w.truth.json")
    assert_same_answers(*programs)


def assert_same_answers(*programs: Lodeline) -> None:
    """To every question, to the letter."""
    moved = programs[0]("transfers", "--json").document["rows"]
    magnets = [row["lot"] for row in moved if "/MAGNET-" in row["lot"]]
    questions: list[tuple[str, ...]] = [
        ("balance",), ("balance", "--element", "Dy", "--from", "2025-03"), ("flows",), ("flows", "--by", "country"),
        ("transfers",), ("transfers", "--open"), ("quota",), ("findings",), ("verify",), ("rebuild",),
        ("receipt", "50"),
    ]  # fmt: skip
    for lot in (magnets[-1], magnets[len(magnets) // 2], moved[len(moved) // 3]["lot"]):
        questions += [("trace", lot), ("trace", lot, "--forward"), ("origins", lot)]
    for words in questions:
        more = () if words[0] == "receipt" else ("--json",)
        answers = [lodeline(*words, *more) for lodeline in programs]
        assert answers[0].status == answers[1].status == 0, words
        assert answers[0].document is not None
        assert answers[0].out == answers[1].out, words
