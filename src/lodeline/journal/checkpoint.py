"""Signed checkpoints: the size and the root of the log, over a name that outsiders know.

A note is believed only if a known key signed it; a known key's wrong signature spoils the whole note, and what
strangers signed is left aside (a witness may add its line). The bytes are those of the C2SP formats, so that any
transparency tool reads them.

    NoteError
     ├─ MalformedNoteError    the text is not a note, a checkpoint or a key
     └─ UnverifiedNoteError   no known key signed it, or a known key's signature is wrong

Sources: https://c2sp.org/signed-note and https://c2sp.org/tlog-checkpoint (2025), after golang.org/x/mod/sumdb/note;
RFC 8032 (Ed25519); RFC 5869 (HKDF).
"""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from lodeline.journal.merkle import HASH_BYTES
from lodeline.journal.verify import ed25519_key_binds

SIGNATURE_MARK = "— "
ED25519 = b"\x01"
SIGNATURES_MAX = 100
NOTE_BYTES_MAX = 1_000_000

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_KEY_ID = re.compile(r"[0-9a-f]{8}")


class NoteError(ValueError):
    """A note cannot be believed."""


class MalformedNoteError(NoteError):
    """The text does not have the form of a note, a checkpoint or a key."""


class UnverifiedNoteError(NoteError):
    """No known key signed the note, or a known key's signature is wrong."""


def _check_name(name: str) -> None:
    if not name or "+" in name or any(char.isspace() for char in name) or not _is_clean(name):
        raise MalformedNoteError(f"{name!r} is no key name: it must not be empty or hold a space or a plus sign")


def _is_clean(text: str) -> bool:
    """No ASCII control character, and nothing that UTF-8 cannot write (half a surrogate pair)."""
    return not any(ord(char) < 32 or 0xD800 <= ord(char) <= 0xDFFF for char in text)


def _decode(text: str) -> bytes:
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as problem:
        raise MalformedNoteError("invalid base64") from problem
    # Two texts must not stand for one value: stray bits after the last byte are refused.
    if base64.b64encode(decoded).decode() != text:
        raise MalformedNoteError("base64 that is not in its shortest form")
    return decoded


@dataclass(frozen=True, slots=True, kw_only=True)
class Verifier:
    """A name and the Ed25519 public key (32 bytes) that signs under it. Raises MalformedNoteError if one cannot be."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        _check_name(self.name)
        if len(self.public_key) != 32:
            raise MalformedNoteError("an Ed25519 public key has 32 bytes")

    @property
    def key_id(self) -> bytes:
        """First 4 bytes of SHA-256(name || newline || 0x01 || public key)."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public_key).digest()[:4]

    @property
    def vkey(self) -> str:
        """The key as text, `name+id+base64`: what outsiders keep in order to check receipts."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(ED25519 + self.public_key).decode()}"

    @classmethod
    def read(cls, vkey: str) -> "Verifier":
        """The key that a vkey text states. Raises MalformedNoteError if the text is wrong in any part."""
        name, _, rest = vkey.partition("+")
        key_id, _, encoded = rest.partition("+")
        key = _decode(encoded)
        if not _KEY_ID.fullmatch(key_id) or key[:1] != ED25519:
            raise MalformedNoteError("not an Ed25519 vkey")
        if not ed25519_key_binds(key[1:]):
            raise MalformedNoteError("an Ed25519 key that binds nobody")
        verifier = cls(name=name, public_key=key[1:])
        if verifier.key_id.hex() != key_id:
            raise MalformedNoteError("the key does not belong to its id")
        return verifier

    def verifies(self, text: bytes, signature: bytes) -> bool:
        """Whether `signature` (64 bytes) is this key's signature of `text`."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, text)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A name and the Ed25519 seed (32 bytes) that signs under it."""

    name: str
    seed: bytes = field(repr=False)

    @classmethod
    def of_store(cls, store_secret: bytes, origin: str) -> "Signer":
        """The log's own key: HKDF-SHA-256 of the store secret, no salt, info "lodeline checkpoint key v1" || origin.

        Raises NoteError if the secret is empty, MalformedNoteError if the origin cannot be a key name.
        """
        if not store_secret:
            raise NoteError("the store secret is empty")
        _check_name(origin)
        info = b"lodeline checkpoint key v1" + origin.encode()
        return cls(name=origin, seed=HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(store_secret))

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        return _public_half(self.name, self.seed)

    def sign(self, text: str) -> str:
        """The signed note: text, empty line, signature line. Raises MalformedNoteError if no note can hold the text."""
        _check_text(text)
        signature = _private_key(self.seed).sign(text.encode())
        encoded = base64.b64encode(self.verifier.key_id + signature).decode()
        return f"{text}\n{SIGNATURE_MARK}{self.name} {encoded}\n"


# A log signs at every entry: its key is made ready once.


@lru_cache(maxsize=16)
def _private_key(seed: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(seed)


@lru_cache(maxsize=16)
def _public_half(name: str, seed: bytes) -> Verifier:
    return Verifier(name=name, public_key=_private_key(seed).public_key().public_bytes_raw())


def _check_text(text: str) -> None:
    if not text.endswith("\n") or not _is_clean(text.replace("\n", "")):
        raise MalformedNoteError("the text of a note is UTF-8, ends in a newline and holds no other control character")


def _signature_lines(lines: str) -> list[tuple[str, bytes]]:
    """(key name, 4-byte key id || signature) of each line."""
    signatures = []
    for line in lines.removesuffix("\n").split("\n"):
        name, _, encoded = line.removeprefix(SIGNATURE_MARK).partition(" ")
        _check_name(name)
        signature = _decode(encoded)
        if not line.startswith(SIGNATURE_MARK) or len(signature) < 5:
            raise MalformedNoteError("a signature line is malformed")
        signatures.append((name, signature))
    if len(signatures) > SIGNATURES_MAX:
        raise MalformedNoteError("too many signatures")
    return signatures


def open_note(note: str, verifiers: Sequence[Verifier]) -> str:
    """Text of a signed note, once at least one of these keys is found to have signed it.

    Raises MalformedNoteError, or UnverifiedNoteError if no known key signed it or a known key's signature is wrong.
    """
    # The last empty line divides text from signatures; the text may hold empty lines itself.
    head, divider, lines = note.rpartition("\n\n")
    text = head + "\n"
    if not divider or not note.endswith("\n") or len(note) > NOTE_BYTES_MAX:
        raise MalformedNoteError("not a signed note")
    _check_text(note)
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    verified = False
    for name, signature in _signature_lines(lines):
        verifier = known.get((name, signature[:4]))
        if verifier is None:
            continue
        if not verifier.verifies(text.encode(), signature[4:]):
            raise UnverifiedNoteError(f"the signature of {name} is wrong")
        verified = True
    if not verified:
        raise UnverifiedNoteError("no known key signed this note")
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Size (number of entries) and root (32 bytes) of the log called `origin`."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The three lines of the note."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def read(cls, text: str) -> "Checkpoint":
        """The checkpoint in a note's text. Raises MalformedNoteError. Extension lines are allowed and left aside."""
        lines = text.removesuffix("\n").split("\n")
        if len(lines) < 3 or not all(lines) or not _SIZE.fullmatch(lines[1]):
            raise MalformedNoteError("not the text of a checkpoint")
        checkpoint = cls(origin=lines[0], size=int(lines[1]), root=_decode(lines[2]))
        if len(checkpoint.root) != HASH_BYTES:
            raise MalformedNoteError("the root of a checkpoint has 32 bytes")
        return checkpoint


def sign_checkpoint(*, size: int, root: bytes, signer: Signer) -> str:
    """Signed note that states size and root of the log whose origin is the signer's name."""
    return signer.sign(Checkpoint(origin=signer.name, size=size, root=root).text())


def open_checkpoint(note: str, verifier: Verifier) -> Checkpoint:
    """The checkpoint in a note that `verifier` signed for the log of its own name.

    Raises MalformedNoteError, or UnverifiedNoteError, also if the origin line names another log.
    """
    checkpoint = Checkpoint.read(open_note(note, [verifier]))
    if checkpoint.origin != verifier.name:
        raise UnverifiedNoteError(f"{verifier.name} signed a checkpoint of another log, {checkpoint.origin}")
    return checkpoint
