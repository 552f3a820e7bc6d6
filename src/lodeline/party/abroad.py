"""Hanzi as other tongues read and spell them: old romanisations of Mandarin, Cantonese, Korean, Japanese, Vietnamese.

A firm of Hong Kong, Seoul or Hanoi spells its hanzi as they sound there, so pinyin does not meet that spelling. Each
reading here is made by rule from one reading of each character; a spelling that a firm chose against the rule is near
to it at best. Hokkien and Hakka are not here: no open table of their readings is known.

Sources: readings: Unihan (`data/party/characters.csv`). Spelling: Wade–Giles as in T. F. Wade, Yü-yen Tzŭ-erh Chi; the
spelling of the Hong Kong Government for names; Revised Romanization of Korean (2000), and what firms of before it keep.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import product
from typing import Final

from lodeline.party.tables import rows_of
from lodeline.party.words import foreign_readings, glosses, phrase_words

#: How many spellings of one tongue are tried, and of Japanese where a firm's own form says that it is one.
_MOST: Final = 4
_MOST_NATIVE: Final = 48
#: What a Japanese word begins with where it is not the first of a name: 小林 is ko and hayashi, "kobayashi".
_VOICED: Final = (("ch", "j"), ("sh", "j"), ("ts", "z"), ("k", "g"), ("s", "z"), ("t", "d"), ("h", "b"), ("f", "b"))
#: Before these an n is an m.
_LIPS: Final = ("b", "m", "p")
#: Ends of readings that fall together with the consonant behind them: 日産 is nichi and san, "nissan".
_DOUBLED: Final = ("tsu", "chi", "ku", "ki")
_SYLLABLE: Final = re.compile(r"(zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw]?)([a-z]+)")
_WADE_INITIALS: Final = {
    "b": "p", "d": "t", "g": "k", "zh": "ch", "j": "ch", "q": "ch", "x": "hs", "z": "ts", "c": "ts", "r": "j",
}  # fmt: skip
_WADE_WHOLE: Final = {
    "zi": "tzu", "ci": "tzu", "si": "szu", "zhi": "chih", "chi": "chih", "shi": "shih", "ri": "jih", "er": "erh",
    "ge": "ko", "ke": "ko", "he": "ho", "you": "yu", "yi": "i", "ye": "yeh", "yan": "yen", "gui": "kuei", "kui": "kuei",
    "guo": "kuo", "kuo": "kuo", "huo": "huo", "shuo": "shuo",
}  # fmt: skip
_WADE_FINALS: Final = {
    "ian": "ien", "ie": "ieh", "ong": "ung", "iong": "iung", "uo": "o", "ue": "ueh", "ve": "ueh", "v": "u",
}  # fmt: skip
_JYUTPING: Final = re.compile(r"(ng(?=[aeiou])|gw|kw|[bpmfdtnlgkhzcsjw]?)([a-z]+)")
_CANTON_INITIALS: Final = {
    "b": "p", "d": "t", "g": "k", "gw": "kw", "z": "ch", "c": "ch", "j": "y",
}  # fmt: skip
_CANTON_FINALS: Final = {
    "aa": "a", "aai": "ai", "aau": "au", "aam": "am", "aan": "an", "aang": "ang", "aap": "ap", "aat": "at", "aak": "ak",
    "oeng": "eung", "oek": "euk", "oe": "eu", "eoi": "ui", "eon": "un", "eot": "ut", "ou": "o", "yu": "u", "yun": "uen",
    "yut": "uet",
}  # fmt: skip
#: 현 is "hyun" with firms, 영 at the beginning "young".
_YEO: Final = re.compile(r"(?<=[a-z])yeo")
_FIRST: Final = ("g", "kk", "n", "d", "tt", "r", "m", "b", "pp", "s", "ss", "", "j", "jj", "ch", "k", "t", "p", "h")
_VOWELS: Final = ("a", "ae", "ya", "yae", "eo", "e", "yeo", "ye", "o", "wa", "wae", "oe", "yo", "u", "wo", "we", "wi",
                  "yu", "eu", "ui", "i")  # fmt: skip
_LAST: Final = ("", "k", "k", "k", "n", "n", "n", "t", "l", "k", "m", "l", "l", "l", "p", "l", "m", "p", "p", "t", "t",
                "ng", "t", "t", "k", "t", "p", "t")  # fmt: skip


@lru_cache(maxsize=50_000)
def read_abroad(hanzi: str, syllables: tuple[str, ...], *, foreign: bool = False) -> tuple[str, ...]:
    """Spellings of simplified hanzi outside the mainland, joined; `syllables`: their syllables in pinyin.

    A tongue that lacks a reading of one of the characters has none of the whole. `foreign`: whether the firm is likely
    none of the mainland; then the words that Japanese names are made of are tried as well, and they are many.
    """
    rows = [characters().get(one) for one in hanzi]
    found = ["".join(map(wade, syllables))] if len(syllables) == len(hanzi) else []
    if rows and all(row is not None for row in rows):
        known = [row for row in rows if row is not None]
        found += ["".join(map(cantonese, some)) for some in _several([row["cantonese"] for row in known])]
        for some in _several([_beginning(row["hangul"], at) for at, row in enumerate(known)]):
            found += korean("".join(some))
        found += [_short("".join(some)) for some in _several([row["japanese"] for row in known])]
        found += ["".join(map(_plain, some)) for some in _several([row["vietnamese"] for row in known])]
        if foreign:
            found += _native(known)
    return tuple(dict.fromkeys(found))


def _native(rows: list[dict[str, tuple[str, ...]]]) -> list[str]:
    """Readings of Japanese names: native words, and Chinese ones beside them, as in 佐藤, "sato"."""
    choices = []
    for at, row in enumerate(rows):
        words = row["native"]
        if at:
            words = (*words, *(_voiced(one) for one in words))
        choices.append(tuple(dict.fromkeys([*words, *row["japanese"]])))
    return [_short("".join(some)) for some, _ in zip(product(*choices), range(_MOST_NATIVE), strict=False)]


def spelt_in_japan(hanzi: str, letters: str) -> int:
    """How many of simplified hanzi letters are as Japanese reads them, each in a way of its own, the first ones or all:
    測器 is "sokki", soku and ki. 0 if they are none.
    """
    reached: list[set[int]] = [{0}, *(set() for _ in hanzi)]
    for at, ends in enumerate(reached[:-1]):
        words = {
            (1, _short(word))
            for tongue in ("japanese", "native")
            for word in characters().get(hanzi[at], {}).get(tongue, ())
        }
        known = ((size, foreign_readings().get(hanzi[at : at + size], ())) for size in range(2, len(hanzi) - at + 1))
        words |= {(size, word) for size, readings in known for word in readings}
        for size, word in words:
            reached[at + size].update(until for end in ends for until in _read_on(word, letters, end))
    return next((at for at in range(len(hanzi), 0, -1) if len(letters) in reached[at]), 0)


def _read_on(word: str, letters: str, start: int) -> Iterator[int]:
    """Where letters go on behind a word at this place: as it is, voiced, or with its end in the consonant that
    follows.
    """
    for one in (word, _voiced(word)) if start else (word,):
        until = start + len(one)
        before_lips = one.endswith("n") and letters[until : until + 1] in _LIPS
        if letters.startswith(one, start) or (before_lips and letters.startswith(one[:-1] + "m", start)):
            yield until
        ending = next((end for end in _DOUBLED if one.endswith(end) and len(one) > len(end)), "")
        stem = one.removesuffix(ending)
        behind = letters[start + len(stem) : start + len(stem) + 2]
        if ending and letters.startswith(stem, start) and len(set(behind)) == 1 < len(behind):
            yield start + len(stem) + 1


def _voiced(word: str) -> str:
    for plain, voiced in _VOICED:
        if word.startswith(plain):
            return voiced + word.removeprefix(plain)
    return word


@cache
def characters() -> dict[str, dict[str, tuple[str, ...]]]:
    """Hanzi → its readings by tongue and its English meanings, each as `characters.csv` has them."""
    return {
        row["han"]: {
            name: tuple(filter(None, spellings.split("|"))) for name, spellings in row.items() if name != "han"
        }
        for row in rows_of("characters.csv")
    }


@cache
def meanings() -> frozenset[str]:
    """Every English word that hanzi of a brand may mean."""
    of_characters = {word for row in characters().values() for word in row["english"]}
    return frozenset(of_characters.union(*map(phrase_words, glosses().values())))


def _several(readings: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    return [some for some, _ in zip(product(*readings), range(_MOST), strict=False)]


def wade(syllable: str) -> str:
    """A syllable of pinyin in Wade–Giles, without its marks: qing is "ching", xing is "hsing"."""
    parts = _SYLLABLE.fullmatch(syllable)
    if syllable in _WADE_WHOLE or parts is None:
        return _WADE_WHOLE.get(syllable, syllable)
    first, rest = parts.groups()
    return _WADE_INITIALS.get(first, first) + _WADE_FINALS.get(rest, rest)


def cantonese(syllable: str) -> str:
    """A syllable of Jyutping without its tone as names of Hong Kong are spelt: gwong is "kwong", zoeng "cheung"."""
    parts = _JYUTPING.fullmatch(syllable)
    if parts is None:
        return syllable
    first, rest = parts.groups()
    if rest == "aa":
        return _CANTON_INITIALS.get(first, first) + ("ah" if first in ("w", "f", "j", "m", "") else "a")
    return _CANTON_INITIALS.get(first, first) + _CANTON_FINALS.get(rest, rest)


def korean(hangul: str) -> tuple[str, ...]:
    """Hangul in the Revised Romanization, and as firms spell it that are older: 성림 is "seongrim", "sungrim"."""
    letters, usual = [], []
    for one in hangul:
        place = ord(one) - 0xAC00
        if not 0 <= place < 11_172:
            return ()
        syllable = _FIRST[place // 588] + _VOWELS[place % 588 // 28] + _LAST[place % 28]
        letters.append(syllable)
        usual.append("w" + syllable.replace("u", "oo", 1) if syllable.startswith("u") else syllable)
    older = _YEO.sub("yu", "".join(usual)).replace("yeo", "you").replace("eo", "u").replace("eu", "u")
    return "".join(letters), "k" + older[1:] if older.startswith("g") else older


def _beginning(readings: tuple[str, ...], at: int) -> tuple[str, ...]:
    """What a reading is at this place of a word: 林 is 림, and 임 where a word begins with it."""
    return readings[:1] if at or len(readings) < 2 else readings[:2]


def _short(romaji: str) -> str:
    """Long vowels as firms write them: toukyou is "tokyo"."""
    return romaji.replace("ou", "o").replace("uu", "u").replace("oo", "o")


def _plain(quoc_ngu: str) -> str:
    parted = unicodedata.normalize("NFD", quoc_ngu.casefold().replace("đ", "d"))
    return "".join(one for one in parted if not unicodedata.combining(one))
