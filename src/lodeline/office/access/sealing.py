"""What says who a person is, and must be kept beside evidence, is kept under a key of that person's own.

Destroying the key makes every copy of the sealed text unreadable at once, wherever it went. Each person has one key, in
one table; nothing else in the store leads to it. Sealing is AES-256-GCM with a nonce of its own for each text, bound to
the person and to what the text is for, so that no text can be put in the place of another.

Source: NIST SP 800-38D (GCM; a random nonce of 96 bits, far below 2^32 texts for one key).
"""

from __future__ import annotations

import secrets
from typing import Final, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lodeline.office.models import PersonKey, User

#: What a sealed text is: part of what it is sealed to.
Purpose = Literal["certificate", "erasure", "hold"]
_NONCE_BYTES: Final = 12


def seal(person: User, content: bytes, purpose: Purpose) -> bytes:
    """`content` under the person's key, which is made with the first text. Part of the caller's transaction."""
    assert person.erased_at is None, "nothing more is kept about somebody who has been erased"
    kept, _ = PersonKey.objects.get_or_create(user=person, defaults={"key": AESGCM.generate_key(256)})
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(bytes(kept.key)).encrypt(nonce, content, _bound_to(person, purpose))


def opened(person: User, sealed: bytes, purpose: Purpose) -> bytes | None:
    """What was sealed; None where the person's key has been destroyed. Raises ValueError for anything else."""
    kept = PersonKey.objects.filter(user=person).first()
    if kept is None:
        return None
    try:
        return AESGCM(bytes(kept.key)).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound_to(person, purpose))
    except InvalidTag:
        raise ValueError(f"this is no {purpose} that was sealed for {person.pseudonym}") from None


def seal_text(person: User, text: str, purpose: Purpose) -> bytes:
    """A text under the person's key."""
    return seal(person, text.encode(), purpose)


def opened_text(person: User, sealed: bytes, purpose: Purpose) -> str | None:
    """The text; None where the person's key has been destroyed."""
    content = opened(person, bytes(sealed), purpose)
    return None if content is None else content.decode()


def destroy_key(person: User) -> None:
    """For good: there is no second copy in the store."""
    PersonKey.objects.filter(user=person).delete()


def _bound_to(person: User, purpose: Purpose) -> bytes:
    return f"lodeline {purpose} v1 {person.pseudonym}".encode()
