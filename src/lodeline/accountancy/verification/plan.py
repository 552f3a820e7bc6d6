"""How many items of each stratum are counted, weighed, shot with XRF and sampled for the laboratory; which; and what
that would show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from lodeline.accountancy.verification.strata import Stratum

#: What is done with an item. Each is done with the first so many items of the stratum's draw, so that who knows n of
#: each knows what is done with which.
ACTS: Final = ("count", "weigh", "xrf", "laboratory")
#: Kinds of falsification: whole items absent; between a quarter and three quarters of an item; a little of every item.
KINDS: Final = ("gross", "partial", "bias")


@dataclass(frozen=True, slots=True, kw_only=True)
class StratumPlan:
    """What is done in one stratum: `numbers` by act, and `detects` by kind: the chance that the visit shows a loss of
    the goal mass (or of all that is there, if less) from this stratum alone, of the element least protected."""

    stratum: Stratum
    numbers: dict[str, int]
    detects: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What a visit would see of one element and kind of falsification, wherever in the site an adversary who knows the
    plan's sizes, and not its lot, takes it.

    `half_mg` and `ninety_mg`: the least mass that is shown with probability .5 and .9; None: not even all that is there.
    """

    element: str
    kind: str
    goal_mg: int
    wanted: float
    probability: float
    half_mg: int | None
    ninety_mg: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Worst:
    """The falsification of the goal mass that a visit would show least: `size` is the part taken of each item, `way`
    is `taken` (mass is missing) or `diluted` (the mass is right, the share of the element is not)."""

    element: str
    size: float
    way: str
    items: int
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A visit. `minutes` never exceeds `budget`; `enough` says that every wanted probability is reached, else
    `needed_minutes` says what would be (None: no effort would, the systematic errors alone forbid it).
    `sights` and `at_random` are of this plan and of as many acts on items drawn from the whole site without strata."""

    strata: tuple[StratumPlan, ...]
    budget: int
    minutes: int
    enough: bool
    needed_minutes: int | None
    sights: tuple[Sight, ...]
    at_random: tuple[Sight, ...]
    worst: tuple[Worst, ...]


def plan_visit(
    strata: Sequence[Stratum],
    *,
    goals: Mapping[str, int],
    detect: Mapping[str, float],
    minutes: int,
    methods: pl.DataFrame | None = None,
) -> Plan:
    """The plan of a visit.

    Parameters: `goals`: symbol → mass in mg whose loss shall show; `detect`: kind → wanted probability (a kind that is
    not named is not planned for); `minutes`: the budget; `methods`: the register's methods (`ledger.register.TABLES`),
    for the firm's own errors, else the defaults.
    """
    raise NotImplementedError


def draw(items: pl.DataFrame, plan: Plan, seed: str) -> pl.DataFrame:
    """The items in the order of the draw, with `order` (from 1 in each stratum) and `do` (list of ACTS, empty: not
    chosen); whatever order they came in.

    Parameters: `items` as `stratified` returned them; `seed` in hex. An item's place in its stratum's draw is that of
    sha256(bytes of the seed ‖ UTF-8 bytes of its name); act A is done with the first numbers[A].
    """
    raise NotImplementedError
