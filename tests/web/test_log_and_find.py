"""The log, its receipts, their verification in the page, and the way to things by name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from tests.web.conftest import Browser, Page

from lodeline.control.declaration import read_fields
from lodeline.journal.verify import verify_receipt
from lodeline.office.access import clock
from lodeline.office.access.actor import NOBODY, Actor, RoleGrant
from lodeline.office.access.audit import record_act
from lodeline.office.log.anchoring import anchor
from lodeline.regulation.parameter import load as load_law
from lodeline.service.customs.papers import put_question
from lodeline.service.findings.finding import findings
from lodeline.store.opening import open_store
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store

#: As they are sent to find out whether text becomes markup, a template or part of a command.
HOSTILE = """<img src=x onerror="alert('x')">{{ 7|add:7 }}"""
INJECTED = "'; DROP TABLE entry; --"


@pytest.fixture
def receipt(browser: Browser) -> dict[str, Any]:
    response = browser.get("/en/log/1/receipt.json")
    assert "lodeline-receipt-1.json" in response["Content-Disposition"]
    document: dict[str, Any] = json.loads(response.content)
    return document


def verified(browser: Browser, receipt: object, language: str = "en") -> Page:
    text = receipt if isinstance(receipt, str) else json.dumps(receipt)
    return Page(browser.post(f"/{language}/verify/", {"receipt": text}))


def test_receipt_of_the_page_is_one_that_holds_elsewhere(receipt: dict[str, Any], store: Store) -> None:
    assert verify_receipt(receipt, vkey=store.signer.verifier.vkey) == []


def test_receipt_holds(browser: Browser, receipt: dict[str, Any]) -> None:
    page = verified(browser, receipt)
    assert page.headings == ["This receipt holds"]
    assert "signed by the key of this log" in page.text
    assert "continues the one of the receipt" in page.text
    assert verified(browser, {"receipt": receipt}, "zh").headings == ["回执成立"]


def test_receipt_as_a_file(browser: Browser, receipt: dict[str, Any]) -> None:
    file = SimpleUploadedFile("receipt.json", json.dumps(receipt).encode())
    assert Page(browser.post("/en/verify/", {"receipt": "", "file": file})).headings == ["This receipt holds"]


@pytest.mark.parametrize(
    "change", [{"entry": 2}, {"filed_at": "2020-01-01T00:00:00Z"}, {"flags": [{"code": "x"}]}, {"inclusion": []}]
)
def test_changed_receipt_does_not_hold(browser: Browser, receipt: dict[str, Any], change: dict[str, Any]) -> None:
    assert verified(browser, receipt | change).headings == ["This receipt does not hold"]


@pytest.mark.parametrize("text", ["nonsense", "[1]", "{}", "\x00", '{"receipt": 3}'])
def test_what_is_no_receipt(browser: Browser, text: str) -> None:
    page, chinese = verified(browser, text), verified(browser, text, "zh")
    assert (page.status, page.headings) == (200, ["This is not a receipt"])
    assert "does not hold" not in page.text and "from { to }" in page.text
    assert chinese.headings == ["所提交内容不是回执"] and "不成立" not in chinese.text


def test_a_receipt_that_was_cut_off_does_not_hold(browser: Browser, receipt: dict[str, Any]) -> None:
    assert verified(browser, json.dumps(receipt)[:-30]).headings == ["This receipt does not hold"]


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_form_is_no_receipt_that_fails(browser: Browser, text: str) -> None:
    page = verified(browser, text)
    assert (page.status, page.headings[0]) == (200, "Verify a receipt")
    assert "Nothing was sent" in page.text and "does not hold" not in page.text
    assert "未提交内容" in verified(browser, text, "zh").text


def test_receipt_of_another_log_is_told_apart(browser: Browser, receipt: dict[str, Any], tmp_path: Any) -> None:
    from tests.desk import Desk  # noqa: PLC0415
    from tests.desk import organisation as firm  # noqa: PLC0415

    from lodeline.service.entries.receipts import receipt as receipt_of  # noqa: PLC0415
    from lodeline.store.opening import create  # noqa: PLC0415

    other, _ = create(str(tmp_path / "other.sqlite3"), secret="the secret of another")
    Desk(other).register(organisations=[firm("ACME")])
    page = verified(browser, receipt_of(other, 0))
    assert "signed by another log" in page.text


def test_log_that_was_rewritten_shows(
    browser: Browser, receipt: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lodeline.web.pages.log.verify._root", lambda _: "00" * 32)
    assert "does not continue the one of the receipt" in verified(browser, receipt).text


@pytest.mark.medium
def test_entries_of_the_office_stand_apart_and_the_head_is_the_log_s_own(
    pages: None, store: Store, tmp_path: Path
) -> None:
    assert store.database.path is not None
    copy = str(shutil.copy(store.database.path, tmp_path / "copy.sqlite3"))
    with override_settings(LODELINE_DATABASE=copy):
        made, browser = open_store(copy), Browser(client=Client(HTTP_HOST="127.0.0.1"))
        before = made.head().size
        browser.page("/en/log/")
        record_act(NOBODY, "account.sign-in")
        anchor(made, now=clock.now())
        page = browser.page("/en/log/")
        assert page.headings == [f"{before + 1} entries under one signed root"]
        assert made.head().frontier.root().hex() in page.text
        apart = browser.page("/en/log/?kind=office")
        assert f"/en/log/{before}/" in {one.get("href") for one in apart.links}
        assert f"/en/log/{before}/" not in {one.get("href") for one in page.links}
        assert browser.page(f"/en/log/{before}/").headings[0] == f"Entry {before}: office record"
        made.database.close()


def test_what_is_too_large_is_named(browser: Browser) -> None:
    page = verified(browser, "x" * 3_000_000)
    assert (page.status, "too large" in page.text) == (400, True)


def test_form_of_another_site_is_refused(browser: Browser) -> None:
    page = Page(Client(HTTP_HOST="127.0.0.1", enforce_csrf_checks=True).post("/zh/verify/", {"receipt": "{}"}))
    assert (page.status, page.lang) == (403, "zh-Hans")


def test_entry_tells_whose_it_is_and_what_was_flagged(browser: Browser, store: Store) -> None:
    flagged = next(entry for entry in store.entries() if entry.flags)
    page = browser.page(f"/en/log/{flagged.index}/")
    assert flagged.leaf_hash in page.html and flagged.root in page.html
    assert str(flagged.flags[0]["code"]) in page.text
    assert f"/en/organisations/{flagged.organisation}/" in page.html


def test_log_narrows_to_an_organisation_and_a_month(browser: Browser, store: Store) -> None:
    wanted = [e.index for e in store.entries() if (e.organisation, e.period) == ("SEP-0001", "2025-02")]
    html = browser.page("/en/log/?organisation=SEP-0001&period=2025-02").html
    assert wanted and all(f"/en/log/{index}/" in html for index in wanted)
    assert "1 row" in html if len(wanted) == 1 else f"{len(wanted)} rows" in html


@pytest.mark.parametrize(
    ("text", "path"),
    [("SEP-0001", "/en/organisations/SEP-0001/"), ("1", "/en/log/1/"), (" SEP-0001-A ", "/en/sites/SEP-0001-A/")],
)
def test_find_goes_straight_to_what_is_called_so(browser: Browser, text: str, path: str) -> None:
    response = browser.client.get("/en/find/", {"q": text})
    assert (response.status_code, response["Location"]) == (302, path)


def test_find_by_the_whole_name_and_by_a_part_of_it(browser: Browser, store: Store) -> None:
    table = store.register(store.head()).tables["organisations"]
    (name,) = table.filter(table["id"] == "SEP-0001")["name_zh"]
    assert browser.client.get("/zh/find/", {"q": name})["Location"] == "/zh/organisations/SEP-0001/"
    page = Page(browser.client.get("/zh/find/", {"q": name[1:4]}))
    assert name in page.text


def test_find_says_when_there_is_nothing(browser: Browser) -> None:
    page = browser.page("/en/find/?q=%3Cb%3Enobody")
    assert page.headings == ["Nothing is like “<b>nobody”"]


def test_find_finds_lots(browser: Browser, store: Store) -> None:
    name = store.books.lot_names([1])[1]
    assert name in browser.page(f"/en/find/?q={name[:-1]}").text
    listed = browser.page("/zh/find/?q=SWARF")
    assert "磨削废料" in listed.text and "swarf" not in listed.text.replace("SWARF", "")


def test_what_is_looked_for_is_shown_as_text(browser: Browser) -> None:
    shown = browser.get("/en/find/?" + urlencode({"q": HOSTILE})).content.decode()
    assert "<img" not in shown
    assert "&lt;img" in shown


def test_a_quotation_mark_ends_nothing(browser: Browser, store: Store) -> None:
    before = store.head().frontier.root()
    for path, fields in (
        ("/en/find/", {"q": INJECTED}),
        ("/en/log/", {"organisation": INJECTED, "period": "2025-01"}),
        ("/en/lots/", {"q": INJECTED, "sort": INJECTED}),
    ):
        answer = browser.get(f"{path}?{urlencode(fields)}")
        assert answer.status_code in (200, 400, 404), path
        assert INJECTED not in answer.content.decode()
    assert open_store(store.database.url).head().frontier.root() == before


def test_a_parameter_that_is_given_twice_counts_once(browser: Browser) -> None:
    twice = browser.get("/en/find/?q=first+word&q=second+word").content.decode()
    assert "second word" in twice
    assert "first word" not in twice


def test_find_knows_findings_by_the_beginning_of_their_id(browser: Browser, flawed: Store, elsewhere: Any) -> None:
    row = findings(flawed, open_snapshot(flawed), load_law("cn")).as_json()["rows"][0]
    there: Browser = elsewhere(flawed.database.url)
    for text in (row["id"], row["id"][:16]):
        found = Page(there.client.get("/en/find/", {"q": text}, follow=True))
        assert f"/en/findings/{row['id']}/" in found.html
    assert browser.page("/en/find/?q=0123456789abcdef").headings == ["Nothing is like “0123456789abcdef”"]


def test_customs_officers_find_declarations_and_licences_alone(pages: None, store: Store, tmp_path: Path) -> None:
    assert store.database.path is not None
    copy = str(shutil.copy(store.database.path, tmp_path / "copy.sqlite3"))
    grants = (RoleGrant(organisation="", role="customs-officer"),)
    environ: Any = {"lodeline.actor": Actor(user=1, name="Customs", pseudonym="customs", standings=grants)}
    client = Client(HTTP_HOST="127.0.0.1", **environ)
    with override_settings(LODELINE_DATABASE=copy):
        made = open_store(copy)
        number = "310120250000004711"
        asked = read_fields({"declaration": number, "exporter": "EXP-0001", "product_name": "磁体"})
        answer = {"day": "2025-03-01", "lines": []}
        entry = put_question(made, asked, answer, by="p", channel="desk", filed_at=clock.now()).index
        assert client.get("/en/desk/find/", {"q": number})["Location"] == f"/en/desk/asked/{entry}/"
        listed = Page(client.get("/en/desk/find/", {"q": "EXP-0001"}))
        assert f"/en/desk/asked/{entry}/" in {one.get("href") for one in listed.links}
        assert client.get("/en/find/", {"q": number}).status_code == 403
        assert 'action="/en/desk/find/"' in listed.html
        # An entry that keeps a question is that question to whoever may open it.
        assert (
            Browser(client=Client(HTTP_HOST="127.0.0.1")).client.get("/en/find/", {"q": str(entry)})["Location"]
            == f"/en/desk/asked/{entry}/"
        )
        made.database.close()
