"""What a detector cannot do without, and the month from which a ledger has it: before that month it raises nothing.

A nation that begins has no history, and a detector that compares months or counts is blind in the first of them. What
it needs at least is stated beside it; from which month the books hold that, follows from what was filed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from lodeline.language import Text, text
from lodeline.regulation.duty import next_month


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """At least so many `months` of filings, so many stock `counts` of some site, records of other authorities
    (`feeds`), measurements of inspectors (`visits`)."""

    months: int = 1
    counts: int = 0
    feeds: bool = False
    visits: bool = False

    @property
    def words(self) -> Text:
        """What is needed, in both languages."""
        if self.visits:
            return text("measurements of inspectors")
        if self.feeds:
            return text("invoices or customs lines beside the filings")
        if self.counts:
            return text("{counts} stock counts of a site", counts=self.counts)
        if self.months > 1:
            return text("{months} months of filings", months=self.months)
        return text("a month of filings")


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What a ledger holds: the first month with movements beside opening stock; the month in which some site had its
    n-th count, by n; the first month of feeds and of visits. None, or no n: there is none."""

    first: str | None = None
    counts: Mapping[int, str] = field(default_factory=dict)
    feeds: str | None = None
    visits: str | None = None


def sees_from(need: Need, history: History) -> str | None:
    """The month (`YYYY-MM`) from which a detector with this need can see; None where it cannot yet."""
    if history.first is None:
        return None
    month = history.first
    for _ in range(need.months - 1):
        month = next_month(month)
    found: list[str | None] = [month]
    found += [history.counts.get(need.counts)] if need.counts else []
    found += [history.feeds] if need.feeds else []
    found += [history.visits] if need.visits else []
    months = [one for one in found if one is not None]
    return max(months) if len(months) == len(found) else None


def count_months(counts: pl.DataFrame) -> dict[int, str]:
    """n → the first month by which some site has been counted on n days (columns `organisation`, `site`, `on`)."""
    days = counts.select("organisation", "site", "on").unique().sort("on")
    numbered = days.with_columns(number=pl.int_range(1, pl.len() + 1).over("organisation", "site", order_by="on"))
    return {
        int(number): f"{on:%Y-%m}" for number, on in numbered.group_by("number").agg(pl.col("on").min()).iter_rows()
    }  # fmt: skip
