"""The portal in a real browser. Without one these tests are skipped, and say how to get it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser import looking
from tests.browser.examples import furnished
from tests.browser.looking import Watch
from tests.browser.portal import PEOPLE, Portal, build, served, tested_in
from tests.browser.views import VIEWS, Places

#: Milliseconds that anything in the browser may take: a machine under load is slow, and not wrong.
PATIENCE_MS = 40_000
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def executable() -> str:
    found = tested_in()
    if found is None:
        pytest.skip("The pages are tested in chromium. As root: apt-get install chromium fonts-noto-cjk")
    return found


@pytest.fixture(scope="session")
def portal(executable: str, run_room: Path) -> Iterator[Portal]:
    """What most tests look at. No test changes the ledger that it shows."""
    with furnished(run_room) as portal:
        yield portal


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """A portal on the world as it was loaded, in which things are done, and its store."""

    portal: Portal
    store: Path


@pytest.fixture(scope="session")
def workshop(executable: str, run_room: Path) -> Iterator[Workshop]:
    """Its tests follow one another in one worker: each keeps to its own firm, month or person."""
    store = build(run_room)
    with served(store, store.with_name("errors")) as origin, Portal(origin) as portal:
        yield Workshop(portal=portal, store=store)


@pytest.fixture(scope="session")
def places(portal: Portal) -> Places:
    return Places(portal)


@pytest.fixture(scope="package")
def browser(executable: str) -> Iterator[Browser]:
    """For these tests alone: as long as it runs, this thread has an event loop, which Django's database refuses."""
    with sync_playwright() as playwright:
        browser = looking.launch(playwright, executable)
        yield browser
        browser.close()


def context_of(browser: Browser, **options: object) -> BrowserContext:
    """A browser of somebody who comes for the first time, on a desk's screen unless `options` say otherwise."""
    context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MS)
    return context


class Eyes:
    """Opens views as who looks at them. A browser for each person and look: the static files are fetched once."""

    def __init__(self, browser: Browser, places: Places) -> None:
        self.places = places
        self._browser = browser
        self._contexts: dict[tuple[object, ...], BrowserContext] = {}

    def context(self, by: str, **options: object) -> BrowserContext:
        """The browser of a sample account, signed in and lately proved to be it."""
        key = (by, *((name, repr(value)) for name, value in options.items()))
        if key not in self._contexts:
            self._contexts[key] = context_of(self._browser, **options)
        if by:
            self._contexts[key].add_cookies(self.places.portal.cookies(by))
        return self._contexts[key]

    @contextmanager
    def on(self, view: str, language: str = "en", **options: object) -> Iterator[tuple[Page, Watch]]:
        """A page that shows a view, and what is to be complained of it; closed afterwards."""
        seen = VIEWS[view]
        url = self.places.url(view, language)
        page = self.context(seen.by, **options).new_page()
        watch = Watch(page, self.places.portal.origin, allowed=seen.status)
        answer = page.goto(url)
        if answer is not None and answer.status == 202:
            expect(page.locator("#computing")).to_have_count(0)
            answer = page.goto(url)
        assert answer is not None and answer.status == seen.status, f"{url}: {answer and answer.status}"
        assert page.url.partition("#")[0] == url, f"{url} leads to {page.url}"
        yield page, watch
        page.close()

    def close(self) -> None:
        """Closes every browser."""
        for one in self._contexts.values():
            one.close()


@pytest.fixture(scope="package")
def eyes(browser: Browser, places: Places) -> Iterator[Eyes]:
    eyes = Eyes(browser, places)
    yield eyes
    eyes.close()


@pytest.fixture
def page(browser: Browser, portal: Portal) -> Iterator[Page]:
    """A page in a browser of its own, of an inspector, to whom most of the authority's pages are open."""
    context = context_of(browser)
    context.add_cookies(portal.cookies(PEOPLE["inspector"]))
    yield context.new_page()
    context.close()
