"""A detector sees from the month in which the books hold what it needs, and raises nothing of months before."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from lodeline.detection.battery import DETECTORS
from lodeline.detection.need import History, Need, count_months, sees_from

HISTORY = History(first="2026-01", counts={1: "2025-12", 2: "2026-02"}, feeds="2026-03")


@pytest.mark.parametrize(
    ("need", "month"),
    [
        (Need(), "2026-01"),
        (Need(months=5), "2026-05"),
        (Need(months=13), "2027-01"),
        (Need(counts=2), "2026-02"),
        (Need(counts=3), None),
        (Need(months=4, counts=2), "2026-04"),
        (Need(feeds=True), "2026-03"),
        (Need(visits=True), None),
    ],
)
def test_the_latest_of_what_it_needs_decides(need: Need, month: str | None) -> None:
    assert sees_from(need, HISTORY) == month


def test_who_has_filed_nothing_sees_nothing() -> None:
    assert {sees_from(one.need, History()) for one in DETECTORS} == {None}


def test_counts_are_days_of_one_site() -> None:
    rows = [("A", "a", 31, 1), ("A", "a", 31, 1), ("B", "b", 28, 2), ("B", "b", 31, 3)]
    frame = pl.DataFrame(
        [{"organisation": firm, "site": site, "on": date(2026, month, day)} for firm, site, day, month in rows]
    )
    assert count_months(frame) == {1: "2026-01", 2: "2026-03"}
    assert count_months(frame.clear()) == {}


def test_each_need_has_its_words() -> None:
    for one in DETECTORS:
        assert one.need.words["en"] and one.need.words["zh"]
