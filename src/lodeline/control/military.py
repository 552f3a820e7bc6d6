"""What a stated use or user says of military ends: by words that are data of the law pack, unless it denies them.

A word of an end that may be either (radar, satellite) tells nothing beside a word that tells a civil one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

from lodeline.party.script import is_cjk, simplified

End = Literal["military-use", "military-strength"]
_CLAUSE: Final = re.compile(r"[,.;:，。；：、\n]+")
#: How far before or after a word a denial reaches, in signs, within its clause.
_REACH_LATIN, _REACH_HAN = 40, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class MilitaryWord:
    """A word of a statement, and what it tells."""

    end: End
    word: str


def military_end(text: str, words: Iterable[Mapping[str, Any]]) -> MilitaryWord | None:
    """The worst that a stated use says of its end; None where it says nothing of a military one.

    `words`: the value of the parameter `military-words`.
    """
    by_kind = {row["kind"]: tuple(row["words"]) for row in words}
    clauses = _clauses(text)
    if word := _first(clauses, by_kind, "military-use"):
        return MilitaryWord(end="military-use", word=word)
    word = _first(clauses, by_kind, "military-strength")
    if word and not _first(clauses, by_kind, "civil"):
        return MilitaryWord(end="military-strength", word=word)
    return None


def military_user(name: str, words: Iterable[Mapping[str, Any]]) -> str | None:
    """The word by which a user's name speaks of defence."""
    by_kind = {row["kind"]: tuple(row["words"]) for row in words}
    return _first((_plain(name),), by_kind, "user")


def _first(clauses: tuple[str, ...], words: Mapping[str, tuple[str, ...]], kind: str) -> str | None:
    """The first word of a kind that a clause says and does not deny."""
    denials = words.get("denial", ())
    for clause in clauses:
        for word in words.get(kind, ()):
            found = _pattern(word).search(clause)
            if found and not _is_denied(clause, found.start(), found.end(), denials):
                return word
    return None


def _is_denied(clause: str, start: int, end: int, denials: tuple[str, ...]) -> bool:
    """Whether a denial stands before the word, or in Japanese after it. One sign that denies must stand beside it."""
    for denial in denials:
        plain = _plain(denial)
        if plain.startswith("~"):
            if plain[1:] in clause[end : end + 2 * _REACH_HAN]:
                return True
        elif not is_cjk(plain[0]):
            before = clause[max(0, start - _REACH_LATIN) : start]
            if re.search(rf"\b{re.escape(plain)}\b(?!\s+only\b)", before):
                return True
        elif plain in clause[max(0, start - (len(plain) if len(plain) == 1 else _REACH_HAN)) : start]:
            return True
    return False


@lru_cache(maxsize=1_024)
def _pattern(word: str) -> re.Pattern[str]:
    plain = _plain(word)
    return re.compile(re.escape(plain) if is_cjk(plain[0]) else rf"\b{re.escape(plain)}\b")


def _clauses(text: str) -> tuple[str, ...]:
    return tuple(filter(None, _CLAUSE.split(_plain(text))))


@lru_cache(maxsize=10_000)
def _plain(text: str) -> str:
    return simplified(unicodedata.normalize("NFKC", text).casefold())
