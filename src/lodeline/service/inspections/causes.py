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
from typing import Any, Final

from lodeline.accountancy.worth import price_year, shared_mg, worth_usd
from lodeline.detection.finding import Finding
from lodeline.language import Text
from lodeline.material.element import TREO
from lodeline.material.mass import format_kg, parse_mass
from lodeline.service.inspections.precision import Likelihood, SizeClass, likelihood, size_class

#: Its mass is all rare earths of the goods; its elements are those that the law lists.
_OF_GOODS: Final = "licence-abuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One thing that may be wrong. `finding`: the one that leads; `others`: those that speak of the same.

    `site`: where it is, None where no finding of it says so; `masses_mg`: by element, TREO as oxide; `likelihood`: of
    the finding that leads.
    """

    finding: Finding
    others: tuple[Finding, ...]
    site: str | None
    masses_mg: Mapping[str, int]
    worth_usd: float
    likelihood: Likelihood

    @property
    def expected_usd(self) -> float:
        """Worth × probability."""
        return self.worth_usd * self.likelihood.probability

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All that speak of it, the one that leads first."""
        return (self.finding, *self.others)

    @property
    def innocent(self) -> float:
        """The probability that nothing is behind it, to six decimals."""
        return round(1 - self.likelihood.probability, 6)

    @property
    def ask(self) -> Text | None:
        """What to ask first."""
        return next(iter(self.finding.ask), None)

    def as_json(self) -> dict[str, Any]:
        """As `lodeline findings --json` and `lodeline inspect choose --json` print it."""
        found = self.likelihood
        return {
            "finding": self.finding.id, "detector": self.finding.detector,
            "organisation": self.finding.firm, "site": self.site,
            "masses_kg": {element: format_kg(mass) for element, mass in self.masses_mg.items()},
            "worth_usd": round(self.worth_usd), "price_year": price_year(),
            "probability": round(found.probability, 6), "innocent": self.innocent,
            "true": found.true, "alarms": found.alarms, "basis": found.basis,
            "ask": self.ask, "same_cause": [one.id for one in self.others],
        }  # fmt: skip


def causes(findings: Iterable[Finding], shipped: Mapping[str, float]) -> list[Cause]:
    """The causes of all findings; most worth × probability first. `shipped`: as `shipped_by_firm`."""
    asked: dict[str, list[Finding]] = {}
    for one in findings:
        asked.setdefault(one.firm, []).append(one)
    return _ordered(one for firm, own in asked.items() for one in causes_of(own, size_class(shipped.get(firm, 0.0))))


def causes_of(findings: Iterable[Finding], size: SizeClass) -> list[Cause]:
    """Those of one firm's findings."""
    groups: list[list[Finding]] = []
    for finding in findings:
        joined = [group for group in groups if any(is_same_cause(finding, one) for one in group)]
        groups = [group for group in groups if group not in joined]
        groups.append([finding, *(one for group in joined for one in group)])
    return _ordered(_cause(group, size) for group in groups)


def is_same_cause(one: Finding, other: Finding) -> bool:
    """Whether two findings of a firm speak of the same thing."""
    site = one.subject.get("site")
    meet = one.first_period <= other.last_period and other.first_period <= one.last_period
    if meet and site is not None and site == other.subject.get("site"):
        return True
    return not _events(one).isdisjoint(_events(other))


def masses_mg(finding: Finding) -> dict[str, int]:
    """Element → what a finding speaks of: mass of the element, of TREO that of oxide.

    An imbalance states each element that it watched; after a visit all are as much smaller as the finding is.
    """
    mass, evidence = finding.mass_mg, finding.evidence
    runs = {one["run"]["element"]: parse_mass(one["run"]["mass_kg"]) for one in evidence if "run" in one}
    if runs:
        books = finding.by_books().mass_mg
        return {element: round(part * mass / books) if books else part for element, part in runs.items()}
    elements = [one["measured"]["element"] for one in evidence if "measured" in one][:1] or finding.elements
    if TREO in elements or finding.detector == _OF_GOODS or not elements:
        return {TREO: mass}
    return shared_mg(mass, elements)


def _ordered(found: Iterable[Cause]) -> list[Cause]:
    return sorted(found, key=lambda one: (-one.expected_usd, one.finding.id))


def _cause(group: Sequence[Finding], size: SizeClass) -> Cause:
    def expected(one: Finding) -> float:
        return worth_usd(masses_mg(one)) * likelihood(one.detector, size).probability

    first, *others = sorted(group, key=lambda one: (-expected(one), one.id))
    sites = [one.subject["site"] for one in (first, *others) if "site" in one.subject]
    spans: dict[str, list[tuple[str, str, int]]] = {}
    for one in group:
        for element, mass in masses_mg(one).items():
            spans.setdefault(element, []).append((one.first_period, one.last_period, mass))
    whole = {element: _apart(of_it) for element, of_it in spans.items()}
    whole = dict(sorted(((name, mass) for name, mass in whole.items() if mass), key=lambda of: (-of[1], of[0])))
    return Cause(
        finding=first, others=tuple(others), site=sites[0] if sites else None, masses_mg=whole,
        worth_usd=worth_usd(whole), likelihood=likelihood(first.detector, size),
    )  # fmt: skip


def _apart(spans: Iterable[tuple[str, str, int]]) -> int:
    """The largest sum of masses whose months (first, last) do not meet."""
    by_end = sorted(spans, key=lambda one: one[1])
    ends, best = [last for _, last, _ in by_end], [0]
    for first, _, mass in by_end:
        best.append(max(best[-1], best[bisect_left(ends, first)] + mass))
    return best[-1]


def _events(finding: Finding) -> frozenset[tuple[str, str, str]]:
    """(organisation, event, day) of the filed rows that a finding rests on: an event's name is its filer's own word."""
    return frozenset(
        (str(one.get("organisation") or finding.firm), str(one["event"]), str(one.get("on", "")))
        for one in finding.evidence
        if one.get("event")
    )
