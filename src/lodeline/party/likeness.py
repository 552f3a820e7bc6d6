"""How likely two names are one firm's, with the reasons.

The brand dominates. Parts that contradict (another place, North against South, another number) are vetoes: with one of
them the probability stays below `VETO`, however alike the letters are, because firms of one family differ by just that.
One different syllable of a brand in pinyin is another word, not a typing error: Yunsheng is not Yusheng. So are brands
in one script that sound unlike each other, unless one shortens or translates the other.

The probability is a logistic model over features that a person can read; its weights are data, fitted on firms of the
tuning half of a labelled set (`benchmarks/screening.py --fit`). Peers and calibration: docs/explanation/parties.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from rapidfuzz import fuzz

from lodeline.party.brand import in_pinyin, meaning
from lodeline.party.features import (
    DISTINCTIVE_SYLLABLES,
    FAR,
    FEATURES,
    FUNCTIONS,
    SOME_BITS,
    SURE_BITS,
    are_initials,
    called_otherwise,
    features_of,
    is_part,
    may_be_twins,
    one_placed,
    places_agree,
    sound_of_brands,
    syllables_differ,
)
from lodeline.party.name import Name, parsed, spells_whole
from lodeline.party.tables import rows_of

#: What remains possible when a part contradicts.
VETO: Final = 0.05
#: And when brands in pinyin differ by a syllable: another word, if it is not a typing error that happens to be one.
ANOTHER_WORD: Final = 0.3
#: And when brands that one ear can read are different words: in the tuning half 1 of 58 such pairs is one firm's.
ANOTHER_BRAND: Final = 0.1
_MOST_LEFT: Final = {"syllable": ANOTHER_WORD, "brand": ANOTHER_BRAND}
#: And when brands in letters and hanzi have nothing to do with each other, nor a trade or a place in common.
NOTHING: Final = 0.2
_SUPPORTING: Final = ("meaning", "meaning-by-sound", "meant", "abbreviation", "initials", "brand-part",
                    "industry-shared", "place-same", "direction-same")  # fmt: skip
#: What is likely at least where all parts are the same in one script: in the tuning half 107 of 108 such pairs are.
SAME_PARTS: Final = 0.98
#: What is said at most where one name has a branch of trade that the other lacks: parent and daughter differ by that.
ANOTHER_TRADE: Final = 0.9
#: And where the place of one may be several, of which the other is one: no name alone is certain then.
TWIN_PLACES: Final = 0.9
#: And where one name has a number that the other lacks: works of one firm differ by that.
ONE_NUMBER: Final = 0.9
#: And names that are read out are others where less is alike, of a hundred.
_READ_OUT: Final = 80.0
#: Words beside functions that firms of any trade have in their names.
_ANYBODYS: Final = frozenset({"technology", "industry", "sales"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """`probability` that both names are one firm's; `vetoes` are the parts that contradict; `features` as weighed;
    `one`, `other`: how both names were parted, of all that they may be the likeliest.
    """

    probability: float
    vetoes: tuple[str, ...]
    features: dict[str, float]
    one: Name
    other: Name


def likeness(one: str, other: str) -> Likeness:
    """Compares two names as they were filed; symmetric."""
    return compared(parsed(one), parsed(other))


def compared(a: Name, b: Name) -> Likeness:
    """Compares two parsed names. Equal after folding is certain but for firms that share a name: 0.99.

    Names in one script whose parts are all the same are nearly that (`SAME_PARTS`), and so is one that spells the whole
    of the other; across scripts, brands that only sound the same are too many. Of several ways to part a name the one
    counts that makes them most alike.
    """
    best = _phonetic_likeness(a, b)
    if best.probability > TWIN_PLACES and may_be_twins(best.one, best.other):
        return replace(best, probability=TWIN_PLACES, vetoes=(*best.vetoes, "twins"))
    return best


def is_one_brands(alike: Likeness) -> bool:
    """Whether both names have one brand and differ in no more than a word that many firms have: trading, technology."""
    one, other = (name.industries - FUNCTIONS - _ANYBODYS for name in (alike.one, alike.other))
    return not alike.vetoes and alike.features["brand-same"] == 1 and (not one or not other or bool(one & other))


def _phonetic_likeness(a: Name, b: Name) -> Likeness:
    """The likeliest of all ways to part both names, and what is left of it where one of them is spelt in pinyin."""
    if not a.otherwise and not b.otherwise:
        best = _compared(a, b)
    else:
        best = max((_compared(x, y) for x in a.every for y in b.every), key=lambda one: one.probability)
    if best.probability < SAME_PARTS and spells_whole(a, b):
        return replace(best, probability=SAME_PARTS, vetoes=())
    most = 1.0 if a.text == b.text or called_otherwise(best.features) else _most_left_by_ear(a, b)
    if most == 1.0:
        return best
    features_used = ("syllable",) if most == ANOTHER_WORD else ("brand",)
    vetoes = features_used if best.probability > most else best.vetoes
    return replace(best, probability=_below(most, best.probability), vetoes=vetoes)


def _below(most: float, probability: float) -> float:
    """What is left of a probability where something speaks against it: less than `most`, and what was likelier before
    still is. Of another word all is left that may be: whether that was a slip is said by its letters alone.
    """
    return min(probability, most) if most == ANOTHER_WORD else probability * most / math.hypot(probability, most)


def _most_left_by_ear(a: Name, b: Name) -> float:
    """What is likely at most where one name is spelt in pinyin, and the other is not heard in it: such a name is
    another one read out, all of it if that is in hanzi, and its brand if that is in pinyin.
    """
    for spelt, other in ((a, b), (b, a)):
        letters = "" if spelt.cjk else spelt.read
        if not letters:
            continue
        if other.cjk and spelt.forms and other.forms:
            if other.read and fuzz.ratio(letters, other.read) < _READ_OUT:
                return ANOTHER_BRAND
        elif not other.cjk and not other.placed and not other.read:
            syllables = in_pinyin(other)
            if syllables and len(syllables) >= DISTINCTIVE_SYLLABLES and other.brand not in letters:
                near = fuzz.partial_ratio(other.brand, letters) >= _READ_OUT
                return ANOTHER_WORD if near else ANOTHER_BRAND
    return 1.0


def _compared(a: Name, b: Name) -> Likeness:
    features = features_of(a, b)
    vetoes = _vetoes(a, b, features)
    weights = _weights()
    logit = weights["intercept"] + sum(weights[name] * value for name, value in features.items())
    probability = 1 / (1 + math.exp(-max(-40.0, min(40.0, logit))))
    if a.text == b.text and a.text:
        probability = max(probability, 0.99)
    elif vetoes:
        probability = _below(_MOST_LEFT.get("".join(vetoes), VETO), probability)
    elif a.cjk == b.cjk and a.brand and _parts(a) == _parts(b) and not features["form-differs"]:
        probability = max(probability, SAME_PARTS)
    elif bool(a.numbers) != bool(b.numbers):
        probability = min(probability, ONE_NUMBER)
    elif _has_no_support(features):
        probability = _below(NOTHING, probability)
    elif a.cjk == b.cjk and a.industries != b.industries:
        probability = min(probability, ANOTHER_TRADE)
    elif bool(a.industries) != bool(b.industries):
        probability = _below(ANOTHER_TRADE, probability)
    return Likeness(probability=probability, vetoes=vetoes, features=features, one=a, other=b)


def _has_no_support(features: Mapping[str, float]) -> bool:
    """Whether one brand is in letters that do not transcribe the other, and neither the brands nor a trade or a place
    have anything in common.
    """
    return (
        features["transcribed-far"] * SURE_BITS >= SOME_BITS
        and features["brand-sound"] < FAR
        and not any(features[name] for name in _SUPPORTING)
    )


def _parts(name: Name) -> tuple[object, ...]:
    """All that a name says but its legal form, which is often left out."""
    brand = name.brand_han or name.brand
    return brand, name.places, name.directions, name.industries, name.group, name.numbers


@cache
def _weights() -> dict[str, float]:
    weights = {row["feature"]: float(row["weight"]) for row in rows_of("likeness.csv")}
    assert set(weights) == {"intercept", *FEATURES}, "the weights are those of the features"
    return weights


def _vetoes(a: Name, b: Name, features: Mapping[str, float]) -> tuple[str, ...]:
    found = []
    if places_agree(a, b) == -1:
        found.append("place")
    if a.directions != b.directions and (bool(a.directions) == bool(b.directions) or not a.sounds or not b.sounds):
        found.append("direction")
    if a.numbers and b.numbers and not a.numbers & b.numbers:
        found.append("number")
    called = called_otherwise(features) or one_placed(a, b)
    if not called and syllables_differ(a, b):
        found.append("syllable")
    if not called and _other_brand(a, b):
        found.append("brand")
    return tuple(found)


def _other_brand(a: Name, b: Name) -> bool:
    """Whether both brands can be read by one ear, and are different words: both hanzi, both pinyin, both letters that
    are no pinyin, or hanzi and pinyin.
    """
    if bool(a.brand_han) == bool(b.brand_han):
        letters = not a.cjk and not b.cjk and bool(a.sounds) and bool(b.sounds)
        if not a.brand_han and not (letters and (in_pinyin(a) is None) == (in_pinyin(b) is None)):
            return False
    else:
        other = b if a.brand_han else a
        syllables = in_pinyin(other)
        if syllables is None or len(syllables) < DISTINCTIVE_SYLLABLES:
            return False
    related = is_part(a, b) or are_initials(a, b) or meaning(a, b)
    return not related and sound_of_brands(a, b) < FAR
