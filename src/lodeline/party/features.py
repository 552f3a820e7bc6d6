"""What two names have in common and what sets them apart, as numbers that a person can read.

Each is from 0 to 1. How much each weighs, and which of them contradict, is said in `likeness`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from lodeline.party.brand import bits_meant, in_pinyin, meaning, meaning_by_sound, meaning_of_trades
from lodeline.party.name import Name, is_japanese
from lodeline.party.script import as_syllables
from lodeline.party.terms import as_transcribed
from lodeline.party.transcription import FIRST_SOUND, evidence, habit
from lodeline.party.words import trade_letters, vocabulary

#: All that is not hanzi, and the forms that stand behind a name in short.
HANZI: Final = re.compile(r"[^\u4e00-\u9fff]|股份$|集团$|股份有限公司$|有限公司$|有限责任公司$")
#: A word of fewer syllables may be pinyin by chance.
DISTINCTIVE_SYLLABLES: Final = 2
#: As much evidence a name among thousands gives by chance, and more than that says no more.
SOME_BITS: Final = 6.0
SURE_BITS: Final = 20.0
#: Brands that sound less alike are different words.
FAR: Final = 0.6
#: And from here on a brand is what the other calls its place.
_SAME_PLACE: Final = 0.8
#: Branches of trade by which a subsidiary differs from its parent more often than a translation from its original.
FUNCTIONS: Final = frozenset(
    {"trade", "investment", "logistics", "research-institute", "recycling", "holding-asset", "service"}
)
#: And those that a Japanese trading house has in its own name alone.
_HOUSES: Final = frozenset({"trade"})
#: What says of a firm that it is one.
_GENERAL: Final = frozenset({"industry"})

FEATURES: Final = (
    "brand-same", "brand-sound", "brand-close", "brand-far", "brand-han-differs", "syllables-differ",
    "another-syllable", "brand-part", "initials", "brand-missing", "placed-elsewhere", "no-brand", "no-brand-same",
    "place-same", "place-one-sided", "industry-shared", "industry-partly", "industry-one-sided", "industry-disjoint",
    "function-one-sided", "group-one-sided", "form-differs", "whole", "industry-differs-in-one-script",
    "direction-same", "meaning", "abbreviation", "letters", "transcribed", "transcribed-well", "transcribed-far",
    "meaning-by-sound", "meant", "meant-well", "trade-same",
)  # fmt: skip


def features_of(a: Name, b: Name) -> dict[str, float]:
    """What the model weighs: FEATURES, each from 0 to 1."""
    translated, whole, placed = meaning(a, b), meaning_of_trades(a, b), one_placed(a, b)
    industries = _Overlap(_fields(a) | _implied(a, b), _fields(b) | _implied(b, a))
    # Where a trade is said by the brand of the other name, neither is one-sided for it.
    in_common = _Overlap(_fields(a) & _fields(b), _fields(a) & _fields(b))
    functions = (a.industries ^ b.industries) & FUNCTIONS - _left_out_in_japan(a, b)
    missing = bool(a.sounds) != bool(b.sounds) or placed
    if whole > max(translated, FAR):
        translated, industries = whole, in_common
        if whole == 1.0:
            functions, missing = frozenset(), False
    by_sound, of_trades = meaning_by_sound(a, b), meaning_by_sound(a, b, of_trades=True)
    if of_trades == 1.0 > by_sound:
        by_sound, functions, missing, industries = of_trades, frozenset(), False, in_common
    # What is called otherwise need not sound alike.
    otherwise = translated == 1.0
    another = 0.0 if otherwise or placed else syllables_differ(a, b)
    # Words that differ by a syllable sound alike and are different words all the same.
    sound = sound_of_brands(a, b) * (1 - another)
    branded = bool(a.sounds) and bool(b.sounds) and not placed
    places, trades = places_agree(a, b), _same_trades(a, b)
    part = branded and not another and is_part(a, b)
    ratio = fuzz.ratio(a.text, b.text) / 100
    heads = branded and sound < 1.0 and are_initials(a, b)
    meant = bits_meant(a, b) if sound < 1.0 and (translated or by_sound or of_trades) else 0.0
    bits, habits = (0.0, 0.0) if otherwise or sound == 1.0 else _transcribed(a, b)
    return {
        "brand-same": float(branded and sound == 1.0 and not _han_differs(a, b)),
        "brand-sound": sound,
        "brand-close": max(0.0, sound - 0.8) / 0.2,
        "brand-far": max(0.0, FAR - sound) / FAR if branded and not otherwise else 0.0,
        "brand-han-differs": _han_differs(a, b),
        "syllables-differ": another,
        "another-syllable": float(another > 0),
        "brand-part": float(part),
        "initials": float(heads),
        "brand-missing": float(missing),
        # "Brazilian Rare Earths" is nobody's name who has a brand and says nothing of Brazil.
        "placed-elsewhere": float(placed and places != 1 and not otherwise),
        "no-brand": float(not a.sounds and not b.sounds),
        "no-brand-same": float(not a.sounds and not b.sounds and a.industries == b.industries),
        "place-same": float(places == 1),
        "place-one-sided": float(bool(a.places) != bool(b.places)),
        "industry-shared": float(industries.shared > 0),
        "trade-same": trades,
        "industry-partly": 1 - industries.shared if industries.shared else 0.0,
        "industry-one-sided": industries.one_sided,
        "industry-disjoint": industries.disjoint * float(not _is_generic_industry(a, b)),
        "function-one-sided": float(bool(functions)),
        "group-one-sided": float(a.group != b.group),
        # Across scripts every form is translated as "Co., Ltd.".
        "form-differs": float(a.cjk == b.cjk and bool(a.forms) and bool(b.forms) and not a.forms & b.forms),
        "whole": fuzz.token_sort_ratio(a.text, b.text) / 100 if a.cjk == b.cjk else 0.0,
        "industry-differs-in-one-script": (1 - industries.shared) * float(a.cjk == b.cjk and industries.any),
        "direction-same": float(bool(a.directions) and a.directions == b.directions),
        "meaning": translated if sound < 1.0 else 0.0,
        "abbreviation": float(_abbreviates(a, b) or _abbreviates(b, a)),
        "transcribed": min(1.0, max(0.0, bits) / SURE_BITS),
        "transcribed-well": _above(bits + habits),
        "transcribed-far": min(1.0, max(0.0, -bits) / SURE_BITS),
        # A syllable means so much that half of a brand is always said.
        "meaning-by-sound": max(0.0, 2 * by_sound - 1) if sound < 1.0 else 0.0,
        "meant": min(1.0, meant / SURE_BITS),
        "meant-well": _above(meant),
        "letters": max(0.0, ratio - 0.8) / 0.2 if a.cjk == b.cjk and not another else 0.0,
    }


def _is_generic_industry(a: Name, b: Name) -> bool:
    """Whether a Japanese firm says of its trade that it is industry and no more: 本田技研工业 is "Honda Motor"."""
    return any(is_japanese(one) and one.industries == _GENERAL for one in (a, b))


def _left_out_in_japan(a: Name, b: Name) -> frozenset[str]:
    """Branches of trade that a Japanese firm leaves out abroad: 三井物産 is "Mitsui & Co."."""
    return _HOUSES if (is_japanese(a) or is_japanese(b)) and not (a.industries and b.industries) else frozenset()


def _above(bits: float) -> float:
    """Bits above those that a name among thousands gives by chance, 0 to 1."""
    return min(1.0, max(0.0, bits - SOME_BITS) / (SURE_BITS - SOME_BITS))


def one_placed(a: Name, b: Name) -> bool:
    """Whether one name has a place for its brand, and the other a brand that does not sound like it."""
    differ = a.placed != b.placed and bool(a.sounds) and bool(b.sounds)
    # "Texas Mineral Resources" is 德克萨斯矿产资源.
    return differ and sound_of_brands(a, b) < _SAME_PLACE and _transcribed(a, b)[0] < SOME_BITS


@dataclass(frozen=True, slots=True)
class _Overlap:
    """Two sets of concepts against each other."""

    one: frozenset[str]
    other: frozenset[str]

    @property
    def any(self) -> bool:
        return bool(self.one or self.other)

    @property
    def shared(self) -> float:
        return len(self.one & self.other) / len(self.one | self.other) if self.any else 0.0

    @property
    def one_sided(self) -> float:
        return float(bool(self.one) != bool(self.other))

    @property
    def disjoint(self) -> float:
        return float(bool(self.one) and bool(self.other) and not self.one & self.other)


def sound_of_brands(a: Name, b: Name) -> float:
    """How alike the brands sound: 1 the same, by the best pair of readings."""
    return max((_close(x, y) for x in a.sounds for y in b.sounds), default=0.0)


def _close(x: str, y: str) -> float:
    if x == y:
        return 1.0
    return (DamerauLevenshtein.normalized_similarity(x, y) + JaroWinkler.similarity(x, y)) / 2


def _transcribed(a: Name, b: Name) -> tuple[float, float]:
    """Bits for one brand transcribing the other, where one is heard in hanzi or pinyin and the other is in letters of
    another language, and for such hanzi transcribing anything; 0 where there is nothing to compare.
    """
    one, other = as_transcribed(a), as_transcribed(b)
    if not one or not other or (a.placed and b.placed):
        return 0.0, 0.0
    if any(name.placed and (name.cjk or in_pinyin(name) is not None) for name in (a, b)):
        return 0.0, 0.0
    if (one[0] >= chr(FIRST_SOUND)) == (other[0] >= chr(FIRST_SOUND)):
        return 0.0, 0.0
    return evidence(max(one, other), min(one, other)), habit(max(one, other))


def _han_differs(a: Name, b: Name) -> float:
    """Which part of the hanzi of both brands differs; 0 where one has none, or one holds the other."""
    if not a.brand_han or not b.brand_han or a.brand_han in b.brand_han or b.brand_han in a.brand_han:
        return 0.0
    return DamerauLevenshtein.normalized_distance(a.brand_han, b.brand_han)


def syllables_differ(a: Name, b: Name) -> float:
    """Which part of the syllables is another one, where both brands are Mandarin; the least over their readings."""
    least = 1.0
    known = False
    if any(not name.cjk and in_pinyin(name) is None for name in (a, b)):
        return 0.0
    for x in a.sounds:
        for y in b.sounds:
            if x == y:
                return 0.0
            one, other = as_syllables(x), as_syllables(y)
            if one is not None and other is not None and len(one) == len(other):
                known = True
                least = min(least, sum(p != q for p, q in zip(one, other, strict=True)) / len(one))
    return least if known else 0.0


def is_part(a: Name, b: Name) -> bool:
    """Whether one brand is some of the other's words: "San Huan" of "Zhong Ke San Huan"."""
    short, long = sorted((a, b), key=lambda name: len(name.brand))
    if short.brand == long.brand or len(short.brand) < 3:
        return False
    if short.brand_han and long.brand_han:
        return short.brand_han in long.brand_han
    return short.brand in long.brand


def _abbreviates(short: Name, long: Name) -> bool:
    """Whether a Chinese name in short is made of the other's characters in their order: 江铜 of 江西铜业."""
    if not short.brand_han or not long.cjk:
        return False
    one, other = (HANZI.sub("", name.text) for name in (short, long))
    if not 2 <= len(one) <= 4 or len(other) < 2 * len(one) or one[0] != other[0]:
        return False
    rest = iter(other)
    return all(character in rest for character in one)


def _fields(name: Name) -> frozenset[str]:
    near = vocabulary().near
    return frozenset(field for industry in name.industries for field in near[industry])


def _implied(name: Name, other: Name) -> frozenset[str]:
    """Fields of the other name that the last character of a brand stands for: 鞍钢 is "Angang Steel"."""
    near = vocabulary().near
    return frozenset(field for one in trade_letters().get(name.brand_han[-1:], ()) for field in near[one]) & _fields(
        other
    )


def _same_trades(a: Name, b: Name) -> float:
    """Which part of the branches of trade of both is said by both, or by the last character of a brand."""
    letters = trade_letters()
    ones, others = (
        one.industries | (letters.get(one.brand_han[-1:], frozenset()) & other.industries)
        for one, other in ((a, b), (b, a))
    )
    return _Overlap(ones, others).shared


def are_initials(a: Name, b: Name) -> bool:
    """Whether a short word of one brand is the first letters of the other: JL of Jin Li."""
    for short, long in ((a, b), (b, a)):
        heads = {"".join(word[0] for word in long.brand_words[:size]) for size in (2, 3, 4)}
        if any(2 <= len(word) <= 4 and word in heads for word in short.brand_words):
            return True
    return False


def places_agree(a: Name, b: Name) -> int:
    """1 one place, or one within the other; −1 two places that exclude each other; 0 not both known."""
    if not a.places or not b.places:
        return 0
    return 1 if _agree(a.places, b.places) and _agree(b.places, a.places) else -1


def _agree(some: Sequence[frozenset[str]], others: Sequence[frozenset[str]]) -> bool:
    """Whether each place lies within, or around, a place of the other name."""
    within = vocabulary().within
    return all(
        any(x in within[y] or y in within[x] for other in others for x in place for y in other) for place in some
    )


def may_be_twins(a: Name, b: Name) -> bool:
    """Whether a place of one name may be several, of which the other says one: Taizhou is 台州, and 泰州."""
    return any(
        one != other and not one.isdisjoint(other) and (_several(one) or _several(other))
        for one in a.places
        for other in b.places
    )


def _several(place: frozenset[str]) -> bool:
    """Whether what a name says may be places that exclude each other."""
    within = vocabulary().within
    return any(x not in within[y] and y not in within[x] for x in place for y in place)


def called_otherwise(features: Mapping[str, float]) -> bool:
    """Whether one brand is what the other is called in short, or in another tongue."""
    return bool(features["abbreviation"] or features["meaning"] == 1.0 or features["meaning-by-sound"] == 1.0)
