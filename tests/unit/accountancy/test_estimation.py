"""δ from repeated measurements: by hand, and intervals that hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from lodeline.accountancy.estimation import random_effects, two_instruments
from lodeline.accountancy.untestable import TOO_FEW, UNKNOWN_DIFFERENCE


def test_duplicates_by_hand() -> None:
    # Two items measured twice: ln 1.02 apart, and ln 1.04 apart. Mean square within = (0.0198² + 0.0392²) / 4.
    found = random_effects(["a", "a", "b", "b"], [10.0, 10.2, 50.0, 52.0]).random
    assert found.delta == pytest.approx(((np.log(1.02) ** 2 + np.log(1.04) ** 2) / 4) ** 0.5)
    assert found.freedom == 2
    # χ² with 2 degrees of freedom has its quantiles at −2 ln p.
    assert found.low == pytest.approx(found.delta * (2 / (-2 * np.log(0.025))) ** 0.5)
    assert found.high == pytest.approx(found.delta * (2 / (-2 * np.log(0.975))) ** 0.5)


def test_the_unit_of_the_values_does_not_matter() -> None:
    random = np.random.default_rng(3)
    group, values = np.repeat(np.arange(8), 5), np.exp(0.01 * random.standard_normal(40))
    assert random_effects(group, values).random.delta == pytest.approx(random_effects(group, 1e6 * values).random.delta)


@pytest.mark.medium
@pytest.mark.parametrize("sizes", [[4] * 12, [2, 3, 4, 5, 9, 12, 3, 2, 6, 4]])
def test_both_components_and_their_intervals(sizes: list[int]) -> None:
    random, trials, delta_r, delta_s = np.random.default_rng(11), 500, 0.01, 0.008
    group = np.repeat(np.arange(len(sizes)), sizes)
    within, between, estimates = 0, 0, []
    for _ in range(trials):
        shared = delta_s * random.standard_normal(len(sizes))
        found = random_effects(group, np.exp(shared[group] + delta_r * random.standard_normal(len(group))))
        within += found.random.low <= delta_r <= found.random.high
        between += found.systematic.low <= delta_s <= found.systematic.high
        estimates.append((found.random.delta**2, found.systematic.delta**2))
    assert within / trials == pytest.approx(0.95, abs=0.03)
    assert between / trials == pytest.approx(0.95, abs=0.035)
    assert np.mean(estimates, axis=0) == pytest.approx([delta_r**2, delta_s**2], rel=0.12)


@pytest.mark.medium
def test_grubbs_parts_two_instruments_that_measured_the_same_items() -> None:
    random, trials, first, second, material = np.random.default_rng(12), 400, 0.01, 0.02, 0.03
    held, estimates = np.zeros(2), []
    for _ in range(trials):
        true = material * random.standard_normal(60)
        found = two_instruments(
            np.exp(true + first * random.standard_normal(60)), np.exp(true + second * random.standard_normal(60))
        )
        held += [one.low <= delta <= one.high for one, delta in zip(found, (first, second), strict=True)]
        estimates.append([one.delta for one in found])
    assert np.median(estimates, axis=0) == pytest.approx([first, second], rel=0.12)
    assert (held / trials > 0.88).all()


def test_too_little_is_said_and_not_guessed() -> None:
    assert random_effects([], []).random.reason == TOO_FEW
    assert random_effects(["a", "b"], [1.0, 2.0]).random.reason == TOO_FEW
    one_group = random_effects(["a", "a"], [1.0, 1.1])
    assert (one_group.random.reason, one_group.systematic.reason) == (None, TOO_FEW)
    assert random_effects(["a", "a"], [1.0, float("nan")]).random.reason == UNKNOWN_DIFFERENCE
    assert random_effects(["a", "a"], [0.0, 1.0]).random.reason == UNKNOWN_DIFFERENCE
    assert two_instruments([1.0, 2.0], [1.0, 2.0])[0].reason == TOO_FEW
    assert two_instruments([1.0, 2.0, -1.0], [1.0, 2.0, 3.0])[1].reason == UNKNOWN_DIFFERENCE


def test_measurements_that_agree_exactly_show_no_error() -> None:
    found = random_effects(["a", "a", "b", "b"], [5.0, 5.0, 7.0, 7.0])
    assert found.random.delta == 0
    assert [one.delta for one in two_instruments([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])] == [0, 0]
