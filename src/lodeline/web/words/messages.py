"""The sentences of a finding as a reader of a page has them: days in words, masses in groups, organisations by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from lodeline.language import Language
from lodeline.message import (
    NO_NUMBER,
    Contact,
    Count,
    Day,
    Key,
    Leaf,
    Lot,
    Mass,
    Message,
    Month,
    Name,
    Number,
    Party,
    Percent,
    Site,
    Term,
    Writer,
    in_words,
    short_kg,
)
from lodeline.web.drawing.number import grouped
from lodeline.web.words import format as written

NOBODY: Final[Mapping[str, str]] = {}


def sentences(explanation: Iterable[Message], language: Language, names: Mapping[str, str] = NOBODY) -> str:
    """What a finding or a step of it says. names: organisation id → what it is called here."""
    return in_words(explanation, language, writer(language, names), close_up=language == "zh")


def writer(language: Language, names: Mapping[str, str]) -> Writer:
    """Puts facts into words for a reader of pages. names: organisation id → what it is called here."""

    def write(fact: Leaf) -> str:
        match fact:
            case Party(one):
                return names.get(one, one)
            case Name(one) | Contact(one) | Site(one) | Lot(_, one) | Key(one):
                return one
            case Month(period):
                return written.month(period, language)
            case Day(on):
                return written.day(on, language)
            case Mass(mass_mg):
                whole, dot, rest = short_kg(mass_mg).partition(".")
                return written.count(int(whole)) + dot + rest
            case Count(number):
                return written.count(number)
            case Number(value, decimals):
                return NO_NUMBER if value is None else grouped(value, decimals)
            case Percent(share, decimals):
                return written.percent(share, language, decimals)
            case Term():
                return fact.en if language == "en" else fact.zh

    return write
