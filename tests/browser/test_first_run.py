"""The first page that anybody sees of a new portal, before there is an account."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import context_of
from tests.browser.looking import Watch, barriers, is_dark, scrolls_sideways
from tests.browser.portal import PROGRAM, served

pytestmark = pytest.mark.medium


@pytest.fixture(scope="module")
def origin(executable: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A portal of which nothing is known yet, and no demo."""
    room = tmp_path_factory.mktemp("first-run")
    store = room / "store.sqlite3"
    subprocess.run([PROGRAM, "init", "--database", store], check=True, stdout=subprocess.DEVNULL)
    with served(store, room / "errors", clock=None) as origin:
        yield origin


@pytest.mark.parametrize(
    ("language", "scheme", "width"), [("en", "dark", 390), pytest.param("zh", "light", 1440, marks=pytest.mark.slow)]
)
def test_whoever_comes_first_is_led_to_the_first_account(
    browser: Browser, origin: str, language: str, scheme: str, width: int
) -> None:
    context = context_of(browser, color_scheme=scheme, viewport={"width": width, "height": 900})
    page = context.new_page()
    watch = Watch(page, origin)
    page.goto(f"{origin}/{language}/findings/")
    page.wait_for_url(f"**/{language}/first-run/")
    expect(page.locator("h1")).to_have_count(1)
    assert is_dark(page) == (scheme == "dark")
    found, sideways = barriers(page), scrolls_sideways(page)
    context.close()
    assert (found, sideways, watch.complaints) == ([], 0, [])
