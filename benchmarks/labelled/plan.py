"""Which loopholes are planted in which world: every firm has at most one, so that no plant hides another.

The shares are far above those of life. They are chosen so that some worlds give enough plants of every loophole, and so
that most firms of every trade stay honest, because detectors take what is usual from what most do.
"""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

from labelled.matching import month_after
from lodeline.world.plan import World
from lodeline.world.plant import LATER, OF_FEEDS, UNSEEN, Plant, asked_plants, loopholes

#: Plants of each loophole as a share of the firms; more of those of mass, of which many are too small for anybody.
OF_MASS = ("unexplained-gain", "unexplained-loss", "skimming", "yield-outlier", "recycling-laundering")
SHARE_OF_MASS, SHARE, SHARE_OF_FEEDS = 0.07, 0.025, 0.05
#: Of the plants of mass in balances, so many are asked to stay within one month: only those can be large.
WITHIN_A_MONTH = 0.8
#: Share of plants from the upper half of the range of sizes (logarithmic): recall is asked of large ones, and a world
#: costs much. Not asked of those whose size is a number of firms, or follows from what happens.
IN_THE_UPPER_HALF = 0.7
_SIZED_BY_WHAT_HAPPENS = ("round-trip", "circular-invoicing", "missing-filing", "ghost-stock")
#: Manners that fit some trades only (docs/reference/world.md).
_BY_TRADE = {
    ("quota-overrun", "hidden"): ("light-separator", "heavy-separator"),
    ("yield-outlier", "inflated"): ("light-separator", "heavy-separator", "recycler"),
    ("feed-mismatch", "export-not-filed"): ("magnet-maker", "smco-maker", "exporter"),
    ("feed-mismatch", "border-mass-low"): ("magnet-maker", "smco-maker", "exporter"),
    ("feed-mismatch", "ordinary-invoice"): ("light-separator", "heavy-separator", "smelter", "alloy-maker"),
}
#: Of the firms of a trade, the share that may carry plants that bend masses. Plants of the feeds and of licences leave
#: masses as they were, and with them what is usual: they go to firms beyond this share, by a share of their own.
MOST_OF_A_TRADE = 0.75


def plants_for(world: World, room: Path) -> tuple[Plant, ...]:
    """The plants of a world, a function of its seed; `room` takes the file in which they are asked for."""
    path = room / "plants.json"
    path.write_text(json.dumps(_asked(world), indent=1), "utf-8")
    return asked_plants(world, str(path))


def _asked(world: World) -> list[dict[str, Any]]:
    rules = {name: rule for name, rule in loopholes().items() if name not in (*OF_FEEDS, *LATER, *UNSEEN)}
    asked = _drawn(world, rules, random.Random(f"plants {world.seed}"), set())
    # Those of the feeds come last and by chances of their own, so that the others stay what they were.
    feeds = {name: loopholes()[name] for name in OF_FEEDS}
    taken = {item["organisation"] for item in asked}
    asked += _drawn(world, feeds, random.Random(f"plants of feeds {world.seed}"), taken)
    later = {name: loopholes()[name] for name in LATER}
    taken = {item["organisation"] for item in asked}
    return asked + _drawn(world, later, random.Random(f"later plants {world.seed}"), taken)


def _drawn(world: World, rules: dict[str, Any], chances: random.Random, taken: set[str]) -> list[dict[str, Any]]:
    left: dict[str, int] = {}
    for plan in world.firms:
        left[plan.trade] = left.get(plan.trade, 0) + 1
    left = {trade: math.ceil(number * MOST_OF_A_TRADE) for trade, number in left.items()}
    free = [plan for plan in chances.sample(world.firms, len(world.firms)) if plan.id not in taken]
    asked: list[dict[str, Any]] = []
    # Loopholes of few trades choose first.
    for name in sorted(rules, key=lambda one: (len(rules[one]["trades"].split()), one)):
        trades = rules[name]["trades"].split()
        share = SHARE_OF_MASS if name in OF_MASS else SHARE_OF_FEEDS if name in OF_FEEDS else SHARE
        for _ in range(math.ceil(share * len(world.firms))):
            firm = next(
                (
                    plan for plan in free
                    if plan.trade in trades and left[plan.trade] and (name != "ghost-stock" or plan.count_months == 1)
                ),
                None,
            )  # fmt: skip
            if firm is None:
                break
            free.remove(firm)
            left[firm.trade] -= 1
            manners = [
                manner for manner in rules[name]["manners"].split()
                if firm.trade in _BY_TRADE.get((name, manner), trades)
            ]  # fmt: skip
            item = {"loophole": name, "organisation": firm.id, "manner": chances.choice(manners)}
            if name not in _SIZED_BY_WHAT_HAPPENS:
                low, high = float(rules[name]["low"]), float(rules[name]["high"])
                upper = chances.random() < IN_THE_UPPER_HALF
                item["size"] = round(low * (high / low) ** ((upper + chances.random()) / 2), 6)
            if name in OF_MASS and name != "skimming" and chances.random() < WITHIN_A_MONTH:
                # The first two months have no history: the stock of one is counted for the first time.
                item["from"] = _period(world.start, chances.randrange(min(2, world.months - 1), world.months))
            asked.append(item)
    return asked


def _period(start: str, months: int) -> str:
    """The month so many after the first."""
    for _ in range(months):
        start = month_after(start)
    return start
