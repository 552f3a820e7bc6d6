"""The first sheet of a workbook: inspected before it is unpacked, read as text, each cell with its sheet row.

A number keeps the digits that the spreadsheet shows (15 significant ones, so 0.1 + 0.2 is 0.3), a date is
ISO text. Formulas, merged cells and error values in the table are named and refused: what is filed is what
a reader of the sheet sees, not what it might be computed to.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

import fastexcel
import polars as pl

from lodeline.filing.columns.header import column_letter
from lodeline.filing.formats import Limits, Sheet, unreadable
from lodeline.filing.formats.extent import Extent, extent_of
from lodeline.ledger.problem import Problem, Where, problem

_PIECE_BYTES = 1024**2
_OVERLAP_BYTES = 64
_PLACES_LIMIT = 1000
_OLE_MARK = bytes.fromhex("d0cf11e0a1b11ae1")
#: A small workbook of blank cells packs well; the ratio says nothing below this size.
_RATIO_FROM_BYTES = 16 * 1024**2
#: And a note at some distance from a small table is no trick: so much room is made for any sheet.
_AREA_OF_ANY = 1_000_000
#: What a reader is given: for itself, for each place of the rectangle, for each filled cell beside, and times the size
#: of all parts, whose texts it holds several times. An empty place was measured to take some 60 bytes, a filled one
#: of a number 100.
_FOR_ITSELF_BYTES = 512 * 1024**2
_PLACE_BYTES, _CELL_BYTES, _UNPACKED_TIMES = 100, 300, 4
#: What the parts of a workbook that is none lead to.
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, ElementTree.ParseError, KeyError, ValueError, EOFError, NotImplementedError,
)  # fmt: skip
#: Sheets of the template beside the first: their being there is no news.
TEMPLATE_SHEETS = ("说明 Guide", "lists")
_MARKS = {
    "formula": re.compile(rb"<(?:\w+:)?f[ />]"),
    "merged": re.compile(rb"<(?:\w+:)?mergeCell "),
    "error": re.compile(rb't="e"'),
}


def read_xlsx(path: Path, file: str, limits: Limits, *, bound: Callable[[int], None] = lambda _: None) -> Sheet:
    """The cells of the first sheet; `rows` are the sheet's own row numbers.

    bound: called with the bytes that this workbook may take, before it is read.
    """
    try:
        inspected = _inspect(path, file, limits)
        if isinstance(inspected, Problem):
            return unreadable(inspected)
        bound(inspected.memory_bytes)
        reader = fastexcel.read_excel(str(path))
        text = reader.load_sheet(0, header_row=None, dtypes="string").to_polars()
        numbers = reader.load_sheet(0, header_row=None, dtypes="float").to_polars()
    except _DAMAGED as error:
        return unreadable(problem("file.damaged", Where(file=file), detail=f"{type(error).__name__}: {error}"))
    except fastexcel.FastExcelError as error:
        return unreadable(problem("file.damaged", Where(file=file), detail=str(error).partition("\n")[0]))
    return _sheet(text, numbers, inspected, file, limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inspected:
    """What the workbook's parts say: the first sheet's name, where its table begins, what must be refused in it."""

    name: str
    others: tuple[str, ...]
    first_row: int
    first_columns: tuple[int, ...]
    refused: tuple[tuple[str, str, str], ...]
    memory_bytes: int


def _inspect(path: Path, file: str, limits: Limits) -> _Inspected | Problem:
    where = Where(file=file)
    with path.open("rb") as stream:
        if stream.read(len(_OLE_MARK)) == _OLE_MARK:
            return problem("file.encrypted", where)
    with zipfile.ZipFile(path) as book:
        members = book.infolist()
        unpacked = sum(member.file_size for member in members)
        packed = max(1, path.stat().st_size)
        bomb = unpacked > _RATIO_FROM_BYTES and unpacked / packed > limits.unpacked_ratio
        if len(members) > limits.members or unpacked > limits.unpacked_bytes or bomb:
            return problem("file.zip-bomb", where, bytes=unpacked, members=len(members))
        if any(member.flag_bits & 1 for member in members):
            return problem("file.encrypted", where)
        marks: dict[str, set[str]] = {}
        for member in members:
            # Every part is unpacked once here, in pieces: a part that is longer than it says, or that does not
            # match its checksum, is refused before the faster reader sees it.
            with book.open(member) as stream:
                unsafe, marks[member.filename] = _scan(stream)
            if unsafe:
                return problem("file.unsafe-xml", where, part=member.filename)
        names, part = _sheets(book)
        with book.open(part) as stream:
            extent = extent_of(stream)
        if _is_scattered(extent, limits):
            at = Where(file=file, sheet=names[0])
            return problem(
                "sheet.scattered", at, rows=extent.rows, columns=extent.columns, cells=extent.cells, last=extent.corner
            )
        first_row, columns = _first_row(book, part)
        refused = tuple(_refused(book, part, marks[part])) if marks[part] else ()
    return _Inspected(
        name=names[0], others=tuple(names[1:]), first_row=first_row, first_columns=columns, refused=refused,
        memory_bytes=_FOR_ITSELF_BYTES + _PLACE_BYTES * extent.rows * extent.columns + _CELL_BYTES * extent.cells
        + _UNPACKED_TIMES * unpacked,
    )  # fmt: skip


def _is_scattered(extent: Extent, limits: Limits) -> bool:
    """Whether a reader would make room for far more than is there."""
    area = extent.rows * extent.columns
    return area > limits.area or (area > _AREA_OF_ANY and area > limits.area_per_cell * extent.cells)


def _scan(stream: IO[bytes]) -> tuple[bool, set[str]]:
    """(whether the part declares entities, which marks occur in it); holds one piece at a time."""
    found: set[str] = set()
    tail = b""
    while piece := stream.read(_PIECE_BYTES):
        piece = tail + piece
        if b"<!DOCTYPE" in piece or b"<!ENTITY" in piece:
            return True, found
        found |= {name for name, mark in _MARKS.items() if name not in found and mark.search(piece)}
        tail = piece[-_OVERLAP_BYTES:]
    return False, found


def _sheets(book: zipfile.ZipFile) -> tuple[list[str], str]:
    """(names of the visible sheets in order, the part of the first sheet)."""
    workbook = ElementTree.fromstring(book.read("xl/workbook.xml"))
    relations = ElementTree.fromstring(book.read("xl/_rels/workbook.xml.rels"))
    sheets = [element for element in workbook.iter() if _local(element) == "sheet"]
    if not sheets:
        raise KeyError("the workbook has no sheet")
    relation = next((value for name, value in sheets[0].attrib.items() if name.endswith("}id")), "")
    target = next((one.attrib["Target"] for one in relations if one.attrib["Id"] == relation), "")
    part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    names = [
        sheet.attrib["name"] for sheet in sheets if sheet is sheets[0] or sheet.get("state", "visible") == "visible"
    ]
    return names, part


def _local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _cells(stream: IO[bytes]) -> Iterator[tuple[int, int, ElementTree.Element]]:
    """(row, column from 0, cell element) of every cell; merged ranges come last, as (0, 0, element)."""
    row = column = 0
    container: ElementTree.Element | None = None
    for moment, element in ElementTree.iterparse(stream, events=("start", "end")):
        name = _local(element)
        if moment == "start":
            if name == "sheetData":
                container = element
            elif name == "row":
                row, column = int(element.get("r", row + 1)), -1
        elif name == "c":
            reference = re.match(r"[A-Z]+", element.get("r", ""))
            column = column_number(reference[0]) if reference else column + 1
            yield row, column, element
            element.clear()
        elif name == "row" and container is not None:
            container.clear()
        elif name == "mergeCell":
            yield 0, 0, element


def column_number(letters: str) -> int:
    """The column, counted from 0, of a spreadsheet's letters: A → 0, AB → 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _first_row(book: zipfile.ZipFile, part: str) -> tuple[int, tuple[int, ...]]:
    """(row, columns) of the filled cells of the first row that has any; that row is the header."""
    first, columns = 0, []
    with book.open(part) as stream:
        for row, column, cell in _cells(stream):
            if not row or (first and row != first):
                break
            if any(_local(child) in ("v", "is") for child in cell):
                first = row
                columns.append(column)
    return first, tuple(columns)


def _refused(book: zipfile.ZipFile, part: str, marks: set[str]) -> Iterator[tuple[str, str, str]]:
    """(code, cell or range, what it shows) of what may not be in the table."""
    count = 0
    with book.open(part) as stream:
        for row, column, cell in _cells(stream):
            if count >= _PLACES_LIMIT:
                return
            if not row:
                count += 1
                yield "cell.merged", cell.get("ref", ""), ""
            elif "formula" in marks and any(_local(child) == "f" for child in cell):
                count += 1
                yield "cell.formula", f"{column_letter(column)}{row}", ""
            elif "error" in marks and cell.get("t") == "e":
                count += 1
                yield "cell.error", f"{column_letter(column)}{row}", "".join(cell.itertext())


def _sheet(text: pl.DataFrame, numbers: pl.DataFrame, inspected: _Inspected, file: str, limits: Limits) -> Sheet:
    where = Where(file=file, sheet=inspected.name)
    if not text.height:
        return unreadable(problem("file.empty", where))
    if text.height > limits.rows:
        return unreadable(problem("file.too-many-rows", where, limit=limits.rows))
    if text.width > limits.columns:
        return unreadable(problem("column.too-many", where, count=text.width, limit=limits.columns))
    text = _days_alone(_as_shown(text, numbers))
    header = tuple(cell or "" for cell in text.row(0))
    # The reader leaves out empty rows and columns before the table; the header row says how many.
    filled = [place for place, cell in enumerate(text.row(0)) if cell is not None]
    offset = inspected.first_columns[0] - filled[0] if inspected.first_columns and filled else 0
    cells = text.slice(1)
    rows = pl.int_range(inspected.first_row + 1, inspected.first_row + 1 + cells.height, dtype=pl.UInt32, eager=True)
    problems = [
        *_refusals(inspected, header, offset, where),
        *_long_cells(cells, header, inspected.first_row, where, limits),
    ]
    ignored = [name for name in inspected.others if name not in TEMPLATE_SHEETS]
    if ignored:
        problems.append(problem("sheet.ignored", where, sheets=", ".join(ignored)))
    return Sheet(header=header, cells=cells, rows=rows.alias("row"), name=inspected.name, problems=tuple(problems))


def _as_shown(text: pl.DataFrame, numbers: pl.DataFrame) -> pl.DataFrame:
    """The cells as the spreadsheet shows them: numbers with 15 significant digits, without the reader's rounding."""
    columns = []
    for place, (cells, values) in enumerate(zip(text, numbers, strict=True)):
        name = str(place)
        distinct = values.drop_nulls().unique().to_list()
        shown = {value: (_rounded_by_reader(value), _digits(value)) for value in distinct}
        by_reader = values.replace_strict(
            list(shown), [one for one, _ in shown.values()], default=None, return_dtype=pl.String
        )
        exact = values.replace_strict(
            list(shown), [two for _, two in shown.values()], default=None, return_dtype=pl.String
        )
        columns.append(pl.select(pl.when(cells == by_reader).then(exact).otherwise(cells).alias(name)).to_series())
    whole = pl.DataFrame(columns)
    return whole.select(pl.when(pl.all() != "").then(pl.all()))


def _days_alone(text: pl.DataFrame) -> pl.DataFrame:
    """A day in a cell of dates is read with a midnight that nobody wrote: 2025-07-03 00:00:00 → 2025-07-03."""
    return text.with_columns(pl.all().str.replace(r"^(\d{4}-\d{2}-\d{2}) 00:00:00$", "$1"))


def _rounded_by_reader(value: float) -> str:
    """How fastexcel writes a number as text: nine decimals at most."""
    return f"{value:.9f}".rstrip("0").rstrip(".")


def _digits(value: float) -> str:
    return format(Decimal(f"{value:.15g}"), "f")


def _refusals(inspected: _Inspected, header: tuple[str, ...], offset: int, where: Where) -> Iterator[Problem]:
    """The refused cells that lie in the table: below or in the header, under or in one of its columns."""
    for code, reference, value in inspected.refused:
        corners = [re.fullmatch(r"([A-Z]+)([0-9]+)", corner) for corner in reference.split(":")]
        begin, end = corners[0], corners[-1]
        if begin is None or end is None:
            continue
        first, last = column_number(begin[1]) - offset, column_number(end[1]) - offset
        named = [place for place in range(max(first, 0), min(last + 1, len(header))) if header[place].strip()]
        if not named or int(end[2]) < inspected.first_row:
            continue
        at = Where(file=where.file, sheet=where.sheet, row=int(begin[2]), column=header[named[0]])
        if code == "cell.merged":
            yield problem(code, at, cells=reference)
        elif code == "cell.error":
            yield problem(code, at, cell=reference, value=value)
        else:
            yield problem(code, at, cell=reference)


def _long_cells(
    cells: pl.DataFrame, header: tuple[str, ...], first_row: int, where: Where, limits: Limits
) -> Iterator[Problem]:
    """Cells that are too long, or hold a character that is no text."""
    tests: tuple[tuple[str, pl.Expr, dict[str, int]], ...] = (
        ("cell.too-long", pl.all().str.len_chars() > limits.cell_characters, {"limit": limits.cell_characters}),
        ("cell.not-text", pl.all().str.contains("\0", literal=True), {}),
    )
    for code, test, facts in tests:
        hit = cells.select(test.fill_null(False))
        for place, column in enumerate(hit):
            for row in column.arg_true().head(_PLACES_LIMIT):
                at = Where(file=where.file, sheet=where.sheet, row=first_row + 1 + row, column=header[place])
                yield problem(code, at, severity=None, **facts)
