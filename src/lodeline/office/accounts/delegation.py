"""Delegation: an organisation lets another one, an agent or the head of its group, file for it, from day to day.

Who acts for the agent keeps his own role: its filers file, its certifiers certify where that was granted too. Nobody
of the agent gets to say who belongs to the organisation.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q

from lodeline.language import text
from lodeline.office.access.actor import Actor
from lodeline.office.access.audit import record_act
from lodeline.office.accounts.people import (
    InputError,
    PeopleError,
    WrongField,
    enter_right,
    office_transaction,
    require_people,
    wrong_period,
)
from lodeline.office.models import Delegation


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegations:
    """What an organisation has given to others, and what others have given to it: in force, or still to come."""

    given: tuple[Delegation, ...]
    received: tuple[Delegation, ...]


def delegations(actor: Actor, organisation: str, *, on: date) -> Delegations:
    """Those that count on a day or will. Requires "own.read" in the organisation, or "accounts.write"."""
    if not actor.may("own.read", organisation):
        actor.require("accounts.write", organisation)
    standing = Delegation.objects.filter(Q(valid_to__isnull=True) | Q(valid_to__gte=on)).select_related("granted_by")
    return Delegations(
        given=tuple(standing.filter(organisation=organisation).order_by("valid_from", "id")),
        received=tuple(standing.filter(agent=organisation).order_by("organisation", "id")),
    )


def delegate(
    actor: Actor, *, organisation: str, agent: str, may_certify: bool, valid_from: date, valid_to: date | None,
    registered: Collection[str], now: datetime,
) -> Delegation:  # fmt: skip
    """Lets another organisation file. `registered`: the organisations that there are.

    Requires "own.people" in the organisation that gives it, or "accounts.write". Raises InputError.
    """
    require_people(actor, organisation)
    problems = wrong_period(valid_from, valid_to)
    if agent == organisation:
        problems.append(WrongField(field="agent", en="Name another organisation.", zh="请填写其他企业。"))
    elif agent not in registered:
        problems.append(
            WrongField(
                field="agent", en="No organisation of the register has this id.", zh="登记簿中没有此编号的企业。"
            )
        )
    if problems:
        raise InputError(problems)
    with office_transaction():
        clash = Delegation.objects.filter(
            Q(valid_to__isnull=True) | Q(valid_to__gte=valid_from), organisation=organisation, agent=agent
        )
        if (clash if valid_to is None else clash.filter(valid_from__lte=valid_to)).exists():
            raise PeopleError(
                text("This organisation may file for you in those days already. End that first to change it.")
            )
        made = Delegation.objects.create(
            organisation=organisation, agent=agent, may_certify=may_certify, valid_from=valid_from, valid_to=valid_to,
            granted_by_id=actor.user or None, granted_at=now,
        )  # fmt: skip
        facts = {"from": str(valid_from), "until": str(valid_to or ""), "certify": may_certify}
        record_act(actor, "delegation.grant", organisation=organisation, subject=agent, facts=facts)
        enter_right(actor, "delegation.grant", made)
    return made


def end_delegation(actor: Actor, delegation: int, *, last_day: date) -> Delegation:
    """Ends a delegation with the end of a day. Either side may: whoever gave it, or the agent.

    Requires "own.people" on one of the sides, or "accounts.write". Raises PeopleError where it has ended.
    """
    found = Delegation.objects.filter(pk=delegation).first()
    if found is None or not actor.may("own.people", found.agent):
        require_people(actor, "" if found is None else found.organisation)
    with office_transaction():
        locked = Delegation.objects.select_for_update().filter(
            Q(valid_to__isnull=True) | Q(valid_to__gt=last_day), pk=delegation
        )
        if found is None or not locked.update(valid_to=last_day):
            raise PeopleError(text("This delegation has ended already."))
        facts = {"until": str(last_day)}
        record_act(actor, "delegation.end", organisation=found.organisation, subject=found.agent, facts=facts)
        enter_right(actor, "delegation.end", found)
    found.valid_to = last_day
    return found
