"""Rows made into a network: who errs together, what nobody measured, and where a leak is."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.desk import Desk

from lodeline.accountancy.network import ROWS, balanced, covariance_in_parts, measured_streams
from lodeline.material.assay import TREO_INDEX
from lodeline.service.balance.national import rows_of_nation
from lodeline.service.balance.reconciling import FAMILY_RATE, Reconciled, as_json, reconcile_nation, reconcile_site
from lodeline.service.entries.subject import UnknownSubject
from lodeline.store.snapshot_opening import open_snapshot

ORE = "product=concentrate composition=TREO=60 origin_kind=mined"
NODE = {"node": "", "kind": "stage", "stage": "", "counted": True}


def streams(*ends: tuple[str, str | None, str | None, bool]) -> pl.DataFrame:
    """(name, from, to, measured)."""
    return pl.DataFrame(
        [{"stream": n, "source": a, "target": b, "kind": "in", "measured": m} for n, a, b, m in ends],
        schema={"stream": pl.String(), "source": pl.String(), "target": pl.String(), "kind": pl.String(),
                "measured": pl.Boolean()},
    )  # fmt: skip


def nodes(*names: str) -> pl.DataFrame:
    return pl.DataFrame([{**NODE, "node": name} for name in names])


def test_what_nobody_measured_is_computed_and_what_is_measured_twice_is_brought_together() -> None:
    found = balanced(
        streams=streams(("in", None, "A", True), ("between", "A", "B", False), ("out", "B", None, True)),
        nodes=nodes("A", "B"),
        mass_mg=np.array([100.0, 0, 90]),
        covariance_mg2=np.diag([9.0, 0, 16]),
        stated_mg=np.zeros(2),
    )
    assert found.reason is None and found.freedom == 1 and found.global_test == pytest.approx(100 / 25)
    rows = {row["stream"]: row for row in found.streams.iter_rows(named=True)}
    assert [rows[name]["reconciled_mg"] for name in ("in", "between", "out")] == pytest.approx([96.4] * 3)
    assert rows["between"]["measured_mg"] is None and not rows["between"]["redundant"]
    # With nothing measured between them, a leak at A and one at B are one suspicion.
    (suspect, *_) = found.suspects
    assert {("leak", "A"), ("leak", "B")} <= set(suspect.alike) and suspect.mass_mg == pytest.approx(10)
    assert found.nodes["imbalance_mg"].to_list() == [None, None]


def test_a_statement_is_no_measurement_and_what_is_exact_is_not_corrected() -> None:
    found = balanced(
        streams=streams(("in", None, "A", True), ("given", None, "A", True), ("out", "A", None, True)),
        nodes=nodes("A"),
        mass_mg=np.array([100.0, 7, 120]),
        covariance_mg2=np.diag([1.0, 0, 1]),
        stated_mg=np.array([13.0]),
    )
    assert found.streams["adjustment_mg"].to_list() == pytest.approx([0, 0, 0])
    assert found.nodes["imbalance_mg"].to_list() == pytest.approx([0])


def test_where_nothing_flows_there_is_no_leak_of_megatonnes() -> None:
    """An element that never gets beyond its first stages: rounding alone leads from the others to a check."""
    empty = [f"empty {n}" for n in range(10)]
    chain = [f"stage {n}" for n in range(10)]
    ends = [None, *chain, None]
    flows = [(f"flow {n}", ends[n], ends[n + 1], True) for n in range(11)]
    stocks = [(f"stock {n}", f"stage {n}", None, False) for n in range(0, 10, 2)]
    random = np.random.default_rng(2)
    sigma = np.concatenate([10 ** random.uniform(7, 9.5, 11), np.zeros(5)])
    found = balanced(
        streams=streams(*flows, *stocks),
        nodes=nodes(*empty, *chain),
        mass_mg=np.concatenate([random.uniform(1e11, 1.01e11, 11), np.zeros(5)]),
        # What shares a scale or a laboratory errs together.
        covariance_mg2=np.diag(sigma**2) + 0.3 * np.outer(sigma, sigma),
        stated_mg=np.zeros(20),
    )
    named = {place for one in found.suspects for _, place in one.alike} | {place for _, place in found.untold}
    assert not named & set(empty)
    assert all(abs(one.mass_mg) < 1e12 for one in found.suspects)


def test_what_measurements_cannot_tell_is_named_without_a_mass() -> None:
    """A's stock was not counted, so a leak there changes no check; what passes B is less than its uncertainty."""
    found = balanced(
        streams=streams(("in", None, "A", True), ("stock", "A", None, False), ("small in", None, "B", True),
                        ("small out", "B", None, True), ("sure in", None, "C", True), ("sure out", "C", None, True)),
        nodes=nodes("A", "B", "C"),
        mass_mg=np.array([100.0, 0, 5, 1, 100, 90]),
        covariance_mg2=np.diag([1.0, 0, 9, 9, 1, 1]),
        stated_mg=np.zeros(3),
    )  # fmt: skip
    assert {("leak", "A"), ("bias", "in"), ("leak", "B"), ("bias", "small in")} <= set(found.untold)
    assert ("bias", "stock") not in found.untold, "nobody measured it"
    told = {one for suspect in found.suspects for one in suspect.alike}
    assert ("leak", "C") in told and not told & set(found.untold)
    # What cannot be told is not compared: one class is left, so its probability is that of one.
    assert found.suspects[0].z == pytest.approx(10 / 2**0.5)


@pytest.fixture
def desk(sqlite_url: str) -> Desk:
    """A mines and counts, ships to B what B says was less; B counts at the end of June and August."""
    desk = Desk(sqlite_url)
    desk.firms("A", "B")
    desk.rows("A", "2025-06", f"O1 origin 2 a L1 1000 {ORE}", "S1 shipment 10 a L1 400 counterparty=B",
              "C1 stock 30 a L1 600")  # fmt: skip
    desk.rows("B", "2025-06", "R1 receipt 12 b A/L1 360 counterparty=A reference=S1", "C1 stock 30 b A/L1 360")
    desk.rows("A", "2025-07", "S2 shipment 10 a L1 100 counterparty=B", "C2 stock 31 a L1 500")
    desk.rows("B", "2025-07", "R2 receipt 12 b A/L1 100 counterparty=A reference=S2")
    desk.rows("A", "2025-08", "C3 stock 31 a L1 500")
    desk.rows("B", "2025-08", "C3 stock 31 b A/L1 410")
    return desk


def node(found: Reconciled, name: str) -> dict[str, Any]:
    return next(row for row in found.nodes.iter_rows(named=True) if row["node"] == name)


def test_a_delivery_that_shrinks_is_suspected_between_the_two(desk: Desk) -> None:
    found = reconcile_nation(open_snapshot(desk.store), first="2025-06", last="2025-06")
    legs = [name for name in found.nodes["node"] if " > " in name]
    assert len(legs) == 1 and node(found, legs[0])["imbalance_mg"] == pytest.approx(40 * 0.6 * 1e6)
    (suspect, *_) = found.suspects
    assert suspect.p <= FAMILY_RATE and ("leak", legs[0]) in suspect.alike
    assert suspect.mass_mg == pytest.approx(24e6, rel=0.05)


def test_months_between_two_counts_cannot_be_told_apart(desk: Desk) -> None:
    found = reconcile_site(open_snapshot(desk.store), "b")
    assert found.nodes["node"].to_list() == ["2025-06", "2025-07", "2025-08"]
    carried = found.streams.filter(pl.col("stream") == "stock 2025-07-31").row(0, named=True)
    assert carried["measured_mg"] is None and carried["reconciled_mg"] is not None
    leak = next(one for one in found.suspects if one.kind == "leak")
    assert {("leak", "2025-07"), ("leak", "2025-08")} <= set(leak.alike)
    assert leak.mass_mg == pytest.approx(50 * 0.6 * 1e6, rel=0.05)


def test_what_each_scale_and_laboratory_errs_adds_up(desk: Desk) -> None:
    snapshot = open_snapshot(desk.store)
    area = pl.col("site").cast(pl.String).replace_strict({"a": 0, "b": 1}, return_dtype=pl.UInt32)
    rows = rows_of_nation(snapshot, TREO_INDEX).with_columns(area=area, stream=pl.int_range(pl.len()) % 3)
    methods = snapshot.register.tables["methods"]
    among: dict[str, Any] = {"element": TREO_INDEX, "methods": methods}
    found = covariance_in_parts(rows, streams=3, **among)
    _, at_once = measured_streams(
        rows.select(pl.col(name).cast(kind) for name, kind in ROWS.items()), streams=3, **among,
        movements=snapshot.accountancy_movements.with_columns(area=area),
        counts=snapshot.counts.with_columns(area=area),
        lot_assays=snapshot.lot_assays, site_assays=snapshot.site_assays,
    )  # fmt: skip
    assert found == pytest.approx(at_once) and np.diag(found).all()


def test_the_answer_is_plain_json_with_its_reason_in_both_languages(desk: Desk) -> None:
    snapshot = open_snapshot(desk.store)
    told = as_json(reconcile_nation(snapshot, element="Nd"))
    assert told["reason"] and set(told["explanation"]) == {"en", "zh"}
    whole = as_json(reconcile_site(snapshot, "a"))
    assert {"subject", "element", "period", "global_test", "suspects", "nodes", "streams"} <= set(whole)
    assert {name for row in whole["streams"] for name in row} >= {"measured_kg", "reconciled_kg", "adjustment_kg"}
    with pytest.raises(UnknownSubject):
        reconcile_site(snapshot, "nowhere")
    with pytest.raises(UnknownSubject):
        reconcile_nation(snapshot, element="Xx")
