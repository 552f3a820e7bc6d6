"""Consonants that a transcription keeps: what the index finds a foreign name and its hanzi by.

They stand by classes that Mandarin does not part. How well one transcribes the other is said in `transcription`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

#: What a consonant in hanzi may stand for, the usual one first: classes of sounds that Mandarin does not part.
_OF_HANZI: Final = {
    "b": "p", "p": "p", "m": "m", "f": "f", "w": "f", "d": "t", "t": "t", "n": "n", "l": "l", "r": "l", "g": "k",
    "k": "k", "h": "hf", "j": "sk", "q": "sk", "x": "sh", "z": "s", "c": "s", "s": "s", "zh": "s", "ch": "s",
    "sh": "s",
}  # fmt: skip
_OF_LETTERS: Final = {
    "b": "p", "p": "p", "m": "m", "f": "f", "v": "f", "w": "f", "d": "t", "t": "t", "n": "n", "l": "l", "r": "l",
    "g": "k", "k": "k", "q": "k", "h": "h", "j": "s", "z": "s", "s": "s",
}  # fmt: skip
#: A syllable of pinyin: what it begins with, its vowels, and what it ends in.
SYLLABLE: Final = re.compile(r"(zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw]?)([aeiouv]+)(ng|n|r)?")
_SPELLINGS: Final = (
    ("tsch", "s"), ("sch", "s"), ("tch", "s"), ("sh", "s"), ("ch", "s"), ("ck", "k"), ("ph", "f"), ("th", "t"),
    ("gn", "n"), ("x", "ks"),
)  # fmt: skip
_SOFT: Final = re.compile(r"c(?=[eiy])")
#: Before these a k is written with j or q: 基 of Nokia.
_BRIGHT: Final = ("e", "i", "y")
_VOWELS: Final = frozenset("aeiouy")
#: What it costs to leave a consonant out: in letters where no vowel follows it, in hanzi at the end of a syllable.
_SILENT_LIQUID: Final = 0.15
_SILENT: Final = 0.45
_FINAL: Final = 0.4
_BREATH: Final = 0.3
_SOUNDED: Final = 1.0


class Consonant(NamedTuple):
    """`classes` that it may be, and what it costs to leave it out."""

    classes: str
    cost: float


@lru_cache(maxsize=50_000)
def of_hanzi(syllables: tuple[str, ...]) -> tuple[Consonant, ...]:
    """The consonants of hanzi by their pinyin; 尔 is an l."""
    found = []
    for one in syllables:
        parts = SYLLABLE.fullmatch(one)
        if parts is None:
            continue
        if one == "er":
            found.append(Consonant("l", _SILENT_LIQUID))
            continue
        if parts[1] in _OF_HANZI:
            found.append(Consonant(_OF_HANZI[parts[1]], _SOUNDED))
        if parts[3] in ("n", "ng"):
            found.append(Consonant("n", _FINAL))
    return tuple(found)


@lru_cache(maxsize=50_000)
def of_letters(word: str) -> tuple[Consonant, ...]:
    """The consonants of a word in Latin letters, doubled ones once."""
    word = _SOFT.sub("s", word)
    for several, one in _SPELLINGS:
        word = word.replace(several, one)
    word = word.replace("c", "k")
    found: list[Consonant] = []
    for at, letter in enumerate(word):
        kind = _OF_LETTERS.get(letter)
        if kind is None or (at and word[at - 1] == letter):
            continue
        sounded = word[at + 1 : at + 2] in _VOWELS if word[at + 1 : at + 2] else False
        if kind == "k" and word[at + 1 : at + 2] in _BRIGHT:
            kind = "ks"
        if kind == "h":
            found.append(Consonant("h", _BREATH))
        elif sounded or at == 0:
            found.append(Consonant(kind, _SOUNDED))
        else:
            found.append(Consonant(kind, _SILENT_LIQUID if kind == "l" else _SILENT))
    return tuple(found)


def letters(consonants: tuple[Consonant, ...], *, usual: bool = True) -> str:
    """The consonants as one letter each, by what they usually stand for, or by the other; none twice in a row."""
    found, last = "", ""
    for one in consonants:
        letter = one.classes[0 if usual else -1]
        if letter != last:
            found += letter
            last = letter
    return found


def keys(consonants: tuple[Consonant, ...]) -> tuple[str, ...]:
    """What they are looked up by: all of them, and without those that are likely left out."""
    kept = tuple(one for one in consonants if one.cost > _SILENT_LIQUID and one.classes != "h")
    return tuple(dict.fromkeys([letters(consonants), letters(kept)]))
