"""Signing in as tests do: addresses, browsers, the mail that was sent."""

from __future__ import annotations

import re
import threading
from typing import Any

from django.core import mail
from django.test import Client, override_settings
from tests.accounts import PASSWORD

from lodeline.office.access import clock
from lodeline.office.access.actor import Actor, actor_of
from lodeline.office.models import AuditRecord, User
from lodeline.regulation.parameter import load
from lodeline.web.accounts.adapter import MAIL_THREAD

LOGIN = "/en/account/login/"
FIRM = "MAG-0001"
FILER = "filer@firm.example"


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
    return actor_of(user, on=clock.today(load("cn").timezone))


def words(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))


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
