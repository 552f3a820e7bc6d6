"""Batches at the desk: who may send one, how far it is, and that it can be stopped and taken up again.

A worker judges a batch part by part. A part and the note that it is kept are one transaction, so a worker that dies
loses no part and keeps none twice; who stops a batch keeps what was judged until then.

    waiting ── running ── done
       │          └────── stopped
       └──────── unread   no line could be trusted, or somebody else's goods are in it
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from django.conf import settings

from lodeline.control.declaration import Declaration
from lodeline.control.rulebook import LawDay
from lodeline.filing.formats import Limits
from lodeline.language import text
from lodeline.ledger.problem import Problem, problem
from lodeline.office.access import clock
from lodeline.office.access.actor import Actor
from lodeline.office.access.audit import record_act
from lodeline.office.jobs import jobs
from lodeline.office.models import AuditRecord, DeskBatch, Job
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.customs.batch import Part, RecordedBatchEvaluation, parts_of
from lodeline.service.customs.desk import Ledger, read
from lodeline.service.customs.papers import DeskError, put_question
from lodeline.service.customs.release import Judged
from lodeline.store.law import law_now
from lodeline.store.opening import open_store
from lodeline.store.published import newest_published
from lodeline.store.store import Store

State = DeskBatch.State
OPEN: Final = (State.WAITING, State.RUNNING)
#: Batches that one asker may have under way: each takes a worker for a minute, and some memory.
OPEN_MOST: Final = 3
#: Bytes that a workbook may have once unpacked, for each byte that may be sent.
_UNPACKED: Final = 5
#: How the work is divided: reading, the first look at all lines, then part by part.
_READ, _LOOKED = 0.1, 0.35
#: Other exporters that are named where an exporter asks about more than its own.
_NAMED: Final = 3
#: What a reader says of a file that is a batch.
_TOO_MUCH: Final = frozenset({"file.too-many-rows", "file.too-large"})
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A part that was kept: its entry, its first and last line in the file (from 1), and its verdicts by word.

    `exporters`: whose goods its lines are.
    """

    entry: int
    first: int
    last: int
    counts: Mapping[str, int]
    exporters: Sequence[str] = ()


def begin(
    actor: Actor, *, name: str, content: bytes, asker: str = "", reserves: bool = False, now: datetime
) -> DeskBatch:  # fmt: skip
    """Puts a file into the queue. Requires "desk.use"; of the organisation `asker`, "own.read" about it.

    Raises DeskError for one that is too large, or where too many of whoever asks are under way.
    """
    _require(actor, asker)
    if len(content) > settings.LODELINE_BATCH_BYTES:
        raise DeskError(
            text(
                "A batch has at most {lodeline_batch_bytes:g} MB: divide it.",
                lodeline_batch_bytes=settings.LODELINE_BATCH_BYTES / 1000000.0,
            )
        )
    with jobs.database().transaction():
        waiting = DeskBatch.objects.filter(organisation=asker, state__in=OPEN)
        if (waiting if asker else waiting.filter(who=actor.pseudonym)).count() >= OPEN_MOST:
            raise DeskError(
                text("{open_most} batches of yours are under way: wait for one, or stop it.", open_most=OPEN_MOST)
            )
        batch: DeskBatch = DeskBatch.objects.create(
            organisation=asker, who=actor.pseudonym, name=name, sha256=sha256(content).hexdigest(),
            content=zlib.compress(content), reserves=reserves and not asker, created_at=now,
        )  # fmt: skip
        jobs.enqueue("desk.batch", {"batch": batch.reference}, now=now, organisation=asker, key=_key(batch))
        record_act(actor, "desk.batch", organisation=asker, subject=batch.reference, facts={"sha256": batch.sha256})
    return batch


def stop(actor: Actor, reference: str, *, asker: str = "", now: datetime) -> DeskBatch:
    """Ends a batch that is under way; what was judged stays. Whoever may send one may. Raises DeskError."""
    with jobs.database().transaction():
        batch = _found(actor, reference, asker, lock=True)
        if batch.state not in OPEN:
            raise DeskError(text("This batch is not under way any more."))
        _end(batch, State.STOPPED, now)
        record_act(actor, "desk.batch.stopped", organisation=asker, subject=batch.reference)
    return batch


def again(actor: Actor, reference: str, *, asker: str = "", now: datetime) -> DeskBatch:
    """Takes up a batch whose worker has failed, after the last part that was kept. Raises DeskError."""
    with jobs.database().transaction():
        batch = _found(actor, reference, asker, lock=True)
        if batch.state not in OPEN:
            raise DeskError(text("This batch is not under way any more."))
        jobs.enqueue("desk.batch", {"batch": batch.reference}, now=now, organisation=asker, key=_key(batch))
    return batch


def batch_of(actor: Actor, reference: str, *, asker: str = "") -> DeskBatch:
    """A batch that whoever asks may see. Raises DeskError."""
    return _found(actor, reference, asker)


def batches(actor: Actor, *, asker: str = "", most: int = 20) -> list[DeskBatch]:
    """The newest batches of the authority, or of a firm about its own goods, without their files."""
    _require(actor, asker)
    return list(DeskBatch.objects.filter(organisation=asker).defer("content").order_by("-id")[:most])


def kept_of(batch: DeskBatch) -> list[Kept]:
    """The parts that were kept, in order."""
    return [Kept(**one) for one in json.loads(batch.kept)]


def counts_of(batch: DeskBatch) -> dict[str, int]:
    """How many lines have which verdict, of those that were judged."""
    total = {"release": 0, "query": 0, "hold": 0}
    for one in kept_of(batch):
        for word, count in one.counts.items():
            total[word] += count
    return total


def looked_at(actor: Actor, what: str, batch: DeskBatch) -> list[str]:
    """The firms that a look of the authority at a batch is to be written down for: all whose goods are judged by now.

    `what`: the page or operation. Whoever waits for a batch asks again and again how far it is: until it has ended each
    firm is written down once for who looks, when its goods are first among those that are judged.
    """
    firms = {one for part in kept_of(batch) for one in part.exporters}
    if batch.state in OPEN:
        before = AuditRecord.objects.filter(
            who=actor.pseudonym, at__gte=batch.created_at, kind="look", what=what, subject=batch.reference
        )
        firms -= set(before.values_list("organisation", flat=True))
    return sorted(firms)


def job_of(batch: DeskBatch) -> Job | None:
    """The job that judges it."""
    return jobs.newest(_key(batch))


def judge_job(payload: Mapping[str, Any], progress: Any) -> object:
    """Does the work of a job `desk.batch`: goes on after the last part that was kept."""
    batch = DeskBatch.objects.filter(reference=payload["batch"], state__in=OPEN).first()
    if batch is None:
        return None
    store = open_store(settings.LODELINE_DATABASE)
    law = law_now(store)
    progress(0.01)
    declaration = read(zlib.decompress(bytes(batch.content)), name=batch.name, limits=_limits())
    batch.content = b""
    unread = _unread(declaration, batch.organisation)
    if unread:
        _note(batch, state=State.UNREAD, problems=json.dumps([one.as_json() for one in unread], ensure_ascii=False))
        return None
    parts = parts_of(declaration)
    if not _note(batch, state=State.RUNNING, lines=len(declaration.lines), parts=len(parts)):
        return None
    progress(_READ)
    evaluation = RecordedBatchEvaluation(
        declaration, LawDay.of(law, law.day_of(batch.created_at)),
        Ledger(snapshot=newest_published(store), store=store, asker=batch.organisation or None),
        progress=lambda share: progress(_READ + (_LOOKED - _READ) * share),
    )  # fmt: skip
    for part in parts[len(kept_of(batch)) :]:
        if not DeskBatch.objects.filter(pk=batch.pk, state=State.RUNNING).exists():
            return None
        if not _keep(store, batch, evaluation.judged(part), part):
            return None
        progress(_LOOKED + (1 - _LOOKED) * part.number / len(parts))
    _note(batch, state=State.DONE)
    return None


def _keep(store: Store, batch: DeskBatch, judged: Judged, part: Part) -> bool:
    """Keeps a part as a question, unless the batch was stopped, or another worker has kept it."""
    now = clock.now()
    promise = judged.promise(store, filed_at=now, by=batch.who) if batch.reserves else None
    with store.database.transaction():
        held = DeskBatch.objects.select_for_update().defer("content").get(pk=batch.pk)
        kept = json.loads(held.kept)
        if held.state != State.RUNNING or len(kept) != part.number - 1:
            return False
        entry = put_question(
            store, judged.declaration, judged.document, by=batch.who,
            channel="pre-check" if batch.organisation else "desk", filed_at=now, asker=batch.organisation,
            promise=promise, part={"batch": batch.reference, "part": part.number},
        )  # fmt: skip
        kept.append(
            {
                "entry": entry.index, "first": part.first + 1, "last": part.last, "counts": judged.document["counts"],
                "exporters": sorted({str(one.line["exporter"]) for one in judged.verdicts if one.line["exporter"]}),
            }
        )  # fmt: skip
        held.kept = json.dumps(kept)
        held.save(update_fields=["kept"])
        if judged.document.get("reserved"):
            who = Actor(user=None, name="", pseudonym=batch.who, standings=())
            facts = {"lines": judged.document["reserved"]}
            record_act(who, "licence.reserve", subject=judged.document["id"], facts=facts)
    return True


def is_batch(declaration: Declaration) -> bool:
    """Whether a file that was read within the bounds of the desk has more than is answered while one waits."""
    return any(one.code in _TOO_MUCH for one in declaration.problems)


def _unread(declaration: Declaration, asker: str) -> list[Problem]:
    """Why nothing of a file is judged; nothing where it is."""
    if not declaration.readable:
        return list(declaration.problems)
    others = {str(line["exporter"]) for line in declaration.lines if line["exporter"]} - {asker}
    if asker and others:
        return [problem("declaration.of-others", exporters=", ".join(sorted(others)[:_NAMED]))]
    return []


def _note(batch: DeskBatch, *, state: str, **columns: Any) -> bool:
    """Writes where a batch stands, unless it has ended meanwhile."""
    with jobs.database().transaction():
        held = DeskBatch.objects.select_for_update().get(pk=batch.pk)
        if held.state not in OPEN:
            return False
        for name, value in columns.items():
            setattr(held, name, value)
        held.state = state
        if state in OPEN:
            held.save()
        else:
            _end(held, state, clock.now())
    return True


def _end(batch: DeskBatch, state: str, now: datetime) -> None:
    # The log has the cells of what was judged; the file is not kept a second time.
    batch.state, batch.finished_at, batch.content = state, now, b""
    batch.save()


def _found(actor: Actor, reference: str, asker: str, *, lock: bool = False) -> DeskBatch:
    _require(actor, asker)
    found = DeskBatch.objects.filter(reference=reference, organisation=asker)
    batch = (found.select_for_update() if lock else found.defer("content")).first()
    if batch is None:
        raise DeskError(text("There is no such batch."))
    return batch


def _require(actor: Actor, asker: str) -> None:
    if asker:
        actor.require("own.read", asker)
    else:
        actor.require("desk.use")


def _key(batch: DeskBatch) -> str:
    return f"desk.batch:{batch.reference}"


def _limits() -> Limits:
    sent: int = settings.LODELINE_BATCH_BYTES
    return Limits(
        file_bytes=sent, json_bytes=sent, rows=settings.LODELINE_BATCH_LINES, unpacked_bytes=_UNPACKED * sent
    )  # fmt: skip


def law_day(batch: DeskBatch, law: Jurisdiction) -> str:
    """The day as of which the law of a batch is known: that on which it was sent."""
    return law.day_of(batch.created_at).isoformat()
