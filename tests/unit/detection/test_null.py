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
    hypergeometric_tail,
    largest_window,
    product_tail,
    score_of,
    upper_tail,
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


def test_a_product_of_uniform_numbers_is_as_likely_as_simulated() -> None:
    stream = np.random.default_rng(1)
    for bound in ([0.5], [0.1, 0.2], [0.02, 0.3, 0.5]):
        products = stream.random((200_000, len(bound))).prod(axis=1)
        assert product_tail(bound) == pytest.approx((products <= math.prod(bound)).mean(), abs=0.004)
    assert product_tail([1.0, 1.0]) == 1.0 and product_tail([0.0, 0.5]) < 1e-9


def test_the_largest_run_is_that_of_trying_every_run() -> None:
    stream = np.random.default_rng(2)
    for _ in range(50):
        counts = stream.integers(0, 4, 8).astype(float)
        sums = stream.normal(size=8) * counts
        z, first, last = largest_window(sums, counts, random=0.7, shared=0.3)
        runs = {
            (one, two): sums[one : two + 1].sum() / math.sqrt(n * 0.49 + n * n * 0.09)
            for one in range(8)
            for two in range(one, 8)
            if (n := counts[one : two + 1].sum()) > 0
        }
        if runs:
            assert z == pytest.approx(max(runs.values())) == pytest.approx(runs[first, last])


def test_the_largest_run_of_clean_months_alarms_as_seldom_as_its_score_says() -> None:
    stream = np.random.default_rng(3)
    ones = np.ones(12)
    largest = [largest_window(stream.normal(size=12), ones, random=1.0, shared=0.0)[0] for _ in range(20_000)]
    alarms = np.mean([score_of(upper_tail(z), tests=RUNS_PER_MONTH * 12) >= 0.98 for z in largest])
    assert alarms == pytest.approx(0.02, abs=0.006)


def test_runs_without_enough_deviations_are_none() -> None:
    z, _, _ = largest_window(np.ones(3), np.ones(3), random=1.0, shared=0.0, least=3)
    assert z == -math.inf and upper_tail(z) == 1.0


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
