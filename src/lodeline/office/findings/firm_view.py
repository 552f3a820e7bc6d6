"""A finding as the organisation that it is about may see it: the question, its numbers, and its own rows as evidence.

Detectors look at the whole ledger, and a finding may name parties farther up or down. The organisation sees what is
declared to be shown (`SUBJECT`, `Detector.shown`) and nothing else. Of that, a party, site or lot that it
does not know goes by a mark, as in `OrganisationView.lot_name`; a lot that it has by an alias goes by the alias.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

import polars as pl

from lodeline.detection.battery import DETECTORS
from lodeline.detection.customers import CONTACT
from lodeline.detection.detector import SUBJECT, Declared, Shown
from lodeline.detection.finding import Finding
from lodeline.ledger.resolution import maker_and_local
from lodeline.message import Contact, Key, Leaf, Lot, Message, Name, Nameless, Party, Site, changed, unsplit
from lodeline.party.script import folded
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.store.snapshot import Snapshot

Json = dict[str, Any]
_BY_NAME: Final = {one.name: one for one in DETECTORS}


def own_findings(findings: Iterable[Finding], own: OrganisationView, snapshot: Snapshot) -> list[Finding]:
    """Those of the findings that are about the organisation, as it may see them."""
    about = [one for one in findings if one.subject.get("organisation") == own.organisation]
    entries = sorted({item["entry"] for one in about for item in one.evidence if isinstance(item.get("entry"), int)})
    lines = snapshot.rows("lines", "entry", entries).filter(pl.col("organisation") == own.organisation)
    reader = _Reader(own, frozenset(lines["entry"]))
    return [
        replace(
            one, kept_id=one.id, cause_from=one.since, subject=reader.facts(one.subject, SUBJECT),
            explanation=reader.explanation(one), evidence=reader.evidence(one),
        )
        for one in about
    ]  # fmt: skip


class _Reader:
    """What the organisation calls others, their sites and their lots; `filed` are the entries that it filed."""

    def __init__(self, own: OrganisationView, filed: frozenset[int]) -> None:
        self._own = own
        self._filed = filed
        self._known = {own.organisation, *own.next_to}
        names = own.parties.select("name_zh", "name_en").rows()
        #: As detectors compare names.
        self._names = {folded(name) for name in (*self._known, *(one for row in names for one in row)) if name}
        tables = own.register.tables
        self._bearers: dict[str, set[str]] = {}
        named = tables["organisations"].select("id", "name_zh", "name_en", "aliases").rows()
        for one, zh, en, aliases in named:
            for word in (one, zh, en, *(aliases or ())):
                if word:
                    self._bearers.setdefault(word, set()).add(one)
        for word, one in own.register.party_of.items():
            if one in own.register.roles:
                self._bearers.setdefault(word, set()).add(one)
        self._holder = dict(tables["sites"].select("id", "organisation").iter_rows())
        self._own_sites = {*own.sites["id"], *own.sites_before["id"]}

    def explanation(self, finding: Finding) -> tuple[Message, ...]:
        """The sentences of a finding. One kept before they had facts says no more than what kind of question it is."""
        if all(one.code for one in finding.explanation):
            return tuple(changed(one, self._fact) for one in finding.explanation)
        detector = _BY_NAME.get(finding.detector)
        return () if detector is None else (unsplit(detector.label),)

    def evidence(self, finding: Finding) -> tuple[Json, ...]:
        """The records of a finding, and the rows of it that the organisation filed; of both what is declared."""
        detector = _BY_NAME.get(finding.detector)
        declared = {} if detector is None else detector.shown
        records = {name: one for name, one in declared.items() if not isinstance(one, str)}
        shown = (
            self.facts(item, declared if item.get("entry") in self._filed else records) for item in finding.evidence
        )
        return tuple(item for item in shown if item)

    def facts(self, item: Mapping[str, Any], declared: Declared) -> Json:
        """The facts that are declared, as the organisation knows them."""
        return {name: self._shown(value, declared[name]) for name, value in item.items() if name in declared}

    def _shown(self, value: Any, declared: Shown | Mapping[str, Shown]) -> Any:
        if not isinstance(declared, str):
            return self.facts(value, declared)
        if declared == "plain" or value is None:
            return value
        if isinstance(value, list | tuple):
            return [self._shown(one, declared) for one in value]
        called = {"party": self._party, "site": self._site, "lot": self._lot}
        return called[declared](str(value))

    def _fact(self, fact: Leaf) -> Leaf:
        if isinstance(fact, Key) and CONTACT.match(fact.key):
            # A sentence that was kept before contacts had a type of their own.
            return Contact(self._mark(fact.key))
        if isinstance(fact, Nameless):
            return fact
        match fact:
            case Party(one):
                return Party(self._party(one))
            case Name(one):
                return Name(self._party(one))
            case Site(one):
                return Site(self._site(one))
            case Contact(one):
                return Contact(self._mark(one))
            case Lot(_, name):
                called = self._lot(name)
                return Lot(called, called)

    def _party(self, word: str) -> str:
        """An id or a name: as it is where the organisation knows a bearer, or has filed the name itself."""
        bearers = self._bearers.get(word, {word})
        return word if bearers & self._known or word in self._names else self._mark(min(bearers))

    def _mark(self, organisation: str) -> str:
        return self._own.lot_name(f"{organisation}/", organisation, "").removesuffix("/")

    def _site(self, site: str) -> str:
        return site if site in self._own_sites else self._mark(self._holder.get(site, site))

    def _lot(self, name: str) -> str:
        maker, local = maker_and_local(name, "")
        return self._own.lot_name(name, maker, local or name)
