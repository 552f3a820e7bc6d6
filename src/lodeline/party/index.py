"""A million names, of which those that may be meant are found in milliseconds.

A name is known by the letter triples of its brand as it sounds, and by what its other words mean; so hanzi, pinyin and
English meet, and two typing errors leave some triples standing. Candidates come by cosine of weighted terms (rare
terms weigh more), exactly: nothing is pruned. So many of them are looked through letter by letter that two errors in a
short brand, which leave one triple of it, do not lose the name. Who is meant is decided by `likeness`.

Names are only added or taken out. They stand in segments that never change; small ones are joined as they fill, so that
one name is added in milliseconds and none is lost. Source: Robertson, J. Doc. 60 (2004), inverse document frequency.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import numba
import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz, process

from lodeline.party.likeness import Likeness, compared
from lodeline.party.name import Name, parsed, taken_apart
from lodeline.party.words import vocabulary

_LETTERS: Final = "^abcdefghijklmnopqrstuvwxyz0123456789$"
_BASE: Final = len(_LETTERS)
_TRIPLES: Final = _BASE**3
#: How much a word that many names share weighs beside a triple of the brand.
_CONCEPT_WEIGHT: Final = 0.7
#: Readings and translations of a brand that are looked up beside its likeliest sound.
_MOST_SOUNDS: Final = 3
#: How many names the youngest segment takes before it is closed.
_OPEN: Final = 2_048
#: How many names with terms in common are looked through for how they are written.
_LOOKED_THROUGH: Final = 6_000
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


class NameIndex:
    """Names with keys; a key may have several names."""

    def __init__(self, names: Iterable[tuple[str, str]] = ()) -> None:
        """Takes in (key, name) pairs at once, which is far faster than one after the other."""
        self._keys: list[str] = []
        self._names: list[str] = []
        self._texts: list[str] = []
        self._sounds: list[str] = []
        self._alive = bytearray()
        self._places: dict[tuple[str, str], int] = {}
        self._segments: list[_Segment] = []
        self._open: list[Codes] = []
        codes = [self._enter(key, name) for key, name in names]
        if codes:
            self._segments.append(_Segment.of([one for one in codes if one is not None], first=0))

    def __len__(self) -> int:
        return len(self._places)

    def add(self, key: str, name: str) -> None:
        """One name more; adding it again changes nothing."""
        codes = self._enter(key, name)
        if codes is None:
            return
        self._open.append(codes)
        if len(self._open) >= _OPEN:
            self._close()

    def remove(self, key: str, name: str) -> None:
        """Takes a name out; one that is not there is none."""
        place = self._places.pop((key, name), None)
        if place is not None:
            self._alive[place] = 0

    def _enter(self, key: str, name: str) -> Codes | None:
        if (key, name) in self._places:
            return None
        self._places[key, name] = len(self._names)
        self._keys.append(key)
        self._names.append(name)
        self._alive.append(1)
        parts = taken_apart(name)
        self._texts.append(parts.text)
        self._sounds.append(parts.brand)
        return terms(parts)

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
        return self._by_letters(asked, self._common(terms(asked), most=max(_LOOKED_THROUGH, 2 * most)))[:most]

    def _by_letters(self, asked: Name, places: list[int]) -> list[int]:
        """The places, those first whose names are written or sound most like the one that is asked."""
        if not places:
            return []
        written = _ratios([asked.text], [self._texts[place] for place in places])
        sound = _ratios(asked.sounds[:_MOST_SOUNDS], [self._sounds[place] for place in places])
        # Of those that sound the same, the one that is written most alike.
        order = np.lexsort((np.array(places), -np.minimum(written, sound), -np.maximum(written, sound)))
        return [places[at] for at in order]

    def _common(self, wanted: Codes, *, most: int) -> list[int]:
        """Places of the names with the most in common, by falling cosine, then by place."""
        scores, places = [np.empty(0, np.float32)], [np.empty(0, np.int64)]
        frequencies = self._frequencies(wanted)
        for segment in self._parts():
            found = segment.scores(wanted, frequencies, len(self._names))
            # Those that were taken out still stand in the segment.
            found *= np.frombuffer(self._alive, np.uint8, count=segment.size, offset=segment.first)
            best = np.argpartition(-found, most)[:most] if most < len(found) else np.arange(len(found))
            best = best[found[best] > 0]
            scores.append(found[best])
            places.append(best + segment.first)
        score, place = np.concatenate(scores), np.concatenate(places)
        return [int(one) for one in place[np.lexsort((place, -score))[:most]]]

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
        for place in dict.fromkeys([*self._by_letters(asked, common)[:wide], *common[:wide]]):
            text = self._names[place]
            one = Candidate(key=self._keys[place], name=text, likeness=compared(asked, parsed(text)))
            known = best.get(one.key)
            if known is None or known.likeness.probability < one.likeness.probability:
                best[one.key] = one
        return sorted(best.values(), key=lambda one: (-one.likeness.probability, one.key))[:most]


def _ratios(some: Sequence[str], others: Sequence[str]) -> npt.NDArray[np.float32]:
    """(len(others),) how alike each is to the nearest of `some`, 0 to 100; 0 without any."""
    if not some:
        return np.zeros(len(others), np.float32)
    ratios: npt.NDArray[np.float32] = process.cdist(some, others, scorer=fuzz.ratio, dtype=np.float32).max(axis=0)
    return ratios


def terms(name: Name) -> Codes:
    """What a name is found by: sorted codes of triples and concepts, each once. Shape (n,)."""
    codes: set[int] = set()
    for sound in (*name.sounds[:_MOST_SOUNDS], *_translated(name)):
        codes.update(_triples(f"^{sound}$"))
    for index in map(_concepts().get, _said(name)):
        if index is not None:
            codes.add(_TRIPLES + index)
    return np.array(sorted(codes), dtype=np.int32)


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


@dataclass(frozen=True, slots=True)
class _Segment:
    """Names from `first` on by what they are found by.

    `terms`, `offsets`: the terms of each name, joined; `starts`, `holders`: for each term the names (from 0) that have
    it, joined; `lengths`: how long each name's vector is, with weights by term kind alone.
    """

    first: int
    terms: Codes
    offsets: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    holders: Codes
    lengths: npt.NDArray[np.float32] = field(repr=False)

    @property
    def size(self) -> int:
        return len(self.offsets) - 1

    @staticmethod
    def of(codes: Sequence[Codes], *, first: int) -> _Segment:
        offsets = np.zeros(len(codes) + 1, dtype=np.int64)
        np.cumsum([len(one) for one in codes], out=offsets[1:])
        return _Segment._indexed(first, np.concatenate([*codes, np.empty(0, np.int32)]).astype(np.int32), offsets)

    @staticmethod
    def joined(parts: Sequence[_Segment]) -> _Segment:
        shifts = np.cumsum([0, *(len(part.terms) for part in parts)])
        offsets = np.concatenate(
            [np.zeros(1, np.int64), *(part.offsets[1:] + shift for part, shift in zip(parts, shifts, strict=False))]
        )
        return _Segment._indexed(parts[0].first, np.concatenate([part.terms for part in parts]), offsets)

    @staticmethod
    def _indexed(first: int, terms: Codes, offsets: npt.NDArray[np.int64]) -> _Segment:
        holders = np.repeat(np.arange(len(offsets) - 1, dtype=np.int32), np.diff(offsets))
        order = np.argsort(terms, kind="stable")
        counts = np.bincount(terms, minlength=_TRIPLES + len(_concepts()) + 1)
        starts = np.zeros(len(counts) + 1, dtype=np.int64)
        np.cumsum(counts, out=starts[1:])
        weights = np.where(terms < _TRIPLES, 1.0, _CONCEPT_WEIGHT) ** 2
        sums = np.add.reduceat(np.append(weights, 0.0), offsets[:-1]) * (np.diff(offsets) > 0)
        return _Segment(first, terms, offsets, starts, holders[order], np.sqrt(sums + 1.0).astype(np.float32))

    def scores(self, wanted: Codes, frequency: npt.NDArray[np.int64], names: int) -> npt.NDArray[np.float32]:
        """(size,) how much each name has in common with the terms `wanted`."""
        # A term that all names have still says something where there are few.
        rarity = np.log1p(names / (frequency + 1)) * np.where(wanted < _TRIPLES, 1.0, _CONCEPT_WEIGHT)
        scores = np.zeros(self.size, dtype=np.float32)
        _gather(wanted, rarity.astype(np.float32), self.starts, self.holders, scores)
        scores /= self.lengths
        return scores


@numba.njit(cache=True)
def _gather(
    wanted: Codes, weights: npt.NDArray[np.float32], starts: npt.NDArray[np.int64], holders: Codes,
    scores: npt.NDArray[np.float32],
) -> None:  # fmt: skip
    for at in range(len(wanted)):
        for place in range(starts[wanted[at]], starts[wanted[at] + 1]):
            scores[holders[place]] += weights[at]
