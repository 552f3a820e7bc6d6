"""What the pages on security and roles promise: the tests they name exist, the roles are as the program has them."""

from __future__ import annotations

import ast
import re

import pytest

from lodeline.office.actor import AUTHORITY_ROLES, ORGANISATION_ROLES, PERMISSIONS, Actor, Standing
from lodeline.office.people import needs_second_factor
from lodeline.web.role_words import ROLE_MAY, ROLE_NAMES
from tests.docs.pages import REPOSITORY

SECURITY = (REPOSITORY / "docs/reference/security.md").read_text("utf-8")
ROLES = (REPOSITORY / "docs/reference/roles.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", SECURITY)))


@pytest.mark.parametrize("path", sorted({path for path, _ in NAMED}))
def test_every_test_that_is_named_exists(path: str) -> None:
    tree = ast.parse((REPOSITORY / path).read_text("utf-8"))
    there = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert {name for file, name in NAMED if file == path} <= there


def test_every_line_of_the_standard_names_a_test() -> None:
    lines = [line for line in SECURITY.splitlines() if re.match(r"\| \d", line)]
    assert len(lines) > 30
    assert [line for line in lines if "::test_" not in line] == []


@pytest.mark.parametrize(("roles", "place"), [(ORGANISATION_ROLES, "ANY-1"), (AUTHORITY_ROLES, "")])
def test_every_role_is_explained_as_it_is(roles: dict[str, frozenset[str]], place: str) -> None:
    for role, permissions in roles.items():
        found = re.search(rf"^\| `{role}` \| (\S+) \| (.+) \| (required|recommended) \|$", ROLES, re.MULTILINE)
        assert found is not None, role
        assert found[1] == ROLE_NAMES[role]["zh"]
        assert set(re.findall(r"`([\w.]+)`", found[2])) == permissions
        actor = Actor(standings=(Standing(organisation=place, role=role),))
        assert (found[3] == "required") == needs_second_factor(actor)
        assert role in ROLE_MAY


def test_every_permission_is_explained() -> None:
    _, _, table = ROLES.partition("## Permissions")
    assert tuple(re.findall(r"^\| `([\w. ]+)` \|", table, re.MULTILINE)) == PERMISSIONS
