"""A log of eight filings of twenty rows each, as one store would hold it."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pytest

from lodeline.journal import merkle
from lodeline.journal.checkpoint import Signer, sign_checkpoint
from lodeline.journal.entry import (
    Envelope,
    flags_commitment,
    opening_salt,
    prove_rows,
    row_leaves,
    rows_root,
    salt_key,
    upload_commitment,
)
from lodeline.journal.receipt import consistency_document, receipt_document

SECRET = b"a secret of the store"
SIGNER = Signer.of_store(SECRET, "example.org/log")


@dataclass(frozen=True)
class SmallLog:
    size: int = 8
    signer: Signer = SIGNER
    vkey: str = SIGNER.verifier.vkey
    upload: bytes = b"event,kind\n1,origin\n"
    flags: tuple[dict[str, str], ...] = ({"code": "period.late"},)

    def key(self, index: int) -> bytes:
        return salt_key(SECRET, str(index).encode())

    def cells(self, index: int) -> list[bytes]:
        return [f"entry {index} row {row}".encode() for row in range(20)]

    def envelope(self, index: int) -> bytes:
        key = self.key(index)
        return Envelope(
            index=index,
            kind="filing",
            organisation="CN-TEST-1",
            period="2025-06",
            filed_at=f"2025-07-0{index + 1}T04:00:00Z",
            rows=20,
            rows_root=rows_root(self.cells(index), key).hex(),
            upload_hash=upload_commitment(sha256(self.upload).digest(), key),
            flags_hash=flags_commitment(self.flags, key),
            facts={"name": "包头稀土"},
        ).to_bytes()

    def leaves(self) -> list[bytes]:
        return [merkle.leaf_hash(self.envelope(index)) for index in range(self.size)]

    def entries(self) -> list[tuple[int, bytes, bytes]]:
        return [(index, self.envelope(index), leaf) for index, leaf in enumerate(self.leaves())]

    def checkpoint(self, size: int) -> str:
        return sign_checkpoint(size=size, root=merkle.root_of_leaves(self.leaves()[:size]), signer=self.signer)

    def consistency(self, old_size: int, new_size: int) -> dict[str, Any]:
        proof = merkle.consistency_proof(merkle.subtrees_of(self.leaves()), old_size, new_size)
        return consistency_document(old_size=old_size, new_size=new_size, proof=proof)

    def receipt(self, index: int = 5) -> dict[str, Any]:
        """The filer's receipt, with rows 0 and 7 opened."""
        key, cells = self.key(index), self.cells(index)
        return receipt_document(
            envelope=self.envelope(index),
            inclusion=merkle.inclusion_proof(merkle.subtrees_of(self.leaves()), index, self.size),
            checkpoint=self.checkpoint(self.size),
            vkey=self.vkey,
            flags=self.flags,
            flags_salt=opening_salt(key, "flags"),
            upload_sha256=sha256(self.upload).digest(),
            upload_salt=opening_salt(key, "upload"),
            rows=prove_rows({7: cells[7], 0: cells[0]}, row_leaves(cells, key), key),
        )


@pytest.fixture(scope="session")
def log() -> SmallLog:
    return SmallLog()
