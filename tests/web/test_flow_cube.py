"""The table of flows says what the rows of the ledger say."""

from __future__ import annotations

from collections import Counter
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from lodeline.ledger.movement import is_making
from lodeline.material.element import SYMBOLS
from lodeline.material.mass import share_mg
from lodeline.service.overview.flow_cube import FLOW, flow_cube
from lodeline.store.snapshot import Snapshot
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store
from lodeline.store.values import packed, unpacked


@pytest.fixture(scope="module")
def snapshot(store: Store) -> Snapshot:
    return open_snapshot(store)


def told_by_rows(snapshot: Snapshot) -> Counter[tuple[Any, ...]]:
    """Milligrams by the columns of `FLOW` and the element, one row of the ledger after the other."""
    shares: dict[int, list[tuple[int, int]]] = {}
    for lot, element, ppb in snapshot.lot_assays.iter_rows():
        shares.setdefault(lot, []).append((element, ppb))
    products = dict(snapshot.lot_facts.select("lot", "product").iter_rows())
    assayed = dict(snapshot.known_facts.select("lot", "assayed").iter_rows())
    rows = snapshot.lines_with("licence", "end_use", "model").to_dicts()
    arrived: dict[tuple[str, str, int], str] = {}
    made: dict[int, tuple[str, str | None]] = {}
    for row in rows:
        if row["kind"] == "receipt":
            arrived.setdefault((row["party"], row["organisation"], row["lot"]), row["site"])
        if is_making(row["kind"], row["role"]):
            made.setdefault(row["lot"], (row["site"], row["origin_kind"]))
    found: Counter[tuple[Any, ...]] = Counter()
    for row in rows:
        if row["kind"] not in ("origin", "export", "loss") and (row["kind"] != "shipment" or row["to_site"]):
            continue
        key = (
            f"{row['on']:%Y-%m}", row["kind"], row["site"], row["organisation"], row["origin_kind"],
            row["origin_place"], products[row["lot"]] or row["product"], row["party"],
            arrived.get((row["organisation"], row["party"], row["lot"])),
            row["destination"] or row["counterparty_country"],
            *(row[name] if row["kind"] == "export" else None for name in ("licence", "end_use", "model")),
            *made.get(row["lot"], (None, None)), assayed[row["lot"]],
        )  # fmt: skip
        found[*key, "dry_mg"] += row["dry_mg"]
        for element, ppb in shares.get(row["lot"], ()):
            found[*key, SYMBOLS[element]] += share_mg(row["dry_mg"], ppb)
    return +found


def test_every_sum_is_that_of_the_rows(snapshot: Snapshot) -> None:
    flows = flow_cube(snapshot)
    assert flows.columns == [*FLOW, "dry_mg", *SYMBOLS]
    long = flows.unpivot(["dry_mg", *SYMBOLS], index=list(FLOW), variable_name="element", value_name="mass_mg")
    told = {tuple(key): mass_mg for *key, mass_mg in long.filter(pl.col("mass_mg") > 0).iter_rows()}
    assert told == told_by_rows(snapshot)
    assert flows.select(list(FLOW)).is_unique().all()


def test_it_is_made_once_and_can_be_published(snapshot: Snapshot) -> None:
    assert flow_cube(snapshot) is flow_cube(snapshot)
    stated, frames = packed(flow_cube(snapshot))
    assert_frame_equal(unpacked(stated, frames.__getitem__), flow_cube(snapshot))
