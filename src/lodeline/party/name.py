"""A company's name taken apart: brand, place, direction, branch of trade, group, number, legal form.

Whatever is not a word that many names share is the brand. Where nothing is left, the place stands for it ("Baotou
Steel"), because that is how people call the firm. A name is parsed alone, without knowing any firm.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise, product
from typing import Final, NamedTuple

from rapidfuzz.distance import DamerauLevenshtein

from lodeline.party.abroad import characters, korean, meanings, read_abroad
from lodeline.party.script import (
    HAN,
    HANGUL,
    all_cjk,
    folded,
    is_cjk,
    readings,
    sounded,
    spoken,
    syllables,
    traditional_letters,
)
from lodeline.party.words import (
    MOST_WORDS,
    Word,
    close_word,
    compound,
    foreign_readings,
    glosses,
    places_near,
    vocabulary,
)

_TOKEN: Final = re.compile(r"[()]|[^\s()]+")
_DIGITS: Final = re.compile(r"\d+")
_CHINESE_NUMBER: Final = re.compile(r"第?([一二三四五六七八九十]+)(?=厂|矿|公司|研究所)|第([一二三四五六七八九十]+)")
_NUMERALS: Final = {"一": "1", "二": "2", "三": "3", "四": "4", "五": "5", "六": "6", "七": "7", "八": "8", "九": "9"}
_ORDINALS: Final = {"first": "1", "second": "2", "third": "3", "fourth": "4", "fifth": "5", "sixth": "6"}
#: Words that join others of a brand and say nothing: "Light of Hope".
_JOINING: Final = frozenset({"of", "the", "and", "for"})
_ROMAN: Final = {"ii": "2", "iii": "3", "iv": "4"}
#: Legal forms of three letters and fewer are words of other languages as well: they count at the end of a name alone.
_SHORT: Final = 3
#: How many readings of a brand are tried; one with more heteronyms than that is a rare one.
_MOST_READINGS: Final = 8
#: Two words of fewer letters are too often two others.
_LEAST_JOINED: Final = 9
#: So many pieces a name has at least of which one took the beginning of another.
_SEVERAL: Final = 2
#: From so many syllables on, each by itself, a name is one that was spelt.
_SPELT: Final = 4
#: And so many pieces, the brand and what it does, stand before a place that was in brackets.
_LEAST_BEFORE: Final = 0
#: What it costs to leave something of a name without a word: each run of it, and each character or token.
_RUN_UNKNOWN: Final = 1.5
_UNKNOWN: Final = 1.0
#: No word that means something has more hanzi.
_MOST_MEANT: Final = 6
#: A brand of one character or one syllable is rare.
_LONE: Final = 1.2
_WORD_KNOWN: Final = 0.01
_NEVER: Final = float("inf")
#: Forms that a Chinese company cannot have under its own law: of a translation, or of another tongue.
_FOREIGN_FORM: Final = re.compile(r"会社|责任有限公司|两合公司|股份公司$|私人有限公司")
#: And forms that no name in pinyin has, as `folded` leaves them.
_FOREIGN_LETTERS: Final = frozenset(
    {"ag", "gmbh", "ab", "se", "sa", "spa", "nv", "bv", "oy", "oyj", "asa", "kg", "kgaa", "plc", "pty", "ptyltd", "sas",
     "srl", "kk", "ohg", "aktiengesellschaft", "kabushikikaisha"}
)  # fmt: skip
#: Where hanzi are read otherwise than in Mandarin.
_READ_OTHERWISE: Final = frozenset({"HK", "MO", "TW", "JP", "KR", "VN", "SG", "MY"})


# Names are told apart by being others, which is quicker than by what they hold: `parsed` gives one for a text.
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Name:
    """The parts of a name; texts are folded (`script.folded`).

    `brand_han`: its hanzi, simplified, or empty. `brand_words`: its words in Latin letters, of hanzi each syllable.
    `sounds`: joined Latin spellings of the brand that are possible, the likeliest first. `meanings`: what each part of
    its hanzi is in English, where that is known. A place may have several concepts, which are alternatives; all
    `industries` are said, and `trades` has each as it is written. `cjk`: whether the name is written without blanks.
    `foreign`: whether its brand is likely one of another tongue than Mandarin: by its form, and where it is in hanzi by
    a place or by traditional characters. `placed`: whether the place stands for a brand that is not there.
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

    @property
    def abroad(self) -> tuple[str, ...]:
        """How the hanzi of the brand are spelt where they are not read in Mandarin, or in its older spelling."""
        return read_abroad(self.brand_han, self.brand_words, foreign=self.foreign) if self.brand_han else ()

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
    return reader.name(whole, text)


@lru_cache(maxsize=50_000)
def parsed(text: str) -> Name:
    """The same, and kept at hand for the next time."""
    return taken_apart(text)


class _Piece(NamedTuple):
    """A phrase of the vocabulary, or a word that is not in it; whether it stands in brackets, or at the end."""

    text: str
    word: Word | None
    bracketed: bool
    last: bool


def _pieces(whole: str) -> list[_Piece]:
    """The name as phrases of the vocabulary and what stands between them, longest phrase first."""
    tokens: list[tuple[str, bool]] = []
    if "(" in whole or ")" in whole:
        depth = 0
        for token in _TOKEN.findall(whole):
            depth = max(0, depth + {"(": 1, ")": -1}.get(token, 0))
            if token not in "()":
                tokens += [(part, depth > 0) for part in _by_script(token)]
    else:
        tokens = [(part, False) for token in whole.split() for part in _by_script(token)]
    pieces: list[_Piece] = []
    place = 0
    while place < len(tokens):
        token, bracketed = tokens[place]
        if is_cjk(token[0]):
            pieces += [_Piece(text, word, bracketed, False) for text, word in _cjk_phrases(token)]
            place += 1
            continue
        end = next((at for at in range(place, len(tokens)) if is_cjk(tokens[at][0][0])), len(tokens))
        run = [one for one, _ in tokens[place:end]]
        pieces += [
            _Piece("".join(run[start:until]), word, tokens[place + start][1], False)
            for start, until, word in _latin_phrases(run)
        ]
        place = end
    end = len(pieces)
    while end and (pieces[end - 1].word is not None and pieces[end - 1].word.kind in ("form", "generic")):  # type: ignore[union-attr]
        end -= 1
    # Where a name is spelt there are no brackets: a place behind the brand stands where they would have been.
    behind = end - 1 if end - 1 > _LEAST_BEFORE and is_spelt([token for token, _ in tokens]) else -1
    for at in range(end, len(pieces)):
        pieces[at] = _Piece(pieces[at].text, pieces[at].word, pieces[at].bracketed, True)
    if behind >= 0:
        pieces[behind] = _Piece(pieces[behind].text, pieces[behind].word, True, False)
    return pieces


def _by_script(token: str) -> list[str]:
    """ "jl永磁" is two words."""
    if token.isascii() or all_cjk(token):
        return [token]
    starts = [0, *(at for at, (a, b) in enumerate(pairwise(token), 1) if is_cjk(a) != is_cjk(b)), len(token)]
    return [token[a:b] for a, b in pairwise(starts)]


def _cjk_phrases(text: str) -> list[tuple[str, Word | None]]:
    """The text as words and what is none: 京磁电工 is 京磁 and 电工, not 京, 磁电 and 工."""
    words, lengths, size = vocabulary().cjk, vocabulary().cjk_lengths, len(text)
    known: list[Sequence[int]] = []
    for place, one in enumerate(text):
        longest = lengths.get(one)
        if longest is None:
            known.append(())
            continue
        rest = text[place:]
        left = size - place
        # A single character is a word only at the end of the name: 厂 of a works, not of a brand.
        known.append([
            long for long in longest if long <= left and (long > 1 or left == 1) and rest[:long] in words
        ])  # fmt: skip
    parts = _parted(known, [_LONE] * size)
    return _unbroken([(text[start:end], words[text[start:end]] if word else None) for start, end, word in parts])


def _unbroken(pieces: list[tuple[str, Word | None]]) -> list[tuple[str, Word | None]]:
    """The pieces of a name in hanzi, but for a brand of which a word took the beginning: 摩托罗拉 is no motorcycle, and
    丹佛斯 is not in Denver.
    """
    if len(pieces) < _SEVERAL or pieces[1][1] is not None:
        return pieces
    (text, word), (rest, _) = pieces[:2]
    if word is None or len(text) > _SHORT or not all_cjk(rest):
        return pieces
    far = word.kind == "place" and len(rest) == 1 and not word.concepts & places_near()
    if word.kind == "industry" or far:
        return [(text + rest, None), *pieces[2:]]
    return pieces


def _unbroken_sounds(found: list[tuple[int, int, Word | None]]) -> list[tuple[int, int, Word | None]]:
    """The same of a name that is spelt syllable by syllable, behind its places: "Xin Xi Wang" is 新希望, and not 信息.

    A branch of trade that brands sound like is none before another one, or before what no word has.
    """
    at = next((at for at, (_, _, word) in enumerate(found) if word is None or word.kind != "place"), len(found))
    start, end, word = found[at] if at < len(found) else (0, 0, None)
    if word is None or word.kind != "industry":
        return found
    rest = found[at + 1] if at + 1 < len(found) and found[at + 1][2] is None else None
    if rest is not None and (word.weak or rest[1] - rest[0] == 1):
        return [*found[:at], (start, rest[1], None), *found[at + 2 :]]
    after = found[at + 1][2] if at + 1 < len(found) else None
    if word.weak and after is not None and after.kind == "industry":
        return [*found[:at], (start, end, None), *found[at + 1 :]]
    return found


def _latin_phrases(tokens: list[str]) -> list[tuple[int, int, Word | None]]:
    """Tokens in Latin letters as phrases (from, until, word); a token that is no word has none."""
    every, size = vocabulary(), len(tokens)
    words, heads, blank = (
        (every.spelt, every.spelt_heads, " ") if is_spelt(tokens) else (every.latin, every.latin_heads, "")
    )
    known: list[list[int]] = []
    for place, token in enumerate(tokens):
        joined = token
        ends = [1] if joined in words else []
        for end in range(place + 1, min(size, place + MOST_WORDS)):
            if joined not in heads:
                break
            joined += blank + tokens[end]
            if joined in words:
                ends.append(end - place + 1)
        known.append(ends)
    # Only what is spelt syllable by syllable: a brand of another language is one word.
    mandarin = syllables()
    spelt = [*(one in mandarin for one in tokens), True]
    lone = [_LONE if here and after else 0.0 for here, after in pairwise(spelt)]
    found: list[tuple[int, int, Word | None]] = []
    for start, end, word in _parted(known, lone):
        if word:
            found.append((start, end, words[blank.join(tokens[start:end])]))
            continue
        place = start
        while place < end:
            length, near = _almost(tokens, place) if tokens[place] not in _JOINING else (1, words.get(tokens[place]))
            found.append((place, place + length, near))
            place += length
    # What an error of typing joined to the next word took that word with it.
    found = [one for at, one in enumerate(found) if not at or found[at - 1][1] <= one[0]]
    return _unbroken_sounds(found) if blank else found


def is_spelt(tokens: list[str]) -> bool:
    """Whether a name is in pinyin, each syllable by itself: "Ning Bo Yun Sheng Gu Fen You Xian Gong Si"."""
    return len(tokens) >= _SPELT and all(one in syllables() for one in tokens)


def _almost(tokens: list[str], place: int) -> tuple[int, Word | None]:
    """The word that is joined of two, or written with a typing error: how many tokens it is, and what it says."""
    token = tokens[place]
    if place + 1 < len(tokens) and token in vocabulary().heads:
        joined = token + tokens[place + 1]
        near = close_word(joined) if len(joined) >= _LEAST_JOINED else None
        if near is not None:
            return 2, near
    if place + 1 == len(tokens) and place and DamerauLevenshtein.distance(token, "ltd") == 1:
        return 1, vocabulary().latin["ltd"]
    if as_syllables(token) is not None:
        return 1, None
    # Lightning is no error of lighting.
    return 1, compound(token) or (close_word(token) if token not in meanings() else None)


def _parted(known: Sequence[Sequence[int]], lone: Sequence[float]) -> list[tuple[int, int, bool]]:
    """The cheapest way through: (from, until, whether it is a word), runs of what no word has in one.

    `known`: for each place how long the words are that begin there; `lone`: what a run costs beside if it has nothing
    but this place.
    """
    size = len(known)
    # What the rest costs from each place on: after a word, after one place of a run that no word has, and after more.
    free, alone, running = [0.0] * (size + 1), [0.0] * (size + 1), [0.0] * (size + 1)
    alone[size] = lone[size - 1] if size else 0.0
    steps = [0] * (size + 1), [0] * (size + 1), [0] * (size + 1)
    for place in range(size - 1, -1, -1):
        best, length = _NEVER, 0
        for long in known[place]:
            if free[place + long] + _WORD_KNOWN < best:
                best, length = free[place + long] + _WORD_KNOWN, long
        on = running[place + 1] + _UNKNOWN
        running[place], steps[2][place] = (best, length) if best <= on else (on, 0)
        parted = best + lone[place - 1] if place else best
        alone[place], steps[1][place] = (parted, length) if parted <= on else (on, 0)
        on = alone[place + 1] + _UNKNOWN + _RUN_UNKNOWN
        free[place], steps[0][place] = (best, length) if best <= on else (on, 0)
    found: list[tuple[int, int, bool]] = []
    place = start = 0
    while place < size:
        length = steps[min(2, place - start)][place]
        if length:
            if place > start:
                found.append((start, place, False))
            found.append((place, place + length, True))
            start = place + length
        place += length or 1
    if place > start:
        found.append((start, place, False))
    return found


class _Reader:
    """Takes the pieces of a name from left to right and decides what each is."""

    def __init__(self) -> None:
        self.brand: list[str] = []
        self.places: list[tuple[str, frozenset[str]]] = []
        self.directions: set[str] = set()
        self.direction_words: list[str] = []
        self.industries: set[str] = set()
        self.trades: list[tuple[str, frozenset[str]]] = []
        self.forms: set[str] = set()
        self.numbers: set[str] = set()
        self.group = False
        self.foreign = False
        #: Branches of trade in pinyin at the front, which a brand may sound like; and whether others are in English.
        self.read: list[_Piece] = []
        self.translated = False

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
            # "包头万安" is no firm of Wan'an, which lies elsewhere.
            small = word.read or word.weak
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

    def _plain(self, text: str) -> None:
        if text in _ORDINALS or (text in _ROMAN and self.brand):
            self.numbers.add(_ORDINALS.get(text) or _ROMAN[text])
            return
        if text not in glosses() or text.startswith("第"):
            # 五矿 is a firm's name, and no fifth mine.
            for number in _CHINESE_NUMBER.finditer(text):
                self.numbers.add("".join(_NUMERALS.get(one, "") for one in number.group(1) or number.group(2)))
            text = _CHINESE_NUMBER.sub("", text)
        if text.isdigit():
            self.numbers.add(text.lstrip("0") or "0")
        elif text:
            self.brand.append(text)

    def name(self, whole: str, text: str) -> Name:
        if not self.brand and self.read and self.translated:
            # "Tongxin Magnets": what sounds like a trade in a name that is English otherwise is the brand.
            self.brand = [self.read[0].text]
            assert self.read[0].word is not None, "it was taken for a word"
            self.industries -= self.read[0].word.concepts
        elif not self.brand and self.read and not self.places and not self.direction_words:
            # And where nothing else could be it may be: "Lü Ye" is 绿叶 as well as 铝业.
            self.brand = [self.read[0].text]
        self._called_like_a_place(whole)
        brand, places = self.brand, self.places
        placed = not brand
        if placed:
            # The firm is called by its place, or by its direction: "Jinchuan", "the Northern".
            cities = [one for one in places if not _is_country(one[1])]
            brand = [cities[-1][0]] if cities else []
        han = "".join(one for part in brand for one in part if HAN.match(one))
        words = tuple(word for part in brand for word in _words(part))
        return Name(
            text=whole, cjk=not whole.isascii() and any(map(is_cjk, whole)), brand_han=han, brand_words=words,
            sounds=_sounds(brand, words), meanings=_meanings(han),
            foreign=_is_foreign(whole, text, places) if han else self.foreign,
            places=tuple(concepts for _, concepts in places), directions=frozenset(self.directions),
            industries=frozenset(self.industries), trades=tuple(self.trades), group=self.group,
            forms=frozenset(self.forms), numbers=frozenset(self.numbers), placed=placed,
        )  # fmt: skip


def _is_foreign(whole: str, text: str, places: list[tuple[str, frozenset[str]]]) -> bool:
    return (
        any(concepts & _READ_OTHERWISE for _, concepts in places)
        or _FOREIGN_FORM.search(whole) is not None
        or not traditional_letters().isdisjoint(text)
    )


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
        # Firms spell hangul as they did before there was a rule, and as the rule has it.
        spelt = korean("".join(brand)) if all(HANGUL.match(one) for part in brand for one in part) else ()
        return tuple(dict.fromkeys([likeliest, *spelt]))
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
        sizes.append(next((end for end in range(min(len(han), _MOST_MEANT), 1, -1) if han[:end] in known), 1))
        han = han[sizes[-1] :]
    return sizes


@cache
def _meaning(word: str) -> frozenset[str]:
    return glosses().get(word, frozenset()) | (frozenset(_senses(word)) if len(word) == 1 else frozenset())


def _senses(han: str) -> tuple[str, ...]:
    known = characters().get(han[0])
    return known["english"] if known else ()


@lru_cache(maxsize=100_000)
def as_syllables(sound: str) -> tuple[str, ...] | None:
    """The word as syllables of Mandarin, fewest first; none if it is not Mandarin in pinyin.

    "zhengan" is zhen-gan or zheng-an: the longer first syllable is taken, as a reader does. "Seagate" is none.
    """
    best: list[tuple[str, ...] | None] = [None] * (len(sound) + 1)
    best[len(sound)] = ()
    known = syllables()
    for start in range(len(sound) - 1, -1, -1):
        for end in range(min(len(sound), start + 6), start, -1):
            rest = best[end]
            # No name has an "a" for a syllable, but it may begin with an e: "emei".
            if rest is not None and sound[start:end] in known and (end - start > 1 or start == 0):
                kept = best[start]
                if kept is None or len(rest) + 1 < len(kept):
                    best[start] = (sound[start:end], *rest)
    return best[0]
