"""What a name may be in short: first letters of its words, or of their translation; or a place and a trade.

比亚迪 is BYD, 徐州工程机械 is XCMG, 江铜 is Jiangxi Copper. Each is a guess from words alone, made for both names that
are compared and for the terms by which the index finds them.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache, lru_cache
from typing import Final

from lodeline.party.name import Name, parted_han
from lodeline.party.pieces import is_spelt
from lodeline.party.script import HAN, as_syllables, spoken
from lodeline.party.words import phrases, place_letters, trade_letters, vocabulary

#: First letters stand for so many words.
_LEAST_LETTERS: Final = 2
_MOST_LETTERS: Final = 5
_VOWELS: Final = frozenset("aeiou")
#: How much first letters say that leave out words, or translate them freely.
_FREELY: Final = 0.3
#: How many of those are looked for.
_MOST_SPELT: Final = 600
#: What stands for company, group, limited, works, industry at the end of first letters.
_TAILS: Final = ("", "c", "g", "l", "gc", "co", "cg", "ic", "i", "cl", "w", "corp")


def letters_alone(name: Name) -> tuple[str, ...]:
    """The brand, or the first word of it, where it may be first letters: BYD, JL of "JL Mag"."""
    if name.cjk or name.placed or len(as_syllables(name.brand) or ()) >= _LEAST_LETTERS:
        return ()
    return tuple(word for word in name.brand_words[:1] if _is_acronym(word))


@lru_cache(maxsize=2_000)
def acronyms(name: Name) -> tuple[str, ...]:
    """First letters that may stand for the name: of its brand, or of its place, brand, trade, group and company.

    At most _MOST_LETTERS each.
    """
    words = name.brand_words if name.brand_han else as_syllables(name.brand) or () if not name.cjk else ()
    if len(words) < _LEAST_LETTERS and not name.placed:
        return ()
    heads = "" if name.placed else "".join(word[0] for word in words)
    place = next((letter for one in reversed(name.places) for letter in map(_place_letter, sorted(one)) if letter), "")
    trade = "".join(sorted({_trade_letters(one) for one in name.industries}))
    if name.placed:
        spelt = "".join(one[0] for one in as_syllables(name.brand) or ())
        found = [place + trade, place + trade + "c", place + trade + "co", place + trade + "g", place + trade + "ic",
                 spelt + trade, spelt + "c"]  # fmt: skip
    else:
        found = [heads, heads[:2], heads + "c", place + heads, heads + trade]
        found += [heads + "g"] if name.group else []
    return tuple(dict.fromkeys(one for one in found if _LEAST_LETTERS <= len(one) <= _MOST_LETTERS))


def _is_acronym(word: str) -> bool:
    return _LEAST_LETTERS <= len(word) <= _MOST_LETTERS and word.isascii() and word.isalpha()


@cache
def _place_letter(place: str) -> str:
    return _english().get(place, "")[:1]


@cache
def _trade_letters(trade: str) -> str:
    return "".join(word[0] for word in _english().get(trade, "").split())


@cache
def _english() -> dict[str, str]:
    """Place or trade → the first that its table has in Latin letters."""
    found: dict[str, str] = {}
    for _, concept, phrase in phrases():
        if phrase.isascii():
            found.setdefault(concept, phrase.replace(" and ", " "))
    return found


def acronym(a: Name, b: Name) -> float:
    """Whether one brand is first letters of the other name, or begins with them as a word of its own: JL of 金力. 1 as
    firms mostly shorten, less where words of the name are left out or translated freely; 0 where it is none.
    """
    for short, long in ((a, b), (b, a)):
        if short.brand_han or short.cjk or not short.brand_words or not (long.cjk or as_syllables(long.brand)):
            continue
        first = short.brand_words[0]
        whole = len(short.brand_words) == 1 and len(first) > _LEAST_LETTERS
        # Two letters with a vowel may be anything, unless both firms do the same.
        same = bool(short.industries) and short.industries == long.industries
        if not whole and not same and not _VOWELS.isdisjoint(first):
            continue
        if first in acronyms(long):
            return 1.0 if long.cjk else _FREELY
        if spells(first, long):
            return _FREELY
    return 0.0


def spells(letters: str, name: Name) -> bool:
    """Whether letters may be the first ones of a name in hanzi or pinyin, however freely it is translated."""
    if len(letters) <= _LEAST_LETTERS or not _is_acronym(letters) or not _is_chinese(name):
        return False
    ends = {0}
    for slot in _slots(name):
        ends = {end + len(one) for end in ends for one in slot if letters.startswith(one, end)}
    return len(letters) in ends


def _is_chinese(name: Name) -> bool:
    return name.cjk or is_spelt(name.text.split())


def letters_within(name: Name) -> int:
    """Which letters may be among its first letters, or be none of them: a bit for each. 0 for a name not in hanzi."""
    if not name.cjk:
        return 0
    found = bits_of(_TAILS) | bits_of(tuple(one[0] for one in name.brand_words))
    for one in name.directions:
        found |= bits_of((one[0],))
    for places in name.places:
        found |= bits_of(_place_letters(places))
    for part in name.meanings:
        found |= _bits_meant(part)
    for text, concepts in name.trades:
        found |= _bits_traded(text, concepts)
    return found


@lru_cache(maxsize=50_000)
def bits_of(texts: tuple[str, ...]) -> int:
    """The letters a to z of the texts, a bit for each."""
    return sum(1 << (ord(one) - 97) for one in frozenset("".join(texts)) if "a" <= one <= "z")


@lru_cache(maxsize=50_000)
def _bits_meant(part: frozenset[str]) -> int:
    return bits_of(tuple(word[0] for one in part for word in one.split()))


@lru_cache(maxsize=50_000)
def _bits_traded(text: str, concepts: frozenset[str]) -> int:
    return bits_of((*_trade_initials(concepts), *_read_letters(text)))


@lru_cache(maxsize=2_000)
def acronyms_freely(name: Name) -> tuple[str, ...]:
    """First letters that may stand for a name in hanzi, however freely its words are translated: for what is asked."""
    if not _is_chinese(name):
        return ()
    found = {""}
    for slot in _slots(name):
        found = {one + other for one in found for other in slot if len(one) + len(other) <= _MOST_LETTERS}
        if len(found) > _MOST_SPELT:
            found = set(sorted(found, key=lambda one: (-len(one), one))[:_MOST_SPELT])
    return tuple(sorted(one for one in found if len(one) > _LEAST_LETTERS))


@lru_cache(maxsize=2_000)
def _slots(name: Name) -> tuple[tuple[str, ...], ...]:
    """What each word of a name in hanzi may be shortened to, in order: of 徐州 x and xz, of 工程机械 cm."""
    optional = ("",) if name.brand_words and not name.placed else ()
    slots = [(*optional, *_place_letters(places)) for places in name.places]
    if name.directions:
        slots.append(("", *(one[0] for one in sorted(name.directions))))
    if name.brand_words and not name.placed:
        slots.append(_brand_letters(name))
    slots += [("", *_trade_initials(concepts), *_read_letters(text)) for text, concepts in name.trades]
    slots.append(_TAILS)
    return tuple(tuple(dict.fromkeys(slot)) for slot in slots)


def _brand_letters(name: Name) -> tuple[str, ...]:
    """Of a brand the first letters of its syllables, all or some; of what its parts mean; or of both."""
    heads = "".join(word[0] for word in name.brand_words)
    found = [heads[:size] for size in range(len(heads), 0, -1)]
    translated = [""]
    for part, head in zip(name.meanings, _heads_of_parts(name), strict=True):
        initials = sorted({"".join(word[0] for word in one.split()) for one in part})
        translated = [one + other for one in translated for other in (head, *initials)][:_MOST_SPELT]
    return (*found, *translated)


def _heads_of_parts(name: Name) -> list[str]:
    """The first letters of the syllables of each part that has a meaning of its own."""
    heads, found, at = "".join(word[0] for word in name.brand_words), [], 0
    for size in parted_han(name.brand_han):
        found.append(heads[at : at + size])
        at += size
    return found


@lru_cache(maxsize=10_000)
def _place_letters(places: frozenset[str]) -> tuple[str, ...]:
    found: list[str] = []
    for place in sorted(places):
        spelt = _english().get(place, "")
        found += [spelt[:1], "".join(one[0] for one in as_syllables(spelt.replace(" ", "")) or ())]
    return tuple(filter(None, found))


@lru_cache(maxsize=10_000)
def _trade_initials(concepts: frozenset[str]) -> tuple[str, ...]:
    """First letters of all that a branch of trade is called in English."""
    near = vocabulary().near
    fields = {field for one in concepts for field in near[one]}
    found = {
        "".join(word[0] for word in phrase.replace(" and ", " ").split())
        for kind, concept, phrase in phrases()
        if kind == "industry" and concept in concepts and phrase.isascii()
    }
    # Automobiles are motors as well.
    found |= {_trade_letters(one) for one, some in near.items() if not fields.isdisjoint(some)}
    return tuple(sorted(one for one in found if 0 < len(one) < _MOST_LETTERS))


@lru_cache(maxsize=10_000)
def _read_letters(text: str) -> tuple[str, ...]:
    return ("".join(one[0] for one in spoken(text) if one),) if HAN.match(text) else ()


def shortened(name: Name, *, by_sound: bool = False) -> list[tuple[frozenset[str], frozenset[str]]]:
    """The places and the trades that the first two characters of a brand may stand for: 江铜 is Jiangxi and copper.

    `by_sound`: of a brand in pinyin as well, for which more may be meant.
    """
    if name.placed:
        return []
    if len(name.brand_han) >= _LEAST_LETTERS:
        places, trades = place_letters().get(name.brand_han[0]), trade_letters().get(name.brand_han[1])
    elif by_sound and not name.cjk and len(syllables := as_syllables(name.brand) or ()) >= _LEAST_LETTERS:
        of_places, of_trades = _letters_by_sound()
        places, trades = of_places.get(syllables[0]), of_trades.get(syllables[1])
    else:
        return []
    return [(places, trades)] if places and trades else []


@cache
def _letters_by_sound() -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]]]:
    """Syllable → what the characters with that sound stand for: places, and trades."""
    places: dict[str, set[str]] = defaultdict(set)
    trades: dict[str, set[str]] = defaultdict(set)
    for found, letters in ((places, place_letters()), (trades, trade_letters())):
        for letter, concepts in letters.items():
            found["".join(spoken(letter))] |= concepts
    return ({one: frozenset(some) for one, some in places.items()},
            {one: frozenset(some) for one, some in trades.items()})  # fmt: skip


def shortens(a: Name, b: Name) -> bool:
    """Whether a brand is a place and a trade that the other name says, with the rest of the brand in both."""
    for short, long in ((a, b), (b, a)):
        for places, trades in shortened(short, by_sound=True):
            if places & frozenset().union(*long.places) and trades & long.industries:
                rest = "".join((short.brand_words if short.brand_han else as_syllables(short.brand) or ())[2:])
                return rest in long.sounds if rest else long.placed
    return False
