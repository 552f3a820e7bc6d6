"""A million names, of which those that may be meant are found in milliseconds.

A name is known by the letter triples of its brand as it sounds, and by what its other words mean; so hanzi, pinyin and
English meet, and two typing errors leave some triples standing. Candidates come by cosine of weighted terms (rare
terms weigh more), exactly: nothing is pruned. So many of them are looked through letter by letter that two errors in a
short brand, which leave one triple of it, do not lose the name. Who is meant is decided by `likeness`.

Names are only added or taken out. They stand in segments that never change; small ones are joined as they fill, so that
one name is added in milliseconds and none is lost. Source: Robertson, J. Doc. 60 (2004), inverse document frequency.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from typing import Final, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from lodeline.party.likeness import Likeness, compared
from lodeline.party.name import Name, parsed, taken_apart
from lodeline.party.script import foreign_skeleton, skeleton
from lodeline.party.words import vocabulary

_LETTERS: Final = "^abcdefghijklmnopqrstuvwxyz0123456789$"
_BASE: Final = len(_LETTERS)
_TRIPLES: Final = _BASE**3
#: How much a word that many names share weighs beside a triple of the brand.
_CONCEPT_WEIGHT: Final = 0.7
#: Readings and translations of a brand that are looked up beside its likeliest sound.
_MOST_SOUNDS: Final = 3
#: Fewer consonants than these are no key.
_LEAST_CONSONANTS: Final = 3
#: How many names the youngest segment takes before it is closed.
_OPEN: Final = 2_048
#: How many names with terms in common are looked through for how they are written.
_LOOKED_THROUGH: Final = 6_000
#: How many names are taken apart in one go where several processes do it.
_PART: Final = 10_000
#: So many letters of a text are compared, one for each bit of a word.
_WORD: Final = 64
#: Into how many steps scores are sorted to find the highest without ordering all of them.
_STEPS: Final = 4_096
#: How many candidates are compared in full for each name that is wanted.
_BREADTH: Final = 3

Codes = npt.NDArray[np.int32]
_CODE: Final = np.full(128, -1, dtype=np.int32)
_CODE[[ord(letter) for letter in _LETTERS]] = np.arange(_BASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A name of the index that may be meant: the key and text under which it was added, and how like it is."""

    key: str
    name: str
    likeness: Likeness


class _Known(NamedTuple):
    """What the index keeps of a name: its text and brand as letters, and the codes it is found by, as bytes."""

    text: str
    sound: str
    terms: bytes


def _known(name: str) -> _Known:
    parts = taken_apart(name)
    return _Known(parts.text, parts.brand, terms(parts).tobytes())


def _several(names: Sequence[str]) -> list[_Known]:
    return [_known(name) for name in names]


def _all_known(names: Sequence[tuple[str, str]], *, processes: int) -> Iterator[list[_Known]]:
    """What is kept of each name, in parts and in order."""
    parts = [[name for _, name in names[at : at + _PART]] for at in range(0, len(names), _PART)]
    if processes < 2 or len(parts) < 2 * processes:
        yield from map(_several, parts)
        return
    # Begun anew and not forked: whoever asks may have threads.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_several, parts)


class NameIndex:
    """Names with keys; a key may have several names."""

    def __init__(self, names: Iterable[tuple[str, str]] = (), *, processes: int = 1) -> None:
        """Takes in (key, name) pairs at once, which is far faster than one after the other.

        `processes`: how many take names apart side by side where there are many; they end with it.
        """
        self._keys: list[str] = []
        self._names: list[str] = []
        self._alive = bytearray()
        self._places: dict[tuple[str, str], int] = {}
        self._segments: list[_Segment] = []
        self._open: list[_Known] = []
        fresh = list(dict.fromkeys(names))
        for place, (key, name) in enumerate(fresh):
            self._places[key, name] = place
            self._keys.append(key)
            self._names.append(name)
        self._alive.extend(b"\1" * len(fresh))
        parts, first = [], 0
        for found in _all_known(fresh, processes=processes):
            parts.append(_Segment.of(found, first=first))
            first += len(found)
        if parts:
            self._segments.append(parts[0] if len(parts) == 1 else _Segment.joined(parts))

    def __len__(self) -> int:
        return len(self._places)

    def add(self, key: str, name: str) -> None:
        """One name more; adding it again changes nothing."""
        if (key, name) in self._places:
            return
        self._places[key, name] = len(self._names)
        self._keys.append(key)
        self._names.append(name)
        self._alive.append(1)
        self._open.append(_known(name))
        if len(self._open) >= _OPEN:
            self._close()

    def remove(self, key: str, name: str) -> None:
        """Takes a name out; one that is not there is none."""
        place = self._places.pop((key, name), None)
        if place is not None:
            self._alive[place] = 0

    def _close(self) -> None:
        """Makes a segment of the open names, and joins it with those before that are no larger."""
        parts = [_Segment.of(self._open, first=len(self._names) - len(self._open))]
        self._open = []
        while self._segments and self._segments[-1].size <= sum(part.size for part in parts):
            parts.insert(0, self._segments.pop())
        self._segments.append(parts[0] if len(parts) == 1 else _Segment.joined(parts))

    def nearest(self, name: str, *, most: int = 20) -> list[int]:
        """Places of the names that are written or sound most like it, among those with the most terms in common."""
        asked = parsed(name)
        found = self._by_letters(asked, self._common(terms(asked), most=max(_LOOKED_THROUGH, 2 * most)))
        return [int(place) for place in found[:most]]

    def _by_letters(self, asked: Name, here: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The places, those first whose names are written or sound most like the one that is asked."""
        written, sound = np.empty(len(here), np.float32), np.empty(len(here), np.float32)
        for segment in self._parts():
            own = (here >= segment.first) & (here < segment.first + segment.size)
            at = here[own] - segment.first
            written[own] = segment.texts.ratios([asked.text], at)
            sound[own] = segment.sounds.ratios(asked.sounds[:_MOST_SOUNDS], at)
        # Of those that sound the same, the one that is written most alike.
        return here[np.lexsort((here, -np.minimum(written, sound), -np.maximum(written, sound)))]

    def _common(self, wanted: Codes, *, most: int) -> npt.NDArray[np.int64]:
        """Places of the names with the most in common, by falling cosine, then by place."""
        scores, places = [np.empty(0, np.float32)], [np.empty(0, np.int64)]
        frequencies = self._frequencies(wanted)
        for segment in self._parts():
            found = segment.scores(wanted, frequencies, len(self._names))
            # Those that were taken out still stand in the segment.
            alive = np.frombuffer(self._alive, np.uint8, count=segment.size, offset=segment.first)
            best = _highest(found, segment.lengths, alive, most)
            if len(best) > most:
                best = best[np.argpartition(-found[best], most)[:most]]
            scores.append(found[best])
            places.append(best + segment.first)
        score, place = np.concatenate(scores), np.concatenate(places)
        return place[np.lexsort((place, -score))[:most]]

    def _parts(self) -> Sequence[_Segment]:
        if not self._open:
            return self._segments
        return [*self._segments, _Segment.of(self._open, first=len(self._names) - len(self._open))]

    def _frequencies(self, wanted: Codes) -> npt.NDArray[np.int64]:
        total = np.zeros(len(wanted), dtype=np.int64)
        for segment in self._segments:
            total += segment.starts[wanted + 1] - segment.starts[wanted]
        return total

    def find(self, name: str, *, most: int = 5) -> list[Candidate]:
        """Whom a name may mean, the likeliest first; at most `most` keys, each by the name that is most alike."""
        asked = parsed(name)
        best: dict[str, Candidate] = {}
        wide = most * _BREADTH + 5
        common = self._common(terms(asked), most=max(_LOOKED_THROUGH, wide))
        # Errors of typing are found by letters, translations by what is said in common.
        looked_at = [*self._by_letters(asked, common)[:wide].tolist(), *common[:wide].tolist()]
        for place in dict.fromkeys(looked_at):
            text = self._names[place]
            one = Candidate(key=self._keys[place], name=text, likeness=compared(asked, parsed(text)))
            known = best.get(one.key)
            if known is None or known.likeness.probability < one.likeness.probability:
                best[one.key] = one
        return sorted(best.values(), key=lambda one: (-one.likeness.probability, one.key))[:most]


def terms(name: Name) -> Codes:
    """What a name is found by: sorted codes of triples and concepts, each once. Shape (n,)."""
    codes: set[int] = set()
    for sound in (*name.sounds[:_MOST_SOUNDS], *_translated(name)):
        codes.update(_triples(f"^{sound}$"))
    codes.update(_skeletons(name))
    for index in map(_concepts().get, _said(name)):
        if index is not None:
            codes.add(_TRIPLES + index)
    return np.array(sorted(codes), dtype=np.int32)


def _skeletons(name: Name) -> Iterator[int]:
    """Triples of the consonants of the brand, as transcriptions keep them; apart from those of its letters."""
    if name.brand_han:
        letters = skeleton(name.brand_words)
    elif name.brand and not name.cjk:
        letters = foreign_skeleton(name.brand)
    else:
        letters = ""
    if len(letters) >= _LEAST_CONSONANTS:
        # What no sound begins with keeps them apart.
        yield from _triples(f"0{letters}0")


def _translated(name: Name) -> Iterable[str]:
    """The brand in English where each of its hanzi has one: "earthbear" of 大地熊."""
    if name.meanings and all(name.meanings):
        yield "".join(min(meaning) for meaning in name.meanings)


def _said(name: Name) -> Iterable[str]:
    near = vocabulary().near
    yield from (near.get(one, one) for one in name.industries)
    yield from name.directions
    for place in name.places:
        yield from place


def _triples(text: str) -> list[int]:
    at = [_LETTERS.index(letter) for letter in text]
    return [(at[i] * _BASE + at[i + 1]) * _BASE + at[i + 2] for i in range(len(at) - 2)]


@cache
def _concepts() -> dict[str, int]:
    words = vocabulary()
    names = sorted({*words.near.values(), *words.near, *words.within})
    return {name: index for index, name in enumerate(names)}


def _end_to_end(offsets: Sequence[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    """Offsets of parts that are joined."""
    shifts = np.cumsum([0, *(one[-1] for one in offsets)])
    moved = [one[1:] + shift for one, shift in zip(offsets, shifts, strict=False)]
    return np.concatenate([np.zeros(1, np.int64), *moved])


@dataclass(frozen=True, slots=True)
class _Letters:
    """Texts as UTF-16 units, joined; `offsets` says where each begins. Shapes (units,) and (texts + 1,)."""

    units: npt.NDArray[np.uint16]
    offsets: npt.NDArray[np.int64]

    @staticmethod
    def of(texts: Sequence[str]) -> _Letters:
        encoded = [text.encode("utf-16-le") for text in texts]
        offsets = np.zeros(len(texts) + 1, dtype=np.int64)
        np.cumsum([len(one) // 2 for one in encoded], out=offsets[1:])
        return _Letters(np.frombuffer(b"".join(encoded), np.uint16), offsets)

    @staticmethod
    def joined(parts: Sequence[_Letters]) -> _Letters:
        return _Letters(np.concatenate([one.units for one in parts]), _end_to_end([one.offsets for one in parts]))

    def ratios(self, some: Sequence[str], places: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """(len(places),) how alike the texts at these places are to the nearest of `some`, 0 to 1; 0 without any."""
        best = np.zeros(len(places), np.float32)
        for text in some:
            asked = np.frombuffer(text.encode("utf-16-le"), np.uint16)[:_WORD]
            if len(asked):
                _alike(asked, self.units, self.offsets, places, best)
        return best


@dataclass(frozen=True, slots=True)
class _Segment:
    """Names from `first` on by what they are found by.

    `terms`, `offsets`: the terms of each name, joined; `starts`, `holders`: for each term the names (from 0) that have
    it, joined; `lengths`: how long each name's vector is, with weights by term kind alone. `texts`, `sounds`: how each
    name is written, and how its brand sounds.
    """

    first: int
    terms: Codes
    offsets: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    holders: Codes
    lengths: npt.NDArray[np.float32]
    texts: _Letters
    sounds: _Letters

    @property
    def size(self) -> int:
        return len(self.offsets) - 1

    @staticmethod
    def of(known: Sequence[_Known], *, first: int) -> _Segment:
        offsets = np.zeros(len(known) + 1, dtype=np.int64)
        np.cumsum([len(one.terms) // 4 for one in known], out=offsets[1:])
        codes = np.frombuffer(b"".join(one.terms for one in known), np.int32)
        letters = _Letters.of([one.text for one in known]), _Letters.of([one.sound for one in known])
        return _Segment._indexed(first, codes, offsets, *letters)

    @staticmethod
    def joined(parts: Sequence[_Segment]) -> _Segment:
        return _Segment._indexed(
            parts[0].first, np.concatenate([part.terms for part in parts]), _end_to_end([p.offsets for p in parts]),
            _Letters.joined([part.texts for part in parts]), _Letters.joined([part.sounds for part in parts]),
        )  # fmt: skip

    @staticmethod
    def _indexed(
        first: int, terms: Codes, offsets: npt.NDArray[np.int64], texts: _Letters, sounds: _Letters
    ) -> _Segment:
        counts = np.bincount(terms, minlength=_TRIPLES + len(_concepts()) + 1)
        starts = np.zeros(len(counts) + 1, dtype=np.int64)
        np.cumsum(counts, out=starts[1:])
        weights = np.where(terms < _TRIPLES, np.float32(1.0), np.float32(_CONCEPT_WEIGHT**2))
        sums = np.add.reduceat(np.append(weights, np.float32(0.0)), offsets[:-1]) * (np.diff(offsets) > 0)
        holders = _by_term(terms, offsets, starts)
        return _Segment(first, terms, offsets, starts, holders, np.sqrt(sums + 1.0).astype(np.float32), texts, sounds)

    def scores(self, wanted: Codes, frequency: npt.NDArray[np.int64], names: int) -> npt.NDArray[np.float32]:
        """(size,) how much each name has in common with the terms `wanted`, before its length is regarded."""
        # A term that all names have still says something where there are few.
        rarity = np.log1p(names / (frequency + 1)) * np.where(wanted < _TRIPLES, 1.0, _CONCEPT_WEIGHT)
        scores = np.zeros(self.size, dtype=np.float32)
        _gather(wanted, rarity.astype(np.float32), self.starts, self.holders, scores)
        return scores


@numba.njit(cache=True)
def _gather(
    wanted: Codes, weights: npt.NDArray[np.float32], starts: npt.NDArray[np.int64], holders: Codes,
    scores: npt.NDArray[np.float32],
) -> None:  # fmt: skip
    for at in range(len(wanted)):
        for place in range(starts[wanted[at]], starts[wanted[at] + 1]):
            scores[holders[place]] += weights[at]


@numba.njit(cache=True)
def _by_term(terms: Codes, offsets: npt.NDArray[np.int64], starts: npt.NDArray[np.int64]) -> Codes:
    """For each term the names that have it, joined, in their order."""
    free = starts.copy()
    holders = np.empty(len(terms), dtype=np.int32)
    for name in range(len(offsets) - 1):
        for at in range(offsets[name], offsets[name + 1]):
            holders[free[terms[at]]] = name
            free[terms[at]] += 1
    return holders


@numba.njit(cache=True)
def _alike(
    asked: npt.NDArray[np.uint16], units: npt.NDArray[np.uint16], offsets: npt.NDArray[np.int64],
    places: npt.NDArray[np.int64], best: npt.NDArray[np.float32],
) -> None:  # fmt: skip
    """Raises `best` to 2 · (longest common subsequence) ÷ (both lengths) with the text at each place.

    Texts are looked at up to _WORD units. Source: Hyyrö (2004), Bit-parallel LCS-length computation revisited.
    """
    whereabouts = np.zeros(1 << 16, dtype=np.uint64)
    for at in range(len(asked)):
        whereabouts[asked[at]] |= np.uint64(1) << np.uint64(at)
    for number in range(len(places)):
        start = offsets[places[number]]
        end = min(offsets[places[number] + 1], start + _WORD)
        row = ~np.uint64(0)
        for at in range(start, end):
            met = row & whereabouts[units[at]]
            row = (row + met) | (row - met)
        # The zeros within the length of what is asked; above it nothing was ever met.
        left, common = ~row, 0
        while left:
            left &= left - np.uint64(1)
            common += 1
        ratio = np.float32(2.0 * common / (len(asked) + end - start))
        best[number] = max(best[number], ratio)


@numba.njit(cache=True)
def _highest(
    scores: npt.NDArray[np.float32], lengths: npt.NDArray[np.float32], alive: npt.NDArray[np.uint8], most: int
) -> npt.NDArray[np.int64]:
    """Divides the scores by the lengths, in place, and gives the places of the highest: `most`, and those in one step
    with the last of them; none that is 0 or not alive.
    """
    highest = np.float32(0.0)
    for place in range(len(scores)):
        if scores[place] > 0:
            scores[place] = scores[place] / lengths[place] if alive[place] else np.float32(0.0)
            highest = max(highest, scores[place])
    counts = np.zeros(_STEPS + 1, dtype=np.int64)
    if highest > 0:
        for place in range(len(scores)):
            if scores[place] > 0:
                counts[int(scores[place] / highest * _STEPS)] += 1
    step, total = _STEPS, counts[_STEPS]
    while step > 0 and total < most:
        step -= 1
        total += counts[step]
    found = np.empty(total, dtype=np.int64)
    at = 0
    if highest > 0:
        for place in range(len(scores)):
            if scores[place] > 0 and int(scores[place] / highest * _STEPS) >= step:
                found[at] = place
                at += 1
    return found[:at]
