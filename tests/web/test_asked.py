"""How often a page asks whoever computes the nation: each question is a wait while a publication is made."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.web.conftest import Browser
from tests.web.test_analyst import at_work, without_frames
from tests.web.test_firm_pages import browser as own_browser

from lodeline.store.opening import open_store
from lodeline.store.publications import Publications, Question
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store
from lodeline.web import visit
from lodeline.web.published_desk import PublishedDesk

pytestmark = pytest.mark.medium

#: Reports, which are there when a page asks for them.
OF_ALL = frozenset({
    "entries", "months", "elements", "balances", "findings", "standing_transfers", "unclosed", "judged_balances",
    "quota", "filing_status", "every",
})  # fmt: skip
FIRM, SITE = "MAG-0001", "MAG-0001-A"


@pytest.fixture
def asked(
    flawed: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, elsewhere: Callable[[str], Browser]
) -> Iterator[Callable[[str], list[str]]]:
    """The page at an address, of a process without frames → what it asked the analyst beside what is there."""
    assert flawed.database.path is not None
    flawed.database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    store = open_store(str(shutil.copy(flawed.database.path, tmp_path / "store.sqlite3")))
    desk, found = PublishedDesk(store.database.url), list[str]()
    browser, want = elsewhere(store.database.url), Publications.want
    monkeypatch.setattr(visit, "desk", lambda _: desk)
    without_frames(monkeypatch)

    def noted(self: Publications, stamp: Any, question: Question) -> None:
        found.append(question.name.partition(":")[2])
        want(self, stamp, question)

    monkeypatch.setattr(Publications, "want", noted)

    def ask(address: str, firm: str | None = None) -> list[str]:
        found.clear()
        looking = browser if firm is None else own_browser(firm, "filer", "certifier")
        answer = looking.get(address)
        assert answer.status_code in (200, 302), address
        return [one for one in found if one not in OF_ALL]

    with at_work(store):
        desk.reading()
        yield ask


def test_a_page_of_a_lot_asks_nobody_and_one_of_a_site_once(asked: Callable[..., list[str]], flawed: Store) -> None:
    snapshot = open_snapshot(flawed)
    lot = snapshot.lots["name"][0]
    (own, *_) = snapshot.lines_of_lot(1)["organisation"]
    assert asked(f"/en/lots/{lot}/") == []
    assert asked(f"/en/lots/{lot}/?direction=forward") == []
    assert asked(f"/en/firm/{own}/lots/{lot}/", own) == []
    assert asked(f"/en/organisations/{FIRM}/") == []
    assert asked("/en/log/3/") == []
    assert asked(f"/en/firm/{FIRM}/", FIRM) == []
    assert asked(f"/en/find/?q={lot}") == []
    assert asked(f"/en/sites/{SITE}/") == ["site_books"]
    assert asked(f"/en/firm/{FIRM}/sites/{SITE}/", FIRM) == ["site_books"]
