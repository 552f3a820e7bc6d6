"""Answering a finding, in a real browser: an analyst asks, the firm answers with a document, an inspector decides."""

from __future__ import annotations

import io
import json
import re
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from django.db import connections
from django.test import override_settings
from playwright.sync_api import Browser, FilePayload, Page, expect

from lodeline.journal.verify import verify_receipt
from lodeline.office.access import clock
from lodeline.office.accounts.demonstration import PASSWORD
from lodeline.office.models import Membership, User
from tests.browser.conftest import Workshop, context_of
from tests.browser.looking import Watch, barriers
from tests.browser.portal import PEOPLE, Portal

pytestmark = pytest.mark.ci
FILER = "filer.asked@demo.example"


def asked(portal: Portal) -> tuple[str, str]:
    """The first finding, which has a score, and the firm it is about."""
    listed = portal.html("/en/findings/", PEOPLE["analyst"])
    first = re.search(r'/en/findings/([0-9a-f]{64})/.*?/en/organisations/([^/"]+)/', listed, re.DOTALL)
    assert first is not None, "there is a finding about a firm"
    return first[1], first[2]


def employ(firm: str, store: Path) -> None:
    """Gives the firm somebody who files."""
    with override_settings(LODELINE_DATABASE=str(store)):
        user = User.objects.create_user(FILER, PASSWORD, name="Li Hua", joined_at=clock.now())
        Membership.objects.create(
            user=user, organisation=firm, role="filer", valid_from=date(2025, 1, 1), granted_at=clock.now()
        )
        connections.close_all()


def page_of(browser: Browser, portal: Portal, by: str, *, script: bool = True) -> Page:
    """A browser in which somebody has signed in."""
    context = context_of(browser, java_script_enabled=script)
    context.add_cookies(portal.cookies(by))
    return context.new_page()


def downloaded(page: Page, name: str) -> bytes:
    """The file that a link gives."""
    with page.expect_download() as waiting:
        page.get_by_role("link", name=name, exact=True).last.click()
    return waiting.value.path().read_bytes()


def test_a_finding_is_asked_about_answered_and_decided(browser: Browser, workshop: Workshop) -> None:
    portal = workshop.portal
    origin = portal.origin
    finding, firm = asked(portal)
    # In a thread of its own: this one has the browser's event loop, which Django's database refuses.
    with ThreadPoolExecutor(1) as another:
        another.submit(employ, firm, workshop.store).result()

    # The analyst asks, with the question that the finding proposes.
    page = page_of(browser, portal, PEOPLE["analyst"])
    watch = Watch(page, origin)
    page.goto(f"{origin}/en/findings/{finding}/")
    expect(page.get_by_text("Nobody has taken a step yet.")).to_be_visible()
    assert page.get_by_label("Question", exact=True).input_value().startswith("1. ")
    assert barriers(page) == []
    page.get_by_role("button", name="Send the question").click()
    expect(page.get_by_text("The firm has been asked.")).to_be_visible()
    assert page.get_by_role("button", name="Confirm it").count() == 0, "the firm is heard first"
    assert watch.complaints == []

    # The firm is told, and answers without script, with a document.
    page = page_of(browser, portal, FILER, script=False)
    page.goto(f"{origin}/en/firm/{firm}/")
    page.locator("#todo a[href*='/findings/']").first.click()
    page.get_by_label("Your answer").fill("The scale was out of order from 3 to 9 June; see its certificate.")
    page.get_by_label("Documents").set_input_files(
        FilePayload(name="certificate.pdf", mimeType="application/pdf", buffer=b"%PDF-1.7 certificate")
    )
    page.get_by_role("button", name="Send the answer").click()
    expect(page.get_by_text("Your answer is with the authority.")).to_be_visible()
    words, receipt = downloaded(page, "the words"), downloaded(page, "the receipt")
    assert json.loads(words)["text"].startswith("The scale")
    assert verify_receipt(receipt.decode(), upload=words) == []

    # The analyst who asked may accept it and not confirm it; an inspector may confirm it.
    page = page_of(browser, portal, PEOPLE["analyst"])
    page.goto(f"{origin}/en/findings/{finding}/")
    expect(page.get_by_text("Confirm the finding")).to_have_count(0)
    assert downloaded(page, "certificate.pdf") == b"%PDF-1.7 certificate"
    page = page_of(browser, portal, PEOPLE["inspector"])
    watch = Watch(page, origin)
    page.goto(f"{origin}/en/findings/{finding}/")
    page.get_by_text("Confirm the finding").click()
    page.get_by_label("Grounds").fill("The certificate is of another scale.")
    page.get_by_role("button", name="Confirm it").click()
    expect(page.get_by_text("The finding is confirmed.")).to_be_visible()
    assert watch.complaints == []

    # What was said and decided goes with the evidence.
    with zipfile.ZipFile(io.BytesIO(downloaded(page, "Evidence bundle"))) as archive:
        names = archive.namelist()
    assert {"case/001-asked.json", "case/002-answered-1.pdf", "case/003-confirmed.receipt.json"} <= set(names)
