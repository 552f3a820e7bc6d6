"""Files that hold next to nothing: every reader names what is missing, and none raises."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Final

import openpyxl
import pytest

from lodeline.control.declaration import read_declaration
from lodeline.filing.check import check
from lodeline.filing.feed import read_feed_bytes
from lodeline.filing.inspection.columns import TABLES, TableName
from lodeline.filing.inspection.rows import read_rows
from lodeline.filing.opening_stock import read_stocks
from lodeline.filing.table import read
from lodeline.filing.take_over import read_register
from lodeline.ledger.register import Register
from lodeline.party.lists import read_list
from lodeline.strategy.inputs import reading

TODAY: Final = date(2025, 7, 1)


def workbook(cell: str | None) -> bytes:
    book, file = openpyxl.Workbook(), io.BytesIO()
    if cell is not None:
        book.worksheets[0][cell] = "x"
    book.save(file)
    return file.getvalue()


FILES: Final = {
    "ndjson": (b"{}", b"{}\n{}\n", b"", b"\n", b'{"a":1}', b'{"a":null}', b"[]", b"null", b'{"":""}'),
    "json": (b"{}", b"[]", b"[{}]", b'{"rows":[]}', b'{"rows":[{}]}', b"[[]]", b"[null]", b'[{"a":1}]', b"1"),
    "csv": (b"", b"\n", b"a", b"a\n", b",\n", b",\n,\n", b"\n\n1", b"\xef\xbb\xbf", b"a,b\n1", b'""\n""'),
    "xlsx": (workbook(None), workbook("A1"), workbook("C3")),
}


def inspected(table: TableName, path: Path) -> object:
    return read_rows(table, [(path.name, path.read_bytes())])


READERS: Final[dict[str, Callable[[Path], object]]] = {
    "filing": lambda path: check(read([path]), organisation="ACME", period="2025-06"),
    "declaration": read_declaration,
    "feed": lambda path: read_feed_bytes(path.name, path.read_bytes(), today=TODAY),
    "invoices": lambda path: read_feed_bytes(path.name, path.read_bytes(), today=TODAY, feed="invoices"),
    "take-over": lambda path: read_register(path.name, path.read_bytes()),
    "opening stock": lambda path: read_stocks(path.name, path.read_bytes(), on=date(2025, 6, 30), register=Register()),
    "party list": lambda path: read_list(path, name="list"),
    "strategy": lambda path: reading.read("plants", path.read_bytes(), path.name),
    **{table: partial(inspected, table) for table in TABLES},
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("ending", FILES)
def test_a_file_that_holds_next_to_nothing_ends_no_reader(tmp_path: Path, reader: str, ending: str) -> None:
    for number, content in enumerate(FILES[ending]):
        path = tmp_path / f"{number}.{ending}"
        path.write_bytes(content)
        READERS[reader](path)
