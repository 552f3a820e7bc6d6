"""Where a detector draws its lines: dated values with their source, as data, so that they can be argued about.

None of them is law. What the law sets is read from the law pack; what stands here was chosen, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from lodeline.regulation.parameter import Jurisdiction
from lodeline.tables import table_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The values of one detector: name → (day from which it counts, value), oldest first."""

    values: Mapping[str, tuple[tuple[date, float], ...]]

    def on(self, day: date | None) -> dict[str, float]:
        """The values that count on a day; the oldest before its first day, the newest where there is no day."""
        counting = {}
        for name, dated in self.values.items():
            begun = [value for first, value in dated if day is None or first <= day]
            counting[name] = begun[-1] if begun else dated[0][1]
        return counting


@cache
def limits_of(detector: str) -> Limits:
    """The values of a detector in `data/reference/detector_parameters.csv`."""
    values: dict[str, list[tuple[date, float]]] = {}
    for row in table_rows("reference/detector_parameters.csv"):
        if row["detector"] == detector:
            values.setdefault(row["name"], []).append((date.fromisoformat(row["in_force_from"]), float(row["value"])))
    return Limits(values={name: tuple(sorted(dated)) for name, dated in values.items()})


def control_days(law: Jurisdiction) -> list[date]:
    """The days on which a list of controlled items came into force."""
    return sorted({value.in_force_from for parameter in law.named("control-list") for value in parameter.values})
