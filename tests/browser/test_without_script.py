"""Without JavaScript every page says what it has to say, and every control does what it is for."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Eyes
from tests.browser.looking import is_dark
from tests.browser.portal import PEOPLE
from tests.browser.views import VIEWS, Places

pytestmark = pytest.mark.medium


#: Where script does the most: drawings, grids, passkeys. These in every run, all with the slow tests.
MOST = ("draft, every row", "firm-draft-certify")


@pytest.fixture
def page(eyes: Eyes) -> Iterator[Page]:
    page = eyes.context(PEOPLE["inspector"], java_script_enabled=False, color_scheme="light").new_page()
    yield page
    page.close()


@pytest.mark.parametrize("view", [pytest.param(view, marks=() if view in MOST else pytest.mark.slow) for view in VIEWS])
def test_page_shows_its_answer_and_its_tables(eyes: Eyes, view: str) -> None:
    with eyes.on(view, java_script_enabled=False, color_scheme="light") as (page, _):
        expect(page.locator("h1")).to_be_visible()
        for folded in page.locator("main details").all():
            if folded.get_attribute("open") is None:
                folded.locator("summary").first.click()
        tables = page.locator("main table").all()
        assert len(tables) == len(re.findall("<table", page.content()))
        for table in tables:
            assert table.is_visible(), table.locator("caption").text_content()
            assert table.locator("tbody tr").first.is_visible()


def test_language_and_colours_are_chosen(places: Places, page: Page) -> None:
    page.goto(f"{places.portal.origin}/en/?element=Dy")
    page.get_by_role("link", name="中文").click()
    page.wait_for_url("**/zh/?element=Dy")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    assert not is_dark(page)
    page.get_by_role("radio", name="深色").check()
    assert is_dark(page)
    page.get_by_role("radio", name="浅色").check()
    assert not is_dark(page)


def test_what_is_looked_for_is_found(places: Places, page: Page) -> None:
    page.goto(places.url("law"))
    page.locator("#find").fill("MAG-0001")
    page.locator("#find").press("Enter")
    page.wait_for_url("**/en/organisations/MAG-0001/")


def test_menu_is_reached_on_a_narrow_screen(places: Places, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(places.url("overview"))
    findings = page.locator("#nav").get_by_role("link", name="Findings")
    expect(findings).not_to_be_visible()
    page.get_by_role("button", name="Menu").click()
    findings.click()
    page.wait_for_url("**/en/findings/")


def test_table_is_sorted_by_its_head(places: Places, page: Page) -> None:
    page.goto(places.url("lots"))
    head = page.get_by_role("columnheader", name="Dry mass")
    head.get_by_role("link").click()
    expect(head).to_have_attribute("aria-sort", "descending")
