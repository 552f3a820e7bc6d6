"""Every SQL statement stands in `store`, but for migrations: elsewhere none is written or sent to a database."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.docs.pages import REPOSITORY

SOURCE: Final = REPOSITORY / "src/lodeline"
_STATEMENT: Final = re.compile(
    r"\s*(SELECT\s|INSERT\s+(OR\s+\w+\s+)?INTO\s|UPDATE\s+\S+\s+SET\s|DELETE\s+FROM\s|WITH\s+(RECURSIVE\s+)?\S+\s+AS\s"
    r"|TRUNCATE\s|VACUUM|PRAGMA\s|(CREATE|ALTER|DROP)\s+(TABLE|INDEX|TRIGGER|VIEW|FUNCTION)\s|LOCK\s+TABLE\s)"
)
#: Django's ways to send a statement as it is written, and a database's own (`store.database.Database`).
_OF_DJANGO: Final = frozenset(
    {"raw", "extra", "execute", "executemany", "executescript", "cursor", "chunked_cursor", "RawSQL"}
)
_OF_A_DATABASE: Final = frozenset({"rows", "rows_in", "rows_in_tuples", "frame", "frame_in", "frame_in_spans", "paged"})
#: The rooms that know a database; in others `raw` and `cursor` are words like any.
_ROOMS: Final = ("cli", "office", "service", "web")


def sql_in(source: str, *, knows_a_database: bool = True) -> Iterator[str]:
    """The statements that a module holds and the calls that would send one, each with its line."""
    tree = ast.parse(source)
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in inside:
            text = _text(node)
            if _STATEMENT.match(text):
                yield f"{node.lineno}: {text[:60]}"
        if knows_a_database and isinstance(node, ast.Call) and _sends(node.func):
            yield f"{node.lineno}: {ast.unparse(node)[:60]}"


def _text(node: ast.Constant | ast.JoinedStr) -> str:
    """A text as it is written, `?` for what is put into it."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(one.value) if isinstance(one, ast.Constant) else "?" for one in node.values)
    return node.value if isinstance(node.value, str) else ""


def _sends(called: ast.expr) -> bool:
    name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
    if name in _OF_A_DATABASE and isinstance(called, ast.Attribute):
        return ast.unparse(called.value).rpartition(".")[2].lstrip("_").startswith(("database", "view"))
    return name in _OF_DJANGO and (isinstance(called, ast.Attribute) or name == "RawSQL")


def modules() -> list[Path]:
    inside = (one.relative_to(SOURCE) for one in SOURCE.rglob("*.py"))
    return sorted(one for one in inside if one.parts[0] != "store" and "migrations" not in one.parts)


def test_no_statement_stands_outside_the_store() -> None:
    found = {
        str(one): lines
        for one in modules()
        if (lines := list(sql_in((SOURCE / one).read_text("utf-8"), knows_a_database=one.parts[0] in _ROOMS)))
    }
    assert found == {}


@pytest.mark.parametrize(
    "line",
    [
        'asked = "SELECT 1 FROM head"',
        'asked = ("SELECT "\n    "name FROM lot")',
        'asked = f"DELETE FROM {table}"',
        'asked = f"UPDATE {table} SET state = %s"',
        'asked = "WITH newest AS (SELECT 1) SELECT * FROM newest"',
        'asked = "\\n  INSERT INTO fact (key) VALUES (%s)"',
        'cursor.execute("VACUUM")',
        "store.database.rows(statement, (entry,))",
        "self._database.frame_in(f'{BEGIN} WHERE id IN ({{keys}})', ids, schema=LINE)",
        "connection.cursor()",
        "User.objects.raw(statement)",
        "User.objects.extra(where=[condition])",
        "User.objects.annotate(x=RawSQL(statement, ()))",
    ],
)
def test_a_statement_or_what_sends_one_is_found(line: str) -> None:
    assert list(sql_in(line))


@pytest.mark.parametrize(
    "line",
    [
        'said = "Select a file, or delete it from the list."',
        'said = "UPDATE: the deadline of the month"',
        "first_filings(store.database)",
        "checked.rows.row(0, named=True)",
        "User.objects.filter(name=name).update(name=other)",
        "with store.database.transaction():\n    pass",
        "page.rows(cursor)",
    ],
)
def test_other_words_and_questions_pass(line: str) -> None:
    assert list(sql_in(line)) == []
