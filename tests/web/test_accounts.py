"""Signing in and what guards it: throttling, sessions, the gate before every page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.test import Client, override_settings
from tests.accounts import PASSWORD, QuickArgon2, person, with_app
from tests.web.signing_in import FILER, FIRM, LOGIN, client, records, sign_in, signed_in, words

from lodeline import __version__
from lodeline.build import build
from lodeline.language import LANGUAGES
from lodeline.office.access import clock
from lodeline.office.accounts import on_server
from lodeline.office.accounts.demonstration import SAMPLE_ACCOUNTS
from lodeline.office.models import AuditRecord, User
from lodeline.store.database import Database

# Signing in.


def test_signing_in_leads_home_and_is_recorded(filer: User) -> None:
    browser = client()
    response = sign_in(browser, FILER.upper())
    assert response["Location"] == "/en/home/"
    browser.post("/en/account/logout/")
    assert records() == [("account.sign-in", filer.pseudonym), ("account.sign-out", filer.pseudonym)]
    assert browser.get("/en/self/")["Location"] == f"{LOGIN}?next=%2Fen%2Fself%2F"


def test_foot_names_the_build_to_who_has_signed_in_and_to_nobody_else(filer: User) -> None:
    browser = signed_in()
    for language in LANGUAGES:
        foot = browser.get(f"/{language}/self/").content.decode().partition('<footer class="foot">')[2]
        assert f"Lodeline {build(language)}" in foot
    page = client().get(LOGIN).content.decode()
    assert "Lodeline" in page and __version__ not in page


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
    assert "lodeline accounts registrar" in words(client().get("/en/first-run/"))
    form = {"name": "Sun Jie", "email": "sun@authority.example", "password": PASSWORD, "language": "zh"}
    assert client().post("/en/first-run/", {**form, "code": "AAAA"}).status_code == 405, "no page opens it"
    today = clock.today("Asia/Shanghai")
    link = on_server.registrar("sun@authority.example", "Sun Jie", today=today, now=clock.now())
    browser = client()
    assert browser.post(f"/zh/invitation/{link.token}/", form)["Location"] == "/zh/home/"
    assert browser.get("/zh/home/")["Location"] == "/zh/self/?first=second-factor"
    assert client().get("/en/first-run/")["Location"] == "/en/home/"
    assert client().get("/en/law/").status_code != 302


def test_where_the_store_cannot_be_asked_nobody_is_let_pass_and_a_page_says_so(filer: User, tmp_path: Path) -> None:
    browser = signed_in()
    with override_settings(LODELINE_DATABASE=str(tmp_path / "gone" / "store.sqlite3")):
        answer = browser.get("/en/self/")
    assert answer.status_code == 503
    assert "The database gives no answer" in words(answer)
