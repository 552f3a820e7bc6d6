"""In a world with plants, looked at month by month, no two findings share an id, and a finding keeps its own."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.findings import finding_in, findings_in

from labelled.plan import plants_for
from labelled.quick import quick_sight
from lodeline.detection.battery import run_detectors
from lodeline.detection.identity import finding_id, nearest, same_matter
from lodeline.regulation.parameter import load
from lodeline.world import build_world, write_world

pytestmark = pytest.mark.ci

#: Of findings that are met again, so many have another id at most: a late receipt may move the first month of a window
#: of the balance, and their cases follow them (`identity.nearest`). In two worlds of 60 firms it was 1 of 100.
MOVED = 0.05


def test_a_finding_keeps_its_id_while_months_are_filed(tmp_path: Path) -> None:
    world = build_world(seed=47, organisations=30, months=8, habits="stranger")
    written = tmp_path / "world"
    write_world(world, written, plants=plants_for(world, tmp_path), feeds=True)
    law = load("cn")
    looks: list[list[dict[str, Any]]] = []
    for months in (8, 7, 6):
        for filing in (written / "filings").rglob("*.csv"):
            if filing.stem > f"2025-{months:02d}":
                filing.unlink()
        room = tmp_path / str(months)
        room.mkdir()
        rows = [one.as_json() for one in run_detectors(quick_sight(written, room, law))]
        assert [one for one, count in Counter(row["id"] for row in rows).items() if count > 1] == []
        assert all(row["id"] == finding_id(row["detector"], row["subject"], row["since"]) for row in rows)
        looks.insert(0, rows)
    kept = moved = 0
    for rows, following in pairwise(looks):
        ids = {row["id"] for row in following}
        for row in rows:
            kept += row["id"] in ids
            moved += row["id"] not in ids and _met(row, following)
    assert kept > 50
    assert moved <= MOVED * (kept + moved)


def _met(row: dict[str, Any], following: list[dict[str, Any]]) -> bool:
    before = finding_in(row)
    return nearest(before, [one for one in findings_in(following) if same_matter(before, one)]) is not None
