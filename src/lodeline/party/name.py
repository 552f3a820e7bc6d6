"""A company's name taken apart: brand, place, direction, branch of trade, group, number, legal form.

Whatever is not a word that many names share is the brand. Where nothing is left, the place stands for it ("Baotou
Steel"), because that is how people call the firm. A name is parsed alone, without knowing any firm.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, product
from typing import Final

from lodeline.party.script import HAN, folded, is_cjk, readings, sounded, spoken, syllables
from lodeline.party.words import MOST_WORDS, Word, close_word, foreign_readings, glosses, vocabulary

_TOKEN: Final = re.compile(r"[()]|[^\s()]+")
_DIGITS: Final = re.compile(r"\d+")
_CHINESE_NUMBER: Final = re.compile(r"第?([一二三四五六七八九十]+)(?=厂|矿|公司|研究所)|第([一二三四五六七八九十]+)")
_NUMERALS: Final = {"一": "1", "二": "2", "三": "3", "四": "4", "五": "5", "六": "6", "七": "7", "八": "8", "九": "9"}
_ROMAN: Final = {"ii": "2", "iii": "3", "iv": "4"}
#: Legal forms of three letters and fewer are words of other languages as well: they count at the end of a name alone.
_SHORT: Final = 3
#: How many readings of a brand are tried; one with more heteronyms than that is a rare one.
_MOST_READINGS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """The parts of a name; texts are folded (`script.folded`).

    `brand_han`: its hanzi, simplified, or empty. `brand_words`: its words in Latin letters, of hanzi each syllable.
    `sounds`: joined Latin spellings of the brand that are possible, the likeliest first. `meanings`: what each part of
    its hanzi is in English, where that is known. A place may have several concepts, which are alternatives; all
    `industries` are said. `cjk`: whether the name is written without blanks.
    """

    text: str
    cjk: bool
    brand_han: str
    brand_words: tuple[str, ...]
    sounds: tuple[str, ...]
    meanings: tuple[frozenset[str], ...]
    places: tuple[frozenset[str], ...]
    directions: frozenset[str]
    industries: frozenset[str]
    group: bool
    forms: frozenset[str]
    numbers: frozenset[str]

    @property
    def brand(self) -> str:
        """The brand as one string in Latin letters."""
        return self.sounds[0] if self.sounds else ""

    @property
    def initials(self) -> str:
        """First letters of the words of the brand."""
        return "".join(word[0] for word in self.brand_words)


def taken_apart(text: str) -> Name:
    """The name in its parts; any text has some, an empty one none."""
    whole = folded(text)
    pieces = _pieces(whole)
    reader = _Reader()
    for piece in pieces:
        reader.take(piece)
    return reader.name(whole)


@lru_cache(maxsize=50_000)
def parsed(text: str) -> Name:
    """The same, and kept at hand for the next time."""
    return taken_apart(text)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A phrase of the vocabulary, or a word that is not in it; whether it stands in brackets, or at the end."""

    text: str
    word: Word | None
    bracketed: bool
    last: bool


def _pieces(whole: str) -> list[_Piece]:
    """The name as phrases of the vocabulary and what stands between them, longest phrase first."""
    tokens: list[tuple[str, bool]] = []
    depth = 0
    for token in _TOKEN.findall(whole):
        depth = max(0, depth + {"(": 1, ")": -1}.get(token, 0))
        if token not in "()":
            tokens += [(part, depth > 0) for part in _by_script(token)]
    pieces: list[_Piece] = []
    place = 0
    while place < len(tokens):
        token, bracketed = tokens[place]
        if is_cjk(token[0]):
            pieces += [_Piece(text, word, bracketed, False) for text, word in _cjk_phrases(token)]
            place += 1
            continue
        length, word = _latin_phrase(tokens, place)
        pieces.append(_Piece("".join(one for one, _ in tokens[place : place + length]), word, bracketed, False))
        place += length
    end = len(pieces)
    while end and (pieces[end - 1].word is not None and pieces[end - 1].word.kind in ("form", "generic")):  # type: ignore[union-attr]
        end -= 1
    return [_Piece(one.text, one.word, one.bracketed, at >= end) for at, one in enumerate(pieces)]


def _by_script(token: str) -> list[str]:
    """ "jl永磁" is two words."""
    if token.isascii():
        return [token]
    starts = [0, *(at for at, (a, b) in enumerate(pairwise(token), 1) if is_cjk(a) != is_cjk(b)), len(token)]
    return [token[a:b] for a, b in pairwise(starts)]


def _cjk_phrases(text: str) -> list[tuple[str, Word | None]]:
    words = vocabulary()
    found: list[tuple[str, Word | None]] = []
    place = 0
    for match in words.cjk_pattern.finditer(text):
        # A single character is a word only at the end of the name: 厂 of a works, not of a brand.
        if len(match.group()) == 1 and match.end() != len(text):
            continue
        if match.start() > place:
            found.append((text[place : match.start()], None))
        found.append((match.group(), words.cjk[match.group()]))
        place = match.end()
    if place < len(text):
        found.append((text[place:], None))
    return found


def _latin_phrase(tokens: list[tuple[str, bool]], place: int) -> tuple[int, Word | None]:
    """How many tokens from `place` are one phrase; one token that is no word of the vocabulary has none."""
    words = vocabulary().latin
    run = 0
    while run < MOST_WORDS and place + run < len(tokens) and not is_cjk(tokens[place + run][0][0]):
        run += 1
    for length in range(run, 0, -1):
        word = words.get("".join(token for token, _ in tokens[place : place + length]))
        if word is not None:
            return length, word
    token = tokens[place][0]
    if run > 1 and token in vocabulary().heads and (near := close_word(token + tokens[place + 1][0])) is not None:
        return 2, near
    return 1, close_word(token) if as_syllables(token) is None else None


class _Reader:
    """Takes the pieces of a name from left to right and decides what each is."""

    def __init__(self) -> None:
        self.brand: list[str] = []
        self.places: list[tuple[str, frozenset[str]]] = []
        self.directions: set[str] = set()
        self.direction_words: list[str] = []
        self.industries: set[str] = set()
        self.forms: set[str] = set()
        self.numbers: set[str] = set()
        self.group = False

    def take(self, piece: _Piece) -> None:
        word, text = piece.word, piece.text
        if word is None:
            self._plain(text)
        elif word.kind == "form":
            # "AG" may be a brand at the front, never at the end.
            if len(text) <= _SHORT and not piece.last and not piece.bracketed and not is_cjk(text[0]):
                self._plain(text)
            else:
                self.forms |= word.concepts
        elif word.kind == "place":
            # A place after the brand belongs to what the firm is called, unless it stands in brackets.
            if self.brand and not piece.bracketed:
                self.brand.append(text)
            else:
                self.places.append((text, word.concepts))
        elif word.kind == "direction":
            self.directions |= word.concepts
            self.direction_words.append(text)
        elif word.kind == "industry":
            self.industries |= word.concepts
        elif word.kind == "group":
            self.group = True

    def _plain(self, text: str) -> None:
        if text in _ROMAN and self.brand:
            self.numbers.add(_ROMAN[text])
            return
        for number in _CHINESE_NUMBER.finditer(text):
            self.numbers.add("".join(_NUMERALS.get(one, "") for one in number.group(1) or number.group(2)))
        text = _CHINESE_NUMBER.sub("", text)
        if text.isdigit():
            self.numbers.add(text.lstrip("0") or "0")
        elif text:
            self.brand.append(text)

    def name(self, whole: str) -> Name:
        brand, places = self.brand, self.places
        if not brand:
            # The firm is called by its place, or by its direction: "Jinchuan", "the Northern".
            cities = [one for one in places if not _is_country(one[1])]
            brand = [cities[-1][0]] if cities else []
        han = "".join(one for part in brand for one in part if HAN.match(one))
        words = tuple(word for part in brand for word in _words(part))
        return Name(
            text=whole, cjk=any(map(is_cjk, whole)), brand_han=han, brand_words=words, sounds=_sounds(brand, words),
            meanings=_meanings(han),
            places=tuple(concepts for _, concepts in places), directions=frozenset(self.directions),
            industries=frozenset(self.industries), group=self.group, forms=frozenset(self.forms),
            numbers=frozenset(self.numbers),
        )  # fmt: skip


def _is_country(concepts: frozenset[str]) -> bool:
    return all("-" not in concept for concept in concepts)


def _words(part: str) -> tuple[str, ...]:
    if part.isascii():
        return (part,)
    if HAN.match(part):
        return tuple(filter(None, map(sounded, spoken(part))))
    sound = sounded(part)
    return (sound,) if sound else ()


def _sounds(brand: list[str], words: tuple[str, ...]) -> tuple[str, ...]:
    likeliest = "".join(words)
    if not likeliest:
        return ()
    if not all(HAN.match(one) for part in brand for one in part):
        return (likeliest,)
    abroad = _read_abroad("".join(brand))
    choices = [readings(character) for part in brand for character in part]
    if all(len(options) == 1 for options in choices):
        return (likeliest, *abroad)
    if any(not options for options in choices):
        return (likeliest, *abroad)
    others = []
    for choice in product(*choices):
        others.append(sounded("".join(choice)))
        if len(others) >= _MOST_READINGS * 4:
            break
    return tuple(dict.fromkeys([likeliest, *abroad, *others]))[:_MOST_READINGS]


def _read_abroad(han: str) -> tuple[str, ...]:
    """How a Japanese or Korean firm's hanzi are spelt at home, if all of them are known words."""
    known = foreign_readings()
    for end in range(len(han), 0, -1):
        if han[:end] in known:
            rest = _read_abroad(han[end:]) if han[end:] else ("",)
            return tuple(head + tail for head in known[han[:end]] for tail in rest)
    return ()


def _meanings(han: str) -> tuple[frozenset[str], ...]:
    """What the hanzi of a brand mean, longest words first; an unknown character means nothing (an empty set)."""
    known = glosses()
    found: list[frozenset[str]] = []
    while han:
        end = next((end for end in range(len(han), 0, -1) if han[:end] in known), 0)
        found.append(known[han[:end]] if end else frozenset())
        han = han[end or 1 :]
    return tuple(found)


@lru_cache(maxsize=100_000)
def as_syllables(sound: str) -> tuple[str, ...] | None:
    """The word as syllables of Mandarin, fewest first; none if it is not Mandarin in pinyin.

    "zhengan" is zhen-gan or zheng-an: the longer first syllable is taken, as a reader does.
    """
    best: list[tuple[str, ...] | None] = [None] * (len(sound) + 1)
    best[len(sound)] = ()
    known = syllables()
    for start in range(len(sound) - 1, -1, -1):
        for end in range(min(len(sound), start + 6), start, -1):
            rest = best[end]
            if rest is not None and sound[start:end] in known:
                kept = best[start]
                if kept is None or len(rest) + 1 < len(kept):
                    best[start] = (sound[start:end], *rest)
    return best[0]
