"""Visits to made-up sites, thousands at once, beside what the plan says that they would show.

Every visit draws its items anew, and every item is weighed, shot and analysed with errors of both sides: random ones
for each act, systematic ones that all items of an instrument share, which theory counts into each item's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.accountancy.distribution import normal_quantile
from lodeline.accountancy.verification.effort import ACTS, LOOK_SEES
from lodeline.accountancy.verification.plan import Plan, plan_visit
from lodeline.accountancy.verification.sampling import ALARM, FALSE_ALARM, alarm_limit
from lodeline.accountancy.verification.sight import (
    DILUTED,
    TAKEN,
    Layer,
    bias_power,
    layer_of,
    least_detection,
    risk_of,
    variance_of,
)
from lodeline.accountancy.verification.strata import PLAN_ITEMS, PLAN_SHARES, stratified
from lodeline.ledger.register import TABLES
from lodeline.material.element import SYMBOLS
from lodeline.world.gauge import registered_methods

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

ELEMENT = "Nd"
MG = 1_000_000
#: Products of a made-up site: share of the element, method of the firm, items at least and at most, kg of a mean item.
_PRODUCTS = (("oxide:PrNd", 0.64, "PLATFORM-A;DRUM-A;GRAV-A;ICPR-A", 30, 120, 900.0),
             ("metal:PrNd", 0.75, "PLATFORM-B;DRUM-A;ICPR-A", 8, 40, 700.0),
             ("strip-cast:N", 0.22, "PLATFORM-B;MELT-A;ICPR-A", 10, 60, 1500.0))  # fmt: skip
#: Part of what lies there that is a goal of the plan, and minutes of a visit.
GOAL, MINUTES = 0.03, 300
#: What is falsified how: kind → (part of an item, way). Bias defects are in every item.
DEFECTS = {"gross": (1.0, TAKEN), "partial, taken": (0.25, TAKEN), "partial, refilled": (0.35, DILUTED)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A made-up site with its plan: what lies there of the element, and how many items are measured by which act."""

    plan: Plan
    layer: Layer
    numbers: dict[str, Counts]
    goal: float


def methods() -> pl.DataFrame:
    """The register's methods, as the synthetic worlds have them."""
    rows = [
        {"id": one.id, "quantity": one.quantity, "element": one.element or None, "random_pct": one.random_pct,
         "systematic_pct": one.systematic_pct, "calibration": one.calibration} for one in registered_methods()
    ]  # fmt: skip
    return pl.DataFrame([{key: row.get(key) for key in TABLES["methods"]} for row in rows], schema=TABLES["methods"])


def site_of(random: np.random.Generator) -> Site:
    """A site whose items differ in mass, and the plan of a visit to it."""
    items, shares = list[dict[str, Any]](), list[dict[str, Any]]()
    for product, share, method, least, most, mean in _PRODUCTS:
        for _ in range(int(random.integers(least, most))):
            lot = len(items) + 1
            mass = round(mean * float(random.uniform(0.5, 1.4)) * MG)
            items.append({"name": f"W/{lot}", "lot": lot, "product": product, "method": method, "place": "stock",
                          "dry_mg": mass})  # fmt: skip
            shares.append({"lot": lot, "element": SYMBOLS.index(ELEMENT), "ppb": round(share * 1e9)})
    _, strata = stratified(pl.DataFrame(items, schema=PLAN_ITEMS), pl.DataFrame(shares, schema=PLAN_SHARES))
    goal = round(GOAL * sum(one.element_mg[ELEMENT] for one in strata))
    registered = methods()
    plan = plan_visit(
        strata, goals={ELEMENT: goal}, detect={"gross": 0.9, "partial": 0.9, "bias": 0.5}, minutes=MINUTES,
        methods=registered,
    )  # fmt: skip
    numbers = {act: np.array([one.numbers[act] for one in plan.strata], np.int64) for act in ACTS}
    return Site(plan=plan, layer=layer_of(strata, ELEMENT, registered), numbers=numbers, goal=float(goal))


def shown(site: Site, kind: str, visits: int, random: np.random.Generator) -> tuple[float, float]:
    """(what theory says, in which share of the visits an item alarms) of the goal mass, taken as it shows least."""
    size, way = DEFECTS[kind]
    chance, falsified = least_detection(risk_of(site.layer, site.numbers, size, way), site.goal)
    alarms = np.zeros(visits, np.bool_)
    drift = _drifts(site.layer, visits, random)
    for place, count in enumerate(falsified):
        if not count:
            continue
        rank = _ranks(visits, int(site.layer.items[place]), random)[:, :count]
        for act in ACTS:
            met = _alarming(site.layer, place, act, drift, random, size=size, way=way, shape=(visits, count))
            alarms |= (met & (rank < site.numbers[act][place])).any(axis=1)
    return chance, float(alarms.mean())


def shown_together(site: Site, sigmas: float, visits: int, random: np.random.Generator) -> tuple[float, float]:
    """(what theory says, in which share of the visits D alarms) where so many σ of D are gone, some of every item."""
    mass = sigmas * float(np.sqrt(variance_of(site.layer, site.numbers)))
    chance = bias_power(site.layer, site.numbers, mass, TAKEN)
    part = mass / float(site.layer.mass.sum())
    sigma = np.sqrt(variance_of(site.layer, site.numbers))
    found = _differences(site, part, visits, random) > normal_quantile(1 - FALSE_ALARM) * sigma
    return chance, float(found.mean())


def false_alarms(site: Site, visits: int, random: np.random.Generator) -> tuple[float, float]:
    """Share of visits to a site where all is as declared in which (any item, D) alarms, each at the budget."""
    tests = sum(int(site.numbers[act].sum()) for act in ACTS[1:])
    limit, drift = alarm_limit(max(1, tests)), _drifts(site.layer, visits, random)
    alarms = np.zeros(visits, np.bool_)
    for place in range(len(site.layer.items)):
        for act in ACTS[1:]:
            shape = visits, int(site.numbers[act][place])
            way = TAKEN if act == "weigh" else DILUTED
            found = _alarming(site.layer, place, act, drift, random, size=0.0, way=way, shape=shape, limit=limit)
            alarms |= found.any(axis=1)
    return float(alarms.mean()), shown_together(site, 0.0, visits, random)[1]


def _drifts(layer: Layer, visits: int, random: np.random.Generator) -> dict[str, Floats]:
    """By act, for each visit and stratum: the systematic errors of both sides, shared by what shares an instrument."""
    drift = {}
    for act in ACTS[1:]:
        both = np.zeros((visits, len(layer.items)))
        for sign, side in zip((1, -1), layer.sides(act), strict=True):
            both += sign * random.standard_normal((visits, int(side.keys.max()) + 1))[:, side.keys] * side.systematic
        drift[act] = both
    return drift


def _alarming(
    layer: Layer, place: int, act: str, drift: Mapping[str, Floats], random: np.random.Generator, *, size: float,
    way: str, shape: tuple[int, int], limit: float = ALARM,
) -> npt.NDArray[np.bool_]:  # fmt: skip
    """Which items would alarm if the act were done with them."""
    if act == "count":
        return np.full(shape, way == TAKEN and size >= LOOK_SEES)
    if (act == "weigh") != (way == TAKEN):
        return np.zeros(shape, np.bool_)
    firm, inspector = layer.sides(act)
    spread = float(np.hypot(firm.random[place], inspector.random[place]))
    sigma = np.hypot(spread, np.hypot(firm.systematic[place], inspector.systematic[place]))
    found = size + spread * random.standard_normal(shape) + drift[act][:, place, None]
    beyond: npt.NDArray[np.bool_] = np.abs(found) > limit * sigma
    return beyond


def _ranks(visits: int, items: int, random: np.random.Generator) -> Counts:
    """For each visit the place of each item in the draw, from 0."""
    return random.random((visits, items)).argsort(axis=1).argsort(axis=1)


def _differences(site: Site, part: float, visits: int, random: np.random.Generator) -> Floats:
    """D of the element for each visit: masses as weighed, shares as the laboratory (else the XRF) found them."""
    layer, numbers, total = site.layer, site.numbers, np.zeros(visits)
    drift = _drifts(layer, visits, random)
    for place, mass in enumerate(layer.mass):
        for act in ACTS[1:]:
            drawn = int(numbers[act][place])
            if not drawn or (act == "xrf" and numbers["laboratory"][place]):
                continue
            firm, inspector = layer.sides(act)
            spread = np.hypot(firm.random[place], inspector.random[place]) / np.sqrt(drawn)
            gone = part if act == "weigh" else 0.0
            total += mass * (gone + spread * random.standard_normal(visits) + drift[act][:, place])
    return total
