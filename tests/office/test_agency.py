"""Who is of another state's agency: let in for a state that is not this one, and nothing else at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.accounts import NOW, TODAY, as_actor, by_two, empty_office, person

from lodeline.office.access.actor import AGENCY_ROLES, AUTHORITY, AUTHORITY_ROLES, PERMISSIONS, Actor, RoleGrant
from lodeline.office.accounts import people, proposals
from lodeline.office.accounts.invitations import accept_new
from lodeline.office.accounts.people import InputError, PeopleError, needs_second_factor
from lodeline.office.accounts.tokens import grantable
from lodeline.office.models import Membership, User

AGENT = Actor(user=7, name="A", pseudonym="a", standings=(RoleGrant(organisation="", role="agency", region="JP"),))


@pytest.fixture
def room(tmp_path: Path) -> Iterator[str]:
    with empty_office(tmp_path) as url:
        yield url


def registrar() -> Actor:
    return as_actor(person("registrar@authority.example", ("", "registrar")))


def test_an_agency_may_see_what_is_published_to_it_and_nothing_else() -> None:
    assert AGENT.agency_of == "JP"
    assert not AGENT.is_official and AGENT.organisations == ()
    opened = {one for one in PERMISSIONS if not one.startswith("own.") and AGENT.may(one)}
    assert opened == {"anyone", "signed in", "strategy.aggregate"}
    assert AGENT.may("strategy.aggregate", AUTHORITY) and not AGENT.may("own.read", "MAG-0001")
    assert AGENT.firms("nation.read") == frozenset() and AGENT.firms("strategy.read") == frozenset()
    assert needs_second_factor(AGENT)
    assert grantable(AGENT, "") == ()
    others = {role for role, allowed in AUTHORITY_ROLES.items() if allowed & AGENCY_ROLES["agency"]}
    assert others == set(), "an official reads what is published where it is published"


def test_officials_of_a_region_are_shown_no_scenario() -> None:
    regional = Actor(standings=(RoleGrant(organisation="", role="analyst", region="CN-JX"),))
    assert not regional.may("strategy.read", AUTHORITY) and not regional.may("strategy.run", AUTHORITY)


def test_a_registrar_lets_an_agency_in_for_its_state(room: str) -> None:
    invited = by_two(
        proposals.propose_invitation(
            registrar(), email="agent@ministry.example", name="Agent", role="agency", region="JP", today=TODAY, now=NOW
        )
    ).invited
    assert invited is not None
    user = accept_new(
        invited.token, name="Agent", password="a horse and a battery", language="en", today=TODAY, now=NOW
    )
    actor = as_actor(user)
    assert (actor.agency_of, actor.is_official, actor.roles()) == ("JP", False, ("agency",))


@pytest.mark.parametrize("state", ["", "CN", "XX", "jp", "CN-JX", "Japan"])
def test_the_state_of_an_agency_is_another_one_by_its_code(room: str, state: str) -> None:
    subject = person("agent@ministry.example")
    with pytest.raises(InputError) as refused:
        proposals.propose_role(registrar(), subject, role="agency", region=state, today=TODAY, now=NOW)
    assert [one.field for one in refused.value.problems] == ["country"]


def test_no_firm_has_agents_of_a_state(room: str) -> None:
    with pytest.raises(InputError):
        people.grant(
            registrar(), user=person("agent@ministry.example"), organisation="MAG-0001", role="agency", region="JP",
            valid_from=TODAY, now=NOW,
        )  # fmt: skip


@pytest.mark.parametrize("other", [("", "analyst"), ("MAG-0001", "filer")])
def test_whoever_is_of_an_agency_is_nothing_else(room: str, other: tuple[str, str]) -> None:
    keeper, agent, member = registrar(), person("agent@ministry.example"), person("m@x.example", other)

    def given(who: User, role: str, region: str = "", until: date | None = None, today: date = TODAY) -> object:
        if not other[0] or role == "agency":
            made = proposals.propose_role(keeper, who, role=role, region=region, valid_to=until, today=today, now=NOW)
            return by_two(made, today=today)
        return people.grant(keeper, user=who, organisation=other[0], role=role, valid_from=today, now=NOW)

    given(agent, "agency", "JP", TODAY)
    with pytest.raises(PeopleError, match="no other role"):
        given(agent, other[1])
    with pytest.raises(PeopleError, match="no other role"):
        given(member, "agency", "JP")
    with pytest.raises(PeopleError, match="not changed"):
        proposals.propose_change(keeper, Membership.objects.get(user=agent).pk, "analyst", today=TODAY, now=NOW)
    with pytest.raises(PeopleError, match="not changed"):
        people.change_role(keeper, Membership.objects.get(user=member).pk, "agency", today=TODAY, now=NOW)
    given(agent, other[1], today=TODAY + timedelta(days=1))
