"""When a month is late is asked in one place, which knows what has been extended."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import lodeline
from lodeline.ledger.extension import both_passed, due
from lodeline.ledger.register import TABLES, Register
from lodeline.regulation.parameter import load

LAW = load("cn")
SOURCE = Path(str(lodeline.__file__)).parent
#: Who asks the law and not the door, and why.
PAST_THE_DOOR = {
    "ledger/extension.py": "it is the door",
    "office/filing/extensions.py": "an extension is measured by the law's day",
    "office/filing/submitting.py": "whether there is a law, and not which day",
    "web/pages/register/filed.py": "shows the law's day, and beside it what has been extended",
    "service/law/checking.py": "whether a pack can be asked at all",
}
USUAL, LONGER = datetime(2026, 2, 9, 16, tzinfo=UTC), datetime(2026, 2, 13, 16, tzinfo=UTC)


def register(*granted: dict[str, Any]) -> Register:
    """MAG has a site in Zhejiang; extensions of January 2026 until 13 February."""
    usual: dict[str, Any] = {
        "period": "2026-01",
        "region": None,
        "organisations": [],
        "until": date(2026, 2, 13),
        "reason": "outage",
    }
    rows = [{**usual, "id": str(number), **one} for number, one in enumerate(granted)]
    sites = [{"id": "MAG-A", "organisation": "MAG", "region": "CN-ZJ"}]
    tables = {
        "extensions": pl.DataFrame(rows, schema=TABLES["extensions"]),
        "sites": pl.DataFrame(sites, schema=TABLES["sites"]),
    }
    return Register(tables={**Register().tables, **tables})


@pytest.mark.parametrize(
    ("granted", "longer"),
    [
        ({}, {"MAG", "SEP", None}),
        ({"region": "CN-ZJ"}, {"MAG"}),
        ({"organisations": ["SEP"]}, {"SEP"}),
        ({"until": date(2026, 2, 1)}, set()),
        ({"period": "2025-12"}, set()),
    ],
)
def test_a_month_is_due_later_for_whom_it_is_extended_and_for_nobody_else(
    granted: dict[str, Any], longer: set[str | None]
) -> None:
    known = register(granted)
    for firm in ("MAG", "SEP", None):
        assert due(firm, "2026-01", LAW, known) == (LONGER if firm in longer else USUAL)


def test_of_several_the_longest_that_is_for_a_firm_counts() -> None:
    known = register({"until": date(2026, 2, 11)}, {"region": "CN-ZJ"}, {"until": date(2026, 2, 10)})
    assert due("MAG", "2026-01", LAW, known) == LONGER
    moment = due("SEP", "2026-01", LAW, known)
    assert moment is not None
    assert moment.day == 12


def test_goods_of_which_neither_firm_is_known_wait_for_what_is_extended_for_everybody() -> None:
    december, now = date(2025, 12, 30), datetime(2026, 2, 12, tzinfo=UTC)
    assert both_passed(now, LAW, register())(december, None, None)
    assert both_passed(now, LAW, register({"region": "CN-ZJ"}))(december, None, None)
    assert not both_passed(now, LAW, register({}))(december, None, None)


def law_alone(tree: ast.AST) -> Iterator[str]:
    """The names by which a module takes or calls the law's own deadline."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in ("lodeline.regulation", "lodeline.regulation.duty"):
            yield from (one.name for one in node.names if one.name in ("deadline_without_extension", "duty", "*"))
        elif isinstance(node, ast.Import):
            yield from (one.name for one in node.names if one.name == "lodeline.regulation.duty")
        elif isinstance(node, ast.Constant) and node.value == "filing-deadline":
            yield node.value


def test_nobody_asks_the_law_past_the_door() -> None:
    """A new caller asks `ledger.extension.due`, or says in `PAST_THE_DOOR` why it may not."""
    found = {
        str(path.relative_to(SOURCE)): set(law_alone(ast.parse(path.read_text("utf-8"))))
        for path in SOURCE.rglob("*.py")
    }
    asking = {path for path, names in found.items() if names - {"filing-deadline"}}
    assert asking == PAST_THE_DOOR.keys()
    # The parameter itself is read by the law's function; the law's content is checked and combined, and a reason cites
    # it.
    by_name = {path for path, names in found.items() if "filing-deadline" in names}
    assert by_name == {
        "regulation/duty.py", "regulation/content.py", "regulation/combining.py", "control/rulebook.py",
        "control/lots.py",
    }  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        "from lodeline.regulation.duty import period_of, deadline_without_extension as late",
        "from lodeline.regulation import duty",
        "import lodeline.regulation.duty",
        "law.parameters['filing-deadline']",
    ],
)
def test_every_way_past_the_door_is_seen(line: str) -> None:
    assert list(law_alone(ast.parse(line)))
    assert not list(law_alone(ast.parse("from lodeline.regulation.duty import next_month")))
