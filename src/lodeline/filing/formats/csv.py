"""CSV in UTF-8, with `,` `;` or tab, read by Polars as text; what Polars cannot place is found by a bounded scan.

The scan looks at the bytes in pieces of 4 MiB and never holds a record: a cell of 200 MB is named, not
loaded. A row number is that of the record: the header is row 1, and line breaks inside quotation marks
do not count.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.filing.formats import Limits, Sheet, unreadable
from lodeline.ledger.problem import Problem, Where, problem

Bytes = npt.NDArray[np.uint8]

PIECE_BYTES = 4 * 1024**2
HEADER_BYTES = 1024**2
#: At most so many places are named for one fault of the file's form.
PLACES_LIMIT = 1000
_LF, _CR, _QUOTE = 0x0A, 0x0D, 0x22
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """Where the data begin, how many lines stand before them, and what parts the cells."""

    begin: int
    header_lines: int
    delimiter: str
    header: tuple[str, ...]


def read_csv(path: Path, file: str, limits: Limits) -> Sheet:
    """The cells of a CSV file; `file` is the name that problems give. A header alone is an empty sheet."""
    size = path.stat().st_size
    if size > limits.file_bytes:
        return unreadable(problem("file.too-large", Where(file=file), bytes=size, limit=limits.file_bytes))
    with path.open("rb") as stream:
        head = stream.read(HEADER_BYTES)
    layout = _layout(head, file, limits, whole=len(head) == size)
    if isinstance(layout, Problem):
        return unreadable(layout)
    content = head if len(head) == size else None
    scan = _Scan(path=path, content=content, layout=layout, file=file, limits=limits)
    if faults := scan.faults():
        return unreadable(*faults)
    cells, ragged = _parse(scan)
    cells = _in_one_piece(cells)
    return Sheet(header=layout.header, cells=cells.drop("row"), rows=cells["row"], problems=tuple(ragged))


def _layout(head: bytes, file: str, limits: Limits, *, whole: bool) -> _Layout | Problem:
    """How the file is laid out, judged by its header record."""
    where = Where(file=file, row=1)
    if head.startswith(_UTF16_MARKS):
        return problem("file.encoding", where, offset=0, line=1, guess="UTF-16")
    begin = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
    if not head[begin:].strip():
        return problem("file.empty", where)
    end = _record_end(head, begin)
    if end is None and not whole:
        return problem("cell.too-long", where, limit=limits.cell_characters)
    record = head[begin:end]
    if (nul := record.find(b"\0")) >= 0:
        return problem("file.nul-byte", where, offset=begin + nul, line=1)
    try:
        text = record.decode("utf-8")
    except UnicodeDecodeError as error:
        return _encoding_problem(file, head, begin + error.start, line=1)
    if "\r" in _unquoted(text.rstrip("\r\n")):
        return problem("file.line-ends", where)
    delimiter = max(",;\t", key=lambda mark: _unquoted(text).count(mark))
    if record.count(b'"') % 2 or _misplaced_quote(np.frombuffer(record, np.uint8), False, _LF, delimiter) is not None:
        return problem("file.quotes", where, value=text.partition("\n")[0])
    header = tuple(next(csv.reader([text.rstrip("\r\n")], delimiter=delimiter), []))
    if not any(name.strip() for name in header):
        return problem("header.missing", where)
    if len(header) > limits.columns:
        return problem("column.too-many", where, count=len(header), limit=limits.columns)
    stop = len(head) if end is None else end
    return _Layout(begin=stop, header_lines=record.count(b"\n"), delimiter=delimiter, header=header)


def _record_end(head: bytes, begin: int) -> int | None:
    """Offset behind the line feed that ends the first record; None if there is none in `head`."""
    position = begin
    while (position := head.find(b"\n", position)) >= 0:
        position += 1
        if head.count(b'"', begin, position) % 2 == 0:
            return position
    return None


def _unquoted(text: str) -> str:
    return "".join(text.split('"')[::2])


def _encoding_problem(file: str, head: bytes, offset: int, *, line: int) -> Problem:
    try:
        codecs.getincrementaldecoder("gb18030")().decode(head, final=len(head) < HEADER_BYTES)
        guess = "GBK"
    except UnicodeDecodeError:
        guess = "Latin-1"
    return problem("file.encoding", Where(file=file, row=line), offset=offset, line=line, guess=guess)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scan:
    """Passes over the bytes of the data; each holds one piece at a time."""

    path: Path
    content: bytes | None
    layout: _Layout
    file: str
    limits: Limits

    def pieces(self, begin: int, end: int | None = None) -> Iterator[tuple[int, bytes]]:
        """(offset, bytes) of the pieces from `begin` up to `end`."""
        if self.content is not None:
            yield begin, self.content[begin:end]
            return
        with self.path.open("rb") as stream:
            stream.seek(begin)
            while piece := stream.read(PIECE_BYTES if end is None else min(PIECE_BYTES, end - begin)):
                yield begin, piece
                begin += len(piece)

    def where(self, record: int, column: str | None = None) -> Where:
        return Where(file=self.file, row=record + 2, column=column)

    def faults(self) -> list[Problem]:
        """What makes the file unreadable; one pass. Counts records to keep the limit of rows."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        records, record_begin, odd, before = 0, self.layout.begin, False, _LF
        long_cells: list[Problem] = []
        for offset, piece in self.pieces(self.layout.begin):
            if fault := self._unreadable_text(decoder, offset, piece):
                return [fault]
            values = np.frombuffer(piece, np.uint8)
            outside, odd_after = _outside_quotes(values, odd)
            ends = np.flatnonzero(values == _LF) if outside is None else np.flatnonzero((values == _LF) & outside)
            if outside is not None:
                misplaced = _misplaced_quote(values, odd, before, self.layout.delimiter)
                if misplaced is not None:
                    record = int(np.searchsorted(ends, misplaced))
                    start = offset + int(ends[record - 1]) + 1 if record else record_begin
                    return [self._quote_problem(records + record, start)]
            bounds = np.concatenate(([record_begin], offset + ends + 1))
            if int(np.diff(bounds).max(initial=0)) > self.limits.cell_characters:
                long = np.flatnonzero(np.diff(bounds) > self.limits.cell_characters)
                for i in long[: PLACES_LIMIT - len(long_cells)]:
                    long_cells += self._long_cells(records + int(i), bounds[i], bounds[i + 1])
            records, record_begin = records + len(ends), int(bounds[-1])
            odd, before = odd_after, int(values[-1]) if len(values) else before
            if records > self.limits.rows:
                return [problem("file.too-many-rows", Where(file=self.file), limit=self.limits.rows)]
        if fault := self._cut_off_text(decoder):
            return [fault]
        long_cells += self._long_cells(records, record_begin, None)
        if odd and not long_cells:
            return [self._quote_problem(records, record_begin)]
        return long_cells[:PLACES_LIMIT]

    def _unreadable_text(self, decoder: codecs.IncrementalDecoder, offset: int, piece: bytes) -> Problem | None:
        pending = len(decoder.getstate()[0])
        if (nul := piece.find(b"\0")) >= 0:
            line = self._line(offset + nul)
            return problem("file.nul-byte", Where(file=self.file, row=line), offset=offset + nul, line=line)
        if piece.isascii() and not pending:
            return None
        try:
            decoder.decode(piece)
        except UnicodeDecodeError as error:
            place = offset + error.start - pending
            return _encoding_problem(self.file, error.object[:HEADER_BYTES], place, line=self._line(place))
        return None

    def _cut_off_text(self, decoder: codecs.IncrementalDecoder) -> Problem | None:
        """A character of several bytes of which the file holds only the first."""
        if not (pending := decoder.getstate()[0]):
            return None
        place = self.path.stat().st_size - len(pending)
        return _encoding_problem(self.file, pending, place, line=self._line(place))

    def _line(self, offset: int) -> int:
        """Number of the text line that holds the byte at `offset`."""
        lines = self.layout.header_lines or 1
        return 1 + lines + sum(piece.count(b"\n") for _, piece in self.pieces(self.layout.begin, offset))

    def _quote_problem(self, record: int, begin: int) -> Problem:
        _, piece = next(self.pieces(begin, begin + 200))
        return problem("file.quotes", self.where(record), value=piece.decode("utf-8", "ignore").split("\n")[0])

    def _long_cells(self, record: int, begin: int, end: int | None) -> list[Problem]:
        """The cells of one record that are longer than a cell may be; characters are counted, not bytes."""
        found: list[Problem] = []
        column, length, odd = 0, 0, False
        for _, piece in self.pieces(int(begin), None if end is None else int(end)):
            values = np.frombuffer(piece, np.uint8)
            outside, odd = _outside_quotes(values, odd)
            is_end = values == ord(self.layout.delimiter)
            ends = np.flatnonzero(is_end if outside is None else is_end & outside)
            characters = np.cumsum((values & 0xC0) != 0x80, dtype=np.int64)
            lengths = np.diff(characters[ends], prepend=-length) - 1 if len(ends) else np.empty(0, np.int64)
            total = int(characters[-1]) if len(characters) else 0
            for place in np.flatnonzero(lengths > self.limits.cell_characters + 2)[:PLACES_LIMIT]:
                found.append(self._too_long(record, column + int(place)))
            column += len(ends)
            length = total - int(characters[ends[-1]]) if len(ends) else length + total
        if length > self.limits.cell_characters + 2:
            found.append(self._too_long(record, column))
        return found

    def _too_long(self, record: int, column: int) -> Problem:
        header = self.layout.header
        name = header[column] if column < len(header) else None
        return problem("cell.too-long", self.where(record, name), limit=self.limits.cell_characters)

    def ragged(self) -> list[Problem]:
        """The records with more filled cells than the header has names."""
        found: list[Problem] = []
        width, delimiter = len(self.layout.header), self.layout.delimiter
        for record, text in enumerate(self._records()):
            if text.count(delimiter) < width:
                continue
            cells = next(csv.reader([text.replace("\r", " ")], delimiter=delimiter), [])
            filled = len(cells) - next((i for i, cell in enumerate(reversed(cells)) if cell.strip()), len(cells))
            if filled > width:
                found.append(problem("row.too-many-cells", self.where(record), count=filled, columns=width))
        return found

    def _records(self) -> Iterator[str]:
        """The text of each record; records are known to be bounded once `faults` found none."""
        begin, held, odd = self.layout.begin, b"", False
        for _, piece in self.pieces(begin):
            values = np.frombuffer(piece, np.uint8)
            outside, odd = _outside_quotes(values, odd)
            ends = np.flatnonzero(values == _LF) if outside is None else np.flatnonzero((values == _LF) & outside)
            start = 0
            for end in ends.tolist():
                yield (held + piece[start:end]).decode("utf-8").rstrip("\r")
                held, start = b"", end + 1
            held += piece[start:]
        if held:
            yield held.decode("utf-8").rstrip("\r")


def _outside_quotes(values: Bytes, odd: bool) -> tuple[npt.NDArray[np.bool_] | None, bool]:
    """(which bytes stand outside quotation marks, whether a mark is open behind them); None: all do."""
    is_quote = values == _QUOTE
    if not odd and not is_quote.any():
        return None, False
    inside = np.bitwise_xor.accumulate(is_quote) ^ odd
    return ~inside, bool(inside[-1]) if len(inside) else odd


def _misplaced_quote(values: Bytes, odd: bool, before: int, delimiter: str) -> int | None:
    """Place of the first misplaced quotation mark in a piece that begins behind the byte `before`.

    A mark opens a cell only behind a delimiter or line end, and closes it only in front of one; doubled marks
    close and open again. A closing mark at the very end of a piece passes: what is wrong behind it Polars refuses.
    """
    marks = np.flatnonzero(values == _QUOTE)
    opening = (np.arange(len(marks)) % 2 == 0) ^ odd
    behind = np.where(marks > 0, values[marks - 1], before)
    ahead = np.where(marks + 1 < len(values), values[np.minimum(marks + 1, len(values) - 1)], _LF)
    fine_behind = np.isin(behind, (ord(delimiter), _LF, _QUOTE))
    fine_ahead = np.isin(ahead, (ord(delimiter), _LF, _CR, _QUOTE))
    wrong = marks[np.where(opening, ~fine_behind, ~fine_ahead)]
    return int(wrong[0]) if len(wrong) else None


def _parse(scan: _Scan) -> tuple[pl.DataFrame, list[Problem]]:
    """`row` and the cells by Polars; records with too many cells are cut and named."""
    names = [str(place) for place in range(len(scan.layout.header))]
    empty = pl.DataFrame(schema={"row": pl.UInt32()} | dict.fromkeys(names, pl.String()))

    def parse(*, cut: bool) -> pl.DataFrame:
        source = scan.path if scan.content is None else scan.content[scan.layout.begin :]
        if isinstance(source, bytes) and not source.strip(b"\r\n"):
            return empty
        return pl.read_csv(
            source,
            has_header=False,
            schema=dict.fromkeys(names, pl.String()),
            separator=scan.layout.delimiter,
            skip_lines=scan.layout.header_lines if scan.content is None else 0,
            truncate_ragged_lines=cut,
            extra_columns="ignore" if cut else "raise",
            raise_if_empty=False,
            glob=False,
            row_index_name="row",
            row_index_offset=2,
        )

    try:
        return parse(cut=False), []
    except pl.exceptions.PolarsError as error:
        # Not only too many cells: the record that Polars cannot take is named with its own words.
        ragged = scan.ragged()
        try:
            return parse(cut=True), ragged
        except pl.exceptions.PolarsError:
            detail = str(error).partition("\n")[0]
            return empty, [*ragged, problem("file.damaged", Where(file=scan.file), detail=detail)]


def _in_one_piece(frame: pl.DataFrame) -> pl.DataFrame:
    """The same frame with each column in one piece, and an empty column as one null; takes the frame apart.

    Left in the reader's pieces, every later step would put all columns together anew, beside the old ones.
    """
    if frame.n_chunks() <= 1:
        return frame
    names, height = frame.columns, frame.height
    filled: list[pl.Series] = []
    for name in names:
        column = frame.drop_in_place(name)
        if column.null_count() < height:
            filled.append(column.rechunk())
    whole = pl.DataFrame(filled)
    return whole.select(name if name in whole.columns else pl.lit(None, pl.String()).alias(name) for name in names)
