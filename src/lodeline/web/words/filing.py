"""Columns and codes of a filing on a page, by the words of `filing.names`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lodeline.filing.names import CODES, LABELS, UNITS
from lodeline.filing.schema import COLUMNS, MASS_COLUMNS
from lodeline.language import Language

NUMBERS: Final = frozenset((*MASS_COLUMNS, "moisture_pct", "pieces", "value"))
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {column.name: column.choices for column in COLUMNS if column.choices}


def label(column: str, language: Language) -> str:
    """What a column is called; an unknown one of the filer's own keeps its name."""
    return LABELS[column][language] if column in LABELS else column.removeprefix("?")


def unit(column: str, language: Language) -> str:
    """The unit of a column, where it has one."""
    return UNITS[column][language] if column in UNITS else ""


def shown(column: str, text: str, language: Language) -> str:
    """A cell as it is read: codes by their word, the rest as filed."""
    words = CODES.get(column, {}).get(text.strip().lower())
    return text if words is None else words[language]


def options(column: str, text: str, language: Language) -> list[tuple[str, str]]:
    """What can be chosen in a cell of a column of codes; a text that is no code stays there until it is changed."""
    codes = CHOICES.get(column)
    if codes is None:
        return []
    found = [("", "–"), *((code, shown(column, code, language)) for code in codes)]
    return found if text in ("", *codes) else [(text, text), *found]
