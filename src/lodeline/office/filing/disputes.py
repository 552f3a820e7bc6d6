"""Disputes: a receiver says that a shipment is not as its shipper filed it, and the shipper answers.

Both sides see all of it and nobody else does; it changes nothing in the ledger, where each side's filing stands as
filed. It ends when the receiver withdraws it, or accepts the delivery after all.

DisputeError   what was asked cannot be done; the message says why
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import polars as pl
from django.db.models import Q

from lodeline import language as lang
from lodeline.errors import UserError
from lodeline.office.access.actor import Actor
from lodeline.office.access.audit import record_paper
from lodeline.office.accounts.people import office_transaction
from lodeline.office.models import Dispute, User
from lodeline.office.notices.notices import notify
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.store.queries.lots import ids_on_the_label

REASON_CHARACTERS: Final = 2_000


class DisputeError(UserError):
    """What was asked cannot be done with this delivery or dispute."""


class UnknownDisputeError(DisputeError):
    """There is none of that number, for any reader."""


def dispute(actor: Actor, own: OrganisationView, line: int, reason: str, *, now: datetime) -> Dispute:
    """Disputes a delivery that waits for the organisation, by the number of its shipment line; the shipper is told.

    Requires "own.file".
    """
    actor.require("own.file", own.organisation)
    text = _text(reason)
    waiting = own.transfers(now, waiting=True).filter(
        (pl.col("standing") == "to-accept") & (pl.col("shipment_line") == line)
    )
    if not waiting.height:
        raise DisputeError(lang.text("This delivery does not wait for you any more."))
    sent = waiting.row(0, named=True)
    subject = {
        "receiver": own.organisation, "shipper": sent["shipper"], "shipment_event": sent["shipment_event"],
        "lot": sent["local"],
    }  # fmt: skip
    if Dispute.objects.filter(**subject, withdrawn_at__isnull=True).exists():
        raise DisputeError(lang.text("You have disputed this delivery already."))
    with office_transaction():
        made = Dispute.objects.create(**subject, reason=text, raised_by=_user(actor), raised_at=now)
        _notify(made, "dispute-raised", made.shipper, made.receiver, now)
        record_paper(actor, "dispute.raise", "dispute", made.pk, organisation=own.organisation, subject=str(made.pk))
    return made


def answer(actor: Actor, organisation: str, number: int, text: str, *, now: datetime) -> Dispute:
    """The shipper's answer; the receiver is told. Requires "own.file" of the shipper."""
    actor.require("own.file", organisation)
    with office_transaction():
        found = _find(number, shipper=organisation)
        found.answer, found.answered_at = _text(text), now
        found.save()
        _notify(found, "dispute-answered", found.receiver, found.shipper, now)
        record_paper(actor, "dispute.answer", "dispute", number, organisation=organisation, subject=str(number))
    return found


def withdraw(actor: Actor, organisation: str, number: int, *, now: datetime) -> Dispute:
    """The receiver withdraws it; the shipper is told. Requires "own.file" of the receiver."""
    actor.require("own.file", organisation)
    with office_transaction():
        found = _find(number, receiver=organisation)
        found.withdrawn_at = now
        found.save()
        _notify(found, "dispute-withdrawn", found.shipper, found.receiver, now)
        record_paper(actor, "dispute.withdraw", "dispute", number, organisation=organisation, subject=str(number))
    return found


def disputes(actor: Actor, organisation: str) -> list[Dispute]:
    """Those that the organisation raised and those about its shipments, the newest first. Requires "own.read"."""
    actor.require("own.read", organisation)
    both = Q(receiver=organisation) | Q(shipper=organisation)
    return list(Dispute.objects.filter(both).order_by("withdrawn_at", "-raised_at", "-id"))


def about(actor: Actor, own: OrganisationView, transfer: Mapping[str, Any]) -> list[Dispute]:
    """Those about one transfer, a row of `OrganisationView.transfers`, whatever its papers called the lot when they
    were raised."""
    names = {transfer["local"], *ids_on_the_label(own.store, transfer["shipment_line"])}
    key = (transfer["shipper"], transfer["receiver"], transfer["shipment_event"])
    return [
        one for one in disputes(actor, own.organisation)
        if (one.shipper, one.receiver, one.shipment_event) == key and one.lot in names
    ]  # fmt: skip


def _find(number: int, **side: str) -> Dispute:
    found = Dispute.objects.filter(pk=number, withdrawn_at__isnull=True, **side).first()
    if found is None:
        raise UnknownDisputeError(lang.text("There is no such dispute, or it was withdrawn."))
    return found


def _notify(one: Dispute, kind: str, whom: str, other: str, now: datetime) -> None:
    key = f"{kind}:{one.pk}" + (f":{now.isoformat()}" if kind == "dispute-answered" else "")
    notify(whom, kind, {"other": other, "event": one.shipment_event, "dispute": one.pk}, key=key, now=now)


def _text(text: str) -> str:
    stripped = text.strip()
    if not stripped:
        raise DisputeError(lang.text("Say in a sentence what is not right."))
    if len(stripped) > REASON_CHARACTERS:
        raise DisputeError(
            lang.text("Write at most {reason_characters} characters.", reason_characters=REASON_CHARACTERS)
        )
    return stripped


def _user(actor: Actor) -> User | None:
    return None if actor.user is None else User.objects.filter(pk=actor.user).first()
