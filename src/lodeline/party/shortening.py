"""To which letters firms shorten the words of their names, and how often each way is taken.

A word is shortened by its usual translation, by another one, as it is read, or left out; a brand as it is read or
translated, or to a place and a trade (江铜 is Jiangxi and copper). Each way costs bits, the more the seldomer it is and
the more letters it allows; how often is assumed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cache, lru_cache
from itertools import islice, product
from math import log2
from typing import Final

from lodeline.party.abroad import characters
from lodeline.party.name import JAPANESE_FORM, Name, parted_han
from lodeline.party.script import HAN, as_syllables, spoken
from lodeline.party.words import phrases, place_letters, trade_letters, vocabulary

#: First letters stand for so many words.
LEAST_LETTERS: Final = 2
MOST_LETTERS: Final = 5
_MOST_OF_BRAND: Final = 60
_MOST_IN_JAPAN: Final = 8
#: What letters cost that a name cannot have.
NEVER: Final = 99.0
#: Ways to shorten a word, and how often firms take each of them (assumed): by its usual translation, by another one, by
#: that of a trade near to it, or left out.
_USUAL: Final = 0.5
_OTHERWISE: Final = 0.25
_NEAR: Final = 0.08
_LEFT_OUT: Final = 0.2
#: And a brand: as it is read, whole or its first syllables, as it is translated, or as a place and a trade.
_READ_WHOLE: Final = 0.6
_READ_PARTLY: Final = 0.12
_TRANSLATED: Final = 0.25
#: What stands for company, group, limited, works, industry at the end of first letters; more seldom for engineering,
#: technology, holding, manufacturing, materials and for what a state owns.
TAILS: Final = (
    (0.45, ("",)), (0.22, ("c",)), (0.2, ("g", "l", "gc", "co", "cg", "ic")), (0.06, ("i", "cl", "w", "corp")),
    (0.07, ("e", "ec", "t", "tc", "tg", "h", "m", "mc", "mg")),
)  # fmt: skip
#: And for kaisha, kabushiki kaisha and kogyo.
TAILS_OF_JAPAN: Final = ((0.3, ("k",)), (0.1, ("kk",)))
OF_THE_STATE: Final = ((0.7, ("",)), (0.3, ("s", "n")))
#: Directions and numbers, as they are read.
READ: Final = {"east": "d", "south": "n", "west": "x", "north": "b", "central": "z", "1": "d"}
NUMBERS: Final = {"1": "f", "2": "s", "3": "t"}


@lru_cache(maxsize=20_000)
def ways_to_shorten(name: Name) -> tuple[dict[str, float], ...]:
    """What each word of a name in hanzi may be shortened to, in order, and what that costs: of 徐州 x and xz, of
    工程机械 cm.
    """
    branded = bool(name.brand_words) and not name.placed
    named = branded or bool(name.numbers) or bool(name.directions)
    slots = []
    for places in name.places:
        usual, others = letters_of_place(places)[:1], letters_of_place(places)[1:]
        slots.append(_costs((_USUAL, usual), (_OTHERWISE, others), (_LEFT_OUT * 2 * named, ("",))))
        slots += [_costs(*OF_THE_STATE)] if all("-" not in one for one in places) else []
    for number in sorted(name.numbers):
        read = READ.get(number, number)
        slots.append(_costs((_USUAL, (NUMBERS.get(number, number),)), (_OTHERWISE, (read,)), (_LEFT_OUT, ("",))))
    for one in sorted(name.directions):
        read = READ.get(one, one[0])
        slots.append(_costs((_USUAL, (one[0], read)), (_OTHERWISE, (read + "f",)), (_LEFT_OUT, ("",))))
    if branded:
        slots.append(_brand_letters(name))
    for text, concepts in name.trades:
        usual = tuple(filter(None, map(letters_of_trade, concepts)))
        own = (*initials_of_trade(concepts), *(heads_in_japan(text) if is_japanese(name) else letters_read(text)))
        slots.append(_costs((_USUAL, usual), (_OTHERWISE, own), (_NEAR, letters_near(concepts)), (_LEFT_OUT, ("",))))
    slots.append(_costs(*TAILS, *(TAILS_OF_JAPAN if is_japanese(name) else ())))
    return tuple(slots)


def _costs(*ways: tuple[float, Iterable[str]]) -> dict[str, float]:
    """Letters → what they cost in bits, where each way is taken so often, all of them together always, and all letters
    of a way alike.
    """
    some = [(share, frozenset(letters)) for share, letters in ways]
    every = sum(share for share, letters in some if letters)
    found: dict[str, float] = defaultdict(float)
    for share, letters in some:
        for one in letters if share else ():
            found[one] += share / every / len(letters)
    return {one: -log2(share) for one, share in found.items()}


def _brand_letters(name: Name) -> dict[str, float]:
    """Of a brand the first letters of its syllables, all or some; of what its parts mean; or of both."""
    translated = {"": 0.0}
    for part, head in zip(name.meanings, _heads_of_parts(name), strict=True):
        initials = ("".join(word[0] for word in one.split()) for one in part)
        translated = behind(translated, _costs((_OTHERWISE, (head,)), (_USUAL, initials)), _MOST_OF_BRAND)
    short = {
        place + trade
        for places, trades in shortened(name)
        for place in letters_of_place(places) for trade in ("", *initials_of_trade(trades))
    }  # fmt: skip
    heads = "".join(word[0] for word in name.brand_words)
    wholes = heads_in_japan(name.brand_han) if is_japanese(name) else (heads,)
    partly = (one[:size] for one in wholes for size in range(1, len(one)))
    found = _costs((_READ_WHOLE, wholes), (_READ_PARTLY, partly),
                   (_TRANSLATED, short), (_TRANSLATED, ("",) if name.meanings else ()))  # fmt: skip
    left = found.pop("", NEVER)
    for one, cost in translated.items():
        if one:
            found[one] = min(found.get(one, NEVER), left + cost)
    return found


def behind(before: dict[str, float], after: dict[str, float], most: int) -> dict[str, float]:
    """Letters behind others, not longer than first letters are, each by the way that costs least; the cheapest ones."""
    found: dict[str, float] = {}
    for one, cost in before.items():
        for other, more in after.items():
            if len(one) + len(other) <= MOST_LETTERS:
                found[one + other] = min(found.get(one + other, NEVER), cost + more)
    if len(found) <= most:
        return found
    return dict(sorted(found.items(), key=lambda told: (told[1], told[0]))[:most])


def _heads_of_parts(name: Name) -> list[str]:
    """The first letters of the syllables of each part that has a meaning of its own."""
    heads, found, at = "".join(word[0] for word in name.brand_words), [], 0
    for size in parted_han(name.brand_han):
        found.append(heads[at : at + size])
        at += size
    return found


@cache
def place_letter(place: str) -> str:
    """The first letter of what a place is called in English."""
    return _english().get(place, "")[:1]


@cache
def letters_of_trade(trade: str) -> str:
    """The first letters of what a branch of trade is usually called in English."""
    return "".join(word[0] for word in _english().get(trade, "").split())


@cache
def _english() -> dict[str, str]:
    """Place or trade → the first that its table has in Latin letters."""
    found: dict[str, str] = {}
    for _, concept, phrase in phrases():
        if phrase.isascii():
            found.setdefault(concept, phrase.replace(" and ", " "))
    return found


@cache
def _country_letters() -> dict[str, str]:
    """Country → the first letters of all that it is called."""
    found: dict[str, set[str]] = defaultdict(set)
    for kind, concept, phrase in phrases():
        if kind == "place" and "-" not in concept and phrase.isascii():
            found[concept].add(phrase[0].lower())
    return {country: "".join(sorted(letters)) for country, letters in found.items()}


@lru_cache(maxsize=10_000)
def letters_of_place(places: frozenset[str]) -> tuple[str, ...]:
    """What a place is shortened to, the usual letter first: Xuzhou to x and xz."""
    found: list[str] = []
    for place in sorted(places):
        if "-" not in place:
            # Nippon Denki is NEC.
            found += _country_letters().get(place, "")
        spelt = _english().get(place, "")
        found += [spelt[:1], "".join(one[0] for one in as_syllables(spelt.replace(" ", "")) or ())]
    return tuple(filter(None, found))


@lru_cache(maxsize=10_000)
def initials_of_trade(concepts: frozenset[str]) -> tuple[str, ...]:
    """First letters of all that a branch of trade is called in English."""
    found = {
        "".join(word[0] for word in phrase.replace(" and ", " ").split())
        for kind, concept, phrase in phrases()
        if kind == "industry" and concept in concepts and phrase.isascii()
    }
    return tuple(sorted(one for one in found if 0 < len(one) < MOST_LETTERS))


@lru_cache(maxsize=10_000)
def letters_near(concepts: frozenset[str]) -> tuple[str, ...]:
    """And of those that are of the same fields: automobiles are motors as well."""
    near = vocabulary().near
    fields = {field for one in concepts for field in near[one]}
    found = {letters_of_trade(one) for one, some in near.items() if not fields.isdisjoint(some)}
    return tuple(sorted(one for one in found if 0 < len(one) < MOST_LETTERS))


@lru_cache(maxsize=10_000)
def letters_read(text: str) -> tuple[str, ...]:
    """The first letters of hanzi as they are read."""
    return ("".join(one[0] for one in spoken(text) if one),) if HAN.match(text) else ()


def is_japanese(name: Name) -> bool:
    """Whether a name has the form of a company in Japan."""
    return name.cjk and JAPANESE_FORM.search(name.text) is not None


@lru_cache(maxsize=10_000)
def heads_in_japan(hanzi: str) -> tuple[str, ...]:
    """What hanzi begin with as Japan reads them, each by its Chinese reading: 精工 is sei and kou, SK."""
    letters = [sorted({one[0] for one in characters().get(han, {}).get("japanese", ())}) for han in hanzi]
    return tuple("".join(some) for some in islice(product(*letters), _MOST_IN_JAPAN))


def shortened(name: Name, *, by_sound: bool = False) -> list[tuple[frozenset[str], frozenset[str]]]:
    """The places and the trades that the first two characters of a brand may stand for: 江铜 is Jiangxi and copper.

    `by_sound`: of a brand in pinyin as well, for which more may be meant.
    """
    if name.placed:
        return []
    if len(name.brand_han) >= LEAST_LETTERS:
        places, trades = place_letters().get(name.brand_han[0]), trade_letters().get(name.brand_han[1])
    elif by_sound and not name.cjk and len(syllables := as_syllables(name.brand) or ()) >= LEAST_LETTERS:
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
