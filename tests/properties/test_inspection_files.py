"""Whatever bytes come as a table of an inspection, there are problems or rows, and never an exception."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.workbooks import workbook

from lodeline.filing.inspection.analysed import read_analysed, suspicion
from lodeline.filing.inspection.analytes import analyte_of, read_share
from lodeline.filing.inspection.columns import TABLES, TableName, columns
from lodeline.filing.inspection.measured import read_measured
from lodeline.filing.inspection.rows import read_rows
from lodeline.ledger.problem import Problem
from lodeline.ledger.register import Register
from lodeline.material.element import SYMBOLS
from lodeline.material.mass import MASS_LIMIT_MG

DAY = date(2025, 2, 10)
HEADS = sorted(
    {name for table in TABLES for name in columns(table)} | {"Nd_pct", "Dy (mg/kg)", "Nd2O3 %", "TREO", "Nd"}
)
CELLS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["1", "-1", "0", "1e40", "1e-40", "nan", "１２", "2025-02-10", "2025-02-30", "B-1", "B-1;B-2", "<0.01", "Nd=20",
         "Nd=20;Nd=21", "Nd=101", "oxide", "present", "absent", "shipped", "=1+1", "2025-02-10 25:00", "yes", "stock"]
    ),
)  # fmt: skip


def judged(table: TableName, name: str, content: bytes) -> tuple[Problem, ...]:
    rows = read_rows(table, [(name, content)])
    if table == "measurement":
        found = read_measured(rows, on=DAY, register=Register())
        for one in found.items:
            assert one.dry_mg is None or abs(one.dry_mg) <= MASS_LIMIT_MG
        return found.problems
    if table == "results":
        return read_analysed(rows, today=DAY, register=Register()).problems
    return rows.problems


@pytest.mark.parametrize("table", TABLES)
@given(ending=st.sampled_from(["csv", "json", "ndjson", "xlsx", "pdf"]), content=st.binary(max_size=300))
def test_any_bytes_give_problems_and_never_an_exception(table: TableName, ending: str, content: bytes) -> None:
    for one in judged(table, f"found.{ending}", content):
        assert one.message("en") and one.message("zh")


@pytest.mark.parametrize("table", TABLES)
@given(
    head=st.lists(st.one_of(st.sampled_from(HEADS), st.text(max_size=8)), min_size=1, max_size=12),
    rows=st.lists(st.lists(CELLS, max_size=12), max_size=4),
)
def test_any_cells_give_problems_with_their_places(table: TableName, head: list[str], rows: list[list[str]]) -> None:
    def quoted(cells: list[str]) -> str:
        return ",".join('"' + one.replace('"', '""') + '"' for one in cells)

    content = "\n".join([quoted(head), *map(quoted, rows)]).encode("utf-8", "replace")
    for one in judged(table, "found.csv", content):
        assert one.where.file == "found.csv" or one.code == "problems.more"
        assert one.message("en") and one.message("zh")


def test_a_workbook_that_is_hostile_is_refused() -> None:
    assert judged("results", "found.xlsx", workbook())


@given(header=st.text(max_size=20), text=st.text(max_size=20))
def test_any_head_and_figure(header: str, text: str) -> None:
    analyte = analyte_of(header) or analyte_of("Nd_pct")
    assert analyte is not None
    found = read_share(text, analyte)
    assert found.value is None or 0 <= int(str(found.value)) <= 1_005_000_000


SHARES = st.dictionaries(st.sampled_from(SYMBOLS), st.integers(0, 1_000_000_000), max_size=6)


@given(found=SHARES, stated=SHARES)
def test_suspicion_is_of_what_both_state(found: dict[str, int], stated: dict[str, int]) -> None:
    guess = suspicion(found, stated)
    assert guess is None or guess[1] in found.keys() & stated.keys()
    assert suspicion(stated, stated) is None
