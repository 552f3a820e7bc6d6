"""The two reference plants of docs/explanation/accountancy.md (illustrative), in tonnes, twelve monthly balances.

100 t a month in and out in ten batches each, 1.5 % random a batch; 40 t of stock at 1 % random. Plant A has a
systematic error of 0.5 % on what comes in and another on what goes out, plant C has none.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

MONTHS = 12


def _plant(systematic_t: float) -> Floats:
    batches, stock = 2 * 10 * (10 * 0.015) ** 2, (40 * 0.01) ** 2
    neighbours = np.eye(MONTHS, k=1) + np.eye(MONTHS, k=-1)
    return (batches + 2 * stock) * np.eye(MONTHS) - stock * neighbours + 2 * systematic_t**2


PLANT_A: Floats = _plant(0.5)
PLANT_C: Floats = _plant(0.0)


def clean(covariance: Floats, years: int, seed: int = 20_260_703) -> Floats:
    """Inventory differences of years in which nothing is missing, (years, months)."""
    random = np.random.default_rng(seed)
    muf: Floats = random.standard_normal((years, len(covariance))) @ np.linalg.cholesky(covariance).T
    return muf


def with_loss(covariance: Floats, years: int, *, months: int, sigmas: float, seed: int = 20_260_704) -> Floats:
    """Years with a loss of so many monthly σ, spread evenly over neighbouring months, each start as likely."""
    random = np.random.default_rng(seed)
    begin = random.integers(0, MONTHS - months + 1, years)[:, None]
    place = np.arange(MONTHS)
    lost = ((place >= begin) & (place < begin + months)) * (sigmas * covariance[0, 0] ** 0.5 / months)
    muf: Floats = clean(covariance, years, seed + 1) + lost
    return muf
