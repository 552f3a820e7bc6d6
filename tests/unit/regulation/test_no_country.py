"""No code knows a country: codes, names and clocks of countries stand in packs, not in modules."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from lodeline.regulation.pack import shipped_codes
from lodeline.regulation.parameter import load
from lodeline.service.law.checking import READ

SOURCE = Path(__file__).parents[3] / "src/lodeline"
COUNTRY = {"CN", "cn", "CHN", "China", "china", "中国", "Asia/Shanghai", "PRC"}
#: Where a word may stand, and why.
ALLOWED = {
    ("filing/dossier.py", "Asia/Shanghai"),  # part of the exchange format, which fixes its moments
}


def words() -> Iterator[tuple[str, str]]:
    for path in sorted(SOURCE.rglob("*.py")):
        file = path.relative_to(SOURCE).as_posix()
        if file.startswith(("world/", "store/migrations/")):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and node.value in COUNTRY:
                yield file, str(node.value)


def test_no_module_names_a_country() -> None:
    assert set(words()) == ALLOWED


#: Numbers of China's control items, and of its announcements.
OWN_NUMBERS = re.compile(r"\b[12][A-E]9\d\d\b|\b(?:Announcement )?No\. \d+|第\d+号")


def test_no_rule_and_no_reason_has_a_number_of_one_countrys_law() -> None:
    found = {
        f"{path.relative_to(SOURCE)}: {node.value}"
        for layer in ("control", "regulation")
        for path in sorted((SOURCE / layer).rglob("*.py"))
        for node in ast.walk(_without_docstrings(ast.parse(path.read_text("utf-8"))))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and OWN_NUMBERS.search(node.value)
    }
    reasons = (SOURCE / "data/reference/declaration_reasons.csv").read_text("utf-8")
    assert (found, OWN_NUMBERS.findall(reasons)) == (set(), [])


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if (
            isinstance(body, list)
            and body
            and isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
        ):
            del body[0]
    return tree


def test_what_chinas_pack_alone_sets_is_named_so() -> None:
    page = (SOURCE.parents[1] / "docs/reference/law.md").read_text("utf-8")
    named = page.partition("**China's alone**")[2].partition("\n\n")[0]
    others = {one.name for code in shipped_codes() if code != "cn" for one in load(code).parameters.values()}
    alone = {one.name for one in load("cn").parameters.values() if one.name in READ} - others
    assert set(re.findall(r"`([a-z-]+)`", named)) == alone
