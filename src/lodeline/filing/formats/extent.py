"""How far the cells of a worksheet lie apart, told from their own references before a reader makes room for them.

A reader lays a sheet out as the rectangle around its filled cells: two of them at opposite corners are a thousand bytes
of file and 512 GiB of memory. What the sheet declares of its size is not asked, and one piece of it is held at a time.
Whatever looks like a cell is counted: one in a comment widens the rectangle, and nothing narrows it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import IO, Final

import numpy as np
import numpy.typing as npt

from lodeline.filing.columns.header import column_letter

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]

_PIECE_BYTES: Final = 4 * 1024**2
#: Every tag that a spreadsheet writes is shorter by far.
_TAG_BYTES: Final = 1024**2
_NAME_END: Final = np.isin(np.arange(256), list(b" \t\r\n/>"))
_PLAIN: Final = b' r="'
#: Of a reference: three letters, seven digits, and the mark behind them.
_REFERENCE_BYTES: Final = 11
_PADDING: Final = bytes(len(_PLAIN) + _REFERENCE_BYTES + 1)
_TAG: Final = re.compile(rb"""<(?:[^\s<>/:]*:)?(row|c)(?=[\s/>])((?:[^>"']|"[^"]*"|'[^']*')*)>""")
_REFERENCE: Final = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{0,8})([0-9]{1,15})""")
_ROW_NUMBER: Final = re.compile(rb"""row\s[^>]*?\br\s*=\s*["']([0-9]{1,15})""")


class ExtentError(ValueError):
    """The part is no worksheet: it has a tag without an end."""


@dataclass(slots=True, kw_only=True)
class Extent:
    """The rectangle around the filled cells, counted from 1, and how many they are; without any, all are 0."""

    first_row: int = 0
    last_row: int = 0
    first_column: int = 0
    last_column: int = 0
    cells: int = 0
    #: Where a cell lies that does not say it: in this row, behind this column.
    _row: int = 0
    _column: int = 0

    @property
    def rows(self) -> int:
        return self.last_row - self.first_row + 1

    @property
    def columns(self) -> int:
        return self.last_column - self.first_column + 1

    @property
    def corner(self) -> str:
        """The last cell of the rectangle, as a spreadsheet names it."""
        return f"{column_letter(self.last_column - 1)}{self.last_row}"

    def read(self, text: bytes) -> None:
        """Takes in the cells of a piece that cuts no tag in two."""
        values = np.frombuffer(text + _PADDING, np.uint8)
        cells = _cells(values)
        if not _are_plain(values, cells):
            self._read_one_by_one(text)
            return
        columns, rows = _references(values, cells + 1 + len(_PLAIN))
        if len(cells):
            self._row, self._column = int(rows[-1]), int(columns[-1])
        begun = text.rfind(b"row ")
        if begun > (int(cells[-1]) if len(cells) else -1) and (row := _ROW_NUMBER.match(text, begun)):
            self._row, self._column = int(row[1]), 0
        filled = _are_filled(values, cells)
        self._widen(rows[filled], columns[filled])

    def _widen(self, rows: Places, columns: Places) -> None:
        if not len(rows):
            return
        edges = int(rows.min()), int(rows.max()), int(columns.min()), int(columns.max())
        first_row, last_row, first_column, last_column = edges
        if self.cells:
            first_row, first_column = min(first_row, self.first_row), min(first_column, self.first_column)
            last_row, last_column = max(last_row, self.last_row), max(last_column, self.last_column)
        self.first_row, self.last_row = first_row, last_row
        self.first_column, self.last_column = first_column, last_column
        self.cells += len(rows)

    def _read_one_by_one(self, text: bytes) -> None:
        """For the writers that leave references out, or put something before them."""
        rows, columns = [], []
        for tag in _TAG.finditer(text):
            # The farthest of several: which of them a reader believes is its own affair.
            stated = [(_number(letters), int(digits)) for letters, digits in _REFERENCE.findall(tag[2])]
            if tag[1] == b"row":
                self._row, self._column = max((row for _, row in stated), default=self._row + 1), 0
                continue
            self._column = max((column for column, _ in stated), default=self._column + 1)
            self._row = max((row for _, row in stated), default=self._row)
            if not tag[2].endswith(b"/"):
                rows.append(self._row)
                columns.append(self._column)
        self._widen(np.array(rows, np.int64), np.array(columns, np.int64))


def extent_of(stream: IO[bytes]) -> Extent:
    """The extent of the worksheet's filled cells; `<c r="A1"/>` is none of them. Raises ExtentError."""
    extent, held = Extent(), b""
    while piece := stream.read(_PIECE_BYTES):
        text = held + piece
        end = text.rfind(b">") + 1
        extent.read(text[:end])
        # Text behind the last tag says nothing, unless another tag begins in it.
        begin = text.find(b"<", end)
        held = text[begin:] if begin >= 0 else b""
        if len(held) > _TAG_BYTES:
            raise ExtentError("a tag without an end")
    return extent


def _cells(values: Bytes) -> Places:
    """The places of the names of the tags `c`, with or without a prefix."""
    places = np.flatnonzero(values == ord("c"))
    before = values[places - 1]
    named: Places = places[((before == ord("<")) | (before == ord(":"))) & _NAME_END[values[places + 1]]]
    return named


def _are_plain(values: Bytes, cells: Places) -> bool:
    """Whether every cell begins with its reference, as those of nearly every writer do."""
    return all(bool((values[cells + place] == mark).all()) for place, mark in enumerate(_PLAIN, start=1))


def _references(values: Bytes, begin: Places) -> tuple[Places, Places]:
    """(columns, rows) from 1 of the references that begin at these places; 0 where there is no such part."""
    columns, rows = np.zeros(len(begin), np.int64), np.zeros(len(begin), np.int64)
    letters = np.ones(len(begin), np.bool_)
    digits = letters.copy()
    for place in range(_REFERENCE_BYTES):
        mark = values[begin + place].astype(np.int64)
        letter = (mark & 0xDF) - ord("A") + 1
        letters &= (letter >= 1) & (letter <= 26)
        columns = np.where(letters, columns * 26 + letter, columns)
        digit = mark - ord("0")
        digits &= letters | ((digit >= 0) & (digit <= 9))
        rows = np.where(digits & ~letters, rows * 10 + digit, rows)
    return columns, rows


def _are_filled(values: Bytes, cells: Places) -> npt.NDArray[np.bool_]:
    """Which cells hold something: all but those whose tag closes itself."""
    ends = np.flatnonzero(values == ord(">"))
    close = ends[np.searchsorted(ends, cells)] if len(cells) else cells
    empty = values[close - 1] == ord("/")
    if empty.any():
        # A mark within quotation marks closes nothing.
        quotes = np.cumsum((values == ord('"')) | (values == ord("'")), dtype=np.int64)
        empty &= (quotes[close] - quotes[cells]) % 2 == 0
    filled: npt.NDArray[np.bool_] = ~empty
    return filled


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - ord("A") + 1
    return number
