"""The bench looks at a dossier without a log: what it sees is what a ledger would hold, to the last cell."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from labelled.quick import QuickSight, quick_sight
from labelled.trial import Ask, run
from lodeline.detection.battery import run_detectors
from lodeline.regulation.parameter import load as load_law
from lodeline.service.filing.loading import load
from lodeline.service.findings.finding import SnapshotView
from lodeline.store.opening import create
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.world import asked_plants, build_world, write_world

pytestmark = pytest.mark.ci

LAW = load_law("cn")


@pytest.fixture(scope="module", params=[("default", 431), ("stranger", 2441)], ids=["default", "stranger"])
def sights(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[QuickSight, SnapshotView]:
    """A world with plants and dirt, looked at both ways. In the stranger's, lots go by bare ids."""
    room: Path = tmp_path_factory.mktemp("world")
    habits, seed = request.param
    world = build_world(seed=seed, organisations=24, months=4, habits=habits)
    write_world(world, room / "w", plants=asked_plants(world, "random:0.6"), feeds=True)
    store, _ = create(str(room / "store.sqlite3"), secret="a test has no secrets")
    load(store, room / "w", law=LAW, own_process=False)
    return quick_sight(room / "w", room, LAW), SnapshotView(store=store, snapshot=open_snapshot(store), law=LAW)


@pytest.mark.medium
@pytest.mark.parametrize(
    ("frame", "key"),
    [
        ("lines", ["line"]),
        ("lots", ["lot"]),
        ("filings", ["entry"]),
        ("papers", ["line"]),
        ("status", ["organisation", "period"]),
        ("lot_facts", ["lot"]),
        ("customs", ["line"]),
        ("exceptions", ["id"]),
        ("compared", ["organisation", "kind", "month"]),
    ],
)
def test_both_ways_give_the_same_rows(sights: tuple[QuickSight, SnapshotView], frame: str, key: list[str]) -> None:
    quick, full = (getattr(one, frame) for one in sights)
    assert full.height > 0
    assert quick.sort(key).equals(full.sort(key))


@pytest.mark.medium
def test_files_were_refused_and_corrected_in_that_world(sights: tuple[QuickSight, SnapshotView]) -> None:
    quick, _ = sights
    path = quick.store.database.path
    assert path is not None
    originals = quick.filings.filter(pl.col("corrects").is_null())
    assert quick.filings.height > originals.height > 60
    assert originals.height < sum(1 for _ in (path.parent / "w/filings").rglob("*-*.csv"))


@pytest.mark.medium
def test_both_ways_give_the_same_findings(sights: tuple[QuickSight, SnapshotView]) -> None:
    quick, full = ([one.as_json() for one in run_detectors(sight)] for sight in sights)
    assert {one["detector"] for one in full} >= {"feed-mismatch"} and len(full) > 5
    assert quick == full


@pytest.mark.medium
def test_a_world_is_tried_from_its_seed_to_its_answer(tmp_path: Path) -> None:
    ask = Ask(seed=432, firms=20, months=4, clean=True, work=tmp_path, keep=False)
    assert run(ask) == ask.name
    answer = json.loads(ask.result.read_text("utf-8"))
    assert answer["synthetic"] and answer["plants"] == [] and answer["detectors"] and answer["sites"]
    assert [one.name for one in tmp_path.iterdir()] == [ask.result.parent.name], "only the answer is kept"
