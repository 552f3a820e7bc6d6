"""The lists of parties that a law pack holds, in the form of lists that are loaded: who stands on them on a day.

One list an instrument, called as the instrument is. What the law suspends lists nobody; of what no text tells whether
it stands, the parties are there and `unsure`.

Such lists give the names of each party in full, in several scripts, and no number. They are looked up as they are
written (`Roll`): the same words are the party; its words within a longer name, or one sign of them otherwise, are
alike. How likely two names mean one firm (`likeness`) is not asked: it takes firms of one group for each other, and a
parent that is not listed must not be barred for its daughter.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import Any, Final

from lodeline.ledger.problem import shorten
from lodeline.party.lists import Listing, Party, PartyList
from lodeline.party.reasons import ListMatch, Reason, explained_standing
from lodeline.party.screening import Hit
from lodeline.party.script import MOST_CHARACTERS, folded, is_cjk
from lodeline.party.tables import rows_of
from lodeline.regulation.parameter import Jurisdiction, Parameter, State

#: Lists that an authority published, and the bodies that a rule about military users means.
LISTED, MILITARY = "listed-parties", "military-users"
_NAMES: Final = (LISTED, MILITARY)


def packed(law: Jurisdiction, day: date, *, known: date) -> tuple[PartyList, ...]:
    """The lists of the pack with whom they name on the day; one that stands for nobody on it is left out."""
    found = []
    for parameter in (one for name in _NAMES for one in law.named(name)):
        state = parameter.state(day, known=known)
        parties = tuple(_parties(law, parameter, state))
        if parties:
            found.append(PartyList(name=list_name(parameter), parties=parties))
    return tuple(found)


def list_name(parameter: Parameter) -> str:
    """What the list of a parameter is called."""
    return parameter.instrument if parameter.name == LISTED else f"{parameter.instrument}/{parameter.name}"


def unnamed(law: Jurisdiction, day: date, *, known: date) -> dict[str, tuple[int, int]]:
    """List → how many it lists, and how many of them the pack has no name of; lists that are whole are left out."""
    found = {}
    for parameter in law.named(LISTED):
        groups = _groups(parameter.state(day, known=known))
        count, named = sum(one["parties"] for one in groups), sum(len(one["named"]) for one in groups)
        if named < count:
            found[list_name(parameter)] = (count, count - named)
    return found


def _groups(state: State) -> list[dict[str, Any]]:
    if state.status not in ("in-force", "unknown") or state.value is None or state.value.unknown:
        return []
    groups: list[dict[str, Any]] = state.value.value
    return groups


def _parties(law: Jurisdiction, parameter: Parameter, state: State) -> Iterator[Party]:
    assert state.value is not None or not _groups(state), "who is listed is listed by a value"
    source, title = list_name(parameter), law.title(parameter.instrument)
    called = " · ".join(re.split("[:：]", title[language], maxsplit=1)[0] for language in ("en", "zh"))
    number = 0
    for group in _groups(state):
        assert state.value is not None, "a group stands in a value"
        for one in group["named"]:
            number += 1
            listing = Listing(
                since=state.value.in_force_from, reason=called, source=one.get("source", group["source"]),
                measure=group["measure"], scope=group["scope"], unsure=state.status == "unknown",
            )  # fmt: skip
            yield Party(
                source=source, id=f"{number:03d}", names=(*one["names"], *one.get("former", ())),
                countries=frozenset({one["country"]}), listings=(listing,),
            )  # fmt: skip


#: How likely a name is said to be a party that it is alike to; between `possible` and `certain`.
_ALIKE: Final = 0.7
#: Names shorter than this are words of other firms too: where the country is another one, they are only alike.
_SHORT_NAME: Final = 12
#: A name of at least so many signs is still alike with one of them otherwise.
_LEAST_MENDED: Final = 8
#: Letters in which a word that is spelt otherwise begins alike.
_BEGINS: Final = 6
#: Signs that a name has at least to be looked for within a longer one: of letters, of hanzi; and the same where the
#: country is another one. A body of a ministry is that within a longer name too.
_LEAST_LETTERS, _LEAST_HAN = 3, 3
_LEAST_LETTERS_ABROAD, _LEAST_HAN_ABROAD = 6, 4
#: How many names' answers are kept at hand.
_MOST_KEPT: Final = 10_000
#: Letters of a body's name in a statement of use.
_LEAST_IN_TEXT: Final = 4
_SMALL: Final = frozenset({"and", "of", "the", "for"})
_TOKEN: Final = re.compile(r"[^\W_]+")
_BRACKETS: Final = re.compile(r"[(（]([^()（）]*)[)）]")
_FORMS: Final = frozenset({"limited", "joint-stock", "partnership"})


@dataclass(frozen=True, slots=True)
class _Written:
    """A name as it is compared: its words without legal forms, the same joined, and those that tell it from others."""

    words: tuple[str, ...]
    joined: str
    significant: frozenset[str]

    @classmethod
    def of(cls, words: tuple[str, ...]) -> _Written:
        return cls(words=words, joined="".join(words), significant=frozenset(words) - _SMALL)


class Roll:
    """Who stands on the lists of a pack on a day, to be asked for names."""

    def __init__(self, lists: tuple[PartyList, ...]) -> None:
        self._named = [
            (party, name, written)
            for one in lists for party in one.parties for name in party.names for written in (_written(name),)
            if written.words
        ]  # fmt: skip
        self._found: dict[tuple[str, str | None], tuple[Hit, ...]] = {}
        #: Where a name may be found: by the words that tell it, by its first word, and in pieces by how it begins or
        #: ends and how long it is. Of hanzi each is looked for, which is quick.
        self._by: dict[object, list[int]] = defaultdict(list)
        self._of_source: dict[str, list[int]] = defaultdict(list)
        self._han: list[tuple[int, str]] = []
        for at, (party, _, written) in enumerate(self._named):
            self._of_source[party.source].append(at)
            if is_cjk(written.joined[0]):
                self._han.append((at, written.joined))
            for key in (written.joined, written.significant, ("first", written.words[0]), *_ends(written.joined)):
                self._by[key].append(at)

    def find(self, name: str, *, country: str | None = None) -> tuple[Hit, ...]:
        """The parties that a name is or is alike to, each once; what it is before what it is alike to."""
        key = (name, country)
        if key not in self._found:
            if len(self._found) >= _MOST_KEPT:
                self._found.clear()
            self._found[key] = self._looked_for(name, country)
        return self._found[key]

    def _looked_for(self, name: str, country: str | None) -> tuple[Hit, ...]:
        asked = _variants(name[:MOST_CHARACTERS])
        found: dict[str, Hit] = {}
        for party, known, written in map(self._named.__getitem__, self._possible(asked)):
            probability, code = max((_compared(one, written, party, country) for one in asked), default=(0.0, ""))
            before = found.get(party.key)
            if probability and (before is None or before.probability < probability):
                found[party.key] = _hit(party, name, known, probability, code)
        return tuple(sorted(found.values(), key=lambda hit: -hit.probability))

    def _possible(self, asked: tuple[_Written, ...]) -> list[int]:
        """The places of the names that may be one of these or within it."""
        found: set[int] = set()
        for one in asked:
            keys: list[object] = [one.joined, one.significant, *(("first", word) for word in one.words)]
            for size in (-1, 0, 1):
                keys += _ends(one.joined, size=len(one.joined) + size)
            for key in keys:
                found.update(self._by.get(key, ()))
            found.update(at for at, joined in self._han if joined in one.joined)
        return sorted(found)

    def within(self, text: str, *, source: str) -> Hit | None:
        """The first party of a list whose name stands within a text, as a body is named in a statement of use."""
        asked = _written(text[:MOST_CHARACTERS])
        for party, known, written in map(self._named.__getitem__, self._of_source.get(source, ())):
            if _holds(asked, written, letters=_LEAST_IN_TEXT, han=_LEAST_HAN):
                return _hit(party, text, known, 1.0, "brand-part")
        return None


def _ends(joined: str, *, size: int | None = None) -> list[tuple[str, int, str]]:
    """How a name begins and how it ends, with how long it is: one sign otherwise leaves one of them as it is."""
    length = len(joined) if size is None else size
    return [("begins", length, joined[:_LEAST_HAN]), ("ends", length, joined[-_LEAST_HAN:])]


def _compared(asked: _Written, known: _Written, party: Party, country: str | None) -> tuple[float, str]:
    """How likely, and why."""
    elsewhere = country is not None and country not in party.countries
    same = asked.joined == known.joined or (len(known.words) > 1 and asked.significant == known.significant)
    if same:
        return (_ALIKE if elsewhere and len(known.joined) < _SHORT_NAME else 1.0), "written-same"
    letters, han = (_LEAST_LETTERS_ABROAD, _LEAST_HAN_ABROAD) if elsewhere else (_LEAST_LETTERS, _LEAST_HAN)
    is_body = party.source.endswith(f"/{MILITARY}")
    if _holds(asked, known, letters=letters, han=_LEAST_HAN if is_body else han):
        return (1.0 if is_body else _ALIKE), "brand-part"
    if len(known.joined) >= _LEAST_MENDED and (_one_off(asked.joined, known.joined) or _is_respelt(asked, known)):
        return _ALIKE, "letters-close"
    return 0.0, ""


def _is_respelt(asked: _Written, known: _Written) -> bool:
    """Whether every word is the same or, of long ones, begins alike: Technologys for Technologies."""
    pairs = list(zip(asked.words, known.words, strict=False))
    return len(asked.words) == len(known.words) > 1 and all(
        one == other or (min(len(one), len(other)) >= _LEAST_MENDED and one[:_BEGINS] == other[:_BEGINS])
        for one, other in pairs
    )


def _holds(asked: _Written, known: _Written, *, letters: int, han: int) -> bool:
    """Whether the words of a known name stand within another, side by side."""
    if is_cjk(known.joined[0]):
        return len(known.joined) >= han and known.joined in asked.joined
    if len(known.joined) < letters:
        return False
    span = len(known.words)
    return any(asked.words[at : at + span] == known.words for at in range(len(asked.words) - span + 1))


def _one_off(one: str, other: str) -> bool:
    """Whether one sign put in, left out or written otherwise makes them the same."""
    if abs(len(one) - len(other)) > 1:
        return False
    at = next(
        (at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), min(len(one), len(other))
    )
    return one[at + (len(one) >= len(other)) :] == other[at + (len(other) >= len(one)) :]


def _hit(party: Party, asked: str, name: str, probability: float, code: str) -> Hit:
    standings = tuple(
        ListMatch(list=party.source, listing=one, measure=one.measure, scope=one.scope, unsure=one.unsure)
        for one in party.listings
    )
    facts = {"one": shorten(asked), "other": name}
    return Hit(
        records=(party,), name=name, by="name", probability=probability,
        reasons=(Reason(code=code, facts=facts), *map(explained_standing, standings)), standings=standings,
    )  # fmt: skip


def _variants(name: str) -> tuple[_Written, ...]:
    """A name, the same without what stands in brackets, and what stands in them."""
    inner = _BRACKETS.findall(name)
    texts = [name, *([_BRACKETS.sub(" ", name), *inner] if inner else [])]
    return tuple(one for one in dict.fromkeys(map(_written, texts)) if one.words)


@lru_cache(maxsize=10_000)
def _written(name: str) -> _Written:
    words = [word for word in _TOKEN.findall(folded(name)) if word != "and"]
    han = "".join(words) if any(map(is_cjk, name)) else ""
    if han:
        for form in _han_forms():
            han = han.removesuffix(form).removeprefix(form)
        return _Written.of((han,) if han else ())
    while words and any(tuple(words[-len(form) :]) == form for form in _latin_forms()):
        longest = max(len(form) for form in _latin_forms() if tuple(words[-len(form) :]) == form)
        if longest == len(words):
            break
        del words[-longest:]
    return _Written.of(tuple(words[1:] if words[:1] == ["the"] else words))


@cache
def _forms() -> list[str]:
    rows = [row["terms"] for row in rows_of("forms.csv") if row["form"] in _FORMS]
    return [folded(term) for row in rows for term in row.split("|")] + ["公司", "会社"]


@cache
def _han_forms() -> tuple[str, ...]:
    return tuple(sorted((form for form in _forms() if is_cjk(form[:1] or " ")), key=len, reverse=True))


@cache
def _latin_forms() -> frozenset[tuple[str, ...]]:
    return frozenset(
        tuple(_TOKEN.findall(form)) for form in _forms() if form.isascii() and _TOKEN.findall(form)
    )  # fmt: skip
