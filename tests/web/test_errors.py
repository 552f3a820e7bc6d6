"""What cannot be shown is said in the reader's language, with the cure, and under the right status."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from tests.web.conftest import Browser, Page

from lodeline.store.opening import create
from lodeline.store.store import Store
from lodeline.web import reading
from lodeline.web.pages.overview import overview
from lodeline.web.server import errors


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/en/organisations/SEP-000/", 404, "Perhaps SEP-0001"),
        ("/en/organisations/%3Cscript%3E/", 404, "No organisation"),
        ("/en/log/9999999/", 404, "entries run from 0 to"),
        ("/en/log/9999999/receipt.json", 404, "entries run from 0 to"),
        (f"/en/log/{'9' * 30}/", 404, "a number as high as that"),
        (f"/en/quotas/runs/{'9' * 30}/", 404, "a number as high as that"),
        ("/en/no/such/page/", 404, "Look in the menu"),
        ("/en/?element=Xx", 400, "one of"),
        ("/en/?element=Fe", 404, "look at one of"),
        ("/en/?period=2025-13", 400, "2025-06"),
        ("/en/?period=1999-01", 404, "from 2025-01 to 2025-03"),
        ("/en/?format=pdf", 400, "csv"),
        ("/en/?format=csv&table=nothing", 404, "stages"),
        ("/en/?sort=stages.nothing", 400, "stages.opening"),
        ("/en/log/?entries.page=0", 400, "write 1 to"),
        ("/en/log/?entries.page=999", 404, "the last is"),
        ("/en/log/?period=May", 400, "2025-06"),
        ("/en/log/?kind=rumour", 400, "correction"),
        ("/en/organisations/?state=lost", 400, "missing"),
        ("/zh/organisations/SEP-000/", 404, "或许是 SEP-0001"),
        ("/zh/?period=1999-01", 404, "2025-01 至 2025-03"),
        ("/zh/nothing", 404, "没有这个网址的页面"),
    ],
)
def test_question_that_has_no_answer(browser: Browser, path: str, status: int, said: str) -> None:
    page = browser.page(path)
    assert page.status == status
    assert said in page.text
    assert page.lang == ("zh-Hans" if path.startswith("/zh") else "en")
    assert "<script>" not in page.html.replace("<script src", "")


def test_other_host_names_are_refused(browser: Browser) -> None:
    page = Page(browser.get("/en/", HTTP_HOST="elsewhere.example"))
    assert (page.status, "LODELINE_HOSTS" in page.text) == (400, True)


def test_a_mistake_of_ours_has_a_number_and_promises_nothing_untrue(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.client.raise_request_exception = False

    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError("a secret of somebody")

    monkeypatch.setattr(overview, "show", fails)
    response = browser.get("/en/")
    page = Page(response)
    assert page.status == 500 and response["X-Request-ID"] in page.text
    assert "secret of somebody" not in page.html


def texts_when_closed(browser: Browser) -> tuple[str, str]:
    """The text of both languages, each with status 503."""
    texts = []
    for language in ("en", "zh"):
        response = browser.get(f"/{language}/")
        assert response.status_code == 503
        assert response["Retry-After"]
        texts.append(Page(response).text)
    return texts[0], texts[1]


def test_no_store(elsewhere: Any, tmp_path: Path) -> None:
    en, zh = texts_when_closed(elsewhere(tmp_path / "none.sqlite3"))
    assert "lodeline init" in en and "lodeline init" in zh
    assert not (tmp_path / "none.sqlite3").exists(), "looking must not make a store"


def test_empty_store(elsewhere: Any, sqlite_url: str) -> None:
    create(sqlite_url)
    en, zh = texts_when_closed(elsewhere(sqlite_url))
    assert "The store is empty" in en and "数据库为空" in zh


def copied(store: Store, to: Path) -> Path:
    return Path(shutil.copy(str(store.database.path), to))


def test_store_of_a_newer_version(elsewhere: Any, store: Store, tmp_path: Path) -> None:
    path = copied(store, tmp_path / "newer.sqlite3")
    with sqlite3.connect(path) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute("UPDATE fact SET value = '99' WHERE key = 'format'")
    connection.close()
    en, zh = texts_when_closed(elsewhere(path))
    assert "update the program" in en and "请更新程序" in zh


#: A server that nobody started, in a place that no page may name.
AWAY = "postgresql://somebody:a-password@/lodeline?host=/nowhere/a-socket"


@pytest.mark.parametrize(
    "path", ["/en/", "/zh/", "/en/log/", "/en/organisations/", "/en/law/", "/en/desk/", "/en/nothing"]
)
@pytest.mark.parametrize("clock", ["", "2025-05-05T09:00:00+08:00"])
def test_a_database_that_is_away_is_named_in_the_log_alone(
    elsewhere: Any, caplog: pytest.LogCaptureFixture, path: str, clock: str
) -> None:
    browser = elsewhere(AWAY)
    browser.client.cookies["sessionid"] = "a-session-that-the-database-would-know"
    with override_settings(LODELINE_DEMO_CLOCK=clock):
        response = browser.get(path)
    page = Page(response)
    assert response.status_code in (200, 404, 503)
    assert "</html>" in page.html, "a whole page of the portal"
    for inside in ("nowhere", "a-socket", "password", "lodeline?host", "psycopg", "connection"):
        assert inside not in page.html, inside
    if response.status_code == 503:
        assert response["Retry-After"]
        assert any("a-socket" in record.getMessage() for record in caplog.records), "the operator is given the reason"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_page_without_a_database_has_the_number_of_its_request(elsewhere: Any, language: str) -> None:
    response = elsewhere(AWAY).get(f"/{language}/")
    assert response.status_code == 503 and response["X-Request-ID"] in Page(response).text


def test_what_fails_in_the_page_of_an_error_is_logged_and_the_error_told(
    elsewhere: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a fault in the frame")

    monkeypatch.setattr(errors, "show", broken)
    response = elsewhere(AWAY).get("/en/")
    assert response.status_code == 503 and response["Retry-After"]
    told = response.content.decode()
    assert "Try again" in told and "重试" in told
    (fault,) = [record for record in caplog.records if record.exc_info and record.exc_info[0] is RuntimeError]
    assert fault.name == "lodeline.errors"


def test_a_store_that_was_there_is_restored_and_never_made_again(elsewhere: Any, store: Store, tmp_path: Path) -> None:
    path = copied(store, tmp_path / "lost.sqlite3")
    browser = elsewhere(path)
    assert browser.get("/en/log/").status_code == 200
    path.unlink()
    en, zh = texts_when_closed(browser)
    assert "restore the newest backup" in en and "恢复最新备份" in zh
    assert "lodeline init" not in en + zh and str(tmp_path) not in en + zh


def test_locked_store(elsewhere: Any, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PATIENCE_S", 0.1)
    path = copied(store, tmp_path / "locked.sqlite3")
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
    connection.execute("BEGIN EXCLUSIVE")
    try:
        en, zh = texts_when_closed(elsewhere(path))
    finally:
        connection.close()
    assert "locked" in en and "锁定" in zh
    assert elsewhere(path).get("/en/log/").status_code == 200, "it is open again"


def test_store_that_goes_away_is_missed(elsewhere: Any, store: Store, tmp_path: Path) -> None:
    path = copied(store, tmp_path / "fleeting.sqlite3")
    browser = elsewhere(path)
    assert browser.get("/en/log/").status_code == 200
    path.unlink()
    assert browser.get("/en/log/").status_code == 503
    assert not path.exists()


def test_mistake_of_ours_tells_nothing_of_the_inside(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr(overview, "show", broken)
    browser.client.raise_request_exception = False
    page = browser.page("/zh/")
    assert page.status == 500
    assert "secret" not in page.html
    assert "程序出错" in page.headings[0]
