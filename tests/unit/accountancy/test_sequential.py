"""Page's test against its table and simulation, SITMUF against theory, the ceiling by hand."""

from __future__ import annotations

import csv
from importlib.resources import files

import numpy as np
import pytest
from tests.unit.accountancy.plants import PLANT_A, PLANT_C, Floats, clean

from lodeline.accountancy.sequential import ceiling, page, page_tail, sitmuf

#: h for (periods, k): at 5 % and at 1 %, simulated apart from this code, rounded to two digits.
KNOWN = {
    (12, 0.25): (4.75, 6.46), (12, 0.5): (3.37, 4.69), (12, 1.0): (1.92, 2.69),
    (24, 0.25): (6.23, 8.38), (24, 0.5): (4.13, 5.57), (24, 1.0): (2.26, 3.05),
    (52, 0.25): (8.01, 10.63), (52, 0.5): (4.98, 6.52), (52, 1.0): (2.66, 3.48),
}  # fmt: skip


def page_threshold(budget: float, *, reference: float, periods: int) -> float:
    """The h that a clean run of `periods` ≥ 1 exceeds on one side with probability `budget`, 0 < budget < 1."""
    low, high = 0.0, 40.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        if page_tail(middle, reference=reference, periods=periods) > budget:
            low = middle
        else:
            high = middle
    return (low + high) / 2


@pytest.mark.parametrize(("periods", "reference"), KNOWN)
def test_page_thresholds_equal_a_simulation_apart_from_this_code(periods: int, reference: float) -> None:
    for budget, printed in zip((0.05, 0.01), KNOWN[periods, reference], strict=True):
        assert page_threshold(budget, reference=reference, periods=periods) == pytest.approx(printed, abs=0.025)


def test_the_reference_table_is_what_the_recursion_gives() -> None:
    text = (files("lodeline") / "data/reference/battery_thresholds.csv").read_text("utf-8")
    rows = [
        row for row in csv.DictReader(text.splitlines()) if row["test"] != "battery" and row["periods"] in ("12", "60")
    ]
    assert len(rows) == 2 * 3 * 4
    for row in rows:
        reference, budget = int(row["test"].removeprefix("page_")) / 100, float(row["budget"])
        tail = page_tail(float(row["threshold"]), reference=reference, periods=int(row["periods"]))
        standard_error = (budget * (1 - budget) / int(row["runs"])) ** 0.5
        assert abs(tail - budget) < 4.5 * standard_error + 1e-5, row


def test_page_starts_anew_from_zero() -> None:
    independent = np.array([[2.0, -5.0, 1.5, 1.0], [-1.0, -1.0, -1.0, -1.0]])
    assert page(independent, 0.5).tolist() == [1.5, 0.0]
    assert page(-independent, 0.5).tolist() == [4.5, 2.0]


def test_one_period_of_page_is_one_normal_test() -> None:
    assert page_tail(1.144853627, reference=0.5, periods=1) == pytest.approx(0.05, abs=1e-9)
    assert page_tail(1.0, reference=0.5, periods=0) == 0.0


@pytest.mark.parametrize("plant", [PLANT_A, PLANT_C])
def test_sitmuf_is_independent_with_deviation_one(plant: Floats) -> None:
    independent = sitmuf(clean(plant, 100_000), plant)
    assert independent.std(axis=0) == pytest.approx(1, abs=0.02)
    correlation = np.corrcoef(independent.T) - np.eye(len(plant))
    assert np.abs(correlation).max() < 0.03


def test_the_ceiling_is_that_of_the_best_test_for_a_known_pattern() -> None:
    whole = np.ones(12)
    sigma_a, sigma_c = PLANT_A[0, 0] ** 0.5, PLANT_C[0, 0] ** 0.5
    assert ceiling(whole, 8 * sigma_a, PLANT_A, 0.05) == pytest.approx(0.267, abs=0.0005)
    assert ceiling(whole, 8 * sigma_c, PLANT_C, 0.05) == pytest.approx(0.904, abs=0.0005)
    one = np.eye(12)[5]
    assert ceiling(one, 3.3 * sigma_a, PLANT_A, 0.05) == pytest.approx(0.994, abs=0.001)
    assert ceiling(whole, 0.0, PLANT_A, 0.05) == 0.05
    assert ceiling(5 * whole, 3.0, PLANT_A, 0.05) == pytest.approx(ceiling(whole, 3.0, PLANT_A, 0.05))
