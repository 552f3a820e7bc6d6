"""The empty workbook: filled in and read back it passes, and nothing in it becomes a formula."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from openpyxl import load_workbook

from lodeline.filing.check import check
from lodeline.filing.columns.guide import guides
from lodeline.filing.schema import COLUMNS
from lodeline.filing.table import read
from lodeline.filing.template import GUIDE_SHEET, LISTS_SHEET, write_template
from lodeline.ledger.register import TABLES, Register

Rows = dict[str, dict[str, str]]


@pytest.fixture
def template(tmp_path: Path, register: Register) -> Path:
    path = tmp_path / "template.xlsx"
    write_template(path, organisation="ACME", register=register)
    return path


def fill(path: Path, *rows: dict[str, Any]) -> None:
    book = load_workbook(path)
    sheet = book.worksheets[0]
    for number, row in enumerate(rows, start=2):
        for place, column in enumerate(COLUMNS, start=1):
            if row.get(column.name):
                sheet.cell(row=number, column=place, value=row[column.name])
    book.save(path)


def test_an_empty_template_is_a_nil_return(template: Path) -> None:
    checked = check(read([template]), organisation="ACME", period="2025-06")
    assert (checked.problems, checked.rows.height) == ((), 0)


def test_a_filled_template_passes(template: Path, register: Register, right: Rows) -> None:
    rows = [row for kind, row in right.items() if kind != "void"]
    fill(template, *(row | {"on": date.fromisoformat(row["on"]), "mass_kg": float(row["mass_kg"])} for row in rows))
    checked = check(read([template]), organisation="ACME", period="2025-06", register=register)
    assert checked.problems == ()
    assert checked.rows.height == len(right) - 1


def test_headers_are_chinese_with_the_english_in_a_comment(template: Path) -> None:
    sheet = load_workbook(template).worksheets[0]
    assert [cell.value for cell in sheet[1]] == [column.name_zh for column in COLUMNS]
    comments = [cell.comment.text if cell.comment else "" for cell in sheet[1]]
    assert [text.partition("\n")[0] for text in comments] == [column.name for column in COLUMNS]
    assert sheet.freeze_panes == "B2"


def test_codes_and_the_organisations_own_sites_can_be_picked(template: Path) -> None:
    sheet = load_workbook(template).worksheets[0]
    lists = {str(one.sqref).rstrip("0123456789"): one.formula1 for one in sheet.data_validations.dataValidation}
    assert '"in,out,waste"' in lists.values()
    assert '"CLOSED,PLANT"' in lists.values()
    assert '"N52,BROKEN"' in lists.values() or '"BROKEN,N52"' in lists.values()


def test_a_long_list_stands_on_a_hidden_sheet(tmp_path: Path, register: Register) -> None:
    many = pl.DataFrame([{"id": f"=CUSTOMER-{i:03d}", "roles": []} for i in range(40)], schema=TABLES["organisations"])
    register = replace(register, tables={**register.tables, "organisations": many})
    write_template(tmp_path / "t.xlsx", organisation="ACME", register=register)
    book = load_workbook(tmp_path / "t.xlsx")
    assert book[LISTS_SHEET].sheet_state == "hidden"
    cells = [cell for column in book[LISTS_SHEET].iter_cols() for cell in column if str(cell.value).startswith("=CUS")]
    assert len(cells) == 80, "counterparties and owners"
    assert {cell.data_type for cell in cells} == {"s"}


def test_the_guide_explains_every_column(template: Path) -> None:
    rows = list(load_workbook(template)[GUIDE_SHEET].iter_rows(min_row=2, values_only=True))
    assert [row[1] for row in rows] == [column.name for column in COLUMNS]
    assert all(all(row[:6]) for row in rows)


def test_the_guides_cover_the_columns_and_their_examples_pass(judge: Callable[..., Any], right: Rows) -> None:
    assert list(guides()) == [column.name for column in COLUMNS]
    for name, guide in guides().items():
        # An example must be a value that the column takes, whatever else it says beside this row.
        checked = judge(right["origin"] | {name: guide.example}, period=None)
        rejected = [one.code for one in checked.problems if one.where.column == name and one.severity == "reject"]
        assert rejected == [], name
