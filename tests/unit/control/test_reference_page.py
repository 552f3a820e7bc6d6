"""The pages on declarations say what the program does."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from lodeline.control.declaration import columns
from lodeline.control.reason import vocabulary
from lodeline.control.rulebook import LawDay
from lodeline.regulation.parameter import load
from lodeline.service.customs.desk import declare

DOCS = Path(__file__).parents[3] / "docs"


def rows(first_header: str) -> dict[str, list[str]]:
    """The rows below a table header of the reference page, by the code in their first cell."""
    found: dict[str, list[str]] = {}
    inside = False
    for line in (DOCS / "reference/declare.md").read_text("utf-8").splitlines():
        inside = line.startswith(f"| {first_header} |") or (inside and line.startswith("|"))
        if inside and line.startswith("| `"):
            code, *cells = [cell.strip() for cell in line[1:-1].split(" | ")]
            found[code.strip("`")] = cells
    return found


def test_every_column_is_documented_as_it_is() -> None:
    documented = rows("column")
    assert list(documented) == list(columns())
    for name, column in columns().items():
        meaning = f"{column.description['en']}<br>{column.description['zh']}"
        needed = "yes" if column.required else ""
        assert documented[name][:3] == [" · ".join(column.names_zh), needed, meaning]


def test_every_reason_is_documented_as_it_is() -> None:
    documented = rows("code")
    assert list(documented) == list(vocabulary())
    for code, entry in vocabulary().items():
        texts = [f"{both['en']}<br>{both['zh']}" for both in (entry.text, entry.settle)]
        assert documented[code] == [entry.verdict, texts[0], texts[1].removeprefix("<br>")]


def test_the_consignment_of_the_guide_gets_the_verdicts_that_it_tells() -> None:
    guide = (DOCS / "howto/declare.md").read_text("utf-8")
    content = guide.partition("```csv consignment.csv\n")[2].partition("```")[0].encode()
    document = declare(content, LawDay.of(load("cn"), date(2026, 11, 24)), name="consignment.csv")
    assert [line["verdict"] for line in document["lines"]] == ["release", "query", "hold"]
    asked = {reason["code"] for reason in document["lines"][1]["reasons"] if reason["verdict"] == "query"}
    assert asked == {"models.many", "grade.suggests-heavy"}


def test_the_bounds_on_the_page_are_those_of_the_pack() -> None:
    page = (DOCS / "reference/declare.md").read_text("utf-8")
    bounds = load("cn").parameters["desk-bounds"].values[-1].value
    assert f"below {bounds['value_ratio']['low']} or above {bounds['value_ratio']['high']} times" in page
    assert f"below {bounds['impurity_pct']} %" in page
