"""What a certifier signs, what is refused and why, and that the verifier of outsiders judges as the portal does."""

import base64
import datetime
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from tests.certifier import ED25519, P256, Passkey, certificate_of, certify_with_certificate, cose_key
from tests.unit.journal.certified import GOLDEN, STATED, TO_SIGN, faults_of, judged, receipt_of

from lodeline.journal import verify
from lodeline.journal.certification import Certification, CertificationError, challenge, check, to_sign
from lodeline.journal.checkpoint import MalformedNoteError, Verifier

RSA_2048 = rsa.generate_private_key(65537, 2048)
PSS = padding.PSS(padding.MGF1(SHA256()), padding.PSS.DIGEST_LENGTH)
PSS_MAX = padding.PSS(padding.MGF1(SHA256()), padding.PSS.MAX_LENGTH)
NOON = datetime.datetime(2025, 7, 5, 4, tzinfo=datetime.UTC)


def test_what_is_signed_is_fixed_to_the_letter() -> None:
    """Certifiers sign these bytes with programs of their own."""
    assert TO_SIGN.decode() == (
        '{"corrects":0,"digest":"' + "ab" * 32 + '","format":"lodeline-certify-v1","organisation":"CN-企业",'
        '"period":"2025-06","rows":2,"rows_root":"' + STATED["rows_root"] + '"}'
    )
    assert len(challenge(TO_SIGN)) == 32


# RFC 6979 section A.2.5: P-256 with SHA-256, message "sample".
RFC_6979_KEY = bytes.fromhex(
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177"
    "a3c294d4462299"
)
RFC_6979_SIGNATURE = bytes.fromhex(
    "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
)


def test_the_signature_of_rfc_6979_verifies_and_no_other_message_spelling_or_key() -> None:
    assert verify.p256_verifies(RFC_6979_KEY, b"sample", RFC_6979_SIGNATURE)
    assert not verify.p256_verifies(RFC_6979_KEY, b"sampled", RFC_6979_SIGNATURE)
    assert not verify.p256_verifies(RFC_6979_KEY, b"sample", RFC_6979_SIGNATURE + b"\0")
    # A length in its long form, a number with a zero in front: second spellings of one signature.
    assert not verify.p256_verifies(RFC_6979_KEY, b"sample", b"\x30\x81\x46" + RFC_6979_SIGNATURE[2:])
    assert not verify.p256_verifies(RFC_6979_KEY[:-1] + b"\0", b"sample", RFC_6979_SIGNATURE)
    assert not verify.p256_verifies(bytes(64), b"sample", RFC_6979_SIGNATURE)
    for size in range(len(RFC_6979_SIGNATURE)):
        assert not verify.p256_verifies(RFC_6979_KEY, b"sample", RFC_6979_SIGNATURE[:size])


def test_a_signature_of_zeros_is_none() -> None:
    order = bytes.fromhex("022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
    for r in (b"\x02\x01\x00", order):
        for s in (b"\x02\x01\x00", b"\x02\x01\x01", order):
            both = r + s
            assert not verify.p256_verifies(RFC_6979_KEY, b"sample", b"\x30" + bytes([len(both)]) + both)


HONEST = {
    "passkey on P-256": Passkey().certify(TO_SIGN),
    "passkey on Ed25519": Passkey(key=ED25519).certify(TO_SIGN),
    "passkey with more client data": Passkey(client_data={"other_keys_can_be_added_here": [1.5]}).certify(TO_SIGN),
    "certificate on P-256": certify_with_certificate(P256, TO_SIGN),
    "certificate on Ed25519": certify_with_certificate(ED25519, TO_SIGN),
    "certificate on RSA, PKCS #1 v1.5": certify_with_certificate(RSA_2048, TO_SIGN),
    "certificate on RSA, PSS": certify_with_certificate(RSA_2048, TO_SIGN, scheme=PSS),
    "certificate on RSA, PSS, long salt": certify_with_certificate(RSA_2048, TO_SIGN, scheme=PSS_MAX),
    "password": Certification.by_password(certifier="person-7"),
}


@pytest.mark.parametrize("kind", HONEST)
def test_an_honest_certification_holds_for_the_portal_and_for_the_outsider(kind: str) -> None:
    certification = HONEST[kind]
    check(certification, to_sign=TO_SIGN, at=NOON)
    assert judged(certification) == (None, [])
    assert Certification.from_facts(json.loads(json.dumps(certification.as_facts()))) == certification


@pytest.mark.parametrize("size", [2049, 2056, 3072])
def test_rsa_holds_whatever_the_size_of_the_modulus(size: int) -> None:
    key = rsa.generate_private_key(65537, size)
    for scheme in (padding.PKCS1v15(), PSS):
        assert judged(certify_with_certificate(key, TO_SIGN, scheme=scheme)) == (None, [])


OTHER = TO_SIGN.replace(b"2025-06", b"2025-07")
REFUSED = {
    "a passkey for another month": (Passkey().certify(OTHER), "challenge"),
    "a certificate for another month": (certify_with_certificate(P256, OTHER), "signature"),
    "a certificate on RSA for another month": (certify_with_certificate(RSA_2048, OTHER), "signature"),
    "a user who was not verified": (Passkey(flags=0b001).certify(TO_SIGN), "user-verification"),
    "a user who was not there": (Passkey(flags=0b100).certify(TO_SIGN), "user-verification"),
    "a registration instead of an assertion": (
        Passkey(client_data={"type": "webauthn.create"}).certify(TO_SIGN), "client-data",
    ),
    "client data that is a list": (replace(HONEST["passkey on P-256"], client_data="W10"), "client-data"),
    "client data that is no JSON": (replace(HONEST["passkey on P-256"], client_data="AAAA"), "client-data"),
    "client data with a key twice": (
        replace(HONEST["passkey on P-256"], client_data="eyJhIjoxLCJhIjoyfQ"), "client-data",
    ),
    "authenticator data cut off": (replace(HONEST["passkey on P-256"], authenticator_data="AAAA"), "client-data"),
    "another's key": (
        replace(HONEST["passkey on P-256"], public_key=HONEST["passkey on Ed25519"].public_key), "signature",
    ),
    "another's certificate": (
        replace(HONEST["certificate on P-256"], certificate=HONEST["certificate on Ed25519"].certificate),
        "certificate",
    ),
    "no certificate": (replace(HONEST["certificate on P-256"], certificate="AAAA"), "certificate"),
    "a certificate of last year": (
        certify_with_certificate(P256, TO_SIGN, certificate=certificate_of(P256, first_year=2023, last_year=2024)),
        "expired",
    ),
    "a certificate of next year": (
        certify_with_certificate(P256, TO_SIGN, certificate=certificate_of(P256, first_year=2026, last_year=2070)),
        "expired",
    ),
    "RSA under a passkey": (
        replace(HONEST["passkey on P-256"], public_key=HONEST["certificate on RSA, PSS"].public_key), "key",
    ),
    "a key that is none": (replace(HONEST["passkey on P-256"], public_key="AAAA"), "key"),
    "a signature in padded base64": (replace(HONEST["passkey on P-256"], signature="AA=="), "malformed"),
    "a signature with stray bits": (replace(HONEST["passkey on P-256"], signature="AB"), "malformed"),
    "an empty signature": (replace(HONEST["passkey on Ed25519"], signature=""), "signature"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_both_refuse_for_the_same_reason(what: str) -> None:
    certification, reason = REFUSED[what]
    with pytest.raises(CertificationError) as refusal:
        check(certification, to_sign=TO_SIGN, at=NOON)
    assert refusal.value.reason == reason
    assert refusal.value.en != refusal.value.zh
    assert judged(certification) == (reason, [reason])


#: The eight points of small order in their one spelling, and spellings of them that are not: y or sign out of range.
SMALL_ORDER = {
    "0100000000000000000000000000000000000000000000000000000000000000": "the neutral point",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f": "order 2",
    "0000000000000000000000000000000000000000000000000000000000000000": "order 4",
    "0000000000000000000000000000000000000000000000000000000000000080": "order 4, the other",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05": "order 8",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85": "order 8, the second",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a": "order 8, the third",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa": "order 8, the fourth",
    "0100000000000000000000000000000000000000000000000000000000000080": "the neutral point with a sign",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f": "the neutral point beyond p",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff": "the neutral point beyond p with a sign",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f": "order 4 beyond p",
}


@pytest.mark.parametrize("key", SMALL_ORDER, ids=SMALL_ORDER.values())
def test_a_key_of_small_order_certifies_nothing(key: str) -> None:
    """Where the key is the neutral point, R = S·B with S = 0 fits every text: a signature that anybody can write."""
    public_key = base64.b64encode(bytes.fromhex("302a300506032b6570032100" + key)).decode()
    neutral = bytes([1]) + bytes(31)
    signature = base64.urlsafe_b64encode(neutral + bytes(32)).decode().rstrip("=")
    for one in (
        Certification(kind="key", certifier="person-7", public_key=public_key, signature=signature),
        replace(HONEST["passkey on Ed25519"], public_key=public_key, signature=signature),
    ):
        with pytest.raises(CertificationError) as refusal:
            check(one, to_sign=TO_SIGN)
        assert refusal.value.reason == "key"
        assert judged(one) == ("key", ["key"])
    with pytest.raises(CertificationError):
        Certification.by_passkey(
            certifier="person-7", cose_key={**cose_key(ED25519), -2: bytes.fromhex(key)}, authenticator_data=b"",
            client_data=b"", signature=b"",
        )  # fmt: skip
    assert not verify.ed25519_verifies(bytes.fromhex(key), b"any text", neutral + bytes(32))


def test_a_log_key_of_small_order_is_no_key() -> None:
    key = b"\x01" + bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")
    key_id = sha256(b"example.org/log\n" + key).hexdigest()[:8]
    vkey = f"example.org/log+{key_id}+{base64.b64encode(key).decode()}"
    with pytest.raises(MalformedNoteError):
        Verifier.read(vkey)
    assert [one.what for one in verify.verify_consistency("", "", [], vkey=vkey)] == ["key.malformed"]


def test_a_certificate_is_not_dated_where_no_moment_is_given() -> None:
    old = certificate_of(P256, first_year=2023, last_year=2024)
    check(certify_with_certificate(P256, TO_SIGN, certificate=old), to_sign=TO_SIGN)


@pytest.mark.parametrize("field", ["organisation", "period", "corrects", "digest", "rows", "rows_root"])
def test_a_signature_fits_one_filing_only(field: str) -> None:
    others: dict[str, Any] = {
        "organisation": "CN-2", "period": "2025-05", "corrects": None, "digest": "00" * 32, "rows": 3,
        "rows_root": "00" * 32,
    }  # fmt: skip
    other = to_sign(**{**STATED, field: others[field]})
    for certification in HONEST.values():
        if certification.kind != "password":
            with pytest.raises(CertificationError):
                check(certification, to_sign=other)
            found = faults_of(certification, **{field: others[field]})
            assert [fault.what for fault in found] == ["certification.invalid"]


def test_keys_of_other_kinds_are_refused_at_the_door() -> None:
    small, other_curve = rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP384R1())
    for key in (small, other_curve):
        with pytest.raises(CertificationError) as refusal:
            certify_with_certificate(key, TO_SIGN, certificate=certificate_of(key))
        assert refusal.value.reason == "key"
    off_the_curve = {**cose_key(P256), -3: bytes(32)}
    for cose in (
        {},
        {**cose_key(P256), 3: -257},
        {**cose_key(ED25519), -1: 7},
        off_the_curve,
        {**cose_key(P256), -2: 1},
    ):
        with pytest.raises(CertificationError) as refusal:
            Certification.by_passkey(
                certifier="person-7", cose_key=cose, authenticator_data=b"", client_data=b"", signature=b""
            )
        assert refusal.value.reason == "key"
    with pytest.raises(CertificationError) as refusal:
        Certification.by_certificate(certifier="person-7", certificate=b"-----BEGIN NOTHING", signature=b"")
    assert refusal.value.reason == "certificate"


def test_a_certificate_is_read_in_either_form() -> None:
    der = certificate_of(P256)
    pem = b"Bag Attributes\n" + x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)
    both = [certify_with_certificate(P256, TO_SIGN, certificate=form) for form in (der, pem)]
    assert both[0] == both[1]


FACTS: dict[str, str] = HONEST["passkey on P-256"].as_facts()
MALFORMED: dict[str, object] = {
    "nothing": None,
    "a list": [],
    "no kind": {"certifier": "person-7"},
    "a kind that is no text": {"kind": 1, "certifier": "person-7"},
    "a passkey without its key": {key: value for key, value in FACTS.items() if key != "public_key"},
    "a field of another kind": {**FACTS, "certificate": "AAAA"},
    "a field that nobody knows": {**FACTS, "remark": "AAAA"},
    "a field that is no text": {**FACTS, "signature": 5},
    "a password with a signature": {"kind": "password", "certifier": "person-7", "signature": "AAAA"},
    "a name": {"kind": "password", "certifier": "Wang Min"},
    "an address": {"kind": "password", "certifier": "wang@example.org"},
    "nobody": {"kind": "password", "certifier": ""},
}


@pytest.mark.parametrize("what", MALFORMED)
def test_what_has_no_known_form_is_refused_by_both(what: str) -> None:
    with pytest.raises(CertificationError) as refusal:
        Certification.from_facts(MALFORMED[what])
    assert refusal.value.reason == "malformed"
    found = verify.verify_receipt(receipt_of({"certification": MALFORMED[what], "digest": STATED["digest"]}))
    assert [(fault.what, fault.facts) for fault in found] == [("certification.invalid", {"reason": "malformed"})]


def test_a_field_that_fills_the_envelope_is_refused() -> None:
    with pytest.raises(CertificationError):
        replace(HONEST["passkey on P-256"], client_data="A" * 8193)


def test_a_certification_without_the_digest_it_signed_is_refused() -> None:
    for digest in ({}, {"digest": None}, {"digest": ["ab" * 32]}):
        found = verify.verify_receipt(receipt_of({"certification": FACTS, **digest}))
        assert [fault.facts for fault in found] == [{"reason": "malformed"}]


def test_a_kind_of_later_days_does_not_pass_an_old_verifier() -> None:
    found = verify.verify_receipt(
        receipt_of({"certification": {"kind": "post-quantum", "certifier": "person-7"}, "digest": "ab" * 32})
    )
    assert [fault.what for fault in found] == ["certification.unknown-kind"]


@pytest.mark.parametrize("kind", ["passkey-p256", "passkey-ed25519", "certificate-p256", "password"])
def test_the_golden_receipts_hold_for_ever_and_the_file_alone_says_who_certified(kind: str, tmp_path: Path) -> None:
    """Receipts as they were handed out by the first version that certified; made by `tests.unit.journal.certified`."""
    shutil.copy(verify.__file__, tmp_path / "verify.py")
    path = GOLDEN / f"{kind}.json"
    command = [sys.executable, "-I", "-S", "-X", "utf8", "verify.py", str(path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")
    said = (GOLDEN / "said.txt").read_text("utf-8").split(f"[{kind}]\n")[1].split("\n[")[0].splitlines()
    assert done.stdout.splitlines()[2:4] == said
    receipt = json.loads(path.read_text("utf-8"))
    receipt["envelope"] = receipt["envelope"].replace("person-7", "person-8")
    assert [fault.what for fault in verify.verify_receipt(receipt)] == ["entry.changed"]


def test_an_entry_that_nobody_certified_says_nothing_of_it(log: Any) -> None:
    assert verify.certified_by(log.receipt()["envelope"]) is None


def test_every_reason_has_words_in_both_languages() -> None:
    for english, chinese in verify.REASONS.values():
        assert english.isascii() and not chinese.isascii()
