"""The desk as people use it: who may ask, that it was asked, and who may decide otherwise than the machine.

A declaration that is amended or withdrawn ends the queries of customs about it in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date, datetime
from typing import Any

from lodeline import language as lang
from lodeline.control.declaration import Declaration
from lodeline.control.reason import VerdictWord
from lodeline.office.access.actor import Actor
from lodeline.office.access.audit import record_act
from lodeline.office.access.two import require_apart
from lodeline.office.customs import queries as customs_cases
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.customs import papers as desk_papers
from lodeline.service.customs.papers import Channel, DeskError, Question
from lodeline.service.customs.release import Judged, judge_again, release_kept
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store, StoredEntry


def ask(
    actor: Actor, store: Store, declaration: Declaration, answer: dict[str, Any], *, now: datetime, asker: str = "",
    amends: int | None = None, judged: Judged | None = None, reserve: bool = False,
) -> StoredEntry:  # fmt: skip
    """Keeps a question with its answer. Requires "desk.use"; of the organisation `asker`, "own.read" about it.

    `judged`: whence the answer is, where what customs release is to be reserved, and written into it: all of it with
    `reserve`, else what takes the place of something reserved. Raises DeskError.
    """
    channel: Channel = "pre-check" if asker else "desk"
    if asker:
        actor.require("own.read", asker)
    else:
        actor.require("desk.use")
    by = actor.pseudonym
    promise = None if judged is None or asker else judged.promise(store, filed_at=now, by=by, always=reserve)

    def put() -> StoredEntry:
        return desk_papers.put_question(
            store, declaration, answer, by=by, channel=channel, filed_at=now, asker=asker, amends=amends,
            promise=promise,
        )  # fmt: skip

    before = None if amends is None else desk_papers.question(store, amends)
    with store.database.transaction():
        if before is None:
            entry = put()
        else:
            entry = _instead(actor, store, before, put, became="amended", text="", by_exporter=bool(asker), now=now)
        exporter = entry.organisation or ""
        record_act(actor, "desk.asked", organisation=exporter, subject=str(entry.index), facts={"channel": channel})
        if answer.get("reserved"):
            record_act(actor, "licence.reserve", subject=answer["id"], facts={"lines": answer["reserved"]})
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
        raise DeskError(lang.text("Entry {entry} is no question of yours.", entry=entry))
    return found


def override(
    actor: Actor, store: Store, entry: int, *, verdict_id: str, verdict: VerdictWord, reason: str, now: datetime
) -> StoredEntry:
    """Another verdict than the machine's. Requires "desk.decide"; raises DeskError."""
    actor.require("desk.decide")
    asked = desk_papers.question(store, entry)
    with store.database.transaction():
        put = desk_papers.override(
            store, asked, verdict_id=verdict_id, verdict=verdict, reason=reason, by=actor.pseudonym, filed_at=now
        )
        _record(actor, asked, "desk.overridden", put)
    return put


def confirm(actor: Actor, store: Store, entry: int, *, override_entry: int, now: datetime) -> StoredEntry:
    """Confirms another officer's override of a hold. Requires "desk.decide"; raises DeskError."""
    actor.require("desk.decide")
    asked = desk_papers.question(store, entry)
    waiting = desk_papers.standing(store, asked).overrides.values()
    require_apart(actor, *(one.by for one in waiting if one.entry == override_entry))
    with store.database.transaction():
        put = desk_papers.confirm(store, asked, override_entry=override_entry, by=actor.pseudonym, filed_at=now)
        _record(actor, asked, "desk.confirmed", put)
    return put


def release(
    actor: Actor, store: Store, entry: int, *, snapshot: Snapshot, law: Jurisdiction, today: date, now: datetime,
    only: Collection[str] = (),
) -> StoredEntry:  # fmt: skip
    """Releases the lines that may leave, or those of `only` (ids of verdicts), and reserves for them on their licences.

    A line about which customs still ask stays. Requires "desk.decide"; raises DeskError where nothing is released.
    """
    actor.require("desk.decide")
    asked = desk_papers.question(store, entry)
    judged = judge_again(store=store, snapshot=snapshot, asked=asked, law=law, today=today)
    with store.database.transaction():
        besides = customs_cases.queries_about(asked)
        put = release_kept(
            store=store, asked=asked, judged=judged, filed_at=now, by=actor.pseudonym, only=only, besides=besides
        )  # fmt: skip
        if customs_cases.queries_about(asked, lock=False) - besides:
            raise DeskError(lang.text("Customs have just opened a query about this. Look at it and decide again."))
        _record(actor, asked, "desk.released", put)
    return put


def withdraw(actor: Actor, store: Store, entry: int, *, reason: str, now: datetime) -> StoredEntry:
    """Withdraws a declaration. Requires "desk.decide"; of an organisation that asked itself, "own.file" about it.

    Raises DeskError where it does not stand, goods have left under it, or, for its exporter, customs ask about it.
    """
    asked = desk_papers.question(store, entry)
    by_exporter = bool(asked.paper["asker"]) and not actor.may("desk.decide")
    if by_exporter:
        actor.require("own.file", asked.paper["asker"])
    else:
        actor.require("desk.decide")

    def put() -> StoredEntry:
        return desk_papers.withdraw(store, asked, reason=reason, by=actor.pseudonym, filed_at=now)

    with store.database.transaction():
        kept = _instead(actor, store, asked, put, became="withdrawn", text=reason, by_exporter=by_exporter, now=now)
        _record(actor, asked, "desk.withdrawn", kept)
    return kept


def _instead(
    actor: Actor, store: Store, before: Question, put: Callable[[], StoredEntry], *,
    became: customs_cases.Became, text: str, by_exporter: bool, now: datetime,
) -> StoredEntry:  # fmt: skip
    """Puts the paper that ends a question, and closes the queries about it: both or neither.

    Queries are locked before the head, as whoever decides about one does.
    """
    with store.database.transaction():
        cases = customs_cases.open_about(before)
        if cases and by_exporter:
            raise DeskError(
                lang.text(
                    "Customs ask about this: answer the query first. They close it where the goods are not to leave."
                )
            )
        entry = put()
        if {one.pk for one in customs_cases.open_about(before, lock=False)} - {one.pk for one in cases}:
            raise DeskError(lang.text("Customs have just opened a query about this. Look at it and decide again."))
        for case in cases:
            customs_cases.end_with_question(actor, store, case, became=became, entry=entry.index, text=text, now=now)
    return entry


def _record(actor: Actor, asked: Question, what: str, put: StoredEntry) -> None:
    record_act(
        actor, what, organisation=asked.entry.organisation or "", subject=str(asked.entry.index),
        facts={"entry": put.index},
    )  # fmt: skip
