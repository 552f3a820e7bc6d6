"""What is wrong with a filing is a value with an address; its text is rendered late, in both languages.

The vocabulary is one table, `data/reference/problems.csv`: code, severity, text and cure in English and
Chinese. Codes are a contract with those who file: a code is never renamed and never changes its meaning.
A code that is not in the table is our own mistake and stops the program.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from lodeline import language as lang
from lodeline.language import Language, Text, bilingual
from lodeline.material.product import PRODUCTS, product_kind
from lodeline.tables import table_rows

Severity = Literal["reject", "confirm", "flag"]
Fact = str | int

#: A fact is quoted to its reader; a whole pasted report is not.
FACT_LENGTH_LIMIT = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the vocabulary."""

    code: str
    severity: Severity
    text: Mapping[Language, str]
    example: str
    cure: Mapping[Language, str]


def _load() -> dict[str, Entry]:
    return {
        row["code"]: Entry(
            code=row["code"],
            severity=cast(Severity, row["severity"]),
            text={"en": row["text_en"], "zh": row["text_zh"]},
            example=row["example"],
            cure={"en": row["cure_en"], "zh": row["cure_zh"]},
        )
        for row in table_rows("reference/problems.csv")
    }


CATALOGUE: dict[str, Entry] = _load()


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """A place in a filing: file as given, sheet of a workbook, row (the header is row 1), canonical column.

    What is unknown or does not apply is None: a late filing has no row.
    """

    file: str | None = None
    sheet: str | None = None
    row: int | None = None
    column: str | None = None

    def as_json(self) -> dict[str, str | int | None]:
        return {"file": self.file, "sheet": self.sheet, "row": self.row, "column": self.column}


class _Facts(dict[str, Fact]):
    def __missing__(self, name: str) -> str:
        return "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with a filing. `facts` are what its text quotes; masses in them are decimal kg text."""

    code: str
    severity: Severity
    where: Where = Where()
    facts: Mapping[str, Fact] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.code in CATALOGUE, f"{self.code} is not in the problem vocabulary"

    def text(self, language: Language) -> str:
        """What is wrong, in English or Chinese."""
        facts = {name: _in_words(name, fact, language) for name, fact in self.facts.items()}
        text = CATALOGUE[self.code].text[language].format_map(_Facts(facts))
        stop = lang.text(".")[language]
        return text if text.endswith(stop) else text + stop

    def message(self, language: Language) -> str:
        """What is wrong and how to cure it."""
        between = " " if language == "en" else ""
        return self.text(language) + between + CATALOGUE[self.code].cure[language]

    def as_json(self) -> dict[str, object]:
        """The shape that `--json` promises (docs/reference/json.md)."""
        return {
            "code": self.code,
            "severity": self.severity,
            "where": self.where.as_json(),
            "facts": dict(self.facts),
            "message": {"en": self.message("en"), "zh": self.message("zh")},
        }


#: Facts that are codes of products, where they are known ones.
_PRODUCT_FACTS = ("product", "maker_product")


def _in_words(name: str, fact: Fact, language: Language) -> Fact:
    """A product in words, with its code; everything else as it is."""
    known = PRODUCTS.get(product_kind(fact)) if name in _PRODUCT_FACTS and isinstance(fact, str) else None
    if known is None:
        return fact
    of, word = str(fact).partition(":")[2], {"en": known.name_en, "zh": known.name_zh}[language]
    named = word if not of else f"{of}{word}" if language == "zh" else f"{of} {word}"
    return lang.text("{named} ({fact})", named=named, fact=fact)[language]


def problem(code: str, where: Where | None = None, /, *, severity: Severity | None = None, **facts: Fact) -> Problem:
    """A problem of the vocabulary, with its usual severity unless another is given."""
    assert code in CATALOGUE, f"{code} is not in the problem vocabulary"
    short = {name: shorten(fact) if isinstance(fact, str) else fact for name, fact in facts.items()}
    return Problem(code=code, severity=severity or CATALOGUE[code].severity, where=where or Where(), facts=short)


def shorten(text: str) -> str:
    """The text as a fact quotes it: printable and not longer than `FACT_LENGTH_LIMIT` characters."""
    cut = text if len(text) <= FACT_LENGTH_LIMIT else text[: FACT_LENGTH_LIMIT - 1] + "…"
    if cut.isprintable():
        return cut
    return "".join(character if character.isprintable() else "�" for character in cut)


def messages(problems: Iterable[Problem]) -> Text:
    """What several problems say, one after the other."""
    several = list(problems)
    return bilingual(" ".join(one.message("en") for one in several), "".join(one.message("zh") for one in several))
