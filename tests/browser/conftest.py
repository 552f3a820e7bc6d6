"""The portal in a real browser. Without one these tests are skipped, and say how to get it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from tests.browser import looking
from tests.browser.portal import Portal, build, chromium, served

#: Milliseconds that anything in the browser may take: a machine under load is slow, and not wrong.
PATIENCE_MS = 20_000


@pytest.fixture(scope="session")
def executable() -> str:
    found = chromium()
    if found is None:
        pytest.skip("The pages are tested in chromium. As root: apt-get install chromium fonts-noto-cjk")
    return found


@pytest.fixture(scope="session")
def portal(executable: str, tmp_path_factory: pytest.TempPathFactory, worker_room: Path) -> Iterator[Portal]:
    """One server in each worker; the world behind it is built once."""
    with served(build(worker_room), tmp_path_factory.mktemp("portal") / "errors") as origin:
        portal = Portal(origin)
        portal.await_first_answer()
        yield portal


@pytest.fixture(scope="session")
def worker_room(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of this test session that all its workers see."""
    room = tmp_path_factory.getbasetemp()
    return room.parent if hasattr(request.config, "workerinput") else room


@pytest.fixture(scope="module")
def browser(portal: Portal, executable: str) -> Iterator[Browser]:
    """For one file of tests: as long as it runs, this thread has an event loop, which Django's database refuses."""
    with sync_playwright() as playwright:
        browser = looking.launch(playwright, executable)
        yield browser
        browser.close()


def context_of(browser: Browser, **options: object) -> BrowserContext:
    """A browser of somebody who comes for the first time, on a desk's screen unless `options` say otherwise."""
    context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MS)
    return context


@pytest.fixture(scope="module")
def contexts(browser: Browser) -> Iterator[dict[str, BrowserContext]]:
    """One for each colour scheme: the static files are fetched once."""
    made = {scheme: context_of(browser, color_scheme=scheme) for scheme in ("light", "dark")}
    yield made
    for one in made.values():
        one.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in a browser of its own."""
    context = context_of(browser)
    yield context.new_page()
    context.close()
