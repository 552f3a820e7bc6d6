"""A foreign name and the hanzi that transcribe it: 施耐德 is Schneider, 诺基亚 is Nokia.

How much speaks for that is said in bits: how much likelier the letters are if the hanzi transcribe them than if they
are those of any other name. It is the best alignment of the hanzi with the letters, syllable by syllable: for what a
syllable was seen to stand for there are its own bits (`data/party/transcribed_syllables.csv`), for anything else those
of its sounds: each pair of a sound and a letter has its weight, and so has each sound that was not written and each
letter that was not heard (`data/party/transcription.csv`). Both were learned on names of places, of persons and of
firms of other branches (`benchmarks/names/`), none of which is tested on.

The index ranks thousands of names by their sounds alone, which is quicker, and then the first of them so.

Source: Ristad and Yianilos (1998), Learning string-edit distance, IEEE PAMI 20(5): a memoryless transducer and how it
is learned; Durbin et al., Biological sequence analysis (1998), ch. 2: log-odds of an alignment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from lodeline.compiled import njit
from lodeline.party.tables import rows_of

#: A syllable of pinyin: what it begins with, its vowels, and what it ends in.
_SYLLABLE: Final = re.compile(r"(zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw]?)([aeiouv]+)(ng|n|r)?")
#: Letters that stand for one sound together, as one sign each.
_TOGETHER: Final = (("tsch", "C"), ("sch", "S"), ("tch", "C"), ("sh", "S"), ("ch", "C"), ("ck", "k"), ("ph", "f"),
                    ("th", "T"), ("x", "ks"), ("qu", "kw"))  # fmt: skip
#: Signs of sounds begin here, above all letters; so what is heard and what is written are told apart.
FIRST_SOUND: Final = 0xE000
_BLANK: Final = 0x20
#: So many sounds and letters of a brand are looked at.
_MOST: Final = 40
#: What a pair weighs that was never learned.
UNLEARNED: Final = -6.0
#: How rare a sign is, in bits, that none of the brands has which were counted.
UNSEEN: Final = 12.0
#: Behind the sounds stands one unit for how likely the hanzi themselves are ones that transcribe: bits by _STEPS from
#: here, which is none.
_HABIT: Final = 0xF000
_NO_HABIT: Final = 0xF080
_STEPS: Final = 8
#: More than that is said by no brand's hanzi, and less by none: Chinese firms make English of their brands by ear, too.
_MOST_HABIT: Final = 6.0
_LEAST_HABIT: Final = -4.0
#: What it costs in bits to leave the rest of a word unheard, however long it is, once some of it was heard: 诺华 is
#: Novartis.
_CUT: Final = 5.0
_LEAST_KEPT: Final = 2
#: So many letters a syllable stands for at most.
MOST_OF_SYLLABLE: Final = 6
#: What stands in the table of syllables for all letters that they were not seen to stand for.
OTHERWISE: Final = "*"
#: More than the letters there are, to make one number of several.
_KEYS: Final = 32
#: What sounds so unlike is not looked at syllable by syllable.
_HOPELESS: Final = -12.0

Units = npt.NDArray[np.uint16]


def sounds_of(syllables: Iterable[str]) -> list[str]:
    """Pinyin as initials, vowels (`~`) and what a syllable ends in (`+`); the vowel of 斯 or 子 is one by itself."""
    found = []
    for one in syllables:
        parts = _SYLLABLE.fullmatch(one)
        if one == "er" or parts is None:
            found += ["er"] if one == "er" else []
            continue
        initial, vowel, end = parts.groups()
        if vowel == "i" and initial in ("zh", "ch", "sh", "z", "c", "s", "r"):
            vowel = "-i"
        elif vowel == "u" and initial in ("y", "j", "q", "x"):
            vowel = "v"
        # "yi" and "wu" are vowels alone.
        if initial and (initial, vowel) not in (("y", "i"), ("w", "u")):
            found.append(initial)
        found.append(f"~{vowel}")
        if end in ("n", "ng"):
            found.append(f"+{end}")
    return found


def letters_of(word: str) -> str:
    """A word in Latin letters with one sign for letters that stand together, and doubled ones once."""
    for several, one in _TOGETHER:
        word = word.replace(several, one)
    return "".join(letter for at, letter in enumerate(word) if not at or word[at - 1] != letter)


@lru_cache(maxsize=50_000)
def sound_signs(syllables: tuple[str, ...], hanzi: str = "") -> str:
    """The sounds of syllables of pinyin, one sign each, as the index keeps them, and how likely such hanzi, or without
    them such syllables, transcribe anything at all: 特 and 斯 do, 盛 and 鑫 do not.
    """
    signs = _signs()
    sounds = "".join(signs[one] for one in sounds_of(syllables) if one in signs)[:_MOST]
    if not sounds:
        return ""
    known = _habits()
    bits = sum(known.get(one, 0.0) for one in hanzi or syllables)
    return sounds + chr(_NO_HABIT + round(_STEPS * max(_LEAST_HABIT, min(_MOST_HABIT, bits))))


@cache
def _habits() -> dict[str, float]:
    """Hanzi, and syllable → bits for it being of a transcription, and not of another brand."""
    return {row["heard"]: float(row["bits"]) for row in rows_of("transcribing.csv")}


def rarity(sign: str) -> float:
    """How rare a hanzi or a syllable is in Chinese brands that transcribe nothing, in bits."""
    return _rarities().get(sign, UNSEEN)


@cache
def _rarities() -> dict[str, float]:
    return {row["heard"]: float(row["rarity"]) for row in rows_of("transcribing.csv")}


@lru_cache(maxsize=50_000)
def written(words: tuple[str, ...]) -> str:
    """Words in Latin letters, parted by a blank."""
    return " ".join(letters_of(word) for word in words if word.isascii())[:_MOST]


def as_units(text: str) -> Units:
    """What `heard` or `written` gave, as numbers. Shape (n,)."""
    return np.frombuffer(text.encode("utf-16-le"), np.uint16)


@lru_cache(maxsize=20_000)
def evidence(of_sounds: str, of_words: str) -> float:
    """Bits for hanzi with these sounds (`heard`) transcribing these words (`written`), or the one of them that they are
    nearest to; below 0 it speaks against it. Whether such hanzi transcribe anything is `habit`.
    """
    one = as_units(of_words)
    best = np.full(1, -np.inf, np.float32)
    _gather(as_units(of_sounds), (one, np.array([0, len(one)])), np.zeros(1, np.int64), _table(), best)
    by_sounds = float(best[0]) - habit(of_sounds)
    if by_sounds < _HOPELESS:
        return by_sounds
    syllables = _syllables_of(of_sounds)
    words = of_words.split(" ")
    return max(_by_syllables(syllables, word) for word in {*words, "".join(words)} if word)


def habit(of_sounds: str) -> float:
    """Bits for hanzi with these sounds (`heard`) being a transcription, whatever of."""
    return (ord(of_sounds[-1]) - _NO_HABIT) / _STEPS if of_sounds and ord(of_sounds[-1]) >= _HABIT else 0.0


def evidences(
    asked: str, units: Units, offsets: npt.NDArray[np.int64], places: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """(len(places),) the same for texts that are kept joined, by their sounds alone; -inf where both are heard, or both
    written.
    """
    found = np.full(len(places), -np.inf, np.float32)
    if asked:
        _gather(as_units(asked), (units, offsets), places, _table(), found)
    return found


@cache
def _rows() -> list[dict[str, str]]:
    return rows_of("transcription.csv")


@cache
def _signs() -> dict[str, str]:
    """Sound → the sign that stands for it."""
    every = sorted({row["heard"] for row in _rows()} - {""})
    return {one: chr(FIRST_SOUND + at) for at, one in enumerate(every)}


@cache
def _table() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int16]]:
    """Weights by sound and letter, the last row and column for nothing; and at which column a letter stands."""
    every = sorted({row["written"] for row in _rows()} - {""})
    columns = np.full(128, -1, np.int16)
    for at, letter in enumerate(every):
        columns[ord(letter)] = at
    weights = np.full((len(_signs()) + 1, len(every) + 1), UNLEARNED, np.float32)
    for row in _rows():
        sound = ord(_signs()[row["heard"]]) - FIRST_SOUND if row["heard"] else -1
        weights[sound, every.index(row["written"]) if row["written"] else -1] = float(row["bits"])
    return weights, columns


class _Syllables(NamedTuple):
    """Where each syllable ends among the sounds, what it is (`_Seen.ids`; -1 for one that was never seen), and what is
    added to the bits of its sounds where it stands for what it was not seen to.
    """

    sounds: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    ids: npt.NDArray[np.int64]
    otherwise: npt.NDArray[np.float32]


class _Seen(NamedTuple):
    """What syllables were seen to stand for, as sorted numbers of syllable and letters, and the bits of each."""

    ids: dict[str, int]
    otherwise: dict[str, float]
    keys: npt.NDArray[np.int64]
    bits: npt.NDArray[np.float32]


def syllables_of(signs: str) -> list[str]:
    """The signs of sounds (`heard`), syllable by syllable: one ends with its vowel, or with an n behind it."""
    vowels, ends = _ends()
    found: list[str] = []
    whole = True
    for one in signs:
        if whole and not (one in ends and found):
            found.append("")
        found[-1] += one
        whole = one in vowels or one in ends
    return found


@cache
def _ends() -> tuple[frozenset[str], frozenset[str]]:
    """The signs that a syllable ends with: its vowel, and what may stand behind it."""
    signs = _signs()
    return (frozenset(sign for sound, sign in signs.items() if sound.startswith("~") or sound == "er"),
            frozenset(sign for sound, sign in signs.items() if sound.startswith("+")))  # fmt: skip


@lru_cache(maxsize=20_000)
def _syllables_of(of_sounds: str) -> _Syllables:
    signs = of_sounds[:-1] if of_sounds and ord(of_sounds[-1]) >= _HABIT else of_sounds
    parts, seen = syllables_of(signs), _seen()
    return _Syllables(
        sounds=as_units(signs).astype(np.int64) - FIRST_SOUND,
        ends=np.cumsum([len(one) for one in parts], dtype=np.int64),
        ids=np.array([seen.ids.get(one, -1) for one in parts], np.int64),
        otherwise=np.array([seen.otherwise.get(one, 0.0) for one in parts], np.float32),
    )


@cache
def _seen() -> _Seen:
    rows = rows_of("transcribed_syllables.csv")
    signs, (_, columns) = _signs(), _table()
    signs_by_sound = {row["heard"]: "".join(signs[one] for one in row["heard"].split()) for row in rows}
    ids = {one: at for at, one in enumerate(sorted(set(signs_by_sound.values())))}
    known, otherwise = {}, {}
    for row in rows:
        syllable = signs_by_sound[row["heard"]]
        if row["written"] == OTHERWISE:
            otherwise[syllable] = float(row["bits"])
            continue
        key = ids[syllable]
        for letter in row["written"].ljust(MOST_OF_SYLLABLE):
            key = key * _KEYS + (int(columns[ord(letter)]) + 1 if letter != " " else 0)
        known[key] = float(row["bits"])
    keys = np.array(sorted(known), np.int64)
    return _Seen(ids, otherwise, keys, np.array([known[one] for one in keys.tolist()], np.float32))


def _by_syllables(syllables: _Syllables, word: str) -> float:
    """The best alignment of syllables with a word, in bits."""
    (weights, columns), seen = _table(), _seen()
    places = columns[as_units(word)]
    letters_ = places[places >= 0].astype(np.int64)
    return _best_by_syllables(syllables, letters_, weights, seen.keys, seen.bits) if len(letters_) else -1e9


@njit(cache=True)
def _best_by_syllables(
    syllables: _Syllables, words: npt.NDArray[np.int64], weights: npt.NDArray[np.float32],
    keys: npt.NDArray[np.int64], bits: npt.NDArray[np.float32],
) -> float:  # fmt: skip
    no_sound, none_written = weights.shape[0] - 1, weights.shape[1] - 1
    count = len(words)
    row = np.empty(MOST_OF_SYLLABLE + 1, np.float32)
    reached = np.full(count + 1, -1e9, np.float32)
    reached[0] = 0.0
    start = 0
    for at in range(len(syllables.ends)):
        further = np.full(count + 1, -1e9, np.float32)
        for begun in range(count + 1):
            if reached[begun] < -1e8:
                continue
            most = min(MOST_OF_SYLLABLE, count - begun)
            row[0] = 0.0
            for size in range(most):
                row[size + 1] = row[size] + weights[no_sound, words[begun + size]]
            for sound in syllables.sounds[start : syllables.ends[at]]:
                before = row[0]
                row[0] += weights[sound, none_written]
                for size in range(most):
                    best = max(
                        before + weights[sound, words[begun + size]], row[size + 1] + weights[sound, none_written]
                    )
                    before = row[size + 1]
                    row[size + 1] = max(best, row[size] + weights[no_sound, words[begun + size]])
            key = syllables.ids[at]
            for size in range(most + 1):
                known_bits = row[size] + syllables.otherwise[at]
                if key >= 0:
                    whole = key
                    for place in range(MOST_OF_SYLLABLE):
                        whole = whole * _KEYS + (words[begun + place] + 1 if place < size else 0)
                    known = np.searchsorted(keys, whole)
                    if known < len(keys) and keys[known] == whole:
                        known_bits = bits[known]
                further[begun + size] = max(further[begun + size], reached[begun] + known_bits)
        reached = further
        start = syllables.ends[at]
    best = reached[count]
    # What is heard may end before the word does.
    for kept in range(_LEAST_KEPT, count):
        best = max(best, reached[kept] - np.float32(_CUT))
    return float(best)


@njit(cache=True)
def _aligned(
    sounds: npt.NDArray[np.int64], words: npt.NDArray[np.int64], count: int, weights: npt.NDArray[np.float32],
    row: npt.NDArray[np.float32],
) -> float:  # fmt: skip
    """The best alignment of all sounds with the first `count` letters, in bits."""
    no_sound, none_written = weights.shape[0] - 1, weights.shape[1] - 1
    row[0] = np.float32(0.0)
    for at in range(count):
        row[at + 1] = row[at] + weights[no_sound, words[at]]
    for sound in sounds:
        before = row[0]
        row[0] += weights[sound, none_written]
        for at in range(count):
            best = max(before + weights[sound, words[at]], row[at + 1] + weights[sound, none_written])
            before = row[at + 1]
            row[at + 1] = max(best, row[at] + weights[no_sound, words[at]])
    # What is heard may end before the word does.
    best = row[count]
    for kept in range(_LEAST_KEPT, count):
        best = max(best, row[kept] - np.float32(_CUT))
    return float(best)


@njit(cache=True)
def _gather(
    asked: Units, kept: tuple[Units, npt.NDArray[np.int64]], places: npt.NDArray[np.int64],
    table: tuple[npt.NDArray[np.float32], npt.NDArray[np.int16]], best: npt.NDArray[np.float32],
) -> None:  # fmt: skip
    """Sets `best` to the bits for each text with the asked one, of which one is heard and the other written."""
    (units, offsets), (weights, columns) = kept, table
    is_sound = asked[0] >= FIRST_SOUND
    sounds, words = np.empty(_MOST, np.int64), np.empty(_MOST, np.int64)
    row = np.empty(_MOST + 1, np.float32)
    for number in range(len(places)):
        start, end = offsets[places[number]], offsets[places[number] + 1]
        if start == end or (units[start] >= FIRST_SOUND) == is_sound:
            continue
        text = asked if not is_sound else units[start:end]
        read = asked if is_sound else units[start:end]
        habit = 0.0
        if read[-1] >= _HABIT:
            habit = (float(read[-1]) - _NO_HABIT) / _STEPS
            read = read[:-1]
        for at in range(len(read)):
            sounds[at] = read[at] - FIRST_SOUND
        # All words in one, and each by itself: of several often one alone is transcribed.
        found, several = -1e9, False
        for whole in range(2):
            count = 0
            for at in range(len(text) + 1):
                if at < len(text) and text[at] != _BLANK:
                    if columns[text[at]] >= 0:
                        words[count] = columns[text[at]]
                        count += 1
                elif at < len(text) and whole == 0:
                    several = True
                elif count:
                    found = max(found, _aligned(sounds[: len(read)], words, count, weights, row))
                    count = 0
            if not several:
                break
        best[number] = found + habit
