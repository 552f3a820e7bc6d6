"""The filter line: what a reader has narrowed the nation to, said in the address, and taken along from page to page.

Each page shows of it what it takes, and carries the rest. Whoever wants to know what a page was narrowed by reads its
address.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from lodeline import language as lang
from lodeline.language import Text, bilingual, enumerated
from lodeline.ledger.register import Register
from lodeline.ledger.succession import merged_into
from lodeline.material.product import PRODUCTS, product_kind
from lodeline.regulation.span import Span
from lodeline.service.overview.overview import Months
from lodeline.web.pages.common import asked
from lodeline.web.parts import choice
from lodeline.web.visit import BadQuestionError, NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import lots as lot_words
from lodeline.web.words import words

#: The names of what narrows, in the order in which they are shown. `organisation` is a firm's id, `product` a kind
#: (`oxide`) or a product of it (`oxide:PrNd`), `stage` that of a site, `region` that in which it lies.
NAMES: Final = ("period", "element", "stage", "region", "organisation", "product")
#: Mergers that are followed from a firm of an address; a ring of them, which no verb makes, ends there.
_MERGERS_MOST: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """A field of the line: its name, its label, what can be chosen (value, words), what is; `all`: or none of them."""

    name: str
    label: str
    options: Sequence[tuple[str, str]]
    chosen: str
    all: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a page was narrowed to. None, or the whole span of what was filed: not narrowed.

    `successor_of`: the firm of the address became part of `organisation`. `line` is for `common/filters.html`.
    """

    span: Span
    element: str | None = None
    stage: str | None = None
    region: str | None = None
    organisation: str | None = None
    successor_of: str | None = None
    product: str | None = None
    line: tuple[Choices, ...] = ()
    #: What the page does not take and carries.
    rest: Mapping[str, str] = field(default_factory=dict)

    def firms(self, register: Register) -> frozenset[str] | None:
        """The firms that region and firm leave; None: all."""
        within = None if self.region is None else register.firms_of_region.get(self.region, frozenset())
        if self.organisation is None:
            return within
        return frozenset({self.organisation}) if within is None else within & {self.organisation}


def filters(
    visit: Visit,
    months: Months,
    *,
    takes: Sequence[str],
    present: Sequence[str] = (),
    products: Sequence[str] = (),
    stages: Sequence[str] = (),
    element_needed: bool = False,
    keeps: Sequence[str] = (),
) -> Filters:
    """What the address says of `takes` (some of NAMES), and the line that changes it.

    present, products, stages   what can be chosen: elements that lots hold, products and stages there are
    element_needed              the page is about one element; where none is asked for, that of `choice.element`
    keeps                       parameters of the page's own that the line carries (`by`, `sort`)

    Raises BadQuestionError for what cannot be read, NotHereError for what there is none of, or none within the reader's
    region.
    """
    register = visit.reading.snapshot.register
    chosen: dict[str, str | None] = {name: visit.query(name) for name in NAMES if name in takes}
    span = _span(visit, months) if "period" in takes else Span(months.all[0], months.all[-1])
    if "element" in takes and (element_needed or chosen["element"]):
        chosen["element"] = choice.element(visit, present)
    if chosen.get("stage"):
        asked.one_of(visit, "stage", words.STAGES)
    if chosen.get("region"):
        _known(chosen["region"], list(register.firms_of_region), lang.text("region"))
    before = None
    if chosen.get("organisation"):
        chosen["organisation"], before = _firm(visit, register)
    if chosen.get("product"):
        kinds = [*products, *{product_kind(one) for one in products}]
        _known(chosen["product"], kinds if products else list(PRODUCTS), lang.text("product"))
    named = {name: value for name, value in chosen.items() if name != "period"}
    rest = {name: text for name in (*NAMES, *keeps) if name not in takes and (text := visit.query(name))}
    offered = _Offered(visit, register, months, span, present, products, stages, element_needed)
    return Filters(
        span=span, **named, successor_of=before, rest=rest,
        line=tuple(offered.choices(name, chosen[name]) for name in takes),
    )  # fmt: skip


def carried(visit: Visit, page: str, /, query: Mapping[str, object] | None = None, **arguments: object) -> str | None:
    """The address of a page that is open to whoever asks, narrowed as this page is; `query` changes it (None: takes
    away). None where there is none."""
    narrowed: dict[str, object] = {name: text for name in NAMES if (text := visit.query(name))}
    return visit.opens(page, query={**narrowed, **(query or {})}, **arguments)


def span_asked(visit: Visit, months: Months) -> Span | None:
    """The months asked for, those that were filed; None where the address names none. Raises as `filters` does."""
    text = visit.query("period")
    if text is None:
        return None
    try:
        span = Span.read(text)
    except ValueError:
        raise BadQuestionError(
            lang.text(
                "{text!r} is no month, quarter, year or span of months: write it like 2025-06, 2025-Q2, "
                "2025 or 2025-03..2025-08.",
                text=text[:40],
            )
        ) from None
    first, last = months.all[0], months.all[-1]
    if span.last < first or span.first > last:
        raise NotHereError(
            lang.text(
                "Nobody has filed for {span}: choose months from {first} to {last}.",
                span=bilingual(written.span(span, "en"), written.span(span, "zh")),
                first=first,
                last=last,
            )
        )
    return span


def _span(visit: Visit, months: Months) -> Span:
    """The months asked for; else the calendar year of the newest month that is filed by and large."""
    found = span_asked(visit, months)
    return Span.read(months.newest[:4]) if found is None else found


def _firm(visit: Visit, register: Register) -> tuple[str, str | None]:
    """The firm asked for, or the one that it became part of; and the one that was asked for, where it is another."""
    named = words.organisation_names(register, visit.language)
    firm = given = asked.organisation(visit, named)
    assert given is not None and firm is not None, "there is a firm in the address"
    for _ in range(_MERGERS_MOST):
        merger = merged_into(register, firm)
        if merger is None or merger.successor not in named:
            break
        firm = merger.successor
    return firm, None if firm == given else given


def _known(value: str | None, known: Sequence[str], what: Text) -> None:
    if value in known:
        return
    listed = sorted(known)[:30]
    one_of = enumerated(listed)
    raise NotHereError(
        lang.text("There is no {what} {value!r}: one of {one_of}.", what=what, value=value, one_of=one_of)
        if listed
        else lang.text("There is no {what} {value!r}.", what=what, value=value)
    )


@dataclass(frozen=True, slots=True)
class _Offered:
    """What each field of the line offers."""

    visit: Visit
    register: Register
    months: Months
    span: Span
    present: Sequence[str]
    products: Sequence[str]
    stages: Sequence[str]
    element_needed: bool

    def choices(self, name: str, chosen: str | None) -> Choices:
        """The field `name` of the line."""
        language = self.visit.language
        chosen = str(self.span) if name == "period" else chosen
        match name:
            case "period":
                label, options = self.visit.text("Period", context="filters"), self._periods()
            case "element":
                label, options = self.visit.text("Element"), asked.element_options(self.visit, tuple(self.present))
            case "stage":
                stages = self.stages or tuple(words.STAGES)
                label = self.visit.text("Stage")
                options = [(one, words.word(words.STAGES, one, language)) for one in words.STAGES if one in stages]
            case "region":
                label = self.visit.text("Region")
                options = [(one, words.region(one, language)) for one in sorted(self.register.firms_of_region)]
            case "organisation":
                label, options = self.visit.text("Firm"), list[tuple[str, str]]()
            case _:
                label = self.visit.text("Product")
                options = [(one, lot_words.product(one, language)) for one in self.products]
        if chosen and chosen not in {value for value, _ in options}:
            options = [*options, (chosen, self._named(name, chosen))]
        needed = name == "period" or (name == "element" and self.element_needed)
        return Choices(name=name, label=label, options=options, all=not needed, chosen=chosen or "")

    def _periods(self) -> list[tuple[str, str]]:
        years = sorted({one[:4] for one in self.months.all}, reverse=True)
        spans = [Span.read(one) for year in years for one in (year, *(f"{year}-Q{number}" for number in (1, 2, 3, 4)))]
        first, last = self.months.all[0], self.months.all[-1]
        shown = [one for one in spans if one.last >= first and one.first <= last]
        every = [*shown, *(Span(one, one) for one in reversed(self.months.all))]
        return [(str(one), written.span(one, self.visit.language)) for one in every]

    def _named(self, name: str, chosen: str) -> str:
        """What was chosen, which the field does not offer by itself."""
        match name:
            case "organisation":
                return words.organisation_names(self.register, self.visit.language).get(chosen, chosen)
            case "stage":
                return words.word(words.STAGES, chosen, self.visit.language)
            case "period":
                return written.span(self.span, self.visit.language)
            case _:
                return lot_words.product(chosen, self.visit.language) if name == "product" else chosen
