"""On a telephone's screen, 390 pixels wide: nothing scrolls sideways, everything can be touched and read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.browser.conftest import context_of
from tests.browser.looking import Watch, barriers, scrolls_sideways
from tests.browser.portal import VIEWS, Portal

pytestmark = pytest.mark.medium


@pytest.fixture(scope="module")
def telephone(browser: Browser) -> Iterator[BrowserContext]:
    context = context_of(browser, viewport={"width": 390, "height": 844}, color_scheme="light")
    yield context
    context.close()


@pytest.fixture
def page(telephone: BrowserContext) -> Iterator[Page]:
    page = telephone.new_page()
    yield page
    page.close()


@pytest.mark.parametrize("view", VIEWS)
def test_page_fits(portal: Portal, page: Page, view: str) -> None:
    watch = Watch(page, portal.origin)
    page.goto(portal.url(view))
    assert scrolls_sideways(page) == 0
    # Among the rules: targets are 24 pixels wide and high, or far enough apart.
    assert barriers(page) == []
    assert watch.complaints == []


def test_menu_opens_over_the_page_and_leads_on(portal: Portal, page: Page) -> None:
    page.goto(portal.url("overview"))
    law = page.locator("#nav").get_by_role("link", name="Law in force")
    expect(law).not_to_be_visible()
    page.get_by_role("button", name="Menu").click()
    expect(law).to_be_visible()
    assert barriers(page) == []
    law.click()
    page.wait_for_url("**/en/law/")


def test_wide_page_is_seen_to_scroll(page: Page) -> None:
    page.set_content("<meta name=viewport content='width=device-width'><div style='width: 500px'>wide</div>")
    assert scrolls_sideways(page) > 0
