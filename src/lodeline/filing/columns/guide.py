"""What the columns of a filing are called, and what their codes are called, by those who never read this program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from lodeline.filing.columns.header import CANONICAL_BY_FOLDED
from lodeline.filing.names import CODES, code_words, folded
from lodeline.tables import table_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """What the format's documentation says of one column; `required_for` lists kinds of rows."""

    name: str
    required_for: str
    description_en: str
    description_zh: str
    example: str


def _rows(table: str) -> list[dict[str, str]]:
    return table_rows(f"reference/{table}")


@cache
def guides() -> dict[str, Guide]:
    """Column name → its documentation, in the order of the columns."""
    return {row["name"]: Guide(**row) for row in _rows("columns.csv")}


@cache
def aliases() -> Mapping[str, str]:
    """Folded name that firms' own systems give a column → our column (`data/reference/header_aliases.csv`)."""
    found = {folded(row["alias"]): row["column"] for row in _rows("header_aliases.csv")}
    own = {name: column for name, column in found.items() if CANONICAL_BY_FOLDED.get(name, column) != column}
    assert not own, f"an alias may not be the name of another column: {own}"
    return found


@cache
def choice_words(column: str) -> Mapping[str, str]:
    """Folded word → code, for a column of codes: as `code_words` has them, and as firms call them."""
    firms = {folded(row["word"]): row["code"] for row in _rows("word_aliases.csv") if row["column"] == column}
    assert set(firms.values()) <= set(CODES[column]), f"a word for a code that {column} does not have"
    return {**firms, **code_words(column)}
