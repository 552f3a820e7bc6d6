"""How exact a method is, from repeated measurements instead of assumptions, with the interval of what is not known.

Relative errors are differences of logarithms: masses and shares of any size stand beside one another.
Source: Grubbs, J. Am. Stat. Assoc. 43 (1948) and Technometrics 15 (1973), two instruments on the same items.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt

from lodeline.accountancy.distribution import chi_squared_quantile
from lodeline.accountancy.untestable import TOO_FEW, UNKNOWN_DIFFERENCE

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A relative standard deviation δ (one σ) between `low` and `high`; 0 where the data show none.

    `freedom` are the degrees of freedom it rests on. With a `reason` (a code of `untestable`) there is no estimate, and
    the numbers are nan.
    """

    delta: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    freedom: float = 0.0
    reason: str | None = None


def two_instruments(
    first: npt.ArrayLike, second: npt.ArrayLike, *, confidence: float = 0.95
) -> tuple[Estimate, Estimate]:
    """δ_r of two methods that measured the same items once each, by Grubbs; the items themselves may differ.

    Parameters: `first` and `second` (n,) positive measurements of the same items in one unit, n ≥ 3. What the
    items do is taken out by their covariance, so the estimate is poor when items differ much more than the methods err;
    the interval (Satterthwaite on the variance that Grubbs gives) says so. Never raises for what was measured.
    """
    pairs = np.stack([np.asarray(first, np.float64), np.asarray(second, np.float64)])
    if not ((pairs > 0) & np.isfinite(pairs)).all():
        return Estimate(reason=UNKNOWN_DIFFERENCE), Estimate(reason=UNKNOWN_DIFFERENCE)
    items = pairs.shape[1]
    if items < 3:
        return Estimate(reason=TOO_FEW), Estimate(reason=TOO_FEW)
    moments = np.cov(np.log(pairs))
    errors = np.maximum(np.diag(moments) - moments[0, 1], 0.0)
    material = max(float(moments[0, 1]), 0.0)
    product, total = float(errors[0] * errors[1]), float(errors.sum())
    result = []
    for own in errors:
        spread = (2 * float(own) ** 2 + product + material * total) / (items - 1)
        freedom = max(2 * float(own) ** 2 / spread, 1.0) if spread > 0 else float(items - 1)
        estimate = _from_variance(float(own), freedom, confidence)
        # However the items differ, no method errs by more than both together do.
        both = _from_variance(float(np.log(pairs[0] / pairs[1]).var(ddof=1)), items - 1, confidence).high
        wide = both if own == 0 else min(estimate.high, both)
        result.append(Estimate(delta=estimate.delta, low=estimate.low, high=wide, freedom=freedom))
    return result[0], result[1]


def _from_variance(variance: float, freedom: float, confidence: float) -> Estimate:
    """The interval of a standard deviation from its χ² distribution."""
    low, high = (
        sqrt(freedom * variance / chi_squared_quantile(probability, freedom))
        for probability in ((1 + confidence) / 2, (1 - confidence) / 2)
    )
    return Estimate(delta=sqrt(variance), low=low, high=high, freedom=freedom)
