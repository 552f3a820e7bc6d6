"""Tables: what is shown, how it sorts by its heads, and the same rows as CSV for whoever goes on with them.

A page makes cells; this part sorts, cuts into pages and writes. `?sort=stages.out` sorts the table `stages` by
its column `out` (`-stages.out`: falling), `?stages.page=2` turns its pages, `?format=csv&table=stages` exports it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeVar, overload

import polars as pl
from django.http import HttpResponse

from lodeline import language as lang
from lodeline.language import Text
from lodeline.web.visit import BadQuestionError, NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words.words import Tone

Value = str | int | float | None
Thing = TypeVar("Thing")
ROWS_PER_PAGE: Final = 50
_NUMBER_OF_ROW: Final = "number of row"
#: A spreadsheet takes a cell that begins with one of these for a formula (OWASP, CSV injection).
_FORMULA: Final = re.compile(r"[=+\-@\t\r\n|%]")
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: `number` columns are set flush right; `unit` goes into the head of the CSV ("kg").

    file_only: stands in the CSV, where each value has a cell of its own, and not on the page.
    """

    key: str
    label: Text
    number: bool = False
    unit: str = ""
    file_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What a cell shows, and the `value` it sorts by and exports. `shape` and `tone` go with a word, never alone.

    `title`: what `text` puts into words, as it was written. `whole`: text and note are identifiers or short words, and
    do not break at their hyphens (unless they are so long that they must). `marks`: they are as filed, and break after
    the marks in an identifier too, so that no lot of a stranger makes its table wide. `bar`: how far of the longest bar
    of the column it is from the start, solid, and from there on dashed.
    """

    text: str
    value: Value = None
    href: str | None = None
    note: str = ""
    title: str = ""
    shape: str = ""
    tone: Tone | None = None
    whole: bool = False
    marks: bool = False
    bar: tuple[float, float] | None = None


Row = tuple[Cell, ...]


class FrameRows(Sequence[Row]):
    """Rows of a frame that become cells only when they are shown, so that a long table costs what its page costs.

    `sorts` gives what of the frame holds what a column of the table sorts by, so that sorting is cheap too.
    `order` puts the frame in order where it is not: of a page of many rows only those are sorted out that are shown.
    """

    def __init__(
        self, frame: pl.DataFrame, cells: Callable[[dict[str, Any]], Row], *,
        sorts: Mapping[str, str | pl.Expr] | None = None,
        order: Callable[[pl.LazyFrame], pl.LazyFrame] | None = None,
    ) -> None:  # fmt: skip
        self._frame = frame
        self._cells = cells
        self._sorts = sorts or {}
        self._order = order

    def sorted(self, key: str, *, falling: bool) -> FrameRows | None:
        """The rows by a column of the table, those without a value last; None where `sorts` does not name it."""
        if key not in self._sorts:
            return None
        by, before = self._sorts[key], self._order or (lambda frame: frame)

        def order(frame: pl.LazyFrame) -> pl.LazyFrame:
            return before(frame).sort(by, descending=falling, nulls_last=True, maintain_order=True)

        return FrameRows(self._frame, self._cells, sorts=self._sorts, order=order)

    @property
    def _ordered(self) -> pl.DataFrame:
        return self._frame if self._order is None else self._order(self._frame.lazy()).collect()

    def __len__(self) -> int:
        return self._frame.height

    def __iter__(self) -> Iterator[Row]:
        return map(self._cells, self._ordered.iter_rows(named=True))

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> list[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | list[Row]:
        if isinstance(place, slice):
            if self._order is None:
                seen = self._frame[place]
            else:
                first, last, _ = place.indices(len(self))
                # Numbers of rows are put in order, and what they are sorted by, and nothing else of a long table.
                numbered = self._order(self._frame.lazy().with_row_index(_NUMBER_OF_ROW)).select(_NUMBER_OF_ROW)
                seen = self._frame[numbered.slice(first, max(0, last - first)).collect().to_series()]
            return [self._cells(row) for row in seen.iter_rows(named=True)]
        return self._cells(self._ordered.row(place, named=True))


class RowsOf(Sequence[Row]):
    """Rows that are made of `things`, one of each, only when they are shown."""

    def __init__(self, things: Sequence[Thing], cells: Callable[[Thing], Row]) -> None:
        self._things: Sequence[Any] = things
        self._cells: Callable[[Any], Row] = cells

    def __len__(self) -> int:
        return len(self._things)

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> list[Row]: ...
    def __getitem__(self, place: int | slice) -> Row | list[Row]:
        if isinstance(place, slice):
            return [self._cells(thing) for thing in self._things[place]]
        return self._cells(self._things[place])


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of cells under columns; the first column names the row. `empty` says what to do where there is no row."""

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: Sequence[Row]
    empty: str
    per_page: int = ROWS_PER_PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The head of a column: the address that sorts by it, and how it is sorted now."""

    column: Column
    href: str
    sorted: Literal["ascending", "descending", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A table as a template needs it; `total` says how many rows it has, on all its pages."""

    table: Table
    heads: tuple[Head, ...]
    rows: Sequence[Row]
    total: str
    csv_href: str
    pages: tuple[dict[str, object], ...] = field(default_factory=tuple)


def shown(visit: Visit, table: Table) -> Shown:
    """The part of the table that the visit asks for, sorted as it asks.

    Raises BadQuestionError for a column or page that cannot be read, NotHereError for a page beyond the last.
    """
    rows, key, falling = _sorted(visit, table)
    last = max(1, -(-len(rows) // table.per_page))
    number = _page_number(visit, table, last)
    n = written.count(len(rows))
    places = [place for place, column in enumerate(table.columns) if not column.file_only]
    seen = rows[(number - 1) * table.per_page : number * table.per_page]
    return Shown(
        table=table,
        heads=tuple(_head(visit, table, table.columns[place], key, falling) for place in places),
        rows=seen if len(places) == len(table.columns) else [tuple(row[place] for place in places) for row in seen],
        total=(visit.text("1 row", context="table", n=n) if len(rows) == 1 else visit.text("{n} rows", n=n)),
        csv_href=visit.here(format="csv", table=table.name, **{_parameter(table, "page"): None}),
        pages=_pages(visit, table, number, last),
    )


def wanted_csv(visit: Visit, *tables: Table) -> HttpResponse | None:
    """The CSV that the visit asks for instead of the page, or None if it asks for the page."""
    if visit.query("format") is None:
        return None
    if visit.query("format") != "csv":
        raise BadQuestionError(lang.text("`format` can only be csv."))
    name = visit.query("table") or tables[0].name
    for table in tables:
        if table.name == name:
            return _csv_response(visit, table)
    names = ", ".join(table.name for table in tables)
    raise NotHereError(lang.text("This page has no table {name!r}: one of {names}.", name=name, names=names))


def safe_cell(value: Value) -> str:
    """A value as a CSV cell that no spreadsheet takes for a formula; numbers stay numbers."""
    text = "" if value is None else str(value)
    if _FORMULA.match(text.lstrip()) and not _NUMBER.fullmatch(text):
        return "'" + text
    return text


def _csv_response(visit: Visit, table: Table) -> HttpResponse:
    rows, _, _ = _sorted(visit, table)
    out = io.BytesIO()
    # Its mark tells spreadsheets that the file is UTF-8: without it they garble Chinese.
    lines = io.TextIOWrapper(out, "utf-8-sig", newline="")
    writer = csv.writer(lines, quoting=csv.QUOTE_ALL)
    writer.writerow(
        [safe_cell(visit.localized(one.label) + (f" ({one.unit})" if one.unit else "")) for one in table.columns]
    )
    for row in rows:
        writer.writerow([safe_cell(cell.text if cell.value is None else cell.value) for cell in row])
    lines.flush()
    response = HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8")
    # The law and the desk answer without a store too: then there is no entry to name.
    reading = visit.__dict__.get("reading")
    entry = "" if reading is None else f"-{reading.snapshot.entry}"
    response["Content-Disposition"] = f'attachment; filename="lodeline-{table.name}{entry}.csv"'
    return response


def _parameter(table: Table, what: str) -> str:
    return f"{table.name}.{what}"


def _sorted(visit: Visit, table: Table) -> tuple[Sequence[Row], str | None, bool]:
    wish = visit.query("sort")
    if wish is None or "." not in wish or wish.lstrip("-").partition(".")[0] != table.name:
        return table.rows, None, False
    key, falling = wish.lstrip("-").partition(".")[2], wish.startswith("-")
    places = [place for place, column in enumerate(table.columns) if column.key == key]
    if not places:
        keys = ", ".join(f"{table.name}.{column.key}" for column in table.columns)
        raise BadQuestionError(lang.text("No column to sort by is called {wish!r}: {keys}.", wish=wish, keys=keys))
    rows = table.rows.sorted(key, falling=falling) if isinstance(table.rows, FrameRows) else None
    if rows is not None:
        return rows, key, falling
    values = [(row, _sort_value(row[places[0]])) for row in table.rows]
    known = [(row, value) for row, value in values if value is not None]
    numbers = all(isinstance(value, int | float) for _, value in known)
    ordered = sorted(known, key=lambda one: one[1] if numbers else str(one[1]), reverse=falling)
    return [row for row, _ in ordered] + [row for row, value in values if value is None], key, falling


def _sort_value(cell: Cell) -> Value:
    """What a cell sorts by; a dash stands for no value, which comes last whichever way is sorted."""
    return cell.value if cell.value is not None else None if cell.text == written.NOTHING else cell.text


def _head(visit: Visit, table: Table, column: Column, key: str | None, falling: bool) -> Head:
    current = column.key == key
    # Numbers are first asked for from the largest down.
    down = (not falling) if current else column.number
    return Head(
        column=column,
        href=visit.here(
            sort=f"{'-' if down else ''}{table.name}.{column.key}",
            **{_parameter(table, "page"): None},
        )
        + f"#{table.name}",
        sorted=("descending" if falling else "ascending") if current else "none",
    )


def _page_number(visit: Visit, table: Table, last: int) -> int:
    text = visit.query(_parameter(table, "page")) or "1"
    if not re.fullmatch(r"[1-9]\d{0,8}", text):
        raise BadQuestionError(lang.text("{text!r} is no page: write 1 to {last}.", text=text, last=last))
    if int(text) > last:
        raise NotHereError(lang.text("There is no page {text}: the last is {last}.", text=text, last=last))
    return int(text)


def _pages(visit: Visit, table: Table, number: int, last: int) -> tuple[dict[str, object], ...]:
    """Links to the first, the last and the pages near this one; a gap has no address."""
    if last == 1:
        return ()
    near = sorted({1, last, *range(max(1, number - 2), min(last, number + 2) + 1)})
    links: list[dict[str, object]] = []
    for at in near:
        if links and at > int(str(links[-1]["number"])) + 1:
            links.append({"number": at - 1, "text": "…", "href": None, "here": False})
        href = visit.here(**{_parameter(table, "page"): at if at > 1 else None}) + f"#{table.name}"
        links.append({"number": at, "text": written.count(at), "href": href, "here": at == number})
    return tuple(links)
