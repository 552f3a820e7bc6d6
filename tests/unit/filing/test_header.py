"""Headers are found in either language, however they are spaced, and never twice."""

from __future__ import annotations

import pytest

from lodeline.filing.columns.header import column_letter, match_header
from lodeline.filing.schema import COLUMNS
from lodeline.ledger.problem import Where

NAMES = [
    ("Mass_KG", "mass_kg"), (" mass kg ", "mass_kg"), ("净重(千克)", "mass_kg"), ("净重（千克）", "mass_kg"),
    ("净重（吨）", "mass_t"), ("净重克", "mass_g"), ("MASS (g)", "mass_g"), ("水分（%）", "moisture_pct"),
    ("End User Name", "end_user_name"), ("事件 编号", "event"), ("ＨＳ＿ｃｏｄｅ", "hs_code"), ("hs-code", "hs_code"),
]  # fmt: skip


@pytest.mark.parametrize(("filed", "canonical"), NAMES)
def test_names_are_matched(filed: str, canonical: str) -> None:
    assert match_header((filed,), Where()).names == (canonical,)


def test_every_column_is_found_by_both_its_names() -> None:
    for column in COLUMNS:
        assert match_header((column.name,), Where()).names == (column.name,)
        assert match_header((column.name_zh,), Where()).names == (column.name,)


def test_an_unknown_column_is_flagged_and_kept_apart() -> None:
    match = match_header(("colour", "row"), Where(file="f.csv"))
    assert match.names == ("?colour", "?row")
    assert [(one.code, one.severity, one.where.column) for one in match.problems] == [
        ("column.unknown", "flag", "colour"), ("column.unknown", "flag", "row"),
    ]  # fmt: skip


def test_a_doubled_header_is_refused_in_whichever_language() -> None:
    (one,) = match_header(("lot", "event", "批次"), Where(file="f.csv")).problems
    assert (one.code, one.severity, dict(one.facts)) == (
        "column.twice", "reject", {"column": "lot", "headers": "lot, 批次"},
    )  # fmt: skip


def test_mass_stands_in_one_unit() -> None:
    (one,) = match_header(("mass_kg", "mass_t"), Where()).problems
    assert (one.code, one.facts["columns"]) == ("mass.two-units", "mass_kg, mass_t")


def test_letters_of_a_spreadsheet() -> None:
    assert [column_letter(place) for place in (0, 25, 26, 51, 702)] == ["A", "Z", "AA", "AZ", "AAA"]
