"""The receipt of an entry: what proves that it stands in the log, and opens what it commits to."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from lodeline.journal import entry as journal
from lodeline.journal import merkle
from lodeline.journal.receipt import receipt_document
from lodeline.service.entries.salt import salt_key
from lodeline.store.store import (
    Store,
    StoredEntry,
)


def _opened(envelope: journal.Envelope, names: Sequence[str], contents: Sequence[bytes]) -> bytes:
    """The SHA-256 that `upload_hash` commits to."""
    if "uploads" in envelope.facts:
        return journal.uploads_sha256([(name, sha256(one).digest()) for name, one in zip(names, contents, strict=True)])
    # One file; entries of several files were made so too, before each could be shown alone.
    return sha256(b"".join(contents)).digest()


def row_salt_key(store: Store, entry: StoredEntry) -> bytes:
    """The key of the entry's row salts."""
    return salt_key(store, entry.organisation, entry.period, entry.corrects, entry.digest)


def receipt(store: Store, index: int, *, content: bytes | None = None) -> dict[str, object] | None:
    """The receipt of an entry against the log as it stands, or None where there is no such entry.

    `content`: what an entry without files of its own commits to, a step of a case: the receipt then opens it.
    """
    entry = store.entry(index)
    if entry is None:
        return None
    head = store.head()
    envelope = journal.Envelope.from_bytes(entry.envelope.encode())
    key = row_salt_key(store, entry)
    names = [] if content is not None else store.upload_names(index)
    uploads = [content] if content is not None else [one for _, one in store.uploads(index)]
    opened = _opened(envelope, names, uploads) if uploads and envelope.upload_hash else None
    return receipt_document(
        envelope=entry.envelope.encode(),
        inclusion=merkle.inclusion_proof(store.subtrees(head.frontier), index, head.size),
        checkpoint=head.checkpoint,
        vkey=store.signer.verifier.vkey,
        flags=entry.flags,
        flags_salt=journal.opening_salt(key, "flags") if entry.flags else None,
        upload_sha256=opened,
        upload_salt=journal.opening_salt(key, "upload") if opened else None,
        uploads=[
            (name, sha256(one).digest())
            for name, one in zip(names, uploads, strict=False)
            if "uploads" in envelope.facts
        ],
    )
