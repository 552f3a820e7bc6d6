"""A paper of the authority goes into the log as it is: the entry commits to its bytes, and the store keeps them.

The bytes are canonical JSON. Whoever is shown the paper opens the commitment with the entry's receipt, as with the file
of a filing; whoever is not learns from the entry that there is a paper, and of whom and which month it is.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from lodeline.journal import entry as journal
from lodeline.journal.verify import Fault
from lodeline.service.entries.moment import utc_text
from lodeline.service.entries.salt import salt_key
from lodeline.store.store import Head, Store, StoredEntry


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


def faults(store: Store, entry: StoredEntry) -> Iterable[Fault]:
    """Whether the entry is called by the paper that is kept."""
    try:
        kept = [sha256(content).hexdigest() for _, content in store.uploads(entry.index)]
    except zlib.error:
        return  # damaged bytes are a fault of the upload
    if kept != [entry.digest]:
        yield Fault(entry=entry.index, what="entry.columns-differ")
