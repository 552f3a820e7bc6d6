"""Every page, in both languages and colour schemes: quiet on the console, nothing from elsewhere, WCAG 2.2 AA."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, Route
from tests.browser.looking import Watch, barriers, is_dark
from tests.browser.portal import EXAMPLES, HTML, SIGHTS, Portal

from lodeline.web.language import TAGS, Language

pytestmark = pytest.mark.medium


@pytest.mark.parametrize(("view", "language", "scheme"), SIGHTS)
def test_page_is_quiet_and_open_to_all(
    portal: Portal, contexts: dict[str, BrowserContext], view: str, language: Language, scheme: str
) -> None:
    page = contexts[scheme].new_page()
    watch = Watch(page, portal.origin)
    page.goto(portal.url(view, language))
    assert page.locator("html").get_attribute("lang") == TAGS[language]
    assert page.locator("h1").count() == 1
    assert page.title().removesuffix("· Lodeline").strip()
    assert is_dark(page) == (scheme == "dark")
    found = barriers(page)
    page.close()
    assert watch.complaints == []
    assert found == []


def test_every_page_with_parts_has_an_example() -> None:
    assert {page.name for page in HTML if "<" in page.at} == set(EXAMPLES)


def test_page_that_is_not_there_is_open_to_all(portal: Portal, page: Page) -> None:
    answer = page.goto(f"{portal.origin}/zh/lots/no-such-lot/")
    assert answer is not None and answer.status == 404
    assert barriers(page) == []


def test_what_a_page_must_not_do_is_seen(portal: Portal, page: Page) -> None:
    """The watch and the rules themselves: a page that breaks what every page keeps."""
    watch = Watch(page, portal.origin)

    def broken(route: Route) -> None:
        response = route.fetch()
        body = response.text().replace(
            "</main>",
            "<script>document.title = 'run'</script><p style='color: red'>red</p><img src='https://example.org/a.png'>"
            "<script src='/static/lodeline/no-such.js'></script></main>",
        )
        route.fulfill(response=response, body=body)

    page.route("**/en/verify/", broken)
    page.goto(f"{portal.origin}/en/verify/")
    told = "\n".join(watch.complaints)
    assert page.title() != "run"
    for part in ("inline script", "inline style", "example.org", "404: "):
        assert part in told, part
    assert any(barrier.startswith("image-alt at ") for barrier in barriers(page))
