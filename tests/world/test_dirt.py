"""Natural dirt is there, looks like itself, and is all in the truth file."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from lodeline.world import build_world, write_world
from tests.world.reading import REFUSED, Dossier, Row, dry_mg, table


def test_the_truth_file_knows_the_kinds_of_dirt(year: Dossier) -> None:
    kinds = {deed["kind"] for deed in year.truth["dirt"]}
    assert kinds >= {
        "late", "typing-error-refused", "unit-slip-refused", "unit-slip-corrected", "receipt-lost",
        "receipt-found-later", "receipt-without-reference", "month-not-filed", "yield-drift", "scale-recalibrated",
        "nil-return", "waste-not-analysed",
    }  # fmt: skip


def test_late_filings_are_those_that_came_on_the_tenth_or_after(year: Dossier) -> None:
    refused = year.refused_paths()
    late, seen = set(), set()
    for entry in year.index:
        key = (entry["organisation"], entry["period"])
        if entry["path"] in refused or key in seen:
            continue
        seen.add(key)
        number = int(entry["period"][:4]) * 12 + int(entry["period"][5:])
        due = datetime.fromisoformat(f"{number // 12:04d}-{number % 12 + 1:02d}-10T00:00:00+08:00")
        if datetime.fromisoformat(entry["filed_at"]) >= due:
            late.add(key)
    assert late == {(deed["organisation"], deed["period"]) for deed in year.dirt("late")}
    assert 0.01 < len(late) / len(seen) < 0.15


def test_what_must_be_refused_is_filed_again_put_right(year: Dossier) -> None:
    for deed in year.dirt(*REFUSED):
        first = table(year.root / f"filings/{deed['organisation']}/{deed['period']}.csv")
        again = table(year.root / f"filings/{deed['organisation']}/{deed['period']}-2.csv")
        differing = [place for place, pair in enumerate(zip(first, again, strict=True)) if pair[0] != pair[1]]
        assert [place + 2 for place in differing] == [int(deed["facts"]["row"])]
        place, column = differing[0], deed["facts"]["column"]
        assert first[place][column] == deed["facts"]["filed"]
        assert again[place][column] == deed["facts"]["right"]
        assert again[place]["event"] == deed["event"]


def test_a_slip_that_must_be_accepted_is_corrected_by_a_filing_that_names_the_first(year: Dossier) -> None:
    corrections = {entry["corrects"]: entry for entry in year.index if entry["corrects"]}
    deeds = year.dirt("unit-slip-corrected")
    assert len(corrections) == len(deeds)
    for deed in deeds:
        first = f"filings/{deed['organisation']}/{deed['period']}.csv"
        column = deed["facts"]["column"]
        (wrong,) = [row for row in table(year.root / first) if row["event"] == deed["event"]]
        (right,) = table(year.root / corrections[first]["path"])
        assert Decimal(wrong[column]) == 1000 * Decimal(right[column])
        assert {k: v for k, v in right.items() if v and k != column} == {
            k: v for k, v in wrong.items() if v and k != column
        }
        assert wrong["kind"] == "receipt"


def test_a_lost_receipt_is_nowhere_and_a_found_one_comes_late(year: Dossier) -> None:
    filed = {(entry["organisation"], row["event"]): entry for entry, rows in year.filings() for row in rows}
    for deed in year.dirt("receipt-lost"):
        assert (deed["organisation"], deed["event"]) not in filed
    found = year.dirt("receipt-found-later")
    assert found
    for deed in found:
        entry = filed[deed["organisation"], deed["event"]]
        assert entry["path"] != f"filings/{deed['organisation']}/{deed['period']}.csv"
        assert not entry["corrects"]


def test_silent_firms_have_no_filing_for_the_month_and_all_others_have_one(year: Dossier) -> None:
    filed = {(entry["organisation"], entry["period"]) for entry in year.index}
    silent = {(deed["organisation"], deed["period"]) for deed in year.dirt("month-not-filed")}
    firms = {organisation for organisation, _ in filed}
    periods = {period for _, period in filed}
    assert {(firm, period) for firm in firms for period in periods} - filed == silent


def test_nil_returns_are_headers_alone(year: Dossier) -> None:
    deeds = year.dirt("nil-return")
    assert deeds
    for deed in deeds:
        path = year.root / f"filings/{deed['organisation']}/{deed['period']}.csv"
        assert len(path.read_text("utf-8").splitlines()) == 1


def test_reasons_stand_only_where_the_truth_explains_them(year: Dossier) -> None:
    explained = {
        deed["organisation"] for deed in year.dirt("receipt-lost", "month-not-filed", "unusual-mass-confirmed")
    }
    for row in year.standing():
        if row.get("reason") and row["kind"] not in ("loss", "adjustment"):
            assert row["organisation"] in explained


def test_a_recalibrated_scale_is_another_method_from_then_on(year: Dossier) -> None:
    methods = {row["id"]: row for row in table(year.root / "register/methods.csv")}
    rows = year.standing()
    for deed in year.dirt("scale-recalibrated"):
        site, to = deed["facts"]["site"], deed["facts"]["to"]
        scales = {
            row["method"].split(";")[0]
            for row in rows
            if row.get("site") == site and row["period"] == deed["period"] and row.get("method")
        }
        assert all(scale.endswith(f"-{to}") for scale in scales)
        assert all(methods[scale]["calibration"] == to for scale in scales)


def test_counts_scatter_as_the_method_says(year: Dossier) -> None:
    """Received once, counted before it moved: two weighings on one scale differ by the random error alone."""
    standing: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in sorted(year.standing(), key=lambda row: row["on"]):
        if row.get("site"):
            standing[row["site"], row["lot"]].append(row)
    ratios = [
        dry_mg(rows[1]) / dry_mg(rows[0]) - 1
        for rows in standing.values()
        if [row["kind"] for row in rows[:2]] == ["receipt", "stock"]
        and rows[0]["method"].split(";")[0] == rows[1]["method"].split(";")[0] == "PLATFORM-A"
        and dry_mg(rows[0]) > 500 * 10**6
    ]
    assert len(ratios) > 100
    spread = (sum(ratio * ratio for ratio in ratios) / len(ratios)) ** 0.5
    # 0.06 % each: 0.085 % together.
    assert spread == pytest.approx(0.00085, rel=0.15)


def test_customers_by_name_are_those_of_the_truth_and_nothing_else_changes(tmp_path: Path) -> None:
    plain, named = tmp_path / "plain", tmp_path / "named"
    for out, rate in ((plain, 0.0), (named, 0.2)):
        write_world(build_world(seed=5, organisations=30, months=3), out, named=rate)
    truth = json.loads(named.with_name("named.truth.json").read_text("utf-8"))
    deeds = {
        (one["organisation"], one["event"]): one["facts"] for one in truth["dirt"] if one["kind"] == "customer-by-name"
    }
    seen: set[tuple[str, str]] = set()
    files = sorted(path.relative_to(plain) for path in plain.rglob("filings/*/*.csv"))
    assert files == sorted(path.relative_to(named) for path in named.rglob("filings/*/*.csv"))
    for path in files:
        for before, after in zip(_rows(plain / path), _rows(named / path), strict=True):
            key = (path.parts[1], before.get("event", ""))
            if before == after:
                continue
            seen.add(key)
            changed = {name for name in before if before[name] != after[name]}
            assert changed <= {"counterparty", "counterparty_name"}
            assert (after["counterparty"], after["counterparty_name"]) == ("", deeds[key]["filed"])
            assert before["counterparty"] == deeds[key]["is"]
    assert seen == set(deeds) and len(deeds) > 5
    assert not any(one["kind"] == "customer-by-name" for one in json.loads(
        plain.with_name("plain.truth.json").read_text("utf-8"))["dirt"])  # fmt: skip


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
