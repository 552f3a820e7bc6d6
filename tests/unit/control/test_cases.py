"""The published cases: what the desk would have answered on the declared fields, and on the laboratory's."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from tests.unit.control.conftest import TODAY

from lodeline.control.declaration import read_declaration
from lodeline.control.desk import Verdict, judge
from lodeline.control.rulebook import LawDay
from lodeline.regulation.parameter import load

CASES = Path(__file__).parent / "cases"
EXPECTED = list(csv.DictReader((CASES / "expected.csv").read_text("utf-8").splitlines()))


@pytest.fixture(scope="module")
def verdicts() -> dict[str, Verdict]:
    found = judge(read_declaration(CASES / "customs_declarations.csv"), LawDay.of(load("cn"), TODAY))
    return {one.line["line"]: one for one in found}


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda row: f"line {row['line']}")
def test_a_published_case_is_judged_as_its_story_tells(expected: dict[str, str], verdicts: dict[str, Verdict]) -> None:
    verdict = verdicts[expected["line"]]
    assert verdict.verdict == expected["verdict"]
    seen = {one.code for one in verdict.reasons if one.verdict != "release"}
    assert seen == set(expected["codes"].split("|"))


def test_every_case_has_its_expectation(verdicts: dict[str, Verdict]) -> None:
    assert [row["line"] for row in EXPECTED] == list(verdicts)


def test_the_cases_are_judged_the_same_as_known_on_their_own_day(verdicts: dict[str, Verdict]) -> None:
    read = read_declaration(CASES / "customs_declarations.csv")
    for line in read.lines:
        (alone,) = judge(type(read)(lines=(line,)), LawDay.of(load("cn"), line["on"]))
        assert alone.verdict == verdicts[line["line"]].verdict
