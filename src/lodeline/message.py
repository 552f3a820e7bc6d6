"""What the program tells people is a code and typed facts; words come last, for one reader in one language.

A page writes a day as its readers do, a program reads the number, and what a reader may not know (`Party`, `Site`,
`Lot`, `Name`, `Contact`) is left out by its type: nobody looks for names in a sentence. A text is next to its code:

    TEXTS = Texts("round-trip", {"went": text("{mass} kg went round {ring}.", "{mass} 千克沿 {ring} 循环。")})
    TEXTS.message("went", mass=Mass(12_000_000), ring=Series((Party("A"), Party("B")), ARROW))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import lru_cache
from string import Formatter
from typing import Any, Final, TypeVar, cast

from lodeline.language import LANGUAGES, Language, Text, bilingual, text
from lodeline.material.mass import format_kg

#: A dash: there is no such number.
NO_NUMBER: Final = "–"
COMMA: Final = text(", ")
SEMICOLON: Final = text("; ")
ARROW: Final = text(" → ")


@dataclass(frozen=True, slots=True)
class Party:
    """An organisation, by the id that it is registered with."""

    party: str


@dataclass(frozen=True, slots=True)
class Site:
    """A site, by its id."""

    site: str


@dataclass(frozen=True, slots=True)
class Lot:
    """A lot, by its id, with the name that its maker gave it."""

    lot: str
    name: str


@dataclass(frozen=True, slots=True)
class Name:
    """Somebody who is not registered, as a filing calls them: a customer, an end user."""

    name: str


@dataclass(frozen=True, slots=True)
class Contact:
    """How somebody is reached, as the register has it: an address, a telephone. It is for the authority alone."""

    contact: str


@dataclass(frozen=True, slots=True)
class Month:
    """`YYYY-MM`."""

    month: str


@dataclass(frozen=True, slots=True)
class Day:
    """`YYYY-MM-DD`."""

    day: str


@dataclass(frozen=True, slots=True)
class Mass:
    """Milligrams; written in kilograms, to as many figures as a sentence needs, without the unit."""

    mass_mg: int


@dataclass(frozen=True, slots=True)
class Count:
    """How many."""

    count: int


@dataclass(frozen=True, slots=True)
class Number:
    """What counts nothing, with as many decimals; None where there is no such number."""

    number: float | None
    decimals: int


@dataclass(frozen=True, slots=True)
class Percent:
    """A share of 1, written in per cent with as many decimals."""

    share: float
    decimals: int


@dataclass(frozen=True, slots=True)
class Key:
    """What is written alike in both languages and names nobody: an element, an HS code, an event of the filer."""

    key: str


@dataclass(frozen=True, slots=True)
class Term:
    """Words of the program."""

    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Series:
    """Several facts, with what stands between them."""

    series: tuple[Fact, ...]
    between: Text = field(default_factory=lambda: COMMA)


@dataclass(frozen=True, slots=True)
class Message:
    """A code, its text in both languages with `{name}` where a fact stands, and the facts."""

    code: str
    template: Text
    facts: Mapping[str, Fact]

    def __post_init__(self) -> None:
        missing = _places_of(self.template) ^ self.facts.keys()
        assert not missing, f"{self.code}: facts and places differ in {', '.join(sorted(missing))}"


#: Facts that name nobody.
Nameless = Month | Day | Mass | Count | Number | Percent | Key | Term
Leaf = Party | Site | Lot | Name | Contact | Nameless
Fact = Leaf | Series | Message
F = TypeVar("F", bound=Fact)
#: Puts one fact into words, as part of a sentence.
Writer = Callable[[Leaf], str]
#: Where a sentence may go without a part.
NOTHING: Final = Term("", "")
_LEAVES: Final = (Party, Site, Lot, Name, Contact, Month, Day, Mass, Count, Number, Percent, Key, Term)


class Texts:
    """The texts of one subject by code, in both languages."""

    def __init__(self, subject: str, texts: Mapping[str, Text]) -> None:
        self.by_code: Final[Mapping[str, Text]] = {f"{subject}.{name}": one for name, one in texts.items()}
        self._subject = subject

    def message(self, name: str, /, **facts: Fact) -> Message:
        """The message of this name with its facts: one for each place in its text, and no more."""
        code = f"{self._subject}.{name}"
        return Message(code=code, template=self.by_code[code], facts=facts)


def short_kg(mass_mg: float) -> str:
    """Kilograms as a sentence needs them: whole from a tonne on, to the gram from a kilogram on, else to the milligram.

    Evidence rows carry every digit.
    """
    step_mg = 1_000_000 if abs(mass_mg) >= 1_000_000_000 else 1_000 if abs(mass_mg) >= 1_000_000 else 1
    return format_kg(round(mass_mg / step_mg) * step_mg)


def localized(messages: Sequence[Message]) -> dict[Language, str]:
    """Sentences in both languages as programs get them: ids, ISO days, kilograms without groups."""
    return {language: in_words(messages, language, _plain(language)) for language in LANGUAGES}


def in_words(messages: Iterable[Message], language: Language, writer: Writer, *, close_up: bool = False) -> str:
    """Sentences in one language, each fact as `writer` puts it.

    close_up: without the blank between hanzi that a template has for a number or an id.
    """
    between = " " if language == "en" else ""
    return between.join(_fact_in_words(one, language, writer, close_up) for one in messages)


def _fact_in_words(fact: Fact, language: Language, writer: Writer, close_up: bool) -> str:
    if isinstance(fact, Series):
        parts = (_fact_in_words(one, language, writer, close_up) for one in fact.series)
        return fact.between[language].join(parts)
    if not isinstance(fact, Message):
        return writer(fact)
    whole = ""
    for literal, name in _parts(fact.template[language]):
        shown = "" if name is None else _fact_in_words(fact.facts[name], language, writer, close_up)
        for part in (literal, shown):
            whole = _closed_up(whole, part) if close_up else whole + part
    return whole


def _closed_up(before: str, after: str) -> str:
    """Both together; Chinese has no blank between hanzi."""
    if before.endswith(" ") and _is_hanzi(before[-2:-1]) and _is_hanzi(after[:1]):
        return before[:-1] + after
    if after.startswith(" ") and _is_hanzi(before[-1:]) and _is_hanzi(after[1:2]):
        return before + after[1:]
    return before + after


def _is_hanzi(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"


def unsplit(words: Text) -> Message:
    """A message without code and facts: words that were kept as they are."""
    en, zh = (words[language].replace("{", "{{").replace("}", "}}") for language in LANGUAGES)
    return Message(code="", template=bilingual(en, zh), facts={})


@lru_cache(maxsize=1_024)
def _parts(template: str) -> tuple[tuple[str, str | None], ...]:
    return tuple((literal, name) for literal, name, _, _ in Formatter().parse(template))


def places(template: str) -> set[str]:
    """The names that stand in a text for facts."""
    return {name for _, name in _parts(template) if name is not None}


def _places_of(template: Text) -> set[str]:
    """Those of either language."""
    return places(template["en"]) | places(template["zh"])


def _plain(language: Language) -> Writer:
    def written(fact: Leaf) -> str:
        match fact:
            case Term():
                return fact.en if language == "en" else fact.zh
            case Mass(mass_mg):
                return short_kg(mass_mg)
            case Number(number, decimals):
                return NO_NUMBER if number is None else f"{number:.{decimals}f}"
            case Percent(share, decimals):
                return f"{share * 100:.{decimals}f} %"
            case Lot(_, name):
                return name
            case _:
                return str(getattr(fact, fields(fact)[0].name))

    return written


def changed(fact: F, change: Callable[[Leaf], Leaf]) -> F:
    """The same with every fact that is made of no others changed: as a reader may know it."""
    if isinstance(fact, Message):
        facts = {name: changed(one, change) for name, one in fact.facts.items()}
        return cast(F, Message(fact.code, fact.template, facts))
    if isinstance(fact, Series):
        return cast(F, Series(tuple(changed(one, change) for one in fact.series), fact.between))
    return cast(F, change(fact))


def as_json(fact: Fact) -> dict[str, Any]:
    """A message as `{"code", "facts"}`, a fact as `{"month": "2025-03"}`, `{"mass_mg": 12000000}`, `{"party": ID}`."""
    if isinstance(fact, Message):
        return {"code": fact.code, "facts": {name: as_json(one) for name, one in fact.facts.items()}}
    if isinstance(fact, Series):
        return {"series": [as_json(one) for one in fact.series], "between": dict(fact.between)}
    return {one.name: getattr(fact, one.name) for one in fields(fact)}


_BY_KEYS: Final = {frozenset(one.name for one in fields(leaf)): leaf for leaf in _LEAVES}


def message_of(row: Mapping[str, Any], texts: Mapping[str, Text]) -> Message:
    """The message that `as_json` gave; `texts` are those of all codes. KeyError where a code or a fact is not known, or
    the text of the code has other places by now."""
    facts, template = {name: _fact_of(one, texts) for name, one in row["facts"].items()}, texts[row["code"]]
    if _places_of(template) != facts.keys():
        raise KeyError(row["code"])
    return Message(code=row["code"], template=template, facts=facts)


def _fact_of(row: Mapping[str, Any], texts: Mapping[str, Text]) -> Fact:
    if "code" in row:
        return message_of(row, texts)
    if "series" in row:
        return Series(tuple(_fact_of(one, texts) for one in row["series"]), row["between"])
    return _BY_KEYS[frozenset(row)](**row)
