"""The pages that filers read say what the program does."""

from __future__ import annotations

from pathlib import Path

import pytest

from lodeline.filing.check import check
from lodeline.filing.columns.guide import guides
from lodeline.filing.formats import Limits
from lodeline.filing.schema import COLUMNS
from lodeline.filing.table import read
from lodeline.ledger.problem import CATALOGUE

DOCS = Path(__file__).parents[3] / "docs"


def table_of(page: str, first_header: str) -> dict[str, list[str]]:
    """The rows below a table header of a page, by the code in their first cell."""
    rows: dict[str, list[str]] = {}
    inside = False
    for line in (DOCS / page).read_text("utf-8").splitlines():
        inside = line.startswith(f"| {first_header} |") or (inside and line.startswith("|"))
        if inside and line.startswith("| `"):
            code, *cells = [cell.strip().replace("\\|", "|") for cell in line[2:-2].split(" | ")]
            rows[code.strip("`")] = cells
    return rows


def test_every_problem_is_documented_as_it_is() -> None:
    rows = table_of("reference/problems.md", "code")
    assert rows.keys() == CATALOGUE.keys()
    for code, entry in CATALOGUE.items():
        texts = [f"{both['en']}<br>{both['zh']}" for both in (entry.text, entry.cure)]
        assert rows[code] == [entry.severity, texts[0], entry.example, texts[1]], code


def test_every_column_is_documented_as_it_is() -> None:
    rows = table_of("reference/filing-format.md", "column")
    assert list(rows) == [column.name for column in COLUMNS]
    for column in COLUMNS:
        guide = guides()[column.name]
        meaning = f"{guide.description_en}<br>{guide.description_zh}"
        assert rows[column.name] == [column.name_zh, guide.required_for, meaning, f"`{guide.example}`"], column.name


@pytest.mark.parametrize("limit", ["5 000 000", "400", "1000 parts", "200 times", "32 767"])
def test_the_limits_on_the_page_are_those_of_the_program(limit: str) -> None:
    numbers = {f"{value:,}".replace(",", " ") for value in (Limits().rows, Limits().columns, Limits().cell_characters)}
    numbers |= {f"{Limits().members} parts", f"{Limits().unpacked_ratio} times"}
    assert limit in numbers
    assert limit in (DOCS / "reference/filing-format.md").read_text("utf-8")


def test_the_month_in_the_guide_can_be_filed(tmp_path: Path) -> None:
    text = (DOCS / "howto/file-a-month.md").read_text("utf-8")
    path = tmp_path / "june.csv"
    path.write_text(text.partition("```csv\n")[2].partition("```")[0], "utf-8")
    checked = check(read([path]), organisation="ACME", period="2025-06")
    assert checked.problems == ()
    assert checked.rows.height == 7
