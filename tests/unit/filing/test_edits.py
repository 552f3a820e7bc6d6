"""Changes after upload mean the cells they name, and nothing else of the files is lost or altered."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from openpyxl import Workbook

from lodeline.filing.check import Checked, check
from lodeline.filing.edits import Addition, Changes, Edit, Removal, added_source, apply, edits_csv
from lodeline.filing.formats import Limits
from lodeline.filing.table import Table, blank, read, read_bytes

Row = dict[str, str]
Rows = dict[str, Row]


def csv_bytes(*rows: Row) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)), restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def uploaded(*rows: Row) -> Table:
    return read_bytes([("june.csv", csv_bytes(*rows))])


def judged(table: Table) -> Checked:
    return check(table, organisation="ACME", period="2025-06")


def codes(table: Table) -> list[str]:
    return [found.code for found in judged(table).problems]


def edit(row: int, column: str, text: str | None, source: int = 0) -> Edit:
    return Edit(source=source, row=row, column=column, text=text)


def test_bytes_give_the_table_that_the_file_gives(tmp_path: Path, right: Rows) -> None:
    content = csv_bytes(right["origin"], {}, right["shipment"] | {"colour": "red"})
    (tmp_path / "june.csv").write_bytes(content)
    of_file, of_bytes = read([tmp_path / "june.csv"]), read_bytes([("june.csv", content)])
    assert of_bytes.frame.equals(of_file.frame)
    assert [found.code for found in of_bytes.problems] == [found.code for found in of_file.problems]
    assert of_bytes.sources[0].file == "june.csv"


def test_bytes_are_bounded_and_equal_names_are_told_apart(right: Rows) -> None:
    content = csv_bytes(right["origin"])
    twice = read_bytes([("a.csv", content), ("a.csv", content), ("../a.exe", b"MZ")])
    assert [source.file for source in twice.sources] == ["a.csv", "a (2).csv", "../a.exe"]
    assert [found.code for found in twice.problems] == ["file.unknown-format"]
    small = read_bytes([("a.csv", content)], limits=Limits(file_bytes=10))
    assert [found.code for found in small.problems] == ["file.too-large"]
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/workbook.xml", b"0" * 40_000_000)
    packed = read_bytes([("a.xlsx", bomb.getvalue())])
    assert [found.code for found in packed.problems] == ["file.zip-bomb"]


def test_a_cell_is_set_emptied_and_the_last_edit_counts(right: Rows) -> None:
    table = uploaded(right["origin"], right["shipment"])
    changed = apply(
        table,
        Changes(
            edits=(edit(2, "lot", "X"), edit(2, "lot", "ORE-9"), edit(3, "counterparty", " "), edit(3, "note", "late"))
        ),
    )
    assert changed.frame["lot"].to_list() == ["ORE-9", "ORE-1"]
    assert changed.frame["counterparty"].to_list() == [None, None]
    assert changed.frame["note"].to_list() == [None, "late"]
    assert table.frame["lot"].to_list() == ["ORE-1", "ORE-1"], "the table as uploaded stays as it is"
    assert judged(changed).problems == ()


def test_a_mass_takes_the_place_of_one_in_another_unit(right: Rows) -> None:
    origin = {name: text for name, text in right["origin"].items() if name != "mass_kg"} | {"mass_t": "1.2505"}
    table = uploaded(origin, origin | {"event": "O-2", "lot": "ORE-2"})
    rows = judged(apply(table, Changes(edits=(edit(2, "mass_kg", "7"),)))).rows
    assert rows["mass_mg"].to_list() == [7_000_000, 1_250_500_000]
    rows = judged(apply(table, Changes(edits=(edit(2, "mass_kg", "7"), edit(2, "mass_g", "5"))))).rows
    assert rows["mass_mg"].to_list() == [5_000, 1_250_500_000]


def test_rows_are_left_out_and_added_under_their_own_addresses(right: Rows) -> None:
    table = uploaded(right["origin"], right["shipment"], right["stock"])
    changes = Changes(
        removals=(Removal(source=0, row=3),),
        additions=(Addition(row=2, cells=right["receipt"] | {"mass_kg": "-1"}), Addition(row=3, cells={"event": " "})),
        edits=(edit(2, "counterparty_name", "Gamma", source=added_source(table)),),
    )
    changed = apply(table, changes)
    assert changed.frame.select("source", "row").rows() == [(0, 2), (0, 4), (1, 2)]
    assert changed.frame["counterparty_name"].to_list() == [None, None, "Gamma"]
    (found,) = judged(changed).problems
    assert (found.code, found.where.file, found.where.row) == ("mass.negative", "added-rows", 2)


def test_a_filing_can_be_typed_in_whole(right: Rows) -> None:
    rows = [Addition(row=2 + i, cells=right[kind]) for i, kind in enumerate(["origin", "shipment"])]
    checked = judged(apply(blank(), Changes(additions=tuple(rows))))
    assert (checked.problems, checked.rows.height) == ((), 2)
    assert judged(blank()).rows.height == 0


def test_what_no_cell_may_hold_is_a_problem_and_no_cell(right: Rows) -> None:
    table = uploaded(right["origin"])
    changed = apply(table, Changes(edits=(edit(2, "note", "x" * 40_000), edit(2, "reason", "a\0b"))))
    assert sorted(codes(changed)) == ["cell.not-text", "cell.too-long"]
    assert "note" not in changed.frame.columns


def test_a_formula_is_cured_by_typing_its_value(right: Rows) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for place, (name, text) in enumerate(right["origin"].items(), start=1):
        sheet.cell(row=1, column=place, value=name)
        sheet.cell(row=2, column=place, value="=1+1" if name == "mass_kg" else text)
    content = io.BytesIO()
    book.save(content)
    table = read_bytes([("june.xlsx", content.getvalue())])
    assert "cell.formula" in codes(table)
    assert codes(apply(table, Changes(edits=(edit(2, "mass_kg", "2"),)))) == []
    assert codes(apply(table, Changes(edits=(edit(2, "lot", "X"),)))) != []
    assert judged(apply(table, Changes(removals=(Removal(source=0, row=2),)))).problems == ()


def test_a_change_of_what_a_table_does_not_have_changes_nothing(right: Rows) -> None:
    table = uploaded(right["origin"])
    changes = Changes(
        edits=(edit(9, "lot", "X"), edit(2, "colour", "red"), edit(2, "lot", "Y", source=7), edit(2, "lot", "ORE-2")),
        removals=(Removal(source=0, row=1),),
    )
    assert apply(table, changes).frame.equals(table.frame.with_columns(lot=pl.lit("ORE-2")))


def test_changes_are_kept_as_plain_values_and_as_a_file(right: Rows) -> None:
    table = uploaded(right["origin"], right["shipment"])
    changes = Changes(
        edits=(edit(2, "lot", "A"), edit(2, "lot", "=B"), edit(2, "note", None)),
        removals=(Removal(source=0, row=3),),
        additions=(Addition(row=2, cells={"event": "Z", "kind": "void"}),),
    )
    assert Changes.from_json(json.loads(json.dumps(changes.as_json()))) == changes
    text = edits_csv(table, changes).decode("utf-8-sig")
    assert list(csv.reader(text.splitlines())) == [
        ["change", "file", "sheet", "row", "column", "before", "after"],
        ["row-added", "added-rows", "", "2", "event", "", "Z"],
        ["row-added", "added-rows", "", "2", "kind", "", "void"],
        ["cell", "june.csv", "", "2", "lot", "ORE-1", "A"],
        ["cell", "june.csv", "", "2", "lot", "A", "=B"],
        ["cell", "june.csv", "", "2", "note", "", ""],
        ["row-removed", "june.csv", "", "3", "", "", ""],
    ]


@pytest.mark.parametrize("bad", [{"edits": []}, {"edits": [[1]], "removals": [], "additions": []}])
def test_what_is_no_list_of_changes_is_not_read(bad: dict[str, list[Any]]) -> None:
    with pytest.raises((KeyError, ValueError)):
        Changes.from_json(bad)
