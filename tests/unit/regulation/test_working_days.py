"""Time limits in working days: China's calendar, a clock that stops, what is assumed, another country."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from lodeline.material.element import RARE_EARTHS
from lodeline.regulation.parameter import NoLawError, load
from lodeline.regulation.working_days import Stop, due_day, is_working_day, used_days

CHINA = load("cn")
RURITANIA = load("zz", Path(__file__).parent / "packs")
LATER = date(2026, 11, 24)


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("on", "worked"),
    [
        ("2024-02-04", True),  # a Sunday before Spring Festival
        ("2024-02-12", False),
        ("2024-02-09", True),  # New Year's Eve: rest was recommended, not ordered
        ("2025-05-05", False),
        ("2025-10-08", False),
        ("2025-10-11", True),  # a Saturday after National Day
        ("2026-01-04", True),
        ("2026-02-23", False),
        ("2026-02-24", True),
        ("2026-11-24", True),
    ],
)
def test_days_of_chinas_notices(on: str, worked: bool) -> None:
    assert is_working_day(CHINA, day(on), known=LATER) is worked


@pytest.mark.parametrize(("year", "working_days"), [(2024, 251), (2025, 248), (2026, 248)])
def test_every_day_off_in_lieu_is_worked_elsewhere(year: int, working_days: int) -> None:
    """Weekdays of the year less the statutory days of all citizens: 11 in 2024, 13 from 2025 on."""
    first = date(year, 1, 1)
    days = [first + timedelta(days=number) for number in range((date(year + 1, 1, 1) - first).days)]
    weekdays = sum(one.weekday() < 5 for one in days)
    assert sum(is_working_day(CHINA, one, known=LATER) for one in days) == working_days
    # A statutory day on a weekend is given back on a weekday, so each costs a working day.
    assert weekdays - working_days == (11 if year == 2024 else 13)


def test_forty_five_working_days_over_national_day() -> None:
    """Accepted on Monday 1 September 2025; eight days of National Day, two weekend days worked in exchange."""
    limit = CHINA.parameters["licence-decision-days"].at(day("2025-09-01"), known=LATER).value["working_days"]
    reached = due_day(CHINA, day("2025-09-01"), limit, known=LATER)
    assert (reached.due, reached.used, reached.assumed) == (day("2025-11-07"), 45, False)


def test_clock_stands_still_while_a_query_is_open() -> None:
    begun = day("2025-09-01")
    week = Stop(first=day("2025-09-08"), last=day("2025-09-14"))
    reached = due_day(CHINA, begun, 45, known=LATER, stops=[week])
    assert reached.due == day("2025-11-14")
    # What overlaps counts once.
    assert due_day(CHINA, begun, 45, known=LATER, stops=[week, week]) == reached
    still = due_day(CHINA, begun, 45, known=LATER, stops=[week, Stop(first=day("2025-09-22"))])
    assert (still.due, still.used) == (None, 9)
    assert used_days(CHINA, begun, day("2025-09-30"), known=LATER, stops=[week]).used == 17


def test_a_stop_on_days_that_do_not_count_changes_nothing() -> None:
    holiday = Stop(first=day("2025-10-01"), last=day("2025-10-08"))
    assert due_day(CHINA, day("2025-09-01"), 45, known=LATER, stops=[holiday]) == due_day(
        CHINA, day("2025-09-01"), 45, known=LATER
    )


def test_first_day_is_counted_where_the_law_counts_it() -> None:
    assert due_day(CHINA, day("2025-07-01"), 1, known=LATER).due == day("2025-07-02")
    assert due_day(RURITANIA, day("2031-03-03"), 1, known=day("2031-03-03")).due == day("2031-03-03")


def test_a_year_whose_notice_is_not_published_is_assumed_and_says_so() -> None:
    before, after = day("2025-11-03"), day("2025-11-04")
    begun = day("2025-12-29")
    assert due_day(CHINA, begun, 7, known=before).assumed is True
    sure = due_day(CHINA, begun, 7, known=after)
    assert (sure.due, sure.assumed) == (day("2026-01-08"), False)
    assert due_day(CHINA, day("2026-12-28"), 7, known=LATER).assumed is True


def test_ruritania_rests_on_its_own_days() -> None:
    known = day("2031-01-01")
    assert is_working_day(RURITANIA, day("2031-06-15"), known=known)  # a Sunday
    assert not is_working_day(RURITANIA, day("2031-06-11"), known=known)  # a Wednesday
    assert is_working_day(RURITANIA, day("2031-06-18"), known=known)
    assert due_day(RURITANIA, day("2031-06-22"), 2, known=known).due == day("2031-06-27")
    with pytest.raises(NoLawError):
        is_working_day(RURITANIA, day("2030-06-15"), known=day("2030-06-15"))


def test_the_seventeen_elements_of_the_program_are_those_of_the_regulations() -> None:
    rows = CHINA.parameters["definitions"].at(LATER, known=LATER).value
    (defined,) = (row["elements"] for row in rows if row["kind"] == "rare-earths")
    assert set(defined) == set(RARE_EARTHS)
