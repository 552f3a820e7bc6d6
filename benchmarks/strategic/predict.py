"""How good forecasts of stop days were, once the true days are known; and the naive forecast that they must beat.

Days count from the beginning of a control; infinite is never. A plant is said to stop where fewer than NEVER of the
draws have it never stop. The naive forecast divides the stock by the use: what is under way, who else supplies and
whether a licence comes in time are beyond it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from lodeline.strategy.inputs.assumptions import lognormal
from lodeline.strategy.network import Floats

INF = float("inf")
#: Chosen in worlds of seeds 1 to 4 (`benchmarks/strategic/prediction.py`): with a half, more is named that holds out.
NEVER: Final = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Of a plant: P10, P50, P90 of its stop day, and the share of draws in which it never stops."""

    p10: float
    p50: float
    p90: float
    never: float

    @property
    def stops(self) -> bool:
        return self.never < NEVER

    def covers(self, day: float) -> bool:
        return self.p10 <= day <= self.p90


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A plant that was forecast, and the day on which it truly stopped."""

    world: str
    plant: str
    forecast: Forecast
    true: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """plants: that were forecast; stops: that truly stopped. median_error: days, over those that truly stop, a plant
    that was said never to stop counting as infinitely wrong. covered: share of true days from P10 to P90."""

    plants: int
    stops: int
    median_error: float
    bias: float
    covered: float
    precision: float
    recall: float

    @property
    def stopping(self) -> float:
        """Share of the plants that stop."""
        return self.stops / self.plants if self.plants else 0.0

    def beats(self, other: Score) -> bool:
        """Whether it is better on all three: error, distance from 80 % covered, precision and recall together."""
        return (
            self.median_error < other.median_error
            and abs(self.covered - 0.8) < abs(other.covered - 0.8)
            and self.f1 > other.f1
        )

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def score(outcomes: Iterable[Outcome]) -> Score:
    """The score of forecasts."""
    known = list(outcomes)
    stopping = [one for one in known if np.isfinite(one.true)]
    said = [one for one in known if one.forecast.stops]
    right = sum(np.isfinite(one.true) for one in said)
    errors = np.array([
        one.forecast.p50 - one.true if np.isfinite(one.forecast.p50) else INF for one in stopping
    ])  # fmt: skip
    finite = errors[np.isfinite(errors)]
    return Score(
        plants=len(known), stops=len(stopping), median_error=float(np.median(np.abs(errors))) if stopping else INF,
        bias=float(np.median(finite)) if len(finite) else INF,
        covered=float(np.mean([one.forecast.covers(one.true) for one in stopping])) if stopping else 0.0,
        precision=right / len(said) if said else 0.0, recall=right / len(stopping) if stopping else 0.0,
    )  # fmt: skip


def of_draws(stop: Floats) -> Forecast:
    """The forecast that draws of a stop day amount to."""
    from lodeline.strategy.run import percentiles  # noqa: PLC0415

    p10, p50, p90 = percentiles(stop)
    return Forecast(p10=p10, p50=p50, p90=p90, never=float((~np.isfinite(stop)).mean()))


def naive(stock_days: Iterable[float], *, low: float = 1.0, high: float = 1.0, horizon: float) -> Forecast:
    """Stock ÷ use of the class that lasts shortest, of those in scope; `low`, `high`: P10 and P90 over what is stated.

    A plant without a class in scope, or with stock beyond the horizon, never stops.
    """
    shortest = min(stock_days, default=INF)
    if not np.isfinite(shortest):
        return Forecast(p10=INF, p50=INF, p90=INF, never=1.0)
    days = (
        lognormal(np.linspace(0.005, 0.995, 100), low * shortest, shortest, high * shortest)
        if low < high
        else (np.full(100, shortest))
    )
    return of_draws(np.where(days <= horizon, days, INF))


def noisy(stock_days: float, luck: float, sigma: float) -> tuple[float, float, float]:
    """What somebody states who errs by a factor exp(sigma × luck), with the range that he then has to give: low,
    stated, high (P10 and P90)."""
    stated = stock_days * float(np.exp(sigma * luck))
    width = float(np.exp(1.2815515655446004 * sigma))
    return stated / width, stated, stated * width


def row(name: str, found: Score) -> dict[str, Any]:
    """A line of the table."""
    return {
        "forecast": name, "plants": found.plants, "stops": found.stops, "stopping %": round(100 * found.stopping, 1),
        "median error d": round(found.median_error, 1), "bias d": round(found.bias, 1),
        "in P10-P90 %": round(100 * found.covered, 1), "precision": round(found.precision, 3),
        "recall": round(found.recall, 3),
    }  # fmt: skip


def gates(true_cover: Score, with_noise: Score, baseline: Score, *, seeds: int) -> Mapping[str, bool]:
    """What a model must keep that is no toy."""
    return {
        "at least 150 stop days over at least 8 seeds": true_cover.stops >= 150 and seeds >= 8,
        "25 to 75 % of plants stop": 0.25 <= true_cover.stopping <= 0.75,
        "median error at most 7 days": true_cover.median_error <= 7,
        "80 ± 10 % of true days in P10-P90 with noise": 0.7 <= with_noise.covered <= 0.9,
        "precision at least .9": true_cover.precision >= 0.9,
        "recall at least .9": true_cover.recall >= 0.9,
        "the naive forecast is beaten on all three": (
            true_cover.median_error < baseline.median_error
            and abs(with_noise.covered - 0.8) < abs(baseline.covered - 0.8)
            and true_cover.f1 > baseline.f1
        ),
    }  # fmt: skip
