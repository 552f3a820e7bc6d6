"""Answering a finding, in a real browser: an analyst asks, the firm answers with a document, an inspector decides."""

from __future__ import annotations

import io
import json
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from django.test import override_settings
from playwright.sync_api import Browser, FilePayload, Page, expect, sync_playwright
from tests.browser import looking
from tests.browser.conftest import context_of
from tests.browser.looking import Watch, barriers
from tests.browser.portal import PEOPLE, PROGRAM, Portal, build, served

from lodeline.journal.verify import verify_receipt
from lodeline.office import clock
from lodeline.office.demonstration import PASSWORD
from lodeline.office.models import Membership, User
from lodeline.regulation.parameter import load
from lodeline.service.finding import findings
from lodeline.service.recomputing import recompute
from lodeline.store.opening import open_store
from lodeline.store.snapshot import open_snapshot

pytestmark = pytest.mark.medium
FILER = "filer.asked@demo.example"


@pytest.fixture(scope="module")
def asked(worker_room: Path) -> tuple[Path, str, str]:
    """A store of its own, a finding in it that has a score, and the firm it is about, for which somebody files."""
    store = build(worker_room)
    opened = open_store(str(store))
    rows = findings(opened, open_snapshot(opened), load())["rows"]
    row = next(row for row in rows if "site" in row["subject"])
    firm = row["subject"]["organisation"]
    with override_settings(LODELINE_DATABASE=str(store)):
        user = User.objects.create_user(FILER, PASSWORD, name="Li Hua", joined_at=clock.now())
        Membership.objects.create(
            user=user, organisation=firm, role="filer", valid_from=date(2025, 1, 1), granted_at=clock.now()
        )
    opened.database.close()
    return store, row["id"], firm


@pytest.fixture(scope="module")
def portal_of_case(
    executable: str, asked: tuple[Path, str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Portal]:  # fmt: skip
    store = asked[0]
    with served(store, tmp_path_factory.mktemp("case") / "errors") as origin, Portal(origin, store) as portal:
        yield portal


@pytest.fixture(scope="module")
def browser(portal_of_case: Portal, executable: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = looking.launch(playwright, executable)
        yield browser
        browser.close()


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


def test_a_finding_is_asked_about_answered_and_decided(
    browser: Browser, portal_of_case: Portal, asked: tuple[Path, str, str]
) -> None:  # fmt: skip
    store, finding, firm = asked
    origin = portal_of_case.origin

    # The analyst asks, with the question that the finding proposes.
    page = page_of(browser, portal_of_case, PEOPLE["analyst"])
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
    page = page_of(browser, portal_of_case, FILER, script=False)
    page.goto(f"{origin}/en/firm/{firm}/")
    page.get_by_role("link", name="Answer the authority").click()
    expect(page.get_by_role("heading", name="One question waits for your answer")).to_be_visible()
    page.locator("#questions tbody a").first.click()
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
    page = page_of(browser, portal_of_case, PEOPLE["analyst"])
    page.goto(f"{origin}/en/findings/{finding}/")
    expect(page.get_by_text("Confirm the finding")).to_have_count(0)
    assert downloaded(page, "certificate.pdf") == b"%PDF-1.7 certificate"
    page = page_of(browser, portal_of_case, PEOPLE["inspector"])
    watch = Watch(page, origin)
    page.goto(f"{origin}/en/findings/{finding}/")
    page.get_by_text("Confirm the finding").click()
    page.get_by_label("Grounds").fill("The certificate is of another scale.")
    page.get_by_role("button", name="Confirm it").click()
    expect(page.get_by_text("The finding is confirmed.")).to_be_visible()
    assert watch.complaints == []

    # What was said and decided goes with the evidence, and the log holds.
    bundle = downloaded(page, "Evidence bundle")
    assert recompute(bundle).ok
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        names = archive.namelist()
    assert {"case/001-asked.json", "case/002-answered-1.pdf", "case/003-confirmed.receipt.json"} <= set(names)
    assert subprocess.run([PROGRAM, "verify", "--database", store], check=False).returncode == 0
