"""Two officers make a pack the law: one proposes it, another publishes or refuses it.

The verbs are those of `service.law.publishing`; here is who may, and that it was done. The law is the whole nation's:
an officer of a region decides nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lodeline.office.access.actor import AUTHORITY, Actor
from lodeline.office.access.audit import record_act
from lodeline.office.access.two import require_apart
from lodeline.service.law import publishing
from lodeline.service.law.publishing import Also, Proposal, Publication
from lodeline.store.store import Store, StoredEntry

# All of it requires "law.publish", and raises PublishingError.


def propose(actor: Actor, store: Store, files: Mapping[str, bytes], *, reason: str, now: datetime) -> Proposal:
    """Proposes the pack of these files with the notice it rests on; a pack with a fault is not proposed."""
    actor.require("law.publish", AUTHORITY)
    return publishing.propose(
        store, files, reason=reason, filed_at=now, by=actor.pseudonym,
        in_transaction=lambda entry: record_act(actor, "law.proposed", subject=str(entry.index)),
    )  # fmt: skip


def publish(actor: Actor, store: Store, proposal: int, *, preview: dict[str, Any], now: datetime) -> Publication:
    """Publishes what another officer proposed. `preview`: what the officer has seen that it changes."""
    actor.require("law.publish", AUTHORITY)
    require_apart(actor, publishing.proposal_of(store, proposal).by)
    return publishing.publish(
        store, proposal, preview=preview, filed_at=now, by=actor.pseudonym,
        in_transaction=_recorded(actor, "law.published", proposal),
    )  # fmt: skip


def refuse(actor: Actor, store: Store, proposal: int, *, reason: str, now: datetime) -> Proposal:
    """Refuses what another officer proposed, or takes the own proposal back; either says why."""
    actor.require("law.publish", AUTHORITY)
    own = publishing.proposal_of(store, proposal).by == actor.pseudonym
    return publishing.refuse(
        store, proposal, reason=reason, filed_at=now, by=actor.pseudonym,
        in_transaction=_recorded(actor, "law.withdrawn" if own else "law.refused", proposal),
    )  # fmt: skip


def _recorded(actor: Actor, what: str, proposal: int) -> Also:
    def record(entry: StoredEntry) -> None:
        record_act(actor, what, subject=str(proposal), facts={"entry": entry.index})

    return record
