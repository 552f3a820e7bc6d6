"""How likely two names are one firm's, with the reasons.

The brand dominates. Parts that contradict (another place, North against South, another number) are vetoes: with one of
them the probability stays below `VETO`, however alike the letters are, because firms of one family differ by just that.
One different syllable of a brand in pinyin is another word, not a typing error: Yunsheng is not Yusheng. So are brands
in one script that sound unlike each other, unless one shortens or translates the other.

The probability is a logistic model over features that a person can read; its weights are data, fitted on firms of the
tuning half of a labelled set (`benchmarks/screening.py --fit`). Peers and calibration: docs/explanation/parties.md.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from rapidfuzz import fuzz
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from lodeline.party.name import Name, as_syllables, parsed
from lodeline.party.script import foreign_skeleton, skeleton
from lodeline.party.words import vocabulary

#: All that is not hanzi, and the forms that stand behind a name in short.
HANZI: Final = re.compile(r"[^\u4e00-\u9fff]|股份$|集团$|股份有限公司$|有限公司$|有限责任公司$")
#: What remains possible when a part contradicts.
VETO: Final = 0.05
#: And when brands in pinyin differ by a syllable: another word, if it is not a typing error that happens to be one.
#: Also when brands in one script are different words.
ANOTHER_WORD: Final = 0.3
#: What is likely at least where all parts are the same in one script: in the tuning half 107 of 108 such pairs are.
SAME_PARTS: Final = 0.98
#: What is said at most where one name has a branch of trade that the other lacks: parent and daughter differ by that.
ANOTHER_TRADE: Final = 0.9
#: A word of fewer syllables may be pinyin by chance.
_TOLD: Final = 2
#: Fewer consonants than these say nothing.
_LEAST_CONSONANTS: Final = 2
#: Brands that sound less alike are different words.
_FAR: Final = 0.6
#: Branches of trade by which a subsidiary differs from its parent more often than a translation from its original.
_FUNCTIONS: Final = frozenset(
    {"trade", "investment", "logistics", "research-institute", "recycling", "holding-asset", "service", "equipment"}
)

FEATURES: Final = (
    "brand-same", "brand-sound", "brand-close", "brand-far", "brand-han-differs", "syllables-differ",
    "another-syllable", "brand-part", "initials", "brand-missing", "no-brand", "no-brand-same", "place-same",
    "place-one-sided", "industry-shared", "industry-one-sided", "industry-disjoint", "function-one-sided",
    "group-one-sided", "form-differs", "whole", "industry-differs-in-one-script", "direction-same", "meaning",
    "abbreviation", "letters", "consonants", "consonants-far",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """`probability` that both names are one firm's; `vetoes` are the parts that contradict; `features` as weighed."""

    probability: float
    vetoes: tuple[str, ...]
    features: dict[str, float]


def likeness(one: str, other: str) -> Likeness:
    """Compares two names as they were filed; symmetric."""
    return compared(parsed(one), parsed(other))


def compared(a: Name, b: Name) -> Likeness:
    """Compares two parsed names. Equal after folding is certain but for firms that share a name: 0.99.

    Names in one script whose parts are all the same are nearly that (`SAME_PARTS`); across scripts, words that only
    sound the same are too many.
    """
    features = features_of(a, b)
    vetoes = _vetoes(a, b)
    weights = _weights()
    logit = weights["intercept"] + sum(weights[name] * value for name, value in features.items())
    probability = 1 / (1 + math.exp(-max(-40.0, min(40.0, logit))))
    if a.text == b.text and a.text:
        probability = max(probability, 0.99)
    elif vetoes:
        probability = min(probability, ANOTHER_WORD if {*vetoes} <= {"syllable", "brand"} else VETO)
    elif a.cjk == b.cjk and a.brand and _parts(a) == _parts(b) and not features["form-differs"]:
        probability = max(probability, SAME_PARTS)
    elif bool(a.industries) != bool(b.industries) or (a.cjk == b.cjk and a.industries != b.industries):
        probability = min(probability, ANOTHER_TRADE)
    return Likeness(probability=probability, vetoes=vetoes, features=features)


def _parts(name: Name) -> tuple[object, ...]:
    """All that a name says but its legal form, which is often left out."""
    brand = name.brand_han or name.brand
    return brand, name.places, name.directions, name.industries, name.group, name.numbers


@cache
def _weights() -> dict[str, float]:
    text = files("lodeline").joinpath("data", "party", "likeness.csv").read_text(encoding="utf-8")
    weights = {row["feature"]: float(row["weight"]) for row in csv.DictReader(text.splitlines())}
    assert set(weights) == {"intercept", *FEATURES}, "the weights are those of the features"
    return weights


def features_of(a: Name, b: Name) -> dict[str, float]:
    """What the model weighs: FEATURES, each from 0 to 1."""
    another = _syllables_differ(a, b)
    # Words that differ by a syllable sound alike and are different words all the same.
    sound = _sound(a, b) * (1 - another)
    branded = bool(a.sounds) and bool(b.sounds)
    industries = _Overlap(_fields(a), _fields(b))
    places = _place(a, b)
    part = branded and not another and _is_part(a, b)
    ratio = fuzz.ratio(a.text, b.text) / 100
    consonants = _consonants(a, b)
    return {
        "brand-same": float(branded and sound == 1.0 and not _han_differs(a, b)),
        "brand-sound": sound,
        "brand-close": max(0.0, sound - 0.8) / 0.2,
        "brand-far": max(0.0, _FAR - sound) / _FAR if branded else 0.0,
        "brand-han-differs": _han_differs(a, b),
        "syllables-differ": another,
        "another-syllable": float(another > 0),
        "brand-part": float(part),
        "initials": float(branded and sound < 1.0 and _initials(a, b)),
        "brand-missing": float(bool(a.sounds) != bool(b.sounds)),
        "no-brand": float(not a.sounds and not b.sounds),
        "no-brand-same": float(not a.sounds and not b.sounds and a.industries == b.industries),
        "place-same": float(places == 1),
        "place-one-sided": float(bool(a.places) != bool(b.places)),
        "industry-shared": industries.shared,
        "industry-one-sided": industries.one_sided,
        "industry-disjoint": industries.disjoint,
        "function-one-sided": float(bool((a.industries ^ b.industries) & _FUNCTIONS)),
        "group-one-sided": float(a.group != b.group),
        "form-differs": float(bool(a.forms) and bool(b.forms) and not a.forms & b.forms),
        "whole": fuzz.token_sort_ratio(a.text, b.text) / 100 if a.cjk == b.cjk else 0.0,
        "industry-differs-in-one-script": (1 - industries.shared) * float(a.cjk == b.cjk and industries.any),
        "direction-same": float(bool(a.directions) and a.directions == b.directions),
        "meaning": _meaning(a, b) if sound < 1.0 else 0.0,
        "abbreviation": float(_abbreviates(a, b) or _abbreviates(b, a)),
        "consonants": max(0.0, consonants - 0.5) * 2 if sound < 1.0 and consonants >= 0 else 0.0,
        "consonants-far": float(0 <= consonants < 0.5 and sound < 1.0),
        "letters": max(0.0, ratio - 0.8) / 0.2 if a.cjk == b.cjk and not another else 0.0,
    }


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


def _sound(a: Name, b: Name) -> float:
    """How alike the brands sound: 1 the same, by the best pair of readings."""
    return max((_close(x, y) for x in a.sounds for y in b.sounds), default=0.0)


def _close(x: str, y: str) -> float:
    if x == y:
        return 1.0
    return (DamerauLevenshtein.normalized_similarity(x, y) + JaroWinkler.similarity(x, y)) / 2


def _consonants(a: Name, b: Name) -> float:
    """How alike the consonants of a brand in hanzi and of one in another language are, as transcriptions keep them;
    −1 where there is nothing to compare.
    """
    for han, other in ((a, b), (b, a)):
        if han.brand_han and not other.cjk and other.brand and as_syllables(other.brand) is None:
            one, two = skeleton(han.brand_words), foreign_skeleton(other.brand)
            if min(len(one), len(two)) >= _LEAST_CONSONANTS:
                return DamerauLevenshtein.normalized_similarity(one, two)
    return -1.0


def _han_differs(a: Name, b: Name) -> float:
    """Which part of the hanzi of both brands differs; 0 where one has none, or one holds the other."""
    if not a.brand_han or not b.brand_han or a.brand_han in b.brand_han or b.brand_han in a.brand_han:
        return 0.0
    return DamerauLevenshtein.normalized_distance(a.brand_han, b.brand_han)


def _syllables_differ(a: Name, b: Name) -> float:
    """Which part of the syllables is another one, where both brands are Mandarin; the least over their readings."""
    least = 1.0
    known = False
    for x in a.sounds:
        for y in b.sounds:
            if x == y:
                return 0.0
            one, other = as_syllables(x), as_syllables(y)
            if one is not None and other is not None and len(one) == len(other):
                known = True
                least = min(least, sum(p != q for p, q in zip(one, other, strict=True)) / len(one))
    return least if known else 0.0


def _is_part(a: Name, b: Name) -> bool:
    """Whether one brand is some of the other's words: "San Huan" of "Zhong Ke San Huan"."""
    short, long = sorted((a, b), key=lambda name: len(name.brand))
    if short.brand == long.brand or len(short.brand) < 3:
        return False
    if short.brand_han and long.brand_han:
        return short.brand_han in long.brand_han
    return short.brand in long.brand


def _meaning(a: Name, b: Name) -> float:
    """Which part of a brand's hanzi the other brand translates: 大地熊 is "Earth-Panda"."""
    best = 0.0
    for han, latin in ((a, b), (b, a)):
        words = set(latin.brand_words)
        if han.meanings and words and not latin.brand_han:
            best = max(best, sum(bool(meaning & words) for meaning in han.meanings) / len(han.meanings))
    return best


def _abbreviates(short: Name, long: Name) -> bool:
    """Whether a Chinese name in short is made of the other's characters in their order: 江铜 of 江西铜业."""
    one, other = (HANZI.sub("", name.text) for name in (short, long))
    if not 2 <= len(one) <= 4 or len(other) < 2 * len(one) or not short.brand_han or one[0] != other[0]:
        return False
    rest = iter(other)
    return all(character in rest for character in one)


def _fields(name: Name) -> frozenset[str]:
    near = vocabulary().near
    return frozenset(near[industry] for industry in name.industries)


def _initials(a: Name, b: Name) -> bool:
    """Whether a short word of one brand is the first letters of the other: JL of Jin Li."""
    for short, long in ((a, b), (b, a)):
        heads = {"".join(word[0] for word in long.brand_words[:size]) for size in (2, 3, 4)}
        if any(2 <= len(word) <= 4 and word in heads for word in short.brand_words):
            return True
    return False


def _place(a: Name, b: Name) -> int:
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


def _vetoes(a: Name, b: Name) -> tuple[str, ...]:
    found = []
    if _place(a, b) == -1:
        found.append("place")
    if a.directions != b.directions and (bool(a.directions) == bool(b.directions) or not a.sounds or not b.sounds):
        found.append("direction")
    if a.numbers and b.numbers and not a.numbers & b.numbers:
        found.append("number")
    if _syllables_differ(a, b) and not _abbreviates(a, b) and not _abbreviates(b, a):
        found.append("syllable")
    if _other_brand(a, b):
        found.append("brand")
    return tuple(found)


def _other_brand(a: Name, b: Name) -> bool:
    """Whether both brands can be read by one ear, and are different words: both hanzi, both letters that are no pinyin,
    or hanzi and pinyin.
    """
    if bool(a.brand_han) == bool(b.brand_han):
        letters = not a.cjk and not b.cjk and bool(a.sounds) and bool(b.sounds)
        if not a.brand_han and not (letters and as_syllables(a.brand) is None and as_syllables(b.brand) is None):
            return False
    else:
        other = b if a.brand_han else a
        syllables = as_syllables(other.brand) if other.brand and not other.cjk else None
        if syllables is None or len(syllables) < _TOLD:
            return False
    related = _is_part(a, b) or _initials(a, b) or _meaning(a, b) or _abbreviates(a, b) or _abbreviates(b, a)
    return not related and _sound(a, b) < _FAR
