"""What a reader may ask of a list beside its order: a month, an element, a firm; and how many there are, in words."""

from __future__ import annotations

from collections.abc import Mapping

from lodeline.language import Text, enumerated, text
from lodeline.regulation.span import Span
from lodeline.service.overview import overview as questions
from lodeline.service.overview.overview import Months
from lodeline.web.parts import choice
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words

#: An option of a filter: its value in the address, and its words.
Option = tuple[str, str]


def months(visit: Visit) -> Months | None:
    """The months that have been filed; None where nobody has."""
    reading = visit.reading
    return reading.answer(questions.months, reading.store, reading.snapshot, reading.law)


def period_options(visit: Visit, filed: Months | None, chosen: Span | None = None) -> list[Option]:
    """Every month filed, newest first; before them what was chosen, where it is several."""
    several = [] if chosen is None or chosen.is_month else [(str(chosen), written.span(chosen, visit.language))]
    months = () if filed is None else reversed(filed.all)
    return [*several, *((one, written.month(one, visit.language)) for one in months)]


def element(visit: Visit, present: tuple[str, ...]) -> str | None:
    """The element asked for (`?element=Nd`), or None for all. Raises what `choice.element` raises."""
    return None if visit.query("element") is None else choice.element(visit, present)


def element_options(visit: Visit, present: tuple[str, ...]) -> list[Option]:
    """Every element that a lot holds: "Nd neodymium"."""
    return [(one, f"{one} {words.element(one, visit.language)}") for one in present]


def organisation(visit: Visit, names: Mapping[str, str]) -> str | None:
    """The firm asked for by its id (`?organisation=SEP-0001`), or None for all.

    Raises NotHereError for one that the register does not have.
    """
    asked = visit.query("organisation")
    if asked is None or asked in names:
        return asked
    near = [one for one, name in names.items() if asked.casefold() in one.casefold() or asked in name][:5]
    raise NotHereError(
        text(
            "No organisation {asked!r} is in the register. Perhaps {near}.",
            asked=asked,
            near=enumerated(near),
        )
        if near
        else text(
            "No organisation {asked!r} is in the register. Find it by its name in the field at the side.", asked=asked
        )
    )


def one_of(visit: Visit, parameter: str, known: Mapping[str, Text]) -> str | None:
    """A word asked for among those that exist, or None for all. Raises NotHereError, which lists them."""
    asked = visit.query(parameter)
    if asked is None or asked in known:
        return asked
    listed = ", ".join(known)
    raise NotHereError(
        text("`{parameter}` cannot be {asked!r}: one of {listed}.", parameter=parameter, asked=asked, listed=listed)
    )


def options(visit: Visit, known: Mapping[str, Text]) -> list[Option]:
    """Words as the options of a filter, in their order."""
    return [(one, visit.localized(word)) for one, word in known.items()]


def counted(number: int, one: str, many: str) -> str:
    """1 question, 17 questions."""
    return f"{written.count(number)} {one if number == 1 else many}"
