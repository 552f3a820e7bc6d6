"""The base window: months of a normal time, within what is filed."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date

import polars as pl

from lodeline.errors import UserError
from lodeline.language import text
from lodeline.regulation.span import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Its days, both included."""

    first: date
    last: date
    months: int

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def window_of(lines: pl.DataFrame, base_from: str, base_to: str) -> Window:
    """Of the months from `base_from` to `base_to`. Raises UserError if it is none, empty, or beyond them."""
    try:
        span = Span.read(f"{base_from}..{base_to}")
    except ValueError:
        raise UserError(
            text(
                "{base_from!r} to {base_to!r} is no base window: write two months like 2025-01 and "
                "2025-06, the first not after the last",
                base_from=base_from[:20],
                base_to=base_to[:20],
            )
        ) from None
    filed = lines.select(first=pl.col("on").min(), last=pl.col("on").max()).row(0)
    if filed[0] is None:
        raise UserError(text("Nothing has been filed: there is no base window."))
    first, last = (f"{day:%Y-%m}" for day in filed)
    if span.first < first or span.last > last:
        raise UserError(
            text(
                "The base window {base_from} to {base_to} goes beyond what is filed, {first} to {last}: choose in it.",
                base_from=base_from,
                base_to=base_to,
                first=first,
                last=last,
            )
        )
    year, month = int(span.last[:4]), int(span.last[5:])
    begin = date(int(span.first[:4]), int(span.first[5:]), 1)
    window = Window(first=begin, last=date(year, month, monthrange(year, month)[1]), months=len(span))
    if not lines["on"].is_between(window.first, window.last).any():
        raise UserError(
            text(
                "Nothing was filed of the months {base_from} to {base_to}: choose others.",
                base_from=base_from,
                base_to=base_to,
            )
        )
    return window
