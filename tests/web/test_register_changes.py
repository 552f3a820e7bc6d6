"""Mergers, hand-overs and methods in the portal; every page about the firm says what it has become part of."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client, override_settings
from tests.web.conftest import Browser, Page

from lodeline.store.opening import open_store
from lodeline.store.store import Store


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


MERGER = {"kind": "merger", "successor": "SEP-0002", "on": "2025-04-01", "reason": "Decision 12 of 2025"}


def test_merged_firm_is_part_of_its_successor_on_every_page(own: tuple[Browser, Store]) -> None:
    browser, store = own
    sent = browser.post("/en/register/changes/SEP-0001/", MERGER)
    assert sent.status_code == 303
    page = Page(browser.get(sent["Location"]))
    names = dict(store.register(store.head()).tables["organisations"].select("id", "name_en").iter_rows())
    said = f"Since 1 April 2025 part of {names['SEP-0002']}."
    assert said in page.text and "It stands in the log as entry" in page.text and "Enter a change" not in page.text
    assert said in browser.page("/en/organisations/SEP-0001/").text
    assert said in browser.page("/en/register/SEP-0001/").text
    assert "is part of it since 1 April 2025" in browser.page("/en/organisations/SEP-0002/").text
    site = browser.page("/zh/sites/SEP-0001-A/").text
    assert "自2025年4月1日起属于" in site
    goods = browser.get("/en/register/changes/SEP-0001/SEP-0002/handover.csv").content.decode().splitlines()
    assert goods[0].startswith("event,kind,on,site,lot") and goods[1].startswith(
        "HANDOVER-SEP-0001-A-2025-04-01,shipment"
    )
    assert browser.get("/en/register/changes/SEP-0001/MIN-0001/handover.csv").status_code == 404


def test_what_is_wrong_stands_at_its_field(own: tuple[Browser, Store]) -> None:
    browser, store = own
    size = store.head().size
    refused = Page(browser.post("/en/register/changes/SEP-0001/", {**MERGER, "on": "2025-04-02", "successor": "X"}))
    assert refused.status == 400 and "give the first of a month" in refused.text
    assert "Name another organisation of the register by its id." in refused.text
    assert "Decision 12 of 2025" in refused.html and store.head().size == size
    assert browser.get("/en/register/changes/NOBODY/").status_code == 404


def test_method_is_changed_and_a_process_added(own: tuple[Browser, Store]) -> None:
    browser, store = own
    record = store.register(store.head()).tables["methods"].row(0, named=True)
    key = f"{record['id']}|{record['quantity']}|{record['element'] or ''}"
    form = browser.page("/en/register/methods/?" + f"methods={key.replace('|', '%7C')}")
    assert "Change this method" in form.text
    changed = {"do": "methods", "id": record["id"], "quantity": record["quantity"], "element": record["element"] or "",
               "random_pct": "0.77", "systematic_pct": "0.3", "calibration": "2025-03"}  # fmt: skip
    assert browser.post("/en/register/methods/", changed).status_code == 303
    methods = store.register(store.head()).tables["methods"]
    assert methods.filter(id=record["id"], quantity=record["quantity"])["random_pct"].to_list()[0] == "0.77"
    refused = Page(browser.post("/en/register/methods/", {**changed, "random_pct": "much", "element": "Xx"}))
    assert refused.status == 400 and "much is not a number." in refused.text
    assert "Xx is not one of" in refused.text
    process = {"do": "processes", "id": "leach-9", "stage": "separation", "yield_low_pct": "95", "yield_high_pct": "92"}
    assert "92 is outside 95 to 100." in Page(browser.post("/en/register/methods/", process)).text
    assert browser.post("/en/register/methods/", {**process, "yield_high_pct": "99"}).status_code == 303
    assert "leach-9" in browser.page("/en/register/methods/?site=SEP-0001-A").text
