"""The labelled declarations: every verdict was written down by reading the law, and the desk is held to it."""

from __future__ import annotations

import pytest

import declare
from lodeline.regulation.parameter import load

ROWS = declare.variants()
FOUND = dict(zip((row["id"] for row in ROWS), declare.verdicts(ROWS, load("cn")), strict=True))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_labelled_line_gets_the_verdict_that_the_law_asks_for(row: dict[str, str]) -> None:
    assert FOUND[row["id"]] == row["expect"], row["why"]


def test_there_are_enough_of_each() -> None:
    wanted = [row["expect"] for row in ROWS]
    assert len(ROWS) >= 66
    assert min(wanted.count(word) for word in ("hold", "query", "release")) >= 20
    assert len({row["id"] for row in ROWS}) == len(ROWS)
    assert all(row["why"] and row["law"] for row in ROWS)


def test_precision_and_recall_by_hand() -> None:
    expected, found = ["hold", "hold", "query", "release"], ["hold", "query", "query", "hold"]
    assert declare.scores(expected, found) == [
        ("hold", 2, 0.5, 0.5), ("query", 1, 0.5, 1.0), ("release", 1, 1.0, 0.0)
    ]  # fmt: skip
