"""The page of a take-over: a dry run first, then the whole table; letters, opening stocks, the parallel run."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from tests.web.conftest import Browser, Page

from lodeline.office.access import clock
from lodeline.office.access.actor import Actor, RoleGrant
from lodeline.office.jobs.work import work_once
from lodeline.office.models import Draft
from lodeline.office.register import letters
from lodeline.store.opening import open_store
from lodeline.store.store import Store

HERE = "/en/register/take-over/"
REGISTER = (
    "organisation,name_zh,name_en,country,roles,site,stage,contact_name,email,person_role\n"
    "SEP-9,赣北分离,Ganbei,CN,separator,SEP-9-A,separation,Li Na,li.na@sep9.example,organisation-admin\n"
)


@pytest.fixture
def own(pages: None, store: Store, tmp_path: Path) -> Iterator[tuple[Browser, Store]]:
    """The small world in a file that this test may change."""
    assert store.database.path is not None
    copy = tmp_path / "copy.sqlite3"
    shutil.copy(store.database.path, copy)
    with override_settings(LODELINE_DATABASE=str(copy)):
        made = open_store(str(copy))
        yield Browser(client=Client(HTTP_HOST="127.0.0.1")), made
        made.database.close()


def file(text: str, name: str = "firms.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text.encode())


def kept(text: str) -> dict[str, Any]:
    """The hidden fields of the form that enters what was checked."""
    found = dict(
        re.findall(
            r'<input type="hidden" name="(\w+)" value="([^"]*)"',
            text.partition('id="dry-run"')[2].partition("</section>")[0],
        )
    )
    return {name: found[name] for name in ("do", "name", "content") if name in found}


def test_a_table_is_a_dry_run_first_and_then_entered_whole(own: tuple[Browser, Store]) -> None:
    browser, store = own
    size = store.head().size
    dry = browser.post(HERE, {"do": "register", "table": file(REGISTER)})
    assert dry.status_code == 200 and store.head().size == size
    assert "1 firm and 1 site would be entered, 1 person invited" in Page(dry).text
    entered = browser.post(HERE, kept(dry.content.decode()))
    assert entered.status_code == 303
    assert store.head().size == size + 1 and "SEP-9" in store.newest_register().roles
    page = Page(browser.get(entered["Location"]))
    assert "The table is entered" in page.text and "1 letter waits" in page.text
    while work_once("somewhere:1:test"):
        pass
    assert "in a file on the server" in browser.page(HERE).text
    assert "li.na@sep9.example" in letters.file_of(store.database.url).read_text("utf-8")
    for at in (HERE, HERE + "?letters=1"):
        assert b"/invitation/" not in browser.get(at).content, "no page shows a link"


def test_what_is_wrong_is_said_with_its_row_in_both_languages_and_nothing_entered(own: tuple[Browser, Store]) -> None:
    browser, store = own
    size = store.head().size
    wrong = REGISTER + "SEP-9,赣南分离,,,,SEP-9-B,factory,,,\n"
    for language, said in (("en", "Row 3, name_zh"), ("zh", "3行, name_zh")):
        refused = browser.post(f"/{language}/register/take-over/", {"do": "register", "table": file(wrong)})
        assert refused.status_code == 400
        page = Page(refused)
        assert said in page.text and "factory" in page.text
        assert kept(refused.content.decode()) == {}
    for form in ({"do": "register"}, {"do": "register", "table": file("PK", "a.xlsx")}, {"do": "nothing"},
                 {"do": "register", "content": "no base64!"}, {"do": "register", "table": file(REGISTER), "on": "x"},
                 {"do": "stocks", "table": file("site,lot\n"), "evening": "2025-01-01"}):  # fmt: skip
        assert browser.post(HERE, form).status_code == 400
    assert store.head().size == size


def test_opening_stocks_become_drafts_and_the_page_says_who_attested(own: tuple[Browser, Store]) -> None:
    browser, store = own
    site, firm = next(iter(sorted(store.newest_register().site_organisation.items())))
    lots = f"site,lot,product,mass_kg,composition\n{site},OLD-1,metal:Nd,10,Nd=99\n"
    dry = browser.post(HERE, {"do": "stocks", "table": file(lots, "lots.csv"), "evening": "2024-12-31"})
    assert "1 lot of 1 firm would be prepared" in Page(dry).text
    form = {**kept(dry.content.decode()), "evening": "2024-12-31"}
    assert browser.post(HERE, form).status_code == 303
    assert Draft.objects.get().organisation == firm
    page = browser.page(HERE)
    assert "0 of 1 opening stocks are attested" in page.headings[0] and "with the firm" in page.text


def test_the_parallel_run_is_set_and_shown_where_findings_are(own: tuple[Browser, Store]) -> None:
    browser, store = own
    until = (clock.now() + timedelta(days=400)).date()
    assert browser.post(HERE, {"do": "parallel", "until": str(until), "reason": ""}).status_code == 400
    assert browser.post(HERE, {"do": "parallel", "until": str(until), "reason": "Order 12"}).status_code == 303
    run = store.newest_register().parallel_run
    assert run is not None and run.until == until
    assert "Order 12" in browser.page(HERE).text
    assert "opens no case" in browser.page("/en/findings/").text
    assert "不立案" in browser.page("/zh/findings/").text


def test_findings_say_from_when_each_detector_can_see(own: tuple[Browser, Store]) -> None:
    browser, _ = own
    text = browser.page("/en/findings/").text
    assert "From when each detector can see" in text and "2 stock counts of a site" in text
    assert b"can_see" not in browser.get("/en/findings/?format=csv&table=seeing").content


def test_only_a_registrar_of_the_whole_country_takes_over(own: tuple[Browser, Store]) -> None:
    browser, _ = own
    regional = Actor(
        user=1, name="R", pseudonym="r",
        standings=(RoleGrant(organisation="", role="registrar", region="CN-JX", firms=frozenset({"SEP-0001"})),),
    )  # fmt: skip
    client = Client(HTTP_HOST="127.0.0.1", **{"lodeline.actor": regional})  # type: ignore[arg-type]  # as_official
    assert client.get(HERE).status_code == 403
    assert client.post(HERE, {"do": "register", "table": file(REGISTER)}).status_code == 403
    del browser
