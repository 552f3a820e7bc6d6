"""Who decides about parties: one permission for the whole country, because a party is whoever names it.

A name is decided by one person. Parties are merged and split by two: whoever proposes does not settle. The names that
need nobody are settled by a job after filings came in; how many wait for a person is what it leaves.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final

from django.conf import settings

from lodeline.office.access import clock
from lodeline.office.access.actor import AUTHORITY, Actor
from lodeline.office.access.audit import record_act
from lodeline.office.access.two import require_apart
from lodeline.office.law_in_force import law_in_force
from lodeline.office.models import Job
from lodeline.party.lists import Measure, PartyList, Scope
from lodeline.service.parties import lists as party_lists
from lodeline.service.parties import parties, queue
from lodeline.service.parties.parties import Decision, Proposal
from lodeline.store.opening import open_store
from lodeline.store.published import JOB_WAITS_S, newest_published
from lodeline.store.store import Store, StoredEntry

#: The job that settles names.
JOB: Final = "parties.settle"


def decide(actor: Actor, store: Store, decision: Decision, *, now: datetime) -> tuple[StoredEntry, str | None]:
    """Decides whom a name means. Requires "parties.decide" for the whole country; raises PartyError."""
    actor.require("parties.decide", AUTHORITY)

    def record(entry: StoredEntry, party: str | None) -> None:
        record_act(
            actor, f"party.{decision.verdict}", subject=decision.name[:200],
            facts={"entry": entry.index, "party": party or ""},
        )  # fmt: skip

    return parties.decide(store, decision, filed_at=now, by=actor.pseudonym, in_transaction=record)


def propose(actor: Actor, store: Store, proposal: Proposal, *, now: datetime) -> tuple[StoredEntry, str]:
    """Proposes to merge or split parties. Requires "parties.decide" for the whole country; raises PartyError."""
    actor.require("parties.decide", AUTHORITY)

    def record(entry: StoredEntry, made: str) -> None:
        facts = {"entry": entry.index, "party": proposal.party, "into": proposal.into}
        record_act(actor, f"party.propose-{proposal.kind}", subject=made, facts=facts)

    return parties.propose(store, proposal, filed_at=now, by=actor.pseudonym, in_transaction=record)


def settle(actor: Actor, store: Store, proposal: str, *, accept: bool, now: datetime) -> StoredEntry:
    """Accepts or refuses what another has proposed. Requires "parties.decide"; raises PartyError."""
    actor.require("parties.decide", AUTHORITY)
    word = "accept" if accept else "refuse"
    if accept:
        waiting = queue.proposals(store.register(store.head()))
        require_apart(actor, *(str(row["by"]) for row in waiting if row["id"] == proposal))

    def record(entry: StoredEntry) -> None:
        record_act(actor, f"party.{word}", subject=proposal, facts={"entry": entry.index})

    return parties.settle(store, proposal, accept=accept, filed_at=now, by=actor.pseudonym, in_transaction=record)


def own(
    actor: Actor, store: Store, *, owner: str, owned: str, share_pct: str, since: date | None, until: date | None,
    source: str, now: datetime,
) -> StoredEntry | None:  # fmt: skip
    """Enters that a party holds a share of another. Requires "parties.decide"; raises PartyError."""
    actor.require("parties.decide", AUTHORITY)

    def record(entry: StoredEntry) -> None:
        facts = {"entry": entry.index, "owner": owner, "share_pct": share_pct}
        record_act(actor, "party.own", subject=owned, facts=facts)

    return parties.own(
        store, owner=owner, owned=owned, share_pct=share_pct, since=since, until=until, source=source, filed_at=now,
        by=actor.pseudonym, in_transaction=record,
    )  # fmt: skip


def load_list(
    actor: Actor, store: Store, content: bytes, *, name: str, file: str, now: datetime,
    measure: Measure | None = None, scope: Scope | None = None,
) -> tuple[StoredEntry | None, PartyList]:  # fmt: skip
    """Loads an edition of a list. Requires "parties.decide" for the whole country."""
    actor.require("parties.decide", AUTHORITY)

    def record(entry: StoredEntry, read: PartyList) -> None:
        facts = {
            "entry": entry.index, "parties": len(read.parties), "sha256": read.digest, "measure": read.measure,
            "scope": read.scope,
        }  # fmt: skip
        record_act(actor, "party.list", subject=name, facts=facts)

    return party_lists.load_list(
        store, content, name=name, file=file, measure=measure, scope=scope, filed_at=now, by=actor.pseudonym,
        in_transaction=record,
    )  # fmt: skip


def waiting() -> int:
    """How many names waited for a person when the job last looked."""
    last = Job.objects.filter(kind=JOB, state=Job.State.DONE).order_by("-id").first()
    result = json.loads(last.result) if last is not None else None
    return int(result["waiting"]) if isinstance(result, dict) else 0


def settle_job(payload: Mapping[str, Any], progress: Callable[[float], None]) -> object:
    """The job `parties.settle`: settles what needs nobody. Where nothing was filed since the last time, it looks on."""
    del payload, progress
    store = open_store(settings.LODELINE_DATABASE)
    moved = store.last_goods_entry(store.head().size)[0]
    last = Job.objects.filter(kind=JOB, state=Job.State.DONE).order_by("-id").first()
    result = json.loads(last.result) if last is not None else None
    if isinstance(result, dict) and result.get("at") == moved:
        return result
    now = clock.now()
    today = law_in_force().day_of(now)
    done = parties.settle_names(store, newest_published(store, waits_s=JOB_WAITS_S), day=today, filed_at=now)
    at = moved if done.entry is None else done.entry.index
    return {"at": at, "settled": len(done.names), "waiting": done.waiting}
