"""No page of a browser is computed from less than an earlier one was, whichever process answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import override_settings
from tests.desk import Desk as Filer
from tests.desk import organisation
from tests.web.books import file_books
from tests.web.conftest import Browser
from tests.web.test_inspection_plans import as_

from lodeline.store.opening import open_store
from lodeline.web import visit
from lodeline.web.reading import Desk, Reading

pytestmark = pytest.mark.medium


@pytest.fixture
def url(pages: None, tmp_path: Path) -> Iterator[str]:
    made = file_books(tmp_path / "books.sqlite3")
    with override_settings(LODELINE_DATABASE=made):
        yield made


def entry_of(browser: Browser) -> int:
    """The entry that the foot of a page states."""
    found = re.search(r"Page from entry ([0-9 \u2009\u202f]+)", browser.page("/en/findings/").text)
    assert found is not None
    return int("".join(filter(str.isdigit, found[1])))


def test_a_process_that_is_behind_is_not_believed_by_who_has_seen_more(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answered_by(one: Desk) -> None:
        monkeypatch.setattr(visit, "desk", lambda _: one)

    behind, ahead = (Desk(url, stands_s=3600, oldest_s=7200) for _ in range(2))
    analyst, another = as_("analyst"), as_("analyst")
    answered_by(behind)
    before = entry_of(analyst)
    Filer(open_store(url)).register(organisations=[organisation("NEW")])
    answered_by(ahead)
    assert entry_of(analyst) == before + 1
    answered_by(behind)
    assert entry_of(another) == before, "who has seen no more is given what is there"
    assert entry_of(analyst) == before + 1
    # For what somebody makes up no reading is made.
    wanted: list[int | None] = []
    given = Desk.reading

    def asked(self: Desk, at_least: int | None = None) -> Reading:
        wanted.append(at_least)
        return given(self, at_least)

    monkeypatch.setattr(Desk, "reading", asked)
    another.client.cookies[settings.LODELINE_SEEN_COOKIE] = str(before + 1)
    entry_of(another)
    assert set(wanted) == {None}
    cookie = analyst.client.cookies[settings.LODELINE_SEEN_COOKIE]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
