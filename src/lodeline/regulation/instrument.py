"""Instruments: the laws, orders and announcements that set parameters, and what one of them does to another.

A suspension is a fact with days of its own: from when to when it holds, and the day on which it was published, before
which nobody could know of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from lodeline.language import text
from lodeline.regulation.document import EVIDENCE, Node

#: What holds after the last day of a suspension: the rule again, or nobody knows, because no text on it was found.
AFTERWARDS = ("in-force", "unknown")
#: A citation of whole articles and nothing else: their numbers, and the same in Chinese one by one.
_NUMBERS_EN: Final = re.compile(r"articles? (\d+(?:(?:, | and )\d+)*)")
_ARTICLE_ZH: Final = re.compile(r"第[一二三四五六七八九十百零〇\d]+条")


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """Where a text says so: `instrument` is an id of the pack, `article` in both languages."""

    instrument: str
    article: dict[str, str]


def articles_once(citations: Iterable[Citation]) -> dict[str, str]:
    """What citations of one instrument name, in both languages: each article once, in the order of the text.

    A place that is no article as a whole, such as an item or a paragraph, is named as it is written, after them.
    """
    numbered: dict[int, str] = {}
    others: dict[tuple[str, str], None] = {}
    for one in citations:
        written = _NUMBERS_EN.fullmatch(one.article["en"])
        numbers = [] if written is None else re.split(", | and ", written[1])
        articles = one.article["zh"].split("、")
        if len(numbers) == len(articles) and all(_ARTICLE_ZH.fullmatch(article) for article in articles):
            numbered |= zip(map(int, numbers), articles, strict=True)
        else:
            others[one.article["en"], one.article["zh"]] = None
    en, zh = [one for one, _ in others], [one for _, one in others]
    if numbered:
        *before, last = map(str, sorted(numbered))
        en.insert(0, f"articles {', '.join(before)} and {last}" if before else f"article {last}")
        zh = [*(numbered[number] for number in sorted(numbered)), *zh]
    return {"en": ", ".join(en), "zh": "、".join(zh)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A suspension of instruments, or the end of one. Both days are included; `last` is None where no end is set."""

    suspends: bool
    instruments: tuple[str, ...]
    first: date
    last: date | None
    published: date
    afterwards: str
    citation: Citation
    evidence: str
    note: dict[str, str] | None

    def covers(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """A law, order, announcement, or a practice that is no law. `source` says where its text was found."""

    id: str
    title: dict[str, str]
    issuer: dict[str, str]
    number: str | None
    published: date
    source: dict[str, str]
    evidence: str
    effects: tuple[Effect, ...]


def instrument_of(node: Node, folder: str) -> Instrument:
    """The instrument that the file `instrument.yaml` in `folder` tells of. Raises PackError."""
    head = node.table(("id", "title", "issuer", "published", "source", "evidence"), ("number", "suspends", "resumes"))
    if head["id"].text() != folder:
        raise head["id"].wrong(text("is not the name of its folder; write {folder}", folder=folder))
    published = head["published"].day()
    evidence = head["evidence"].choice(EVIDENCE)
    effects = [
        _effect(row, folder, published, evidence, suspends=kind == "suspends")
        for kind in ("suspends", "resumes")
        if kind in head
        for row in head[kind].rows()
    ]
    return Instrument(
        id=folder,
        title=head["title"].labels(),
        issuer=head["issuer"].labels(),
        number=head["number"].text() if "number" in head else None,
        published=published,
        source=head["source"].labels(),
        evidence=evidence,
        effects=tuple(effects),
    )


def _effect(node: Node, folder: str, published: date, evidence: str, *, suspends: bool) -> Effect:
    ends = ("to", "afterwards") if suspends else ()
    row = node.table(("instruments", "from", "article"), (*ends, "published", "evidence", "note"))
    first = row["from"].day()
    last = row["to"].day() if "to" in row else None
    if last is not None and last < first:
        raise row["to"].wrong(text("is before `from`; exchange them"))
    if (last is None) != ("afterwards" not in row):
        raise node.wrong(
            text("`to` and `afterwards` go together: a suspension that ends says what holds then (in-force or unknown)")
        )
    return Effect(
        suspends=suspends,
        instruments=row["instruments"].words(),
        first=first,
        last=last,
        published=row["published"].day() if "published" in row else published,
        afterwards=row["afterwards"].choice(AFTERWARDS) if "afterwards" in row else "in-force",
        citation=Citation(instrument=folder, article=row["article"].labels()),
        evidence=row["evidence"].choice(EVIDENCE) if "evidence" in row else evidence,
        note=row["note"].labels() if "note" in row else None,
    )
