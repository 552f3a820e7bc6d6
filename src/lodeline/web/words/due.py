"""When a month is due, said as people say it: by a day and its weekday, not by a date alone."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from lodeline.ledger.extension import Extension
from lodeline.web.visit import Visit
from lodeline.web.words import format as written

_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WEEKDAYS_ZH: Final = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
_COUNTED: Final = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
#: So many days ahead a day of the month needs no month beside it.
_NEAR_DAYS: Final = 27


def last_day(due: datetime) -> date:
    """The last day on which a filing is in time; `due` is the moment from which it is late."""
    return (due - timedelta(microseconds=1)).date()


def due_day(visit: Visit, due: datetime, now: datetime) -> str:
    """Monday the 9th; farther away 9 June 2026. 11月9日（周一）."""
    day, today = last_day(due), now.astimezone(due.tzinfo).date()
    if visit.language == "zh":
        year = "" if day.year == today.year else f"{day.year}年"
        return f"{year}{day.month}月{day.day}日（{_WEEKDAYS_ZH[day.weekday()]}）"
    if 0 <= (day - today).days <= _NEAR_DAYS:
        return f"{_WEEKDAYS[day.weekday()]} the {ordinal(day.day)}"
    return written.day(day, "en")


def due_words(visit: Visit, due: datetime | None, now: datetime) -> str:
    """What follows the name of a month: "due Monday the 9th", since when it is late, or that no law has it filed."""
    if due is None:
        return visit.text("which no law has anybody file")
    if now < due:
        day = due_day(visit, due, now)
        return visit.text("due {day}", day=day)
    day = written.day(last_day(due), visit.language)
    return visit.text("which was due on {day}", day=day)


def extended_words(visit: Visit, extension: Extension | None) -> str:
    """Why a month is due later than usual: "extended: the portal was down"; empty where it is not."""
    if extension is None:
        return ""
    return visit.text("extended: {reason}", reason=extension.reason)


def month_name(visit: Visit, period: str, now: datetime) -> str:
    """October while it is the year's, else October 2025; 10月, 2025年10月."""
    if period[:4] == f"{now:%Y}":
        return written.month_name(int(period[5:7]), visit.language)
    return written.month(period, visit.language)


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th, 21st"""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def counted(number: int) -> str:
    """A small number as a word, as a sentence begins with it: Two; 34."""
    return _COUNTED[number].capitalize() if 0 < number < len(_COUNTED) else written.count(number)
