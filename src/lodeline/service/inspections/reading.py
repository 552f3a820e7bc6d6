"""What stands in the log about visits, read together: each bag with who holds it, each visit with all its papers.

Nothing here is stored: bags, their holders and visits are what the papers amount to, in the order of the log.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, Literal

from lodeline.filing.inspection.columns import Part, bag_key
from lodeline.service.entries import papers
from lodeline.service.inspections.visits import Inspection, inspections
from lodeline.store.store import INSPECTION_KIND, INSPECTION_PLAN_KIND, Store

MEASUREMENT: Final = "measurement"
CUSTODY: Final = "custody"
RESULT: Final = "result"
#: Acts that go into the statistics, beside the counts, seizures and seals of `visits`.
MEASURED_ACTS: Final = (MEASUREMENT, CUSTODY, RESULT)
Side = Literal["authority", "firm", "referee"]
#: Whose analysis is of which part of a sample.
PART_OF: Final[Mapping[Side, Part]] = {"authority": "authority", "firm": "firm", "referee": "reserve"}
#: Who holds the authority's parts of a sample until they are handed on.
AUTHORITY: Final = "authority"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A bag changes hands. `seal_intact`: as seen by whoever took it."""

    entry: int
    giver: str
    taker: str
    at: str
    seal_intact: bool
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bag:
    """One part of a sample: of which lot of whom it is, and through which hands it went. `entry`: of the measurement
    that took it; `lot` as labelled, `name` as the ledger has it; `results`: entries with an analysis of it."""

    bag: str
    part: Part
    organisation: str
    site: str
    on: date
    plan: int | None
    entry: int
    lot: str
    name: str
    gross_mg: int | None
    seal: str | None
    chain: tuple[Step, ...] = ()
    results: tuple[int, ...] = ()

    @property
    def holder(self) -> str:
        """Who holds it now: at first the firm its own part, the authority the others."""
        if self.chain:
            return self.chain[-1].taker
        return self.organisation if self.part == "firm" else AUTHORITY

    @property
    def broken(self) -> Step | None:
        """The first hand-over at which its seal was found broken."""
        return next((one for one in self.chain if not one.seal_intact), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """All that belongs to one visit: the papers of one plan, else of one site and day. `entry`: of its first paper."""

    entry: int
    organisation: str
    site: str
    on: date
    plan: int | None
    papers: tuple[Inspection, ...]

    def of(self, act: str) -> tuple[Inspection, ...]:
        """Its papers of one act, in the order of the log."""
        return tuple(one for one in self.papers if one.act == act)

    @property
    def items(self) -> list[tuple[int, Mapping[str, Any]]]:
        """(entry, row) of everything that was measured."""
        return [(one.entry.index, row) for one in self.of(MEASUREMENT) for row in one.paper["rows"]]

    @property
    def bags(self) -> dict[str, Bag]:
        """The bags that were taken at it, by `bag_key`."""
        return bags_of(self.papers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """How a visit and its plan agree. `unmeasured`: items that the plan chose and nobody measured; `by_hand`: (entry,
    row) of what was measured and the plan did not choose."""

    plan: Mapping[str, Any]
    unmeasured: tuple[Mapping[str, Any], ...]
    by_hand: tuple[tuple[int, Mapping[str, Any]], ...]


def bags_of(every: Iterable[Inspection]) -> dict[str, Bag]:
    """`bag_key` → each bag that some papers know of, given in the order of the log."""
    bags: dict[str, Bag] = {}
    for one in every:
        add_to_bags(bags, one)
    return bags


def add_to_bags(bags: dict[str, Bag], one: Inspection) -> None:
    """Puts what a paper says of bags to what earlier ones said."""
    if one.act not in MEASURED_ACTS:
        return
    paper, entry = one.paper, one.entry.index
    if one.act == MEASUREMENT:
        labels = {row["name"]: row["lot"] for row in paper["rows"]}
        for sample in paper["samples"]:
            bags[bag_key(sample["bag"])] = Bag(
                bag=sample["bag"], part=sample["part"], organisation=paper["organisation"], site=paper["site"],
                on=date.fromisoformat(paper["on"]), plan=paper["plan"], entry=entry,
                lot=labels.get(sample["name"], sample["name"]), name=sample["name"], gross_mg=sample["gross_mg"],
                seal=sample["seal"],
            )  # fmt: skip
    elif one.act == CUSTODY:
        for step in paper["bags"]:
            bag = bags.get(bag_key(step["bag"]))
            if bag is not None:
                bags[bag_key(step["bag"])] = replace(bag, chain=(*bag.chain, _step(step, entry)))
    elif one.act == RESULT:
        for row in paper["rows"]:
            bag = bags.get(bag_key(row["bag"])) if row["bag"] else None
            if bag is not None:
                bags[bag_key(row["bag"])] = replace(bag, results=(*bag.results, entry))


def _step(step: Mapping[str, Any], entry: int) -> Step:
    return Step(
        entry=entry, giver=step["from"], taker=step["to"], at=step["at"], seal_intact=step["seal_intact"],
        note=step["note"],
    )  # fmt: skip


def visits_of(every: Sequence[Inspection]) -> list[Visit]:
    """The visits that some papers make up, the oldest first. Results of reference materials alone are of none."""
    of_visit: dict[tuple[str, str, int | str], list[Inspection]] = {}
    # What was counted or sealed beside a planned visit of the same day names no plan, and is of it.
    plans = {_day_key(one): one.paper["plan"] for one in every if one.paper.get("plan") is not None}
    for one in sorted(every, key=lambda one: one.entry.index):
        who, site, on = _day_key(one)
        if site:
            plan = one.paper.get("plan", plans.get((who, site, on)))
            of_visit.setdefault((who, site, on if plan is None else plan), []).append(one)
    return [_visit(found) for found in of_visit.values()]


def visit_of(store: Store, entry: int) -> Visit | None:
    """The visit that an entry of an inspection belongs to, with all its papers; None where there is none."""
    found = store.entry(entry)
    if found is None or found.kind != INSPECTION_KIND or found.organisation is None:
        return None
    own = inspections(store, [found.organisation])
    return next((one for one in visits_of(own) if entry in {paper.entry.index for paper in one.papers}), None)


def _day_key(one: Inspection) -> tuple[str, str, str]:
    return one.paper["organisation"] or "", one.paper["site"] or "", one.paper["on"]


def _visit(found: Sequence[Inspection]) -> Visit:
    first = next((one for one in found if one.act == MEASUREMENT), found[0])
    return Visit(
        entry=first.entry.index, organisation=first.paper["organisation"], site=first.paper["site"],
        on=date.fromisoformat(first.paper["on"]), plan=first.paper.get("plan"), papers=tuple(found),
    )  # fmt: skip


def plan_paper(store: Store, entry: int) -> Mapping[str, Any] | None:
    """The plan that stands in an entry; None where it is none."""
    found = store.entry(entry)
    if found is None or found.kind != INSPECTION_PLAN_KIND:
        return None
    return json.loads(papers.paper_of(store, found))  # type: ignore[no-any-return]


def planned(store: Store, visit: Visit) -> Planned | None:
    """The visit beside its plan; None where it has none."""
    plan = None if visit.plan is None else plan_paper(store, visit.plan)
    if plan is None:
        return None
    chosen = {(item["lot"], item["place"]): item for item in plan["items"] if item["do"]}
    measured = {(row["name"], row["place"]) for _, row in visit.items}
    return Planned(
        plan=plan,
        unmeasured=tuple(item for key, item in chosen.items() if key not in measured),
        by_hand=tuple(one for one in visit.items if (one[1]["name"], one[1]["place"]) not in chosen),
    )
