"""Extensions of the deadline, and when a month is due for a firm, what the authority has extended included.

An extension is a record of the register: for a month, for everybody, a region or named firms, to the end of a day, with
its reason. So it stands in the log with who decided it, and whoever recomputes what was late finds it there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from lodeline.ledger.register import Register
from lodeline.regulation.duty import deadline_without_extension, next_month
from lodeline.regulation.parameter import Jurisdiction

#: From when a month is late for a firm: see `due`.
Due = Callable[[str | None, str], datetime]
#: Whether the later of two deadlines has passed for goods that moved on a day between two firms.
BothPassed = Callable[[date, str | None, str | None], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """Until the end of `until`, `period` is filed in time by whom it is for: see `is_for`."""

    id: str
    period: str
    region: str
    organisations: tuple[str, ...]
    until: date
    reason: str

    def is_for(self, organisation: str | None, register: Register) -> bool:
        """Whether it is for a firm: named, or with a site in the region; where it names neither, for everybody."""
        if self.organisations:
            return organisation in self.organisations
        return not self.region or organisation in register.firms_of_region.get(self.region, ())


def extensions(register: Register) -> list[Extension]:
    """Every extension in the register, by month and day."""
    rows = register.tables.get("extensions")
    if rows is None or rows.is_empty():
        return []
    found = [
        Extension(
            id=row["id"], period=row["period"], region=row["region"] or "", until=row["until"],
            organisations=tuple(row["organisations"] or ()), reason=row["reason"],
        )
        for row in rows.iter_rows(named=True)
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.period, one.until, one.id))


def extension_of(organisation: str, period: str, law: Jurisdiction, register: Register) -> Extension | None:
    """The extension by which a month is due later for a firm than the law has it; the longest of several."""
    among = [one for one in extensions(register) if one.period == period]
    return _longest(among, organisation, deadline_without_extension(period, law), law, register)


def due(organisation: str | None, period: str, law: Jurisdiction, register: Register) -> datetime:
    """The moment from which a firm's filing for `period` (`YYYY-MM`) is late, in the jurisdiction's time.

    None asks for whoever no extension names: only those for everybody count.
    """
    return due_of_each(law, register)(organisation, period)


def due_of_each(law: Jurisdiction, register: Register) -> Due:
    """`due` of many firms and months: what has been extended is read once."""
    extended: dict[str, list[Extension]] = {}
    for one in extensions(register):
        extended.setdefault(one.period, []).append(one)
    usual = cache(lambda period: deadline_without_extension(period, law))

    def due_of(organisation: str | None, period: str) -> datetime:
        late_from = usual(period)
        longest = _longest(extended.get(period, ()), organisation, late_from, law, register)
        return late_from if longest is None else _end_of(longest.until, law)

    return due_of


def both_passed(now: datetime, law: Jurisdiction, register: Register) -> BothPassed:
    """Tells whether both deadlines of goods that moved on a day have passed at `now`.

    Goods that leave at the end of a month may arrive in the next: the receiver's deadline is a month later. An
    extension of either month for either firm is an extension of both: the other half may still come.
    """
    extended, due_of = {one.period for one in extensions(register)}, due_of_each(law, register)
    known: dict[tuple[str, str | None, str | None], bool] = {}

    def passed(day: date, shipper: str | None, receiver: str | None) -> bool:
        month = f"{day:%Y-%m}"
        months = (month, next_month(month))
        named = (shipper, receiver) if extended.intersection(months) else (None, None)
        place = (month, *named)
        if place not in known:
            ends = [due_of(one, period) for one in named if one for period in months]
            known[place] = now >= max([due_of(None, months[1]), *ends])
        return known[place]

    return passed


def _longest(
    among: Sequence[Extension], organisation: str | None, usual: datetime, law: Jurisdiction, register: Register
) -> Extension | None:
    """The last of a month's extensions, which come by day, that is for a firm and goes beyond what is usual."""
    for one in reversed(among):
        if _end_of(one.until, law) > usual and one.is_for(organisation, register):
            return one
    return None


def _end_of(day: date, law: Jurisdiction) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=ZoneInfo(law.timezone))
