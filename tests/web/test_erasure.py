"""Erasure in the portal: a person asks, another decides, a hold blocks, and pages then name nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, override_settings
from tests.accounts import PASSWORD, empty_office, person

from lodeline.office.models import ErasureRequest, LegalHold, User
from lodeline.web.pages.accounts import own_erasure as page

FIRM, ADDRESS, NAME = "MAG-0001", "qiaolan@firm.example", "Zhao Qiaolan"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[str]:
    with empty_office(tmp_path) as url, override_settings(LODELINE_MFA="optional"):
        yield url


@pytest.fixture
def leaving(room: str) -> User:
    """A certifier who wants to go, with a colleague who stays."""
    person("stays@firm.example", (FIRM, "certifier"), (FIRM, "organisation-admin"), name="Li Na")
    return person(ADDRESS, (FIRM, "certifier"), name=NAME)


def official(role: str) -> Client:
    return signed_in(person(f"{role}@authority.example", ("", role)).email)


def signed_in(email: str) -> Client:
    browser = Client(HTTP_HOST="127.0.0.1")
    answer = browser.post("/en/account/login/", {"login": email, "password": PASSWORD})
    assert answer.status_code == 302
    return browser


def words(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))


def test_a_person_asks_and_an_official_erases(leaving: User) -> None:
    own, decides = signed_in(ADDRESS), official("registrar")
    assert "/en/self/erasure/" in own.get("/en/self/").content.decode()
    at = "/en/self/erasure/"
    assert own.post(at, {"do": "ask", "ground": "not-needed", "said": ""}).status_code == 400
    assert own.post(at, {"do": "ask", "ground": "not-needed", "said": "I leave."}).status_code == 303
    assert "You have asked to be erased" in words(own.get(at))
    assert NAME in words(decides.get("/en/erasures/"))
    request = ErasureRequest.objects.get()
    form = {"do": "carry-out", "said": "She has left."}
    assert decides.post(f"/en/erasures/{request.pk}/", form).status_code == 303
    for language, said in (("en", "erased person"), ("zh", "已删除人员")):
        for browser, address in ((decides, f"/{language}/erasures/"), (decides, f"/{language}/people/of/{FIRM}/")):
            shown = words(browser.get(address))
            assert NAME not in shown and said in shown and leaving.pseudonym in shown, address
    # The session is over, and there is no way back in.
    assert own.get("/en/self/").status_code == 302
    back = Client(HTTP_HOST="127.0.0.1").post("/en/account/login/", {"login": ADDRESS, "password": PASSWORD})
    assert back.status_code == 200


def test_who_entered_it_is_not_offered_to_decide_it(leaving: User) -> None:
    enters = official("system-admin")
    form = {"do": "enter", "person": ADDRESS, "ground": "order", "said": "Order 17."}
    assert enters.post("/en/erasures/", form).status_code == 303
    at = f"/en/erasures/{ErasureRequest.objects.get().pk}/"
    assert "somebody else decides" in words(enters.get(at))
    assert enters.post(at, {"do": "carry-out", "said": "Yes."}).status_code == 400
    assert User.objects.get(pk=leaving.pk).erased_at is None
    assert official("registrar").post(at, {"do": "refuse", "said": "No such order."}).status_code == 303


def test_a_hold_is_set_and_lifted_on_its_page_and_blocks_in_between(leaving: User) -> None:
    holds, decides = official("inspector"), official("registrar")
    form = {"do": "enter", "person": ADDRESS, "ground": "consent", "said": "She asks."}
    assert official("system-admin").post("/en/erasures/", form).status_code == 303
    assert holds.post("/en/holds/", {"do": "set", "on": "nobody", "reason": "Case 1."}).status_code == 400
    assert holds.post("/en/holds/", {"do": "set", "on": leaving.pseudonym, "reason": "Case 1."}).status_code == 303
    at = f"/en/erasures/{ErasureRequest.objects.get().pk}/"
    shown = decides.get(at)
    assert "legal hold" in words(shown) and 'value="carry-out"' not in shown.content.decode()
    assert decides.post(at, {"do": "carry-out", "said": "x", "before_term": "yes"}).status_code == 400
    hold = LegalHold.objects.get()
    assert holds.post("/en/holds/", {"do": "lift", "hold": str(hold.pk), "reason": "Closed."}).status_code == 303
    assert decides.post(at, {"do": "carry-out", "said": "x"}).status_code == 303
    assert decides.get("/en/holds/").status_code == 403


def test_nothing_is_asked_or_decided_by_who_has_not_proved_it_lately(
    leaving: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = signed_in(ADDRESS)
    monkeypatch.setattr(page, "is_recent", lambda _visit: False)
    shown = own.get("/en/self/erasure/").content.decode()
    assert "/account/reauthenticate/" in shown and 'name="ground"' not in shown
    answer = own.post("/en/self/erasure/", {"do": "ask", "ground": "consent", "said": "x"})
    assert "/account/reauthenticate/" in answer["Location"]
    assert not ErasureRequest.objects.exists()


def test_an_obstacle_names_firm_role_and_day_as_the_reader_calls_them(room: str) -> None:
    only = person("only@firm.example", (FIRM, "certifier"), name="Only")
    browser = signed_in(only.email)
    assert "no other certifier" in words(browser.get("/en/self/erasure/"))
    assert "没有其他签认人" in words(browser.get("/zh/self/erasure/"))
