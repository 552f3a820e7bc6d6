"""Signing in as a person does it, in a real browser: passkeys with a virtual authenticator, keyboard, no complaint."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Workshop, context_of
from tests.browser.looking import Watch

pytestmark = pytest.mark.medium
PASSWORD = "lodeline in the demo"
#: Is given a second factor here, so that nobody else signs in with it.
GUARDED = "quota@demo.example"


@pytest.fixture
def demo(workshop: Workshop) -> str:
    return workshop.portal.origin


@pytest.fixture
def person(browser: Browser) -> Iterator[Page]:
    """A browser of somebody who has a device with a fingerprint reader."""
    context = context_of(browser)
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
                "isUserVerified": True, "automaticPresenceSimulation": True,
            }
        },
    )  # fmt: skip
    yield page
    context.close()


def sign_in(page: Page, origin: str, email: str) -> None:
    page.goto(f"{origin}/en/account/login/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password", exact=True).press("Enter")
    page.wait_for_url(lambda url: "/account/" not in url)


def sign_out(page: Page, origin: str) -> None:
    page.goto(f"{origin}/en/account/logout/")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/account/login/")


def test_a_passkey_is_added_signs_in_alone_proves_who_it_is_and_is_removed(person: Page, demo: str) -> None:
    watch = Watch(person, demo)
    sign_in(person, demo, GUARDED)
    person.goto(f"{demo}/en/account/2fa/webauthn/add/")
    person.get_by_label("Name of the passkey").fill("Laptop")
    person.get_by_role("button", name="Add it").click()
    expect(person.get_by_role("heading", level=1)).to_contain_text("Keep these codes")
    sign_out(person, demo)

    person.get_by_role("button", name="Sign in with a passkey").click()
    person.wait_for_url(lambda url: "/account/" not in url)
    person.goto(f"{demo}/en/self/")
    expect(person.get_by_role("heading", level=1)).to_contain_text("two factors")
    expect(person.get_by_role("main")).to_contain_text("Laptop")
    sign_out(person, demo)

    # After the password the same passkey is the second factor.
    person.get_by_label("E-mail address").fill(GUARDED)
    person.get_by_label("Password", exact=True).fill(PASSWORD)
    person.get_by_role("button", name="Sign in", exact=True).click()
    person.get_by_role("button", name="Use a passkey").click()
    person.wait_for_url(lambda url: "/account/" not in url)

    person.goto(f"{demo}/en/account/2fa/webauthn/reauthenticate/?next=/en/self/")
    person.get_by_role("button", name="Use a passkey").click()
    person.wait_for_url("**/en/self/")
    person.get_by_role("link", name=re.compile("Remove")).click()
    person.get_by_role("button", name="Remove it").click()
    expect(person.get_by_role("heading", level=1)).to_contain_text("password alone")
    assert watch.complaints == []


def test_a_passkey_that_does_not_come_is_said_and_leaves_the_form(browser: Browser, demo: str) -> None:
    context = context_of(browser)
    page = context.new_page()
    page.goto(f"{demo}/en/account/login/")
    expect(page.get_by_role("alert")).to_be_hidden()
    # Refused at once, as when the person presses "Cancel".
    refuse = "() => { navigator.credentials.get = () => Promise.reject(new DOMException('no', 'NotAllowedError')); }"
    page.evaluate(refuse)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("No passkey came")
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_enabled()
    context.close()


def test_a_sample_account_signs_in_by_keyboard_alone(browser: Browser, demo: str) -> None:
    context = context_of(browser)
    page = context.new_page()
    page.goto(f"{demo}/en/account/login/")
    page.get_by_role("button", name=re.compile("^Auditor")).first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/account/" not in url)
    expect(page.locator("details.person")).to_contain_text("Tang Yu")
    context.close()


def test_without_script_a_password_signs_in_and_passkeys_say_what_they_need(browser: Browser, demo: str) -> None:
    context = context_of(browser, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{demo}/en/account/login/")
    expect(page.get_by_text("This needs a browser with script and passkeys.")).to_be_visible()
    sign_in(page, demo, "auditor@demo.example")
    context.close()


def test_a_password_is_looked_at_while_it_is_typed_pasted_and_sent_hidden(browser: Browser, demo: str) -> None:
    """OWASP ASVS 4.0.3, 2.1.8, 2.1.11, 2.1.12: a meter, pasting, and a look at what was typed."""
    page = context_of(browser).new_page()
    sign_in(page, demo, "filer@demo.example")
    page.goto(f"{demo}/en/account/password/change/")
    new = page.get_by_label("New password", exact=True)
    field = page.locator(".field", has=new)
    expect(new).to_have_attribute("type", "password")
    new.focus()
    # What a password manager does: the whole text at once, without keys.
    page.keyboard.insert_text("four wordsss")
    expect(field.locator(".under-password")).to_contain_text("10 characters that count, of at least 12")
    assert field.locator("meter").evaluate("meter => meter.value") == 10
    field.get_by_role("button", name="Show password").click()
    expect(new).to_have_attribute("type", "text")
    expect(new).to_have_value("four wordsss")
    field.get_by_role("button", name="Hide password").click()
    expect(new).to_have_attribute("type", "password")
    old = page.get_by_label("Current password", exact=True)
    assert page.locator(".field", has=old).locator("meter").count() == 0
    page.locator(".field", has=old).get_by_role("button", name="Show password").click()
    seen = page.evaluate(
        """() => new Promise(told => { const form = document.querySelector("form.form");
        form.addEventListener("submit", event => { event.preventDefault();
            const sent = [...form.querySelectorAll("input")].filter(one => one.name.includes("password"));
            told(sent.map(one => one.type)); });
        form.noValidate = true; form.requestSubmit(); })"""
    )
    assert set(seen) == {"password"}
    page.context.close()
