"""What a command on the server does about accounts, which needs no second person: who has it has the database.

Each is an audit record of `command line`; all registrars, the auditors and the person are notified.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from lodeline.language import text
from lodeline.office.access.actor import AUTHORITY, Actor, RoleGrant
from lodeline.office.access.audit import record_act
from lodeline.office.accounts import invitations, people, proposals
from lodeline.office.accounts.invitations import Invited
from lodeline.office.accounts.people import PeopleError, office_transaction
from lodeline.office.models import User

COMMAND: Final = Actor(
    name="command line", pseudonym="command line", standings=(RoleGrant(organisation=AUTHORITY, role="registrar"),)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """What can be printed for an address: invitations with new links, and an account that has no password."""

    invited: list[Invited]
    without_password: User | None


def registrar(email: str, name: str, *, today: date, now: datetime) -> Invited:
    """Invites a registrar of the whole country. Raises InputError."""
    with office_transaction():
        made = invitations.invite_registrar(COMMAND, email=email, name=name, today=today, now=now)
        facts = {"what": "invitation", "role": "registrar", "person": "", "by": ""}
        proposals.notify_keepers(
            "account-on-server", facts, key=f"invitation:{made.invitation.pk}", person=None, now=now
        )
    return made


def links(email: str, *, now: datetime) -> Links:
    """New links of what was allowed already: open invitations, and an account that was let back in.

    Raises PeopleError where there is neither.
    """
    user = _account(email)
    with office_transaction():
        found = Links(
            invited=invitations.renew_links(email, now=now),
            without_password=user if user is not None and not user.has_usable_password() else None,
        )
        if not found.invited and found.without_password is None:
            raise PeopleError(
                text("Nobody has invited {email} or let that account back in: a registrar does so first.", email=email)
            )
        for one in found.invited:
            record_act(
                COMMAND, "invitation.link", organisation=one.invitation.organisation, subject=str(one.invitation.pk)
            )
        if found.without_password is not None:
            record_act(COMMAND, "account.link", subject=found.without_password.pseudonym)
    return found


def let_back_in(email: str, *, now: datetime) -> User:
    """Lets an account back in, as two registrars do. Raises PeopleError where there is none."""
    user = _account(email)
    if user is None:
        raise PeopleError(text("Nobody has an account as {email}.", email=email))
    with office_transaction():
        people.clear_sign_in(COMMAND, user)
        facts = {"what": "let-back-in", "role": "", "person": user.pseudonym, "by": ""}
        key = f"let-back-in:{user.pseudonym}:{now.isoformat()}"
        proposals.notify_keepers("account-on-server", facts, key=key, person=user, now=now)
    return user


def _account(email: str) -> User | None:
    return User.objects.filter(email=email.strip().lower(), erased_at=None).first()
