"""Find what a reader remembers a name, a number or a part of: firms, sites, lots, licences, findings, declarations …

Each kind is looked for where its page is open to whoever asks, and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect

from lodeline.language import text
from lodeline.office.customs import queries
from lodeline.office.licences import application_views
from lodeline.service.customs.looking import looked_for
from lodeline.service.findings.finding import findings
from lodeline.service.inspections.planning import EnteredPlan, plans
from lodeline.service.inspections.reading import visits_of
from lodeline.service.inspections.visits import inspections
from lodeline.service.lots.lots import lots_like
from lodeline.store.store import DESK_KIND, INSPECTION_KIND, INSPECTION_PLAN_KIND
from lodeline.web.pages.overview.found import HASH, SHOWN, Kind, Match, asked_match, found_page, kind
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.lots import product as product_word

#: Kind of an entry → the page of what it is, by its number.
_OF_ENTRY = {
    INSPECTION_PLAN_KIND: ("inspection-plan", "plan"), INSPECTION_KIND: ("inspection-visit", "entry"),
    DESK_KIND: ("desk-asked-one", "entry"),
}  # fmt: skip
_LEDE = text(
    "A firm or site by its name, id, credit code or LEI; a lot, licence, application, "
    "declaration, model of goods or finding by its number or a part of it; plans and visits "
    "by their site; an entry by its number. Of declarations the newest 200 are looked "
    "through. Press / to come back to the find field."
)
_DESK_LEDE = text(
    "A declaration by its number, exporter or goods; a customs query by its reference; a licence by its number."
)


def find(visit: Visit) -> HttpResponse:
    """The page `find/?q=`: straight to the one thing of that very name, else what resembles it."""
    text = visit.query("q")
    visit.reading  # noqa: B018  (the frame says what was searched)
    if text is None:
        return found_page(visit, "", (), visit.localized(_LEDE))
    found = _Find(visit, text)
    exact = found.exact()
    if exact is not None:
        return HttpResponseRedirect(exact)
    kinds = (
        kind(visit.text("Organisations"), found.organisations()),
        kind(visit.text("Sites"), found.sites()),
        kind(visit.text("Lots", context="overview"), found.lots()),
        kind(visit.text("Findings", context="overview"), found.findings()),
        kind(visit.text("Models of goods"), found.models()),
        kind(visit.text("Sampling plans"), found.plans()),
        kind(visit.text("Visits", context="overview"), found.visits()),
        *found.papers(),
    )
    return found_page(visit, text, kinds, visit.localized(_LEDE))


def desk_find(visit: Visit) -> HttpResponse:
    """The page `desk/find/?q=` of customs officers: declarations, queries and licences."""
    text = visit.query("q")
    if text is None:
        return found_page(visit, "", (), visit.localized(_DESK_LEDE))
    found = _Find(visit, text)
    kinds = found.papers()
    exact = found.of_that_name(kinds)
    return HttpResponseRedirect(exact) if exact else found_page(visit, text, kinds, visit.localized(_DESK_LEDE))


class _Find:
    """What is like a text, within what whoever asks may see."""

    def __init__(self, visit: Visit, text: str) -> None:
        self.visit, self.text, self.wanted = visit, text, text.casefold()

    def exact(self) -> str | None:
        """The page of the one thing that is called exactly so."""
        visit, text, snapshot = self.visit, self.text, self.visit.reading.snapshot
        if re.fullmatch(r"\d{1,12}", text) and int(text) <= snapshot.entry:
            return self._entry(int(text))
        if text in snapshot.register.roles:
            return visit.url("organisation", organisation=text)
        named = snapshot.register.organisation_by_name.get(self.wanted)
        if named is not None:
            return visit.url("organisation", organisation=named)
        if text in snapshot.register.site_organisation:
            return visit.url("balance", site=text)
        if snapshot.flow_index().lot_called(text) is not None:
            return visit.url("lot", lot=text)
        return self.of_that_name([*self.papers(), kind("", self.findings())])

    def _entry(self, number: int) -> str | None:
        """What an entry is: a plan, a visit, a question to the desk, each where its page is open; else the entry."""
        found = self.visit.store.entry(number)
        page, part = _OF_ENTRY.get(found.kind if found is not None else "", ("entry", "entry"))
        about = None if found is None else found.organisation
        if self.visit.territory is not None and about not in self.visit.territory:
            page, part = "entry", "entry"
        named: dict[str, Any] = {part: number}
        return self.visit.opens(page, **named) or self.visit.url("entry", entry=number)

    def of_that_name(self, kinds: list[Kind]) -> str | None:
        """The page of the only match of that very name."""
        same = {row.href for one in kinds for row in one.rows if self.text in row.text.split(", ") and row.href}
        return same.pop() if len(same) == 1 else None

    def organisations(self) -> Iterator[Match]:
        """By names, aliases and numbers."""
        register = self.visit.reading.snapshot.register
        names = words.organisation_names(register, self.visit.language)
        columns = ("id", "name_zh", "name_en", "aliases", "uscc", "lei")
        for one, zh, en, aliases, uscc, lei in register.tables["organisations"].select(columns).iter_rows():
            if any(self._has(name) for name in (one, zh, en, uscc, lei, *(aliases or ()))):
                yield Match(text=names[one], note=one, href=self.visit.url("organisation", organisation=one))

    def sites(self) -> Iterator[Match]:
        """By id and name."""
        for site, name, stage in self._site_rows():
            if self._has(site) or self._has(name):
                word = words.word(words.STAGES, stage or "", self.visit.language)
                yield Match(text=name or site, note=f"{site} · {word}", href=self.visit.url("balance", site=site))

    def lots(self) -> Iterator[Match]:
        """By a part of the name."""
        if self.visit.opens("lots") is None:
            return
        facts = lots_like(self.visit.reading.snapshot, text=self.text, most=SHOWN + 1)
        for name, product in facts.select("name", "product").iter_rows():
            note = product_word(product, self.visit.language) if product else written.NOTHING
            yield Match(text=name, note=note, href=self.visit.url("lot", lot=name))

    def findings(self) -> Iterator[Match]:
        """By the beginning of the id."""
        visit, reading = self.visit, self.visit.reading
        if not HASH.fullmatch(self.wanted) or visit.opens("findings") is None:
            return
        for row in reading.answer(findings, reading.store, reading.snapshot, reading.law).raised:
            if row.id.startswith(self.wanted):
                word = words.word(words.DETECTORS, row.detector, visit.language)
                yield Match(text=row.id, note=word, href=visit.opens("finding", finding=row.id))

    def models(self) -> Iterator[Match]:
        """Registered models, by id, grade and test report; they stand on the page of their firm."""
        names = words.organisation_names(self.visit.reading.snapshot.register, self.visit.language)
        for row in self.visit.register.tables["models"].iter_rows(named=True):
            if any(self._has(row[name]) for name in ("id", "grade", "test_report")):
                who = row["organisation"]
                yield Match(
                    text=row["id"], note=" · ".join(filter(None, (row["grade"], names.get(who, who)))),
                    href=self.visit.opens("organisation", organisation=who),
                )  # fmt: skip

    def plans(self) -> Iterator[Match]:
        """By site, the newest first."""
        within = self.visit.territory
        every: list[EnteredPlan] = plans(self.visit.store, organisations=None if within is None else sorted(within))
        for one in reversed(every):
            if self._is_at(one.paper["site"]):
                text = self.visit.text("Plan {index}", index=one.entry.index)
                href = self.visit.opens("inspection-plan", plan=one.entry.index)
                yield Match(text=text, note=self._site(one.paper["site"]), href=href)

    def visits(self) -> Iterator[Match]:
        """By site, the newest first."""
        within = self.visit.territory
        for one in reversed(visits_of(inspections(self.visit.store, within))):
            if self._is_at(one.site):
                day = written.day(one.on, self.visit.language)
                href = self.visit.opens("inspection-visit", entry=one.entry)
                yield Match(text=day, note=self._site(one.site), href=href)

    def papers(self) -> list[Kind]:
        """Licences, applications, declarations and customs queries."""
        return [
            kind(self.visit.text("Licences"), self._licences()),
            kind(self.visit.text("Applications", context="overview"), self._applications()),
            kind(self.visit.text("Declarations"), self._declarations()),
            kind(self.visit.text("Customs queries"), self._queries()),
        ]

    def _licences(self) -> Iterator[Match]:
        visit = self.visit
        page = next((one for one in ("licence", "desk-licence") if visit.opens(one, licence="-")), None)
        if page is None:
            return
        names = words.organisation_names(visit.register, visit.language)
        columns = ("id", "exporter", "destination", "end_users")
        for one, exporter, destination, users in visit.register.tables["licences"].select(columns).iter_rows():
            who = names.get(exporter, exporter)
            if any(self._has(name) for name in (one, exporter, who, *(users or ()))):
                where = words.country(destination, visit.language) if destination else ""
                note = " · ".join(filter(None, (who, where)))
                yield Match(text=one, note=note, href=visit.opens(page, licence=one))

    def _applications(self) -> Iterator[Match]:
        visit = self.visit
        if not visit.actor.may("nation.read"):
            return
        names = words.organisation_names(visit.register, visit.language)
        for one in application_views.submitted(visit.actor):
            who = names.get(one.organisation, one.organisation)
            if any(self._has(name) for name in (one.reference, one.licence, one.organisation, who)):
                href = visit.opens("application", application=one.reference)
                yield Match(text=one.reference, note=who, href=href)

    def _declarations(self) -> Iterator[Match]:
        visit = self.visit
        if visit.opens("desk-asked") is None:
            return
        for one in looked_for(visit.store, self.text, most=SHOWN + 1):
            yield asked_match(visit, one, visit.opens("desk-asked-one", entry=one.entry))

    def _queries(self) -> Iterator[Match]:
        visit = self.visit
        if not visit.actor.may("desk.use"):
            return
        names = words.organisation_names(visit.register, visit.language)
        for one in queries.cases(visit.actor):
            if self._has(one.reference) or self._has(one.organisation):
                note = names.get(one.organisation, one.organisation)
                yield Match(text=one.reference, note=note, href=visit.opens("desk-query", case=one.reference))

    def _has(self, name: str | None) -> bool:
        return self.wanted in (name or "").casefold()

    def _site_rows(self) -> Iterator[tuple[Any, ...]]:
        return self.visit.reading.snapshot.register.tables["sites"].select("id", "name", "stage").iter_rows()

    def _site(self, site: str) -> str:
        return next((str(name) for one, name, _ in self._site_rows() if one == site and name), site)

    def _is_at(self, site: str | None) -> bool:
        return bool(site) and (self._has(site) or self._has(self._site(str(site))))
