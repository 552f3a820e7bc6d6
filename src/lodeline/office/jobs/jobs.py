"""Work beside requests: a queue in the store's database. A job is done at least once, so its effect must be idempotent.

Whoever takes a job holds it for a short while and says again and again that it is still at it. A job whose worker has
died is taken again: at once where the worker ran on this machine, else when its time is over. What fails is tried a few
times. Firms take turns: the one that was served longest ago is next, so that no firm waits for more than one job of
each other.

    enqueue → waiting → take → running → finish → done
                 ↑                 │
                 └──── fail ───────┴──→ failed
"""

from __future__ import annotations

import json
import os
import secrets
import socket
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError
from django.db.models import Max, OuterRef, Q, Subquery

from lodeline.office.models import Job
from lodeline.store.database import Database

#: How long a job is its worker's after the worker has last been heard of.
LEASE: Final = timedelta(seconds=30)
#: How often a job is begun before it counts as failed.
ATTEMPTS: Final = 3
#: After a failure the next attempt waits so long, and twice as long each time.
_PAUSE: Final = timedelta(seconds=2)
_ACTIVE: Final = (Job.State.WAITING, Job.State.RUNNING)


def database() -> Database:
    """The database of the office: the store's."""
    return Database(settings.LODELINE_DATABASE)


def worker_name() -> str:
    """A name for this process that no other has had: machine, process, and a random end."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def enqueue(
    kind: str, payload: Mapping[str, Any], *, now: datetime, organisation: str = "", key: str = "",
    run_after: datetime | None = None,
) -> Job:  # fmt: skip
    """Puts work into the queue. Where a job of that key waits or runs already, it is the one that is returned."""
    if key and (found := active(key)) is not None:
        return found
    try:
        with database().transaction():
            return Job.objects.create(
                kind=kind, payload=json.dumps(dict(payload), ensure_ascii=False), organisation=organisation, key=key,
                run_after=run_after or now, created_at=now,
            )  # fmt: skip
    except IntegrityError:
        # Somebody else has put it there since we looked.
        found = active(key)
        if found is None:
            raise
        return found


def active(key: str) -> Job | None:
    """The job of a key that waits or runs."""
    return Job.objects.filter(key=key, state__in=_ACTIVE).first()


def newest(key: str) -> Job | None:
    """The last job of a key, however it ended."""
    return Job.objects.filter(key=key).order_by("-id").first()


def take(worker: str, *, now: datetime, kinds: Collection[str] | None = None) -> Job | None:
    """The next job (of some kinds), which is `worker`'s from now on; None where nothing is to be done."""
    # Asked without a lock first: a worker that has nothing to do must not hold up those who write.
    if not _ready(worker, now, kinds).exists():
        return None
    with database().transaction():
        while (job := _next(worker, now, kinds)) is not None:
            if job.attempts < ATTEMPTS:
                job.state, job.attempts = Job.State.RUNNING, job.attempts + 1
                job.leased_by, job.leased_until = worker, now + LEASE
                job.turn = 1 + (Job.objects.aggregate(last=Max("turn"))["last"] or 0)
                job.save()
                return job
            # Its workers have died each time: whatever it does to them, it does not do it again.
            job.state, job.failure, job.finished_at = Job.State.FAILED, "died", now
            job.save()
    return None


def _next(worker: str, now: datetime, kinds: Collection[str] | None) -> Job | None:
    """Of the firm whose last job was taken longest ago (the authority is one), the job that is due the longest."""
    of_firm = _of(kinds).filter(organisation=OuterRef("organisation")).order_by("-turn").values("turn")
    ready = _ready(worker, now, kinds)
    if database().connection.features.has_select_for_update_skip_locked:
        ready = ready.select_for_update(skip_locked=True)
    found: Job | None = ready.order_by(Subquery(of_firm[:1]), "run_after", "id").first()
    return found


def hold(job: Job, worker: str, *, now: datetime, progress: float) -> bool:
    """Says that the worker is still at it, and how far it is (0 to 1); False where the job is no longer its own."""
    return bool(_own(job, worker).update(leased_until=now + LEASE, progress=progress))


def finish(job: Job, worker: str, result: object, *, now: datetime) -> None:
    """The job is done. What is no longer the worker's own is left to whoever has it."""
    text = json.dumps(result, ensure_ascii=False)
    _own(job, worker).update(state=Job.State.DONE, progress=1.0, result=text, leased_until=None, finished_at=now)


def fail(job: Job, worker: str, failure: str, *, now: datetime) -> None:
    """The job went wrong; `failure` numbers the mistake in the log. It is tried again while attempts are left."""
    if job.attempts < ATTEMPTS:
        after = now + _PAUSE * 2 ** (job.attempts - 1)
        _own(job, worker).update(
            state=Job.State.WAITING, run_after=after, leased_until=None, leased_by="", failure=failure
        )
    else:
        _own(job, worker).update(state=Job.State.FAILED, leased_until=None, failure=failure, finished_at=now)


def _own(job: Job, worker: str) -> Any:
    return Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, leased_by=worker)


def _ready(worker: str, now: datetime, kinds: Collection[str] | None) -> Any:
    overdue = Q(state=Job.State.RUNNING, leased_until__lt=now)
    dead = [name for name in _holders() if _is_dead(name, worker)]
    return _of(kinds).filter(Q(state=Job.State.WAITING, run_after__lte=now) | overdue | _held_by(dead))


def _of(kinds: Collection[str] | None) -> Any:
    return Job.objects.all() if kinds is None else Job.objects.filter(kind__in=kinds)


def _held_by(names: list[str]) -> Q:
    return Q(state=Job.State.RUNNING, leased_by__in=names)


def _holders() -> list[str]:
    return list(Job.objects.filter(state=Job.State.RUNNING).values_list("leased_by", flat=True).distinct())


def _is_dead(name: str, worker: str) -> bool:
    """Whether it is certain that the process of that name is gone: only a machine knows that of its own processes."""
    host, pid, _ = name.rsplit(":", 2)
    own_host, own_pid, _ = worker.rsplit(":", 2)
    if host != own_host or name == worker:
        return False
    if pid == own_pid:
        # Two names of one process: its number was another's before.
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False
