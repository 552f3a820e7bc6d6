"""Freezing the figures of a month: who may, and that it was done. What an edition is stands in service.log.editions."""

from __future__ import annotations

from datetime import datetime

from lodeline.office.access.actor import AUTHORITY, Actor
from lodeline.office.access.audit import record_act
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.log import editions
from lodeline.service.log.editions import Edition
from lodeline.store.published import newest_published
from lodeline.store.store import Store


def freeze(actor: Actor, store: Store, law: Jurisdiction, period: str, *, reason: str, now: datetime) -> Edition:
    """Freezes a month as of the newest entry. Requires "edition.write" for the whole country; raises EditionError."""
    actor.require("edition.write", AUTHORITY)

    def record(made: Edition) -> None:
        record_act(actor, "edition.freeze", subject=f"{period}/{made.number}", facts={"entry": made.entry.index})

    return editions.freeze(
        store, newest_published(store), law, period, reason=reason, filed_at=now, by=actor.pseudonym,
        in_transaction=record,
    )  # fmt: skip
