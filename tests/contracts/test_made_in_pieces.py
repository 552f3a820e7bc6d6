"""Every answer of the nation that is made part by part, or of files in pieces, is the one that is made at once.

A synthetic world in which lots go by bare ids and loopholes are planted.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.desk import LAW

from lodeline import mapped
from lodeline.accountancy import balance
from lodeline.detection.battery import run_detectors
from lodeline.engine.running import Here
from lodeline.ledger import transfer
from lodeline.material.element import SYMBOLS
from lodeline.service.balance.book import balances, book, prepare_book, shared_errors
from lodeline.service.balance.reconciling import as_json, reconcile_nation
from lodeline.service.balance.sites import judged
from lodeline.service.filing.loading import load
from lodeline.service.findings.finding import SnapshotView
from lodeline.service.lots.lots import catalogue, composition
from lodeline.service.overview import overview
from lodeline.service.overview.by_engine import prepare
from lodeline.service.overview.flow_cube import flow_cube
from lodeline.store import column_files
from lodeline.store import snapshot as snapshot_of_store
from lodeline.store.opening import create
from lodeline.store.snapshot import Snapshot
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store
from lodeline.world import asked_plants, build_world, write_world

pytestmark = pytest.mark.medium


def answers(store: Store, snapshot: Snapshot) -> Iterator[tuple[str, Any]]:
    """What pages and commands ask of the nation, in a form that can be compared."""
    found = run_detectors(SnapshotView(store=store, snapshot=snapshot, law=LAW))
    yield "findings", [one.as_json() for one in found]
    yield "balances", judged(balances(store, snapshot, LAW), found)
    yield "shared errors", shared_errors(store, snapshot, LAW)
    yield "elements", overview.elements(snapshot)
    yield "reconciled", str(as_json(reconcile_nation(snapshot, element="Nd")))
    yield "flows", flow_cube(snapshot)
    yield "lots", catalogue(snapshot)
    yield "chain", overview.chain(snapshot, LAW)
    yield "crossings", overview.crossings(snapshot, LAW)


def compare(store: Store, found: Snapshot, wanted: list[tuple[str, Any]], how: str) -> None:
    for (name, one), (_, other) in zip(answers(store, found), wanted, strict=True):
        same = one.equals(other) if isinstance(one, pl.DataFrame) else one == other
        assert same, f"{name} {how}"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    room: Path = tmp_path_factory.mktemp("pieces")
    made = build_world(seed=2_473, organisations=24, months=4, habits="stranger")
    write_world(made, room / "w", plants=asked_plants(made, "random:0.6"), feeds=True)
    return room / "w"


def test_parts_and_pieces_make_the_answers_that_the_whole_makes(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, _ = create(str(tmp_path / "store.sqlite3"), secret="a test has no secrets")
    load(store, world, law=LAW, own_process=False)
    whole = open_snapshot(store)
    wanted = list(answers(store, whole))
    by_engine = open_snapshot(store)
    prepare(by_engine, Here(processors=2))
    prepare_book(store, by_engine, LAW, Here(processors=2))
    compare(store, by_engine, wanted, "by an engine")
    # Sites after sites, and files in pieces, as where a ledger is large.
    for module, name in (
        (balance, "AT_ONCE"), (column_files, "SEGMENT_ROWS"), (column_files, "READ_ROWS"), (column_files, "PIECE_ROWS"),
        (snapshot_of_store, "AT_ONCE"), (transfer, "PAIRED_AT_ONCE"),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, 300)
    monkeypatch.setattr(mapped, "CELLS", 1_000)
    monkeypatch.setenv("LODELINE_SNAPSHOTS", str(tmp_path / "pieces"))
    compare(store, open_snapshot(store), wanted, "in pieces")
    parts_of_pages(store, whole)


def parts_of_pages(store: Store, snapshot: Snapshot) -> None:
    """What pages of a lot and of a site are shown is what stands in the frames of the nation."""
    index = snapshot.flow_index()
    products = dict(snapshot.lot_facts.select("lot", "product").iter_rows())
    stated = snapshot.lot_assays.filter(pl.col("ppb") > 0).partition_by("lot", as_dict=True)
    for number, name in snapshot.lots.select("lot", "name").iter_rows():
        place = index.find(name)
        assert place == number - 1 == index.lot_called(name) and index.lot_product[place] == products.get(number)
        shares = {} if (number,) not in stated else dict(stated[number,].select("element", "ppb").iter_rows())
        assert composition(index, place) == {SYMBOLS[element]: ppb for element, ppb in shares.items()}
    assert index.lot_called("NOBODY/1") is None
    whole = book(store, snapshot, LAW)
    for site in snapshot.balanced["site"].drop_nulls().unique().sort().gather_every(3):
        own = balance.balance(
            **whole.rows_of(pl.Series([site])), methods=whole.methods, sites=[site], elements=whole.elements
        )
        # Sums in another order.
        assert_frame_equal(own, whole.balances.filter(site=site), rel_tol=1e-12)
