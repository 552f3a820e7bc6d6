"""An inspector's form, and where what was found is shown: at the site, at its balance, at the firm, to the firm."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from tests.web.books import file_books
from tests.web.conftest import Browser, Page

from lodeline.office.access.actor import Actor, RoleGrant
from lodeline.service.inspections.measuring import Weighing, measure
from lodeline.store.opening import open_store
from lodeline.store.store import Store

pytestmark = pytest.mark.medium


@pytest.fixture
def own(pages: None, tmp_path: Path) -> Iterator[tuple[Browser, Store]]:
    """The books that are known by heart, in a file that this test may change."""
    url = file_books(tmp_path / "books.sqlite3")
    with override_settings(LODELINE_DATABASE=url):
        made = open_store(url)
        yield Browser(client=Client(HTTP_HOST="127.0.0.1")), made
        made.database.close()


def as_(role: str, organisation: str = "") -> Browser:
    standing = RoleGrant(organisation=organisation, role=role)
    environ: Any = {"lodeline.actor": Actor(user=1, name="P", pseudonym="p", standings=(standing,))}
    return Browser(client=Client(HTTP_HOST="127.0.0.1", **environ))


COUNT = {"act": "count", "on": "2025-03-31", "whole": "yes", "lot-1": "OX", "product-1": "oxide:Nd", "mass_kg-1": "90",
         "seal-1": "A-17", "note": "Counted with the firm's scale."}  # fmt: skip


def test_count_is_shown_beside_the_firms_own_everywhere(own: tuple[Browser, Store]) -> None:
    browser, store = own
    assert browser.page("/en/inspections/sep/").headings == ["No inspector has entered anything about sep"]
    sent = browser.post("/en/inspections/sep/", COUNT)
    assert sent.status_code == 303, Page(sent).text
    page = Page(browser.get(sent["Location"]))
    assert page.headings == ["sep was inspected once"] and "It stands in the log as entry" in page.text
    assert "Seals that stand: A-17 on SEP/OX since 31 March 2025." in page.text
    rows = browser.get("/en/inspections/sep/?format=csv&table=inspected").content.decode().splitlines()
    assert [row.replace('"', "").split(",")[:5] for row in rows[1:]] == [
        ["SEP/OX", "90.0", "100.0", "100.0", "-10.0"], ["MINE/ORE", "0", "200.0", "200.0", "-200.0"],
    ]  # fmt: skip
    balance = browser.page("/zh/sites/sep/")
    assert "主管部门盘点" in balance.text and "现有封志：A-17" in balance.text
    assert "Counted with the firm's scale." in browser.page("/en/organisations/SEP/").text
    mirror = as_("filer", "SEP").page("/en/firm/SEP/sites/sep/")
    assert "Counted by the authority" in mirror.text and "/en/inspections/" not in mirror.html
    assert "/en/firm/SEP/inspections/" in mirror.html
    entry = store.entries_of("inspection")[0]
    assert ": inspection" in browser.page(f"/en/log/{entry.index}/").headings[0]


def test_file_has_the_columns_of_a_stock_count(own: tuple[Browser, Store]) -> None:
    browser, store = own
    file = SimpleUploadedFile("found.csv", b"lot,product,mass_kg\nOX,oxide:Nd,ninety\n")
    refused = Page(browser.post("/en/inspections/sep/", {"act": "count", "on": "2025-03-31", "file": file}))
    assert refused.status == 400 and "Row 2 · mass_kg: ninety is not a number." in refused.text
    file = SimpleUploadedFile("found.csv", b"lot,product,mass_kg\nOX,oxide:Nd,95\n")
    assert browser.post("/en/inspections/sep/", {"act": "count", "on": "2025-03-31", "file": file}).status_code == 303
    assert len(store.entries_of("inspection")) == 1


def test_who_may_not_enter_sees_no_form_and_is_refused(own: tuple[Browser, Store]) -> None:
    _, store = own
    analyst = as_("analyst")
    assert "Enter a visit" not in analyst.page("/en/inspections/sep/").text
    assert analyst.post("/en/inspections/sep/", COUNT).status_code == 403
    assert as_("inspector").page("/en/inspections/sep/").text.count("Enter a visit") == 1
    assert store.entries_of("inspection") == []


def test_what_was_measured_stands_among_the_visits(own: tuple[Browser, Store]) -> None:
    browser, store = own
    weighing = Weighing(
        site="sep", on=date(2025, 3, 31), files=[("found.csv", b"lot,declared_kg,bag_authority\nOX,90,B-1\n")]
    )
    moment = datetime(2025, 4, 20, tzinfo=UTC)
    done = measure(store, weighing, organisation="SEP", filed_at=moment, today=moment.date(), by="p")
    assert done.entries, done.problems
    for address, words in (("/en/inspections/sep/", "Measured"), ("/zh/inspections/sep/", "测量")):
        assert words in browser.page(address).text
    assert "Measured" in browser.page("/en/organisations/SEP/").text


def test_no_seal_is_taken_off_that_is_not_there(own: tuple[Browser, Store]) -> None:
    browser, _ = own
    refused = Page(browser.post("/en/inspections/sep/", {"act": "unseal", "on": "2025-03-31", "seals": "B-2 Gate 3"}))
    assert refused.status == 400 and "No seal B-2 stands at this site" in refused.text and "B-2 Gate 3" in refused.html
