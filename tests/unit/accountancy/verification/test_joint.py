"""MUF, D of the masses and D of compositions are one test at one budget, whichever of them a loss shows in."""

from __future__ import annotations

import numpy as np
import pytest

from lodeline.accountancy.distribution import normal_tail
from lodeline.accountancy.verification.joint import Evidence, evidence

BUDGET = 0.05
#: Covariances: an XRF that errs much, a laboratory that errs with the scale, MUF exact, no composition, no mass, and
#: three that have much in common.
CASES: dict[str, list[list[float]]] = {
    "xrf": [[237, 60, 0], [60, 80, 0], [0, 0, 1600]],
    "laboratory": [[237, 60, 10], [60, 80, -20], [10, -20, 729]],
    "no count": [[0, 0, 0], [0, 80, 0], [0, 0, 1600]],
    "weighed": [[237, 60, 0], [60, 80, 0], [0, 0, 0]],
    "shot alone": [[237, 0, 30], [0, 0, 0], [30, 0, 1600]],
    "common": [[1.1, 1.0, 0.3], [1.0, 1.3, 0.4], [0.3, 0.4, 0.5]],
    "scale alone": [[0, 0, 0], [0, 80, 0], [0, 0, 0]],
}


def of(shown: np.ndarray, covariance: list[list[float]]) -> Evidence:
    every = np.broadcast_to(np.array(covariance, float), (len(shown), 3, 3))
    return evidence(shown.astype(float), every, budget=BUDGET)


@pytest.mark.medium
@pytest.mark.parametrize("case", CASES)
def test_false_alarms_are_those_of_the_budget(case: str) -> None:
    draws = 10_000
    covariance = np.array(CASES[case], float)
    values, vectors = np.linalg.eigh(covariance)
    random = np.random.default_rng(1)
    shown = random.standard_normal((draws, 3)) @ (vectors * np.sqrt(np.clip(values, 0, None))).T
    found = of(shown, CASES[case])
    for budget in (0.2, 0.05, 0.01):
        slack = 4 * (budget / draws) ** 0.5
        assert (found.p <= budget).mean() == pytest.approx(budget, abs=slack)
        # What D says beyond MUF is a test of its own.
        assert (2 * normal_tail(np.abs(found.own_z)) <= budget).mean() == pytest.approx(budget, abs=slack)
    if covariance[0, 0] > 0:
        assert np.corrcoef(found.own_z, shown[:, 0])[0, 1] == pytest.approx(0, abs=0.05)
    if covariance[1, 1] > 0:
        assert found.mass_z.std() == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("loss", [(1, 0, 0), (0, -1, 0), (0, 0, -1), (0.5, -0.5, 0), (0.3, -0.3, -0.4)])
def test_a_loss_is_seen_wherever_it_shows_and_a_gain_too(loss: tuple[float, float, float]) -> None:
    covariance = np.array(CASES["xrf"], float)
    shift = np.array(loss) / (np.array(loss) @ np.linalg.solve(covariance, np.array(loss))) ** 0.5 * 6
    both = of(np.stack([shift, -shift]), CASES["xrf"])
    assert (both.p < 1e-5).all() and both.p[0] == pytest.approx(both.p[1])


def test_what_scales_show_is_not_lost_in_an_assay_that_errs_much() -> None:
    found = of(np.array([[0, -40, 60]]), CASES["xrf"])
    assert found.p[0] < 1e-4 and found.mass_z[0] > 4
    # It is the masses that say most, on their side.
    assert found.own_z[0] > 3.5


def test_with_one_of_the_three_it_is_the_normal_tail() -> None:
    found = of(np.array([[0, -1.959964 * 80**0.5, 0]]), CASES["scale alone"])
    assert found.p[0] == pytest.approx(0.05, abs=1e-6)
    assert (found.own_z[0], found.mass_z[0], found.border[0]) == pytest.approx((1.959964,) * 3, abs=1e-5)
    alone = of(np.array([[1.959964, 0, 0]]), [[1, 0, 0], [0, 0, 0], [0, 0, 0]])
    assert alone.p[0] == pytest.approx(0.05, abs=1e-6) and np.isnan(alone.own_z[0])
    assert np.isnan(of(np.zeros((1, 3)), [[0] * 3] * 3).p[0])


@pytest.mark.parametrize("case", ["xrf", "weighed", "scale alone"])
def test_the_border_is_where_the_budget_is(case: str) -> None:
    border = of(np.zeros((1, 3)), CASES[case]).border[0]
    # A loss of mass by itself, so large that its own direction stands at the border.
    covariance = np.array(CASES[case], float)
    kept = covariance.diagonal() > 0
    shift = np.array([0.0, -1.0, 0.0])
    unit = (shift[kept] @ np.linalg.solve(covariance[np.ix_(kept, kept)], shift[kept])) ** 0.5
    assert of(border / unit * shift[None], CASES[case]).p[0] == pytest.approx(BUDGET, rel=0.01)


def test_what_is_far_out_is_a_small_number_and_no_fault() -> None:
    found = of(np.array([[0, -1e6, 0], [1e6, 0, 0]]), CASES["xrf"])
    assert (found.p >= 0).all() and (found.p < 1e-12).all()
    assert np.isfinite(found.own_z).all() and found.own_z[0] > 1e4
