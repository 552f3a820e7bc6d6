"""Tables of plants, stock, suppliers and scenarios: what is read, and each thing that may be wrong with a cell."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as some

from lodeline.errors import UserError
from lodeline.strategy.inputs.reading import LIMITS, Beside, ReadTable, read
from lodeline.strategy.inputs.tables import (
    EMPTY,
    KEYS,
    TABLES,
    Inputs,
    Table,
    basis_of_source,
    columns,
    filled,
    scenario_of,
    schema,
)

PLANTS = "plant,organisation,country,output_per_day,source\nP1,Nordwind,DE,100,report\nP2,Isar,DE,50,report\n"
BILL = "plant,class,kg_per_unit,source\nP1,magnet-ndfeb+heavy,2,teardown\n"
SCENARIOS = "scenario,name_en,starts\ndy-licence,Licences,2025-10-01\n"


def told(table: Table, text: str, inputs: Inputs = EMPTY, **beside: Any) -> ReadTable:
    return read(table, text.encode(), f"{table}.csv", beside=Beside(inputs=inputs, **beside))


def having(**texts: str) -> Inputs:
    inputs = EMPTY
    for table in TABLES:
        if table in texts:
            one = told(table, texts[table], inputs)
            assert one.accepted, one.problems
            inputs = inputs.having(table, one.frame, digest="0", entry=1)
    return inputs


def found(one: ReadTable) -> list[tuple[str, int | None, str | None]]:
    return [(each.code, each.where.row, each.where.column) for each in one.problems]


def test_the_columns_of_the_templates_are_read_with_their_examples() -> None:
    inputs = EMPTY
    for table in TABLES:
        header = [one.name for one in columns(table).values()]
        cells = [one.example for one in columns(table).values()]
        for alone, cell in (("share_pct", "100"), ("cap_kg", "")):
            if alone in header:
                cells[header.index(alone)] = cell
        text = "\n".join(",".join(map(_quoted, row)) for row in (header, cells))
        one = read(None, text.encode(), f"{table}.csv", beside=Beside(inputs=inputs))
        assert one.table == table, "the header says which table it is"
        assert one.accepted, one.problems
        inputs = inputs.having(table, one.frame)
    licence = scenario_of(inputs, "dy-licence").instruments[0]
    assert (licence.kind, licence.elements, licence.approval, licence.low) == ("licence", ("Dy", "Tb"), 0.6, 30)


def test_chinese_headers_and_full_width_figures_are_read() -> None:
    text = "工厂,最终用户,国家,日产量,来源\nP1,北风,DEU,１２．５,年报\n"
    one = told("plants", text)
    assert one.accepted
    assert one.frame.select("country", "output_per_day").row(0) == ("DE", 12.5)


def test_empty_cells_have_their_labelled_defaults() -> None:
    inputs = having(plants=PLANTS, bill=BILL, scenarios=SCENARIOS)
    assert inputs.plants["stop_below_pct"].to_list() == [None, None], "what nobody filed stays empty in what was read"
    assert filled(inputs, "plants")["stop_below_pct"].to_list() == [50, 50]
    scenario = scenario_of(inputs, "dy-licence")
    assert (scenario.horizon_days, scenario.rule, scenario.draws, scenario.name_zh) == (
        180, "proportional", 200, "Licences",
    )  # fmt: skip
    assert scenario.starts == date(2025, 10, 1)


def test_a_scenario_that_does_not_exist_is_told_with_those_that_do() -> None:
    with pytest.raises(UserError, match="dy-licence"):
        scenario_of(having(scenarios=SCENARIOS), "dy-licenses")


@pytest.mark.parametrize(
    ("table", "row", "problem"),
    [
        ("plants", {"country": "XX"}, ("strategy.country-unknown", "country")),
        ("plants", {"country": ""}, ("strategy.cell-missing", "country")),
        ("plants", {"output_per_day": "12 units"}, ("number.invalid", "output_per_day")),
        ("plants", {"output_per_day": "NaN"}, ("number.not-finite", "output_per_day")),
        ("plants", {"output_per_day": "1e999"}, ("number.not-finite", "output_per_day")),
        ("plants", {"output_per_day": "-1"}, ("number.out-of-range", "output_per_day")),
        ("plants", {"output_per_day": "1,200"}, ("number.grouped", "output_per_day")),
        ("plants", {"stop_below_pct": "120"}, ("number.out-of-range", "stop_below_pct")),
        ("plants", {"valid_from": "2025-02-30"}, ("date.invalid", "valid_from")),
        ("plants", {"valid_from": "2025-03-01", "valid_to": "2025-02-01"}, ("validity.reversed", "valid_to")),
        ("plants", {"loss_per_day": "5"}, ("strategy.cell-missing", "currency")),
        ("plants", {"currency": "euro"}, ("currency.malformed", "currency")),
        ("plants", {"source": "x" * 501}, ("cell.too-long", "source")),
        ("bill", {"class": "magnet"}, ("strategy.class-unknown", "class")),
        ("bill", {"class": "oxide+heavy"}, ("strategy.class-unknown", "class")),
        ("bill", {"plant": "P9"}, ("strategy.plant-unknown", "plant")),
        ("bill", {"essential": "perhaps"}, ("choice.unknown", "essential")),
        ("cover", {"stock_days": "40", "low_days": "50"}, ("strategy.range-reversed", "low_days")),
        ("cover", {"transit_days": "1.5"}, ("number.too-precise", "transit_days")),
        ("suppliers", {"share_pct": "90"}, ("strategy.shares-not-100", "share_pct")),
        ("suppliers", {"capacity_kg_per_month": "1000"}, ("strategy.capacity-below-use", "capacity_kg_per_month")),
        ("scenarios", {"scenario": "a b"}, ("id.malformed", "scenario")),
        ("scenarios", {"base_from": "2025-13"}, ("period.malformed", "base_from")),
        ("scenarios", {"base_from": "2025-03", "base_to": "2025-01"}, ("validity.reversed", "base_to")),
        ("scenarios", {"base_from": "2025-03"}, ("strategy.cell-missing", "base_to")),
        ("scenarios", {"draws": "5001"}, ("number.out-of-range", "draws")),
        ("scenarios", {"horizon_days": "3661"}, ("number.out-of-range", "horizon_days")),
        ("scenarios", {"rule": "fair"}, ("choice.unknown", "rule")),
        ("instruments", {"scenario": "other"}, ("strategy.scenario-unknown", "scenario")),
        ("instruments", {"kind": "tariff"}, ("choice.unknown", "kind")),
        ("instruments", {"elements": "Dy;Dx"}, ("strategy.element-unknown", "elements")),
        ("instruments", {"to_country": "DE;EUR"}, ("strategy.country-unknown", "to_country")),
        ("instruments", {"class": "magnet-ndfeb;magnets"}, ("strategy.class-unknown", "class")),
        ("instruments", {"hs_code": "85"}, ("strategy.hs-code", "hs_code")),
        ("instruments", {"approval_pct": "101"}, ("number.out-of-range", "approval_pct")),
        ("instruments", {"to": "2025-09-01"}, ("validity.reversed", "to")),
        ("instruments", {"from": ""}, ("strategy.cell-missing", "from")),
        ("instruments", {"kind": "ban"}, ("strategy.instrument-incomplete", "to_country")),
        ("instruments", {"kind": "refuse"}, ("strategy.instrument-incomplete", "end_user")),
        ("instruments", {"kind": "quota"}, ("strategy.instrument-incomplete", "cap_kg")),
        ("instruments", {"cap_kg": "5", "cap_pct": "5"}, ("strategy.instruments-contradict", "cap_pct")),
        ("instruments", {"kind": "law", "id": "no-such-law"}, ("strategy.law-unknown", "id")),
    ],
)  # fmt: skip
def test_each_problem_is_told_at_its_cell(table: Table, row: dict[str, str], problem: tuple[str, str]) -> None:
    inputs = having(plants=PLANTS, bill=BILL, scenarios=SCENARIOS)
    usual: dict[Table, dict[str, str]] = {
        "plants": {"plant": "P1", "organisation": "Nordwind", "country": "DE", "source": "s"},
        "bill": {"plant": "P1", "class": "magnet-ndfeb+heavy", "kg_per_unit": "2", "source": "s"},
        "cover": {"plant": "P1", "class": "magnet-ndfeb+heavy", "stock_days": "45", "source": "s"},
        "suppliers": {"plant": "P1", "class": "magnet-ndfeb+heavy", "supplier": "M", "share_pct": "100", "source": "s"},
        "scenarios": {"scenario": "s", "name_en": "S", "starts": "2025-10-01"},
        "instruments": {"scenario": "dy-licence", "id": "i", "kind": "licence", "from": "2025-10-01"},
    }
    code, column = problem
    if column == "plant" and table == "bill":
        usual["bill"]["class"] = "block"
    cells = {**usual[table], **row}
    one = told(table, f"{','.join(cells)}\n{','.join(_quoted(cell) for cell in cells.values())}\n", inputs, laws=())
    at = [(each.code, each.where.row, each.where.column) for each in one.problems if each.code == code]
    assert (code, 2, column) in at, one.problems
    assert one.accepted == (code == "strategy.capacity-below-use")


def _quoted(cell: str) -> str:
    return f'"{cell}"'


@pytest.mark.parametrize(
    ("first", "second", "refused"),
    [
        ("loosen,2025-10-01,2025-12-31,DE,", "ban,2025-12-31,,DE,", True),
        ("loosen,2025-10-01,2025-12-30,DE,", "ban,2025-12-31,,DE,", False),
        ("loosen,2025-10-01,,FR,", "ban,2025-10-01,,DE,", False),
        ("refuse,2025-10-01,,,Isar", "refuse,2025-11-01,,,Isar", True),
        ("refuse,2025-10-01,,,Isar", "refuse,2025-11-01,,,Nordwind", False),
        ("licence,2025-10-01,,DE,", "loosen,2026-01-01,,DE,", False),
    ],
)
def test_instruments_of_one_scope_and_day_may_not_contradict(first: str, second: str, refused: bool) -> None:
    text = f"scenario,id,kind,from,to,to_country,end_user\ndy-licence,a,{first}\ndy-licence,b,{second}\n"
    one = told("instruments", text, having(scenarios=SCENARIOS))
    assert [each[:2] for each in found(one)] == [("strategy.instruments-contradict", 3)] * refused


@pytest.mark.parametrize("table", TABLES)
def test_a_row_that_is_identified_as_another_is_told(table: Table) -> None:
    inputs = having(plants=PLANTS, bill=BILL, scenarios=SCENARIOS)
    texts = {
        "plants": PLANTS + "P1,Nordwind,FR,1,report\n",
        "bill": BILL + "P1,magnet-ndfeb+heavy,3,other\n",
        "cover": "plant,class,stock_days,source\n" + "P1,block,3,s\n" * 2,
        "suppliers": "plant,class,supplier,share_pct,source\n" + "P1,block,M,50,s\n" * 2,
        "scenarios": SCENARIOS + "dy-licence,Again,2026-01-01\n",
        "instruments": "scenario,id,kind,from\n" + "dy-licence,i,licence,2025-10-01\ndy-licence,i,list,2025-10-01\n",
    }
    one = told(table, texts[table], inputs)
    assert "strategy.row-twice" in {each.code for each in one.problems}
    assert not one.accepted


def test_shares_may_miss_a_hundred_by_what_rounding_does() -> None:
    inputs = having(plants=PLANTS)
    rows = "plant,class,supplier,share_pct,source\nP1,block,A,33.3,s\nP1,block,B,33.3,s\nP1,block,C,33.3,s\n"
    assert told("suppliers", rows, inputs).accepted
    assert told("suppliers", rows + "P1,block,D,0,stands by\nP1,powder,E,,nobody knows\n", inputs).accepted


def test_all_problems_of_a_file_come_at_once() -> None:
    text = "plant,organisation,country,output_per_day,colour,source\nP1,,XX,-1,red,s\nP2,B,DE,1,blue,s\nP2,B,DE,1,,s\n"
    codes = {code for code, _, _ in found(told("plants", text))}
    assert codes == {
        "strategy.column-unknown", "strategy.cell-missing", "strategy.country-unknown", "number.out-of-range",
    }  # fmt: skip
    sound = text.replace(",colour", "").replace(",red", "").replace(",blue", "").replace("1,,s", "1,s")
    assert ("strategy.row-twice", 4, "plant") in found(told("plants", sound)), "rows are judged beside a faulty one"


def test_what_other_tables_still_name_is_flagged() -> None:
    inputs = having(plants=PLANTS, bill=BILL)
    one = told("plants", PLANTS.replace("P1", "P7"), inputs)
    assert one.accepted
    assert found(one) == [("strategy.named-elsewhere", None, "plant")]


def test_a_class_that_no_filing_has_is_flagged_once_somebody_looked() -> None:
    inputs = having(plants=PLANTS)
    assert found(told("bill", BILL, inputs, products={"magnet-ndfeb"})) == []
    assert found(told("bill", BILL, inputs, products={"oxide:Dy"})) == [("strategy.class-not-filed", 2, "class")]
    of_kind = "plant,class,kg_per_unit,source\nP1,oxide,2,s\n"
    assert found(told("bill", of_kind, inputs, products={"oxide:Dy"})) == []


def test_a_header_of_no_table_and_a_file_too_large_are_told() -> None:
    assert found(read(None, b"a,b\n1,2\n", "x.csv")) == [("strategy.table-unknown", 1, None)]
    assert read(None, b"x" * (LIMITS.file_bytes + 1), "x.csv").problems[0].code == "file.too-large"
    rows = b"plant,class,stock_days,source\n" + b"P1,block,3,s\n" * (LIMITS.rows + 1)
    assert {one.code for one in read("cover", rows, "cover.csv").problems} >= {"file.too-many-rows"}


def test_a_scenario_has_no_more_instruments_than_can_be_laid_over_a_run() -> None:
    inputs = having(scenarios=SCENARIOS)
    rows = [f"dy-licence,i{n},refuse,2025-10-01,User {n}\n" for n in range(101)]
    head = "scenario,id,kind,from,end_user\n"
    assert told("instruments", head + "".join(rows[:100]), inputs).accepted
    assert found(told("instruments", head + "".join(rows), inputs)) == [
        ("strategy.instruments-too-many", 102, "scenario"),
    ]  # fmt: skip
    assert (
        found(told("scenarios", "scenario,name_en,starts\n" + "s,S,2025-10-01\n" * 1001))[0][0] == "file.too-many-rows"
    )


def test_many_problems_of_one_kind_are_counted() -> None:
    text = "plant,organisation,country,source\n" + "".join(f"P{n},O,XX,s\n" for n in range(1_500))
    problems = told("plants", text).problems
    assert len(problems) == 1_001
    assert (problems[-1].code, problems[-1].facts["count"]) == ("problems.more", 500)


def test_a_source_that_says_synthetic_is_of_an_invented_world() -> None:
    assert basis_of_source("synthetic: world seed 7") == "synthetic"
    assert basis_of_source("annual report 2025") == "assumption"


def test_every_column_is_documented_as_it_is() -> None:
    page = (Path(__file__).parents[3] / "docs/reference/strategy-tables.md").read_text("utf-8")
    for table in TABLES:
        for one in columns(table).values():
            meaning = f"{one.meaning['en']}<br>{one.meaning['zh']}"
            needed = "yes" if one.required else ""
            example = f"`{one.example}`" if one.example else ""
            row = f"| `{one.name}` | {one.names_zh[0]} | {needed} | {meaning} | {example} |"
            assert row in page, (table, one.name)


def test_the_columns_as_data_are_those_of_the_tables() -> None:
    with (Path(__file__).parents[3] / "src/lodeline/data/reference/strategy_columns.csv").open(
        encoding="utf-8"
    ) as file:
        rows = list(csv.DictReader(file))
    assert {row["table"] for row in rows} == set(TABLES)
    for table in TABLES:
        assert set(KEYS[table]) <= {name for name, one in columns(table).items() if one.required}


ODD = some.sampled_from(
    ["", " ", "P1", "1e400", "-0", "NaN", "∞", "１２", "2025-02-30", "45931", "Dy;;Tb", ";", "magnet-ndfeb+heavy", ":",
     "oxide:", "+heavy", "=1+1", "\x00", "\u202e", "a\nb", '"', "9" * 80, "DE", "yes", "law", "ban", "0001-01-01"]
)  # fmt: skip


@pytest.mark.medium
@given(some.sampled_from(TABLES), some.data())
def test_whatever_stands_in_the_cells_is_read_or_told(table: Table, data: some.DataObject) -> None:
    names = list(columns(table))
    cell = ODD | some.text(some.characters(exclude_categories=["Cs"]), max_size=8)
    rows = data.draw(some.lists(some.lists(cell, min_size=len(names), max_size=len(names)), max_size=4))
    file = io.StringIO()
    csv.writer(file).writerows([names, *rows])
    one = told(table, file.getvalue(), having(plants=PLANTS, scenarios=SCENARIOS), products={"ore"}, laws={"x"})
    for problem in one.problems:
        assert problem.message("en") and problem.message("zh") and "…" not in problem.text("en")[:3]
    if one.accepted:
        assert dict(one.frame.schema) == dict(schema(table))
        numbers = one.frame.select(pl.col(pl.Float64).is_finite().all()).row(0) if one.frame.height else ()
        assert all(found is not False for found in numbers)
