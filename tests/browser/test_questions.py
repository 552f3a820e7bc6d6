"""In how many clicks the questions that people come with are answered, from the home page of each role."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import PATIENCE_MS, Workshop, context_of
from tests.browser.journeys import TUTORIALS
from tests.browser.portal import PEOPLE, Portal, build, served
from tests.browser.questions import Walk

pytestmark = pytest.mark.ci

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


@pytest.fixture(scope="module")
def untouched(executable: str, run_room: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A portal on the world as it was loaded, in which nobody has filed July."""
    store = build(run_room)
    with served(store, tmp_path_factory.mktemp("questions") / "errors") as origin, Portal(origin) as portal:
        yield portal


@pytest.fixture
def walker(browser: Browser, workshop: Workshop, untouched: Portal) -> Iterator[Walker]:
    contexts = []

    def come(by: str) -> Walk:
        portal = untouched if by == PEOPLE["filer"] else workshop.portal
        contexts.append(context_of(browser, base_url=portal.origin))
        contexts[-1].add_cookies(portal.cookies(by))
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
    walk.click(walk.page.locator(".todo a[href*='/transfers/']").first)
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


def test_dysprosium_to_one_country_by_customer(walker: Walker) -> None:
    walk = walker(PEOPLE["analyst"])
    walk.click(walk.page.locator("nav.elems a[title=dysprosium]"))
    walk.press("Where it goes", within="#nav")
    country = walk.page.locator("main table tbody a").first
    name = country.inner_text()
    walk.click(country)
    walk.reads(re.compile(rf"{name} received .* of dysprosium"), within=3)
    walk.reads(re.compile("^Customer$", re.IGNORECASE), within=3)


def test_firms_to_visit_and_why(walker: Walker) -> None:
    walk = walker(PEOPLE["analyst"])
    walk.press("Visit first", within="#nav")
    walk.reads(re.compile("Visit [0-9]+ firms"), within=1)
    walk.reads(re.compile("Take along"), within=1)


def test_traders_who_pass_on_more_than_half(walker: Walker) -> None:
    walk = walker(PEOPLE["analyst"])
    walk.press("Where it goes", within="#nav")
    walk.press("Traders", within="main")
    walk.reads(re.compile("pass on half or more|passes on half or more"), within=2)


def test_whether_terbium_closes_this_year(walker: Walker) -> None:
    walk = walker(PEOPLE["analyst"])
    walk.press("The year", within="#nav")
    walk.click(walk.page.locator("nav.elems a[title=terbium]"))
    walk.reads(re.compile("Terbium .* in 2025"), within=2)


def test_fifty_lines_judged_and_the_held_ones_queried(walker: Walker) -> None:
    walk = walker(PEOPLE["customs-officer"])
    head = "line,exporter,product_name,hs_code,composition,mass_kg,destination\n"
    rows = "".join(
        f'{line},MAG-0001,NdFeB magnets,8505111000,"Nd 24, Dy 1%","1,200",Germany\n' for line in range(1, 51)
    )
    walk.page.locator("#f-file").set_input_files(
        {"name": "fifty.csv", "mimeType": "text/csv", "buffer": (head + rows).encode()}
    )
    walk.clicks += 1  # the file is chosen
    walk.press("Ask about every line", "button")
    walk.reads(re.compile("50 lines must wait"), within=2)
    walk.press("Choose query for all 50 that need one")
    walk.page.get_by_label("What is asked, or why it is held").fill("Under which licence does it leave?")
    walk.press("Decide what is chosen", "button")
    walk.reads(re.compile("Decided, and in the log"), within=6)
    expect(walk.page.locator("#verdicts").get_by_text("Waits for the shipper")).to_have_count(50)
