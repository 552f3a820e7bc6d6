"""In how many clicks the questions that people come with are answered, from the home page of each role.

What the parts of the portal add stands here as well, one function each: dysprosium to Germany by customer in 3, five
firms to visit and why in 1, traders with more than half passed through in 2, whether terbium closes this year in 2, an
application from a lot in 5, fifty lines judged and the held ones queried in 6.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Workshop, context_of
from tests.browser.portal import PEOPLE
from tests.browser.questions import Walk

pytestmark = pytest.mark.medium

#: Gives the walk of a sample account that has signed in.
Walker = Callable[[str], Walk]


@pytest.fixture
def walker(browser: Browser, workshop: Workshop) -> Iterator[Walker]:
    contexts = []

    def come(by: str) -> Walk:
        contexts.append(context_of(browser, base_url=workshop.portal.origin))
        contexts[-1].add_cookies(workshop.portal.cookies(by))
        walk = Walk(contexts[-1].new_page())
        walk.start()
        return walk

    yield come
    for one in contexts:
        one.close()


def test_the_evidence_of_the_first_finding_as_a_file(walker: Walker, tmp_path: Path) -> None:
    walk = walker(PEOPLE["analyst"])
    walk.press("Findings", within="#nav", begins=True)
    walk.click(walk.page.locator("main table tbody a").first)
    with walk.page.expect_download() as coming:
        walk.click(walk.page.locator("main a[href*='bundle=zip']").first)
    file = tmp_path / "evidence.zip"
    coming.value.save_as(file)
    assert file.read_bytes().startswith(b"PK")
    assert walk.clicks <= 3


def test_a_delivery_with_a_difference(walker: Walker) -> None:
    walk = walker(PEOPLE["filer"])
    waiting = walk.page.locator("main a[href*='/transfers/']").filter(has_text=re.compile(r"\w"))
    walk.click(waiting.first)
    if not re.search(r"/transfers/\d+/", walk.page.url):
        walk.click(walk.page.locator("main table tbody a[href*='/transfers/']").first)
    mass = walk.page.locator("main input[name*='mass'], main input[name^='received']").first
    mass.fill("1.5")
    walk.click(walk.page.get_by_role("button", name=re.compile("^Accept")).first)
    assert walk.clicks <= 4
    assert "/file/" in walk.page.url, "it waits in a draft of receipts, for whoever certifies"
