"""What BoARIO says, run by a Python that has it (GPL; installed apart: `pip install boario pymrio progressbar2`).

Not imported by the benchmark: it runs this file and reads one line of JSON. Two things: the time of 48 industries × 365
steps on pymrio's test table, and a chain of two industries, ore into magnets, in which ore makes nothing from a day on:
the output of magnets on each day as a share of what it was.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import statistics
import sys
import time
from importlib.metadata import version
from typing import Any

DAYS, SHOCK, COVER = 120, 10, 30


def main() -> None:
    """Prints {"version", "days", "shock", "cover", "seconds", "chain"}."""
    pymrio = importlib.import_module("pymrio")
    with contextlib.redirect_stdout(sys.stderr):
        table = pymrio.load_test().calc_all()
        seconds = []
        for _ in range(3):
            started = time.perf_counter()
            _run(table, "reg1", "food", 365, loss=0.5)
            seconds.append(time.perf_counter() - started)
        produced = _run(_chain(), "here", "ore", DAYS, loss=1.0)
    magnets = produced[("here", "magnets")].to_numpy()
    print(
        json.dumps(
            {"version": version("boario"), "days": DAYS, "shock": SHOCK, "cover": COVER,
             "seconds": statistics.median(seconds), "chain": (magnets / magnets[0]).tolist()}
        )
    )  # fmt: skip


def _run(table: Any, region: str, sector: str, days: int, *, loss: float) -> Any:
    pd, event = importlib.import_module("pandas"), importlib.import_module("boario.event")
    models, running = importlib.import_module("boario.extended_models"), importlib.import_module("boario.simulation")
    model = models.ARIOPsiModel(
        table, main_inv_dur=COVER, psi_param=0.05, alpha_max=1.0, monetary_factor=1, inventory_restoration_tau=28
    )
    impact = pd.Series([loss], index=pd.MultiIndex.from_tuples([(region, sector)], names=["region", "sector"]))
    shock = event.from_series(impact, event_type="arbitrary", occurrence=SHOCK, duration=days - SHOCK, recovery_tau=365)
    simulation = running.Simulation(model, n_temporal_units_to_sim=days)
    simulation.add_event(shock)
    simulation.loop()
    return simulation.production_realised


def _chain() -> Any:
    pd, pymrio = importlib.import_module("pandas"), importlib.import_module("pymrio")
    rows = pd.MultiIndex.from_product([["here"], ["magnets", "ore"]], names=["region", "sector"])
    uses = pd.MultiIndex.from_product([["here"], ["final"]], names=["region", "category"])
    # A year: 365 of magnets for final use, made of 182.5 of ore.
    between = pd.DataFrame([[0.0, 0.0], [182.5, 0.0]], index=rows, columns=rows)
    final = pd.DataFrame([[365.0], [0.0]], index=rows, columns=uses)
    table = pymrio.IOSystem(Z=between, Y=final)
    table.calc_all()
    return table


if __name__ == "__main__":
    main()
