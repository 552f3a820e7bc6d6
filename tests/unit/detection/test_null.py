"""Probabilities against counting and simulation, and the dated values."""

from __future__ import annotations

import csv
import itertools
import math
from datetime import date
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodeline.detection.alarm import alarm_score
from lodeline.detection.battery import DETECTORS
from lodeline.detection.limits import Limits, limits_of
from lodeline.detection.null import (
    RUNS_PER_MONTH,
    binomial_tail,
    closeness_tail,
    hypergeometric_tail,
    least_closeness,
    median,
    product_tail,
    runs_tail,
    score_of,
    strongest_each_way,
    strongest_run,
    strongest_runs,
    upper_tail,
    usual_rate,
)


@given(st.integers(0, 8), st.integers(0, 8), st.floats(0.01, 0.99))
def test_the_binomial_tail_is_the_sum_of_its_terms(hits: int, trials: int, chance: float) -> None:
    exact = sum(math.comb(trials, k) * chance**k * (1 - chance) ** (trials - k) for k in range(hits, trials + 1))
    assert binomial_tail(hits, trials, chance) == pytest.approx(exact, abs=1e-12)


@given(st.integers(0, 6), st.integers(0, 6), st.integers(1, 6))
def test_the_hypergeometric_tail_is_that_of_every_order(marked: int, drawn: int, hits: int) -> None:
    items = 6
    orders = list(itertools.combinations(range(items), drawn))
    often = sum(sum(place < marked for place in order) >= hits for order in orders) / len(orders)
    assert hypergeometric_tail(hits, items, drawn, marked) == pytest.approx(often, abs=1e-12)


@given(st.integers(1, 6), st.integers(0, 6))
def test_the_runs_tail_is_that_of_every_order(runs: int, marked: int) -> None:
    items = 7
    orders = list(itertools.combinations(range(items), marked))
    often = sum(sum(place - 1 not in order for place in order) <= runs for order in orders) / len(orders)
    assert runs_tail(runs, items, marked) == pytest.approx(often, abs=1e-12)


@given(st.floats(0, 12), st.floats(1e-6, 12), st.integers(2, 24))
def test_figures_are_never_likelier_apart_than_the_quick_bound_says(
    distance: float, division: float, number: int
) -> None:
    exact = closeness_tail(distance, division, number)
    assert least_closeness(distance, division, number) <= exact * (1 + 1e-6) + 1e-9


@pytest.mark.parametrize(("number", "division", "steps"), [(2, 0.3, 0), (3, 0.5, 1), (6, 1.0, 1), (5, 3.0, 0)])
def test_rounded_figures_lie_together_as_often_as_simulated(number: int, division: float, steps: int) -> None:
    draws = np.random.default_rng(7)
    weighed = draws.normal(size=(400_000, number)) / division + draws.uniform(size=(400_000, 1))
    shown = np.round(weighed)
    often = float(np.mean(np.ptp(shown, axis=1) <= steps))
    assert closeness_tail(steps * division, division, number) == pytest.approx(often, abs=0.003)


def test_a_product_of_uniform_numbers_is_as_likely_as_simulated() -> None:
    stream = np.random.default_rng(1)
    for bound in ([0.5], [0.1, 0.2], [0.02, 0.3, 0.5]):
        products = stream.random((200_000, len(bound))).prod(axis=1)
        assert product_tail(bound) == pytest.approx((products <= math.prod(bound)).mean(), abs=0.004)
    assert product_tail([1.0, 1.0]) == 1.0 and product_tail([0.0, 0.5]) < 1e-9


def shift_statistic(deviations: np.ndarray, covariance: np.ndarray, run: slice) -> float:
    """wᵀC⁻¹y / √(wᵀC⁻¹w), written out."""
    inside = np.zeros(len(deviations))
    inside[run] = 1
    inverse = np.linalg.inv(covariance)
    return float(inside @ inverse @ deviations / math.sqrt(inside @ inverse @ inside))


def test_the_strongest_run_is_that_of_trying_every_run() -> None:
    stream = np.random.default_rng(2)
    for _ in range(20):
        root = stream.normal(size=(8, 8))
        covariance = root @ root.T + np.eye(8)
        deviations = stream.normal(size=8)
        runs = {
            (one, two): shift_statistic(deviations, covariance, slice(one, two + 1))
            for one in range(8)
            for two in range(one, 8)
        }
        z, first, last = strongest_run(deviations, covariance)
        assert z == pytest.approx(max(runs.values())) == pytest.approx(runs[first, last])


def test_the_strongest_run_downwards_is_that_of_the_deviations_turned_round() -> None:
    stream = np.random.default_rng(5)
    for size in (1, 2, 9):
        root = stream.normal(size=(size, size))
        covariance, deviations = root @ root.T + np.eye(size), stream.normal(size=size)
        each = strongest_run(deviations, covariance), strongest_run(-deviations, covariance)
        assert strongest_each_way(deviations, covariance) == each


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=9))
def test_the_median_is_the_one_that_everybody_computes(numbers: list[float]) -> None:
    assert median(np.array(numbers)) == float(np.median(numbers))


def test_many_series_at_once_have_the_runs_that_each_has_by_itself() -> None:
    stream = np.random.default_rng(4)
    sigma = stream.uniform(0.5, 2, size=(30, 9))
    deviations, shared = stream.normal(size=(30, 9)), np.linspace(0, 3, 30)
    ones = np.ones((30, 9))
    z, first, last = strongest_runs(deviations / sigma**2, 1 / sigma**2, shared=shared, counts=ones)
    for place in range(30):
        covariance = np.diag(sigma[place] ** 2) + shared[place] ** 2
        alone = strongest_run(deviations[place], covariance)
        assert (z[place], first[place], last[place]) == (pytest.approx(alone[0]), *alone[1:])


@pytest.mark.parametrize(("months", "shared"), [(12, 0.0), (12, 3.0), (24, 0.3), (36, 3.0)])
def test_a_clean_history_alarms_no_more_often_than_its_years_have_budget(months: int, shared: float) -> None:
    stream = np.random.default_rng(3)
    series = stream.normal(size=(20_000, months)) + shared * stream.normal(size=(20_000, 1))
    ones = np.ones_like(series)
    strongest, _, _ = strongest_runs(series, ones, shared=np.full(len(series), shared), counts=ones)
    alarms = np.mean([score_of(upper_tail(z), tests=RUNS_PER_MONTH * months) >= 0.995 for z in strongest])
    # Three standard errors of the simulation on top.
    assert alarms <= 0.005 * months / 12 + 3 * math.sqrt(0.005 / 20_000)


def test_what_all_months_share_is_no_run_and_what_some_do_is() -> None:
    months, ones = np.full((1, 24), 3.0), np.ones((1, 24))
    always, _, _ = strongest_runs(months, ones, shared=np.array([3.0]), counts=ones)
    months[0, 12:] = 0
    half, first, last = strongest_runs(months, ones, shared=np.array([3.0]), counts=ones)
    assert always[0] < 2 and half[0] > 5 and (first[0], last[0]) == (0, 11)


def test_runs_without_enough_deviations_are_none() -> None:
    ones = np.ones((1, 3))
    z, _, _ = strongest_runs(ones, ones, shared=np.zeros(1), counts=ones, least=3)
    assert z[0] == -math.inf and upper_tail(float(z[0])) == 1.0


def test_more_tests_make_the_same_chance_less_telling() -> None:
    assert score_of(0.001, tests=1) > score_of(0.001, tests=10) > score_of(0.001, tests=1000)
    assert score_of(0.0, tests=1) < 1 and score_of(1.0, tests=1) > 0


def test_a_budget_that_few_can_spend_is_spent_on_them_up_to_one_in_twenty() -> None:
    assert alarm_score(tested=200, sites=200) == pytest.approx(0.995)
    assert alarm_score(tested=50, sites=200) == pytest.approx(0.98)
    assert alarm_score(tested=1, sites=200) == alarm_score(tested=2, sites=2000) == pytest.approx(0.95)
    assert alarm_score(tested=300, sites=200) == pytest.approx(0.995)


def test_a_value_counts_from_its_day_on() -> None:
    limits = Limits(values={"kg": ((date(2025, 1, 1), 500.0), (date(2026, 1, 1), 300.0))})
    days = {date(2024, 6, 1): 500.0, date(2025, 12, 31): 500.0, date(2026, 1, 1): 300.0, None: 300.0}
    assert {day: limits.on(day)["kg"] for day in days} == days


def test_every_value_has_a_detector_a_status_and_a_unit() -> None:
    text = (files("lodeline") / "data/reference/detector_parameters.csv").read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert {row["detector"] for row in rows} <= {one.name for one in DETECTORS}
    assert all(row["status"] == "assumption" and row["unit"] and row["source"] for row in rows)
    keys = [(row["detector"], row["name"], row["in_force_from"]) for row in rows]
    assert len(keys) == len(set(keys))
    assert limits_of("skimming").on(None)["least_transfers"] == 6


def test_what_is_usual_counts_what_many_do_and_not_what_one_in_eight_does() -> None:
    honest = [(1, 50)] * 7
    assert usual_rate([*honest, (40, 50)]) == pytest.approx(0.02)
    assert usual_rate([(10, 50)] * 8) == pytest.approx(0.2)
    assert usual_rate([]) == 0 and usual_rate([(0, 0)]) == 0
