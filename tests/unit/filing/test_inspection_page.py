"""The page of an inspection's tables says what the program reads."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import date

import polars as pl
import pytest
from openpyxl import Workbook
from tests.unit.filing.test_reference_pages import DOCS

from lodeline.filing.inspection.analysed import read_analysed
from lodeline.filing.inspection.columns import TABLES, TableName, columns
from lodeline.filing.inspection.measured import CALIBRATION_DAYS, read_measured
from lodeline.filing.inspection.rows import LIMITS, read_rows
from lodeline.ledger.register import TABLES as RECORDS
from lodeline.ledger.register import Register

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
PAGE = (DOCS / "reference/inspection-format.md").read_text("utf-8")
TITLES: dict[TableName, str] = {"measurement": "Measurement", "custody": "Hand-over of bags", "results": "Results"}


def section(table: TableName) -> str:
    return PAGE.partition(f"## {TITLES[table]}\n")[2].partition("\n## ")[0]


def example(table: TableName) -> bytes:
    return section(table).partition("```csv\n")[2].partition("```")[0].encode()


@pytest.mark.parametrize("table", TABLES)
def test_every_column_is_documented_as_it_is(table: TableName) -> None:
    rows = [line for line in section(table).splitlines() if line.startswith("| `")]
    expected = [
        f"| `{one.name}` | {'、'.join(one.names_zh)} | {one.required} |"
        f" {one.description['en']}<br>{one.description['zh']} | `{one.example}` |"
        for one in columns(table).values()
    ]
    assert rows == expected


def test_the_bounds_on_the_page_are_those_of_the_program() -> None:
    assert f"{LIMITS.rows:,} rows".replace(",", " ") in PAGE and f"{LIMITS.file_bytes // 1024**2} MB" in PAGE
    assert f"{CALIBRATION_DAYS} days old" in PAGE


@pytest.mark.parametrize("table", TABLES)
def test_a_workbook_and_json_are_read_like_the_example(table: TableName) -> None:
    lines = list(csv.reader(io.StringIO(example(table).decode())))
    book = Workbook()
    assert book.active is not None
    for line in lines:
        book.active.append([date.fromisoformat(cell) if DAY.fullmatch(cell) else cell or None for cell in line])
    saved = io.BytesIO()
    book.save(saved)
    document = json.dumps({"rows": [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]}).encode()
    plain = read_rows(table, [("a.csv", example(table))])
    for name, content in (("a.xlsx", saved.getvalue()), ("a.json", document)):
        found = read_rows(table, [(name, content)])
        assert found.problems == ()
        assert [(one.where.row, one.cells, one.shares) for one in found.rows] == [
            (one.where.row, one.cells, one.shares) for one in plain.rows
        ]  # fmt: skip


def test_the_examples_are_read_without_a_problem() -> None:
    methods = [
        {"id": name, "quantity": quantity, "element": None, "random_pct": "0.1", "systematic_pct": "0.1",
         "calibration": None}
        for name, quantity in (("W-PLATFORM", "weighing"), ("ICP-OES", "assay"))
    ]  # fmt: skip
    register = Register(tables={**Register().tables, "methods": pl.DataFrame(methods, schema=RECORDS["methods"])})
    day = date(2025, 2, 20)
    found = read_measured(
        read_rows("measurement", [("a.csv", example("measurement"))]), on=date(2025, 2, 10), register=register
    )
    assert found.problems == () and len(found.items) == 3
    assert [one.part for one in found.items[0].bags] == ["authority", "firm", "reserve"]
    handed = read_rows("custody", [("a.csv", example("custody"))])
    assert handed.problems == () and len(handed.rows) == 2
    analysed = read_analysed(read_rows("results", [("a.csv", example("results"))]), today=day, register=register)
    assert analysed.problems == ()
    assert [one.composition for one in analysed.analyses] == [
        "Pr=88100000;Nd=260200000;Dy=120000", "Pr=87900000;Nd=259700000",
    ]  # fmt: skip
