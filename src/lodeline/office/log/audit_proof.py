"""Whether the audit records are those that were anchored, and none came in beside them afterwards.

A record that no anchor covers yet is no fault: it is counted. One that was written before what is anchored already,
further back than any honest transaction reaches, is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from lodeline.journal import merkle
from lodeline.journal.verify import Fault
from lodeline.office.access.guarded import moment
from lodeline.office.log.anchoring import (
    LATE,
    Anchor,
    Range,
    Record,
    anchor_of,
    kept_leaves,
    leaves_of,
    missing_in,
    ranges_of,
    records_of,
)
from lodeline.service.entries.office_log import KIND
from lodeline.store.database import integer
from lodeline.store.queries.log import audit_record_count
from lodeline.store.store import Store, StoredEntry

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "audit.changed": ("Audit records are not those that were anchored", "审计记录与锚定时不符"),
    "audit.missing": ("Audit records that were anchored are missing", "已锚定的审计记录缺失"),
    "audit.backdated": (
        "An audit record came in after others of its time were anchored",
        "审计记录系在同期记录锚定之后补入",
    ),
}  # fmt: skip
#: Faults of a kind that are told one by one.
_LISTED_MOST: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Faults, how many records there are, and how many of them no anchor covers."""

    faults: tuple[Fault, ...]
    records: int
    not_anchored: int


@dataclass(slots=True)
class _Covered:
    """What the anchors up to here cover, and the moment up to which they do; None before the first."""

    ranges: list[Range] = field(default_factory=list)
    until: datetime | None = None
    newest: datetime | None = None
    by_demo: bool = False
    last: Anchor | None = None
    #: Records that are covered and not there any more.
    gone: int = 0

    def take(self, anchor: Anchor, newest: datetime | None) -> None:
        """Adds an anchor whose newest record is of `newest`.

        The moment is the earlier of two, so that one clock that was wrong for a while accuses nobody afterwards.
        """
        self.last, self.by_demo = anchor, self.by_demo or anchor.by_demo
        self.ranges += anchor.ids
        self.newest = max((one for one in (self.newest, newest) if one is not None), default=None)
        self.until = anchor.at if self.newest is None else min(anchor.at, self.newest)

    def is_too_late(self, at: datetime | None) -> bool:
        """Whether what was written at a moment should have been covered already. A demo's clock says nothing."""
        return not self.by_demo and None not in (at, self.until) and at < self.until - LATE  # type: ignore[operator]


def judge(store: Store, entries: Sequence[StoredEntry]) -> Found:
    """Recomputes every anchor; holds the records of one at a time."""
    faults: list[Fault] = []
    covered = _Covered()
    for entry in entries:
        found = anchor_of(entry) if entry.kind == KIND else None
        if found is not None:
            newest, wrong = _of_anchor(store, found, covered)
            faults += wrong
            covered.take(found, newest)
    covered.ranges = _merged(covered.ranges)
    records = audit_record_count(store)
    faults += list(_beside(store, covered))
    anchored = sum(last - first + 1 for first, last in covered.ranges)
    return Found(faults=tuple(faults), records=records, not_anchored=records - anchored + covered.gone)


def _of_anchor(store: Store, anchor: Anchor, covered: _Covered) -> tuple[datetime | None, list[Fault]]:
    """The newest moment of its records, and what is wrong with them."""
    records = [one for first, last in anchor.ids for one in records_of(store, first, last, most=last - first + 1)]
    there = ranges_of(integer(one[0]) for one in records)
    gone = [one for first, last in anchor.ids for one in _holes(there, first, last)]
    covered.gone += sum(last - first + 1 for first, last in gone)
    faults = [
        Fault(entry=anchor.entry, what="audit.missing", facts={"records": _range_text(one)})
        for one in gone[:_LISTED_MOST]
    ]
    changed = _changed(store, anchor, records, whole=not gone)
    if changed:
        ranges = ",".join(map(_range_text, changed[:_LISTED_MOST]))
        faults.append(Fault(entry=anchor.entry, what="audit.changed", facts={"records": ranges}))
    faults += list(_backdated(records, covered, anchor.entry))
    return max((at for one in records if (at := moment(one[1])) is not None), default=None), faults


def _changed(store: Store, anchor: Anchor, records: Sequence[Record], *, whole: bool) -> Sequence[Range]:
    """The records of an anchor that are not as they were; all of them where an older anchor keeps no leaves.

    `whole`: none is gone.
    """
    found, kept = leaves_of(store, records), kept_leaves(store, anchor)
    if kept is None:
        return anchor.ids if whole and merkle.root_of_leaves(found).hex() != anchor.root else ()
    if whole and found == kept:
        return ()
    numbers = (number for first, last in anchor.ids for number in range(first, last + 1))
    anchored = dict(zip(numbers, _each(kept), strict=False))
    now = zip((integer(one[0]) for one in records), _each(found), strict=True)
    return ranges_of(number for number, leaf in now if anchored.get(number) != leaf)


def _each(leaves: bytes) -> Iterator[bytes]:
    return (leaves[at : at + merkle.HASH_BYTES] for at in range(0, len(leaves), merkle.HASH_BYTES))


def _beside(store: Store, covered: _Covered) -> Iterator[Fault]:
    """Records that no anchor covers: written before what is covered, or under a number that was long given up."""
    last = covered.last
    if last is None:
        return
    first = last.upto + 1
    while records := records_of(store, first):
        yield from _backdated(records, covered, None)
        first = integer(records[-1][0]) + 1
    open_ = _merged([(a, b) for a, b, _ in last.missing])
    for a, b in missing_in(covered.ranges, 1):
        for record in records_of(store, a, b, most=_LISTED_MOST):
            number = integer(record[0])
            given_up = not any(x <= number <= y for x, y in open_)
            if (given_up and not covered.by_demo) or covered.is_too_late(moment(record[1])):
                yield Fault(entry=None, what="audit.backdated", facts={"record": number})


def _backdated(records: Iterable[Record], covered: _Covered, entry: int | None) -> Iterator[Fault]:
    late = [integer(one[0]) for one in records if covered.is_too_late(moment(one[1]))]
    for number in late[:_LISTED_MOST]:
        yield Fault(entry=entry, what="audit.backdated", facts={"record": number})


def _holes(there: Sequence[Range], first: int, last: int) -> list[Range]:
    inside = [(max(a, first), min(b, last)) for a, b in there if a <= last and b >= first]
    return list(missing_in([*inside, (last + 1, last + 1)], first))


def _merged(ranges: Iterable[Range]) -> list[Range]:
    merged: list[Range] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def _range_text(one: Range) -> str:
    return str(one[0]) if one[0] == one[1] else f"{one[0]}-{one[1]}"
