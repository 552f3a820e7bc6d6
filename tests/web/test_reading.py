"""A reading stands for a while, is replaced behind, and is shared; whoever has filed is given one that has it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connections
from tests.desk import Desk as Filer
from tests.desk import organisation

from lodeline.errors import UserError
from lodeline.service.entries.office_log import put
from lodeline.store.opening import create
from lodeline.store.store import Store
from lodeline.web import reading as module
from lodeline.web.reading import Desk, EmptyStoreError, Reading


class Clock:
    """Time that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Log:
    """A log that grows by one entry at a time, and a desk over it."""

    def __init__(self, path: Path, *, stands_s: float = 5, oldest_s: float = 60) -> None:
        self.filer = Filer(str(path))
        self.clock = Clock()
        self.desk = Desk(str(path), stands_s=stands_s, oldest_s=oldest_s, clock=self.clock)
        self.size = 0
        self.grow()

    def grow(self) -> int:
        self.filer.register(organisations=[organisation(f"FIRM-{self.size}")])
        self.size += 1
        return self.size - 1


@pytest.fixture
def log(pages: None, tmp_path: Path) -> Log:
    return Log(tmp_path / "own.sqlite3")


def eventually(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not true():
        assert time.monotonic() < until
        time.sleep(0.005)


def entry_of(desk: Desk) -> int:
    return desk.reading().snapshot.entry


def test_reading_is_kept_while_the_log_stands(log: Log) -> None:
    first = log.desk.reading()
    log.clock.now += 3600
    assert log.desk.reading() is first


def test_reading_stands_for_a_while_without_a_look_at_the_log(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    first = log.desk.reading()
    log.grow()
    monkeypatch.setattr(Store, "checkpoint", lambda self: pytest.fail("the log was asked"))
    log.clock.now += 4.9
    assert log.desk.reading() is first


def test_reading_that_the_log_has_left_behind_is_given_while_a_new_one_is_made(log: Log) -> None:
    first = log.desk.reading()
    log.grow()
    log.clock.now += 6
    assert log.desk.reading() is first, "whoever comes does not wait"
    eventually(lambda: entry_of(log.desk) == 1)
    assert set(log.desk.reading().snapshot.register.roles) == {"FIRM-0", "FIRM-1"}


def test_reading_that_is_too_old_is_given_to_nobody(log: Log) -> None:
    log.desk.reading()
    log.grow()
    log.clock.now += 61
    assert entry_of(log.desk) == 1


def test_what_the_office_enters_leaves_every_answer_as_it_is(log: Log) -> None:
    asked: list[int] = []

    def question(snapshot: object) -> int:
        asked.append(1)
        return len(asked)

    first = log.desk.reading()
    first.answer(question, first.snapshot)
    for _ in range(3):
        put(log.filer.store, {"what": "anchor"}, filed_at=datetime(2026, 2, 5, tzinfo=UTC))
        log.clock.now += 3600
        assert log.desk.reading() is first, "nothing is made, not even behind"
        assert log.desk.standing().age_s == 0
    assert asked == [1]
    log.grow()
    log.clock.now += 3600
    assert entry_of(log.desk) == 4, "what is filed is read"


def test_a_log_in_which_nobody_has_filed_is_empty_whoever_works_with_it(pages: None, tmp_path: Path) -> None:
    store, _ = create(str(tmp_path / "own.sqlite3"))
    put(store, {"what": "anchor"}, filed_at=datetime(2026, 2, 5, tzinfo=UTC))
    with pytest.raises(EmptyStoreError):
        Desk(store.database.url).reading()


def test_whoever_has_filed_is_given_a_reading_with_the_filing(log: Log) -> None:
    first = log.desk.reading()
    for _ in range(3):
        filed = log.grow()
        assert log.desk.reading(at_least=filed).snapshot.entry == filed
    assert log.desk.reading(at_least=0) is not None
    assert first.snapshot.entry == 0, "what others look at has not changed under them"


def test_an_entry_that_nobody_has_filed_is_not_waited_for(log: Log) -> None:
    log.desk.reading()
    assert log.desk.reading(at_least=10**9).snapshot.entry == 0


def test_what_fails_behind_is_shown_to_the_next_visitor_and_only_once(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    class BrokenError(Exception):
        pass

    def broken(store: object, before: object) -> None:
        raise BrokenError

    first = log.desk.reading()
    log.grow()
    log.clock.now += 6
    with monkeypatch.context() as patch:
        patch.setattr(module, "open_snapshot", broken)
        assert log.desk.reading() is first
        eventually(lambda: log.desk.standing().failure is not None)
        eventually(lambda: not any(thread.name == "reading" for thread in threading.enumerate()))
    with pytest.raises(BrokenError):
        log.desk.reading()
    assert log.desk.reading() is first, "the next one is served again"
    eventually(lambda: entry_of(log.desk) == 1)


def test_many_who_wait_share_one_making(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    read = Desk._read

    def slowly(desk: Desk) -> Reading:
        made.append(1)
        time.sleep(0.1)
        return read(desk)

    monkeypatch.setattr(Desk, "_read", slowly)
    started = threading.Barrier(6)
    given: list[Reading] = []

    def visit() -> None:
        started.wait()
        given.append(log.desk.reading())
        connections.close_all()

    threads = [threading.Thread(target=visit) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(given) == 6 and all(one is given[0] for one in given)
    assert len(made) == 1


def test_a_missing_or_empty_store_is_an_error_with_a_text(log: Log, pages: None, tmp_path: Path) -> None:
    log.desk.reading()
    for suffix in ("", "-wal", "-shm"):
        (tmp_path / f"own.sqlite3{suffix}").unlink(missing_ok=True)
    with pytest.raises(UserError, match="restore the newest backup"):
        log.desk.reading()
    empty = str(tmp_path / "empty.sqlite3")
    create(empty)
    with pytest.raises(EmptyStoreError):
        Desk(empty).reading()


def test_question_is_answered_once_however_many_ask(pages: None, store: Store) -> None:
    reading = Desk(store.database.url).reading()
    asked, started = [], threading.Barrier(4)

    def question(*, about: str) -> list[str]:
        asked.append(about)
        return [about]

    answers: list[list[str]] = []

    def ask() -> None:
        started.wait()
        answers.append(reading.answer(question, about="x"))
        connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert asked == ["x"]
    assert len(answers) == 4 and all(answer is answers[0] for answer in answers)
    assert reading.answer(question, about="y") == ["y"]


def test_question_that_failed_is_asked_again(pages: None, store: Store) -> None:
    reading = Desk(store.database.url).reading()
    outcomes = iter([ValueError("not yet"), None])

    def question() -> str:
        outcome = next(outcomes)
        if outcome is not None:
            raise outcome
        return "now"

    with pytest.raises(ValueError, match="not yet"):
        reading.answer(question)
    assert reading.answer(question) == "now"


def test_memory_of_answers_is_bounded(pages: None, store: Store) -> None:
    reading = Desk(store.database.url).reading()
    asked = []

    def question(*, number: int) -> int:
        asked.append(number)
        return number

    for number in range(module.ANSWERS_KEPT + 1):
        reading.answer(question, number=number)
    reading.answer(question, number=module.ANSWERS_KEPT)
    reading.answer(question, number=0)
    assert asked[-2:] == [module.ANSWERS_KEPT, 0], "the newest is kept, the oldest is not"
