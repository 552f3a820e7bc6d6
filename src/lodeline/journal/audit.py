"""Audit of a whole log and of an entry's rows, as pure functions: what does not hold is named, with its place.

A change to an entry that leaves its stored leaf hash alone names the entry. A change that also replaced the leaf hash
shows in the root, and lies between the last checkpoint that agrees and the first that does not. An old backup and a
rewritten log that was signed again show only against a checkpoint kept elsewhere; without one nothing can find them.
"""

import json
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from lodeline.journal import merkle
from lodeline.journal.checkpoint import Checkpoint, MalformedNoteError, NoteError, Verifier, open_checkpoint
from lodeline.journal.entry import row_leaf, row_leaves, row_salt
from lodeline.journal.verify import TEXTS as RECEIPT_TEXTS
from lodeline.journal.verify import Fault

TEXTS: dict[str, tuple[str, str]] = {
    **RECEIPT_TEXTS,
    "entry.missing": ("Entries are missing", "条目缺失"),
    "entry.duplicated": ("An entry stands twice", "条目重复"),
    "entry.swapped": ("The entry stands at another place than it says itself", "条目所在位置与其自述不符"),
    "entry.unsigned": ("Entries follow after the signed end of the log", "日志签名末尾之后另有条目"),
    "log.truncated": ("The log is shorter than its signed size", "日志短于其签名大小"),
    "log.root-differs": ("The entries do not give the signed root", "条目与签名的根不符"),
    "log.older-than-checkpoint": (
        "The log is older than a checkpoint kept elsewhere: an old backup, or cut",
        "日志早于另行保存的检查点:旧备份或被截断",
    ),
    "log.fork": (
        "The log differs from a checkpoint kept elsewhere: it was rewritten",
        "日志与另行保存的检查点不符:已被改写",
    ),
    "row.changed": ("A row was changed", "行被改动"),
    "row.missing": ("A row is missing", "行缺失"),
    "row.inserted": ("A row was added", "行被插入"),
    "row.swapped": ("Two rows changed places", "两行互换"),
    "row.leaves-changed": ("The stored row hashes are not those of the entry", "存储的行哈希与条目不符"),
}
"""Every code that an audit or a receipt check can give: in English, in Chinese."""

LOOKAHEAD_ROWS = 32
"""How far a shifted or swapped row is searched around its place before it counts as changed."""
LOOKAHEAD_ROWS_MAX = 4096
ROW_FAULTS_MAX = 100


def read_kept(notes: Iterable[str], verifier: Verifier) -> tuple[list[Checkpoint], list[Fault]]:
    """Checkpoints kept elsewhere, opened; those that this log did not sign become faults (facts: `number` from 1)."""
    checkpoints, faults = [], []
    for number, note in enumerate(notes, 1):
        try:
            checkpoints.append(open_checkpoint(note, verifier))
        except NoteError as problem:
            what = "checkpoint.malformed" if isinstance(problem, MalformedNoteError) else "checkpoint.signature"
            faults.append(Fault(entry=None, what=what, facts={"number": number}))
    return checkpoints, faults


def audit_log(
    entries: Iterable[tuple[int, bytes, bytes]], *, head: Checkpoint, kept: Sequence[Checkpoint] = ()
) -> list[Fault]:
    """Faults of a whole log, in order of entries, then those of the log as such; empty if it holds.

    entries  (index, envelope bytes, stored leaf hash) in order of index; read once, in O(log n) memory
    head     the log's own last checkpoint, its signature already checked
    kept     checkpoints kept elsewhere (`read_kept`); the store's own earlier ones narrow a fault down further

    `entry.missing` and `entry.unsigned` stand for a run of entries, from `entry` until the fact `until`.
    """
    faults: list[Fault] = []
    sizes = {head.size, *(checkpoint.size for checkpoint in kept)}
    frontier, unbroken, size = merkle.Frontier(), True, 0
    roots = {0: frontier.root()}
    for index, envelope, stored_leaf in entries:
        if index < size:
            faults.append(Fault(entry=index, what="entry.duplicated"))
            continue
        if index > size:
            faults.append(Fault(entry=size, what="entry.missing", facts={"until": index - 1}))
            unbroken = False
        size = index + 1
        leaf = merkle.leaf_hash(envelope)
        faults += _entry_faults(index, envelope, changed=leaf != stored_leaf)
        if unbroken:
            # The stored hash goes on into the tree: then a changed entry is named once and is not also a wrong root.
            frontier = frontier.append(stored_leaf if len(stored_leaf) == merkle.HASH_BYTES else leaf)
            if size in sizes:
                roots[size] = frontier.root()
    if size > head.size:
        faults.append(Fault(entry=head.size, what="entry.unsigned", facts={"until": size - 1}))
    if size < head.size:
        faults.append(Fault(entry=size, what="log.truncated", facts={"signed": head.size, "found": size}))
    return faults + _checkpoint_faults(size, roots, head, kept)


def _entry_faults(index: int, envelope: bytes, *, changed: bool) -> list[Fault]:
    if changed:
        return [Fault(entry=index, what="entry.changed")]
    try:
        stated = json.loads(envelope)["index"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return [Fault(entry=index, what="entry.malformed")]
    return [] if stated == index else [Fault(entry=index, what="entry.swapped", facts={"says": str(stated)})]


def _checkpoint_faults(size: int, roots: dict[int, bytes], head: Checkpoint, kept: Sequence[Checkpoint]) -> list[Fault]:
    newest = max(kept, key=lambda checkpoint: checkpoint.size, default=head)
    faults = []
    if newest.size > size and newest is not head:
        faults.append(Fault(entry=size, what="log.older-than-checkpoint", facts={"kept": newest.size, "found": size}))
    agreeing = [other.size for other in (head, *kept) if roots.get(other.size) == other.root]
    forked = [other.size for other in kept if other.size in roots and roots[other.size] != other.root]
    head_differs = head.size in roots and roots[head.size] != head.root
    if forked or head_differs:
        last = min([*forked, head.size] if head_differs else forked) - 1
        first = max((agreed for agreed in agreeing if agreed <= last), default=0)
        entry, between = first if first == last else None, {"first": first, "last": last}
        if forked:
            faults.append(Fault(entry=entry, what="log.fork", facts={"size": min(forked), **between}))
        if head_differs:
            faults.append(Fault(entry=entry, what="log.root-differs", facts={"size": head.size, **between}))
    return faults


def audit_rows(
    *,
    entry: int,
    expected_root: bytes,
    count: int,
    cells: Iterable[bytes],
    row_salt_key: bytes,
    kept_leaves: bytes | None = None,
) -> list[Fault]:
    """Faults in the rows of one entry; empty if they give its root.

    cells        encoded rows in order of their ordinal; iterated a second time if something is wrong
    kept_leaves  the row leaf hashes as stored when filed, joined, 32 bytes each: kept apart from the rows, or one
                 beside each row that is still there. With them the row is named (facts: `ordinal` from 0, `with` for a
                 swap; an inserted row stands before `ordinal`), at most 100 of them. Without them only the kind of
                 fault is known: missing, inserted, or changed (which may be a swap); facts `expected`, `found` rows.
    """
    leaves = row_leaves(cells, row_salt_key)
    found = len(leaves) // merkle.HASH_BYTES
    if found == count and merkle.root_of_leaves(leaves) == expected_root:
        leaves_hold = kept_leaves is None or kept_leaves == leaves
        return [] if leaves_hold else [Fault(entry=entry, what="row.leaves-changed")]
    what = "row.missing" if found < count else "row.inserted" if found > count else "row.changed"
    unnamed = Fault(entry=entry, what=what, facts={"expected": count, "found": found})
    if kept_leaves is None:
        return [unnamed]
    apart = len(kept_leaves) == count * merkle.HASH_BYTES and merkle.root_of_leaves(kept_leaves) == expected_root
    if not apart and len(kept_leaves) != len(leaves):
        return [Fault(entry=entry, what="row.leaves-changed"), unnamed]
    reference = kept_leaves if apart else None
    search = _RowSearch(entry=entry, count=count, found=found, reference=reference, row_salt_key=row_salt_key)
    beside = leaves if apart else kept_leaves
    return search.faults(zip(cells, _split_hashes(beside), strict=True)) or [unnamed]


def _split_hashes(joined: bytes) -> Iterator[bytes]:
    return (joined[at : at + merkle.HASH_BYTES] for at in range(0, len(joined), merkle.HASH_BYTES))


_Row = tuple[bytes, bytes]
"""The cells of a row and the leaf hash stored beside it."""


class _RowSearch:
    """Says what happened to each row that is not where it was filed.

    A row's home is the ordinal whose salt makes its cells hash to the leaf of that ordinal: the one in `reference`, or,
    where leaves stand beside the rows and share their fate, the row's own.
    """

    def __init__(self, *, entry: int, count: int, found: int, reference: bytes | None, row_salt_key: bytes) -> None:
        self.entry = entry
        self.count = count
        self.reference = reference
        self.row_salt_key = row_salt_key
        # Rows behind a gap stand as far from their place as the gap is wide.
        self.reach = min(LOOKAHEAD_ROWS + abs(count - found), LOOKAHEAD_ROWS_MAX)

    def is_home(self, ordinal: int, row: _Row) -> bool:
        """Whether this row was filed as number `ordinal`."""
        if not 0 <= ordinal < self.count:
            return False
        cells, expected = row
        if self.reference is not None:
            start = ordinal * merkle.HASH_BYTES
            expected = self.reference[start : start + merkle.HASH_BYTES]
        return row_leaf(cells, row_salt(self.row_salt_key, ordinal)) == expected

    def faults(self, rows: Iterable[_Row]) -> list[Fault]:
        """One fault for each row concerned, in order of ordinals, at most ROW_FAULTS_MAX."""
        faults: list[Fault] = []
        changed: list[tuple[int, _Row]] = []
        source, ordinal = iter(rows), 0
        # A row that was already found in another's place is None here.
        window: deque[_Row | None] = deque()
        while len(faults) + len(changed) < ROW_FAULTS_MAX:
            window.extend(islice(source, self.reach - len(window)))
            if not window:
                faults += self._missing(ordinal, self.count)
                break
            row = window[0]
            if row is None or self.is_home(ordinal, row):
                window.popleft()
                ordinal += 1
                continue
            ahead = next((gap for gap in range(1, self.reach) if self.is_home(ordinal + gap, row)), 0)
            behind = next((gap for gap, other in enumerate(window) if other and self.is_home(ordinal, other)), 0)
            if ahead and ahead == behind:
                faults.append(self._fault("row.swapped", ordinal, partner=ordinal + ahead))
                window[ahead] = None
                window.popleft()
                ordinal += 1
            elif ahead and (not behind or ahead < behind):
                faults += self._missing(ordinal, ordinal + ahead)
                ordinal += ahead
            elif behind or ordinal >= self.count:
                faults += [self._fault("row.inserted", ordinal)] * (behind or 1)
                for _ in range(behind or 1):
                    window.popleft()
            else:
                changed.append((ordinal, row))
                window.popleft()
                ordinal += 1
        faults += self._sort_changed(changed)
        return sorted(faults, key=lambda fault: int(fault.facts["ordinal"]))[:ROW_FAULTS_MAX]

    def _missing(self, first: int, end: int) -> list[Fault]:
        return [self._fault("row.missing", ordinal) for ordinal in range(first, end)[:ROW_FAULTS_MAX]]

    def _sort_changed(self, changed: Sequence[tuple[int, _Row]]) -> Iterator[Fault]:
        """Among rows that differ, those far apart that only stand in each other's place are a swap."""
        swapped: set[int] = set()
        for at, (ordinal, row) in enumerate(changed):
            for other, other_row in changed[at + 1 :]:
                if self.is_home(other, row) and self.is_home(ordinal, other_row):
                    swapped |= {ordinal, other}
                    yield self._fault("row.swapped", ordinal, partner=other)
            if ordinal not in swapped:
                yield self._fault("row.changed", ordinal)

    def _fault(self, what: str, ordinal: int, *, partner: int | None = None) -> Fault:
        facts = {"ordinal": ordinal} if partner is None else {"ordinal": ordinal, "with": partner}
        return Fault(entry=self.entry, what=what, facts=facts)
