"""Every page asked by every role: who may opens it, nobody else does, and no address is outside the table."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest
from django.test import Client
from django.urls import get_resolver
from tests.web.test_pages import Examples, examples  # the fixture: a world with an example of everything

from lodeline.office.access.actor import (
    AGENCY_ROLES,
    AUTHORITY_ROLES,
    NOBODY,
    ORGANISATION_ROLES,
    ROLES,
    Actor,
    RoleGrant,
)
from lodeline.web.urls import PAGES

__all__ = ["examples"]

OTHER_FIRM: Final = "MIN-0001"
Matrix = dict[tuple[str, str], tuple[str, str]]


def actor(role: str, organisation: str) -> Actor:
    """Somebody with one role; account number 1 stands behind everybody."""
    return Actor(user=1, name="P", pseudonym="p", standings=(RoleGrant(organisation=organisation, role=role),))


def asking(firm: str) -> dict[str, Actor]:
    """Everybody who could ask for a page of `firm`."""
    assert firm != OTHER_FIRM
    return {
        "nobody": NOBODY,
        "member of nothing": Actor(user=1, name="P", pseudonym="p"),
        **{role: actor(role, "") for role in {**AUTHORITY_ROLES, **AGENCY_ROLES}},
        **{role: actor(role, firm) for role in ORGANISATION_ROLES},
        **{f"{role} of another firm": actor(role, OTHER_FIRM) for role in ORGANISATION_ROLES},
    }


def path_of(page: Any, made: Examples) -> str:
    """An address of the page; a part that nothing stands for in the small world leads to what is not there."""
    parts = {**made[""], **made.get(page.name, {})}
    return "/en/" + re.sub(r"<\w+:(\w+)>", lambda part: parts.get(part[1], "0"), page.at)


def expected(page: Any, who: Actor, firm: str) -> str:
    """`opens`, `sign in` or `refused`, from the table of roles alone."""
    if page.permission == "anyone":
        return "opens"
    if not who.signed_in:
        return "sign in"
    if page.permission == "signed in":
        return "opens"
    where = firm if page.permission.startswith("own.") else ""
    if page.front and not any(one.organisation == "" and page.permission in ROLES[one.role] for one in who.standings):
        return "led home"
    has = any(one.organisation == where and page.permission in ROLES[one.role] for one in who.standings)
    return "opens" if has else "refused"


def outcome(page: Any, response: Any) -> str:
    """What an answer amounts to."""
    if response.status_code == 403:
        return "refused"
    if page.front and response.status_code == 302 and response["Location"] == "/en/home/":
        return "led home"
    to_login = response.status_code == 302 and "/account/login/" in response["Location"]
    return "sign in" if to_login else "opens"


@pytest.fixture(scope="module")
def matrix(pages: None, examples: tuple[str, Examples]) -> Matrix:
    """(page, who) → (what should happen, what happened)."""
    made, found = examples[1], {}
    firm = made[""]["organisation"]
    for name, who in asking(firm).items():
        environ: Any = {"lodeline.actor": who}
        client = Client(HTTP_HOST="127.0.0.1", **environ)
        for place, page in enumerate(PAGES):
            should = expected(page, who, firm)
            # Nobody may send very many forms from one address.
            client.defaults["REMOTE_ADDR"] = f"192.0.2.{place % 2 + 1}"
            # What is allowed may lack something in this world (409); what is refused is refused before that is seen.
            if page.posts and should != "opens":
                found[f"{page.name}, sent", name] = should, outcome(page, client.post(path_of(page, made), {}))
            found[page.name, name] = should, outcome(page, client.get(path_of(page, made)))
    return found


@pytest.mark.medium
def test_who_may_opens_it_and_nobody_else_does(matrix: Matrix) -> None:
    wrong = {asked: both for asked, both in matrix.items() if both[0] != both[1]}
    assert wrong == {}
    assert {should for should, _ in matrix.values()} == {"opens", "refused", "sign in", "led home"}


def test_pages_of_a_firm_are_asked_for_that_firm() -> None:
    for page in PAGES:
        assert page.permission.startswith("own.") == page.at.startswith("firm/<str:organisation>/"), page.name


def test_no_address_is_outside_a_table_of_permissions() -> None:
    tables = {"", "api/v1/", "en/", "<language:language>/"}
    assert {str(one.pattern) for one in get_resolver().url_patterns} <= tables
