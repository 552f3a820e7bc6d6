"""The base window: months of a normal time, within what is filed."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date

import polars as pl

from lodeline.errors import UserError
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
            f"{base_from[:20]!r} to {base_to[:20]!r} is no base window: write two months like 2025-01 and 2025-06, the"
            " first not after the last",
            f"{base_from[:20]!r} 至 {base_to[:20]!r} 不是有效的基准期：请写作 2025-01 与 2025-06，首月不得晚于末月",
        ) from None
    filed = lines.select(first=pl.col("on").min(), last=pl.col("on").max()).row(0)
    if filed[0] is None:
        raise UserError("Nothing has been filed: there is no base window.", "尚无任何申报，无法取基准期。")
    first, last = (f"{day:%Y-%m}" for day in filed)
    if span.first < first or span.last > last:
        raise UserError(
            f"The base window {base_from} to {base_to} goes beyond what is filed, {first} to {last}: choose in it.",
            f"基准期 {base_from} 至 {base_to} 超出已申报范围 {first} 至 {last}：请在其中选取。",
        )
    year, month = int(span.last[:4]), int(span.last[5:])
    begin = date(int(span.first[:4]), int(span.first[5:]), 1)
    window = Window(first=begin, last=date(year, month, monthrange(year, month)[1]), months=len(span))
    if not lines["on"].is_between(window.first, window.last).any():
        raise UserError(
            f"Nothing was filed of the months {base_from} to {base_to}: choose others.",
            f"{base_from} 至 {base_to} 没有任何申报：请另选月份。",
        )
    return window
