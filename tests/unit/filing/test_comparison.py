"""A month filed again: what differs is named cell by cell, and the correction says that and nothing more."""

from __future__ import annotations

import csv
import io
import random

import polars as pl

from lodeline.filing.check import Checked, check
from lodeline.filing.comparison import Comparison, as_correction, compare
from lodeline.filing.schema import CELLS
from lodeline.filing.table import Table, read_bytes
from lodeline.filing.written import table_csv, written

Row = dict[str, str]
Rows = dict[str, Row]


def table_of(*rows: Row) -> Table:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)), restval="")
    writer.writeheader()
    writer.writerows(rows)
    return read_bytes([("june.csv", text.getvalue().encode())])


def judged(table: Table, *, correcting: bool = False) -> Checked:
    return check(table, organisation="ACME", period="2025-06", correcting=correcting)


def compared(new: Table, stands: Table) -> Comparison:
    return compare(judged(new).rows, judged(stands).rows.select(*CELLS))


def states(found: Comparison) -> dict[str, str]:
    return dict(found.events.iter_rows())


def test_another_order_is_no_change(right: Rows) -> None:
    rows = [right[kind] for kind in ("origin", "in", "out", "shipment", "stock")]
    shuffled = random.Random(1).sample(rows, len(rows))
    found = compared(table_of(*shuffled), table_of(*rows))
    assert set(states(found).values()) == {"unchanged"}
    assert found.differences.height == 0
    assert as_correction(found, table_of(*shuffled)).frame.height == 0


def test_cells_that_differ_are_named_with_what_stood_there(right: Rows) -> None:
    before = table_of(right["origin"], right["in"], right["out"], right["shipment"], right["loss"])
    out = right["out"] | {"mass_kg": "9.75", "composition": "Nd=61;Pr=20", "note": "seen"}
    extra = right["out"] | {"lot": "OX-2"}
    after = table_of(right["origin"], extra, out, right["in"] | {"lot": "ORE-2"}, right["receipt"])
    found = compared(after, before)
    assert states(found) == {"O-1": "unchanged", "T-1": "changed", "R-1": "new", "S-1": "missing", "L-1": "missing"}
    told = found.differences.select("what", "role", "lot", "column", "before", "after", "row").rows()
    assert told == [
        ("added", "out", "OX-2", "mass_kg", None, "10", 3),
        ("cell", "out", "OX-1", "mass_kg", "10", "9.75", 4),
        ("cell", "out", "OX-1", "composition", "Pr=20;Nd=60", "Pr=20;Nd=61", 4),
        ("cell", "out", "OX-1", "note", None, "seen", 4),
        ("cell", "in", "ORE-2", "lot", "ORE-1", "ORE-2", 5),
    ]
    back = compared(before, after).differences
    assert back.filter(what="removed").select("lot", "before", "row").rows() == [("OX-2", "10", None)]


def test_columns_of_the_firm_count_too(right: Rows) -> None:
    found = compared(table_of(right["origin"] | {"colour": "red"}), table_of(right["origin"]))
    assert found.differences.select("column", "before", "after").rows() == [("extra", None, '{"colour":"red"}')]


def test_a_correction_restates_what_differs_and_withdraws_only_what_is_chosen(right: Rows) -> None:
    before = table_of(right["origin"], right["shipment"], right["loss"], right["stock"])
    after = table_of(right["origin"], right["shipment"] | {"mass_kg": "11"}, right["receipt"])
    found = compared(after, before)
    correction = judged(as_correction(found, after, void={"L-1", "O-1", "unheard-of"}), correcting=True)
    assert correction.problems == ()
    assert correction.rows.select("event", "kind").rows() == [("S-1", "shipment"), ("R-1", "receipt"), ("L-1", "void")]
    assert judged(as_correction(found, after), correcting=True).rows.filter(kind="void").height == 0


def test_an_event_withdrawn_in_the_new_file_is_missing_from_it(right: Rows) -> None:
    new = table_of(right["origin"], {"event": "S-1", "kind": "void"})
    found = compare(judged(new, correcting=True).rows, judged(table_of(right["origin"], right["shipment"])).rows)
    assert states(found) == {"O-1": "unchanged", "S-1": "missing"}


def test_what_is_written_reads_as_the_same_cells(right: Rows) -> None:
    rows = [row for kind, row in right.items() if kind != "void"]
    odd = right["origin"] | {
        "event": "O-2", "lot": "ORE-2", "mass_kg": "0.000001", "moisture_pct": "12.3456789", "pieces": "3",
        "composition": "Nd=80.1234567;TREO=60", "basis": "element", "value": "1.5",
    }  # fmt: skip
    checked = judged(table_of(*rows, odd))
    text = written(checked.rows)
    assert text.schema == pl.Schema(dict.fromkeys(text.columns, pl.String()))
    again = judged(read_bytes([("again.csv", table_csv(text))]))
    assert again.problems == checked.problems == ()
    assert again.rows.select(*CELLS).equals(checked.rows.select(*CELLS))


def test_a_composition_on_oxides_is_written_as_elements(right: Rows) -> None:
    checked = judged(table_of(right["origin"] | {"composition": "Nd=50;TREO=60", "basis": "oxide"}))
    again = judged(read_bytes([("again.csv", table_csv(written(checked.rows)))]))
    assert again.rows["composition"].to_list() == checked.rows["composition"].to_list()
    assert again.rows["basis"].to_list() == ["element"]
