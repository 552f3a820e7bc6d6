"""How a paper of a visit gets into the log: read outside, judged under the head, written once.

Bags and rows are judged against what stands in the log when they are written: two telephones that send at the same
moment cannot both take a bag, and a row that is sent twice is taken once and the answer says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from lodeline.journal.entry import canonical_json
from lodeline.ledger.problem import Problem
from lodeline.service.entries import papers
from lodeline.service.entries.moment import utc_text
from lodeline.service.inspections.reading import Bag, bags_of
from lodeline.service.inspections.visits import FORMAT, Inspection, entered, inspections
from lodeline.store.store import INSPECTION_KIND, Head, Store, StoredEntry

InTransaction = Callable[[Sequence[StoredEntry]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of what was handed in: its entries (none: refused, or all of it stood already), the problems of its
    rows, and `repeated`, which rows stood already and in which entry."""

    entries: tuple[StoredEntry, ...] = ()
    problems: tuple[Problem, ...] = ()
    repeated: Mapping[str, int] = field(default_factory=dict)

    @property
    def accepted(self) -> bool:
        """Whether all of it stands in the log now."""
        return all(one.severity == "flag" for one in self.problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A paper on its way: whose visit it is of, and what it says beside the frame that all have."""

    act: str
    organisation: str | None
    site: str | None
    on: date
    content: Mapping[str, Any]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the log says of visits, read before it is held and brought up to its head once it is."""

    every: Sequence[Inspection]
    size: int

    @classmethod
    def of(cls, store: Store) -> Standing:
        """As of now."""
        size = store.head().size
        return cls(every=[one for one in inspections(store) if one.entry.index < size], size=size)

    def upto(self, store: Store, head: Head) -> Standing:
        """As of a head that came later: only what is new is read."""
        if head.size == self.size:
            return self
        return Standing(every=[*self.every, *entered(store, self.size, head.size)], size=head.size)

    @property
    def bags(self) -> dict[str, Bag]:
        """Every bag that was ever taken, by `bag_key`."""
        return bags_of(self.every)

    def of_act(self, act: str) -> list[Inspection]:
        """The papers of one act."""
        return [one for one in self.every if one.act == act]


_FRAME: Final[Mapping[str, Any]] = {"whole": False, "rows": [], "seals": []}


def put_all(
    store: Store, head: Head, wanted: Iterable[Paper], *, before: Sequence[Inspection], filed_at: datetime, by: str
) -> list[StoredEntry]:
    """Writes papers one after the other from the head on that the caller's transaction holds. `before`: what stands."""
    numbers = Counter((one.paper["organisation"], one.paper["site"]) for one in before)
    entries: list[StoredEntry] = []
    for paper in wanted:
        numbers[paper.organisation, paper.site] += 1
        content = canonical_json(
            {
                "format": FORMAT, "act": paper.act, "organisation": paper.organisation, "site": paper.site,
                "on": paper.on.isoformat(), **_FRAME, **paper.content, "note": paper.note.strip(),
                "entered_at": utc_text(filed_at), "by": by, "number": numbers[paper.organisation, paper.site],
            }
        )  # fmt: skip
        at = store.head() if entries else head
        entry = papers.put_paper(
            store, at, content, kind=INSPECTION_KIND, name=f"inspection-{at.size}.json", filed_at=filed_at,
            facts={"act": paper.act, "by": by}, organisation=paper.organisation,
            period=None if paper.organisation is None else paper.on.isoformat()[:7],
        )  # fmt: skip
        entries.append(entry)
    return entries
