"""The vocabulary of problems: every code is whole in both languages, and rendered late."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from lodeline.ledger.problem import CATALOGUE, FACT_LENGTH_LIMIT, Where, problem


def fields(text: str) -> set[str]:
    """The facts that a text quotes; `x_zh` is the same fact as `x`, in Chinese."""
    return {name.removesuffix("_zh") for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("code", CATALOGUE)
def test_each_code_is_whole(code: str) -> None:
    entry = CATALOGUE[code]
    assert re.fullmatch(r"[a-z-]+\.[a-z0-9-]+", code)
    assert entry.severity in ("reject", "confirm", "flag")
    assert entry.example and all(entry.text.values()) and all(entry.cure.values())
    assert fields(entry.text["en"]) == fields(entry.text["zh"]), "both languages quote the same facts"
    assert re.search("[\u4e00-\u9fff]", entry.text["zh"]) and re.search("[\u4e00-\u9fff]", entry.cure["zh"])
    assert not re.search("[\u4e00-\u9fff]", entry.text["en"] + entry.cure["en"])


def test_json_has_the_promised_shape() -> None:
    where = Where(file="2025-06.csv", row=3, column="lot")
    assert problem("lot.exists", where, lot="A-1", event="E-1").as_json() == {
        "code": "lot.exists",
        "severity": "reject",
        "where": {"file": "2025-06.csv", "sheet": None, "row": 3, "column": "lot"},
        "facts": {"lot": "A-1", "event": "E-1"},
        "message": {
            "en": "The lot A-1 was made before, in the event E-1. Give the new lot a new id.",
            "zh": "批次 A-1 已在事件 E-1 中产生。请为新批次使用新编号。",
        },
    }


def test_an_unknown_code_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError, match="not in the problem vocabulary"):
        problem("lot.lost")


def test_a_severity_may_be_softened() -> None:
    assert problem("mass.unusual").severity == "confirm"
    assert problem("mass.unusual", severity="flag").severity == "flag"


def test_facts_are_short_and_printable() -> None:
    one = problem("number.invalid", value="x\n" + "y" * 10_000)
    assert one.facts["value"] == "x\ufffd" + "y" * (FACT_LENGTH_LIMIT - 3) + "…"


def test_a_fact_that_is_missing_or_has_braces_does_not_break_the_text() -> None:
    assert problem("number.invalid").message("en").startswith("… is not a number")
    assert "{0}" in problem("number.invalid", value="{0}").message("zh")
