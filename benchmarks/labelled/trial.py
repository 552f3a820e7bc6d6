"""One world, from its seed to what the detectors made of it: a small file, so that a long run can be taken up again.

The world is written in a directory of its own, looked at (`quick.quick_sight`, or through a ledger where that is asked
for) and thrown away; what is kept is the plants with their sizes, the findings, what scores below an alarm, and the
peers' features.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl

from labelled.asking import asking_for
from labelled.features import features
from labelled.matching import Seen, planted, seen
from labelled.plan import plants_for
from labelled.quick import quick_sight
from labelled.sizes import ceilings
from lodeline.detection.battery import DETECTORS, run_detectors
from lodeline.regulation.parameter import load as load_law
from lodeline.service.filing.loading import load
from lodeline.service.findings.finding import SnapshotView
from lodeline.store.opening import create
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.world import DEFAULT, build_world, write_world

#: Natural dirt by which something truly is not as it should be (docs/reference/world.md), whoever asks about it.
MISSING_PAPERS = ("month-not-filed", "receipt-lost", "quota-passed", "waste-not-analysed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A world to be tried. `clean` ones have the same natural dirt and no plant.

    `ledger`: every filing is posted to a ledger first, which takes ten times as long and finds the same, but for what
    the ledger refuses at the door. `profile`: whose habits the firms have.
    """

    seed: int
    firms: int
    months: int
    clean: bool
    work: Path
    keep: bool
    ledger: bool = False
    profile: str = DEFAULT

    @property
    def name(self) -> str:
        kind = "clean" if self.clean else "planted"
        return f"{'' if self.profile == DEFAULT else f'{self.profile}_'}{kind}-{self.seed}-{self.firms}x{self.months}"

    @property
    def result(self) -> Path:
        """Where the answer is kept. What was measured with other code is another answer."""
        return self.work / code_digest()[:16] / f"{self.name}.json"


@cache
def code_digest() -> str:
    """SHA-256 (hex) of everything that an answer depends on: the package's code and data, and this bench."""
    package, bench = Path(str(files("lodeline"))), Path(__file__).parent
    digest = sha256()
    for root in (package, bench):
        for path in sorted(root.rglob("*")):
            if path.suffix in (".py", ".csv", ".yaml", ".json") and not {"web", "office", "cli"} & set(path.parts):
                digest.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return digest.hexdigest()


def run(ask: Ask) -> str:
    """Tries one world unless its answer is there, and returns its name. To be called in any process."""
    if ask.result.is_file():
        return ask.name
    # Two worlds are tried at a time on two cores: each keeps to one thread.
    room = ask.work / ask.name
    if not (ask.keep and (room / "written").is_file()):
        shutil.rmtree(room, ignore_errors=True)
        room.mkdir(parents=True)
        _write(ask, room)
    answer, rows = _look(_sight(ask, room), room)
    ask.result.parent.mkdir(parents=True, exist_ok=True)
    rows.write_parquet(ask.result.with_suffix(".parquet"))
    half = ask.result.with_suffix(".half")
    half.write_text(json.dumps(answer, ensure_ascii=False, default=sorted), "utf-8")
    half.replace(ask.result)
    if not ask.keep:
        shutil.rmtree(room, ignore_errors=True)
    return ask.name


def _write(ask: Ask, room: Path) -> None:
    world = build_world(seed=ask.seed, organisations=ask.firms, months=ask.months, habits=ask.profile)
    write_world(world, room / "world", plants=() if ask.clean else plants_for(world, room), feeds=True)
    (room / "written").touch()


def _sight(ask: Ask, room: Path) -> SnapshotView:
    law = load_law("cn")
    if not ask.ledger:
        return quick_sight(room / "world", room, law)
    os.environ["LODELINE_SNAPSHOTS"] = str(room / "snapshots")
    store, _ = create(str(room / "store.sqlite3"), secret="a benchmark has no secrets")
    load(store, room / "world", law=law, own_process=False)
    return SnapshotView(store=store, snapshot=open_snapshot(store), law=law)


def _look(sight: SnapshotView, room: Path) -> tuple[dict[str, Any], pl.DataFrame]:
    truth = json.loads((room / "world.truth.json").read_text("utf-8"))
    findings = [seen(one.as_json()) for one in run_detectors(sight)]
    with asking_for():
        below = [seen(one.as_json()) for one in run_detectors(sight)]
    reached = ceilings(sight, truth["planted"])
    plants = [
        asdict(planted(item))
        | {key: item[key] for key in ("manner", "adversary", "pattern", "size", "size_sigma")}
        | {"begins": item["period"]["from"], "ceiling": reached.get(item["id"])}
        for item in truth["planted"]
    ]
    sites = sight.register.tables["sites"].group_by("organisation").agg(pl.len()).sort("organisation")
    return {
        "synthetic": True, "world": truth["world"], "plants": plants, "idle": _idle(truth["not_planted"]),
        "detectors": [one.name for one in DETECTORS], "findings": _written(findings), "below": _written(below),
        "sites": dict(sites.iter_rows()),
        "missing_papers": [
            [one["kind"], one["organisation"], one["period"]] for one in truth["dirt"] if one["kind"] in MISSING_PAPERS
        ],
    }, features(sight)  # fmt: skip


def _idle(items: Iterable[dict[str, Any]]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for item in items:
        counted[item["loophole"]] = counted.get(item["loophole"], 0) + 1
    return counted


def _written(findings: Iterable[Seen]) -> list[dict[str, Any]]:
    return [asdict(one) | {"score": round(one.score, 9)} for one in findings]
