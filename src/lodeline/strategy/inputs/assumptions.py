"""What is assumed where nobody has said better: a value, its range and the shape between, each with its reason.

    point        the central value, always
    triangular   from low to high, most likely at the central value
    lognormal    low and high are its P10 and P90, the central value its median; each side has its own width
    beta(a;b)    the distribution of a share

A number from (0, 1) becomes a value by the inverse of the distribution, so that the same numbers mean the same luck
under another assumption.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
#: When the table was put together; what a figure that rests on it has for its vintage.
VINTAGE: Final = "2026-11-28"
#: Of values of the table, and of its rates (`rate:…`).
CURRENCY: Final = "USD"
_TABLE: Final = "data/reference/strategy_assumptions.csv"
#: Standard deviations between the median and P90 of a normal distribution.
_P90: Final = 1.2815515655446004


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """A row of the table. `low` ≤ `central` ≤ `high`, in `unit`; `status`: what it rests on; `why`: and where from."""

    key: str
    unit: str
    low: float
    central: float
    high: float
    shape: str
    status: str
    why: str

    @property
    def source(self) -> str:
        return f"strategy_assumptions.csv: {self.key} ({self.status})"

    def quantile(self, at: Floats) -> Floats:
        """The value that a share `at` of all values lies below."""
        if self.shape == "lognormal":
            return lognormal(at, self.low, self.central, self.high)
        if self.shape == "triangular":
            return triangular(at, self.low, self.central, self.high)
        if self.shape.startswith("beta("):
            from scipy.special import betaincinv  # noqa: PLC0415  (takes a while to load, and few ask)

            first, second = (float(one) for one in self.shape[len("beta(") : -1].split(";"))
            return np.asarray(betaincinv(first, second, at), np.float64)
        assert self.shape == "point", f"{self.key}: no shape {self.shape}"
        return np.full_like(at, self.central)


def triangular(at: Floats, low: float, central: float, high: float) -> Floats:
    """Values of a triangular distribution."""
    if high <= low:
        return np.full_like(at, central)
    bend = (central - low) / (high - low)
    rising = low + np.sqrt(at * (high - low) * (central - low))
    falling = high - np.sqrt((1 - at) * (high - low) * (high - central))
    return np.where(at < bend, rising, falling)


def lognormal(at: Floats, low: float, central: float, high: float) -> Floats:
    """Values around a median with `low` and `high` for P10 and P90, all above 0; on each side as wide as it says.

    Where low is 0, which no such value reaches, the lower side is as wide as the upper.
    """
    from scipy.special import ndtri  # noqa: PLC0415

    score = np.asarray(ndtri(at), np.float64)
    above = np.log(high / central) / _P90
    below = np.log(central / low) / _P90 if low > 0 else above
    return np.asarray(central * np.exp(score * np.where(score < 0, below, above)), np.float64)


@cache
def assumptions() -> Mapping[str, Assumption]:
    """All of the table, by key."""
    return {
        row["key"]: Assumption(
            key=row["key"], unit=row["unit"], low=float(row["low"]), central=float(row["central"]),
            high=float(row["high"]), shape=row["shape"], status=row["status"], why=row["why_and_source"],
        )
        for row in csv.DictReader(_bytes().decode("utf-8").splitlines())
    }  # fmt: skip


def assumption(key: str) -> Assumption:
    return assumptions()[key]


def rate(currency: str) -> Assumption | None:
    """What a unit of `CURRENCY` is worth in another currency; None where nothing is assumed of it."""
    return assumptions().get(f"rate:{currency}")


@cache
def digest() -> str:
    """SHA-256 of the table, in hex: what an answer that rests on it names."""
    return sha256(_bytes()).hexdigest()


def _bytes() -> bytes:
    return (files("lodeline") / _TABLE).read_bytes()


def described() -> list[dict[str, Any]]:
    """The rows as a page shows them."""
    return [
        {"key": one.key, "unit": one.unit, "low": one.low, "value": one.central, "high": one.high, "shape": one.shape,
         "basis": "assumption", "source": one.why or one.status, "vintage": VINTAGE}
        for one in assumptions().values()
    ]  # fmt: skip
