"""A reason of the desk as somebody reads it: firms, countries, days and fields by their words.

The log keeps codes and facts, and the words that were given; here the same sentence is said of the same facts, with
ids and keys put into words. A reason that was kept without facts is shown as it was said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lodeline.control.labels import LABELS
from lodeline.control.reason import vocabulary
from lodeline.language import Language, Text, bilingual, text
from lodeline.message import Day, Fact, Key, Message, Party, Series, Term, in_words, places
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.messages import writer

#: Facts that hold a day.
_DAYS: Final = frozenset({"day", "since", "due", "valid_from", "valid_to", "until"})
#: Facts that hold countries; `(code, fact)`, where the fact holds something else elsewhere.
_COUNTRIES: Final = frozenset({"destination", ("licence.destination", "licensed"), ("licence.destination", "stated")})
#: Fields of a declaration within a sentence, where their labels would not do.
_WITHIN: Final[Mapping[str, Text]] = {
    "exporter": text("the exporter's id"),
    "exporter_name": text("the exporter's name"),
    "controlled_declared": text("whether the goods are controlled"),
    "destination": text("destination"),
    "end_user_country": text("country of the end user"),
    "composition": text("composition"),
    "assay_composition": text("what a laboratory found"),
    "re_total_pct": text("rare earths in all"),
    "mass_kg": text("net mass"),
}


def reason_text(visit: Visit, reason: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The sentence of a reason. names: organisation id → name."""
    facts, entry = reason.get("facts"), vocabulary().get(reason["code"])
    if not facts or entry is None:
        return visit.localized(reason["text"])
    template = bilingual(entry.text["en"], entry.text["zh"])
    quoted = places(template["en"]) | places(template["zh"])
    message = Message(
        code=entry.code,
        template=template,
        facts={
            name: _rules(visit, str(facts["rules"])) if name == "rules" and entry.code.startswith("standing.")
            else _fact(entry.code, name, str(facts.get(name, "")))
            for name in quoted
        },
    )  # fmt: skip
    return in_words([message], visit.language, writer(visit.language, names), close_up=visit.language == "zh")


def _within(name: str, language: Language) -> str:
    """A field within a sentence: `end user`; a name that nobody knows as it is."""
    if name in _WITHIN:
        return _WITHIN[name][language]
    return written.within(LABELS[name][language] if name in LABELS else name)


def _fact(code: str, name: str, fact: str) -> Fact:
    """A fact of a reason, which the log keeps as text, by what it is."""
    if name in ("columns", "columns_zh"):
        return Series(tuple(Term(_within(one, "en"), _within(one, "zh")) for one in _parts(fact)))
    if name == "exporter":
        return Party(fact)
    if name in _COUNTRIES or (code, name) in _COUNTRIES:
        return Series(tuple(Term(words.country(one, "en"), words.country(one, "zh")) for one in _parts(fact)))
    return Day(fact) if name in _DAYS else Key(fact)


def _rules(visit: Visit, fact: str) -> Fact:
    """Rules by their titles, as far as the law of today has them."""
    named = (rule_text(visit, rule) for rule in _parts(fact))
    return Series(tuple(Term(one["en"], one["zh"]) for one in named))


def rule_text(visit: Visit, rule: str) -> Text:
    """What a rule is called: its parameter and instrument by their titles, or its id where the law of today has none of
    it."""
    parameter = visit.law.ruled(rule)
    if parameter is None:
        return bilingual(rule, rule)
    title = visit.law.title(parameter.instrument)
    return text("{label} ({title})", label=parameter.label, title=title)


def _parts(fact: str) -> list[str]:
    return fact.split(", ")
