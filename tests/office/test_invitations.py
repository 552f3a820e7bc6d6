"""Links that open accounts: for one person, once, for seven days; and the very first account."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.accounts import NOW, PASSWORD, TODAY, as_actor, empty_office, later, person

from lodeline.office.access.actor import Actor
from lodeline.office.access.two import require_two
from lodeline.office.accounts import on_server
from lodeline.office.accounts.first_run import is_first_run
from lodeline.office.accounts.invitations import (
    InvitationError,
    Invited,
    accept_as,
    accept_new,
    invite,
    look,
    open_invitations,
    withdraw,
)
from lodeline.office.accounts.people import InputError, PeopleError
from lodeline.office.models import AuditRecord, Invitation, Notice, User
from lodeline.web import settings

FIRM = "MAG-0001"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[str]:
    with empty_office(tmp_path) as url:
        yield url


def admin() -> Actor:
    found = User.objects.filter(email="admin@firm.example").first()
    return as_actor(found or person("admin@firm.example", (FIRM, "organisation-admin")))


def invited(email: str = "chen@firm.example", role: str = "filer") -> Invited:
    return invite(admin(), email=email, name="Chen Wei", organisation=FIRM, role=role, today=TODAY, now=NOW)


def accept(one: Invited, password: str = PASSWORD) -> User:
    return accept_new(one.token, name="Chen Wei", password=password, language="zh", today=TODAY, now=later(days=1))


def test_whoever_has_the_link_opens_the_account_with_the_role(room: str) -> None:
    user = accept(invited(" Chen@Firm.example"))
    assert (user.email, user.language, user.check_password(PASSWORD)) == ("chen@firm.example", "zh", True)
    assert user.password.startswith("argon2$argon2id$")
    # Tests spend less on it; the portal has the framework's own parameters.
    assert settings.PASSWORD_HASHERS == ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    actor = as_actor(user)
    assert actor.may("own.file", FIRM)
    assert not actor.may("own.people", FIRM)
    assert user.memberships.get().granted_by == User.objects.get(email="admin@firm.example")


def test_a_link_works_once(room: str) -> None:
    one = invited()
    accept(one)
    with pytest.raises(InvitationError, match="has been used"):
        accept(one)
    assert User.objects.filter(email="chen@firm.example").count() == 1


def test_a_link_works_for_seven_days(room: str) -> None:
    one = invited()
    assert look(one.token, now=later(days=6, hours=23)).pk == one.invitation.pk
    with pytest.raises(InvitationError, match="not any more"):
        look(one.token, now=later(days=7))


def test_a_link_that_was_withdrawn_or_made_anew_works_no_more(room: str) -> None:
    first = invited()
    second = invited()
    with pytest.raises(InvitationError):
        accept(first)
    withdraw(admin(), second.invitation.pk, now=NOW)
    with pytest.raises(InvitationError):
        accept(second)
    assert open_invitations(admin(), FIRM, now=NOW) == []
    with pytest.raises(PeopleError):
        withdraw(admin(), second.invitation.pk, now=NOW)


def test_the_link_cannot_be_made_from_what_is_kept(room: str) -> None:
    one = invited()
    kept = Invitation.objects.values_list(flat=False).get(pk=one.invitation.pk)
    assert one.token not in map(str, kept)
    with pytest.raises(InvitationError):
        look(one.invitation.digest, now=NOW)


def test_an_unknown_link_and_an_expired_one_are_told_in_the_same_words(room: str) -> None:
    one = invited()
    with pytest.raises(InvitationError) as unknown:
        look("no such token", now=NOW)
    with pytest.raises(InvitationError) as expired:
        look(one.token, now=later(days=30))
    assert str(unknown.value) == str(expired.value)


@pytest.mark.parametrize("password", ["short", "password1234", "chen@firm.example"])
def test_a_poor_password_is_refused_in_both_languages_and_the_link_stays(room: str, password: str) -> None:
    one = invited()
    with pytest.raises(InputError) as refused:
        accept(one, password)
    (problem,) = refused.value.problems
    assert problem.field == "password"
    assert problem.en != problem.zh
    accept(one)


def test_an_account_that_is_there_takes_the_role_after_signing_in(room: str) -> None:
    user = person("chen@firm.example", ("MAG-0002", "filer"))
    one = invited()
    with pytest.raises(InvitationError, match="sign in"):
        accept(one)
    stranger = as_actor(person("other@firm.example"))
    with pytest.raises(InvitationError, match="another address"):
        accept_as(stranger, one.token, today=TODAY, now=NOW)
    accept_as(as_actor(user), one.token, today=TODAY, now=NOW)
    assert as_actor(user).organisations == (FIRM, "MAG-0002")


def test_a_wrong_invitation_names_all_its_fields(room: str) -> None:
    with pytest.raises(InputError) as refused:
        invite(admin(), email="no address", name=" ", organisation=FIRM, role="registrar", today=TODAY, now=NOW)
    assert [one.field for one in refused.value.problems] == ["name", "email", "role"]


def test_the_first_two_registrars_are_made_on_the_server(room: str) -> None:
    assert is_first_run(room)
    for name in ("sun", "luo"):
        one = on_server.registrar(f"{name.upper()}@authority.example", name, today=TODAY, now=NOW)
        user = accept(one)
        assert as_actor(user).roles() == ("registrar",)
        require_two(as_actor(user), *User.objects.exclude(pk=user.pk).values_list("pseudonym", flat=True))
    assert not is_first_run(room)
    told = Notice.objects.filter(kind="account-on-server").values_list("role", flat=True)
    assert sorted(told) == ["auditor", "auditor", "registrar", "registrar"]


def test_the_server_prints_a_new_link_of_what_was_allowed_and_of_nothing_else(room: str) -> None:
    one = invited()
    with pytest.raises(PeopleError, match="Nobody has invited"):
        on_server.links("stranger@firm.example", now=NOW)
    (again,) = on_server.links("Chen@firm.example ", now=NOW).invited
    with pytest.raises(InvitationError):
        look(one.token, now=NOW)
    user = accept(again)
    with pytest.raises(PeopleError, match="Nobody has invited"):
        on_server.links(user.email, now=NOW)
    on_server.let_back_in(user.email, now=NOW)
    assert on_server.links(user.email, now=NOW).without_password == user
    assert Notice.objects.get(user=user).kind == "account-on-server"
    acts = AuditRecord.objects.filter(who="command line").order_by("pk").values_list("what", flat=True)
    assert list(acts) == ["invitation.link", "account.let-back-in", "account.link"]
