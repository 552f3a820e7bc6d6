"""Why a line may leave, is asked about or is held: reasons are values, rendered late, in both languages.

The vocabulary is one table, `data/reference/declaration_reasons.csv`. Codes are a contract, as those of problems are.
A verdict is the worst of its reasons, so no reason can hide another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Literal, cast

from lodeline.language import Language
from lodeline.ledger.problem import shorten
from lodeline.tables import table_rows

VerdictWord = Literal["release", "query", "hold"]
#: Mildest first.
VERDICTS: tuple[VerdictWord, ...] = ("release", "query", "hold")
LANGUAGES: tuple[Language, ...] = ("en", "zh")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the vocabulary; `settle` says which document or test would answer a query, `documents` names them."""

    code: str
    verdict: VerdictWord
    fields: tuple[str, ...]
    text: Mapping[Language, str]
    settle: Mapping[Language, str]
    documents: tuple[str, ...]


@cache
def vocabulary() -> dict[str, Entry]:
    """The reasons by code, in the order of the table."""
    return {
        row["code"]: Entry(
            code=row["code"],
            verdict=cast(VerdictWord, row["verdict"]),
            fields=tuple(filter(None, row["fields"].split("|"))),
            text={"en": row["text_en"], "zh": row["text_zh"]},
            settle={"en": row["settle_en"], "zh": row["settle_zh"]},
            documents=tuple(filter(None, row["documents"].split("|"))),
        )
        for row in table_rows("reference/declaration_reasons.csv")
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """Where a rule of law or practice stands: `instrument` is an id of the pack, the rest is in both languages.

    `evidence`: text, case, secondary or assumption.
    """

    instrument: str
    title: tuple[tuple[str, str], ...]
    article: tuple[tuple[str, str], ...]
    evidence: str

    def as_json(self) -> dict[str, object]:
        """The same object each time: an answer cites few places many times."""
        return _cited(self)


@lru_cache(maxsize=4_096)
def _cited(one: Citation) -> dict[str, object]:
    return {
        "instrument": one.instrument, "title": dict(one.title), "article": dict(one.article), "evidence": one.evidence,
    }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason; `facts` are what its text quotes, `x_zh` standing for `x` in Chinese where the two differ.

    `open`: the rules (`instrument/parameter`) of which no text tells whether they hold, where that is why it asks.
    `asks`: documents that it asks for beside those of the vocabulary.
    """

    code: str
    fields: tuple[str, ...]
    law: tuple[Citation, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    open: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()

    @property
    def verdict(self) -> VerdictWord:
        return vocabulary()[self.code].verdict

    def text(self, language: Language) -> str:
        return vocabulary()[self.code].text[language].format_map(self.facts)

    def settle(self, language: Language) -> str:
        """Exactly which document or test would settle a query; empty for other reasons."""
        return vocabulary()[self.code].settle[language].format_map(self.facts)

    @property
    def documents(self) -> tuple[str, ...]:
        """What it asks for (`control.settling`)."""
        return (*vocabulary()[self.code].documents, *self.asks)

    def as_json(self) -> dict[str, object]:
        """`settle` and `documents` (`control.settling`) are there for queries only; `open` where there are such."""
        entry = vocabulary()[self.code]
        shown: dict[str, object] = {
            "code": self.code,
            "verdict": entry.verdict,
            "text": {language: text.format_map(self.facts) for language, text in entry.text.items()},
            "law": [citation.as_json() for citation in self.law],
            "fields": list(self.fields),
            "facts": dict(self.facts),
        }
        if entry.verdict == "query":
            shown["settle"] = {language: text.format_map(self.facts) for language, text in entry.settle.items()}
            shown["documents"] = list(self.documents)
        if self.open:
            shown["open"] = list(self.open)
        return shown


def reason(
    code: str, *, fields: Iterable[str] | None = None, law: Iterable[Citation] = (), rests_on: Iterable[str] = (),
    **facts: object,
) -> Reason:  # fmt: skip
    """A reason of the vocabulary, resting on its usual fields unless others are given. `rests_on`: `Reason.open`."""
    assert code in vocabulary(), f"{code} is not in the vocabulary of reasons"
    return Reason(
        code=code,
        fields=vocabulary()[code].fields if fields is None else tuple(dict.fromkeys(fields)),
        law=tuple(dict.fromkeys(law)),
        facts={name: shorten(str(fact)) for name, fact in facts.items()},
        open=tuple(dict.fromkeys(rests_on)),
    )


def worst(verdicts: Iterable[VerdictWord]) -> VerdictWord:
    """The strictest of the verdicts; `release` where there is none."""
    return max(verdicts, key=VERDICTS.index, default="release")
