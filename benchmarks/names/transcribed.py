"""Learns `src/lodeline/data/party/transcription.csv`: how the sounds of hanzi and letters that they transcribe meet.

    python benchmarks/names/transcribed.py [--without-known]

Learned on `transcribed.csv` (names of places, of persons and brands of other branches with the hanzi that are usual for
them, written from general knowledge) and on `elsewhere.csv`, which is never tested on: by expectation and maximisation
of a memoryless transducer from a start that knows no more than which sounds and letters are vowels and which look the
same. With it the names are parted into syllables, which gives what each of these was seen to stand for.

`--without-known` leaves out the firms that the weights of `likeness.csv` are fitted on: what was learned of their own
names would look surer there than it is for others. So they are fitted with that, and it is learned anew with all.

Source: Ristad and Yianilos (1998), Learning string-edit distance, IEEE PAMI 20(5).
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parents[1]))

from lodeline.party import transcription
from lodeline.party.name import parsed
from lodeline.party.script import pinyin_syllables
from names.pairs import elsewhere, pairs

ROOM: Final = Path(__file__).parent
TABLE: Final = ROOM.parents[1] / "src/lodeline/data/party/transcription.csv"
SYLLABLES: Final = TABLE.with_name("transcribed_syllables.csv")
HABITS: Final = TABLE.with_name("transcribing.csv")
ROUNDS: Final = 15
#: How many pairs' worth of chance is mixed in for each pair that was seen.
PRIOR: Final = 0.02
#: How often names are parted anew, and how many sightings of a syllable what its sounds say is worth.
ROUNDS_OF_SYLLABLES: Final = 2
BELIEF: Final = 20.0
#: What is taken off for having been seen by chance.
ONCE: Final = 0.5
#: How brands come of English that are Chinese ones, and how many of each sign are added to those that were seen.
OF_CHINA: Final = frozenset({"read", "translated", "initials"})
DOUBT: Final = 0.5
OTHERWISE: Final = transcription.OTHERWISE
_VOWELS: Final = frozenset("aeiouy")
_LETTERS: Final = "abcdefghijklmnopqrstuvwyzCST"

Floats = npt.NDArray[np.float64]
Coded = tuple[list[int], list[int]]


def main() -> int:
    """Writes the tables anew; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--without-known", action="store_true", help="leave out firms that weights are fitted on")
    known = without_known(names()) if parser.parse_args().without_known else names()
    coded = [(transcription.sounds_of(pinyin_syllables(han)), transcription.letters_of(word)) for han, word in known]
    sounds = sorted({one for some, _ in coded for one in some})
    weights = learned(coded, sounds)
    _write(TABLE, ("heard", "written", "bits"), (
        (sound, letter, f"{weights[row, column]:.2f}")
        for row, sound in enumerate([*sounds, ""])
        for column, letter in enumerate([*_LETTERS, ""])
        if (sound or letter) and weights[row, column] > transcription.UNLEARNED
    ))  # fmt: skip
    seen = learned_syllables(known, weights, sounds)
    _write(SYLLABLES, ("heard", "written", "bits"), ((*key, f"{bits:.2f}") for key, bits in sorted(seen.items())))
    habits = learned_habits(known)
    _write(HABITS, ("heard", "bits", "rarity"),
           ((one, f"{bits:.2f}", f"{rarity:.2f}") for one, (bits, rarity) in sorted(habits.items())))  # fmt: skip
    print(f"learned on {len(known)} names: {TABLE}, {SYLLABLES}, {HABITS}")
    return 0


def _write(table: Path, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    with table.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def without_known(some: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Without the brands of the tuning half and of `elsewhere.csv`."""
    tuned = {name for pair in (*pairs(), *elsewhere()) if not pair.test for name in (pair.one, pair.other)}
    ways = [way for name in tuned for way in parsed(name).every]
    brands = {way.brand_han or way.brand for way in ways}.union(*(way.brand_words for way in ways if not way.cjk))
    return [(han, word) for han, word in some if han not in brands and word not in brands]


def names() -> list[tuple[str, str]]:
    """(hanzi, letters) of what is transcribed: places, persons, and firms of other branches that have one word."""
    with (ROOM / "transcribed.csv").open(encoding="utf-8", newline="") as stream:
        found = [(row["han"], row["letters"]) for row in csv.DictReader(stream)]
    with (ROOM / "elsewhere.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["english"] == "transcribed"]
    for row in rows:
        han, english = parsed(row["zh"]), parsed(row["en"])
        if han.brand_han and len(english.brand_words) == 1:
            found.append((han.brand_han, english.brand))
    return found


def learned_habits(known: Sequence[tuple[str, str]]) -> dict[str, tuple[float, float]]:
    """Hanzi, and syllable → bits for it being of a transcription, and not of a Chinese brand (`brands.csv`); and how
    rare it is in such a brand, in bits.
    """
    with (ROOM / "brands.csv").open(encoding="utf-8", newline="") as stream:
        brands = [row["han"] for row in csv.DictReader(stream)]
    with (ROOM / "elsewhere.csv").open(encoding="utf-8", newline="") as stream:
        brands += [parsed(row["zh"]).brand_han for row in csv.DictReader(stream) if row["english"] in OF_CHINA]
    found: dict[str, tuple[float, float]] = {}
    for parts in (list, pinyin_syllables):
        there, here = (Counter(one for han in some for one in parts(han))
                       for some in ([han for han, _ in known], brands))  # fmt: skip
        every = {*there, *here}
        shares = [{one: (count[one] + DOUBT) / (count.total() + DOUBT * len(every)) for one in every}
                  for count in (there, here)]  # fmt: skip
        found |= {
            one: (float(np.log2(shares[0][one] / shares[1][one])), float(-np.log2(shares[1][one]))) for one in every
        }
    return found


def learned(known: Sequence[tuple[Sequence[str], str]], sounds: Sequence[str]) -> Floats:
    """(sounds + 1, letters + 1) weights in bits, the last row and column for nothing."""
    row_of = {one: at for at, one in enumerate(sounds)}
    column_of = {one: at for at, one in enumerate(_LETTERS)}
    coded = [([row_of[one] for one in some], [column_of[one] for one in text if one in column_of])
             for some, text in known]  # fmt: skip
    rows, columns = len(sounds), len(_LETTERS)
    usual = [np.bincount([one for pair in coded for one in pair[side]], minlength=size) + 1.0
             for side, size in ((0, rows), (1, columns))]  # fmt: skip
    heard, written = (one / one.sum() for one in usual)
    chance = _start(sounds)
    for _ in range(ROUNDS):
        counts = np.zeros_like(chance)
        for one in coded:
            counts += _expected(one, chance)
        seen = PRIOR * len(coded)
        counts[:-1, :-1] += seen * np.outer(heard, written)
        counts[:-1, -1] += seen * heard
        counts[-1, :-1] += seen * written
        chance = counts / counts.sum()
    weights = np.zeros_like(chance)
    weights[:-1, :-1] = np.log2(chance[:-1, :-1] / np.outer(heard, written))
    weights[:-1, -1] = np.log2(chance[:-1, -1] / heard)
    weights[-1, :-1] = np.log2(chance[-1, :-1] / written)
    return weights


def learned_syllables(
    known: Sequence[tuple[str, str]], weights: Floats, sounds: Sequence[str]
) -> dict[tuple[str, str], float]:
    """(sounds of a syllable, letters that it was seen to stand for, or `OTHERWISE`) → bits; for `OTHERWISE` those that
    are added to the bits of its sounds.

    Each name is parted as it is likeliest by what is known before; what a syllable was seen to stand for counts as it
    was seen, beside BELIEF times what its sounds say.
    """
    pairs = [([tuple(transcription.sounds_of([one])) for one in pinyin_syllables(han)],
              "".join(letter for letter in transcription.letters_of(word) if letter in _LETTERS))
             for han, word in known]  # fmt: skip
    often = Counter(letter for _, word in pairs for letter in word)
    by_chance = {letter: np.log2(count / often.total()) for letter, count in often.items()}
    seen: dict[tuple[tuple[str, ...], str], float] = {}
    rough = _Rough(weights, sounds)
    for _ in range(ROUNDS_OF_SYLLABLES):
        counts: Counter[tuple[tuple[str, ...], str]] = Counter()
        for syllables, word in pairs:
            counts.update(_parted(syllables, word, rough, seen))
        every = Counter[tuple[str, ...]]()
        for (syllable, _), count in counts.items():
            every[syllable] += count
        seen = {(one, OTHERWISE): float(np.log2(BELIEF / (count + BELIEF))) for one, count in every.items()}
        for (syllable, letters), count in counts.items():
            as_seen = (count - ONCE) / 2 ** sum(by_chance[one] for one in letters)
            as_heard = BELIEF * 2 ** rough.bits(syllable, letters)
            seen[syllable, letters] = float(np.log2((as_seen + as_heard) / (every[syllable] + BELIEF)))
    return {(" ".join(syllable), letters): bits for (syllable, letters), bits in seen.items()}


class _Rough:
    """What the sounds of a syllable say of letters."""

    def __init__(self, weights: Floats, sounds: Sequence[str]) -> None:
        self._weights = weights
        self._rows = {one: at for at, one in enumerate(sounds)}
        self._known: dict[tuple[tuple[str, ...], str], float] = {}

    def bits(self, syllable: tuple[str, ...], letters: str) -> float:
        """The best alignment of the sounds with the letters, in bits."""
        if (syllable, letters) not in self._known:
            columns = [_LETTERS.index(one) for one in letters]
            row = np.concatenate([[0.0], np.cumsum(self._weights[-1, columns])])
            for sound in syllable:
                own = self._weights[self._rows[sound]]
                after = row + own[-1]
                after[1:] = np.maximum(after[1:], row[:-1] + own[columns])
                for at, column in enumerate(columns):
                    after[at + 1] = max(after[at + 1], after[at] + self._weights[-1, column])
                row = after
            self._known[syllable, letters] = float(row[-1])
        return self._known[syllable, letters]


def _parted(
    syllables: Sequence[tuple[str, ...]], word: str, rough: _Rough, seen: dict[tuple[tuple[str, ...], str], float]
) -> list[tuple[tuple[str, ...], str]]:
    """Each syllable with the letters that it stands for, in the likeliest way; nothing where there is none."""
    reached: list[dict[int, tuple[float, int]]] = [{0: (0.0, 0)}]
    for one in syllables:
        further: dict[int, tuple[float, int]] = {}
        for begun, (said, _) in reached[-1].items():
            for end in range(begun, min(len(word), begun + transcription.MOST_OF_SYLLABLE) + 1):
                bits = seen.get((one, word[begun:end]))
                if bits is None:
                    bits = rough.bits(one, word[begun:end]) + seen.get((one, OTHERWISE), 0.0)
                if end not in further or said + bits > further[end][0]:
                    further[end] = said + bits, begun
        reached.append(further)
    found: list[tuple[tuple[str, ...], str]] = []
    end = len(word)
    for at in range(len(syllables), 0, -1):
        if end not in reached[at]:
            return []
        begun = reached[at][end][1]
        found.append((syllables[at - 1], word[begun:end]))
        end = begun
    return found


def _start(sounds: Sequence[str]) -> Floats:
    chance = np.full((len(sounds) + 1, len(_LETTERS) + 1), 0.3)
    for row, sound in enumerate(sounds):
        is_vowel = sound.startswith("~") or sound == "er"
        for column, letter in enumerate(_LETTERS):
            chance[row, column] = 1.0 if is_vowel == (letter in _VOWELS) else 0.05
            if sound.strip("~+")[:1] == letter.lower():
                chance[row, column] = 8.0
        chance[row, -1] = 1.0 if sound.startswith("~") else 0.3
    chance[-1, -1] = 0.0
    started: Floats = chance / chance.sum()
    return started


def _expected(pair: Coded, chance: Floats) -> Floats:
    """How often each step is taken in the alignments of a pair, by their chance: forward, then backward."""
    sounds, text = pair
    high, wide = len(sounds), len(text)
    forward, backward = np.zeros((high + 1, wide + 1)), np.zeros((high + 1, wide + 1))
    forward[0, 0] = backward[high, wide] = 1.0
    for i in range(high + 1):
        for j in range(wide + 1):
            if i and j:
                forward[i, j] += forward[i - 1, j - 1] * chance[sounds[i - 1], text[j - 1]]
            if i:
                forward[i, j] += forward[i - 1, j] * chance[sounds[i - 1], -1]
            if j:
                forward[i, j] += forward[i, j - 1] * chance[-1, text[j - 1]]
    counts, every = np.zeros_like(chance), forward[high, wide]
    for i in range(high, -1, -1):
        for j in range(wide, -1, -1):
            steps = []
            if i < high and j < wide:
                steps.append((sounds[i], text[j], backward[i + 1, j + 1]))
            if i < high:
                steps.append((sounds[i], -1, backward[i + 1, j]))
            if j < wide:
                steps.append((-1, text[j], backward[i, j + 1]))
            for row, column, rest in steps:
                backward[i, j] += chance[row, column] * rest
                counts[row, column] += forward[i, j] * chance[row, column] * rest / every
    return counts


if __name__ == "__main__":
    sys.exit(main())
