"""What visits show that are planned, drawn by lot and measured: tables of `lodeline bench accountancy`.

All sites are synthetic. Each function prints a table and returns True when no bar is missed.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.accountancy.verification.aims import KINDS
from lodeline.accountancy.verification.effort import ACTS
from lodeline.accountancy.verification.plan import Plan, draw, plan_visit
from lodeline.accountancy.verification.sampling import ALARM, log_miss
from lodeline.accountancy.verification.sight import PARTIAL, TAKEN, Layer, layer_of, least_detection, risk_of
from lodeline.accountancy.verification.strata import PLAN_ITEMS, PLAN_SHARES, stratified
from lodeline.material.element import SYMBOLS

Counts = npt.NDArray[np.int64]

#: Product, lots, kg of a lot (median), spread (log-normal), share of the element.
MAGNET_MAKER: Final = (
    ("metal", 40, 60.0, 0.3, {"Nd": 0.75, "Dy": 0.05}),
    ("strip-cast", 90, 120.0, 0.4, {"Nd": 0.29, "Dy": 0.02}),
    ("powder", 60, 80.0, 0.4, {"Nd": 0.29, "Dy": 0.02}),
    ("magnet-ndfeb", 600, 6.0, 0.8, {"Nd": 0.28, "Dy": 0.03}),
    ("swarf", 30, 150.0, 0.6, {"Nd": 0.20, "Dy": 0.02}),
)
#: Part of all that is declared whose loss shall show, wanted probability, minutes of two inspectors' days and more.
GOAL, WANTED, BUDGETS = 0.05, 0.9, (240, 480, 960, 1920)
VISITS, TOLERANCE, ITEMS, SECONDS = 4_000, 0.03, 20_000, 3.0


def site(groups: Any = MAGNET_MAKER, *, times: float = 1.0, seed: int = 28) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Items and shares of a synthetic site, `times` as many lots as the groups say."""
    generator = np.random.default_rng(seed)
    frames, shares = [], []
    start = 0
    for product, lots, mass, spread, elements in groups:
        count = round(lots * times)
        numbers = np.arange(start, start + count)
        start += count
        dry = (mass * 1e6 * np.exp(spread * generator.standard_normal(count))).astype(np.int64)
        columns = {
            "name": [f"{product}-{lot}" for lot in numbers], "lot": numbers, "product": [product] * count,
            "method": [None] * count, "place": ["stock"] * count, "dry_mg": dry,
        }  # fmt: skip
        frames.append(pl.DataFrame(columns, schema=dict(PLAN_ITEMS)))
        for symbol, share in elements.items():
            ppb = (share * 1e9 * generator.uniform(0.95, 1.05, count)).astype(np.int64)
            element = np.full(count, SYMBOLS.index(symbol), np.uint8)
            shares.append(pl.DataFrame({"lot": numbers, "element": element, "ppb": ppb}, schema=dict(PLAN_SHARES)))
    return pl.concat(frames), pl.concat(shares)


def print_plans() -> bool:
    """What a magnet maker's visit shows by budget; simulated visits against the plan's word; and the time for a site of
    20 000 items."""
    items, shares = site()
    _, strata = stratified(items, shares)
    goals = {one: int(GOAL * sum(each.element_mg.get(one, 0) for each in strata)) for one in ("Nd", "Dy")}
    print(
        f"\nVisits to a magnet maker: {items.height} lots in {len(strata)} strata, goal {GOAL:.0%} of all Nd and all Dy"
    )
    print("  an adversary who knows the numbers, not the lot")
    print("  minutes  count weigh  XRF  lab   gross  partial  bias   worst defect of Dy")
    held = True
    plans = {}
    for minutes in (*BUDGETS, 10**6):
        plan = plans[minutes] = plan_visit(strata, goals=goals, detect=dict.fromkeys(KINDS, WANTED), minutes=minutes)
        cells = []
        for kind in KINDS:
            cells.append(f"{min(one.probability for one in plan.sights if one.kind == kind):.2f}")
            held &= plan.minutes <= minutes
        number = {act: sum(one.numbers[act] for one in plan.strata) for act in ACTS}
        worst = next(one for one in plan.worst if one.element == "Dy")
        done = f"{number['count']:>5} {number['weigh']:>5} {number['xrf']:>4} {number['laboratory']:>4}"
        least = f"{worst.size:.0%} {worst.way} of {worst.items}: {worst.probability:.2f}"
        print(f"  {plan.minutes:>7}  {done}   {'   '.join(cells)}   {least}")
    held &= plans[10**6].enough
    held &= _print_simulated(plans[960], layer_of(strata, "Dy", None), goals["Dy"])
    return _print_seconds() and held


def _print_simulated(plan: Plan, layer: Layer, goal: int) -> bool:
    """Visits drawn by permutation and measured with errors on both sides, each against the probability of the plan."""
    generator, held = np.random.default_rng(29), True
    own = {act: np.array([one.numbers[act] for one in plan.strata])[layer.place] for act in ACTS}
    print(f"  simulated, {VISITS:,} visits of {plan.minutes} minutes a row: defect, shown, the plan's word")
    for size, way in [(1.0, TAKEN), *((size, way) for way, sizes in PARTIAL.items() for size in sizes)]:
        word, spread = least_detection(risk_of(layer, own, size, way), goal)
        shown = _shown(layer, own, spread, generator, size=size, way=way)
        good = abs(shown - word) <= TOLERANCE
        held &= good
        print(f"    {size:>4.0%} {way:<8}  {shown:.3f}  {word:.3f}{'' if good else '  MISSED'}")
    return held


def _shown(
    layer: Layer, own: Mapping[str, Counts], spread: Counts, generator: np.random.Generator, *, size: float, way: str
) -> float:
    found = np.zeros(VISITS, np.bool_)
    for place, items in enumerate(layer.items):
        if spread[place] == 0:
            continue
        order = generator.permuted(np.tile(np.arange(items), (VISITS, 1)), axis=1)
        if size >= 1 and way == TAKEN:
            found |= (order[:, : own["count"][place]] < spread[place]).any(axis=1)
        for act in ("weigh",) if way == TAKEN else ("xrf", "laboratory"):
            false = order[:, : own[act][place]] < spread[place]
            sides = layer.sides(act)
            sigma = math.hypot(*(error[place] for side in sides for error in (side.random, side.systematic)))
            difference = size + sigma * generator.standard_normal(false.shape)
            found |= (false & (np.abs(difference) > ALARM * sigma)).any(axis=1)
    return float(found.mean())


def _print_seconds() -> bool:
    """Strata, plan and draw of a large site; and exact probabilities beside scipy's, the same ones, in one run."""
    from scipy.stats import hypergeom  # noqa: PLC0415  (a peer of this table alone)

    items, shares = site(times=ITEMS / sum(group[1] for group in MAGNET_MAKER))
    began = time.process_time()
    placed, strata = stratified(items, shares)
    goals = {one: int(GOAL * sum(each.element_mg.get(one, 0) for each in strata)) for one in ("Nd", "Dy")}
    plan = plan_visit(strata, goals=goals, detect=dict.fromkeys(KINDS, WANTED), minutes=480)
    draw(placed, plan, "00" * 32)
    seconds = time.process_time() - began
    generator = np.random.default_rng(30)
    number = generator.integers(10, 20_000, 100_000)
    drawn, false = generator.integers(0, number + 1), generator.integers(0, number + 1)
    all_recognised = np.zeros(1)
    log_miss(np.array(20_000), np.array(19_999), all_recognised, np.array(1))
    mine, theirs = [], []
    for _ in range(3):
        began = time.process_time()
        ours = np.exp(log_miss(number, number - drawn, all_recognised, false))
        mine.append(time.process_time() - began)
        began = time.process_time()
        peer = hypergeom.pmf(0, number, false, drawn)
        theirs.append(time.process_time() - began)
    furthest = float(np.abs(ours - np.nan_to_num(peer)).max())
    good = seconds < SECONDS and furthest < 1e-9
    print(
        f"  {items.height:,} items: strata, plan of 480 minutes and draw in {seconds:.1f} s of processor"
        f"{'' if seconds < SECONDS else '  MISSED'}\n"
        f"  100 000 exact probabilities: {sorted(mine)[1]:.2f} s, scipy.stats.hypergeom {sorted(theirs)[1]:.2f} s "
        f"({sorted(theirs)[1] / sorted(mine)[1]:.1f} times ours, median of 3), furthest apart {furthest:.0e}"
        f"{'' if furthest < 1e-9 else '  MISSED'}"
    )
    return good
