"""One false-alarm budget, the power it buys, never more than the ceiling; when, how much, on which side."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.accountancy.plants import MONTHS, PLANT_A, PLANT_C, Floats, clean, with_loss

from lodeline.accountancy.battery import BATTERY, battery, window_statistics, windows
from lodeline.accountancy.sequential import ceiling

BUDGET = 0.05
#: Plant, months and size of the loss in monthly σ, and the power that has to be met; a smallest-p combination of the
#: single tests reaches .80, .57, .97, .13 and .78 (benchmarks/accountancy.py prints both).
POWER = [
    (PLANT_A, 1, 3.3, 0.82),
    (PLANT_A, 4, 5.0, 0.59),
    (PLANT_A, 4, 8.0, 0.972),
    (PLANT_A, 12, 8.0, 0.125),
    (PLANT_C, 12, 8.0, 0.785),
]


def alarms(muf: Floats, covariance: Floats, budget: float = BUDGET) -> float:
    result = battery(muf, covariance, budget=budget)
    return float(result["alarm"].to_numpy().reshape(-1, 2).any(axis=1).mean())


@pytest.mark.medium
@pytest.mark.parametrize(("plant", "months", "sigmas", "power"), POWER)
def test_power_of_both_sides_under_one_budget(plant: Floats, months: int, sigmas: float, power: float) -> None:
    years = 10_000
    found = alarms(with_loss(plant, years, months=months, sigmas=sigmas), plant)
    assert found > power
    place, mass = np.arange(MONTHS), sigmas * plant[0, 0] ** 0.5
    begins = range(MONTHS - months + 1)
    limit = float(np.mean([ceiling((place >= b) & (place < b + months), mass, plant, BUDGET) for b in begins]))
    assert found < limit + 3 * (limit * (1 - limit) / years) ** 0.5


@pytest.mark.medium
@pytest.mark.parametrize("plant", [PLANT_A, PLANT_C])
def test_clean_years_alarm_at_the_budget(plant: Floats) -> None:
    assert alarms(clean(plant, 20_000), plant) == pytest.approx(BUDGET, abs=0.006)


@pytest.mark.slow
@pytest.mark.parametrize("plant", [PLANT_A, PLANT_C])
def test_200_000_clean_years_alarm_at_the_budget(plant: Floats) -> None:
    assert 0.048 < alarms(clean(plant, 200_000), plant) < 0.052


@pytest.mark.medium
def test_runs_with_their_own_covariance_alarm_as_often() -> None:
    years = 500
    own = np.stack([PLANT_A * (1 + place % 7) for place in range(years)])
    muf = clean(PLANT_A, years) * np.sqrt(1 + np.arange(years) % 7)[:, None]
    result = battery(muf, own, budget=BUDGET)
    shared = battery(clean(PLANT_A, years), PLANT_A, budget=BUDGET)
    assert result["evidence"].to_list() == pytest.approx(shared["evidence"].to_list())
    assert np.mean(result["alarm"].to_numpy() == shared["alarm"].to_numpy()) > 0.995
    near = (shared["p"] < 2 * BUDGET).to_numpy()
    assert result["p"].to_numpy()[near] == pytest.approx(shared["p"].to_numpy()[near], rel=0.15, abs=0.001)


@pytest.mark.parametrize("side", [1, -1])
def test_it_says_when_how_much_and_on_which_side(side: int) -> None:
    muf = np.zeros((1, MONTHS))
    muf[0, 4:7] = side * 4.0
    result = battery(muf, PLANT_C, budget=0.005)
    leading = result.filter("alarm").to_dicts()
    assert [row["side"] for row in leading] == [side]
    row = leading[0]
    assert (row["first"], row["last"]) == (4, 6)
    assert row["mass"] == pytest.approx(12, abs=row["sigma"])
    assert row["sigma"] == pytest.approx((3 * 0.77 - 4 * 0.16) ** 0.5, rel=0.15)
    assert row["p"] < 1e-4


def test_a_loss_and_a_gain_at_different_times_both_alarm() -> None:
    muf = np.zeros((1, MONTHS))
    muf[0, 2], muf[0, 8] = 6.0, -6.0
    result = battery(muf, PLANT_C, budget=0.005)
    assert result["alarm"].to_list() == [True, True]
    assert result["first"].to_list() == [2, 8]


def test_one_month_of_loss_does_not_make_the_other_months_a_gain() -> None:
    muf = np.zeros((1, MONTHS))
    muf[0, 5] = 6.0
    result = battery(muf, PLANT_A, budget=BUDGET)
    assert result["alarm"].to_list() == [True, False]


def test_an_idle_month_is_left_out_and_places_stay_those_of_the_run() -> None:
    muf, covariance = np.zeros((1, MONTHS + 1)), np.zeros((MONTHS + 1, MONTHS + 1))
    busy = np.delete(np.arange(MONTHS + 1), 3)
    covariance[np.ix_(busy, busy)] = PLANT_C
    muf[0, 8] = 6.0
    row = battery(muf, covariance, budget=BUDGET).row(0, named=True)
    assert (row["periods"], row["first"], row["last"], row["alarm"]) == (MONTHS, 8, 8, True)


def test_window_statistics_are_the_formula() -> None:
    muf = clean(PLANT_A, 3)
    statistic, mass, sigma = window_statistics(muf, np.broadcast_to(PLANT_A, (3, MONTHS, MONTHS)))
    precision = np.linalg.inv(PLANT_A)
    for place, (first, last) in enumerate(zip(*windows(MONTHS), strict=True)):
        w = np.zeros(MONTHS)
        w[first : last + 1] = 1
        information = w @ precision @ w
        assert statistic[:, place] == pytest.approx(muf @ precision @ w / information**0.5)
        assert mass[:, place] == pytest.approx(w.sum() * (muf @ precision @ w) / information)
        assert sigma[:, place] == pytest.approx(w.sum() / information**0.5)


def test_a_long_run_beyond_the_table_is_tested_too() -> None:
    muf = np.random.default_rng(4).standard_normal((20, 65))
    muf[0, 30] = 9.0
    stack = np.broadcast_to(np.eye(65), (20, 65, 65))
    result = battery(muf, stack, budget=0.005)
    assert result["reason"].null_count() == result.height
    assert result.filter("alarm")["run"].to_list() == [0]
    assert dict(result.schema) == BATTERY


def test_blocks_that_are_worked_on_at_once_say_what_one_says(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(11)
    muf, size = random.standard_normal((60, MONTHS)) * 2, random.integers(1, MONTHS + 1, 60)
    whole = battery(muf, PLANT_A, budget=0.05, size=size)
    assert 0 < whole["alarm"].sum() < whole.height
    monkeypatch.setattr("lodeline.accountancy.battery._CHUNK", 3 * MONTHS * MONTHS)
    assert battery(muf, PLANT_A, budget=0.05, size=size).equals(whole)
