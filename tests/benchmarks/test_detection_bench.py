"""`lodeline bench detection`: it prints every table, remembers what it tried, and matches two documents."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.program import Lodeline

from lodeline.cli.bench import ROOM
from lodeline.detection.battery import DETECTORS

pytestmark = pytest.mark.medium


@pytest.fixture
def lodeline(tmp_path: Path) -> Lodeline:
    return Lodeline(database=str(tmp_path / "store.sqlite3"))


@pytest.mark.slow
def test_a_quick_run_prints_every_detector_and_its_peers_and_the_next_goes_on(
    lodeline: Lodeline, tmp_path: Path
) -> None:
    first = lodeline.as_process("bench", "detection", "--quick", "--profile", "both", "--work", tmp_path / "work")
    assert (first.status, first.err) == (0, "")
    for detector in DETECTORS:
        assert f"| `{detector.name}` " in first.out
    for heading in (
        "Profile default: the world",
        "Profile stranger: a world",
        "share an author",
        "recall of large",
        "all detectors together in 20 site-years",
        "isolation forest",
        "ECOD",
        "3σ on MUF",
        "labels dealt out anew 500 times",
    ):
        assert heading in first.out
    answers = list((tmp_path / "work").glob("*/*.json"))
    assert len(answers) == 4 and json.loads(answers[0].read_text("utf-8"))["synthetic"] is True
    # Worlds and stores are thrown away; the answers are enough for the same tables.
    assert [one.name for one in (tmp_path / "work").iterdir()] == [answers[0].parent.name]
    again = lodeline.as_process("bench", "detection", "--quick", "--work", tmp_path / "work")
    assert again.out.count("2 of them were tried before.") == 2
    assert tables(first.out) == tables(again.out)


def test_seeds_of_tuning_are_never_those_of_a_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOM))
    bench = importlib.import_module("detection")
    for kinds in bench.SEEDS.values():
        seeds = [seed for pair in kinds.values() for text in pair for seed in bench.seeds_of(text)]
        assert len(seeds) == len(set(seeds))


def tables(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("|")]


def test_matching_says_what_was_found_and_what_answers_nothing(lodeline: Lodeline, tmp_path: Path) -> None:
    subjects: dict[str, Any] = {"organisation": "A", "organisations": ["A"], "parties": []}
    period = {"from": "2025-02", "to": "2025-03"}
    plants = [
        {"id": f"P{n}", "loophole": name, "subjects": subjects, "period": period}
        for n, name in enumerate(("ghost-stock", "skimming"))
    ]
    row = {"detector": "ghost-stock", "subject": {"organisation": "A"}, "period": period, "score": 0.999}
    truth, findings = tmp_path / "w.truth.json", tmp_path / "findings.json"
    truth.write_text(json.dumps({"planted": plants}), "utf-8")
    findings.write_text(json.dumps({"rows": [row, row | {"subject": {"organisation": "B"}}]}), "utf-8")
    said = lodeline.as_process("bench", "detection", "--match", truth, findings)
    assert said.status == 0 and "1 of 2 plants found by their own detector; 1 findings answer no plant." in said.out
    findings.write_text(json.dumps({"rows": []}), "utf-8")
    assert lodeline.as_process("bench", "detection", "--match", truth, findings).status == 1
