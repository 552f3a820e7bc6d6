"""The bench looks at a dossier without a log: what it sees is what a ledger would hold, to the last cell."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from labelled.quick import QuickSight, quick_sight
from lodeline.regulation.parameter import load as load_law
from lodeline.service.finding import LedgerSight
from lodeline.service.loading import load
from lodeline.store.opening import create
from lodeline.store.snapshot import open_snapshot
from lodeline.world import asked_plants, build_world, write_world

LAW = load_law()


@pytest.fixture(scope="module")
def sights(tmp_path_factory: pytest.TempPathFactory) -> tuple[QuickSight, LedgerSight]:
    """A world with plants and dirt, looked at both ways."""
    room: Path = tmp_path_factory.mktemp("world")
    world = build_world(seed=431, organisations=36, months=4)
    write_world(world, room / "w", plants=asked_plants(world, "random:0.6"))
    store, _ = create(str(room / "store.sqlite3"), secret="a test has no secrets")
    load(store, room / "w", law=LAW, own_process=False)
    return quick_sight(room / "w", room, LAW), LedgerSight(store=store, snapshot=open_snapshot(store), law=LAW)


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
    ],
)
def test_both_ways_give_the_same_rows(sights: tuple[QuickSight, LedgerSight], frame: str, key: list[str]) -> None:
    quick, full = (getattr(one, frame) for one in sights)
    assert full.height > 0
    assert quick.sort(key).equals(full.sort(key))


@pytest.mark.medium
def test_files_were_refused_and_corrected_in_that_world(sights: tuple[QuickSight, LedgerSight]) -> None:
    quick, _ = sights
    originals = quick.filings.filter(pl.col("corrects").is_null())
    assert quick.filings.height > originals.height > 100
    assert originals.height < sum(1 for _ in (quick.snapshot.directory / "w/filings").rglob("*-*.csv"))
