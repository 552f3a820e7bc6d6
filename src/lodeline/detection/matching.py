"""Which finding answers which plant: the same firm, in overlapping months.

The truth file of a labelled world on one side, the document of `lodeline findings --json` on the other; nothing of the
inside of either is known here. A finding that touches no plant at all is false. One that touches a plant of another
loophole is neither a hit of its own detector nor false: something was wrong there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

#: Keys of a finding's subject that hold the id of one organisation.
_ONE = ("organisation", "party")
#: Keys that hold several, and what stands between them.
_MANY = {"pair": ">", "ring": " → "}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A finding as far as it is matched. `score` is 1 where the detector gives none.

    `bound`: it says how much a site that never counted must have gained at least; without a count there is no error to
    state, so no budget of false alarms either.
    """

    detector: str
    organisations: frozenset[str]
    first: str
    last: str
    score: float
    bound: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A plant as far as it is matched: whom it touches, and in which months it stands in the filings."""

    id: str
    loophole: str
    organisations: frozenset[str]
    first: str
    last: str


def seen(row: Mapping[str, Any]) -> Seen:
    """A row of `lodeline findings --json`."""
    subject = row["subject"]
    named = {subject[key] for key in _ONE if key in subject}
    for key, between in _MANY.items():
        named |= set(subject.get(key, "").split(between)) - {""}
    named |= {name for one in row.get("evidence", ()) for name in one.get("customers", ())}
    return Seen(
        detector=row["detector"], organisations=frozenset(named), first=row["period"]["from"], last=row["period"]["to"],
        score=1.0 if row["score"] is None else row["score"],
        bound=row["score"] is None and row["detector"] == "unexplained-gain",
    )  # fmt: skip


def planted(item: Mapping[str, Any]) -> Planted:
    """An item of `planted` in a truth file. Rings close, and their titles return, a month after the plant ends."""
    subjects, period = item["subjects"], item["period"]
    return Planted(
        id=item["id"], loophole=item["loophole"],
        organisations=frozenset([*subjects["organisations"], *subjects["parties"]]),
        first=period["from"], last=month_after(period["to"]),
    )  # fmt: skip


def month_after(period: str) -> str:
    """`2025-12` → `2026-01`."""
    year, month = int(period[:4]), int(period[5:])
    return f"{year + month // 12:04d}-{month % 12 + 1:02d}"


def answers(finding: Seen, plant: Planted) -> bool:
    """True where they have an organisation and a month in common."""
    return (
        finding.first <= plant.last
        and plant.first <= finding.last
        and not finding.organisations.isdisjoint(plant.organisations)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """`found`: plant → the findings that answer it, of any detector; `false`: findings that answer no plant."""

    found: Mapping[str, tuple[Seen, ...]]
    false: tuple[Seen, ...]


def match(plants: Iterable[Planted], findings: Iterable[Seen]) -> Matched:
    """Findings held against all plants of the same world."""
    known = list(plants)
    found: dict[str, list[Seen]] = {plant.id: [] for plant in known}
    by_organisation: dict[str, list[Planted]] = {}
    for plant in known:
        for organisation in plant.organisations:
            by_organisation.setdefault(organisation, []).append(plant)
    false = []
    for finding in findings:
        near = {plant.id: plant for one in finding.organisations for plant in by_organisation.get(one, ())}
        answered = [plant.id for plant in near.values() if answers(finding, plant)]
        for number in answered:
            found[number].append(finding)
        if not answered:
            false.append(finding)
    return Matched(found={number: tuple(seen) for number, seen in found.items()}, false=tuple(false))
