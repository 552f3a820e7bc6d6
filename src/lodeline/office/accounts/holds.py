"""Legal holds: while one stands on a person, or on an organisation of that person, nothing about the person is erased.

Whoever audits or inspects sets a hold with its reason and lifts it with another; both stay to be read, and both are in
the audit records. A hold says nothing of guilt: it keeps what a court or an inquiry may still ask for.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Q

from lodeline import language as lang
from lodeline.office.access.actor import AUTHORITY, Actor
from lodeline.office.access.audit import record_paper
from lodeline.office.access.sealing import opened_text, seal_text
from lodeline.office.accounts.people import InputError, PeopleError, WrongField, office_transaction
from lodeline.office.models import Draft, LegalHold, Membership, User

LONGEST_TEXT: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A hold with its words; None where they were about a person who has been erased since."""

    hold: LegalHold
    reason: str | None
    lifted_reason: str | None


def holds(actor: Actor) -> list[Held]:
    """All holds, those that stand first, newest first. Requires "hold.write"."""
    actor.require("hold.write", AUTHORITY)
    found = LegalHold.objects.select_related("user", "set_by", "lifted_by").order_by("-pk")
    opened = [
        Held(hold=one, reason=_opened(one, one.reason), lifted_reason=_opened(one, one.lifted_reason)) for one in found
    ]
    return sorted(opened, key=lambda one: one.hold.lifted_at is not None)


def hold_person(actor: Actor, person: User, *, reason: str, now: datetime) -> LegalHold:
    """Sets a hold on a person. Requires "hold.write"; raises InputError, PeopleError where one stands or it is late."""
    actor.require("hold.write", AUTHORITY)
    assert actor.user is not None, "an official has an account"
    _require_text(reason, "reason")
    with office_transaction():
        locked = User.objects.select_for_update().get(pk=person.pk)
        if locked.erased_at is not None:
            raise PeopleError(lang.text("This person has been erased already."))
        if standing_on(locked, organisations=()):
            raise PeopleError(lang.text("A hold on this person stands already."))
        made = LegalHold.objects.create(
            user=locked, reason=seal_text(locked, reason.strip(), "hold"), set_by_id=actor.user, set_at=now
        )
        record_paper(actor, "hold.set", "hold", made.pk, subject=locked.pseudonym, facts={"hold": made.pk})
    return made


def hold_organisation(
    actor: Actor, organisation: str, *, reason: str, registered: Collection[str], now: datetime
) -> LegalHold:
    """Sets a hold on the people of an organisation, past ones too. `registered`: the organisations that there are.

    Requires "hold.write" about it; raises InputError, PeopleError where one stands.
    """
    actor.require("hold.write", AUTHORITY)
    assert actor.user is not None, "an official has an account"
    if organisation not in registered:
        raise InputError(
            [
                WrongField(
                    field="on", en="No organisation of the register and no account is called so.",
                    zh="登记簿和账户中均无此对象。",
                )
            ]
        )  # fmt: skip
    _require_text(reason, "reason")
    with office_transaction():
        # Whoever is being erased is held fast until that is done; whoever comes after sees the hold.
        people = Membership.objects.filter(organisation=organisation).values("user")
        list(User.objects.select_for_update().filter(pk__in=people).order_by("pk").values_list("pk"))
        if LegalHold.objects.filter(organisation=organisation, lifted_at=None).exists():
            raise PeopleError(lang.text("A hold on this organisation stands already."))
        made = LegalHold.objects.create(
            organisation=organisation, reason=reason.strip().encode(), set_by_id=actor.user, set_at=now
        )
        record_paper(actor, "hold.set", "hold", made.pk, organisation=organisation, facts={"hold": made.pk})
    return made


def lift(actor: Actor, hold: int, *, reason: str, now: datetime) -> LegalHold:
    """Lifts a hold. Requires "hold.write"; raises InputError, PeopleError where it does not stand any more."""
    actor.require("hold.write", AUTHORITY)
    _require_text(reason, "reason")
    with office_transaction():
        found = LegalHold.objects.select_for_update(of=("self",)).select_related("user").filter(pk=hold).first()
        if found is None or found.lifted_at is not None:
            raise PeopleError(lang.text("This hold does not stand any more."))
        text = reason.strip()
        found.lifted_reason = text.encode() if found.user is None else seal_text(found.user, text, "hold")
        found.lifted_by_id, found.lifted_at = actor.user, now
        found.save(update_fields=["lifted_reason", "lifted_by", "lifted_at"])
        record_paper(
            actor, "hold.lift", "hold", found.pk, organisation=found.organisation,
            subject="" if found.user is None else found.user.pseudonym, facts={"hold": found.pk},
        )  # fmt: skip
    return found


def standing_on(person: User, *, organisations: Collection[str] | None = None) -> list[LegalHold]:
    """The holds that keep a person from being erased: on the person, and on whatever organisation there was work for.

    `organisations`: these instead of the person's own.
    """
    if organisations is None:
        worked_on = Draft.objects.filter(Q(created_by=person) | Q(changed_by=person) | Q(certified_by=person))
        organisations = {
            *Membership.objects.filter(user=person).values_list("organisation", flat=True),
            *worked_on.values_list("organisation", flat=True),
        } - {AUTHORITY}
    about = Q(user=person) | Q(organisation__in=organisations)
    return list(LegalHold.objects.filter(about, lifted_at=None).order_by("pk"))


def _require_text(text: str, field: str) -> None:
    if not text.strip() or len(text) > LONGEST_TEXT or "\0" in text:
        raise InputError(
            [
                WrongField(
                    field=field, en=f"Say why, in at most {LONGEST_TEXT} characters.",
                    zh=f"请说明理由，最多{LONGEST_TEXT}字。",
                )
            ]
        )  # fmt: skip


def _opened(hold: LegalHold, kept: bytes | memoryview | None) -> str | None:
    if kept is None:
        return ""
    return bytes(kept).decode() if hold.user is None else opened_text(hold.user, bytes(kept), "hold")
