"""Acts of two: one person proposes, another confirms or refuses, and who proposed may withdraw.

Nobody is two: not by an act under two roles, not by a program of his own, and not by an account that he let in alone.
What nobody confirms within some days has lapsed. Each step is an audit record with a digest of what is proposed.
docs/reference/roles.md lists every act of two.

TwoError     these two are not two people, as far as the program can know: 403
ProposalError     the proposal is not open any more
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Literal, get_args

from django.db.models import Q, QuerySet

from lodeline.errors import UserError
from lodeline.language import text
from lodeline.office.access import clock
from lodeline.office.access.actor import AGENCY_ROLES, AUTHORITY, Actor, NotAllowedError
from lodeline.office.access.audit import record_paper
from lodeline.office.law_in_force import law_in_force
from lodeline.office.models import Membership, Proposal

Kind = Literal["invitation", "role", "change", "let-back-in", "release"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
#: How long a proposal can be confirmed.
GOOD_FOR: Final = timedelta(days=7)
State = Proposal.State


class TwoError(NotAllowedError):
    """Who proposed and who confirms are not two people."""


class ProposalError(UserError):
    """The proposal is not open any more; the message says so."""


def require_two(actor: Actor, *proposers: str) -> None:
    """Raises TwoError where who asks may not confirm what accounts of these pseudonyms proposed.

    That is where it is the same account, or where one of the two has a role in the authority that the other gave alone.
    """
    if actor.pseudonym in proposers:
        raise TwoError(
            text("You proposed this: another officer confirms it.", context="access")
        )  # fmt: skip
    require_apart(actor, *proposers)


def require_apart(actor: Actor, *proposers: str) -> None:
    """The second half of `require_two`, for verbs that refuse the same account in words of their own."""
    if _are_apart(actor, set(proposers) - {actor.pseudonym}):
        return
    raise TwoError(
        text(
            "One of you let the other in alone, so you do not count as two: an officer whom others "
            "let in confirms this."
        )
    )


def _are_apart(actor: Actor, proposers: Iterable[str]) -> bool:
    if actor.user is None:
        return True
    today = clock.today(law_in_force().timezone)
    alone = Membership.objects.filter(
        Q(valid_to__isnull=True) | Q(valid_to__gte=today), organisation=AUTHORITY, confirmed_by=None
    ).exclude(role__in=AGENCY_ROLES)
    by = list(proposers)
    pair = Q(user=actor.user, granted_by__pseudonym__in=by) | Q(user__pseudonym__in=by, granted_by=actor.user)
    return not alone.filter(pair).exists()


def propose(
    actor: Actor, kind: Kind, *, organisation: str, subject: str, content: Mapping[str, Any], now: datetime
) -> Proposal:
    """Keeps what is proposed. Part of the caller's transaction. Raises ProposalError where the same is open already."""
    if open_proposals(now=now).filter(kind=kind, subject=subject, organisation=organisation).exists():
        raise ProposalError(text("This is proposed already: another officer confirms or refuses it."))
    made = Proposal.objects.create(
        kind=kind, organisation=organisation, subject=subject, content=json.dumps(dict(content), sort_keys=True),
        proposed_by=actor.pseudonym, proposed_at=now, expires_at=now + GOOD_FOR,
    )  # fmt: skip
    _record(actor, "proposal.make", made)
    return made


def confirmed(actor: Actor, proposal: int, *, now: datetime) -> tuple[Proposal, dict[str, Any]]:
    """Marks a proposal as confirmed, for the caller to do what it says in the same transaction; with its content.

    Raises ProposalError, TwoError.
    """
    found = _locked(proposal, now)
    require_two(actor, found.proposed_by)
    _decide(actor, found, State.CONFIRMED, "proposal.confirm", now)
    return found, content_of(found)


def ended(actor: Actor, proposal: int, *, now: datetime) -> Proposal:
    """Refuses a proposal, or withdraws the own one. Part of the caller's transaction. Raises ProposalError."""
    found = _locked(proposal, now)
    own = found.proposed_by == actor.pseudonym
    state, what = (State.WITHDRAWN, "proposal.withdraw") if own else (State.REFUSED, "proposal.refuse")
    _decide(actor, found, state, what, now)
    return found


def open_proposals(*, now: datetime) -> QuerySet[Proposal]:
    """Those that wait for a second person, the oldest first."""
    return Proposal.objects.filter(state=State.OPEN, expires_at__gt=now).order_by("id")


def content_of(proposal: Proposal) -> dict[str, Any]:
    """What is proposed."""
    content: dict[str, Any] = json.loads(proposal.content)
    return content


def _locked(proposal: int, now: datetime) -> Proposal:
    found = Proposal.objects.select_for_update().filter(pk=proposal).first()
    if found is None or found.state != State.OPEN or found.expires_at <= now:
        raise ProposalError(
            text(
                "This proposal is decided, or nobody confirmed it within {days} days: propose it again.",
                days=GOOD_FOR.days,
            )
        )
    return found


def _decide(actor: Actor, proposal: Proposal, state: Proposal.State, what: str, now: datetime) -> None:
    proposal.state, proposal.decided_by, proposal.decided_at = state, actor.pseudonym, now
    proposal.save(update_fields=["state", "decided_by", "decided_at"])
    _record(actor, what, proposal)


def _record(actor: Actor, what: str, proposal: Proposal) -> None:
    facts = {"proposal": proposal.pk, "kind": proposal.kind}
    record_paper(
        actor, what, "proposal", proposal.pk, organisation=proposal.organisation, subject=proposal.subject, facts=facts
    )
