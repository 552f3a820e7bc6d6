"""What a measured visit makes of a mass that the books say is missing or too much: confirmed, narrowed, cleared.

The estimate after the visit is MUF − D with its own σ (`difference`). Two questions are put to it: is it different from
nothing, and is it less than the books claimed? A visit that can answer neither changes nothing, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

State = Literal["confirmed", "narrowed", "cleared", "unchanged"]
STATES: Final[tuple[State, ...]] = get_args(State)
#: Standard deviations at which nothing is ruled out (one in a hundred), and at which the claimed mass is (one in
#: twenty), both one-sided. Conventions of tests, not law.
NOT_NOTHING: Final = 2.326
NOT_ALL: Final = 1.645
#: A visit whose estimate is not more exact than the books by at least this part has not narrowed anything.
LEAST_GAIN: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mass in mg, > 0 on the side of the finding, and its standard deviation in mg."""

    mass_mg: float
    sigma_mg: float


def verdict(*, claimed: Estimate, measured: Estimate) -> State:
    """What the estimate after a visit (`measured`: MUF − D on the finding's side) says of what the books claim.

    `confirmed`: something is there, and no less than claimed. `cleared`: less than claimed, and nothing cannot be ruled
    out. `narrowed`: something is there but less, or neither can be told and the estimate is more exact than before.
    """
    there = measured.mass_mg > NOT_NOTHING * measured.sigma_mg
    less = claimed.mass_mg - measured.mass_mg > NOT_ALL * measured.sigma_mg
    if there:
        return "narrowed" if less else "confirmed"
    if less:
        return "cleared"
    return "narrowed" if measured.sigma_mg < (1 - LEAST_GAIN) * claimed.sigma_mg else "unchanged"
