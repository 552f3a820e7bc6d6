"""Words that company names share: legal forms, places, directions, branches of trade, in the scripts they come in.

What is left of a name when these are taken out is its brand. The tables are data (`data/party/`): a word that is
missing there makes a match weaker, never wrong.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from rapidfuzz.distance import DamerauLevenshtein
from rapidfuzz.process import extractOne

from lodeline.party.script import HAN, folded, is_cjk, simplified, spoken

#: The longest phrase of a table in Latin script, in words: "gu fen you xian gong si".
MOST_WORDS: Final = 8
#: A word of fewer letters with a typing error is too often another word.
LEAST_LETTERS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What a phrase of a name says: `kind` is form, place, group, direction, industry or generic.

    `concepts` has more than one entry where the spelling is shared: Fuzhou is 福州 and 抚州.
    """

    kind: str
    concepts: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """All phrases: `latin` by their letters without blanks, `cjk` by their characters, with a pattern for these."""

    latin: dict[str, Word]
    cjk: dict[str, Word]
    cjk_pattern: re.Pattern[str]
    #: First words of phrases of two and more: "rare" of "rare earth".
    heads: frozenset[str]
    #: Place → the places it lies in, itself included.
    within: dict[str, frozenset[str]]
    #: Branch of trade → the field it belongs to; translations move between the branches of a field.
    near: dict[str, str]


def _table(name: str) -> list[dict[str, str]]:
    text = files("lodeline").joinpath("data", "party", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _phrases() -> list[tuple[str, str, str]]:
    """(kind, concept, phrase as the table has it)."""
    rows = [("form", row["form"], row["terms"]) for row in _table("forms.csv")]
    rows += [(row["kind"], row["concept"], row["terms"]) for row in _table("words.csv")]
    rows += [("place", row["place"], row["terms"]) for row in _table("places.csv")]
    return [(kind, concept, term) for kind, concept, terms in rows for term in terms.split("|")]


@cache
def vocabulary() -> Vocabulary:
    """The words of `data/party/`. A Chinese word is known by its pinyin as well: some names are filed that way."""
    latin: dict[str, tuple[str, set[str]]] = {}
    cjk: dict[str, tuple[str, set[str]]] = {}
    for kind, concept, phrase in _phrases():
        term = folded(phrase).replace(" ", "")
        if any(map(is_cjk, term)):
            cjk.setdefault(term, (kind, set()))[1].add(concept)
            if len(term) > 1 and all(HAN.fullmatch(one) for one in term):
                latin.setdefault("".join(spoken(term)), (kind, set()))[1].add(concept)
        else:
            # What is written in Latin letters wins over a Chinese word that happens to sound like it.
            known = latin.get(term)
            if known is None or known[0] != kind:
                latin[term] = (kind, {concept})
            else:
                known[1].add(concept)
    places = {row["place"]: row for row in _table("places.csv")}
    return Vocabulary(
        latin={term: Word(kind=kind, concepts=frozenset(found)) for term, (kind, found) in latin.items()},
        cjk={term: Word(kind=kind, concepts=frozenset(found)) for term, (kind, found) in cjk.items()},
        cjk_pattern=re.compile("|".join(sorted(map(re.escape, cjk), key=len, reverse=True))),
        heads=frozenset(
            words[0] for _, _, phrase in _phrases() for words in [folded(phrase).split()] if len(words) > 1
        ),
        within={place: _chain(place, places) for place in places},
        near={row["concept"]: row["near"] or row["concept"] for row in _table("words.csv")},
    )


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
        if len(term) >= LEAST_LETTERS:
            found[term[0]].append(term)
    return found


@cache
def glosses() -> dict[str, frozenset[str]]:
    """Hanzi → what they mean in English, joined: 大地 → earth, land."""
    return {
        simplified().convert(row["han"]): frozenset(one.replace(" ", "") for one in row["words"].split("|"))
        for row in _table("glosses.csv")
    }


@cache
def foreign_readings() -> dict[str, tuple[str, ...]]:
    """Words in hanzi that are read otherwise abroad: 住友 → sumitomo."""
    return {
        simplified().convert(row["han"]): tuple(row["reading"].split("|")) for row in _table("readings.csv")
    }  # fmt: skip


def _chain(place: str, places: dict[str, dict[str, str]]) -> frozenset[str]:
    chain = {place}
    while (above := places[place]["within"]) and above in places:
        chain.add(above)
        place = above
    return frozenset(chain)
