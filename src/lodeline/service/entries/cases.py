"""What is said and decided about a finding goes into the log, so that neither side can deny it afterwards.

An entry of kind `case` commits to the step word for word and shows none of it: neither whom it is about nor what was
said. Whoever holds the step's content opens the commitment with the receipt, as with the file of a filing.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from lodeline.journal import entry as journal
from lodeline.service.entries.moment import utc_text
from lodeline.service.entries.salt import salt_key
from lodeline.store.opening import assert_guarded
from lodeline.store.store import CASE_KIND, Store, StoredEntry

KIND = CASE_KIND


def put_step(store: Store, content: bytes, *, case: str, number: int, by: str, filed_at: datetime) -> StoredEntry:
    """Appends step `number` of a case as an entry. Part of the caller's transaction, which locks nothing afterwards.

    `content`: the step as canonical JSON. `case`: the case's opaque name. `by`: the pseudonym of who took the step,
    empty for what happens by itself.
    """
    assert_guarded(store)
    digest = place_of(case, number)
    with store.database.transaction():
        head = store.head(lock=True)
        envelope = journal.Envelope(
            index=head.size,
            kind=KIND,
            filed_at=utc_text(filed_at),
            upload_hash=journal.upload_commitment(sha256(content).digest(), salt_key(store, None, None, None, digest)),
            facts={"by": by, "case": case, "step": number},
        )
        entry, new_head = store.append_entry(head, envelope, digest=digest, rows=0, flags=[])
        store.set_head(new_head)
    return entry


def place_of(case: object, number: object) -> str:
    """What names the entry among all entries: it says nothing of the step's content, however short that is."""
    return sha256(journal.canonical_json([KIND, case, number])).hexdigest()
