"""What visits found, beside how they were chosen: read from their papers and findings, entered by nobody.

A visit's outcome is the strongest of what stands: goods were seized; what was measured is not what was declared; a
finding of the balance was confirmed, narrowed or cleared; nothing. It is for people to read beside the measured
precision of the detectors. Nothing learns from it: no probability and no weight of the list changes by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import polars as pl

from lodeline.detection.finding import Finding
from lodeline.service.inspections.reading import MEASUREMENT, Visit
from lodeline.service.inspections.verifying import verification
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store

Row = Mapping[str, Any]
Outcome = Literal["seized", "difference", "confirmed", "narrowed", "cleared", "nothing", "waiting", "unmeasured"]
#: From the strongest.
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)
#: A visit with one of these found something; those of `_UNKNOWN` say neither.
FOUND: Final[frozenset[Outcome]] = frozenset({"seized", "difference", "confirmed", "narrowed"})
_UNKNOWN: Final[frozenset[Outcome]] = frozenset({"waiting", "unmeasured"})
Chosen = Literal["ranked", "random", "asked"]
#: The detector that says what measuring itself has shown.
MEASURED_DIFFERENCE: Final = "measured-difference"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A visit and what it found. `chosen`: how, as its plan says; without a plan somebody asked. `by_detector`: what it
    made of the findings it bears on."""

    visit: Visit
    chosen: Chosen
    outcome: Outcome
    by_detector: Mapping[str, Outcome]

    @property
    def found(self) -> bool | None:
        """Whether it found something; None where that is not known."""
        return None if self.outcome in _UNKNOWN else self.outcome in FOUND


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Of so many visits that say something, so many found something."""

    visits: int
    found: int


def results(
    visits: Iterable[Visit], chosen: Mapping[int, str], findings: Iterable[Finding], late: Iterable[int] = ()
) -> list[Result]:  # fmt: skip
    """What each visit found, the oldest first.

    visits : `reading.visits_of` the papers.
    chosen : entry of a plan → how its site was chosen.
    late : visits, by entry, whose month is not filed yet, so that nothing can be compared.
    """
    made: dict[int, dict[str, Outcome]] = {}
    for one in findings:
        for visit, outcome in _of_finding(one):
            own = made.setdefault(visit, {})
            own[one.detector] = _strongest([own.get(one.detector, outcome), outcome])
    return [_result(one, chosen, made, frozenset(late)) for one in visits]


def waiting(store: Store, snapshot: Snapshot) -> pl.DataFrame:
    """`organisation`, `visit` (entry) of what was measured in a month that is not filed: nothing can be compared
    yet."""
    found = verification(store, snapshot).verified
    return found.filter(pl.col("state") == "waiting").select("organisation", "visit").unique().sort("visit")


def by_choice(every: Sequence[Result]) -> dict[Chosen, Rate]:
    """How the visits were chosen → how many of them found something."""
    return {how: _rate(one.found for one in every if one.chosen == how) for how in get_args(Chosen)}


def by_detector(every: Sequence[Result]) -> dict[str, Rate]:
    """Detector → of the visits that bear on a finding of it, how many left something standing."""
    names = sorted({name for one in every for name in one.by_detector})
    return {
        name: _rate(one.by_detector[name] in FOUND for one in every if name in one.by_detector) for name in names
    }  # fmt: skip


def _rate(found: Iterable[bool | None]) -> Rate:
    known = [one for one in found if one is not None]
    return Rate(visits=len(known), found=sum(known))


def _of_finding(finding: Finding) -> list[tuple[int, Outcome]]:
    """(visit, what it made of the finding)."""
    if finding.detector == MEASURED_DIFFERENCE and "visit" in finding.subject:
        return [(int(finding.subject["visit"]), "difference")]
    return [(one.visit, "nothing" if one.state == "unchanged" else one.state) for one in finding.measured]


def _result(
    visit: Visit, chosen: Mapping[int, str], made: Mapping[int, Mapping[str, Outcome]], late: frozenset[int]
) -> Result:  # fmt: skip
    # Statistics name a visit by the first of its papers that measures something.
    entries = {one.entry.index for one in visit.papers}
    own = {name: outcome for entry in sorted(entries & made.keys()) for name, outcome in made[entry].items()}
    outcomes: list[Outcome] = list(own.values())
    if visit.of("seizure"):
        outcomes.append("seized")
    if not outcomes:
        measured = bool(visit.of(MEASUREMENT) or visit.of("count"))
        outcomes.append("waiting" if entries & late else "nothing" if measured else "unmeasured")
    how = chosen.get(visit.plan, "asked") if visit.plan is not None else "asked"
    return Result(visit=visit, chosen=how, outcome=_strongest(outcomes), by_detector=own)  # type: ignore[arg-type]


def _strongest(outcomes: Iterable[Outcome]) -> Outcome:
    return min(outcomes, key=OUTCOMES.index)
