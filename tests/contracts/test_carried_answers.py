"""Every answer of the nation that is carried from entry to entry is the one that would be computed from nothing.

A synthetic world in which lots go by bare ids and loopholes are planted; the last filings of half of its firms come
later, in random order, then corrections, voids, and what the table of `store.carrying` names besides.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tests.desk import LAW

from lodeline import mapped
from lodeline.accountancy import balance
from lodeline.filing.check import check
from lodeline.filing.table import read
from lodeline.ledger import transfer
from lodeline.ledger.register import TABLES
from lodeline.material.element import SYMBOLS
from lodeline.service.balance.reconciling import as_json, reconcile_nation
from lodeline.service.balance.site_run import run_of
from lodeline.service.balance.sites import judged
from lodeline.service.balance.year import shared_errors
from lodeline.service.entries.records import put_records
from lodeline.service.filing.loading import load
from lodeline.service.filing.posting import post
from lodeline.service.findings.finding import SnapshotView, carried
from lodeline.service.lots.lots import catalogue, composition
from lodeline.service.overview import overview
from lodeline.service.overview.flow_cube import flow_cube
from lodeline.store import column_files
from lodeline.store import snapshot as snapshot_of_store
from lodeline.store.opening import create
from lodeline.store.snapshot import Snapshot
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store
from lodeline.store.values import packed
from lodeline.world import asked_plants, build_world, write_world

pytestmark = pytest.mark.medium

LATE, NOW = "2025-04", datetime(2026, 3, 1, tzinfo=UTC)


def answers(store: Store, snapshot: Snapshot) -> Iterator[tuple[str, Any]]:
    """What pages and commands ask of the nation, in a form that can be compared."""
    found = [one.as_json() for one in carried(SnapshotView(store=store, snapshot=snapshot, law=LAW))]
    yield "findings", found
    yield "balances", judged(overview.balances(snapshot), {"rows": found}, snapshot)
    yield "shared errors", shared_errors(snapshot)
    yield "elements", overview.elements(snapshot)
    yield "reconciled", str(as_json(reconcile_nation(snapshot, element="Nd")))
    yield "flows", flow_cube(snapshot)
    yield "lots", catalogue(snapshot)
    yield "chain", overview.chain(snapshot, LAW)
    yield "crossings", overview.crossings(snapshot, LAW)


def compare(store: Store, before: Snapshot | None, step: str) -> Snapshot:
    """Catches up, and compares with what is made anew."""
    now = open_snapshot(store, before)
    for (name, found), (_, anew) in zip(answers(store, now), answers(store, open_snapshot(store)), strict=True):
        same = found.equals(anew) if isinstance(found, pl.DataFrame) else found == anew
        assert same, f"{name} after {step}"
    return now


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    room: Path = tmp_path_factory.mktemp("carried")
    made = build_world(seed=2_473, organisations=24, months=4, habits="stranger")
    write_world(made, room / "w", plants=asked_plants(made, "random:0.6"), feeds=True)
    return room / "w"


def test_answers_are_carried(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(7)
    late = sorted(path for path in world.glob(f"filings/*/{LATE}*.csv"))
    chance.shuffle(late)
    late = late[: len(late) // 2]
    first, rest = tmp_path / "first", tmp_path / "rest"
    shutil.copytree(world, first)
    for path in late:
        (first / path.relative_to(world)).unlink()
    store, _ = create(str(tmp_path / "store.sqlite3"), secret="a test has no secrets")
    load(store, first, law=LAW, own_process=False)
    now = compare(store, None, "the first filings")

    for group in (late[:1], late[1:3], late[3:]):
        shutil.rmtree(rest, ignore_errors=True)
        shutil.copytree(world / "register", rest / "register")
        for path in group:
            (rest / path.relative_to(world)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, rest / path.relative_to(world))
        load(store, rest, law=LAW, own_process=False)
        now = compare(store, now, f"the filings of {[path.parent.name for path in group]}")

    corrected = restate(store, late[0], factor=2)
    now = compare(store, now, "a correction")
    withdraw(store, late[0], corrected)
    now = compare(store, now, "a void")
    sites = store.register(store.head()).tables["sites"].head(1).with_columns(capacity_mg_per_month=pl.lit(1, pl.Int64))
    put_records(store, {"sites": sites.select(list(TABLES["sites"]))}, filed_at=NOW)
    now = compare(store, now, "a record of a site")
    # Sites after sites, and files in pieces, as where a ledger is large.
    for module, name in (
        (balance, "AT_ONCE"),
        (column_files, "SEGMENT_ROWS"),
        (column_files, "READ_ROWS"),
        (column_files, "PIECE_ROWS"),
        (snapshot_of_store, "AT_ONCE"),
        (transfer, "PAIRED_AT_ONCE"),
    ):
        monkeypatch.setattr(module, name, 300)
    monkeypatch.setattr(mapped, "CELLS", 1_000)
    monkeypatch.setenv("LODELINE_SNAPSHOTS", str(tmp_path / "pieces"))
    compare(store, now, "all was made in pieces")
    parts_of_pages(now)


def parts_of_pages(snapshot: Snapshot) -> None:
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
    tested = {}
    for site in snapshot.balanced["site"].drop_nulls().unique().sort().gather_every(3):
        asked = {"site": site, "element": "Nd", "first": "2025-01", "last": "2025-04"}
        narrow, whole = run_of(snapshot.of_sites(frozenset({site})), **asked), run_of(snapshot, **asked)
        assert packed(narrow)[0] == packed(whole)[0]
        for one, other in zip(packed(narrow)[1], packed(whole)[1], strict=True):
            assert_frame_equal(one, other, rel_tol=1e-12)  # sums in another order
        tested[site] = whole.reason
    assert None in tested.values()


def restate(store: Store, path: Path, *, factor: int) -> int:
    """Corrects a filing: the masses of its first events are others. Returns the entry."""
    rows = pl.read_csv(path, infer_schema=False)
    first = rows["event"].unique(maintain_order=True).head(3).implode()
    some = rows.filter(pl.col("event").is_in(first)).with_columns(
        (pl.col("mass_kg").cast(pl.Float64) * factor).cast(pl.String), reason=pl.lit("weighed again")
    )
    return filed(store, path, some)


def withdraw(store: Store, path: Path, corrects: int) -> int:
    """Takes back the first of these events."""
    events = pl.read_csv(path, infer_schema=False)["event"].unique(maintain_order=True).head(1)
    return filed(store, path, pl.DataFrame({"event": events, "kind": ["void"]}), corrects=corrects)


def filed(store: Store, path: Path, rows: pl.DataFrame, corrects: int | None = None) -> int:
    organisation = path.parent.name
    entry = corrects if corrects is not None else newest_entry(store, organisation)
    file = path.with_name("again.csv")
    rows.write_csv(file)
    register = store.register(store.head())
    checked = check(read([file]), organisation=organisation, period=LATE, register=register, correcting=True)
    outcome = post(store, checked, filed_at=NOW, law=LAW, corrects=entry)
    assert outcome.entry is not None, [problem.code for problem in outcome.problems]
    return int(outcome.entry.index)


def newest_entry(store: Store, organisation: str) -> int:
    found = store.database.rows(
        'SELECT MAX("index") FROM entry WHERE organisation = %s AND period = %s', (organisation, LATE)
    )
    return int(str(found[0][0]))
