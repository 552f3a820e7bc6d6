"""The duty to file a month, and when it is late by the law alone."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from lodeline.regulation.parameter import Jurisdiction


def next_month(period: str) -> str:
    """`2025-12` → `2026-01`."""
    year, month = int(period[:4]), int(period[5:7])
    return f"{year + month // 12:04d}-{month % 12 + 1:02d}"


def deadline_without_extension(period: str, law: Jurisdiction, *, known: date | None = None) -> datetime:
    """The moment from which a filing for `period` (`YYYY-MM`) is late where nobody has extended it, in the
    jurisdiction's time. Whether a firm is late, and by when it has to file, says `ledger.extension.due`.

    `known` defaults to the first day of the following month: the law as it stood when the month could be filed. Where a
    law has several months filed together (`every_months`, counted from January), each is due after the last of them.
    Raises NoLawError where no duty to file a month was in force, or the law knows none.
    Source: parameter `filing-deadline` of the pack.
    """
    following = date.fromisoformat(next_month(period) + "-01")
    value = law.at("filing-deadline", following, known=known or following).value
    while int(period[5:7]) % value.get("every_months", 1):
        period = next_month(period)
    following = date.fromisoformat(next_month(period) + "-01")
    return datetime.combine(
        following.replace(day=value["day"]), time.fromisoformat(value["time"]), tzinfo=ZoneInfo(law.timezone)
    )


def period_of(moment: datetime, law: Jurisdiction) -> str:
    """The month that `moment` falls into, in the jurisdiction's time."""
    return moment.astimezone(ZoneInfo(law.timezone)).strftime("%Y-%m")
