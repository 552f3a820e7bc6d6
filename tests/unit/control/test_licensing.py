"""The clock of an application: it runs in working days, stands while the law says so, and says how sure it is."""

from __future__ import annotations

from datetime import date

import pytest

from lodeline.control.licences.licensing import Clock, Relation, clock, is_stopped_by
from lodeline.regulation.parameter import load

LAW = load("cn")


def at(
    today: date, *steps: tuple[str, date], relation: Relation = "new", on_watch_list: bool = False
) -> Clock:  # fmt: skip
    return clock(steps, relation=relation, law=LAW, today=today, on_watch_list=on_watch_list)


def test_it_runs_in_working_days() -> None:
    # Handed in on Monday 2 June 2025; the Friday of that week is the fifth day, less the day of the Dragon Boat
    # festival (2 June) itself; the day of handing in does not count.
    found = at(date(2025, 6, 6), ("submitted", date(2025, 6, 2)))
    assert (found.status, found.limit, found.used) == ("running", 45, 4)
    assert found.due == date(2025, 8, 4)


def test_it_stands_from_the_day_after_a_query_to_the_day_of_the_answer() -> None:
    began = ("submitted", date(2025, 6, 3))
    asked = at(date(2025, 6, 20), began, ("queried", date(2025, 6, 10)))
    assert (asked.status, asked.used, asked.due) == ("stopped", 5, None)
    answered = at(date(2025, 6, 20), began, ("queried", date(2025, 6, 10)), ("answered", date(2025, 6, 18)))
    assert (answered.status, answered.used) == ("running", 7)
    # Six working days (11 to 18 June) did not count.
    assert answered.due == date(2025, 8, 13) and at(date(2025, 6, 20), began).due == date(2025, 8, 5)
    assert answered.assumed, "that a query stops the clock is an assumption of the pack"


def test_an_answer_of_the_same_day_stops_nothing() -> None:
    began = ("submitted", date(2025, 6, 3))
    same = at(date(2025, 6, 20), began, ("queried", date(2025, 6, 10)), ("answered", date(2025, 6, 10)))
    assert same.used == at(date(2025, 6, 20), began).used


@pytest.mark.parametrize(
    ("began", "ended"), [("identification-began", "identification-ended"), ("check-began", "check-ended")]
)
def test_experts_and_checks_do_not_count(began: str, ended: str) -> None:
    handed_in = ("submitted", date(2025, 6, 3))
    open_now = at(date(2025, 6, 20), handed_in, (began, date(2025, 6, 9)))
    assert open_now.status == "stopped"
    over = at(date(2025, 6, 20), handed_in, (began, date(2025, 6, 9)), (ended, date(2025, 6, 13)))
    assert (over.status, over.used) == ("running", 9)


def test_what_has_no_limit_says_so() -> None:
    handed_in = ("submitted", date(2025, 6, 3))
    assert at(date(2025, 9, 20), handed_in, on_watch_list=True).status == "unlimited"
    assert at(date(2025, 9, 20), handed_in, ("referred", date(2025, 6, 9))).status == "unlimited"
    assert at(date(2025, 9, 20), handed_in).left == 45 - 78


def test_an_amendment_has_less_time() -> None:
    assert at(date(2025, 6, 5), ("submitted", date(2025, 6, 3)), relation="amendment").limit == 20


def test_before_the_law_nobody_knows() -> None:
    assert at(date(2024, 6, 5), ("submitted", date(2024, 6, 3))).status == "unknown"
    assert at(date(2024, 6, 5)).status == "unknown"


def test_it_ends_with_the_decision() -> None:
    found = at(
        date(2026, 1, 20), ("submitted", date(2025, 6, 3)), ("proposed", date(2025, 6, 9)),
        ("granted", date(2025, 6, 10)),
    )  # fmt: skip
    assert (found.status, found.used) == ("ended", 5)


def test_a_stop_is_open_until_its_own_end() -> None:
    assert is_stopped_by(["submitted", "check-began"], "check-began")
    assert is_stopped_by(["submitted", "check-began", "identification-ended"], "check-began")
    assert not is_stopped_by(["submitted", "check-began", "check-ended"], "check-began")
