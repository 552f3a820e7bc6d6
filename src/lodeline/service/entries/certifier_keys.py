"""For whom a certifying key stands is in the log, so that neither the firm nor the authority can deny it afterwards.

An entry of kind `certifier-key` says: this key is held by this person (a pseudonym) and certifies for this
organisation, from this entry on. Another entry ends it. What was certified in between stays certified. A certificate,
which names its holder, is not in the entry: the entry commits to it, and whoever has it opens the commitment, as with a
filing's file.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from cryptography import x509

from lodeline.journal import entry as journal
from lodeline.journal.verify import Fault
from lodeline.service.entries.moment import utc_text
from lodeline.service.entries.salt import salt_key
from lodeline.store.opening import assert_guarded
from lodeline.store.store import Store, StoredEntry

KIND: Final = "certifier-key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whose a key is: the pseudonym of who certifies with it, for whom, and of who gave that person the role."""

    certifier: str
    organisation: str
    granted_by: str = ""


def register_key(
    store: Store, holder: Holder, *, public_key: str, certificate: bytes | None = None, at: datetime
) -> StoredEntry:
    """Appends the registration of a key: SubjectPublicKeyInfo, DER in base64. Without a certificate it is a passkey's.

    `certificate`: X.509 in DER; the entry says from when to when it is valid. Part of the caller's transaction, which
    locks nothing afterwards.
    """
    held = None if certificate is None else x509.load_der_x509_certificate(certificate)
    facts = {
        "certifier": holder.certifier,
        "granted_by": holder.granted_by,
        "means": "passkey" if held is None else "certificate",
        "public_key": public_key,
        "valid_from": None if held is None else utc_text(held.not_valid_before_utc),
        "valid_until": None if held is None else utc_text(held.not_valid_after_utc),
    }
    return _append(store, holder.organisation, facts, at=at, certificate=certificate)


def end_key(store: Store, registration: int, *, at: datetime) -> StoredEntry:
    """Appends the end of a registration: from now on the key stands for nobody. Part of the caller's transaction."""
    found = store.entry(registration)
    assert found is not None and found.kind == KIND and found.organisation is not None, "only a registration ends"
    stated = journal.Envelope.from_bytes(found.envelope.encode()).facts
    facts = {"certifier": stated["certifier"], "ends": registration, "public_key": stated["public_key"]}
    return _append(store, found.organisation, facts, at=at, certificate=None)


def place_of(index: int) -> str:
    """What names such an entry among all entries."""
    return sha256(journal.canonical_json([KIND, index])).hexdigest()


def fingerprint(public_key: str) -> str:
    """By what a key (DER in base64) is called: SHA-256 of the DER in hex, as the verifier prints it."""
    return sha256(base64.b64decode(public_key)).hexdigest()


def faults(entries: Iterable[StoredEntry]) -> Iterable[Fault]:
    """Certifications by a registered key without a registration that was there at that moment, and damaged ones.

    Certifications by passkey and by certificate show their key themselves: older logs have them without registration.
    """
    stands: dict[tuple[str, str, str], list[tuple[str, str | None]]] = {}
    registered: dict[int, tuple[str, str, str]] = {}
    for entry in entries:
        try:
            envelope = journal.Envelope.from_bytes(entry.envelope.encode())
        except journal.EntryError:
            continue  # the audit of the log has named it
        facts = envelope.facts
        if envelope.kind == KIND:
            named = (str(envelope.organisation), str(facts.get("certifier")), str(facts.get("public_key")))
            ended = facts.get("ends")
            if entry.digest != place_of(entry.index) or (ended is not None and registered.get(ended) != named):
                yield Fault(entry=entry.index, what="entry.columns-differ")
            elif ended is None:
                registered[entry.index] = named
                stands.setdefault(named, []).append((envelope.filed_at, None))
            elif stands[named][-1][1] is None:
                stands[named][-1] = (stands[named][-1][0], envelope.filed_at)
            continue
        certification = facts.get("certification")
        if isinstance(certification, Mapping) and certification.get("kind") == "key":
            yield from _of_filing(entry, envelope, certification, stands)


def _of_filing(
    entry: StoredEntry, envelope: journal.Envelope, certification: Mapping[str, Any],
    stands: Mapping[tuple[str, str, str], list[tuple[str, str | None]]],
) -> Iterable[Fault]:  # fmt: skip
    named = (str(envelope.organisation), str(certification.get("certifier")), str(certification.get("public_key")))
    filed_at = _moment(envelope.filed_at)
    if not any(
        _moment(since) <= filed_at and (until is None or filed_at <= _moment(until))
        for since, until in stands.get(named, ())
    ):
        yield Fault(entry=entry.index, what="certification.invalid", facts={"reason": "registration"})


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _append(
    store: Store, organisation: str, facts: Mapping[str, object], *, at: datetime, certificate: bytes | None
) -> StoredEntry:
    assert_guarded(store)
    with store.database.transaction():
        head = store.head(lock=True)
        digest = place_of(head.size)
        key = salt_key(store, organisation, None, None, digest)
        envelope = journal.Envelope(
            index=head.size,
            kind=KIND,
            filed_at=utc_text(at),
            organisation=organisation,
            upload_hash=None if certificate is None else journal.upload_commitment(sha256(certificate).digest(), key),
            facts=facts,
        )
        entry, new_head = store.append_entry(head, envelope, digest=digest, rows=0, flags=[])
        store.set_head(new_head)
    return entry
