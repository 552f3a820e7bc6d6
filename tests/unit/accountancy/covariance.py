"""The covariance of a run of balances from a list of batches: what the program's sums are compared with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


def muf_covariance(
    *,
    periods: int,
    period: Indices,
    signed_mass: Floats,
    act: Indices,
    random: Floats,
    key: Indices,
    systematic: Floats,
) -> Floats:
    """Covariance matrix of the inventory differences of a run of periods, shape (periods, periods).

    Parameters, all of shape (n,), one entry per batch and kind of measurement: `period` from 0; `signed_mass` = a·x
    with a = +1 for opening stock and inputs, −1 for outputs and closing stock; `act` numbers the act of measurement
    (a closing item and the opening item it becomes are one act); `random` = δ_r; `key` numbers what shares a
    systematic error; `systematic` = δ_s (relative, one σ). The result has the square of the unit of mass.

    Var = Σ_b x² δ_r² + Σ_m (Σ a x)² δ_s²; Cov = Σ_m (Σ_i a x)(Σ_j a x) δ_s² − [neighbours] Σ_shared x² δ_r².
    """
    return _shared(periods, period, signed_mass * random, act) + _shared(periods, period, signed_mass * systematic, key)


def _shared(periods: int, period: Indices, contribution: Floats, source: Indices) -> Floats:
    """Σ over error sources of s sᵀ, where s[i] is what the source contributes to period i."""
    place, inverse = np.unique(np.stack([source, period]), axis=1, return_inverse=True)
    total = np.bincount(inverse.ravel(), weights=contribution, minlength=place.shape[1])
    covariance = np.zeros((periods, periods))
    np.add.at(covariance, (place[1], place[1]), total**2)
    # Entries are sorted by source, so what shares a source lies at most its number of periods apart.
    for distance in range(1, place.shape[1]):
        same = np.flatnonzero(place[0, distance:] == place[0, :-distance])
        if same.size == 0:
            break
        first, second = place[1, same], place[1, same + distance]
        product = total[same] * total[same + distance]
        np.add.at(covariance, (first, second), product)
        np.add.at(covariance, (second, first), product)
    return covariance
