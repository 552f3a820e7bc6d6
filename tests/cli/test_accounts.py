"""The first two registrars, and links where no mail can bring them: printed on the server, to be opened in the portal."""

from __future__ import annotations

import re

import pytest
from django.test import Client, override_settings
from tests.cli.program import Lodeline
from tests.stores import ready_store

from lodeline.office.models import AuditRecord, User
from lodeline.web.server.serving import session_key

pytestmark = pytest.mark.medium
PASSWORD = "nine lamps above the river"
LINK = re.compile(r"https://portal\.example(/\S+)")


def link_of(out: str) -> str:
    (found,) = LINK.findall(out)
    return str(found)


@pytest.mark.ci
def test_two_registrars_are_made_and_one_is_let_back_in_by_links_that_the_server_prints(nowhere: Lodeline) -> None:
    store = ready_store(nowhere.database)
    at = ("--address", "https://portal.example/")
    sun, luo = "sun@authority.example", "luo@authority.example"
    with override_settings(
        LODELINE_DATABASE=nowhere.database, LODELINE_MFA="optional", SECRET_KEY=session_key(store.secret)
    ):
        for email, name in ((sun, "Sun Jie"), (luo, "Luo Yan")):
            link = link_of(nowhere("accounts", "registrar", email, "--name", name, *at).out)
            browser = Client(HTTP_HOST="127.0.0.1")
            form = {"name": name, "password": PASSWORD, "language": "en"}
            assert browser.post(link, form)["Location"] == "/en/home/"
            assert browser.get("/en/people/").status_code == 200
        assert "Nobody has invited" in nowhere("accounts", "link", sun, *at).said
        assert "Nobody has an account" in nowhere("accounts", "let-back-in", "who@x.example", *at).said
        assert nowhere("accounts", "let-back-in", sun, *at).status == 0
        link = link_of(nowhere("accounts", "link", sun, *at).out)
        browser = Client(HTTP_HOST="127.0.0.1")
        chosen = browser.get(link, follow=True).redirect_chain[-1][0]
        browser.post(chosen, {"password1": "another horse battery", "password2": "another horse battery"})
        signed = browser.post("/en/account/login/", {"login": sun, "password": "another horse battery"})
        assert signed.status_code == 302
        assert User.objects.filter(memberships__role="registrar").count() == 2
        acts = AuditRecord.objects.filter(who="command line").order_by("pk").values_list("what", flat=True)
        assert list(acts) == ["invitation.make", "invitation.make", "account.let-back-in", "account.link"]
        store.database.close()
