"""The page of the dossier names each file with its columns, and marks those that a row cannot do without."""

from __future__ import annotations

import re

import polars as pl
import pytest

from lodeline.filing.dossier import FILES, filed_name, read_records
from lodeline.ledger.register import TABLES
from tests.docs.pages import REPOSITORY

PAGE = (REPOSITORY / "docs/reference/dossier.md").read_text("utf-8")
COLUMNS = dict(re.findall(r"^\| `([a-z_/-]+\.csv)` \| (.*) \|$", PAGE, re.MULTILINE))


def read(table: str, cells: dict[str, str]) -> tuple[int, list[tuple[str, str | None]]]:
    """Records that one row of a table makes, and (code, column) of what is wrong with it."""
    text = pl.DataFrame({name.replace("_", ""): [cell] for name, cell in cells.items()} | {"row": [2]})
    records, problems = read_records(table, text, file=FILES[table])
    return records.height, [(one.code, one.where.column) for one in problems]


def test_every_file_and_no_other_stands_on_the_page_with_its_columns() -> None:
    assert COLUMNS.keys() == set(FILES.values())
    for table, file in FILES.items():
        assert re.findall(r"`([a-z_]+)`", COLUMNS[file]) == [filed_name(column) for column in TABLES[table]], file


@pytest.mark.parametrize("table", FILES)
def test_a_row_needs_what_stands_in_bold_and_nothing_else(table: str) -> None:
    types = {filed_name(column): kind for column, kind in TABLES[table].items()}
    bold = re.findall(r"\*\*`([a-z_]+)`\*\*", COLUMNS[FILES[table]])
    assert bold
    cells = {name: "2025-06-01" if types[name] == pl.Date else "2025" for name in bold}
    assert read(table, cells) == (1, [])
    for name in bold:
        rest = {other: cell for other, cell in cells.items() if other != name}
        assert read(table, rest) == (0, [("cell.missing", name)])
