"""The good events can be filed now: whole events, which stand without those that are held back."""

from __future__ import annotations

import csv
import io
from functools import partial

import pytest

from lodeline.filing.check import Checked, check
from lodeline.filing.division import divide, events, good_events, other_months, settle
from lodeline.filing.table import Table, read_bytes
from lodeline.ledger.problem import Where, problem

Row = dict[str, str]
Rows = dict[str, Row]
judge = partial(check, organisation="ACME", period="2025-06")


def table_of(*rows: Row) -> Table:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)), restval="")
    writer.writeheader()
    writer.writerows(rows)
    return read_bytes([("june.csv", text.getvalue().encode())])


def test_an_event_with_one_bad_row_is_held_back_whole(right: Rows) -> None:
    table = table_of(right["origin"], right["in"], right["out"] | {"mass_kg": "twelve"}, right["receipt"])
    assert good_events(table, judge(table).problems) == ({"O-1", "R-1"}, {"T-1"})
    found = settle(table, judge)
    assert (set(found.good_events), set(found.rest_events)) == ({"O-1", "R-1"}, {"T-1"})
    assert found.rest.frame["row"].to_list() == [3, 4]
    assert judge(found.good).problems == ()


def test_what_draws_on_a_lot_of_a_held_event_is_held_too_and_a_count_is_not(right: Rows) -> None:
    out = right["out"] | {"event": "T-2", "lot": "X"}
    table = table_of(
        right["origin"] | {"mass_kg": "-1"}, right["in"], right["out"],
        right["in"] | {"event": "T-2", "lot": "OX-1"}, out, right["shipment"] | {"lot": "ACME/X"},
        right["stock"], right["receipt"],
    )  # fmt: skip
    found = settle(table, judge)
    assert found.rest_events == {"O-1", "T-1", "T-2", "S-1"}
    assert found.good_events == {"C-1", "R-1"}


def test_the_ledger_is_asked_only_of_what_it_can_judge_and_its_doubts_hold_back(right: Rows) -> None:
    asked: list[int] = []

    def ledger(checked: Checked) -> list[object]:
        assert not checked.rejects
        asked.append(checked.rows.height)
        doubted = checked.rows.filter(event="S-1")
        return [problem("lot.unknown", Where(file="june.csv", row=row)) for row in doubted["row"]]

    table = table_of(right["origin"], right["shipment"], right["loss"] | {"mass_kg": "x"})
    found = settle(table, judge, ledger)  # type: ignore[arg-type]
    assert found.good_events == {"O-1"}
    assert asked == [2, 1]


def test_a_problem_of_the_whole_file_leaves_nothing_good(right: Rows) -> None:
    table = table_of({"lot": "ORE-1", "批次": "ORE-1"} | right["origin"])
    assert good_events(table, judge(table).problems) == (set(), {"O-1"})
    found = settle(table, judge)
    assert (found.good.frame.height, found.rest.frame.height, set(found.rest_events)) == (0, 1, {"O-1"})


def test_a_column_that_the_file_lacks_holds_back_only_the_rows_that_need_it(right: Rows) -> None:
    loss = {name: text for name, text in right["loss"].items() if name != "reason"}
    table = table_of(right["origin"], loss)
    assert [found.code for found in judge(table).problems] == ["column.missing"]
    found = settle(table, judge)
    assert found.good_events == {"O-1"}
    assert found.good.frame.columns == table.frame.columns
    assert judge(found.good).problems == ()


def test_rows_without_a_reference_are_never_filed_and_never_lost(right: Rows) -> None:
    table = table_of(right["origin"], right["shipment"] | {"event": " "})
    found = settle(table, judge)
    assert (found.good.frame.height, found.rest.frame["row"].to_list()) == (1, [3])


def test_problems_beyond_those_listed_are_found_too(right: Rows) -> None:
    bad = [right["origin"] | {"event": f"B-{i}", "lot": f"B-{i}", "mass_kg": "-1"} for i in range(1200)]
    worse = [right["origin"] | {"event": f"W-{i}", "lot": f"W-{i}", "site": ""} for i in range(1200)]
    table = table_of(*bad, right["origin"], *worse)
    found = settle(table, judge)
    assert found.good_events == {"O-1"}
    assert len(found.rest_events) == 2400


def test_events_wholly_of_another_month_are_offered_as_its_filing(right: Rows) -> None:
    table = table_of(
        right["origin"], right["shipment"] | {"event": "MAY", "on": "2025-05-31"},
        right["in"] | {"event": "BOTH"}, right["out"] | {"event": "BOTH", "on": "2025-05-02"},
        right["in"] | {"event": "HALF", "on": "2025-05-02"}, right["out"] | {"event": "HALF", "on": "?"},
        right["loss"] | {"event": "JULY", "on": "2025-07-01"},
    )  # fmt: skip
    found = other_months(judge(table).rows, "2025-06")
    assert found == {"2025-05": {"MAY"}, "2025-07": {"JULY"}}
    may, rest = divide(table, found["2025-05"])
    assert judge(may, period="2025-05").problems == ()
    assert rest.frame.height == 6


def test_references_are_compared_as_the_check_reads_them(right: Rows) -> None:
    table = table_of(right["origin"] | {"event": " O-1 "}, right["shipment"] | {"event": "E\u0301"})
    assert events(table)["event"].to_list() == ["O-1", "\u00c9"]
    assert divide(table, {"O-1", "\u00c9"})[0].frame.height == 2


@pytest.mark.parametrize(("merged", "good"), [("E2:E3", {"S-2"}), ("E3:E4", {"O-1"})])
def test_every_row_of_a_merged_range_is_held_back(right: Rows, merged: str, good: set[str]) -> None:
    table = table_of(right["origin"], right["shipment"], right["shipment"] | {"event": "S-2"})
    found = problem("cell.merged", Where(file="june.csv", row=int(merged[1])), cells=merged)
    assert good_events(table, [found])[0] == good
