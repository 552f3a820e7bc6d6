"""Findings of a labelled world: they answer what was planted, and do not depend on how or how often it was filed."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pytest
from tests.cli.program import Lodeline

from lodeline.detection.battery import DETECTORS, explanation_of
from lodeline.detection.detector import SUBJECT, Declared
from lodeline.message import Contact, Key, Leaf, Lot, Name, Party, Site, changed, localized
from lodeline.store.opening import open_store
from lodeline.store.snapshot_opening import open_snapshot


def started(room: Path, dossier: Path) -> Lodeline:
    """A new store in which the dossier was loaded."""
    lodeline = Lodeline(database=str(room / "store.sqlite3"), snapshots=str(room / "snapshots"))
    assert lodeline("init").status == 0
    assert lodeline("load", dossier, "--json").status == 0
    return lodeline


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Lodeline, Any]:
    """A small labelled world, the program that loaded it, and the document of its findings."""
    room = tmp_path_factory.mktemp("labelled")
    world = ("world", room / "w", "--seed", 405, "--organisations", 20, "--months", 4, "--plant", "random:0.5")
    assert Lodeline(database="")(*world).status == 0
    lodeline = started(room, room / "w")
    return room / "w", lodeline, lodeline("findings", "--json").document


@pytest.mark.medium
def test_filing_everything_twice_changes_no_finding(labelled: tuple[Path, Lodeline, Any]) -> None:
    dossier, lodeline, findings = labelled
    again = lodeline("load", dossier, "--json").document
    assert findings["rows"] and (again["accepted"], again["rows"]) == (0, 0)
    assert lodeline("findings", "--json").document == findings


@pytest.mark.medium
def test_what_was_asked_after_each_part_is_what_is_asked_after_the_whole(
    labelled: tuple[Path, Lodeline, Any], tmp_path: Path
) -> None:
    dossier, _, findings = labelled
    shutil.copytree(dossier, tmp_path / "w")
    index = tmp_path / "w/filings/index.csv"
    head, *rows = index.read_text("utf-8").splitlines(keepends=True)
    index.write_text("".join([head, *rows[: len(rows) // 2]]), "utf-8")
    # What other authorities know comes after all filings in the whole; evidence names entries by their number.
    shutil.rmtree(tmp_path / "w/feeds")
    lodeline = started(tmp_path, tmp_path / "w")
    half = lodeline("findings", "--json").document
    assert half["stamp"] != findings["stamp"] and half["rows"] != findings["rows"]
    assert lodeline("load", dossier, "--json").status == 0
    assert lodeline("findings", "--json").document["rows"] == findings["rows"]


@pytest.mark.medium
def test_tonnes_instead_of_kilograms_change_no_finding(labelled: tuple[Path, Lodeline, Any], tmp_path: Path) -> None:
    dossier, _, findings = labelled
    shutil.copytree(dossier, tmp_path / "w")
    changed = [in_tonnes(path) for path in sorted((tmp_path / "w/filings").rglob("*.csv"))]
    assert sum(changed) > 50
    told = started(tmp_path, tmp_path / "w")("findings", "--json").document
    assert told["rows"] == findings["rows"] and told["stamp"]["entry"] == findings["stamp"]["entry"]


@pytest.mark.medium
def test_who_is_named_is_named_by_type_alone(labelled: tuple[Path, Lodeline, Any]) -> None:
    dossier, _, findings = labelled
    names_by_type_alone(dossier.parent / "store.sqlite3", findings)


def names_by_type_alone(store: Path, document: Any) -> None:
    """A reader's view leaves out by type: a name in any other fact, or declared as a plain one, would be shown."""
    snapshot = open_snapshot(open_store(str(store)))
    tables = snapshot.register.tables
    names = {*tables["organisations"]["id"], *tables["sites"]["id"], *snapshot.lots["name"]}
    shown = {one.name: one.shown for one in DETECTORS}

    def plain_texts(item: Mapping[str, Any], declared: Declared) -> Iterator[str]:
        for name, kind in declared.items():
            if not isinstance(kind, str):
                yield from plain_texts(item.get(name, {}), kind)
            elif kind == "plain" and name in item:
                yield from re.findall(r'"([^"]*)"', json.dumps(item[name], ensure_ascii=False))

    def without(fact: Leaf) -> Leaf:
        return Key("#") if isinstance(fact, Party | Site | Lot | Name | Contact) else fact

    rows = [*document["rows"], *document["duties"]]
    assert rows
    for row in rows:
        plains = [one for item in row["evidence"] for one in plain_texts(item, shown[row["detector"]])]
        assert not names & {*plains, *plain_texts(row["subject"], SUBJECT)}, row["detector"]
        assert row["explanation"] == localized(explanation_of(row))
        for sentence in localized([changed(one, without) for one in explanation_of(row)]).values():
            words = set(re.split(r"[ ，。、；：:,;()（）]+", sentence))
            assert not words & names, (row["detector"], sentence)


def in_tonnes(path: Path) -> bool:
    """Writes a file that has `mass_kg` anew with `mass_t`; what is no number stays what it is."""
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))
    if "mass_kg" not in rows[0]:
        return False
    place = rows[0].index("mass_kg")
    rows[0][place] = "mass_t"
    for row in rows[1:]:
        try:
            row[place] = f"{Decimal(row[place]) / 1000:f}"
        except InvalidOperation:
            continue
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    path.write_text(written.getvalue(), "utf-8")
    return True


@pytest.mark.slow
def test_the_program_alone_finds_what_was_planted(tmp_path: Path) -> None:
    world = ("world", tmp_path / "w", "--seed", 991, "--organisations", 200, "--months", 24, "--plant", "random:0.04")
    lodeline = Lodeline(database=str(tmp_path / "store.sqlite3"))
    assert lodeline(*world).status == 0
    findings = started(tmp_path, tmp_path / "w")("findings", "--json").out
    (tmp_path / "findings.json").write_text(findings, "utf-8")
    truth = tmp_path / "w.truth.json"
    said = lodeline.as_process("bench", "detection", "--match", truth, tmp_path / "findings.json")
    planted = len(json.loads(truth.read_text("utf-8"))["planted"])
    found = sum(" found" in line and " not found" not in line for line in said.out.splitlines())
    assert said.status == 0 and planted >= 10
    # A plant may be too small for anybody: half of all is what a program that works does not miss.
    assert found >= planted / 2, said.out
    names_by_type_alone(tmp_path / "store.sqlite3", json.loads(findings))
