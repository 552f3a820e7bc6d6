"""A workbook is read as it is seen; what cannot be trusted in it is named by its cell, and bombs are not unpacked."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from lodeline.filing.check import check
from lodeline.filing.formats import Limits
from lodeline.filing.table import Table, read

Write = Callable[..., Table]


def found(table: Table) -> list[tuple[str, int | None, str | None]]:
    return [(one.code, one.where.row, one.where.column) for one in table.problems]


@pytest.fixture
def workbook(tmp_path: Path) -> Write:
    """Reads a workbook with the rows given; `change` may alter the sheet before it is saved."""

    def write(*rows: list[Any], change: Callable[[Any], None] | None = None, **options: Any) -> Table:
        book = Workbook()
        for row in rows:
            book.active.append(row)  # type: ignore[union-attr]
        if change:
            change(book.active)
        path = tmp_path / "filing.xlsx"
        book.save(path)
        return read([path], **options)

    return write


def test_cells_are_read_as_they_are_shown(workbook: Write) -> None:
    table = workbook(
        ["事件编号", "日期", "净重（千克）", "批次", "note"],
        ["A", date(2025, 6, 1), 0.1 + 0.2, "00012", True],
        ["B", datetime(2025, 6, 2), 123456789.123456, 12, None],
        ["C", "2025-06-03", 4.35 * 100, "x", "="],
    )
    assert table.problems == ()
    assert table.sources[0].sheet == "Sheet"
    assert table.frame.select("mass_kg", "lot", "note", "row").rows() == [
        ("0.3", "00012", "true", 2), ("123456789.123456", "12", None, 3), ("435", "x", "=", 4),
    ]  # fmt: skip
    assert table.frame["on"].to_list() == ["2025-06-01", "2025-06-02", "2025-06-03"], "no midnight that nobody wrote"
    assert [str(day) for day in check(table).rows["on"]] == ["2025-06-01", "2025-06-02", "2025-06-03"]


def test_a_mass_finer_than_a_milligram_is_not_rounded_away(workbook: Write) -> None:
    table = workbook(["event", "mass_kg"], ["A", 1.00000000012])
    assert table.frame["mass_kg"].to_list() == ["1.00000000012"]
    assert "mass.finer-than-milligram" in {one.code for one in check(table).problems}


def test_day_numbers_are_understood_and_flagged(workbook: Write) -> None:
    checked = check(workbook(["event", "on"], ["A", 45809], ["B", 12]))
    assert str(checked.rows["on"][0]) == "2025-06-01"
    days = [(one.code, one.where.row, one.severity) for one in checked.problems if one.where.column == "on"]
    assert days == [("date.serial", 2, "flag"), ("date.invalid", 3, "reject")]


def test_rows_are_numbered_as_in_the_sheet(workbook: Write) -> None:
    def shift(sheet: Any) -> None:
        sheet.insert_rows(1, 2)
        sheet.insert_cols(1, 1)

    table = workbook(["event", "note"], ["A", "a"], [None, None], ["B", "b"], change=shift)
    assert table.frame.select("event", "row").rows() == [("A", 4), ("B", 6)]


def test_a_header_alone_is_a_nil_return(workbook: Write) -> None:
    table = workbook(["event", "kind"])
    assert (table.readable, table.frame.height, table.problems) == (True, 0, ())


def test_an_empty_sheet(workbook: Write) -> None:
    assert found(workbook()) == [("file.empty", None, None)]


def test_formulas_merged_cells_and_errors_are_named(workbook: Write) -> None:
    def spoil(sheet: Any) -> None:
        sheet["C2"] = "=B2*0.3"
        sheet["B3"] = "#N/A"
        sheet.merge_cells("A3:A4")
        sheet["Z9"] = "=1+1"

    table = workbook(["event", "mass_kg", "moisture_pct"], ["A", 1, 2], ["B", 1, 2], ["", 1, 2], change=spoil)
    assert found(table) == [
        ("cell.formula", 2, "moisture_pct"), ("cell.error", 3, "mass_kg"), ("cell.merged", 3, "event"),
    ]  # fmt: skip
    assert [dict(one.facts) for one in table.problems] == [
        {"cell": "C2"}, {"cell": "B3", "value": "#N/A"}, {"cells": "A3:A4"},
    ]  # fmt: skip


def test_further_sheets_are_noted(tmp_path: Path) -> None:
    book = Workbook()
    assert book.active is not None
    book.active.append(["event"])
    book.create_sheet("pivot")
    book.create_sheet("secret").sheet_state = "hidden"
    book.save(tmp_path / "a.xlsx")
    (one,) = read([tmp_path / "a.xlsx"]).problems
    assert (one.code, one.severity, one.facts["sheets"]) == ("sheet.ignored", "flag", "pivot")


def test_a_long_cell_is_named(workbook: Write) -> None:
    table = workbook(["event", "note"], ["A", "x" * 50], limits=Limits(cell_characters=49))
    assert found(table) == [("cell.too-long", 2, "note")]


def _repacked(source: Path, target: Path, part: str, content: bytes) -> Path:
    """A copy of a workbook with one part replaced or added."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            if member.filename != part:
                new.writestr(member, old.read(member))
        new.writestr(part, content)
    return target


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    book = Workbook()
    assert book.active is not None
    book.active.append(["event"])
    book.save(tmp_path / "plain.xlsx")
    return tmp_path / "plain.xlsx"


def test_a_zip_bomb_is_not_unpacked(plain: Path, tmp_path: Path) -> None:
    bomb = _repacked(plain, tmp_path / "bomb.xlsx", "xl/media/zeros.bin", bytes(64 * 1024**2))
    (one,) = read([bomb]).problems
    assert one.code == "file.zip-bomb"
    assert int(one.facts["bytes"]) > 64 * 1024**2


def test_too_many_parts(plain: Path) -> None:
    assert found(read([plain], limits=Limits(members=3))) == [("file.zip-bomb", None, None)]
    assert found(read([plain], limits=Limits(unpacked_bytes=1000))) == [("file.zip-bomb", None, None)]


def test_a_part_that_lies_about_its_size(plain: Path, tmp_path: Path) -> None:
    liar = _repacked(plain, tmp_path / "liar.xlsx", "xl/extra.xml", bytes(5 * 1024**2))
    content = bytearray(liar.read_bytes())
    size = (5 * 1024**2).to_bytes(4, "little")
    while (place := content.find(size)) >= 0:
        content[place : place + 4] = (100).to_bytes(4, "little")
    liar.write_bytes(content)
    assert found(read([liar])) == [("file.damaged", None, None)]


def test_entities_are_refused(plain: Path, tmp_path: Path) -> None:
    xml = b'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "b">]><worksheet/>'
    crafted = _repacked(plain, tmp_path / "entities.xlsx", "xl/worksheets/sheet1.xml", xml)
    (one,) = read([crafted]).problems
    assert (one.code, one.facts["part"]) == ("file.unsafe-xml", "xl/worksheets/sheet1.xml")
    shared = _repacked(plain, tmp_path / "workbook.xlsx", "xl/workbook.xml", xml)
    assert found(read([shared])) == [("file.unsafe-xml", None, None)]


def test_what_is_no_workbook(plain: Path, tmp_path: Path) -> None:
    (tmp_path / "text.xlsx").write_text("event,kind\n")
    (tmp_path / "old.xlsx").write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(512))
    (tmp_path / "empty.xlsx").write_bytes(b"")
    shutil.copy(plain, tmp_path / "cut.xlsx")
    (tmp_path / "cut.xlsx").write_bytes(plain.read_bytes()[:-200])
    with zipfile.ZipFile(tmp_path / "other.xlsx", "w") as other:
        other.writestr("hello.txt", "hello")
    codes = {name: found(read([tmp_path / f"{name}.xlsx"]))[0][0] for name in ("text", "old", "empty", "cut", "other")}
    assert codes == {
        "text": "file.damaged", "old": "file.encrypted", "empty": "file.damaged", "cut": "file.damaged",
        "other": "file.damaged",
    }  # fmt: skip
