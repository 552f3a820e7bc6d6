"""Audit records cannot be altered, taken away or slipped in unseen, on either database; nobody waits for that."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from django.apps import apps
from django.db import connections
from tests.contracts.harm import unguarded
from tests.office.conftest import NOW, official
from tests.office.harm import alter, faults_of, verdict_of
from tests.stores import bare_store

from lodeline.journal.verify import Fault
from lodeline.office.access import clock
from lodeline.office.access.audit import record_access, record_act
from lodeline.office.access.guarded import OFFICE_TABLES
from lodeline.office.jobs import work
from lodeline.office.log import anchoring
from lodeline.office.log.anchoring import LATE, anchor, anchor_of, newest_anchor
from lodeline.office.log.proof import judge
from lodeline.service.log.audit import verify
from lodeline.store.guards import FACT_TABLES, guards_of
from lodeline.store.opening import open_store
from lodeline.store.store import Store

pytestmark = pytest.mark.medium
ANALYST = official("analyst")
_INSERT = (
    "INSERT INTO office_audit_record (id, at, who, kind, what, organisation, subject, reason, facts, request)"
    " VALUES (%s, %s, 'official', 'act', 'hold.lift', '', '', '', '{}', '')"
)


@pytest.fixture(autouse=True)
def at_now(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The office's clock stands."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    yield


def looked(times: int = 1) -> None:
    for _ in range(times):
        record_access(ANALYST, "organisation", organisations=["MAG-1"], reason="routine")


def test_records_are_anchored_once_and_hold(store: Store) -> None:
    looked(3)
    assert verdict_of(store).counts == {"audit_records": 3, "not_anchored": 3}
    assert anchor(store, now=NOW) == 3
    size = store.head().size
    assert anchor(store, now=NOW) == 0
    assert store.head().size == size, "where nothing is new nothing is entered"
    looked()
    assert verdict_of(store).counts == {"audit_records": 4, "not_anchored": 1}
    assert anchor(store, now=NOW) == 1
    found = verdict_of(store)
    assert (found.faults, found.counts) == ((), {"audit_records": 4, "not_anchored": 0})


def test_a_worker_anchors_by_itself(store: Store) -> None:
    looked(2)
    work.recur()
    while work.work_once("worker"):
        pass
    assert verdict_of(store).counts == {"audit_records": 2, "not_anchored": 0}


def test_a_store_without_an_office_is_verified(url: str) -> None:
    found = verify(bare_store(url), judge=judge)
    assert (found.faults, found.counts) == ((), {"audit_records": 0, "not_anchored": 0})


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE office_audit_record SET who = 'nobody' WHERE id = 2",
        "UPDATE office_audit_record SET organisation = 'SEP-1' WHERE id = 2",
        "UPDATE office_audit_record SET reason = 'complaint' WHERE id = 2",
        "UPDATE office_audit_record SET facts = '{\"a\": 1}' WHERE id = 2",
        "UPDATE office_audit_record SET at = '2026-02-05 01:00:01+00:00' WHERE id = 2",
        "UPDATE office_audit_record SET token = 7 WHERE id = 2",
    ],
)
def test_a_record_that_was_altered_shows_with_its_anchor(store: Store, statement: str) -> None:
    looked(3)
    anchor(store, now=NOW)
    looked()
    anchor(store, now=NOW)
    entry = store.head().size - 2
    alter(store, statement)
    assert faults_of(store) == [Fault(entry=entry, what="audit.changed", facts={"records": "2"})]


def test_a_record_that_was_taken_away_is_named(store: Store) -> None:
    looked(4)
    anchor(store, now=NOW)
    alter(store, "DELETE FROM office_audit_record WHERE id IN (2, 3)")
    entry = store.head().size - 1
    assert faults_of(store) == [Fault(entry=entry, what="audit.missing", facts={"records": "2-3"})]
    # The numbers of what is left, given anew, are no disguise.
    alter(store, "UPDATE office_audit_record SET id = 2 WHERE id = 4")
    assert [one.what for one in faults_of(store)] == ["audit.missing"]


def test_a_record_that_was_altered_is_named_next_to_one_that_is_gone(store: Store) -> None:
    looked(5)
    anchor(store, now=NOW)
    entry = store.head().size - 1
    alter(store, "UPDATE office_audit_record SET who = 'nobody' WHERE id IN (2, 5)")
    alter(store, "DELETE FROM office_audit_record WHERE id = 3")
    assert faults_of(store) == [
        Fault(entry=entry, what="audit.missing", facts={"records": "3"}),
        Fault(entry=entry, what="audit.changed", facts={"records": "2,5"}),
    ]


def test_of_an_anchor_without_its_leaves_all_records_are_named(store: Store) -> None:
    """As anchors were before they kept any."""
    looked(3)
    anchor(store, now=NOW)
    entry = store.head().size - 1
    with unguarded(store):
        store.database.execute("DELETE FROM upload WHERE entry = %s", (entry,))
    assert faults_of(store) == [Fault(entry=entry, what="upload.changed")], "it is missed"
    alter(store, "UPDATE office_audit_record SET who = 'nobody' WHERE id = 2")
    assert Fault(entry=entry, what="audit.changed", facts={"records": "1-3"}) in faults_of(store)


@pytest.mark.parametrize("anchored", [False, True], ids=["found at once", "anchored since"])
def test_a_record_that_was_dated_back_is_named(store: Store, anchored: bool) -> None:
    looked(2)
    anchor(store, now=NOW)
    alter(store, _INSERT, (3, str(NOW - LATE - timedelta(minutes=1))))
    entry = None
    if anchored:
        anchor(store, now=NOW + timedelta(minutes=5))
        entry = store.head().size - 1
    assert faults_of(store) == [Fault(entry=entry, what="audit.backdated", facts={"record": 3})]


def test_a_record_of_a_moment_ago_is_none_that_was_dated_back(store: Store) -> None:
    looked(2)
    anchor(store, now=NOW)
    alter(store, _INSERT, (3, str(NOW - LATE + timedelta(minutes=1))))
    assert faults_of(store) == []
    anchor(store, now=NOW)
    assert faults_of(store) == []


def test_a_number_that_was_given_up_is_not_used_later(store: Store) -> None:
    """A number below those that are anchored, which no transaction can still hold."""
    looked()
    alter(store, _INSERT, (5, str(NOW)))
    anchor(store, now=NOW)
    alter(store, _INSERT, (6, str(NOW + 2 * LATE)))
    anchor(store, now=NOW + 2 * LATE)
    assert newest_anchor(store).missing == ()  # type: ignore[union-attr]
    alter(store, _INSERT, (3, str(NOW + 2 * LATE)))
    assert faults_of(store) == [Fault(entry=None, what="audit.backdated", facts={"record": 3})]


def test_a_clock_that_was_wrong_for_a_while_accuses_nobody_afterwards(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=4000))
    looked()
    anchor(store, now=NOW)
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(minutes=5))
    looked()
    anchor(store, now=NOW + timedelta(minutes=5))
    assert faults_of(store) == []


def test_the_clock_of_a_demo_begins_anew(store: Store) -> None:
    looked()
    anchor(store, now=NOW, by_demo=True)
    alter(store, _INSERT, (2, str(NOW - 10 * LATE)))
    anchor(store, now=NOW - 10 * LATE, by_demo=True)
    assert faults_of(store) == []


def test_many_records_take_several_anchors_of_bounded_length(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anchoring, "RECORDS_MOST", 5)
    monkeypatch.setattr(anchoring, "RANGES_MOST", 2)
    for number in (1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 15):
        alter(store, _INSERT, (number, str(NOW)))
    before = store.head().size
    assert anchor(store, now=NOW) == 11
    found = [anchor_of(entry) for entry in store.entries(before)]
    assert [one.ids for one in found if one is not None] == [
        ((1, 5),), ((6, 6), (8, 8)), ((10, 10), (12, 12)), ((14, 15),),
    ]  # fmt: skip
    assert verdict_of(store).counts["not_anchored"] == 0
    assert faults_of(store) == []


def test_two_who_anchor_at_once_anchor_each_record_once(store: Store) -> None:
    looked(30)
    done: list[int] = []

    def anchoring_too() -> None:
        own = open_store(store.database.url)
        try:
            done.append(anchor(own, now=NOW))
        finally:
            connections.close_all()

    workers = [threading.Thread(target=anchoring_too) for _ in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert sum(done) == 30
    assert len(done) == 4
    assert (verdict_of(store).counts["not_anchored"], faults_of(store)) == (0, [])


def test_what_is_committed_late_is_covered_by_the_next_anchor(url: str, store: Store) -> None:
    """PostgreSQL gives numbers before it commits."""
    if store.database.is_sqlite:
        pytest.skip("one writer at a time: numbers are given in the order of commits")
    looked()
    with psycopg.connect(url) as slow:
        slow.execute(_INSERT.replace("(id, ", "(").replace("VALUES (%s, ", "VALUES ("), (NOW,))
        looked(2)
        assert anchor(store, now=NOW) == 3
        assert [one[:2] for one in newest_anchor(store).missing] == [(2, 2)]  # type: ignore[union-attr]
        assert faults_of(store) == []
        slow.commit()
    assert verdict_of(store).counts["not_anchored"] == 1
    looked()
    assert anchor(store, now=NOW + timedelta(minutes=5)) == 2
    newest = newest_anchor(store)
    assert newest is not None
    assert (newest.ids, newest.missing) == (((2, 2), (5, 5)), ())
    assert faults_of(store) == []


def test_a_root_over_one_record_cannot_be_guessed(store: Store) -> None:
    """Two stores with one record alike have different roots: the salt is the store's."""
    looked()
    records = anchoring.records_of(store, 1)
    leaf = anchoring.leaves_of(store, records)
    store.secret = b"another secret of another store"
    assert anchoring.leaves_of(store, records) != leaf


def test_guards_of_the_office_are_verified_whole(store: Store) -> None:
    record_act(ANALYST, "account.sign-in")
    if store.database.is_sqlite:
        name = "office_audit_record_no_update"
        store.database.execute(f'DROP TRIGGER "{name}"')
        refusal = "BEGIN SELECT RAISE(ABORT, 'no'); END"
        store.database.execute(f'CREATE TRIGGER "{name}" BEFORE UPDATE ON "office_audit_record" WHEN 0 {refusal}')
        store.database.execute('CREATE TRIGGER "other" AFTER INSERT ON "office_case_step" BEGIN SELECT 1; END')
        foreign = "other"
    else:
        name = "office_audit_record_no_change"
        store.database.execute(f"ALTER TABLE office_audit_record ENABLE REPLICA TRIGGER {name}")
        store.database.execute("CREATE RULE other AS ON DELETE TO office_case_step DO INSTEAD NOTHING")
        foreign = "office_case_step.other"
    assert [(one.what, one.facts["trigger"]) for one in faults_of(store)] == [
        ("store.guard-missing", name), ("store.guard-foreign", foreign),
    ]  # fmt: skip
    assert guards_of(store.database, OFFICE_TABLES).missing == (name,)


def test_every_table_of_the_program_is_watched() -> None:
    tables = {one._meta.db_table for app in ("store", "office") for one in apps.get_app_config(app).get_models()}
    assert tables == {*FACT_TABLES.watched, *OFFICE_TABLES.watched}
