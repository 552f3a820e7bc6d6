"""Pages are computed from one reading of the ledger, which follows the log and is shared between threads."""

from __future__ import annotations

import threading
from pathlib import Path

from tests.desk import Desk as Filer
from tests.desk import organisation

from lodeline.store.store import Store
from lodeline.web import reading as module
from lodeline.web.reading import Desk


def test_reading_is_kept_while_the_log_stands(pages: None, store: Store) -> None:
    desk = Desk(store.database.url)
    assert desk.reading() is desk.reading()


def test_reading_follows_the_log(pages: None, tmp_path: Path) -> None:
    filer = Filer(str(tmp_path / "own.sqlite3"))
    filer.register(organisations=[organisation("ACME")])
    desk = Desk(str(tmp_path / "own.sqlite3"))
    before = desk.reading()
    filer.register(organisations=[organisation("NORTH")])
    after = desk.reading()
    assert (before.snapshot.entry, after.snapshot.entry) == (0, 1)
    assert set(after.snapshot.register.roles) == {"ACME", "NORTH"}


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

    try:
        reading.answer(question)
    except ValueError:
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
