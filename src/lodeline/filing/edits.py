"""What was changed after upload: cells set, rows left out, rows added. The files as they came are never touched.

A change names its cell by file and row, so that it means the same whatever was changed before it, and the table can be
made again from the files and the changes at any time.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from lodeline.filing.columns.header import UNKNOWN_MARK
from lodeline.filing.formats import Limits
from lodeline.filing.schema import COLUMNS, MASS_COLUMNS
from lodeline.filing.table import Source, Table, without_empty_rows
from lodeline.ledger.problem import Problem, Where, problem

Address = tuple[int, int]

#: What problems and the file of changes call the rows that were typed in.
ADDED_FILE = "added-rows"
_KNOWN_COLUMNS = frozenset({column.name for column in COLUMNS} | set(MASS_COLUMNS))
#: Faults that a reader finds in a cell; they are gone with the text that had them.
_OF_A_CELL = frozenset({"cell.formula", "cell.error", "cell.too-long", "cell.not-scalar", "cell.not-text"})
_OF_A_ROW = _OF_A_CELL | {"row.too-many-cells"}
_CELL_CHARACTERS = Limits().cell_characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """The text of one cell, None to empty it.

    `source` and `row` as in the table's frame; `column` is a name of the format (`mass_t` and `mass_g` are columns of
    their own) or, with its `?`, an unknown column of the file.
    """

    source: int
    row: int
    column: str
    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """A row that is left out."""

    source: int
    row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """A row that no file has: text by column. `row` is its number among those added, from 2, as below a header."""

    row: int
    cells: Mapping[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Everything changed since upload. Of two edits of one cell the later counts; added rows can be edited too."""

    edits: tuple[Edit, ...] = ()
    removals: tuple[Removal, ...] = ()
    additions: tuple[Addition, ...] = ()

    def as_json(self) -> dict[str, list[Any]]:
        """Plain lists, for `from_json`."""
        return {
            "edits": [[edit.source, edit.row, edit.column, edit.text] for edit in self.edits],
            "removals": [[removal.source, removal.row] for removal in self.removals],
            "additions": [[addition.row, dict(addition.cells)] for addition in self.additions],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, list[Any]]) -> Changes:
        """The inverse of `as_json`."""
        return cls(
            edits=tuple(
                Edit(source=source, row=row, column=column, text=text) for source, row, column, text in stored["edits"]
            ),
            removals=tuple(Removal(source=source, row=row) for source, row in stored["removals"]),
            additions=tuple(Addition(row=row, cells=cells) for row, cells in stored["additions"]),
        )


def apply(table: Table, changes: Changes) -> Table:
    """The table with the changes made.

    Added rows belong to a source of their own behind the files' (`added_source`). A mass that is set takes the place
    of one stated in another unit. Changes for which it has no row, or no such column, change nothing. A text that is
    no cell's (too long, or with a NUL) leaves the cell empty and is a problem, as it would be in a file.
    """
    frame, sources = _with_additions(table, changes.additions)
    at = _positions(frame, changes)
    cells, faults = _cells(changes.edits, sources, at)
    by_column: dict[str, dict[int, str | None]] = {}
    for (address, column), text in cells.items():
        by_column.setdefault(column, {})[at[address]] = text
    for column, texts in by_column.items():
        frame = _set(frame, column, texts)
    removed = {(one.source, one.row) for one in changes.removals}
    gone = sorted(at[address] for address in removed if address in at)
    if gone:
        frame = frame.with_row_index("_place").filter(~pl.col("_place").is_in(gone)).drop("_place")
    names = [name for name in frame.columns if name not in ("source", "row")]
    edited = {(address, column) for address, column in cells}
    return replace(
        table,
        frame=without_empty_rows(frame, names) if names and frame.height else frame,
        sources=sources,
        problems=(*_left(table, edited, removed), *faults),
    )


def added_source(table: Table) -> int:
    """The number of the source that added rows get, of a table as uploaded."""
    return len(table.sources)


def edits_csv(table: Table, changes: Changes) -> bytes:
    """The changes as a file to be kept beside the original: one line a cell, with what stood there before.

    Columns: `change` (cell, row-removed, row-added), `file`, `sheet`, `row` (the header is row 1), `column`, `before`,
    `after`. UTF-8 with its mark, in the order of the changes. `table` is the table as uploaded.
    """
    frame, sources = _with_additions(table, changes.additions)
    at = _positions(frame, changes)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(("change", "file", "sheet", "row", "column", "before", "after"))
    for addition in changes.additions:
        for column, cell in addition.cells.items():
            writer.writerow(("row-added", ADDED_FILE, "", addition.row, column, "", cell or ""))
    now: dict[tuple[Address, str], str | None] = {}
    for edit in changes.edits:
        address = (edit.source, edit.row)
        if address not in at:
            continue
        key = (address, edit.column)
        before = now[key] if key in now else _text_at(frame, at[address], edit.column)
        now[key] = edit.text
        writer.writerow(("cell", *_place(sources, address), edit.column, before or "", edit.text or ""))
    for removal in changes.removals:
        address = (removal.source, removal.row)
        if address in at:
            writer.writerow(("row-removed", *_place(sources, address), "", "", ""))
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _place(sources: Sequence[Source], address: Address) -> tuple[str, str, int]:
    return sources[address[0]].file, sources[address[0]].sheet or "", address[1]


def _text_at(frame: pl.DataFrame, place: int, column: str) -> str | None:
    return frame[column][place] if column in frame.columns else None


def _is_column(frame: pl.DataFrame, column: str) -> bool:
    return column in _KNOWN_COLUMNS or (column.startswith(UNKNOWN_MARK) and column in frame.columns)


def _with_additions(table: Table, additions: Sequence[Addition]) -> tuple[pl.DataFrame, tuple[Source, ...]]:
    if not additions:
        return table.frame, table.sources
    names = [name for name in dict.fromkeys(n for one in additions for n in one.cells) if _is_column(table.frame, name)]
    data: dict[str, list[Any]] = {name: [_filled(one.cells.get(name)) for one in additions] for name in names}
    data |= {"source": [added_source(table)] * len(additions), "row": [one.row for one in additions]}
    schema = dict.fromkeys(names, pl.String()) | {"source": pl.UInt16(), "row": pl.UInt32()}
    frame = pl.concat([table.frame, pl.DataFrame(data, schema=schema)], how="diagonal")
    ordered = [name for name in frame.columns if name not in ("source", "row")]
    return frame.select(*ordered, "source", "row"), (*table.sources, Source(file=ADDED_FILE))


def _filled(text: str | None) -> str | None:
    return text if text and text.strip() else None


def _positions(frame: pl.DataFrame, changes: Changes) -> dict[Address, int]:
    """Address → position in the frame, of the rows that changes name and the frame has."""
    named = {(edit.source, edit.row) for edit in changes.edits}
    named |= {(removal.source, removal.row) for removal in changes.removals}
    known = [(source, row) for source, row in named if 0 <= source < 2**16 and 0 <= row < 2**32]
    if not known:
        return {}
    wanted = pl.DataFrame(known, schema={"source": pl.UInt16(), "row": pl.UInt32()}, orient="row")
    found = frame.select("source", "row").with_row_index("place").join(wanted, on=["source", "row"], how="semi")
    return {(source, row): place for place, source, row in found.iter_rows()}


def _cells(
    edits: Sequence[Edit], sources: Sequence[Source], at: Mapping[Address, int]
) -> tuple[dict[tuple[Address, str], str | None], list[Problem]]:
    """(address, column) → the text that the last edit leaves there; and the texts that no cell may hold."""
    cells: dict[tuple[Address, str], str | None] = {}
    for edit in edits:
        address = (edit.source, edit.row)
        if address not in at:
            continue
        if edit.column in MASS_COLUMNS:
            cells |= {(address, unit): None for unit in MASS_COLUMNS}
        cells[address, edit.column] = _filled(edit.text)
    faults = []
    for (address, column), text in cells.items():
        code = None if text is None else _fault(text)
        if code is not None:
            source = sources[address[0]]
            where = Where(file=source.file, sheet=source.sheet, row=address[1], column=column)
            faults.append(problem(code, where, limit=_CELL_CHARACTERS))
            cells[address, column] = None
    return cells, faults


def _fault(text: str) -> str | None:
    if len(text) > _CELL_CHARACTERS:
        return "cell.too-long"
    is_text = "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
    return None if is_text else "cell.not-text"


def _set(frame: pl.DataFrame, column: str, texts: Mapping[int, str | None]) -> pl.DataFrame:
    if not _is_column(frame, column):
        return frame
    if column not in frame.columns:
        if not any(texts.values()):
            return frame
        frame = frame.with_columns(pl.lit(None, pl.String()).alias(column))
    places = pl.DataFrame(
        {"_place": list(texts), "_text": list(texts.values())}, schema={"_place": pl.UInt32(), "_text": pl.String()}
    )
    joined = (
        frame.select(_before=column)
        .with_row_index("_place")
        .join(places.with_columns(_set=True), on="_place", how="left", maintain_order="left")
    )
    after = joined.select(pl.when(pl.col("_set")).then("_text").otherwise("_before").alias(column))
    return frame.with_columns(after.to_series())


def _left(table: Table, edited: set[tuple[Address, str]], removed: set[Address]) -> Iterator[Problem]:
    """The readers' problems but those of cells that were set and of rows that were left out."""
    numbers: dict[tuple[str | None, str | None], list[int]] = {}
    for number, source in enumerate(table.sources):
        numbers.setdefault((source.file, source.sheet), []).append(number)
    for found in table.problems:
        where = found.where
        addresses = [(number, where.row) for number in numbers.get((where.file, where.sheet), ()) if where.row]
        marked = UNKNOWN_MARK + (where.column or "")
        cured = found.code in _OF_A_CELL and any(
            (address, name) in edited for address in addresses for name in (where.column, marked)
        )
        left_out = found.code in _OF_A_ROW and any(address in removed for address in addresses)
        if not cured and not left_out:
            yield found
