"""One instrument of the law with all that hangs on it, and the search of every word that the law says.

What came out after the day up to which it is published is seen in neither.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.law.law import diff, in_force
from lodeline.service.law.lists import control_list, fine_table, instruments

Json = dict[str, Any]
#: What is searched for is cut here, and so many words of it are looked at.
QUERY_LENGTH: Final = 200
_WORDS_MOST: Final = 12
_FIRST_DAY: Final = date(1900, 1, 1)


def text_of(law: Jurisdiction, instrument: str, on: date, known: date) -> Json | None:
    """The instrument of that id with its rules on `on`, the items and fines that stand in it, what it does to others
    and others to it, who cites it, and the days on which its rules changed; None where it was not published by `known`.
    """
    every = {one["instrument"]: one for one in instruments(law, known)}
    if instrument not in every:
        return None
    rows = in_force(law, on, known)["rows"]
    acted = [
        {"instrument": other.id, "title": other.title, "suspends": effect.suspends, "from": effect.first.isoformat(),
         "to": None if effect.last is None else effect.last.isoformat()}
        for other in law.instruments.values() for effect in other.effects
        if effect.published <= known and instrument in effect.instruments
    ]  # fmt: skip
    return {
        **every[instrument],
        "rules": [row for row in rows if row["instrument"] == instrument],
        "items": [one for one in control_list(law, on, known) if one["instrument"] == instrument],
        "fines": [one for one in fine_table(law, on, known) if one["citation"]["instrument"] == instrument],
        "acted_on_by": sorted(acted, key=lambda one: str(one["from"])),
        "cited_by": [
            row for row in rows if row["instrument"] != instrument and row["citation"]["instrument"] == instrument
        ],
        "changes": [one for one in diff(law, _FIRST_DAY, known)["rows"] if one["instrument"] == instrument],
    }


def found(law: Jurisdiction, query: str, on: date, known: date) -> list[Json]:
    """What says every word of `query` in either language: instruments, then rules, then items of the control list.

    A hit is {"kind": "instrument" | "rule" | "item", "instrument", "title", "name", "label", "status", "said"}: `name`
    is that of a rule or item, `said` the text in which the first word was met, in both languages. Nothing for a query
    without a letter or digit. A word is met wherever it begins within another: Chinese has no blanks.
    """
    words = _words(query)
    if not words:
        return []
    hits: list[Json] = []
    for one in instruments(law, known):
        texts = [one["title"], one["issuer"], one["source"], {"en": one["instrument"], "zh": one["number"] or ""}]
        _add(hits, words, texts, kind="instrument", of=one, label=one["title"])
    ever = {(one.instrument, one.name): one.values for one in law.parameters.values()}
    for row in in_force(law, on, known)["rows"]:
        said = [row["label"], *_texts(row["value"]), row["citation"]["article"], row["title"]]
        texts = [*said, *(row[name] for name in ("note", "informs") if row[name])]
        # A rule is met by what it said in other years, too.
        for value in ever[row["instrument"], row["parameter"]]:
            if value.published <= known:
                texts += [*_texts(value.in_force_from.isoformat()), *_texts(value.value), value.citation.article]
        _add(hits, words, texts, kind="rule", of=row, name=row["parameter"], label=row["label"], status=row["status"])
    for item in control_list(law, on, known):
        texts = [item["label"], *_texts([item["item"], item["element"], *item["named"], *item["codes"]])]
        _add(hits, words, texts, kind="item", of=item, name=item["item"], label=item["label"], status=item["status"])
    return hits


def _words(query: str) -> list[str]:
    return re.findall(r"[\w.%]*\w[\w.%]*", _folded(query[:QUERY_LENGTH]))[:_WORDS_MOST]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _add(hits: list[Json], words: list[str], texts: list[Any], *, kind: str, of: Json, **more: Any) -> None:
    """Adds a hit where `texts` say every word."""
    folded = [_folded(" ".join(map(str, text.values()))) for text in texts]
    if all(any(word in text for text in folded) for word in words):
        said = next(text for text, plain in zip(texts, folded, strict=True) if words[0] in plain)
        head = {"kind": kind, "instrument": of["instrument"], "title": of["title"], "name": "", "status": None}
        hits.append({**head, **more, "said": said})


def _texts(value: Any) -> Iterator[dict[str, str]]:
    """Every text and number of a value, in both languages."""
    match value:
        case {"en": str(), "zh": str()}:
            yield value
        case dict():
            for inner in value.values():
                yield from _texts(inner)
        case list():
            for inner in value:
                yield from _texts(inner)
        case bool() | None:
            return
        case _:
            yield {"en": str(value), "zh": str(value)}
