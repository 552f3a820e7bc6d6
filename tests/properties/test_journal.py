"""For any log, any rows and any tampering: what is true is proved, and what was altered is found."""

import base64
import json
from hashlib import sha256
from typing import Any

import pytest
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.certifier import ED25519, P256, Passkey, certify_with_certificate, sign
from tests.unit.journal.certified import STATED, TO_SIGN, envelope_of, facts_of, receipt_of

from lodeline.journal import audit, merkle, verify
from lodeline.journal.certification import CertificationError, check_entry
from lodeline.journal.checkpoint import Signer, sign_checkpoint
from lodeline.journal.entry import (
    Envelope,
    canonical_json,
    flags_commitment,
    opening_salt,
    prove_rows,
    row_leaves,
    rows_root,
    salt_key,
    upload_commitment,
)
from lodeline.journal.receipt import receipt_document

pytestmark = pytest.mark.medium

KEY = salt_key(b"a secret of the store", b"entry")
hashes = st.binary(min_size=32, max_size=32)
sizes = st.integers(1, 300)
texts = st.text(st.characters(codec="utf-8"), max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts,
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(texts, parts, max_size=4),
    max_leaves=20,
)


def leaves_of(size: int) -> list[bytes]:
    return [merkle.leaf_hash(number.to_bytes(4, "big")) for number in range(size)]


@given(size=sizes, data=st.data())
@settings(deadline=None)
def test_proofs_hold_and_no_altered_bit_passes(size: int, data: st.DataObject) -> None:
    leaves = leaves_of(size)
    subtree, root = merkle.subtrees_of(leaves), merkle.root_of_leaves(leaves)
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion_proof(subtree, index, size)
    claim: dict[str, Any] = {"index": index, "size": size, "leaf": leaves[index], "proof": proof, "root": root}
    merkle.verify_inclusion(**claim)
    assert verify.inclusion_holds(**claim)
    parts = [leaves[index], root, *proof]
    spoiled = data.draw(st.integers(0, len(parts) - 1))
    bit = 1 << data.draw(st.integers(0, 255))
    parts[spoiled] = (int.from_bytes(parts[spoiled], "big") ^ bit).to_bytes(32, "big")
    claim.update(leaf=parts[0], root=parts[1], proof=parts[2:])
    with pytest.raises(merkle.ProofError):
        merkle.verify_inclusion(**claim)
    assert not verify.inclusion_holds(**claim)


@given(sizes=st.tuples(sizes, sizes).map(sorted), forged=st.integers(0, 299))
@settings(deadline=None)
def test_a_log_is_consistent_exactly_with_its_own_past(sizes: list[int], forged: int) -> None:
    old_size, new_size = sizes
    leaves, past = leaves_of(new_size), leaves_of(old_size)
    past[forged % old_size] = merkle.leaf_hash(b"forged")
    proof = merkle.consistency_proof(merkle.subtrees_of(leaves), old_size, new_size)
    new_root = merkle.root_of_leaves(leaves)
    for old_root, holds in ((merkle.root_of_leaves(leaves[:old_size]), True), (merkle.root_of_leaves(past), False)):
        claim: dict[str, Any] = {"old_size": old_size, "new_size": new_size, "old_root": old_root}
        claim.update(new_root=new_root, proof=proof)
        assert verify.consistency_holds(**claim) == holds
        if holds:
            merkle.verify_consistency(**claim)
        else:
            with pytest.raises(merkle.ProofError):
                merkle.verify_consistency(**claim)


@given(
    index=st.integers(-1, 70), size=st.integers(-1, 70), leaf=hashes, root=hashes, proof=st.lists(hashes, max_size=8)
)
def test_both_verifiers_judge_alike(index: int, size: int, leaf: bytes, root: bytes, proof: list[bytes]) -> None:
    """The root is the one that the proof itself leads to, so that the sizes alone decide."""
    try:
        root = merkle.root_from_inclusion(index=index, size=size, leaf=leaf, proof=proof)
        accepted = True
    except merkle.ProofError:
        accepted = False
    assert verify.inclusion_holds(index=index, size=size, leaf=leaf, proof=proof, root=root) == accepted


@given(first=st.lists(hashes, max_size=70), more=st.lists(hashes, max_size=10))
def test_a_stored_frontier_goes_on_as_if_it_had_never_stopped(first: list[bytes], more: list[bytes]) -> None:
    frontier = merkle.Frontier.from_bytes(merkle.Frontier.of(first).to_bytes())
    for leaf in more:
        frontier = frontier.append(leaf)
    assert frontier.size == len(first + more)
    assert frontier.root() == merkle.root_of_leaves(first + more)


@given(value=json_values)
def test_the_two_writers_of_canonical_json_agree(value: Any) -> None:
    assert canonical_json(value) == rfc8785.dumps(value) == verify.canonical(value).encode()


@given(seed=hashes, message=st.binary(max_size=100), at=st.integers(0, 63), bit=st.integers(0, 7))
def test_ed25519_agrees_with_an_independent_library(seed: bytes, message: bytes, at: int, bit: int) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    signature, public_key = bytearray(private.sign(message)), private.public_key().public_bytes_raw()
    assert verify.ed25519_verifies(public_key, message, bytes(signature))
    signature[at] ^= 1 << bit
    with pytest.raises(InvalidSignature):
        private.public_key().verify(bytes(signature), message)
    assert not verify.ed25519_verifies(public_key, message, bytes(signature))


def flipped(encoded: bytes, at: int) -> bytes:
    """The bytes with one bit flipped; `at` counts bits and wraps around."""
    at %= 8 * len(encoded)
    return (int.from_bytes(encoded, "big") ^ 1 << at).to_bytes(len(encoded), "big")


@given(scalar=st.integers(1, 2**255), message=st.binary(max_size=100), at=st.integers(0, 600), whole=st.booleans())
def test_p256_agrees_with_an_independent_library(scalar: int, message: bytes, at: int, whole: bool) -> None:
    private = ec.derive_private_key(scalar, ec.SECP256R1())
    point = private.public_key().public_numbers()
    key = point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big")
    signature = sign(private, message) if whole else flipped(sign(private, message), at)
    try:
        private.public_key().verify(signature, message, ec.ECDSA(SHA256()))
    except InvalidSignature:
        assert not whole and not verify.p256_verifies(key, message, signature)
    else:
        assert whole and verify.p256_verifies(key, message, signature)
    assert not verify.p256_verifies(flipped(key, at), message, signature)


RSA = rsa.generate_private_key(65537, 2048)


@given(message=st.binary(max_size=100), salt=st.integers(0, 222), at=st.integers(0, 2047), whole=st.booleans())
def test_rsa_agrees_with_an_independent_library(message: bytes, salt: int, at: int, whole: bool) -> None:
    numbers = RSA.public_key().public_numbers()
    for scheme in (padding.PKCS1v15(), padding.PSS(padding.MGF1(SHA256()), salt)):
        signature = sign(RSA, message, scheme) if whole else flipped(sign(RSA, message, scheme), at)
        assert verify.rsa_verifies(numbers.n, numbers.e, message, signature) == whole
        assert not verify.rsa_verifies(numbers.n, numbers.e, message + b"\0", signature)


CERTIFICATIONS = {
    "passkey on P-256": Passkey().certify(TO_SIGN),
    "passkey on Ed25519": Passkey(key=ED25519).certify(TO_SIGN),
    "certificate on P-256": certify_with_certificate(P256, TO_SIGN),
    "certificate on Ed25519": certify_with_certificate(ED25519, TO_SIGN),
    "certificate on RSA": certify_with_certificate(RSA, TO_SIGN),
}
SIGNED = ["public_key", "signature", "authenticator_data", "client_data", "digest", "rows_root"]


def holds(facts: dict[str, Any], **changes: Any) -> tuple[bool, bool]:
    """Whether an entry with these facts holds for the portal, and for the verifier of outsiders."""
    found = verify.verify_receipt(receipt_of(facts, **changes))
    try:
        check_entry(envelope_of(facts, **changes))
    except CertificationError:
        return False, found == []
    return True, found == []


def with_flipped_bit(kind: str, field: str, at: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Facts, and changes of the envelope, in which one bit of one field is another."""
    facts = facts_of(CERTIFICATIONS[kind])
    if field == "rows_root":
        return facts, {"rows_root": flipped(bytes.fromhex(STATED["rows_root"]), at).hex()}
    if field == "digest":
        return {**facts, "digest": flipped(bytes.fromhex(STATED["digest"]), at).hex()}, {}
    text = facts["certification"][field]
    spoiled = flipped(base64.b64decode(text + "==", b"-_" if field not in ("public_key", "certificate") else None), at)
    encoded = base64.b64encode(spoiled).decode()
    if field not in ("public_key", "certificate"):
        encoded = encoded.translate(str.maketrans("+/", "-_")).rstrip("=")
    return {**facts, "certification": {**facts["certification"], field: encoded}}, {}


@given(kind=st.sampled_from(sorted(CERTIFICATIONS)), field=st.sampled_from(SIGNED), at=st.integers(0, 2**16))
def test_no_flipped_bit_of_what_was_signed_goes_unnoticed(kind: str, field: str, at: int) -> None:
    """Not even if a forger who holds the log's key makes entry, tree and checkpoint anew around it."""
    assert holds(facts_of(CERTIFICATIONS[kind])) == (True, True)
    if field in STATED or field in CERTIFICATIONS[kind].as_facts():
        facts, changes = with_flipped_bit(kind, field, at)
        assert holds(facts, **changes) == (False, False)


@given(at=st.integers(0, 2**16))
def test_a_certificate_that_the_portal_takes_is_taken_by_the_outsider(at: int) -> None:
    """A bit outside of key and dates changes neither; but nothing may pass at the door that fails later."""
    facts, _ = with_flipped_bit("certificate on P-256", "certificate", at)
    at_the_door, later = holds(facts)
    assert later or not at_the_door


@given(facts=st.dictionaries(st.sampled_from(["certification", "digest"]), json_values | st.just("ab" * 32)))
def test_no_facts_make_the_verifier_fail(facts: dict[str, Any]) -> None:
    assert "certification" not in facts or verify.verify_receipt(receipt_of(facts)) != []


def test_an_entry_stripped_of_its_certification_is_another_entry() -> None:
    facts = facts_of(CERTIFICATIONS["passkey on P-256"])
    stripped = {key: value for key, value in facts.items() if key != "certification"}
    assert envelope_of(stripped).leaf_hash() != envelope_of(facts).leaf_hash()
    receipt = {**receipt_of(facts), "envelope": envelope_of(stripped).to_bytes().decode()}
    assert [fault.what for fault in verify.verify_receipt(receipt)] == ["entry.changed"]


def a_receipt() -> tuple[str, str]:
    """The text of a receipt that uses every part of the format, and the log's key."""
    signer = Signer.of_store(b"a secret of the store", "example.org/log")
    cells = [f"row {number}".encode() for number in range(6)]
    flags = [{"code": "period.late", "facts": {"days": 3}}]
    upload = sha256(b"the file").digest()
    envelope = Envelope(
        index=2,
        kind="filing",
        organisation="企业",
        period="2025-06",
        corrects=1,
        filed_at="2025-07-05T04:00:00Z",
        rows=6,
        rows_root=rows_root(cells, KEY).hex(),
        upload_hash=upload_commitment(upload, KEY),
        flags_hash=flags_commitment(flags, KEY),
    ).to_bytes()
    leaves = [*leaves_of(2), merkle.leaf_hash(envelope), *leaves_of(2)]
    receipt = receipt_document(
        envelope=envelope,
        inclusion=merkle.inclusion_proof(merkle.subtrees_of(leaves), 2, 5),
        checkpoint=sign_checkpoint(size=5, root=merkle.root_of_leaves(leaves), signer=signer),
        vkey=signer.verifier.vkey,
        flags=flags,
        flags_salt=opening_salt(KEY, "flags"),
        upload_sha256=upload,
        upload_salt=opening_salt(KEY, "upload"),
        rows=prove_rows({4: cells[4]}, row_leaves(cells, KEY), KEY),
    )
    return json.dumps(receipt, ensure_ascii=False), signer.verifier.vkey


RECEIPT, VKEY = a_receipt()


def meaning(text: str) -> Any:
    """What the text says, or None if it says nothing; two values under one key stay two."""
    try:
        return json.loads(text, object_pairs_hook=lambda pairs: pairs, parse_float=lambda digits: ("float", digits))
    except ValueError:
        return None


@given(at=st.integers(0, len(RECEIPT.encode()) - 1), flip=st.integers(1, 255), key_given=st.booleans())
def test_no_altered_byte_of_a_receipt_goes_unnoticed(at: int, flip: int, key_given: bool) -> None:
    assert verify.verify_receipt(RECEIPT, VKEY) == []
    altered = bytearray(RECEIPT.encode())
    altered[at] ^= flip
    text = altered.decode("utf-8", "surrogateescape")
    # Blank space outside of the texts carries no meaning and may change.
    if meaning(text) != meaning(RECEIPT):
        assert verify.verify_receipt(text, VKEY if key_given else None) != []


@pytest.mark.slow
def test_no_flipped_bit_of_a_receipt_goes_unnoticed() -> None:
    """Every bit of every byte, once."""
    for at in range(len(RECEIPT.encode())):
        for bit in range(8):
            altered = bytearray(RECEIPT.encode())
            altered[at] ^= 1 << bit
            text = altered.decode("utf-8", "surrogateescape")
            if meaning(text) != meaning(RECEIPT):
                assert verify.verify_receipt(text) != [], (at, bit)


@given(value=json_values)
def test_no_json_value_makes_the_verifier_fail(value: Any) -> None:
    assert verify.verify_receipt(json.dumps(value)) != []


@given(
    rows=st.lists(st.binary(max_size=8), min_size=2, max_size=40, unique=True),
    action=st.sampled_from(["change", "drop", "insert", "swap"]),
    data=st.data(),
)
@settings(deadline=None)
def test_the_tampered_row_is_named(rows: list[bytes], action: str, data: st.DataObject) -> None:
    leaves, root = row_leaves(rows, KEY), rows_root(rows, KEY)
    at, other = sorted(data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=2, max_size=2, unique=True)))
    cells = list(rows)
    expected: tuple[str, dict[str, int]]
    if action == "change":
        cells[at] += b"forged by hand"
        expected = ("row.changed", {"ordinal": at})
    elif action == "drop":
        cells.pop(at)
        expected = ("row.missing", {"ordinal": at})
    elif action == "insert":
        cells.insert(at, b"inserted by hand")
        expected = ("row.inserted", {"ordinal": at})
    else:
        cells[at], cells[other] = cells[other], cells[at]
        expected = ("row.swapped", {"ordinal": at, "with": other})
    claim: dict[str, Any] = {"entry": 1, "expected_root": root, "count": len(rows), "row_salt_key": KEY}
    named = audit.audit_rows(cells=cells, kept_leaves=leaves, **claim)
    assert [(fault.what, fault.facts) for fault in named] == [expected]
    [unnamed] = audit.audit_rows(cells=cells, **claim)
    assert unnamed.what == ("row.changed" if action == "swap" else expected[0])
