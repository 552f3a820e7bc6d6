"""Who says who belongs to whom: permission of every verb, the last administrator, officials and themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from tests.accounts import NOW, TODAY, as_actor, empty_office, office, person, with_app

from lodeline.office.access.actor import NOBODY, ROLES, Actor, NotAllowedError, RoleGrant
from lodeline.office.accounts import people, proposals
from lodeline.office.accounts.delegation import delegate, delegations, end_delegation
from lodeline.office.accounts.invitations import invite, open_invitations, withdraw
from lodeline.office.accounts.people import InputError, PeopleError
from lodeline.office.models import AuditRecord, Membership

FIRM, OTHER = "MAG-0001", "MAG-0002"
YESTERDAY = TODAY - timedelta(days=1)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[str]:
    with empty_office(tmp_path) as url:
        yield url


def admin(organisation: str = FIRM) -> Actor:
    return as_actor(person(f"admin@{organisation.lower()}.example", (organisation, "organisation-admin")))


def registrar() -> Actor:
    return as_actor(person("registrar@authority.example", ("", "registrar")))


def in_role(role: str, organisation: str) -> Actor:
    return Actor(user=None, name="x", pseudonym="x", standings=(RoleGrant(organisation=organisation, role=role),))


#: Every verb about people of FIRM, asked with what would be right if the one who asks were.
VERBS: dict[str, Callable[[Actor, Membership], object]] = {
    "grant": lambda who, one: people.grant(
        who, user=one.user, organisation=FIRM, role="certifier", valid_from=TODAY, now=NOW
    ),
    "end": lambda who, one: people.end_membership(who, one.pk, last_day=TODAY),
    "change": lambda who, one: people.change_role(who, one.pk, "certifier", today=TODAY, now=NOW),
    "invite": lambda who, one: invite(
        who, email="new@firm.example", name="New", organisation=FIRM, role="filer", today=TODAY, now=NOW
    ),
    "invitations": lambda who, one: open_invitations(who, FIRM, now=NOW),
    "withdraw": lambda who, one: withdraw(who, 1, now=NOW),
    "delegate": lambda who, one: delegate(
        who, organisation=FIRM, agent=OTHER, may_certify=False, valid_from=TODAY, valid_to=None, registered=[OTHER],
        now=NOW,
    ),
    "end delegation": lambda who, one: end_delegation(who, 1, last_day=TODAY),
}  # fmt: skip
#: Who may: an administrator of the firm and a registrar; nobody else.
REFUSED = [NOBODY, *(in_role(role, place) for role in ROLES for place in (FIRM, OTHER, ""))]
ALLOWED = {("organisation-admin", FIRM), ("registrar", "")}


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_about_the_people_of_a_firm_is_refused_to_all_but_its_administrators_and_registrars(
    room: str, verb: str
) -> None:
    own = admin()
    subject = person("filer@firm.example", (FIRM, "filer")).memberships.get()
    invite(own, email="open@firm.example", name="Open", organisation=FIRM, role="filer", today=TODAY, now=NOW)
    delegate(
        own, organisation=FIRM, agent="MAG-0003", may_certify=False, valid_from=TODAY, valid_to=None,
        registered=["MAG-0003"], now=NOW,
    )  # fmt: skip
    for who in REFUSED:
        if who.standings and (who.standings[0].role, who.standings[0].organisation) in ALLOWED:
            continue
        with pytest.raises(NotAllowedError):
            VERBS[verb](who, subject)
    VERBS[verb](own, subject)


@pytest.mark.parametrize("verb", VERBS)
def test_a_registrar_does_the_same_for_any_firm(room: str, verb: str) -> None:
    own = admin()
    subject = person("filer@firm.example", (FIRM, "filer")).memberships.get()
    invite(own, email="open@firm.example", name="Open", organisation=FIRM, role="filer", today=TODAY, now=NOW)
    delegate(
        own, organisation=FIRM, agent="MAG-0003", may_certify=False, valid_from=TODAY, valid_to=None,
        registered=["MAG-0003"], now=NOW,
    )  # fmt: skip
    VERBS[verb](registrar(), subject)


def test_members_are_seen_by_their_own_and_by_registrars_alone(room: str) -> None:
    with_app(person("filer@firm.example", (FIRM, "filer"), name="B"))
    admin()
    seen = people.members(in_role("filer", FIRM), FIRM, on=TODAY)
    assert [(one.user.email, one.has_second_factor) for one in seen] == [
        ("filer@firm.example", True), ("admin@mag-0001.example", False),
    ]  # fmt: skip
    assert people.members(registrar(), FIRM, on=TODAY) == seen
    for who in (NOBODY, in_role("organisation-admin", OTHER), in_role("analyst", ""), in_role("system-admin", "")):
        with pytest.raises(NotAllowedError):
            people.members(who, FIRM, on=TODAY)
    with pytest.raises(NotAllowedError):
        people.members(in_role("organisation-admin", FIRM), "", on=TODAY)


def test_a_membership_counts_from_its_first_to_its_last_day(room: str) -> None:
    user = person("filer@firm.example", (FIRM, "filer"), until=TODAY)
    assert as_actor(user, TODAY).may("own.file", FIRM)
    assert not as_actor(user, TODAY + timedelta(days=1)).may("own.file", FIRM)
    assert not as_actor(user, date(2024, 12, 31)).may("own.file", FIRM)


def test_the_last_administrator_stays(room: str) -> None:
    first = person("one@firm.example", (FIRM, "organisation-admin"))
    who = as_actor(first)
    with pytest.raises(PeopleError, match="Nobody would be left"):
        people.end_membership(who, first.memberships.get().pk, last_day=TODAY)
    # One whose own membership ends some day does not keep the firm.
    person("two@firm.example", (FIRM, "organisation-admin"), until=TODAY + timedelta(days=30))
    with pytest.raises(PeopleError, match="Nobody would be left"):
        people.change_role(who, first.memberships.get().pk, "filer", today=TODAY, now=NOW)
    assert [one.role for one in first.memberships.all()] == ["organisation-admin"], "the change was undone whole"
    person("three@firm.example", (FIRM, "organisation-admin"))
    people.end_membership(who, first.memberships.get().pk, last_day=TODAY)
    assert first.memberships.get().valid_to == TODAY


def test_a_closed_account_keeps_no_firm(room: str) -> None:
    first = person("one@firm.example", (FIRM, "organisation-admin"))
    second = person("two@firm.example", (FIRM, "organisation-admin"))
    second.is_active = False
    second.save()
    with pytest.raises(PeopleError, match="Nobody would be left"):
        people.end_membership(as_actor(first), first.memberships.get().pk, last_day=TODAY)


def test_another_role_is_an_end_and_a_beginning(room: str) -> None:
    user = person("filer@firm.example", (FIRM, "filer"))
    people.change_role(admin(), user.memberships.get().pk, "certifier", today=TODAY, now=NOW)
    found = [(one.role, one.valid_from, one.valid_to) for one in user.memberships.order_by("pk")]
    assert found == [("filer", date(2025, 1, 1), YESTERDAY), ("certifier", TODAY, None)]
    assert as_actor(user).roles(FIRM) == ("certifier",)


def test_a_role_is_not_given_twice(room: str) -> None:
    user = person("filer@firm.example", (FIRM, "filer"))
    with pytest.raises(PeopleError, match="already"):
        people.grant(admin(), user=user, organisation=FIRM, role="filer", valid_from=TODAY, now=NOW)


@pytest.mark.parametrize(
    ("role", "region", "until", "field"),
    [
        ("registrar", "", None, "role"),  # no administrator makes officials
        ("", "", None, "role"),
        ("filer", "Jiangxi", None, "region"),
        ("filer", "", YESTERDAY, "valid_to"),
    ],
)
def test_a_role_that_cannot_be_meant_is_named_with_its_field(
    room: str, role: str, region: str, until: date | None, field: str
) -> None:
    user = person("x@firm.example")
    with pytest.raises(InputError) as refused:
        people.grant(
            admin(), user=user, organisation=FIRM, role=role, region=region, valid_from=TODAY, valid_to=until,
            now=NOW,
        )  # fmt: skip
    assert [one.field for one in refused.value.problems] == [field]


def test_no_official_gives_himself_a_role(room: str) -> None:
    user = person("registrar@authority.example", ("", "registrar"))
    who = as_actor(user)
    with pytest.raises(PeopleError, match="himself"):
        proposals.propose_role(who, user, role="auditor", today=TODAY, now=NOW)
    with pytest.raises(PeopleError, match="himself"):
        proposals.propose_invitation(who, email=user.email, name="Me", role="auditor", today=TODAY, now=NOW)
    with pytest.raises(PeopleError, match="another registrar"):
        proposals.propose_let_back_in(who, user, "", now=NOW)


def test_whoever_is_let_back_in_has_neither_password_nor_factor(room: str) -> None:
    user = person("filer@firm.example", (FIRM, "filer"))
    with_app(user)
    with pytest.raises(NotAllowedError):
        people.let_back_in(admin(), user)
    people.let_back_in(registrar(), user)
    user.refresh_from_db()
    assert not user.has_usable_password()
    assert not Authenticator.objects.filter(user=user).exists()


def test_the_rule_of_the_second_person_is_the_firms_own(room: str) -> None:
    with pytest.raises(NotAllowedError):
        people.require_second_person(registrar(), FIRM, True)
    people.require_second_person(admin(), FIRM, True)
    assert people.second_person(FIRM)
    assert not people.second_person(OTHER)


def test_a_delegate_files_and_does_not_choose_the_people(room: str) -> None:
    delegate(
        admin(), organisation=FIRM, agent=OTHER, may_certify=False, valid_from=TODAY, valid_to=TODAY,
        registered=[OTHER], now=NOW,
    )  # fmt: skip
    filer = person("filer@agent.example", (OTHER, "filer"))
    certifier = person("certifier@agent.example", (OTHER, "certifier"))
    head = person("head@agent.example", (OTHER, "organisation-admin"))
    assert as_actor(filer).may("own.file", FIRM)
    assert not as_actor(certifier).may("own.certify", FIRM)
    assert not as_actor(head).may("own.people", FIRM)
    assert not as_actor(filer, TODAY + timedelta(days=1)).may("own.file", FIRM)
    assert [one.organisation for one in delegations(as_actor(head), OTHER, on=TODAY).received] == [FIRM]


def test_either_side_ends_a_delegation(room: str) -> None:
    own, agent = admin(), admin(OTHER)
    for who in (own, agent):
        made = delegate(
            own, organisation=FIRM, agent=OTHER, may_certify=True, valid_from=TODAY, valid_to=None, registered=[OTHER],
            now=NOW,
        )  # fmt: skip
        with pytest.raises(NotAllowedError):
            end_delegation(in_role("organisation-admin", "MAG-0009"), made.pk, last_day=YESTERDAY)
        end_delegation(who, made.pk, last_day=YESTERDAY)
        with pytest.raises(PeopleError, match="ended already"):
            end_delegation(who, made.pk, last_day=YESTERDAY)


@pytest.mark.parametrize("agent", [FIRM, "NOBODY-1"])
def test_a_delegate_is_another_organisation_of_the_register(room: str, agent: str) -> None:
    with pytest.raises(InputError) as refused:
        delegate(
            admin(), organisation=FIRM, agent=agent, may_certify=False, valid_from=TODAY, valid_to=None,
            registered=[FIRM, OTHER], now=NOW,
        )  # fmt: skip
    assert [one.field for one in refused.value.problems] == ["agent"]


@pytest.mark.medium
def test_what_is_done_to_memberships_is_recorded_and_kept_on_both_databases(url: str) -> None:
    with office(url):
        user = person("filer@firm.example", (FIRM, "filer"))
        own = admin()
        people.change_role(own, user.memberships.get().pk, "certifier", today=TODAY, now=NOW)
        made = delegate(
            own, organisation=FIRM, agent=OTHER, may_certify=False, valid_from=TODAY, valid_to=None, registered=[OTHER],
            now=NOW,
        )  # fmt: skip
        end_delegation(own, made.pk, last_day=TODAY)
        records = AuditRecord.objects.filter(organisation=FIRM).order_by("pk")
        assert [(one.what, one.who) for one in records] == [
            ("membership.grant", own.pseudonym), ("membership.end", own.pseudonym),
            ("delegation.grant", own.pseudonym), ("delegation.end", own.pseudonym),
        ]  # fmt: skip
        with pytest.raises(PeopleError):
            people.end_membership(own, Membership.objects.get(role="organisation-admin").pk, last_day=TODAY)
