"""Filing a month in a real browser, as people do it: by keyboard alone, without script, signed by a passkey."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, FilePayload, Page, Route, expect

from lodeline.office.accounts.demonstration import PASSWORD
from tests.browser.conftest import Workshop, context_of
from tests.browser.looking import Watch, barriers
from tests.browser.portal import PEOPLE, Portal

pytestmark = pytest.mark.medium
HEADER = "event,kind,on,site,lot,product,mass_kg,composition,origin_kind,origin_place"
OVER = "Nd=24.1;Pr=6.0;Dy=1.6;Fe=68.5;B=1.0"
FOCUSED = "document.activeElement"


@pytest.fixture
def demo(workshop: Workshop) -> Portal:
    return workshop.portal


def page_of(browser: Browser, demo: Portal, role: str, *, script: bool = True) -> Page:
    """A browser in which the sample account of a role has signed in."""
    context = context_of(browser, java_script_enabled=script)
    context.add_cookies(demo.cookies(PEOPLE[role]))
    return context.new_page()


def firm_of(demo: Portal) -> str:
    return f"{demo.origin}/en/firm/{demo.firm}"


def row(demo: Portal, event: str, lot: str, composition: str = "Nd=24.1;Pr=6.0") -> str:
    """Collected scrap."""
    return f"{event},origin,2025-07-02,{demo.firm}-A,{lot},scrap-eol,100,{composition},secondary,CN"


def begin(page: Page, demo: Portal) -> str:
    """The address of a new draft for July."""
    page.goto(f"{firm_of(demo)}/file/")
    page.get_by_label("Month, as 2025-12").fill("2025-07")
    page.get_by_role("button", name="Begin a draft").click()
    page.wait_for_url("**/file/*/")
    return page.url


def upload(page: Page, content: str) -> None:
    file = FilePayload(name="july.csv", mimeType="text/csv", buffer=content.encode())
    page.get_by_label("Files").set_input_files(file)
    page.get_by_role("button", name="Upload and check").click()
    page.wait_for_url("**said=uploaded")


def tab_to(page: Page, selector: str) -> None:
    """Presses Tab until the element that `selector` names has the focus."""
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate(f"{FOCUSED}.matches({selector!r})"):
            return
    raise AssertionError(f"Tab does not come to {selector}")


def press(page: Page, words: str) -> None:
    """Tabs to a link or button of these words and presses Enter."""
    for _ in range(200):
        page.keyboard.press("Tab")
        if words in str(page.evaluate(f"{FOCUSED}.tagName.match(/^(A|BUTTON)$/) ? {FOCUSED}.textContent : ''")):
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"Tab does not come to {words!r}")


def test_a_month_is_filed_by_keyboard_alone(browser: Browser, demo: Portal) -> None:
    page = page_of(browser, demo, "filer")
    watch = Watch(page, demo.origin)
    page.goto(f"{firm_of(demo)}/file/")
    press(page, "File it")
    page.wait_for_url("**/file/*/")
    address = page.url
    press(page, "Type it in")
    page.wait_for_url("**?edit=cells")
    tab_to(page, "#c-0-2-event")
    # A cell is saved when it is left; what is typed meanwhile into the next ones is not lost.
    cells = {
        "event": "KEY-1", "kind": "origin", "on": "2025-07-02", "site": f"{demo.firm}-A", "role": "", "lot": "KEY-L",
        "product": "scrap-eol", "mass_kg": "100", "composition": "Nd=24.1;Pr=6.0",
    }  # fmt: skip
    for name, text in cells.items():
        expect(page.locator(f"#c-0-2-{name}")).to_be_focused()
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    expect(page.locator("h1")).to_contain_text("stand")
    for name, text in cells.items():
        expect(page.locator(f"#c-0-2-{name}")).to_have_value(text)
    # Whoever goes on while a cell is on its way does not lose it.
    press(page, "All columns")
    page.wait_for_url("**?edit=columns#rows")
    for name, text in {"origin_kind": "secondary", "origin_place": "CN"}.items():
        tab_to(page, f"#c-0-2-{name}")
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    page.wait_for_url("**said=saved")
    expect(page.locator("h1")).to_contain_text("Nothing stands in the way of July")
    # The steps lead to their part of the page: nobody tabs through every field again.
    press(page, "Certify")
    press(page, "Ask for certification")
    expect(page.locator("h1")).to_contain_text("waits for a signature")

    signer = page_of(browser, demo, "certifier")
    signer.goto(f"{address}certify/")
    tab_to(signer, "#password input[name=sure]")
    signer.keyboard.press("Space")
    press(signer, "Confirm as")
    signer.wait_for_url("**/filings/*/")
    expect(signer.locator("h1")).to_have_text("July\xa02025 is filed")
    assert watch.complaints == []
    page.context.close()
    signer.context.close()


@pytest.mark.ci
def test_a_mended_cell_is_saved_and_the_next_problem_has_the_focus(browser: Browser, demo: Portal) -> None:
    page = page_of(browser, demo, "filer")
    watch = Watch(page, demo.origin)
    begin(page, demo)
    upload(
        page, "\n".join([HEADER, row(demo, "A-1", "A-1", OVER), row(demo, "A-2", "A-2"), row(demo, "A-3", "A-3", OVER)])
    )
    expect(page.locator("h1")).to_contain_text("Two rows stand in the way of July")
    assert barriers(page) == []
    page.get_by_role("link", name="Row 2").click()
    first = page.get_by_label("Composition, %, row 2")
    expect(first).to_be_focused()
    first.fill("Nd=24.1")
    page.keyboard.press("Tab")
    expect(page.locator("h1")).to_contain_text("One row stands in the way of July")
    expect(page.get_by_label("Composition, %, row 4")).to_be_focused()
    # A button that is pressed while a cell is on its way does what it says, on the newest revision.
    page.get_by_label("Composition, %, row 4").fill("Nd=24.2")
    page.get_by_role("button", name="Save and check").click()
    page.wait_for_url("**said=saved")
    expect(page.locator("h1")).to_contain_text("Nothing stands in the way of July")
    assert barriers(page) == []
    assert watch.complaints == []
    page.context.close()


@pytest.mark.ci
def test_who_leaves_by_a_link_while_a_cell_is_on_its_way_does_not_lose_it(browser: Browser, demo: Portal) -> None:
    page = page_of(browser, demo, "filer")
    begin(page, demo)
    upload(page, "\n".join([HEADER, row(demo, "L-1", "L-1", OVER), row(demo, "L-2", "L-2", OVER)]))
    held: list[Route] = []
    page.route("**/file/*/", lambda route: held.append(route) if route.request.method == "POST" else route.continue_())
    page.get_by_label("Composition, %, row 2").fill("Nd=24.1")
    page.get_by_role("link", name="All rows").click()
    page.wait_for_timeout(500)
    assert len(held) == 1 and not page.url.endswith("#rows")
    held[0].continue_()
    page.wait_for_url("**?rows=all#rows")
    expect(page.locator("h1")).to_contain_text("One row stands in the way of July")
    page.context.close()


@pytest.mark.ci
def test_the_older_window_keeps_what_was_typed(browser: Browser, demo: Portal) -> None:
    page = page_of(browser, demo, "filer")
    address = begin(page, demo)
    upload(page, "\n".join([HEADER, row(demo, "B-1", "B-1", OVER), row(demo, "B-2", "B-2", OVER)]))
    other = page.context.new_page()
    other.goto(address)
    page.get_by_label("Composition, %, row 2").fill("Nd=24.1")
    page.keyboard.press("Tab")
    expect(page.locator("h1")).to_contain_text("One row")
    other.get_by_label("Composition, %, row 3").fill("Nd=24.9")
    other.keyboard.press("Tab")
    expect(other.get_by_role("alert").first).to_contain_text("changed in another window")
    expect(other.get_by_label("Composition, %, row 3")).to_have_value("Nd=24.9")
    other.get_by_role("button", name="Save and check").click()
    expect(other.locator("h1")).to_contain_text("Nothing stands in the way of July")
    page.context.close()


def test_everything_works_without_script(browser: Browser, demo: Portal) -> None:
    page = page_of(browser, demo, "filer", script=False)
    begin(page, demo)
    upload(page, "\n".join([HEADER, row(demo, "C-1", "C-1", OVER)]))
    page.get_by_role("button", name="closes it to 100 %").click()
    expect(page.locator("h1")).to_contain_text("Nothing stands in the way of July")
    page.get_by_role("button", name="Ask for certification").click()
    expect(page.locator("h1")).to_contain_text("waits for a signature")
    page.context.close()


def test_a_passkey_signs_and_the_receipt_proves_it(browser: Browser, demo: Portal) -> None:
    page = page_of(browser, demo, "filer")
    address = begin(page, demo)
    upload(page, "\n".join([HEADER, row(demo, "P-1", "P-1")]))
    page.get_by_role("button", name="Ask for certification").click()
    expect(page.locator("h1")).to_contain_text("waits for a signature")

    context = context_of(browser)
    signer = context.new_page()
    device = context.new_cdp_session(signer)
    device.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    signer.goto(f"{demo.origin}/en/account/login/")
    signer.get_by_label("E-mail address").fill(PEOPLE["certifier"])
    signer.get_by_label("Password", exact=True).fill(PASSWORD)
    signer.get_by_label("Password", exact=True).press("Enter")
    signer.wait_for_url(lambda url: "/account/" not in url)
    signer.goto(f"{demo.origin}/en/account/2fa/webauthn/add/")
    signer.get_by_label("Name of the passkey").fill("Laptop")
    signer.get_by_role("button", name="Add it").click()
    expect(signer.get_by_role("heading", level=1)).to_contain_text("Keep these codes")

    watch = Watch(signer, demo.origin)
    signer.goto(f"{address}certify/")
    assert barriers(signer) == []
    signer.locator("#passkey input[name=sure]").check()
    signer.get_by_role("button", name="Sign with a passkey").click()
    signer.wait_for_url("**/filings/*/")
    expect(signer.get_by_role("article")).to_contain_text("With a passkey")
    assert barriers(signer) == []
    assert watch.complaints == []
    page.context.close()
    context.close()
