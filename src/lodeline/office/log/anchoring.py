"""Audit records are anchored in the log: an entry holds the Merkle root of all that no earlier one covers.

Nothing waits for it: a record is added without a lock, and the root is made beside, from records that are committed.
PostgreSQL numbers records before they are committed, so an anchor says which numbers below its last one were not there
yet; one that comes late, within LATE, is covered by the next anchor. What comes later than that, or was written before
what is anchored already, was not written by the office.

Each record is a salted leaf: a root over few records tells nothing to whoever guesses what they say.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from lodeline.journal import entry as journal
from lodeline.journal import merkle
from lodeline.office.access.guarded import has_office, moment, plain
from lodeline.service.entries.moment import utc_text
from lodeline.service.entries.office_log import ANCHOR, Paper, facts_of, newest_first, put
from lodeline.store.database import integer
from lodeline.store.queries.log import audit_records
from lodeline.store.store import Store, StoredEntry

#: The longest that a record may take from being written to being committed: assumption. Requests end after minutes; a
#: large filing, whose record stands in its transaction, takes less than one.
LATE: Final = timedelta(hours=1)
#: Records, and stretches of numbers, in an anchor: an envelope is short, and a root is made in less than a second.
RECORDS_MOST: Final = 20_000
RANGES_MOST: Final = 1_000
_MISSING_MOST: Final = 500
#: The leaves under the root, joined: with them each record shows by itself, whatever became of the others.
LEAVES_FILE: Final = "leaves"

#: First and last number of a stretch.
Range = tuple[int, int]
#: A record as the database gives it: its number, when, and the rest.
Record = tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What an anchor says.

    ids      numbers of the records under `root`, in order
    upto     the highest number that an anchor has covered up to now
    missing  numbers below it that were not there yet, and since which anchor
    by_demo  the office's clock was that of a demo, which begins anew with each start
    """

    entry: int
    at: datetime
    ids: tuple[Range, ...]
    root: str
    upto: int
    missing: tuple[tuple[int, int, datetime], ...]
    by_demo: bool


def anchor_of(entry: StoredEntry) -> Anchor | None:
    """The anchor that an entry is; None where it is something else."""
    facts = facts_of(entry)
    if facts.get("what") != ANCHOR:
        return None
    return Anchor(
        entry=entry.index, at=_moment(entry.filed_at), ids=tuple((first, last) for first, last in facts["ids"]),
        root=facts["root"], upto=facts["upto"], by_demo=facts.get("clock") == "demo",
        missing=tuple((first, last, _moment(since)) for first, last, since in facts["missing"]),
    )  # fmt: skip


def newest_anchor(store: Store) -> Anchor | None:
    """The anchor from which the next goes on."""
    return next((found for entry in newest_first(store) if (found := anchor_of(entry)) is not None), None)


def anchor(store: Store, *, now: datetime, by_demo: bool = False) -> int:
    """Anchors every record that is committed and not anchored yet; returns how many they were.

    The log is held for no longer than an entry takes. Of two who anchor at once the slower one looks anew.
    """
    done = 0
    while True:
        last = newest_anchor(store)
        records = _not_anchored(store, last)
        if not records:
            return done
        leaves = leaves_of(store, records)
        facts = _facts(last, records, now, root=merkle.root_of_leaves(leaves).hex())
        if by_demo:
            facts["clock"] = "demo"
        paper = Paper(content=leaves, name=LEAVES_FILE)
        if put(store, facts, filed_at=now, paper=paper, unless=_has_moved(store, last)) is not None:
            done += len(records)


def anchor_if_kept(store: Store, *, now: datetime) -> None:
    """Anchors before a checkpoint is taken that somebody keeps; a store that has no office, or is not written to, has
    nothing that could be anchored."""
    path = store.database.path
    is_written_to = path is None or (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK))
    if is_written_to and has_office(store.database):
        anchor(store, now=now)


def anchor_job(payload: Mapping[str, Any], progress: Callable[[float], None]) -> object:
    """The job `audit.anchor`."""
    del payload, progress
    from django.conf import settings  # noqa: PLC0415  (the commands anchor too, and have no portal's settings)

    from lodeline.office.access import clock  # noqa: PLC0415
    from lodeline.store.opening import open_store  # noqa: PLC0415

    store = open_store(settings.LODELINE_DATABASE)
    return {"records": anchor(store, now=clock.now(), by_demo=bool(settings.LODELINE_DEMO_CLOCK))}


def records_of(store: Store, first: int, last: int | None = None, *, most: int | None = None) -> list[Record]:
    """The records with these numbers, in order."""
    limit = RECORDS_MOST if most is None else most
    return audit_records(store, first, _LAST_NUMBER if last is None else last, limit)


def leaves_of(store: Store, records: Iterable[Record]) -> bytes:
    """The leaf hashes of records, joined."""
    key = journal.salt_key(store.secret, b"lodeline audit records v1")
    return b"".join(
        journal.row_leaf(
            json.dumps([number, plain(moment(at) or at), *rest], separators=(",", ":"), default=str).encode(),
            journal.row_salt(key, integer(number)),
        )
        for number, at, *rest in records
    )


def kept_leaves(store: Store, anchor_: Anchor) -> bytes | None:
    """The leaves under the root of an anchor; None where an older one keeps none, or they were changed."""
    try:
        kept = b"".join(content for _, content in store.uploads(anchor_.entry))
        return kept if merkle.root_of_leaves(kept).hex() == anchor_.root else None
    except (zlib.error, merkle.MerkleError):
        return None


def missing_in(ids: Sequence[Range], first: int) -> Iterator[Range]:
    """What is left out from `first` to the end of stretches of numbers."""
    for (_, before), (after, _) in pairwise([(0, first - 1), *ids]):
        if after > before + 1:
            yield before + 1, after - 1


_LAST_NUMBER: Final = 2**63 - 1


def _not_anchored(store: Store, last: Anchor | None) -> list[Record]:
    """Committed records that no anchor covers, by number; no more than an anchor takes."""
    late = [] if last is None else [one for a, b, _ in last.missing for one in records_of(store, a, b)]
    found = [*late, *records_of(store, 1 if last is None else last.upto + 1)][:RECORDS_MOST]
    ends = [place for place, (one, other) in enumerate(pairwise(found), 1) if _number(other) != _number(one) + 1]
    return found[: ends[RANGES_MOST - 1]] if len(ends) >= RANGES_MOST else found


def _facts(last: Anchor | None, records: Sequence[Record], now: datetime, *, root: str) -> dict[str, Any]:
    ids = ranges_of(_number(one) for one in records)
    before = 0 if last is None else last.upto
    upto = max(before, ids[-1][1])
    came = {_number(one) for one in records if _number(one) <= before}
    open_ = [] if last is None else [
        (*one, since) for first, end, since in last.missing if now - since <= LATE
        for one in _without(first, end, came)
    ]  # fmt: skip
    new = [(*one, now) for one in missing_in([one for one in ids if one[1] > before], before + 1)]
    return {
        "what": ANCHOR, "ids": [list(one) for one in ids], "count": len(records),
        "root": root, "upto": upto,
        "missing": [[first, end, utc_text(since)] for first, end, since in [*open_, *new][-_MISSING_MOST:]],
    }  # fmt: skip


def ranges_of(numbers: Iterable[int]) -> list[Range]:
    """Numbers in order as stretches."""
    ranges: list[Range] = []
    for one in numbers:
        if ranges and one == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], one)
        else:
            ranges.append((one, one))
    return ranges


def _without(first: int, last: int, numbers: set[int]) -> list[Range]:
    inside = sorted(one for one in numbers if first <= one <= last)
    return list(missing_in([*((one, one) for one in inside), (last + 1, last + 1)], first))


def _has_moved(store: Store, last: Anchor | None) -> Callable[[], bool]:
    """Asked while the log is held: whether somebody else has anchored since."""

    def moved() -> bool:
        newest = newest_anchor(store)
        return (None if newest is None else newest.entry) != (None if last is None else last.entry)

    return moved


def _number(record: Record) -> int:
    return integer(record[0])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
