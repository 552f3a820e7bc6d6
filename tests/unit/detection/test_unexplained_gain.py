"""The lower bound of a gain where nothing was counted, on sites small enough to follow by eye.

Gains between two counts are tested beside losses, in test_imbalance.
"""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any

import polars as pl
import pytest

from lodeline.accountancy.accounts import Accounts
from lodeline.accountancy.frames import COUNT_SCOPES, COUNTS, LOT_ASSAYS, MOVEMENTS, SITE_ASSAYS
from lodeline.detection.detectors.unexplained_gain import unexplained_gain
from lodeline.detection.evidence import EVIDENCE_ROWS
from lodeline.detection.finding import Finding
from lodeline.detection.imbalance import TESTED
from lodeline.ledger.label import DRAWN_AS
from lodeline.ledger.register import TABLES
from lodeline.ledger.transfer import TRANSFER
from lodeline.material.assay import TREO_INDEX

KG = 1_000_000
Move = tuple[str, str, float]


def movement(seq: int, move: Move, site: str = "s1", **more: Any) -> dict[str, Any]:
    kind, on, kg = move
    row = {"seq": seq, "organisation": f"owner of {site}", "site": site, "lot": 1, "kind": kind, "unaccounted_mg": 0}
    return {**row, "on": date.fromisoformat(f"2026-{on}"), "delta_mg": round(kg * KG), **more}


def frame(rows: list[dict[str, Any]], schema: Any) -> pl.DataFrame:
    return pl.DataFrame([{key: row.get(key) for key in schema} for row in rows], schema=dict(schema))


def detect(
    rows: list[dict[str, Any]], counted: str | None = None, treo_percent: float = 50.0, sent: Any = ()
) -> list[Finding]:
    """Findings over the rows, in which lot 1 holds half its mass in TREO."""
    named = {"entry": pl.Int64(), "event": pl.String()} if any("event" in row for row in rows) else {}
    schema = {**MOVEMENTS, **named}
    scopes = [{"organisation": f"owner of {counted}", "site": counted, "on": date(2026, 1, 31)}] if counted else []
    share = {"lot": 1, "element": TREO_INDEX, "ppb": round(treo_percent * 10_000_000)}
    frames: dict[str, Any] = {
        "movements": frame(rows, schema), "counts": frame([], COUNTS), "count_scopes": frame(scopes, COUNT_SCOPES),
        "lot_assays": frame([share], LOT_ASSAYS), "site_assays": frame([], SITE_ASSAYS),
    }  # fmt: skip
    return unexplained_gain(
        books=Accounts(
            **frames, elements=TESTED, methods=pl.DataFrame(schema=TABLES["methods"]),
            transfers=frame(list(sent), TRANSFER), names=pl.DataFrame(schema=DRAWN_AS),
        ),
        **frames,
    )  # fmt: skip


TWO_MONTHS = [
    movement(1, ("origin", "01-02", 100)),
    movement(2, ("shipment", "01-20", -80)),
    movement(3, ("receipt", "02-02", 10)),
    movement(4, ("shipment", "02-10", -30), unaccounted_mg=12 * KG),
    movement(5, ("export", "02-11", -12)),
    movement(6, ("shipment", "03-11", -8)),
]


def test_what_left_beyond_what_there_was_is_a_gain_month_by_month() -> None:
    # February: 20 left from January + 10 in − 42 out: 12 kg from nowhere, then nothing left; March: all 8 kg.
    february, march = detect(TWO_MONTHS)
    assert (february.first_period, february.mass_mg) == ("2026-02", 6 * KG)
    assert (march.first_period, march.mass_mg) == ("2026-03", 4 * KG)
    assert february.evidence[0] == {
        "totals": {"opening_kg": "10", "inflow_kg": "5", "outflow_kg": "21", "gain_kg": "6"}
    }


def test_goods_that_were_sent_explain_what_left_though_their_receipt_is_missing() -> None:
    supplied = [movement(7, ("origin", "01-02", 12), site="s2"), movement(8, ("shipment", "02-01", -12), site="s2")]
    sent = {
        "lot": 1, "shipment_line": 8, "shipper": "owner of s2", "receiver": "owner of s1", "shipped_mg": 12 * KG,
        "shipped_on": date(2026, 2, 1),
    }  # fmt: skip
    (march,) = detect([*TWO_MONTHS, *supplied], sent=[sent])
    # No more than was sent: the 8 kg of March stay.
    assert (march.first_period, march.mass_mg) == ("2026-03", 4 * KG)


def test_a_finding_is_a_lower_bound_and_says_so() -> None:
    row = detect(TWO_MONTHS)[0].as_json()
    assert list(row) == [
        "id", "detector", "subject", "period", "since", "score", "mass_kg", "interval_kg", "elements", "explanation",
        "sentences", "innocent", "ask", "evidence", "state",
    ]  # fmt: skip
    assert (row["detector"], row["score"], row["mass_kg"], row["interval_kg"]) == (
        "unexplained-gain",
        None,
        "6",
        ["6", None],
    )
    assert row["subject"] == {"organisation": "owner of s1", "site": "s1"}
    assert row["period"] == {"from": "2026-02", "to": "2026-02"}
    assert (row["elements"], row["state"]) == (["TREO"], "open")
    assert "lower bound" in row["explanation"]["en"]
    assert "下限" in row["explanation"]["zh"]
    assert all(set(text) == {"en", "zh"} for text in row["innocent"] + row["ask"])


def test_evidence_lists_the_largest_rows_first_and_names_entries_and_events() -> None:
    rows = [movement(seq, ("shipment", "01-05", -seq), event=f"E{seq}", entry=7) for seq in range(1, EVIDENCE_ROWS + 3)]
    (found,) = detect(rows)
    listed = found.evidence[1:]
    assert [item["movement"] for item in listed] == list(range(EVIDENCE_ROWS + 2, 2, -1))
    assert listed[0] == {
        "entry": 7, "movement": 12, "event": "E12", "kind": "shipment", "on": "2026-01-05", "mass_kg": "-6"
    }  # fmt: skip


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([("origin", "01-02", 10), ("shipment", "01-20", -10)], id="all that came left"),
        pytest.param([("shipment", "01-02", -10), ("receipt", "01-20", 10)], id="order within a month"),
        pytest.param([("adjustment", "01-02", 10), ("move", "01-20", -10)], id="adjusted up"),
        pytest.param(
            [("origin", "01-02", 10), ("adjustment", "01-03", -10), ("loss", "02-01", -10)], id="adjusted down"
        ),
        pytest.param([("title", "01-02", -10)], id="title moves no mass"),
    ],
)
def test_what_is_covered_by_inflow_is_no_finding(rows: list[Move]) -> None:
    assert detect([movement(seq, row) for seq, row in enumerate(rows)]) == []


def test_transformations_inside_the_site_cancel() -> None:
    rows = [
        movement(1, ("origin", "01-02", 10)),
        movement(2, ("transformation", "01-03", -10), role="in"),
        movement(3, ("transformation", "01-03", 90), role="out"),
        movement(4, ("shipment", "01-20", -12)),
    ]
    (found,) = detect(rows)
    assert found.mass_mg == 1 * KG


def test_a_site_that_counts_has_no_lower_bound_finding() -> None:
    assert detect(TWO_MONTHS, counted="s1") == []
    assert len(detect(TWO_MONTHS, counted="s2")) == 2


def test_rounding_down_of_many_receipts_is_no_gain() -> None:
    rows = [movement(seq, ("receipt", "01-02", 1e-6)) for seq in range(50)]
    assert detect([*rows, movement(50, ("shipment", "01-03", -50e-6))]) == []
    (found,) = detect([*rows, movement(50, ("shipment", "01-03", -300e-6))])
    assert found.mass_mg == 150


def test_findings_rank_by_mass_then_subject() -> None:
    rows = [
        movement(i, ("shipment", "01-05", -kg), site) for i, (site, kg) in enumerate([("b", 2), ("a", 2), ("c", 9)])
    ]
    assert [found.subject["site"] for found in detect(rows)] == ["c", "a", "b"]


def test_the_id_depends_on_subject_and_first_month_only() -> None:
    fewer = [row for row in TWO_MONTHS if row["seq"] != 5]
    assert detect(fewer)[0].mass_mg != detect(TWO_MONTHS)[0].mass_mg
    february, march = detect(TWO_MONTHS)
    ids = {found.first_period: found.id for found in detect(fewer)}
    assert ids == {"2026-03": march.id}
    named = '{"detector":"unexplained-gain","since":"2026-02","subject":{"organisation":"owner of s1","site":"s1"}}'
    assert february.id == hashlib.sha256(named.encode()).hexdigest()
