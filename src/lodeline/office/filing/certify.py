"""A filer asks, a certifier signs: what is filed is what was signed, byte for byte, or nothing is.

The signature is over a statement that names the rows by their root; the statement is made again from the draft when it
is filed, and must be the same. Whoever changes the draft in between undoes the asking and the signing.

CertifyError    it cannot be asked for, or not be signed, so; the message says why
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from cryptography import x509

from lodeline.journal.certification import Certification, CertificationError, certificate_and_key, check
from lodeline.language import text
from lodeline.office.access.actor import Actor
from lodeline.office.access.audit import record_act
from lodeline.office.access.sealing import opened, seal
from lodeline.office.accounts import key_standing
from lodeline.office.filing.drafts import ClosedDraftError, DraftError, StaleDraftError, hold
from lodeline.office.jobs.jobs import database
from lodeline.office.models import CertifierKey, Draft, OrganisationSettings, User
from lodeline.office.notices.notices import notify

State = Draft.State
_NAME_CHARACTERS: Final = 100


class CertifyError(DraftError):
    """It cannot be asked for, or not be signed, so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A certification that waits to be filed: who, what was signed, and when."""

    certification: Certification
    statement: str
    at: datetime

    def as_text(self) -> str:
        """For `Draft.certification`."""
        facts = {"facts": self.certification.as_facts(), "statement": self.statement, "at": self.at.isoformat()}
        return json.dumps(facts)

    @classmethod
    def of(cls, draft: Draft) -> Signed:
        """What `as_text` wrote into a draft that is signed."""
        kept = json.loads(draft.certification)
        return cls(
            certification=Certification.from_facts(kept["facts"]), statement=kept["statement"],
            at=datetime.fromisoformat(kept["at"]),
        )  # fmt: skip


def statement(draft: Draft) -> str | None:
    """What a certifier of the draft as it was last checked signs; None unless it would be accepted."""
    if draft.checked_revision != draft.revision or not draft.accepted:
        return None
    text: str | None = json.loads(draft.summary)["statement"]
    return text


def ask(actor: Actor, draft: Draft, *, seen: int, now: datetime) -> Draft:
    """Asks the organisation's certifiers to sign the draft as it stands. Requires "own.file"."""
    actor.require("own.file", draft.organisation)
    with database().transaction():
        held = hold(draft.pk)
        if held.state == State.ASKED and held.revision == seen:
            return held
        _require_ready(held, seen)
        held.state, held.asked_at = State.ASKED, now
        held.save()
        if not held.sandbox:
            notify(
                held.organisation, "certification-asked", {"period": held.period, "draft": held.pk},
                key=f"certify:{held.pk}:{held.revision}", now=now, role="certifier",
            )  # fmt: skip
        record_act(actor, "draft.ask", organisation=held.organisation, subject=str(held.pk))
    return held


def certify(
    actor: Actor, draft: Draft, certification: Certification, *, signed: str, seen: int, now: datetime
) -> Draft:  # fmt: skip
    """Takes a certifier's signature over the statement `signed`; the draft is then to be filed (`filing_now.begin`).

    Requires "own.certify". A second signature of what is signed already changes nothing. Raises CertifyError where the
    firm wants a second person, CertificationError where the signature does not fit, StaleDraftError where the draft has
    changed since the statement was shown.
    """
    actor.require("own.certify", draft.organisation)
    with database().transaction():
        held = hold(draft.pk)
        if held.state in (State.FILING, State.FILED) and held.revision == seen:
            return held
        _require_ready(held, seen)
        if held.state != State.ASKED:
            raise CertifyError(text("The filer has not asked for certification, or has changed the draft since."))
        if signed != statement(held):
            raise StaleDraftError(
                text("What was signed is not what the draft says now. Look at it once more, and sign again.")
            )
        user = None if actor.user is None else User.objects.filter(pk=actor.user).first()
        require_second_person(held, actor)
        check(certification, to_sign=signed.encode(), at=now)
        held.state, held.certified_by = State.FILING, user
        kept = certification.without_certificate()
        held.certification = Signed(certification=kept, statement=signed, at=now).as_text()
        held.save()
        record_act(
            actor, "draft.certify", organisation=held.organisation, subject=str(held.pk),
            facts={"kind": certification.kind, "statement": sha256(signed.encode()).hexdigest()},
        )  # fmt: skip
        if certification.public_key is not None and user is not None and not held.sandbox:
            key_standing.ensure(
                user, held.organisation, public_key=certification.public_key,
                certificate=certification.certificate_der, now=now,
            )  # fmt: skip
    return held


def require_second_person(draft: Draft, actor: Actor) -> None:
    """Raises CertifyError where the firm wants somebody else to sign than whoever has worked on the draft."""
    if not OrganisationSettings.objects.filter(organisation=draft.organisation, second_person=True).exists():
        return
    makers = {draft.created_by_id, draft.changed_by_id, *draft.edits.values_list("by", flat=True)}
    if actor.user in makers:
        raise CertifyError(
            text("Your organisation wants a second person to certify, and you have worked on this draft yourself.")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate that somebody has registered: `der` of X.509, and the name in it."""

    pk: int
    der: bytes
    fingerprint: str

    @property
    def name(self) -> str:
        """Whom it names, cut where that is long."""
        return x509.load_der_x509_certificate(self.der).subject.rfc4514_string()[:_NAME_CHARACTERS]


def certificates(actor: Actor) -> list[Certificate]:
    """The certificates that the actor has registered and not withdrawn."""
    kept = CertifierKey.objects.filter(user=actor.user, revoked_at=None).select_related("user").order_by("id")
    found = [(one, opened(one.user, bytes(one.certificate), "certificate")) for one in kept]
    return [Certificate(pk=one.pk, der=der, fingerprint=one.fingerprint) for one, der in found if der is not None]


def add_certificate(actor: Actor, organisation: str, content: bytes, *, now: datetime) -> CertifierKey:
    """Registers a certificate (DER or PEM) as the actor's own: kept sealed, its key entered in the log.

    Requires "own.certify". Raises CertifyError; CertificationError where its key is of no kind that can certify.
    """
    actor.require("own.certify", organisation)
    assert actor.user is not None, "a program has no certificate"
    try:
        der, public_key = certificate_and_key(content)
    except CertificationError as error:
        if error.reason == "key":
            raise
        raise CertifyError(text("This file is no X.509 certificate (PEM or DER).")) from error
    digest = sha256(der).hexdigest()
    with database().transaction():
        person = User.objects.select_for_update().get(pk=actor.user)
        key = CertifierKey.objects.filter(user=person, fingerprint=digest, revoked_at=None).first()
        if key is None:
            key = CertifierKey.objects.create(
                user=person, fingerprint=digest, certificate=seal(person, der, "certificate"), added_at=now
            )
            record_act(actor, "certificate.add", organisation=organisation, subject=digest)
        key_standing.ensure(person, organisation, public_key=public_key, certificate=der, now=now)
    return key


def revoke_certificate(actor: Actor, organisation: str, number: int, *, now: datetime) -> None:
    """Withdraws one of the actor's certificates, and says so in the log; what it has signed stays signed.

    Requires "own.certify".
    """
    actor.require("own.certify", organisation)
    with database().transaction():
        for key in CertifierKey.objects.filter(pk=number, user=actor.user, revoked_at=None).select_related("user"):
            key.revoked_at = now
            key.save()
            record_act(actor, "certificate.revoke", organisation=organisation, subject=key.fingerprint)
            der = opened(key.user, bytes(key.certificate), "certificate")
            if der is not None:
                key_standing.end(key.user, public_key=certificate_and_key(der)[1], now=now)


def _require_ready(held: Draft, seen: int) -> None:
    if held.state not in (State.OPEN, State.ASKED):
        raise ClosedDraftError(text("This draft is being checked or filed, or is closed already."))
    if held.revision != seen:
        raise StaleDraftError(text("The draft was changed since this page was made. Look at it once more."))
    if statement(held) is None:
        raise CertifyError(text("The draft cannot be filed as it stands: look at its problems first."))
