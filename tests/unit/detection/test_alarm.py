"""The false-alarm budget holds whatever is tested and however often, and the power is what theory says."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodeline.accountancy.balance import BALANCE
from lodeline.accountancy.frames import COUNTS, LOT_ASSAYS, MOVEMENTS, SITE_ASSAYS
from lodeline.detection.alarm import ALARM_SCORE, DAYS_PER_YEAR, FALSE_FINDINGS_PER_SITE_YEAR, clean_year_score
from lodeline.detection.detectors.unexplained_loss import unexplained_loss
from lodeline.detection.imbalance import TESTED, Imbalance, imbalances

NORMAL = NormalDist()


def alarm_z(elements: int, days: float) -> float:
    """Where the budget ends, in σ, from the quantile and not from the score."""
    share = days / DAYS_PER_YEAR / elements
    return -NORMAL.inv_cdf(1 - (1 - FALSE_FINDINGS_PER_SITE_YEAR) ** share)


@pytest.mark.parametrize(("elements", "days"), [(1, 365), (1, 30), (16, 30), (16, 7), (5, 700)])
def test_the_alarm_lies_where_the_budget_of_the_time_and_elements_ends(elements: int, days: int) -> None:
    z = alarm_z(elements, days)
    assert clean_year_score(z + 1e-6, elements=elements, days=days) > ALARM_SCORE
    assert clean_year_score(z - 1e-6, elements=elements, days=days) < ALARM_SCORE


@given(st.floats(-50, 50), st.floats(0, 20), st.integers(1, 17), st.integers(1, 4000))
def test_a_score_is_a_probability_that_grows_with_the_difference(
    z: float, more: float, elements: int, days: int
) -> None:
    score = clean_year_score(z, elements=elements, days=days)
    assert 0 <= score <= clean_year_score(z + more, elements=elements, days=days) <= 1
    # What is tested more often must differ more to say as much.
    assert clean_year_score(z, elements=elements + 1, days=days) <= score


def balances(z: np.ndarray[tuple[int, int, int], np.dtype[np.float64]], days: int) -> pl.DataFrame:
    """Balances of sites × consecutive runs × elements with these z and a σ of 1 kg."""
    _, runs, elements = z.shape
    site, run, element = (axis.ravel() for axis in np.indices(z.shape))
    day = np.datetime64("2026-01-01") + days * np.arange(runs + 1)
    frame = pl.DataFrame(
        {
            "organisation": "o", "site": np.char.mod("s%d", site), "element": np.array(TESTED[-elements:])[element],
            "since": day[run], "until": day[run + 1], "muf_mg": np.rint(z.ravel() * 1e6).astype(np.int64),
            "sigma_mg": 1e6, "z": z.ravel(),
        }
    ).cast({"since": pl.Date, "until": pl.Date})  # fmt: skip
    frame = frame.with_columns(period=pl.col("until").dt.strftime("%Y-%m"))
    absent = {name: kind for name, kind in BALANCE.items() if name not in frame.columns}
    return frame.with_columns(pl.lit(0).cast(kind).alias(name) for name, kind in absent.items()).select(list(BALANCE))


NOTHING = {
    "movements": pl.DataFrame(schema=dict(MOVEMENTS)), "counts": pl.DataFrame(schema=dict(COUNTS)),
    "lot_assays": pl.DataFrame(schema=dict(LOT_ASSAYS)), "site_assays": pl.DataFrame(schema=dict(SITE_ASSAYS)),
}  # fmt: skip


def alarms(frame: pl.DataFrame, side: int = 1) -> list[Imbalance]:
    return imbalances(frame, side=side, **NOTHING)


def within_error(seen: int, of: int, expected: float) -> bool:
    """Within three standard errors of a binomial."""
    return abs(seen / of - expected) <= 3 * math.sqrt(expected * (1 - expected) / of)


@pytest.mark.medium
@pytest.mark.parametrize(("runs", "days", "elements"), [(12, 30, 4), (4, 91, 4), (52, 7, 1)])
def test_of_clean_site_years_one_in_two_hundred_is_asked_however_often_it_counts(
    runs: int, days: int, elements: int
) -> None:
    sites = 5000
    frame = balances(np.random.default_rng(20260301).standard_normal((sites, runs, elements)), days)
    budget = FALSE_FINDINGS_PER_SITE_YEAR * runs * days / DAYS_PER_YEAR
    for side in (1, -1):
        asked = {alarm.site for alarm in alarms(frame, side)}
        assert within_error(len(asked), sites, budget), (side, len(asked))


@pytest.mark.medium
def test_errors_that_elements_share_make_fewer_false_alarms_never_more() -> None:
    random = np.random.default_rng(4)
    shared, own = random.standard_normal((3000, 12, 1)), random.standard_normal((3000, 12, 6))
    asked = {alarm.site for alarm in alarms(balances(math.sqrt(0.8) * shared + math.sqrt(0.2) * own, 30))}
    budget = FALSE_FINDINGS_PER_SITE_YEAR * 3000
    assert 0 < len(asked) <= budget + 3 * math.sqrt(budget)


@pytest.mark.medium
@pytest.mark.parametrize("shift", [3.0, 4.0, 5.0])
def test_a_loss_in_one_month_is_found_as_often_as_theory_says(shift: float) -> None:
    sites, elements = 2000, 4
    z = np.random.default_rng(11).standard_normal((sites, 1, elements))
    z[:, :, 1:] = 0
    z[:, :, 0] += shift
    power = 1 - NORMAL.cdf(alarm_z(elements, 30) - shift)
    found = unexplained_loss(balances=balances(z, 30), **NOTHING)
    assert within_error(len(found), sites, power), (len(found), power)
