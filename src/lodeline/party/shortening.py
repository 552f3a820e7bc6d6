"""To which letters firms shorten the words of their names, and how often each way is taken.

A word is shortened by its usual translation, by another one, as it is read, or left out; a brand as it is read or
translated, or to a place and a trade (江铜 is Jiangxi and copper). How often each way is taken, and to which letters
branches of trade are shortened, `benchmarks/names/shortened.py` learns of firms that are known by letters.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cache, lru_cache
from itertools import islice, product
from typing import Final, NamedTuple

from lodeline.party.abroad import characters
from lodeline.party.name import JAPANESE_FORM, Name, parted_han
from lodeline.party.script import HAN, as_syllables, pinyin_syllables
from lodeline.party.tables import rows_of
from lodeline.party.words import glosses, phrases, place_letters, trade_letters, vocabulary

#: First letters stand for so many words.
LEAST_LETTERS: Final = 2
MOST_LETTERS: Final = 5
_MOST_IN_JAPAN: Final = 8
#: A brand of more parts than that is not shortened by what each of them means.
_MOST_PARTS: Final = 3
#: How many sightings of letters for a branch of trade what is known of all branches is worth.
_BELIEF: Final = 6.0
#: How often letters leave out what a firm does where words behind them say it, JL of "JL MAG" (assumed).
_STATED_BESIDE: Final = 0.8
#: What stands at the end of first letters: company, group, limited, works, industry; engineering, technology, holding,
#: manufacturing, materials.
TAILS: Final = ("c", "g", "l", "gc", "co", "cg", "ic", "i", "cl", "w", "corp",
                "e", "ec", "t", "tc", "tg", "h", "m", "mc", "mg")  # fmt: skip
#: And for kaisha, kabushiki kaisha and kogyo.
TAILS_OF_JAPAN: Final = ("k", "kk")
#: And for what a state owns, behind its name.
OF_THE_STATE: Final = ("s", "n")
#: Directions and numbers, as they are read.
READ: Final = {"east": "d", "south": "n", "west": "x", "north": "b", "central": "z", "1": "d"}
NUMBERS: Final = {"1": "f", "2": "s", "3": "t"}


class Slot(NamedTuple):
    """A word of a name: its kind, each way to shorten it with the letters that come of it, each as often, and the
    branches of trade that it names.
    """

    kind: str
    ways: tuple[tuple[str, frozenset[str]], ...]
    concepts: frozenset[str] = frozenset()


#: (kind of word, way) → how often it is taken; branch of trade → letters → how often they were seen.
Shares = dict[tuple[str, str], float]
Seen = dict[str, dict[str, float]]


def slots_of(name: Name) -> tuple[Slot, ...]:
    """The words of a name in hanzi or pinyin, in order, with all ways to shorten each of them."""
    branded = bool(name.brand_words) and not name.placed
    named = branded or bool(name.numbers) or bool(name.directions)
    slots = []
    for places in name.places:
        usual, others = letters_of_place(places)[:1], letters_of_place(places)[1:]
        slots.append(_slot("place" if named else "place alone", usual=usual, other=others, out=("",)))
        if all("-" not in one for one in places):
            slots.append(_STATE)
    for number in sorted(name.numbers):
        read = READ.get(number, number)
        slots.append(_slot("number", usual=(NUMBERS.get(number, number),), read=(read,), out=("",)))
    for one in sorted(name.directions):
        read = READ.get(one, one[0])
        slots.append(_slot("direction", usual=(one[0],), read=(read,), both=(read + "f",), out=("",)))
    if branded:
        slots.append(_brand_slot(name))
    for text, concepts in name.trades:
        slots.append(_trade_slot(text, concepts, japanese=is_japanese(name)))
    return (*slots, _END, _END_IN_JAPAN) if is_japanese(name) else (*slots, _END)


def _slot(kind: str, **ways: Iterable[str]) -> Slot:
    some = ((way, frozenset(letters)) for way, letters in ways.items())
    return Slot(kind, tuple((way, letters) for way, letters in some if letters))


_STATE: Final = _slot("state", of=OF_THE_STATE, out=("",))
_END: Final = _slot("end", **{one: (one,) for one in TAILS}, out=("",))
_END_IN_JAPAN: Final = _slot("end in Japan", **{one: (one,) for one in TAILS_OF_JAPAN}, out=("",))


def _trade_slot(text: str, concepts: frozenset[str], *, japanese: bool) -> Slot:
    usual = filter(None, map(letters_of_trade, concepts))
    slot = _slot("trade", usual=usual, other=initials_of_trade(concepts), meant=letters_meant(text),
                 near=letters_near(concepts), read=heads_in_japan(text) if japanese else letters_read(text),
                 out=("",))  # fmt: skip
    return slot._replace(concepts=concepts)


@lru_cache(maxsize=10_000)
def letters_meant(text: str) -> tuple[str, ...]:
    """First letters of what hanzi mean that name a branch of trade, by themselves and not by that branch."""
    bare = text.removesuffix("集团").removesuffix("股份").removesuffix("有限")
    return tuple({"".join(word[0] for word in one.replace(" and ", " ").split()) for one in glosses().get(bare, ())})


@lru_cache(maxsize=20_000)
def ways_to_shorten(name: Name, *, trades_beside: bool = False) -> tuple[dict[str, float], ...]:
    """What each word of a name may be shortened to, in order, and how often it is: 徐州 to x and xz, 工程机械 to cm.

    `trades_beside`: whether words behind the letters say what the firm does; then those of a brand seldom do.
    """
    slots = slots_of(name)
    found = [odds(slot, shares(), letters_seen()) for slot in slots]
    if trades_beside and not name.placed:
        for slot, letters in zip(slots, found, strict=True):
            if slot.concepts:
                for one in letters:
                    letters[one] *= 1 - _STATED_BESIDE
                letters[""] += _STATED_BESIDE
    return tuple(found)


def odds(slot: Slot, known: Shares, seen: Seen) -> dict[str, float]:
    """Letters → how often the word is shortened to them, where the ways that it has are all there are, and as it was
    seen where it names a branch of trade.
    """
    every = sum(known[slot.kind, way] for way, _ in slot.ways)
    found: dict[str, float] = defaultdict(float)
    for way, letters in slot.ways:
        for one in letters:
            found[one] += known[slot.kind, way] / every / len(letters)
    if not slot.concepts:
        return found
    trade: dict[str, float] = defaultdict(float)
    for one in sorted(slot.concepts):
        sightings = seen.get(one, {})
        every = (sum(sightings.values()) + _BELIEF) * len(slot.concepts)
        for meaning, share in (*((meaning, share * _BELIEF) for meaning, share in found.items()), *sightings.items()):
            trade[meaning] += share / every
    return trade


@cache
def letters_seen() -> Seen:
    """Branch of trade → letters → how often they were seen to stand for it."""
    found: Seen = defaultdict(dict)
    for row in rows_of("shortened_trades.csv"):
        found[row["trade"]][row["letters"]] = float(row["seen"])
    return found


@cache
def shares() -> Shares:
    """Kind of word and way → how often it is taken."""
    return {(row["word"], row["way"]): float(row["share"]) for row in rows_of("shortening.csv")}


def _brand_slot(name: Name) -> Slot:
    """Of a brand the first letters of its syllables, all or some; of what its parts mean; or of both."""
    translated = {""}
    parts = list(zip(name.meanings, _heads_of_parts(name), strict=True))
    for part, head in parts if len(parts) <= _MOST_PARTS else ():
        initials = {"".join(word[0] for word in one.split()) for one in part} | {head}
        translated = {one + other for one in translated for other in initials if len(one + other) <= MOST_LETTERS}
    short = {
        place + trade
        for places, trades in shortened(name)
        for place in letters_of_place(places) for trade in ("", *initials_of_trade(trades))
    }  # fmt: skip
    heads = "".join(word[0] for word in name.brand_words)
    wholes = heads_in_japan(name.brand_han) if is_japanese(name) else (heads,)
    return _slot("brand", whole=wholes, first=(one[:1] for one in wholes if len(one) > 1),
                 partly=(one[:size] for one in wholes for size in range(2, len(one))), short=short - {""},
                 translated=translated - {""} - {*wholes}, out=("",))  # fmt: skip


def behind(before: dict[str, float], after: dict[str, float], most: int) -> dict[str, float]:
    """Letters behind others, not longer than first letters are, with how often they are; the most frequent ones."""
    found: dict[str, float] = defaultdict(float)
    for one, share in before.items():
        for other, more in after.items():
            if len(one) + len(other) <= MOST_LETTERS:
                found[one + other] += share * more
    if len(found) <= most:
        return found
    return dict(sorted(found.items(), key=lambda meaning: (-meaning[1], meaning[0]))[:most])


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
    return ("".join(one[0] for one in pinyin_syllables(text) if one),) if HAN.match(text) else ()


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
            found["".join(pinyin_syllables(letter))] |= concepts
    return ({one: frozenset(some) for one, some in places.items()},
            {one: frozenset(some) for one, some in trades.items()})  # fmt: skip
