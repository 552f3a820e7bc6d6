"""Words that company names share: legal forms, places, directions, branches of trade, in the scripts they come in.

What is left of a name when these are taken out is its brand. The tables are data (`data/party/`): a word that is
missing there makes a match weaker, never wrong.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from rapidfuzz.distance import DamerauLevenshtein
from rapidfuzz.process import extractOne

from lodeline.party.script import HAN, folded, is_cjk, pinyin_syllables, simplified
from lodeline.party.tables import rows_of

#: The longest phrase of a table in Latin script, in words: "gu fen you xian gong si".
MOST_WORDS: Final = 8
#: A word of fewer letters with a typing error is too often another word.
LEAST_LETTERS: Final = 6
#: And a word of fewer is taken for no error of another.
LEAST_MEANT: Final = 5
#: A word of so many hanzi may be shortened to one of them.
MOST_SHORTENED: Final = 2
#: A word of a meaning of several that has no more letters says nothing by itself.
_SHORTEST_WORD: Final = 2
#: Each word of a compound has at least so many letters.
LEAST_PART: Final = 4
#: And what stands before a branch of trade that is joined to it, and that trade.
LEAST_HEAD: Final = 2
LEAST_JOINED: Final = 4
#: How technology is spelt where it is joined to a brand.
_TECHNOLOGY: Final = ("tec", "tek")
#: And the last of a German one more: "goldwind" is none.
LEAST_TAIL: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What a phrase of a name says: `kind` is form, place, group, direction, industry or generic.

    `concepts` has more than one entry where the spelling is shared: Fuzhou is 福州 and 抚州. `read`: whether the phrase
    is a Chinese word in pinyin, which a brand may sound like; `weak`: whether brands are so often like it that it is
    meant only where nothing contradicts it: a county, or a trade by ear.
    """

    kind: str
    concepts: frozenset[str]
    read: bool = False
    weak: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """All phrases: `latin` by their letters without blanks, `cjk` by their characters."""

    latin: dict[str, Word]
    cjk: dict[str, Word]
    #: All that phrases in Latin letters, and those that are spelt, begin with.
    latin_heads: frozenset[str]
    spelt_heads: frozenset[str]
    #: First character of a phrase → how long the phrases are that begin with it, the longest first.
    cjk_lengths: dict[str, tuple[int, ...]]
    #: Chinese words as a name has them that is spelt syllable by syllable: "ji an", which "jian" is not.
    spelt: dict[str, Word]
    #: First words of phrases of two and more: "rare" of "rare earth".
    heads: frozenset[str]
    #: Place → the places it lies in, itself included.
    within: dict[str, frozenset[str]]
    #: Branch of trade → the fields it belongs to; translations move between the branches of a field.
    near: dict[str, frozenset[str]]


@cache
def phrases() -> list[tuple[str, str, str]]:
    """(kind, concept, phrase as the table has it)."""
    rows = [("form", row["form"], row["terms"]) for row in rows_of("forms.csv")]
    rows += [(row["kind"], row["concept"], row["terms"]) for row in rows_of("words.csv")]
    rows += [(row["kind"], row["concept"], row["written"]) for row in rows_of("words.csv") if row["written"]]
    rows += [("place", row["place"], row["terms"]) for row in rows_of("places.csv")]
    return [(kind, concept, term) for kind, concept, terms in rows for term in terms.split("|")]


@cache
def vocabulary() -> Vocabulary:
    """The words of `data/party/`. A Chinese word is known by its pinyin as well: some names are filed that way."""
    places = {row["place"]: row for row in rows_of("places.csv")}
    latin: dict[str, tuple[str, set[str]]] = {}
    read: dict[str, tuple[str, set[str]]] = {}
    spelt: dict[str, tuple[str, set[str]]] = {}
    cjk: dict[str, tuple[str, set[str]]] = {}
    strong: set[str] = set()
    written = {folded(term) for row in rows_of("words.csv") for term in row["written"].split("|")}
    for kind, concept, phrase in phrases():
        term = folded(phrase).replace(" ", "")
        if any(map(is_cjk, term)):
            _known(cjk, term, kind, concept)
            if len(term) > 1 and all(HAN.fullmatch(one) for one in term) and _is_spelt_out(term, places.get(concept)):
                if term not in written:
                    _known(read, "".join(pinyin_syllables(term)), kind, concept)
                    strong.add(" ".join(pinyin_syllables(term)))
                _known(spelt, " ".join(pinyin_syllables(term)), kind, concept)
        else:
            known = latin.get(term)
            if known is None or known[0] != kind:
                latin[term] = (kind, {concept})
            else:
                known[1].add(concept)
    strong.update(" ".join(pinyin_syllables(term)) for term, (kind, _) in cjk.items() if kind != "industry")
    lengths: dict[str, set[int]] = defaultdict(set)
    for term in cjk:
        lengths[term[0]].add(len(term))
    every, small = {*latin, *read}, {place for place, row in places.items() if row["read"] == "no"}
    return Vocabulary(
        latin_heads=frozenset(term[:end] for term in every for end in range(1, len(term) + 1)),
        spelt_heads=frozenset(
            " ".join(words[:end]) for term in spelt for words in [term.split()] for end in range(1, len(words) + 1)
        ),
        # What is written in Latin letters wins over a Chinese word that happens to sound like it.
        latin={term: Word(kind=kind, concepts=frozenset(found), read=True) for term, (kind, found) in read.items()}
        | {
            term: Word(kind=kind, concepts=frozenset(found | _same_kind(read.get(term), kind)), weak=found <= small)
            for term, (kind, found) in latin.items()
        },
        spelt={
            term: Word(kind=kind, concepts=frozenset(found), read=True, weak=term not in strong)
            for term, (kind, found) in spelt.items()
        },
        cjk={
            term: Word(kind=kind, concepts=frozenset(found), weak=found <= small) for term, (kind, found) in cjk.items()
        },
        cjk_lengths={head: tuple(sorted(found, reverse=True)) for head, found in lengths.items()},
        heads=frozenset(words[0] for _, _, phrase in phrases() for words in [folded(phrase).split()] if len(words) > 1),
        within={place: _chain(place, places) for place in places},
        near={row["concept"]: frozenset((row["near"] or row["concept"]).split("|")) for row in rows_of("words.csv")},
    )


@cache
def _near() -> frozenset[str]:
    """Countries where firms are that are filed in pinyin by their place."""
    return frozenset(row["country"] for row in rows_of("pinyin_countries.csv"))


@cache
def places_near() -> frozenset[str]:
    """The places that lie in them."""
    return frozenset(row["place"] for row in rows_of("places.csv") if row["country"] in _near())


def _is_spelt_out(term: str, place: dict[str, str] | None) -> bool:
    """Whether a Chinese word is looked for in pinyin as well: of places far away only those that sound like no brand
    does. 挪威 is Norway, and "nuo wei" the beginning of Noveon.
    """
    if place is not None and place["read"] == "no":
        return False
    near = place is None or place["country"] in _near()
    return near or len(term) > MOST_SHORTENED or term.endswith("国")


def _known(words: dict[str, tuple[str, set[str]]], term: str, kind: str, concept: str) -> None:
    """One concept more; words of another kind that sound the same are left out, the first kind stands."""
    first, concepts = words.setdefault(term, (kind, set()))
    if first == kind:
        concepts.add(concept)


def _same_kind(read: tuple[str, set[str]] | None, kind: str) -> set[str]:
    return read[1] if read is not None and read[0] == kind else set()


@lru_cache(maxsize=50_000)
def compound(term: str) -> Word | None:
    """The two branches of trade that a word of German joins: "vacuumschmelze" is vacuum and smelting."""
    words = vocabulary().latin
    for end in range(len(term) - LEAST_TAIL, LEAST_PART - 1, -1):
        head, tail = words.get(term[:end]), words.get(term[end:])
        if head and tail and {head.kind, tail.kind} == {"industry"} and not head.read and not tail.read:
            return Word(kind="industry", concepts=head.concepts | tail.concepts)
    return None


@lru_cache(maxsize=50_000)
def joined(term: str) -> tuple[str, Word] | None:
    """A word and the branch of trade that it ends in, the longest: "rheinmetall" is Rhein and metals, "hgtech" HG and
    technology; None for others.
    """
    words = vocabulary().latin
    for end in range(LEAST_HEAD, len(term) - LEAST_JOINED + 1):
        tail = words.get(term[end:])
        if tail and tail.kind == "industry" and not tail.read:
            return term[:end], tail
    head = next((term.removesuffix(one) for one in _TECHNOLOGY if term.endswith(one)), "")
    return (head, words["tech"]) if len(head) >= LEAST_HEAD else None


@cache
def close_word(term: str) -> Word | None:
    """The word of the vocabulary that `term` (Latin letters) is with one typing error; only for long ones."""
    if len(term) < LEAST_LETTERS:
        return None
    near = extractOne(term, _long_words()[term[0]], scorer=DamerauLevenshtein.distance, score_cutoff=1)
    return vocabulary().latin[near[0]] if near else None


@cache
def _long_words() -> dict[str, list[str]]:
    """The words of Latin letters that are long enough to be told in spite of an error, by their first letter."""
    found: dict[str, list[str]] = defaultdict(list)
    for term in vocabulary().latin:
        if len(term) >= LEAST_MEANT:
            found[term[0]].append(term)
    return found


@cache
def glosses() -> dict[str, frozenset[str]]:
    """Words in hanzi of brands → what they mean in English, of one word or several: 大地 → earth, land."""
    return {simplified(row["han"]): frozenset(row["words"].split("|")) for row in rows_of("glosses.csv")}


@lru_cache(maxsize=50_000)
def phrase_words(phrases_: frozenset[str]) -> frozenset[str]:
    """All words that phrases in English have, and each phrase in one: great wall is great, wall and greatwall."""
    return frozenset(
        word
        for one in phrases_
        for word in (one.replace(" ", ""), *(part for part in one.split() if len(part) > _SHORTEST_WORD))
    )


@cache
def characters() -> dict[str, tuple[str, ...]]:
    """Hanzi → what each means in English, as `characters.csv` has it: those in common use first."""
    return {row["han"]: tuple(row["english"].split("|")) for row in rows_of("characters.csv")}


@cache
def meanings() -> frozenset[str]:
    """Every English word that hanzi of a brand may mean."""
    return frozenset(word for words in characters().values() for word in words).union(
        *map(phrase_words, glosses().values())
    )


@cache
def trade_letters() -> dict[str, frozenset[str]]:
    """A character that stands for a branch of trade in short → the branches: 铜 of 江铜 is copper."""
    found: dict[str, set[str]] = defaultdict(set)
    for term, word in vocabulary().cjk.items():
        if word.kind == "industry" and len(term) == MOST_SHORTENED and all(HAN.match(one) for one in term):
            for letter in term:
                found[letter] |= word.concepts
    return {letter: frozenset(trades) for letter, trades in found.items() if letter not in "业材料工"}


@cache
def foreign_readings() -> dict[str, tuple[str, ...]]:
    """Words in hanzi that are read otherwise abroad: 住友 → sumitomo."""
    return {
        simplified(row["han"]): tuple(row["reading"].split("|")) for row in rows_of("readings.csv")
    }  # fmt: skip


def _chain(place: str, places: dict[str, dict[str, str]]) -> frozenset[str]:
    chain = {place}
    while (above := places[place]["within"]) and above in places:
        chain.add(above)
        place = above
    return frozenset(chain)
