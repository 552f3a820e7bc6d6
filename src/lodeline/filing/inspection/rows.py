"""The rows of an inspection's table, typed, each cell with its address; every problem at once.

Files are read by the readers of filings and within bounds of their own: an inspector's day is no firm's year. Rows are
read one by one, so that a problem is where its cell is. Pure: no clock and no database.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from lodeline.filing.cell import Read, Value
from lodeline.filing.check import LISTED_LIMIT
from lodeline.filing.columns.header import column_letter
from lodeline.filing.formats import Limits, Sheet
from lodeline.filing.inspection.analytes import Analyte, analyte_of, read_share, without_unit
from lodeline.filing.inspection.columns import TableColumn, TableName, column_by_folded, columns
from lodeline.filing.names import folded
from lodeline.filing.table import read_sheets
from lodeline.ledger.problem import Problem, Where, problem

LIMITS: Final = Limits(
    file_bytes=32 * 1024**2, rows=50_000, unpacked_bytes=256 * 1024**2, area=4_000_000, memory_bytes=2 * 1024**3,
    json_bytes=32 * 1024**2,
)  # fmt: skip
#: A head that begins so is meant for a column of the table: what it holds is not set aside as a remark.
_MEANT: Final[Mapping[TableName, tuple[str, ...]]] = {
    "measurement": ("mass", "declared", "bag", "moisture", "净重", "样袋"), "custody": ("bag", "seal"),
    "results": ("bag", "certified"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row. `cells`: typed, None where empty or not read; `shares`: analyte → ppb as stated; `extra`: cells of
    columns that the table does not know; `unread`: columns whose problem has been named; `heads`: of the analytes."""

    where: Where
    cells: Mapping[str, Value]
    shares: Mapping[Analyte, int] = field(default_factory=dict)
    heads: Mapping[Analyte, str] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()

    def at(self, column: str) -> Where:
        """The address of one of its cells."""
        return replace(self.where, column=column)

    def text(self, column: str) -> str | None:
        """A cell that holds text or a code."""
        found = self.cells.get(column)
        return None if found is None else str(found)

    def number(self, column: str) -> int | None:
        """A cell that holds milligrams or parts per billion."""
        found = self.cells.get(column)
        return found if isinstance(found, int) else None

    def missing(self, column: str) -> bool:
        """Whether nothing stands in a cell, and nobody has said so yet."""
        return self.cells.get(column) is None and column not in self.unread


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows of some files of one table, in order, and what is wrong with their cells."""

    table: TableName
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]


def read_rows(table: TableName, files: Sequence[tuple[str, bytes]]) -> Rows:
    """The rows that files (name, content) hold together. Never raises on what they contain."""
    rows: list[Row] = []
    problems: list[Problem] = []
    for name, sheet in read_sheets(files, limits=LIMITS):
        where = Where(file=name, sheet=sheet.name)
        problems += sheet.problems
        if sheet.readable:
            head = _Head.of(table, sheet, where)
            problems += head.problems
            for row, found in _rows(head, sheet, where):
                rows.append(row)
                problems += found
    return Rows(table=table, rows=tuple(rows), problems=tuple(problems))


def bounded(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """At most `LISTED_LIMIT` problems of a code, and how many more there are."""
    counts: dict[str, int] = {}
    kept: list[Problem] = []
    for one in problems:
        counts[one.code] = counts.get(one.code, 0) + 1
        if counts[one.code] <= LISTED_LIMIT:
            kept.append(one)
    more = [
        problem("problems.more", code=code, count=count - LISTED_LIMIT)
        for code, count in sorted(counts.items()) if count > LISTED_LIMIT
    ]  # fmt: skip
    return (*kept, *more)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """What the columns of a sheet are: known ones, analytes, others, by their place."""

    known: Mapping[int, TableColumn]
    analytes: Mapping[int, Analyte]
    others: Mapping[int, str]
    problems: tuple[Problem, ...]

    @classmethod
    def of(cls, table: TableName, sheet: Sheet, where: Where) -> _Head:
        known: dict[int, TableColumn] = {}
        analytes: dict[int, Analyte] = {}
        others: dict[int, str] = {}
        problems: list[Problem] = []
        by_folded = column_by_folded(table)
        for place, raw in enumerate(sheet.header):
            header = unicodedata.normalize("NFC", raw.strip())
            if not header:
                if sheet.filled(place):
                    problems.append(problem("column.unnamed", replace(where, row=1), letter=column_letter(place)))
                continue
            name = by_folded.get(folded(header))
            at = replace(where, row=1, column=name or header)
            analyte = analyte_of(header) if table == "results" and name is None else None
            twice = name in {one.name for one in known.values()} or header in others.values()
            if twice or (analyte is not None and analyte in analytes.values()):
                problems.append(problem("column.twice", at, column=name or header, headers=header))
            elif name is not None:
                known[place] = columns(table)[name]
            elif analyte is not None:
                analytes[place] = analyte
                same = [one for one in analytes.values() if one.symbol == analyte.symbol]
                if len(same) > 1:
                    problems.append(problem("inspection.analyte-twice", at, analyte=analyte.symbol, head=header))
            else:
                others[place] = header
                problems.append(_of_unknown(table, header, at, sheet.filled(place)))
        if sheet.cells.height:
            problems += _absent(table, {one.name for one in known.values()}, where)
        return cls(known=known, analytes=analytes, others=others, problems=tuple(problems))


def _of_unknown(table: TableName, header: str, at: Where, count: int) -> Problem:
    species = without_unit(header) if table == "results" else None
    if species is not None:
        return problem("inspection.unit-missing", at, head=header, pct=f"{species}_pct", ppm=f"{species}_ppm")
    if folded(header).startswith(_MEANT[table]):
        return problem("inspection.head-unclear", at, head=header)
    return problem("column.unknown", at, header=header, count=count)


def _absent(table: TableName, found: set[str], where: Where) -> Iterator[Problem]:
    for name, column in columns(table).items():
        if column.required == "yes" and name not in found:
            yield problem("inspection.column-missing", replace(where, row=1, column=name), column=name)


def _rows(head: _Head, sheet: Sheet, where: Where) -> Iterator[tuple[Row, list[Problem]]]:
    for number, cells in zip(sheet.rows.to_list(), sheet.cells.iter_rows(), strict=True):
        texts = {place: text.strip() for place, text in enumerate(cells) if text is not None and text.strip()}
        if texts:
            yield _row(head, sheet.header, texts, replace(where, row=number))


def _row(head: _Head, header: Sequence[str], texts: Mapping[int, str], where: Where) -> tuple[Row, list[Problem]]:
    """One row typed, and what is wrong with its cells by themselves."""
    typed: dict[str, Value] = {}
    unread: set[str] = set()
    problems: list[Problem] = []
    for place, column in head.known.items():
        found = _cell(column, texts.get(place), replace(where, column=column.name))
        if isinstance(found, Problem):
            problems.append(found)
            unread.add(column.name)
        elif found is not None:
            typed[column.name] = found.value
            if found.code is not None:
                at = replace(where, column=column.name)
                problems.append(problem(found.code, at, severity=None, **{"value": texts[place], **dict(found.facts)}))
    shares: dict[Analyte, int] = {}
    for place, analyte in head.analytes.items():
        if place not in texts:
            continue
        read = read_share(texts[place], analyte)
        if isinstance(read.value, int):
            shares[analyte] = read.value
        if read.code is not None:
            at = replace(where, column=header[place].strip())
            problems.append(problem(read.code, at, severity=None, **{"value": texts[place], **dict(read.facts)}))
    return Row(
        where=where, cells=typed, shares=shares, unread=frozenset(unread),
        heads={analyte: header[place].strip() for place, analyte in head.analytes.items()},
        extra={name: texts[place] for place, name in head.others.items() if place in texts},
    ), problems  # fmt: skip


def _cell(column: TableColumn, text: str | None, at: Where) -> Read | Problem | None:
    """What a cell reads as; None where it may be empty and is, a problem where it has no value."""
    if text is None:
        return problem("inspection.cell-missing", at, column=column.name) if column.required == "yes" else None
    if len(text) > column.characters:
        return problem("cell.too-long", at, limit=column.characters)
    read = column.read(text)
    if column.choices and read.value not in column.choices:
        return problem("choice.unknown", at, value=text, choices=", ".join(column.choices))
    if read.value is None and read.code is not None:
        return problem(read.code, at, severity=None, **{"value": text, **dict(read.facts)})
    return read if read.value is not None else None
