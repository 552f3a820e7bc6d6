"""The menu: at most ten lines for whoever asks, and every page of the authority stands under one of them."""

from __future__ import annotations

import re
from itertools import combinations
from typing import Final

import pytest

from lodeline.office.access.actor import AUTHORITY_ROLES, ORGANISATION_ROLES
from lodeline.web.parts.menu import FIRM_MENU, LINES_MOST, MENU, Groups, Line, open_lines
from lodeline.web.urls import PAGES

PERMISSIONS: Final = {page.name: page.permission for page in PAGES}
#: Pages that a reader comes to by other ways than the menu: signing in, finding, the foot of the page.
ELSEWHERE: Final = {
    "home", "find", "desk-find", "firm-find", "first-run", "account-self", "account-erasure", "reason", "api", "design",
}  # fmt: skip


def lines_of(menu: Groups, *roles: str) -> list[Line]:
    """The menu of somebody with these roles."""
    has = {"anyone", "signed in"}.union(*({**AUTHORITY_ROLES, **ORGANISATION_ROLES}[role] for role in roles))
    # What is named in the menu and is not there yet is for whoever reads the nation's figures.
    found = open_lines(menu, opens=lambda page: PERMISSIONS.get(page, "nation.read") in has, may=has.__contains__)
    return [one for lines in found for one in lines]


@pytest.mark.parametrize("how_many", [1, 2, len(AUTHORITY_ROLES)])
def test_nobody_of_the_authority_has_more_than_ten_lines(how_many: int) -> None:
    for roles in combinations(AUTHORITY_ROLES, how_many):
        lines = lines_of(MENU, *roles)
        assert 0 < len(lines) <= LINES_MOST, (roles, [one.page for one in lines])


@pytest.mark.parametrize("role", AUTHORITY_ROLES)
def test_every_page_that_a_role_opens_stands_under_one_line(role: str) -> None:
    lines = lines_of(MENU, role)
    for page in PAGES:
        stands_alone = not re.search(r"<|\.\w+$", page.at) and not page.at.startswith("firm/")
        if stands_alone and page.permission in AUTHORITY_ROLES[role]:
            under = [one.page for one in lines if page.name in one.pages]
            assert page.name in ELSEWHERE or len(under) == 1, (page.name, under)


def test_who_decides_about_quotas_or_keeps_the_system_begins_there() -> None:
    assert "quotas" in {one.page for one in lines_of(MENU, "quota-officer")}
    assert [one.page for one in lines_of(MENU, "customs-officer")] == ["desk", "law", "verify"]
    assert [one.page for one in lines_of(MENU, "system-admin")] == ["law", "system"]


def test_what_is_folded_is_a_tab_of_the_line_that_takes_it_in() -> None:
    lines = lines_of(MENU, "inspector")
    (licences,) = (one for one in lines if one.page == "licences")
    assert "desk" not in {one.page for one in lines}
    assert [tab.page for tab in licences.tabs] == ["licences", "quotas", "desk"]
    assert "desk-asked" in licences.pages


@pytest.mark.parametrize("how_many", [0, 1, 2, len(ORGANISATION_ROLES)])
def test_a_firm_has_ten_lines_at_most_and_every_page_of_it_stands_under_one(how_many: int) -> None:
    for roles in combinations(ORGANISATION_ROLES, how_many):
        lines = lines_of(FIRM_MENU, *roles)
        pages = [one.page for one in lines]
        assert 0 < len(lines) <= LINES_MOST and len(pages) == len(set(pages)), (roles, pages)
    lines = lines_of(FIRM_MENU, *ORGANISATION_ROLES)
    for page in PAGES:
        if page.name.startswith("firm") and not re.search(r"\.\w+$|/files/|/uploads/|copy/|receipt", page.at):
            under = [one.page for one in lines if page.name in one.pages]
            assert page.name in ELSEWHERE or len(under) == 1, (page.name, under)
