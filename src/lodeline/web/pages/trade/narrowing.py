"""What the address of *Where it goes* narrows it to: the filter line, and who got it, how and under what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
from django.utils.functional import cached_property

from lodeline.language import Text, bilingual, enumerated, text
from lodeline.regulation.span import Span
from lodeline.service.overview import overview as questions
from lodeline.service.overview.overview import Months
from lodeline.service.trade import where as trade
from lodeline.service.trade.where import DIMENSIONS, NONE, WAYS
from lodeline.web.access.territory import kept_to_firms, told_of_firms
from lodeline.web.pages.common.filters import Filters, filters
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import lots as lot_words
from lodeline.web.words import words

kept_to_firms(trade.goods_sent)
told_of_firms(trade.rows_sent)

#: What the sums are told apart by, and the lines themselves.
BY: Final[dict[str, Text]] = {
    "country": text("Country", context="trade"),
    "customer": text("Customer"),
    "product": text("Product"),
    "grade": text("Grade"),
    "use": text("End use"),
    "licence": text("Licence", context="trade"),
    "firm": text("Sent by"),
    "rows": text("Rows", context="trade"),
}
#: Where it may have gone.
TO: Final[dict[str, Text]] = {
    "abroad": text("Abroad", context="trade, narrowing"),
    "sale": text("Home sales"),
    "delivery": text("Firm to firm at home"),
    "unknown": text("To names not settled"),
}
#: What the line of filters does not have, in the order in which a reader is led on; `rows` come last.
_LED: Final = ("country", "customer", "product", "grade")
#: Of each dimension what stands for rows that state none.
NOT_STATED: Final[dict[str, Text]] = {
    "country": text("Not known"),
    "customer": text("Not named"),
    "product": text("Not stated", context="trade"),
    "grade": text("Not stated", context="trade"),
    "use": text("Not stated", context="trade"),
    "licence": text("Without a licence"),
    "firm": text("Not known"),
}
_OWN: Final = ("country", "customer", "grade", "use", "licence")


@dataclass(frozen=True, kw_only=True)
class Narrowing:
    """What a reader has asked for, and the rows that it leaves. `own`: dimension → value, of those that the line of
    filters does not have; `merged`: the customer of the address, where it became part of the one that is shown."""

    visit: Visit
    months: Months
    line: Filters
    goods: pl.DataFrame
    way: str
    own: Mapping[str, str]
    merged: str | None

    @property
    def element(self) -> str:
        assert self.line.element is not None, "the page is about one element"
        return self.line.element

    @cached_property
    def span(self) -> Span:
        """The months asked for that were filed: those before are compared month for month."""
        asked = self.line.span
        return Span(max(asked.first, self.months.all[0]), min(asked.last, self.months.all[-1]))

    @cached_property
    def before(self) -> Span | None:
        """As many months before; None where none of them was filed."""
        return trade.span_before(self.span) if self.span.first > self.months.all[0] else None

    @cached_property
    def firms(self) -> frozenset[str] | None:
        return self.line.firms(self.visit.reading.snapshot.register)

    @cached_property
    def sites(self) -> frozenset[str] | None:
        """The sites of the stage; None: all."""
        if self.line.stage is None:
            return None
        sites = self.visit.reading.snapshot.register.tables["sites"]
        return frozenset(sites.filter(pl.col("stage") == self.line.stage)["id"])

    @cached_property
    def values(self) -> dict[str, str | None]:
        """What the rows are narrowed by, beside months, firms and sites."""
        return {**self.own, "product": self.line.product}

    @cached_property
    def every(self) -> pl.DataFrame:
        """The rows of every way and month."""
        return trade.narrowed(self.goods, firms=self.firms, sites=self.sites, values=self.values)

    @cached_property
    def now(self) -> pl.DataFrame:
        return trade.narrowed(self.every, way=self.way, span=self.span)

    @cached_property
    def earlier(self) -> pl.DataFrame:
        """The rows of the period before."""
        before = self.before
        return self.every.clear() if before is None else trade.narrowed(self.every, way=self.way, span=before)

    @cached_property
    def by(self) -> str:
        """What the table tells apart: as asked, else the next thing of which there are several."""
        asked = self.visit.query("by")
        if asked is not None:
            if asked not in BY:
                listed = ", ".join(BY)
                raise NotHereError(text("`by` cannot be {asked!r}: one of {listed}.", asked=asked, listed=listed))
            return asked
        holding = self.now.filter(pl.col(self.element) > 0)
        for name in _LED:
            chosen = self.values.get(name)
            several = holding[DIMENSIONS[name]].n_unique() > 1
            if chosen is None and (several or (not self.own and name == "country" and self.way == "abroad")):
                return name
        return "rows"

    @cached_property
    def names(self) -> dict[str, str]:
        """Ids of firms → their names."""
        return words.organisation_names(self.visit.reading.snapshot.register, self.visit.language)

    def named(self, dimension: str, value: str | None) -> str:
        """A value of a dimension in words; a customer without an id by the name that was filed."""
        if value is None or value == NONE or (dimension == "country" and value == "?"):
            return self.visit.localized(NOT_STATED[dimension])
        match dimension:
            case "country":
                return words.country(value, self.visit.language)
            case "customer" | "firm":
                return self.names.get(value, value)
            case "product":
                return lot_words.product(value, self.visit.language)
            case _:
                return value

    def rows(self) -> pl.DataFrame:
        """The lines behind the sums (`trade.ROWS`)."""
        reading = self.visit.reading
        within = {name: value for name, value in self.values.items() if value is not None}
        asked: dict[str, Any] = {
            name: tuple(sorted(one))
            for name, one in (("of_firms", self.firms), ("sites", self.sites))
            if one is not None
        }
        return reading.answer(
            trade.rows_sent, reading.snapshot, reading.law, element=self.element, period=str(self.span),
            way=self.way, narrow=tuple(sorted(within.items())), **asked,
        )  # fmt: skip


def narrowing(visit: Visit, months: Months) -> Narrowing:
    """What the address asks for.

    Raises BadQuestionError for what cannot be read, NotHereError for what nobody sent or is not the reader's to see.
    """
    reading = visit.reading
    present = reading.answer(questions.elements, reading.snapshot)
    goods = reading.answer(trade.goods_sent, reading.snapshot, reading.law)
    line = filters(
        visit, months, takes=("period", "element", "stage", "region", "organisation", "product"), present=present,
        products=sorted(goods["product"].drop_nulls().unique()), element_needed=True, keeps=("by", "way", *_OWN),
    )  # fmt: skip
    way = visit.query("way") or WAYS[0]
    if way not in TO:
        listed = ", ".join(TO)
        raise NotHereError(text("`way` cannot be {way!r}: one of {listed}.", way=way, listed=listed))
    own: dict[str, str] = {}
    merged = None
    for name in _OWN:
        value = visit.query(name)
        if value is None:
            continue
        if name == "customer":
            value, merged = _successor(visit, value)
        own[name] = _known(goods, name, value.upper() if name == "country" else value)
    return Narrowing(visit=visit, months=months, line=line, goods=goods, way=way, own=own, merged=merged)


def _successor(visit: Visit, customer: str) -> tuple[str, str | None]:
    """Whom the customer of the address means now, and what it was called there where that is another."""
    meant = visit.reading.snapshot.register.party_of.get(customer, customer)
    return meant, None if meant == customer else customer


def _known(goods: pl.DataFrame, name: str, value: str) -> str:
    """The value, where any goods have it. Raises NotHereError with the nearest that they have."""
    column = goods[DIMENSIONS[name]]
    if value == NONE or (column == value).any():
        return value
    known = column.filter(column != "?").unique().sort()
    near = known.filter(known.str.to_lowercase().str.contains(value.casefold(), literal=True)).head(5).to_list()
    listed = near or (known.to_list() if name == "country" else [])
    label = BY[name]
    what, asked_for = bilingual(label["en"].lower(), label["zh"]), value[:60]
    names = enumerated(listed)
    raise NotHereError(
        text("Nothing was sent with {what} {asked_for!r}: {names} were.", what=what, asked_for=asked_for, names=names)
        if listed
        else text(
            "Nothing was sent with {what} {asked_for!r}: choose one in the table by {what}.",
            what=what,
            asked_for=asked_for,
        )
    )
