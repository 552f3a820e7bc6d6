"""A span of months reads as people write it, and says itself so that it reads to the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodeline.regulation.span import Span, month_after

MONTHS = st.integers(min_value=200, max_value=2600).flatmap(
    lambda year: st.integers(min_value=1, max_value=12).map(lambda month: f"{year:04d}-{month:02d}")
)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2025", "2025-01", "2025-12"), ("2025-Q2", "2025-04", "2025-06"), ("2025-q4", "2025-10", "2025-12"),
        ("2025-05", "2025-05", "2025-05"), ("2024-11..2025-02", "2024-11", "2025-02"),
    ],
)  # fmt: skip
def test_what_people_write(text: str, first: str, last: str) -> None:
    assert Span.read(text) == Span(first, last)


@pytest.mark.parametrize(
    "text", ["", "25", "2025-13", "2025-Q5", "2025-00", "2025-06..2025-05", "2025..2026", "0000", "٢٠٢٥", "2025-05\n"]
)
def test_what_is_no_span(text: str) -> None:
    with pytest.raises(ValueError, match="no "):
        Span.read(text)


@given(MONTHS, st.integers(min_value=0, max_value=40))
def test_a_span_reads_back_and_has_a_span_before_it(first: str, more: int) -> None:
    span = Span(first, month_after(first, more))
    assert Span.read(str(span)) == span
    assert len(span) == len(span.months) == more + 1
    assert span.months[-1] == span.last
    assert all(one in span for one in span.months)
    assert len(span.before) == len(span)
    assert month_after(span.before.last) == span.first


@pytest.mark.parametrize(("period", "months"), [("0001-01", -1), ("9999-12", 1)])
def test_the_calendar_ends(period: str, months: int) -> None:
    with pytest.raises(ValueError, match="no month"):
        month_after(period, months)
