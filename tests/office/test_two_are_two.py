"""Nobody is two: each act that takes two is tried as somebody would who wants to do it alone.

An insider who has every role proposes, and confirms by the same account, by a program with every scope, and by an
account that he let in alone, as one of an older program may be. docs/reference/roles.md lists the acts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import pytest
from django.test import override_settings
from tests.accounts import person as account
from tests.conftest import REPOSITORY
from tests.desk import LAW
from tests.findings import finding_in
from tests.office.test_act_and_record import judged, law_offered
from tests.office.test_cases import found
from tests.office.test_standing_answers import NOW as IN_NOVEMBER
from tests.office.test_standing_answers import WANTED
from tests.office.trade import NOW, made_trade
from tests.stores import copied

from lodeline.errors import UserError
from lodeline.office.access import papers
from lodeline.office.access.actor import AUTHORITY_ROLES, Actor, actor_of
from lodeline.office.access.acts import ACTS
from lodeline.office.access.two import GOOD_FOR, ProposalError, TwoError
from lodeline.office.accounts import erasure, proposals, tokens
from lodeline.office.accounts.invitations import InvitationError, accept_new, invite, look
from lodeline.office.accounts.people import PeopleError, end_membership, grant, let_back_in
from lodeline.office.customs import desk, standing_answers
from lodeline.office.findings import cases
from lodeline.office.findings.cases import FindingAsSeen
from lodeline.office.law import packs as law_packs
from lodeline.office.licences import acts as licence_acts
from lodeline.office.licences import application_review
from lodeline.office.log import acts_proof
from lodeline.office.models import (
    Application,
    ApplicationStep,
    AuditRecord,
    Invitation,
    Membership,
    Notice,
    StrategyRun,
    User,
)
from lodeline.office.parties import parties
from lodeline.office.strategy import releases
from lodeline.service.customs import papers as desk_papers
from lodeline.service.log.audit import verify
from lodeline.service.parties.parties import Proposal as Merger
from lodeline.store.opening import open_store
from lodeline.store.store import Store

pytestmark = pytest.mark.medium
TODAY: Final = NOW.date()
KEEPERS: Final = ("registrar", "licensing-officer")
Confirm = Callable[[Actor], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfTwo:
    """An act of two. `propose`: does the first half, and gives the second. `proposed`, `confirmed`: their records."""

    propose: Callable[[Store, Actor], Confirm]
    proposed: str
    confirmed: str


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    made = open_store(copied(made_trade, url))
    with override_settings(LODELINE_DATABASE=url):
        # Its number was given by hand, and the database would give it again.
        User.objects.filter(pk=1).delete()
        yield made
    made.database.close()


def insider(name: str = "insider", *, by: User | None = None) -> User:
    """Somebody with every role of the authority; `by`: let in by that account alone."""
    user = account(f"{name}@authority.example", *(("", role) for role in AUTHORITY_ROLES))
    Membership.objects.filter(user=user).update(granted_by=by)
    return user


def acting(user: User) -> Actor:
    return actor_of(user, on=TODAY)


def role(store: Store, who: Actor) -> Confirm:
    made = proposals.propose_role(who, account("new@a.example"), role="auditor", today=TODAY, now=NOW)
    return lambda other: proposals.confirm(other, made.pk, today=TODAY, now=NOW)


def change(store: Store, who: Actor) -> Confirm:
    old = account("old@a.example", ("", "auditor")).memberships.get()
    made = proposals.propose_change(who, old.pk, "analyst", today=TODAY, now=NOW)
    return lambda other: proposals.confirm(other, made.pk, today=TODAY, now=NOW)


def invitation(store: Store, who: Actor) -> Confirm:
    made = proposals.propose_invitation(who, email="n@a.example", name="N", role="registrar", today=TODAY, now=NOW)
    return lambda other: proposals.confirm(other, made.pk, today=TODAY, now=NOW)


def official_let_back_in(store: Store, who: Actor) -> Confirm:
    made = proposals.propose_let_back_in(who, account("lost@a.example", ("", "licensing-officer")), "", now=NOW)
    return lambda other: proposals.confirm(other, made.pk, today=TODAY, now=NOW)


def certifier_let_back_in(store: Store, who: Actor) -> Confirm:
    made = proposals.propose_let_back_in(who, account("lost@sep.example", ("SEP", "certifier")), "SEP", now=NOW)
    return lambda other: proposals.confirm(other, made.pk, today=TODAY, now=NOW)


def release(store: Store, who: Actor) -> Confirm:
    run = StrategyRun.objects.create(
        reference="ab" * 32, scenario="dy", entry=1, root="00", state=StrategyRun.State.DONE, who="x", created_at=NOW
    )
    releases.propose(who, run.reference, now=NOW)
    return lambda other: releases.confirm(other, run.reference, now=NOW)


def law(store: Store, who: Actor) -> Confirm:
    number = law_offered(store, who.pseudonym)
    # What is recorded with it is shown in test_act_and_record.
    AuditRecord.objects.create(at=NOW, who=who.pseudonym, kind="act", what="law.proposed", subject=str(number))
    return lambda other: law_packs.publish(other, store, number, preview={}, now=NOW)


def licence(store: Store, who: Actor) -> Confirm:
    made = licence_acts.propose(who, store, "LIC-1", "suspended", on=TODAY, reason="no answer", law=LAW, now=NOW)
    assert made.proposal is not None
    number = made.proposal.id
    return lambda other: licence_acts.confirm(other, store, number, law=LAW, now=NOW)


def application(store: Store, who: Actor) -> Confirm:
    one = Application.objects.create(
        organisation="SEP", content="{}", state="proposed", steps_taken=1, opened_at=NOW, changed_at=NOW,
        proposal='{"grant": false, "text": "No.", "valid_from": null, "valid_to": null, "mass_kg": null}',
    )  # fmt: skip
    ApplicationStep.objects.create(
        application=one, number=1, kind="proposed", at=NOW, who=who.pseudonym, content="{}", entry=0
    )
    AuditRecord.objects.create(at=NOW, who=who.pseudonym, kind="act", what="application.proposed")
    return lambda other: application_review.decide(other, store, one, LAW, seen=1, now=NOW)


def verdict(store: Store, who: Actor) -> Confirm:
    asked, answered = judged(store)
    entry = desk_papers.put_question(store, asked, answered, by="port", channel="desk", filed_at=NOW).index
    line = answered["lines"][0]["id"]
    put = desk.override(who, store, entry, verdict_id=line, verdict="release", reason="seen", now=NOW)
    return lambda other: desk.confirm(other, store, entry, override_entry=put.index, now=NOW)


def standing(store: Store, who: Actor) -> Confirm:
    made = standing_answers.propose(who, store, WANTED, law=LAW, now=IN_NOVEMBER)
    return lambda other: standing_answers.confirm(other, store, made.entry.index, law=LAW, now=IN_NOVEMBER)


def merger(store: Store, who: Actor) -> Confirm:
    _, made = parties.propose(who, store, Merger(kind="merge", party="ABROAD", into="MAG", reason="one"), now=NOW)
    return lambda other: parties.settle(other, store, made, accept=True, now=NOW)


def erased(store: Store, who: Actor) -> Confirm:
    made = erasure.enter(who, account("gone@sep.example").email, ground="order", reason="A court.", now=NOW)
    options: dict[str, Any] = {"reason": "So be it.", "before_term": True, "law": LAW, "now": NOW}
    return lambda other: erasure.carry_out(other, made.pk, **options)


def finding(store: Store, who: Actor) -> Confirm:
    row = found()
    first = FindingAsSeen(finding=finding_in(row), stamp={"entry": 0, "root": "00" * 32}, today=TODAY, steps=0)
    until = TODAY + timedelta(days=30)
    cases.ask(who, store, first, text="Why?", until=until, now=NOW)
    later = FindingAsSeen(finding=finding_in(row), stamp=first.stamp, today=until + timedelta(days=1), steps=1)
    return lambda other: cases.confirm(other, store, later, text="So it is.", now=NOW)


ACCOUNTS: Final = {"proposed": "proposal.make", "confirmed": "proposal.confirm"}
#: As docs/reference/roles.md calls them.
OF_TWO: Final[Mapping[str, OfTwo]] = {
    "a role of the authority": OfTwo(propose=role, **ACCOUNTS),
    "another role in the authority": OfTwo(propose=change, **ACCOUNTS),
    "inviting an official": OfTwo(propose=invitation, **ACCOUNTS),
    "letting an official back in": OfTwo(propose=official_let_back_in, **ACCOUNTS),
    "letting a certifier or administrator back in": OfTwo(propose=certifier_let_back_in, **ACCOUNTS),
    "publishing a run to agencies": OfTwo(propose=release, proposed="proposal.make", confirmed="strategy.publish"),
    "a law pack": OfTwo(propose=law, proposed="law.proposed", confirmed="law.published"),
    "suspending, resuming, revoking or handing over a licence": OfTwo(
        propose=licence, proposed="licence.proposed", confirmed="licence.confirmed"
    ),
    "granting or refusing an application": OfTwo(
        propose=application, proposed="application.proposed", confirmed="application.refused"
    ),
    "letting go what the desk holds": OfTwo(propose=verdict, proposed="desk.overridden", confirmed="desk.confirmed"),
    "a standing answer": OfTwo(propose=standing, proposed="standing.proposed", confirmed="standing.confirmed"),
    "merging or splitting parties": OfTwo(propose=merger, proposed="party.propose-merge", confirmed="party.accept"),
    "erasing personal data": OfTwo(propose=erased, proposed="erasure.ask", confirmed="erasure.done"),
    "confirming a finding": OfTwo(propose=finding, proposed="finding.asked", confirmed="finding.confirmed"),
}  # fmt: skip
#: Acts whose second half needs no more than a second person, as prepared here.
WHOLE: Final = [one for one in OF_TWO if one not in ("publishing a run to agencies", "a law pack")]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("act", OF_TWO)
def test_one_person_does_not_do_what_takes_two(store: Store, act: str) -> None:
    one = OF_TWO[act]
    first = insider()
    puppet = insider("puppet", by=first)
    confirm = one.propose(store, acting(first))
    assert AuditRecord.objects.filter(what=one.proposed, who=first.pseudonym).exists()
    scopes = [scope.name for scope in tokens.grantable(acting(first), "")]
    _, text = tokens.issue(acting(first), "", name="mine", scopes=scopes, days=30, now=NOW)
    size = store.head().size
    again = Actor(
        user=first.pk, name="another session", pseudonym=first.pseudonym,
        standings=tuple(one for one in acting(first).standings if one.role != "auditor"),
    )  # fmt: skip
    for who in (acting(first), again, tokens.program_of(text, now=NOW)):
        with pytest.raises(UserError):
            confirm(who)
    with pytest.raises(TwoError, match="alone"):
        confirm(acting(puppet))
    assert store.head().size == size
    assert not AuditRecord.objects.filter(what=one.confirmed).exists()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("act", OF_TWO)
def test_a_puppet_does_not_propose_for_who_let_it_in(store: Store, act: str) -> None:
    first = insider()
    confirm = OF_TWO[act].propose(store, acting(insider("puppet", by=first)))
    with pytest.raises(TwoError, match="alone"):
        confirm(acting(first))


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("act", WHOLE)
def test_two_people_do_it_and_both_stand_in_the_records(store: Store, act: str) -> None:
    one, first, second = OF_TWO[act], insider(), insider("second")
    insider("third")
    confirm = one.propose(store, acting(first))
    confirm(acting(second))
    for what, who in ((one.proposed, first), (one.confirmed, second)):
        assert AuditRecord.objects.filter(what=what, who=who.pseudonym).exists(), what


def test_the_page_lists_every_act_of_two_with_its_records() -> None:
    page = (REPOSITORY / "docs/reference/roles.md").read_text("utf-8")
    table = page.partition("## Acts of two")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \| `([a-z.-]+)` \| `([a-z.-]+)`", table, re.MULTILINE)
    assert {(name, proposed, confirmed) for name, proposed, confirmed in rows} == {
        (name, one.proposed, one.confirmed) for name, one in OF_TWO.items()
    }
    assert all(one.proposed in ACTS and one.confirmed in ACTS for one in OF_TWO.values())


# How one registrar was several people before: none of it is to be had any more.


def test_a_registrar_alone_makes_no_puppet_and_takes_over_nobody(store: Store) -> None:
    first = account("first@a.example", ("", "registrar"))
    who = acting(first)
    officer = account("he@a.example", ("", "licensing-officer"))
    for wanted in KEEPERS:
        with pytest.raises(PeopleError, match="Two registrars"):
            invite(who, email="own@a.example", name="X", organisation="", role=wanted, today=TODAY, now=NOW)
        with pytest.raises(PeopleError, match="Two registrars"):
            grant(who, user=account(f"{wanted}@x.example"), organisation="", role=wanted, valid_from=TODAY, now=NOW)
    made = proposals.propose_invitation(who, email="own@a.example", name="X", role="registrar", today=TODAY, now=NOW)
    waiting = Invitation.objects.get(pk=int(made.subject))
    for token in (waiting.digest, waiting.digest.rpartition(" ")[2]):
        with pytest.raises(InvitationError):
            look(token, now=NOW)
    proposals.propose_let_back_in(who, officer, "", now=NOW)
    officer.refresh_from_db()
    assert officer.has_usable_password()
    assert not User.objects.filter(email="own@a.example").exists()
    assert list(papers.judge(store)) == [] and verify(store).faults == ()
    # What is proposed opens to nobody, so that no act made it yet; a link that is put there by hand is named.
    assert list(acts_proof.judge(store)) == []
    Invitation.objects.filter(pk=waiting.pk).update(digest="a link of one's own", expires_at=NOW + GOOD_FOR)
    assert [fault.what for fault in acts_proof.judge(store)] == ["invitation.without-act"]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_nobody_confirms_what_concerns_himself(store: Store) -> None:
    first, second = (account(f"{name}@a.example", ("", "registrar")) for name in ("first", "second"))
    given = proposals.propose_role(acting(first), second, role="licensing-officer", today=TODAY, now=NOW)
    let_in = proposals.propose_let_back_in(acting(first), second, "", now=NOW)
    for one in (given, let_in):
        with pytest.raises(PeopleError, match="your own account"):
            proposals.confirm(acting(second), one.pk, today=TODAY, now=NOW)
        with pytest.raises(PeopleError, match="your own account"):
            proposals.end(acting(second), one.pk, now=NOW)
    other = account("other@x.example")
    invited = proposals.propose_invitation(
        acting(first), email="Second@a.example", name="S", role="auditor", today=TODAY, now=NOW
    )
    with pytest.raises(PeopleError):
        proposals.confirm(acting(second), invited.pk, today=TODAY, now=NOW)
    assert not Membership.objects.filter(role="licensing-officer").exists() and other.is_active


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_who_was_let_in_by_two_counts_as_another_person(store: Store) -> None:
    first, second = (account(f"{name}@a.example", ("", "registrar")) for name in ("first", "second"))
    made = proposals.propose_invitation(
        acting(first), email="third@a.example", name="T", role="registrar", today=TODAY, now=NOW
    )
    invited = proposals.confirm(acting(second), made.pk, today=TODAY, now=NOW).invited
    assert invited is not None
    third = accept_new(invited.token, name="T", password="a horse and a battery", language="en", today=TODAY, now=NOW)
    held = third.memberships.get()
    assert (held.granted_by, held.confirmed_by) == (first, second)
    given = proposals.propose_role(acting(first), account("n@x.example"), role="auditor", today=TODAY, now=NOW)
    proposals.confirm(acting(third), given.pk, today=TODAY, now=NOW)
    # The last two for the whole country stay; of three one may go.
    end_membership(acting(first), held.pk, last_day=TODAY)
    with pytest.raises(PeopleError, match="two registrars"):
        end_membership(acting(first), second.memberships.get().pk, last_day=TODAY)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_proposal_is_refused_withdrawn_or_lapses_and_is_decided_once(store: Store) -> None:
    first, second = (account(f"{name}@a.example", ("", "registrar")) for name in ("first", "second"))
    subject = account("n@x.example")

    def proposed() -> int:
        return proposals.propose_role(acting(first), subject, role="auditor", today=TODAY, now=NOW).pk

    refused = proposed()
    with pytest.raises(ProposalError, match="already"):
        proposed()
    assert proposals.end(acting(second), refused, now=NOW).state == "refused"
    withdrawn = proposed()
    assert proposals.end(acting(first), withdrawn, now=NOW).state == "withdrawn"
    lapsed = proposed()
    for number, at in ((refused, NOW), (withdrawn, NOW), (lapsed, NOW + GOOD_FOR)):
        with pytest.raises(ProposalError, match="propose it again"):
            proposals.confirm(acting(second), number, today=TODAY, now=at)
    proposals.confirm(acting(second), lapsed, today=TODAY, now=NOW + GOOD_FOR - timedelta(seconds=1))
    with pytest.raises(ProposalError):
        proposals.confirm(acting(second), lapsed, today=TODAY, now=NOW)
    assert subject.memberships.get().role == "auditor"
    acts = AuditRecord.objects.filter(what__startswith="proposal.").order_by("pk").values_list("what", flat=True)
    assert [one.partition(".")[2] for one in acts] == ["make", "refuse", "make", "withdraw", "make", "confirm"]
    told = set(Notice.objects.values_list("kind", "role", "user"))
    who = {("registrar", None), ("auditor", None), ("", subject.pk)}
    assert told == {(kind, *one) for kind in ("account-proposed", "account-confirmed") for one in who}
    assert list(papers.judge(store)) == [] and verify(store).faults == ()


def test_a_proposal_that_was_altered_in_the_database_is_named(store: Store) -> None:
    first = account("first@a.example", ("", "registrar"))
    made = proposals.propose_role(acting(first), account("n@x.example"), role="auditor", today=TODAY, now=NOW)
    made.content = made.content.replace("auditor", "registrar")
    made.save()
    assert [fault.what for fault in papers.judge(store)] == ["paper.changed"]


def test_a_registrar_lets_a_filer_back_in_alone_and_nobody_else(store: Store) -> None:
    first = account("first@a.example", ("", "registrar"))
    let_back_in(acting(first), account("f@sep.example", ("SEP", "filer")))
    for place in (("SEP", "certifier"), ("SEP", "organisation-admin"), ("", "analyst"), ("", "agency")):
        with pytest.raises(PeopleError, match="Two registrars"):
            let_back_in(acting(first), account(f"{place[1]}@x.example", place))
