"""Words of the strategic view: what a number rests on, when a plant stops, what helps, what is lost; both languages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from lodeline.language import Language, Text, text
from lodeline.web.drawing.number import NO_BREAK_SPACE
from lodeline.web.words import format as written
from lodeline.web.words import lots as lot_words
from lodeline.web.words import words
from lodeline.web.words.words import Tone

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisWord:
    """A basis: its word and shape, and what it means."""

    label: Text
    shape: str
    tone: Tone
    meaning: Text


#: From the strongest to the weakest; shape and word go together.
BASES: Final[Mapping[str, BasisWord]] = {
    "exact": BasisWord(
        label=text("exact"), shape="square", tone="flow",
        meaning=text("A sum of filed rows of the ledger."),
    ),
    "booked": BasisWord(
        label=text("booked"), shape="half", tone="flow",
        meaning=text("Shares of origins: exact arithmetic on the convention that material mixes in proportion."),
    ),
    "estimated": BasisWord(
        label=text("estimated"), shape="ring", tone="ink",
        meaning=text("A model, or statistics of trade."),
    ),
    "assumption": BasisWord(
        label=text("assumption", context="strategy"), shape="diamond", tone="hold",
        meaning=text("A default of the program, or a table that somebody filed: it can be changed."),
    ),
    "synthetic": BasisWord(
        label=text("synthetic"), shape="up", tone="gain",
        meaning=text("Of an invented world: it says nothing of a real firm."),
    ),
}  # fmt: skip
#: What is added to see whether it still helps.
HELPS: Final[Mapping[str, Text]] = {
    "stock": text("More stock"),
    "supplier": text("A qualified supplier with room"),
    "substitution": text("Substitution"),
    "licence": text("One licence"),
    "general-licence": text("An earlier general licence"),
}
#: What the lead time is of, against which the time that goods last is held.
LEADS: Final[Mapping[str, Text]] = {
    "licence": text("licence"),
    "qualification": text("qualifying another supplier"),
    "none": text("nothing", context="strategy"),
}
RULES: Final[Mapping[str, Text]] = {
    "proportional": text("what is left is shared in proportion"),
    "priority": text("what is left goes by rank"),
    "guarantee": text("each gets a share first, the rest goes by rank"),
}
TABLES: Final[Mapping[str, Text]] = {
    "plants": text("Plants", context="strategy"),
    "bill": text("What they use"),
    "cover": text("Their stock"),
    "suppliers": text("Their suppliers"),
    "scenarios": text("Scenarios"),
    "instruments": text("Instruments", context="strategy"),
}
#: What stands behind the unit of an input.
_UNITS: Final[Mapping[str, Text]] = {
    "days": text("days", context="strategy"),
    "working days": text("working days"),
    "months": text("months"),
    "share": text("share"),
    "pct": text("%"),
    "share of mean": text("of the mean"),
    "share of price": text("of the price"),
    "times the value of goods": text("times the value of the goods"),
    "kg": text("kg"),
}
#: What figures rest on, as the room of strategy names it.
SOURCES: Final[Mapping[str, Text]] = {
    "run": text("run"),
    "default": text("default"),
    "origins of the lots delivered": text("origins of the lots delivered"),
    "filings": text("filings", context="strategy"),
    "the ledger": text("the ledger"),
    "both runs, draw by draw": text("both runs, draw by draw"),
    "values of shipments": text("values of shipments"),
    "mean flows of the base window": text("mean flows of the base window"),
}
_ELSE: Final = "where they say nothing: "
#: Percent of the draws below which nobody is told that something does not happen in them.
_SHOWN_LEAST: Final = 0.5
#: Money above each of these is written in it.
_LARGE: Final[Mapping[Language, tuple[tuple[float, str], ...]]] = {
    "en": ((1e9, " bn"), (1e6, " m"), (1e3, " k")),
    "zh": ((1e8, "亿"), (1e4, "万")),
}


def basis(name: str, language: Language) -> str:
    """The word of a basis."""
    return BASES[name].label[language] if name in BASES else name


def goods(name: str, language: Language) -> str:
    """What a class of goods is called: a product, and whether it holds heavy rare earths."""
    product, plus, _ = name.partition("+")
    called = lot_words.product(product, language)
    if not plus:
        return called
    return text("{called} with heavy rare earths", called=called)[language]


def days(number: float | None, language: Language) -> str:
    """23 days, 23天; a dash for None."""
    if number is None:
        return written.NOTHING
    n = written.number(round(number))
    return text(
        "{n}{no_break_space}day{fact}", n=n, no_break_space=NO_BREAK_SPACE, fact="" if round(number) == 1 else "s"
    )[language]


def on_day(starts: str, day: float, language: Language, *, year: bool = False) -> str:
    """The date of a day of a run: 11 April, 4月11日."""
    on = date.fromisoformat(starts) + timedelta(days=round(day))
    said = written.day(on, language)
    if year:
        return said
    return said.partition("年")[2] if language == "zh" else said.rpartition(" ")[0]


def between(starts: str, low: float, high: float, language: Language) -> str:
    """Two days of a run: 11–22 April, 28 March–4 April; 4月11日至22日."""
    first, last = on_day(starts, low, language), on_day(starts, high, language)
    if first == last:
        return first
    if language == "zh":
        month, _, day = last.partition("月")
        return f"{first}至{day if first.startswith(f'{month}月') else last}"
    day_en, _, month_en = first.partition(NO_BREAK_SPACE)
    return f"{day_en}–{last}" if last.endswith(f"{NO_BREAK_SPACE}{month_en}") else f"{first} – {last}"


def stops(found: Json, starts: str, language: Language) -> str:
    """When something happens that may not happen: 11–22 April, from 11 April, never."""
    low, high = found.get("p10"), found.get("p90")
    if low is None:
        middle = found.get("p50")
        if middle is None:
            return text("does not stop", context="strategy")[language]
        low = middle
    if high is None:
        first = on_day(starts, low, language)
        return text("from {first}", context="strategy", first=first)[language]
    return between(starts, low, high, language)


def never(found: Json, language: Language, *, zh: str = "不停产") -> str:
    """In how many of the draws it does not happen: never 12 %, 12%不停产; empty where it always or never does."""
    share = found.get("never_pct") or 0.0
    if not _SHOWN_LEAST <= share < 100:
        return ""
    said = written.percent(share / 100, language, 0)
    return f"{said}{zh}" if language == "zh" else f"never {said}"


def stops_whole(found: Json, starts: str, language: Language) -> str:
    """Both: 11–22 April · never 12 %; where it happens in few draws, in how many it does not."""
    if found.get("p10") is None and found.get("p50") is None and (share := never(found, language)):
        return share if language == "zh" else share.replace("never", "does not stop in", 1)
    return " · ".join(one for one in (stops(found, starts, language), never(found, language)) if one)


def mass(kg: float | None, language: Language) -> str:
    """18.4 t, 18.4吨; a dash for None."""
    return written.mass(None if kg is None else kg * written.MG_PER_KG, language)


def spread(found: Json, say: Any, language: Language) -> str:
    """The range of a figure by its quantiles: 2.1–5.2 t; one value where they are the same."""
    low, high = found.get("p10"), found.get("p90")
    first, last = say(low, language), say(high, language)
    if low is None or high is None or first == last:
        return str(say(found.get("p50"), language))
    return text("{first} – {last}", first=first, last=last)[language]


def money(value: float | None, currency: str, language: Language) -> str:
    """EUR 3.4 m, 340万欧元 as `EUR 340万`; a dash for None."""
    if value is None:
        return written.NOTHING
    for size, word in _LARGE[language]:
        if abs(value) >= size:
            scaled = value / size
            shown = written.number(round(scaled) if abs(scaled) >= 100 else round(scaled, 1))
            return f"{currency}{NO_BREAK_SPACE}{shown}{word}"
    return f"{currency}{NO_BREAK_SPACE}{written.number(round(value))}"


def amount(help_: Json, language: Language) -> str:
    """How much is added: 300 kg, 30 days."""
    n, unit = help_.get("amount"), help_.get("unit") or ""
    if n is None:
        return ""
    if unit == "kg":
        return mass(n, language)
    word = _UNITS[unit][language] if unit in _UNITS else unit
    return f"{written.number(round(n, 1))}{'' if language == 'zh' else NO_BREAK_SPACE}{word}".strip()


def helped(help_: Json, language: Language) -> str:
    """What is added: More stock, 300 kg."""
    said, how_much = words.word(HELPS, help_["what"], language), amount(help_, language)
    if not how_much:
        return said
    return text("{said}, {how_much}", said=said, how_much=how_much)[language]


def named(one: Json, language: Language) -> str:
    """What an input is called, as it begins a line."""
    said = str(one[language])
    return said if language == "zh" else said[:1].upper() + said[1:]


def source(name: object, language: Language) -> str:
    """Where a figure comes from, in the reader's language: files and what a table says of itself as they are."""
    return "; ".join(_source(part, language) for part in str(name).split("; "))


def _source(part: str, language: Language) -> str:
    if part in SOURCES:
        return SOURCES[part][language]
    if language == "en":
        return part
    if found := re.fullmatch(r"rows of (\S+) to (\S+)", part):
        return f"{found[1]}至{found[2]}申报行"
    if found := re.fullmatch(r"like plants, (\d+) days under way \(assumption\)", part):
        return f"各厂相同，在途{found[1]}天（假定）"
    if found := re.fullmatch(r"entry (\d+)", part):
        return f"条目 {found[1]}"
    if found := re.fullmatch(r"instruments of (\S+)", part):
        return f"{found[1]} 的管制措施"
    if part.startswith(_ELSE):
        part = f"未载明者取 {part.removeprefix(_ELSE)}"
    return part.replace(" (assumption (calibrated))", "（假定，已校准）").replace(" (assumption)", "（假定）")


def of_when(vintage: object, language: Language) -> str:
    """The vintage of a figure: an entry of the log by its number, else as it is."""
    said = str(vintage).removeprefix("entry ")
    if not said.isdecimal():
        # Of a moment, its day is enough here: the entry has the rest.
        return said.partition("T")[0] if re.match(r"\d{4}-\d\d-\d\dT", said) else said
    return text("entry {said}", said=said)[language]


def valued(one: Json, language: Language) -> str:
    """An input with its unit and range: 60 days (28–128)."""
    value, unit = one.get("value"), one.get("unit") or ""
    if value is None:
        return written.NOTHING
    if unit == "share":
        said, ends = written.percent(value, language, 0), [one.get("low"), one.get("high")]
        shown = [written.percent(end, language, 0) for end in ends if end is not None]
    else:
        word = _UNITS[unit][language] if unit in _UNITS else unit
        blank = "" if language == "zh" and not word.isascii() else NO_BREAK_SPACE
        said = f"{written.number(value)}{blank}{word}".strip()
        shown = [written.number(end) for end in (one.get("low"), one.get("high")) if end is not None]
    if len(shown) < 2 or shown[0] == shown[1]:
        return said
    return text("{said} ({shown}–{shown2})", said=said, shown=shown[0], shown2=shown[1])[language]


def plant_name(one: Json, language: Language) -> str:
    """What a plant is called: its name in the reader's language, else in the other, else its id."""
    other = "name_en" if language == "zh" else "name_zh"
    return str(one.get(f"name_{language}") or one.get(other) or one["plant"])
