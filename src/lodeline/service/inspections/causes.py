"""What is asked of a firm, cause by cause: findings that speak of the same thing are one, and counted once.

Two findings of a firm have one cause where their evidence names a same row (the event of a filing), or where they are
about the same site in months that meet: what is missing there in a month is missing once, whichever detectors see it.
Its mass is summed element by element over findings whose months do not meet; of those whose months meet the largest
counts. It is worth what its oxides cost (`accountancy.worth`). The finding of most worth × probability leads: it is
asked first.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from lodeline.accountancy.worth import price_year, shared_mg, worth_usd
from lodeline.detection.finding import of_books
from lodeline.material.element import TREO
from lodeline.material.mass import MG_PER_KG, format_kg
from lodeline.service.inspections.precision import Likelihood, SizeClass, asked_firm, likelihood, size_class

Row = Mapping[str, Any]
#: Its mass is all rare earths of the goods; its elements are those that the law lists.
_OF_GOODS: Final = "licence-abuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One thing that may be wrong. `finding`: the row that leads; `others`: those that speak of the same.

    `site`: where it is, None where no finding of it says so; `masses_mg`: by element, TREO as oxide; `likelihood`: of
    the finding that leads.
    """

    finding: Row
    others: tuple[Row, ...]
    site: str | None
    masses_mg: Mapping[str, int]
    worth_usd: float
    likelihood: Likelihood

    @property
    def expected_usd(self) -> float:
        """Worth × probability."""
        return self.worth_usd * self.likelihood.probability

    def as_json(self) -> dict[str, Any]:
        """As `lodeline findings --json` and `lodeline inspect choose --json` print it."""
        found = self.likelihood
        return {
            "finding": self.finding["id"], "detector": self.finding["detector"],
            "organisation": asked_firm(self.finding), "site": self.site,
            "masses_kg": {element: format_kg(mass) for element, mass in self.masses_mg.items()},
            "worth_usd": round(self.worth_usd), "price_year": price_year(),
            "probability": round(found.probability, 6), "innocent": round(1 - found.probability, 6),
            "true": found.true, "alarms": found.alarms, "basis": found.basis,
            "ask": next(iter(self.finding.get("ask", ())), None), "same_cause": [row["id"] for row in self.others],
        }  # fmt: skip


def causes(rows: Iterable[Row], shipped: Mapping[str, float]) -> list[Cause]:
    """The causes of all findings, rows as `lodeline findings --json` prints them; most worth × probability first.
    `shipped`: as `shipped_by_firm`."""
    asked: dict[str, list[Row]] = {}
    for row in rows:
        asked.setdefault(asked_firm(row), []).append(row)
    return _ordered(one for firm, own in asked.items() for one in causes_of(own, size_class(shipped.get(firm, 0.0))))


def causes_of(rows: Iterable[Row], size: SizeClass) -> list[Cause]:
    """Those of one firm's findings."""
    groups: list[list[Row]] = []
    for row in rows:
        joined = [group for group in groups if any(is_same_cause(row, one) for one in group)]
        groups = [group for group in groups if group not in joined]
        groups.append([row, *(one for group in joined for one in group)])
    return _ordered(_cause(group, size) for group in groups)


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


def masses_mg(row: Row) -> dict[str, int]:
    """Element → what a finding speaks of: mass of the element, of TREO that of oxide.

    An imbalance states each element that it watched; after a visit all are as much smaller as the finding is.
    """
    mass, evidence = mass_mg(row), row.get("evidence", ())
    runs = {one["run"]["element"]: int(Decimal(one["run"]["mass_kg"]) * MG_PER_KG) for one in evidence if "run" in one}
    if runs:
        books = mass_mg(of_books(row))
        return {element: round(part * mass / books) if books else part for element, part in runs.items()}
    elements = [one["measured"]["element"] for one in evidence if "measured" in one][:1] or row.get("elements", ())
    if TREO in elements or row["detector"] == _OF_GOODS or not elements:
        return {TREO: mass}
    return shared_mg(mass, elements)


def _ordered(found: Iterable[Cause]) -> list[Cause]:
    return sorted(found, key=lambda one: (-one.expected_usd, one.finding["id"]))


def _cause(group: Sequence[Row], size: SizeClass) -> Cause:
    def expected(row: Row) -> float:
        return worth_usd(masses_mg(row)) * likelihood(row["detector"], size).probability

    first, *others = sorted(group, key=lambda row: (-expected(row), row["id"]))
    sites = [row["subject"]["site"] for row in (first, *others) if "site" in row["subject"]]
    spans: dict[str, list[tuple[str, str, int]]] = {}
    for row in group:
        for element, mass in masses_mg(row).items():
            spans.setdefault(element, []).append((row["period"]["from"], row["period"]["to"], mass))
    whole = {element: _apart(of_it) for element, of_it in spans.items()}
    whole = dict(sorted(((one, mass) for one, mass in whole.items() if mass), key=lambda one: (-one[1], one[0])))
    return Cause(
        finding=first, others=tuple(others), site=sites[0] if sites else None, masses_mg=whole,
        worth_usd=worth_usd(whole), likelihood=likelihood(first["detector"], size),
    )  # fmt: skip


def _apart(spans: Iterable[tuple[str, str, int]]) -> int:
    """The largest sum of masses whose months (first, last) do not meet."""
    by_end = sorted(spans, key=lambda one: one[1])
    ends, best = [last for _, last, _ in by_end], [0]
    for first, _, mass in by_end:
        best.append(max(best[-1], best[bisect_left(ends, first)] + mass))
    return best[-1]


def _events(row: Row) -> frozenset[tuple[str, str, str]]:
    """(organisation, event, day) of the filed rows that a finding rests on: an event's name is its filer's own word."""
    firm = asked_firm(row)
    return frozenset(
        (str(one.get("organisation") or firm), str(one["event"]), str(one.get("on", "")))
        for one in row.get("evidence", ())
        if one.get("event")
    )
