"""Deciding a licence, in a real browser: a firm applies without script, two officers query, propose and grant."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from lodeline.journal.verify import verify_receipt
from tests.browser.conftest import Workshop, context_of
from tests.browser.looking import Watch, barriers
from tests.browser.portal import PEOPLE, Portal

pytestmark = pytest.mark.ci
FIRST, SECOND = PEOPLE["licensing-officer"], "licensing-2@demo.example"
DOCUMENTS = {
    "applicant": "identity of the applicant", "contract": "contract or agreement",
    "technical": "technical description", "end-use": "certificate of end user",
}  # fmt: skip


def page_of(browser: Browser, portal: Portal, by: str, *, script: bool = True) -> Page:
    """A browser in which somebody has signed in."""
    context = context_of(browser, java_script_enabled=script)
    context.add_cookies(portal.cookies(by))
    return context.new_page()


def test_a_licence_is_applied_for_queried_and_granted(browser: Browser, workshop: Workshop) -> None:
    portal = workshop.portal
    origin = portal.origin

    # The firm writes what it knows, is told what lacks, and hands it in.
    page = page_of(browser, portal, PEOPLE["filer"], script=False)
    page.goto(f"{origin}/en/firm/{portal.firm}/licences/")
    page.get_by_role("link", name="Applications").click()
    page.get_by_role("button", name="Begin").click()
    page.get_by_label("Kind of licence").select_option("individual")
    page.get_by_label("Contract or agreement").fill("C-2025-17")
    page.get_by_label("End users, one a line").fill("Muster Antriebe GmbH")
    page.get_by_label("Statement of end user and end use").fill("Servo motors for packaging machines.")
    page.get_by_role("button", name="Hand it in").last.click()
    expect(page.get_by_role("heading", name="It cannot be handed in yet")).to_be_visible()
    page.get_by_label("From", exact=True).fill("2025-09-01")
    page.get_by_label("Until", exact=True).fill("2026-08-31")
    page.get_by_label("Currency").fill("CNY")
    page.get_by_label("Consignee").fill("Muster Antriebe GmbH")
    page.get_by_label("Destination (country code)").fill("DE")
    page.get_by_label("Country of the end user (code)").fill("DE")
    page.get_by_label("End use", exact=True).fill("servo motors")
    goods = {
        "Goods, as declared": "Sintered NdFeB magnets", "Product": "magnet-ndfeb", "HS code": "8505111000",
        "Control item stated": "1C905.a.4", "Composition, %": "Nd=24;Pr=6;Dy=3.5;Fe=65.5;B=1", "Net mass, kg": "1200",
        "Value of the line": "96000",
    }  # fmt: skip
    for label, text in goods.items():
        page.get_by_label(f"{label} 1", exact=True).fill(text)
    for kind, name in DOCUMENTS.items():
        page.get_by_label("What it is").select_option(kind)
        page.get_by_label("File (optional)", exact=True).set_input_files(
            FilePayload(name=f"{kind}.pdf", mimeType="application/pdf", buffer=b"%PDF-1.7 made up")
        )
        page.get_by_role("button", name="Attach").click()
        expect(page.get_by_text(name).first).to_be_visible()
    page.get_by_role("button", name="Hand it in").last.click()
    expect(page.get_by_text("Handed in. The authority examines it now.")).to_be_visible()
    own = page.url.partition("?")[0]

    # The officer in charge opens a document, asks, and the clock stands.
    page = page_of(browser, portal, FIRST)
    watch = Watch(page, origin)
    page.goto(f"{origin}/en/licences/")
    page.locator("#applications tbody a").last.click()
    page.get_by_role("button", name="Take it in charge").click()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="technical.pdf").last.click()
    assert waiting.value.path().read_bytes() == b"%PDF-1.7 made up"
    page.get_by_text("Query the applicant").click()
    page.get_by_label("Question").fill("Which machine are the motors for?")
    page.get_by_role("button", name="Send the query").click()
    expect(page.get_by_text("the clock stands.").first).to_be_visible()
    assert barriers(page) == [] and watch.complaints == []
    where = page.url.partition("?")[0]

    page = page_of(browser, portal, PEOPLE["filer"])
    page.goto(own)
    page.get_by_label("In your words").first.fill("A packer of the customer's own make.")
    page.get_by_role("button", name="Send the answer").click()
    expect(page.get_by_text("the clock runs again")).to_be_visible()

    # Who proposes does not decide; another officer grants, and the licence is there.
    page = page_of(browser, portal, FIRST)
    page.goto(where)
    page.get_by_label("grant", exact=True).check()
    page.get_by_label("Mass of goods, kg").fill("800")
    page.locator("form").filter(has=page.get_by_role("button", name="Propose it")).get_by_label("Reasons").fill(
        "In order."
    )
    page.get_by_role("button", name="Propose it").click()
    expect(page.get_by_text("another officer takes it")).to_be_visible()
    assert page.get_by_role("button", name="Grant it").count() == 0
    page = page_of(browser, portal, SECOND)
    page.goto(where)
    page.get_by_role("button", name="Grant it").click()
    expect(page.get_by_text("The application is decided.")).to_be_visible()

    page = page_of(browser, portal, PEOPLE["filer"])
    watch = Watch(page, origin)
    page.goto(own)
    expect(page.get_by_role("heading", name="Application: granted")).to_be_visible()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="the words").last.click()
    words = waiting.value.path().read_bytes()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="the receipt").last.click()
    assert verify_receipt(waiting.value.path().read_text(), upload=words) == []
    assert json.loads(words)["proposal"]["mass_kg"] == "800"
    page.goto(f"{origin}/en/firm/{portal.firm}/licences/")
    expect(page.get_by_text(json.loads(words)["licence"]).first).to_be_visible()
    assert watch.complaints == []
