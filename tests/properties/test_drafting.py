"""What must hold of every filing in the making: nothing is lost, cut in two, or read otherwise than it was written."""

from __future__ import annotations

import csv
import io
from functools import partial

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodeline.filing.check import check
from lodeline.filing.comparison import as_correction, compare
from lodeline.filing.division import events, settle
from lodeline.filing.edits import Addition, Changes, Edit, Removal, apply
from lodeline.filing.schema import CELLS
from lodeline.filing.table import Table, blank, read_bytes
from lodeline.filing.written import composition_text, kg_text, percent_text, table_csv, written
from lodeline.material.composition import format_composition, parse_composition
from lodeline.material.element import STATED_SYMBOLS
from lodeline.material.mass import MASS_LIMIT_MG, PPB, PPB_PER_PERCENT, format_kg

pytestmark = pytest.mark.medium

Row = dict[str, str]
judge = partial(check, organisation="ACME", period="2025-06")

#: Few events and few lots, so that they meet; cells that are mostly right.
LOTS = st.sampled_from(["A", "B", "C", "ACME/A", "MINE/1"])
ROWS: st.SearchStrategy[Row] = st.fixed_dictionaries(
    {
        "event": st.sampled_from(["E1", "E2", "E3", " E1", "E4", ""]),
        "kind": st.sampled_from(["origin", "transformation", "transformation", "shipment", "receipt", "stock", "sale"]),
        "on": st.sampled_from(["2025-06-05", "2025-06-05", "2025-06-05", "2025-05-31", "soon"]),
        "site": st.sampled_from(["PLANT", "PLANT", "PLANT", "OTHER", ""]),
        "role": st.sampled_from(["in", "out", "waste"]),
        "lot": LOTS,
        "product": st.just("concentrate"),
        "mass_kg": st.sampled_from(["1", "2.5", "0.000001", "1,5", "-1"]),
        "composition": st.sampled_from(["TREO=60", "Nd=30;Fe=69", "Nd=60;Fe=60", ""]),
        "origin_kind": st.just("secondary"),
        "counterparty_name": st.sampled_from(["Beta", "Beta", ""]),
    }
)


def table_of(rows: list[Row]) -> Table:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return read_bytes([("june.csv", text.getvalue().encode())])


@given(st.lists(ROWS, min_size=1, max_size=12))
def test_the_good_part_checks_clean_and_nothing_is_lost_or_cut_in_two(rows: list[Row]) -> None:
    table = table_of(rows)
    found = settle(table, judge)
    good, rest = events(found.good), events(found.rest)
    assert [one.code for one in judge(found.good).problems if one.severity != "flag"] == []
    assert pl.concat([good, rest]).sort("row").equals(events(table))
    assert found.good_events == set(good["event"])
    assert found.good_events.isdisjoint(set(rest["event"]))
    assert found.rest_events == set(rest["event"].drop_nulls())
    # What draws on a lot that the rest makes has stayed with the rest.
    of_rest = judge(found.rest).rows.filter(
        (pl.col("kind") == "origin") | (pl.col("kind") == "transformation") & (pl.col("role") != "in")
    )
    made = {str(lot).removeprefix("ACME/") for lot in of_rest.filter(pl.col("event").is_not_null())["lot"]}
    drawn = judge(found.good).rows.filter(
        (pl.col("kind") == "shipment") | (pl.col("kind") == "transformation") & (pl.col("role") == "in")
    )
    made_by_good = judge(found.good).rows.filter(
        (pl.col("kind") == "origin") | (pl.col("kind") == "transformation") & (pl.col("role") != "in")
    )["lot"]
    own = {str(lot).removeprefix("ACME/") for lot in made_by_good}
    assert ({str(lot).removeprefix("ACME/") for lot in drawn["lot"]} & made) <= own


@given(st.lists(ROWS, min_size=1, max_size=6), st.data())
def test_changes_touch_the_cells_that_they_name_and_no_other(rows: list[Row], data: st.DataObject) -> None:
    table = table_of(rows)
    names = [name for name in table.frame.columns if name not in ("source", "row")]
    edits = data.draw(
        st.lists(
            st.builds(
                Edit, source=st.just(0), row=st.integers(1, 9), column=st.sampled_from([*names, "note"]),
                text=st.none() | st.sampled_from(["x", "12", " "]),
            ),
            max_size=6,
        )
    )  # fmt: skip
    removals = data.draw(st.lists(st.builds(Removal, source=st.just(0), row=st.integers(1, 9)), max_size=2))
    additions = [Addition(row=place + 2, cells=row) for place, row in enumerate(data.draw(st.lists(ROWS, max_size=2)))]
    changes = Changes(edits=tuple(edits), removals=tuple(removals), additions=tuple(additions))
    expected = {(row.pop("source"), row.pop("row")): row for row in table.frame.iter_rows(named=True)}
    expected |= {(1, one.row): dict(one.cells) for one in additions}
    for edit in edits:
        if (0, edit.row) in expected:
            expected[0, edit.row][edit.column] = edit.text
    for removal in removals:
        expected.pop((0, removal.row), None)
    found = apply(table, Changes.from_json(changes.as_json()))
    filled = {
        (row.pop("source"), row.pop("row")): {name: text for name, text in row.items() if text}
        for row in found.frame.iter_rows(named=True)
    }
    wanted = {
        address: {name: text for name, text in row.items() if text and text.strip()}
        for address, row in expected.items()
    }
    assert filled == {address: row for address, row in wanted.items() if row}


@given(st.lists(ROWS, min_size=1, max_size=10), st.lists(ROWS, min_size=1, max_size=10))
def test_a_correction_applied_to_what_stands_gives_what_was_filed_again(before: list[Row], after: list[Row]) -> None:
    stands, new = judge(table_of(before)).rows, judge(table_of(after)).rows
    stands = stands.filter(pl.col("event").is_not_null())
    comparison = compare(new, stands)
    missing = comparison.of("missing")
    correction = judge(as_correction(comparison, table_of(after), void=missing), correcting=True).rows
    restated = set(correction["event"])
    result = pl.concat(
        [
            stands.filter(~pl.col("event").is_in(list(restated))),
            correction.filter(pl.col("kind").ne_missing(pl.lit("void"))),
        ]
    )
    named = new.filter(pl.col("event").is_not_null())
    assert sorted(map(repr, result.select(*CELLS).rows())) == sorted(map(repr, named.select(*CELLS).rows()))
    changed = set(comparison.differences["event"])
    assert changed == set(comparison.of("changed"))


@given(st.integers(-MASS_LIMIT_MG, MASS_LIMIT_MG), st.integers(0, PPB))
def test_numbers_are_written_as_they_are_read(mass_mg: int, share_ppb: int) -> None:
    text = pl.select(kg=kg_text(pl.lit(mass_mg, pl.Int64())), pct=percent_text(pl.lit(share_ppb, pl.Int64())))
    assert text["kg"].item() == format_kg(mass_mg)
    assert round(float(text["pct"].item()) * PPB_PER_PERCENT) == share_ppb


@given(st.dictionaries(st.sampled_from(STATED_SYMBOLS), st.integers(0, PPB // 10), min_size=1, max_size=10))
def test_compositions_are_written_as_they_are_read(shares: dict[str, int]) -> None:
    text = pl.select(composition_text(pl.lit(format_composition(shares)))).item()
    assert parse_composition(text) == shares


@given(st.lists(ROWS, min_size=1, max_size=8))
def test_typed_rows_are_written_so_that_they_read_as_the_same_cells(rows: list[Row]) -> None:
    good = settle(table_of(rows), judge).good
    checked = judge(good)
    again = judge(read_bytes([("again.csv", table_csv(written(checked.rows)))]))
    assert again.rows.select(*CELLS).equals(checked.rows.select(*CELLS))
    typed_in = apply(
        blank(),
        Changes(
            additions=tuple(
                Addition(row=place + 2, cells=row)
                for place, row in enumerate(written(checked.rows).iter_rows(named=True))
            )
        ),
    )
    assert judge(typed_in).rows.select(*CELLS).equals(checked.rows.select(*CELLS))
