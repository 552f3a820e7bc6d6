"""Lookup by two days: in force, and known; and what a suspension does to both."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from lodeline.regulation.duty import deadline_without_extension, period_of
from lodeline.regulation.parameter import NoLawError, load
from lodeline.regulation.value import Status

RURITANIA = load("zz", Path(__file__).parent / "packs")
CHINA = load("cn")


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("on", "known", "status"),
    [
        ("2025-10-20", "2025-10-08", "not-yet"),  # nobody had heard of it
        ("2025-11-07", "2025-11-06", "not-yet"),
        ("2025-11-08", "2025-11-06", "in-force"),  # as everybody had to expect
        ("2025-11-07", "2025-11-07", "suspended"),  # a day before it would have begun
        ("2025-11-06", "2025-11-07", "not-yet"),  # the suspension does not reach back
        ("2026-11-10", "2026-11-24", "suspended"),  # the last day is included
        ("2026-11-11", "2026-11-24", "unknown"),
        ("2030-01-01", "2030-01-01", "unknown"),
        ("2030-01-01", "2025-11-06", "in-force"),
    ],
)
def test_the_october_package_by_both_days(on: str, known: str, status: Status) -> None:
    parameter = CHINA.parameters["announcement-57-2025/control-list"]
    assert parameter.state(day(on), known=day(known)).status == status
    if status == "in-force":
        assert parameter.at(day(on), known=day(known)).value
    else:
        with pytest.raises(NoLawError) as refused:
            parameter.at(day(on), known=day(known))
        assert refused.value.status == status


def test_a_suspension_is_shown_with_its_own_citation() -> None:
    state = CHINA.parameters["technology-list"].state(day("2026-01-01"), known=day("2026-01-01"))
    assert state.value is not None
    assert state.value.citation.instrument == "announcement-62-2025"
    assert state.effect is not None
    assert state.effect.citation.instrument == "announcement-70-2025"


@pytest.mark.parametrize(
    ("on", "known", "status"),
    [
        ("2031-07-31", "2031-12-31", "suspended"),
        ("2031-08-01", "2031-07-19", "suspended"),  # the edict that ends the suspension is not out yet
        ("2031-08-01", "2031-07-20", "in-force"),
        ("2031-10-01", "2031-07-01", "in-force"),  # by its own end, which says what holds then
    ],
)
def test_a_suspension_ends_by_itself_or_by_another_instrument(on: str, known: str, status: Status) -> None:
    assert RURITANIA.parameters["control-list"].state(day(on), known=day(known)).status == status


def test_an_issued_quota_that_was_not_published_is_unknown_and_has_no_number() -> None:
    state = CHINA.parameters["quota-mining"].state(day("2025-12-31"), known=day("2026-11-24"))
    assert state.status == "unknown"
    assert state.value is not None
    assert state.value.value is None
    assert state.value.note is not None


def test_the_same_code_counts_another_countrys_month_by_another_clock() -> None:
    assert deadline_without_extension("2031-01", RURITANIA) == datetime(
        2031, 2, 20, 12, tzinfo=ZoneInfo("America/Santiago")
    )
    assert deadline_without_extension("2025-12", CHINA) == datetime(2026, 1, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
    moment = datetime(2031, 3, 1, 1, tzinfo=ZoneInfo("UTC"))
    assert (period_of(moment, RURITANIA), period_of(moment, CHINA)) == ("2031-02", "2031-03")


def test_a_month_before_any_deadline_was_in_force_has_no_law() -> None:
    with pytest.raises(NoLawError):
        deadline_without_extension("2030-11", RURITANIA)


def test_there_is_no_pack_of_a_folder_that_is_not_there() -> None:
    with pytest.raises(FileNotFoundError):
        load("atlantis")
