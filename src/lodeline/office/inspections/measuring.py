"""Measurements, hand-overs and laboratory results are entered: who may, and that it was done.

What they are: service.inspections. An inspector enters about the firms of his region; a firm hands in what its own
laboratory found in its own half of a sample, and the hand-overs of that half. Each entry and who made it are one
transaction; the firm is told after it (`office.notices.log_notices`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from lodeline.office.access.actor import Actor
from lodeline.office.access.audit import record_act
from lodeline.office.notices.log_notices import notify_entry
from lodeline.service.inspections import custody, measuring, results
from lodeline.service.inspections.custody import HandOver
from lodeline.service.inspections.entering import InTransaction, Taken
from lodeline.service.inspections.measuring import Weighing
from lodeline.service.inspections.results import Report
from lodeline.store.store import Store, StoredEntry


def measure(
    actor: Actor, store: Store, weighing: Weighing, *, organisation: str, now: datetime, today: date
) -> Taken:  # fmt: skip
    """Enters what was measured and tells the firm. Requires "inspection.write" about it; raises InspectionError."""
    actor.require("inspection.write", organisation)
    done = measuring.measure(
        store, weighing, organisation=organisation, filed_at=now, today=today, by=actor.pseudonym,
        in_transaction=_recorder(actor, "inspection.measurement"),
    )  # fmt: skip
    return _told(store, done, now=now)


def hand_over(
    actor: Actor, store: Store, handed: HandOver, *, own: str | None, now: datetime, today: date
) -> Taken:  # fmt: skip
    """Enters hand-overs of bags. `own`: the firm that hands over its own, which requires "own.file" for it; else
    "inspection.write" about each firm. Raises InspectionError."""
    done = custody.hand_over(
        store, handed, organisations=_whose(actor, own), firm=own, filed_at=now, today=today, by=actor.pseudonym,
        in_transaction=_recorder(actor, "inspection.custody"),
    )  # fmt: skip
    return _told(store, done, now=now)


def report_results(
    actor: Actor, store: Store, report: Report, *, own: str | None, now: datetime, today: date
) -> Taken:  # fmt: skip
    """Enters laboratory results. `own` as in `hand_over`; then they are of the side "firm". Raises InspectionError."""
    assert own is None or report.side == "firm", "a firm speaks for its own laboratory"
    done = results.report_results(
        store, report, organisations=_whose(actor, own), filed_at=now, today=today, by=actor.pseudonym,
        in_transaction=_recorder(actor, "inspection.result"),
    )  # fmt: skip
    return _told(store, done, now=now)


def _whose(actor: Actor, own: str | None) -> frozenset[str] | None:
    """Of whom the actor may speak; None: of anybody. Raises NotAllowedError."""
    if own is not None:
        actor.require("own.file", own)
        return frozenset({own})
    actor.require("inspection.write")
    return actor.firms("inspection.write")


def _recorder(actor: Actor, act: str) -> InTransaction:
    """Writes down who entered what, in the transaction of the entries."""

    def record(entries: Sequence[StoredEntry]) -> None:
        for one in entries:
            record_act(actor, act, organisation=one.organisation or "", facts={"entry": one.index})

    return record


def _told(store: Store, done: Taken, *, now: datetime) -> Taken:
    for one in done.entries:
        notify_entry(store, one.index, now=now)
    return done
