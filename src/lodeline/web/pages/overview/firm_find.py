"""A firm finds what is its own: lots, filings, events, deliveries, licences, applications, declarations, partners.

Everything is asked about the firm alone, by the names that it knows things by; nothing of another is looked through.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect

from lodeline.language import text
from lodeline.office.customs import queries
from lodeline.office.findings import views
from lodeline.office.licences import application_views
from lodeline.service.customs.looking import looked_for
from lodeline.store.queries import filing, lots
from lodeline.web.pages.common.firm_part import Firm
from lodeline.web.pages.overview.found import HASH, SHOWN, Kind, Match, asked_match, found_page, kind
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words

_LEDE: Final = text(
    "Your own lots, sites, filings, events, deliveries that wait, licences, models, "
    "applications, declarations, questions and partners, by a name, a number or a part of "
    "it; a month like 2025-05. Press / to come back to the find field."
)


def firm_find(visit: Visit, organisation: str) -> HttpResponse:
    """The page `firm/ID/find/?q=`: straight to the one thing of that very name, else what resembles it."""
    text = visit.query("q")
    if text is None:
        return found_page(visit, "", (), visit.localized(_LEDE))
    kinds = _FirmFind(Firm(visit, organisation), text).kinds()
    same = {row.href for one in kinds for row in one.rows if text in row.text.split(", ") and row.href}
    if len(same) == 1:
        return HttpResponseRedirect(str(same.pop()))
    return found_page(visit, text, kinds, visit.localized(_LEDE))


class _FirmFind:
    """What of a firm's own is like a text."""

    def __init__(self, firm: Firm, text: str) -> None:
        self.firm, self.visit, self.text, self.wanted = firm, firm.visit, text, text.casefold()

    def kinds(self) -> list[Kind]:
        """Every kind of thing, with what of it is like the text."""
        return [
            kind(self.visit.text("Lots", context="overview"), self._lots()),
            kind(self.visit.text("Sites"), self._sites()),
            kind(self.visit.text("Filings", context="overview"), self._filings()),
            kind(self.visit.text("Events"), self._events()),
            kind(self.visit.text("Deliveries that wait"), self._deliveries()),
            kind(self.visit.text("Licences"), self._licences()),
            kind(self.visit.text("Models of goods"), self._models()),
            kind(self.visit.text("Applications", context="overview"), self._applications()),
            kind(self.visit.text("Declarations"), self._declarations()),
            kind(self.visit.text("Questions", context="overview"), self._questions()),
            kind(self.visit.text("Partners"), self._partners()),
        ]

    def _lots(self) -> Iterator[Match]:
        own = self.firm.own
        # By what the firm calls them: the names of makers whom it does not know are not looked through.
        for name, maker, local in lots.own_names(own.store, own.organisation).unique(maintain_order=True).iter_rows():
            called = own.lot_name(name, maker, local)
            if self._has(called):
                yield Match(text=called, note="", href=self.firm.url("firm-lot", lot=called))

    def _sites(self) -> Iterator[Match]:
        for site, name in self.firm.sites_ever.items():
            if self._has(site) or self._has(name):
                yield Match(text=site, note=name if name != site else "", href=self.firm.url("firm-balance", site=site))

    def _filings(self) -> Iterator[Match]:
        own = self.firm.own
        is_number, is_month = re.fullmatch(r"\d{1,12}", self.text), re.fullmatch(r"\d{4}(-\d{0,2})?", self.text)
        if not (is_number or is_month):
            return
        for entry, period, corrects in filing.filings_of(own.store, own.organisation).iter_rows():
            if str(entry) == self.text or (is_month and period.startswith(self.text)):
                month = written.month(period, self.visit.language)
                note = self.visit.text("{month}, correction", month=month) if corrects is not None else month
                yield Match(text=str(entry), note=note, href=self.firm.url("firm-filing", entry=entry))

    def _events(self) -> Iterator[Match]:
        own = self.firm.own
        for event, entry, on in filing.events_like(own.store, own.organisation, self.text, SHOWN + 1).iter_rows():
            day = written.day(on, self.visit.language)
            yield Match(text=event, note=day, href=self.firm.url("firm-filing", entry=entry))

    def _deliveries(self) -> Iterator[Match]:
        for row in self.firm.own.transfers(self.firm.now, waiting=True).iter_rows(named=True):
            if any(self._has(row[name]) for name in ("called", "document", "shipment_event", "receipt_event")):
                yield self._delivery(row)

    def _delivery(self, row: dict[str, Any]) -> Match:
        other = self.firm.party(row["other"]).text
        day = written.day(row["day"], self.visit.language)
        line = row["shipment_line"]
        href = self.firm.url("firm-transfer", line=line) if line is not None else self.firm.url("firm-transfers")
        return Match(
            text=row["shipment_event"] or row["receipt_event"] or row["called"], note=f"{other} · {day}", href=href
        )

    def _licences(self) -> Iterator[Match]:
        for one in self.firm.own.register.licences_held_by(self.firm.organisation):
            if self._has(one.id):
                yield Match(text=one.id, note="", href=self.firm.url("firm-licence", licence=one.id))

    def _models(self) -> Iterator[Match]:
        """Its registered models; each leads to the check before export, filled in."""
        for row in self.firm.own.register.tables["models"].iter_rows(named=True):
            is_own = row["organisation"] == self.firm.organisation
            if is_own and any(self._has(row[name]) for name in ("id", "grade", "test_report")):
                query = {"model": row["id"], "hs_code": row["hs_code"]}
                yield Match(text=row["id"], note=row["grade"] or "", href=self.firm.url("firm-desk", query))

    def _applications(self) -> Iterator[Match]:
        for one in application_views.own_applications(self.visit.actor, self.firm.organisation):
            if self._has(one.reference) or self._has(one.licence):
                href = self.firm.url("firm-application", application=one.reference)
                yield Match(text=one.reference, note=one.licence, href=href)

    def _declarations(self) -> Iterator[Match]:
        for one in looked_for(self.firm.own.store, self.text, most=SHOWN + 1, asker=self.firm.organisation):
            yield asked_match(self.visit, one, self.firm.url("firm-asked-one", entry=one.entry))

    def _questions(self) -> Iterator[Match]:
        """What the authority and customs have asked it."""
        for case in views.own_cases(self.visit.actor, self.firm.organisation):
            if HASH.fullmatch(self.wanted) and case.finding.startswith(self.wanted):
                word = words.word(words.DETECTORS, case.detector, self.visit.language)
                yield Match(text=case.finding, note=word, href=self.firm.url("firm-finding", finding=case.finding))
        for query in queries.own_cases(self.visit.actor, self.firm.organisation):
            if self._has(query.reference):
                note = self.visit.text("customs query")
                yield Match(text=query.reference, note=note, href=self.firm.url("firm-query", case=query.reference))

    def _partners(self) -> Iterator[Match]:
        """By the names in its own papers, and the register's of those next to it."""
        href = self.firm.url("firm-lots", query={"view": "customers"})
        # Who is both, customer and supplier, is one.
        told: set[str] = set()
        for row in self.firm.own.partners().iter_rows(named=True):
            known = self.firm.names.get(row["party"] or "", "")
            name = known or next(iter(row["names"]), row["party"] or written.NOTHING)
            if name not in told and any(self._has(one) for one in (row["party"], known, *row["names"])):
                told.add(name)
                yield Match(text=name, note=row["party"] or "", href=href)

    def _has(self, name: str | None) -> bool:
        return self.wanted in (name or "").casefold()
