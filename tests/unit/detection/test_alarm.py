"""The false-alarm budget holds whatever is tested and however often, and slow losses are found as theory lets."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lodeline.accountancy.covariance import DIFFERENCES, BalanceRuns
from lodeline.accountancy.watch import candidates, look, share_of_year
from lodeline.detection.alarm import ALARM_SCORE, FALSE_FINDINGS_PER_SITE_YEAR
from lodeline.detection.watching import Alarm, alarms

Floats = npt.NDArray[np.float64]
NORMAL = NormalDist()
FILED = pl.DataFrame(schema={"organisation": pl.String(), "period": pl.String(), "state": pl.String()})
TRACES = pl.DataFrame(schema={"site": pl.String(), "element": pl.String()})


def runs(muf: Floats, covariance: Floats, days: int, elements: tuple[str, ...] = ("TREO",)) -> BalanceRuns:
    """Consecutive balances of `days` each; matrices are sites times elements, elements of one site side by side."""
    matrices, periods = muf.shape
    matrix, place = (axis.ravel() for axis in np.indices(muf.shape))
    day = np.datetime64("2026-01-01") + days * np.arange(periods + 1)
    site = np.char.mod("s%05d", matrix // len(elements))
    table = pl.DataFrame(
        {
            "matrix": matrix, "place": place, "organisation": site, "site": site,
            "element": np.array(elements)[matrix % len(elements)], "since": day[place], "until": day[place + 1],
            "muf_mg": np.rint(muf.ravel()).astype(np.int64),
            "sigma_mg": np.sqrt(np.broadcast_to(np.diag(covariance), muf.shape).ravel()),
        },
        schema_overrides={"since": pl.Date(), "until": pl.Date()},
    ).select(list(DIFFERENCES))  # fmt: skip
    stack = np.ascontiguousarray(np.broadcast_to(covariance, (matrices, periods, periods)))
    return BalanceRuns(differences=table, size=np.full(matrices, periods), muf_mg=muf, covariance_mg2=stack)


def plant(months: int, systematic: float) -> Floats:
    """The reference plants: neighbours share a count, all months a calibration; mg²."""
    neighbours = np.eye(months, k=1) + np.eye(months, k=-1)
    covariance: Floats = 1e18 * (0.77 * np.eye(months) - 0.16 * neighbours + 2 * systematic**2)
    return covariance


def clean(covariance: Floats, number: int, seed: int) -> Floats:
    draws: Floats = np.random.default_rng(seed).standard_normal((number, len(covariance)))
    return draws @ np.linalg.cholesky(covariance).T


def asked(found: list[Alarm], side: int) -> set[str]:
    return {one.site for one in found if one.sighting.side == side}


@pytest.mark.medium
@pytest.mark.parametrize(("systematic", "periods", "days"), [(0.5, 24, 30), (0.0, 24, 30), (0.5, 8, 91)])
def test_of_clean_site_years_no_more_than_one_in_two_hundred_is_asked_a_side_however_often_it_counts(
    systematic: float, periods: int, days: int
) -> None:
    sites = 1000
    covariance = plant(periods, systematic)
    found = alarms(runs(clean(covariance, sites, 20260301), covariance, days), FILED, TRACES)
    budget = FALSE_FINDINGS_PER_SITE_YEAR * sites * periods * days / 365.25
    for side in (1, -1):
        number = len([one for one in found if one.sighting.side == side])
        assert number <= budget + 3 * math.sqrt(budget), (side, number, budget)
        assert all(one.score >= ALARM_SCORE for one in found)


@pytest.mark.medium
def test_elements_share_what_the_total_leaves_of_the_budget() -> None:
    elements = ("TREO", "Nd", "Pr", "Dy")
    covariance = plant(12, 0.0)
    found = alarms(runs(clean(covariance, 4 * 800, 4), covariance, 30, elements), FILED, TRACES)
    budget = FALSE_FINDINGS_PER_SITE_YEAR * 800
    for side in (1, -1):
        assert len(asked(found, side)) <= budget + 3 * math.sqrt(budget)
    totals = [one for one in found if one.element == "TREO"]
    assert len(totals) > len(found) / 2
    # What is a trace at a site is not tested there.
    traces = pl.DataFrame({"site": [one.site for one in totals], "element": ["TREO"] * len(totals)})
    left = alarms(runs(clean(covariance, 4 * 800, 4), covariance, 30, elements), FILED, traces)
    assert not [one for one in left if one.element == "TREO"]


@pytest.mark.medium
@pytest.mark.parametrize(
    ("systematic", "months", "sigmas", "least"),
    [(0.0, 1, 5.0, 0.85), (0.0, 4, 8.0, 0.82), (0.5, 6, 12.0, 0.92)],
)
def test_a_loss_is_found_whether_it_takes_a_month_or_half_a_year(
    systematic: float, months: int, sigmas: float, least: float
) -> None:
    covariance, sites = plant(24, systematic), 150
    muf = clean(covariance, sites, 11)
    muf[:, 12 : 12 + months] += sigmas * math.sqrt(covariance[0, 0]) / months
    found = alarms(runs(muf, covariance, 30), FILED, TRACES)
    hit = {
        one.site for one in found if one.sighting.side == 1 and one.sighting.first < 12 + months <= 24
        and one.sighting.last >= 12
    }  # fmt: skip
    window = np.zeros(24)
    window[12 : 12 + months] = 1
    z = sigmas / months * math.sqrt(covariance[0, 0] * float(window @ np.linalg.solve(covariance, window)))
    ceiling = NORMAL.cdf(z - NORMAL.inv_cdf(1 - FALSE_FINDINGS_PER_SITE_YEAR))
    assert least <= len(hit) / sites <= ceiling + 3 * math.sqrt(max(ceiling * (1 - ceiling), 1 / sites) / sites)
    # What was found is about what was taken, from about when.
    masses = [one.sighting.mass for one in found if one.site in hit and one.sighting.side == 1]
    assert np.median(masses) > 0.3 * sigmas * math.sqrt(covariance[0, 0])


def test_after_an_alarm_the_watch_begins_anew_on_all_elements_of_the_site() -> None:
    covariance = plant(6, 0.0)
    muf = np.zeros((2, 6))
    muf[0, 2], muf[1, 2] = 9e9, 9e9
    found = alarms(runs(muf, covariance, 30, ("TREO", "Nd")), FILED, TRACES)
    assert [(one.element, one.sighting.first, one.sighting.last) for one in found] == [("TREO", 2, 2), ("Nd", 2, 2)]


def test_a_month_that_was_not_filed_is_left_out_and_the_others_are_tested() -> None:
    covariance = plant(6, 0.0)
    muf = np.zeros((1, 6))
    muf[0, 1], muf[0, 4] = 9e9, 9e9
    silent = pl.DataFrame({"organisation": ["s00000"], "period": ["2026-02"], "state": ["missing"]})
    found = alarms(runs(muf, covariance, 30), silent, TRACES)
    assert [(one.sighting.first, one.sighting.last) for one in found] == [(4, 4)]


@pytest.mark.parametrize("spoiled", ["zero", "nan", "copies", "unknown"])
def test_what_cannot_be_tested_is_no_alarm_and_no_error(spoiled: str) -> None:
    covariance, muf = plant(4, 0.0), np.full((1, 4), 9e9)
    if spoiled == "zero":
        covariance = np.zeros((4, 4))
    if spoiled == "nan":
        muf[:] = np.nan
    if spoiled == "copies":
        covariance, muf = np.full((4, 4), 1e18), np.zeros((1, 4))
    if spoiled == "unknown":
        covariance = np.full((4, 4), np.nan)
    table = runs(np.nan_to_num(muf), covariance, 30)
    broken = BalanceRuns(
        differences=table.differences, size=table.size, muf_mg=muf, covariance_mg2=table.covariance_mg2
    )
    assert alarms(broken, FILED, TRACES) == []


@given(st.integers(1, 9), st.integers(0, 2**32 - 1), st.floats(1e-5, 0.5))
def test_no_alarm_is_outside_the_candidates_and_units_do_not_matter(periods: int, seed: int, budget: float) -> None:
    random = np.random.default_rng(seed)
    root = random.standard_normal((periods, periods)) + 2 * np.eye(periods)
    covariance, muf = root @ root.T, 3 * random.standard_normal((1, periods))
    day = np.arange(periods)[None] * 30
    asked_of: dict[str, Any] = {"after": -1, "count": periods - 1, "budget": budget}
    found = look(muf[0], covariance, day[0], day[0] + 30, **asked_of)
    sizes = np.array([periods])
    loss, gain = candidates(muf, covariance[None], sizes, day, day + 30, budget=np.full((1, periods), budget))
    assert all((loss if one.side > 0 else gain)[0, -1] for one in found)
    tonnes = look(muf[0] * 1e9, covariance * 1e18, day[0], day[0] + 30, **asked_of)
    assert [(one.side, one.first, one.last) for one in tonnes] == [(one.side, one.first, one.last) for one in found]
    assert [one.z for one in tonnes] == pytest.approx([one.z for one in found], rel=1e-8)


def test_counts_that_cover_a_year_together_spend_no_more_than_half_again_its_budget() -> None:
    for days in (7, 30, 91, 365):
        assert 1 <= float(share_of_year(np.array(float(days)))) * 365.25 / days <= 1.5
    assert float(share_of_year(np.array(2 * 365.25))) == 2


@pytest.mark.parametrize(
    ("muf", "sides", "echo"),
    [
        ((4.0, 0.0, 0.0, -3.0), [1], True),  # one scale for all: the loss makes the last month look like a gain
        ((5.0, 0.0, 0.0, 0.0), [1], False),
        ((0.0, 0.0, 0.0, -5.0), [-1], False),
        ((9.0, 0.0, 0.0, -9.0), [1, -1], False),
    ],
)
def test_the_larger_z_leads_and_names_what_it_explains(muf: tuple[float, ...], sides: list[int], echo: bool) -> None:
    since = np.arange(4) * 30
    found = look(
        np.array(muf), np.eye(4) + 3.0, since, since + 30, after=-1, count=3, budget=0.0004,
    )  # fmt: skip
    assert [one.side for one in found] == sides
    assert [one.echo is not None for one in found] == [echo, *[False] * (len(found) - 1)]
