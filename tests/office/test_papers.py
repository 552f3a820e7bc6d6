"""Disputes, legal holds and requests to erase cannot be altered unseen, also after an erasure, on either database."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import pytest
from django.test import override_settings
from tests.desk import LAW
from tests.office.conftest import official
from tests.office.harm import alter, faults_of
from tests.office.trade import LATER, NOW, made_trade, person
from tests.stores import copied

from lodeline.journal.verify import Fault
from lodeline.office.access import papers
from lodeline.office.access.actor import Actor
from lodeline.office.accounts import erasure, holds
from lodeline.office.filing import disputes
from lodeline.office.log.anchoring import anchor
from lodeline.office.models import AuditRecord, Dispute, ErasureRequest, LegalHold, User
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.store.opening import open_store
from lodeline.store.store import Store

pytestmark = pytest.mark.medium


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    made = open_store(copied(made_trade, url))
    with override_settings(LODELINE_DATABASE=url):
        yield made
    made.database.close()


@pytest.fixture
def dispute(store: Store) -> Dispute:
    """MAG disputes what SEP has sent, and SEP has answered."""
    own = OrganisationView(store, LAW, "MAG")
    waiting = own.transfers(NOW, waiting=True).filter(pl.col("standing") == "to-accept")
    made = disputes.dispute(person("MAG"), own, waiting["shipment_line"][0], "Two drums are missing.", now=NOW)
    return disputes.answer(person("SEP"), "SEP", made.pk, "They left whole.", now=NOW)


def with_account(name: str, *roles: str) -> Actor:
    # The number 1 was given by hand: a database that counts does not know of it.
    number = 100 + User.objects.count()
    user = User.objects.create_user(f"{name}@authority.example", pk=number, name=name, joined_at=NOW)
    known = official(*roles)
    return Actor(user=user.pk, name=name, pseudonym=user.pseudonym, standings=known.standings)


def test_a_dispute_that_nobody_touched_holds_at_every_step(store: Store, dispute: Dispute) -> None:
    assert faults_of(store) == []
    disputes.withdraw(person("MAG"), "MAG", dispute.pk, now=LATER)
    anchor(store, now=LATER)
    assert faults_of(store) == []
    for record in AuditRecord.objects.filter(what__startswith="dispute."):
        assert "drums" not in record.facts


@pytest.mark.parametrize(
    "change",
    [
        "reason = 'One drum is missing.'", "answer = ''", "shipper = 'TRADE'", "lot = 'OTHER'",
        "withdrawn_at = '2025-03-01 00:00:00+00:00'", "raised_by_id = NULL",
    ],
)  # fmt: skip
def test_a_dispute_that_was_altered_is_named(store: Store, dispute: Dispute, change: str) -> None:
    anchor(store, now=NOW)
    alter(store, f"UPDATE office_dispute SET {change}")
    assert faults_of(store) == [Fault(entry=None, what="paper.changed", facts={"paper": "dispute", "row": dispute.pk})]


def test_a_dispute_that_was_taken_away_or_added_is_named(store: Store, dispute: Dispute) -> None:
    other = Dispute.objects.create(receiver="MAG", shipper="SEP", shipment_event="S9", reason="x", raised_at=NOW)
    Dispute.objects.filter(pk=dispute.pk).delete()
    assert [(one.what, one.facts["row"]) for one in faults_of(store)] == [
        ("paper.without-act", other.pk), ("paper.missing", dispute.pk),
    ]  # fmt: skip


def test_an_act_of_before_there_were_digests_says_nothing(store: Store, dispute: Dispute) -> None:
    alter(store, "UPDATE office_audit_record SET facts = '{}'")
    alter(store, "UPDATE office_dispute SET reason = 'Other words.'")
    assert list(papers.judge(store)) == []
    disputes.withdraw(person("MAG"), "MAG", dispute.pk, now=LATER)
    assert list(papers.judge(store)) == []
    alter(store, "UPDATE office_dispute SET reason = 'Two drums are missing.'")
    assert [one.what for one in papers.judge(store)] == ["paper.changed"]


def test_a_record_without_a_digest_after_those_with_one_is_no_older_act(store: Store, dispute: Dispute) -> None:
    alter(
        store,
        "INSERT INTO office_audit_record (at, who, kind, what, organisation, subject, reason, facts, request) VALUES"
        " ('2025-02-07 01:00:00+00:00', 'x', 'act', 'dispute.answer', 'SEP', %s, '', '{}', '')",
        (str(dispute.pk),),
    )
    alter(store, "UPDATE office_dispute SET answer = 'We are sorry.'")
    assert [one.what for one in faults_of(store)] == ["paper.changed"]


def test_holds_and_requests_hold_until_after_the_erasure_and_show_what_was_altered(store: Store) -> None:
    subject = User.objects.get(pk=1)
    inspector, registrar = with_account("wu", "inspector"), with_account("sun", "registrar")
    hold = holds.hold_person(inspector, subject, reason="Case 2025/3.", now=NOW)
    of_firm = holds.hold_organisation(inspector, "MAG", reason="Case 2025/4.", registered={"MAG"}, now=NOW)
    asked = erasure.enter(registrar, subject.pseudonym, ground="not-needed", reason="Left.", now=NOW)
    assert faults_of(store) == []
    holds.lift(inspector, hold.pk, reason="Closed.", now=NOW)
    second = with_account("two", "registrar")
    erasure.carry_out(second, asked.pk, reason="Done.", before_term=True, law=LAW, now=LATER)
    anchor(store, now=LATER)
    assert faults_of(store) == []
    LegalHold.objects.filter(pk=of_firm.pk).update(lifted_at=LATER)
    ErasureRequest.objects.update(before_term=True)
    LegalHold.objects.filter(pk=hold.pk).update(reason=b"another text")
    assert [(one.what, one.facts["paper"], one.facts["row"]) for one in faults_of(store)] == [
        ("paper.changed", "hold", hold.pk), ("paper.changed", "hold", of_firm.pk),
        ("paper.changed", "request", asked.pk),
    ]  # fmt: skip


def test_a_request_that_an_erasure_anew_has_decided_holds(store: Store) -> None:
    subject, registrar = User.objects.get(pk=1), with_account("sun", "registrar")
    erasure.enter(registrar, subject.pseudonym, ground="not-needed", reason="Left.", now=NOW)
    erasure.erase_again(with_account("two", "registrar"), [subject.pseudonym], now=LATER)
    assert ErasureRequest.objects.get().state == "done"
    assert faults_of(store) == []
