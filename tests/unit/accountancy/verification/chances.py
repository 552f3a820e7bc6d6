"""The chances of a sample, of the same parts that plans are made of; and the plan of one stratum of equal items."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.accountancy.verification.plan import plan_visit
from lodeline.accountancy.verification.sampling import log_miss, unseen
from lodeline.accountancy.verification.strata import PLAN_ITEMS, PLAN_SHARES, stratified
from lodeline.material.element import SYMBOLS

KG = 10**6


def missed(items: int, falsified: npt.ArrayLike, classes: Sequence[tuple[int, float]]) -> npt.NDArray[np.float64]:
    """P(none of d falsified is recognised) where so many items each are looked at with so strong a method."""
    blind, weights = unseen(items, classes)
    return np.exp(log_miss(np.array(items), np.array(blind), weights, np.asarray(falsified)))


def shown(items: int, drawn: int, falsified: npt.ArrayLike, strength: float = 1.0) -> npt.NDArray[np.float64]:
    """P(at least one of d falsified is drawn and recognised)."""
    return 1 - missed(items, falsified, [(drawn, strength)])


def least(items: int, falsified: int, wanted: float) -> int:
    """The least n that shows at least one of d with the wanted probability."""
    low, high = 0, items
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if shown(items, middle, falsified) >= wanted - 1e-9 else (middle + 1, high)
    return low


@cache
def planned(items: int, falsified: int, wanted: float) -> tuple[int, float]:
    """How many of N equal items a plan looks at, so that the mass of d whole items shows, and what it says it shows."""
    names = list(range(items))
    frame = pl.DataFrame(
        {"name": [f"L{one}" for one in names], "lot": names, "product": ["metal"] * items, "place": ["stock"] * items,
         "method": [None] * items, "dry_mg": [100 * KG] * items},
        schema=dict(PLAN_ITEMS),
    )  # fmt: skip
    shares = {"lot": names, "element": [SYMBOLS.index("Nd")] * items, "ppb": [300_000_000] * items}
    _, strata = stratified(frame, pl.DataFrame(shares, schema=dict(PLAN_SHARES)))
    plan = plan_visit(strata, goals={"Nd": falsified * 30 * KG}, detect={"gross": wanted}, minutes=1_000_000)
    (gross,) = (one.probability for one in plan.sights if one.kind == "gross")
    return plan.strata[0].numbers["count"], gross
