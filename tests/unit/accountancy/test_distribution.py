"""Probabilities against printed tables and against one another."""

from __future__ import annotations

import pytest

from lodeline.accountancy.distribution import (
    chi_squared_quantile,
    chi_squared_tail,
    f_quantile,
    f_tail,
    normal_quantile,
    normal_tail,
)


@pytest.mark.parametrize(
    ("probability", "freedom", "printed"),
    [(0.95, 1, 3.841459), (0.95, 3, 7.814728), (0.05, 3, 0.351846), (0.99, 11, 24.724970), (0.95, 100, 124.342113)],
)
def test_chi_squared_is_that_of_the_tables(probability: float, freedom: int, printed: float) -> None:
    assert chi_squared_quantile(probability, freedom) == pytest.approx(printed, abs=1e-6)
    assert chi_squared_tail(printed, freedom) == pytest.approx(1 - probability, abs=1e-6)


@pytest.mark.parametrize(
    ("probability", "above", "below", "printed"),
    [(0.95, 3, 10, 3.708265), (0.95, 10, 3, 8.785525), (0.975, 5, 20, 3.289056), (0.99, 1, 60, 7.077106)],
)
def test_f_is_that_of_the_tables(probability: float, above: int, below: int, printed: float) -> None:
    assert f_quantile(probability, above, below) == pytest.approx(printed, abs=1e-6)
    assert f_quantile(1 - probability, below, above) == pytest.approx(1 / printed, rel=1e-6)
    assert f_tail(0.0, above, below) == 1.0


def test_normal_tails_keep_their_digits_far_out() -> None:
    assert normal_tail([0.0, 1.959963985, 8.0]) == pytest.approx([0.5, 0.025, 6.220960574e-16], rel=1e-8)
    assert normal_quantile(0.975) == pytest.approx(1.959963985)
