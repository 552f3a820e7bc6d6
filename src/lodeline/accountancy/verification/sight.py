"""What a visit would show of one element, against an adversary who knows how many items of each stratum are measured
and by which act, but not which.

He takes his mass where it shows least: from the heaviest items (every item of a stratum is given the mass of its
heaviest, so no choice among them escapes), from the strata with the least risk for the mass, by the size of defect
that the methods recognise least. Whole items: he spreads them until one more costs him the same risk for its mass
everywhere. Items falsified are met independently of each other's recognition, the instruments' systematic errors being
counted into each item's σ; for bias defects they are shared, as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.accountancy.verification.effort import ACTS, LOOK_SEES, Errors, inspector_errors, operator_errors
from lodeline.accountancy.verification.sampling import (
    log_choose,
    log_miss,
    power_of_difference,
    recognition,
    unseen,
    whole,
)
from lodeline.accountancy.verification.strata import Stratum

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

#: Ways to falsify an item: mass is missing; or the mass is right and the share of the element is not.
TAKEN, DILUTED = "taken", "diluted"
#: The sizes of a partial defect, the part of the item that is missing, by way. Absent items are gross defects.
PARTIAL: Final[Mapping[str, tuple[float, ...]]] = {TAKEN: (0.25, LOOK_SEES - 1e-9), DILUTED: (0.25, 0.35, 0.5, 1.0)}
#: Levels of risk that are tried at once; three times, each time between two of those before.
_LEVELS: Final = 64
#: What D extrapolates is reckoned in so many steps, up to so many σ, beyond which D alarms for sure.
_BINS: Final = 600
_FURTHEST: Final = 9.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """The strata that hold one element: arrays in their order, and the errors of both sides."""

    place: Counts  #: index of the stratum in the site's strata
    items: Counts
    mass: Floats
    heaviest: Floats
    operator_mass: Errors
    operator_share: Errors
    inspector: Mapping[str, Errors]

    def sides(self, act: str) -> tuple[Errors, Errors]:
        """The errors of the firm and of the inspector in what the act measures."""
        return (self.operator_mass if act == "weigh" else self.operator_share), self.inspector[act]

    def recognised(self, size: float, way: str) -> dict[str, Floats]:
        """By act: the chance that it recognises an item of which the part `size` is missing."""
        found = {act: np.zeros(len(self.items)) for act in ACTS}
        if way == TAKEN and size >= LOOK_SEES:
            found["count"] += 1.0
        for act in ("weigh",) if way == TAKEN else ("xrf", "laboratory"):
            firm, inspector = self.sides(act)
            random, systematic = (
                np.hypot(getattr(firm, one), getattr(inspector, one)) for one in ("random", "systematic")
            )
            found[act] = recognition(size, random, systematic)
        return found


def layer_of(strata: Sequence[Stratum], symbol: str, methods: pl.DataFrame | None) -> Layer:
    """What the site declares of the element; empty where it declares none."""
    places = [place for place, one in enumerate(strata) if one.element_mg.get(symbol, 0) > 0]
    held = [strata[place] for place in places]
    mass, share = operator_errors(held, symbol, methods)
    return Layer(
        place=np.array(places, np.int64),
        items=np.array([one.items for one in held], np.int64),
        mass=np.array([one.element_mg[symbol] for one in held], np.float64),
        heaviest=np.array([one.heaviest_element_mg[symbol] for one in held], np.float64),
        operator_mass=mass,
        operator_share=share,
        inspector={act: inspector_errors(act, held) for act in ACTS[1:]},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """The risk that an adversary runs in each stratum with defects of one size and way."""

    items: Counts
    most: Counts  #: how many items he can falsify before the stratum's mass is used up
    each: Floats  #: mass of a falsified item
    seen: Floats  #: how many items are looked at with success, on average
    blind: Counts
    weights: Floats

    def log_miss(self, falsified: Counts) -> Floats:
        """log P(not shown) by stratum."""
        return log_miss(self.items, self.blind, self.weights, falsified)


def risk_of(layer: Layer, numbers: Mapping[str, Counts], size: float, way: str) -> Risk:
    """`numbers`: by act, how many items of each stratum of the layer."""
    recognised = layer.recognised(size, way)
    blind, weights, seen = [], [], []
    for place, items in enumerate(layer.items):
        drawn = {act: int(numbers[act][place]) for act in ACTS}
        classes = _classes(drawn, {act: float(recognised[act][place]) for act in ACTS})
        left, row = unseen(int(items), classes)
        blind.append(left)
        weights.append(row)
        seen.append(sum(number * q for number, q in classes))
    padded = np.full((len(weights), max(map(len, weights), default=1)), -np.inf)
    for row_number, row in enumerate(weights):
        padded[row_number, : len(row)] = row
    return Risk(
        items=layer.items,
        most=np.minimum(whole(layer.mass / layer.heaviest), layer.items),
        each=size * layer.heaviest,
        seen=np.array(seen),
        blind=np.array(blind, np.int64),
        weights=padded,
    )


def _classes(drawn: Mapping[str, int], recognised: Mapping[str, float]) -> list[tuple[int, float]]:
    """Disjoint classes of a stratum's draw: (number, chance that the best of the acts done with them recognises)."""
    classes, before = [], 0
    for end in sorted(set(drawn.values()) - {0}):
        best = max(recognised[act] for act in drawn if drawn[act] >= end)
        classes.append((end - before, best))
        before = end
    return classes


def least_detection(risk: Risk, mass: float) -> tuple[float, Counts]:
    """The chance that the visit shows a loss of `mass`, taken as it shows least, and how many items of each stratum
    are falsified then."""
    plans = [_by_equal_risk(risk, mass), _by_cheapest(risk, mass), _from_one(risk, mass)]
    completed = [_trimmed(risk, _completed(risk, np.minimum(one, risk.most), mass), mass) for one in plans]
    chances = [max(0.0, float(-np.expm1(risk.log_miss(one).sum()))) for one in completed]
    best = int(np.argmin(chances))
    return chances[best], completed[best]


def _by_equal_risk(risk: Risk, mass: float) -> Counts:
    """Whole items, a little too few, such that one more of any stratum adds the same risk for its mass.

    The d-th item is met with n/(N − d), so at the risk μ for a unit of mass d = N − n/(1 − exp(−μ x)).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = np.log(1e-12 / risk.each.max(initial=1.0)), np.log(1e3 / risk.each.min(initial=np.inf))
        for _ in range(3):
            levels = np.linspace(low, high, _LEVELS)
            number = risk.items - risk.seen / -np.expm1(-np.exp(levels)[:, None] * risk.each)
            found = np.clip(np.where(risk.seen > 0, number, risk.items), 0, risk.most)
            below = int(np.searchsorted((found * risk.each).sum(1), mass)) - 1
            if below < 0:  # strata that nobody looks at hold all of it
                return np.zeros(len(risk.items), np.int64)
            low, high = levels[below], levels[min(below + 1, _LEVELS - 1)]
    least: Counts = np.floor(found[below] + 1e-9).astype(np.int64)
    return least


def _by_cheapest(risk: Risk, mass: float) -> Counts:
    """Whole items, a little too few, from one stratum after the other, the least risk for its mass first."""
    with np.errstate(divide="ignore"):
        price = -np.log1p(-np.minimum(risk.seen / risk.items, 1.0)) / risk.each
    order = np.argsort(price, kind="stable")
    room = (risk.most * risk.each)[order]
    before = np.cumsum(room) - room
    taken = np.clip(mass - before, 0, room)
    number = np.empty(len(order))
    number[order] = taken / risk.each[order]
    return np.floor(number + 1e-9).astype(np.int64)


def _from_one(risk: Risk, mass: float) -> Counts:
    """All that one stratum can give, from the one where that shows least for its mass."""
    number = np.minimum(whole(mass / risk.each), risk.most)
    price = -risk.log_miss(number) / np.minimum(number * risk.each, mass)
    return np.where(np.arange(len(number)) == np.argmin(price), number, 0)


def _completed(risk: Risk, falsified: Counts, mass: float) -> Counts:
    """With the items that are still missing for `mass`, those that add least risk for it."""
    done = falsified.copy()
    while True:
        rest = mass * (1 - 1e-12) - float((done * risk.each).sum())
        free = done < risk.most
        if rest <= 0 or not free.any():
            break
        more = np.minimum(done + 1, risk.most)
        with np.errstate(invalid="ignore"):
            cost = np.where(free, risk.log_miss(done) - risk.log_miss(more), np.inf)
            price = np.where(free, np.nan_to_num(cost, nan=0.0, posinf=1e100) / np.minimum(risk.each, rest), np.inf)
        order = np.argsort(price, kind="stable")
        # In the order of price every stratum by which the rest is not passed gives one, the first up to a quarter of
        # the rest; then all is looked at anew.
        given = np.cumsum(np.where(free[order], risk.each[order], 0.0))
        some = order[: max(1, int(np.searchsorted(given, rest)))]
        done[some[free[some]]] += 1
        bulk = int(rest / risk.each[order[0]] / 4) - 1
        done[order[0]] += max(0, min(bulk, int(risk.most[order[0]] - done[order[0]])))
    return done


def _trimmed(risk: Risk, falsified: Counts, mass: float) -> Counts:
    """Without the items that the mass does not need, those that save most risk first."""
    done = falsified.copy()
    while True:
        spare = (done * risk.each).sum() - mass * (1 - 1e-12)
        loose = (done > 0) & (risk.each <= spare)
        if not loose.any():
            return done
        with np.errstate(invalid="ignore"):
            saved = risk.log_miss(np.maximum(done - 1, 0)) - risk.log_miss(done)
        place = int(np.argmax(np.where(loose, np.nan_to_num(saved, nan=0.0, posinf=1e100), -1.0)))
        done[place] -= min(max(1, int(spare / risk.each[place] / 2)), int(done[place]))


Numbers = Mapping[str, npt.NDArray[np.float64] | Counts]


def bias_power(layer: Layer, numbers: Numbers, mass: float, way: str, spread: Counts | None = None) -> float:
    """The power of D when `mass` is missing from all items alike, in the part that is measured at all; or, where
    `spread` says how many items of each stratum are falsified, from those, which may be drawn or not.

    D = Σ over strata of the extrapolated differences of mass and of share; systematic errors of one instrument, or of
    one method of the firm, add over the strata before they are squared.
    """
    drawn = np.asarray(numbers["weigh"], np.float64) if way == TAKEN else _shares_measured(numbers)
    sigma = float(np.sqrt(variance_of(layer, numbers)))
    if sigma == 0 or not (drawn > 0).any():
        return 0.0
    if spread is None:
        shown = mass * float(layer.mass[drawn > 0].sum() / layer.mass.sum())
        return float(power_of_difference(shown, sigma))
    each = mass / max(float((spread * layer.heaviest).sum()), 1e-12) * layer.heaviest
    chances = _extrapolated(layer.items, drawn.astype(np.int64), spread, each, _FURTHEST * sigma)
    return float(chances @ power_of_difference(np.linspace(0, _FURTHEST * sigma, _BINS + 1), sigma))


def _extrapolated(items: Counts, drawn: Counts, spread: Counts, each: Floats, furthest: float) -> Floats:
    """The chances of Σ (N/n) · each · (falsified items drawn) over the strata, in steps up to `furthest` and beyond.

    Few falsified items among many are mostly not drawn at all: the sum is nowhere near normal.
    """
    chances = np.zeros(_BINS + 1)
    chances[0] = 1.0
    for place in np.flatnonzero((drawn > 0) & (spread > 0)):
        total, number, false = int(items[place]), int(drawn[place]), int(spread[place])
        met = np.arange(number + 1)
        weight = np.exp(log_choose(false, met) + log_choose(total - false, number - met) - log_choose(total, number))
        steps = np.minimum(np.rint(met * total / number * each[place] / furthest * _BINS), _BINS).astype(np.int64)
        after = np.zeros(_BINS + 1)
        for step, one in zip(steps[weight > 1e-12], weight[weight > 1e-12], strict=True):
            after[step:] += one * chances[: _BINS + 1 - step]
            after[-1] += one * chances[_BINS + 1 - step :].sum()
        chances = after
    return chances


def _shares_measured(numbers: Numbers) -> Floats:
    laboratory = np.asarray(numbers["laboratory"], np.float64)
    return np.where(laboratory > 0, laboratory, np.asarray(numbers["xrf"], np.float64))


def variance_of(layer: Layer, numbers: Numbers) -> float:
    """σ_D² of the element over the strata measured, from the errors of both sides; 0: nothing is measured."""
    laboratory = np.asarray(numbers["laboratory"], np.float64)
    variance = 0.0
    for act in ACTS[1:]:
        drawn = np.asarray(numbers[act], np.float64)
        # Where the laboratory measures, its shares are taken and not those of the XRF.
        used = (drawn > 0) & ((act != "xrf") | (laboratory <= 0))
        mass = np.where(used, layer.mass, 0.0)
        for side in layer.sides(act):
            variance += float((mass**2 * side.random**2 / np.where(used, drawn, 1.0)).sum())
        variance += _shared(layer.inspector[act], mass)
    weighed = np.asarray(numbers["weigh"], np.float64)
    variance += _shared(layer.operator_mass, np.where(weighed > 0, layer.mass, 0.0))
    variance += _shared(layer.operator_share, np.where(_shares_measured(numbers) > 0, layer.mass, 0.0))
    return variance


def _shared(errors: Errors, mass: Floats) -> float:
    """Σ over what shares a systematic error of (Σ mass · δ_s)²."""
    return float((np.bincount(errors.keys, mass * errors.systematic) ** 2).sum())
