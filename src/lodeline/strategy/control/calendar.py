"""How many days pass until so many working days are over: by the law's calendar, else Monday to Friday, as assumed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np

from lodeline.regulation.parameter import Jurisdiction, NoLawError
from lodeline.regulation.working_days import CALENDAR, COUNT, is_working_day
from lodeline.strategy.network import Floats, Ints

_WEEKEND: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingDays:
    """Days from the first to the last of a time: whether each is worked, and whether no published calendar says so."""

    worked: tuple[bool, ...]
    assumed: bool

    def days_for(self, working_days: Floats) -> Ints:
        """Of each limit, how many days after the first the thing is allowed: the day after its last working day.

        0 for no limit; beyond the days that were looked at, one more than they are.
        """
        last_days = np.flatnonzero(self.worked) + 1
        wanted = np.ceil(np.maximum(working_days, 0.0)).astype(np.int64)
        never = len(self.worked) + 1
        table = np.concatenate([[0], last_days, [never]])
        return np.asarray(table[np.minimum(wanted, len(table) - 1)], np.int64)


def working_days(law: Jurisdiction | None, first: date, days: int) -> WorkingDays:
    """The days from `first` on, as the law counts a limit that begins on it; everything published counts.

    A law that does not say whether the first day counts is read as one that leaves it out.
    """
    worked: list[bool] = []
    assumed = False
    for number in range(days):
        if number == 0 and not _counts_first(law, first):
            worked.append(False)
            continue
        day = first + timedelta(days=number)
        works, guessed = _judged(law, day)
        worked.append(works)
        assumed |= guessed
    return WorkingDays(worked=tuple(worked), assumed=assumed)


def _counts_first(law: Jurisdiction | None, first: date) -> bool:
    if law is None or not law.has(COUNT):
        return False
    try:
        return bool(law.at(COUNT, first, known=date.max).value["first_day"] == "counted")
    except NoLawError:
        return False


def _judged(law: Jurisdiction | None, day: date) -> tuple[bool, bool]:
    """Whether a day is worked, and whether that is assumed."""
    if law is not None and law.has(CALENDAR):
        try:
            found = law.at(CALENDAR, day, known=date.max)
            return is_working_day(law, day, known=date.max), found.evidence == "assumption"
        except NoLawError:
            pass
    return day.weekday() < _WEEKEND, True
