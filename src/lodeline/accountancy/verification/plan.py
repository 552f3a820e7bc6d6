"""How many items of each stratum are counted, weighed, shot with XRF and sampled for the laboratory; which; and what
that would show.

Attributes: n = N (1 − β^(1/d)) / q of every stratum, with d = M / (size · heaviest): the same β for every stratum makes
the risk for a unit of mass the same everywhere, which is the best against an adversary who knows the numbers, and keeps
its promise however the loss is spread. Variables: n ∝ mass · δ_r (Neyman), shared between scale and laboratory by cost.
Where the minutes do not suffice, log β of the attributes and n of the variables are cut by one factor.
Source: IAEA/SG/SCT/5 (1998); Avenhaus & Canty, Compliance Quantified (1996), ch. 2-4; Cochran, Sampling Techniques,
3rd ed. (1977), 5.5, for the allocation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.accountancy.distribution import normal_quantile
from lodeline.accountancy.verification.effort import ACTS, LOOK_SEES, minutes_of
from lodeline.accountancy.verification.sampling import FALSE_ALARM, whole
from lodeline.accountancy.verification.sight import (
    DILUTED,
    PARTIAL,
    TAKEN,
    Layer,
    bias_power,
    layer_of,
    least_detection,
    random_detection,
    risk_of,
    variance_of,
)
from lodeline.accountancy.verification.strata import Stratum

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

#: Kinds of falsification: whole items absent; between a quarter and three quarters of an item gone, or its content
#: diluted by a quarter or more; a little of every item.
KINDS: Final = ("gross", "partial", "bias")
#: A visit that cannot reach the wanted power of D, its systematic errors being too large, brings the random part of
#: its variance down to this part of the systematic one: more items would hardly help.
_ENOUGH_RANDOM: Final = 0.25
_UNBIASED: Final = 0.1
_SIZES: Final = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.35, 0.5, LOOK_SEES - 1e-9, 1.0)
_HALVINGS: Final = 14
#: The mass of the strata that are not visited, as parts of the goals, that a plan short of minutes tries.
_GIVEN_AWAY: Final = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class StratumPlan:
    """What is done in one stratum: `numbers` by act, and `detects` by kind: the chance that the visit shows a loss of
    the goal mass (or of all that is there, if less) from this stratum alone, of the element least protected; empty where the stratum
    holds no element with a goal."""

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
class Plan:
    """A visit. `minutes` never exceeds `budget`; `enough` says that every wanted probability is reached, and
    `needed_minutes` what would reach them (None: no effort would, the errors of measurement forbid it).
    `sights` and `at_random` are of this plan and of as many acts on items drawn from the whole site without strata;
    elements of which the site declares nothing are in neither."""

    strata: tuple[StratumPlan, ...]
    budget: int
    minutes: int
    enough: bool
    needed_minutes: int | None
    sights: tuple[Sight, ...]
    at_random: tuple[Sight, ...]
    worst: tuple[Worst, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Aim:
    """One element at one site: its layer and its goal mass."""

    symbol: str
    layer: Layer
    goal: float

    def most(self, kind: str) -> float:
        """All that a falsification of this kind can take; a partial one leaves a quarter."""
        return float(self.layer.mass.sum()) * (LOOK_SEES - 1e-9 if kind == "partial" else 1.0)

    def mass(self, kind: str) -> float:
        return min(self.goal, self.most(kind))


def plan_visit(
    strata: Sequence[Stratum],
    *,
    goals: Mapping[str, int],
    detect: Mapping[str, float],
    minutes: int,
    methods: pl.DataFrame | None = None,
) -> Plan:
    """The plan of a visit.

    Parameters: `goals`: symbol → mass in mg (> 0) whose loss shall show; `detect`: kind → wanted probability below 1 (a
    kind that is not named is not planned for); `minutes`: the budget; `methods`: the register's methods
    (`ledger.register.TABLES`), for the firm's own errors, else the defaults. Raises ValueError for a wrong parameter.
    """
    if any(goal <= 0 for goal in goals.values()) or not set(detect) <= set(KINDS):
        raise ValueError("goals are masses above zero, kinds are gross, partial, bias")
    if any(not 0 <= wanted < 1 for wanted in detect.values()):
        raise ValueError("a wanted probability lies from 0 to below 1")
    layers = {symbol: layer_of(strata, symbol, methods) for symbol in goals}
    aims = [_Aim(symbol=one, layer=layer, goal=float(goals[one])) for one, layer in layers.items() if len(layer.items)]
    full = _numbers(strata, _needs(aims, detect), 1.0, np.zeros(len(strata), np.bool_))
    numbers = full if _minutes(strata, full) <= minutes else _within(strata, aims, detect, minutes)
    reaches = all(
        _planned(aim, kind, full)(aim.mass(kind)) >= wanted - 1e-6 for aim in aims for kind, wanted in detect.items()
    )
    needed = _minutes(strata, full)
    spent = _minutes(strata, numbers)
    return Plan(
        strata=_by_stratum(strata, aims, numbers),
        budget=minutes,
        minutes=spent,
        enough=reaches and needed <= minutes,
        needed_minutes=needed if reaches else None,
        sights=tuple(_sight(aim, kind, detect, _planned(aim, kind, numbers)) for aim in aims for kind in KINDS),
        at_random=tuple(
            _sight(aim, kind, detect, _at_random(strata, aim, kind, numbers)) for aim in aims for kind in KINDS
        ),
        worst=tuple(_worst(aim, _of(aim, numbers)) for aim in aims),
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Need:
    """How many items an act needs, for one aim and kind of defect, in the strata `place`: `share` · (1 − exp(−t · `rate`))
    of attributes, `linear` · t of variables, at most `items`; t from 0 to 1 is the part of the effort that is made."""

    kind: str
    act: str
    place: Counts
    items: Counts
    share: Floats
    rate: Floats
    linear: Floats

    def at(self, part: float) -> Floats:
        """The real numbers of items."""
        return np.minimum(self.share * -np.expm1(-part * self.rate) + self.linear * part, self.items)


def _needs(aims: Sequence[_Aim], detect: Mapping[str, float]) -> list[_Need]:
    needs = []
    for aim in aims:
        layer, zero = aim.layer, np.zeros(len(aim.layer.items))
        for kind in KINDS[:2]:
            if not detect.get(kind):
                continue
            for size, way in _sizes_of(kind):
                if not _possible(layer, size, aim.mass(kind)):
                    continue
                act = "count" if kind == "gross" else "weigh" if way == TAKEN else "xrf"
                strength = np.maximum(layer.recognised(size, way)[act], 1e-9)
                rate = -np.log1p(-detect[kind]) * size * layer.heaviest / aim.mass(kind)
                needs.append(
                    _Need(
                        kind=kind, act=act, place=layer.place, items=layer.items, share=layer.items / strength, rate=rate,
                        linear=zero,
                    )
                )  # fmt: skip
        if detect.get("bias"):
            needs += [
                _Need(kind="bias", act=act, place=layer.place, items=layer.items, share=zero, rate=zero, linear=number)
                for act, number in _for_bias(aim, detect["bias"]).items()
            ]
    return needs


def _numbers(
    strata: Sequence[Stratum], needs: Sequence[_Need], part: float, spared: npt.NDArray[np.bool_]
) -> dict[str, Counts]:
    """Whole numbers by act, rounded up, nothing in the strata that are spared.

    What goes to the laboratory is weighed, and whatever is measured is counted.
    """
    real = {act: np.zeros(len(strata)) for act in ACTS}
    for need in needs:
        real[need.act][need.place] = np.maximum(real[need.act][need.place], need.at(part))
    numbers = {act: whole(np.where(spared, 0.0, number)) for act, number in real.items()}
    numbers["weigh"] = np.maximum(numbers["weigh"], numbers["laboratory"])
    numbers["count"] = np.maximum.reduce([numbers[act] for act in ACTS])
    return numbers


def _sizes_of(kind: str) -> list[tuple[float, str]]:
    if kind == "gross":
        return [(1.0, TAKEN)]
    return [(size, way) for way, sizes in PARTIAL.items() for size in sizes]


def _for_bias(aim: _Aim, wanted: float) -> dict[str, Floats]:
    """Weighings and laboratory samples by stratum, so that D of the element has the wanted power for the goal."""
    layer = aim.layer
    every = {act: layer.items * (act != "xrf") for act in ACTS}
    acts = ("weigh", "laboratory")
    random = {act: layer.mass * np.hypot(*(side.random for side in layer.sides(act))) for act in acts}
    fixed = variance_of(layer, every) - sum(float((random[act] ** 2 / layer.items).sum()) for act in acts)
    reach = normal_quantile(1 - FALSE_ALARM) + normal_quantile(max(wanted, FALSE_ALARM))
    room = (aim.mass("bias") / reach) ** 2 - fixed
    room = max(room, _ENOUGH_RANDOM * fixed, 1e-12)
    weight = {act: np.sqrt(minutes_of(act)) * float(random[act].sum()) for act in acts}
    whole_weight = max(sum(weight.values()), 1e-300)
    # Strata so small that all they hold is a tenth of the goal are left to the other tests.
    order = np.argsort(layer.mass, kind="stable")
    matters = np.ones(len(order))
    matters[order[np.cumsum(layer.mass[order]) <= _UNBIASED * aim.mass("bias")]] = 0.0
    return {
        act: matters * random[act] * float(random[act].sum()) / max(room * weight[act] / whole_weight, 1e-300)
        for act in acts
    }


def _minutes(strata: Sequence[Stratum], numbers: Mapping[str, Counts]) -> int:
    products = [one.product for one in strata]
    return minutes_of("visit") + sum(
        int(number) * minutes_of(act, product)
        for act in ACTS
        for number, product in zip(numbers[act], products, strict=True)
    )


def _within(
    strata: Sequence[Stratum], aims: Sequence[_Aim], detect: Mapping[str, float], budget: int
) -> dict[str, Counts]:
    """The best numbers that the budget allows.

    A stratum that is not visited gives its mass away, and one more item in each may be dear: so the smallest strata are
    spared up to some part of the goals, and kinds of defect are given up from the subtlest on, and of all these the
    numbers are taken whose least probability is best, and then their mean.
    """
    wanted = [kind for kind in KINDS if detect.get(kind)]
    every = _needs(aims, detect)
    best, found = (-1.0, -1.0), {act: np.zeros(len(strata), np.int64) for act in ACTS}
    for kinds in (wanted[:last] for last in range(len(wanted), 0, -1)):
        needs = [need for need in every if need.kind in kinds]
        for given_away in _GIVEN_AWAY:
            numbers = _cut(strata, needs, _spared(len(strata), aims, given_away), budget)
            if numbers is None:
                continue
            chances = [_planned(aim, kind, numbers)(aim.mass(kind)) for aim in aims for kind in wanted]
            score = (min(chances), sum(chances) / len(chances))
            if score > best:
                best, found = score, numbers
    return found


def _spared(strata: int, aims: Sequence[_Aim], part: float) -> npt.NDArray[np.bool_]:
    """The smallest strata, as long as all that they hold is at most `part` of every goal."""
    weight = np.zeros(strata)
    for aim in aims:
        weight[aim.layer.place] = np.maximum(weight[aim.layer.place], aim.layer.mass / aim.mass("gross"))
    order = np.argsort(weight, kind="stable")
    spared = np.zeros(strata, np.bool_)
    spared[order[np.cumsum(weight[order]) <= part]] = True
    return spared


def _cut(
    strata: Sequence[Stratum], needs: Sequence[_Need], spared: npt.NDArray[np.bool_], budget: int
) -> dict[str, Counts] | None:
    """The numbers of the greatest part of the effort that the budget allows; None: not the least of it."""
    low, high = 1e-6, 1.0
    numbers = _numbers(strata, needs, low, spared)
    if _minutes(strata, numbers) > budget:
        return None
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        more = _numbers(strata, needs, middle, spared)
        if _minutes(strata, more) <= budget:
            low, numbers = middle, more
        else:
            high = middle
    return numbers


def _of(aim: _Aim, numbers: Mapping[str, Counts]) -> dict[str, Counts]:
    return {act: numbers[act][aim.layer.place] for act in ACTS}


def _planned(aim: _Aim, kind: str, numbers: Mapping[str, Counts]) -> Callable[[float], float]:
    """The chance, as a function of the mass, that this visit shows the least visible falsification of the kind."""
    layer, own = aim.layer, _of(aim, numbers)
    if kind == "bias":
        return lambda mass: min(bias_power(layer, own, mass, way) for way in (TAKEN, DILUTED))
    risks = [(size, risk_of(layer, own, size, way)) for size, way in _sizes_of(kind)]
    return lambda mass: min(least_detection(risk, mass)[0] for size, risk in risks if _possible(layer, size, mass))


def _at_random(
    strata: Sequence[Stratum], aim: _Aim, kind: str, numbers: Mapping[str, Counts]
) -> Callable[[float], float]:
    """The same for as many acts on items of the whole site, drawn without strata."""
    layer, population = aim.layer, sum(one.items for one in strata)
    drawn = {act: int(numbers[act].sum()) for act in ACTS}
    if kind == "bias":
        expected = {act: drawn[act] * layer.items / population for act in ACTS}
        return lambda mass: min(bias_power(layer, expected, mass, way) for way in (TAKEN, DILUTED))
    return lambda mass: min(
        random_detection(layer, drawn, population, size, way, mass)
        for size, way in _sizes_of(kind)
        if _possible(layer, size, mass)
    )


def _possible(layer: Layer, size: float, mass: float) -> bool:
    """Whether defects of this size can make up the mass at all."""
    return size * float(layer.mass.sum()) >= mass * (1 - 1e-9)


def _sight(aim: _Aim, kind: str, detect: Mapping[str, float], chance: Callable[[float], float]) -> Sight:
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


def _worst(aim: _Aim, numbers: Mapping[str, Counts]) -> Worst:
    """Over sizes and ways: single items and D are both looked at, so the better of the two is what the visit shows."""
    found = []
    for way in (TAKEN, DILUTED):
        for size in _SIZES:
            if not _possible(aim.layer, size, aim.goal) and size < 1:
                continue
            mass = min(aim.goal, size * float(aim.layer.mass.sum()))
            single, spread = least_detection(risk_of(aim.layer, numbers, size, way), mass)
            together = bias_power(aim.layer, numbers, mass, way, spread)
            found.append((max(single, together), size, way, int(spread.sum())))
    chance, size, way, items = min(found)
    return Worst(element=aim.symbol, size=round(size, 2), way=way, items=items, probability=chance)


def _by_stratum(
    strata: Sequence[Stratum], aims: Sequence[_Aim], numbers: Mapping[str, Counts]
) -> tuple[StratumPlan, ...]:
    """The numbers of each stratum and what they show of a loss from it alone, of the element least protected."""
    detects = {kind: np.ones(len(strata)) for kind in KINDS}
    for aim in aims:
        layer, own = aim.layer, _of(aim, numbers)
        for kind in KINDS[:2]:
            most = layer.mass * (LOOK_SEES - 1e-9 if kind == "partial" else 1.0)
            for size, way in _sizes_of(kind):
                risk = risk_of(layer, own, size, way)
                # A stratum that holds less than the goal is emptied as far as defects of this size do it.
                number = np.minimum(whole(np.minimum(aim.goal, most) / risk.each), risk.most)
                shown = np.maximum(-np.expm1(risk.log_miss(number)), 0.0)
                detects[kind][layer.place] = np.minimum(detects[kind][layer.place], shown)
        for place, stratum in enumerate(layer.place):
            only = {act: np.where(np.arange(len(layer.place)) == place, own[act], 0) for act in ACTS}
            taken = np.where(np.arange(len(layer.place)) == place, layer.items, 0)
            mass = min(aim.goal, float(layer.mass[place]))
            shown = min(bias_power(layer, only, mass, way, taken) for way in (TAKEN, DILUTED))
            detects["bias"][stratum] = min(detects["bias"][stratum], shown)
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
