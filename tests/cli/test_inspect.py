"""Visits by command: what was measured, who holds a bag, what a laboratory found, and what is wrong with a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.program import Answer, Lodeline
from tests.office.visited import HEAD, ORE, make

from lodeline.journal.verify import verify_receipt

pytestmark = pytest.mark.medium


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store.sqlite3"
    make(str(path))
    return path


def run(store: Path, *words: str, language: str = "en") -> Answer:
    return Lodeline(database=str(store))(*words, language=language)


def asked(store: Path, *words: str) -> tuple[int, dict[str, Any]]:
    ended = run(store, "inspect", *words, "--json")
    return ended.status, json.loads(ended.out)


def table(room: Path, name: str, *lines: str) -> str:
    path = room / name
    path.write_text("\n".join((*lines, "")), "utf-8")
    return str(path)


def test_a_visit_from_the_scale_to_the_result(store: Path, tmp_path: Path) -> None:
    where = ("--site", "mine", "--on", "2025-02-10")
    measured = table(tmp_path, "measured.csv", HEAD, ORE)
    status, found = asked(store, "enter", measured, *where)
    (paper,) = found["entries"]
    assert (status, paper["act"], paper["organisation"], paper["mass_kg"]) == (0, "measurement", "MINE", "930.6")
    assert [bag["bag"] for bag in paper["samples"]] == ["B-1", "B-2", "B-3"]
    assert verify_receipt(paper["receipt"]) == []
    again = run(store, "inspect", "enter", measured, *where)
    assert again.status == 0 and "stood already" in again.out
    handed = table(tmp_path, "handed.csv", "bag,from,to,at,seal_intact", "B-1,authority,Laboratory,2025-02-11,no")
    assert asked(store, "custody", handed)[1]["problems"][0]["code"] == "inspection.seal-broken"
    listed = table(tmp_path, "list.csv", "bag,method,analysed_on,Nd_pct,Dy_ppm", "B-1,ICP,2025-02-14,19.8,101")
    status, found = asked(store, "results", listed, "--laboratory", "Laboratory")
    assert (status, found["entries"][0]["rows"][0]["shares"]) == (0, {"Nd": "19.8", "Dy": "0.0101"})
    status, visit = asked(store, "show", str(paper["entry"]))
    (bag,) = [one for one in visit["bags"] if one["bag"] == "B-1"]
    assert (bag["holder"], bag["broken"], bag["chain"][0]["from"]) == ("Laboratory", True, "authority")
    assert [one["act"] for one in visit["papers"]] == ["measurement", "custody", "result"]
    assert len(asked(store, "list", "--site", "mine")[1]["rows"]) == 3
    for language, word in (("en", "held by"), ("zh", "现持有人")):
        shown = run(store, "inspect", "show", str(paper["entry"]), language=language)
        assert shown.status == 0 and word in shown.out and "B-1" in shown.out
        assert run(store, "inspect", "list", language=language).status == 0
    assert run(store, "verify").status == 0


def test_what_is_wrong_has_its_place_and_cure_in_both_languages(store: Path, tmp_path: Path) -> None:
    file = table(tmp_path, "list.csv", "bag,method,analysed_on,Nd_pct", "B-9,ICP,2025-02-14,19.8")
    for language, cure in (("en", "enter the measurement that took the sample first"), ("zh", "先登记取样的测量记录")):
        refused = run(store, "inspect", "results", file, "--laboratory", "L", language=language)
        assert refused.status == 1 and cure in refused.out and "list.csv:2:bag" in refused.out
    assert run(store, "inspect", "show", "1").status == 2
    assert run(store, "inspect", "enter", file, "--site", "nowhere", "--on", "2025-02-10").status == 2
    assert run(store, "inspect", "enter", file, "--site", "mine", "--on", "soon").status == 2
    assert run(store, "inspect", "custody", str(tmp_path / "none.csv")).status == 2
