"""Months that were not filed, and what others say happened in them."""

from __future__ import annotations

import polars as pl
import pytest
from tests.desk import LAW, ledger_lines

from lodeline.detection.detectors.missing_filing import missing_filing
from lodeline.detection.finding import Finding
from lodeline.ledger.register import Register
from lodeline.ledger.transfer import match
from lodeline.material.assay import TREO_INDEX
from lodeline.message import localized

STATUS = {"organisation": pl.String(), "period": pl.String(), "state": pl.String()}
NO_LINES = ledger_lines()


def detect(*months: str, lines: pl.DataFrame = NO_LINES) -> list[Finding]:
    """Findings over 'FIRM YYYY-MM state' and lines, in which lot 1 holds half its mass in TREO."""
    status = pl.DataFrame([month.split() for month in months], schema=STATUS, orient="row")
    assays = pl.DataFrame({"lot": [1], "element": [TREO_INDEX], "ppb": [500_000_000]}).cast({"element": pl.UInt8})
    return missing_filing(
        status=status, transfers=match(lines), lines=lines, lot_assays=assays, law=LAW, register=Register()
    )


def test_a_month_in_time_or_late_is_no_finding() -> None:
    assert detect("A 2025-06 filed", "B 2025-06 late") == []


def test_all_silent_months_of_a_firm_are_one_question_that_names_them() -> None:
    filed = [f"B 2025-{month:02d} filed" for month in range(1, 13)] + ["B 2026-01 filed"]
    missing = [f"A {month} missing" for month in ("2025-03", "2025-11", "2025-12", "2026-01")]
    found = detect(*filed, *missing)
    (one,) = found
    assert (one.first_period, one.last_period) == ("2025-03", "2026-01")
    assert [item["period"] for item in one.evidence] == ["2025-03", "2025-11", "2025-12", "2026-01"]
    assert one.evidence[1]["deadline"] == "2025-12-10T00:00:00+08:00"
    told = localized(one.explanation)
    assert "4 months were not filed by their deadlines: 2025-03, 2025-11 to 2026-01." in told["en"]
    assert "共 4 个月逾期未申报：2025-03、2025-11 至 2026-01。" in told["zh"]


def test_two_firms_that_are_silent_in_turn_are_two_questions() -> None:
    found = detect("A 2025-05 missing", "A 2025-06 filed", "B 2025-05 filed", "B 2025-06 missing")
    assert {(one.subject["organisation"], one.first_period) for one in found} == {("A", "2025-05"), ("B", "2025-06")}


def test_a_month_that_nobody_filed_is_no_month_of_the_ledger() -> None:
    assert detect("A 2024-12 filed", "A 2025-01 missing", "B 2025-01 missing", "A 2025-02 filed") == []


def test_others_who_name_the_silent_firm_are_the_evidence() -> None:
    lines = ledger_lines(
        "B S1 shipment 3 b 1 30 party=A",
        "C R1 receipt 4 c 1 10 party=A",
        "B S2 shipment 5 b 2 70 party=A",  # of a lot whose composition nobody has stated
        "B S3 shipment 6 b 1 50 party=C",  # names another
    )
    (found,) = detect("A 2025-06 missing", "B 2025-06 filed", lines=lines)
    assert (found.mass_mg, found.interval_mg, found.score) == (20_000_000, (20_000_000, None), None)
    assert found.elements == ("TREO",)
    assert "2 others (B, C) name it in transfers of 20 kg TREO" in localized(found.explanation)["en"]
    assert [(item["organisation"], item["entry"], item["event"], item["mass_kg"]) for item in found.evidence[1:]] == [
        ("B", 3, "S2", "70"),
        ("B", 1, "S1", "30"),
        ("C", 2, "R1", "10"),
    ]


def test_what_others_did_with_it_in_another_month_is_not() -> None:
    lines = ledger_lines("B S1 shipment 3 b 1 30 party=A")
    (found,) = detect("A 2025-07 missing", "B 2025-07 filed", "A 2025-06 filed", lines=lines)
    assert (found.mass_mg, found.elements) == (0, ())
    assert "Nobody else names it" in localized(found.explanation)["en"]


@pytest.mark.parametrize("day", [3, 29])
def test_the_id_does_not_depend_on_what_others_say(day: int) -> None:
    lines = ledger_lines(f"B S1 shipment {day} b 1 30 party=A")
    months = ("A 2025-06 missing", "B 2025-06 filed")
    assert detect(*months, lines=lines)[0].id == detect(*months)[0].id
