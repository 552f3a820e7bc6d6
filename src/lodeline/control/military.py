"""What a stated use or user says of military ends and weapons: by words of the law pack, unless it denies them.

A word of an end that may be either (radar, satellite) shows nothing next to a word of a civil one. A word within a
civil name (torpedo ladle, navy blue), an address or a shop's name (Defence Road, Army Stores) shows nothing either.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

from lodeline.control.loose_cells import countries_in
from lodeline.party.script import is_cjk, simplified

End = Literal["military-use", "mass-destruction", "military-strength"]
#: What a statement of use is searched for, the worst first; of a name, which words are of which user.
_OF_A_USE: Final[tuple[End, ...]] = ("mass-destruction", "military-use")
USERS: Final = ("nuclear-programme", "state-forces", "arms-maker", "military-user", "user")
_TOKEN: Final = re.compile(r"\w+")
_NONE: Final = re.compile(r"(?!)")
_CLAUSE: Final = re.compile(r"[,.;:，。；：、\n]+")
_DENIED_PURPOSE: Final = re.compile(
    r"\b(?:not|never|nicht|pas|не|não|không)\b.*\b(?:for|used?|intended|für|pour|для|para|cho|dùng)\b|[不非](?:得|会|可)?用于|禁止用于"
)
_BEGINS_ANEW: Final = re.compile(r"\s*(?:for|to|used?|but|only|and used|mainly|fins|用于|供|仅|但|作)")
#: How far before or after a word a denial reaches, in signs, within its clause.
_REACH_LATIN, _REACH_HAN = 80, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class MilitaryWord:
    """A word of a statement, and what it tells."""

    end: End
    word: str


@dataclass(frozen=True, slots=True, eq=False)
class EndWords:
    """The words of the law by kind, as they are looked for. `beginnings`: how those in Latin letters begin."""

    patterns: Mapping[str, re.Pattern[str]]
    beginnings: Mapping[str, frozenset[str]]
    denials: tuple[str, ...]

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]]) -> EndWords:
        """Of the rows of `military-words` and `end-use-words`; of the same rows the same object."""
        return _end_words(tuple((row["kind"], tuple(row["words"])) for row in rows))


@lru_cache(maxsize=16)
def _end_words(rows: tuple[tuple[str, tuple[str, ...]], ...]) -> EndWords:
    by_kind: dict[str, list[str]] = {}
    for kind, words in rows:
        by_kind.setdefault(kind, []).extend(words)
    return EndWords(
        patterns={kind: _any_of(words) for kind, words in by_kind.items()},
        beginnings={kind: frozenset(token for one in words for token in _TOKEN.findall(_plain(one))[:1])
                    for kind, words in by_kind.items()},
        denials=tuple(by_kind.get("denial", ())),
    )  # fmt: skip


def military_ends(text: str, words: EndWords) -> tuple[MilitaryWord, ...]:
    """All that a stated use says of such ends, the worst first: a missile is a weapon and carries others."""
    clauses = _clauses(text)
    found = tuple(
        MilitaryWord(end=end, word=word) for end in _OF_A_USE if (word := _first(clauses, words, end)) is not None
    )
    if found:
        return found
    word = _first(clauses, words, "military-strength")
    if word and not any(words.patterns.get("civil", _NONE).search(clause) for clause in clauses):
        return (MilitaryWord(end="military-strength", word=word),)
    return ()


def military_user(name: str, words: EndWords) -> tuple[str, str] | None:
    """The kind of user (`USERS`) that a name speaks of, and the word by which it does."""
    found = ((kind, _first((_plain(name),), words, kind)) for kind in USERS)
    return next(((kind, word) for kind, word in found if word), None)


def is_resale(text: str, words: EndWords) -> bool:
    """Whether a stated use is to sell the goods on."""
    return _first(_clauses(text), words, "resale") is not None


def resold_to(text: str, words: EndWords) -> frozenset[str]:
    """The countries (ISO 3166-1) to which a stated use sells the goods on: "for resale to Iran", 转售至伊朗."""
    return countries_in(text) if is_resale(text, words) else frozenset()


def _first(clauses: tuple[str, ...], words: EndWords, kind: str) -> str | None:
    """The first word of a kind that a clause says and does not deny."""
    wanted = words.patterns.get(kind, _NONE)
    for clause in clauses:
        # Most say nothing, which their first letters tell at once.
        if clause.isascii() and words.beginnings.get(kind, frozenset()).isdisjoint(_TOKEN.findall(clause)):
            continue
        rest = words.patterns.get("civil", _NONE).sub(" ", clause) if wanted.search(clause) else ""
        for found in wanted.finditer(rest):
            is_denied = _is_denied(rest, found.start(), found.end(), words.denials)
            if not (is_denied or _is_place(rest[found.end() :], words)):
                return found[0]
    return None


def _is_place(after: str, words: EndWords) -> bool:
    """Whether a word of a street or a shop follows within two words."""
    return re.match(rf"\W*(?:\w+\W+)?(?:{words.patterns.get('place', _NONE).pattern})", after) is not None


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


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    """One pattern of many words, the longest first."""
    return re.compile("|".join(_pattern(one).pattern for one in sorted(words, key=len, reverse=True)))


@lru_cache(maxsize=8_192)
def _pattern(word: str) -> re.Pattern[str]:
    plain = _plain(word)
    return re.compile(re.escape(plain) if is_cjk(plain[0]) else rf"\b{re.escape(plain)}\b")


def _clauses(text: str) -> tuple[str, ...]:
    """The clauses of a text; what is denied of one purpose after another stays together: not for ships, tanks, guns."""
    found: list[str] = []
    for clause in filter(None, _CLAUSE.split(_plain(text))):
        if found and _DENIED_PURPOSE.search(found[-1]) and not _BEGINS_ANEW.match(clause):
            found[-1] += f" {clause}"
        else:
            found.append(clause)
    return tuple(found)


@lru_cache(maxsize=10_000)
def _plain(text: str) -> str:
    return simplified(unicodedata.normalize("NFKC", text).casefold())
