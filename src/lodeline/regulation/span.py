"""A span of calendar months, as people ask for one: a month, a quarter, a year, or from one month to another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_MONTH: Final = r"[0-9]{4}-(?:0[1-9]|1[0-2])"
_YEAR: Final = re.compile(r"[0-9]{4}")
_QUARTER: Final = re.compile(r"([0-9]{4})-Q([1-4])", re.IGNORECASE)
_RANGE: Final = re.compile(rf"({_MONTH})(?:\.\.({_MONTH}))?")


def month_after(period: str, months: int = 1) -> str:
    """The month so many after another, or before it: `2025-12`, 1 → `2026-01`.

    Raises ValueError for one before the year 1 or after the year 9999.
    """
    number = int(period[:4]) * 12 + int(period[5:7]) - 1 + months
    if not 12 <= number < 120_000:
        raise ValueError(f"no month lies {months} after {period}")
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """The months from `first` to `last` (`YYYY-MM`), both included."""

    first: str
    last: str

    @classmethod
    def read(cls, text: str) -> Span:
        """`2025`, `2025-Q2`, `2025-05` or `2025-03..2025-08`. Raises ValueError for what is none of them, for a year 0
        and for a span that ends before it begins."""
        if _YEAR.fullmatch(text):
            span = cls(f"{text}-01", f"{text}-12")
        elif quarter := _QUARTER.fullmatch(text):
            year, last = quarter[1], int(quarter[2]) * 3
            span = cls(f"{year}-{last - 2:02d}", f"{year}-{last:02d}")
        elif found := _RANGE.fullmatch(text):
            span = cls(found[1], found[2] or found[1])
        else:
            raise ValueError(f"{text!r} is no span of months")
        if span.first > span.last or span.first < "0001":
            raise ValueError(f"{text!r} has no months")
        return span

    def __str__(self) -> str:
        """The shortest that reads to the same."""
        year, begins, ends = self.first[:4], int(self.first[5:]), int(self.last[5:])
        if self.first == self.last:
            return self.first
        if year == self.last[:4] and ends - begins == 2 and ends % 3 == 0:
            return f"{year}-Q{ends // 3}"
        return year if year == self.last[:4] and (begins, ends) == (1, 12) else f"{self.first}..{self.last}"

    def __contains__(self, period: str) -> bool:
        return self.first <= period <= self.last

    def __len__(self) -> int:
        years = int(self.last[:4]) - int(self.first[:4])
        return years * 12 + int(self.last[5:]) - int(self.first[5:]) + 1

    @property
    def months(self) -> tuple[str, ...]:
        """Every month of it, in order."""
        return tuple(month_after(self.first, count) for count in range(len(self)))

    @property
    def before(self) -> Span:
        """As many months just before it. Raises ValueError where the calendar has none."""
        return Span(month_after(self.first, -len(self)), month_after(self.first, -1))

    @property
    def is_month(self) -> bool:
        """Whether it is one month alone."""
        return self.first == self.last
