"""Instruments: the laws, orders and announcements that set parameters, and what one of them does to another.

A suspension is a fact with days of its own: from when to when it holds, and the day on which it was published, before
which nobody could know of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from lodeline.regulation.document import EVIDENCE, Node

#: What holds after the last day of a suspension: the rule again, or nobody knows, because no text on it was found.
AFTERWARDS = ("in-force", "unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """Where a text says so: `instrument` is an id of the pack, `article` in both languages."""

    instrument: str
    article: dict[str, str]


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
        raise head["id"].wrong(f"is not the name of its folder; write {folder}", f"与所在文件夹不同名；应为 {folder}")
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
        raise row["to"].wrong("is before `from`; exchange them", "早于 `from`；请对调")
    if (last is None) != ("afterwards" not in row):
        raise node.wrong(
            "`to` and `afterwards` go together: a suspension that ends says what holds then (in-force or unknown)",
            "`to` 与 `afterwards` 须同时填写：暂停有截止日的，应写明其后状态（in-force 或 unknown）",
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
