"""A finding as the organisation that it is about may see it: the question, its numbers, and its own rows as evidence.

Detectors look at the whole ledger, and what they tell may name whoever stands farther up or down. Those are not next to
the organisation, so a mark stands for each: as in `OrganisationView.lot_name`. A lot that it has by an alias goes by
the alias. Facts and evidence say by their types what names somebody; what is told in no typed fact is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from lodeline.detection.battery import DETECTORS, sentences_of
from lodeline.detection.evidence import LOT_KEYS, PARTY_KEYS, PROSE_KEYS, SITE_KEYS
from lodeline.message import Leaf, Lot, Name, Party, Site, as_json, changed, localized
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.store.snapshot import Snapshot

Json = dict[str, Any]
_LABELS = {one.name: one.label for one in DETECTORS}


def own_findings(rows: Iterable[Mapping[str, Any]], own: OrganisationView, snapshot: Snapshot) -> list[Json]:
    """The findings about the organisation among `rows` (the shape of `findings --json`)."""
    about = [dict(row) for row in rows if row["subject"].get("organisation") == own.organisation]
    entries = sorted({one["entry"] for row in about for one in row["evidence"] if isinstance(one.get("entry"), int)})
    lines = snapshot.rows("lines", "entry", entries).filter(pl.col("organisation") == own.organisation)
    mine = set(lines["entry"])

    def is_own(evidence: Mapping[str, Any]) -> bool:
        # Totals and what was measured are of the subject; any other row without an entry may be anybody's.
        return evidence.get("entry") in mine or evidence.keys() in ({"totals"}, {"measured"})

    reader = _Reader(own)
    return [
        {
            **row,
            "subject": reader.known(row["subject"]),
            **reader.explanation(row),
            "evidence": [reader.known(one) for one in row["evidence"] if is_own(one)],
        }
        for row in about
    ]


class _Reader:
    """What the organisation calls others, their sites and their lots."""

    def __init__(self, own: OrganisationView) -> None:
        self._own = own
        self._known = {own.organisation, *own.next_to}
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

    def explanation(self, row: Mapping[str, Any]) -> Json:
        """The sentences of a finding. One kept before they had facts says no more than what kind of question it is."""
        told = tuple(changed(one, self._fact) for one in sentences_of(row))
        text = localized(told) if told else _LABELS.get(row.get("detector", ""), {"en": "", "zh": ""})
        return {"explanation": dict(text), "sentences": [as_json(one) for one in told]}

    def known(self, value: Any, key: str = "") -> Any:
        """A subject or a row of evidence, without what names strangers."""
        if isinstance(value, Mapping):
            return {name: self.known(one, name) for name, one in value.items() if name not in PROSE_KEYS}
        if isinstance(value, list | tuple):
            return [self.known(one, key) for one in value]
        if not isinstance(value, str):
            return value
        if key in PARTY_KEYS:
            return self._party(value)
        if key in SITE_KEYS:
            return self._site(value)
        return self._lot(value) if key in LOT_KEYS else value

    def _fact(self, fact: Leaf) -> Leaf:
        match fact:
            case Party(one):
                return Party(self._party(one))
            case Name(one):
                return Name(self._party(one))
            case Site(one):
                return Site(self._site(one))
            case Lot(_, name):
                called = self._lot(name)
                return Lot(called, called)
        return fact

    def _party(self, word: str) -> str:
        """An id or a name: as it is where the organisation knows who bears it, or nobody in the register does."""
        bearers = self._bearers.get(word, set())
        if not bearers or bearers & self._known:
            return word
        return self._mark(min(bearers))

    def _mark(self, organisation: str) -> str:
        return self._own.lot_name(f"{organisation}/", organisation, "").removesuffix("/")

    def _site(self, site: str) -> str:
        return site if site in self._own_sites else self._mark(self._holder.get(site, site))

    def _lot(self, name: str) -> str:
        maker, slash, local = name.partition("/")
        return self._own.lot_name(name, maker, local) if slash else name
