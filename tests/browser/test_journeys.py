"""Six things that people come to do, each from signing in to what they came for; and the tutorials that tell them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import context_of
from tests.browser.journeys import TUTORIALS, WINDOW, Journey
from tests.browser.portal import build, served

pytestmark = pytest.mark.medium

#: Gives a page in a browser of its own.
Somebody = Callable[[], Page]
#: What was typed wrong in June, and what the scales had shown.
MISTYPED = ("SWARF-2506-00155,swarf,767.2,", "SWARF-2506-00155,swarf,676.2,")
PASSWORD = "nine lamps above the river"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("journeys") / "errors"


@pytest.fixture(scope="module")
def origin(executable: str, run_room: Path, log: Path) -> Iterator[str]:
    """A portal on the world as it was loaded, where what is filed stays filed."""
    store = build(run_room)
    with served(store, log) as origin:
        yield origin


@pytest.fixture
def somebody(browser: Browser, origin: str) -> Iterator[Somebody]:
    contexts = []

    def come() -> Page:
        contexts.append(context_of(browser, base_url=origin, viewport=WINDOW, color_scheme="light"))
        return contexts[-1].new_page()

    yield come
    for one in contexts:
        one.close()


def arrive(journey: Journey, role: str) -> None:
    """Comes to the portal and becomes a sample account."""
    journey.page.goto("/")
    journey.press(role, begins=True)
    journey.page.wait_for_url(lambda url: "/account/" not in url)


def menu(journey: Journey, name: str) -> None:
    """Follows a line of the menu; a number may stand behind it."""
    journey.follow(name, within=journey.page.locator("#nav"), begins=True)


def test_from_the_nation_to_one_lot(somebody: Somebody) -> None:
    journey = Journey(somebody(), "from-the-nation-to-one-lot")
    arrive(journey, "Analyst")
    journey.reads("In June, every neodymium balance that was tested closes")
    journey.picture("nation-june")
    journey.follow("Questions open", begins=True)
    firm = "Xiamen Shuzhou Import and Export Co., Ltd."
    journey.reads("3 questions for 3 firms; the first: quota overrun, USD 119 k", begins=True)
    journey.follow("Quota overrun", within=journey.page.locator("main table"))
    journey.reads("What would explain it innocently")
    journey.picture("nation-finding")
    menu(journey, "Findings")
    journey.follow("Missing filing", within=journey.page.locator("main"), begins=True)
    journey.follow(firm, within=journey.page.locator("main"))
    journey.quotes("5 months filed in time, 0 late, 1 missing")
    journey.follow("Xiamen store")
    journey.reads("Xiamen store: neodymium closes where its months are filed", begins=True)
    journey.follow("Its transfers")
    journey.reads("15 deliveries do not match")
    journey.follow("No receipt filed", begins=True)
    journey.follow("MAG-0001/MAGNET-NDFEB-2503-00125")
    journey.reads("33.3 % of its neodymium has no known origin")
    journey.quotes("1.29 t of NdFeB magnet, made on 20 March 2025 at Ganzhou plant")
    journey.reads("Where its neodymium came from")
    journey.picture("nation-lot")
    journey.is_told()


def test_admit_a_firm(somebody: Somebody, log: Path) -> None:
    journey = Journey(somebody(), "admit-a-firm")
    arrive(journey, "Registrar")
    menu(journey, "Organisations")
    journey.follow("Admit an organisation")
    journey.fill("Id", "MAG-0100")
    journey.fill("Name in Chinese", "赣州青禾磁材有限公司")
    journey.fill("Name in Latin letters", "Ganzhou Qinghe Magnetics Co., Ltd.")
    journey.choose("magnet maker", "checkbox")
    journey.press("Admit")
    journey.reads("Ganzhou Qinghe Magnetics Co., Ltd. has no site yet: add one, then its people")
    journey.quotes("It stands in the log as entry")
    form = journey.page.locator("#site")
    journey.fill("Id", "MAG-0100-A", within=form)
    journey.fill("Name", "Ganzhou plant", within=form)
    journey.select("Stage", "Magnet", within=form)
    journey.press("Add the site")
    journey.reads("Sites")
    journey.picture("admit-firm")
    journey.follow("Its people")
    journey.reads("Nobody acts for Ganzhou Qinghe Magnetics Co., Ltd. yet")
    journey.fill("Name", "Li Na")
    journey.fill("E-mail address", "li.na@demo.example")
    journey.choose("Administrator", begins=True)
    journey.press("Invite")
    journey.quotes("A demo sends no mail: the link stands in the log of the server, where it was started.")
    (link,) = re.findall(r"http://\S+/invitation/[\w-]+/", log.with_suffix(".said").read_text("utf-8"))

    journey.be(somebody())
    journey.page.goto(link)
    journey.reads("You are invited to act for Ganzhou Qinghe Magnetics Co., Ltd.")
    journey.picture("admit-invitation")
    journey.fill("Password", PASSWORD)
    journey.press("Open the account")
    journey.reads("Every month is filed; August 2025 is the next, due by Tuesday 9 September")
    journey.unfold("Li Na")
    journey.press("Sign out", within=journey.page.locator("details.person"))
    journey.fill("E-mail address", "li.na@demo.example")
    journey.fill("Password", PASSWORD)
    journey.press("Sign in")
    journey.reads("Every month is filed; August 2025 is the next, due by Tuesday 9 September")
    journey.is_told()


def test_verify_a_receipt_as_a_stranger(somebody: Somebody, tmp_path: Path) -> None:
    journey = Journey(somebody(), "verify-a-receipt-as-a-stranger")
    arrive(journey, "Filer")
    menu(journey, "Filings")
    journey.follow("June 2025")
    journey.reads("June 2025 is filed")
    journey.picture("stranger-receipt")
    with journey.page.expect_download() as download:
        journey.follow("Receipt as a file")
    receipt = tmp_path / "receipt.json"
    download.value.save_as(receipt)

    journey.be(somebody())
    journey.page.goto("/en/verify/")
    journey.reads("Verify a receipt")
    journey.page.get_by_label("Receipt as a file").set_input_files(receipt)
    journey.press("Verify")
    journey.reads("This receipt holds")
    journey.picture("stranger-holds")
    field = journey.page.get_by_label("Receipt (JSON)")
    text = field.input_value()
    at = text.index('"leaf_hash"') + len('"leaf_hash": "') + 7
    field.fill(text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :])
    journey.press("Verify")
    journey.reads("This receipt does not hold")
    journey.picture("stranger-does-not")
    journey.is_told()


def test_file_a_month(somebody: Somebody) -> None:
    journey = Journey(somebody(), "file-a-month")
    arrive(journey, "Filer")
    journey.reads("July 2025 is due by Saturday 9 August, in 4 days", begins=True)
    journey.follow("File July 2025", within=journey.page.locator("#todo"))
    journey.press("File it July")
    journey.reads("Upload July, or type it in")
    journey.page.get_by_label("Files").set_input_files(TUTORIALS / "july-2025.csv")
    journey.press("Upload and check")
    journey.reads("Three rows stand in the way of July, due Saturday the 9th")
    journey.picture("file-problems")
    journey.press("Write shipment for sale")
    journey.press("Write 425.7 for 425,7")
    journey.fill("Counterparty, row 8", "保定璟川抛光材料有限公司")
    journey.press("Save and check")
    journey.reads("Nothing stands in the way of July", begins=True)
    journey.reads("What this filing says")
    journey.quotes("3 shipments to 3 customers: 1 524 kg (Nd 360.9 kg, Pr 106.4 kg).")
    journey.picture("file-summary", of="What this filing says")
    journey.press("Ask for certification")
    journey.reads("July, due Saturday the 9th, waits for a signature")

    journey.be(somebody())
    arrive(journey, "Certifier")
    sign(journey, "July")
    journey.reads("July 2025 is filed")
    journey.picture("file-receipt")
    journey.is_told()


def sign(journey: Journey, month: str) -> None:
    """The certifier finds what is asked for among what is to be done, reads it, and signs."""
    journey.reads(f"{month} 2025 waits for your signature")
    journey.follow("Read and sign", begins=True)
    journey.reads(f"Sign {month} for Tianjin Mulu Magnetics Co., Ltd.")
    password = journey.page.locator("#password")
    journey.choose("I have checked this filing.", "checkbox", within=password, begins=True)
    journey.press("Confirm as Wang Min")


def test_accept_a_transfer(somebody: Somebody) -> None:
    journey = Journey(somebody(), "accept-a-transfer")
    arrive(journey, "Filer")
    journey.follow("13.0 t from Baotou Linglin Alloy Materials Co., Ltd.", within=journey.page.locator("#todo"))
    journey.reads("13.0 t from Baotou Linglin Alloy Materials Co., Ltd. wait for you")
    journey.picture("accept-delivery")
    journey.fill("Net mass on your scales, kg", "12962.5")
    journey.fill("Why it differs", "Two drums were torn, and some flake was lost on the road")
    journey.press("Accept")
    journey.quotes("Accepted. It is filed when somebody certifies it.")
    journey.follow("Open the draft")
    journey.reads("Nothing stands in the way of August", begins=True)
    journey.press("Ask for certification")

    journey.be(somebody())
    arrive(journey, "Certifier")
    sign(journey, "August")
    journey.reads("August 2025 is filed")
    menu(journey, "Lots")
    journey.follow("ALY-0002/STRIP-CAST.N-2502-00022")
    journey.quotes("By the book you hold 13.0 t of it, dry.")
    journey.reads("What happened to it here")
    journey.picture("accept-lot", of="What happened to it here")
    journey.is_told()


def test_correct_a_month(somebody: Somebody, tmp_path: Path) -> None:
    journey = Journey(somebody(), "correct-a-month")
    arrive(journey, "Filer")
    menu(journey, "Filings")
    journey.follow("June 2025")
    with journey.page.expect_download() as download:
        journey.follow("2025-06.csv")
    text = Path(download.value.path()).read_text("utf-8")
    corrected = tmp_path / "2025-06-corrected.csv"
    corrected.write_text(text.replace(*MISTYPED), "utf-8")
    menu(journey, "File a month")
    journey.press("Correct it June")
    journey.page.get_by_label("Files").set_input_files(corrected)
    journey.press("Upload and check")
    journey.reads("What it changes")
    journey.quotes("22 events unchanged, 1 changed, 0 new, 0 not in your file")
    journey.reads("Masses, book and count")
    journey.picture("correct-changes", of="What it changes")
    journey.press("Ask for certification")

    journey.be(somebody())
    arrive(journey, "Certifier")
    sign(journey, "June")
    journey.reads("June 2025 is corrected")
    menu(journey, "Filings")
    journey.picture("correct-filings")
    journey.is_told()
