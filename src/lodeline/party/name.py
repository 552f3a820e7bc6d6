"""A company's name taken apart: brand, place, direction, branch of trade, group, number, legal form.

Whatever is not a word that many names share is the brand. Where nothing is left, the place stands for it ("Baotou
Steel"), because that is how people call the firm. A name is parsed alone, without knowing any firm.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product
from typing import Final, NamedTuple

from lodeline.party.numeral import counted, counted_works, figure, is_roman, ordinal, roman
from lodeline.party.pieces import Piece, is_spelt, pieces_of, pieces_otherwise
from lodeline.party.script import (
    HAN,
    as_syllables,
    folded,
    is_cjk,
    pinyin_syllables,
    readings,
    sounded,
)
from lodeline.party.words import characters, foreign_readings, glosses, vocabulary

#: What is left out where a whole name is spelt.
_NO_LETTERS: Final = re.compile(r"[^a-z]")
_JAPANESE_FORM: Final = re.compile(r"(株式|有限|合同)会社")
_BESIDE: Final = re.compile(r"[\s()]")
#: Legal forms of three letters and fewer are words of other languages as well: they count at the end of a name alone.
_SHORT: Final = 3
#: How many readings of a brand are tried; one with more heteronyms than that is a rare one.
_MOST_READINGS: Final = 8
#: No word that means something has more hanzi.
MOST_MEANT: Final = 6
#: So many letters at most stand by themselves in first letters: "AT&M".
_INITIAL: Final = 2
#: How phrases end that say that a firm is a group.
_GROUPS: Final = ("集团", "group", "jituan")
#: Forms that no name in pinyin has, as `folded` leaves them.
_FOREIGN_LETTERS: Final = frozenset(
    {"ag", "gmbh", "ab", "se", "sa", "spa", "nv", "bv", "oy", "oyj", "asa", "kg", "kgaa", "plc", "pty", "ptyltd", "sas",
     "srl", "kk", "ohg", "aktiengesellschaft", "kabushikikaisha"}
)  # fmt: skip
#: So many letters a name in short has that stands before the whole.
_LEAST_LETTERS: Final = 2
_MOST_LETTERS: Final = 5


# Names are told apart by being others, which is quicker than by what they hold: `parsed` gives one for a text.
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Name:
    """The parts of a name; texts are folded (`script.folded`).

    `brand_han`: its hanzi, simplified, or empty. `brand_words`: its words in Latin letters, of hanzi each syllable.
    `sounds`: joined Latin spellings of the brand that are possible, the likeliest first. `meanings`: what each part of
    its hanzi is in English, where that is known. A place may have several concepts, which are alternatives; all
    `industries` are said, and `trades` has each as it is written. `cjk`: whether the name is written without blanks.
    `foreign`: whether its form says that its letters are no pinyin. `placed`: whether the place stands for a brand that
    is not there. `otherwise`: what it is where it may be divided in other ways as well. `read`: the whole of it in
    pinyin, if it is in hanzi or spelt so.
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
    trades: tuple[tuple[str, frozenset[str]], ...] = ()
    foreign: bool = False
    placed: bool = False
    otherwise: tuple[Name, ...] = ()
    read: str = ""

    @property
    def every(self) -> tuple[Name, ...]:
        """The name, and what it may be otherwise."""
        return (self, *self.otherwise)

    @property
    def brand(self) -> str:
        """The brand as one string in Latin letters."""
        return self.sounds[0] if self.sounds else ""


class _Whole(NamedTuple):
    """A name as it is written and folded, all of it in pinyin if it is in hanzi or spelt so, and which of its works it
    is.
    """

    text: str
    folded: str
    read: str
    numbers: frozenset[str]


def taken_apart(text: str) -> Name:
    """The name in its parts; any text has some, an empty one none."""
    whole = folded(text)
    own = whole.removeprefix(_own_letters(whole)).lstrip()
    kept, numbers = counted_works(own, spelt=is_spelt(own.split()))
    pieces = pieces_of(kept)
    about = _Whole(text, whole, _read_out(whole, pieces_of(own) if numbers else pieces), numbers)
    others = tuple(_read(one, about) for one in pieces_otherwise(kept, pieces))
    return _read(pieces, about, others)


def _read_out(whole: str, pieces: list[Piece]) -> str:
    if whole.isascii():
        return whole.replace(" ", "") if is_spelt(whole.split()) else ""
    texts = [piece.text for piece in pieces]
    if not all(HAN.match(sign) for one in texts for sign in one):
        return ""
    # Piece by piece: words of the table are known by heart.
    return "".join(syllable for one in texts for syllable in pinyin_syllables(one))


def _read(pieces: list[Piece], whole: _Whole, otherwise: tuple[Name, ...] = ()) -> Name:
    reader = _Reader(whole.numbers)
    for at, piece in enumerate(pieces):
        reader.take(piece, pieces[at + 1 :])
    return reader.name(whole, otherwise)


@lru_cache(maxsize=50_000)
def parsed(text: str) -> Name:
    """The same, and kept at hand for the next time."""
    return taken_apart(text)


def spells_whole(a: Name, b: Name) -> bool:
    """Whether one name is in hanzi, and the other all of it in pinyin, with its legal form."""
    for han, latin in ((a, b), (b, a)):
        if han.cjk and latin.text.isascii():
            letters = _NO_LETTERS.sub("", latin.text)
            if letters and _may_be_read(han.text, letters):
                return True
    return False


def is_japanese(name: Name) -> bool:
    """Whether a name has the form of a company in Japan."""
    return name.cjk and _JAPANESE_FORM.search(name.text) is not None


@lru_cache(maxsize=10_000)
def _may_be_read(text: str, letters: str) -> bool:
    ends = {0}
    for character in _BESIDE.sub("", text):
        if not HAN.match(character):
            return False
        ends = {end + len(one) for end in ends for one in readings(character) if letters.startswith(one, end)}
        if not ends:
            return False
    return len(letters) in ends


class _Reader:
    """Takes the pieces of a name from left to right and decides what each is."""

    def __init__(self, numbers: frozenset[str]) -> None:
        self.brand: list[str] = []
        self.places: list[tuple[str, frozenset[str]]] = []
        self.directions: set[str] = set()
        self.direction_words: list[str] = []
        self.industries: set[str] = set()
        self.trades: list[tuple[str, frozenset[str]]] = []
        self.forms: set[str] = set()
        self.numbers = set(numbers)
        self.group = False
        self.foreign = False
        #: Branches of trade in pinyin at the front, which a brand may sound like; and whether others are in English.
        self.read: list[Piece] = []
        self.translated = False

    def take(self, piece: Piece, behind: list[Piece]) -> None:
        """Takes a piece; `behind` are those that follow."""
        word, text = piece.word, piece.text
        if word is None:
            self._plain(text, behind)
        elif word.kind == "form":
            # "AG" may be a brand at the front, never at the end.
            if len(text) <= _SHORT and not piece.last and not piece.bracketed and not is_cjk(text[0]):
                self._plain(text, behind)
            else:
                self.forms |= word.concepts
                self.foreign = self.foreign or text in _FOREIGN_LETTERS
        elif word.kind == "place":
            # A town after the brand belongs to what the firm is called, unless it stands in brackets or behind what
            # the firm does; a country never does.
            country = _is_country(word.concepts)
            follows = self.brand and not piece.bracketed and not self.industries and not country
            # "Zhong Guo Zhong Hua" is 中国中化: nobody says his country twice in a row.
            again = (
                country and word.read and not piece.bracketed and self.places and self.places[-1][1] == word.concepts
            )
            # "包头万安" is no firm of Wan'an, which lies elsewhere, nor "Ningbo Datong" one of Datong. A province may
            # say what the firm does: "Sichuan Jiangxi Copper".
            town = not piece.bracketed and not self.industries and all(map(_is_town, word.concepts))
            small = word.read or word.weak or town
            if follows or again or (small and not country and self._elsewhere(word.concepts)):
                self.brand.append(text)
            else:
                self.places.append((text, word.concepts))
        elif word.kind == "direction":
            self.directions |= word.concepts
            self.direction_words.append(text)
        elif word.kind == "industry":
            self.industries |= word.concepts
            self.trades.append((text, word.concepts))
            # A trade may be a phrase with it: 汽车集团, "Steel Group".
            self.group = self.group or text.replace(" ", "").endswith(_GROUPS)
            if word.read and not self.brand and not self.translated:
                self.read.append(piece)
            self.translated = self.translated or not word.read
        elif word.kind == "group":
            self.group = True

    def _called_like_a_place(self, whole: str) -> None:
        """Makes a town the brand where it is no place of the firm: 大同 of Taiwan, of a kabushiki kaisha."""
        if self.brand or not self.places:
            return
        within, here = vocabulary().within, self.places[0][1]
        others = [concepts for _, concepts in self.places[1:]]
        if not HAN.match(self.places[0][0][0]):
            # "Sichuan Jiangxi Copper": in letters a country alone says for sure where the firm is.
            others = [concepts for concepts in others if _is_country(concepts)]
        apart = any(not any(x in within[y] or y in within[x] for x in here for y in one) for one in others)
        abroad = "会社" in whole and all(place.startswith("CN-") for place in here)
        if apart or abroad:
            self.brand = [self.places.pop(0)[0]]

    def _elsewhere(self, concepts: frozenset[str]) -> bool:
        """Whether it lies outside the place before it: what is in pinyin may only sound like a place."""
        within = vocabulary().within
        return bool(self.places) and not any(x in within[y] for y in concepts for x in self.places[-1][1])

    def _plain(self, text: str, behind: list[Piece]) -> None:
        number = ordinal(text) or self._roman(text, behind)
        if number:
            self.numbers.add(number)
            return
        if text not in glosses() or text.startswith("第"):
            # 五矿 is a firm's name, and no fifth mine.
            text, numbers = counted(text)
            self.numbers |= numbers
        if text.isdigit():
            self.numbers.add(figure(text))
        elif text:
            self.brand.append(text)

    def _roman(self, text: str, behind: list[Piece]) -> str:
        """What a Roman numeral counts that stands behind something else than its like: "II-VI" is a brand."""
        named = not all(map(is_roman, self.brand)) or self.places or self.industries or self.forms
        ends = all(one.word is not None and one.word.kind == "form" for one in behind)
        return roman(text, at_end=ends) if named else ""

    def name(self, whole: _Whole, otherwise: tuple[Name, ...]) -> Name:
        if not self.brand and self.read and self.translated:
            # "Tongxin Magnets": what sounds like a trade in a name that is English otherwise is the brand.
            self.brand = [self.read[0].text]
            assert self.read[0].word is not None, "it was taken for a word"
            self.industries -= self.read[0].word.concepts
        elif not self.brand and self.read and not self.places and not self.direction_words:
            # And where nothing else could be it may be: "Lü Ye" is 绿叶 as well as 铝业.
            self.brand = [self.read[0].text]
        self._called_like_a_place(whole.folded)
        brand, places = _letters_joined(self.brand), self.places
        placed = not brand
        if placed:
            # The firm is called by its place, or by its direction: "Jinchuan", "the Northern".
            cities = [one for one in places if not _is_country(one[1])]
            brand = [cities[-1][0]] if cities else []
        han = "".join(one for part in brand for one in part if HAN.match(one))
        words = tuple(word for part in brand for word in _words(part))
        return Name(
            text=whole.folded, cjk=not whole.folded.isascii() and any(map(is_cjk, whole.folded)), brand_han=han,
            brand_words=words, sounds=_sounds(brand, words), meanings=_meanings(han),
            foreign=self.foreign, places=_distinguished(tuple(concepts for _, concepts in places)),
            directions=frozenset(self.directions),
            industries=frozenset(self.industries), trades=tuple(self.trades), group=self.group,
            forms=frozenset(self.forms), numbers=frozenset(self.numbers), placed=placed,
            read=whole.read, otherwise=otherwise,
        )  # fmt: skip


def _distinguished(places: tuple[frozenset[str], ...]) -> tuple[frozenset[str], ...]:
    """The places, of which one that may be several is the one that another place of the name lies around, or within:
    "Taizhou, Zhejiang" is not the Taizhou of Jiangsu.
    """
    within = vocabulary().within
    found = []
    for at, here in enumerate(places):
        others = {one for some in (*places[:at], *places[at + 1 :]) if len(some) == 1 for one in some}
        kept = frozenset(one for one in here if any(one in within[x] or x in within[one] for x in others))
        found.append(kept or here)
    return tuple(found)


def _letters_joined(brand: list[str]) -> list[str]:
    """The brand, whose first letters may stand apart: "L.K." and "C&D"."""
    joined = "".join(brand)
    apart = len(brand) > 1 and all(len(one) <= _INITIAL for one in brand) and any(len(one) == 1 for one in brand)
    return [joined] if apart and joined.isascii() and joined.isalpha() and as_syllables(joined) is None else brand


def _own_letters(whole: str) -> str:
    """The first word if it is but the first letters of those behind it: "HTC Harbin Turbine Company"; or nothing."""
    first, *others = whole.split() or [""]
    heads = "".join(word[0] for word in others[: len(first)])
    return first if first == heads and _LEAST_LETTERS <= len(first) <= _MOST_LETTERS else ""


def _is_town(concept: str) -> bool:
    """Whether a place lies in a province of China, and is none."""
    return concept.count("-") > 1


def _is_country(concepts: frozenset[str]) -> bool:
    return all("-" not in concept for concept in concepts)


def _words(part: str) -> tuple[str, ...]:
    if part.isascii():
        return (part,)
    if HAN.match(part):
        return tuple(filter(None, map(sounded, pinyin_syllables(part))))
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
    found, at = [], 0
    for size in parted_han(han):
        found.append(_meaning(han[at : at + size]))
        at += size
    return tuple(found)


def parted_han(han: str) -> list[int]:
    """How long the parts of a brand are that mean something together, longest words first."""
    known, sizes = glosses(), []
    while han:
        sizes.append(next((end for end in range(min(len(han), MOST_MEANT), 1, -1) if han[:end] in known), 1))
        han = han[sizes[-1] :]
    return sizes


@cache
def _meaning(word: str) -> frozenset[str]:
    return glosses().get(word, frozenset()).union(characters().get(word, ()))
