"""The office of a demo: cases, applications, declarations, deliveries, orders and a run, in the states of an office.

Everything is done by the office's own verbs, as the sample accounts and at days before the demo's clock starts, so it
stands in the log and in the audit records like any other act. It is done once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from lodeline.detection.finding import Finding
from lodeline.office.filing.duty import demand
from lodeline.office.models import AuditRecord
from lodeline.office.sample import applications, cases, customs, deliveries, strategy
from lodeline.office.sample.people import MADE_UP, Office
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.filing.status import filing_status
from lodeline.store.queries.accounts import sample_firms
from lodeline.store.snapshot import Snapshot
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store

Json = dict[str, Any]


def work(store: Store, law: Jurisdiction, seen: Callable[[Snapshot], Sequence[Finding]], *, now: datetime) -> None:
    """Does all of it, unless somebody has done something there already. `seen`: the findings of a snapshot."""
    if AuditRecord.objects.filter(kind="act").exists():
        return
    deliveries.ship(store, open_snapshot(store), law, now=now)
    snapshot = open_snapshot(store)
    firms = sample_firms(store.database)
    office = Office(
        store=store, snapshot=snapshot, law=law, findings=seen(snapshot), now=now, maker=firms.get("maker", ""),
        supplier=firms.get("supplier", ""),
    )  # fmt: skip
    cases.discuss(office)
    _chase(office)
    if office.maker:
        customs.declare(office)
        applications.apply(office)
        deliveries.receive(office)
    # Last, so that it rests on all that stands there.
    strategy.publish(office)


def _chase(office: Office) -> None:
    """The registrar orders those to file who never did; one reminder, one order with its day."""
    states = filing_status(office.store, office.snapshot, office.law)
    missing = states.filter(states["state"] == "missing").sort("organisation", "period").head(1)
    for firm, period in missing.select("organisation", "period").iter_rows():
        registrar = office.who("registrar")
        demand(registrar, [firm], period=period, kind="reminded", now=office.ago(20), why=MADE_UP)
        demand(registrar, [firm], period=period, kind="ordered-to-file", now=office.ago(6), until=office.day(-10))
