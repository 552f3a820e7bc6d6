"""Time limits in working days: a clock that stops, by the calendar that was published, and that says how sure it is.

Nothing is taken for a working day that no calendar covers. A day counted with a calendar that nobody has published yet
makes the answer an assumption, and it says so; when the calendar is published, the same question is answered anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from lodeline.regulation.content import WEEKDAYS
from lodeline.regulation.parameter import Jurisdiction
from lodeline.regulation.value import ONE_DAY

#: Parameters of the pack: which days are worked, and whether the day on which a limit begins is its first.
CALENDAR, COUNT = "working-days", "day-count"
#: No time limit of a law runs so long; a clock that has not ended by then never will.
_DAYS_MOST = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Days that do not count, both included: an open query, an expert's work. Without `last` it is still open."""

    first: date
    last: date | None = None

    def covers(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """Where a clock stands. `due`: the last day of the limit; None while it is stopped with no end.

    `used`: the working days counted, to `due` or to the day asked about. `assumed`: a day was judged by a calendar that
    is an assumption of the pack.
    """

    due: date | None
    used: int
    assumed: bool


def is_working_day(law: Jurisdiction, day: date, *, known: date) -> bool:
    """Whether `day` is worked, as published up to `known`. Raises NoLawError where no calendar covers it, KeyError
    where the pack has none."""
    return _judged(law, day, known)[0]


def due_day(law: Jurisdiction, begun: date, working_days: int, *, known: date, stops: Sequence[Stop] = ()) -> Reached:
    """The last of `working_days` from `begun`, the day on which the limit begins; days of `stops` do not count.

    Raises NoLawError where no calendar covers a day that is reached, KeyError where the pack has none.
    """
    assert working_days > 0, "a time limit has a day at least"
    used, assumed = 0, False
    day = _first(law, begun, known)
    for _ in range(_DAYS_MOST):
        if any(stop.last is None and stop.covers(day) for stop in stops):
            return Reached(due=None, used=used, assumed=assumed)
        worked, guessed = _judged(law, day, known)
        assumed |= guessed
        used += worked and not any(stop.covers(day) for stop in stops)
        if used == working_days:
            return Reached(due=day, used=used, assumed=assumed)
        day += ONE_DAY
    raise AssertionError("a calendar has working days")


def used_days(law: Jurisdiction, begun: date, until: date, *, known: date, stops: Sequence[Stop] = ()) -> Reached:
    """How many working days of a limit that begins on `begun` have passed by the end of `until`; `due` is None."""
    used, assumed = 0, False
    day = _first(law, begun, known)
    while day <= until:
        worked, guessed = _judged(law, day, known)
        assumed |= guessed
        used += worked and not any(stop.covers(day) for stop in stops)
        day += ONE_DAY
    return Reached(due=None, used=used, assumed=assumed)


def _first(law: Jurisdiction, begun: date, known: date) -> date:
    rule = law.at(COUNT, begun, known=known).value["first_day"]
    return begun if rule == "counted" else begun + ONE_DAY


def _judged(law: Jurisdiction, day: date, known: date) -> tuple[bool, bool]:
    """Whether a day is worked, and whether an assumption says so."""
    found = law.at(CALENDAR, day, known=known)
    calendar = found.value
    assumed = found.evidence == "assumption"
    if day in calendar["worked"]:
        return True, assumed
    if WEEKDAYS[day.weekday()] in calendar["weekend"]:
        return False, assumed
    return not any(holiday["from"] <= day <= holiday["to"] for holiday in calendar["off"]), assumed
