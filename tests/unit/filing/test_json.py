"""JSON is read strictly: exact numbers, no key twice, each fault with its row."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lodeline.filing.check import check
from lodeline.filing.formats import Envelope, Limits
from lodeline.filing.table import Table

FileBytes = Callable[..., Table]


def found(table: Table) -> list[tuple[str, int | None, str | None]]:
    return [(one.code, one.where.row, one.where.column) for one in table.problems]


def test_a_document_with_its_envelope(file_bytes: FileBytes) -> None:
    table = file_bytes(
        "a.json",
        '{"organisation": "ACME", "period": "2025-06", "corrects": "7", "software": {"any": 1},'
        ' "rows": [{"event": "A", "mass_kg": 1.50, "pieces": 3}, {"事件编号": "B", "note": null, "extra_one": true}]}',
    )
    assert table.envelope == Envelope(organisation="ACME", period="2025-06", corrects="7")
    assert ("column.twice", 1, "event") in found(table)
    assert table.frame.select("event", "mass_kg", "pieces", "?extra_one", "row").rows() == [
        ("A", "1.50", "3", None, 2), (None, None, None, "true", 3),
    ]  # fmt: skip


def test_numbers_keep_their_exact_text(file_bytes: FileBytes) -> None:
    table = file_bytes("a.json", '{"rows": [{"mass_kg": 12345678901234567890.10}, {"mass_kg": 1E400}]}')
    assert table.frame["mass_kg"].to_list() == ["12345678901234567890.10", "1E400"]
    assert [one.code for one in check(table).problems if one.where.column == "mass_kg"] == [
        "mass.too-large", "number.not-finite",
    ]  # fmt: skip


def test_ndjson_numbers_rows_by_line(file_bytes: FileBytes) -> None:
    table = file_bytes("a.ndjson", '\ufeff{"event": "A"}\r\n\n  {"event": "B", "lot": "L"}\n')
    assert table.problems == ()
    assert table.frame.select("event", "lot", "row").rows() == [("A", None, 1), ("B", "L", 3)]


def test_many_rows_come_in_pieces_and_stay_in_order(file_bytes: FileBytes) -> None:
    lines = [f'{{"event": "E{i}"' + (f', "lot": "L{i}"' if i > 60_000 else "") + "}" for i in range(60_010)]
    table = file_bytes("a.ndjson", "\n".join(lines))
    assert table.frame["event"].to_list() == [f"E{i}" for i in range(60_010)]
    assert table.frame["lot"].to_list()[-1] == "L60009"
    assert table.frame["row"].to_list() == list(range(1, 60_011))


MALFORMED = [
    ("a.json", '{"rows": [{"event": "A"}, {"event": NaN}]}', ("json.malformed", 3, None)),
    ("a.json", '{"rows": [{"event": "A"}, {"event": -Infinity}]}', ("json.malformed", 3, None)),
    ("a.json", '{"rows": [{"event": "A"},]}', ("json.malformed", 3, None)),
    ("a.json", '{"rows": [{"event": "A"}]', ("json.malformed", None, None)),
    ("a.json", '{"rows": [{"event": "A"', ("json.malformed", 2, None)),
    ("a.json", '{"rows": []} {"rows": []}', ("json.malformed", None, None)),
    ("a.json", "[" * 200_000, ("json.malformed", 2, None)),
    ("a.json", '{"rows": [], "rows": []}', ("json.duplicate-key", None, None)),
    ("a.json", '{"period": "2025-06"}', ("json.not-a-table", None, None)),
    ("a.json", '{"period": 6, "rows": {}}', ("json.not-a-table", None, None)),
    ("a.json", '{"period": {}, "rows": []}', ("json.not-a-table", None, "period")),
    ("a.json", "3", ("json.not-a-table", None, None)),
    ("a.json", '{"rows": [[1]]}', ("json.not-a-table", 2, None)),
    ("a.json", "  ", ("file.empty", None, None)),
    ("a.ndjson", '{"event": "A"}\n{"event"', ("json.malformed", 2, None)),
    ("a.ndjson", '{"event": "A"} {"event": "B"}', ("json.malformed", 1, None)),
    ("a.ndjson", '["A"]', ("json.not-a-table", 1, None)),
]


@pytest.mark.parametrize(("name", "text", "problem"), MALFORMED, ids=lambda value: str(value)[:30])
def test_what_is_no_json_table(
    file_bytes: FileBytes, name: str, text: str, problem: tuple[str, int | None, str | None]
) -> None:
    table = file_bytes(name, text)
    assert not table.readable
    assert found(table) == [problem]


def test_faults_of_single_cells_leave_the_others(file_bytes: FileBytes) -> None:
    table = file_bytes(
        "a.json",
        '{"rows": [{"event": "A", "event": "B"}, {"event": "C", "lot": ["L"]}, {"event": "D", "note": "\\u0000"},'
        ' {"event": "E", "note": "\\ud800"}, {"event": "F", "note": "' + "x" * 32_768 + '"}]}',
    )
    assert table.frame["event"].to_list() == ["B", "C", "D", "E", "F"]
    assert found(table) == [
        ("json.duplicate-key", 2, "event"), ("cell.not-scalar", 3, "lot"), ("cell.not-text", 4, "note"),
        ("cell.not-text", 5, "note"), ("cell.too-long", 6, "note"),
    ]  # fmt: skip


def test_an_empty_list_of_rows_is_a_nil_return(file_bytes: FileBytes) -> None:
    checked = check(file_bytes("a.json", '{"organisation": "ACME", "period": "2025-06", "rows": []}'))
    assert (checked.organisation, checked.period, checked.rows.height, checked.problems) == ("ACME", "2025-06", 0, ())


def test_rows_without_cells_are_no_rows(file_bytes: FileBytes) -> None:
    assert file_bytes("a.ndjson", "{}\n{}").frame.height == 0
    assert file_bytes("a.json", '{"rows": [{}, {"event": null}]}').frame.height == 0


def test_the_envelope_must_agree_with_the_command(file_bytes: FileBytes) -> None:
    table = file_bytes("a.json", '{"organisation": "ACME", "period": "2025-05", "rows": []}')
    (one,) = check(table, organisation="ACME", period="2025-06").problems
    assert (one.code, one.where.column, dict(one.facts)) == (
        "envelope.differs", "period", {"column": "period", "value": "2025-05", "given": "2025-06"},
    )  # fmt: skip


def test_a_document_that_corrects_may_withdraw(file_bytes: FileBytes) -> None:
    table = file_bytes("a.json", '{"corrects": "7", "rows": [{"event": "A", "kind": "void"}]}')
    checked = check(table)
    assert (checked.problems, checked.corrects) == ((), "7")


@pytest.mark.parametrize("period", ["2025-13", "2025-6", "0000-01", "June"])
def test_a_period_is_a_calendar_month(file_bytes: FileBytes, period: str) -> None:
    table = file_bytes("a.json", '{"rows": []}')
    assert [one.code for one in check(table, period=period).problems] == ["period.malformed"]


def test_limits(file_bytes: FileBytes) -> None:
    rows = '{"rows": [{"a": 1}, {"b": 1}]}'
    assert found(file_bytes("a.json", rows, limits=Limits(rows=1))) == [("file.too-many-rows", 3, None)]
    assert found(file_bytes("a.json", rows, limits=Limits(columns=1))) == [("column.too-many", 3, None)]
    assert found(file_bytes("a.json", rows, limits=Limits(json_bytes=9))) == [("file.too-large", None, None)]
    (one,) = file_bytes("a.json", '{"rows": [{"a": "净重"}]}'.encode("gbk")).problems
    assert (one.code, one.facts["offset"]) == ("file.encoding", 17)
