"""Who a name may be, and whether that party is listed: numbers first, then names, each with its reasons in words.

A search never says "is": a number that is the same names the party, a name alone is as likely as `likeness` says, and
what speaks against it is said too. A party is listed by an entry that stands on the day, or by shares: half and more,
held by listed parties, directly or through firms that count themselves. Parties of several sources that share a unified
social credit code or an LEI are one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from threading import RLock
from typing import Final, Literal

from lodeline.ledger.problem import shorten
from lodeline.party.identifier import ONE_PERSON, Identifier
from lodeline.party.index import Candidate, NameIndex, before_others
from lodeline.party.likeness import compared
from lodeline.party.lists import Measure, Party, Scope
from lodeline.party.name import Name, parsed
from lodeline.party.ownership import Belonging, Stake, belonging, chain
from lodeline.party.reasons import ListMatch, Reason, explained, explained_standing, kind_facts, threshold
from lodeline.party.registered import REGISTER
from lodeline.party.script import MOST_CHARACTERS, faults

VerdictWord = Literal["listed", "alike", "known", "unclear", "unknown"]
#: Worst first. `alike`, `unclear`: somebody should look; `known`: in the register or on a list, and not listed.
VERDICTS: Final[tuple[VerdictWord, ...]] = ("listed", "alike", "known", "unclear", "unknown")
#: Names as filed that nobody has resolved yet: they are shown beside a name, and say nothing of whether it is known.
FILED: Final = "filed"
#: How many parties are looked at, so that one that is listed is not hidden behind others that are more alike.
_LOOKED_AT: Final = 20
#: How many names' candidates are kept at hand.
_MOST_KEPT: Final = 10_000
#: What is less likely is not shown.
_LEAST_SHOWN: Final = 0.01
#: A list, a measure, its scope, and whether it is unsure that they stand.
_Kind = tuple[str, Measure, Scope, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A party that may be meant: all that is known of it, and the name that was most alike, by `number` or by `name`.
    `led`: how far ahead of others that name stood where it was looked for.
    """

    records: tuple[Party, ...]
    name: str
    by: Literal["number", "name"]
    probability: float
    reasons: tuple[Reason, ...]
    standings: tuple[ListMatch, ...]
    led: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """What was found for a name: `verdict` is the worst that a hit gives; `remarks` are about the name as filed."""

    name: str
    verdict: VerdictWord
    hits: tuple[Hit, ...]
    remarks: tuple[Reason, ...]


def with_hits(found: Screening, hits: Iterable[Hit], *, day: date, most: int = 5) -> Screening:
    """What was found, with hits from elsewhere beside it; at most `most`, listed ones and likelier ones first."""
    every = [*hits, *found.hits]
    return replace(found, verdict=_verdict(every, day), hits=_shown(every, most, day))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is known of the party that is asked for, and the day."""

    name: Name
    identifiers: tuple[Identifier, ...]
    country: str | None
    day: date


class Screener:
    """All parties that are known, and who owns whom; answers for any day, and takes changes one by one."""

    def __init__(self, parties: Iterable[Party], stakes: Iterable[Stake] = ()) -> None:
        every = list(parties)
        self._records = {party.key: party for party in every}
        self._holders: dict[Identifier, dict[str, None]] = defaultdict(dict)
        for party in every:
            for number in party.identifiers:
                self._holders[number][party.key] = None
        self._index = NameIndex((party.key, name) for party in every for name in party.names)
        #: Name → what the index found, until it changes: a batch asks for one name on many days.
        self._found: dict[str, list[Candidate]] = {}
        self._stakes = list(stakes)
        self._belongings: dict[date, dict[_Kind, dict[str, Belonging]]] = {}
        #: A search never sees half of a change.
        self._turn = RLock()

    def __len__(self) -> int:
        """How many persons: records that share a number count once."""
        return len({self._person(key) for key in self._records})

    def put(self, party: Party) -> None:
        """Takes a party in, or in place of what stood under its key."""
        with self._turn:
            self._put(party)

    def _put(self, party: Party) -> None:
        before = self._records.get(party.key)
        if before == party:
            return
        self._records[party.key] = party
        self._belongings.clear()
        self._found.clear()
        old = before or replace(party, names=(), identifiers=frozenset())
        for name in set(old.names) - set(party.names):
            self._index.remove(party.key, name)
        for name in party.names:
            self._index.add(party.key, name)
        for number in old.identifiers - party.identifiers:
            self._holders[number].pop(party.key, None)
        for number in party.identifiers:
            self._holders[number][party.key] = None

    def take_out(self, key: str) -> None:
        """Forgets a party; one that is not there is none."""
        with self._turn:
            if (party := self._records.get(key)) is not None:
                self._put(replace(party, names=(), identifiers=frozenset()))
                del self._records[key]

    def own(self, stakes: Iterable[Stake]) -> None:
        """Who owns whom from now on, in place of what was known."""
        with self._turn:
            self._stakes = list(stakes)
            self._belongings.clear()

    @property
    def keys(self) -> Collection[str]:
        """The keys of the parties that are known."""
        return self._records.keys()

    def _joint(self, key: str) -> list[str]:
        """The keys of all records of one person: those that share its numbers, and theirs."""
        found, waiting = {key}, [key]
        while waiting:
            for number in self._records[waiting.pop()].identifiers:
                if number.scheme in ONE_PERSON:
                    new = self._holders[number].keys() - found
                    found |= new
                    waiting += new
        # The register's record first: it says what the party is called here.
        return sorted(found, key=lambda one: (not one.startswith(f"{REGISTER}:"), one))

    def _person(self, key: str) -> str:
        return self._joint(key)[0]

    def screen(
        self, name: str, *, day: date, identifiers: Collection[Identifier] = (), country: str | None = None,
        most: int = 5,
    ) -> Screening:  # fmt: skip
        """Whom the name and numbers may mean on the day; at most `most` hits, listed ones and likelier ones first. Of
        those that nobody need look at the ones that lead in the search are shown rather than others as likely.

        `country`: ISO 3166 alpha-2, where the other party is said to be. Of a name longer than MOST_CHARACTERS the
        beginning is looked at, and that is a remark.
        """
        with self._turn:
            return self._screen(name, day, identifiers, country, most)

    def _screen(
        self, name: str, day: date, identifiers: Collection[Identifier], country: str | None, most: int
    ) -> Screening:  # fmt: skip
        remarks = tuple(Reason(code=code, facts={"most": str(MOST_CHARACTERS)}) for code in faults(name))
        asked = _Asked(name=parsed(name[:MOST_CHARACTERS]), identifiers=tuple(identifiers), country=country, day=day)
        by_number = sorted({self._person(key) for number in identifiers for key in self._holders.get(number, ())})
        hits = [self._numbered(person, asked) for person in by_number]
        seen = set(by_number)
        for candidate in self._candidates(name[:MOST_CHARACTERS], max(_LOOKED_AT, most)):
            # The likeliest first: what comes later of the same person is less alike.
            person = self._person(candidate.key)
            if person not in seen:
                seen.add(person)
                hits.append(replace(self._named(person, candidate.name, asked), led=candidate.led))
        hits = [hit for hit in hits if hit.probability >= _LEAST_SHOWN]
        return Screening(name=name, verdict=_verdict(hits, day), hits=_shown(hits, most, day), remarks=remarks)

    def _candidates(self, name: str, most: int) -> list[Candidate]:
        if most > _LOOKED_AT:
            return self._index.find(name, most=most)
        if name not in self._found:
            if len(self._found) >= _MOST_KEPT:
                self._found.clear()
            self._found[name] = self._index.find(name, most=_LOOKED_AT)
        return self._found[name]

    def standings(self, key: str, *, day: date) -> tuple[ListMatch, ...]:
        """On which lists the party of a key counts as listed on the day; none for one that is not known."""
        with self._turn:
            return self._standings(self._person(key), day) if key in self._records else ()

    def _numbered(self, person: str, asked: _Asked) -> Hit:
        records = self._of(person)
        known = frozenset(number for record in records for number in record.identifiers)
        reasons = [Reason(code="number-same", facts=_number(one)) for one in asked.identifiers if one in known]
        names = [name for record in records for name in record.names] or [""]
        likenesses = [compared(asked.name, parsed(name)) for name in names]
        at = max(range(len(names)), key=lambda place: likenesses[place].probability)
        why = explained(likenesses[at]) if asked.name.text else []
        unlike = likenesses[at].probability < threshold("possible", asked.day)
        if asked.name.text and (unlike or any(one.code == "brand-far" for one in why)):
            why = [Reason(code="name-differs", facts={"name": shorten(names[at])})]
        reasons += why
        return self._hit(person, names[at], by="number", probability=1.0, reasons=reasons, day=asked.day)

    def _named(self, person: str, name: str, asked: _Asked) -> Hit:
        alike = compared(asked.name, parsed(name))
        probability = alike.probability
        reasons = explained(alike)
        records = self._of(person)
        countries = frozenset(one for record in records for one in record.countries)
        if asked.country and asked.country in countries:
            reasons.append(Reason(code="country-same", facts={"country": asked.country}))
        elif asked.country and countries:
            facts = {"asked": asked.country, "known": ", ".join(sorted(countries))}
            reasons.append(Reason(code="country-differs", facts=facts))
            weighed = probability * threshold("country-differs", asked.day)
            probability = weighed / (weighed + 1 - probability)
        known = {number.scheme: number for record in records for number in record.identifiers}
        for number in asked.identifiers:
            if number.scheme in ONE_PERSON and number.scheme in known:
                reasons.append(Reason(code="number-differs", facts=_number(known[number.scheme])))
                probability = min(probability, threshold("number-differs", asked.day))
        return self._hit(person, name, by="name", probability=probability, reasons=reasons, day=asked.day)

    def _hit(
        self, person: str, name: str, *, by: Literal["number", "name"], probability: float, reasons: list[Reason],
        day: date,
    ) -> Hit:  # fmt: skip
        """The party with what it stands on, which is said after the reasons."""
        records = self._of(person)
        listings = [(record.source, listing) for record in records for listing in record.listings]
        standings = self._standings(person, day)
        listed = [self._listing_reason(standing) for standing in standings]
        ended = [
            Reason(code="listing-ended", facts={"list": source, "until": listing.until.isoformat()})
            for source, listing in listings
            if listing.until is not None and listing.until < day
        ]
        return Hit(
            records=tuple(records), name=name, by=by, probability=probability, reasons=(*reasons, *listed, *ended),
            standings=standings,
        )  # fmt: skip

    def _of(self, person: str) -> list[Party]:
        return [self._records[key] for key in self._joint(person)]

    def _standings(self, person: str, day: date) -> tuple[ListMatch, ...]:
        found = [
            ListMatch(
                list=record.source, listing=listing, measure=listing.measure, scope=listing.scope, unsure=listing.unsure
            )
            for record in self._of(person)
            for listing in record.listings
            if listing.stands(day)
        ]
        for (source, measure, scope, unsure), belongings in self._owned(day).items():
            if person in belongings:
                one = belongings[person]
                chains = tuple((*chain(link.owner, belongings), link) for link in one.links)
                found.append(
                    ListMatch(list=source, share=one.share, chains=chains, measure=measure, scope=scope, unsure=unsure)
                )
        return tuple(found)

    def _listing_reason(self, standing: ListMatch) -> Reason:
        if standing.listing is not None:
            return explained_standing(standing)
        assert standing.share is not None
        chains = [
            " → ".join(f"{self._called(one.owner)} {_percent(one.share)} %" for one in links)
            for links in standing.chains
        ]
        facts = {"list": standing.list, "share": _percent(standing.share), "chain": "; ".join(chains)}
        return Reason(code="owned", facts=facts | kind_facts(standing))

    def _called(self, person: str) -> str:
        return next((name for record in self._of(person) for name in record.names), person)

    def _owned(self, day: date) -> dict[_Kind, dict[str, Belonging]]:
        """List and measure → who counts as listed so by shares. Shares of owners that stand on different lists, or
        under different measures of one, do not add up."""
        if day not in self._belongings:
            listed: dict[_Kind, set[str]] = defaultdict(set)
            for key, record in self._records.items():
                for one in record.listings:
                    if one.stands(day):
                        listed[record.source, one.measure, one.scope, one.unsure].add(self._person(key))
            least = Fraction(str(threshold("ownership-share", day)))
            stakes = [
                replace(one, owner=self._person(one.owner), owned=self._person(one.owned))
                for one in self._stakes
                if one.owner in self._records and one.owned in self._records
            ]
            self._belongings[day] = {
                kind: belonging(stakes, listed=persons, day=day, threshold=least)
                for kind, persons in sorted(listed.items())
            }
        return self._belongings[day]


def _shown(hits: list[Hit], most: int, day: date) -> tuple[Hit, ...]:
    """The first of the hits, listed ones that are possible before all others."""
    possible = threshold("possible", day)

    def is_not_listed(hit: Hit) -> bool:
        return not (hit.standings and hit.probability >= possible)

    first = sorted(hits, key=lambda hit: (is_not_listed(hit), before_others(hit.probability, hit.led, sure=possible)))
    return tuple(sorted(first[:most], key=lambda hit: (is_not_listed(hit), -hit.probability)))


def _verdict(hits: Sequence[Hit], day: date) -> VerdictWord:
    certain, possible = threshold("certain", day), threshold("possible", day)
    words: set[VerdictWord] = {"unknown"}
    for hit in hits:
        if all(record.source == FILED for record in hit.records):
            continue
        if hit.probability >= certain:
            words.add("listed" if hit.standings else "known")
        elif hit.probability >= possible:
            words.add("alike" if hit.standings else "unclear")
    return min(words, key=VERDICTS.index)


def _number(number: Identifier) -> dict[str, str]:
    return {"scheme": number.scheme.upper(), "number": number.number}


def _percent(share: Fraction | None) -> str:
    return f"{float((share or 0) * 100):.4g}"
