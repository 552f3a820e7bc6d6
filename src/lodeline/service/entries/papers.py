"""A paper of the authority goes into the log as it is: the entry commits to its bytes, and the store keeps them.

The bytes are canonical JSON. Whoever is shown the paper opens the commitment with the entry's receipt, as with the file
of a filing; whoever is not learns from the entry that there is a paper, and of whom and which month it is.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from lodeline.journal import entry as journal
from lodeline.journal.verify import Fault
from lodeline.service.entries.moment import utc_text
from lodeline.service.entries.salt import salt_key
from lodeline.store.store import (
    DESK_KIND,
    EDITION_KIND,
    INSPECTION_KIND,
    INSPECTION_PLAN_KIND,
    LAW_KIND,
    LAW_PROPOSAL_KIND,
    LIST_KIND,
    OFFICE_KIND,
    STANDING_KIND,
    Head,
    Store,
    StoredEntry,
)


def put_paper(
    store: Store, head: Head, content: bytes, *, kind: str, name: str, filed_at: datetime, facts: Mapping[str, Any],
    organisation: str | None = None, period: str | None = None,
) -> StoredEntry:  # fmt: skip
    """Appends the paper as an entry of `kind`, under the head that the caller's transaction holds.

    `content` differs from every other paper of the log about the same organisation and month. `facts` are read by
    whoever sees a proof of the entry.
    """
    digest = sha256(content).hexdigest()
    key = salt_key(store, organisation, period, None, digest)
    envelope = journal.Envelope(
        index=head.size,
        kind=kind,
        organisation=organisation,
        period=period,
        filed_at=utc_text(filed_at),
        upload_hash=journal.upload_commitment(sha256(content).digest(), key),
        facts=facts,
    )
    entry, new_head = store.append_entry(head, envelope, digest=digest, rows=0, flags=[])
    store.put_upload(entry.index, name=name, content=content)
    store.set_head(new_head)
    return entry


def paper_of(store: Store, entry: StoredEntry) -> bytes:
    """The bytes of an entry's paper."""
    ((_, content),) = store.uploads(entry.index)
    return content


#: What the paper of an entry of a kind is called, before the entry's number.
_NAMES: Final = {
    INSPECTION_KIND: "inspection", INSPECTION_PLAN_KIND: "inspection-plan", LAW_KIND: "law", LAW_PROPOSAL_KIND: "law",
    LIST_KIND: "list", STANDING_KIND: "standing-answer",
}  # fmt: skip
_OFFICE_NAMES: Final = {"anchor": "leaves", "standing": "standing.json"}


def name_of(entry: StoredEntry, facts: Mapping[str, Any]) -> str | None:
    """What the one file of an entry is called that the program named; None where somebody else did."""
    if entry.kind == EDITION_KIND:
        return f"edition-{entry.period}-{facts.get('edition')}.json"
    if entry.kind == DESK_KIND:
        act = facts.get("act")
        return f"{'declaration' if act == 'question' else act}-{entry.index}.json"
    if entry.kind == OFFICE_KIND:
        return _OFFICE_NAMES.get(str(facts.get("what")))
    return f"{_NAMES[entry.kind]}-{entry.index}.json" if entry.kind in _NAMES else None


def faults(store: Store, entry: StoredEntry) -> Iterable[Fault]:
    """Whether the entry is called by the paper that is kept."""
    try:
        kept = [sha256(content).hexdigest() for _, content in store.uploads(entry.index)]
    except zlib.error:
        return  # damaged bytes are a fault of the upload
    if kept != [entry.digest]:
        yield Fault(entry=entry.index, what="entry.columns-differ")
