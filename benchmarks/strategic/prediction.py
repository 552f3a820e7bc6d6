"""Forecasts of stop days held against the truth of worlds whose customers follow other rules than the engine.

A world is written with its customers and two planted controls; what was filed before them is loaded, and nothing else;
the scenarios are run, once with the true cover and once with cover that is off by 30 % (a factor exp(.3 z), stated with
the range that goes with it). Beside them in one table: stock ÷ use, the naive forecast. Seeds 1 to 4 are for choosing
settings, 101 to 108 for the report; SETTINGS says all that was tried.

    python benchmarks/strategic/prediction.py --seeds 101-108
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.filing.loading import load
from lodeline.service.strategy.inputs import inputs_of
from lodeline.service.strategy.network import network_of
from lodeline.store.law import law_now
from lodeline.store.opening import create
from lodeline.store.snapshot import Snapshot
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.strategy.inputs.tables import Inputs, scenario_of
from lodeline.strategy.run import run
from lodeline.world import build_world, write_world
from strategic.predict import Forecast, Outcome, Score, gates, naive, noisy, of_draws, row, score

#: Months that are filed; the controls begin with the next.
MONTHS: Final = 8
FIRMS: Final = 120
SCENARIOS: Final = ("dy-licence", "nd-ban")
#: Standard deviation of the logarithm of what is stated of a stock over what lies there.
SIGMA: Final = 0.3
#: What was tried on seeds 1 to 4 before the report, the last being what stands.
SETTINGS: Final = (
    "deliveries shared among all plants whose bill names the product",
    "deliveries of a class to plants whose bill names the class, where one does; classes of one bill row pooled",
    "each draw held against the same draw without an instrument",
    *(f"a plant stops where fewer than {share} of the draws never stop" for share in (0.3, 0.6, 0.7, 0.8, 0.4)),
    "a buyer who passes goods on is a holding that the control reaches, and no supplier from outside",
    "what waits for a licence goes when it comes, in proportion with the orders of that day",
    "what waits for a licence goes when it comes, after the orders of that day",
    "days under way that cover.csv states are not drawn",
    "without an instrument no plant lacks goods that the instrument holds back",
)
#: Of forecasts, in the order of the table.
KINDS: Final = ("run, true cover", "run, 30 % noise", "stock ÷ use, true cover", "stock ÷ use, 30 % noise")


@dataclass(frozen=True, slots=True)
class World:
    """A world that was loaded, with the truth of its controls."""

    seed: int
    snapshot: Snapshot
    law: Jurisdiction
    inputs: Inputs
    truth: Mapping[str, Any]


def world_of(seed: int, *, firms: int, room: Path) -> World:
    """Writes and loads a world, unless it stands in the room already."""
    os.environ["LODELINE_SNAPSHOTS"] = str(room / f"snapshots-{seed}")
    dossier, database = room / f"w{seed}", room / f"store-{seed}.sqlite3"
    is_new = not database.exists()
    if is_new:
        write_world(build_world(seed=seed, organisations=firms, months=MONTHS), dossier, feeds=False, strategy=True)
    store, _ = create(str(database), secret="a benchmark has no secrets")
    law = law_now(store)
    if is_new:
        load(store, dossier, law=law, own_process=False)
    truth = json.loads((room / f"w{seed}.strategy.json").read_text("utf-8"))
    return World(seed, open_snapshot(store), law, inputs_of(store), truth)


def outcomes(world: World, scenario: str, *, draws: int) -> dict[str, list[Outcome]]:
    """Kind of forecast → what it said of each plant of the world, and what truly came."""
    plants = {one["plant"]: one for one in world.truth["plants"]}
    stated = _stated(world)
    true_ = {key: (days, days, days) for key, (days, _) in stated.items()}
    noise = {key: given for key, (_, given) in stated.items()}
    found: dict[str, list[Outcome]] = {}
    for kind, said in zip(KINDS, (true_, noise, true_, noise), strict=True):
        if kind.startswith("run"):
            forecasts = _run(world, scenario, said, draws=draws)
        else:
            forecasts = {plant: _naive(world, scenario, plants[plant], said) for plant in plants}
        found[kind] = [
            Outcome(
                world=str(world.seed), plant=plant, true=_true(one, scenario),
                forecast=forecasts.get(plant, Forecast(p10=np.inf, p50=np.inf, p90=np.inf, never=1.0)),
            )
            for plant, one in plants.items()
        ]  # fmt: skip
    return found


Cover = Mapping[tuple[str, str], tuple[float, float, float]]


def _stated(world: World) -> dict[tuple[str, str], tuple[float, tuple[float, float, float]]]:
    """(plant, class) → days of stock that truly lie there, and what somebody states who errs."""
    luck = np.random.default_rng([world.seed, 30])
    found = {}
    for plant, goods, days in world.inputs.cover.select("plant", "class", "stock_days").iter_rows():
        found[plant, goods] = (days, noisy(days, float(luck.standard_normal()), SIGMA))
    return found


def _run(world: World, name: str, cover: Cover, *, draws: int) -> dict[str, Forecast]:
    rows = [
        {"plant": plant, "class": goods, "stock_days": days, "low_days": low, "high_days": high}
        for (plant, goods), (low, days, high) in cover.items()
    ]  # fmt: skip
    told = world.inputs.cover.drop("stock_days", "low_days", "high_days").join(
        pl.DataFrame(rows), on=["plant", "class"], how="left"
    )
    told = told.select(world.inputs.cover.columns)
    inputs = world.inputs.having("cover", told, digest=str(sum(one[1] for one in cover.values())))
    scenario = scenario_of(inputs, name)
    network = network_of(
        world.snapshot, world.law, inputs, base_from=scenario.base_from or None, base_to=scenario.base_to or None
    )
    found = run(network, scenario, inputs, law=world.law, draws=draws, helped=0, with_tornado=False)
    return {
        network.units.name[unit]: of_draws(found.stop[place]) for place, unit in enumerate(found.plants.tolist())
    }  # fmt: skip


def _naive(world: World, name: str, plant: Mapping[str, Any], cover: Cover) -> Forecast:
    control = world.truth["scenarios"][name]
    touched = plant["abroad"] and (not control["countries"] or plant["country"] in control["countries"])
    found = [
        cover[plant["plant"], one["class"]] for one in plant["classes"]
        if touched and one["class"] in control["goods"] and (plant["plant"], one["class"]) in cover
    ]  # fmt: skip
    if not found:
        return naive([], horizon=world.truth["horizon_days"])
    low, days, high = min(found, key=lambda one: one[1])
    return naive([days], low=low / days, high=high / days, horizon=world.truth["horizon_days"])


def _true(plant: Mapping[str, Any], scenario: str) -> float:
    stop = plant["stops"][scenario]
    return np.inf if stop is None else float(stop["day"])


def measured(
    seeds: Sequence[int], *, firms: int = FIRMS, draws: int = 60, room: Path, scenarios: Sequence[str] = SCENARIOS
) -> dict[str, dict[str, list[Outcome]]]:
    """Scenario → kind of forecast → outcomes of all seeds."""
    found: dict[str, dict[str, list[Outcome]]] = {name: {kind: [] for kind in KINDS} for name in scenarios}
    for place, seed in enumerate(seeds):
        print(f"{place} of {len(seeds)} worlds done; seed {seed} is written and loaded", file=sys.stderr, flush=True)
        world = world_of(seed, firms=firms, room=room)
        for name in scenarios:
            for kind, some in outcomes(world, name, draws=draws).items():
                found[name][kind] += some
        print(f"seed {seed}: {', '.join(_short(found, name, seed) for name in scenarios)}", file=sys.stderr)
    return found


def _short(found: Mapping[str, Mapping[str, list[Outcome]]], name: str, seed: int) -> str:
    one = score(each for each in found[name][KINDS[0]] if each.world == str(seed))
    return f"{name} {one.stops} stops of {one.plants}, error {one.median_error:g} d"


def report(
    found: Mapping[str, Mapping[str, list[Outcome]]], seeds: Sequence[int], *, firms: int, draws: int
) -> tuple[list[str], bool]:
    """The lines of the table, and whether all gates hold."""
    lines = [
        f"seeds {', '.join(map(str, seeds))}; {firms} firms, months 1-{MONTHS} filed, {draws} draws; settings tried on "
        f"seeds 1-4: {len(SETTINGS)}"
    ]
    rows = [
        {"scenario": name, **row(kind, score(found[name][kind]))} for name in found for kind in KINDS
    ] + [{"scenario": "all", **row(kind, _whole(found, kind))} for kind in KINDS]  # fmt: skip
    heads = list(rows[0])
    table = [heads, *([str(one[head]) for head in heads] for one in rows)]
    widths = [max(len(line[place]) for line in table) for place in range(len(heads))]
    lines += ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in table]
    kept = gates(
        _whole(found, KINDS[0]), _whole(found, KINDS[1]), _naive_of(found), seeds=len(set(seeds))
    )  # fmt: skip
    lines += [f"{'kept' if held else 'FAILED'}: {gate}" for gate, held in kept.items()]
    return lines, all(kept.values())


def _naive_of(found: Mapping[str, Mapping[str, list[Outcome]]]) -> Score:
    """The naive forecast: error and names with the true cover, coverage with the noise."""
    sure, noise = _whole(found, KINDS[2]), _whole(found, KINDS[3])
    return Score(
        plants=sure.plants, stops=sure.stops, median_error=sure.median_error, bias=sure.bias, covered=noise.covered,
        precision=sure.precision, recall=sure.recall,
    )  # fmt: skip


def _whole(found: Mapping[str, Mapping[str, list[Outcome]]], kind: str) -> Score:
    return score(one for by_kind in found.values() for one in by_kind[kind])


def seeds_of(text: str) -> list[int]:
    """`1-4,9` as numbers."""
    found: list[int] = []
    for part in text.split(","):
        low, _, high = part.partition("-")
        found += range(int(low), int(high or low) + 1)
    return found


def main(arguments: Iterable[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=seeds_of, default=seeds_of("101-108"))
    parser.add_argument("--firms", type=int, default=FIRMS)
    parser.add_argument("--draws", type=int, default=60)
    parser.add_argument("--room", type=Path, help="keep worlds here, and take those that stand here")
    asked = parser.parse_args(None if arguments is None else list(arguments))
    with tempfile.TemporaryDirectory() as scratch:
        room = asked.room or Path(scratch)
        room.mkdir(parents=True, exist_ok=True)
        found = measured(asked.seeds, firms=asked.firms, draws=asked.draws, room=room)
        lines, held = report(found, asked.seeds, firms=asked.firms, draws=asked.draws)
    print("\n".join(lines))
    return 0 if held else 1


if __name__ == "__main__":
    raise SystemExit(main())
