"""Receipts of one certified entry, as an honest log, or a forger who holds the log's key, would make them.

The golden receipts were written by `python -m tests.unit.journal.certified`; they are not written again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.certifier import ED25519, P256, Passkey, certify_with_certificate

from lodeline.journal import merkle, verify
from lodeline.journal.certification import Certification, CertificationError, check_entry, to_sign
from lodeline.journal.checkpoint import Signer, sign_checkpoint
from lodeline.journal.entry import Envelope, rows_root, salt_key
from lodeline.journal.receipt import receipt_document

GOLDEN = Path(__file__).parents[2] / "golden/certification"
SECRET = b"a secret of the store"
SIGNER = Signer.of_store(SECRET, "example.org/log")
CELLS = [b"first row", b"second row"]
STATED: dict[str, Any] = {
    "organisation": "CN-企业",
    "period": "2025-06",
    "corrects": 0,
    "digest": "ab" * 32,
    "rows": len(CELLS),
    "rows_root": rows_root(CELLS, salt_key(SECRET, b"entry")).hex(),
}
TO_SIGN = to_sign(**STATED)


def envelope_of(facts: dict[str, Any], **changes: Any) -> Envelope:
    """The second entry of a log, with these facts; `changes` replace what its filer certified."""
    stated = {name: value for name, value in {**STATED, **changes}.items() if name != "digest"}
    return Envelope(index=1, kind="filing", filed_at="2025-07-05T04:00:00Z", facts=facts, **stated)


def receipt_of(facts: dict[str, Any], **changes: Any) -> dict[str, object]:
    """The receipt of that entry, whole and signed by the log."""
    envelope = envelope_of(facts, **changes).to_bytes()
    leaves = [merkle.leaf_hash(b"the first entry"), merkle.leaf_hash(envelope)]
    return receipt_document(
        envelope=envelope,
        inclusion=merkle.inclusion_proof(merkle.subtrees_of(leaves), 1, 2),
        checkpoint=sign_checkpoint(size=2, root=merkle.root_of_leaves(leaves), signer=SIGNER),
        vkey=SIGNER.verifier.vkey,
    )


def facts_of(certification: Certification, digest: str = STATED["digest"]) -> dict[str, Any]:
    """The facts by which an envelope keeps a certification."""
    return {"certification": certification.as_facts(), "digest": digest}


def faults_of(certification: Certification, *, digest: str = STATED["digest"], **changes: Any) -> list[verify.Fault]:
    """What the verifier finds in a receipt with this certification."""
    return verify.verify_receipt(receipt_of(facts_of(certification, digest), **changes))


def judged(certification: Certification) -> tuple[str | None, list[int | str]]:
    """(reason why the portal refuses the entry, reasons why the verifier does)."""
    try:
        check_entry(envelope_of(facts_of(certification)))
        reason = None
    except CertificationError as error:
        reason = error.reason
    return reason, [fault.facts["reason"] for fault in faults_of(certification)]


def write_golden() -> None:
    """Writes the receipts and what the verifier says of each."""
    certifications = {
        "passkey-p256": Passkey(key=P256).certify(TO_SIGN),
        "passkey-ed25519": Passkey(key=ED25519).certify(TO_SIGN),
        "certificate-p256": certify_with_certificate(P256, TO_SIGN),
        "password": Certification.by_password(certifier="person-7"),
    }
    GOLDEN.mkdir(parents=True, exist_ok=True)
    said = []
    for kind, certification in certifications.items():
        receipt = receipt_of(facts_of(certification))
        (GOLDEN / f"{kind}.json").write_text(json.dumps(receipt, ensure_ascii=False, indent=1) + "\n", "utf-8")
        said += [f"[{kind}]", *(verify.certified_by(str(receipt["envelope"])) or ())]
    (GOLDEN / "said.txt").write_text("\n".join(said) + "\n", "utf-8")


if __name__ == "__main__":
    write_golden()
