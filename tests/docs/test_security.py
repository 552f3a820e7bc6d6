"""What the pages on security and roles promise: the tests they name exist, the roles are as the program has them."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from lodeline.office.access.actor import (
    AGENCY_ROLES,
    AUTHORITY_ROLES,
    ORGANISATION_ROLES,
    PERMISSIONS,
    Actor,
    RoleGrant,
)
from lodeline.office.accounts.people import needs_second_factor
from lodeline.regulation import document
from lodeline.web.words.roles import ROLE_MAY, ROLE_NAMES
from tests.docs.pages import REPOSITORY

SOURCE = REPOSITORY / "src/lodeline"
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


@cache
def trees() -> dict[Path, ast.Module]:
    """The program's own code."""
    return {path: ast.parse(path.read_text("utf-8")) for path in sorted(SOURCE.rglob("*.py"))}


def _imported(tree: ast.AST) -> set[str]:
    """The first name of every module that is imported."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {one.name.partition(".")[0] for one in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").partition(".")[0])
    return found


@cache
def _called(tree: ast.AST) -> tuple[tuple[str, ast.Call], ...]:
    """Every call with the dotted name of what is called."""
    return tuple((_name(node.func), node) for node in ast.walk(tree) if isinstance(node, ast.Call))


def _name(called: ast.expr) -> str:
    """As it is written; of what is called on something else than a name, "…" and the attributes."""
    if isinstance(called, ast.Name):
        return called.id
    return f"{_name(called.value)}.{called.attr}" if isinstance(called, ast.Attribute) else "…"


@pytest.mark.medium
def test_no_text_is_run_and_none_becomes_an_object() -> None:
    for path, tree in trees().items():
        assert not _imported(tree) & {"pickle", "marshal", "shelve", "dill", "lxml"}, path
        for name, call in _called(tree):
            assert name not in {"eval", "exec", "compile", "os.system", "os.popen", "yaml.unsafe_load", "Template"}, (
                path
            )
            for one in call.keywords:
                assert one.arg not in ("shell", "allow_pickle") or ast.unparse(one.value) == "False", path
            assert name != "yaml.load" or issubclass(
                document._Loader, yaml.SafeLoader | getattr(yaml, "CSafeLoader", yaml.SafeLoader)
            ), path


@pytest.mark.medium
def test_the_server_asks_no_other() -> None:
    """What opens addresses is the client for other machines; the server is asked, and sends mail to its own."""
    asking = {"httpx", "requests", "urllib3", "aiohttp", "ftplib"}
    found = {path.relative_to(SOURCE).parts[0] for path, tree in trees().items() if _imported(tree) & asking}
    assert found == {"client"}
    assert not [path for path, tree in trees().items() if any("urlopen" in name for name, _ in _called(tree))]


@pytest.mark.medium
def test_no_value_is_written_into_what_the_database_runs() -> None:
    """Names of our own tables and columns and marks for values are put in; whoever puts in another looks twice."""
    own = {
        "action", "bounds", "column", "columns", "condition", "ending", "level", "marks", "model._meta.db_table",
        "name", "number", "refusal", "table", "table.name", "table_marks", "owner", "when",
        "' AND '.join(conditions)", "','.join(map(str, part))",
    }  # fmt: skip
    marks = re.compile(r"_?[A-Z_]+|_?marks\([\w.]+\)|','\.join\(\['%s'\] \* .+\)")
    seen = 0
    for path, tree in trees().items():
        for name, call in _called(tree):
            if not name.endswith((".execute", ".executemany", ".rows")) or not call.args:
                continue
            for node in ast.walk(call.args[0]):
                if isinstance(node, ast.FormattedValue):
                    seen += 1
                    said = ast.unparse(node.value)
                    assert said in own or marks.fullmatch(said), f"{path}:{node.lineno} {said}"
                assert not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod)), f"{path}:{node.lineno}"
    assert seen, "the commands that are made of names are seen"


def test_no_script_runs_text() -> None:
    scripts = list((SOURCE / "web/static").rglob("*.js"))
    assert len(scripts) > 3
    for path in scripts:
        assert not re.search(
            r"\beval\(|new Function|innerHTML|outerHTML|insertAdjacentHTML|document\.write|setTimeout\(\s*[\"'`]",
            path.read_text("utf-8"),
        ), path


def test_no_secret_stands_in_the_code() -> None:
    """Long random texts, keys and passwords: none but the password that the demo shows to everybody."""
    secret = re.compile(
        r"(?i)(password|secret|token)\w*\s*(?::\s*\w+\s*)?=\s*[\"']([^\"'{}\s]{12,})[\"']|BEGIN [A-Z ]*PRIVATE KEY"
    )
    found = {
        match[0] for path in trees() for match in secret.finditer(path.read_text("utf-8"))
        if "lodeline" not in match[0].casefold()
    }  # fmt: skip
    assert found == set()


@pytest.mark.parametrize(("roles", "place"), [(ORGANISATION_ROLES, "ANY-1"), (AUTHORITY_ROLES, ""), (AGENCY_ROLES, "")])
def test_every_role_is_explained_as_it_is(roles: dict[str, frozenset[str]], place: str) -> None:
    for role, permissions in roles.items():
        found = re.search(rf"^\| `{role}` \| (\S+) \| (.+) \| (required|recommended) \|$", ROLES, re.MULTILINE)
        assert found is not None, role
        assert found[1] == ROLE_NAMES[role]["zh"]
        assert set(re.findall(r"`([\w.]+)`", found[2])) == permissions
        actor = Actor(standings=(RoleGrant(organisation=place, role=role),))
        assert (found[3] == "required") == needs_second_factor(actor)
        assert role in ROLE_MAY


def test_every_permission_is_explained() -> None:
    _, _, table = ROLES.partition("## Permissions")
    assert tuple(re.findall(r"^\| `([\w. ]+)` \|", table, re.MULTILINE)) == PERMISSIONS
