"""What a reader wants to see of one site: its element and span, and the answers about them, each asked once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl
from django.utils.functional import cached_property

from lodeline.detection.finding import Finding
from lodeline.language import bilingual, text
from lodeline.regulation.span import Span
from lodeline.service.balance import sites
from lodeline.service.balance.book import shared_errors
from lodeline.service.balance.site_books import SiteBooks, site_books
from lodeline.service.balance.site_run import Run
from lodeline.service.balance.year import site_years
from lodeline.service.findings.finding import findings
from lodeline.service.overview import overview as questions
from lodeline.web.access.territory import of_one_site
from lodeline.web.pages.balance.part import balances_of
from lodeline.web.pages.common.filters import span_asked
from lodeline.web.parts import choice
from lodeline.web.visit import BadQuestionError, NotHereError, Visit
from lodeline.web.words import words

#: A finding as the reader may know it.
Describe = Callable[[Finding], Finding]

_site_books = of_one_site(site_books)


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """One site, what a reader wants to see of it, and the answers about that. `every`: its balances, as judged.

    `holder`, `describe`, `called`: see `balance.balance_page`.
    """

    visit: Visit
    record: Mapping[str, Any]
    months: questions.Months
    every: pl.DataFrame
    holder: str | None = None
    describe: Describe | None = None
    called: Callable[[str], str] | None = None

    @property
    def site(self) -> str:
        return str(self.record["id"])

    @property
    def name(self) -> str:
        return str(self.record["name"] or self.record["id"])

    @cached_property
    def present(self) -> tuple[str, ...]:
        return sites.elements_of(self.every)

    @cached_property
    def element(self) -> str:
        """What is asked for; else what the newest finding about the site speaks of, else what magnets are made of."""
        if self.visit.query("element") is None:
            stated = self.every.filter(pl.col("finding").is_not_null()).sort("until", pl.col("muf_mg").abs())
            return str(stated["element"][-1]) if stated.height else choice.element(self.visit, self.present)
        reading = self.visit.reading
        asked = choice.element(self.visit, (*reading.answer(questions.elements, reading.snapshot), *self.present))
        if asked not in self.present:
            listed = ", ".join(self.present)
            raise NotHereError(
                text(
                    "No lot at this site holds {element}: look at one of {listed}.",
                    element=bilingual(words.element(asked, "en"), words.element(asked, "zh")),
                    listed=listed,
                )
            )
        return asked

    @cached_property
    def span(self) -> tuple[str, str]:
        """The first and the last month to be shown: those of `?period=` that the site has, or `?from=` to `?to=`."""
        asked = span_asked(self.visit, self.months) or Span(self.first, self.last)
        least, most = max(asked.first, self.first), min(asked.last, self.last)
        if least > most:
            least, most = asked.first, asked.last
        first, last = (self.visit.query(name) or default for name, default in (("from", least), ("to", most)))
        for month in (first, last):
            choice.check_month(month)
        if first > last:
            raise BadQuestionError(
                text(
                    "{first} is later than {last}: choose a month to begin with that is no later than the last.",
                    first=first,
                    last=last,
                )
            )
        if last < self.first or first > self.last:
            raise NotHereError(
                text(
                    "There is no balance from {first} to {last}: this site has months from {first2} to {last2}.",
                    first=first,
                    last=last,
                    first2=self.first,
                    last2=self.last,
                )
            )
        return first, last

    @property
    def first(self) -> str:
        return str(self.every["period"].min())

    @property
    def last(self) -> str:
        return str(self.every["period"].max())

    @cached_property
    def all_rows(self) -> pl.DataFrame:
        """Of the element, in every month."""
        return self.every.filter(pl.col("element") == self.element).sort("until")

    @cached_property
    def rows(self) -> pl.DataFrame:
        """Of the element, in the span."""
        first, last = self.span
        return self.all_rows.filter(pl.col("period").is_between(pl.lit(first), pl.lit(last)))

    @cached_property
    def tested(self) -> pl.DataFrame:
        return self.rows.filter(pl.col("z").is_not_null())

    @property
    def unfiled(self) -> int:
        """Over how many balances of the span lies a month that the firm has not filed."""
        return self.rows.filter(pl.col("state") == "unfiled").height

    @cached_property
    def worst(self) -> dict[str, Any] | None:
        """The largest difference of the span that a finding speaks of."""
        stated = self.tested.filter(pl.col("finding").is_not_null()).sort(pl.col("muf_mg").abs())
        return stated.row(-1, named=True) if stated.height else None

    @cached_property
    def stated(self) -> dict[str, Any] | None:
        """All differences of the span that findings speak of, on the side of the `worst` and of one holder, as a year
        sums them up (`service.balance.year.SITE_YEARS`)."""
        if self.worst is None:
            return None
        reading, (first, last) = self.visit.reading, self.span
        same = (pl.col("state") == self.worst["state"]) & (pl.col("organisation") == self.worst["organisation"])
        shared = reading.answer(shared_errors, reading.store, reading.snapshot, reading.law)
        summed = site_years(reading.snapshot, self.rows.filter(same), shared, first=first, last=last)
        return summed.row(0, named=True)

    @cached_property
    def books(self) -> SiteBooks:
        """What the page needs of the rows."""
        reading, (first, last) = self.visit.reading, self.span
        return reading.answer(
            _site_books, reading.store, reading.snapshot, reading.law, site=self.site,
            organisation=self.record["organisation"], element=self.element, first=first, last=last, holder=self.holder,
            statement=self.statement,
        )  # fmt: skip

    @property
    def run(self) -> Run:
        """The balances of the span, tested together."""
        return self.books.run

    @cached_property
    def of_all(self) -> pl.DataFrame:
        """The balances of every site; of this one, what the reader may see."""
        every = balances_of(self.visit)
        if self.holder is None:
            return every
        return every.filter((pl.col("site") != self.site) | (pl.col("organisation") == self.holder))

    def is_here(self, finding: Finding) -> bool:
        """Whether a finding is about the site, and about the time of the firm that reads it."""
        subject = finding.subject
        return subject.get("site") == self.site and self.holder in (None, subject.get("organisation"))

    @cached_property
    def _site_names(self) -> dict[str, str]:
        return words.site_names(self.visit.reading.snapshot.register)

    def measured(self, laboratory: str | None, method: str) -> str:
        """What measurements of a method are called; of a partner's laboratory a firm is told no more than that."""
        visit = self.visit
        if laboratory is not None and self.describe is not None and laboratory != self.site:
            return visit.text("a laboratory of a partner")
        named = visit.text("no method named") if method.startswith(";") else method
        if laboratory is None:
            return str(named)
        name = self._site_names.get(laboratory, laboratory)
        return visit.text("{name}, {named}", name=name, named=named)

    def lot(self, name: str) -> str:
        """What the reader calls a lot."""
        return name if self.called is None else self.called(name)

    @cached_property
    def statement(self) -> sites.Statement:
        """The balance that is set out as a sum: the one asked for, else the worst, else the furthest beyond, else the
        newest."""
        asked = self.visit.query("until")
        if asked is not None:
            return self._asked_statement(asked)
        counted = self.rows.filter(pl.col("muf_mg").is_not_null())
        newest = next(frame for frame in (self.tested, counted, self.rows, self.all_rows) if frame.height)
        beyond = self.tested.filter(pl.col("state") == "beyond").sort(pl.col("z").abs())
        until = self.worst["until"] if self.worst else (beyond if beyond.height else newest)["until"][-1]
        found = sites.statement(self.all_rows, until=until)
        assert found is not None, "the day is that of a row"
        return found

    def _asked_statement(self, asked: str) -> sites.Statement:
        try:
            until = date.fromisoformat(asked)
        except ValueError:
            raise BadQuestionError(text("{asked!r} is no day: write it like 2025-06-30.", asked=asked)) from None
        found = sites.statement(self.all_rows, until=until)
        if found is None:
            days = ", ".join(str(day) for day in self.all_rows["until"].unique().sort()[-6:])
            raise NotHereError(text("No balance ends on {asked}. The newest end on {days}.", asked=asked, days=days))
        return found

    @cached_property
    def findings(self) -> list[Finding]:
        """About this site, in the span; those that speak of the element first."""
        reading = self.visit.reading
        first, last = self.span
        here = [
            row
            for row in reading.answer(findings, reading.store, reading.snapshot, reading.law).rows
            if self.is_here(row) and first <= row.last_period and row.first_period <= last
        ]
        return sorted(here, key=lambda row: self.element not in row.elements)

    @cached_property
    def bound_mg(self) -> int:
        """What at least came from nowhere, where the site has never counted; of the total oxide alone."""
        reading = self.visit.reading
        found = reading.answer(findings, reading.store, reading.snapshot, reading.law)
        here = [one for one in found.rows if self.is_here(one)]
        return sites.gain_bounds(here, until=self.span[1]).get(self.site, 0)

    @property
    def is_cut(self) -> bool:
        """Whether the reader has chosen the span."""
        return any(self.visit.query(name) is not None for name in ("from", "to", "period"))
