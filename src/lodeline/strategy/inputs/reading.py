"""A file becomes one of the six tables, or problems at its cells: each problem of the file at once.

Text is judged cell by cell (`_Cells`), then rows among themselves and against the tables that stand beside. Never
raises on what a file contains; size and rows are bounded before anything is typed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from lodeline.filing.cell import PARSERS, Read, compatible, read_decimal
from lodeline.filing.check import LISTED_LIMIT
from lodeline.filing.columns.header import column_letter
from lodeline.filing.country import alpha2
from lodeline.filing.formats import Limits, Sheet
from lodeline.filing.names import folded
from lodeline.filing.table import read_sheets
from lodeline.ledger.problem import Fact, Problem, Where, problem
from lodeline.material.element import ELEMENTS
from lodeline.strategy.classes import is_class, product_of
from lodeline.strategy.inputs.judging import Found, Rows, judged
from lodeline.strategy.inputs.tables import (
    CHOICES,
    EMPTY,
    SEPARATOR,
    Inputs,
    StrategyColumn,
    Table,
    columns,
    schema,
    table_of,
)

#: A table of ten thousand plants with ten classes each has some ten megabytes.
LIMITS: Final = Limits(file_bytes=32 * 1024**2, rows=100_000, columns=60, unpacked_bytes=256 * 1024**2)
#: Nobody compares so many scenarios; what is run day by day for each instrument is bounded here.
ROWS: Final[Mapping[Table, int]] = {"scenarios": 1_000, "instruments": 10_000}
TEXT_CHARACTERS: Final = 500
_BETWEEN: Final = re.compile(r"[;,|、，；]")
_YES: Final = {"yes": True, "true": True, "1": True, "是": True, "no": False, "false": False, "0": False, "否": False}
_MONTH: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What a table is held against: the other tables, the products that the ledger has rows of, and the instruments of
    the law pack that a scenario may name; None where nobody looked."""

    inputs: Inputs = EMPTY
    products: Collection[str] | None = None
    laws: Collection[str] | None = None


def sheet_of(name: str, content: bytes) -> Sheet:
    """An upload as it stands: CSV, XLSX, JSON or NDJSON by the ending of its name."""
    return read_sheets([(name, content)], limits=LIMITS)[0][1]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTable:
    """An upload as read: rows with the columns of `tables.schema`, and every problem of it.

    `table` is None where the header is of none of the six. Where it is not accepted, the rows hold nulls that nobody
    filed: use them only where it is.
    """

    table: Table | None
    frame: pl.DataFrame
    problems: tuple[Problem, ...]

    @property
    def accepted(self) -> bool:
        return self.table is not None and not rejects(self.problems)


def read(table: Table | None, content: bytes, name: str, *, beside: Beside | None = None) -> ReadTable:
    """The table that an upload holds. `table`: which it must be; else the header says it."""
    sheet = sheet_of(name, content)
    chosen = table or table_of(sheet.header)
    if not sheet.readable or chosen is None:
        more = () if not sheet.readable else (problem("strategy.table-unknown", Where(file=name, row=1)),)
        return ReadTable(table=chosen, frame=pl.DataFrame(), problems=(*sheet.problems, *more))
    most = ROWS.get(chosen, LIMITS.rows)
    if len(sheet.rows) > most:
        many = problem("file.too-many-rows", Where(file=name, sheet=sheet.name), limit=most)
        return ReadTable(table=chosen, frame=pl.DataFrame(), problems=(*sheet.problems, many))
    cells = _Cells(chosen, sheet, name)
    beside = beside or Beside()
    rows = cells.sound()
    found = [*cells.found, *judged(chosen, rows, beside.inputs), *_beside(chosen, rows, beside)]
    listed = _listed(found, Where(file=name, sheet=sheet.name))
    return ReadTable(table=chosen, frame=cells.frame, problems=(*sheet.problems, *cells.of_header, *listed))


def rejects(problems: Iterable[Problem]) -> bool:
    """Whether the table cannot be taken in."""
    return any(one.severity != "flag" for one in problems)


class _Cells:
    """The cells of a sheet as those of a table. `rows`: the row of the file that each stood in."""

    def __init__(self, table: Table, sheet: Sheet, name: str) -> None:
        self.table = table
        self._where = Where(file=name, sheet=sheet.name, row=1)
        self.of_header: list[Problem] = []
        self.found: list[Found] = []
        text = self._named(sheet)
        self.rows: list[int] = text["row"].to_list()
        self.frame = pl.DataFrame(
            [self._typed(column, text) for column in columns(table).values()], schema=dict(schema(table))
        )

    def sound(self) -> Rows:
        """The rows of which each cell could be read; none where a column is missing that every row needs."""
        if rejects(self.of_header):
            return Rows(self.frame.clear(), [], whole=False)
        bad = {one.row for one in self.found if one.rejects}
        kept = [number not in bad for number in self.rows]
        numbers = [number for number in self.rows if number not in bad]
        return Rows(self.frame.filter(pl.Series(kept, dtype=pl.Boolean)), numbers, whole=not bad)

    def _named(self, sheet: Sheet) -> pl.DataFrame:
        known = {folded(word): one.name for one in columns(self.table).values() for word in (one.name, *one.names_zh)}
        names: dict[str, str] = {}
        for place, raw in enumerate(sheet.header):
            header = unicodedata.normalize("NFC", raw.strip())
            column = known.get(folded(header))
            if not header:
                if sheet.cells[str(place)].is_not_null().any():
                    self._of_header("column.unnamed", None, letter=column_letter(place))
            elif column is None:
                self._of_header("strategy.column-unknown", header, header=header)
            elif column in names.values():
                self._of_header("column.twice", column, column=column, headers=header)
            else:
                names[str(place)] = column
        text = sheet.numbered().select(
            *(pl.col(old).str.strip_chars().replace("", None).alias(new) for old, new in names.items()), "row"
        )
        filled = [pl.col(name).is_not_null() for name in names.values()]
        text = text.filter(pl.any_horizontal(filled)) if filled else text.clear()
        for one in columns(self.table).values():
            if one.required and one.name not in text.columns:
                self._of_header("column.missing", one.name, column=one.name, count=text.height)
        return text

    def _of_header(self, code: str, at: str | None, /, **facts: Fact) -> None:
        where = Where(file=self._where.file, sheet=self._where.sheet, row=1, column=at)
        self.of_header.append(problem(code, where, severity=None, **facts))

    def _typed(self, column: StrategyColumn, text: pl.DataFrame) -> pl.Series:
        """The values of a column; the text of each cell is read once, however often it stands."""
        if column.name not in text.columns:
            return pl.Series(column.name, [None] * text.height, dtype=column.dtype)
        cells = text[column.name].to_list()
        reads = {one: _read(column, one) for one in dict.fromkeys(cells) if one is not None}
        values: list[Any] = []
        for row, cell in zip(self.rows, cells, strict=True):
            read_as = reads[cell] if cell is not None else Read()
            of_number = column.type == "number" and read_as.value is not None
            values.append(float(str(read_as.value)) if of_number else read_as.value)
            if cell is None and column.required:
                self.found.append(Found("strategy.cell-missing", row, column.name, {"column": column.name}))
            elif read_as.code is not None:
                self.found.append(Found(read_as.code, row, column.name, {"value": cell, **dict(read_as.facts)}))
        return pl.Series(column.name, values, dtype=column.dtype)


def _read(column: StrategyColumn, text: str) -> Read:
    """A cell by the type of its column."""
    if len(text) > TEXT_CHARACTERS:
        return Read(code="cell.too-long", facts=(("limit", TEXT_CHARACTERS),))
    if column.type in ("number", "integer"):
        return _number(column, text)
    reader = _READERS.get(column.type)
    if reader is not None:
        return reader(text)
    if column.type in CHOICES:
        choices = CHOICES[column.type]
        value = compatible(text).lower()
        return Read(value=value) if value in choices else _not_among(choices)
    return Read(value=unicodedata.normalize("NFC", " ".join(text.split())))


def _number(column: StrategyColumn, text: str) -> Read:
    number = read_decimal(compatible(text).removesuffix("%") if column.name.endswith("_pct") else text)
    if isinstance(number, Read):
        return number
    low, high = column.low, column.high
    if (low is not None and number < low) or (high is not None and number > high):
        return Read(code="number.out-of-range", facts=(("low", f"{low:g}"), ("high", f"{high:.15g}")))
    if column.type == "number":
        return Read(value=str(number))
    if number != number.to_integral_value():
        return Read(code="number.too-precise", facts=(("decimals", 0),))
    return Read(value=int(number))


def _not_among(choices: Iterable[str]) -> Read:
    return Read(code="choice.unknown", facts=(("choices", ", ".join(choices)),))


def _yes_no(text: str) -> Read:
    value = _YES.get(compatible(text).lower())
    return Read(value=value) if value is not None else _not_among(CHOICES["yes-no"])


def _month(text: str) -> Read:
    plain = compatible(text)[:7]
    return Read(value=plain) if _MONTH.fullmatch(plain) and plain > "0001" else Read(code="period.malformed")


def _id(text: str) -> Read:
    return Read(value=text) if _ID.fullmatch(text) else Read(code="id.malformed")


def _country(text: str) -> Read:
    code = alpha2(compatible(text))
    return Read(value=code) if code else Read(code="strategy.country-unknown")


def _class(text: str) -> Read:
    product, colon, detail = compatible(text).partition(":")
    goods = product.strip().lower() + colon + detail.strip()
    if not is_class(goods) or goods.endswith(":"):
        return Read(code="strategy.class-unknown")
    return Read(value=goods)


def _element(text: str) -> Read:
    symbol = compatible(text).capitalize()
    return Read(value=symbol) if symbol in ELEMENTS else Read(code="strategy.element-unknown")


def _several(reader: Callable[[str], Read]) -> Callable[[str], Read]:
    """Reads each of several values; the problem is that of the first that has one, and quotes it alone."""

    def read_all(text: str) -> Read:
        values: list[str] = []
        for part in filter(None, (one.strip() for one in _BETWEEN.split(text))):
            one = reader(part)
            if one.code is not None:
                return Read(code=one.code, facts=(("value", part), *one.facts))
            values.append(str(one.value))
        return Read(value=SEPARATOR.join(dict.fromkeys(values)) or None)

    return read_all


def _hs_code(text: str) -> Read:
    digits = re.sub(r"[.\s]", "", compatible(text))
    if re.fullmatch("[0-9]{4,13}", digits):
        return Read(value=digits)
    return Read(code="strategy.hs-code")


def _currency(text: str) -> Read:
    code = compatible(text).upper()
    return Read(value=code) if re.fullmatch("[A-Z]{3}", code) else Read(code="currency.malformed")


_READERS: Final[Mapping[str, Callable[[str], Read]]] = {
    "date": PARSERS["on"].other, "yes-no": _yes_no, "month": _month, "id": _id, "country": _country,
    "countries": _several(_country), "class": _class, "classes": _several(_class), "elements": _several(_element),
    "hs-code": _hs_code, "currency": _currency,
}  # fmt: skip


def _beside(table: Table, rows: Rows, beside: Beside) -> list[Found]:
    """What the ledger and the law say of a table."""
    found: list[Found] = []
    for number, row in rows:
        if beside.products is not None and table in ("bill", "suppliers", "cover"):
            product = product_of(row["class"])
            if not any(product in (one, one.partition(":")[0]) for one in _among(beside.products, product)):
                found.append(Found("strategy.class-not-filed", number, "class", {"value": row["class"]}))
        if beside.laws is not None and row.get("kind") == "law" and row["id"] not in beside.laws:
            listed = ", ".join(sorted(beside.laws)) or "–"
            found.append(Found("strategy.law-unknown", number, "id", {"value": row["id"], "choices": listed}))
    return found


def _among(products: Collection[str], product: str) -> Iterable[str]:
    return (product,) if product in products else (one for one in products if one.startswith(f"{product}:"))


def _listed(found: Iterable[Found], where: Where) -> list[Problem]:
    """Problems by row; at most LISTED_LIMIT of a code, and how many more."""
    listed: list[Problem] = []
    counts: dict[str, int] = {}
    for one in sorted(found, key=lambda one: one.row or 0):
        counts[one.code] = counts.get(one.code, 0) + 1
        if counts[one.code] <= LISTED_LIMIT:
            at = Where(file=where.file, sheet=where.sheet, row=one.row, column=one.column)
            listed.append(problem(one.code, at, severity=None, **one.facts))
    return listed + [
        problem("problems.more", where, code=code, count=count - LISTED_LIMIT)
        for code, count in sorted(counts.items()) if count > LISTED_LIMIT
    ]  # fmt: skip
