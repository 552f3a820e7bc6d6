"""What is asked of a firm, cause by cause: findings that speak of the same thing are one, and counted once.

Two findings of a firm have one cause where their evidence names a same row (the event of a filing), or where they are
about the same site in months that meet: what is missing there in a month is missing once, whichever detectors see it.
Of a cause the weightiest finding counts, by mass × probability; the others are named beside it and add nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from lodeline.material.mass import MG_PER_KG
from lodeline.service.inspections.precision import Likelihood, SizeClass, asked_firm, likelihood

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One thing that may be wrong. `finding`: the weightiest row; `others`: those that speak of the same.

    `site`: where it is, None where no finding of it says so; `mass_mg`: of the weightiest.
    """

    finding: Row
    others: tuple[Row, ...]
    site: str | None
    mass_mg: int
    likelihood: Likelihood

    @property
    def expected_mg(self) -> float:
        """Mass × probability."""
        return self.mass_mg * self.likelihood.probability


def causes_of(rows: Iterable[Row], size: SizeClass) -> list[Cause]:
    """The causes of one firm's findings, rows as `lodeline findings --json` prints them; the weightiest first."""
    groups: list[list[Row]] = []
    for row in rows:
        joined = [group for group in groups if any(is_same_cause(row, one) for one in group)]
        groups = [group for group in groups if group not in joined]
        groups.append([row, *(one for group in joined for one in group)])
    return sorted((_cause(group, size) for group in groups), key=lambda one: (-one.expected_mg, one.finding["id"]))


def is_same_cause(one: Row, other: Row) -> bool:
    """Whether two findings of a firm speak of the same thing."""
    site = one["subject"].get("site")
    if site is not None and site == other["subject"].get("site"):
        first, second = one["period"], other["period"]
        if first["from"] <= second["to"] and second["from"] <= first["to"]:
            return True
    return not _events(one).isdisjoint(_events(other))


def mass_mg(row: Row) -> int:
    """What a finding speaks of."""
    return int(Decimal(row["mass_kg"]) * MG_PER_KG)


def _cause(group: Sequence[Row], size: SizeClass) -> Cause:
    def expected(row: Row) -> float:
        return mass_mg(row) * likelihood(row["detector"], size).probability

    first, *others = sorted(group, key=lambda row: (-expected(row), row["id"]))
    sites = [row["subject"]["site"] for row in (first, *others) if "site" in row["subject"]]
    return Cause(
        finding=first, others=tuple(others), site=sites[0] if sites else None, mass_mg=mass_mg(first),
        likelihood=likelihood(first["detector"], size),
    )  # fmt: skip


def _events(row: Row) -> frozenset[tuple[str, str, str]]:
    """(organisation, event, day) of the filed rows that a finding rests on: an event's name is its filer's own word."""
    firm = asked_firm(row)
    return frozenset(
        (str(one.get("organisation") or firm), str(one["event"]), str(one.get("on", "")))
        for one in row.get("evidence", ())
        if one.get("event")
    )
