"""What came in or left: the elements that do not close, against the compositions of ores and goods.

The differences of all elements of a site are tested together, and then along each signature. The one that explains them
best names the likely material; signatures that the data cannot tell apart are named together, and where none fits that
is said. Compositions are reference data, mostly assumptions (data/reference/signatures.csv), so a name is a question.
Source: Hotelling, Ann. Math. Stat. 2 (1931); Neyman & Pearson, Phil. Trans. A 231 (1933) along each signature.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, sqrt
from typing import Final

import numpy as np
import numpy.typing as npt

from lodeline.accountancy.distribution import chi_squared_tail, normal_tail
from lodeline.accountancy.untestable import (
    NO_COUNTS,
    SINGULAR_COVARIANCE,
    UNKNOWN_DIFFERENCE,
    UNKNOWN_ELEMENTS,
    UNKNOWN_UNCERTAINTY,
    ZERO_VARIANCE,
)
from lodeline.material.element import RARE_EARTHS, element_per_oxide
from lodeline.tables import table_rows

Floats = npt.NDArray[np.float64]

#: Signatures that explain the differences at least this well beside the best one are named with it: posterior odds of
#: one in twenty, every signature being as likely beforehand.
_DISTINGUISHED: Final = 1 / 20
#: What is left beyond the best signature with less probability than this fits no signature.
_MISFIT: Final = 0.01
#: No difference is taken for larger than so many standard deviations: absurd figures overflow nowhere.
_FAR: Final = 1e12


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A material by the shares of its rare earths: element → part of the mass of all its rare-earth elements, sum 1."""

    name: str
    kind: str
    name_en: str
    name_zh: str
    shares: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One signature against the differences. `z` is one-sided, > 0 towards the side asked; `mass` ± `sigma` is how much
    of its rare-earth elements, unit as given; `misfit_p` is the probability of what it leaves unexplained."""

    signature: Signature
    z: float
    mass: float
    sigma: float
    misfit_p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Identification:
    """`reason` is a code of `untestable` or None. `t_squared` with `freedom` and `p` tests all elements together.
    `matches` are all signatures, best first; `named` those that the data cannot tell from the best one, empty where
    none fits; `signature_p` is the p of the best, corrected for the number of signatures tried."""

    reason: str | None = None
    t_squared: float = 0.0
    freedom: int = 0
    p: float = 1.0
    signature_p: float = 1.0
    matches: tuple[Match, ...] = ()
    named: tuple[str, ...] = ()


def identify(
    muf: Floats,
    covariance: Floats,
    elements: Sequence[str],
    *,
    side: int,
    signatures: Sequence[Signature] | None = None,
) -> Identification:
    """T² over the elements, and the generalised likelihood ratio of each signature.

    Parameters: `muf` (e,) the differences of one site and window, in any unit of mass, > 0 missing; `covariance` (e, e)
    of them, from `balance_runs(along="elements")`; `elements` (e,) their symbols; `side` +1 asks what is missing, −1
    what came in; `signatures` SIGNATURES if not given. Never raises for what was measured.
    """
    if (reason := _unready(muf, covariance)) is not None:
        return Identification(reason=reason)
    known = [(one, _direction(one, elements)) for one in (SIGNATURES if signatures is None else signatures)]
    known = [(one, direction) for one, direction in known if direction.any()]
    if not known:
        return Identification(reason=UNKNOWN_ELEMENTS)
    largest = float(np.diag(covariance).max())
    scale = sqrt(largest)
    difference = side * np.clip(muf, -_FAR * scale, _FAR * scale) / scale
    precision = np.linalg.inv(covariance / largest)
    t_squared = float(difference @ precision @ difference)
    matches = []
    for one, direction in known:
        information = float(direction @ precision @ direction)
        z = float(direction @ precision @ difference) / sqrt(information)
        left = max(0.0, t_squared - max(z, 0.0) ** 2)
        matches.append(
            Match(
                signature=one,
                z=z,
                mass=scale * z / sqrt(information),
                sigma=scale / sqrt(information),
                misfit_p=chi_squared_tail(left, len(muf) - 1) if len(muf) > 1 else 1.0,
            )
        )
    matches.sort(key=lambda match: -match.z)
    best = matches[0]
    fits = best.z > 0 and best.misfit_p >= _MISFIT
    return Identification(
        t_squared=t_squared,
        freedom=len(muf),
        p=chi_squared_tail(t_squared, len(muf)),
        signature_p=min(1.0, len(known) * float(normal_tail(best.z))),
        matches=tuple(matches),
        named=tuple(
            match.signature.name
            for match in matches
            if fits and match.z > 0 and exp((match.z**2 - best.z**2) / 2) >= _DISTINGUISHED
        ),
    )


def _unready(muf: Floats, covariance: Floats) -> str | None:
    variance = np.diag(covariance)
    if len(muf) == 0:
        return NO_COUNTS
    if not np.isfinite(muf).all():
        return UNKNOWN_DIFFERENCE
    if not np.isfinite(covariance).all():
        return UNKNOWN_UNCERTAINTY
    if not (variance > 1e-18 * variance.max()).all():
        return ZERO_VARIANCE
    deviation = np.sqrt(variance)
    if np.linalg.eigvalsh(covariance / deviation[:, None] / deviation)[0] < 1e-9:
        return SINGULAR_COVARIANCE
    return None


def _direction(signature: Signature, elements: Sequence[str]) -> Floats:
    return np.array([signature.shares.get(symbol, 0.0) for symbol in elements])


def _load() -> tuple[Signature, ...]:
    rows: dict[str, list[dict[str, str]]] = {}
    for row in table_rows("reference/signatures.csv"):
        assert row["element"] in RARE_EARTHS, f"{row['element']} is no rare earth"
        rows.setdefault(row["signature"], []).append(row)
    return tuple(_signature(name, parts) for name, parts in rows.items())


def _signature(name: str, parts: list[dict[str, str]]) -> Signature:
    masses = {
        part["element"]: float(part["share_pct"])
        * (float(element_per_oxide(part["element"])) if part["basis"] == "oxide" else 1.0)
        for part in parts
    }
    total = sum(masses.values())
    return Signature(
        name=name,
        kind=parts[0]["kind"],
        name_en=parts[0]["name_en"],
        name_zh=parts[0]["name_zh"],
        shares={symbol: mass / total for symbol, mass in masses.items()},
    )


#: The reference table; element shares of the rare-earth metal content.
SIGNATURES: Final = _load()
