"""What people write where a declaration has a strict form: read where it means one thing, shown, and else refused."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodeline.control import loose_cells
from lodeline.control.declaration import Line, read_fields
from lodeline.control.rulebook import LawDay
from lodeline.regulation.parameter import load
from lodeline.service.customs.desk import answer

GOODS = {"line": "1", "product_name": "NdFeB magnets", "hs_code": "8505111000", "on": "2025-12-01"}


def _line(**cells: str) -> Line:
    return read_fields(GOODS | cells).lines[0]


@pytest.mark.parametrize(
    ("column", "written", "strict"),
    [
        ("destination", "Germany", "DE"), ("destination", "德国", "DE"), ("destination", "south korea", "KR"),
        ("end_user_country", "United States of America", "US"), ("currency", "人民币", "CNY"),
        ("mass_kg", "1,200", "1200"), ("mass_kg", "1 200.5 kg", "1200.5"), ("mass_kg", "1.2 t", "1200"),
        ("mass_kg", "500 克", "0.5"), ("value", "1,234,567.89", "1234567.89"), ("models_in_lot", "1,200", "1200"),
    ],
)  # fmt: skip
def test_what_means_one_thing_is_read_and_said(column: str, written: str, strict: str) -> None:
    line, plain = _line(**{column: written}), _line(**{column: strict})
    assert line[column] == plain[column] is not None
    assert line.is_read
    (said,) = (one for one in line.problems if one.where.column == column)
    assert (said.code, said.severity, dict(said.facts)) == ("cell.read-as", "flag", {"value": written, "read": strict})
    assert line.cells[column] == written, "what was declared stays as it was written"


@pytest.mark.parametrize(
    ("written", "shares"),
    [
        ("Nd 25, Pr 6, Dy 4%", {"Nd": 25, "Pr": 6, "Dy": 4}), ("钕25 镨6 镝4%", {"Nd": 25, "Pr": 6, "Dy": 4}),
        ("25 % Nd, 6.5 % Pr", {"Nd": 25, "Pr": 6.5}), ("Nd 25,Fe balance", {"Nd": 25}), ("Nd 25 余量Fe", None),
        ("Nd 25, Dy 1,5 %", None), ("Nd 25-27", None), ("about 25 Nd", None), ("Nd 25, Nd 6", None),
        ("Xx 25", None), ("Nd 99, Pr 6", None), ("25Nd-6Pr", None),
    ],
)  # fmt: skip
def test_a_composition_in_words_of_a_table(written: str, shares: dict[str, float] | None) -> None:
    stated = _line(composition=written).composition
    found = None if stated is None else {symbol: share / 10_000_000 for symbol, share in stated.as_filed.items()}
    assert found == shares


@pytest.mark.parametrize(
    ("column", "written"),
    [
        ("destination", "Korea"), ("destination", "Congo"), ("destination", "Germani"), ("currency", "$"),
        ("mass_kg", "1,2"), ("mass_kg", "1.200,5"), ("mass_kg", "1,2 t"), ("mass_kg", "1,20,000"),
        ("mass_kg", "1,200 500"), ("mass_kg", "-1,200"), ("mass_kg", "5 lb"), ("value", "1,2"),
    ],
)  # fmt: skip
def test_what_may_mean_two_things_is_refused(column: str, written: str) -> None:
    line = _line(**{column: written})
    assert line[column] is None
    assert not line.is_read


def test_a_verdict_is_that_of_the_strict_form() -> None:
    strict = {"destination": "DE", "mass_kg": "1200", "composition": "Nd=25;Pr=6;Dy=4"}
    loose = {"destination": "Germany", "mass_kg": "1,200 kg", "composition": "Nd 25, Pr 6, Dy 4%"}
    given = [read_fields(GOODS | cells) for cells in (strict, loose)]
    found = [answer(one, LawDay.of(load("cn"), date(2025, 12, 1)))["lines"][0] for one in given]
    assert found[0]["verdict"] == found[1]["verdict"]
    assert [one["code"] for one in found[0]["reasons"]] == [one["code"] for one in found[1]["reasons"]]


@pytest.mark.parametrize("text", ["Nd" + " " * 100_000 + "x", "1," + "200," * 50_000, "9" * 100_000 + " kg"])
def test_a_long_cell_is_not_looked_into(text: str) -> None:
    assert all(read(text) is None for read in loose_cells.READERS.values())


@given(st.text(max_size=60))
def test_nothing_that_anybody_writes_breaks_a_reader(text: str) -> None:
    for read in loose_cells.READERS.values():
        found = read(text)
        assert found is None or found


@given(st.integers(min_value=1_000, max_value=10**9))
def test_groups_of_three_are_the_number(number: int) -> None:
    assert loose_cells.number(f"{number:,}") == str(number)
    assert loose_cells.kilograms(f"{number:,} kg") == str(number)
