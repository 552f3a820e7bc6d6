"""How a paper of a visit gets into the log: read outside, judged under the head, written once.

Bags and rows are judged against what stands in the log when they are written: two telephones that send at the same
moment cannot both take a bag, and a row that is sent twice is taken once and the answer says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from lodeline.journal.entry import canonical_json
from lodeline.ledger.problem import Problem
from lodeline.service.entries import papers
from lodeline.service.entries.moment import utc_text
from lodeline.service.inspections.standing import Standing
from lodeline.service.inspections.visits import FORMAT
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


_FRAME: Final[Mapping[str, Any]] = {"whole": False, "rows": [], "seals": []}


def put_all(
    store: Store, head: Head, wanted: Iterable[Paper], *, standing: Standing, filed_at: datetime, by: str
) -> list[StoredEntry]:
    """Writes papers one after the other from the head on that the caller's transaction holds, after what stands."""
    numbers = standing.numbers.copy()
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
