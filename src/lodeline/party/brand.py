"""What a brand may be called in another tongue: translated, whole or in part, from hanzi or from pinyin.

金风 is Goldwind, 国防金属 is Defense Metals. Each is a guess from words alone, made for both names that are
compared and for the terms by which the index finds them. A brand that is neither read nor translated nor transcribed
can be known by a record alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from itertools import chain, islice, pairwise
from math import log2
from typing import Final

from lodeline.party.name import MOST_MEANT, Name
from lodeline.party.script import as_syllables, pinyin_syllables
from lodeline.party.transcription import UNSEEN, rarity
from lodeline.party.words import characters, glosses, meanings, phrase_words, phrases, vocabulary

#: A brand in pinyin has so many syllables at least of which each means something.
_LEAST_SYLLABLES: Final = 2
#: A word of fewer letters at the head of another one says nothing, one of two that a word joins.
_LEAST_JOINED: Final = 4
_LEAST_PART: Final = 3
#: What English adds to a word that means the same in a name: stars, golden, sunny, ionic, natural.
_ENDINGS: Final = ("s", "en", "y", "ic", "al")
#: Words that are alike in so many letters are forms of one.
_STEM: Final = 7
#: How many of the characters that mean something are of the first level of GB 2312: those in common use.
_COMMON: Final = 3_345
#: Bits that a word says which is a branch of trade as well (assumed).
_TRADE: Final = 5.0
#: What is told wholly goes before as much that is told in part.
_WHOLLY: Final = 0.01
#: Bits that a letter of a word says, whatever its language, and by how many more its syllables are too rare for a
#: Chinese brand: "Orica" is none (both assumed).
_LETTER_BITS: Final = 3.5
_OUTLANDISH: Final = 4.0
#: How many syllables a word of the table of glosses has at most.
_MOST_SYLLABLES: Final = 4


def meant(name: Name) -> frozenset[str]:
    """English words that the brand means: all that its hanzi may, or those that it is made of."""
    if name.brand_han:
        return frozenset().union(*map(phrase_words, name.meanings))
    if name.cjk:
        return frozenset()
    return frozenset(word for one in (*name.brand_words, *_joined(name.brand_words)) for word in _made_of(one))


def meaning(a: Name, b: Name) -> float:
    """How much of a brand in hanzi the other brand translates, and of that one the hanzi: 大地熊 is "Earth-Panda"."""
    best = 0.0
    for han, latin in ((a, b), (b, a)):
        words = latin.brand_words
        if han.meanings and words and not latin.brand_han and not latin.cjk:
            beside = _countries(latin)
            parts = _meant_best(_in_hanzi(han.brand_han), words, beside)
            best = max(best, sum(_covered(parts, words, beside)) / 2)
    return best


def bits_meant(a: Name, b: Name) -> float:
    """Bits for one brand translating the other: how rarely a brand that is not translated holds hanzi, or syllables,
    that mean the words of the other by chance. 金 is of many brands, and "gold" says little; 长江 is of few.
    """
    best = 0.0
    for one, latin in ((a, b), (b, a)):
        known = _in_hanzi(one.brand_han) if one.brand_han else _parts_by_sound(one)
        if latin.cjk or one.placed or not known or in_pinyin(latin) is not None:
            continue
        words = () if latin.placed else latin.brand_words
        if words:
            words += tuple(text for text in trades_left(latin, one) if text not in words)
        elif one.brand_han:
            words = _begun(one.meanings, latin)
        best = max(best, _bits(known, words, _countries(latin), by_sound=not one.brand_han))
    return best


def _bits(known: _Words, words: tuple[str, ...], beside: frozenset[str], *, by_sound: bool) -> float:
    every, chances, total = _words_of(words, beside), _chances(by_sound), 0.0
    left = set(every)
    for length, phrases_ in _best_meaning(known, words, beside):
        known_words = [one for one in phrases_ if left.issuperset(one.split()) or one.replace(" ", "") in left]
        if known_words:
            chance, word = min((chances.get((one, length), 2.0**-UNSEEN), one) for one in known_words)
            total -= log2(min(1.0, len(known) * chance))
            left.difference_update(word.split())
    return total


#: For each place of a brand how long the words are that begin there, the longest first, and what each means.
_Words = tuple[tuple[tuple[int, frozenset[str]], ...], ...]


@lru_cache(maxsize=50_000)
def _in_hanzi(brand_han: str) -> _Words:
    known = glosses()
    return tuple(
        (
            *(
                (end - at, known[brand_han[at:end]])
                for end in range(min(len(brand_han), at + MOST_MEANT), at + 1, -1)
                if brand_han[at:end] in known
            ),
            (1, _meant_by(brand_han[at])),
        )
        for at in range(len(brand_han))
    )


@lru_cache(maxsize=50_000)
def _words_of(words: tuple[str, ...], beside: frozenset[str]) -> frozenset[str]:
    """All that words say, those they join and those beside them."""
    return beside.union(*map(_made_of, words), *map(_made_of, _joined(words)))


@cache
def _chances(by_sound: bool) -> dict[tuple[str, int], float]:
    """(English phrase, how many hanzi or syllables) → the chance that so many at a place of a Chinese brand mean it."""
    found: dict[tuple[str, int], float] = defaultdict(float)
    known: Iterable[tuple[Sequence[str], Iterable[str]]] = (
        ((sound.split(), words) for sound, words in _spelt_out().items())
        if by_sound
        else chain(
            ((han, words) for han, words in glosses().items()),
            ((han, words) for han, words in islice(characters().items(), _COMMON) if han not in glosses()),
        )
    )
    trades = vocabulary().spelt if by_sound else vocabulary().cjk
    for signs, words in known:
        chance = 2.0 ** -sum(map(rarity, signs))
        trade = trades.get(" ".join(signs) if by_sound else str(signs))
        if trade is not None and trade.kind == "industry":
            # Brands are seldom made of it, and names have it often.
            chance = max(chance, 2.0**-_TRADE)
        for word in words:
            found[word, len(signs)] += chance
    return dict(found)


def _best_meaning(
    known: _Words, words: tuple[str, ...], beside: frozenset[str]
) -> tuple[tuple[int, frozenset[str]], ...]:
    """What the parts of a brand mean if it is parted so that most of it is among the words: 方正 may be a word, or 方
    and 正. Of equals the longest parts.
    """
    every = _words_of(words, beside)
    size = len(known)
    best = [0.0] * (size + 1)
    chosen: list[tuple[int, frozenset[str]]] = [(0, frozenset())] * size
    for at in range(size - 1, -1, -1):
        best[at] = -1.0
        for length, meant_ in known[at]:
            share = _among(meant_, every)
            here = best[at + length] + length * (share + _WHOLLY * (share == 1.0))
            if here > best[at]:
                best[at], chosen[at] = here, (length, meant_)
    found, at = [], 0
    while at < size:
        found.append(chosen[at])
        at += chosen[at][0]
    return tuple(found)


def _meant_best(known: _Words, words: tuple[str, ...], beside: frozenset[str]) -> tuple[frozenset[str], ...]:
    """What each part means, without how long it is."""
    return tuple(meant_ for _, meant_ in _best_meaning(known, words, beside))


def meaning_of_trades(a: Name, b: Name) -> float:
    """The same where what one name has for its brand is a branch of trade of the other: 国防金属 is "Defense Metals".

    Of the branches of trade those count that the other name lacks; 0 where neither name has one.
    """
    for han, latin in ((a, b), (b, a)):
        if han.cjk and not latin.cjk:
            own, others = trades_left(han, latin), trades_left(latin, han)
            # A city that stands for the brand is translated by itself, unless the other name says it as well.
            cities = any(one.placed and one.brand_words and not _share_place(one, other)
                         for one, other in ((han, latin), (latin, han)))  # fmt: skip
            called = () if latin.placed else latin.brand_words
            words = (*called, *(text for text in others if text not in called))
            meant_ = () if han.placed else _meant_best(_in_hanzi(han.brand_han), words, _countries(latin))
            parts = (*meant_, *(_meant_by(text) for text in own if text != han.brand_han))
            branded = bool(meant_ or called)
            if branded and (own or others) and parts and words and not cities:
                return sum(_covered(parts, words, _countries(latin))) / 2
            if han.meanings and latin.placed and not cities and not han.placed:
                # 永久磁业 is "Permanent Magnetics", whose first word says what the firm makes.
                begun = _begun(han.meanings, latin)
                return sum(_covered(han.meanings, begun)) / 2 if begun else 0.0
    return 0.0


def _begun(parts: tuple[frozenset[str], ...], name: Name) -> tuple[str, ...]:
    """Words that a brand means with which a branch of trade of the name begins, each once."""
    words = sorted(word for word in frozenset().union(*map(phrase_words, parts)) if len(word) >= _LEAST_JOINED)
    return tuple(word for word in words if any(text.startswith(word) and text != word for text, _ in name.trades))


def _share_place(a: Name, b: Name) -> bool:
    return any(one & other for one in a.places for other in b.places)


def trades_left(name: Name, other: Name) -> tuple[str, ...]:
    """The branches of trade of a name, as it has them, that the other name has nothing near to."""
    near = vocabulary().near
    theirs = {field for one in other.industries for field in near[one]}
    return tuple(text for text, concepts in name.trades if not any(theirs.intersection(near[one]) for one in concepts))


def _meant_by(han: str) -> frozenset[str]:
    """What a word in hanzi means: by the table, or what its characters mean."""
    known = glosses().get(han)
    return known or frozenset(word for one in han for word in characters().get(one, ()))


def meaning_by_sound(a: Name, b: Name, *, of_trades: bool = False) -> float:
    """The same where one brand is in pinyin: which part is translated, of the brand with fewer such parts.

    `of_trades`: where a branch of trade that the other lacks is of the brand, "Gold Cup"; 0 where there is none.
    """
    best = 0.0
    for read, latin in ((a, b), (b, a)):
        known = _parts_by_sound(read)
        if not known or latin.cjk or in_pinyin(latin) is not None:
            continue
        words = latin.brand_words
        if of_trades and words:
            left = trades_left(latin, read)
            words = (*words, *(one for one in left if one not in words)) if left else ()
        if words:
            beside = _countries(latin)
            best = max(best, min(_covered(_meant_best(known, words, beside), words, beside)))
    return best


def _covered(
    parts: tuple[frozenset[str], ...], words: tuple[str, ...], beside: frozenset[str] = frozenset()
) -> tuple[float, float]:
    """Which part of what a brand means is among the words, or `beside` them, and which part of the words is meant."""
    alone, joined = ([_made_of(one) for one in some] for some in (words, _joined(words)))
    every, meant_ = _words_of(words, beside), frozenset().union(*map(phrase_words, parts))
    covered = {at for at, one in enumerate(alone) if one & meant_}
    for at, one in enumerate(joined):
        covered |= {at, at + 1} if one & meant_ else set()
    return sum(_among(one, every) for one in parts) / len(parts), len(covered) / len(words)


def _among(phrases_: frozenset[str], words: frozenset[str]) -> float:
    """Which part of the phrase that is best told is among the words: of "great wall" its half if there is a wall."""
    if not words.isdisjoint(phrases_):
        return 1.0
    return max(
        (
            1.0 if one.replace(" ", "") in words else sum(part in words for part in one.split()) / (one.count(" ") + 1)
            for one in phrases_
            if " " in one
        ),
        default=0.0,
    )


def _countries(name: Name) -> frozenset[str]:
    """What its countries and directions are called in English, which the other brand may say: 中铁 is China Railway,
    北极星 the North Star.
    """
    ways = (form for one in name.directions for form in (one, one + "ern"))
    return frozenset(ways).union(*map(_called, name.places))


@lru_cache(maxsize=10_000)
def _called(places: frozenset[str]) -> frozenset[str]:
    return frozenset(
        phrase for _, concept, phrase in phrases() if concept in places and "-" not in concept and phrase.isascii()
    )


def _joined(words: tuple[str, ...]) -> list[str]:
    """Two words in one, as the table has some: "greatwall"."""
    return [one + other for one, other in pairwise(words)]


def meant_by_sound(name: Name) -> frozenset[str]:
    """English words that a brand in pinyin may mean, its syllables by themselves only where no word has them."""
    return _meant_by_parts(_parts_by_sound(name))


@lru_cache(maxsize=50_000)
def _meant_by_parts(known: _Words) -> frozenset[str]:
    found: set[str] = set()
    until = 0
    for at, here in enumerate(known):
        for length, phrases_ in here:
            if length > 1 or at >= until:
                found |= phrase_words(phrases_)
                until = max(until, at + length)
    return frozenset(found)


@lru_cache(maxsize=50_000)
def in_pinyin(name: Name) -> tuple[str, ...] | None:
    """The syllables of a brand in Latin letters, if it is Mandarin: what is a word of English as well is not."""
    if name.cjk or not name.brand or name.foreign:
        return None
    if all(len(word) >= _LEAST_JOINED and word in meanings() for word in name.brand_words):
        return None
    found = as_syllables(name.brand)
    if found and not (name.read or name.placed) and _is_outlandish(name.brand, found):
        return None
    # "Ace" is a word, and no firm is called a-ce, nor "Sun" by one syllable.
    short = found and (len(found) == 1 or len(found[0]) == 1)
    return None if short and name.brand in meanings() else found


def _is_outlandish(word: str, syllables_: tuple[str, ...]) -> bool:
    """Whether no Chinese brand is likely to be made of such syllables, though they are Mandarin."""
    return sum(map(rarity, syllables_)) - _LETTER_BITS * len(word) > _OUTLANDISH


@lru_cache(maxsize=50_000)
def _made_of(word: str) -> frozenset[str]:
    """The word, what it is a form of, and the two words it joins, as far as hanzi may mean them."""
    known = meanings()
    found = {form for form in (word, *(word.removesuffix(ending) for ending in _ENDINGS)) if form in known}
    found |= _alike().get(word[:_STEM], frozenset()) if len(word) >= _STEM else frozenset()
    if len(word) >= _LEAST_JOINED + _LEAST_PART and as_syllables(word) is None:
        for end in range(_LEAST_PART, len(word) - _LEAST_PART + 1):
            if word[:end] in known and word[end:] in known:
                found |= {word[:end], word[end:]}
    return frozenset(found)


@cache
def _alike() -> dict[str, frozenset[str]]:
    """How words that hanzi may mean begin → the words: infinite, infinity."""
    found: dict[str, set[str]] = defaultdict(set)
    for word in meanings():
        if len(word) >= _STEM:
            found[word[:_STEM]].add(word)
    return {head: frozenset(words) for head, words in found.items()}


def _parts_by_sound(name: Name) -> _Words:
    """What a brand in pinyin may mean; nothing if it is not pinyin of several syllables or one means nothing."""
    syllables = in_pinyin(name)
    return _parted_by_sound(syllables) if syllables and len(syllables) >= _LEAST_SYLLABLES else ()


@lru_cache(maxsize=50_000)
def _parted_by_sound(syllables: tuple[str, ...]) -> _Words:
    known, size = _spelt_out(), len(syllables)
    if any(one not in known for one in syllables):
        return ()
    return tuple(
        tuple(
            (end - at, known[sound])
            for end in range(min(size, at + _MOST_SYLLABLES), at, -1)
            if (sound := " ".join(syllables[at:end])) in known
        )
        for at in range(size)
    )


@cache
def _spelt_out() -> dict[str, frozenset[str]]:
    """Pinyin, syllable by syllable → the English words that hanzi in common use with that sound may mean."""
    found: dict[str, set[str]] = defaultdict(set)
    for han, words in islice(characters().items(), _COMMON):
        found["".join(pinyin_syllables(han))].update(words)
    for word, meant_ in glosses().items():
        found[" ".join(pinyin_syllables(word))] |= meant_
    return {sound: frozenset(some) for sound, some in found.items()}
