"""A request that is sent twice is done once, on both databases, however close together the two come."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from tests.api.conftest import Office, Program

from lodeline.office.access import clock
from lodeline.office.accounts.idempotency import (
    KEPT,
    InFlightError,
    Kept,
    KeyReusedError,
    WrongKeyError,
    begin,
    finish,
    forget,
)
from lodeline.office.filing import submitting
from lodeline.office.jobs.process import is_dead, mark
from lodeline.office.models import Draft, IdempotentAnswer, Token

pytestmark = pytest.mark.medium


@pytest.fixture
def token(either: str, serve: Callable[..., Office]) -> int:
    serve(either).token("MINE")
    return int(Token.objects.get().pk)


def test_the_same_request_gets_the_same_answer(token: int) -> None:
    now = clock.now()
    assert begin(token, "k", "one", now=now) is None
    with pytest.raises(InFlightError):
        begin(token, "k", "one", now=now)
    finish(token, "k", status=201, body='{"a":1}')
    assert begin(token, "k", "one", now=now) == Kept(status=201, body='{"a":1}')
    with pytest.raises(KeyReusedError):
        begin(token, "k", "other", now=now)
    finish(token, "k", status=500, body="late")
    assert begin(token, "k", "one", now=now) == Kept(status=201, body='{"a":1}')


def test_what_came_to_nothing_may_be_sent_again(token: int) -> None:
    now = clock.now()
    assert begin(token, "k", "one", now=now) is None
    forget(token, "k")
    assert begin(token, "k", "other", now=now) is None


def test_a_request_whose_process_was_killed_is_taken_over_at_once_and_once(
    token: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now()
    worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with monkeypatch.context() as patch:
        patch.setattr("lodeline.office.accounts.idempotency.mark", lambda: mark(worker.pid))
        assert begin(token, "k", "one", now=now) is None
    with pytest.raises(InFlightError):
        begin(token, "k", "one", now=now)
    worker.kill()
    os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOWAIT)  # dead, and not yet buried by its parent
    assert begin(token, "k", "one", now=now) is None
    with pytest.raises(InFlightError):
        begin(token, "k", "one", now=now)
    worker.wait()
    finish(token, "k", status=201, body="{}")
    assert begin(token, "k", "one", now=now) == Kept(status=201, body="{}")


def test_a_process_elsewhere_is_never_known_to_be_dead() -> None:
    room, number, begun = mark().rsplit(" ", 2)
    assert not is_dead(mark())
    assert is_dead(f"{room} {number} {int(begun) + 1}"), "its number was given out again"
    for unknown in ("", "a request of an older version", f"elsewhere {number} 1", f"{room} {number} ", f"{room} x 1"):
        assert not is_dead(unknown)


def test_a_request_that_died_with_its_process_is_taken_over_once(token: int) -> None:
    now = clock.now()
    begin(token, "k", "one", now=now)
    later = now + timedelta(minutes=11)
    assert begin(token, "k", "one", now=later) is None
    with pytest.raises(InFlightError):
        begin(token, "k", "one", now=later)


def test_answers_are_not_kept_for_ever(token: int) -> None:
    now = clock.now()
    begin(token, "k", "one", now=now)
    finish(token, "k", status=201, body="{}")
    assert begin(token, "other", "x", now=now + KEPT + timedelta(seconds=1)) is None
    assert [one.key for one in IdempotentAnswer.objects.all()] == ["other"]


@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb", "\x00"])
def test_a_key_is_a_plain_text(token: int, key: str) -> None:
    with pytest.raises(WrongKeyError):
        begin(token, key, "one", now=clock.now())


def test_of_requests_at_the_same_moment_one_is_done(token: int) -> None:
    now, ready = clock.now(), Barrier(4)

    def ask(_: int) -> str:
        try:
            ready.wait()
            return "first" if begin(token, "k", "one", now=now) is None else "kept"
        except InFlightError:
            return "in flight"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(4)))
    assert sorted(answers) == ["first", "in flight", "in flight", "in flight"]


def test_a_month_sent_many_times_at_once_is_one_entry(either: str, serve: Callable[..., Office]) -> None:
    office = serve(either, LODELINE_CERTIFY="password")
    text = office.token("MINE", "filings:write", "filings:certify", role="certifier")
    row = {
        "event": "D-1", "kind": "origin", "on": "2025-04-03", "site": "mine", "lot": "O-1", "product": "concentrate",
        "mass_kg": "1000", "composition": "TREO=60", "origin_kind": "mined", "origin_place": "CN",
    }  # fmt: skip
    ready = Barrier(3)

    def ask(number: int) -> int:
        try:
            ready.wait()
            # Some with a key, some without: the ledger itself files a month once.
            keys = {"Idempotency_Key": "k"} if number else {}
            return int(Program(token=text).post("/filings", {"period": "2025-04", "rows": [row]}, **keys).status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(ask, range(3)))
    assert set(answers) <= {201, 409}
    assert 201 in answers
    assert office.entries == 2


def test_a_filing_that_another_has_made_meanwhile_is_a_conflict_and_no_work_that_waits(
    either: str, serve: Callable[..., Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    office = serve(either, LODELINE_CERTIFY="password")
    program = Program(token=office.token("MINE", "filings:write", "filings:certify", role="certifier"))
    submit = submitting.submit

    def overtaken(*given: Any, **named: Any) -> Draft:
        draft = submit(*given, **named)
        Draft.objects.filter(pk=draft.pk).update(state=Draft.State.SUPERSEDED)
        return Draft.objects.get(pk=draft.pk)

    monkeypatch.setattr(submitting, "submit", overtaken)
    row = {
        "event": "D-1", "kind": "origin", "on": "2025-04-03", "site": "mine", "lot": "O-1", "product": "concentrate",
        "mass_kg": "1000", "composition": "TREO=60", "origin_kind": "mined", "origin_place": "CN",
    }  # fmt: skip
    answer = program.post("/filings", {"period": "2025-04", "rows": [row]})
    assert answer.status_code == 409
    assert "another draft of the month" in answer.content.decode()
