"""The time of the layer: the base window, the day on which controls begin, and how long they are watched."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from lodeline.world.market import month_after
from lodeline.world.plan import World

#: The month in which controls begin (from 0) where a world has so many months, and months of the base window.
CONTROL_MONTH, LONG_ENOUGH, BASE_MONTHS = 8, 14, 6
HORIZON_DAYS = 180
#: Months that hold the horizon wherever it begins.
HORIZON_MONTHS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Days are ordinals: the first of the base window, that of the controls, the one after the horizon.

    base_from, base_to: months, both included. more: months by which the industry must run on to reach the horizon.
    """

    first: int
    starts: int
    ends: int
    base_from: str
    base_to: str
    more: int

    @property
    def days(self) -> int:
        """Length of the base window."""
        return self.starts - self.first

    def text(self, day: int) -> str:
        """ISO 8601."""
        return date.fromordinal(day).isoformat()


def window_of(world: World) -> Window:
    """Controls begin in month 9 of a long world, else on the day after the last month."""
    begins = CONTROL_MONTH if world.months >= LONG_ENOUGH else world.months
    base = max(0, begins - BASE_MONTHS)
    first, starts = (date(*month_after(world.start, place), 1) for place in (base, begins))
    last = date.fromordinal(starts.toordinal() - 1)
    return Window(
        first=first.toordinal(), starts=starts.toordinal(), ends=starts.toordinal() + HORIZON_DAYS,
        base_from=first.isoformat()[:7], base_to=last.isoformat()[:7],
        more=max(0, begins + HORIZON_MONTHS - world.months),
    )  # fmt: skip
