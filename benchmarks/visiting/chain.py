"""The whole way of a visit through a store: a plan from filed books, instruments in the true world, papers, statistics.

What a store does is handed in as functions, so that this knows no layer above the world: the world measures, the store
plans, takes in and compares, and the truth file has the last word.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from lodeline.world import measure, write_shown
from lodeline.world.gauge import FAMILIES
from lodeline.world.visits.measure import ACTS

MG_PER_KG = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What a loaded store does in a visit.

    `plan(site, on)` enters a plan and returns its entry and its items as the paper has them (`lot`, `do`, `bags`, …).
    `enter(site, on, plan, measurement, results)` takes in the files of a visit: measurements, and laboratories' results
    by side. `verified()` is the frame VERIFIED of all visits.
    """

    plan: Callable[[str, date], tuple[int, Sequence[Mapping[str, Any]]]]
    enter: Callable[[str, date, int, Path, Mapping[str, Path]], None]
    verified: Callable[[], pl.DataFrame]


def through_store(dossier: Path, services: Services, *, on: date, seed: int, room: Path) -> pl.DataFrame:
    """VERIFIED of a visit to every falsified site of a world on a day, with `truly_mg`, `manner` and `adversary`.

    `truly_mg` is what truly was taken of the element (negative: more is there) by the day. The world was written with
    `stock` and is loaded already; `room` takes the files of the visits.
    """
    truth = json.loads(dossier.with_name(f"{dossier.name}.truth.json").read_text("utf-8"))
    falsified = [one for one in truth["planted"] if one["loophole"] == "false-declaration"]
    for plant in falsified:
        site = plant["subjects"]["site"]
        entry, items = services.plan(site, on)
        shown = measure(dossier, [_asked(item, site, on) for item in items if item["do"]], seed=seed)
        paths = write_shown(shown, room / f"{site}.csv")
        results = {path.stem.rpartition(".")[2]: path for path in paths[1:]}
        services.enter(site, on, entry, paths[0], results)
    taken = pl.DataFrame(
        [row for plant in falsified for row in _taken(plant, on)],
        schema={"site": pl.String, "element": pl.String, "truly_mg": pl.Int64, "manner": pl.String,
                "adversary": pl.String}, orient="row",
    )  # fmt: skip
    return services.verified().join(taken, on=["site", "element"], how="inner")


def _asked(item: Mapping[str, Any], site: str, on: date) -> dict[str, str]:
    """A row of the file of items from an item of a plan's paper."""
    # What the paper of a plan says is dry; of goods that are dry, that is their net mass.
    moist = bool(FAMILIES[str(item["product"]).partition(":")[0]][2])
    declared = None if moist else item["dry_mg"]
    bags = item.get("bags") or ("", "", "")
    return {
        "site": site, "lot": str(item["lot"]), "on": on.isoformat(),
        "do": " ".join(act for act in ACTS if act in item["do"]), "place": str(item.get("place") or "stock"),
        "declared_kg": "" if declared is None else f"{int(declared) / MG_PER_KG:.6f}",
        **dict(zip(("bag_authority", "bag_firm", "bag_reserve"), map(str, bags), strict=True)),
    }  # fmt: skip


def _taken(plant: Mapping[str, Any], on: date) -> list[tuple[str, str, int, str, str]]:
    """What was taken by the day, by element; the goods of one plant are of one composition."""
    by_then = [item for item in plant["facts"]["items"] if item["since"] <= f"{on:%Y-%m}"]
    gone = sum(float(item["gone_kg"]) for item in by_then)
    every = float(plant["mass_kg"])
    return [
        (plant["subjects"]["site"], element, round(float(mass) * gone / every * MG_PER_KG), plant["manner"],
         plant["adversary"]) for element, mass in plant["elements"].items()
    ]  # fmt: skip
