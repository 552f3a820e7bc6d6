"""What a reader chooses on many pages: the element and the month; a choice that does not exist says which do."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lodeline import language as lang
from lodeline.language import bilingual
from lodeline.material.element import ELEMENTS, RARE_EARTHS, TREO
from lodeline.material.mass import PPB
from lodeline.regulation.span import Span
from lodeline.service.overview.overview import Months
from lodeline.web.visit import BadQuestionError, NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words

#: The element that a page is about when the reader has not chosen: the one magnets are made of.
FIRST_ELEMENT = "Nd"


def first_element(present: Sequence[str]) -> str:
    """That of a page of which the reader has chosen none."""
    return FIRST_ELEMENT if FIRST_ELEMENT in present else present[-1]


def element(visit: Visit, present: Sequence[str]) -> str:
    """The chosen element (`?element=Nd`) among those present in the ledger.

    Raises BadQuestionError for what is no element, NotHereError for one that no lot holds.
    """
    asked = visit.query("element")
    if asked is None:
        return first_element(present)
    by_folded = {symbol.casefold(): symbol for symbol in (*ELEMENTS, TREO)}
    symbol = by_folded.get(asked.casefold())
    listed = ", ".join(present)
    if symbol is None:
        raise BadQuestionError(lang.text("There is no element {asked!r}: one of {listed}.", asked=asked, listed=listed))
    if symbol not in present:
        raise NotHereError(
            lang.text(
                "No lot in this ledger holds {element}: look at one of {listed}.",
                element=bilingual(words.element(symbol, "en"), words.element(symbol, "zh")),
                listed=listed,
            )
        )
    return symbol


def period(visit: Visit, months: Months) -> str:
    """The chosen month (`?period=2025-10`) among those filed; by default the newest that is filed by and large. Of
    several months (`?period=2025`), the last that is.

    Raises BadQuestionError for what is no month, NotHereError for one outside the filings.
    """
    asked = visit.query("period")
    if asked is None:
        return months.newest
    first, last = months.all[0], months.all[-1]
    asked = _last_month(asked, months) or asked
    check_month(asked)
    if asked not in months.all:
        raise NotHereError(
            lang.text(
                "Nobody has filed for {month}: choose a month from {first} to {last}.",
                month=bilingual(written.month(asked, "en"), written.month(asked, "zh")),
                first=first,
                last=last,
            )
        )
    return asked


def _last_month(text: str, months: Months) -> str | None:
    """The last month of a span that is filed by and large, or else filed at all; None for what is none."""
    try:
        within = Span.read(text)
    except ValueError:
        return None
    filed = [month for month in months.all if month in within]
    return max([month for month in filed if month <= months.newest] or filed, default=None)


def check_month(text: str) -> None:
    """Raises BadQuestionError for what is not written like a month."""
    if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", text):
        raise BadQuestionError(lang.text("{text!r} is no month: write it like 2025-06.", text=text))


def element_links(
    visit: Visit, present: Sequence[str], chosen: str | None, *, marks: Mapping[str, str] | None = None, **gone: None
) -> list[dict[str, object]]:
    """The strip of elements: symbol, its mark (by default the atomic number), address, whether it is chosen.

    `gone`: what the address forgets when another is chosen.
    """
    return [
        {
            "symbol": symbol,
            "number": marks[symbol] if marks else "Σ" if symbol == TREO else ELEMENTS[symbol].number,
            "name": words.element(symbol, visit.language),
            "href": visit.here(element=symbol, **gone),
            "here": symbol == chosen,
        }
        for symbol in present
    ]


def element_links_of(visit: Visit, composition: Mapping[str, int], chosen: str | None) -> list[dict[str, object]]:
    """The same of what a lot holds (symbol → ppb), with the share of each."""
    present = [symbol for symbol in (*RARE_EARTHS, TREO) if symbol in composition]
    shares = {symbol: written.percent(composition[symbol] / PPB, visit.language, 2) for symbol in present}
    return element_links(visit, present, chosen, marks=shares)


def period_links(visit: Visit, months: Months, chosen: str) -> dict[str, dict[str, str] | None]:
    """The months before and after, where there are any."""
    place = months.all.index(chosen)

    def link(at: int) -> dict[str, str] | None:
        if not 0 <= at < len(months.all):
            return None
        month = months.all[at]
        return {
            "href": visit.here(period=month),
            "text": written.short_month(month, visit.language),
            "name": written.month(month, visit.language),
        }

    return {"before": link(place - 1), "after": link(place + 1)}
