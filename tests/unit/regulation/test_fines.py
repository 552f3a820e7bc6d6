"""What a breach can cost and how long records are kept, as the law of a day has it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from lodeline.regulation.fines import RECORDS, Fine, fines
from lodeline.regulation.parameter import NoLawError, load

CHINA = load("cn")
RURITANIA = load("zz", Path(__file__).parent / "packs")
DAY = date(2025, 7, 4)


def fine(words: str) -> Fine:
    (found,) = (one for one in fines(CHINA, DAY, known=DAY) if words in one.breach["en"])
    return found


@pytest.mark.parametrize(
    ("words", "base", "span"),
    [
        ("without quota", None, (1_000_000, 5_000_000)),
        ("without quota", 499_999, (1_000_000, 5_000_000)),
        ("without quota", 500_000, (2_500_000, 5_000_000)),
        ("without being named", 0, (2_000_000, 5_000_000)),
        ("buying, processing or selling", 10_000, (50_000, 100_000)),  # article 23 repeats no bound
        ("not recording flow", 9_000_000, (50_000, 200_000)),  # no multiple of gains
        ("export without a licence", 66_143, (500_000, 5_000_000)),
        ("export without a licence", 500_000, (2_500_000, 5_000_000)),
        ("knowingly serving", None, (100_000, 500_000)),
    ],
)
def test_span_of_a_breach(words: str, base: int | None, span: tuple[int, int]) -> None:
    assert fine(words).span(base) == span


def test_refusing_costs_firm_and_persons() -> None:
    assert fine("not recording flow").refusing == {"persons": (20_000, 50_000), "firm": (200_000, 1_000_000)}
    assert fine("not recording flow").citation.article == {"en": "article 25", "zh": "第25条"}


def test_before_the_decree_it_fined_nothing() -> None:
    before = date(2024, 9, 30)
    assert {one.parameter for one in fines(CHINA, before, known=before)} == {"export-fines"}
    assert fines(RURITANIA, date(2031, 6, 1), known=date(2031, 6, 1)) == ()


def test_records_are_kept_five_years() -> None:
    assert CHINA.at(RECORDS, DAY, known=DAY).value["years_least"] == 5
    with pytest.raises(NoLawError):
        CHINA.at(RECORDS, date(2024, 11, 30), known=DAY)
