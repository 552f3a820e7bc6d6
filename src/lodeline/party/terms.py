"""What a name is found by, as numbers: terms of the index.

Letter triples of how the brand sounds and of the consonants that a transcription keeps; what the other words say, what
the brand means, and what it is in short. A name that is asked is looked for in the spellings of other tongues as well;
one that stands is, where it looks like a foreign one.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from lodeline.party import transcription
from lodeline.party.brand import acronyms, in_pinyin, meanings, meant, meant_by_sound, shortened
from lodeline.party.name import Name
from lodeline.party.words import vocabulary

_LETTERS: Final = "^abcdefghijklmnopqrstuvwxyz0123456789$"
_BASE: Final = len(_LETTERS)
#: Terms below this are triples of letters; then follow concepts, meanings and first letters.
TRIPLES: Final = _BASE**3
#: How much a word that many names share weighs beside a triple of the brand.
_CONCEPT_WEIGHT: Final = 0.7
#: And a word that the brand may mean in English: hanzi may mean several.
_MEANING_WEIGHT: Final = 0.5
#: And first letters.
_ACRONYM_WEIGHT: Final = 0.7
#: Into how many terms first letters are put; some share one.
_ACRONYMS: Final = 1 << 15
#: Readings and translations of a brand that are looked up beside its likeliest sound.
MOST_SOUNDS: Final = 3
#: Fewer consonants than these are no key.
LEAST_CONSONANTS: Final = 2

Codes = npt.NDArray[np.int32]


def terms(name: Name) -> Codes:
    """What a name is found by: sorted codes of triples and concepts, each once. Shape (n,)."""
    codes: set[int] = set()
    for sound in (*name.sounds[:MOST_SOUNDS], *(name.abroad if name.foreign else ())):
        codes.update(_triples(f"^{sound}$"))
    codes.update(_skeletons(name))
    codes.update(terms_said(name))
    return np.array(sorted(codes), dtype=np.int32)


def terms_said(name: Name) -> Iterator[int]:
    """Terms of all but how the brand sounds: what it means, what it is in short, and what the other words say."""
    for letters in acronyms(name):
        yield TRIPLES + len(_concepts()) + len(_meanings()) + zlib.crc32(letters.encode()) % _ACRONYMS
    yield from _of_words(_said(name), _concepts())
    yield from _of_words(meant(name), _meanings())


def terms_asked(name: Name) -> Codes:
    """What is looked for when a name is asked: what it would be found by, and what its brand may be elsewhere."""
    codes: set[int] = set(terms(name).tolist())
    for sound in name.abroad:
        codes.update(_triples(f"^{sound}$"))
    codes.update(_of_words(meant_by_sound(name), _meanings()))
    return np.array(sorted(codes), dtype=np.int32)


def consonants_asked(name: Name) -> tuple[str, ...]:
    syllables = in_pinyin(name)
    read = transcription.keys_asked(transcription.of_hanzi(syllables)) if syllables else ()
    return (*transcription.keys_asked(consonants_of(name)), *read)


def terms_meant(name: Name) -> Codes:
    """The terms of a name that is asked beside the sound of its brand."""
    return np.array(sorted({*terms_said(name), *_of_words(meant_by_sound(name), _meanings())}), dtype=np.int32)


def _of_words(words: Iterable[str], known: Mapping[str, int]) -> Iterator[int]:
    return (known[word] for word in words if word in known)


def _skeletons(name: Name) -> Iterator[int]:
    """Triples of the consonants of the brand, as transcriptions keep them; apart from those of its letters."""
    consonants = consonants_of(name)
    rarer = [transcription.letters(consonants, usual=False)] if name.brand_han else []
    for letters in {*transcription.keys(consonants), *rarer}:
        if len(letters) >= LEAST_CONSONANTS:
            # What no sound begins with keeps them apart.
            yield from _triples(f"0{letters}0")


def consonants_of(name: Name) -> tuple[transcription.Consonant, ...]:
    if name.brand_han:
        return transcription.of_hanzi(name.brand_words)
    return transcription.of_letters(name.brand) if name.brand and not name.cjk else ()


def _said(name: Name) -> Iterable[str]:
    near = vocabulary().near
    for one in name.industries:
        yield from near[one]
    yield from name.directions
    for place in name.places:
        yield from place
    for places, trades in shortened(name):
        yield from places
        for one in trades:
            yield from near[one]


def _triples(text: str) -> list[int]:
    at = [_LETTERS.index(letter) for letter in text]
    return [(at[i] * _BASE + at[i + 1]) * _BASE + at[i + 2] for i in range(len(at) - 2)]


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
    said = frozenset().union(*name.places, *(places for places, _ in shortened(name)))
    around = frozenset().union(*(within[place] for place in said))
    stands = np.zeros(every_code(), np.int8)
    for place, above in within.items():
        stands[codes[place]] = 1 if place in around or not said.isdisjoint(above) else 2
    return stands


def every_code() -> int:
    return TRIPLES + len(_concepts()) + len(_meanings()) + _ACRONYMS


def rarity_of(wanted: Codes, frequency: npt.NDArray[np.int64], names: int) -> npt.NDArray[np.float32]:
    """How much each term says that is looked for. One that all names have still says something where there are few."""
    return (np.log1p(names / (frequency + 1)) * weights_of(wanted)).astype(np.float32)


def weights_of(terms_: Codes) -> npt.NDArray[np.float32]:
    """How much each term weighs by its kind. Shape (n,)."""
    kinds = np.array([1.0, _CONCEPT_WEIGHT, _MEANING_WEIGHT, _ACRONYM_WEIGHT], np.float32)
    return kinds[np.searchsorted(np.cumsum([TRIPLES, len(_concepts()), len(_meanings())]), terms_, side="right")]
