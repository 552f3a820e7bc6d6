"""A network of streams made to balance with the smallest corrections, and where the error or the leak is.

Corrections are weighted by how exactly each stream was measured. Streams nobody measured are computed where the
balances determine them. Then each measurement may be biased and each node may leak: the hypotheses are compared by
their generalised likelihood ratio, and those that no data of this network could tell apart are named together. What the
measurements do not determine is never estimated.
Source: Kuehn & Davidson, Chem. Eng. Prog. 57 (1961); Stanley & Mah, Chem. Eng. Sci. 36 (1981), of what is observable;
Crowe, García Campos & Hrymak, AIChE J. 29 (1983); Narasimhan & Mah, AIChE J. 33 (1987); VDI 2048 (2000). What the
numbers mean: docs/reference/reconciliation.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from lodeline.accountancy.distribution import chi_squared_tail, normal_tail
from lodeline.accountancy.untestable import (
    NOT_REDUNDANT,
    UNKNOWN_DIFFERENCE,
    UNKNOWN_UNCERTAINTY,
    ZERO_VARIANCE,
)

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_TOLERANCE: Final = 1e-9
#: Half-width of a 95 % interval in σ (VDI 2048).
_WIDTH_95: Final = 1.96
_DRAWS: Final = 20_000
_SEED: Final = 20_260_702


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """Streams (n,) and balances (m,) of a network, in the units given; nan where nothing can be said.

    `value` and `sigma` are the reconciled streams and their standard deviations (nan for an unmeasured stream that the
    balances do not determine), `redundant` the measured ones that the balances check. `global_test` is rᵀV⁻¹r, χ² with
    `freedom`, and `p` its tail. `measurement_test` (n,) is |correction| / σ(correction), `nodal_test` (m,)
    |imbalance| / σ(imbalance) of balances whose streams are all measured. A code of `untestable` in `reason` leaves the
    tests empty; the values stand where they could be computed.
    """

    reason: str | None = None
    value: Floats
    sigma: Floats
    redundant: Flags
    global_test: float = float("nan")
    freedom: int = 0
    p: float = 1.0
    measurement_test: Floats
    nodal_test: Floats
    #: What `locate` needs: the residual in standard form, and what each bias (n columns) and leak (m columns) adds;
    #: a column of zeros is a bias or a leak that changes no check, and so cannot be observed.
    whitened: Floats = field(repr=False)
    bias_effect: Floats = field(repr=False)
    leak_effect: Floats = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """A bias of a stream or a leak at a node (places from 0) that would explain the imbalances.

    `z` is the root of the generalised likelihood ratio with the sign of `size`; `size` ± `sigma` is the bias (measured
    minus true), or what leaves the node unseen, in the unit of the streams. `alike` are all hypotheses no data of this
    network can tell from it, itself included. `p` is the probability of as large a ratio of any hypothesis where
    nothing is wrong.
    """

    kind: Literal["bias", "leak"]
    place: int
    z: float
    size: float
    sigma: float
    p: float
    alike: tuple[tuple[str, int], ...]


def reconcile(
    measured: npt.ArrayLike, sigma: npt.ArrayLike, balances: npt.ArrayLike, *, constant: npt.ArrayLike | None = None
) -> Reconciliation:
    """The streams nearest to what was measured that satisfy balances · streams = constant (zeros without it).

    Parameters: `measured` (n,), nan where nothing was measured; `sigma` (n,) their standard deviations, or (n, n) their
    covariance, positive definite over the measured streams; `balances` (m, n), + into a node and − out of it. A balance
    may repeat others. Never raises for what was measured.
    """
    given = np.asarray(measured, np.float64)
    matrix = np.atleast_2d(np.asarray(balances, np.float64))
    target = np.zeros(len(matrix)) if constant is None else np.asarray(constant, np.float64)
    spread = np.asarray(sigma, np.float64)
    covariance = np.diag(spread**2) if spread.ndim == 1 else spread
    seen = ~np.isnan(given)
    inner = covariance[np.ix_(seen, seen)]
    if (reason := _unready(given[seen], inner)) is not None:
        return _without_tests(reason, given, np.sqrt(np.maximum(np.diag(covariance), 0)), seen, len(matrix))

    unseen_balance, seen_balance = matrix[:, ~seen], matrix[:, seen]
    transform = _checks(unseen_balance, seen_balance, inner)
    residual = transform @ (seen_balance @ given[seen] - target)
    check = transform @ seen_balance
    # The checks are made so that their residuals are independent with variance 1: V is the identity.
    gain = inner @ check.T
    value, posterior = given.copy(), np.full((len(given), len(given)), np.nan)
    value[seen] = given[seen] - gain @ residual
    kept = inner - gain @ gain.T
    posterior[np.ix_(seen, seen)] = kept
    undone = target - seen_balance @ value[seen]
    scale = _row_scale(unseen_balance, seen_balance, inner)
    value[~seen], variance = _unmeasured(unseen_balance, seen_balance, undone, kept, scale)
    posterior[~seen, ~seen] = variance
    corrected = np.sqrt(np.maximum(np.einsum("ij,ij->i", gain, gain), 0))
    redundant = np.zeros(len(given), np.bool_)
    redundant[seen] = corrected > _TOLERANCE * np.sqrt(np.diag(inner))
    test = np.full(len(given), np.nan)
    test[redundant] = np.abs(gain @ residual)[redundant[seen]] / corrected[redundant[seen]]
    freedom, statistic = len(residual), float(residual @ residual)
    return Reconciliation(
        reason=None if freedom else NOT_REDUNDANT,
        value=value,
        sigma=np.sqrt(np.maximum(np.diag(posterior), 0)),
        redundant=redundant,
        global_test=statistic if freedom else float("nan"),
        freedom=freedom,
        p=chi_squared_tail(statistic, freedom) if freedom else 1.0,
        measurement_test=test,
        nodal_test=_nodal(matrix, given, target, covariance, seen),
        whitened=residual,
        bias_effect=_observable(
            transform @ np.where(seen, matrix, 0.0), np.sqrt(np.where(seen, np.diag(covariance), 0.0))
        ),
        leak_effect=transform,
    )


def locate(
    result: Reconciliation,
    *,
    kinds: Sequence[Literal["bias", "leak"]] = ("bias", "leak"),
    side: int = 0,
    at_most: Mapping[str, Floats] | None = None,
) -> list[Hypothesis]:
    """What would explain the imbalances, best first, one hypothesis for each class that data can tell apart.

    Parameters: `kinds` of hypotheses to compare; `side` +1 for what leaves nodes unseen (or reads too high), −1 for
    the contrary, 0 for both; `at_most`, for each kind, how large a bias or leak can be, which is what passes its place
    (nan: not known). A hypothesis is left out, and counts in no `p`, where it changes no check, or where all that can
    be lies within the 95 % half-width of its estimate. Nothing where nothing is redundant. The first is an alarm at a
    family rate of false alarms f when its `p` ≤ f.
    """
    columns = {"bias": result.bias_effect, "leak": result.leak_effect}
    effects = [(kind, place, columns[kind][:, place]) for kind in kinds for place in range(columns[kind].shape[1])]
    lengths = [float(np.linalg.norm(effect)) for _, _, effect in effects]
    most = {} if at_most is None else at_most
    seen = [
        index
        for index, (kind, place, _) in enumerate(effects)
        if lengths[index] > 0 and not (kind in most and _WIDTH_95 / lengths[index] >= most[kind][place])
    ]
    if result.freedom == 0 or not seen:
        return []
    units = np.array([effects[index][2] / lengths[index] for index in seen])
    classes = _classes(units)
    leaders = [members[0] for members in classes]
    scores = units[leaders] @ result.whitened
    ranking = side * scores if side else np.abs(scores)
    p = _family_tail(ranking, units[leaders], side)
    found = []
    for index in np.argsort(-ranking, kind="stable"):
        kind, place, _ = effects[seen[leaders[index]]]
        length = lengths[seen[leaders[index]]]
        alike = tuple((effects[seen[member]][0], effects[seen[member]][1]) for member in classes[index])
        z = float(scores[index])
        found.append(
            Hypothesis(
                kind=kind, place=place, z=z, size=z / length, sigma=1 / length, p=float(p[index]), alike=alike
            )
        )  # fmt: skip
    return found


def _classes(units: Floats) -> list[list[int]]:
    """Directions that agree up to sign, in order of their first."""
    classes: list[list[int]] = []
    for index, unit in enumerate(units):
        for members in classes:
            if abs(float(units[members[0]] @ unit)) > 1 - _TOLERANCE:
                members.append(index)
                break
        else:
            classes.append([index])
    return classes


def _family_tail(ranking: Floats, units: Floats, side: int) -> Floats:
    """P(the largest of all statistics is as large where nothing is wrong): simulated, far out by Bonferroni."""
    # Part by part: what a processor keeps at hand is asked faster than all at once.
    draws = (part @ units.T for part in np.array_split(_drawn(units.shape[1]), 20))
    highest = np.sort(np.concatenate([(part if side else np.abs(part)).max(axis=1) for part in draws]))
    exceeding = _DRAWS - np.searchsorted(highest, ranking)
    bound = np.minimum(1.0, len(units) * (1 if side else 2) * normal_tail(ranking))
    result: Floats = np.where(exceeding >= 50, np.minimum(exceeding / _DRAWS, bound), bound)
    return result


@lru_cache(maxsize=8)
def _drawn(freedom: int) -> Floats:
    return np.random.default_rng(_SEED).standard_normal((_DRAWS, freedom))


def _unready(measured: Floats, covariance: Floats) -> str | None:
    if not np.isfinite(measured).all():
        return UNKNOWN_DIFFERENCE
    if not np.isfinite(covariance).all():
        return UNKNOWN_UNCERTAINTY
    if not (np.diag(covariance) > 0).all():
        return ZERO_VARIANCE
    return None


def _without_tests(reason: str, given: Floats, sigma: Floats, seen: Flags, nodes: int) -> Reconciliation:
    return Reconciliation(
        reason=reason,
        value=given,
        sigma=sigma,
        redundant=np.zeros_like(seen),
        measurement_test=np.full(len(given), np.nan),
        nodal_test=np.full(nodes, np.nan),
        whitened=np.zeros(0),
        bias_effect=np.zeros((0, len(given))),
        leak_effect=np.zeros((0, nodes)),
    )


def _checks(unseen: Floats, seen: Floats, covariance: Floats) -> Floats:
    """T (k, m): combinations of balances that hold no unmeasured stream, with independent residuals of variance 1."""
    scale, deviation = _row_scale(unseen, seen, covariance), _deviation(seen, covariance)
    basis = np.eye(len(seen))
    if unseen.shape[1]:
        left, singular, _ = np.linalg.svd(_unit_columns(scale[:, None] * unseen)[0])
        basis = left[:, int((singular > _TOLERANCE).sum()) :]
    free = basis.T @ (scale[:, None] * seen)
    value, vector = np.linalg.eigh(free @ covariance @ free.T)
    # Balances that repeat others have a residual without variance, apart from rounding.
    kept = value > 1e-12 * max(float(value.max(initial=0.0)), 1e-6)
    transform: Floats = (vector[:, kept] / np.sqrt(value[kept])).T @ (basis.T * scale)
    # A balance of unmeasured streams alone is as inexact as the others that settle them; an empty one holds nothing.
    settled = np.where((unseen != 0).any(axis=1), deviation.max(initial=0.0), 0.0)
    return _observable(transform, np.where(deviation > 0, deviation, settled))


def _observable(effect: Floats, sigma: Floats) -> Floats:
    """Columns of `effect` that change the checks by more than rounding where their cause has the size `sigma`; else 0.

    Through a node where nothing flows rounding alone leads to a check, and its inverse would be a leak of megatonnes.
    """
    result: Floats = np.where(np.linalg.norm(effect, axis=0) * sigma > _TOLERANCE, effect, 0.0)
    return result


def _unmeasured(
    unseen: Floats, seen: Floats, undone: Floats, covariance: Floats, scale: Floats
) -> tuple[Floats, Floats]:
    """Unmeasured streams and their variances, nan where the balances do not determine them.

    `undone` is what the reconciled streams, whose `covariance` is given, leave of each balance. `scale` is that of the
    measurements: a stream that the balances settle has no error left to scale a balance by.
    """
    unit, length = _unit_columns(scale[:, None] * unseen)
    inverse = np.linalg.pinv(unit, rcond=_TOLERANCE)
    # A stream is determined when no change of it alone, or with others, leaves all balances as they are.
    determined = np.abs(np.eye(unit.shape[1]) - inverse @ unit).max(axis=1, initial=0.0) <= 1e-7
    inverse = inverse * scale / length[:, None]
    slope = inverse @ seen
    variance = np.einsum("ij,jk,ik->i", slope, covariance, slope)
    return np.where(determined, inverse @ undone, np.nan), np.where(determined, variance, np.nan)


def _row_scale(unseen: Floats, seen: Floats, covariance: Floats) -> Floats:
    """What makes balances of tonnes and of trace elements comparable: the inverse of each one's measurement error."""
    deviation = _deviation(seen, covariance)
    largest = np.abs(unseen).max(axis=1, initial=0.0)
    scale: Floats = 1 / np.where(deviation > 0, deviation, np.where(largest > 0, largest, 1.0))
    return scale


def _deviation(seen: Floats, covariance: Floats) -> Floats:
    deviation: Floats = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", seen, covariance, seen), 0))
    return deviation


def _unit_columns(matrix: Floats) -> tuple[Floats, Floats]:
    length = np.linalg.norm(matrix, axis=0)
    length = np.where(length > 0, length, 1.0)
    return matrix / length, length


def _nodal(matrix: Floats, given: Floats, target: Floats, covariance: Floats, seen: Flags) -> Floats:
    known = (matrix[:, ~seen] == 0).all(axis=1)
    inside = matrix[:, seen]
    imbalance = inside @ given[seen] - target
    variance = np.einsum("ij,jk,ik->i", inside, covariance[np.ix_(seen, seen)], inside)
    testable = known & (variance > 0)
    test: Floats = np.full(len(matrix), np.nan)
    test[testable] = np.abs(imbalance[testable]) / np.sqrt(variance[testable])
    return test
