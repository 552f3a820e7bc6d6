"""What waits for a second registrar on the pages of people, and the link that goes out when it is confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lodeline.office.access import clock
from lodeline.office.access.actor import AGENCY_ROLES
from lodeline.office.accounts import proposals
from lodeline.office.accounts.proposals import Confirmed, Waiting
from lodeline.office.models import User
from lodeline.web.accounts.letters import post_invitation, post_new_password
from lodeline.web.pages.common.entered import number_of
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.roles import AUTHORITY_NAME, ROLE_NAMES


def waiting_part(visit: Visit, organisation: str) -> list[dict[str, Any]]:
    """Each proposal as the page lists it; none for who keeps no accounts of the authority."""
    if not visit.actor.may("accounts.write", organisation):
        return []
    found = proposals.waiting(visit.actor, organisation, now=clock.now())
    proposers = User.objects.filter(pseudonym__in={one.proposal.proposed_by for one in found})
    names = dict(proposers.values_list("pseudonym", "name"))
    return [
        {
            "id": one.proposal.pk,
            "text": _words(visit, one),
            "email": one.person.email if one.person else one.invitation.email if one.invitation else "",
            "by": names.get(one.proposal.proposed_by, one.proposal.proposed_by),
            "until": written.moment(one.proposal.expires_at.isoformat(), visit.language, visit.law.timezone),
            "own": one.own,
            "about_oneself": one.person is not None and one.person.pk == visit.actor.user,
        }
        for one in found
    ]


def _words(visit: Visit, one: Waiting) -> str:
    who = one.person.name if one.person else one.invitation.name if one.invitation else ""
    if one.proposal.kind == "let-back-in":
        return visit.text("Let {who} back in", who=who)
    code, region = str(one.content["role"]), str(one.content["region"])
    role = visit.localized(ROLE_NAMES[code])
    if region:
        place = (words.country if code in AGENCY_ROLES else words.region)(region, visit.language)
        role = visit.text("{role} ({place})", role=role, place=place)
    if one.proposal.kind == "invitation":
        return visit.text("Invite {who}: {role}", who=who, role=role)
    if one.proposal.kind == "change":
        before = visit.localized(ROLE_NAMES[str(one.content["from"])])
        return visit.text("Another role for {who}: {role}, no longer {before}", who=who, role=role, before=before)
    until = str(one.content["valid_to"])
    given = visit.text("One more role for {who}: {role}", who=who, role=role)
    if not until:
        return given
    last = written.day(until, visit.language)
    return given + visit.text(", until {last}", last=last)


def proposal_of(form: Mapping[str, str]) -> int:
    """The number of the proposal that a form is about. Raises InputError."""
    return number_of(form.get("proposal", ""))


def confirmed(visit: Visit, done: Confirmed) -> str:
    """Sends the link of what was confirmed, where there is one; the word for the page."""
    if done.invited is not None:
        return post_invitation(visit, done.invited, visit.localized(AUTHORITY_NAME))
    if done.let_in is not None:
        return post_new_password(visit, done.let_in)
    return "confirm"
