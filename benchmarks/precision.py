"""How many of a detector's questions have something behind them: by detector, and by the size of the firm asked.

Synthetic worlds are planted at random (`lodeline world write --plant random:0.2`: one firm-year in five), written and
looked at by every detector of the program; no log is kept. An alarm is true where a plant touches the firm that is
asked in a month that the finding speaks of, whatever was planted: a visit would find it. One that is right about an
honest mistake (a month forgotten, a receipt lost) is not true: there is nothing to be found at the firm. Printed for
each detector: true, alarms, precision with a 95 % interval (Wilson), by size class, and the seconds of each world.

    python benchmarks/precision.py [--seeds 2901-2910] [--stranger-seeds 2911-2920] [--firms 120] [--months 12]

`--write` puts the table into the package (`detector_precision.csv`) and into docs/explanation/detection.md. These seeds
were measured once and are used up; 2990 served to time a world. Worlds, plants and detectors have one author, and
nobody hides as often in life: what the table orders is questions, not nations.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

os.environ.setdefault("POLARS_MAX_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))

from detection import machine, seeds_of
from labelled.chance import wilson
from labelled.matching import answers, planted, seen
from labelled.quick import quick_sight
from labelled.report import aligned, share, write_between
from lodeline.detection.battery import DETECTORS, run_detectors
from lodeline.detection.identity import named_in
from lodeline.regulation.parameter import load as load_law
from lodeline.service.inspections.precision import SIZES, shipped_by_firm, size_class
from lodeline.world import DEFAULT, asked_plants, build_world, write_world

TABLE = Path(__file__).parents[1] / "src/lodeline/data/reference/detector_precision.csv"
DOCUMENT = Path(__file__).parents[1] / "docs/explanation/detection.md"
RATE, FIRMS, MONTHS = "0.2", 120, 12
AUTHOR = "synthetic; world, plants and detectors by one author"
#: (detector, size class) of an alarm, and whether a plant was behind it.
Counts = Counter[tuple[str, str, bool]]


def main() -> int:
    """Measures what the arguments ask for; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="2901-2910", help="worlds of the default profile")
    parser.add_argument("--stranger-seeds", default="2911-2920", help="worlds of other habits")
    parser.add_argument("--firms", type=int, default=FIRMS)
    parser.add_argument("--months", type=int, default=MONTHS)
    parser.add_argument("--rate", default=RATE, help="plants as a share of the firm-years")
    parser.add_argument("--write", action="store_true", help=f"write the table into {TABLE.name}")
    given = parser.parse_args()
    began, counts = time.monotonic(), Counter[tuple[str, str, bool]]()
    for profile, seeds in ((DEFAULT, given.seeds), ("stranger", given.stranger_seeds)):
        for seed in seeds_of(seeds):
            counts += alarms_of(seed, profile, given)
    rows = table_of(counts, seeds="; ".join(filter(None, (given.seeds, given.stranger_seeds))))
    print(aligned([list(rows[0])[:7], *([str(one) for one in list(row.values())[:7]] for row in rows)]))
    print(f"\n{time.monotonic() - began:.0f} s; {machine()}")
    if given.write:
        out = io.StringIO()
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        TABLE.write_text(out.getvalue(), "utf-8")
        write_between(DOCUMENT, {"precision": aligned(document_of(rows))})
        print(f"Wrote {TABLE.name} and the table of {DOCUMENT.name}.")
    return 0


def alarms_of(seed: int, profile: str, given: argparse.Namespace) -> Counts:
    """The alarms of one world by detector and size of the firm asked, true and false."""
    began = time.process_time()
    with tempfile.TemporaryDirectory(prefix="lodeline-precision-") as name:
        room = Path(name)
        world = build_world(seed=seed, organisations=given.firms, months=given.months, habits=profile)
        write_world(world, room / "world", plants=asked_plants(world, f"random:{given.rate}"), feeds=True)
        sight = quick_sight(room / "world", room, load_law("cn"))
        truth = json.loads((room / "world.truth.json").read_text("utf-8"))
        rows = [one.as_json() for one in run_detectors(sight)]
        shipped = shipped_by_firm(sight.lines)
    plants = [planted(item) for item in truth["planted"]]
    counts: Counts = Counter()
    for row in rows:
        firm, finding = named_in(row["subject"])[0], seen(row)
        is_true = any(firm in plant.organisations and answers(finding, plant) for plant in plants)
        counts[row["detector"], size_class(shipped.get(firm, 0)), is_true] += 1
    true = sum(number for (_, _, behind), number in counts.items() if behind)
    print(
        f"  {profile} {seed}: {len(plants)} plants, {true} of {counts.total()} alarms true,"
        f" {time.process_time() - began:.0f} s of processor",
        flush=True,
    )
    return counts


def table_of(counts: Counts, *, seeds: str) -> list[dict[str, object]]:
    """The rows of the table: every detector in every class, those that were silent too."""
    rows: list[dict[str, object]] = []
    for detector in (one.name for one in DETECTORS):
        for size in SIZES:
            true, false = counts[detector, size, True], counts[detector, size, False]
            low, high = wilson(true, true + false)
            rows.append({
                "detector": detector, "size_class": size, "true": true, "alarms": true + false,
                "precision": f"{true / (true + false):.3f}" if true + false else "", "low": f"{low:.3f}",
                "high": f"{high:.3f}", "seeds": seeds, "author": AUTHOR,
            })  # fmt: skip
    return rows


def document_of(rows: list[dict[str, object]]) -> list[list[str]]:
    """The table of the document: true of asked, by detector and size, and of all with its interval."""
    table = [["detector", *(f"{one}" for one in SIZES), "all", "precision"]]
    for detector in dict.fromkeys(str(row["detector"]) for row in rows):
        own = [(int(str(row["true"])), int(str(row["alarms"]))) for row in rows if row["detector"] == detector]
        true, alarms = (sum(one) for one in zip(*own, strict=True))
        low, high = wilson(true, alarms)
        told = f"{share(true / alarms)} ({share(low)}–{share(high)})" if alarms else "–"
        table.append([f"`{detector}`", *(f"{k} / {n}" if n else "–" for k, n in own), f"{true} / {alarms}", told])
    return table


if __name__ == "__main__":
    sys.exit(main())
