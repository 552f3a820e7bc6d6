"""Roles, delegations and tokens are given and ended in the log, without names, and cannot be altered unseen."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connections
from django.test import override_settings
from tests.accounts import PASSWORD
from tests.office.conftest import NOW, official
from tests.office.harm import alter, faults_of
from tests.stores import put_away

from lodeline.journal.entry import Envelope
from lodeline.journal.verify import Fault, verify_receipt
from lodeline.office.access import clock, rights
from lodeline.office.access.actor import AUTHORITY, Actor, actor_of
from lodeline.office.accounts import delegation, erasure, on_server, people, proposals, tokens
from lodeline.office.accounts.invitations import accept_new, invite
from lodeline.office.models import Delegation, Membership, Token, User
from lodeline.office.opening import prepare
from lodeline.regulation.parameter import load
from lodeline.service.entries.office_log import Paper, facts_of, put
from lodeline.service.entries.receipts import receipt
from lodeline.service.log.audit import verify
from lodeline.store.opening import open_store
from lodeline.store.store import Store

pytestmark = pytest.mark.medium
TODAY = date(2026, 2, 5)
FIRM, AGENT = "MAG-1", "SEP-1"
REGISTRAR = official("registrar")


@pytest.fixture(autouse=True)
def at_now(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The office's clock stands."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    yield


def account(name: str) -> User:
    return User.objects.create_user(f"{name}@firm.example", name=name.capitalize(), joined_at=NOW)


def role(user: User, name: str, organisation: str = FIRM) -> Membership:
    return people.grant(REGISTRAR, user=user, organisation=organisation, role=name, valid_from=TODAY, now=NOW)


def acts(store: Store) -> list[str]:
    """What was done, as the log says it."""
    return [facts_of(entry)["what"] for entry in store.entries_of("office")]


@pytest.fixture
def admin(store: Store) -> Actor:
    """An administrator of the firm who certifies, a filer, an agent that files and a program."""
    user = account("wang")
    role(user, "organisation-admin")
    role(user, "certifier")
    role(account("li"), "filer")
    actor = actor_of(user, on=TODAY)
    delegation.delegate(
        actor, organisation=FIRM, agent=AGENT, may_certify=False, valid_from=TODAY, valid_to=None,
        registered=[FIRM, AGENT], now=NOW,
    )  # fmt: skip
    tokens.issue(actor, FIRM, name="ERP", scopes=["filings:read", "filings:certify"], days=30, now=NOW)
    return actor


def test_what_is_given_and_ended_is_entered_and_holds(store: Store, admin: Actor) -> None:
    given = ["membership.grant"] * 3 + ["delegation.grant", "token.issue"]
    assert acts(store) == given
    member = Membership.objects.get(role="filer")
    people.change_role(admin, member.pk, "certifier", today=TODAY + timedelta(days=3), now=NOW)
    delegation.end_delegation(admin, Delegation.objects.get().pk, last_day=TODAY)
    tokens.revoke(admin, FIRM, Token.objects.get().pk, now=NOW)
    assert acts(store) == [*given, "membership.grant", "membership.end", "delegation.end", "token.revoke"]
    assert faults_of(store) == []


def test_the_log_names_nobody_and_says_not_whose_it_is(store: Store, admin: Actor) -> None:
    for entry in store.entries_of("office"):
        for said in (FIRM, AGENT, "wang", "Wang", "filer", "certif", "ERP", "filings"):
            assert said not in entry.envelope
        assert entry.organisation is None


def test_whoever_has_the_content_opens_the_entry(store: Store, admin: Actor) -> None:
    token = Token.objects.get()
    ((_, content),) = rights.rows_of(store, "token", token.pk)
    index = store.head().size - 1
    document = receipt(store, index, content=content)
    assert document is not None
    assert verify_receipt(document, upload=content) == []
    assert [one.what for one in verify_receipt(document, upload=content.replace(b"read", b"REad"))] == [
        "upload.changed"
    ]


CHANGES = [
    ("membership", "UPDATE office_membership SET role = 'certifier' WHERE role = 'filer'"),
    ("membership", "UPDATE office_membership SET organisation = 'SEP-1' WHERE role = 'filer'"),
    ("membership", "UPDATE office_membership SET region = 'CN-36' WHERE role = 'filer'"),
    ("membership", "UPDATE office_membership SET valid_from = '2020-01-01' WHERE role = 'filer'"),
    ("membership", "UPDATE office_membership SET valid_to = '2030-01-01' WHERE role = 'filer'"),
    ("membership", "UPDATE office_membership SET user_id = (SELECT MIN(id) FROM office_user) WHERE role = 'filer'"),
    ("delegation", "UPDATE office_delegation SET may_certify = TRUE"),
    ("delegation", "UPDATE office_delegation SET agent = 'ALL-1'"),
    ("delegation", "UPDATE office_delegation SET valid_to = '2030-01-01'"),
    ("token", "UPDATE office_token SET scopes = 'filings:certify filings:read filings:write'"),
    ("token", "UPDATE office_token SET digest = 'ab'"),
    ("token", "UPDATE office_token SET organisation = ''"),
    ("token", "UPDATE office_token SET expires_at = '2030-01-01 00:00:00+00:00'"),
]


@pytest.mark.parametrize(("right", "statement"), CHANGES)
def test_a_row_that_was_altered_is_named(store: Store, admin: Actor, right: str, statement: str) -> None:
    alter(store, statement)
    (found,) = faults_of(store)
    assert (found.what, found.facts["right"]) == ("right.changed", right)
    model: Any = {"membership": Membership, "delegation": Delegation, "token": Token}[right]
    assert found.facts["row"] == model.objects.latest("pk").pk
    stated = store.entry(found.entry or 0)
    assert stated is not None and facts_of(stated)["row"] == found.facts["row"]


def test_what_was_ended_does_not_stand_again(store: Store, admin: Actor) -> None:
    tokens.revoke(admin, FIRM, Token.objects.get().pk, now=NOW)
    people.end_membership(admin, Membership.objects.get(role="filer").pk, last_day=TODAY)
    assert faults_of(store) == []
    alter(store, "UPDATE office_token SET revoked_at = NULL")
    alter(store, "UPDATE office_membership SET valid_to = NULL")
    assert [(one.what, one.facts["right"]) for one in faults_of(store)] == [
        ("right.changed", "membership"), ("right.changed", "token"),
    ]  # fmt: skip


def test_a_role_that_was_added_or_taken_away_in_the_database_is_named(store: Store, admin: Actor) -> None:
    member = Membership.objects.get(role="filer")
    made = Membership.objects.create(
        user=member.user, organisation=AUTHORITY, role="registrar", valid_from=TODAY, granted_at=NOW
    )
    added = Fault(entry=None, what="right.without-entry", facts={"right": "membership", "row": made.pk})
    assert faults_of(store) == [added]
    Membership.objects.filter(pk__in=[made.pk, member.pk]).delete()
    assert [(one.what, one.facts["row"]) for one in faults_of(store)] == [("right.missing", member.pk)]


def test_use_of_a_token_changes_nothing_that_is_committed_to(store: Store, admin: Actor) -> None:
    token = Token.objects.get()
    tokens.count(token.pk, now=NOW)
    assert faults_of(store) == []


def test_invitation_first_run_and_erasure_go_the_same_way(store: Store, url: str) -> None:
    first, other = (
        accept_new(
            on_server.registrar(f"{name}@authority.example", name, today=TODAY, now=NOW).token, name=name,
            password=PASSWORD, language="zh", today=TODAY, now=NOW,
        )
        for name in ("sun", "luo")
    )  # fmt: skip
    registrar = actor_of(first, on=TODAY)
    role(account("li"), "certifier")
    made = invite(
        registrar, email="qiaolan@firm.example", name="Zhao Qiaolan", organisation=FIRM, role="certifier", today=TODAY,
        now=NOW,
    )  # fmt: skip
    person = accept_new(made.token, name="Zhao Qiaolan", password=PASSWORD, language="zh", today=TODAY, now=NOW)
    tokens.issue(actor_of(person, on=TODAY), FIRM, name="ERP", scopes=["filings:certify"], days=9, now=NOW)
    second = account("two")
    proposed = proposals.propose_role(registrar, second, role="registrar", today=TODAY, now=NOW)
    proposals.confirm(actor_of(other, on=TODAY), proposed.pk, today=TODAY, now=NOW)
    asked = erasure.enter(registrar, person.pseudonym, ground="not-needed", reason="Left.", now=NOW)
    law = load("cn")
    erasure.carry_out(actor_of(second, on=TODAY), asked.pk, reason="Done.", before_term=True, law=law, now=NOW)
    assert acts(store) == [
        "membership.grant", "membership.grant", "membership.grant", "membership.grant", "token.issue",
        "membership.grant", "membership.end", "token.revoke",
    ]  # fmt: skip
    assert faults_of(store) == []
    for entry in store.entries_of("office"):
        assert "Qiaolan" not in entry.envelope
    ((_, content),) = rights.rows_of(store, "membership", Membership.objects.get(user=person).pk)
    assert person.pseudonym.encode() in content and b"Qiaolan" not in content


def test_an_act_that_fails_at_its_entry_is_not_done(
    store: Store, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that dies between act and entry leaves neither."""
    size = store.head().size

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the machine stops here")

    monkeypatch.setattr(rights, "put", fail)
    with pytest.raises(RuntimeError):
        people.end_membership(admin, Membership.objects.get(role="filer").pk, last_day=TODAY)
    with pytest.raises(RuntimeError):
        tokens.revoke(admin, FIRM, Token.objects.get().pk, now=NOW)
    assert store.head().size == size
    assert Membership.objects.get(role="filer").valid_to is None
    assert Token.objects.get().revoked_at is None
    assert faults_of(store) == []


def older(store: Store) -> None:
    """Rows as a version before entries of them has left them."""
    user = account("chen")
    for name in ("filer", "certifier"):
        Membership.objects.create(user=user, organisation=FIRM, role=name, valid_from=TODAY, granted_at=NOW)
    Token.objects.create(
        organisation=FIRM, name="ERP", beginning="lodeline_x", digest="ab", scopes="filings:read", created_by=user,
        created_at=NOW, expires_at=NOW + timedelta(days=9),
    )  # fmt: skip


def test_rows_of_an_older_store_begin_with_one_entry(store: Store, url: str) -> None:
    older(store)
    assert faults_of(store) == [], "nothing is said of what the log knows nothing of"
    size = store.head().size
    prepare(url)
    prepare(url)
    assert (acts(store), store.head().size) == (["standing"], size + 1), "once"
    assert faults_of(store) == []
    assert not rights.is_older(store)
    member = Membership.objects.get(role="filer")
    people.end_membership(REGISTRAR, member.pk, last_day=TODAY)
    assert faults_of(store) == []
    alter(store, "UPDATE office_membership SET valid_to = NULL WHERE role = 'filer'")
    alter(store, "UPDATE office_membership SET role = 'organisation-admin' WHERE role = 'certifier'")
    alter(store, "DELETE FROM office_token")
    assert [(one.what, one.entry) for one in faults_of(store)] == [
        ("right.changed", size + 1), ("right.changed", size), ("right.missing", size),
    ]  # fmt: skip


def test_what_stands_is_not_entered_again(store: Store, admin: Actor) -> None:
    """Whoever adds a row and has it entered as what stands is told of: there is one beginning."""
    assert not rights.begin(store, now=NOW)
    put(store, {"what": "standing"}, filed_at=NOW, paper=Paper(content=b"{}", name="standing.json"))
    assert [one.what for one in faults_of(store)] == ["right.restated"]


def test_a_standing_that_was_altered_is_named(store: Store) -> None:
    older(store)
    rights.begin(store, now=NOW)
    with store.database.transaction():
        trigger = "upload_no_update" if store.database.is_sqlite else "upload_no_change"
        store.database.execute(f'DROP TRIGGER "{trigger}"' + ("" if store.database.is_sqlite else " ON upload"))
        store.database.execute("UPDATE upload SET sha256 = 'ab' WHERE name = 'standing.json'")
    assert "upload.changed" in {one.what for one in faults_of(store)}


def test_roles_that_change_at_once_wait_for_each_other(store: Store, admin: Actor, url: str) -> None:
    """The log is locked last: whoever changes a role and whoever ends one cannot hold each other up."""
    members = [role(account(f"p{number}"), "filer") for number in range(4)]
    failed: list[BaseException] = []

    def work(number: int) -> None:
        try:
            with override_settings(LODELINE_DATABASE=url):
                if number % 2:
                    people.change_role(
                        REGISTRAR, members[number].pk, "organisation-admin", today=TODAY + timedelta(days=2), now=NOW
                    )
                else:
                    people.end_membership(REGISTRAR, members[number].pk, last_day=TODAY + timedelta(days=1))
        except BaseException as error:
            failed.append(error)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert failed == []
    assert faults_of(store) == []


def test_the_samples_of_a_demo_are_given_in_the_log(store: Store, url: str) -> None:
    with override_settings(LODELINE_DEMO=True):
        prepare(url)
    given = Membership.objects.count()
    assert given > 5
    assert acts(store) == ["membership.grant"] * given
    assert faults_of(store) == []
    put_away(open_store(url))


def test_entries_of_the_office_keep_time_and_kind(store: Store, admin: Actor) -> None:
    entry = store.entry(store.head().size - 1)
    assert entry is not None
    envelope = Envelope.from_bytes(entry.envelope.encode())
    assert datetime.fromisoformat(envelope.filed_at) == NOW
    assert dict(envelope.facts) == {"what": "token.issue", "row": Token.objects.get().pk, "by": admin.pseudonym}
    assert verify(store).faults == ()
