"""A step of a case moves the log and no finding; what says something about goods or parties has all looked at anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import override_settings
from tests.contracts.conftest import Backup
from tests.desk import Desk, organisation

from lodeline.detection.battery import run_detectors
from lodeline.office.access.actor import Actor, RoleGrant
from lodeline.office.findings.cases import FindingAsSeen, ask
from lodeline.office.findings.states import CaseError
from lodeline.regulation.parameter import load
from lodeline.service.entries import cases
from lodeline.service.findings import finding
from lodeline.service.findings.finding import findings
from lodeline.store import kept
from lodeline.store.snapshot import Snapshot
from lodeline.store.snapshot_opening import open_snapshot

pytestmark = pytest.mark.medium

LAW = load("cn")
SHARE = "product=concentrate composition=TREO=60 origin_kind=mined origin_place=P"


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The entries at which the detectors have looked."""
    seen: list[int] = []
    run = run_detectors

    def counting(sight: finding.SnapshotView, *rest: Any) -> object:
        seen.append(sight.snapshot.entry)
        return run(sight, *rest)

    monkeypatch.setattr(finding, "run_detectors", counting)
    return seen


def step(own: Desk, number: int) -> int:
    """A step of some case."""
    entry = cases.put_step(
        own.store, b"{}", case="c", number=number, by="somebody", filed_at=datetime(2025, 8, 1, tzinfo=UTC)
    )
    return entry.index


def overdraw(own: Desk) -> None:
    """Months that raise findings: MINE ships four times what it dug, and MAG never files June."""
    shipment = "S shipment 3 mine 1 40 counterparty=SEP reason=weighed-again"
    own.rows("MINE", "2025-06", f"O origin 2 mine 1 10 {SHARE}", shipment)
    own.rows("SEP", "2025-07", "R receipt 4 sep MINE/1 40 counterparty=MINE")


def test_a_case_is_decided_without_a_look_and_a_filing_brings_one(own: Desk, looks: list[int]) -> None:
    overdraw(own)
    before = findings(own.store, first := open_snapshot(own.store), LAW)
    assert before.duties, "this ledger raises something"
    for number in range(3):
        entry = step(own, number)
        snapshot = open_snapshot(own.store, first)
        after = findings(own.store, snapshot, LAW)
        assert after == replace(before, stamp={"entry": entry, "root": snapshot.root})
    assert looks == [first.entry]
    # A month in which nothing happened has no rows, and yet it was filed.
    own.rows("MAG", "2025-06")
    after = findings(own.store, open_snapshot(own.store), LAW)
    own.register(organisations=[organisation("NEW")])
    findings(own.store, open_snapshot(own.store), LAW)
    assert looks == [first.entry, entry + 1, entry + 2]
    assert after.duties != before.duties


def test_what_is_kept_is_what_a_look_would_give(own: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    overdraw(own)
    findings(own.store, open_snapshot(own.store), LAW)
    step(own, 1)
    before = findings(own.store, open_snapshot(own.store), LAW)
    monkeypatch.setattr(kept, "_kept", type(kept._kept)())
    assert findings(own.store, open_snapshot(own.store), LAW) == before


def test_a_store_that_was_put_back_is_looked_at_anew(
    own: Desk, looks: list[int], back_up: Callable[[Desk], Backup]
) -> None:
    backup = back_up(own)
    overdraw(own)
    findings(own.store, open_snapshot(own.store), LAW)
    again = backup.restore(own)
    again.rows("MINE", "2025-06", f"O origin 2 mine 1 10 {SHARE}")
    again.rows("SEP", "2025-07")
    findings(again.store, open_snapshot(again.store), LAW)
    assert len(looks) == 2


def test_a_snapshot_is_given_again_under_the_new_stamp_until_something_is_filed(own: Desk) -> None:
    overdraw(own)
    first = open_snapshot(own.store)
    balanced = first.balanced
    assert first.flow_index() is first.flow_index(), "checked once for each snapshot"
    entry = step(own, 1)
    second = open_snapshot(own.store, first)
    assert (first.entry, second.entry) == (entry - 1, entry)
    assert second.balanced is balanced and second.lines is first.lines
    assert second.flow_index().stamp == second.stamp != first.flow_index().stamp
    same(second, open_snapshot(own.store))
    own.rows("MINE", "2025-07", f"O2 origin 2 mine 2 10 {SHARE}")
    third = open_snapshot(own.store, second)
    assert third.lines.height == first.lines.height + 1 and third.balanced is not balanced


def same(left: Snapshot, right: Snapshot) -> None:
    assert (left.stamp, left.as_of, left.lines.equals(right.lines)) == (right.stamp, right.as_of, True)


def test_a_firm_that_stays_silent_month_after_month_is_one_finding_and_no_case(own: Desk) -> None:
    official = Actor(
        user=1, name="analyst", pseudonym="analyst", standings=(RoleGrant(organisation="", role="analyst"),)
    )
    day = datetime(2025, 8, 20, tzinfo=UTC)
    seen: list[Any] = []
    for month in range(6, 11):
        own.rows("MINE", f"2025-{month:02d}", f"O{month} origin 2 mine {month} 10 {SHARE}")
        snapshot = open_snapshot(own.store)
        rows = findings(own.store, snapshot, LAW, detector="missing-filing").rows
        seen += [one for one in rows if one.subject == {"organisation": "MAG"}]
    with override_settings(LODELINE_DATABASE=own.store.database.url), pytest.raises(CaseError, match="no question"):
        view = FindingAsSeen(finding=seen[-1], stamp=snapshot.stamp, today=day.date(), steps=0)
        ask(official, own.store, view, text="Why?", until=date(2025, 9, 20), now=day)
    assert len(seen) > 2 and len({row.id for row in seen}) == 1
    assert len({row.last_period for row in seen}) == len(seen)
