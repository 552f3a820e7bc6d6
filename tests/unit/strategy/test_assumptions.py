"""The table of assumptions, and what lies between a low and a high value."""

from __future__ import annotations

import numpy as np
import pytest
from tests.based import unbased

from lodeline.strategy.inputs.assumptions import assumption, assumptions, described

_AT = np.linspace(0.0005, 0.9995, 1000)


@pytest.mark.parametrize("key", sorted(assumptions()))
def test_values_lie_in_their_range_and_rise(key: str) -> None:
    one = assumption(key)
    assert one.low <= one.central <= one.high
    values = one.quantile(_AT)
    assert (np.diff(values) >= 0).all()
    if one.shape in ("triangular", "point"):
        assert one.low <= values.min() <= values.max() <= one.high


def test_a_lognormal_has_its_low_and_high_as_tenth_and_ninetieth_percentile() -> None:
    stock = assumption("stock_days_customer")
    low, middle, high = stock.quantile(np.array([0.1, 0.5, 0.9]))
    assert (low, middle, high) == pytest.approx((28, 60, 128))


def test_a_beta_has_its_mean() -> None:
    assert assumption("approval_share_first_2_months").quantile(_AT).mean() == pytest.approx(0.25, abs=0.002)


def test_the_rows_are_figures() -> None:
    assert unbased(described()) == unbased({"inputs": described()}) == []


def test_a_number_without_all_of_basis_source_and_vintage_is_found() -> None:
    based = {"basis": "exact", "source": "filings", "vintage": "entry 1"}
    document = {"settings": {"draws": 3}, "rows": [{"kg": 1.0, **based}, {"kg": 2.0, **based, "vintage": ""}], "n": 4}
    assert unbased(document) == ["rows[1].kg", "n"]
