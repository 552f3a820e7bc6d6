"""What takes long is computed once, beside the requests; a page says how far it is and turns into the one asked for."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from tests.web.conftest import Browser, Page

from lodeline.errors import UserError
from lodeline.language import bilingual
from lodeline.office.access.actor import NOBODY, Actor, RoleGrant
from lodeline.progress import counted
from lodeline.service.findings.finding import findings
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store
from lodeline.web import reading as module
from lodeline.web.api import books
from lodeline.web.pages.overview import scene
from lodeline.web.reading import Desk, Stage, StillComputingError, waits_a_little
from lodeline.web.server import serving

pytestmark = pytest.mark.medium

HTML = {"HTTP_ACCEPT": "text/html,*/*"}
FILER = Actor(user=1, name="F", pseudonym="f", standings=(RoleGrant(organisation="SEP-0001", role="filer"),))


class Held:
    """A computation of three parts that goes on when the test says so, or fails."""

    def __init__(self, real: Callable[..., Any]) -> None:
        self.real = real
        self.begun = 0
        self.failure: Exception | None = None
        self.at_work, self.go_on = threading.Event(), threading.Event()

    def __call__(self, *subjects: Any, **arguments: Any) -> Any:
        self.begun += 1
        for part in counted("detectors", range(3)):
            if part == 2:
                self.at_work.set()
                assert self.go_on.wait(20), "the test lets it go on"
        if self.failure is not None:
            raise self.failure
        return self.real(*subjects, **arguments)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REQUEST_WAITS_S", 0.2)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    """The findings of the overview."""
    held = Held(findings)
    monkeypatch.setattr(scene, "findings", held)
    yield held
    held.go_on.set()


@pytest.fixture
def browser(elsewhere: Any, store: Store, tmp_path: Path) -> Browser:
    """On a world of which nobody has read anything in this process."""
    browser: Browser = elsewhere(shutil.copy(str(store.database.path), tmp_path / "own.sqlite3"))
    return browser


def opened(browser: Browser, path: str, until: int = 200) -> Any:
    """The answer at an address, once the rest of it is computed."""
    for _ in range(200):
        answer = browser.get(path, **HTML)
        if answer.status_code == until:
            return answer
        assert answer.status_code == 202, answer.status_code
    pytest.fail(f"{path} does not come to {until}")


def waiting(browser: Browser, held: Held, path: str = "/en/") -> Any:
    """The page of the computation that is held."""
    while not held.at_work.is_set():
        assert browser.get(path, **HTML).status_code == 202
    return browser.get(path, **HTML)


@pytest.mark.parametrize(
    ("language", "step"), [("en", "Step 3 of 3: what does not fit is looked for"), ("zh", "第3步，共3步：逐项查找异常")]
)
def test_page_says_what_is_computed_and_becomes_the_one_asked_for(
    browser: Browser, held: Held, language: str, step: str
) -> None:
    answer = waiting(browser, held, f"/{language}/")
    page = Page(answer)
    assert page.headings == [{"en": "This page is being computed", "zh": "正在计算本页"}[language]]
    assert step in page.text
    assert 'role="status"' in page.html and '<progress id="computing-bar" max="3" value="2">' in page.html
    assert '<meta http-equiv="refresh" content="2">' in page.html.partition("<noscript>")[2]
    assert answer["Cache-Control"] == "no-store"
    held.go_on.set()
    assert 'id="computing"' not in opened(browser, f"/{language}/").content.decode()
    assert held.begun == 1


def test_two_viewers_wait_for_one_computation_and_other_pages_do_not(browser: Browser, held: Held) -> None:
    waiting(browser, held)
    assert [browser.get(path, **HTML).status_code for path in ("/zh/", "/en/?element=Dy")] == [202, 202]
    assert browser.get("/en/law/", **HTML).status_code == 200
    assert browser.get("/en/verify/", **HTML).status_code == 200
    held.go_on.set()
    opened(browser, "/en/")
    opened(browser, "/zh/")
    assert held.begun == 1


def test_an_entry_that_comes_while_pages_are_made_ahead_is_no_fault(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An analyst answers no more of what it has left behind: the log of a demo told of a mistake of ours."""

    def overtaken(*_: Any, **__: Any) -> Any:
        asked.append(1)
        raise StillComputingError(Stage(what="rows"))

    asked: list[int] = []
    monkeypatch.setattr(module.Desk, "reading", overtaken)
    serving._preview()
    assert asked and caplog.records == []


def test_who_comes_is_not_held_by_what_is_made_ahead(browser: Browser, held: Held) -> None:
    ahead = threading.Thread(target=serving._preview)
    ahead.start()
    assert held.at_work.wait(20)
    began = time.monotonic()
    assert waiting(browser, held).status_code == 202
    assert time.monotonic() - began < 10
    held.go_on.set()
    ahead.join(20)
    assert opened(browser, "/en/").status_code == 200
    assert held.begun == 1


def test_a_program_is_told_when_to_come_again(browser: Browser, held: Held) -> None:
    waiting(browser, held)
    answer = browser.get("/en/?format=csv")
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    held.go_on.set()
    opened(browser, "/en/")
    assert browser.get("/en/?format=csv").status_code == 200


def test_a_stranger_does_not_see_that_it_is_computed(browser: Browser, held: Held) -> None:
    waiting(browser, held)
    for who in (NOBODY, FILER):
        answer = browser.get("/en/", **HTML, **{"lodeline.actor": who})
        assert answer.status_code == 302
        assert browser.get("/en/findings/", **HTML, **{"lodeline.actor": who}).status_code in (302, 403)


@pytest.mark.parametrize("failure", [UserError(bilingual("Do this.", "请这样做。")), ValueError("nobody knows")])
def test_what_fails_is_said_and_not_begun_again_for_a_while(
    browser: Browser, held: Held, failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    held.failure = failure
    browser.client.raise_request_exception = False
    waiting(browser, held)
    held.go_on.set()
    status = 503 if isinstance(failure, UserError) else 500
    for language, said in (("en", "Do this."), ("zh", "请这样做。")):
        page = Page(opened(browser, f"/{language}/", until=status))
        assert said in page.text or status == 500
        assert 'http-equiv="refresh"' not in page.html and 'id="computing"' not in page.html
    assert held.begun == 1
    # Later whoever comes may have mended it.
    monkeypatch.setattr(module, "FAILURE_STANDS_S", 0.0)
    held.failure = None
    opened(browser, "/en/")
    assert held.begun == 2


def test_a_form_is_waited_for(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was sent is neither lost nor sent twice."""
    seen: list[float | None] = []
    monkeypatch.setattr(module.Desk, "reading", lambda self, at_least=None: seen.append(module._left_s.get()))
    browser.client.raise_request_exception = False
    browser.post("/en/findings/", {"act": "ask"})
    browser.get("/en/findings/")
    assert seen == [None, 0.2]


@pytest.mark.parametrize(
    ("language", "title", "said"),
    [("en", "The nation's answers are still being computed", "kept whole or not at all"),
     ("zh", "全国结果仍在计算中", "要么完整保存，要么未保存")],
)  # fmt: skip
def test_a_form_that_was_waited_for_long_enough_is_answered_and_never_sent_again_by_itself(
    browser: Browser, language: str, title: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def computing(self: Desk, at_least: int | None = None) -> NoReturn:
        raise StillComputingError(Stage(what="rows"))

    monkeypatch.setattr(module.Desk, "reading", computing)
    answer = browser.post(f"/{language}/findings/", {"act": "ask"})
    page = Page(answer)
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert page.headings == [title] and said in page.text
    assert {"en": "Not signed in", "zh": "未登录"}[language] not in page.text
    assert 'http-equiv="refresh"' not in page.html and 'id="computing"' not in page.html


@pytest.fixture
def reading_held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    """The snapshot, as if its rows were many."""
    held = Held(open_snapshot)

    def open_slowly(*arguments: Any) -> Any:
        held.begun += 1
        for part in counted("rows", range(4)):
            if part == 1:
                held.at_work.set()
                assert held.go_on.wait(20), "the test lets it go on"
        if held.failure is not None:
            raise held.failure
        return held.real(*arguments)

    monkeypatch.setattr(module, "open_snapshot", open_slowly)
    yield held
    held.go_on.set()


def test_the_log_is_read_once_for_all(browser: Browser, reading_held: Held) -> None:
    page = Page(waiting(browser, reading_held, "/en/lots/"))
    assert "Step 1 of 3: the rows of the log are read." in page.text
    assert '<progress id="computing-bar" max="4" value="1">' in page.html
    assert browser.get("/en/balances/", **HTML).status_code == 202
    assert [browser.get(f"/en/{path}/", **HTML).status_code for path in ("law", "verify")] == [200, 200]
    reading_held.go_on.set()
    opened(browser, "/en/lots/")
    opened(browser, "/en/balances/")
    assert reading_held.begun == 1


def test_a_log_that_cannot_be_read_is_said_to_those_who_come_back(browser: Browser, reading_held: Held) -> None:
    reading_held.failure = UserError(bilingual("The disk is full.", "磁盘已满。"))
    waiting(browser, reading_held, "/en/lots/")
    reading_held.go_on.set()
    for path in ("/en/lots/", "/en/lots/", "/en/balances/"):
        assert "The disk is full." in Page(opened(browser, path, until=503)).text
    assert reading_held.begun == 1


def test_the_api_says_when_to_ask_again(browser: Browser, held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "found_by_detectors", held)
    answer = browser.get("/api/v1/findings")
    while not held.at_work.is_set():
        answer = browser.get("/api/v1/findings")
    answer = browser.get("/api/v1/findings")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    problem = answer.json()
    assert problem["type"] == "urn:lodeline:problem:still-computing"
    assert "2 of 3 done" in problem["detail"]
    held.go_on.set()
    while browser.get("/api/v1/findings").status_code == 503:
        pass
    assert browser.get("/api/v1/findings").status_code == 200
    assert held.begun == 1


def test_a_quick_answer_is_given_and_one_that_runs_is_not_waited_for_anew(store: Store, pages: None) -> None:
    reading = Desk(store.database.url).reading()
    go_on = threading.Event()

    def slow(snapshot: object) -> int:
        go_on.wait(20)
        return 7

    def quick(snapshot: object) -> int:
        return 3

    with waits_a_little():
        assert reading.answer(quick, reading.snapshot) == 3
        for _ in range(3):
            with pytest.raises(StillComputingError):
                reading.answer(slow, reading.snapshot)
        # What was waited for is not waited for in the next question.
        assert (
            reading.answer(
                quick,
                reading.snapshot,
            )
            == 3
        )
        go_on.set()
    assert reading.answer(slow, reading.snapshot) == 7
