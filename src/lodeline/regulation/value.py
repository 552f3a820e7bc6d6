"""Values of the law with the days that bound them; and the check that no day is left to chance.

What was published last about a day is what counts on it. A value without a last day holds until a later one begins.
Whatever else would overlap, and every hole, must be declared in the file, or the file is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from lodeline.language import text
from lodeline.regulation.document import EVIDENCE, Node, each
from lodeline.regulation.instrument import Citation

#: `unknown`: something may be in force, and what it is was not published or not found.
Status = Literal["in-force", "suspended", "ended", "not-yet", "unknown"]
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One value with the days that bound it; both are included, and no `in_force_to` means until a later one begins.

    `unknown`: that something holds on these days is known, and what it is is not; `value` is then None.
    `corrects`: it was published to replace another on days for which that one was set. `parts`: of what several
    instruments state together, what each of them does; empty for the statement of one.
    """

    value: Any
    unknown: bool
    corrects: bool
    in_force_from: date
    in_force_to: date | None
    published: date
    citation: Citation
    evidence: str
    note: dict[str, str] | None
    parts: tuple[Value, ...] = ()

    def covers(self, day: date) -> bool:
        """Whether its own days include `day`."""
        return self.in_force_from <= day and (self.in_force_to is None or day <= self.in_force_to)

    def ends_for(self, other: Value, day: date) -> bool:
        """Whether, having no last day, it ended by `day` because `other` began."""
        return (
            self.in_force_to is None
            and not other.corrects
            and self.published < other.published
            and self.in_force_from < other.in_force_from <= day
        )


def values_of(node: Node, holes: Node | None, folder: str) -> tuple[Value, ...]:
    """The values in the list `values`, in order of the days from which they hold. Raises PackError."""
    rows = each(node.rows(), lambda row: (row, _value(row, folder)))
    if not rows:
        raise node.wrong(text("holds no value; add one"))
    rows.sort(key=lambda pair: (pair[1].in_force_from, pair[1].published))
    _check_overlaps(rows)
    _check_holes(rows, [_hole(row) for row in holes.rows()] if holes is not None else [])
    return tuple(value for _, value in rows)


def _value(node: Node, folder: str) -> Value:
    row = node.table(
        ("in_force_from", "published", "citation", "evidence"), ("value", "unknown", "corrects", "in_force_to", "note")
    )
    unknown = "unknown" in row and row["unknown"].flag()
    if unknown == ("value" in row):
        raise node.wrong(text("holds either `value` or `unknown: true`; keep one"))
    first = row["in_force_from"].day()
    last = row["in_force_to"].day() if "in_force_to" in row else None
    if last is not None and last < first:
        raise row["in_force_to"].wrong(text("is before `in_force_from`; exchange them"))
    citation = row["citation"].table(("article",), ("instrument",))
    return Value(
        value=row["value"].content if "value" in row else None,
        unknown=unknown,
        corrects="corrects" in row and row["corrects"].flag(),
        in_force_from=first,
        in_force_to=last,
        published=row["published"].day(),
        citation=Citation(
            instrument=citation["instrument"].text() if "instrument" in citation else folder,
            article=_article(citation["article"]),
        ),
        evidence=row["evidence"].choice(EVIDENCE),
        note=row["note"].labels() if "note" in row else None,
    )


def _article(node: Node) -> dict[str, str]:
    """In both languages, or one text for what reads alike in both, such as a page of a foreign source."""
    return {"en": node.content, "zh": node.content} if isinstance(node.content, str) else node.labels()


def _check_overlaps(rows: Sequence[tuple[Node, Value]]) -> None:
    for number, (_, earlier) in enumerate(rows):
        for node, later in rows[number + 1 :]:
            if not earlier.covers(later.in_force_from):
                continue
            succeeds = (
                earlier.in_force_to is None
                and earlier.in_force_from < later.in_force_from
                and earlier.published < later.published
            )
            corrects = earlier.corrects if earlier.published > later.published else later.corrects
            if earlier.published == later.published or not (succeeds or corrects):
                end = later.in_force_from - ONE_DAY
                raise node.wrong(
                    text(
                        "overlaps the value in force from {in_force_from}; give that one `in_force_to: {end}`, "
                        "or, where the one published later replaces it, give the later one `corrects: true`",
                        in_force_from=earlier.in_force_from,
                        end=end,
                    )
                )


def _check_holes(rows: Sequence[tuple[Node, Value]], declared: Sequence[tuple[Node, date, date]]) -> None:
    found: list[tuple[date, date]] = []
    reached, before = rows[0][1].in_force_to, rows[0][1]
    for node, value in rows[1:]:
        if reached is not None and value.in_force_from > reached + ONE_DAY:
            hole = (reached + ONE_DAY, value.in_force_from - ONE_DAY)
            found.append(hole)
            if hole not in [(first, last) for _, first, last in declared]:
                raise node.wrong(
                    text(
                        "leaves {hole} to {hole2} without a value; mend the days, or declare them under `holes`",
                        hole=hole[0],
                        hole2=hole[1],
                    )
                )
        if value.corrects or before.corrects:
            # A correction takes nothing away beyond its own days.
            reached = None if reached is None or value.in_force_to is None else max(reached, value.in_force_to)
        else:
            reached = value.in_force_to
        before = value
    for node, first, last in declared:
        if (first, last) not in found:
            raise node.wrong(text("is no hole between the values; remove it"))


def _hole(node: Node) -> tuple[Node, date, date]:
    row = node.table(("from", "to", "note"))
    row["note"].labels()
    return node, row["from"].day(), row["to"].day()
