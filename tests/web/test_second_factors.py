"""Second factors: set up, asked for once, kept under a key, not taken away."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client, override_settings
from tests.accounts import PASSWORD, code, office, person, with_app
from tests.web.signing_in import client, records, sign_in, signed_in, words

from lodeline.office.models import User

ACTIVATE = "/en/account/2fa/totp/activate/"


def secret_on_page(browser: Client) -> str:
    page = browser.get(ACTIVATE).content.decode()
    secret = re.search(r'class="mono">([A-Z2-7]{32})<', page)
    assert secret is not None, page
    assert 'src="data:image/svg+xml' in page
    return secret[1]


def activate(browser: Client) -> Any:
    return browser.post(ACTIVATE, {"code": code(secret_on_page(browser))}, follow=True)


def test_setting_up_an_app_shows_recovery_codes_once_and_opens_the_portal(registrar: User) -> None:
    browser = signed_in(registrar.email)
    answer = activate(browser)
    codes = re.findall(r"<li>(\d{8})</li>", answer.content.decode())
    assert len(set(codes)) == 10
    assert codes[0] not in browser.get("/en/account/2fa/recovery-codes/").content.decode()
    assert browser.get("/en/home/")["Location"] != "/en/self/?first=second-factor"
    kept = json.dumps(list(Authenticator.objects.values_list("data", flat=True)))
    assert not any(one in kept for one in codes)
    assert {what for what, _ in records()} >= {"account.sign-in", "account.factor-add"}
    # A recovery code lets in once.
    for expected in (302, 200):
        again = client()
        assert sign_in(again, registrar.email)["Location"] == "/en/account/2fa/authenticate/"
        assert again.get("/en/self/").status_code == 302, "a password alone opens nothing"
        assert again.post("/en/account/2fa/authenticate/", {"code": codes[3]}).status_code == expected


@pytest.mark.parametrize(("periods", "lets_in"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_clocks_may_differ_by_half_a_minute(filer: User, periods: int, lets_in: bool) -> None:
    secret = with_app(filer)
    browser = client()
    sign_in(browser)
    while time.time() % 30 > 28:
        time.sleep(0.2)
    answer = browser.post("/en/account/2fa/authenticate/", {"code": code(secret, periods=periods)})
    assert (answer.status_code == 302) == lets_in
    assert (browser.get("/en/self/").status_code == 200) == lets_in


def test_a_code_is_good_once_even_when_the_library_has_forgotten_it(filer: User) -> None:
    secret = with_app(filer)
    shown = code(secret)
    first, second = client(), client()
    sign_in(first), sign_in(second)
    assert first.post("/en/account/2fa/authenticate/", {"code": shown}).status_code == 302
    # The library forgets after thirty seconds.
    cache.delete(f"allauth.mfa.totp.used?user={filer.pk}&code={shown}")
    assert second.post("/en/account/2fa/authenticate/", {"code": shown}).status_code == 200


def test_the_code_that_sets_an_app_up_signs_nobody_in(registrar: User) -> None:
    browser = signed_in(registrar.email)
    secret = secret_on_page(browser)
    shown = code(secret)
    assert browser.post(ACTIVATE, {"code": shown}).status_code == 302
    another = client()
    sign_in(another, registrar.email)
    assert another.post("/en/account/2fa/authenticate/", {"code": shown}).status_code == 200
    assert another.get("/en/self/").status_code == 302
    assert another.post("/en/account/2fa/authenticate/", {"code": code(secret, periods=1)}).status_code == 302


def test_codes_cannot_be_tried_through(filer: User) -> None:
    secret = with_app(filer)
    browser = client()
    sign_in(browser)
    for _ in range(5):
        browser.post("/en/account/2fa/authenticate/", {"code": "000000"})
    answer = browser.post("/en/account/2fa/authenticate/", {"code": code(secret)})
    assert answer.status_code == 200
    assert "Too many attempts" in words(answer)
    assert ("account.code-failed", "") in records()


def test_the_secret_is_kept_under_a_key_that_is_not_in_the_database(filer: User) -> None:
    secret = with_app(filer)
    assert secret not in json.dumps(Authenticator.objects.get().data)
    browser = client()
    sign_in(browser)
    with override_settings(SECRET_KEY="another key"):
        assert not Authenticator.objects.get().wrap().validate_code(code(secret))


def test_who_must_have_a_second_factor_does_not_take_away_the_last(registrar: User) -> None:
    browser = signed_in(registrar.email)
    activate(browser)
    answer = browser.post("/en/account/2fa/totp/deactivate/")
    assert answer.status_code == 200
    assert Authenticator.objects.filter(type=Authenticator.Type.TOTP).exists()
    with override_settings(LODELINE_MFA="optional"):
        assert browser.post("/en/account/2fa/totp/deactivate/").status_code == 302
    assert not Authenticator.objects.exists(), "the recovery codes go with it"


def test_what_guards_the_account_is_changed_only_by_who_has_just_proved_it(
    filer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = signed_in()
    now = time.time()
    monkeypatch.setattr("allauth.account.internal.flows.reauthentication.time.time", lambda: now + 301)
    for path in ("totp/activate/", "webauthn/add/", "recovery-codes/generate/"):
        answer = browser.get(f"/en/account/2fa/{path}")
        assert answer["Location"].startswith("/en/account/reauthenticate/?next="), path
    asked = browser.post("/en/account/reauthenticate/?next=/en/self/", {"password": "wrong"})
    assert asked.status_code == 200
    monkeypatch.undo()
    asked = browser.post("/en/account/reauthenticate/?next=/en/self/", {"password": PASSWORD})
    assert asked["Location"] == "/en/self/"


@pytest.mark.medium
def test_second_factors_work_on_both_databases(url: str) -> None:
    with office(url):
        user = person("registrar@authority.example", ("", "registrar"))
        browser = signed_in(user.email)
        codes = re.findall(r"<li>(\d{8})</li>", activate(browser).content.decode())
        again = client()
        sign_in(again, user.email)
        assert again.post("/en/account/2fa/authenticate/", {"code": codes[0]}).status_code == 302
        assert again.post("/en/account/2fa/recovery-codes/generate/").status_code == 302
        assert codes[1] not in words(again.get("/en/account/2fa/recovery-codes/"))
        for _ in range(5):
            sign_in(client(), user.email, "wrong")
        assert "Too many attempts" in words(sign_in(client(), user.email))
