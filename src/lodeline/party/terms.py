"""What a name is found by, as numbers: terms of the index.

Letter triples of how the brand sounds; what the other words say, and what the brand means. Transcriptions share no
terms: they are found among names that are near by what they do, or looked through whole.
"""

from __future__ import annotations

import zlib
from functools import cache, lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from lodeline.party import transcription
from lodeline.party.brand import in_pinyin, meant, meant_by_sound
from lodeline.party.name import Name
from lodeline.party.words import meanings, phrase_words, vocabulary

_LETTERS: Final = "^abcdefghijklmnopqrstuvwxyz0123456789$"
_BASE: Final = len(_LETTERS)
#: Terms below this are triples of letters; then follow concepts, meanings and names that are spelt.
TRIPLES: Final = _BASE**3
#: How much a word that many names share weighs beside a triple of the brand.
_CONCEPT_WEIGHT: Final = 0.7
#: And a word that the brand may mean in English: hanzi may mean several.
_MEANING_WEIGHT: Final = 0.5
#: And a whole name that is spelt.
_SPELT_WEIGHT: Final = 0.7
#: Into how many terms those are put; some share one.
_SPELT: Final = 1 << 15
#: Readings and translations of a brand that are looked up beside its likeliest sound.
MOST_SOUNDS: Final = 3

Codes = npt.NDArray[np.int32]


def terms(name: Name) -> Codes:
    """What a name is found by: sorted codes of triples and concepts, each once. Shape (n,)."""
    return np.array(terms_of(name), dtype=np.int32)


def terms_of(name: Name) -> list[int]:
    """The same as a list, which is quicker where there are many names."""
    codes: set[int] = set()
    for one in name.every:
        codes |= terms_without_sound(one)
        for sound in one.sounds[:MOST_SOUNDS]:
            codes.update(_triples(f"^{sound}$"))
    codes.update(term_spelt(name))
    return sorted(codes)


def term_spelt(name: Name) -> list[int]:
    """The term of a whole name in hanzi or pinyin, which it shares with those that are read like it; some share one."""
    start = TRIPLES + len(_concepts()) + len(_meanings())
    return [start + zlib.crc32(name.read.encode()) % _SPELT] if name.read else []


def terms_without_sound(name: Name) -> set[int]:
    """Terms of all but how the brand sounds: what it means, and what the other words say."""
    found = {*_fields_of(name.industries), *_concepts_of(name.directions)}
    for one in name.places:
        found.update(_concepts_of(one))
    if name.brand_han:
        for part in name.meanings:
            found.update(_part_codes(part))
    else:
        found.update(_meant_codes(meant(name)))
    return found


def query_terms(name: Name) -> Codes:
    """What is looked for when a name is asked: what it would be found by, and what its brand may mean by its sound."""
    codes: set[int] = set(terms_meant(name).tolist())
    for sound in name.sounds[:MOST_SOUNDS]:
        codes.update(_triples(f"^{sound}$"))
    return np.array(sorted(codes), dtype=np.int32)


@lru_cache(maxsize=2_000)
def terms_meant(name: Name) -> Codes:
    """The terms of a name that is asked next to the sound of its brand."""
    return np.array(sorted(terms_without_sound(name) | {*_meant_codes(meant_by_sound(name))}), dtype=np.int32)


def as_transcribed(name: Name) -> str:
    """The brand as it is compared with what transcribes it, or what it transcribes: heard where it is in hanzi or
    pinyin, else written.
    """
    if name.brand_han:
        return transcription.sound_signs(name.brand_words, name.brand_han)
    if name.cjk or not name.brand:
        return ""
    syllables = in_pinyin(name)
    if syllables:
        return transcription.sound_signs(syllables)
    return transcription.written(name.brand_words)


def as_transcribed_anyhow(name: Name) -> str:
    """The same with all words that a brand in letters may have, however the name is parted: kennametal, kenna."""
    if name.cjk or is_phonetic(name):
        return as_transcribed(name)
    ways = [one for one in name.every if not is_phonetic(one)]
    return transcription.written(tuple(dict.fromkeys(word for one in ways for word in one.brand_words)))


def is_phonetic(name: Name) -> bool:
    """Whether its brand is in hanzi or pinyin."""
    return bool(name.brand_han) or in_pinyin(name) is not None


@lru_cache(maxsize=50_000)
def _fields_of(trades: frozenset[str]) -> tuple[int, ...]:
    return tuple(_concepts()[field] for one in trades for field in vocabulary().near[one])


@lru_cache(maxsize=50_000)
def _concepts_of(some: frozenset[str]) -> tuple[int, ...]:
    return tuple(_concepts()[one] for one in some)


def _meant_codes(words: frozenset[str]) -> tuple[int, ...]:
    known = _meanings()
    return tuple(known[word] for word in words if word in known)


@lru_cache(maxsize=50_000)
def _part_codes(part: frozenset[str]) -> tuple[int, ...]:
    return _meant_codes(phrase_words(part))


class _Triples(dict[str, int]):
    """Three letters → their term."""

    def __missing__(self, letters: str) -> int:
        first, second, third = (_LETTERS.index(letter) for letter in letters)
        self[letters] = (first * _BASE + second) * _BASE + third
        return self[letters]


_TRIPLES: Final = _Triples()


def _triples(text: str) -> list[int]:
    return [_TRIPLES[text[at : at + 3]] for at in range(len(text) - 2)]


@cache
def _concepts() -> dict[str, int]:
    words = vocabulary()
    names = sorted({*frozenset().union(*words.near.values()), *words.near, *words.within})
    return {name: TRIPLES + index for index, name in enumerate(names)}


@cache
def _meanings() -> dict[str, int]:
    return {word: TRIPLES + len(_concepts()) + index for index, word in enumerate(sorted(meanings()))}


def standing(name: Name) -> npt.NDArray[np.int8] | None:
    """For each term 1 if it is a place within or around one of the name's, 2 if it is another; None without a place."""
    if not name.places:
        return None
    within, codes = vocabulary().within, _concepts()
    covered = frozenset().union(*name.places)
    around = frozenset().union(*(within[place] for place in covered))
    stands = np.zeros(every_code(), np.int8)
    for place, above in within.items():
        stands[codes[place]] = 1 if place in around or not covered.isdisjoint(above) else 2
    return stands


def every_code() -> int:
    return TRIPLES + len(_concepts()) + len(_meanings()) + _SPELT


def rarity_of(wanted: Codes, frequency: npt.NDArray[np.int64], names: int) -> npt.NDArray[np.float32]:
    """How much each term says that is looked for. One that all names have still says something where there are few."""
    return (np.log1p(names / (frequency + 1)) * weights_of(wanted)).astype(np.float32)


def weights_of(terms_: Codes) -> npt.NDArray[np.float32]:
    """How much each term weighs by its kind. Shape (n,)."""
    kinds = np.array([1.0, _CONCEPT_WEIGHT, _MEANING_WEIGHT, _SPELT_WEIGHT], np.float32)
    return kinds[np.searchsorted(np.cumsum([TRIPLES, len(_concepts()), len(_meanings())]), terms_, side="right")]
