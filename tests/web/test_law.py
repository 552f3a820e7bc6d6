"""The law as a page: what the service says of a day, in words; what is unknown is called so; bad days are named."""

from __future__ import annotations

import csv
import html
import io
import re
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.web.conftest import Browser

from lodeline.regulation.parameter import load
from lodeline.service.law import law as questions
from lodeline.service.law import texts
from lodeline.web.pages.common import law_days
from lodeline.web.pages.law.run import runs
from lodeline.web.words.law import EVIDENCE, STATUS, sentences, vocabulary

LAW = load("cn")
#: A rule announced, to begin on the 8th of November; the day before its suspension was published, and after.
BEFORE, AFTER = "on=2025-11-08&known=2025-11-06", "on=2025-11-08&known=2025-11-08"


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(law_days, "today", lambda _: date(2026, 11, 24))


def rows(browser: Browser, path: str) -> list[dict[str, str]]:
    response = browser.get(path)
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))


def test_headline_counts_what_stands_how(browser: Browser) -> None:
    found = questions.in_force(LAW, date(2026, 11, 24), date(2026, 11, 24))["rows"]
    stand = [row["status"] for row in found if row["evidence"] != "assumption"]
    heading = browser.page("/en/law/").headings[0].replace("\u00a0", " ")
    assert heading == (
        f"On 24 November 2026, {stand.count('in-force')} rules are in force, {stand.count('suspended')} suspended;"
        f" whether {stand.count('unknown')} others hold is not known"
    )
    assert f"{stand.count('unknown')}项情况不明" in browser.page("/zh/law/").headings[0]


@pytest.mark.parametrize(("query", "status"), [(BEFORE, "in force"), (AFTER, "suspended")])
def test_law_of_a_day_is_what_could_be_known_on_another(browser: Browser, query: str, status: str) -> None:
    found = rows(browser, f"/en/law/?{query}&format=csv&table=rules")
    (equipment,) = (row for row in found if row["Rule"].startswith("Rare-earth equipment"))
    assert equipment["State"] == status
    items = rows(browser, f"/en/law/?{query}&format=csv&table=items")
    (holmium,) = (row for row in items if row["Item"] == "1C909.a.4")
    assert holmium["State"] == status


def test_every_rule_of_the_service_is_shown_with_its_source_and_how_it_is_known(browser: Browser) -> None:
    found = rows(browser, "/zh/law/?format=csv&table=rules")
    expected = questions.in_force(LAW, date(2026, 11, 24), date(2026, 11, 24))["rows"]
    assert [row["事项"] for row in found] == [row["label"]["zh"] for row in expected]
    assert [row["依据来源"] for row in found] == [EVIDENCE[row["evidence"]]["zh"] for row in expected]
    assert all(row["出处"] and row["内容"] for row in found)


def test_every_text_has_a_page_and_every_link_of_the_law_leads_into_one(browser: Browser) -> None:
    law = browser.page("/en/law/").html
    linked = {one.partition("?")[0] for one in re.findall(r'href="(/en/law/texts/[^"#]+)[^"]*"', law)}
    assert {f"/en/law/texts/{one}/" for one in LAW.instruments} == linked
    whole = {one: browser.page(one).html for one in linked}
    rules = set(re.findall(r'href="(/en/law/texts/[^"?#]+)[^"#]*#(rule-[^"]+)"', law))
    assert rules and all(f'id="{rule}"' in whole[page] for page, rule in rules)


def test_a_text_shows_its_rules_and_who_suspended_it(browser: Browser) -> None:
    page = browser.page("/en/law/texts/announcement-61-2025/?on=2025-12-01&known=2025-12-01")
    shown = texts.text_of(LAW, "announcement-61-2025", date(2025, 12, 1), date(2025, 12, 1))
    assert shown is not None
    assert f"{len(shown['rules'])} suspended" in page.headings[0]
    assert all(row["label"]["en"] in html.unescape(page.html) for row in shown["rules"])
    assert "/en/law/texts/announcement-70-2025/" in page.html
    before = browser.page("/en/law/texts/announcement-61-2025/?on=2025-11-06&known=2025-11-06")
    assert "announcement-70-2025" not in before.html, "its suspension was not published yet"


@pytest.mark.parametrize("path", ["nothing", "announcement-61-2025/?known=2025-01-01"])
def test_a_text_that_is_not_there_or_not_yet_is_said(browser: Browser, path: str) -> None:
    at, _, query = path.partition("/")
    assert browser.get(f"/zh/law/texts/{at}/{query}").status_code == 404


@pytest.mark.parametrize(
    ("query", "kind", "name"),
    [
        ("dysprosium de-minimis", None, ""), ("dysprosium", "item", "1C905.a.1"), ("镝", "rule", "de-minimis"),
        ("270000", "rule", "quota-mining"), ("ANNOUNCEMENT 61", "instrument", ""), ("61号", "instrument", ""),
        ("１Ｃ９０９", "item", "1C909.a.1"), ("!?", None, ""), ("no such word anywhere", None, ""),
    ],
)  # fmt: skip
def test_the_search_finds_texts_rules_and_items_in_both_languages(
    browser: Browser, query: str, kind: str | None, name: str
) -> None:
    hits = texts.found(LAW, query, date(2026, 11, 24), date(2026, 11, 24))
    assert (kind is None) == (not hits)
    assert kind is None or any(hit["kind"] == kind and name in ("", hit["name"]) for hit in hits)
    rows_of = rows(browser, f"/en/law/?q={quote(query)}&format=csv")
    assert len(rows_of) == len(hits)
    assert browser.page(f"/zh/law/?q={quote(query)}").headings


def test_the_search_knows_nothing_of_what_came_out_later() -> None:
    day = date(2025, 10, 8)
    later = date(2025, 10, 9)
    assert {hit["kind"] for hit in texts.found(LAW, "items made abroad", later, later)} == {"instrument", "rule"}
    assert not texts.found(LAW, "items made abroad", day, day)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_short_word_of_the_pack_has_its_words(language: Any) -> None:
    """A word of the vocabulary is missing where a name with an underscore or hyphen is left in what is said."""
    known = {name for kind, name in vocabulary() if kind == "key"}
    for parameter in LAW.parameters.values():
        if parameter.name == "end-use-words":  # whose words are of ten languages, and none of the vocabulary
            continue
        for value in parameter.values:
            said = " ".join(sentences(value.value, language))
            assert not re.search(r"\b[a-z]+_[a-z_]+\b", said), said
            if language == "zh":
                assert not re.search(r"(?<![A-Za-z])[a-z]{3,}-[a-z]+", said), said
            for row in value.value if isinstance(value.value, list) else [value.value]:
                if isinstance(row, dict) and row.keys() != {"en", "zh"}:
                    assert row.keys() - known <= {"kind", "breach_kind", "note"}, parameter.name


def test_values_are_written_in_words() -> None:
    assert sentences({"working_days": 45}, "zh") == ["45个工作日"]
    assert sentences({"value_share_ppb": 1_000_000}, "en") == ["0.1 % of the value"]
    assert sentences([{"kind": "a", "label": {"en": "A", "zh": "甲"}, "years_most": 3}], "en") == [
        "A; years: at most 3"
    ]
    assert sentences({"fine": [50_000, 200_000]}, "en") == ["fine of 50\u202f000 to 200\u202f000 yuan"]
    assert sentences({"strange_key": True}, "en") == ["strange key yes"], "another pack's words are shown as they are"
    assert sentences(None, "en") == []


def test_quota_that_was_not_published_is_not_a_number(browser: Browser) -> None:
    found = rows(browser, "/en/law/?format=csv&table=quotas")
    by_year = {(row["Year"], row["Kind"]): row for row in found}
    assert by_year["2024", "mining"]["In all, t REO (t REO)"] == "270000"
    assert by_year["2025", "mining"]["In all, t REO (t REO)"] == "not known"
    assert "China Northern" in by_year["2024", "mining"]["Batches and groups"]


def test_rules_that_have_run_alike_stand_in_one_row_and_none_is_lost() -> None:
    found = runs(LAW, date(2026, 11, 24))
    assert sum(len(run.labels) for run in found) == len(LAW.parameters)
    assert len(found) < len(LAW.parameters)


@pytest.mark.parametrize(("on", "breaches"), [("2024-09-30", 3), ("2026-11-24", 8)])
def test_fines_are_those_of_the_day(browser: Browser, on: str, breaches: int) -> None:
    found = rows(browser, f"/en/law/?on={on}&known={on}&format=csv&table=fines")
    assert len(found) == breaches
    (unlicensed,) = (row for row in found if row["Breach"] == "export without a licence")
    assert unlicensed["A multiple"].replace("\u202f", " ") == "5 to 10 times the illegal turnover"
    assert unlicensed["Else, yuan"] == "500000"


def test_comparison_lists_what_the_service_lists(browser: Browser) -> None:
    found = rows(browser, "/en/law/diff/?from=2025-10-01&to=2025-11-09&format=csv")
    expected = questions.diff(LAW, date(2025, 10, 1), date(2025, 11, 9))["rows"]
    assert [(row["Day"], row["Rule"]) for row in found] == [(row["on"], row["label"]["en"]) for row in expected]
    assert {"suspended", "published", "came into force"} <= {row["What happened"] for row in found}
    assert browser.get("/en/law/diff?from=2025-10-01&to=2025-11-09")["Location"].startswith("/en/law/diff/?from=")


def test_heading_says_that_the_law_did_not_change(browser: Browser) -> None:
    page = browser.page("/zh/law/diff/?from=2026-03-10&to=2026-03-11")
    assert page.headings == ["2026年3月10日至2026年3月11日没有变化"]
    assert "请填写更早的起始日" in page.text


def test_before_anything_was_published(browser: Browser) -> None:
    page = browser.page("/en/law/?on=1950-01-01&known=1900-01-01")
    assert page.status == 200
    assert "No control list had been published" in page.text


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/en/law/?on=2025-02-30", "2025-11-08"),
        ("/en/law/?on=20251108", "2025-11-08"),
        ("/en/law/?known=1850-01-01", "1900-01-01"),
        ("/en/law/?on=9999-12-31", "2199-12-31"),
        ("/zh/law/?on=%3Cb%3E", "不是日期"),
        ("/en/law/diff/?from=2026-01-01&to=2025-01-01", "give the earlier day first"),
        ("/zh/law/diff/?from=x", "不是日期"),
    ],
)
def test_bad_day_is_named_with_the_cure(browser: Browser, path: str, said: str) -> None:
    page = browser.page(path)
    assert (page.status, said in page.text) == (400, True)


def test_law_needs_no_store(elsewhere: Any, tmp_path: Path) -> None:
    browser = elsewhere(tmp_path / "none.sqlite3")
    assert browser.page("/en/law/").status == 200
    assert rows(browser, "/en/law/diff/?from=2025-10-01&to=2025-11-09&format=csv")
    assert not (tmp_path / "none.sqlite3").exists()


def test_every_state_has_its_word() -> None:
    assert {span["status"] for run in runs(LAW, date.max) for span in run.spans} <= set(STATUS)
