"""MUF and D are one test at one budget, whichever of them a loss shows in."""

from __future__ import annotations

import numpy as np
import pytest

from lodeline.accountancy.verification.joint import joint_p, part_of_its_own

#: Variances of MUF and D and their covariance: much in common, little, MUF exact, D exact.
CASES = [(2.0, 1.1, 1.0), (1.0, 1.0, 0.0), (1.1, 1.3, 1.0), (10.0, 1.3, 1.0), (2.0, 11.0, 1.0), (1.0, 1.0, -0.6)]


@pytest.mark.medium
@pytest.mark.parametrize("case", CASES)
def test_false_alarms_are_those_of_the_budget(case: tuple[float, float, float]) -> None:
    muf, d, both = case
    draws = 4_000
    random = np.random.default_rng(1)
    drawn = np.linalg.cholesky([[muf, both], [both, d]]) @ random.standard_normal((2, draws))
    p = joint_p(drawn[0], np.full(draws, muf), drawn[1], np.full(draws, d), np.full(draws, both))
    for budget in (0.2, 0.05, 0.01):
        assert (p <= budget).mean() == pytest.approx(budget, abs=4 * (budget / draws) ** 0.5)
    own = part_of_its_own(drawn[0], np.full(draws, muf), drawn[1], np.full(draws, d), np.full(draws, both))
    assert own.std() == pytest.approx(1, abs=0.05)
    assert np.corrcoef(own, drawn[0])[0, 1] == pytest.approx(0, abs=0.07)


def test_a_loss_is_seen_in_either_and_a_gain_too() -> None:
    one = np.ones(4)
    # Openly missing, declared and not there, and both as gains.
    muf, d = np.array([5.0, 0.0, -5.0, 0.0]), np.array([0.0, -5.0, 0.0, 5.0])
    p = joint_p(muf, one, d, one, 0 * one)
    assert (p < 1e-4).all()
    assert p[:2] == pytest.approx(p[2:])


def test_without_one_of_the_two_it_is_the_other() -> None:
    z, nothing, one = np.array([1.959964]), np.zeros(1), np.ones(1)
    assert joint_p(nothing, nothing, -z, one, nothing) == pytest.approx(0.05, abs=1e-6)
    assert joint_p(z, one, nothing, nothing, nothing) == pytest.approx(0.05, abs=1e-6)
    assert np.isnan(joint_p(nothing, nothing, nothing, nothing, nothing)).all()


def test_what_is_far_out_is_a_small_number_and_no_fault() -> None:
    one = np.ones(1)
    assert 0 <= joint_p(1e6 * one, one, -1e6 * one, one, 0.5 * one)[0] < 1e-12
