"""On a telephone's screen, 390 pixels wide: the menu opens over the page, and what is too wide is seen.

That every page fits, and can be touched and read, is in test_every_page.py.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import barriers, scrolls_sideways
from tests.browser.views import Places

pytestmark = pytest.mark.medium


def test_menu_opens_over_the_page_and_leads_on(places: Places, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(places.url("overview"))
    law = page.locator("#nav").get_by_role("link", name="Law in force")
    expect(law).not_to_be_visible()
    page.get_by_role("button", name="Menu").click()
    expect(law).to_be_visible()
    assert barriers(page) == []
    law.click()
    page.wait_for_url("**/en/law/")


def test_wide_page_is_seen_to_scroll(page: Page) -> None:
    page.set_content("<meta name=viewport content='width=device-width'><div style='width: 500px'>wide</div>")
    page.set_viewport_size({"width": 390, "height": 844})
    assert scrolls_sideways(page) > 0
