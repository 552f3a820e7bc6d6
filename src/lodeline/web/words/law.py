"""What a law pack says in short words, said in a reader's: values, states, changes, and how well each is known.

The words of values are `data/reference/law_words.csv`. A pack may hold others: those are shown as they stand in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from lodeline.language import Language, Text, bilingual, text
from lodeline.material.mass import PPB_PER_PERCENT
from lodeline.tables import table_rows
from lodeline.web.words import format as written
from lodeline.web.words.words import Tone

STATUS: Final[Mapping[str, Text]] = {
    "in-force": text("in force"),
    "suspended": text("suspended", context="law"),
    "ended": text("ended", context="law, status"),
    "not-yet": text("not yet in force"),
    "unknown": text("not known", context="law"),
}
CHANGES: Final[Mapping[str, Text]] = {
    "published": text("published"),
    "corrected": text("corrected"),
    "came": text("came into force"),
    "resumed": text("resumed", context="law"),
    "suspended": text("suspended", context="law"),
    "ended": text("ended", context="law, changes"),
    "unknown": text("no longer known"),
}
#: Shape and tone of a state or change, always beside its word.
MARKS: Final[Mapping[str, tuple[str, Tone]]] = {
    "in-force": ("tick", "flow"), "came": ("tick", "flow"), "resumed": ("tick", "flow"),
    "suspended": ("half", "ink"),
    "unknown": ("diamond", "hold"),
    "not-yet": ("ring", "quiet"), "published": ("ring", "quiet"), "corrected": ("ring", "quiet"),
    "ended": ("bar", "quiet"),
}  # fmt: skip
EVIDENCE: Final[Mapping[str, Text]] = {
    "text": text("the text was read"),
    "case": text("a published case shows it"),
    "secondary": text("reported by others"),
    "assumption": text("an assumption, not law"),
}
#: A name that says what its row is, where the row has no words of its own for that.
_CODES: Final[Mapping[str, str]] = {"kind": "label", "breach_kind": "breach"}
#: What a row is about is said before what holds of it.
_FIRST: Final = ("item", "code", "article", "label", "breach", "group")
_PPB: Final = "_ppb"


@cache
def vocabulary() -> Mapping[tuple[str, str], Text]:
    """(key or word, name) → what it is called."""
    return {
        (row["kind"], row["name"]): bilingual(row["en"], row["zh"]) for row in table_rows("reference/law_words.csv")
    }


def word(name: str, language: Language) -> str:
    """A short word of a pack as a reader says it; the word itself where nobody has said how."""
    known = vocabulary().get(("word", name))
    return name if known is None else known[language]


def sentences(value: Any, language: Language) -> list[str]:
    """A value in words: one text for each row of a list of rows, one for anything else."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [_phrase(row, language) for row in value]
    return [] if value is None else [_phrase(value, language)]


def _phrase(value: Any, language: Language, name: str = "") -> str:
    between, stop = ("、", "；") if language == "zh" else (", ", "; ")
    match value:
        case {"en": _, "zh": _}:
            return str(value[language])
        case dict():
            keys = [name for name in value if _CODES.get(name) not in value and value[name] != []]
            ordered = sorted(keys, key=lambda name: name not in _FIRST)
            return stop.join(_clause(inner, value[inner], language) for inner in ordered)
        case [float() | int() as low, float() | int() as high] if not name.startswith("batches"):
            return f"{written.number(low)}{'至' if language == 'zh' else ' to '}{written.number(high)}"
        case list():
            rows = stop if value and isinstance(value[0], dict) else between
            return rows.join(_phrase(part, language) for part in value)
        case bool():
            return {"en": ("no", "yes"), "zh": ("否", "是")}[language][value]
        case int() | float():
            return written.number(value / PPB_PER_PERCENT if name.endswith(_PPB) else value)
        case _:
            return word(str(value), language)


def _clause(name: str, value: Any, language: Language) -> str:
    known = vocabulary().get(("key", name))
    phrase = _phrase(value, language, name)
    return f"{name.replace('_', ' ')} {phrase}" if known is None else known[language].replace("{v}", phrase)


def short_title(title: str) -> str:
    """What stands before the colon: Announcement No. 18 of 2025."""
    return re.split("[:：]", title, maxsplit=1)[0]
