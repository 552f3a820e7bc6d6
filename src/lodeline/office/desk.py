"""The desk as people use it: who may ask, that it was asked, and who may decide otherwise than the machine."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lodeline.control.declaration import Declaration
from lodeline.control.reason import VerdictWord
from lodeline.office.actor import Actor
from lodeline.office.audit import record_act
from lodeline.service import desk_papers
from lodeline.service.desk_papers import Channel, DeskError, Question
from lodeline.store.store import Store, StoredEntry


def ask(
    actor: Actor, store: Store, declaration: Declaration, answer: dict[str, Any], *, now: datetime, asker: str = "",
    amends: int | None = None,
) -> StoredEntry:  # fmt: skip
    """Keeps a question with its answer. Requires "desk.use"; of the organisation `asker`, "own.read" about it."""
    channel: Channel = "pre-check" if asker else "desk"
    if asker:
        actor.require("own.read", asker)
    else:
        actor.require("desk.use")
    entry = desk_papers.put_question(
        store, declaration, answer, by=actor.pseudonym, channel=channel, filed_at=now, asker=asker, amends=amends
    )
    exporter = entry.organisation or ""
    record_act(actor, "desk.asked", organisation=exporter, subject=str(entry.index), facts={"channel": channel})
    return entry


def question(actor: Actor, store: Store, entry: int, *, organisation: str | None = None) -> Question:
    """A question that was kept. Requires "desk.use"; of an organisation that asked it itself, "own.read" about it.

    Raises DeskError where there is none that whoever asks may see.
    """
    if organisation is None:
        actor.require("desk.use")
        return desk_papers.question(store, entry)
    actor.require("own.read", organisation)
    found = desk_papers.question(store, entry)
    if found.paper["asker"] != organisation:
        raise DeskError(f"Entry {entry} is no question of yours.", f"条目 {entry} 不是贵企业的查询。")
    return found


def override(
    actor: Actor, store: Store, entry: int, *, verdict_id: str, verdict: VerdictWord, reason: str, now: datetime
) -> StoredEntry:
    """Another verdict than the machine's. Requires "desk.decide"; raises DeskError."""
    actor.require("desk.decide")
    asked = desk_papers.question(store, entry)
    put = desk_papers.override(
        store, asked, verdict_id=verdict_id, verdict=verdict, reason=reason, by=actor.pseudonym, filed_at=now
    )
    _record(actor, asked, "desk.overridden", put)
    return put


def confirm(actor: Actor, store: Store, entry: int, *, override_entry: int, now: datetime) -> StoredEntry:
    """Confirms another officer's override of a hold. Requires "desk.decide"; raises DeskError."""
    actor.require("desk.decide")
    asked = desk_papers.question(store, entry)
    put = desk_papers.confirm(store, asked, override_entry=override_entry, by=actor.pseudonym, filed_at=now)
    _record(actor, asked, "desk.confirmed", put)
    return put


def withdraw(actor: Actor, store: Store, entry: int, *, reason: str, now: datetime) -> StoredEntry:
    """Withdraws a declaration. Requires "desk.decide"; of an organisation that asked itself, "own.file" about it."""
    asked = desk_papers.question(store, entry)
    if asked.paper["asker"] and not actor.may("desk.decide"):
        actor.require("own.file", asked.paper["asker"])
    else:
        actor.require("desk.decide")
    put = desk_papers.withdraw(store, asked, reason=reason, by=actor.pseudonym, filed_at=now)
    _record(actor, asked, "desk.withdrawn", put)
    return put


def _record(actor: Actor, asked: Question, what: str, put: StoredEntry) -> None:
    record_act(
        actor, what, organisation=asked.entry.organisation or "", subject=str(asked.entry.index),
        facts={"entry": put.index},
    )  # fmt: skip
