"""Certifiers for tests: a passkey and a certificate whose private keys the test holds."""

from __future__ import annotations

import base64
import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from lodeline.journal.certification import Certification, challenge

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
PRESENT_AND_VERIFIED = 0b101
#: Keys that are the same in every run: scalars and seeds that no one else would use.
P256 = ec.derive_private_key(0x5EED, ec.SECP256R1())
ED25519 = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def cose_key(key: PrivateKey) -> Mapping[int, object]:
    """The public key as an authenticator hands it over at registration (RFC 9053)."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return {1: 1, 3: -8, -1: 6, -2: key.public_key().public_bytes_raw()}
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    point = key.public_key().public_numbers()
    return {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}


def sign(key: PrivateKey, message: bytes, scheme: padding.AsymmetricPadding | None = None) -> bytes:
    """A signature with SHA-256; of RSA by PKCS #1 v1.5 unless another scheme is given; the same at every run."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(message)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, scheme or padding.PKCS1v15(), SHA256())
    return key.sign(message, ec.ECDSA(SHA256(), deterministic_signing=True))


@dataclass(frozen=True)
class Passkey:
    """An authenticator with one key, registered at one portal."""

    key: PrivateKey = P256
    certifier: str = "person-7"
    portal: str = "portal.example"
    flags: int = PRESENT_AND_VERIFIED
    client_data: dict[str, object] = field(default_factory=dict)

    def certify(self, to_sign: bytes) -> Certification:
        """What the browser hands back for the challenge of `to_sign`."""
        stated: dict[str, object] = {
            "type": "webauthn.get",
            "challenge": base64.urlsafe_b64encode(challenge(to_sign)).decode().rstrip("="),
            "origin": f"https://{self.portal}",
            "crossOrigin": False,
        }
        client_data = json.dumps(stated | self.client_data, separators=(",", ":")).encode()
        authenticator_data = sha256(self.portal.encode()).digest() + bytes([self.flags]) + (7).to_bytes(4, "big")
        return Certification.by_passkey(
            certifier=self.certifier,
            cose_key=cose_key(self.key),
            authenticator_data=authenticator_data,
            client_data=client_data,
            signature=sign(self.key, authenticator_data + sha256(client_data).digest()),
        )


def certificate_of(key: PrivateKey, *, first_year: int = 2025, last_year: int = 2027) -> bytes:
    """A certificate (DER) for the key, signed by itself, valid for whole years."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "签认人 person-7")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(datetime.datetime(first_year, 1, 1, tzinfo=datetime.UTC))
        .not_valid_after(datetime.datetime(last_year, 12, 31, 23, 59, 59, tzinfo=datetime.UTC))
        .sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else SHA256())
        .public_bytes(Encoding.DER)
    )


def certify_with_certificate(
    key: PrivateKey,
    to_sign: bytes,
    *,
    certificate: bytes | None = None,
    scheme: padding.AsymmetricPadding | None = None,
) -> Certification:
    """A certification by a certificate for this key."""
    return Certification.by_certificate(
        certifier="person-7",
        certificate=certificate or certificate_of(key),
        signature=sign(key, to_sign, scheme),
    )
