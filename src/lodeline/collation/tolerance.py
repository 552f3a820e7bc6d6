"""How far two records of the same goods may be apart: dated values with their source, as data.

None of them is law but where it says so; what was chosen is marked `assumption` in the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np
import numpy.typing as npt

from lodeline.tables import table_rows

_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerances:
    """Name → (day from which it counts, value), the oldest first."""

    values: Mapping[str, tuple[tuple[date, float], ...]]

    def on(self, name: str, day: date) -> float:
        """The value that counts on a day; the oldest one before its first day."""
        return float(self.over(name, np.array([day.toordinal() - _EPOCH]))[0])

    def over(self, name: str, days: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """(n,) the values that count on days since 1970-01-01."""
        dated = self.values[name]
        begins = np.array([first.toordinal() - _EPOCH for first, _ in dated])
        places = np.searchsorted(begins, days, side="right") - 1
        return np.array([value for _, value in dated])[np.maximum(places, 0)]


@cache
def tolerances() -> Tolerances:
    """The values of `data/reference/feed_tolerances.csv`."""
    values: dict[str, list[tuple[date, float]]] = {}
    for row in table_rows("reference/feed_tolerances.csv"):
        values.setdefault(row["name"], []).append((date.fromisoformat(row["in_force_from"]), float(row["value"])))
    return Tolerances(values={name: tuple(sorted(dated)) for name, dated in values.items()})


@cache
def _special() -> tuple[tuple[date, str], ...]:
    rows = table_rows("reference/special_invoice.csv")
    return tuple((date.fromisoformat(row["in_force_from"]), row["product_kind"]) for row in rows)


def special_kinds(day: date) -> frozenset[str]:
    """Kinds of product whose sale takes the special VAT invoice on a day (`data/reference/special_invoice.csv`)."""
    return frozenset(kind for first, kind in _special() if first <= day)
