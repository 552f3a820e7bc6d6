"""An inspector enters what was found at a site: who may, and that it was done. What it is: service.inspections.visits.

The visit and who entered it are one transaction. The firm is told after it (`office.notices.log_notices`).
"""

from __future__ import annotations

from datetime import date, datetime

from lodeline.office.access.actor import Actor
from lodeline.office.access.audit import record_act
from lodeline.office.notices.log_notices import notify_entry
from lodeline.service.inspections import visits as inspections
from lodeline.service.inspections.visits import Entered, Visited
from lodeline.store.store import Store, StoredEntry


def enter(
    actor: Actor, store: Store, visited: Visited, *, organisation: str, now: datetime, today: date
) -> Entered:  # fmt: skip
    """Enters a visit and tells the firm. Requires "inspection.write" about it; raises InspectionError."""
    actor.require("inspection.write", organisation)

    def record(entry: StoredEntry) -> None:
        record_act(
            actor, f"inspection.{visited.act}", organisation=organisation, subject=visited.site,
            facts={"entry": entry.index},
        )  # fmt: skip

    done = inspections.enter(
        store, visited, organisation=organisation, filed_at=now, today=today, by=actor.pseudonym, in_transaction=record
    )  # fmt: skip
    if done.entry is not None:
        notify_entry(store, done.entry.index, now=now)
    return done
