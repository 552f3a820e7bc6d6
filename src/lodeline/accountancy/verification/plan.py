"""The plan of a visit: how many items of each stratum are counted, weighed, shot with XRF and sampled for the
laboratory, what that would show, beside a visit without strata; and the draw of the items.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.accountancy.verification.aims import KINDS, Aim, numbers_of, planned, possible, sizes_of
from lodeline.accountancy.verification.allocation import minutes_spent, needs_of, whole_numbers, within
from lodeline.accountancy.verification.effort import ACTS, LOOK_SEES
from lodeline.accountancy.verification.sampling import whole
from lodeline.accountancy.verification.sight import (
    DILUTED,
    TAKEN,
    bias_power,
    layer_of,
    least_detection,
    risk_of,
)
from lodeline.accountancy.verification.strata import Stratum

Counts = npt.NDArray[np.int64]

_SIZES: Final = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.35, 0.5, LOOK_SEES - 1e-9, 1.0)
_HALVINGS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class StratumPlan:
    """What is done in one stratum: `numbers` by act, and `detects` by kind: the chance that the visit shows a loss of
    the goal mass (or of all that is there, if less) from this stratum alone, of the element least protected;
    empty where the stratum holds no element with a goal."""

    stratum: Stratum
    numbers: dict[str, int]
    detects: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What a visit would see of one element and kind of falsification, wherever in the site an adversary who knows the
    plan's numbers, and not its lot, takes it.

    `goal_mg`: the goal, or all that this kind can take here, if less. `half_mg` and `ninety_mg`: the least mass that is
    shown with probability .5 and .9; None: not even all that there is.
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
class Showing:
    """What some numbers of items show, planned or done; the fields as of `Plan`."""

    strata: tuple[StratumPlan, ...]
    minutes: int
    sights: tuple[Sight, ...]
    worst: tuple[Worst, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A visit. `minutes` never exceeds `budget`; `enough` says that every wanted probability is reached, and
    `needed_minutes` what would reach them (None: no effort would, the errors of measurement forbid it).
    `sights` has no elements of which the site declares nothing."""

    strata: tuple[StratumPlan, ...]
    budget: int
    minutes: int
    enough: bool
    needed_minutes: int | None
    sights: tuple[Sight, ...]
    worst: tuple[Worst, ...]


def plan_visit(
    strata: Sequence[Stratum],
    *,
    goals: Mapping[str, int],
    detect: Mapping[str, float],
    minutes: int,
    methods: pl.DataFrame | None = None,
    compare: bool = True,
) -> Plan:
    """The plan of a visit.

    Parameters: `goals`: symbol → mass in mg (> 0) whose loss shall show; `detect`: kind → wanted probability below 1 (a
    kind that is not named is not planned for); `minutes`: the budget; `methods`: the register's methods
    (`ledger.register.TABLES`), for the firm's own errors, else the defaults; `compare`: whether `worst` is computed,
    which takes most of the time. Raises ValueError for a wrong parameter.
    """
    if any(goal <= 0 for goal in goals.values()) or not set(detect) <= set(KINDS):
        raise ValueError("goals are masses above zero, kinds are gross, partial, bias")
    if any(not 0 <= wanted < 1 for wanted in detect.values()):
        raise ValueError("a wanted probability lies from 0 to below 1")
    aims = _aims(strata, goals, methods)
    full = whole_numbers(strata, needs_of(aims, detect), 1.0, np.zeros(len(strata), np.bool_))
    numbers = full if minutes_spent(strata, full) <= minutes else within(strata, aims, detect, minutes)
    reaches = all(
        planned(aim, kind, full)(aim.mass(kind)) >= wanted - 1e-6 for aim in aims for kind, wanted in detect.items()
    )
    needed = minutes_spent(strata, full)
    showing = _showing(strata, aims, numbers, detect, compare=compare)
    return Plan(
        strata=showing.strata,
        budget=minutes,
        minutes=showing.minutes,
        enough=reaches and needed <= minutes,
        needed_minutes=needed if reaches else None,
        sights=showing.sights,
        worst=showing.worst,
    )


def showing_of(
    strata: Sequence[Stratum],
    numbers: Mapping[str, Counts],
    *,
    goals: Mapping[str, int],
    detect: Mapping[str, float],
    methods: pl.DataFrame | None = None,
) -> Showing:
    """What a visit shows that has done `numbers` (act → how many items of each stratum), whatever was planned.

    Other parameters as of `plan_visit`.
    """
    return _showing(strata, _aims(strata, goals, methods), numbers, detect, compare=True)


def _aims(strata: Sequence[Stratum], goals: Mapping[str, int], methods: pl.DataFrame | None) -> list[Aim]:
    layers = {symbol: layer_of(strata, symbol, methods) for symbol in goals}
    return [Aim(symbol=one, layer=layer, goal=float(goals[one])) for one, layer in layers.items() if len(layer.items)]


def _showing(
    strata: Sequence[Stratum], aims: Sequence[Aim], numbers: Mapping[str, Counts], detect: Mapping[str, float], *,
    compare: bool,
) -> Showing:  # fmt: skip
    each = [(aim, kind) for aim in aims for kind in KINDS]
    return Showing(
        strata=_by_stratum(strata, aims, numbers),
        minutes=minutes_spent(strata, numbers),
        sights=tuple(_sight(aim, kind, detect, planned(aim, kind, numbers)) for aim, kind in each),
        worst=tuple(_worst(aim, numbers_of(aim, numbers)) for aim in aims if compare),
    )


def draw(items: pl.DataFrame, plan: Plan, seed: str) -> pl.DataFrame:
    """The items in the order of the draw, with `order` (from 1 in each stratum) and `do` (list of ACTS, empty: not
    chosen); whatever order they came in.

    Parameters: `items` as `stratified` returned them; `seed` in hex. An item's place in its stratum's draw is that of
    sha256(bytes of the seed ‖ UTF-8 bytes of its name), as a number; act A is done with the first numbers[A].
    """
    start = hashlib.sha256(bytes.fromhex(seed))
    digests = []
    for name in items["name"]:
        digest = start.copy()
        digest.update(name.encode())
        digests.append(digest.hexdigest())
    numbers = pl.DataFrame(
        {"stratum": [one.stratum.key for one in plan.strata]}
        | {f"n_{act}": [one.numbers[act] for one in plan.strata] for act in ACTS},
        schema={"stratum": pl.String} | {f"n_{act}": pl.Int64 for act in ACTS},
    )
    done = [pl.when(pl.col("order") <= pl.col(f"n_{act}")).then(pl.lit(act)) for act in ACTS]
    return (
        items.with_columns(digest=pl.Series(digests, dtype=pl.String))
        .sort("stratum", "digest")
        .with_columns(order=pl.int_range(1, pl.len() + 1).over("stratum"))
        .join(numbers, on="stratum", how="left", maintain_order="left")
        .with_columns(do=pl.concat_list(done).list.drop_nulls())
        .drop("digest", *(f"n_{act}" for act in ACTS))
    )


def _sight(aim: Aim, kind: str, detect: Mapping[str, float], chance: Callable[[float], float]) -> Sight:
    return Sight(
        element=aim.symbol,
        kind=kind,
        goal_mg=round(aim.mass(kind)),
        wanted=detect.get(kind, 0.0),
        probability=chance(aim.mass(kind)),
        half_mg=_least_shown(chance, aim.most(kind), 0.5),
        ninety_mg=_least_shown(chance, aim.most(kind), 0.9),
    )


def _least_shown(chance: Callable[[float], float], most: float, wanted: float) -> int | None:
    """The mass from which on `chance` is at least `wanted`, by halving its logarithm; None: not even for all."""
    if chance(most) < wanted:
        return None
    low, high = np.log(most) - np.log(1e5), np.log(most)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if chance(float(np.exp(middle))) >= wanted else (middle, high)
    return int(np.ceil(np.exp(high)))


def _worst(aim: Aim, numbers: Mapping[str, Counts]) -> Worst:
    """Over sizes and ways: single items and D are both looked at, so the better of the two is what the visit shows."""
    found = []
    for way in (TAKEN, DILUTED):
        for size in _SIZES:
            if not possible(aim.layer, size, aim.goal) and size < 1:
                continue
            mass = min(aim.goal, size * float(aim.layer.mass.sum()))
            single, spread = least_detection(risk_of(aim.layer, numbers, size, way), mass)
            together = bias_power(aim.layer, numbers, mass, way, spread)
            found.append((max(single, together), size, way, int(spread.sum())))
    chance, size, way, items = min(found)
    return Worst(element=aim.symbol, size=round(size, 2), way=way, items=items, probability=chance)


def _by_stratum(
    strata: Sequence[Stratum], aims: Sequence[Aim], numbers: Mapping[str, Counts]
) -> tuple[StratumPlan, ...]:
    """The numbers of each stratum and what they show of a loss from it alone, of the element least protected."""
    detects = {kind: np.ones(len(strata)) for kind in KINDS}
    for aim in aims:
        layer, own = aim.layer, numbers_of(aim, numbers)
        for kind in KINDS[:2]:
            most = layer.mass * (LOOK_SEES - 1e-9 if kind == "partial" else 1.0)
            for size, way in sizes_of(kind):
                risk = risk_of(layer, own, size, way)
                # A stratum that holds less than the goal is emptied as far as defects of this size do it.
                number = np.minimum(whole(np.minimum(aim.goal, most) / risk.each), risk.most)
                shown = np.maximum(-np.expm1(risk.log_miss(number)), 0.0)
                detects[kind][layer.place] = np.minimum(detects[kind][layer.place], shown)
        for place, stratum in enumerate(layer.place):
            only = {act: np.where(np.arange(len(layer.place)) == place, own[act], 0) for act in ACTS}
            taken = np.where(np.arange(len(layer.place)) == place, layer.items, 0)
            mass = min(aim.goal, float(layer.mass[place]))
            together = min(bias_power(layer, only, mass, way, taken) for way in (TAKEN, DILUTED))
            detects["bias"][stratum] = min(detects["bias"][stratum], together)
    empty = np.ones(len(strata), np.bool_)
    for aim in aims:
        empty[aim.layer.place] = False
    return tuple(
        StratumPlan(
            stratum=one,
            numbers={act: int(numbers[act][place]) for act in ACTS},
            detects={} if empty[place] else {kind: float(detects[kind][place]) for kind in KINDS},
        )
        for place, one in enumerate(strata)
    )
