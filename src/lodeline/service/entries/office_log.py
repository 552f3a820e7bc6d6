"""What happens in the office goes into the log without its names, so that it cannot be altered unseen afterwards.

An entry of kind `office` says in its fact `what` which of these it is:

    anchor     a Merkle root over audit records, and their leaves: the office knows how these are made
               (office.log.anchoring)
    standing   the roles, delegations and tokens of a store that is older than such entries, each committed to
    an act     a role, delegation or token given or ended: who did it (a pseudonym), which row, and a salted commitment
    began-with the law that an older store was made with: since then the first entry of a log says it

None has rows, and nothing that is computed from goods or parties changes with one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from lodeline.journal import entry as journal
from lodeline.service.entries.moment import utc_text
from lodeline.service.entries.salt import salt_key
from lodeline.store.law import begun_with, first_pack_is_whole
from lodeline.store.opening import assert_guarded
from lodeline.store.store import BEGAN_WITH_ENTRY, OFFICE_KIND, Store, StoredEntry

KIND: Final = OFFICE_KIND
ANCHOR: Final = "anchor"
STANDING: Final = "standing"
_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What an entry commits to; with a `name` the store keeps it beside the entry."""

    content: bytes
    name: str = ""


def put(
    store: Store, facts: Mapping[str, object], *, filed_at: datetime, paper: Paper | None = None,
    unless: Callable[[], bool] | None = None,
) -> StoredEntry | None:  # fmt: skip
    """Appends an entry. Part of the caller's transaction, which locks nothing afterwards.

    `unless`: asked once the log is held; where it says yes nothing is appended, and None is returned.
    """
    assert_guarded(store)
    with store.database.transaction():
        head = store.head(lock=True)
        if unless is not None and unless():
            return None
        digest = place_of(head.size)
        committed = None
        if paper is not None:
            committed = journal.upload_commitment(sha256(paper.content).digest(), key_of(store, head.size))
        envelope = journal.Envelope(
            index=head.size, kind=KIND, filed_at=utc_text(filed_at), facts=facts, upload_hash=committed
        )
        entry, new_head = store.append_entry(head, envelope, digest=digest, rows=0, flags=[])
        if paper is not None and paper.name:
            store.put_upload(entry.index, name=paper.name, content=paper.content)
        store.set_head(new_head)
    return entry


def enter_first_law(store: Store, *, now: datetime) -> bool:
    """Enters which law an older store was made with; False where its log says it, or is empty, or its files changed."""
    if store.entry(0) is None or begun_with(store) is not None or not first_pack_is_whole(store):
        return False
    facts = {"what": BEGAN_WITH_ENTRY, **store.began_with}
    return put(store, facts, filed_at=now, unless=lambda: begun_with(store) is not None) is not None


def place_of(index: int) -> str:
    """What names such an entry among all entries."""
    return sha256(journal.canonical_json([KIND, index])).hexdigest()


def key_of(store: Store, index: int) -> bytes:
    """The key of the salts of such an entry."""
    return salt_key(store, None, None, None, place_of(index))


def keeps(envelope: journal.Envelope) -> bool:
    """Whether the store keeps with such an entry what it commits to; of acts it does not."""
    return envelope.facts.get("what") in (ANCHOR, STANDING) and envelope.upload_hash is not None


def facts_of(entry: StoredEntry) -> dict[str, Any]:
    """What the entry says; nothing where its envelope is damaged, which the audit of the log names."""
    try:
        return dict(journal.Envelope.from_bytes(entry.envelope.encode()).facts)
    except journal.EntryError:
        return {}


def newest_first(store: Store) -> Iterator[StoredEntry]:
    """The entries of this kind, the last first; read some at a time, for whoever stops early."""
    before = store.head().size
    while True:
        found = store.newest_of(KIND, before=before, most=_AT_ONCE)
        yield from found
        if len(found) < _AT_ONCE:
            return
        before = found[-1].index
