"""Runs of scenarios: who may ask for one, how far it is, that it can be stopped, and that it is kept to be read again.

A run is named by a digest of what was asked and of all that the answer rests on (entry and root of the log, law,
tables), so the same question finds the run that there is. A worker computes it; the same bytes come of it each time,
and `again` looks whether they do.

    waiting ── running ── done
       │          ├────── stopped
       └──────────┴────── refused   the scenario cannot be run, or the answer is too large to be kept

Looks at runs are written down by who shows them, since they name firms.
"""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from django.conf import settings

from lodeline import __version__
from lodeline.errors import UserError
from lodeline.language import text
from lodeline.office.access import clock, published
from lodeline.office.access.actor import AUTHORITY, NOBODY, Actor
from lodeline.office.access.audit import record_act
from lodeline.office.jobs import jobs
from lodeline.office.models import Job, StrategyRelease, StrategyRun
from lodeline.service.strategy.held import accounts_at
from lodeline.service.strategy.inputs import inputs_of
from lodeline.service.strategy.runs import run_scenario
from lodeline.store.law import law_before
from lodeline.store.opening import open_store
from lodeline.store.snapshot_opening import open_snapshot_as_of
from lodeline.store.store import Store, StoreError
from lodeline.strategy.inputs.tables import scenario_of

State = StrategyRun.State
OPEN: Final = (State.WAITING, State.RUNNING)
#: Runs that one person may have under way, that are kept, and bytes that one may have, compressed.
OPEN_MOST: Final = 3
KEPT_MOST: Final = 200
BYTES_MOST: Final = 8_000_000
#: Draws that may be asked for.
DRAWS_MOST: Final = 2_000
#: Seconds between two looks whether somebody has stopped a run.
_LOOKS_S: Final = 0.5
#: Changes where a run of this program would be another.
_FORMAT: Final = "lodeline-strategy-run-v1"
_KIND: Final = "strategy.run"
Json = dict[str, Any]


class StrategyError(UserError):
    """What was asked for is not done; the message says why, and what can be done instead."""


class NoSuchRunError(StrategyError):
    """There is no run of that name."""


class _Stopped(Exception):  # noqa: N818  (no error: somebody has stopped it)
    """Somebody has stopped the run."""


def save(actor: Actor, store: Store, scenario: str, *, draws: int | None = None, now: datetime) -> StrategyRun:
    """Puts a run of a scenario of the tables in force into the queue; where there is one already, it is that.

    Requires "strategy.run" for the whole country. Raises UserError for a scenario that there is not, StrategyError.
    """
    actor.require("strategy.run", AUTHORITY)
    if draws is not None and not 1 <= draws <= DRAWS_MOST:
        raise StrategyError(text("A run has 1 to {draws_most} draws.", draws_most=DRAWS_MOST))
    head = store.head()
    entry, root = head.size - 1, head.frontier.root().hex()
    inputs = inputs_of(store, entry)
    scenario_of(inputs, scenario)
    digests = {**dict(inputs.digests), "law": law_before(store, head.size).digest}
    asked = {
        "format": _FORMAT, "program": __version__, "scenario": scenario, "draws": draws, "entry": entry, "root": root,
        "digests": digests,
    }  # fmt: skip
    reference = sha256(canonical(asked)).hexdigest()
    with jobs.database().transaction():
        found = StrategyRun.objects.select_for_update().filter(reference=reference).first()
        if found is not None and found.state in (*OPEN, State.DONE):
            return found
        if StrategyRun.objects.filter(who=actor.pseudonym, state__in=OPEN).count() >= OPEN_MOST:
            raise StrategyError(
                text("{open_most} runs of yours are under way: wait for one, or stop it.", open_most=OPEN_MOST)
            )
        run, _ = StrategyRun.objects.update_or_create(
            reference=reference,
            defaults={
                "scenario": scenario, "entry": entry, "root": root, "draws": draws, "digests": json.dumps(digests),
                "state": State.WAITING, "who": actor.pseudonym, "created_at": now, "finished_at": None,
                "problem_en": "", "problem_zh": "",
            },
        )  # fmt: skip
        _enqueue(run, now)
        record_act(actor, "strategy.begin", subject=reference, facts={"scenario": scenario, "entry": entry})
    return run


def again(actor: Actor, reference: str, *, now: datetime) -> StrategyRun:
    """Has a run that is done computed again, to see whether the same bytes come of it. Requires "strategy.read"."""
    run = load(actor, reference)
    if run.state != State.DONE:
        raise StrategyError(text("Only a run that is done is computed again."))
    with jobs.database().transaction():
        StrategyRun.objects.filter(pk=run.pk).update(again_sha256="", again_at=None)
        _enqueue(run, now)
        record_act(actor, "strategy.again", subject=reference, facts={"scenario": run.scenario})
    return load(actor, reference)


def is_same(run: StrategyRun) -> bool | None:
    """Whether the same bytes came of a run the last time that it was computed again; None where it never was."""
    return run.again_sha256 == run.sha256 if run.again_sha256 else None


def stop(actor: Actor, reference: str, *, now: datetime) -> StrategyRun:
    """Ends a run that is under way; nothing of it is kept. Requires "strategy.run". Raises StrategyError."""
    actor.require("strategy.run", AUTHORITY)
    with jobs.database().transaction():
        run = StrategyRun.objects.select_for_update().filter(reference=reference).first()
        if run is None:
            raise _unknown()
        if run.state not in OPEN:
            raise StrategyError(text("This run is not under way any more."))
        run.state, run.finished_at = State.STOPPED, now
        run.save(update_fields=["state", "finished_at"])
        record_act(actor, "strategy.stop", subject=reference, facts={"scenario": run.scenario})
    return run


def saved(actor: Actor, *, scenario: str | None = None, most: int = KEPT_MOST) -> list[StrategyRun]:
    """The runs that are kept or under way, the newest first, without their content. Requires "strategy.read"."""
    actor.require("strategy.read", AUTHORITY)
    found = StrategyRun.objects.defer("content").order_by("-id")
    return list((found if scenario is None else found.filter(scenario=scenario))[:most])


def load(actor: Actor, reference: str) -> StrategyRun:
    """A run, with its content where it is done. Requires "strategy.read". Raises NoSuchRunError."""
    actor.require("strategy.read", AUTHORITY)
    run = StrategyRun.objects.filter(reference=reference).first()
    if run is None:
        raise _unknown()
    return run


def document(run: StrategyRun) -> Json:
    """What a run that is done says (`strategy.run.Run.as_json`). Raises StoreError where it was altered."""
    assert run.state == State.DONE, "only a run that is done says anything"
    _assert_as_computed(run)
    found: Json = json.loads(zlib.decompress(bytes(run.content)))
    return found


def _assert_as_computed(run: StrategyRun) -> None:
    """Raises StoreError where a run does not hold the bytes that were recorded when it was computed. Of older runs
    nothing is recorded."""
    digest = published.unpacked_sha256(run.content)
    recorded = published.computed(open_store(settings.LODELINE_DATABASE), run.reference).asked.get(run.reference)
    if digest != run.sha256 or (recorded is not None and recorded != (_asked(run), digest)):
        raise StoreError(text("The run is not what was computed: run `lodeline verify`, and the scenario again."))


def _asked(run: StrategyRun) -> str:
    return published.asked_sha256(
        scenario=run.scenario, entry=run.entry, root=run.root, draws=run.draws, digests=run.digests
    )


def job_of(run: StrategyRun) -> Job | None:
    """The job that computes it."""
    return jobs.newest(_key(run))


def canonical(value: object) -> bytes:
    """JSON in the one way in which it is kept: sorted keys, no blanks. Raises ValueError for what no JSON can say."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode()


def run_job(payload: Mapping[str, Any], progress: Any) -> object:
    """Does the work of a job `strategy.run`: computes a run that waits, or once more one that is done."""
    run = StrategyRun.objects.filter(reference=payload["run"], state__in=(*OPEN, State.DONE)).first()
    if run is None:
        return None
    if run.state == State.DONE:
        digest = sha256(canonical(_computed(run, progress))).hexdigest()
        with jobs.database().transaction():
            StrategyRun.objects.filter(pk=run.pk, state=State.DONE).update(again_sha256=digest, again_at=clock.now())
            record_act(NOBODY, "strategy.computed", subject=run.reference, facts={"sha256": digest, "again": True})
        return None
    if not _note(run, state=State.RUNNING):
        return None
    try:
        content = canonical(_computed(run, _watched(run, progress)))
    except _Stopped:
        return None
    except UserError as error:
        _note(run, state=State.REFUSED, problem_en=error.en, problem_zh=error.zh)
        return None
    packed = zlib.compress(content, 9)
    if len(packed) > BYTES_MOST:
        _note(
            run, state=State.REFUSED,
            problem_en=f"The run is larger than {BYTES_MOST / 1e6:g} MB: narrow the scenario.",
            problem_zh=f"推演结果超过 {BYTES_MOST / 1e6:g} MB：请缩小情景范围。",
        )  # fmt: skip
        return None
    digest = sha256(content).hexdigest()
    with jobs.database().transaction():
        if _note(run, state=State.DONE, content=packed, sha256=digest, size=len(content)):
            facts = {"asked": _asked(run), "sha256": digest}
            record_act(NOBODY, "strategy.computed", subject=run.reference, facts=facts)
    _let_go()
    return None


def _computed(run: StrategyRun, progress: Any) -> Json:
    """The run as of its own entry, whatever has been filed since."""
    store = open_store(settings.LODELINE_DATABASE)
    snapshot = open_snapshot_as_of(store, run.entry)
    law, inputs = law_before(store, run.entry + 1), inputs_of(store, run.entry)

    def tell(done: int, total: int) -> None:
        progress(done / total if total else 0.0)

    held = accounts_at(store, snapshot, law)
    found: Json = run_scenario(snapshot, law, inputs, run.scenario, draws=run.draws, licences=held, progress=tell)
    return found


def _watched(run: StrategyRun, progress: Any) -> Any:
    """`progress`, which also looks now and then whether the run was stopped. Raises _Stopped."""
    looked = time.monotonic()

    def tell(share: float) -> None:
        nonlocal looked
        progress(share)
        if time.monotonic() - looked > _LOOKS_S:
            looked = time.monotonic()
            if not StrategyRun.objects.filter(pk=run.pk, state=State.RUNNING).exists():
                raise _Stopped

    return tell


def _note(run: StrategyRun, *, state: str, **columns: Any) -> bool:
    """Writes where a run stands, unless it has ended meanwhile."""
    ended = {} if state in OPEN else {"finished_at": clock.now()}
    return bool(
        StrategyRun.objects.filter(pk=run.pk, state__in=OPEN).update(state=state, **columns, **ended)
    )  # fmt: skip


def _let_go() -> None:
    """Deletes the oldest runs beyond KEPT_MOST; none that is under way, or that agencies are told of."""
    told = StrategyRelease.objects.filter(withdrawn_at=None).values("run")
    free = StrategyRun.objects.exclude(state__in=OPEN).exclude(reference__in=told).order_by("-id")
    StrategyRun.objects.filter(pk__in=list(free.values_list("pk", flat=True)[KEPT_MOST:])).delete()


def _enqueue(run: StrategyRun, now: datetime) -> None:
    jobs.enqueue(_KIND, {"run": run.reference}, now=now, key=_key(run))


def _key(run: StrategyRun) -> str:
    return f"{_KIND}:{run.reference}"


def _unknown() -> NoSuchRunError:
    return NoSuchRunError(
        text("There is no such run. The newest {kept_most} are kept: run the scenario again.", kept_most=KEPT_MOST)
    )
