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

from tests.browser.conftest import PATIENCE_MS, Workshop, context_of
from tests.browser.journeys import TUTORIALS
from tests.browser.portal import PEOPLE
from tests.browser.questions import Walk

pytestmark = pytest.mark.medium

#: The file of the tutorial without its three slips: what the filer's system writes each month.
MONTH = (
    (TUTORIALS / "july-2025.csv")
    .read_text("utf-8")
    .replace(",sale,", ",shipment,")
    .replace('"425,7"', "425.7")
    .replace(",10233,,,", ",10233,EXP-0001,,")
)
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
    with walk.page.expect_download(timeout=PATIENCE_MS) as coming:
        # Nothing follows but the file, which a browser waits for as if it were a page.
        walk.page.locator("main a[href*='bundle=zip']").first.click(no_wait_after=True)
        walk.clicks += 1
    file = tmp_path / "evidence.zip"
    coming.value.save_as(file)
    assert file.read_bytes().startswith(b"PK")
    assert walk.clicks <= 3


def test_a_delivery_with_a_difference(walker: Walker) -> None:
    walk = walker(PEOPLE["filer"])
    walk.press("Accept deliveries")
    walk.click(walk.page.locator("#in tbody a").first)
    walk.page.get_by_label("Net mass on your scales, kg").fill("12962.5")
    walk.page.get_by_label("Why it differs").fill("Two drums were torn")
    walk.press("Accept", "button")
    walk.reads("Accepted. It is filed when somebody certifies it.", within=4)


def test_a_month_from_last_month_s_file(walker: Walker) -> None:
    walk = walker(PEOPLE["filer"])
    walk.press("File July 2025")
    walk.press("File it July", "button")
    field = walk.page.get_by_label("Files")
    field.set_input_files({"name": "july.csv", "mimeType": "text/csv", "buffer": MONTH.encode()})
    walk.clicks += 1  # the file is chosen
    walk.press("Upload and check", "button")
    walk.press("Ask for certification", "button")
    walk.reads(re.compile("waits for a signature"), within=6)
