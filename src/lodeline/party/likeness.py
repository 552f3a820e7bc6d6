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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Final

from rapidfuzz import fuzz
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from lodeline.party.brand import bits_meant, in_pinyin, meaning, meaning_by_sound, meaning_of_trades
from lodeline.party.initials import acronym, shortens
from lodeline.party.name import Name, parsed, spells_whole
from lodeline.party.script import as_syllables
from lodeline.party.terms import as_transcribed
from lodeline.party.transcription import FIRST_SOUND, evidence, habit
from lodeline.party.words import trade_letters, vocabulary

#: All that is not hanzi, and the forms that stand behind a name in short.
HANZI: Final = re.compile(r"[^\u4e00-\u9fff]|股份$|集团$|股份有限公司$|有限公司$|有限责任公司$")
#: What remains possible when a part contradicts.
VETO: Final = 0.05
#: And when brands in pinyin differ by a syllable: another word, if it is not a typing error that happens to be one.
ANOTHER_WORD: Final = 0.3
#: And when brands that one ear can read are different words: in the tuning half 1 of 58 such pairs is one firm's.
ANOTHER_BRAND: Final = 0.1
_MOST_LEFT: Final = {"syllable": ANOTHER_WORD, "brand": ANOTHER_BRAND}
#: And when brands in letters and hanzi have nothing to do with each other, nor a trade or a place in common.
NOTHING: Final = 0.2
_SPEAKING: Final = ("meaning", "meaning-by-sound", "meant", "abroad", "acronym", "acronym-bits", "shortened",
                    "abbreviation", "initials", "brand-part", "industry-shared", "place-same",
                    "direction-same")  # fmt: skip
#: What is likely at least where all parts are the same in one script: in the tuning half 107 of 108 such pairs are.
SAME_PARTS: Final = 0.98
#: What is said at most where one name has a branch of trade that the other lacks: parent and daughter differ by that.
ANOTHER_TRADE: Final = 0.9
#: A word of fewer syllables may be pinyin by chance.
_TOLD: Final = 2
#: As much evidence a name among thousands gives by chance, and more than that says no more.
_SOME_BITS: Final = 6.0
_SURE_BITS: Final = 20.0
#: From here on first letters may be what the other name is called in short.
_SHORTENED_BITS: Final = 9.0
#: Brands that sound less alike are different words.
_FAR: Final = 0.6
#: And names that are read out are others where less is alike, of a hundred.
_READ_OUT: Final = 80.0
#: And from here on a brand is what the other calls its place.
_SAME_PLACE: Final = 0.8
#: From here on a brand is what the other's hanzi are called abroad.
_ALIKE_ABROAD: Final = 0.85
#: Of several spellings one is always as near as that.
_NEAR_ABROAD: Final = 0.75
#: Branches of trade by which a subsidiary differs from its parent more often than a translation from its original.
_FUNCTIONS: Final = frozenset(
    {"trade", "investment", "logistics", "research-institute", "recycling", "holding-asset", "service"}
)

FEATURES: Final = (
    "brand-same", "brand-sound", "brand-close", "brand-far", "brand-han-differs", "syllables-differ",
    "another-syllable", "brand-part", "initials", "brand-missing", "placed-elsewhere", "no-brand", "no-brand-same",
    "place-same", "place-one-sided", "industry-shared", "industry-partly", "industry-one-sided", "industry-disjoint",
    "function-one-sided", "group-one-sided", "form-differs", "whole", "industry-differs-in-one-script",
    "direction-same", "meaning", "abbreviation", "letters", "transcribed", "transcribed-well", "transcribed-far",
    "abroad", "acronym", "acronym-bits", "shortened", "meaning-by-sound", "meant", "meant-well", "trade-same",
)  # fmt: skip


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
    if not a.otherwise and not b.otherwise:
        best = _compared(a, b)
    else:
        best = max((_compared(x, y) for x in a.every for y in b.every), key=lambda one: one.probability)
    if best.probability < SAME_PARTS and spells_whole(a, b):
        return replace(best, probability=SAME_PARTS, vetoes=())
    most = 1.0 if a.text == b.text or _called_otherwise(best.features) else _most_left_by_ear(a, b)
    if best.probability > most:
        return replace(best, probability=most, vetoes=("syllable",) if most == ANOTHER_WORD else ("brand",))
    return best


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
            if syllables and len(syllables) >= _TOLD and other.brand not in letters:
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
        probability = min(probability, _MOST_LEFT.get("".join(vetoes), VETO))
    elif a.cjk == b.cjk and a.brand and _parts(a) == _parts(b) and not features["form-differs"]:
        probability = max(probability, SAME_PARTS)
    elif _nothing_speaks_for_it(features):
        probability = min(probability, NOTHING)
    elif bool(a.industries) != bool(b.industries) or (a.cjk == b.cjk and a.industries != b.industries):
        probability = min(probability, ANOTHER_TRADE)
    return Likeness(probability=probability, vetoes=vetoes, features=features, one=a, other=b)


def _nothing_speaks_for_it(features: Mapping[str, float]) -> bool:
    """Whether one brand is in letters that do not transcribe the other, and neither the brands nor a trade or a place
    have anything in common.
    """
    return (
        features["transcribed-far"] * _SURE_BITS >= _SOME_BITS
        and features["brand-sound"] < _FAR
        and not any(features[name] for name in _SPEAKING)
    )


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
    abroad, place_and_trade, translated = _abroad(a, b), shortens(a, b), meaning(a, b)
    letters, usual = acronym(a, b)
    short = usual or letters >= _SHORTENED_BITS
    whole = meaning_of_trades(a, b)
    industries = _Overlap(_fields(a) | _implied(a, b), _fields(b) | _implied(b, a))
    functions = (a.industries ^ b.industries) & _FUNCTIONS
    missing = bool(a.sounds) != bool(b.sounds) or _one_placed(a, b)
    if whole > max(translated, _FAR):
        # What is the brand of one name is a branch of trade in the other: neither is one-sided for that.
        translated = whole
        industries = _Overlap(_fields(a) & _fields(b), _fields(a) & _fields(b))
        if whole == 1.0:
            functions, missing = frozenset(), False
    if short and not (a.industries and b.industries):
        # The letters say what the firm does as well, and where.
        missing, industries = False, _Overlap(_fields(a) & _fields(b), _fields(a) & _fields(b))
    by_sound, of_trades = meaning_by_sound(a, b), meaning_by_sound(a, b, of_trades=True)
    if of_trades == 1.0 > by_sound:
        by_sound, functions, missing = of_trades, frozenset(), False
        industries = _Overlap(_fields(a) & _fields(b), _fields(a) & _fields(b))
    # What is called otherwise need not sound alike.
    otherwise = abroad >= _ALIKE_ABROAD or short or place_and_trade or translated == 1.0
    another = 0.0 if otherwise or _one_placed(a, b) else _syllables_differ(a, b)
    # Words that differ by a syllable sound alike and are different words all the same.
    sound = _sound(a, b) * (1 - another)
    branded = bool(a.sounds) and bool(b.sounds) and not _one_placed(a, b)
    places, trades = _place(a, b), _same_trades(a, b)
    part = branded and not another and _is_part(a, b)
    ratio = fuzz.ratio(a.text, b.text) / 100
    heads = branded and sound < 1.0 and _initials(a, b)
    meant = bits_meant(a, b) if sound < 1.0 and (translated or by_sound or of_trades) else 0.0
    bits, habits = (0.0, 0.0) if otherwise or sound == 1.0 else _transcribed(a, b)
    return {
        "brand-same": float(branded and sound == 1.0 and not _han_differs(a, b)),
        "brand-sound": sound,
        "brand-close": max(0.0, sound - 0.8) / 0.2,
        "brand-far": max(0.0, _FAR - sound) / _FAR if branded and not otherwise else 0.0,
        "brand-han-differs": _han_differs(a, b),
        "syllables-differ": another,
        "another-syllable": float(another > 0),
        "brand-part": float(part),
        "initials": float(heads),
        "brand-missing": float(missing),
        # "Brazilian Rare Earths" is nobody's name who has a brand and says nothing of Brazil.
        "placed-elsewhere": float(_one_placed(a, b) and places != 1 and not otherwise),
        "no-brand": float(not a.sounds and not b.sounds),
        "no-brand-same": float(not a.sounds and not b.sounds and a.industries == b.industries),
        "place-same": float(places == 1),
        "place-one-sided": float(bool(a.places) != bool(b.places) and not short),
        "industry-shared": float(industries.shared > 0),
        "trade-same": trades,
        "industry-partly": 1 - industries.shared if industries.shared else 0.0,
        "industry-one-sided": industries.one_sided,
        "industry-disjoint": industries.disjoint,
        "function-one-sided": float(bool(functions)),
        "group-one-sided": float(a.group != b.group and not short),
        # Across scripts every form is translated as "Co., Ltd.".
        "form-differs": float(a.cjk == b.cjk and bool(a.forms) and bool(b.forms) and not a.forms & b.forms),
        "whole": fuzz.token_sort_ratio(a.text, b.text) / 100 if a.cjk == b.cjk else 0.0,
        "industry-differs-in-one-script": (1 - industries.shared) * float(a.cjk == b.cjk and industries.any),
        "direction-same": float(bool(a.directions) and a.directions == b.directions),
        "meaning": translated if sound < 1.0 else 0.0,
        "abbreviation": float(_abbreviates(a, b) or _abbreviates(b, a)),
        "transcribed": min(1.0, max(0.0, bits) / _SURE_BITS),
        "transcribed-well": _above(bits + habits),
        "transcribed-far": min(1.0, max(0.0, -bits) / _SURE_BITS),
        "abroad": max(0.0, abroad - _NEAR_ABROAD) / (1 - _NEAR_ABROAD) if sound < 1.0 else 0.0,
        "acronym": float(usual and sound < 1.0),
        "acronym-bits": _above(letters) if sound < 1.0 else 0.0,
        "shortened": float(place_and_trade),
        # A syllable means so much that half of a brand is always said.
        "meaning-by-sound": max(0.0, 2 * by_sound - 1) if sound < 1.0 else 0.0,
        "meant": min(1.0, meant / _SURE_BITS),
        "meant-well": _above(meant),
        "letters": max(0.0, ratio - 0.8) / 0.2 if a.cjk == b.cjk and not another else 0.0,
    }


def _above(bits: float) -> float:
    """Bits above those that a name among thousands gives by chance, 0 to 1."""
    return min(1.0, max(0.0, bits - _SOME_BITS) / (_SURE_BITS - _SOME_BITS))


def _one_placed(a: Name, b: Name) -> bool:
    """Whether one name has a place for its brand, and the other a brand that does not sound like it."""
    return a.placed != b.placed and bool(a.sounds) and bool(b.sounds) and _sound(a, b) < _SAME_PLACE


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


def _abroad(a: Name, b: Name) -> float:
    """How alike a brand in letters is to what another tongue makes of the other's hanzi; 0 without any.

    What is Mandarin in pinyin is meant so, unless the hanzi are of a foreign firm and spelt just like that.
    """
    best = 0.0
    for han, other in ((a, b), (b, a)):
        if not han.brand_han or not other.sounds or other.brand_han:
            continue
        if in_pinyin(other) is not None:
            best = max(best, float(han.foreign and other.brand in han.abroad))
        else:
            best = max([best, *(_close(x, y) for x in han.abroad for y in other.sounds)])
    return best


def _transcribed(a: Name, b: Name) -> tuple[float, float]:
    """Bits for one brand transcribing the other, where one is heard in hanzi or pinyin and the other is in letters of
    another language, and for such hanzi transcribing anything; 0 where there is nothing to compare.
    """
    one, other = as_transcribed(a), as_transcribed(b)
    if not one or not other or a.placed or b.placed:
        return 0.0, 0.0
    if (one[0] >= chr(FIRST_SOUND)) == (other[0] >= chr(FIRST_SOUND)):
        return 0.0, 0.0
    return evidence(max(one, other), min(one, other)), habit(max(one, other))


def _han_differs(a: Name, b: Name) -> float:
    """Which part of the hanzi of both brands differs; 0 where one has none, or one holds the other."""
    if not a.brand_han or not b.brand_han or a.brand_han in b.brand_han or b.brand_han in a.brand_han:
        return 0.0
    return DamerauLevenshtein.normalized_distance(a.brand_han, b.brand_han)


def _syllables_differ(a: Name, b: Name) -> float:
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


def _is_part(a: Name, b: Name) -> bool:
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


def _vetoes(a: Name, b: Name, features: Mapping[str, float]) -> tuple[str, ...]:
    found = []
    # The place that a brand shortens stands in one of the names alone.
    if _place(a, b) == -1 and not features["shortened"]:
        found.append("place")
    if (
        a.directions != b.directions
        and not _in_letters(features)
        and (bool(a.directions) == bool(b.directions) or not a.sounds or not b.sounds)
    ):
        found.append("direction")
    if a.numbers and b.numbers and not a.numbers & b.numbers:
        found.append("number")
    called = _called_otherwise(features) or _one_placed(a, b)
    if not called and _syllables_differ(a, b):
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
        if syllables is None or len(syllables) < _TOLD:
            return False
    related = _is_part(a, b) or _initials(a, b) or meaning(a, b)
    return not related and _sound(a, b) < _FAR


def _in_letters(features: Mapping[str, float]) -> bool:
    """Whether one brand may well be first letters of the other name."""
    return bool(features["acronym"] or features["acronym-bits"] >= _above(_SHORTENED_BITS))


def _called_otherwise(features: Mapping[str, float]) -> bool:
    """Whether one brand is what the other is called in short, or in another tongue."""
    return bool(
        features["abbreviation"]
        or _in_letters(features)
        or features["shortened"]
        or features["meaning"] == 1.0
        or features["meaning-by-sound"] == 1.0
        or features["abroad"] >= (_ALIKE_ABROAD - _NEAR_ABROAD) / (1 - _NEAR_ABROAD)
    )
