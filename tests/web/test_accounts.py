"""Signing in and what guards it: throttling, sessions, second factors, links, the gate before every page."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core import mail
from django.core.cache import cache
from django.test import Client, override_settings
from tests.accounts import PASSWORD, QuickArgon2, code, empty_office, office, person, with_app
from tests.office.register import REGISTER

from lodeline.office.access import clock
from lodeline.office.access.actor import NOBODY, Actor, actor_of
from lodeline.office.accounts.demonstration import SAMPLE_ACCOUNTS
from lodeline.office.accounts.email_change import token_of
from lodeline.office.accounts.first_run import first_run_code
from lodeline.office.accounts.invitations import invite
from lodeline.office.models import AuditRecord, Delegation, OrganisationSettings, User
from lodeline.regulation.parameter import load
from lodeline.service.entries.records import put_records
from lodeline.store.database import Database
from lodeline.store.opening import open_store
from lodeline.web.accounts.adapter import MAIL_THREAD
from lodeline.web.server.smtp import MailAddressError, mail_settings

LOGIN = "/en/account/login/"
FIRM = "MAG-0001"
FILER = "filer@firm.example"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[str]:
    with empty_office(tmp_path) as url:
        yield url


@pytest.fixture
def filer(room: str) -> User:
    return person(FILER, (FIRM, "filer"))


@pytest.fixture
def registrar(room: str) -> User:
    return person("registrar@authority.example", ("", "registrar"))


def client(**environ: Any) -> Client:
    return Client(HTTP_HOST="127.0.0.1", **environ)


def signed_in(email: str = FILER, password: str = PASSWORD, **environ: Any) -> Client:
    browser = client(**environ)
    response = sign_in(browser, email, password)
    assert response.status_code == 302, response.content.decode()
    return browser


def sign_in(browser: Client, email: str = FILER, password: str = PASSWORD, **more: str) -> Any:
    return browser.post(LOGIN, {"login": email, "password": password, **more})


def records() -> list[tuple[str, str]]:
    return list(AuditRecord.objects.order_by("pk").values_list("what", "who"))


def who(user: User) -> Actor:
    return actor_of(user, on=clock.today(load().timezone))


def words(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))


# Signing in.


def test_signing_in_leads_home_and_is_recorded(filer: User) -> None:
    browser = client()
    response = sign_in(browser, FILER.upper())
    assert response["Location"] == "/en/home/"
    browser.post("/en/account/logout/")
    assert records() == [("account.sign-in", filer.pseudonym), ("account.sign-out", filer.pseudonym)]
    assert browser.get("/en/self/")["Location"] == f"{LOGIN}?next=%2Fen%2Fself%2F"


def test_the_session_gets_another_key_when_somebody_signs_in(filer: User) -> None:
    browser = client()
    browser.get(LOGIN)
    session = browser.session
    session["planted"] = "by somebody else"
    session.save()
    browser.cookies[settings.SESSION_COOKIE_NAME] = before = str(session.session_key)
    sign_in(browser)
    after = browser.cookies[settings.SESSION_COOKIE_NAME].value
    assert after != before
    assert client(HTTP_COOKIE=f"{settings.SESSION_COOKIE_NAME}={before}").get("/en/self/").status_code == 302


def test_a_session_is_in_its_cookie_and_nowhere_else(filer: User) -> None:
    browser = signed_in()
    key = browser.cookies[settings.SESSION_COOKIE_NAME].value
    # Django draws 32 of 36 signs: 165 bits.
    assert re.fullmatch(r"[a-z0-9]{32}", key)
    assert key not in browser.get("/en/self/").content.decode()
    assert client().get(f"/en/self/?{settings.SESSION_COOKIE_NAME}={key}").status_code == 302
    assert client(HTTP_AUTHORIZATION=f"Bearer {key}").get("/api/v1/filings").status_code == 401


def test_no_password_grows_old_and_none_is_remembered(filer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    years = timedelta(days=3 * 365)
    User.objects.update(last_login=clock.now() - years, joined_at=clock.now() - years)
    browser = signed_in()
    assert browser.get("/en/self/").status_code == 200
    at = "/en/account/password/change/"
    for old, new in ((PASSWORD, "another horse battery"), ("another horse battery", PASSWORD)):
        assert browser.post(at, {"oldpassword": old, "password1": new, "password2": new}).status_code == 302
    signed_in()


def test_a_form_without_its_token_is_refused(filer: User) -> None:
    browser = Client(HTTP_HOST="127.0.0.1", enforce_csrf_checks=True)
    assert sign_in(browser).status_code == 403
    page = browser.get(LOGIN).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token is not None
    assert sign_in(browser, csrfmiddlewaretoken=token[1]).status_code == 302


def test_a_form_by_a_proxy_that_passes_nothing_on_says_whose_fault_it_is(filer: User) -> None:
    browser = Client(HTTP_HOST="127.0.0.1", enforce_csrf_checks=True)
    browser.get(LOGIN)
    token = browser.cookies[settings.CSRF_COOKIE_NAME].value
    with override_settings(LODELINE_HOSTS=["lodeline.example"]):
        answer = browser.post(LOGIN, {"csrfmiddlewaretoken": token}, headers={"Origin": "https://lodeline.example"})
    assert answer.status_code == 403
    assert "X-Forwarded-Proto" in answer.content.decode()


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/", "//evil.example/", "/\\evil.example/", "https:evil.example", "javascript:alert(1)",
        "http://localhost/en/", "\thttps://evil.example",
    ],
)  # fmt: skip
def test_next_leads_nowhere_but_into_the_portal(filer: User, elsewhere: str) -> None:
    assert sign_in(client(), next=elsewhere)["Location"] == "/en/home/"
    assert sign_in(client(), next="/zh/law/")["Location"] == "/zh/law/"


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(filer: User) -> None:
    wrong, unknown = (sign_in(client(), email, "not the password") for email in (FILER, "nobody@firm.example"))
    assert wrong.status_code == unknown.status_code == 200
    assert "is not right" in words(wrong)
    assert words(wrong) == words(unknown)
    assert list(AuditRecord.objects.order_by("pk").values_list("what", "subject")) == [
        ("account.sign-in-failed", filer.pseudonym), ("account.sign-in-failed", ""),
    ]  # fmt: skip


@pytest.mark.medium
def test_an_unknown_address_costs_a_hash_as_a_wrong_password_does(filer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hash takes nearly all of the time: an answer that came without it would say that nobody has this address."""
    hashed: list[str] = []

    def encode(self: Argon2PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return str(Argon2PasswordHasher.encode(self, password, salt))

    monkeypatch.setattr(QuickArgon2, "encode", encode)
    sign_in(client(), "nobody@firm.example", "not the password")
    assert hashed == ["not the password"]


@pytest.mark.parametrize("email", [FILER, "nobody@firm.example"])
def test_after_five_wrong_passwords_the_right_one_does_not_help_there_for_five_minutes(filer: User, email: str) -> None:
    guesser = {"REMOTE_ADDR": "10.1.0.1"}
    for _ in range(5):
        assert "is not right" in words(sign_in(client(**guesser), email, "wrong"))
    # Another browser in the same place: what is counted stands where every worker sees it.
    last = sign_in(client(**guesser), email, PASSWORD)
    assert last.status_code == 200
    assert "Too many attempts" in words(last)
    assert "is not right" in words(sign_in(client(**guesser), "other@firm.example", "wrong"))


def test_who_guesses_elsewhere_does_not_lock_the_owner_out(filer: User) -> None:
    for place in ("10.1.0.1", "10.1.0.2", "2001:db8::1"):
        for _ in range(6):
            sign_in(client(REMOTE_ADDR=place), FILER, "wrong")
    assert "Too many" in words(sign_in(client(REMOTE_ADDR="2001:db8::2"), FILER, PASSWORD)), "one network is one place"
    assert sign_in(client(REMOTE_ADDR="10.2.0.1")).status_code == 302


def test_one_place_tries_ten_passwords_a_minute(filer: User) -> None:
    for number in range(10):
        assert "is not right" in words(sign_in(client(), f"a{number}@firm.example", "wrong"))
    assert "Too many attempts" in words(sign_in(client(), "b@firm.example", "wrong"))


def test_attempts_are_counted_in_the_database(filer: User) -> None:
    sign_in(client(), FILER, "wrong")
    # Where every worker sees it, and not in the memory of one.
    kept = Database(settings.LODELINE_DATABASE).rows("SELECT cache_key FROM office_cache")
    assert sum("login_failed" in str(key) for (key,) in kept) == 2
    assert not any(FILER in str(key) for (key,) in kept)


def test_a_closed_account_does_not_open(filer: User) -> None:
    browser = signed_in()
    User.objects.filter(pk=filer.pk).update(is_active=False)
    assert browser.get("/en/self/").status_code == 302
    assert sign_in(client())["Location"] == "/en/account/inactive/"
    assert sign_in(client(), FILER, "wrong").status_code == 200


def test_nobody_signs_up(room: str, filer: User) -> None:
    for address in ("signup/", "email/", "password/set/", "2fa/webauthn/signup/", "2fa/trust/"):
        assert client().post(f"/en/account/{address}").status_code == 404


@pytest.mark.parametrize("path", ["login/", "password/reset/", "password/reset/done/", "inactive/"])
def test_account_pages_speak_both_languages_and_have_no_script_or_style_of_their_own(filer: User, path: str) -> None:
    english, chinese = (client().get(f"/{one}/account/{path}").content.decode() for one in ("en", "zh"))
    assert '<html lang="zh-Hans">' in chinese
    assert not re.search(r"[一-鿿]", english.replace("语言", "").replace("中文", ""))
    for html in (english, chinese):
        assert "style=" not in html
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", html))


# The demo.


def test_sample_accounts_are_offered_in_the_demo_and_nowhere_else(room: str, filer: User) -> None:
    assert "demo.example" not in client().get(LOGIN).content.decode()
    sample = SAMPLE_ACCOUNTS[5]
    person(sample.email, ("", sample.role))
    with override_settings(LODELINE_DEMO=True):
        page = client().get(LOGIN).content.decode()
    assert f'name="login" value="{sample.email}"' in page


# Sessions.


def test_a_session_is_ended_from_another_one(filer: User) -> None:
    laptop, phone = signed_in(HTTP_USER_AGENT="Laptop"), signed_in(HTTP_USER_AGENT="Phone")
    page = laptop.get("/en/self/").content.decode()
    assert "Laptop" in page and "Phone" in page
    theirs = UserSession.objects.get(user_agent="Phone")
    laptop.post("/en/self/", {"do": "end-session", "session": theirs.pk})
    assert phone.get("/en/self/").status_code == 302
    assert laptop.get("/en/self/").status_code == 200


def test_nobody_ends_the_session_of_somebody_else(filer: User) -> None:
    other = person("other@firm.example", (FIRM, "filer"))
    victim = signed_in()
    theirs = UserSession.objects.get(user=filer)
    signed_in(other.email).post("/en/self/", {"do": "end-session", "session": theirs.pk})
    assert victim.get("/en/self/").status_code == 200


def test_all_other_sessions_end_at_once_and_with_a_new_password(filer: User) -> None:
    here, there = signed_in(), signed_in()
    here.post("/en/self/", {"do": "end-others"})
    assert there.get("/en/self/").status_code == 302
    there = signed_in()
    new = "another horse battery"
    changed = here.post("/en/account/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert changed["Location"] == "/en/self/"
    assert here.get("/en/self/").status_code == 200
    assert there.get("/en/self/").status_code == 302
    assert ("account.password-change", filer.pseudonym) in records()
    assert sign_in(client(), FILER, PASSWORD).status_code == 200


def test_a_session_lasts_twelve_hours_however_busy(filer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = signed_in()
    now = time.time()
    monkeypatch.setattr("lodeline.web.accounts.gate.time.time", lambda: now + 12 * 3600 + 5)
    assert browser.get("/en/self/")["Location"] == LOGIN
    monkeypatch.undo()
    assert browser.get("/en/self/").status_code == 302


def test_cookies_cannot_be_read_by_scripts_or_sent_by_other_sites(filer: User) -> None:
    cookie = signed_in().cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert not cookie["max-age"], "it ends with the browser"


def test_where_others_reach_it_cookies_travel_over_tls_alone() -> None:
    asked = (
        "from lodeline.web import settings as s; print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE,"
        " s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN, s.LODELINE_MFA)"
    )
    environment = {**os.environ, "LODELINE_HOSTS": "portal.example", "LODELINE_MFA": "perhaps"}
    answer = subprocess.run(
        [sys.executable, "-c", asked], env=environment, capture_output=True, text=True, check=True
    ).stdout.split()
    assert answer == ["True", "True", "__Host-lodeline_session", "__Host-lodeline_csrf", "False", "required"]


# The gate.


def test_an_official_sees_nothing_before_there_is_a_second_factor(registrar: User) -> None:
    browser = signed_in(registrar.email)
    for path in ("/en/home/", "/en/", "/en/law/", "/zh/no-such-page/", "/en/account/password/change/"):
        assert browser.get(path)["Location"].endswith("/self/?first=second-factor"), path
    assert "Set up a second factor" in words(browser.get("/en/self/"))
    assert browser.post("/en/register/new/", {"id": "X"}).status_code == 302
    assert browser.get("/api/v1/anything").status_code == 403
    with_app(registrar)
    assert browser.get("/en/law/").status_code != 302


@pytest.mark.parametrize(
    ("role", "place", "led"),
    [
        ("filer", FIRM, False), ("certifier", FIRM, True), ("organisation-admin", FIRM, True), ("analyst", "", True),
        ("customs-officer", "", True), ("system-admin", "", True),
    ],
)  # fmt: skip
def test_whom_the_policy_asks_for_a_second_factor(room: str, role: str, place: str, led: bool) -> None:
    user = person("x@x.example", (place, role))
    browser = client()
    browser.force_login(user)
    assert ("self" in browser.get("/en/home/").headers.get("Location", "")) == led
    with override_settings(LODELINE_MFA="optional"):
        assert "self" not in browser.get("/en/home/").headers.get("Location", "")


def test_without_any_account_every_page_leads_to_the_first_run(room: str) -> None:
    for path in ("/", "/en/", "/zh/law/", "/en/account/login/"):
        assert client().get(path)["Location"].endswith("/first-run/"), path
    code_ = first_run_code(room)
    assert code_ is not None
    assert code_ not in client().get("/en/first-run/").content.decode()
    form = {"name": "Sun Jie", "email": "sun@authority.example", "password": PASSWORD, "language": "zh"}
    assert client().post("/en/first-run/", {**form, "code": "AAAA"}).status_code == 400
    browser = client()
    assert browser.post("/en/first-run/", {**form, "code": code_})["Location"] == "/zh/register/"
    assert browser.get("/zh/home/")["Location"] == "/zh/self/?first=second-factor"
    assert client().get("/en/first-run/")["Location"] == "/en/home/"
    assert client().get("/en/law/").status_code != 302


def test_where_the_store_cannot_be_asked_nobody_is_let_pass_and_a_page_says_so(filer: User, tmp_path: Path) -> None:
    browser = signed_in()
    with override_settings(LODELINE_DATABASE=str(tmp_path / "gone" / "store.sqlite3")):
        answer = browser.get("/en/self/")
    assert answer.status_code == 503
    assert "The database answers" in words(answer)


# Second factors.


def activate(browser: Client) -> Any:
    page = browser.get("/en/account/2fa/totp/activate/").content.decode()
    secret = re.search(r'class="mono">([A-Z2-7]{32})<', page)
    assert secret is not None, page
    assert 'src="data:image/svg+xml' in page
    return browser.post("/en/account/2fa/totp/activate/", {"code": code(secret[1])}, follow=True)


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


# Passwords by mail.

SENDS = override_settings(
    EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend",
    LODELINE_SENDS_MAIL=True,
    ACCOUNT_EMAIL_NOTIFICATIONS=True,
)


def posted() -> list[Any]:
    for one in threading.enumerate():
        if one.name == MAIL_THREAD:
            one.join()
    return mail.outbox


def test_a_new_password_comes_by_mail_in_ones_own_language_and_ends_every_session(filer: User) -> None:
    User.objects.filter(pk=filer.pk).update(language="zh")
    mail.outbox = []
    thief = signed_in()
    with SENDS:
        browser = client()
        assert browser.post("/en/account/password/reset/", {"email": FILER}).status_code == 302
        (letter,) = posted()
        assert letter.to == [FILER]
        assert "设置新密码" in letter.subject
        link = re.search(r"http://127\.0\.0\.1(/\S+)", letter.body)
        assert link is not None
        page = browser.get(link[1], follow=True)
        assert link[1] not in page.content.decode()
        at = page.redirect_chain[-1][0]
        new = "another horse battery"
        assert browser.post(at, {"password1": new, "password2": new}).status_code == 302
        assert sign_in(client(), FILER, new).status_code == 302
        assert thief.get("/en/self/").status_code == 302
        assert [one.subject for one in posted()][1:] == ["您的密码已重置"]
        assert "not good" in words(client().get(link[1].replace("/zh/", "/en/"), follow=True))
    assert ("account.password-reset", filer.pseudonym) in records()


def test_a_new_password_does_not_stand_in_for_the_second_factor(filer: User) -> None:
    mail.outbox = []
    secret = with_app(filer)
    with SENDS:
        browser = client()
        browser.post("/en/account/password/reset/", {"email": FILER})
        page = browser.get(link_in(posted()[0]), follow=True)
        new = "another horse battery"
        assert browser.post(page.redirect_chain[-1][0], {"password1": new, "password2": new}).status_code == 302
        assert browser.get("/en/self/").status_code == 302
        assert sign_in(browser, FILER, new)["Location"] == "/en/account/2fa/authenticate/"
        assert browser.get("/en/self/").status_code == 302
        browser.post("/en/account/2fa/authenticate/", {"code": code(secret)})
        assert browser.get("/en/self/").status_code == 200


NEW: str = "new@firm.example"


def asked_for(browser: Client, email: str) -> Any:
    return browser.post("/en/self/", {"do": "email", "email": email}, follow=True)


def link_in(letter: Any) -> str:
    found = re.search(r"http://127\.0\.0\.1(/\S+)", letter.body)
    assert found is not None
    return found[1]


def test_another_address_proves_itself_and_the_old_one_is_told(filer: User) -> None:
    mail.outbox = []
    with SENDS:
        browser, elsewhere = signed_in(), signed_in()
        assert "a link is on its way" in words(asked_for(browser, NEW.upper()))
        (letter,) = posted()
        assert letter.to == [NEW]
        at = link_in(letter)
        assert NEW not in at and FILER not in at
        # Opening the link changes nothing yet: programs follow links too.
        assert NEW in words(browser.get(at))
        assert sign_in(client()).status_code == 302
        assert "new address" in words(browser.post(at, follow=True))
        assert [one.to for one in posted()] == [[NEW], [FILER]]
        assert sign_in(client(), NEW).status_code == 302
        assert "is not right" in words(sign_in(client(), FILER))
        # Sessions are kept; the link is good once.
        assert browser.get("/en/self/").status_code == elsewhere.get("/en/self/").status_code == 200
        assert browser.post(at).status_code == 404
    assert [one for one in records() if "email" in one[0]] == [
        ("account.email-ask", filer.pseudonym), ("account.email-change", filer.pseudonym),
    ]  # fmt: skip
    assert not AuditRecord.objects.filter(facts__contains="@").exists()


def test_a_taken_address_gets_the_same_answer_and_no_link(filer: User, registrar: User) -> None:
    mail.outbox = []
    with SENDS:
        browser = signed_in()
        free, taken = asked_for(browser, NEW), asked_for(browser, registrar.email)
        assert words(free) == words(taken)
        assert [one.to for one in posted()] == [[NEW]]
        at = link_in(posted()[0])
        # Taken since: the link is good for nothing, and does not say why.
        person(NEW, (FIRM, "filer"))
        assert browser.post(at).status_code == 404
    assert User.objects.get(pk=filer.pk).email == FILER


def test_the_link_is_of_use_to_nobody_else_and_for_a_day(filer: User, registrar: User) -> None:
    mail.outbox = []
    with SENDS:
        browser = signed_in()
        asked_for(browser, NEW)
        at = link_in(posted()[0])
        assert client().post(at)["Location"].startswith(LOGIN)
        with override_settings(LODELINE_MFA="optional"):
            assert signed_in(registrar.email).post(at).status_code == 404
        assert browser.get("/en/self/email/no-such-link/").status_code == 404
        tomorrow = token_of(filer, NEW, now=clock.now() - timedelta(days=1, seconds=1))
        assert browser.post(f"/en/self/email/{tomorrow}/").status_code == 404
    assert User.objects.get(pk=filer.pk).email == FILER


def test_an_address_is_asked_for_thrice_an_hour_by_who_has_just_proved_who_he_is(filer: User) -> None:
    mail.outbox = []
    with SENDS:
        browser = signed_in()
        for number in range(3):
            assert "on its way" in words(asked_for(browser, f"n{number}@firm.example"))
        assert "Three links" in words(asked_for(browser, "n3@firm.example"))
        assert len(posted()) == 3
        for wrong in ("no address", FILER):
            assert asked_for(browser, wrong).status_code == 400
        session = browser.session
        session["account_authentication_methods"] = [
            {**one, "at": time.time() - 3600} for one in session["account_authentication_methods"]
        ]
        session.save()
        response = browser.post("/en/self/", {"do": "email", "email": NEW})
        assert "/account/reauthenticate/" in response["Location"]


def test_without_mail_no_address_is_offered(filer: User) -> None:
    browser = signed_in()
    assert "New e-mail address" not in words(browser.get("/en/self/"))
    assert "sends no mail" in words(asked_for(browser, NEW))


def test_a_reset_tells_nobody_who_has_an_account(filer: User) -> None:
    mail.outbox = []
    with SENDS:
        known, unknown = (
            client().post("/en/account/password/reset/", {"email": email}, follow=True)
            for email in (FILER, "nobody@firm.example")
        )
        assert words(known) == words(unknown)
        assert [one.to for one in posted()] == [[FILER]]


def test_without_a_mail_server_the_reset_page_says_whom_to_ask(filer: User) -> None:
    page = client().get("/en/account/password/reset/")
    assert "Ask the registrar" in words(page)
    assert 'name="email"' not in page.content.decode()


def test_the_address_of_the_mail_server_is_read_or_named_as_wrong() -> None:
    found = mail_settings("smtps://post%40man:pass%2Fword@mail.example")
    assert (found["EMAIL_HOST_USER"], found["EMAIL_HOST_PASSWORD"]) == ("post@man", "pass/word")
    assert (found["EMAIL_PORT"], found["EMAIL_USE_SSL"], found["EMAIL_USE_TLS"]) == (465, True, False)
    assert mail_settings("smtp://mail.example")["EMAIL_USE_TLS"]
    assert "dummy" in str(mail_settings("")["EMAIL_BACKEND"])
    for wrong in ("mail.example", "http://mail.example", "smtp://", "smtp://host:port"):
        with pytest.raises(MailAddressError):
            mail_settings(wrong)


# Invitations, people, the own account.


def test_an_invitation_opens_the_account_and_signs_in(filer: User) -> None:
    head = person("head@firm.example", (FIRM, "organisation-admin"))
    one = invite(
        who(head), email="new@firm.example", name="New", organisation=FIRM, role="certifier",
        today=clock.today(load().timezone), now=clock.now(),
    )  # fmt: skip
    path = f"/en/invitation/{one.token}/"
    page = client().get(path)
    assert page["Cache-Control"] == "no-store"
    assert "new@firm.example" in words(page)
    form = {"name": "New", "password": "short", "language": "en"}
    assert client().post(path, form).status_code == 400
    browser = client()
    assert browser.post(path, {**form, "password": PASSWORD})["Location"] == "/en/home/"
    assert browser.get("/en/home/")["Location"] == "/en/self/?first=second-factor"
    assert client().post(path, {**form, "password": PASSWORD}).status_code == 410
    assert client().get("/en/invitation/no-such-token/").status_code == 410


def test_an_invitation_is_not_accepted_by_somebody_else(filer: User) -> None:
    head = person("head@firm.example", (FIRM, "organisation-admin"))
    one = invite(
        who(head), email="new@firm.example", name="New", organisation=FIRM, role="filer",
        today=clock.today(load().timezone), now=clock.now(),
    )  # fmt: skip
    assert signed_in().post(f"/en/invitation/{one.token}/").status_code == 410
    assert not User.objects.filter(email="new@firm.example").exists()


def people_of(role: str, email: str = "x@firm.example") -> Client:
    person(email, (FIRM, role))
    browser = client()
    browser.force_login(User.objects.get(email=email))
    return browser


def test_an_administrator_invites_and_is_shown_the_link_once(room: str) -> None:
    with override_settings(LODELINE_MFA="optional"):
        browser = people_of("organisation-admin")
        at = f"/en/firm/{FIRM}/people/"
        form = {"do": "invite", "name": "Chen", "email": "chen@firm.example", "role": "filer"}
        answer = browser.post(at, form)
        link = re.search(r"http://127\.0\.0\.1/en/invitation/[\w-]{43}/", answer.content.decode())
        assert link is not None
        assert link[0] not in browser.get(at).content.decode()
        assert client().get(link[0]).status_code == 200
        wrong = browser.post(at, {**form, "email": "no address", "role": ""})
        assert wrong.status_code == 400
        assert 'href="#f-email"' in wrong.content.decode()
        assert "Chen" in wrong.content.decode(), "what was typed stays"


def test_an_invitation_goes_by_mail_where_there_is_a_server(room: str) -> None:
    mail.outbox = []
    with SENDS, override_settings(LODELINE_MFA="optional"):
        browser = people_of("organisation-admin")
        form = {"do": "invite", "name": "R&D", "email": "chen@firm.example", "role": "filer"}
        answer = browser.post(f"/zh/firm/{FIRM}/people/", form)
    assert answer.status_code == 303
    (letter,) = posted()
    assert "R&D" in letter.body
    assert "/zh/invitation/" in letter.body


def test_a_registrar_invites_the_first_administrator_and_lets_people_back_in(room: str, registrar: User) -> None:
    with override_settings(LODELINE_MFA="optional"):
        browser = signed_in(registrar.email)
        at = "/en/people/of/MAG-0009/"
        assert "Nobody acts for" in words(browser.get(at))
        form = {"do": "invite", "name": "Zhou", "email": "zhou@firm.example", "role": "organisation-admin"}
        assert "/en/invitation/" in words(browser.post(at, form))
        sites = REGISTER["sites"].with_columns(region=pl.lit("CN-JX"))
        put_records(open_store(room), {**REGISTER, "sites": sites}, filed_at=clock.now())
        auditor = {**form, "role": "auditor", "region": "CN-JX"}
        assert browser.post("/en/people/", {**auditor, "region": "Jiangxi"}).status_code == 400
        assert browser.post("/en/people/", auditor).status_code == 200
        lost = person("lost@firm.example", (FIRM, "certifier"))
        with_app(lost)
        theirs = f"/en/people/of/{FIRM}/{lost.pk}/"
        answer = browser.post(theirs, {"do": "let-back-in"})
        link = re.search(r"http://127\.0\.0\.1(/en/account/password/reset/key/[^<]+)", answer.content.decode())
        assert link is not None
        assert sign_in(client(), lost.email).status_code == 200
        theirs_now = client()
        at = theirs_now.get(link[1], follow=True).redirect_chain[-1][0]
        theirs_now.post(at, {"password1": "another horse battery", "password2": "another horse battery"})
        assert sign_in(theirs_now, lost.email, "another horse battery")["Location"] == "/en/home/"
        assert browser.get(f"/en/people/{registrar.pk}/").status_code == 200
        assert browser.post(f"/en/people/{registrar.pk}/", {"do": "let-back-in"}).status_code == 400
    head = people_of("organisation-admin")
    with override_settings(LODELINE_MFA="optional"):
        for path in ("/en/people/", f"/en/people/{registrar.pk}/", f"/en/people/of/{FIRM}/", theirs):
            assert head.get(path).status_code == 403, path
        assert head.post(f"/en/firm/{FIRM}/people/{lost.pk}/", {"do": "let-back-in"}).status_code == 403


def test_a_filer_sees_colleagues_and_changes_nothing(room: str) -> None:
    browser = people_of("filer")
    at = f"/en/firm/{FIRM}/people/"
    assert "Invite somebody" not in words(browser.get(at))
    form = {"do": "invite", "name": "Chen", "email": "chen@firm.example", "role": "filer"}
    assert browser.post(at, form).status_code == 403
    assert browser.post(at, {"do": "second-person", "second_person": "yes"}).status_code == 403
    assert browser.get("/en/firm/MAG-0002/people/").status_code == 403
    assert browser.get(f"/en/firm/{FIRM}/people/1/").status_code == 403
    assert not OrganisationSettings.objects.exists()


def test_an_administrator_ends_changes_and_gives_roles_of_the_own_firm_alone(room: str) -> None:
    with override_settings(LODELINE_MFA="optional"):
        browser = people_of("organisation-admin")
        theirs = person("theirs@other.example", ("MAG-0002", "filer"))
        own = person("own@firm.example", (FIRM, "filer"))
        at = f"/en/firm/{FIRM}/people/{own.pk}/"
        foreign = browser.post(at, {"do": "end", "membership": theirs.memberships.get().pk})
        assert foreign.status_code == 403
        assert browser.get(f"/en/firm/{FIRM}/people/{theirs.pk}/").status_code == 404
        assert browser.post(at, {"do": "grant", "role": "certifier"}).status_code == 303
        assert browser.post(at, {"do": "grant", "role": "registrar"}).status_code == 400
        first = own.memberships.order_by("pk")[0]
        assert browser.post(at, {"do": "end", "membership": first.pk}).status_code == 303
        assert browser.post(at, {"do": "end", "membership": "1 OR 1"}).status_code == 400
        assert who(own).roles(FIRM) == ("certifier", "filer"), "the last day is a day of it"
        assert who(theirs).roles("MAG-0002") == ("filer",)


def test_an_administrator_lets_another_organisation_file_and_ends_it(room: str) -> None:
    put_records(open_store(room), REGISTER, filed_at=clock.now())
    firm, agent = REGISTER["organisations"]["id"].to_list()[:2]
    with override_settings(LODELINE_MFA="optional"):
        person("head@firm.example", (firm, "organisation-admin"))
        clerk = person("clerk@agent.example", (agent, "filer"))
        browser = signed_in("head@firm.example")
        at = f"/en/firm/{firm}/delegations/"
        form = {"do": "delegate", "agent": "NOBODY-9", "valid_from": ""}
        refused = browser.post(at, form)
        assert refused.status_code == 400
        assert 'href="#f-agent"' in refused.content.decode()
        assert browser.post(at, {**form, "agent": agent, "valid_from": "31.3."}).status_code == 400
        assert browser.post(at, {**form, "agent": agent}).status_code == 303
        assert who(clerk).may("own.file", firm)
        assert "One other organisation files" in words(browser.get(at))
        assert signed_in(clerk.email).get(at).status_code == 200
        given = Delegation.objects.get()
        yesterday = clock.today(load().timezone) - timedelta(days=1)
        end = {"do": "end", "delegation": given.pk, "last_day": yesterday}
        assert signed_in(clerk.email).post(at, end).status_code == 403
        assert browser.post(at, end).status_code == 303
        assert not who(clerk).may("own.file", firm)


def test_who_belongs_to_two_firms_changes_between_them_in_the_rail(room: str) -> None:
    person("two@firm.example", (FIRM, "filer"), ("MAG-0002", "filer"))
    browser = signed_in("two@firm.example")
    page = browser.get(f"/en/firm/{FIRM}/people/").content.decode()
    rail = page[page.index('<details class="person">') : page.index("</details>")]
    assert FIRM in rail
    assert "Filer" in rail


def test_the_own_page_shows_and_changes_the_own_data(filer: User) -> None:
    browser = signed_in()
    form = {"do": "profile", "name": "陈伟", "language": "zh"}
    assert browser.post("/en/self/", form)["Location"] == "/zh/self/?done=profile"
    filer.refresh_from_db()
    assert (filer.name, filer.language, filer.wants_mail) == ("陈伟", "zh", False)
    assert browser.post("/en/self/", {**form, "name": " "}).status_code == 400


def test_nobody_who_has_not_signed_in_sees_any_of_it(filer: User) -> None:
    for path in ("/en/self/", f"/en/firm/{FIRM}/people/", f"/en/firm/{FIRM}/delegations/"):
        assert client().get(path)["Location"].startswith(LOGIN)
    assert NOBODY.organisations == ()
