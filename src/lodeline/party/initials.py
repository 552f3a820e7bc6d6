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
#: How many first letters that leave out words, or translate them freely, are looked for, and how many of a brand.
_MOST_SPELT: Final = 300
_MOST_OF_BRAND: Final = 60
#: Bits that a letter says which may be any; and what is lost if a name is in pinyin, of which a syllable may be many
#: hanzi.
_LETTER_BITS: Final = 4.0
_BY_SOUND: Final = 3.0
#: What it costs to take letters so, in bits (assumed): a word otherwise than by its usual translation, left out,
#: by one of many translations, or in a way that firms seldom do.
_OTHERWISE: Final = 1.0
_LEFT_OUT: Final = 2.0
_FREELY: Final = 2.5
_SELDOM: Final = 3.0
_NEVER: Final = 99.0
#: What stands for company, group, limited, works, industry at the end of first letters; more seldom for engineering,
#: technology, holding, manufacturing, materials and for what a state owns.
_TAILS: Final = {
    "": 0.0,
    **dict.fromkeys(("c", "g", "l", "gc", "co", "cg", "ic"), _OTHERWISE),
    **dict.fromkeys(("i", "cl", "w", "corp"), _LEFT_OUT),
}
_RARE_TAILS: Final = dict.fromkeys(("e", "ec", "t", "tc", "tg", "h", "m", "mc", "mg"), _SELDOM)
_OF_THE_STATE: Final = {"": 0.0, "s": _LEFT_OUT, "n": _LEFT_OUT}
#: How many bits higher those letters stand with which first letters may begin.
_BEGUN: Final = 32
#: Directions and numbers, as they are read.
_READ: Final = {"east": "d", "south": "n", "west": "x", "north": "b", "central": "z", "1": "d"}
_NUMBERS: Final = {"1": "f", "2": "s", "3": "t"}


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


def acronym(a: Name, b: Name) -> tuple[float, bool]:
    """Bits for one brand being first letters of the other name, or beginning with them as a word of its own (JL of
    金力); and whether they are as firms mostly shorten. 0 bits where they are none.
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
        usual = long.cjk and first in acronyms(long)
        bits = max(_LETTER_BITS * len(first) * usual, spelt_bits(first, long))
        if bits:
            return bits, usual
    return 0.0, False


def spelt_bits(letters: str, name: Name) -> float:
    """Bits for letters being the first ones of a name in hanzi or pinyin, by the way to take them that costs least; 0
    where there is none.
    """
    if len(letters) < _LEAST_LETTERS or not _is_acronym(letters) or not _is_chinese(name):
        return 0.0
    ends = {0: 0.0}
    for slot in _slots(name):
        further: dict[int, float] = {}
        for end, cost in ends.items():
            for one, more in slot.items():
                if letters.startswith(one, end):
                    until = end + len(one)
                    further[until] = min(further.get(until, _NEVER), cost + more)
        ends = further
    sounds = 0.0 if name.cjk else _BY_SOUND
    return max(0.0, _LETTER_BITS * len(letters) - sounds - ends.get(len(letters), _NEVER))


def _is_chinese(name: Name) -> bool:
    return name.cjk or is_spelt(name.text.split())


def letters_within(name: Name) -> int:
    """Which letters may be among its first letters, a bit for each; and with which they may begin, 32 bits higher. 0
    for a name not in hanzi.
    """
    if not name.cjk:
        return 0
    within = bits_of(tuple(_TAILS)) | bits_of(tuple(_RARE_TAILS)) | bits_of(tuple(_OF_THE_STATE))
    begun = 0
    for one in name.directions:
        begun |= bits_of((one[0], _READ.get(one, "")))
    for one in name.numbers:
        begun |= bits_of((_NUMBERS.get(one, ""), _READ.get(one, "")))
    for places in name.places:
        begun |= bits_of(_place_letters(places))
    for places, trades in shortened(name):
        begun |= bits_of(_place_letters(places))
        within |= bits_of(_trade_initials(trades))
    if not name.placed:
        begun |= bits_of(tuple(one[0] for one in name.brand_words[:1]))
        within |= bits_of(tuple(one[0] for one in name.brand_words))
        for at, part in enumerate(name.meanings):
            here = _bits_meant(part)
            within |= here
            begun |= here if not at else 0
    for text, concepts in name.trades:
        within |= _bits_traded(text, concepts)
    return (within | begun) | begun << _BEGUN


def bits_asked(letters: str) -> int:
    """The bits that `letters_within` has of each name of which the letters may be the first ones."""
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
    return bits_of((*_trade_initials(concepts), *_letters_near(concepts), *_read_letters(text)))


@lru_cache(maxsize=2_000)
def acronyms_freely(name: Name) -> tuple[str, ...]:
    """First letters that may stand for a name in hanzi, however freely its words are translated: for what is asked."""
    if not _is_chinese(name):
        return ()
    spelt = {"": 0.0}
    for slot in _slots(name):
        spelt = _behind(spelt, slot, _MOST_SPELT)
    return tuple(sorted(one for one in spelt if len(one) > _LEAST_LETTERS))


def _behind(before: dict[str, float], after: dict[str, float], most: int) -> dict[str, float]:
    """Letters behind others, not longer than first letters are, each by the way that costs least; the cheapest ones."""
    found: dict[str, float] = {}
    for one, cost in before.items():
        for other, more in after.items():
            if len(one) + len(other) <= _MOST_LETTERS:
                found[one + other] = min(found.get(one + other, _NEVER), cost + more)
    if len(found) <= most:
        return found
    return dict(sorted(found.items(), key=lambda told: (told[1], told[0]))[:most])


@lru_cache(maxsize=20_000)
def _slots(name: Name) -> tuple[dict[str, float], ...]:
    """What each word of a name in hanzi may be shortened to, in order, and what that costs: of 徐州 x and xz, of
    工程机械 cm.
    """
    branded = bool(name.brand_words) and not name.placed
    slots = []
    for places in name.places:
        country = all("-" not in one for one in places)
        left_out = {"": 0.0 if country else _OTHERWISE} if branded or name.numbers or name.directions else {}
        slots.append(left_out | dict.fromkeys(_place_letters(places), 0.0))
        slots += [_OF_THE_STATE] if country else []
    for number in sorted(name.numbers):
        slots.append({"": _LEFT_OUT, _READ.get(number, number): _OTHERWISE, _NUMBERS.get(number, number): 0.0})
    for one in sorted(name.directions):
        slots.append({"": _LEFT_OUT, one[0]: 0.0, _READ.get(one, one[0]): 0.0, _READ.get(one, one[0]) + "f": 0.0})
    if branded:
        slots.append(_brand_letters(name))
    for text, concepts in name.trades:
        near = dict.fromkeys(_letters_near(concepts), _SELDOM)
        own = dict.fromkeys((*_trade_initials(concepts), *_read_letters(text)), _OTHERWISE)
        usual = dict.fromkeys(filter(None, map(_trade_letters, concepts)), 0.0)
        slots.append(near | own | usual | {"": _LEFT_OUT})
    slots.append(_RARE_TAILS | _TAILS)
    return tuple(slots)


def _brand_letters(name: Name) -> dict[str, float]:
    """Of a brand the first letters of its syllables, all or some; of what its parts mean; or of both."""
    translated = {"": 0.0}
    for part, head in zip(name.meanings, _heads_of_parts(name), strict=True):
        initials = {"".join(word[0] for word in one.split()): _FREELY for one in part} | {head: 0.0}
        translated = _behind(translated, initials, _MOST_OF_BRAND)
    for places, trades in shortened(name):
        short = {
            place + trade: _OTHERWISE for place in _place_letters(places) for trade in ("", *_trade_initials(trades))
        }
        translated = short | translated
    heads = "".join(word[0] for word in name.brand_words)
    some = {heads[:size]: _LEFT_OUT * (len(heads) - size) for size in range(1, len(heads) + 1)}
    # A brand in pinyin has no parts that mean something.
    return {one: cost for one, cost in (translated | some).items() if one}


def _heads_of_parts(name: Name) -> list[str]:
    """The first letters of the syllables of each part that has a meaning of its own."""
    heads, found, at = "".join(word[0] for word in name.brand_words), [], 0
    for size in parted_han(name.brand_han):
        found.append(heads[at : at + size])
        at += size
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
def _place_letters(places: frozenset[str]) -> tuple[str, ...]:
    found: list[str] = []
    for place in sorted(places):
        if "-" not in place:
            # Nippon Denki is NEC.
            found += _country_letters().get(place, "")
        spelt = _english().get(place, "")
        found += [spelt[:1], "".join(one[0] for one in as_syllables(spelt.replace(" ", "")) or ())]
    return tuple(filter(None, found))


@lru_cache(maxsize=10_000)
def _trade_initials(concepts: frozenset[str]) -> tuple[str, ...]:
    """First letters of all that a branch of trade is called in English."""
    found = {
        "".join(word[0] for word in phrase.replace(" and ", " ").split())
        for kind, concept, phrase in phrases()
        if kind == "industry" and concept in concepts and phrase.isascii()
    }
    return tuple(sorted(one for one in found if 0 < len(one) < _MOST_LETTERS))


@lru_cache(maxsize=10_000)
def _letters_near(concepts: frozenset[str]) -> tuple[str, ...]:
    """And of those that are of the same fields: automobiles are motors as well."""
    near = vocabulary().near
    fields = {field for one in concepts for field in near[one]}
    found = {_trade_letters(one) for one, some in near.items() if not fields.isdisjoint(some)}
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
