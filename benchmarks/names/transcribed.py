"""Learns `src/lodeline/data/party/transcription.csv`: how the sounds of hanzi and letters that they transcribe meet.

    python benchmarks/names/transcribed.py

Learned on `transcribed.csv` (names of places and persons with the hanzi that are usual for them, written from public
knowledge), by expectation and maximisation of a memoryless transducer from a start that knows no more than which sounds
and letters are vowels and which look the same. No firm is among them but those of `elsewhere.csv`, which is never
tested on.

Source: Ristad and Yianilos (1998), Learning string-edit distance, IEEE PAMI 20(5).
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from lodeline.party import transcription
from lodeline.party.name import parsed
from lodeline.party.script import spoken

ROOM: Final = Path(__file__).parent
TABLE: Final = ROOM.parents[1] / "src/lodeline/data/party/transcription.csv"
HABITS: Final = TABLE.with_name("transcribing.csv")
ROUNDS: Final = 15
#: How many pairs' worth of chance is mixed in for each pair that was seen.
PRIOR: Final = 0.02
#: How brands come of English that are Chinese ones, and how many of each sign are added to those that were seen.
OF_CHINA: Final = frozenset({"read", "translated", "initials"})
DOUBT: Final = 0.5
_VOWELS: Final = frozenset("aeiouy")
_LETTERS: Final = "abcdefghijklmnopqrstuvwyzCST"

Floats = npt.NDArray[np.float64]
Coded = tuple[list[int], list[int]]


def main() -> int:
    """Writes the table anew; the exit status."""
    known = [(transcription.sounds_of(spoken(han)), transcription.letters_of(word)) for han, word in names()]
    sounds = sorted({one for some, _ in known for one in some})
    weights = learned(known, sounds)
    with TABLE.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("heard", "written", "bits"))
        for row, sound in enumerate([*sounds, ""]):
            for column, letter in enumerate([*_LETTERS, ""]):
                if (sound or letter) and weights[row, column] > transcription.UNLEARNED:
                    writer.writerow((sound, letter, f"{weights[row, column]:.2f}"))
    print(f"learned on {len(known)} names: {TABLE}")
    habits = learned_habits()
    with HABITS.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("heard", "bits", "rarity"))
        writer.writerows((one, f"{bits:.2f}", f"{rarity:.2f}") for one, (bits, rarity) in sorted(habits.items()))
    print(f"learned {len(habits)} hanzi and syllables: {HABITS}")
    return 0


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


def learned_habits() -> dict[str, tuple[float, float]]:
    """Hanzi, and syllable → bits for it being of a transcription, and not of a Chinese brand (`brands.csv`); and how
    rare it is in such a brand, in bits.
    """
    with (ROOM / "brands.csv").open(encoding="utf-8", newline="") as stream:
        brands = [row["han"] for row in csv.DictReader(stream)]
    with (ROOM / "elsewhere.csv").open(encoding="utf-8", newline="") as stream:
        brands += [parsed(row["zh"]).brand_han for row in csv.DictReader(stream) if row["english"] in OF_CHINA]
    found: dict[str, tuple[float, float]] = {}
    for parts in (list, spoken):
        there, here = (Counter(one for han in some for one in parts(han))
                       for some in ([han for han, _ in names()], brands))  # fmt: skip
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
