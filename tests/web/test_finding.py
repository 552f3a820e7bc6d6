"""One finding: the question, its innocent explanations, and evidence that leads to where it stands."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from tests.findings import answer_of
from tests.office.trade import person as member
from tests.web.conftest import Browser, Page

from lodeline.detection.battery import DETECTORS, explanation_of
from lodeline.detection.detector import ANY_QUESTION
from lodeline.detection.detectors import round_trip
from lodeline.language import Language
from lodeline.message import (
    ARROW,
    NOTHING,
    Mass,
    Party,
    Series,
    as_json,
    localized,
)
from lodeline.regulation.parameter import load
from lodeline.service.findings.finding import findings
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store
from lodeline.web.pages.balance import chosen as page_of_balance
from lodeline.web.pages.findings import finding as page_of_finding
from lodeline.web.pages.findings.evidence import FLOWS
from lodeline.web.pages.findings.evidence_words import TERMS
from lodeline.web.pages.register import organisations
from lodeline.web.words.messages import sentences
from lodeline.web.words.words import organisation_names

ID = "ab" * 32


@pytest.fixture
def on_flawed(flawed: Store, elsewhere: Callable[[str | Path], Browser]) -> Browser:
    return elsewhere(flawed.database.url)


@pytest.fixture(scope="module")
def found(flawed: Store) -> dict[str, dict[str, Any]]:
    """The first finding of each detector."""
    rows = [one.as_json() for one in findings(flawed, open_snapshot(flawed), load("cn")).raised]
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
    monkeypatch.setattr(page_of_finding, "ask", lambda *_: answer_of(rows))
    return rows


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_finding_has_a_whole_page(
    on_flawed: Browser, flawed: Store, found: dict[str, dict[str, Any]], language: Language
) -> None:
    names = organisation_names(open_snapshot(flawed).register, language)
    for row in found.values():
        page = on_flawed.page(f"/{language}/findings/{row['id']}/")
        assert page.status == 200
        (detector,) = (one for one in DETECTORS if one.name == row["detector"])
        heading = page.headings[0].strip()
        if detector.question == ANY_QUESTION:
            assert heading.startswith(detector.label[language])
        else:
            assert heading.endswith("?" if language == "en" else "？")
        told = " ".join(page.text.split())
        said = " ".join(sentences(explanation_of(row), language, names).split())
        for text in (said, *(one[language] for one in (*row["innocent"], *row["ask"]))):
            assert text in told
        assert "None" not in told.split()
        assert not re.search(r"\{[a-z_]*\}|<style|\sstyle=", page.html)


def test_a_firm_reads_the_questions_about_its_site_on_the_sites_balance(
    on_flawed: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = round_trip.TEXTS.message(
        "went-round", ring=Series((Party("SEP-0002"), Party("MIN-0001")), ARROW), times=NOTHING, mass=Mass(4_200_000)
    )
    text, sentence = localized([told]), as_json(told)
    row = made_up(
        "round-trip",
        subject={"organisation": "SEP-0002", "site": "SEP-0002-A"},
        explanation=text,
        sentences=[sentence],
        period={"from": "2025-01", "to": "2025-03"},
    )
    monkeypatch.setattr(page_of_balance, "findings", lambda *_: answer_of([row]))
    own: Any = {"lodeline.actor": member("SEP-0002", "filer")}
    client = Client(HTTP_HOST="127.0.0.1", **own)
    for language, went in (("en", "Goods went round"), ("zh", "货物沿")):
        page = Page(client.get(f"/{language}/firm/SEP-0002/sites/SEP-0002-A/"))
        assert page.status == 200 and went in page.text and "SEP-0002" in page.text


def test_missing_filing_leads_to_the_rows_of_others(on_flawed: Browser, found: dict[str, dict[str, Any]]) -> None:
    row = found["missing-filing"]
    named = [item for item in row["evidence"] if "kind" in item]
    assert named, "others name the firm"
    links = {str(link.get("href")) for link in on_flawed.page(f"/en/findings/{row['id']}/").links}
    for item in named:
        assert f"/en/log/{item['entry']}/" in links
        assert f"/en/organisations/{item['organisation']}/" in links
        transfer = f"/en/exceptions/?kind=delivery&state=all&q={item['event']}&organisation={item['organisation']}"
        assert transfer in links
        page = on_flawed.page(transfer)
        assert page.status == 200
        assert item["event"] in page.html.partition("<tbody")[2], "the list has the transfer"


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
    seen.append(made_up("newly-invented", subject={"pair": "SEP-0001>MIN-0001"}, evidence=evidence))
    text = browser.page(f"/en/findings/{ID}/").text
    assert "newly-invented: a question to" in text
    assert "Shipper" in text and "Receiver" in text
    assert "Share of pair 0.2 Rate 7" in text and "hop" in text


def test_a_question_about_a_pair_goes_to_both_and_a_letter_names_one(
    browser: Browser, seen: list[dict[str, Any]], store: Store
) -> None:
    seen.append(made_up("composition-swap", subject={"pair": "SEP-0001>MIN-0001"}))
    names = organisation_names(store.newest_register(), "en")
    shipper, receiver = names["SEP-0001"], names["MIN-0001"]
    page = browser.page(f"/en/findings/{ID}/")
    assert f"{shipper} and {receiver}" in page.headings[0] and "Both sides of the delivery are asked" in page.text
    letters = re.findall(r'href="([^"]+to=(?:SEP-0001|MIN-0001))"', page.html)
    assert len(letters) == 2
    for at, to, other in zip(letters, (shipper, receiver), (receiver, shipper), strict=True):
        letter = browser.page(at)
        address = re.search(r'<dl class="dl">.*?</dl>', letter.html, re.DOTALL)
        assert address is not None and to in address[0] and other not in address[0]
        assert to in letter.headings[0] and other not in letter.headings[0]


def test_list_of_firms_counts_a_question_at_each_that_is_asked(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    rows = [made_up("composition-swap", subject={"pair": "SEP-0001>MIN-0001"}), made_up("unexplained-loss")]
    monkeypatch.setattr(organisations, "findings", lambda *_: answer_of(rows))
    text = browser.get("/en/organisations/?format=csv").content.decode("utf-8-sig")
    counted = {row["Organisation"]: row["Findings"] for row in csv.DictReader(io.StringIO(text))}
    names = organisation_names(store.newest_register(), "en")
    assert [counted[names[one]] for one in ("SEP-0001", "MIN-0001")] == ["2", "1"]


#: Evidence in every form that docs/reference/detectors.md has, and what is read of it.
FORMS: list[tuple[list[dict[str, Any]], tuple[str, ...]]] = [
    (
        [{"totals": {"not_covered_kg": "30"}, "breaches": {"without": 2, "end-user": 1}}],
        ("Rows by what is wrong no licence 2, another end user 1", "Goods not covered 30.0 kg"),
    ),
    (
        [{"totals": {"control_date": "2025-04-04", "before": {"US": 3}, "after": {"VN": 2, "MY": 1}}}],
        ("Control in force from 4 April 2025", "before United States 3", "since Vietnam 2, Malaysia 1"),
    ),
    (
        [{"signature": {"p": 0.001, "misfit_p": 0.4, "named": [
            {"signature": "x", "probability": 0.62, "en": "ionic clay", "zh": "离子型矿"},
        ]}}],
        ("What came in looks like ionic clay 62.0 %",),
    ),
    ([{"signature": {"reason": "too-few"}}], ("There are too few measurements",)),
    (
        [{"run": {"element": "Nd", "since": "2025-01-31", "until": "2025-03-31", "balances": 2, "mass_kg": "52.5",
                  "p": 1.2e-9, "budget": 0.001}}],
        ("The window that shows it", "31 March 2025", "52.5 kg", "1.2e-09"),
    ),
    (
        [{"untested": {"element": "Nd", "since": "2025-01-31", "until": "2025-02-28", "unassayed_kg": ["0", "12.5"]}},
         {"lot": "A-1", "product": "swarf", "dry_kg": "20", "open_kg": "12.5"}],
        ("Balances that could not be tested", "0 t to 12.5 kg", "The lots that matter most", "A-1"),
    ),
    (
        [{"period": "2025-03", "made_kg": "20", "capacity_kg": "12"},
         {"period": "2025-04", "made_kg": "21", "capacity_kg": "12"}],
        ("Month by month", "March 2025", "April 2025", "Capacity"),
    ),
    ([{"shared": ["name: sun US", "+1 2"], "customers": ["C-1", "C-2"]}], ("name: sun US, +1 2", "Customers C-1, C-2")),
    (
        [{"exception": "e1", "on": "2025-03-01", "age_days": 40, "number": "I-7", "filed_kg": "3"},
         {"entry": 1, "movement": 2, "event": "S-1", "mass_kg": "3"},
         {"exception": "e2", "on": "2025-03-02", "age_days": 39, "declaration": "D-7", "border_kg": "4"}],
        ("The heaviest exceptions", "I-7", "D-7", "Rows behind them", "S-1"),
    ),
    (
        [{"entry": 1, "event": "R-1", "kind": "receipt", "on": "2025-03-01", "shipped_kg": "12", "received_kg": "11"}],
        ("Shipped: 12.0 kg; Received: 11.0 kg",),
    ),
    (
        [{"kind": "export", "on": "2025-03-01", "mass_kg": "2", "lot_product": "swarf", "contradicts": ["code"]}],
        ("Contradicts the lot in: code",),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("evidence", "expected"), FORMS)
def test_evidence_is_read_in_words_in_whatever_form(
    browser: Browser, seen: list[dict[str, Any]], evidence: list[dict[str, Any]], expected: tuple[str, ...]
) -> None:
    seen.append(made_up("licence-abuse", evidence=evidence))
    for language in ("en", "zh"):
        text = plain(browser.page(f"/{language}/findings/{ID}/").text)
        assert not re.search(r"\{'|\['|': |None|True", text)
        for key in re.findall(r"'([a-z]+_[a-z_]+)'", repr(evidence)):
            assert key not in text, "a key of the program's own"
        if language == "en":
            assert [part for part in expected if part not in text] == []
        else:
            assert set(re.findall(r"[一-龥]", text))


def test_every_key_that_is_documented_has_a_term() -> None:
    """One that several detectors use stands among the terms of the page, and not with one of them."""
    from tests.docs.test_docs import section  # noqa: PLC0415

    # Keys of a balance are columns; `deadline` is one; the others name an item, a kind or a value.
    others = {"balance", "totals", "run", "untested", "signature", "deadline", "beyond", "name", "physical_kg"}
    others |= {"en", "zh", "probability"}
    columns = others | {f"{flow}_kg" for flow, _, _ in FLOWS}
    checked = set()
    for one in DETECTORS:
        told = section("docs/reference/detectors.md", f"## `{one.name}`").partition("**Evidence.**")[2]
        keys = set(re.findall(r'"([a-z_]+)"', told.partition("**Source.**")[0])) - columns
        of_another = {key for other in DETECTORS if other is not one for key in other.labels}
        assert keys <= TERMS.keys() - of_another, one.name
        checked |= keys
    assert len(checked) > 60


def test_a_finding_about_a_licence_names_it(browser: Browser, seen: list[dict[str, Any]]) -> None:
    seen.append(made_up("licence-abuse", subject={"organisation": "SEP-0001", "licence": "L-2025-7"}, score=None))
    for language, label in (("en", "Licence"), ("zh", "许可证")):
        page = browser.page(f"/{language}/findings/{ID}/")
        assert f"/{language}/licences/L-2025-7/" in {link.get("href") for link in page.links}
        assert f"{label} L-2025-7" in " ".join(page.text.split())


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
