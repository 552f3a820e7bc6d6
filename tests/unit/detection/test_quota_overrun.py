"""A grant that was passed: when, with which row, by how much; and what is not judged."""

from __future__ import annotations

from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from tests.desk import LAW, ledger_lines, organisation, quota

from lodeline.detection.detectors.quota_overrun import quota_overrun
from lodeline.detection.finding import Finding
from lodeline.ledger.drawdown import draws
from lodeline.ledger.movement import lot_facts
from lodeline.ledger.register import TABLES, Register
from lodeline.message import localized

ORE = "product=concentrate origin_kind=mined composition=TREO=600000000"
#: 60 kg of REO on each of three days; the second takes the sum to 120 kg.
MINED = (f"A O1 origin 2 a 1 100 {ORE}", f"A O2 origin 9 a 2 100 {ORE}", f"A O3 origin 20 a 3 100 {ORE}")


def detect(lines: pl.DataFrame, *grants: dict[str, object], firms: tuple[dict[str, object], ...] = ()) -> list[Finding]:
    records: dict[str, Any] = {"organisations": [organisation("A"), *firms], "quotas": list(grants)}
    tables = {name: pl.DataFrame(records.get(name, []), schema=schema) for name, schema in TABLES.items()}
    return quota_overrun(lines=lines, lot_facts=lot_facts(lines), register=Register(tables=tables), law=LAW)


def test_the_row_that_passed_the_grant_is_named() -> None:
    (found,) = detect(ledger_lines(*MINED), quota("A", "mining", 100, ore_type="rock"))
    assert found.subject == {"organisation": "A", "kind": "mining", "ore_type": "rock"}
    assert (found.period, found.score) == ({"from": "2025-01", "to": "2025-12"}, None)
    assert found.mass_mg == 80_000_000
    totals, passing, later = found.evidence
    assert totals["totals"] == {
        "granted_kg": "100", "used_kg": "180", "overrun_kg": "80", "passed_on": "2025-06-09"
    }  # fmt: skip
    assert passing == {
        "entry": 2, "movement": 2, "event": "O2", "kind": "origin", "on": "2025-06-09", "mass_kg": "60"
    }  # fmt: skip
    assert later["event"] == "O3"
    assert "100 kg REO were granted and 180 kg used: 80 kg too much" in localized(found.explanation)["en"]
    assert "超出 80 千克" in localized(found.explanation)["zh"]


def test_a_grant_used_to_the_last_milligram_is_not_passed() -> None:
    assert detect(ledger_lines(*MINED), quota("A", "mining", 180)) == []
    (found,) = detect(ledger_lines(*MINED), quota("A", "mining", 179))
    assert found.mass_mg == 1_000_000
    (found,) = detect(ledger_lines(*MINED), quota("A", "mining", 120))
    assert found.evidence[0]["totals"]["passed_on"] == "2025-06-20"


def test_who_has_no_grant_of_a_year_in_which_others_have_is_asked_from_the_first_row() -> None:
    (found,) = detect(ledger_lines(*MINED), quota("B", "mining", 500), firms=(organisation("B"),))
    assert (found.mass_mg, found.evidence[0]["totals"]["passed_on"]) == (180_000_000, "2025-06-02")


def test_a_year_or_kind_without_any_grant_is_not_judged() -> None:
    lines = ledger_lines(*MINED)
    assert detect(lines) == []
    assert detect(lines, quota("A", "mining", 1, year=2024), quota("A", "separation", 1)) == []


def test_quotas_are_of_the_jurisdiction_and_nobody_abroad_draws_on_them() -> None:
    lines = ledger_lines(*(row.replace("A ", "B ", 1) for row in MINED))
    abroad = organisation("B", country="MM")
    assert detect(lines, quota("A", "mining", 1), firms=(abroad,)) == []


def test_a_grant_without_ore_type_takes_the_draws_of_all_types_by_day() -> None:
    clay = "product=mixed-compound origin_kind=mined composition=TREO=600000000"
    lines = ledger_lines(MINED[0], f"A O2 origin 5 a 2 100 {clay}", MINED[2])
    (found,) = detect(lines, quota("A", "mining", 100))
    assert found.subject["ore_type"] == ""
    assert (found.mass_mg, found.evidence[0]["totals"]["passed_on"]) == (80_000_000, "2025-06-05")


@given(st.lists(st.tuples(st.integers(1, 28), st.integers(1, 3), st.integers(1, 10**6)), min_size=1, max_size=8))
def test_rows_add_up_to_what_the_quota_table_says(runs: list[tuple[int, int, int]]) -> None:
    rows = [f"A O{lot} origin 1 a {lot} 1000000 {ORE.replace('mined', 'imported')}" for lot in (1, 2, 3)]
    rows += [f"A R{place} transformation {day} a {lot} {kg} role=in" for place, (day, lot, kg) in enumerate(runs)]
    lines = ledger_lines(*rows)
    used_mg = draws(lines, lot_facts(lines))["reo_mg"].sum()
    (found,) = detect(lines, quota("A", "separation", 0))
    assert found.mass_mg == used_mg
    days = [item["on"] for item in found.evidence[1:]]
    assert days[0] == min(days)
