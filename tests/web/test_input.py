"""What people type is text: never markup, a command, a path, a header, or a field that the form does not have."""

from __future__ import annotations

import html
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core import mail
from django.test import Client, override_settings
from tests.accounts import PASSWORD, empty_office, person

from lodeline.office.models import Membership, User
from lodeline.web.accounts.adapter import MAIL_THREAD
from lodeline.web.drawing.svg import escape

FIRM = "MAG-0001"
HOSTILE = """<img src=x onerror="alert('x')">{{ 7|add:7 }}"""


@pytest.fixture
def room(tmp_path: Path) -> Iterator[str]:
    with empty_office(tmp_path) as url, override_settings(LODELINE_MFA="optional"):
        yield url


def signed_in(user: User) -> Client:
    browser = Client(HTTP_HOST="127.0.0.1")
    answer = browser.post("/en/account/login/", {"login": user.email, "password": PASSWORD})
    assert answer.status_code == 302
    return browser


def administrator(name: str = "Zhou Lan") -> User:
    return person("admin@firm.example", (FIRM, "organisation-admin"), name=name)


def test_what_is_typed_is_text_wherever_it_is_shown(room: str) -> None:
    browser = signed_in(administrator(HOSTILE))
    for path in ("/en/self/", f"/zh/firm/{FIRM}/people/"):
        shown = browser.get(path).content.decode()
        assert "<img" not in shown
        assert html.escape(HOSTILE) in shown
    # Drawings escape by themselves: their markup goes past the templates.
    assert "<" not in escape(HOSTILE)
    assert html.unescape(escape(HOSTILE)) == HOSTILE


def test_what_a_form_does_not_have_is_not_taken(room: str) -> None:
    user = administrator()
    before = User.objects.values("pseudonym", "email", "password", "is_active", "joined_at").get(pk=user.pk)
    form = {"do": "profile", "name": "Zhou", "language": "zh"}
    more = {"pseudonym": "x", "email": "x@x.example", "password": "x", "is_active": "", "joined_at": "", "id": "1",
            "role": "registrar", "organisation": ""}  # fmt: skip
    assert signed_in(user).post("/en/self/", {**form, **more}).status_code == 303
    user.refresh_from_db()
    assert user.name == "Zhou"
    assert User.objects.values(*before).get(pk=user.pk) == before
    assert list(Membership.objects.values_list("organisation", "role")) == [(FIRM, "organisation-admin")]


def test_a_line_break_adds_nothing_to_a_mail(room: str) -> None:
    broken = "Zhou\r\nBcc: all@x.example"
    mail.outbox = []
    browser = signed_in(administrator(broken))
    form = {"do": "invite", "name": "Chen", "role": "filer"}
    sends = {"LODELINE_SENDS_MAIL": True, "EMAIL_BACKEND": "django.core.mail.backends.locmem.EmailBackend"}
    with override_settings(**sends):
        at = f"/en/firm/{FIRM}/people/"
        assert browser.post(at, {**form, "email": "chen@firm.example\nall@x.example"}).status_code == 400
        assert browser.post(at, {**form, "name": broken, "email": "chen@firm.example"}).status_code == 400
        assert browser.post(at, {**form, "email": "chen@firm.example"}).status_code == 303
    for one in threading.enumerate():
        if one.name == MAIL_THREAD:
            one.join()
    (letter,) = mail.outbox
    assert letter.recipients() == ["chen@firm.example"]
    assert "Bcc" not in letter.message()
    assert "\n" not in letter.subject
