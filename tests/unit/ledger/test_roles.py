"""Who must file is said once: by the law where an article names it, else as an assumption, and nowhere else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.docs.test_docs import text

import lodeline
from lodeline.ledger.roles import FILING_ROLES, QUOTAS, ROLES, must_file
from lodeline.regulation.parameter import load

LAW = load("cn")
SOURCE = Path(str(lodeline.__file__)).parent


def test_the_law_s_duty_and_the_roles_agree() -> None:
    """Whom article 14 names has a role, and a role that it does not name says that its duty is an assumption."""
    named = {one.duty for one in ROLES.values()} - {"", "assumption"}
    for value in LAW.parameters["record-duty"].values:
        assert set(value.value) == named
    assert {name for name, one in ROLES.items() if one.duty == "assumption"} == {
        "importer", "alloy-maker", "magnet-maker", "trader",
    }  # fmt: skip


def test_the_law_s_quotas_and_the_kinds_agree() -> None:
    for value in LAW.parameters["quota-scope"].values:
        assert value.value["kinds"] == list(QUOTAS)
    assert all(name in LAW.parameters for name in QUOTAS.values())


def test_the_manual_lists_the_roles_and_who_must_file() -> None:
    told = re.search(
        r"^- \*\*Roles\*\* are (.*?)\(with one of these(.*?);", text("docs/reference/dossier.md"), re.S | re.M
    )
    assert told is not None
    filing, others = (re.findall(r"`([a-z-]+)`", part) for part in told.groups())
    assert (tuple(filing), [*filing, *others]) == (FILING_ROLES, list(ROLES))


@pytest.mark.parametrize(
    ("roles", "country", "duty"),
    [
        (["miner"], "CN", True),
        (["end-user", "trader"], "CN", True),
        (["end-user", "carrier"], "CN", False),
        (["recycler"], "DE", False),
        (["recycler"], None, False),
        ([], "CN", False),
        (None, "CN", False),
    ],
)
def test_who_must_file_has_a_role_that_files_and_a_domestic_address(
    roles: list[str] | None, country: str | None, duty: bool
) -> None:
    assert must_file(roles, country, LAW) == duty


def listed(tree: ast.AST) -> Iterator[set[str]]:
    """Sets of three roles and more that stand in one collection of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Tuple | ast.List | ast.Set | ast.Dict):
            among = node.keys if isinstance(node, ast.Dict) else node.elts
            names = {str(one.value) for one in among if isinstance(one, ast.Constant) and one.value in ROLES}
            if len(names) > 2:
                yield names


def test_no_other_module_lists_roles() -> None:
    """The synthetic world knows the exchange format alone: its trades are no roles of the register."""
    found = [
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if list(listed(ast.parse(path.read_text("utf-8")))) and path.relative_to(SOURCE).parts[0] != "world"
    ]
    assert found == []
    assert list(listed(ast.parse('FILERS = ("miner", "trader", "recycler")')))
