"""How documents of applications are sealed: under a key from the store's secret, bound to application and hash.

AES-256-GCM with a nonce of its own for each text (NIST SP 800-38D). The key stands in no table and in no backup.
"""

from __future__ import annotations

import hmac
import secrets
import zlib
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lodeline.store.store import Store

_NONCE_BYTES: Final = 12


def seal(store: Store, reference: str, content: bytes, digest: str) -> bytes:
    """A document of the application that is called `reference`; `digest` is its SHA-256."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = _cipher(store, reference).encrypt(nonce, zlib.compress(content, 6), _bound_to(reference, digest))
    return nonce + sealed


def opened(store: Store, reference: str, sealed: bytes, digest: str) -> bytes:
    """Its bytes as they came. Raises ValueError where this is no document that was sealed so."""
    nonce, text = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    try:
        content = zlib.decompress(_cipher(store, reference).decrypt(nonce, text, _bound_to(reference, digest)))
    except (InvalidTag, zlib.error) as error:
        raise ValueError("this is no document that was sealed for this application") from error
    if sha256(content).hexdigest() != digest:
        raise ValueError("this is not the document that came")
    return content


def _cipher(store: Store, reference: str) -> AESGCM:
    place = f"lodeline application documents v1 {reference}".encode()
    return AESGCM(hmac.digest(store.secret, place, "sha256"))


def _bound_to(reference: str, digest: str) -> bytes:
    return f"{reference} {digest}".encode()
