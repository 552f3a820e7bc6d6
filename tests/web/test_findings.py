"""The queue of findings: what the headline counts, what the filters keep, and what bad questions get."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
from tests.web.conftest import Browser

from lodeline.detection.battery import DETECTORS
from lodeline.regulation.parameter import load
from lodeline.service.findings.finding import findings
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store
from lodeline.web.drawing.svg import SHAPES
from lodeline.web.words import words

OPEN = "/en/findings/"
EACH = f"{OPEN}?view=each"


@pytest.fixture
def on_flawed(flawed: Store, elsewhere: Callable[[str | Path], Browser]) -> Browser:
    return elsewhere(flawed.database.url)


@pytest.fixture(scope="module")
def rows(flawed: Store) -> list[dict[str, object]]:
    answer = findings(flawed, open_snapshot(flawed), load("cn")).as_json()
    assert "quota-overrun" in {row["detector"] for row in answer["rows"]}
    assert {row["detector"] for row in answer["duties"]} == {"missing-filing"}
    return list(answer["rows"])


def ids(html: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r"/en/findings/([0-9a-f]{64})/", html)))


def test_nothing_wrong_is_said_as_plainly(browser: Browser) -> None:
    page = browser.page(OPEN)
    assert page.headings == ["These filings raise no question"]
    assert "Every detector has looked at every filing" in page.text
    assert browser.page("/zh/findings/").headings == ["这些申报没有引出任何疑问"]


def test_a_month_not_filed_is_no_question_and_said_beside_them(on_flawed: Browser) -> None:
    page = on_flawed.page(OPEN)
    assert "Still to be filed, and no question" in page.text and "Missing filing: " in page.text
    assert 'value="missing-filing"' not in page.html, "it is nothing to choose among questions"
    assert ids(on_flawed.page(OPEN + "?detector=missing-filing").html)


def test_every_finding_stands_in_the_order_of_the_service(on_flawed: Browser, rows: list[dict[str, object]]) -> None:
    assert ids(on_flawed.page(EACH).html) == [row["id"] for row in rows]


def test_queue_has_one_row_a_cause_with_mass_worth_chance_and_next_step(flawed: Store, on_flawed: Browser) -> None:
    causes = findings(flawed, open_snapshot(flawed), load("cn")).as_json()["causes"]
    page = on_flawed.page(OPEN)
    assert ids(page.html) == [one["finding"] for one in causes]
    text = on_flawed.get(f"{OPEN}?format=csv").content.decode("utf-8-sig")
    told = list(csv.DictReader(io.StringIO(text)))
    expected = [float(row["Worth (USD)"]) * (1 - float(row["Innocent"])) for row in told]
    assert expected == sorted(expected, reverse=True) and expected[0] > 0
    assert [row["Next step"] for row in told] == [one["ask"]["en"] for one in causes]
    assert "oxide prices of 2025" in page.text and "2025年氧化物离岸均价" in on_flawed.page("/zh/findings/").text
    # What speaks of the same is behind the number, and nothing else is.
    for one in causes:
        behind = ids(on_flawed.page(f"{OPEN}?cause={one['finding']}").html)
        assert set(behind) == {one["finding"], *one["same_cause"]}


def test_headline_counts_questions_and_firms_and_names_the_first(flawed: Store, on_flawed: Browser) -> None:
    rows = findings(flawed, open_snapshot(flawed), load("cn")).as_json()["causes"]
    firms = {row["organisation"] for row in rows}
    heading = on_flawed.page(OPEN).headings[0].replace("\u00a0", " ").replace("\u202f", " ")
    assert heading.startswith(f"{len(rows)} questions for {len(firms)} firms; the first: beyond capacity, USD ")
    assert f"{len(rows)}个疑问，涉及{len(firms)}家企业" in on_flawed.page("/zh/findings/").headings[0]


def test_questions_are_counted_alike_on_overview_list_and_each_finding(flawed: Store, on_flawed: Browser) -> None:
    causes = findings(flawed, open_snapshot(flawed), load("cn")).causes
    number, singly = len(causes), sum(len(one.findings) for one in causes)
    assert f"Questions open {number}" in on_flawed.page("/en/").text
    headings = on_flawed.page(EACH).headings[0], on_flawed.page(EACH.replace("/en/", "/zh/")).headings[0]
    if singly > number:
        assert headings == (f"{singly} findings in {number} questions", f"{singly}条线索，合为{number}个疑问")
    else:
        assert f"{number} questions" in headings[0] and f"{number}个疑问" in headings[1]
    for at, one in enumerate(causes, 1):
        for place, finding in enumerate(one.findings, 1):
            within = f", finding {place} of {len(one.findings)}" if one.others else ""
            assert f"question {at} of {number}{within}" in on_flawed.page(f"/en/findings/{finding.id}/").text


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("detector=quota-overrun", lambda row: row["detector"] == "quota-overrun"),
        ("organisation=SML-0001", lambda row: row["subject"]["organisation"] == "SML-0001"),
    ],
)
def test_filters_keep_what_they_say(
    on_flawed: Browser, rows: list[dict[str, object]], query: str, kept: Callable[[dict[str, object]], bool]
) -> None:
    wanted = [row["id"] for row in rows if kept(row)]
    assert 0 < len(wanted) < len(rows), "a filter that keeps all, or none, tests nothing"
    assert ids(on_flawed.page(f"{EACH}&{query}").html) == wanted


def test_a_month_keeps_the_questions_that_span_it(on_flawed: Browser, rows: list[dict[str, object]]) -> None:
    """Here each spans every month: all that a firm has not filed is one question."""
    wanted = [row["id"] for row in rows if row["period"]["from"] <= "2025-02" <= row["period"]["to"]]  # type: ignore[index]
    assert ids(on_flawed.page(f"{EACH}&period=2025-02").html) == wanted


@pytest.mark.parametrize("query", ["organisation=MIN-0001", "element=Nd", "cause=none"])
def test_a_filter_that_keeps_nothing_is_not_an_all_clear(on_flawed: Browser, query: str) -> None:
    page = on_flawed.page(f"{OPEN}?{query}")
    assert page.status == 200
    assert page.headings == ["No question of this kind is open"]


def test_firms_are_ordered_by_worth(on_flawed: Browser, rows: list[dict[str, object]]) -> None:
    text = on_flawed.get(f"{OPEN}?view=firms&format=csv").content.decode("utf-8-sig")
    head, *told = csv.reader(io.StringIO(text))
    assert head[3] == "Worth (USD)"
    stakes = [float(row[3]) for row in told]
    assert stakes == sorted(stakes, reverse=True)
    assert sum(int(row[1]) for row in told) == len(rows)


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("detector=tea-leaves", 404, "unexplained-gain, "),
        ("organisation=SEP", 404, "Perhaps SEP-0001"),
        ("period=2031-01", 404, "from 2025-01 to 2025-03"),
        ("period=May", 400, "write it like 2025-06"),
        ("element=Xx", 400, "There is no element"),
        ("element=Sc", 404, "No lot in this ledger holds scandium"),
        ("view=map", 404, "queue, each, firms"),
    ],
)
def test_bad_questions_get_the_cure(on_flawed: Browser, query: str, status: int, said: str) -> None:
    page = on_flawed.page(f"{OPEN}?{query}")
    assert page.status == status
    assert said in page.text


def test_every_detector_has_a_mark_that_can_be_drawn() -> None:
    marks = [words.DETECTOR_MARKS[one.name] for one in DETECTORS]
    assert {shape for shape, _ in marks} <= SHAPES.keys() and {tone for _, tone in marks} <= set(get_args(words.Tone))
