"""The page where programs are let in, and the page that says what they can ask."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings
from tests.api.conftest import Office, Program

from lodeline.office.access.actor import Actor
from lodeline.office.models import AuditRecord, Token, User
from lodeline.web.api import api
from lodeline.web.pages.accounts import tokens as page

pytestmark = pytest.mark.medium

Ask = Callable[[Actor], Client]
HERE = "/en/firm/MINE/tokens/"


@pytest.fixture
def ask(counter: Office) -> Iterator[Ask]:
    """A browser in which somebody has signed in; how one signs in is the business of other tests."""
    gates = [one for one in settings.MIDDLEWARE if not one.startswith("lodeline.web.accounts.gate")]
    who = gates.index("lodeline.web.access.who_asks.WhoAsks")
    middleware = [*gates[:who], "tests.web.as_official.AsOfficial", *gates[who:]]
    with override_settings(MIDDLEWARE=middleware):

        def browser(actor: Actor) -> Client:
            client = Client(HTTP_HOST="127.0.0.1", **{"lodeline.actor": actor})  # type: ignore[arg-type]
            backend = "allauth.account.auth_backends.AuthenticationBackend"
            assert actor.user is not None
            client.force_login(User.objects.get(pk=actor.user), backend=backend)
            return client

        yield browser


def token_in(response: Any) -> str | None:
    found = re.search(r"lodeline_[\w-]{40,}", response.content.decode())
    return found[0] if found else None


def test_a_token_is_made_shown_once_used_and_revoked(counter: Office, ask: Ask) -> None:
    admin = ask(counter.person("organisation-admin", "MINE"))
    assert "No program acts for MINE Ltd" in admin.get(HERE).content.decode()
    made = admin.post(HERE, {"do": "issue", "name": "ERP", "days": "30", "scope": ["filings:read", "lots:read"]})
    text = token_in(made)
    assert made.status_code == 200 and text is not None
    assert Program(token=text).get("/filings").status_code == 200
    shown = admin.get(HERE)
    assert token_in(shown) is None
    assert "One program acts for MINE Ltd" in shown.content.decode()
    assert "last used" in shown.content.decode()
    gone = admin.post(HERE, {"do": "revoke", "token": str(Token.objects.get().pk)})
    assert (gone.status_code, gone["Location"]) == (303, f"{HERE}?done=revoked")
    assert Program(token=text).get("/filings").status_code == 401
    assert "没有程序代表" in admin.get(HERE.replace("/en/", "/zh/")).content.decode()
    assert [one.what for one in AuditRecord.objects.order_by("pk")] == ["token.issue", "token.revoke"]


def test_what_is_wrong_with_the_form_is_said(counter: Office, ask: Ask) -> None:
    admin = ask(counter.person("organisation-admin", "MINE"))
    faults: list[dict[str, Any]] = [{"name": ""}, {"scope": []}, {"days": "4000"}, {"days": "x"}]
    for wrong in faults:
        refused = admin.post(HERE, {"do": "issue", "name": "ERP", "days": "30", "scope": ["lots:read"], **wrong})
        assert refused.status_code == 400, wrong
        assert "No token was made" in refused.content.decode()
    assert not Token.objects.exists()


def test_who_may_not_make_one_sees_which_there_are(counter: Office, ask: Ask) -> None:
    counter.token("MINE", "lots:read")
    filer = ask(counter.person("filer", "MINE"))
    shown = filer.get(HERE).content.decode()
    assert "the ERP" in shown
    assert "Let a program in" not in shown and "Revoke" not in shown
    assert filer.post(HERE, {"do": "issue", "name": "x", "days": "30", "scope": ["lots:read"]}).status_code == 403
    assert filer.post(HERE, {"do": "revoke", "token": "1"}).status_code == 403
    stranger = ask(counter.person("organisation-admin", "SEP"))
    assert stranger.get(HERE).status_code == 403


def test_only_a_certifier_who_has_just_signed_in_lets_a_program_certify(
    counter: Office, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    certifier = ask(counter.person("certifier", "MINE"))
    form = {"do": "issue", "name": "ERP", "days": "30", "scope": ["filings:write", "filings:certify"]}
    monkeypatch.setattr(page, "is_recent", lambda _: False)
    asked = certifier.post(HERE, form)
    assert asked.status_code == 302
    assert asked["Location"].startswith("/en/account/reauthenticate/?next=%2Fen%2Ffirm%2FMINE%2Ftokens%2F")
    assert not Token.objects.exists()
    monkeypatch.setattr(page, "is_recent", lambda _: True)
    assert token_in(certifier.post(HERE, form)) is not None
    admin = ask(counter.person("organisation-admin", "MINE"))
    assert admin.post(HERE, form).status_code == 403


def test_the_authority_lets_programs_in_too(counter: Office, ask: Ask) -> None:
    registrar = ask(counter.person("registrar"))
    text = token_in(
        registrar.post("/en/tokens/", {"do": "issue", "name": "BI", "days": "30", "scope": ["nation:read"]})
    )
    assert Program(token=text).get("/organisations").status_code == 200
    assert ask(counter.person("analyst")).get("/en/tokens/").status_code == 403


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_of_the_api_has_every_operation(counter: Office, language: str) -> None:
    counter.person("registrar")
    shown = Client(HTTP_HOST="127.0.0.1").get(f"/{language}/api/")
    assert shown.status_code == 200
    text = shown.content.decode()
    for path, operations in api.get_openapi_schema(path_prefix="api/v1/")["paths"].items():
        for method, operation in operations.items():
            assert f"{method.upper()} {path}<" in text
            summary = operation["summary"] if language == "en" else operation["x-zh"]["summary"]
            assert escape(summary) in text
    assert "<script>" not in text and " style=" not in text and "&lt;span" not in text
