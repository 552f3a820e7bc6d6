"""What outsiders depend on, to the byte: the problems of a bad month, and the canonical rows of a right one.

A change here is a change of the exchange format. To accept one, say so in the changelog and write the files
anew with `LODELINE_WRITE_GOLDEN=1`.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from lodeline.filing.canonical import cells, digest
from lodeline.filing.check import Checked, check
from lodeline.filing.table import read

ROOM = Path(__file__).parent


def checked(name: str) -> Checked:
    return check(read([ROOM / name]), organisation="ACME", period="2025-06")


def agrees(name: str, text: str) -> bool:
    path = ROOM / name
    if os.environ.get("LODELINE_WRITE_GOLDEN"):
        path.write_text(text, "utf-8")
    return path.read_text("utf-8") == text


def test_the_problems_of_a_bad_month() -> None:
    problems = [one.as_json() for one in checked("bad-month.csv").problems]
    text = json.dumps(problems, ensure_ascii=False, indent=1).replace(str(ROOM) + os.sep, "")
    assert agrees("bad-month.problems.json", text + "\n")


def test_the_canonical_rows_of_a_right_month() -> None:
    found = checked("right-month.csv")
    assert [one.code for one in found.problems] == ["column.unknown"]
    canonical = cells(found.rows)
    assert agrees("right-month.cells.txt", "\n".join([*canonical, digest(canonical)]) + "\n")
