"""Receipts: JSON documents that prove an entry, and single rows of it, to somebody who has nothing but `verify.py`.

A receipt holds no statement that the proof does not cover: what it repeats beside the envelope is checked against the
envelope, and the flags are opened by their salt. A customer's proof leaves the flags and all other rows closed.
"""

from collections.abc import Sequence

from lodeline.journal import merkle
from lodeline.journal.entry import Envelope, RowProof

RECEIPT_FORMAT = "lodeline-receipt-v1"
CONSISTENCY_FORMAT = "lodeline-consistency-v1"


def receipt_document(
    *,
    envelope: bytes,
    inclusion: Sequence[bytes],
    checkpoint: str,
    vkey: str,
    flags: Sequence[object] = (),
    flags_salt: bytes | None = None,
    upload_sha256: bytes | None = None,
    upload_salt: bytes | None = None,
    uploads: Sequence[tuple[str, bytes]] = (),
    rows: Sequence[RowProof] = (),
) -> dict[str, object]:
    """The receipt of one entry, ready for `json.dumps`.

    envelope       canonical bytes, as logged
    inclusion      audit path of the entry in the tree that `checkpoint` (a signed note) states
    vkey           the log's key as text: a hint, which the reader should compare with one got elsewhere
    flags          as committed in the envelope, with `flags_salt` = opening_salt(key, "flags"); leave both out where
                   there are none, and for an outsider who must not see them
    upload_sha256  SHA-256 of the file that was uploaded, with `upload_salt` = opening_salt(key, "upload"): lets the
                   filer prove which file it was; leave both out for an outsider
    uploads        (name, SHA-256) of each file of an entry of several, where `upload_sha256` = uploads_sha256(uploads)
    rows           the rows to be shown

    Raises EntryError if the bytes are no envelope.
    """
    entry = Envelope.from_bytes(envelope)
    return {
        "format": RECEIPT_FORMAT,
        "entry": entry.index,
        "envelope": envelope.decode(),
        "leaf_hash": merkle.leaf_hash(envelope).hex(),
        "inclusion": [hash_.hex() for hash_ in inclusion],
        "checkpoint": checkpoint,
        "vkey": vkey,
        "filed_at": entry.filed_at,
        "flags": list(flags),
        "flags_salt": flags_salt.hex() if flags_salt else None,
        "upload_sha256": upload_sha256.hex() if upload_sha256 else None,
        "upload_salt": upload_salt.hex() if upload_salt else None,
        **({"uploads": [{"name": name, "sha256": digest.hex()} for name, digest in uploads]} if uploads else {}),
        "rows": [
            {
                "ordinal": row.ordinal,
                "cells": row.cells.hex(),
                "salt": row.salt.hex(),
                "path": [hash_.hex() for hash_ in row.path],
            }
            for row in rows
        ],
    }


def consistency_document(*, old_size: int, new_size: int, proof: Sequence[bytes]) -> dict[str, object]:
    """Proof that the log of `new_size` entries begins with the log of `old_size`, ready for `json.dumps`."""
    return {
        "format": CONSISTENCY_FORMAT,
        "old_size": old_size,
        "new_size": new_size,
        "proof": [hash_.hex() for hash_ in proof],
    }
