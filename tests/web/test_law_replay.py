"""The replay as a page: what the service lists, in words; what comes out the same is said to; bad days are named."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest
from tests.web.conftest import Browser

from lodeline.regulation.parameter import load
from lodeline.service.customs.replay import replay
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store
from lodeline.web.pages.common import law_days

OVER = "from=2025-04-03&to=2025-04-05"


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(law_days, "today", lambda _: date(2026, 11, 24))


def rows(browser: Browser, path: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(browser.get(path).content.decode("utf-8-sig"))))


def test_the_page_lists_what_the_service_lists(browser: Browser, store: Store) -> None:
    found = replay(store, open_snapshot(store), load("cn"), first=date(2025, 4, 3), second=date(2025, 4, 5))
    expected = found["exports"]["rows"]
    listed = rows(browser, f"/en/law/replay/?{OVER}&format=csv&table=exports")
    assert [row["Lot"] for row in listed] == [row["lot"] for row in expected] != []
    assert {row["Law of the second day"] for row in listed} == {"licence needed"}
    declared = rows(browser, f"/zh/law/replay/?{OVER}&format=csv&table=declarations")
    assert [row["报关单号"] for row in declared] == [row["declaration"] for row in found["declarations"]["rows"]]
    heading = browser.page(f"/en/law/replay/?{OVER}").headings[0].replace("\u00a0", " ")
    assert heading == f"{len(expected)} of {found['exports']['judged']} exports would come under licence"


def test_the_other_way_round_the_headline_turns(browser: Browser) -> None:
    page = browser.page("/zh/law/replay/?from=2025-04-05&to=2025-04-03")
    assert "将无须许可" in page.headings[0]


def test_heading_says_that_nothing_comes_out_differently(browser: Browser) -> None:
    page = browser.page("/en/law/replay/?from=2025-04-05&to=2025-04-06")
    assert page.headings[0].startswith("None of ")
    assert "The two laws say the same." in page.text
    assert "两份法规内容相同" in browser.page("/zh/law/replay/?from=2025-04-05&to=2025-04-06").text


@pytest.mark.parametrize("query", ["from=2025-02-30", "to=x", "from=2025-04-03&to=2025-04-05&known=20250405"])
def test_a_day_that_is_none_is_named_with_the_cure(browser: Browser, query: str) -> None:
    page = browser.page(f"/en/law/replay/?{query}")
    assert page.status == 400 and "2025-11-08" in page.text


def test_the_comparison_leads_here(browser: Browser) -> None:
    page = browser.page("/en/law/diff/?from=2025-04-03&to=2025-04-05")
    assert any((link.get("href") or "").startswith("/en/law/replay/?from=2025-04-03") for link in page.links)
