"""What a worker does: takes a job, does it, says that it is still at it, and looks for the next.

It may be killed at any moment: a job that was under way is taken again by the next worker. What is short (anchors of
the audit, receipts, reminders) has a thread of its own, and does not wait for a long check. Each of the two that is
idle asks the database twice a second with one short query, and takes no lock for it.
"""

from __future__ import annotations

import importlib
import json
import logging
import secrets
import threading
import time
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from typing import Any, Final, NoReturn

from django.db import connections

from lodeline.office.access import clock
from lodeline.office.jobs import jobs
from lodeline.office.models import Job
from lodeline.store.trouble import Outage

#: Seconds between two questions for work, and between two signs of life.
IDLE_S: Final = 0.5
_SIGN_S: Final = 1.0

Say = Callable[[float], None]
#: Does a job's work: its payload, and how to say how far it is (0 to 1). Returns what the result shall be (for JSON).
Handler = Callable[[Mapping[str, Any], Say], object]

#: Kind of job → module and function. Imported when the first of its kind comes, so that a worker starts light.
HANDLERS: Final[Mapping[str, str]] = {
    "audit.anchor": "lodeline.office.log.anchoring:anchor_job",
    "desk.batch": "lodeline.office.customs.batches:judge_job",
    "draft.check": "lodeline.office.filing.draft_check:check_job",
    "draft.divide": "lodeline.office.filing.dividing:divide_job",
    "draft.file": "lodeline.office.filing.filing_now:file_job",
    "draft.receipt": "lodeline.office.filing.receipt_mail:receipt_job",
    "erasure.sweep": "lodeline.office.accounts.sweeping:sweep_job",
    "parties.settle": "lodeline.office.parties.parties:settle_job",
    "remind": "lodeline.office.overview.reminders:remind_job",
    "strategy.run": "lodeline.office.strategy.runs:run_job",
    "take-over.letters": "lodeline.office.register.letters:letters_job",
}
#: Kinds that come by themselves, and how often.
RECURRING: Final[Mapping[str, timedelta]] = {
    "audit.anchor": timedelta(minutes=5),
    "remind": timedelta(minutes=5),
    "parties.settle": timedelta(minutes=5),
}

#: Kinds that take seconds at most.
SHORT: Final = frozenset({"audit.anchor", "draft.receipt", "erasure.sweep", "remind"})
_LONG: Final = frozenset(HANDLERS) - SHORT

_log = logging.getLogger(__name__)


def handler(kind: str) -> Handler:
    """The handler of a kind of job."""
    module, _, name = HANDLERS[kind].partition(":")
    found: Handler = getattr(importlib.import_module(module), name)
    return found


def work_once(worker: str, kinds: Collection[str] | None = None) -> bool:
    """Takes one job (of some kinds) and does it; False where there was none."""
    job = jobs.take(worker, now=clock.now(), kinds=kinds)
    if job is None:
        return False
    with _SignsOfLife(job, worker) as signs:
        try:
            result = handler(job.kind)(json.loads(job.payload), signs.progress)
        except Exception:
            # The number leads from the page to the log; the log has no content of a filing, for it names no values.
            number = secrets.token_hex(4)
            _log.exception("job %s of kind %s failed: %s", job.pk, job.kind, number)
            failure: str | None = number
        else:
            failure = None
    if failure is None:
        jobs.finish(job, worker, result, now=clock.now())
    else:
        jobs.fail(job, worker, failure, now=clock.now())
    return True


class _SignsOfLife:
    """Says once a second, from a thread of its own, that the worker is still at its job and how far it is."""

    def __init__(self, job: Job, worker: str) -> None:
        self._job, self._worker = job, worker
        self._progress = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="signs-of-life", daemon=True)

    def progress(self, progress: float) -> None:
        """How far the job is; written with the next sign."""
        self._progress = min(1.0, max(0.0, progress))

    def __enter__(self) -> _SignsOfLife:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        failed = False
        try:
            while not self._over.wait(_SIGN_S):
                try:
                    if not jobs.hold(self._job, self._worker, now=clock.now(), progress=self._progress):
                        return
                except Exception:
                    # A database that is busy or away for a moment: the next sign comes in a second.
                    if not failed:
                        _log.warning("job %s: a sign of life could not be written", self._job.pk)
                    failed = True
                    connections.close_all()
                else:
                    failed = False
        finally:
            connections.close_all()


def recur() -> None:
    """Puts what comes by itself into the queue, once for each stretch of its time."""
    now = clock.now()
    for kind, every in RECURRING.items():
        turn = int(now.timestamp() // every.total_seconds())
        if jobs.newest(f"{kind}:{turn}") is None:
            jobs.enqueue(kind, {}, now=now, key=f"{kind}:{turn}")


def run() -> NoReturn:
    """Works for ever: one thread does what is short, this one what is long."""
    # One name for both: of two names of one process, one counts as dead.
    worker = jobs.worker_name()
    threading.Thread(target=_work, args=(worker, SHORT), name="short-jobs", daemon=True).start()
    _work(worker, _LONG)


def _work(worker: str, kinds: Collection[str]) -> NoReturn:
    outage = Outage(_log, "the queue could not be asked")
    while True:
        try:
            if kinds is SHORT:
                recur()
            busy = work_once(worker, kinds)
        except Exception as error:
            time.sleep(outage.met(error))
            continue
        outage.over()
        if not busy:
            time.sleep(IDLE_S)
