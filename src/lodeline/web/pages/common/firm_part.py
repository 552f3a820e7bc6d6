"""What a firm's own pages share: the firm asked about itself, names of those next to it, cells that lead to its pages.

A name that is not in `names` is never looked up elsewhere: whoever is beyond the firm's own edge has none here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

import polars as pl
from django.utils.functional import cached_property

from lodeline.language import Language, Text
from lodeline.office.access import clock
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.web.parts.table import Cell
from lodeline.web.visit import Visit
from lodeline.web.words import format as written

WEEKDAYS: Final[Mapping[Language, tuple[str, ...]]] = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "zh": ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日"),
}
#: Pages of the authority that have a counterpart among the firm's own.
_OWN: Final[Mapping[str, str]] = {
    "balance": "firm-balance",
    "balances": "firm-balances",
    "entry": "firm-filing",
    "transfers": "firm-transfers",
    "organisation": "firm",
}
#: Pages that only the authority has.
_CLOSED: Final = frozenset({"finding", "findings", "lot", "lots", "organisations", "log", "receipt"})


class Firm:
    """A firm whose pages are looked at. `now`: the moment of the visit."""

    def __init__(self, visit: Visit, organisation: str) -> None:
        self.visit = visit
        self.organisation = organisation
        self.own = OrganisationView(visit.store, visit.law, organisation)
        self.now: datetime = clock.now()

    @cached_property
    def today(self) -> date:
        return self.own.today(self.now)

    @cached_property
    def names(self) -> dict[str, str]:
        """Organisation id → its name in the reader's language, of the firm and of those next to it."""
        first, second = ("name_zh", "name_en") if self.visit.language == "zh" else ("name_en", "name_zh")
        rows = self.own.parties.select("id", first, second).iter_rows()
        return {one: own or other or one for one, own, other in rows}

    @property
    def name(self) -> str:
        """The firm's own."""
        return self.names.get(self.organisation, self.organisation)

    @cached_property
    def sites(self) -> dict[str, str]:
        """Own site id → its name as registered."""
        return {site: name or site for site, name in self.own.sites.select("id", "name").iter_rows()}

    @cached_property
    def sites_ever(self) -> dict[str, str]:
        """The same, with the sites that it held before: of its own time it sees them for good."""
        before = self.own.sites_before.select("id", "name").iter_rows()
        return {**{site: name or site for site, name in before}, **self.sites}

    def balances(self, every: pl.DataFrame) -> pl.DataFrame:
        """Of the balances of all, those of the firm at sites that it holds or held, in its own time."""
        return every.filter((pl.col("organisation") == self.organisation) & pl.col("site").is_in(list(self.sites_ever)))

    def url(self, page: str, query: Mapping[str, object] | None = None, **arguments: object) -> str | None:
        """The address of one of the firm's pages, if it is open to whoever asks; None where there is no such page."""
        return self.visit.opens(page, query=query, organisation=self.organisation, **arguments)

    def lot(self, called: str, note: str = "") -> Cell:
        """A lot by the name that the firm knows it by (`OrganisationView.lot_name`)."""
        return Cell(text=called, value=called, href=self.url("firm-lot", lot=called), note=note)

    def party(self, organisation: str | None, note: str = "") -> Cell:
        """Somebody next to the firm."""
        if organisation is None:
            return Cell(text=self.visit.text("not registered"), note=note)
        if organisation not in self.names:
            return Cell(text=written.NOTHING, note=note)
        return Cell(text=self.names[organisation], value=organisation, note=note)

    def site(self, site: str | None) -> Cell:
        """An own site, with the way to its balance."""
        if site not in self.sites_ever:
            return Cell(text=written.NOTHING)
        return Cell(text=self.sites_ever[site], value=site, href=self.url("firm-balance", site=site))

    def day(self, on: date | None) -> Cell:
        """A day, exported as ISO text."""
        return Cell(text=written.day(on, self.visit.language), value=None if on is None else on.isoformat())

    def mass(self, mass_mg: int | None) -> Cell:
        """A mass, exported in kg."""
        value = None if mass_mg is None else mass_mg / written.MG_PER_KG
        return Cell(text=written.mass(mass_mg, self.visit.language), value=value)

    def age(self, days: int | None) -> Cell:
        """How long something has waited."""
        if days is None:
            return Cell(text=written.NOTHING)
        return Cell(
            text=(
                self.visit.text("{days} day", days=days)
                if days == 1
                else self.visit.text("{days} days", context="firm part", days=days)
            ),
            value=days,
        )

    def moment(self, at: datetime) -> str:
        """A moment on the jurisdiction's clocks."""
        return written.moment(at.isoformat(), self.visit.language, self.own.law.timezone)


class OwnVisit(Visit):
    """A visit to a firm's page that is made of parts of the authority's: their links lead to the firm's, or nowhere."""

    @classmethod
    def of(cls, visit: Visit) -> OwnVisit:
        """The same visit."""
        return cls(visit.request, language=visit.language, name=visit.name, arguments=visit.arguments)

    def url(self, name: str, /, query: Mapping[str, object] | None = None, **arguments: object) -> str | None:
        """As `Visit.url`, for the counterpart of a page of the authority; None where there is none."""
        if name in _CLOSED:
            return None
        if name not in _OWN:
            return super().url(name, query=query, **arguments)
        # A page of the firm is about the firm already.
        kept = {key: value for key, value in (query or {}).items() if key != "organisation"}
        return super().url(_OWN[name], query=kept, **{**arguments, "organisation": self.firm})


def kilograms(mass_mg: int | None) -> float | None:
    """Milligrams as kilograms, for what a table exports."""
    return None if mass_mg is None else mass_mg / written.MG_PER_KG


def counted(visit: Visit, count: int, one: Text, many: Text) -> str:
    """ "one delivery", "6 deliveries": the texts have `{n}`."""
    return visit.localized(one if count == 1 else many).format(n=written.count(count))


def error_text(visit: Visit, error: Any) -> str:
    """A UserError in the reader's language."""
    text: Text = {"en": error.en, "zh": error.zh}
    return visit.localized(text)
