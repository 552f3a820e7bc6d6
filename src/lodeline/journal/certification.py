"""A certification: a person signs what a filing says, and neither side can deny it afterwards.

What is signed names the filing's owner, month, content and rows, so a certification fits one filing and no other. It
needs no trust in the portal: the signature is made by a key that the portal never holds, and anybody can check it with
`verify.py`. For whom the key stands is what its registration says, an entry of its own
(service/entries/certifier_keys.py).

    passkey      a WebAuthn assertion by a P-256 or Ed25519 key, its user verified, whose challenge is `challenge(…)`
    key          a signature over the bytes themselves by a key that is registered in the log: P-256, Ed25519, RSA
    certificate  likewise by the key of an X.509 certificate, which is shown: it names its holder for ever
    password     no signature: the portal says that the person confirmed it, and nobody is bound

    CertificationError   the certification is malformed or does not fit; `reason` is a code of `verify.REASONS`

Sources: W3C Web Authentication Level 2 section 7.2, RFC 9053 (COSE keys), RFC 5280 (certificates), RFC 8785.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Literal, cast

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from lodeline.errors import UserError
from lodeline.journal.entry import Envelope, canonical_json
from lodeline.journal.verify import REASONS, ed25519_key_binds, read_certificate
from lodeline.language import bilingual, text

CERTIFY_FORMAT = "lodeline-certify-v1"
Kind = Literal["passkey", "key", "certificate", "password"]
PublicKey = EllipticCurvePublicKey | Ed25519PublicKey | RSAPublicKey

FIELD_CHARACTERS_MAX = 8192
"""Longer than any field of a certification needs; all of them together leave room in an envelope."""
RSA_BITS_MIN, RSA_BITS_MAX = 2048, 8192
AUTHENTICATOR_DATA_BYTES_MIN = 37
USER_PRESENT_AND_VERIFIED = 0b101

_FIELDS: dict[str, set[str]] = {
    "passkey": {"public_key", "signature", "authenticator_data", "client_data"},
    "key": {"public_key", "signature"},
    "certificate": {"public_key", "signature", "certificate"},
    "password": set(),
}
# An opaque id holds no space and no @, so neither a name nor an address gets into the log by mistake.
_CERTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
# How the library says that bytes are no key or no certificate.
_UNREADABLE = (ValueError, UnsupportedAlgorithm, x509.InvalidVersion)


class CertificationError(UserError):
    """A certification cannot be accepted."""

    def __init__(self, reason: str) -> None:
        en, zh = REASONS[reason]
        super().__init__(text("The certification does not hold: {text}.", text=bilingual(en, zh)))
        self.reason = reason


def to_sign(
    *, organisation: str | None, period: str | None, corrects: int | None, digest: str, rows: int, rows_root: str
) -> bytes:
    """What a certifier signs: canonical JSON (RFC 8785) that names one filing and no other.

    `digest`, `rows` and `rows_root` are those of `service.filing.posting.rows_root_of`. The digest is a salted one:
    with the plain digest of a short filing, whoever is shown the entry could find its rows by trial.
    """
    return canonical_json(
        {
            "format": CERTIFY_FORMAT,
            "organisation": organisation,
            "period": period,
            "corrects": corrects,
            "digest": digest,
            "rows": rows,
            "rows_root": rows_root,
        }
    )


def challenge(to_sign_bytes: bytes) -> bytes:
    """The challenge of a passkey: SHA-256 of what is signed, 32 bytes."""
    return sha256(to_sign_bytes).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Certification:
    """Who certified, and the signature. Made by `by_passkey`, `by_certificate` or `by_password`.

    certifier           opaque id of the person: letters, digits, `.`, `_`, `:`, `-`; no name and no address
    public_key          SubjectPublicKeyInfo, DER in base64
    signature           base64url without padding; of ECDSA in DER
    authenticator_data  of a passkey, base64url without padding, as the browser gives it
    client_data         likewise (clientDataJSON)
    certificate         X.509, DER in base64

    Raises CertificationError (`malformed`) unless exactly the fields of its kind are there.
    """

    kind: Kind
    certifier: str
    public_key: str | None = None
    signature: str | None = None
    authenticator_data: str | None = None
    client_data: str | None = None
    certificate: str | None = None

    def __post_init__(self) -> None:
        given = {name: value for name, value in asdict(self).items() if value is not None}
        whole = given.keys() == {"kind", "certifier", *_FIELDS.get(self.kind, ())}
        texts = all(isinstance(text, str) and len(text) <= FIELD_CHARACTERS_MAX for text in given.values())
        if not whole or not texts or not _CERTIFIER.fullmatch(self.certifier):
            raise CertificationError("malformed")

    @classmethod
    def by_passkey(
        cls,
        *,
        certifier: str,
        cose_key: Mapping[int, object],
        authenticator_data: bytes,
        client_data: bytes,
        signature: bytes,
    ) -> "Certification":
        """From a WebAuthn assertion and the credential's public key as registered (a COSE key map, ES256 or EdDSA).

        Raises CertificationError (`key`) if the credential is of another kind.
        """
        return cls(
            kind="passkey",
            certifier=certifier,
            public_key=_base64(_spki(_key_of_cose(cose_key))),
            signature=_base64url(signature),
            authenticator_data=_base64url(authenticator_data),
            client_data=_base64url(client_data),
        )

    @classmethod
    def by_certificate(cls, *, certifier: str, certificate: bytes, signature: bytes) -> "Certification":
        """From an X.509 certificate (DER or PEM) and the signature over the bytes of `to_sign`.

        Raises CertificationError: `certificate` if it cannot be read, `key` if its key is of no accepted kind.
        """
        der, public_key = certificate_and_key(certificate)
        return cls(
            kind="certificate",
            certifier=certifier,
            public_key=public_key,
            signature=_base64url(signature),
            certificate=_base64(der),
        )

    @classmethod
    def by_password(cls, *, certifier: str) -> "Certification":
        """The portal's word that this person confirmed with their password. It binds nobody."""
        return cls(kind="password", certifier=certifier)

    @property
    def certificate_der(self) -> bytes | None:
        """The certificate as bytes; None where it is by none."""
        return None if self.certificate is None else _from_base64(self.certificate, "certificate")

    def without_certificate(self) -> "Certification":
        """By the key alone. A log forgets nothing, and a certificate names its holder: it stays outside.

        Whoever leaves it out has checked it (`check`), and has the key registered.
        """
        if self.kind != "certificate":
            return self
        return replace(self, kind="key", certificate=None)

    def as_facts(self) -> dict[str, str]:
        """For `facts["certification"]` of an envelope: the fields of its kind and no others."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_facts(cls, facts: object) -> "Certification":
        """What `as_facts` wrote. Raises CertificationError (`malformed`) for anything else."""
        if not isinstance(facts, dict) or not all(isinstance(part, str) for pair in facts.items() for part in pair):
            raise CertificationError("malformed")
        try:
            return cls(**facts)
        except TypeError:
            raise CertificationError("malformed") from None


def certificate_and_key(certificate: bytes) -> tuple[bytes, str]:
    """A certificate (DER or PEM) as DER, and its key as `Certification.public_key` has it.

    Raises CertificationError: `certificate` if it cannot be read, `key` if its key is of no accepted kind.
    """
    # Tools write text about the certificate before it.
    pem = b"-----BEGIN CERTIFICATE-----" in certificate
    try:
        read = (x509.load_pem_x509_certificate if pem else x509.load_der_x509_certificate)(certificate)
        key = _accepted(read.public_key())
    except _UNREADABLE:
        raise CertificationError("certificate") from None
    return read.public_bytes(Encoding.DER), _base64(_spki(key))


def check(certification: Certification, *, to_sign: bytes, at: datetime | None = None) -> None:
    """Returns if the certification fits what was to be signed; else raises CertificationError with its reason.

    `at`: the moment of filing, at which a certificate must be valid. A password fits everything, for it proves nothing.
    """
    if certification.kind == "password":
        return
    key = _stated_key(certification)
    signature = _from_base64url(certification.signature, "malformed")
    if certification.kind == "passkey":
        if isinstance(key, RSAPublicKey):
            raise CertificationError("key")
        message = _asserted(certification, challenge(to_sign))
    else:
        if certification.kind == "certificate":
            _check_holder(certification, key, at)
        message = to_sign
    if not _verifies(key, message, signature):
        raise CertificationError("signature")


def check_entry(envelope: Envelope) -> None:
    """Returns if nobody certified the entry, or what certifies it fits; else raises CertificationError."""
    if "certification" not in envelope.facts:
        return
    digest = envelope.facts.get("digest")
    if not isinstance(digest, str):
        raise CertificationError("malformed")
    signed = to_sign(
        organisation=envelope.organisation,
        period=envelope.period,
        corrects=envelope.corrects,
        digest=digest,
        rows=envelope.rows,
        rows_root=envelope.rows_root,
    )
    certification = Certification.from_facts(envelope.facts["certification"])
    check(certification, to_sign=signed, at=datetime.fromisoformat(envelope.filed_at))


def _asserted(certification: Certification, expected: bytes) -> bytes:
    """The bytes that an authenticator signs over, once the client data answers the challenge for a verified user."""
    client_data = _from_base64url(certification.client_data, "client-data")
    authenticator_data = _from_base64url(certification.authenticator_data, "client-data")
    try:
        stated = json.loads(client_data.decode(), object_pairs_hook=_without_doubles)
    except (ValueError, RecursionError):
        raise CertificationError("client-data") from None
    whole = isinstance(stated, dict) and len(authenticator_data) >= AUTHENTICATOR_DATA_BYTES_MIN
    if not whole or stated.get("type") != "webauthn.get":
        raise CertificationError("client-data")
    if stated.get("challenge") != _base64url(expected):
        raise CertificationError("challenge")
    # The flags follow the hash of the portal's name, which is recorded and not judged: it says where, not whether.
    if authenticator_data[32] & USER_PRESENT_AND_VERIFIED != USER_PRESENT_AND_VERIFIED:
        raise CertificationError("user-verification")
    return authenticator_data + sha256(client_data).digest()


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _check_holder(certification: Certification, key: PublicKey, at: datetime | None) -> None:
    """Raises unless the certificate holds this key, spelled as stated, and is valid at that moment."""
    encoded = _from_base64(certification.certificate, "certificate")
    try:
        # What the outsider's verifier cannot read must not enter: it could never be checked.
        stated, _, _ = read_certificate(encoded)
        certificate = x509.load_der_x509_certificate(encoded)
        holds = stated == _spki(key) and certificate.public_key() == key
    except _UNREADABLE:
        raise CertificationError("certificate") from None
    if not holds:
        raise CertificationError("certificate")
    if at is not None:
        second = at.replace(microsecond=0)
        if not certificate.not_valid_before_utc <= second <= certificate.not_valid_after_utc:
            raise CertificationError("expired")


def _stated_key(certification: Certification) -> PublicKey:
    encoded = _from_base64(certification.public_key, "malformed")
    try:
        key = _accepted(load_der_public_key(encoded))
    except _UNREADABLE:
        raise CertificationError("key") from None
    if _spki(key) != encoded:
        raise CertificationError("key")
    return key


def _accepted(key: object) -> PublicKey:
    """The key, if it is of an accepted kind and size; else raises CertificationError."""
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return key
    # The library takes points of small order, under which one signature fits any text.
    if isinstance(key, Ed25519PublicKey) and ed25519_key_binds(key.public_bytes_raw()):
        return key
    # The verifier computes with plain integers: a long exponent would keep it busy for hours.
    if (
        isinstance(key, RSAPublicKey)
        and RSA_BITS_MIN <= key.key_size <= RSA_BITS_MAX
        and key.public_numbers().e < 2**32
    ):
        return key
    raise CertificationError("key")


def _key_of_cose(cose_key: Mapping[int, object]) -> PublicKey:
    """Labels and values of RFC 9053: 1 key type, 3 algorithm, -1 curve, -2 x, -3 y."""
    kind, x, y = tuple(cose_key.get(label) for label in (1, 3, -1)), cose_key.get(-2), cose_key.get(-3)
    try:
        if kind == (2, -7, 1) and isinstance(x, bytes) and isinstance(y, bytes):
            numbers = EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), SECP256R1())
            return numbers.public_key()
        if kind == (1, -8, 6) and isinstance(x, bytes):
            return _accepted(Ed25519PublicKey.from_public_bytes(x))
    except ValueError:
        pass
    raise CertificationError("key")


def _verifies(key: PublicKey, message: bytes, signature: bytes) -> bool:
    if isinstance(key, RSAPublicKey):
        pss = padding.PSS(padding.MGF1(SHA256()), padding.PSS.AUTO)
        return any(_rsa_verifies(key, message, signature, scheme) for scheme in (padding.PKCS1v15(), pss))
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(signature, message)
        else:
            key.verify(signature, message, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def _rsa_verifies(key: RSAPublicKey, message: bytes, signature: bytes, scheme: padding.AsymmetricPadding) -> bool:
    try:
        key.verify(signature, message, scheme, SHA256())
    except InvalidSignature:
        return False
    return True


def _spki(key: PublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _base64(decoded: bytes) -> str:
    return base64.b64encode(decoded).decode()


def _base64url(decoded: bytes) -> str:
    return base64.urlsafe_b64encode(decoded).decode().rstrip("=")


def _from_base64(text: str | None, reason: str) -> bytes:
    """Bytes of base64 in its one shortest spelling."""
    try:
        decoded = base64.b64decode(cast(str, text), validate=True)
    except ValueError:
        raise CertificationError(reason) from None
    if _base64(decoded) != text:
        raise CertificationError(reason)
    return decoded


def _from_base64url(text: str | None, reason: str) -> bytes:
    """Bytes of base64url without padding, in its one shortest spelling."""
    stated = cast(str, text)
    try:
        decoded = base64.b64decode(stated + "=" * (-len(stated) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise CertificationError(reason) from None
    if _base64url(decoded) != stated:
        raise CertificationError(reason)
    return decoded
