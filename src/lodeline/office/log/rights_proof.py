"""Whether roles, delegations and tokens stand as they were given or ended in the log, and no others do."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from lodeline.journal import entry as journal
from lodeline.journal.verify import Fault
from lodeline.office.access.rights import ACTS, RIGHTS, commitment_of, rows_of
from lodeline.service.entries.office_log import KIND, STANDING
from lodeline.store.store import Store, StoredEntry

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "right.changed": (
        "A role, delegation or token does not stand as the log says that it was given or ended",
        "角色、委托或令牌的现状与日志中的授予或终止不符",
    ),
    "right.missing": ("A role, delegation or token that the log knows is gone", "日志中已有的角色、委托或令牌缺失"),
    "right.without-entry": ("No entry gave this role, delegation or token", "该角色、委托或令牌没有对应条目"),
    "right.restated": (
        "The roles, delegations and tokens of an older store were entered once more",
        "旧数据库的角色、委托和令牌被再次整体登记",
    ),
}  # fmt: skip


@dataclass(slots=True)
class _Given:
    """What the log says last of each right: (right, row) → entry and commitment, or SHA-256 in the standing file."""

    acts: dict[tuple[str, int], tuple[int, str | None]] = field(default_factory=dict)
    standing: dict[tuple[str, int], tuple[int, str]] = field(default_factory=dict)
    begun: bool = False


def judge(store: Store, entries: Sequence[StoredEntry]) -> Iterator[Fault]:
    """Every row against the last entry about it. Nothing is said of a store whose log says nothing of any right: it is
    older, until `lodeline init` enters what stands."""
    given = _Given()
    yield from _read(store, entries, given)
    if not given.begun:
        return
    left = {key: entry for key, (entry, _) in (given.standing | given.acts).items()}
    for right in RIGHTS:
        for row, content in rows_of(store, right):
            facts = {"right": right, "row": row}
            entry = left.pop((right, row), None)
            if entry is None:
                yield Fault(entry=None, what="right.without-entry", facts=facts)
            elif not _holds(store, given, (right, row), content):
                yield Fault(entry=entry, what="right.changed", facts=facts)
    for (gone, row), entry in left.items():
        yield Fault(entry=entry, what="right.missing", facts={"right": gone, "row": row})


def _holds(store: Store, given: _Given, key: tuple[str, int], content: bytes) -> bool:
    if key in given.acts:
        entry, commitment = given.acts[key]
        return commitment_of(store, entry, content) == commitment
    return given.standing[key][1] == sha256(content).hexdigest()


def _read(store: Store, entries: Sequence[StoredEntry], given: _Given) -> Iterator[Fault]:
    for entry in entries:
        if entry.kind != KIND:
            continue
        try:
            envelope = journal.Envelope.from_bytes(entry.envelope.encode())
        except journal.EntryError:
            continue  # the audit of the log has named it
        what = str(envelope.facts.get("what"))
        if what == STANDING:
            if given.begun:
                yield Fault(entry=entry.index, what="right.restated")
            else:
                given.standing = _standing(store, entry.index)
            given.begun = True
        elif what in ACTS:
            given.acts[ACTS[what], envelope.facts["row"]] = entry.index, envelope.upload_hash
            given.begun = True


def _standing(store: Store, entry: int) -> dict[tuple[str, int], tuple[int, str]]:
    """What the entry keeps; nothing where that was damaged, which the audit of the log names."""
    try:
        ((_, content),) = store.uploads(entry)
        stated = json.loads(content)
        return {
            (right, int(row)): (entry, digest) for right, rows in stated.items() for row, digest in rows.items()
        }  # fmt: skip
    except (ValueError, AttributeError, zlib.error):
        return {}
