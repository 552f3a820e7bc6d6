"""What a brand may be called in another tongue: translated, shortened to first letters, or to a place and a trade.

金风 is Goldwind, 比亚迪 is BYD, 江铜 is Jiangxi Copper. Each is a guess from words alone, made for both names that are
compared and for the terms by which the index finds them. A brand that is neither read nor translated nor shortened can
be known by a record alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import islice, pairwise
from typing import Final

from lodeline.party.abroad import characters, meanings
from lodeline.party.name import Name, as_syllables
from lodeline.party.script import spoken
from lodeline.party.words import glosses, phrases, place_letters, trade_letters, vocabulary

#: First letters stand for so many words.
_LEAST_LETTERS: Final = 2
_MOST_LETTERS: Final = 5
_VOWELS: Final = frozenset("aeiou")
#: A word of fewer letters at the head of another one says nothing, one of two that a word joins.
_LEAST_JOINED: Final = 4
_LEAST_PART: Final = 3
#: What English adds to a word that means the same in a name: stars, golden, sunny, ionic, natural.
_ENDINGS: Final = ("s", "en", "y", "ic", "al")
#: How many characters of the first level GB 2312 has: those in common use.
_COMMON: Final = 3_755
#: How many syllables a word of the table of glosses has at most.
_MOST_SYLLABLES: Final = 4


# Translated.


def meant(name: Name) -> frozenset[str]:
    """English words that the brand means: all that its hanzi may, or those that it is made of."""
    if name.brand_han:
        return frozenset().union(*name.meanings)
    if name.cjk:
        return frozenset()
    return frozenset(word for one in (*name.brand_words, *_joined(name.brand_words)) for word in _made_of(one))


def meaning(a: Name, b: Name) -> float:
    """How much of a brand in hanzi the other brand translates, and of that one the hanzi: 大地熊 is "Earth-Panda"."""
    best = 0.0
    for han, latin in ((a, b), (b, a)):
        if han.meanings and latin.brand_words and not latin.brand_han and not latin.cjk:
            best = max(best, sum(_covered(han.meanings, latin.brand_words)) / 2)
    return best


def meaning_of_trades(a: Name, b: Name) -> float:
    """The same where what one name has for its brand is a branch of trade of the other: 国防金属 is "Defense Metals".

    Of the branches of trade those count that the other name lacks; 0 where neither name has one.
    """
    for han, latin in ((a, b), (b, a)):
        if han.cjk and not latin.cjk:
            own, others = trades_left(han, latin), trades_left(latin, han)
            parts = (*han.meanings, *(_meant_by(text) for text in own))
            words = (*latin.brand_words, *others)
            # A city that stands for the brand is translated by itself.
            cities = any(one.placed and one.brand_words for one in (han, latin))
            branded = bool(han.meanings or latin.brand_words)
            if branded and (own or others) and parts and words and not cities:
                return sum(_covered(parts, words)) / 2
    return 0.0


def trades_left(name: Name, other: Name) -> tuple[str, ...]:
    """The branches of trade of a name, as it has them, that the other name has nothing near to."""
    near = vocabulary().near
    theirs = {field for one in other.industries for field in near[one]}
    return tuple(text for text, concepts in name.trades if not any(theirs.intersection(near[one]) for one in concepts))


def _meant_by(han: str) -> frozenset[str]:
    """What a word in hanzi means: by the table, or what its characters mean."""
    known = glosses().get(han)
    return known or frozenset(word for one in han if one in characters() for word in characters()[one]["english"])


def meaning_by_sound(a: Name, b: Name) -> float:
    """The same where one brand is in pinyin: which part is translated, of the brand with fewer such parts."""
    best = 0.0
    for read, latin in ((a, b), (b, a)):
        parts = _parts_by_sound(read)
        if parts and latin.brand_words and not latin.cjk and in_pinyin(latin) is None:
            best = max(best, min(_covered(parts, latin.brand_words)))
    return best


def _covered(parts: tuple[frozenset[str], ...], words: tuple[str, ...]) -> tuple[float, float]:
    """Which part of what a brand means is among the words, and which part of the words is meant; both or neither."""
    alone, joined = ([frozenset(_made_of(one)) for one in some] for some in (words, _joined(words)))
    every, said = frozenset().union(*alone, *joined), frozenset().union(*parts)
    told = {at for at, one in enumerate(alone) if one & said}
    for at, one in enumerate(joined):
        told |= {at, at + 1} if one & said else set()
    return sum(bool(one & every) for one in parts) / len(parts), len(told) / len(words)


def _joined(words: tuple[str, ...]) -> list[str]:
    """Two words in one, as the table has some: "greatwall"."""
    return [one + other for one, other in pairwise(words)]


def meant_by_sound(name: Name) -> frozenset[str]:
    """English words that a brand in pinyin may mean."""
    return frozenset().union(*_parts_by_sound(name))


def in_pinyin(name: Name) -> tuple[str, ...] | None:
    """The syllables of a brand in Latin letters, if it is Mandarin: what is a word of English as well is not."""
    if name.cjk or not name.brand or name.foreign:
        return None
    if all(len(word) >= _LEAST_JOINED and word in meanings() for word in name.brand_words):
        return None
    return as_syllables(name.brand)


def _made_of(word: str) -> Iterator[str]:
    """The word, what it is a form of, and the two words it joins, as far as hanzi may mean them."""
    known = meanings()
    for form in {word, *(word.removesuffix(ending) for ending in _ENDINGS)}:
        if form in known:
            yield form
    if len(word) < _LEAST_JOINED + _LEAST_PART or as_syllables(word) is not None:
        return
    for end in range(_LEAST_PART, len(word) - _LEAST_PART + 1):
        if word[:end] in known and word[end:] in known:
            yield from (word[:end], word[end:])


def _parts_by_sound(name: Name) -> tuple[frozenset[str], ...]:
    """What each part of a brand in pinyin may mean, longest words first; none if it is not pinyin of several syllables
    or a part means nothing.
    """
    syllables = in_pinyin(name)
    return _parted_by_sound(syllables) if syllables and len(syllables) >= _LEAST_LETTERS else ()


@lru_cache(maxsize=50_000)
def _parted_by_sound(syllables: tuple[str, ...]) -> tuple[frozenset[str], ...]:
    known, found, at = _by_sound(), [], 0
    while at < len(syllables):
        ends = range(min(len(syllables), at + _MOST_SYLLABLES), at, -1)
        end = next((end for end in ends if "".join(syllables[at:end]) in known), 0)
        if not end:
            return ()
        found.append(known["".join(syllables[at:end])])
        at = end
    return tuple(found)


@cache
def _by_sound() -> dict[str, frozenset[str]]:
    """Pinyin, joined → the English words that hanzi in common use with that sound may mean."""
    found: dict[str, set[str]] = defaultdict(set)
    for han, row in islice(characters().items(), _COMMON):
        found["".join(spoken(han))].update(row["english"])
    for han, words in glosses().items():
        found["".join(spoken(han))] |= words
    return {sound: frozenset(words) for sound, words in found.items()}


# Shortened.


def letters_alone(name: Name) -> tuple[str, ...]:
    """The brand, or the first word of it, where it may be first letters: BYD, JL of "JL Mag"."""
    if name.cjk or name.placed or len(as_syllables(name.brand) or ()) >= _LEAST_LETTERS:
        return ()
    return tuple(word for word in name.brand_words[:1] if _is_acronym(word))


@lru_cache(maxsize=50_000)
def acronyms(name: Name) -> tuple[str, ...]:
    """First letters that may stand for the name: of its brand, or of its place, brand, trade, group and company.

    At most _MOST_LETTERS each.
    """
    words = name.brand_words if name.brand_han else as_syllables(name.brand) or () if not name.cjk else ()
    if len(words) < _LEAST_LETTERS and not name.placed:
        return ()
    heads = "" if name.placed else "".join(word[0] for word in words)
    place = next((letter for one in reversed(name.places) for letter in map(_place_letter, one) if letter), "")
    trade = "".join(sorted({_trade_letters(one) for one in name.industries}))
    if name.placed:
        found = [place + trade, place + trade + "c", place + trade + "co", place + trade + "g"]
    else:
        found = [heads, heads[:2], heads + "c", place + heads, heads + trade]
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


def acronym(a: Name, b: Name) -> bool:
    """Whether one brand is first letters of the other name, or begins with them as a word of its own: JL of 金力."""
    for short, long in ((a, b), (b, a)):
        if short.brand_han or short.cjk or not short.brand_words or not (long.brand_han or as_syllables(long.brand)):
            continue
        first = short.brand_words[0]
        whole = len(short.brand_words) == 1 and len(first) > _LEAST_LETTERS
        # Two letters with a vowel may be anything, unless both firms do the same.
        same = bool(short.industries) and short.industries == long.industries
        if (whole or same or _VOWELS.isdisjoint(first)) and first in acronyms(long):
            return True
    return False


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
