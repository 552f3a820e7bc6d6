"""Sites of synthetic worlds whose stores are not what every paper says: what is declared, what is there, and the books.

World, falsifiers and statistics have one author. A world is written, its filings are looked at as a ledger would have
them, and every falsified site is visited at the end of the last month of its plot, before anybody knows of it.
"""

from __future__ import annotations

import csv
import json
import random as chances
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from labelled.quick import QuickSight, quick_sight
from lodeline.accountancy.battery import battery
from lodeline.accountancy.covariance import BalanceRuns
from lodeline.accountancy.verification.effort import ACTS
from lodeline.accountancy.verification.plan import Plan, plan_visit
from lodeline.accountancy.verification.sight import Layer, layer_of
from lodeline.accountancy.verification.strata import PLAN_ITEMS, PLAN_SHARES, stratified
from lodeline.material.element import SYMBOLS
from lodeline.regulation.parameter import load as load_law
from lodeline.world import World, asked_plants, build_world, write_world
from lodeline.world.plant import loopholes

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

MONTHS, FIRST, LAST, DAY = 6, "2025-04", "2025-06", date(2025, 6, 30)
#: Sizes of plots, in σ of a month's balance (log-uniform); part of what lies there that the plan is made for; minutes.
SIZES, GOAL, MINUTES, BUDGET = (1.0, 40.0), 0.03, 240, 0.05
#: Manners that need a supplier's help, and who gets it.
_HELPED = ("smelter", "alloy-maker", "oxide-trader", "metal-trader")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """A falsified site on the day of a visit, for one element. Items are in the order of their strata.

    `declared` (mg of the element) as the firm counted them. `mass`, `share`: what is truly there of the dry mass, and
    of the share of the element in it, as a part of what is declared; `quiet_mass`, `quiet_share`: as if nothing had
    been taken; `others` more items lie there that hold nothing of the element. `stratum` is the place of each item's
    stratum in the layer. `muf`, `sigma`: of the balance that the count of the day closes, mg; `battery`: whether the
    site's balances alarm at the budget.
    """

    manner: str
    adversary: str
    taken: float
    declared: Floats
    mass: Floats
    share: Floats
    quiet_mass: Floats
    quiet_share: Floats
    stratum: Counts
    falsified: npt.NDArray[np.bool_]
    others: int
    layer: Layer
    numbers: dict[str, Counts]
    muf: float
    sigma: float
    battery: bool
    #: The plan's probability against who knows how many items are measured of what and takes the goal mass, in whole
    #: items or parts, where it shows least: by plan, and without strata.
    least_by_plan: float
    least_at_random: float

    @property
    def part(self) -> float:
        """What was taken, of all that is declared to lie there."""
        return self.taken / float(self.declared.sum())


def stands(seed: int, *, firms: int, room: Path) -> Iterator[Stand]:
    """The falsified sites of a world; `room` takes its files."""
    world = build_world(seed=seed, organisations=firms, months=MONTHS)
    (room / "plants.json").write_text(json.dumps(asked_of(world)), "utf-8")
    write_world(world, room / "w", plants=asked_plants(world, str(room / "plants.json")), feeds=True, stock=True)
    sight = quick_sight(room / "w", room, load_law("cn"))
    truth = json.loads((room / "w.truth.json").read_text("utf-8"))
    there = _there(room / "w.stock.csv")
    judged = [(part.runs, _alarms(part.runs)) for part in sight.books.parts()]
    theirs = {site: place for place, (runs, _) in enumerate(judged) for site in runs.differences["site"].unique()}
    for plant in truth["planted"]:
        place = theirs.get(plant["subjects"]["site"])
        stand = None if place is None else _stand(plant, sight, there, *judged[place])
        if stand is not None:
            yield stand


def _alarms(runs: BalanceRuns) -> npt.NDArray[np.bool_]:
    """Whether each run alarms, on either side."""
    found = battery(runs.muf_mg, runs.covariance_mg2, budget=BUDGET, size=runs.size)["alarm"].to_numpy().reshape(-1, 2)
    alarms: npt.NDArray[np.bool_] = np.logical_or(found[:, 0], found[:, 1])
    return alarms


def asked_of(world: World) -> list[dict[str, Any]]:
    """A plot for every second firm that counts each month, all manners and both adversaries in turn."""
    rule, draw = loopholes()["false-declaration"], chances.Random(f"visits {world.seed}")
    firms = [plan for plan in world.firms if plan.trade in rule["trades"].split() and plan.count_months == 1]
    asked = []
    for place, plan in enumerate(draw.sample(firms, len(firms) // 2)):
        kind = ("gross", "partial", "bias")[place % 3]
        helped = plan.trade in _HELPED and draw.random() < 0.5
        asked.append({
            "loophole": "false-declaration", "organisation": plan.id, "from": FIRST, "to": LAST,
            "manner": f"{kind}-received" if helped else kind, "adversary": ("plain", "adaptive")[place // 3 % 2],
            "size": SIZES[0] * (SIZES[1] / SIZES[0]) ** draw.random(),
        })  # fmt: skip
    return asked


def _there(path: Path) -> dict[tuple[str, str], dict[str, str]]:
    """(site, lot) → its true row on the day of the visit."""
    with path.open(encoding="utf-8", newline="") as file:
        return {(row["site"], row["lot"]): row for row in csv.DictReader(file) if row["on"] == DAY.isoformat()}


def _stand(
    plant: dict[str, Any], sight: QuickSight, there: dict[tuple[str, str], dict[str, str]], runs: BalanceRuns,
    alarms: npt.NDArray[np.bool_],
) -> Stand | None:  # fmt: skip
    """None where the site closed no balance on the day, or nothing was falsified by then."""
    site, element = plant["subjects"]["site"], max(plant["elements"], key=lambda one: float(plant["elements"][one]))
    balance = runs.differences.filter((pl.col("site") == site) & (pl.col("element") == element))
    closed = balance.filter(pl.col("until") == DAY)
    counted = sight.snapshot.counts.filter((pl.col("site") == site) & (pl.col("on") == DAY))
    items = _items(sight, counted, site, element)
    if not closed.height or not items.height or not closed["sigma_mg"][0]:
        return None
    total_mg = float(_element_mg(items).sum())
    shares = items.select("lot", "ppb", element=pl.lit(SYMBOLS.index(element), pl.UInt8)).select(list(PLAN_SHARES))
    plain = items.select(pl.col(name).cast(kind) for name, kind in PLAN_ITEMS.items())
    placed, strata = stratified(plain, shares)
    methods = sight.register.tables["methods"]
    plan = plan_visit(
        strata, goals={element: max(1, round(GOAL * total_mg))}, detect={"gross": 0.9, "partial": 0.9, "bias": 0.5},
        minutes=MINUTES, methods=methods,
    )  # fmt: skip
    layer = layer_of(strata, element, methods)
    keys = {strata[place].key: number for number, place in enumerate(layer.place)}
    order = placed.join(items.select("name", "ppb"), on="name", maintain_order="left")
    mass, share, quiet_mass, quiet_share, falsified = _truly(order, plant, site, element, there)
    taken = sum(float(item["gone_kg"]) for item in plant["facts"]["items"]) / float(plant["mass_kg"])
    return Stand(
        manner=plant["manner"].partition("-")[0], adversary=plant["adversary"],
        taken=abs(taken) * float(plant["elements"][element]) * 1e6,
        declared=_element_mg(order),
        mass=mass, share=share, quiet_mass=quiet_mass, quiet_share=quiet_share, falsified=falsified,
        others=counted["lot"].n_unique() - items.height, layer=layer,
        stratum=np.array([keys[key] for key in order["stratum"]], np.int64),
        numbers=_numbers(plan, layer), muf=float(closed["muf_mg"][0]), sigma=float(closed["sigma_mg"][0]),
        battery=bool(alarms[int(closed["matrix"][0])]),
        least_by_plan=min(one.probability for one in plan.sights if one.kind != "bias"),
        least_at_random=min(one.probability for one in plan.at_random if one.kind != "bias"),
    )  # fmt: skip


def _element_mg(items: pl.DataFrame) -> Floats:
    mass: Floats = items["dry_mg"].to_numpy().astype(np.float64) * items["ppb"].to_numpy() / 1e9
    return mass


def _numbers(plan: Plan, layer: Layer) -> dict[str, Counts]:
    return {act: np.array([plan.strata[place].numbers[act] for place in layer.place], np.int64) for act in ACTS}


def _items(sight: QuickSight, counted: pl.DataFrame, site: str, element: str) -> pl.DataFrame:
    """What the firm counted on the day and stated to hold the element, by lot; its own composition if it has one."""
    index = SYMBOLS.index(element)
    of_site = sight.snapshot.site_assays.filter((pl.col("site") == site) & (pl.col("element") == index))
    of_lot = sight.snapshot.lot_assays.filter(pl.col("element") == index)
    return (
        counted.group_by("lot", maintain_order=True)
        .agg(pl.col("product", "method").first(), dry_mg=pl.col("mass_mg").sum())
        .join(sight.snapshot.lots.select("lot", "name"), on="lot")
        .join(of_lot.select("lot", of_lot="ppb"), on="lot", how="left", maintain_order="left")
        .join(of_site.select("lot", of_site="ppb"), on="lot", how="left", maintain_order="left")
        .with_columns(ppb=pl.coalesce("of_site", "of_lot"), place=pl.lit("stock"))
        .filter((pl.col("ppb") > 0) & (pl.col("dry_mg") > 0))
    )


def _truly(
    items: pl.DataFrame, plant: dict[str, Any], site: str, element: str, there: dict[tuple[str, str], dict[str, str]]
) -> tuple[Floats, Floats, Floats, Floats, npt.NDArray[np.bool_]]:
    """(mass, share, both as if nothing had been taken, falsified) of each item, as parts of what is declared."""
    false = {item["lot"]: item for item in plant["facts"]["items"]}
    rows = []
    for name, dry_mg, ppb in items.select("name", "dry_mg", "ppb").iter_rows():
        row, item = there.get((site, name)), false.get(name)
        truly = _share(row, element) if row else 0.0
        came = float(item["declared_kg"]) if item else float(row["dry_kg"]) if row else 0.0
        lies = float(row["dry_kg"]) if row else 0.0
        before = truly / (1 - float(item["share"])) if item and item["refilled"] else truly
        rows.append((lies * 1e6 / dry_mg, truly * 1e9 / ppb if row else 1.0, came * 1e6 / dry_mg,
                     before * 1e9 / ppb if row else 1.0, item is not None))  # fmt: skip
    mass, share, quiet_mass, quiet_share, falsified = (np.array(column) for column in zip(*rows, strict=True))
    return mass, share, quiet_mass, quiet_share, falsified.astype(np.bool_)


def _share(row: dict[str, str], element: str) -> float:
    parts = dict(part.split("=") for part in row["composition"].split(";"))
    return float(parts.get(element, 0.0))
