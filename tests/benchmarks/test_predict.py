"""How forecasts are scored against true stop days."""

from __future__ import annotations

import numpy as np
import pytest

from strategic.predict import Forecast, Outcome, gates, naive, noisy, of_draws, score

INF = float("inf")
NEVER = Forecast(p10=INF, p50=INF, p90=INF, never=1.0)


def _at(p10: float, p50: float, p90: float) -> Forecast:
    return Forecast(p10=p10, p50=p50, p90=p90, never=0.0)


def _outcome(forecast: Forecast, true: float) -> Outcome:
    return Outcome(world="1", plant="P", forecast=forecast, true=true)


def test_a_score_counts_errors_of_those_that_stop_and_who_was_named() -> None:
    found = score([
        _outcome(_at(10, 20, 30), 24), _outcome(_at(10, 20, 30), 40), _outcome(_at(10, 20, 30), INF),
        _outcome(NEVER, 50), _outcome(NEVER, INF),
    ])  # fmt: skip
    assert (found.plants, found.stops) == (5, 3)
    assert found.median_error == 20
    assert found.bias == -12
    assert found.covered == pytest.approx(1 / 3)
    assert found.precision == found.recall == pytest.approx(2 / 3)


def test_half_of_them_never_foreseen_is_no_finite_error() -> None:
    assert score([_outcome(NEVER, 5), _outcome(NEVER, 6), _outcome(_at(1, 1, 1), 1)]).median_error == INF


def test_the_naive_forecast_divides_stock_by_use() -> None:
    assert naive([30.0, 12.0], horizon=180).p50 == 12
    assert not naive([], horizon=180).stops
    assert not naive([400.0], horizon=180).stops
    wide = naive([20.0], low=0.7, high=1.4, horizon=180)
    assert (wide.p10, wide.p90) == pytest.approx((14, 28), rel=0.02)


def test_who_errs_by_chance_covers_the_truth_in_four_of_five() -> None:
    luck = np.random.default_rng(3).standard_normal(4000)
    told = [noisy(30.0, one, 0.3) for one in luck]
    assert np.mean([low <= 30 <= high for low, _, high in told]) == pytest.approx(0.8, abs=0.02)


def test_draws_make_a_forecast() -> None:
    found = of_draws(np.array([INF, 3.0, 5.0, INF, INF]))
    assert (found.p10, found.p50, found.never, found.stops) == (3.0, INF, 0.6, False)


def test_gates_fail_for_a_model_that_is_like_the_naive_one() -> None:
    outcomes = [_outcome(_at(10, 20, 30), 24 if one % 2 else INF) for one in range(300)]
    same = score(outcomes)
    passed = gates(same, same, same, seeds=8)
    assert passed["at least 150 stop days over at least 8 seeds"]
    assert not passed["the naive forecast is beaten on all three"]
    assert not passed["precision at least .9"]
