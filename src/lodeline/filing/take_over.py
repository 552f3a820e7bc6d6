"""The table by which a nation's register is taken over: one row for a site, a person or both, each with its firm.

Every problem of the table is named at once, with row and column. What is said of a firm may stand in any of its rows;
rows that contradict each other are a problem, and never a matter of which came last.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Literal

from lodeline.filing.formats import Limits, Sheet
from lodeline.filing.names import folded
from lodeline.filing.table import read_sheets
from lodeline.ledger.problem import Problem, Where, problem
from lodeline.ledger.roles import ROLES
from lodeline.tables import table_rows

#: A table of 1 600 firms with their people has about half a megabyte.
LIMITS: Final = Limits(file_bytes=16 * 1024**2, rows=200_000, columns=100, unpacked_bytes=256 * 1024**2)
PERSON_ROLES: Final = ("filer", "certifier", "organisation-admin")
LANGUAGES: Final = ("zh", "en")
About = Literal["firm", "site", "person"]
Cells = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of the table: what it is about, its name in Chinese, what it means, an example."""

    name: str
    about: str
    name_zh: str
    required: str
    meaning: Mapping[str, str]
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What the rows say together of one firm, site or person, and in which row each cell was said first."""

    cells: Cells
    rows: Mapping[str, int]
    row: int

    def at(self, column: str) -> Where:
        """The place of a cell; that of the first row where nobody filled it."""
        return Where(row=self.rows.get(column, self.row), column=column)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOver:
    """The table as read: records by id (of a person: address and firm), in the order of their first rows."""

    firms: Mapping[str, Record] = field(default_factory=dict)
    sites: Mapping[str, Record] = field(default_factory=dict)
    people: Mapping[tuple[str, str], Record] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether anything stands in the way."""
        return any(one.severity != "flag" for one in self.problems)


def columns_of(file: str) -> dict[str, Column]:
    """The columns of a table, by name: a file of `data/reference`."""
    return {
        row["name"]: Column(
            name=row["name"], about=row["about"], name_zh=row["name_zh"], required=row["required"],
            meaning={"en": row["meaning_en"], "zh": row["meaning_zh"]}, example=row["example"],
        )
        for row in table_rows(f"reference/{file}")
    }  # fmt: skip


#: The columns of the table, in the order of the template.
COLUMNS: Final[Mapping[str, Column]] = columns_of("take_over_columns.csv")
#: Columns that hold a code, for which a word may stand as well.
_CODES: Final = ("stage", "person_role", "language")


@cache
def _words() -> dict[tuple[str, str], str]:
    """(column, folded word) → code."""
    found = {(row["column"], folded(row["word"])): row["code"] for row in table_rows("reference/take_over_words.csv")}
    return found | {("roles", folded(word)): role for role, one in ROLES.items() for word in (one.en, one.zh)}


def rows_of(
    name: str, content: bytes, columns: Mapping[str, Column], *, needed: Iterable[str]
) -> tuple[list[tuple[int, dict[str, str]]], list[Problem]]:
    """The filled cells of each row of a file, with its number, and what is wrong with the file and its header."""
    if len(content) > LIMITS.file_bytes:
        where = Where(file=name)
        return [], [problem("take-over.too-large", where, bytes=len(content), limit=LIMITS.file_bytes)]
    ((_, sheet),) = read_sheets([(name, content)], limits=LIMITS)
    problems = list(sheet.problems)
    if not sheet.readable:
        return [], problems
    known = {folded(word): one.name for one in columns.values() for word in (one.name, one.name_zh)}
    places: dict[str, int] = {}
    for place, raw in enumerate(sheet.header):
        if not raw.strip():
            continue
        column = known.get(folded(raw))
        if column is None:
            problems.append(
                problem(
                    "take-over.column-unknown",
                    Where(row=1, column=raw.strip()),
                    header=raw.strip(),
                    count=sheet.filled(place),
                )
            )
        elif column in places:
            headers = f"{sheet.header[places[column]].strip()}, {raw.strip()}"
            problems.append(problem("column.twice", Where(row=1, column=column), column=column, headers=headers))
        else:
            places[column] = place
    rows = _filled(sheet, places)
    problems += [
        problem("column.missing", Where(row=1, column=column), column=column, count=len(rows))
        for column in needed
        if column not in places
    ]
    if not rows:
        problems.append(problem("take-over.empty", Where(row=1)))
    return rows, problems


def _filled(sheet: Sheet, places: Mapping[str, int]) -> list[tuple[int, dict[str, str]]]:
    cells = {column: sheet.cells[str(place)].to_list() for column, place in places.items()}
    found = []
    for at, number in enumerate(sheet.rows.to_list()):
        row = {column: text for column, texts in cells.items() if (text := (texts[at] or "").strip())}
        if row:
            found.append((int(number), row))
    return found


def read_register(name: str, content: bytes) -> TakenOver:
    """The register that a table holds (CSV or XLSX by the ending of `name`). Never raises on what a file contains."""
    rows, problems = rows_of(name, content, COLUMNS, needed=("organisation",))
    if any(one.severity == "reject" for one in problems):
        return TakenOver(problems=tuple(problems))
    gathered = _Gathered(problems)
    for number, row in rows:
        gathered.add(number, {column: _coded(column, text) for column, text in row.items()})
    return gathered.whole()


def _coded(column: str, text: str) -> str:
    """The code that a word stands for; whatever is none is left to be judged."""
    if column in _CODES:
        return _words().get((column, folded(text)), text.strip())
    if column == "roles":
        parts = (part.strip() for part in re.split(r"[|;；,，、]", text))
        return "|".join(dict.fromkeys(_words().get(("roles", folded(part)), part) for part in parts if part))
    return text.lower() if column == "email" else text


class _Gathered:
    """What the rows have said so far."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        self._said: dict[About, dict[tuple[str, str], tuple[dict[str, str], dict[str, int], int]]] = {
            "firm": {}, "site": {}, "person": {},
        }  # fmt: skip

    def add(self, number: int, row: dict[str, str]) -> None:
        """Takes in a row; what it contradicts is named with the row that said otherwise."""
        organisation = row.get("organisation")
        if organisation is None:
            self._missing(number, "organisation", "firm")
            return
        self._say("firm", (organisation, ""), number, _about(row, "firm"))
        site, person = _about(row, "site"), _about(row, "person")
        if "site" in row:
            self._say("site", (row["site"], ""), number, {**site, "organisation": organisation})
        elif site:
            self._missing(number, "site", "site")
        if "email" in row:
            self._say("person", (row["email"], organisation), number, {**person, "organisation": organisation})
        elif person.keys() - {"language"}:
            self._missing(number, "email", "person")

    def whole(self) -> TakenOver:
        """All of it, with what is missing of a person."""
        records = {
            about: {key: Record(cells=cells, rows=rows, row=row) for key, (cells, rows, row) in said.items()}
            for about, said in self._said.items()
        }
        for record in records["person"].values():
            for column in ("contact_name", "person_role"):
                if column not in record.cells:
                    self._missing(record.row, column, "person")
            for column, choices in (("person_role", PERSON_ROLES), ("language", LANGUAGES)):
                value = record.cells.get(column)
                if value is not None and value not in choices:
                    listed = ", ".join(choices)
                    self.problems.append(problem("choice.unknown", record.at(column), value=value, choices=listed))
        return TakenOver(
            firms={key: one for (key, _), one in records["firm"].items()},
            sites={key: one for (key, _), one in records["site"].items()},
            people=records["person"],
            problems=tuple(self.problems),
        )

    def _missing(self, number: int, column: str, about: About) -> None:
        self.problems.append(problem("cell.missing", Where(row=number, column=column), kind=about, column=column))

    def _say(self, about: About, key: tuple[str, str], number: int, row: Mapping[str, str]) -> None:
        cells, rows, _ = self._said[about].setdefault(key, ({}, {}, number))
        for column, text in row.items():
            if column not in cells:
                cells[column], rows[column] = text, number
            elif cells[column] != text:
                code = "take-over.two-roles" if column == "person_role" else "take-over.contradicts"
                facts: dict[str, str | int] = {
                    "id": key[0],
                    "value": text,
                    "other": cells[column],
                    "other_row": rows[column],
                }
                self.problems.append(problem(code, Where(row=number, column=column), severity=None, **facts))


def _about(row: Mapping[str, str], about: About) -> dict[str, str]:
    return {column: text for column, text in row.items() if COLUMNS[column].about == about}
