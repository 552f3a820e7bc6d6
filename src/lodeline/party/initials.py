"""What a name may be in short: first letters of its words, or of their translation; or a place and a trade.

比亚迪 is BYD, 徐州工程机械 is XCMG, 江铜 is Jiangxi Copper. Each is a guess from words alone, made for both names that
are compared and for the terms by which the index finds them.
"""

from __future__ import annotations

from functools import lru_cache
from math import log2
from typing import Final

from lodeline.party.name import Name
from lodeline.party.script import as_syllables
from lodeline.party.shortening import (
    LEAST_LETTERS,
    MOST_LETTERS,
    NUMBERS,
    OF_THE_STATE,
    READ,
    TAILS,
    TAILS_OF_JAPAN,
    behind,
    heads_in_japan,
    initials_of_trade,
    is_japanese,
    letters_meant,
    letters_near,
    letters_of_place,
    letters_of_trade,
    letters_read,
    place_letter,
    shortened,
    ways_to_shorten,
)

_VOWELS: Final = frozenset("aeiou")
#: How many first letters that a name may have are looked for, those that are taken most often.
_MOST_SPELT: Final = 300
#: Bits that a letter says which may be any.
_LETTER_BITS: Final = 4.2
#: How many bits higher those letters stand with which first letters may begin.
_BEGUN: Final = 32


def letters_alone(name: Name) -> tuple[str, ...]:
    """The brand, or the first word of it, where it may be first letters: BYD, JL of "JL Mag"."""
    if name.cjk or name.placed or len(as_syllables(name.brand) or ()) >= LEAST_LETTERS:
        return ()
    return tuple(word for word in name.brand_words[:1] if _is_acronym(word))


@lru_cache(maxsize=2_000)
def acronyms(name: Name) -> tuple[str, ...]:
    """First letters that may stand for the name: of its brand, or of its place, brand, trade, group and company.

    At most MOST_LETTERS each.
    """
    words = name.brand_words if name.brand_han else as_syllables(name.brand) or () if not name.cjk else ()
    if len(words) < LEAST_LETTERS and not name.placed:
        return ()
    heads = "" if name.placed else "".join(word[0] for word in words)
    place = next((letter for one in reversed(name.places) for letter in map(place_letter, sorted(one)) if letter), "")
    trade = "".join(sorted({letters_of_trade(one) for one in name.industries}))
    if name.placed:
        spelt = "".join(one[0] for one in as_syllables(name.brand) or ())
        found = [place + trade, place + trade + "c", place + trade + "co", place + trade + "g", place + trade + "ic",
                 spelt + trade, spelt + "c"]  # fmt: skip
    else:
        found = [heads, heads[:2], heads + "c", place + heads, heads + trade]
        found += [heads + "g"] if name.group else []
    return tuple(dict.fromkeys(one for one in found if LEAST_LETTERS <= len(one) <= MOST_LETTERS))


def _is_acronym(word: str) -> bool:
    return LEAST_LETTERS <= len(word) <= MOST_LETTERS and word.isascii() and word.isalpha()


def acronym(a: Name, b: Name) -> float:
    """Bits for one brand being first letters of the other name, or beginning with them as a word of its own (JL of
    金力). 0 where they are none.
    """
    for short, long in ((a, b), (b, a)):
        if short.brand_han or short.cjk or not short.brand_words or not (_is_chinese(long) or as_syllables(long.brand)):
            continue
        first = short.brand_words[0]
        whole = len(short.brand_words) == 1 and len(first) > LEAST_LETTERS
        # Two letters with a vowel may be anything, unless both firms do the same.
        same = bool(short.industries) and short.industries == long.industries
        if not whole and not same and not _VOWELS.isdisjoint(first):
            continue
        bits = spelt_bits(first, long, trades_beside=bool(short.industries))
        if bits:
            return bits
    return 0.0


def spelt_bits(letters: str, name: Name, *, trades_beside: bool = False) -> float:
    """Bits for letters being the first ones of a name in hanzi or pinyin, in whatever way they are taken; 0 where there
    is none. `trades_beside`: whether words behind them say what the firm does.
    """
    if len(letters) < LEAST_LETTERS or not _is_acronym(letters) or not _is_chinese(name):
        return 0.0
    likely = {0: 1.0}
    for slot in ways_to_shorten(name, trades_beside=trades_beside):
        further: dict[int, float] = {}
        for end, share in likely.items():
            for one, more in slot.items():
                if letters.startswith(one, end):
                    until = end + len(one)
                    further[until] = further.get(until, 0.0) + share * more
        likely = further
    return max(0.0, _LETTER_BITS * len(letters) + log2(likely[len(letters)])) if len(letters) in likely else 0.0


def _is_chinese(name: Name) -> bool:
    return name.cjk or bool(name.read)


def letters_within(name: Name) -> int:
    """Which letters may be among its first letters, a bit for each; and with which they may begin, 32 bits higher. 0
    for a name not in hanzi. Two rare ways are left out: letters that a branch of trade was seen to have for other hanzi
    of it, and beginning with the trade where place and brand are left out.
    """
    if not name.cjk:
        return 0
    within = bits_of((*TAILS, *OF_THE_STATE))
    begun = 0
    for one in name.directions:
        begun |= bits_of((one[0], READ.get(one, "")))
    for one in name.numbers:
        begun |= bits_of((NUMBERS.get(one, ""), READ.get(one, "")))
    for places in name.places:
        begun |= bits_of(letters_of_place(places))
    for places, trades in shortened(name):
        begun |= bits_of(letters_of_place(places))
        within |= bits_of(initials_of_trade(trades))
    if not name.placed:
        begun |= bits_of(tuple(one[0] for one in name.brand_words[:1]))
        within |= bits_of(tuple(one[0] for one in name.brand_words))
        for at, part in enumerate(name.meanings):
            here = _bits_meant(part)
            within |= here
            begun |= here if not at else 0
    for text, concepts in name.trades:
        within |= _bits_traded(text, concepts)
    if is_japanese(name):
        texts = (name.brand_han, *(text for text, _ in name.trades))
        begun |= bits_of(tuple(one[:1] for one in heads_in_japan(name.brand_han)))
        within |= bits_of(tuple(one for text in texts for one in heads_in_japan(text)))
        within |= bits_of(TAILS_OF_JAPAN)
    return (within | begun) | begun << _BEGUN


def bits_asked(letters: str) -> int:
    """The bits that `letters_within` has of each name of which the letters may be the first ones, but for rare ways."""
    return bits_of((letters,)) | bits_of((letters[0],)) << _BEGUN


@lru_cache(maxsize=50_000)
def bits_of(texts: tuple[str, ...]) -> int:
    """The letters a to z of the texts, a bit for each."""
    return sum(1 << (ord(one) - 97) for one in frozenset("".join(texts)) if "a" <= one <= "z")


@lru_cache(maxsize=50_000)
def _bits_meant(part: frozenset[str]) -> int:
    return bits_of(tuple(word[0] for one in part for word in one.split()))


@lru_cache(maxsize=50_000)
def _bits_traded(text: str, concepts: frozenset[str]) -> int:
    return bits_of((*initials_of_trade(concepts), *letters_near(concepts), *letters_meant(text), *letters_read(text)))


@lru_cache(maxsize=2_000)
def acronyms_freely(name: Name) -> tuple[str, ...]:
    """First letters that may stand for a name in hanzi, however freely its words are translated: for what is asked."""
    if not _is_chinese(name):
        return ()
    spelt = {"": 1.0}
    for slot in ways_to_shorten(name):
        spelt = behind(spelt, slot, _MOST_SPELT)
    return tuple(sorted(one for one in spelt if len(one) > LEAST_LETTERS))


def shortens(a: Name, b: Name) -> bool:
    """Whether a brand is a place and a trade that the other name says, with the rest of the brand in both."""
    for short, long in ((a, b), (b, a)):
        for places, trades in shortened(short, by_sound=True):
            if places & frozenset().union(*long.places) and trades & long.industries:
                rest = "".join((short.brand_words if short.brand_han else as_syllables(short.brand) or ())[2:])
                return rest in long.sounds if rest else long.placed
    return False
