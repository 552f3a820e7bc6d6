"""One finding: the question, its innocent explanations, and evidence that leads to where it stands."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.web.conftest import Browser

from lodeline.regulation.parameter import load
from lodeline.service.finding import findings
from lodeline.store.snapshot import open_snapshot
from lodeline.store.store import Store
from lodeline.web import format as written
from lodeline.web.language import Language
from lodeline.web.pages import finding as page_of_finding
from lodeline.web.words import organisation_names

ID = "ab" * 32


@pytest.fixture
def on_flawed(flawed: Store, elsewhere: Callable[[str | Path], Browser]) -> Browser:
    return elsewhere(flawed.database.url)


@pytest.fixture(scope="module")
def found(flawed: Store) -> dict[str, dict[str, Any]]:
    """The first finding of each detector."""
    rows = findings(flawed, open_snapshot(flawed), load())["rows"]
    return {row["detector"]: row for row in reversed(rows)}


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def made_up(detector: str, **changes: Any) -> dict[str, Any]:
    """A finding as the service gives it."""
    return {
        "id": ID, "detector": detector, "subject": {"organisation": "SEP-0001", "site": "SEP-0001-A"},
        "period": {"from": "2025-01", "to": "2025-02"}, "score": 0.9967, "mass_kg": "1234.5",
        "interval_kg": ["744.5", "1724.5"], "elements": ["Nd"], "state": "open",
        "explanation": {"en": "Seen & <told>.", "zh": "所见。"},
        "innocent": [{"en": "A scale.", "zh": "衡器。"}], "ask": [{"en": "The tickets.", "zh": "过磅单。"}],
        "evidence": [
            {"balance": {
                "element": "Nd", "since": "2024-12-31", "until": "2025-02-28", "opening_kg": "10000", "origin_kg": "0",
                "in_kg": "5000", "out_kg": "6000", "export_kg": "0", "loss_kg": "100", "adjustment_kg": "0",
                "physical_kg": "10134.5", "muf_kg": "-1234.5", "sigma_kg": "250", "z": -4.938,
            }},
            {"entry": 1, "event": "C-1", "kind": "stock", "on": "2025-02-28", "mass_kg": "10134.5"},
        ],
        **changes,
    }  # fmt: skip


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Findings that the page is to find instead of the detectors' own."""
    rows: list[dict[str, Any]] = []
    monkeypatch.setattr(page_of_finding, "ask", lambda *_: {"rows": rows})
    return rows


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_finding_has_a_whole_page(
    on_flawed: Browser, flawed: Store, found: dict[str, dict[str, Any]], language: Language
) -> None:
    names = organisation_names(open_snapshot(flawed).register, language)
    for row in found.values():
        page = on_flawed.page(f"/{language}/findings/{row['id']}/")
        assert page.status == 200
        assert page.headings[0].rstrip().endswith("?" if language == "en" else "？")
        told = " ".join(page.text.split())
        said = " ".join(written.sentence(row["explanation"][language], language, names).split())
        for text in (said, *(one[language] for one in (*row["innocent"], *row["ask"]))):
            assert text in told
        assert "None" not in told.split()
        assert not re.search(r"\{[a-z_]*\}|<style|\sstyle=", page.html)


def test_missing_filing_leads_to_the_rows_of_others(on_flawed: Browser, found: dict[str, dict[str, Any]]) -> None:
    row = found["missing-filing"]
    named = [item for item in row["evidence"] if "kind" in item]
    assert named, "others name the firm"
    links = {str(link.get("href")) for link in on_flawed.page(f"/en/findings/{row['id']}/").links}
    for item in named:
        assert f"/en/log/{item['entry']}/" in links
        assert f"/en/organisations/{item['organisation']}/" in links
        transfer = f"/en/transfers/?q={item['event']}&organisation={item['organisation']}"
        assert transfer in links
        page = on_flawed.page(transfer)
        assert page.status == 200
        assert item["event"] in page.text.partition("Other side exempt")[2], "the list has the transfer"


def test_quota_overrun_names_its_quota(on_flawed: Browser, found: dict[str, dict[str, Any]]) -> None:
    page = on_flawed.page(f"/en/findings/{found['quota-overrun']['id']}/")
    assert re.fullmatch(r"Why is .* 90\.9 t over its separation quota of 2025\?", plain(page.headings[0]))
    assert "Beyond the grant, REO 90.9 t" in plain(page.text)
    assert any(link.get("href") == "/en/quotas/?year=2025&organisation=SEP-0002" for link in page.links)


def test_gain_shows_the_sum_that_does_not_close(browser: Browser, seen: list[dict[str, Any]]) -> None:
    seen.append(made_up("unexplained-gain"))
    page = browser.page(f"/en/findings/{ID}/")
    assert plain(page.headings[0]).startswith("Where did 1.23 t at ")
    text = plain(page.text)
    assert "10 000 – 5 000 6 000 – 100 – 10 134 −1 234 250 −4.9" in text
    assert "in 19 cases of 20 between 744 kg and 1.72 t" in text
    assert ".9967" in text and "once in 303 years" in text
    assert "lodeline findings --detector unexplained-gain --json" in text
    assert "Seen &amp; &lt;told&gt;." in page.html


def test_loss_asks_where_it_went(browser: Browser, seen: list[dict[str, Any]]) -> None:
    seen.append(made_up("unexplained-loss"))
    assert re.search(r"Where did 1\.23 t at .* go\?", plain(browser.page(f"/en/findings/{ID}/").headings[0]))


def test_no_score_is_said_and_not_written_as_a_number(browser: Browser, seen: list[dict[str, Any]]) -> None:
    seen.append(made_up("over-drawn-lot", score=None, mass_kg="0", interval_kg=[None, None], elements=[]))
    text = browser.page(f"/en/findings/{ID}/").text
    assert "No score." in text and "as filed, without bounds" in text and "no composition is stated" in text


def test_a_detector_without_words_of_its_own_is_shown_in_full(browser: Browser, seen: list[dict[str, Any]]) -> None:
    evidence = [{"totals": {"share_of_pair": 0.2}}, {"rate": 7}, {"kind": "hop", "on": "2025-01-03", "mass_kg": "2"}]
    seen.append(made_up("newly-invented", subject={"shipper": "SEP-0001", "receiver": "MIN-0001"}, evidence=evidence))
    text = browser.page(f"/en/findings/{ID}/").text
    assert "newly-invented: a question to" in text
    assert "Shipper" in text and "Receiver" in text
    assert "share_of_pair 0.2 rate 7" in text and "hop" in text


def test_neighbours_in_the_queue_are_linked(browser: Browser, seen: list[dict[str, Any]]) -> None:
    seen += [made_up("unexplained-gain", id=one * 32) for one in ("aa", "bb", "cc")]
    page = browser.page(f"/en/findings/{'bb' * 32}/")
    beside = {link["rel"]: link["href"] for link in page.links if link.get("rel") in ("prev", "next")}
    assert beside == {"prev": f"/en/findings/{'aa' * 32}/", "next": f"/en/findings/{'cc' * 32}/"}


def test_question_that_is_no_longer_raised(browser: Browser) -> None:
    page = browser.page(f"/en/findings/{ID}/")
    assert page.status == 404
    assert "may have answered it" in page.text
    assert "线索列表" in browser.page("/zh/findings/1/").text
