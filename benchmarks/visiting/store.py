"""Visits to the falsified sites of a world through a real store: loaded, planned, measured, taken in, verified."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from lodeline.regulation.parameter import load as load_law
from lodeline.service.filing.loading import load
from lodeline.service.inspections.items import site_items
from lodeline.service.inspections.measuring import Weighing
from lodeline.service.inspections.measuring import measure as take_in
from lodeline.service.inspections.planning import Wanted, enter_plan, propose
from lodeline.service.inspections.results import Report, report_results
from lodeline.service.inspections.verifying import verification
from lodeline.store.opening import create
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store
from lodeline.world import asked_plants, build_world, write_world
from visiting.chain import Services, through_store
from visiting.worlds import DAY, MINUTES, MONTHS, asked_of

#: When the papers of the visits come in: the firms have filed the month.
LATER = DAY + timedelta(days=32)
_AT = datetime.combine(LATER, time(), UTC)


def visited_in_store(seed: int, *, firms: int, room: Path) -> pl.DataFrame:
    """VERIFIED with `truly_mg` of a visit to every falsified site, one row a site: of the element of which most was
    taken. Raises RuntimeError where a paper of a visit is sent back."""
    os.environ["LODELINE_SNAPSHOTS"] = str(room / "snapshots")
    world = build_world(seed=seed, organisations=firms, months=MONTHS)
    (room / "plants.json").write_text(json.dumps(asked_of(world)), "utf-8")
    write_world(world, room / "w", plants=asked_plants(world, str(room / "plants.json")), feeds=True, stock=True)
    store, _ = create(str(room / "store.sqlite3"), secret="a benchmark has no secrets")
    load(store, room / "w", law=load_law("cn"), own_process=False)
    every = through_store(room / "w", services_of(store), on=DAY, seed=seed, room=room)
    return every.sort(pl.col("truly_mg").abs(), descending=True).unique("site", keep="first", maintain_order=True)


def services_of(store: Store) -> Services:
    """What a loaded store does in a visit."""
    before = open_snapshot(store)

    def plan(site: str, on: date) -> tuple[int, Sequence[Mapping[str, Any]]]:
        proposal = propose(
            site_items(before, site=site), Wanted(site=site, on=on, minutes=MINUTES), register=before.register,
            entry=before.entry, today=on,
        )  # fmt: skip
        entered = enter_plan(store, proposal, filed_at=_AT, by="inspector")
        return entered.entry.index, entered.paper["items"]

    def enter(site: str, on: date, plan: int, measurement: Path, results: Mapping[str, Path]) -> None:
        firm = before.register.site_organisation[site]
        weighing = Weighing(site=site, on=on, files=[_file(measurement)], plan=plan)
        taken = [take_in(store, weighing, organisation=firm, filed_at=_AT, today=LATER, by="inspector")]
        for side, path in results.items():
            # Firms have laboratories of their own; the authority has one.
            report = Report(
                laboratory="the authority's" if side == "authority" else f"that of {firm}",
                side="authority" if side == "authority" else "firm", files=[_file(path)],
            )  # fmt: skip
            taken.append(report_results(store, report, organisations=None, filed_at=_AT, today=LATER, by="inspector"))
        for one in taken:
            if not one.entries:
                raise RuntimeError(f"sent back at {site}: {[problem.code for problem in one.problems][:5]}")

    return Services(plan=plan, enter=enter, verified=lambda: verification(store, open_snapshot(store)).verified)


def _file(path: Path) -> tuple[str, bytes]:
    return path.name, path.read_bytes()


def told(found: pl.DataFrame) -> list[list[str]]:
    """A table of it: kilograms of the element."""
    head = ["site", "element", "kind", "falsifier", "items", "MUF", "truly taken", "MUF − D", "±σ", "z"]
    return [head] + [
        [row["site"], row["element"], row["manner"], row["adversary"], f"{row['items']}/{row['population']}",
         *(f"{row[name] / 1e6:.1f}" for name in ("muf_mg", "truly_mg", "verified_mg", "sigma_mg")),
         f"{row['z']:.1f}"] for row in found.iter_rows(named=True)
    ]  # fmt: skip
