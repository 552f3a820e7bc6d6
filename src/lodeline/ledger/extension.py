"""Extensions of the deadline, and when a month is due for a firm, what the authority has extended included.

An extension is a record of the register: for a month, for everybody, a region or named firms, to the end of a day, with
its reason. So it stands in the log with who decided it, and whoever recomputes what was late finds it there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import polars as pl

from lodeline.ledger.parallel_run import in_parallel_run
from lodeline.regulation.duty import deadline_without_extension, next_month
from lodeline.regulation.parameter import Jurisdiction, NoLawError

if TYPE_CHECKING:
    from lodeline.ledger.register import Register

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


def extensions_of(tables: Mapping[str, pl.DataFrame]) -> dict[str, list[Extension]]:
    """Month → what has been extended of it, the longest last."""
    rows = tables["extensions"].sort("period", "until", "id").iter_rows(named=True) if "extensions" in tables else ()
    found: dict[str, list[Extension]] = {}
    for row in rows:
        extension = Extension(
            id=row["id"], period=row["period"], region=row["region"] or "", until=row["until"],
            organisations=tuple(row["organisations"] or ()), reason=row["reason"],
        )  # fmt: skip
        found.setdefault(extension.period, []).append(extension)
    return found


def extension_of(organisation: str | None, period: str, law: Jurisdiction, register: Register) -> Extension | None:
    """The extension by which a month is due later for a firm than the law has it; the longest of several."""
    usual = _by_law(period, law)
    if usual is None:
        return None  # no extension makes a duty where there is none
    for one in reversed(register.extensions.get(period, ())):
        if _end_of(one.until, law) > usual and one.is_for(organisation, register):
            return one
    return None


def due(organisation: str | None, period: str, law: Jurisdiction, register: Register) -> datetime | None:
    """The moment from which a firm's filing for `period` (`YYYY-MM`) is late, in the jurisdiction's time; None where no
    law has anybody file the month.

    `organisation` is None for whoever no extension names: only those for everybody count.
    """
    extended = extension_of(organisation, period, law, register)
    return _by_law(period, law) if extended is None else _end_of(extended.until, law)


def _by_law(period: str, law: Jurisdiction) -> datetime | None:
    try:
        return deadline_without_extension(period, law)
    except NoLawError:
        return None


def both_passed(now: datetime, law: Jurisdiction, register: Register) -> BothPassed:
    """Tells whether both deadlines of goods that moved on a day have passed at `now`.

    Goods that leave at the end of a month may arrive in the next: the receiver's deadline is a month later. An
    extension of either month for either firm is an extension of both: the other half may still come.
    """
    known: dict[tuple[str, str | None, str | None], bool] = {}

    def passed(day: date, shipper: str | None, receiver: str | None) -> bool:
        month = f"{day:%Y-%m}"
        months = (month, next_month(month))
        named = (shipper, receiver) if register.extensions.keys() & months else (None, None)
        place = (month, *named)
        if in_parallel_run(month, register):
            # What was shipped in a parallel run and never confirmed is no exception.
            return False
        if place not in known:
            ends = [due(one, period, law, register) for one in named if one for period in months]
            # Where no law has the month filed, whoever will file it may do so at any time.
            moments = [due(None, months[1], law, register), *ends]
            known[place] = all(moment is not None and now >= moment for moment in moments)
        return known[place]

    return passed


def _end_of(day: date, law: Jurisdiction) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=ZoneInfo(law.timezone))
