"""What gives power in the authority, or lets somebody back in, takes two registrars: one proposes, another confirms.

Who proposes says what; who confirms sees it and makes it so, or refuses. The person concerned, all registrars and the
auditors are notified of both. A registrar decides nothing about his own account.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from lodeline.language import text
from lodeline.office.access import two
from lodeline.office.access.actor import AUTHORITY, Actor
from lodeline.office.accounts import invitations, people
from lodeline.office.accounts.invitations import Invited
from lodeline.office.accounts.people import PeopleError, office_transaction
from lodeline.office.models import Invitation, Proposal, User
from lodeline.office.notices.notices import NewNotice, notify_all

ACCOUNT_KINDS: tuple[two.Kind, ...] = ("invitation", "role", "change", "let-back-in")


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """What was confirmed. `invited`: its link has yet to reach the person; `let_in`: who needs a new password."""

    proposal: Proposal
    invited: Invited | None = None
    let_in: User | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A proposal that waits: `person` whose account it is, or `invitation` whom it invites."""

    proposal: Proposal
    content: Mapping[str, Any]
    person: User | None
    invitation: Invitation | None
    own: bool


# All of it requires "accounts.write" for the whole country; of letting back in, wherever the person belongs.


def propose_invitation(
    actor: Actor, *, email: str, name: str, role: str, region: str = "", valid_to: date | None = None, today: date,
    now: datetime,
) -> Proposal:  # fmt: skip
    """Proposes to invite somebody into the authority. Raises InputError, PeopleError."""
    with office_transaction():
        made = invitations.prepare(
            actor, email=email, name=name, role=role, region=region, valid_to=valid_to, today=today, now=now
        )
        content = {"invitation": made.pk, "role": role, "region": region}
        return _put(actor, "invitation", str(made.pk), content, now, _account(made.email))


def propose_role(
    actor: Actor, user: User, *, role: str, region: str = "", valid_to: date | None = None, today: date, now: datetime
) -> Proposal:
    """Proposes to give somebody a role of the authority from the day of the confirmation on. Raises as `grant` does."""
    people.check_grant(actor, user, AUTHORITY, role, region, valid_from=today, valid_to=valid_to)
    content = {"role": role, "region": region, "valid_to": str(valid_to or "")}
    with office_transaction():
        return _put(actor, "role", user.pseudonym, content, now, user)


def propose_change(actor: Actor, membership: int, role: str, *, today: date, now: datetime) -> Proposal:
    """Proposes another role for one in the authority. Raises as `change_role` does."""
    old = people.check_change(actor, membership, role, today=today)
    content = {"membership": membership, "from": old.role, "role": role, "region": old.region}
    with office_transaction():
        return _put(actor, "change", old.user.pseudonym, content, now, old.user)


def propose_let_back_in(actor: Actor, user: User, organisation: str, *, now: datetime) -> Proposal:
    """Proposes to let somebody back in, on the page of an organisation of theirs. Raises PeopleError."""
    people.require_let_back_in(actor, user)
    with office_transaction():
        return _put(actor, "let-back-in", user.pseudonym, {}, now, user, organisation)


def waiting(actor: Actor, organisation: str, *, now: datetime) -> list[Waiting]:
    """What waits for a second registrar, about the authority or the people of a firm, the oldest first."""
    people.require_people(actor, organisation)
    found = []
    for one in two.open_proposals(now=now).filter(kind__in=ACCOUNT_KINDS, organisation=organisation):
        content = two.content_of(one)
        found.append(
            Waiting(
                proposal=one, content=content, person=User.objects.filter(pseudonym=one.subject).first(),
                invitation=Invitation.objects.filter(pk=content.get("invitation", 0)).first(),
                own=one.proposed_by == actor.pseudonym,
            )
        )  # fmt: skip
    return found


def confirm(actor: Actor, proposal: int, *, today: date, now: datetime) -> Confirmed:
    """Makes so what another registrar proposed. Raises TwoError, ProposalError; PeopleError where it cannot be."""
    actor.require("accounts.write")
    with office_transaction():
        found, content = two.confirmed(actor, proposal, now=now)
        person = _concerned(actor, found)
        proposer = User.objects.get(pseudonym=found.proposed_by).pk
        invited = let_in = None
        _notify("account-confirmed", found, content, actor, person, now)
        if found.kind == "invitation":
            invited = invitations.open_link(actor, content["invitation"], now=now)
        elif found.kind == "change":
            # Last, as below: the log is locked from here on.
            people.put_change(actor, content["membership"], content["role"], proposer, actor.user, today=today, now=now)
        else:
            assert person is not None, "only an invitation is about nobody yet"
            if found.kind == "let-back-in":
                let_in = person
                people.clear_sign_in(actor, person)
            else:
                people.add_membership(
                    actor, user=person, organisation=AUTHORITY, role=content["role"], region=content["region"],
                    valid_from=today, valid_to=_day(content["valid_to"]), now=now, granted_by=proposer,
                    confirmed_by=actor.user,
                )  # fmt: skip
    return Confirmed(proposal=found, invited=invited, let_in=let_in)


def end(actor: Actor, proposal: int, *, now: datetime) -> Proposal:
    """Refuses what another registrar proposed, or withdraws the own proposal. Raises ProposalError."""
    actor.require("accounts.write")
    with office_transaction():
        found = two.ended(actor, proposal, now=now)
        if found.kind not in ACCOUNT_KINDS:
            raise PeopleError(text("There is no such proposal."))
        people.require_people(actor, found.organisation)
        if found.subject == actor.pseudonym:
            raise _own_account()
        if found.kind == "invitation":
            Invitation.objects.filter(pk=found.subject).update(withdrawn_at=now)
    return found


def _concerned(actor: Actor, proposal: Proposal) -> User | None:
    """Whose account a proposal is about; None for who has none yet. Raises where it is not the actor's to decide."""
    if proposal.kind not in ACCOUNT_KINDS:
        raise PeopleError(text("There is no such proposal."))
    if proposal.kind == "invitation":
        actor.require("accounts.write", AUTHORITY)
        return _account(Invitation.objects.filter(pk=proposal.subject).values_list("email", flat=True).first())
    person = User.objects.select_for_update().filter(pseudonym=proposal.subject, erased_at=None).first()
    if person is None:
        raise PeopleError(text("This account is closed."))
    if person.pk == actor.user:
        raise _own_account()
    if proposal.kind == "let-back-in":
        people.require_all_of(actor, person)
    else:
        actor.require("accounts.write", AUTHORITY)
    return person


def _own_account() -> PeopleError:
    return PeopleError(
        text("This concerns your own account: another registrar decides it.")
    )  # fmt: skip


def _put(  # noqa: PLR0917  (a proposal, column by column)
    actor: Actor, kind: two.Kind, subject: str, content: Mapping[str, Any], now: datetime, person: User | None,
    organisation: str = AUTHORITY,
) -> Proposal:  # fmt: skip
    made = two.propose(actor, kind, organisation=organisation, subject=subject, content=content, now=now)
    _notify("account-proposed", made, content, actor, person, now)
    return made


def _notify(  # noqa: PLR0917  (a notice, fact by fact)
    kind: str, proposal: Proposal, content: Mapping[str, Any], actor: Actor, person: User | None, now: datetime
) -> None:
    facts = {
        "what": proposal.kind, "role": content.get("role", ""), "person": person.pseudonym if person else "",
        "by": actor.pseudonym,
    }  # fmt: skip
    notify_keepers(kind, facts, key=f"proposal:{proposal.pk}", person=person, now=now)


def notify_keepers(kind: str, facts: Mapping[str, Any], *, key: str, person: User | None, now: datetime) -> None:
    """Notifies all registrars, the auditors and the person, once for a key."""
    some = [
        NewNotice(organisation=AUTHORITY, kind=kind, facts=facts, key=f"{key}:{kind}:{role}", role=role)
        for role in ("registrar", "auditor")
    ]
    if person is not None:
        some.append(
            NewNotice(organisation=AUTHORITY, kind=kind, facts=facts, key=f"{key}:{kind}:person", user=person.pk)
        )
    notify_all(some, now=now)


def _account(email: str | None) -> User | None:
    return User.objects.filter(email=email or "").first()


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
