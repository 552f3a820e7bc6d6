"""δ from repeated measurements: by hand, and intervals that hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from lodeline.accountancy.untestable import TOO_FEW, UNKNOWN_DIFFERENCE
from lodeline.accountancy.verification.estimation import two_instruments


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
    assert two_instruments([1.0, 2.0], [1.0, 2.0])[0].reason == TOO_FEW
    assert two_instruments([1.0, 2.0, -1.0], [1.0, 2.0, 3.0])[1].reason == UNKNOWN_DIFFERENCE


def test_measurements_that_agree_exactly_show_no_error() -> None:
    assert [one.delta for one in two_instruments([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])] == [0, 0]
