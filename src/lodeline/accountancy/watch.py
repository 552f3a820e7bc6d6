"""A site watched count by count: what each new count adds to the evidence of a loss or a gain, and never takes back.

At every count all windows of the twelve months before it are judged together: the last balance alone, those that end
with it, and those that ended earlier, which later balances let be seen more clearly. The evidence is the likelihood
ratio of "something was taken in one of them" against "nothing was", averaged over the windows, on each side by itself.
Each count spends its own part of a year's false alarms, so a site that counts each week alarms no more often than one
that counts each quarter. What was found stands: a later count changes no earlier answer. After an alarm the watch
begins anew, so one happening is found once.
Source: as `battery`; Page, Biometrika 41 (1954), for beginning anew; Lai, J. R. Statist. Soc. B 57 (1995), for windows
judged at each observation. Figures: docs/reference/detectors.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import exp
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lodeline.compiled import njit

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

#: A window reaches back so many days: twelve months, and some for a count that came late.
REACH_DAYS: Final = 372
#: … and over no more balances than this, so that a site that counts each week costs no hundred times a month's.
MOST_BALANCES: Final = 24
DAYS_PER_YEAR: Final = 365.25
#: Prior weight of the last balance alone, of longer windows that end with it, and of those that ended earlier; and the
#: size of what is looked for, in standard deviations of a window's test.
WEIGHTS: Final = (0.30, 0.35, 0.35)
SIZE: Final = 3.0
#: Counts of one year ask nearly the same again and again, so clean years alarm less often than their budgets add up
#: to: by a factor between 1.5 and 1.6 on the two reference plants at twelve counts a year (assumption for other
#: plants). Each count may spend so much more, the less of a year it covers.
_SPENT_TOGETHER: Final = 0.5
#: A variance below this part of the largest of its run is that of a measurement without error, and a conditional one
#: below this part of its own is rounding; neither is evidence.
_EXACT: Final = 1e-18
_DEPENDENT: Final = 1e-10
#: Evidence whose inverse (which no probability exceeds) is above so many budgets is no alarm: where alarms begin, the
#: inverse is about ten times too large.
_NEAR: Final = 40.0
_DRAWS: Final = 3_000
_SEED: Final = 20_261_125
#: No difference is taken for larger than so many standard deviations: absurd figures overflow nowhere.
_FAR: Final = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What one count shows on one side (`side` +1 missing, −1 gained) of one run.

    `first` to `last` are the places of the window that the evidence speaks for most; `mass` ± `sigma` is what was
    taken in it if it was taken evenly, in the unit of the run, > 0 towards the side, and `z` their ratio; `p` is the
    probability that a clean run shows as much evidence at this count. `echo`: z of the other side, where that alone
    is an alarm and this window, of a larger z, explains it.
    """

    side: int
    first: int
    last: int
    mass: float
    sigma: float
    z: float
    evidence: float
    p: float
    echo: float | None = None


def candidates(
    muf: Floats, covariance: Floats, size: Indices, since_day: Indices, until_day: Indices, *, budget: Floats
) -> tuple[Flags, Flags]:
    """Where a loss or a gain may alarm, (m, n) each, so that its probability must be computed: everywhere else it is
    above the budget.

    Parameters: `muf` (m, n), > 0 missing, any unit of mass; `covariance` (m, n, n) in its square; `size` (m,) how many
    periods each run has; `since_day` and `until_day` (m, n) day numbers; `budget` (m, n) what each count may spend.
    False where nothing can be said: no number, or a difference without variance.
    """
    loss, gain = np.zeros(muf.shape, np.bool_), np.zeros(muf.shape, np.bool_)
    with np.errstate(divide="ignore"):
        least = -np.log(_NEAR * budget)
    _every_count(loss, gain, muf, covariance, size, since_day, until_day, least, np.array(WEIGHTS), SIZE)
    return loss, gain


def look(
    muf: Floats, covariance: Floats, since_day: Indices, until_day: Indices, *, after: int, count: int, budget: float
) -> tuple[Sighting, ...]:
    """The alarms at the count that ends place `count` of one run, (n,) and (n, n), at most one a side.

    `after` is the last place before the watch begins (−1: from the start); `budget` what the count may spend a side.
    The side of the smaller z alarms only with what the window of the other side does not explain: after a month of
    loss, all other months look like gains if what they have in common is not known. `echo` names what is explained.
    """
    kept, whitened, direction = _windows(muf, covariance, _earliest(since_day, until_day, after, count), count)
    if not len(kept):
        return ()
    oldest, newest = np.tril_indices(len(kept))
    before = np.vstack([np.zeros(len(kept)), direction])
    inside = direction[oldest] - before[newest]
    length = np.sqrt(np.einsum("wr,wr->w", inside, inside))
    units = inside / length[:, None]
    statistic, weight = units @ whitened, prior(len(kept))
    # The larger z leads, whichever month it is of: a loss makes a gain of the months after it look as sure.
    first, second = sorted((1, -1), key=lambda one: -float((one * statistic).max()))

    def seen(side: int, of: Floats, p: float | None = None, echo: float | None = None) -> Sighting | None:
        """The sighting of a side by these statistics; None where its probability, or p, is beyond the budget."""
        term = _terms(side * of, weight)
        # Windows that say the same to rounding: the first in order, whatever the unit.
        best = int(np.round(term, 9).argmax())
        total = min(float(_log_sum(one[None])[0]) for one in (term, _terms(side * statistic, weight)))
        if p is None:
            p = 1.0 if total < -np.log(_NEAR * budget) else _probability(total, weight, units)
        if p > budget:
            return None
        sigma, z = float(oldest[best] - newest[best] + 1) / float(length[best]), side * float(of[best])
        return Sighting(
            side=side, first=int(kept[oldest[best]]), last=int(kept[newest[best]]), mass=z * sigma, sigma=sigma, z=z,
            evidence=total, p=p, echo=echo,
        )  # fmt: skip

    lead, other = seen(first, statistic), seen(second, statistic)
    if lead is None and other is None:
        return ()
    window = int(np.round(_terms(first * statistic, weight), 9).argmax())
    rest = seen(second, _unexplained(statistic, units, window))
    if other is not None and rest is None:
        lead = seen(first, statistic, other.p if lead is None else lead.p, other.z)
    return tuple(one for one in (lead, rest) if one is not None)


def _terms(statistic: Floats, weight: Floats) -> Floats:
    terms: Floats = np.log(weight) + SIZE * statistic - SIZE**2 / 2
    return terms


def _unexplained(statistic: Floats, units: Floats, lead: int) -> Floats:
    """The statistics when any mass in the window `lead` is allowed for."""
    likeness = units @ units[lead]
    rest = 1 - likeness**2
    left: Floats = (statistic - likeness * statistic[lead]) / np.sqrt(np.where(rest < 1e-9, 1.0, rest))
    return np.where(rest < 1e-9, 0.0, left)


def share_of_year(days: Floats) -> Floats:
    """What a balance over so many days may spend of a year's budget: its part of the year, and what overlap leaves
    over."""
    part = np.asarray(days, np.float64) / DAYS_PER_YEAR
    share: Floats = part * (1 + _SPENT_TOGETHER * (1 - np.sqrt(np.minimum(part, 1.0))))
    return share


def prior(places: int) -> Floats:
    """The weight of each window (oldest, newest) in the order of `numpy.tril_indices`, places counted from the
    newest."""
    oldest, newest = np.tril_indices(places)
    kinds = ((oldest == 0) & (newest == 0), (oldest > 0) & (newest == 0), newest > 0)
    weight = np.zeros(len(oldest))
    for kind, share in zip(kinds, WEIGHTS, strict=True):
        weight[kind] = share / max(int(kind.sum()), 1)
    normalised: Floats = weight / weight.sum()
    return normalised


def _probability(total: float, weight: Floats, units: Floats) -> float:
    """P(evidence ≥ total on a clean run): drawn from the average that the evidence is the likelihood ratio of."""
    window = np.searchsorted(np.cumsum(weight)[:-1], (np.arange(_DRAWS) + 0.5) / _DRAWS)
    drawn = _noise(units.shape[1]) + SIZE * units[window]
    evidence = _log_sum(_terms(drawn @ units.T, weight))
    # Beyond most draws it falls at least as the inverse of the evidence (Markov), from where the draws still tell.
    reach = min(total, float(np.quantile(evidence, 0.98)))
    tail = float(np.exp(-evidence[evidence >= reach]).sum()) / _DRAWS
    return min(1.0, tail * exp(max(reach - total, -700.0)))


@lru_cache(maxsize=64)
def _noise(places: int) -> Floats:
    return np.random.default_rng(_SEED).standard_normal((_DRAWS, places))


def _log_sum(terms: Floats) -> Floats:
    largest = terms.max(axis=1)
    total: Floats = largest + np.log(np.exp(terms - largest[:, None]).sum(axis=1))
    return total


def _earliest_place(since_day: Any, until_day: Any, after: int, count: int) -> int:
    earliest = count
    while earliest - 1 > max(after, count - MOST_BALANCES) and until_day[count] - since_day[earliest - 1] <= REACH_DAYS:
        earliest -= 1
    return earliest


def _suffixes(muf: Any, covariance: Any, earliest: int, count: int) -> Any:
    """The windows w that end with `count`, shortest first: the first place of each, and L⁻¹w as rows, with L⁻¹m before.

    Any other window is the difference of two. Places without variance, or whose difference the later ones determine,
    are left out; where that is the last place, nothing is left.
    """
    places, size = count - earliest + 1, 0
    largest = 0.0
    for place in range(earliest, count + 1):
        largest = max(largest, covariance[place, place])
    kept = np.empty(places, np.int64)
    factor, inverse, whitened = np.zeros((places, places)), np.zeros((places, places)), np.zeros(places)
    for step in range(places):
        place = count - step
        variance = covariance[place, place]
        if np.isfinite(muf[place]) and np.isfinite(variance) and variance > _EXACT * largest:
            left = variance
            for column in range(size):
                entry = covariance[place, kept[column]]
                for inner in range(column):
                    entry -= factor[size, inner] * factor[column, inner]
                factor[size, column] = entry / factor[column, column]
                left -= factor[size, column] ** 2
            if left > _DEPENDENT * variance:
                root = np.sqrt(left)
                bound = _FAR * np.sqrt(variance)
                value = min(max(muf[place], -bound), bound)
                for column in range(size):
                    value -= factor[size, column] * whitened[column]
                    total = 0.0
                    for inner in range(column, size):
                        total += factor[size, inner] * inverse[inner, column]
                    inverse[size, column] = -total / root
                factor[size, size] = root
                whitened[size] = value / root
                inverse[size, size] = 1.0 / root
                kept[size] = place
                size += 1
        if size == 0:
            break
    direction = np.zeros((size, size))
    for window in range(size):
        for row in range(size):
            direction[window, row] = inverse[row, window] + (direction[window - 1, row] if window else 0.0)
    return kept[:size], whitened[:size], direction


_earliest: Any = njit(cache=True, nogil=True)(_earliest_place)
_windows: Any = njit(cache=True, nogil=True)(_suffixes)


def _may_alarm(  # noqa: PLR0917  (what is compiled takes its arrays one by one)
    loss: Any, gain: Any, muf: Any, covariance: Any, size: Any, since_day: Any, until_day: Any, least: Any,
    weights: Any, delta: float,
) -> None:  # fmt: skip
    for run in range(len(muf)):
        for count in range(size[run]):
            earliest = _earliest(since_day[run], until_day[run], -1, count)
            kept, whitened, direction = _windows(muf[run], covariance[run], earliest, count)
            places = len(kept)
            if places == 0:
                continue
            statistic = np.zeros((places, places))
            largest, smallest = 0.0, 0.0
            for oldest in range(places):
                for newest in range(oldest + 1):
                    score, information = 0.0, 0.0
                    for row in range(places):
                        inside = direction[oldest, row] - (direction[newest - 1, row] if newest else 0.0)
                        score += inside * whitened[row]
                        information += inside * inside
                    statistic[oldest, newest] = score / np.sqrt(information)
                    largest = max(largest, statistic[oldest, newest])
                    smallest = min(smallest, statistic[oldest, newest])
            for side, extreme in ((1.0, largest), (-1.0, -smallest)):
                # The average is no larger than its largest term.
                highest = delta * extreme - delta**2 / 2
                if highest < least[run, count]:
                    continue
                total, shares = 0.0, 0.0
                for oldest in range(places):
                    for newest in range(oldest + 1):
                        if newest:
                            weight = weights[2] / (places * (places - 1) / 2)
                        elif oldest:
                            weight = weights[1] / (places - 1)
                        else:
                            weight = weights[0]
                        shares += weight
                        term = delta * side * statistic[oldest, newest] - delta**2 / 2
                        total += weight * np.exp(term - highest)
                if highest + np.log(total / shares) >= least[run, count]:
                    if side > 0:
                        loss[run, count] = True
                    else:
                        gain[run, count] = True


_every_count: Any = njit(cache=True, nogil=True)(_may_alarm)
