"""Names as arrays: their terms, and their letters, with what is asked of many of them at once, compiled.

A segment never changes. Source of the likeness of letters: Hyyrö (2004), Bit-parallel LCS-length computation revisited.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from lodeline.compiled import njit
from lodeline.party.terms import TRIPLES, Codes, every_code, rarity_of, weights_of
from lodeline.party.transcription import FIRST_SOUND

#: So many letters of a text are compared, one for each bit of a word.
_WORD: Final = 64
#: Into how many steps scores are sorted to find the highest without ordering all of them.
_STEPS: Final = 4_096


class Known(NamedTuple):
    """What the index keeps of a name: its text, how its brand sounds and is transcribed, whether it says a place, and
    its terms, as bytes.
    """

    text: str
    sound: str
    transcribed: str
    stands: bool
    terms: bytes


def _end_to_end(offsets: Sequence[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    """Offsets of parts that are joined."""
    shifts = np.cumsum([0, *(one[-1] for one in offsets)])
    moved = [one[1:] + shift for one, shift in zip(offsets, shifts, strict=False)]
    return np.concatenate([np.zeros(1, np.int64), *moved])


@dataclass(frozen=True, slots=True)
class Letters:
    """Texts as UTF-16 units, joined; `offsets` says where each begins. Shapes (units,) and (texts + 1,)."""

    units: npt.NDArray[np.uint16]
    offsets: npt.NDArray[np.int64]

    @staticmethod
    def of(texts: Sequence[str]) -> Letters:
        encoded = [text.encode("utf-16-le") for text in texts]
        offsets = np.zeros(len(texts) + 1, dtype=np.int64)
        np.cumsum([len(one) // 2 for one in encoded], out=offsets[1:])
        return Letters(np.frombuffer(b"".join(encoded), np.uint16), offsets)

    @staticmethod
    def joined(parts: Sequence[Letters]) -> Letters:
        return Letters(np.concatenate([one.units for one in parts]), _end_to_end([one.offsets for one in parts]))

    def text(self, at: int) -> str:
        """One of the texts."""
        return self.units[self.offsets[at] : self.offsets[at + 1]].tobytes().decode("utf-16-le")

    def ratios(self, some: Sequence[str], places: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """(len(places),) how alike the texts at these places are to the nearest of `some`, 0 to 1; 0 without any."""
        best = np.zeros(len(places), np.float32)
        for text in some:
            asked = np.frombuffer(text.encode("utf-16-le"), np.uint16)[:_WORD]
            if len(asked):
                _alike(asked, self.units, self.offsets, places, best)
        return best


@dataclass(frozen=True, slots=True)
class Columns:
    """What is kept of names, each kind joined: one process hands it to another so, and not name by name.

    `terms`, `offsets`: the terms of each name, joined; `texts`, `sounds`, `transcribed`: how each name is written, how
    its brand sounds, and how that is compared with transcriptions; `stands`: whether it says a place.
    """

    terms: Codes
    offsets: npt.NDArray[np.int64]
    texts: Letters
    sounds: Letters
    transcribed: Letters
    stands: npt.NDArray[np.bool_]

    @staticmethod
    def of(known: Sequence[Known]) -> Columns:
        offsets = np.zeros(len(known) + 1, dtype=np.int64)
        np.cumsum([len(one.terms) // 4 for one in known], out=offsets[1:])
        return Columns(
            np.frombuffer(b"".join([one.terms for one in known]), np.int32), offsets,
            Letters.of([one.text for one in known]), Letters.of([one.sound for one in known]),
            Letters.of([one.transcribed for one in known]), np.array([one.stands for one in known], np.bool_),
        )  # fmt: skip

    @staticmethod
    def joined(parts: Sequence[Columns]) -> Columns:
        if len(parts) == 1:
            return parts[0]
        texts, sounds, transcribed = (
            Letters.joined(some) for some in zip(*((p.texts, p.sounds, p.transcribed) for p in parts), strict=True)
        )
        return Columns(
            np.concatenate([part.terms for part in parts]), _end_to_end([part.offsets for part in parts]),
            texts, sounds, transcribed, np.concatenate([part.stands for part in parts]),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Segment:
    """Names from `first` on by what they are found by.

    `starts`, `holders`: for each term the names (from 0) that have it, joined; `lengths`: how long each name's vector
    is, with weights by term kind alone; `phonetic`: whether its brand is in hanzi or pinyin.
    """

    first: int
    columns: Columns
    starts: npt.NDArray[np.int64]
    holders: Codes
    lengths: npt.NDArray[np.float32]
    phonetic: npt.NDArray[np.bool_]

    @property
    def size(self) -> int:
        return len(self.columns.offsets) - 1

    @staticmethod
    def of(columns: Columns, *, first: int) -> Segment:
        terms, offsets = columns.terms, columns.offsets
        counts = np.bincount(terms, minlength=every_code() + 1)
        starts = np.zeros(len(counts) + 1, dtype=np.int64)
        np.cumsum(counts, out=starts[1:])
        weights = weights_of(terms) ** 2
        sums = np.add.reduceat(np.append(weights, np.float32(0.0)), offsets[:-1]) * (np.diff(offsets) > 0)
        return Segment(
            first=first, columns=columns, starts=starts, holders=_by_term(terms, offsets, starts),
            lengths=np.sqrt(sums + 1.0).astype(np.float32),
            phonetic=_phonetic(columns.transcribed.units, columns.transcribed.offsets),
        )  # fmt: skip

    @staticmethod
    def joined(parts: Sequence[Segment]) -> Segment:
        return Segment.of(Columns.joined([part.columns for part in parts]), first=parts[0].first)

    def scores(self, wanted: Codes, frequency: npt.NDArray[np.int64], names: int) -> npt.NDArray[np.float32]:
        """(size,) how much each name has in common with the terms `wanted`, before its length is regarded."""
        scores = np.zeros(self.size, dtype=np.float32)
        _gather(wanted, rarity_of(wanted, frequency, names), self.starts, self.holders, scores)
        return scores


@njit(cache=True)
def _gather(
    wanted: Codes, weights: npt.NDArray[np.float32], starts: npt.NDArray[np.int64], holders: Codes,
    scores: npt.NDArray[np.float32],
) -> None:  # fmt: skip
    for at in range(len(wanted)):
        for place in range(starts[wanted[at]], starts[wanted[at] + 1]):
            scores[holders[place]] += weights[at]


@njit(cache=True)
def gather_rare(
    wanted: Codes, weights: npt.NDArray[np.float32], starts: npt.NDArray[np.int64], holders: Codes,
    scores: npt.NDArray[np.float32],
) -> npt.NDArray[np.int64]:  # fmt: skip
    """Adds what each name has in common to its score; the places of those that have anything, each once."""
    total = 0
    for at in range(len(wanted)):
        total += starts[wanted[at] + 1] - starts[wanted[at]]
    touched = np.empty(total, dtype=np.int64)
    count = 0
    for at in range(len(wanted)):
        for place in range(starts[wanted[at]], starts[wanted[at] + 1]):
            if scores[holders[place]] == 0:
                touched[count] = holders[place]
                count += 1
            scores[holders[place]] += weights[at]
    return touched[:count]


@njit(cache=True)
def _phonetic(units: npt.NDArray[np.uint16], offsets: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """(texts,) whether each begins with a sound, and not with a letter."""
    found = np.zeros(len(offsets) - 1, dtype=np.bool_)
    for text in range(len(offsets) - 1):
        found[text] = offsets[text] < offsets[text + 1] and units[offsets[text]] >= FIRST_SOUND
    return found


@njit(cache=True)
def summed(
    weights: npt.NDArray[np.float32], terms: Codes, offsets: npt.NDArray[np.int64], places: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """(len(places),) how much the terms of the name at each place weigh together."""
    found = np.zeros(len(places), dtype=np.float32)
    for number in range(len(places)):
        for at in range(offsets[places[number]], offsets[places[number] + 1]):
            found[number] += weights[terms[at]]
    return found


@njit(cache=True)
def other_place(
    stands: npt.NDArray[np.int8], terms: Codes, offsets: npt.NDArray[np.int64], places: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    found = np.zeros(len(places), dtype=np.bool_)
    for number in range(len(places)):
        # Terms are in order, and those of places stand behind the triples.
        at = offsets[places[number] + 1] - 1
        while at >= offsets[places[number]] and terms[at] >= TRIPLES:
            if stands[terms[at]] == 1:
                found[number] = False
                break
            if stands[terms[at]] == 2:
                found[number] = True
            at -= 1
    return found


@njit(cache=True)
def _by_term(terms: Codes, offsets: npt.NDArray[np.int64], starts: npt.NDArray[np.int64]) -> Codes:
    """For each term the names that have it, joined, in their order."""
    free = starts.copy()
    holders = np.empty(len(terms), dtype=np.int32)
    for name in range(len(offsets) - 1):
        for at in range(offsets[name], offsets[name + 1]):
            holders[free[terms[at]]] = name
            free[terms[at]] += 1
    return holders


@njit(cache=True)
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


@njit(cache=True)
def highest(
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
