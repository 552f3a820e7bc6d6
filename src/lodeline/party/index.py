"""A million names, of which those that may be meant are found in milliseconds.

Candidates come by cosine of weighted terms (`terms`; rare ones weigh more), exactly: none is pruned. Thousands of them
are put in several orders: by their letters, so that two errors in a short brand do not lose the name, by all they have
in common, by meaning, and by how well one transcribes the other; so hanzi, pinyin and English meet.
The few that lead are compared in full. Who is meant is decided by `likeness`.

Of those that are compared the likeliest are shown, and what leads in several of the orders before what is as likely:
how many others have as much in common is said by none of the names.

Names are only added or taken out. They stand in segments that never change; small ones are joined as they fill, so that
one name is added in milliseconds and none is lost. Sources: Robertson, J. Doc. 60 (2004), inverse document frequency;
Cormack, Clarke and Büttcher, SIGIR (2009), reciprocal rank fusion.
"""

from __future__ import annotations

import gc
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from math import log
from multiprocessing import get_context
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz

from lodeline.party.likeness import ANOTHER_WORD, Likeness, compared
from lodeline.party.name import Name, parsed, taken_apart
from lodeline.party.segment import Columns, Known, Segment, gather_rare, highest, other_place, summed
from lodeline.party.terms import (
    MOST_SOUNDS,
    Codes,
    as_transcribed,
    as_transcribed_anyhow,
    every_code,
    is_phonetic,
    query_terms,
    rarity_of,
    standing,
    term_spelt,
    terms_meant,
    terms_of,
)
from lodeline.party.transcription import evidence, evidences, habit

#: How many names the youngest segment takes before it is closed.
_OPEN: Final = 2_048
#: How many names with terms in common are looked through for how they are written; and where there are no more than
#: that, all of them.
_LOOKED_THROUGH: Final = 6_000
_LOOKED_THROUGH_ALL: Final = 20_000
#: And how many with nothing but meanings in common.
_LOOKED_THROUGH_MEANT: Final = 2_000
#: For these, a word that one name in so many has says too little.
_ONE_IN: Final = 40
#: And how many of those that sound most like a transcription are weighed by syllable, among few names and among many.
_WEIGHED: Final = 1_500
_WEIGHED_AMONG_MANY: Final = 100
#: How many names are taken apart in one go where several processes do it.
_PART: Final = 10_000
#: How many candidates are compared in full for each name that is wanted.
_BREADTH: Final = 3
#: And how many where none of them is as likely as that.
_BREADTH_UNSURE: Final = 20
_CONVINCING: Final = 0.75
#: A candidate so many places behind the first of an order counts half of what that one does, and so many count.
_HALF_AS_FAR: Final = 5.0
_RANKED: Final = 300
#: No odds are longer.
_LEAST: Final = 1e-6
#: What is written less alike is no typing error.
_TYPED: Final = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A name of the index that may be meant: the key and text under which it was added, how like it is, and how far
    ahead of others it stood where it was looked for (`led`, 0 to 3).
    """

    key: str
    name: str
    likeness: Likeness
    led: float = 0.0


class _Orders(NamedTuple):
    """Places of names that may be meant, in each of the orders in which they are looked through."""

    letters: npt.NDArray[np.int64]
    common: npt.NDArray[np.int64]
    meaning: npt.NDArray[np.int64]
    transcription: npt.NDArray[np.int64]

    @property
    def significant(self) -> tuple[npt.NDArray[np.int64], ...]:
        """Those that say how many others have as much in common, which two names do not; letters say no more than
        they do.
        """
        return self.common, self.meaning, self.transcription


def _known(name: str) -> Known:
    parts = taken_apart(name)
    codes = array("i", terms_of(parts)).tobytes()
    # One that may be divided without a place says none.
    stands = all(one.places for one in parts.every)
    return Known(parts.text, parts.brand, as_transcribed_anyhow(parts), stands, codes)


def _several(names: Sequence[str]) -> Columns:
    # What is made for a name is thrown away without a cycle: looking for cycles among it takes a fifth of the time.
    is_collecting = gc.isenabled()
    gc.disable()
    try:
        return Columns.of([_known(name) for name in names])
    finally:
        if is_collecting:
            gc.enable()


def _all_known(names: Sequence[tuple[str, str]], *, processes: int) -> Iterator[Columns]:
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
        self._segments: list[Segment] = []
        self._open: list[Known] = []
        fresh = list(dict.fromkeys(names))
        for place, (key, name) in enumerate(fresh):
            self._places[key, name] = place
            self._keys.append(key)
            self._names.append(name)
        self._alive.extend(b"\1" * len(fresh))
        parts = list(_all_known(fresh, processes=processes))
        if parts:
            self._segments.append(Segment.of(Columns.joined(parts), first=0))

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
        parts = [Segment.of(Columns.of(self._open), first=len(self._names) - len(self._open))]
        self._open = []
        while self._segments and self._segments[-1].size <= sum(part.size for part in parts):
            parts.insert(0, self._segments.pop())
        self._segments.append(parts[0] if len(parts) == 1 else Segment.joined(parts))

    def nearest(self, name: str, *, most: int = 20) -> list[int]:
        """Places of the names that are written or sound most like it, among those with the most terms in common."""
        asked = parsed(name)
        found = self._by_letters(asked, self._common(query_terms(asked), most=max(_LOOKED_THROUGH, 2 * most)))
        return [int(place) for place in found[:most]]

    def _by_letters(self, asked: Name, here: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The places, those first whose names are written or sound most like the one that is asked."""
        written, sound = np.empty(len(here), np.float32), np.empty(len(here), np.float32)
        for segment in self._parts():
            own = (here >= segment.first) & (here < segment.first + segment.size)
            at = here[own] - segment.first
            written[own] = segment.columns.texts.ratios([asked.text], at)
            sound[own] = segment.columns.sounds.ratios(asked.sounds[:MOST_SOUNDS], at)
        # Of those that sound the same, the one that is written most alike.
        return here[np.lexsort((here, -np.minimum(written, sound), -np.maximum(written, sound)))]

    def _by_transcription(self, asked: Name, here: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The places, those first that most likely transcribe the brand that is asked, or are transcribed by it: all by
        their sounds, and the first of them by syllable.
        """
        bits, wanted = np.zeros(len(here), np.float32), as_transcribed(asked)
        parts = self._parts()
        for segment in parts:
            own = (here >= segment.first) & (here < segment.first + segment.size)
            kept = segment.columns.transcribed
            bits[own] = evidences(wanted, kept.units, kept.offsets, here[own] - segment.first)
        # Of equals the one with more in common, as the places come.
        order = np.argsort(-bits, kind="stable")
        first = order[: _WEIGHED if len(self._names) <= _LOOKED_THROUGH_ALL else _WEIGHED_AMONG_MANY]
        first = first[np.isfinite(bits[first])]
        for segment in parts:
            for at in first[(here[first] >= segment.first) & (here[first] < segment.first + segment.size)].tolist():
                text = segment.columns.transcribed.text(here[at] - segment.first)
                sounds = max(wanted, text)
                bits[at] = evidence(sounds, min(wanted, text)) + habit(sounds)
        order[: len(first)] = first[np.argsort(-bits[first], kind="stable")]
        return here[order]

    def _by_ear(self, asked: Name, here: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """(len(here),) whether both brands are in hanzi or pinyin, and so are compared by ear: they share all that
        their syllables may mean, whatever they do.
        """
        found = np.zeros(len(here), np.bool_)
        if is_phonetic(asked):
            for segment in self._parts():
                own = (here >= segment.first) & (here < segment.first + segment.size)
                found[own] = segment.phonetic[here[own] - segment.first]
        return found

    def _by_meaning(self, asked: Name, here: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The places, those first that have most in common with it beside the letters of the brand."""
        scores = self._shared_weight(terms_meant(asked), here)
        return here[np.lexsort((here, -scores * ~self._by_ear(asked, here)))]

    def _shared_weight(self, wanted: Codes, here: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """(len(here),) how much the names at the places have of the terms."""
        weights = np.zeros(every_code(), np.float32)
        weights[wanted] = rarity_of(wanted, self._frequencies(wanted), len(self._names))
        scores = np.zeros(len(here), np.float32)
        for segment in self._parts():
            own = (here >= segment.first) & (here < segment.first + segment.size)
            scores[own] = summed(weights, segment.columns.terms, segment.columns.offsets, here[own] - segment.first)
        return scores

    def _elsewhere(self, asked: Name, here: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """(len(here),) whether each name says a place, and none that lies within or around a place of the asked one."""
        found = np.zeros(len(here), np.bool_)
        stands = standing(asked)
        if stands is not None:
            for segment in self._parts():
                own = (here >= segment.first) & (here < segment.first + segment.size)
                at, kept = here[own] - segment.first, segment.columns
                found[own] = kept.stands[at] & other_place(stands, kept.terms, kept.offsets, at)
        return found

    def _translated(self, asked: Name) -> npt.NDArray[np.int64]:
        """Places of the names with the most in common beside sounds, of those words that not too many names have."""
        wanted = terms_meant(asked)
        frequencies = self._frequencies(wanted)
        rare = frequencies <= max(_LOOKED_THROUGH_MEANT, len(self._names) // _ONE_IN)
        wanted, frequencies = wanted[rare], frequencies[rare]
        weights = rarity_of(wanted, frequencies, len(self._names))
        scores, places = [np.empty(0, np.float32)], [np.empty(0, np.int64)]
        for segment in self._parts():
            score = np.zeros(segment.size, np.float32)
            touched = gather_rare(wanted, weights, segment.starts, segment.holders, score)
            alive = np.frombuffer(self._alive, np.bool_, count=segment.size, offset=segment.first)[touched]
            touched = touched[alive & ~segment.phonetic[touched]] if is_phonetic(asked) else touched[alive]
            scores.append(score[touched] / segment.lengths[touched])
            places.append(touched + segment.first)
        score, place = np.concatenate(scores), np.concatenate(places)
        return place[np.lexsort((place, -score))[:_LOOKED_THROUGH_MEANT]]

    def _common(self, wanted: Codes, *, most: int) -> npt.NDArray[np.int64]:
        """Places of the names with the most in common, by falling cosine, then by place."""
        scores, places = [np.empty(0, np.float32)], [np.empty(0, np.int64)]
        frequencies = self._frequencies(wanted)
        for segment in self._parts():
            found = segment.scores(wanted, frequencies, len(self._names))
            # Those that were taken out still stand in the segment.
            alive = np.frombuffer(self._alive, np.uint8, count=segment.size, offset=segment.first)
            best = highest(found, segment.lengths, alive, most)
            if len(best) > most:
                best = best[np.argpartition(-found[best], most)[:most]]
            scores.append(found[best])
            places.append(best + segment.first)
        score, place = np.concatenate(scores), np.concatenate(places)
        return place[np.lexsort((place, -score))[:most]]

    def _parts(self) -> Sequence[Segment]:
        if not self._open:
            return self._segments
        return [*self._segments, Segment.of(Columns.of(self._open), first=len(self._names) - len(self._open))]

    def _frequencies(self, wanted: Codes) -> npt.NDArray[np.int64]:
        total = np.zeros(len(wanted), dtype=np.int64)
        for segment in self._segments:
            total += segment.starts[wanted + 1] - segment.starts[wanted]
        return total

    def find(self, name: str, *, most: int = 5) -> list[Candidate]:
        """Whom a name may mean, the likeliest first; at most `most` keys, each by the name that is most alike.

        One that a typing error may have made another word of goes before what is no likelier than that. Where nothing
        convinces of what leads, and names are not too many, more is compared. Shown are those that convince, and others
        that are likely and lead (`before_others`).
        """
        asked = parsed(name)
        leading = [self._leading(one) for one in asked.every]
        worth = self._worth_of(asked, leading, most * _BREADTH + 5, {})
        # Among more names than that a stranger would take a tenth of a second and more.
        if len(self._names) <= _LOOKED_THROUGH_ALL and all(value < _CONVINCING for value, _ in worth.values()):
            worth = self._worth_of(asked, leading, most * _BREADTH_UNSURE + 5, worth)
        led = _led(leading)
        best: dict[str, int] = {}
        for place in sorted(worth, key=lambda place: (-worth[place][0], self._keys[place])):
            best.setdefault(self._keys[place], place)
        likeliest = list(best.values())
        shown = sorted(likeliest, key=lambda at: before_others(worth[at][0], led.get(at, 0.0), sure=_CONVINCING))
        # The likeliest in any case.
        kept = list(dict.fromkeys([*likeliest[:1], *shown]))[:most]
        return [replace(worth[at][1], led=led.get(at, 0.0)) for at in likeliest if at in kept]

    def _worth_of(
        self, asked: Name, leading: list[_Orders], wide: int, known: dict[int, tuple[float, Candidate]]
    ) -> dict[int, tuple[float, Candidate]]:
        """Place → what the candidate is worth, for the first so many of each order, and what is known."""
        worth = dict(known)
        for place in dict.fromkeys(place for some in leading for order in some for place in order[:wide].tolist()):
            if place not in worth:
                text = self._names[place]
                one = Candidate(key=self._keys[place], name=text, likeness=compared(asked, parsed(text)))
                worth[place] = _worth(asked, one), one
        return worth

    def _leading(self, asked: Name) -> _Orders:
        """Places of the names that may be meant, in each of the orders in which they are looked through."""
        common = self._common(query_terms(asked), most=_LOOKED_THROUGH)
        if common.size and len(self._names) <= _LOOKED_THROUGH_ALL:
            alive = np.flatnonzero(np.frombuffer(self._alive, np.bool_))
            common = np.concatenate([common, np.setdiff1d(alive, common, assume_unique=True)])
        # What is translated has no sound in common.
        translated = self._translated(asked)
        common = np.concatenate([common, np.setdiff1d(translated, common, assume_unique=True)])
        # Of names that stand elsewhere there are many, and none of them is meant.
        elsewhere = self._elsewhere(asked, common) & (
            self._shared_weight(np.array(term_spelt(asked), np.int32), common) == 0
        )
        here, common = common[~elsewhere], common[np.argsort(elsewhere, kind="stable")]
        # Errors of typing are found by letters, translations by what is said in common.
        return _Orders(
            letters=self._by_letters(asked, here), common=common,
            meaning=self._by_meaning(asked, here), transcription=self._by_transcription(asked, here),
        )  # fmt: skip


def _led(leading: Sequence[_Orders]) -> dict[int, float]:
    """Place → how far ahead it is in the orders that tell, together; in each by its best way to part the name."""
    found: dict[int, float] = defaultdict(float)
    for ways in zip(*(one.significant for one in leading), strict=True):
        ahead: dict[int, float] = {}
        for order in ways:
            for rank, place in enumerate(order[:_RANKED].tolist()):
                ahead[place] = max(ahead.get(place, 0.0), _HALF_AS_FAR / (_HALF_AS_FAR + rank))
        for place, far in ahead.items():
            found[place] += far
    return found


def before_others(probability: float, led: float, *, sure: float) -> tuple[bool, float]:
    """By what candidates are sorted to choose those that are shown: those of which one is sure by their probability,
    others by their log-odds and by how far ahead of others they stood (reciprocal rank fusion).
    """
    if probability >= sure:
        return False, -probability
    return True, -log(max(probability, _LEAST) / (1 - probability)) - led


def _worth(asked: Name, one: Candidate) -> float:
    """What a candidate is worth: its probability, or that of a typing error that made another word."""
    alike = fuzz.ratio(asked.text, parsed(one.name).text) / 100
    return max(one.likeness.probability, ANOTHER_WORD * (alike - _TYPED) / (1 - _TYPED))
