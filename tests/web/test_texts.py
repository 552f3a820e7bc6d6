"""Every text of the pages is there twice: English, and Chinese in Chinese characters."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import lodeline.web
from lodeline.web.server.template_files import joined

ROOM = Path(lodeline.web.__file__).parent
TEMPLATES = sorted((ROOM / "templates").rglob("*.html"))
MODULES = [path for path in sorted(ROOM.rglob("*.py")) if "drawing" not in path.parts]
CHINESE = re.compile(r"[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef]")
SAY = re.compile(r'\{% text "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"([^%]*)%\}')
#: What is the same in every language, and what English needs between words and Chinese does not.
_SAME = re.compile(r"\s*|LEI")


def faults(en: str, zh: str) -> list[str]:
    found = []
    if CHINESE.search(en):
        found.append("the English has Chinese characters")
    if not CHINESE.search(zh) and not _SAME.fullmatch(zh):
        found.append("the Chinese has no Chinese character")
    if sorted(re.findall(r"\{(\w+)\}", en)) != sorted(re.findall(r"\{(\w+)\}", zh)):
        found.append("the two do not say the same values")
    return found


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_template(path: Path) -> None:
    text = joined(path.read_text("utf-8"))
    calls = SAY.findall(text)
    assert len(calls) == text.count("{% text "), "a say without its two texts"
    assert {(en, *faults(en, zh)) for en, zh, _ in calls if faults(en, zh)} == set()
    # Words outside of tags would be the same in both languages.
    bare = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<[^>]*>", " ", re.sub(r"\{% comment.*?endcomment %\}", "", text))
    left = set(re.findall(r"[A-Za-z\u4e00-\u9fff]{2,}", re.sub(r"&\w+;", "", bare)))
    assert left <= {"Lodeline", "LEI"}


def strings(node: ast.expr) -> str:
    """The literal parts of a text; a value is a name in braces."""
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        return "".join(str(part) for part in parts)
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.IfExp):
        return strings(node.body) + strings(node.orelse)
    return "" if isinstance(node, ast.Name | ast.Attribute) else "{}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_module(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            if name in ("text", "BadQuestionError", "NotHereError", "UserError", "EmptyStoreError"):
                if len(node.args) == 1:
                    continue
                assert len(node.args) == 2, f"{path.name}:{node.lineno}"
                en, zh = (strings(argument) for argument in node.args)
                assert not CHINESE.search(en) and (CHINESE.search(zh) or not re.search("[A-Za-z]{2}", en)), (
                    f"{path.name}:{node.lineno}: {en} | {zh}"
                )
