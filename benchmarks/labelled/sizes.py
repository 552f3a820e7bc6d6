"""How large a plant is, as far as anybody could see it: the ceiling of mass loopholes, the stated size of the others.

The ceiling is Φ(M √(wᵀC⁻¹w) − 2.576): the chance that the best test of the site's run of balances, one that knew the
months and the side, would find the mass M at one false alarm in 200. C is the run's own covariance, w what was taken
in each balance. For yields and false scrap, whose books close, it is a measure of size and not a bound. Skimming
shows between two scales: there C is that of a pair's monthly differences.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from labelled.plan import OF_MASS
from lodeline.accountancy.covariance import BalanceRuns
from lodeline.accountancy.sequential import ceiling
from lodeline.accountancy.uncertainty import DEFAULTS
from lodeline.detection.alarm import FALSE_FINDINGS_PER_SITE_YEAR
from lodeline.detection.detector import LedgerView
from lodeline.detection.evidence import month_of
from lodeline.material.element import TREO
from lodeline.world.plant import loopholes

STRONG = 0.95
MG_PER_KG = 1_000_000
#: Classes of mass plants, in σ of one month's balance; of others, thirds of the range of sizes.
CLASSES = ("2–4 σ", "4–6 σ", "6–8 σ", "8–12 σ")
THIRDS = ("small", "middle", "large")


def ceilings(sight: LedgerView, planted: list[dict[str, Any]]) -> dict[str, float | None]:
    """Plant → ceiling on TREO for plants of mass; None where the site does not count, or nobody can say."""
    wanted = [item for item in planted if item["loophole"] in OF_MASS and item["loophole"] != "skimming"]
    places = {
        site: (rows.sort("place"), part.runs)
        for part in sight.books.parts()
        for (site,), rows in part.runs.differences.filter(pl.col("element") == TREO).group_by("site")
    }
    in_balances = {item["id"]: _ceiling(item, *places.get(item["subjects"]["site"], (None, None))) for item in wanted}
    skimmed = [item for item in planted if item["loophole"] == "skimming"]
    return in_balances | {item["id"]: _ceiling_of_pair(item, sight) for item in skimmed}


def _ceiling(item: Mapping[str, Any], rows: pl.DataFrame | None, runs: BalanceRuns | None) -> float | None:
    if rows is None or runs is None:
        return None
    matrix, size = int(rows["matrix"][0]), rows.height
    taken = np.zeros(size)
    ends = [f"{day:%Y-%m}" for day in rows["until"]]
    begins = [f"{day:%Y-%m}" for day in rows["since"]]
    for month in item["months"]:
        # A count at the end of a month closes it; the balance that began with that count has the months after.
        for place in range(size):
            if begins[place] < month["period"] <= ends[place]:
                taken[place] += float(month["reo_kg"]) * MG_PER_KG
    covariance = runs.covariance_mg2[matrix, :size, :size]
    try:
        return ceiling(taken, float(taken.sum()), covariance, FALSE_FINDINGS_PER_SITE_YEAR)
    except np.linalg.LinAlgError:
        return None


def _ceiling_of_pair(item: Mapping[str, Any], sight: LedgerView) -> float | None:
    """The same for what a pair's weighings show, with the errors of two scales that nobody has estimated."""
    shipper, receiver = item["subjects"]["pair"]
    weighing = next(row for row in DEFAULTS if row["quantity"] == "weighing")
    random, shared = (2**0.5 * float(weighing[f"{kind}_pct"]) / 100 for kind in ("random", "systematic"))
    months = (
        sight.transfers.filter(
            (pl.col("shipper") == shipper) & (pl.col("receiver") == receiver) & pl.col("received_mg").is_not_null()
        )
        .group_by(period=month_of("shipped_on"))
        .agg(total=pl.col("shipped_mg").sum(), squares=(pl.col("shipped_mg").cast(pl.Float64) ** 2).sum())
        .filter(pl.col("total") > 0)
        .sort("period")
    )
    missing = {month["period"]: float(month["mass_kg"]) * MG_PER_KG for month in item["months"]}
    taken = np.array([missing.get(period, 0.0) for period in months["period"]])
    if not taken.any():
        return None
    total = months["total"].to_numpy().astype(np.float64)
    covariance = np.diag(months["squares"].to_numpy()) * random**2
    covariance += np.outer(total, total) * shared**2
    return ceiling(taken, float(taken.sum()), covariance, FALSE_FINDINGS_PER_SITE_YEAR)


def is_strong(loophole: str, size: float, ceiling_reached: float | None) -> bool:
    """Large enough to be asked for: by its ceiling, or by the upper half of the range of its loophole."""
    if loophole in OF_MASS:
        return ceiling_reached is not None and ceiling_reached >= STRONG
    rule = loopholes()[loophole]
    return size >= math.sqrt(float(rule["low"]) * float(rule["high"]))


def size_class(loophole: str, size: float, size_sigma: float | None) -> str:
    """In which column of the table a plant stands."""
    if loophole in OF_MASS:
        place = sum((size_sigma or 0.0) >= border for border in (4, 6, 8))
        return CLASSES[place]
    rule = loopholes()[loophole]
    low, high = float(rule["low"]), float(rule["high"])
    part = math.log(max(size, low) / low) / math.log(high / low)
    return THIRDS[min(2, int(part * 3))]
