"""Jobs are done though workers die, by one worker at a time, and not for ever."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings
from tests.office.conftest import NOW
from tests.stores import new_database, ready_store

from lodeline.office.jobs import jobs, work
from lodeline.office.models import Job

pytestmark = pytest.mark.both

ONE, OTHER = "machine:1:aaaa", "elsewhere:2:bbbb"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a store with the office's tables, on each database in turn."""
    if request.param == "sqlite":
        url = str(tmp_path_factory.mktemp("jobs") / "store.sqlite3")
    else:
        url = new_database(request.getfixturevalue("postgresql"))
    store = ready_store(url)
    yield url
    store.database.close()


@pytest.fixture(autouse=True)
def queue(office: str) -> Iterator[None]:
    """An empty queue."""
    with override_settings(LODELINE_DATABASE=office):
        Job.objects.all().delete()
        yield


def test_a_job_is_taken_by_one_worker_and_is_done_with_a_result() -> None:
    jobs.enqueue("a", {"n": 1}, now=NOW)
    taken = jobs.take(ONE, now=NOW)
    assert taken is not None
    assert jobs.take(OTHER, now=NOW) is None
    jobs.finish(taken, ONE, {"entry": 7}, now=NOW)
    taken.refresh_from_db()
    assert (taken.state, taken.result, taken.progress) == ("done", '{"entry": 7}', 1.0)


def test_the_oldest_that_is_due_comes_first() -> None:
    jobs.enqueue("later", {}, now=NOW, run_after=NOW + timedelta(minutes=1))
    jobs.enqueue("second", {}, now=NOW)
    jobs.enqueue("first", {}, now=NOW, run_after=NOW - timedelta(minutes=1))
    kinds = []
    while (job := jobs.take(ONE, now=NOW)) is not None:
        kinds.append(job.kind)
    assert kinds == ["first", "second"]


@pytest.mark.parametrize("seed", range(5))
def test_no_firm_waits_for_more_than_one_job_of_each_other(seed: int) -> None:
    chance = random.Random(seed)
    #: Jobs of a firm that wait, and whose were taken since it last had a turn, or since it had none that wait.
    waiting: Counter[str] = Counter()
    before: dict[str, list[str]] = {}
    for _ in range(80):
        if chance.random() < 0.6:
            # Mostly of one firm, which submits the same month again and again.
            firm = chance.choice(["", "A", "B", "C", "D", "A", "A", "A", "A"])
            jobs.enqueue("draft.check", {}, now=NOW, organisation=firm)
            before[firm] = before[firm] if waiting[firm] else []
            waiting[firm] += 1
            continue
        taken = jobs.take(chance.choice([ONE, OTHER]), now=NOW)
        if taken is None:
            continue
        served = taken.organisation
        waiting[served] -= 1
        before[served] = []
        for firm in waiting:
            if firm != served and waiting[firm]:
                assert served not in before[firm], f"{firm} waits twice for {served}"
                before[firm].append(served)
        if chance.random() < 0.5:
            jobs.finish(taken, taken.leased_by, None, now=NOW)


def test_what_the_office_does_by_itself_costs_the_authority_no_turn() -> None:
    for _ in range(3):
        jobs.enqueue("audit.anchor", {}, now=NOW)
        assert jobs.take(ONE, now=NOW, kinds=work.SHORT) is not None
    jobs.enqueue("desk.batch", {"of": "the authority"}, now=NOW)
    for _ in range(2):
        jobs.enqueue("draft.check", {}, now=NOW, organisation="A")
    taken = [jobs.take(ONE, now=NOW, kinds=work._LONG) for _ in range(3)]
    assert [one and one.organisation for one in taken] == ["", "A", "A"]


@pytest.mark.medium
def test_what_is_short_is_done_while_something_long_runs(office: str) -> None:
    long_ago = NOW - timedelta(days=400)
    held = jobs.enqueue("draft.check", {}, now=NOW, run_after=long_ago, organisation="A")
    short = jobs.enqueue("draft.receipt", {}, now=NOW, run_after=long_ago, organisation="B")
    code = (
        "import threading; from lodeline.store.database import configure; configure()\n"
        "from lodeline.office.jobs import work\n"
        "done = threading.Event()\n"
        "does = {'draft.check': lambda payload, say: done.wait(), 'draft.receipt': lambda payload, say: 'sent'}\n"
        "work.RECURRING = {}; work.handler = does.__getitem__; work.run()"
    )
    environment = os.environ | {"LODELINE_DATABASE": office, "DJANGO_SETTINGS_MODULE": "lodeline.web.settings"}
    worker = subprocess.Popen([sys.executable, "-c", code], env=environment)
    try:
        deadline = time.monotonic() + 60
        while {one.pk: one.state for one in Job.objects.all()} != {held.pk: "running", short.pk: "done"}:
            assert time.monotonic() < deadline, "a receipt waits behind a check"
            assert worker.poll() is None
            time.sleep(0.1)
    finally:
        worker.kill()
        worker.wait()


def test_of_one_key_one_job_waits_or_runs() -> None:
    first = jobs.enqueue("a", {}, now=NOW, key="k")
    assert jobs.enqueue("a", {}, now=NOW, key="k").pk == first.pk
    taken = jobs.take(ONE, now=NOW)
    assert taken is not None
    assert jobs.enqueue("a", {}, now=NOW, key="k").pk == first.pk
    jobs.finish(taken, ONE, None, now=NOW)
    assert jobs.enqueue("a", {}, now=NOW, key="k").pk != first.pk


def test_a_job_whose_worker_is_silent_is_taken_again_and_the_late_worker_cannot_end_it() -> None:
    jobs.enqueue("a", {}, now=NOW)
    lost = jobs.take(ONE, now=NOW)
    assert lost is not None
    assert jobs.hold(lost, ONE, now=NOW + timedelta(seconds=20), progress=0.5)
    assert jobs.take(OTHER, now=NOW + jobs.LEASE) is None
    late = NOW + timedelta(seconds=20) + jobs.LEASE + timedelta(seconds=1)
    taken = jobs.take(OTHER, now=late)
    assert taken is not None
    assert taken.attempts == 2
    assert not jobs.hold(lost, ONE, now=late, progress=0.9)
    jobs.finish(lost, ONE, "mine", now=late)
    taken.refresh_from_db()
    assert taken.state == "running"


def test_a_worker_that_has_died_on_this_machine_is_followed_at_once() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    here = jobs.worker_name()
    host = here.rsplit(":", 2)[0]
    jobs.enqueue("a", {}, now=NOW)
    assert jobs.take(f"{host}:{gone.pid}:dead", now=NOW) is not None
    assert jobs.take(here, now=NOW) is not None


def test_what_goes_wrong_is_tried_three_times_and_then_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def broken(payload: Mapping[str, Any], say: work.Say) -> object:
        seen.append(payload["n"])
        say(0.5)
        raise ZeroDivisionError

    monkeypatch.setattr(work, "handler", lambda kind: broken)
    job = jobs.enqueue("a", {"n": 1}, now=NOW, run_after=NOW - timedelta(days=400))
    for _ in range(6):
        work.work_once(ONE)
        Job.objects.filter(state="waiting").update(run_after=NOW - timedelta(days=400))
    job.refresh_from_db()
    assert (job.state, seen) == ("failed", [1, 1, 1])
    assert len(job.failure) == 8


def test_a_job_that_kills_its_workers_is_given_up() -> None:
    job = jobs.enqueue("a", {}, now=NOW)
    at = NOW
    for _ in range(jobs.ATTEMPTS):
        assert jobs.take(ONE, now=at) is not None
        at += jobs.LEASE + timedelta(seconds=1)
    assert jobs.take(OTHER, now=at) is None
    job.refresh_from_db()
    assert (job.state, job.failure) == ("failed", "died")


def test_what_comes_by_itself_comes_once_for_each_stretch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "RECURRING", {"tick": timedelta(minutes=5)})
    work.recur()
    work.recur()
    assert Job.objects.filter(kind="tick").count() == 1
    Job.objects.filter(kind="tick").update(state="done")
    work.recur()
    assert Job.objects.filter(kind="tick").count() == 1


@pytest.mark.medium
def test_a_worker_works_and_ends_when_told(office: str) -> None:
    done = jobs.enqueue("draft.check", {"draft": 0, "revision": 0}, now=NOW, run_after=NOW - timedelta(days=400))
    environment = os.environ | {"LODELINE_DATABASE": office}
    worker = subprocess.Popen([sys.executable, "-m", "lodeline.office.worker"], env=environment)
    try:
        deadline = time.monotonic() + 20
        while Job.objects.get(pk=done.pk).state != "done":
            assert time.monotonic() < deadline, "the worker did nothing"
            assert worker.poll() is None
            time.sleep(0.1)
        asked = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(5) == 0
        assert time.monotonic() - asked < 1
    finally:
        worker.kill()
        worker.wait()
