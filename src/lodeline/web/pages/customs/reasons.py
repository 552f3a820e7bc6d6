"""A reason of the desk as somebody reads it: firms, countries, days and fields by their words.

The log keeps codes and facts, and the words that were given; here the same sentence is said of the same facts, with
ids and keys put into words. A reason that was kept without facts is shown as it was said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from lodeline.control.reason import vocabulary
from lodeline.web.pages.customs.form import LABELS
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.language import Language, Text, text

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
#: Facts that hold countries; `(code, fact)`, where the fact holds something else elsewhere.
_COUNTRIES: Final = frozenset({"destination", ("licence.destination", "licensed"), ("licence.destination", "stated")})
#: Fields of a declaration within a sentence, where their labels would not do.
_WITHIN: Final[Mapping[str, Text]] = {
    "exporter": text("the exporter's id", "出口企业编号"),
    "exporter_name": text("the exporter's name", "出口企业名称"),
    "controlled_declared": text("whether the goods are controlled", "是否申报为管制物项"),
    "destination": text("destination", "最终目的国"),
    "end_user_country": text("country of the end user", "最终用户国家"),
    "composition": text("composition", "成分"),
    "assay_composition": text("what a laboratory found", "化验成分"),
    "re_total_pct": text("rare earths in all", "稀土总量"),
    "mass_kg": text("net mass", "净重"),
}


def reason_text(visit: Visit, reason: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The sentence of a reason. names: organisation id → name."""
    facts, entry = reason.get("facts"), vocabulary().get(reason["code"])
    if not facts or entry is None:
        return visit.localized(reason["text"])
    facts_shown = {
        name: _fact_text(str(reason["code"]), name, str(fact), names=names, language=visit.language)
        for name, fact in facts.items()
    }
    return written.closed_up(entry.text[visit.language].format_map(facts_shown), visit.language)


def _within(name: str, language: Language) -> str:
    """A field within a sentence: `end user`; a name that nobody knows as it is."""
    if name in _WITHIN:
        return _WITHIN[name][language]
    return written.within(LABELS[name][language] if name in LABELS else name)


def _fact_text(code: str, name: str, fact: str, *, names: Mapping[str, str], language: Language) -> str:
    if name == "columns":
        between = "、" if language == "zh" else ", "
        return between.join(_within(one, language) for one in fact.split(", "))
    if name == "exporter":
        return names.get(fact, fact)
    if name in _COUNTRIES or (code, name) in _COUNTRIES:
        return {"en": ", ", "zh": "、"}[language].join(words.country(one, language) for one in fact.split(", "))
    return written.day(fact, language) if _DAY.fullmatch(fact) else fact
