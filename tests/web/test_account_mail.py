"""What comes by mail: a new password, another address, and nothing for who only guesses."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client, override_settings
from tests.accounts import code, person, with_app
from tests.web.signing_in import FILER, FIRM, LOGIN, SENDS, client, posted, records, sign_in, signed_in, words

from lodeline.office.access import clock
from lodeline.office.accounts.email_change import token_of
from lodeline.office.models import AuditRecord, User
from lodeline.web.server.smtp import MailAddressError, mail_settings


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
