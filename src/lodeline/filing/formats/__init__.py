"""Bytes of one file become one sheet of text cells with their addresses, or problems; nothing is interpreted yet.

Every reader is bounded: what a file may cost is fixed by `Limits` before anything is unpacked or parsed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from lodeline.ledger.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one file may hold. A spreadsheet's own limit for a cell is 32 767 characters."""

    file_bytes: int = 2 * 1024**3
    rows: int = 5_000_000
    columns: int = 400
    cell_characters: int = 32_767
    #: Of a workbook: size once unpacked, and number of parts.
    unpacked_bytes: int = 2 * 1024**3
    unpacked_ratio: int = 200
    members: int = 1000
    #: Of a worksheet: the rectangle around its filled cells, and how many times those it may be where it is large.
    area: int = 64_000_000
    area_per_cell: int = 10
    #: Of the process that reads a workbook: address space, of which a table of 10⁶ × 40 takes about half. What a sheet
    #: has less of is given less, and none gets more than half of the machine.
    memory_bytes: int = 8 * 1024**3
    #: Of a JSON document, whose text is held while its rows are read one by one.
    json_bytes: int = 768 * 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What a JSON document says about itself; None where it says nothing, as the other formats do."""

    organisation: str | None = None
    period: str | None = None
    corrects: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One file as read: `cells` has one String column per header cell, named "0", "1", …; nulls are empty cells.

    `rows`: (n,) UInt32, the row number of each record; the header is row 1. For JSON arrays the first
    element is row 2, for NDJSON the number is that of the line.
    `problems` name the file and, where they can, row and column header; `readable` is False where no cell
    could be trusted and `cells` is therefore empty.
    """

    header: tuple[str, ...] = ()
    cells: pl.DataFrame = field(default_factory=pl.DataFrame)
    rows: pl.Series = field(default_factory=lambda: pl.Series("row", [], pl.UInt32))
    name: str | None = None
    envelope: Envelope = field(default_factory=Envelope)
    problems: tuple[Problem, ...] = ()
    readable: bool = True

    def numbered(self) -> pl.DataFrame:
        """`cells` with the number of each row in a column `row`; without a column there is no row."""
        return self.cells.with_columns(self.rows.alias("row"))

    def filled(self, place: int) -> int:
        """How many cells of a column hold something."""
        cells = self.cells[str(place)]
        return len(cells) - cells.null_count()


def unreadable(*problems: Problem) -> Sheet:
    """A file of which no cell is known."""
    return Sheet(problems=problems, readable=False)
