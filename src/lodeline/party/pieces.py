"""A name as phrases of the vocabulary and what stands between them, each way of parting it weighed against the others.

What a phrase says of the firm is read by `party.name`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import Final, NamedTuple

from rapidfuzz.distance import DamerauLevenshtein

from lodeline.party.script import all_cjk, as_syllables, is_cjk, sounded, syllables
from lodeline.party.words import (
    MOST_WORDS,
    Word,
    close_word,
    compound,
    glosses,
    joined,
    meanings,
    places_near,
    vocabulary,
)

_TOKEN: Final = re.compile(r"[()]|[^\s()]+")
#: Words that join others of a brand and say nothing: "Light of Hope".
_JOINING: Final = frozenset({"of", "the", "and", "for"})
#: Two words of fewer letters are too often two others.
_LEAST_JOINED: Final = 9
#: A word of more hanzi is none that began a brand by chance.
_MOST_BROKEN: Final = 3
#: So many pieces a name has at least of which one took the beginning of another.
_SEVERAL: Final = 2
#: From so many syllables on, each by itself, a name is one that was spelt.
_SPELT: Final = 4
#: So many syllables a brand has at most that words of the table hide.
_MOST_HIDDEN: Final = 4
#: And so many pieces, the brand and what it does, stand before a place that was in brackets.
_LEAST_BEFORE: Final = 0
#: What it costs to leave something of a name without a word: each run of it, and each character or token.
_RUN_UNKNOWN: Final = 1.5
_UNKNOWN: Final = 1.0
#: A brand of one character or one syllable is rare.
_LONE: Final = 1.2
#: Signs with the radical of metal.
_METALS: Final = ("\u9486", "\u9577")
_WORD_KNOWN: Final = 0.01
_NEVER: Final = float("inf")


class Piece(NamedTuple):
    """A phrase of the vocabulary, or a word that is not in it; whether it stands in brackets, or at the end."""

    text: str
    word: Word | None
    bracketed: bool
    last: bool


def pieces_of(whole: str) -> list[Piece]:
    """The name as phrases of the vocabulary and what stands between them, longest phrase first."""
    tokens: list[tuple[str, bool]] = []
    if "(" in whole or ")" in whole:
        depth = 0
        for token in _TOKEN.findall(whole):
            depth = max(0, depth + {"(": 1, ")": -1}.get(token, 0))
            if token not in "()":
                tokens += [(part, depth > 0) for part in _by_script(token)]
    else:
        tokens = [(part, False) for token in whole.split() for part in _by_script(token)]
    pieces: list[Piece] = []
    place = 0
    while place < len(tokens):
        token, bracketed = tokens[place]
        if is_cjk(token[0]):
            pieces += [Piece(text, word, bracketed, False) for text, word in _cjk_phrases(token)]
            place += 1
            continue
        end = next((at for at in range(place, len(tokens)) if is_cjk(tokens[at][0][0])), len(tokens))
        run = [one for one, _ in tokens[place:end]]
        pieces += [
            Piece("".join(run[start:until]), word, tokens[place + start][1], False)
            for start, until, word in _latin_phrases(run)
        ]
        place = end
    return _ended(pieces, spelt=is_spelt([token for token, _ in tokens]))


def _ended(pieces: list[Piece], *, spelt: bool) -> list[Piece]:
    """The same pieces, which know whether they stand at the end; of a name that is spelt the last place in brackets."""
    end = len(pieces)
    while end and (pieces[end - 1].word is not None and pieces[end - 1].word.kind in ("form", "generic")):  # type: ignore[union-attr]
        end -= 1
    # Where a name is spelt there are no brackets: a place behind the brand stands where they would have been.
    behind = end - 1 if end - 1 > _LEAST_BEFORE and spelt else -1
    for at in range(end, len(pieces)):
        pieces[at] = Piece(pieces[at].text, pieces[at].word, pieces[at].bracketed, True)
    if behind >= 0:
        pieces[behind] = Piece(pieces[behind].text, pieces[behind].word, True, False)
    return pieces


def pieces_otherwise(whole: str, usual: list[Piece]) -> list[list[Piece]]:
    """Other ways to part the name, where words of the table may hide a brand.

    "Di Ping Xian Kuang Ye" is 地平线 in mining, and no display in it; of 循环磁体 and "Crystal Optech", the branch of
    trade in front may be the brand or of it; and Bruker is no broker that was typed wrongly.
    """
    tokens = whole.split()
    if is_spelt(tokens):
        return [one for one in _hidden(tokens, usual) if one != usual]
    return [*_in_front(usual), *_joined_to_trade(usual), *_sounding_like_trade(usual)]


def _in_front(usual: list[Piece]) -> list[list[Piece]]:
    """What stands in front and is a branch of trade may be the brand or of it."""
    front = next((at for at, one in enumerate(usual) if one.word is None or one.word.kind == "industry"), len(usual))
    if front == len(usual) or usual[front].word is None:
        return []
    several = sum(one.word is None or one.word.kind == "industry" for one in usual) >= _SEVERAL
    if _is_written(usual[front].text) and not (several and _means_something(usual[front].text)):
        return []
    return [[one._replace(word=None) if at == front else one for at, one in enumerate(usual)]]


def _sounding_like_trade(usual: list[Piece]) -> list[list[Piece]]:
    """What only sounds like a branch of trade may be a brand, or of it: "Cixing" is 慈星 as well as 磁性."""
    sounds_like_trade = [
        one.text.isascii() and one.word is not None and one.word.kind == "industry" and one.word.read for one in usual
    ]
    if not any(sounds_like_trade):
        return []
    return [[one._replace(word=None) if only else one for one, only in zip(usual, sounds_like_trade, strict=True)]]


def _joined_to_trade(usual: list[Piece]) -> list[list[Piece]]:
    """The first word that no phrase of the table is, or only nearly, may be a brand and a branch of trade: HGTECH."""
    for at, one in enumerate(usual):
        if one.text.isascii() and (one.word is None or not _is_written(one.text)):
            parts = joined(one.text) if as_syllables(one.text) is None else None
            if parts:
                head, trade = parts
                tail = Piece(one.text[len(head) :], trade, one.bracketed, False)
                return [[*usual[:at], Piece(head, None, one.bracketed, False), tail, *usual[at + 1 :]]]
    return []


def _is_written(text: str) -> bool:
    """Whether a phrase of the table is written so, and not only with a typing error."""
    every = vocabulary()
    return text in every.latin or text in every.cjk


def _means_something(text: str) -> bool:
    """Whether a word of trade is one that brands are made of as well: crystal."""
    return text in meanings() if text.isascii() else text in glosses()


def _hidden(tokens: list[str], usual: list[Piece]) -> Iterator[list[Piece]]:
    """What is spelt with other syllables for its brand, behind its places; or in their stead, where nothing else is a
    brand. A branch of trade stands behind it.
    """
    known = _spelt_phrases(tokens)
    places = next((at for at, (_, _, word) in enumerate(known) if word is None or word.kind != "place"), len(known))
    behind = known[places - 1][1] if places else 0
    starts = {behind} if any(one.word is None for one in usual) else {0, behind}
    for start in sorted(starts):
        before = _spelt_pieces(tokens, [one for one in known[:places] if one[1] <= start])
        for end in range(start + 1, min(start + _MOST_HIDDEN, len(tokens) - 1) + 1):
            rest = _spelt_phrases(tokens[end:])
            word = rest[0][2]
            if word is None or _is_place(tokens[start:end]):
                continue
            if word.kind != "industry" and not _only_sounds(tokens[start:end]):
                continue
            hidden, after = tokens[start:end], _spelt_pieces(tokens[end:], rest)
            yield _ended([*before, *(Piece(one, None, False, False) for one in hidden), *after], spelt=True)
            metal = _metals_read().get(hidden[0]) if len(hidden) == 1 else None
            if metal is not None:
                yield _ended([*before, Piece(hidden[0], metal, False, False), *after], spelt=True)


def _only_sounds(tokens: list[str]) -> bool:
    """Whether syllables are a brand that goes on in what sounds like a branch of trade: 诺基亚 squeezes nothing."""
    found = _spelt_phrases(tokens)
    behind = [word for _, _, word in found[1:]]
    return found[0][2] is None and len(behind) == 1 and behind[0] is not None and behind[0].weak


def _is_place(tokens: list[str]) -> bool:
    """Whether syllables are a country or a direction, which are no brand by themselves."""
    word = vocabulary().spelt.get(" ".join(tokens))
    if word is None:
        return False
    return word.kind == "direction" or (word.kind == "place" and all("-" not in one for one in word.concepts))


def _spelt_pieces(tokens: list[str], found: list[tuple[int, int, Word | None]]) -> list[Piece]:
    return [Piece("".join(tokens[start:end]), word, False, False) for start, end, word in found]


def _by_script(token: str) -> list[str]:
    """ "jl永磁" is two words."""
    if token.isascii() or all_cjk(token):
        return [token]
    starts = [0, *(at for at, (a, b) in enumerate(pairwise(token), 1) if is_cjk(a) != is_cjk(b)), len(token)]
    return [token[a:b] for a, b in pairwise(starts)]


def _cjk_phrases(text: str) -> list[tuple[str, Word | None]]:
    """The text as words and what is none: 京磁电工 is 京磁 and 电工, not 京, 磁电 and 工."""
    words, lengths, size = vocabulary().cjk, vocabulary().cjk_lengths, len(text)
    known: list[Sequence[int]] = []
    for place, one in enumerate(text):
        longest = lengths.get(one)
        if longest is None:
            known.append(())
            continue
        rest = text[place:]
        left = size - place
        # A single character is a word only at the end of the name, or before its form: 厂 of a works, not of a brand.
        ends = left == 1 or _is_form(rest[1:])
        known.append([long for long in longest if long <= left and (long > 1 or ends) and rest[:long] in words])
    metal = _metals().get(text[0]) if size > 1 else None
    if metal is not None and any(words[text[1 : 1 + long]].kind == "industry" for long in known[1]):
        # 钛金属 are titanium and metals; behind another sign the metal is of a brand.
        return [(text[0], metal), *_cjk_phrases(text[1:])]
    parts = _parted(known, [_LONE] * size)
    return _unbroken([(text[start:end], words[text[start:end]] if word else None) for start, end, word in parts])


def _is_form(text: str) -> bool:
    word = vocabulary().cjk.get(text)
    return word is not None and word.kind == "form"


@cache
def _metals() -> dict[str, Word]:
    """The signs of metals that have a trade, as 钛 of 钛业."""
    first, last = _METALS
    return {
        term[0]: word
        for term, word in vocabulary().cjk.items()
        if word.kind == "industry" and term[1:] == "业" and first <= term[0] <= last
    }


@cache
def _metals_read() -> dict[str, Word]:
    """The same by their sound, each of which may be several metals."""
    found: dict[str, set[str]] = defaultdict(set)
    for sign, word in _metals().items():
        found[sounded(sign)] |= word.concepts
    return {sound: Word(kind="industry", concepts=frozenset(concepts)) for sound, concepts in found.items()}


def _unbroken(pieces: list[tuple[str, Word | None]]) -> list[tuple[str, Word | None]]:
    """The pieces of a name in hanzi, but for a brand of which a word took the beginning: 摩托罗拉 is no motorcycle, and
    丹佛斯 is not in Denver.
    """
    if len(pieces) < _SEVERAL or pieces[1][1] is not None:
        return pieces
    (text, word), (rest, _) = pieces[:2]
    if word is None or len(text) > _MOST_BROKEN or not all_cjk(rest):
        return pieces
    far = word.kind == "place" and len(rest) == 1 and not word.concepts & places_near()
    if word.kind == "industry" or far:
        return [(text + rest, None), *pieces[2:]]
    return pieces


def _unbroken_sounds(found: list[tuple[int, int, Word | None]]) -> list[tuple[int, int, Word | None]]:
    """The same of a name that is spelt syllable by syllable, behind its places: "Xin Xi Wang" is 新希望, and not 信息.

    A branch of trade that brands sound like is none before another one, or before what no word has.
    """
    at = next((at for at, (_, _, word) in enumerate(found) if word is None or word.kind != "place"), len(found))
    start, end, word = found[at] if at < len(found) else (0, 0, None)
    if word is None or word.kind != "industry":
        return found
    rest = found[at + 1] if at + 1 < len(found) and found[at + 1][2] is None else None
    if rest is not None and (word.weak or rest[1] - rest[0] == 1):
        return [*found[:at], (start, rest[1], None), *found[at + 2 :]]
    after = found[at + 1][2] if at + 1 < len(found) else None
    if word.weak and after is not None and after.kind == "industry":
        return [*found[:at], (start, end, None), *found[at + 1 :]]
    return found


def _latin_phrases(tokens: list[str]) -> list[tuple[int, int, Word | None]]:
    """Tokens in Latin letters as phrases (from, until, word); a token that is no word has none."""
    if is_spelt(tokens):
        return _unbroken_sounds(_spelt_phrases(tokens))
    every = vocabulary()
    return _phrases(tokens, every.latin, every.latin_heads, blank="")


def _spelt_phrases(tokens: list[str]) -> list[tuple[int, int, Word | None]]:
    """The same of a name that is spelt syllable by syllable."""
    every = vocabulary()
    return _phrases(tokens, every.spelt, every.spelt_heads, blank=" ")


def _phrases(
    tokens: list[str], words: dict[str, Word], heads: frozenset[str], *, blank: str
) -> list[tuple[int, int, Word | None]]:
    size = len(tokens)
    known: list[list[int]] = []
    for place, token in enumerate(tokens):
        joined = token
        ends = [1] if joined in words else []
        for end in range(place + 1, min(size, place + MOST_WORDS)):
            if joined not in heads:
                break
            joined += blank + tokens[end]
            if joined in words:
                ends.append(end - place + 1)
        known.append(ends)
    # Only what is spelt syllable by syllable: a brand of another language is one word.
    mandarin = syllables()
    spelt = [*(one in mandarin for one in tokens), True]
    lone = [_LONE if here and after else 0.0 for here, after in pairwise(spelt)]
    found: list[tuple[int, int, Word | None]] = []
    for start, end, word in _parted(known, lone):
        if word:
            found.append((start, end, words[blank.join(tokens[start:end])]))
            continue
        place = start
        while place < end:
            length, near = _almost(tokens, place) if tokens[place] not in _JOINING else (1, words.get(tokens[place]))
            found.append((place, place + length, near))
            place += length
    # What an error of typing joined to the next word took that word with it.
    return [one for at, one in enumerate(found) if not at or found[at - 1][1] <= one[0]]


def is_spelt(tokens: list[str]) -> bool:
    """Whether a name is in pinyin, each syllable by itself: "Ning Bo Yun Sheng Gu Fen You Xian Gong Si"."""
    return len(tokens) >= _SPELT and all(one in syllables() for one in tokens)


def _almost(tokens: list[str], place: int) -> tuple[int, Word | None]:
    """The word that is joined of two, or written with a typing error: how many tokens it is, and what it says."""
    token = tokens[place]
    if place + 1 < len(tokens) and token in vocabulary().heads:
        joined = token + tokens[place + 1]
        near = close_word(joined) if len(joined) >= _LEAST_JOINED else None
        if near is not None:
            return 2, near
    if place + 1 == len(tokens) and place and DamerauLevenshtein.distance(token, "ltd") == 1:
        return 1, vocabulary().latin["ltd"]
    if as_syllables(token) is not None:
        return 1, None
    # Lightning is no error of lighting.
    return 1, compound(token) or (close_word(token) if token not in meanings() else None)


def _parted(known: Sequence[Sequence[int]], lone: Sequence[float]) -> list[tuple[int, int, bool]]:
    """The cheapest way through: (from, until, whether it is a word), runs of what no word has in one.

    `known`: for each place how long the words are that begin there; `lone`: what a run costs beside if it has nothing
    but this place.
    """
    size = len(known)
    # What the rest costs from each place on: after a word, after one place of a run that no word has, and after more.
    free, alone, running = [0.0] * (size + 1), [0.0] * (size + 1), [0.0] * (size + 1)
    alone[size] = lone[size - 1] if size else 0.0
    steps = [0] * (size + 1), [0] * (size + 1), [0] * (size + 1)
    for place in range(size - 1, -1, -1):
        best, length = _NEVER, 0
        for long in known[place]:
            if free[place + long] + _WORD_KNOWN < best:
                best, length = free[place + long] + _WORD_KNOWN, long
        on = running[place + 1] + _UNKNOWN
        running[place], steps[2][place] = (best, length) if best <= on else (on, 0)
        parted = best + lone[place - 1] if place else best
        alone[place], steps[1][place] = (parted, length) if parted <= on else (on, 0)
        on = alone[place + 1] + _UNKNOWN + _RUN_UNKNOWN
        free[place], steps[0][place] = (best, length) if best <= on else (on, 0)
    found: list[tuple[int, int, bool]] = []
    place = start = 0
    while place < size:
        length = steps[min(2, place - start)][place]
        if length:
            if place > start:
                found.append((start, place, False))
            found.append((place, place + length, True))
            start = place + length
        place += length or 1
    if place > start:
        found.append((start, place, False))
    return found
