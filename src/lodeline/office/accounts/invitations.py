"""Invitations: the only way to an account. A link that is good for one person, one use and seven days.

The link's token is kept as a digest, so that whoever reads the database cannot use it. Whether an address has an
account already is told to nobody but to who holds the link.

InvitationError     the link cannot be used; the message says why and whom to ask
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.db.models import QuerySet

from lodeline.errors import UserError
from lodeline.language import text
from lodeline.office.access.actor import AUTHORITY, Actor
from lodeline.office.access.audit import record_act
from lodeline.office.accounts.people import (
    InputError,
    PeopleError,
    account_of,
    add_membership,
    office_transaction,
    require_people,
    require_two_for,
    wrong_email,
    wrong_name,
    wrong_password,
    wrong_period,
    wrong_role,
)
from lodeline.office.models import Invitation, User

#: How long a link is good.
GOOD_FOR: Final = timedelta(days=7)


class InvitationError(UserError):
    """The link cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """An invitation that was made. `token` goes into the link; it is nowhere else and cannot be had again."""

    invitation: Invitation
    token: str


def invite(
    actor: Actor, *, email: str, name: str, organisation: str, role: str, region: str = "",
    valid_to: date | None = None, today: date, now: datetime,
) -> Invited:  # fmt: skip
    """Invites a person into an organisation.

    Requires "own.people" there, or "accounts.write". Raises InputError; PeopleError for the authority, which takes two.
    An older invitation of the same address to the same role is withdrawn.
    """
    _check(actor, email, name, organisation, role, region, valid_to, today)
    require_two_for(organisation)
    return _invited(actor, email=email, name=name, organisation=organisation, role=role, valid_to=valid_to, now=now)


def invite_registrar(actor: Actor, *, email: str, name: str, today: date, now: datetime) -> Invited:
    """Invites a registrar by the command on the server, which needs no second person. Raises InputError."""
    assert actor.user is None, "an account needs a second one to confirm"
    _check(actor, email, name, AUTHORITY, "registrar", "", None, today)
    return _invited(actor, email=email, name=name, organisation=AUTHORITY, role="registrar", valid_to=None, now=now)


def prepare(
    actor: Actor, *, email: str, name: str, role: str, region: str, valid_to: date | None, today: date, now: datetime
) -> Invitation:  # fmt: skip
    """An invitation into the authority that nobody can open until `open_link` has given it a link.

    Part of the caller's transaction. Raises what `invite` does.
    """
    _check(actor, email, name, AUTHORITY, role, region, valid_to, today)
    return Invitation.objects.create(
        digest=f"proposed {secrets.token_hex(16)}", email=_plain(email), name=name.strip(), role=role, region=region,
        valid_to=valid_to, invited_by_id=actor.user, created_at=now, expires_at=now,
    )  # fmt: skip


def open_link(actor: Actor, invitation: int, *, now: datetime) -> Invited:
    """Gives an invitation that another registrar proposed its link. Part of the caller's transaction.

    Raises PeopleError where the invitation is gone, as after an erasure, and where it is for who confirms.
    """
    found = Invitation.objects.select_for_update().filter(pk=invitation, accepted_by=None, withdrawn_at=None).first()
    if found is None:
        raise PeopleError(text("This invitation is not open any more."))
    _require_other(actor, found.email)
    _open(AUTHORITY, now).filter(email=found.email, role=found.role).update(withdrawn_at=now)
    found.confirmed_by_id = actor.user
    _record(actor, found)
    return _with_link(found, now)


def renew_links(email: str, *, now: datetime) -> list[Invited]:
    """New links for the open invitations of an address, for the command on the server; the old ones end."""
    with office_transaction():
        found = Invitation.objects.select_for_update().filter(
            email=_plain(email), accepted_by=None, withdrawn_at=None, expires_at__gt=now, waits=False
        )
        return [_with_link(one, now) for one in found.order_by("id")]


def _check(  # noqa: PLR0917  (an invitation, field by field)
    actor: Actor, email: str, name: str, organisation: str, role: str, region: str, valid_to: date | None, today: date
) -> None:
    require_people(actor, organisation)
    problems = [
        *wrong_name(name), *wrong_email(email), *wrong_role(organisation, role, region), *wrong_period(today, valid_to)
    ]  # fmt: skip
    if problems:
        raise InputError(problems)
    if not organisation:
        _require_other(actor, _plain(email))


def _require_other(actor: Actor, email: str) -> None:
    if User.objects.filter(pk=actor.user or 0, email=email).exists():
        raise PeopleError(text("Nobody gives himself a role in the authority: ask another registrar."))


def _invited(
    actor: Actor, *, email: str, name: str, organisation: str, role: str, valid_to: date | None, now: datetime
) -> Invited:  # fmt: skip
    email = _plain(email)
    with office_transaction():
        _open(organisation, now).filter(email=email, role=role).update(withdrawn_at=now)
        made = Invitation(
            email=email, name=name.strip(), organisation=organisation, role=role, valid_to=valid_to,
            invited_by_id=actor.user or None, created_at=now,
        )  # fmt: skip
        invited = _with_link(made, now)
        _record(actor, made)
    return invited


def _with_link(invitation: Invitation, now: datetime) -> Invited:
    token = secrets.token_urlsafe(32)
    invitation.digest, invitation.expires_at = digest_of(token), now + GOOD_FOR
    invitation.save()
    return Invited(invitation=invitation, token=token)


def _record(actor: Actor, made: Invitation) -> None:
    facts = {"role": made.role}
    record_act(actor, "invitation.make", organisation=made.organisation, subject=str(made.pk), facts=facts)


def _plain(email: str) -> str:
    return email.strip().lower()


def open_invitations(actor: Actor, organisation: str, *, now: datetime) -> list[Invitation]:
    """Those that can still be accepted, oldest first. Requires "own.people" there, or "accounts.write"."""
    require_people(actor, organisation)
    return list(_open(organisation, now).select_related("invited_by").order_by("created_at", "id"))


def withdraw(actor: Actor, invitation: int, *, now: datetime) -> None:
    """Makes the link useless. Requires what it took to make it; raises PeopleError where it is not open."""
    found = Invitation.objects.filter(pk=invitation).first()
    require_people(actor, "" if found is None else found.organisation)
    with office_transaction():
        changed = Invitation.objects.filter(pk=invitation, accepted_by=None, withdrawn_at=None).update(withdrawn_at=now)
        if found is None or not changed:
            raise PeopleError(text("This invitation is not open any more."))
        record_act(actor, "invitation.withdraw", organisation=found.organisation, subject=str(found.pk))


def look(token: str, *, now: datetime) -> Invitation:
    """The invitation of a link. Raises InvitationError where it cannot be used."""
    found = Invitation.objects.select_related("invited_by").filter(digest=digest_of(token)).first()
    if found is not None and found.accepted_by_id is not None:
        raise InvitationError(text("This invitation has been used. Sign in with your e-mail address."))
    if found is None or found.withdrawn_at is not None or found.expires_at <= now:
        raise InvitationError(text("This link is not good, or not any more. Ask whoever invited you for a new one."))
    return found


def has_account(invitation: Invitation) -> bool:
    """Whether who is invited signs in to accept, and does not open an account. For who holds the link alone."""
    return User.objects.filter(email=invitation.email).exists()


def accept_new(token: str, *, name: str, password: str, language: str, today: date, now: datetime) -> User:
    """Opens the account of who is invited, and begins the membership. Raises InvitationError, InputError."""
    with office_transaction():
        invitation = _taken(token, now)
        if has_account(invitation):
            raise InvitationError(text("You have an account already: sign in to accept."))
        user = User(email=invitation.email, name=name.strip(), language=language, joined_at=now)
        problems = wrong_name(name) + wrong_password(password, user)
        if problems:
            raise InputError(problems)
        user.set_password(password)
        user.save()
        _begin(invitation, user, today=today, now=now)
    return user


def accept_as(actor: Actor, token: str, *, today: date, now: datetime) -> User:
    """Begins the membership for the account that has signed in. Raises InvitationError where it is somebody else's."""
    user = account_of(actor)
    with office_transaction():
        invitation = _taken(token, now)
        if user.email != invitation.email:
            raise InvitationError(text("This invitation is for another address: sign out, and sign in with that one."))
        _begin(invitation, user, today=today, now=now)
    return user


def _taken(token: str, now: datetime) -> Invitation:
    """The invitation, locked: two browsers with one link open one account."""
    list(Invitation.objects.select_for_update().filter(digest=digest_of(token)).values_list("pk"))
    return look(token, now=now)


def _begin(invitation: Invitation, user: User, *, today: date, now: datetime) -> None:
    invitation.accepted_by = user
    invitation.save(update_fields=["accepted_by"])
    # Whoever has the role already keeps it: the link is used up all the same.
    actor = Actor(user=user.pk, name=user.name, pseudonym=user.pseudonym)
    record_act(actor, "invitation.accept", organisation=invitation.organisation, subject=str(invitation.pk))
    held = user.memberships.filter(organisation=invitation.organisation, role=invitation.role, valid_to=None)
    if not held.exists():
        add_membership(
            actor, user=user, organisation=invitation.organisation, role=invitation.role, region=invitation.region,
            valid_from=today, valid_to=invitation.valid_to, now=now, granted_by=invitation.invited_by_id,
            confirmed_by=invitation.confirmed_by_id,
        )  # fmt: skip


def _open(organisation: str, now: datetime) -> QuerySet[Invitation]:
    return Invitation.objects.filter(organisation=organisation, accepted_by=None, withdrawn_at=None, expires_at__gt=now)


def digest_of(token: str) -> str:
    """What is kept of a link's token."""
    return hashlib.sha256(token.encode()).hexdigest()
