"""How many items of each stratum an inspector's minutes are spent on, and by which act.

Attributes: n = N (1 − β^(1/d)) / q in every stratum, with d = M / (size · heaviest): one β for all makes the risk for a
unit of mass the same everywhere, which is the best against an adversary who knows the numbers, and keeps its promise
however the loss is spread. Variables: n ∝ mass · δ_r (Neyman), shared between scale and laboratory by cost. Where the
minutes do not suffice, log β of the attributes and n of the variables are cut by one factor.
Source: Avenhaus & Canty, Compliance Quantified (1996), for such games; Cochran, Sampling Techniques, 3rd ed. (1977),
for the allocation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from lodeline.accountancy.distribution import normal_quantile
from lodeline.accountancy.verification.aims import KINDS, Aim, planned, possible, sizes_of
from lodeline.accountancy.verification.effort import ACTS, minutes_of
from lodeline.accountancy.verification.sampling import FALSE_ALARM, whole
from lodeline.accountancy.verification.sight import TAKEN, variance_of
from lodeline.accountancy.verification.strata import Stratum

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

#: A visit that cannot reach the wanted power of D, its systematic errors being too large, brings the random part of
#: its variance down to this part of the systematic one: more items would hardly help.
_ENOUGH_RANDOM: Final = 0.25
#: Strata so small that all they hold is at most this part of the goal are left to the tests of single items.
_UNBIASED: Final = 0.1
#: The mass of the strata that are not visited, as parts of the goals, that a plan short of minutes tries.
_GIVEN_AWAY: Final = (0.0, 0.1, 0.3, 0.6)
_HALVINGS: Final = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """How many items an act needs, for one aim and kind of defect, in the strata `place`.

    `share` · (1 − exp(−t · `rate`)) of attributes, `linear` · t of variables, at most `items`; t from 0 to 1 is the
    part of the effort that is made.
    """

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


def needs_of(aims: Sequence[Aim], detect: Mapping[str, float]) -> list[Need]:
    """What every aim asks: counting for absent items, scale and XRF for parts of them, scale and laboratory
    for a little of all."""
    needs = []
    for aim in aims:
        layer, zero = aim.layer, np.zeros(len(aim.layer.items))
        for kind in KINDS[:2]:
            if not detect.get(kind):
                continue
            for size, way in sizes_of(kind):
                if not possible(layer, size, aim.mass(kind)):
                    continue
                act = "count" if kind == "gross" else "weigh" if way == TAKEN else "xrf"
                strength = np.maximum(layer.recognised(size, way)[act], 1e-9)
                rate = -np.log1p(-detect[kind]) * size * layer.heaviest / aim.mass(kind)
                needs.append(
                    Need(
                        kind=kind,
                        act=act,
                        place=layer.place,
                        items=layer.items,
                        share=layer.items / strength,
                        rate=rate,
                        linear=zero,
                    )
                )
        if detect.get("bias"):
            needs += [
                Need(kind="bias", act=act, place=layer.place, items=layer.items, share=zero, rate=zero, linear=number)
                for act, number in _for_bias(aim, detect["bias"]).items()
            ]
    return needs


def whole_numbers(
    strata: Sequence[Stratum], needs: Sequence[Need], part: float, spared: npt.NDArray[np.bool_]
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


def _for_bias(aim: Aim, wanted: float) -> dict[str, Floats]:
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


def within(
    strata: Sequence[Stratum], aims: Sequence[Aim], detect: Mapping[str, float], budget: int
) -> dict[str, Counts]:
    """The best numbers that the budget allows.

    A stratum that is not visited gives its mass away, and one more item in each may be dear: so the smallest strata are
    spared up to some part of the goals, and kinds of defect are given up from the subtlest on, and of all these the
    numbers are taken whose least probability is best, and then their mean.
    """
    wanted = [kind for kind in KINDS if detect.get(kind)]
    # What is quickest to reckon, and what is seen least, comes first: most numbers need not be looked at further.
    tried = [(aim, kind) for kind in sorted(wanted) for aim in aims]
    every = needs_of(aims, detect)
    best, found = (-1.0, -1.0), {act: np.zeros(len(strata), np.int64) for act in ACTS}
    for kinds in (wanted[:last] for last in range(len(wanted), 0, -1)):
        needs = [need for need in every if need.kind in kinds]
        for given_away in _GIVEN_AWAY:
            numbers = _cut(strata, needs, _spared(len(strata), aims, given_away), budget)
            if numbers is None:
                continue
            chances = []
            for aim, kind in tried:
                chances.append(planned(aim, kind, numbers)(aim.mass(kind)))
                if chances[-1] < best[0]:
                    break
            score = (min(chances), sum(chances) / len(chances))
            if score > best:
                best, found = score, numbers
    return found


def _spared(strata: int, aims: Sequence[Aim], part: float) -> npt.NDArray[np.bool_]:
    """The smallest strata, as long as all that they hold is at most `part` of every goal."""
    weight = np.zeros(strata)
    for aim in aims:
        weight[aim.layer.place] = np.maximum(weight[aim.layer.place], aim.layer.mass / aim.mass("gross"))
    order = np.argsort(weight, kind="stable")
    spared = np.zeros(strata, np.bool_)
    spared[order[np.cumsum(weight[order]) <= part]] = True
    return spared


def _cut(
    strata: Sequence[Stratum], needs: Sequence[Need], spared: npt.NDArray[np.bool_], budget: int
) -> dict[str, Counts] | None:
    """The numbers of the greatest part of the effort that the budget allows; None: not the least of it."""
    low, high = 1e-6, 1.0
    numbers = whole_numbers(strata, needs, low, spared)
    if minutes_spent(strata, numbers) > budget:
        return None
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        more = whole_numbers(strata, needs, middle, spared)
        if minutes_spent(strata, more) <= budget:
            low, numbers = middle, more
        else:
            high = middle
    return numbers


def minutes_spent(strata: Sequence[Stratum], numbers: Mapping[str, Counts]) -> int:
    """By act and item, and once for the visit; nothing, where nothing is done."""
    each = {act: [minutes_of(act, one.product) for one in strata] for act in ACTS}
    spent = sum(int(np.dot(numbers[act], each[act])) for act in ACTS)
    return spent + minutes_of("visit") if spent else 0
