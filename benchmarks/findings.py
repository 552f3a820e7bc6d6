"""All detectors on a ledger of a million movements: seconds for each, and the memory of all.

A synthetic world with dirt and plants is copied until it has so many movements; copies have firms, sites, lots and
papers of their own and share nothing but words of the register. Invoices and customs records are fed beside. The frames
are those of a snapshot (`labelled.quick`), so what is timed is what `lodeline findings` does once the snapshot stands.
Said beside the figures: how many rows, transfers and counts, and how busy the machine was.

    python benchmarks/findings.py [--movements 1000000] [--firms 120] [--months 12] [--seed 421]

Exit status 1: more than 60 s or 3 GB in all.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).parent))

from detection import machine
from labelled.quick import QuickSight, QuickSnapshot, quick_sight
from lodeline.detection.battery import DETECTORS
from lodeline.ledger.register import Register
from lodeline.regulation.parameter import load as load_law
from lodeline.world import asked_plants, build_world, write_world

MOST_SECONDS, MOST_BYTES = 60.0, 3e9
#: Columns that name a firm, a site or a lot: a copy has its own.
_NAMES = ("organisation", "site", "maker", "party", "to_site", "owner", "name", "seller", "buyer", "exporter",
          "document", "declaration", "number")  # fmt: skip
#: … and those that number something.
_NUMBERS = ("line", "lot", "entry", "corrects", "id")
_IDS = {"organisations": ("id",), "sites": ("id", "organisation"), "quotas": ("organisation",),
        "models": ("organisation",), "licences": ("exporter",)}  # fmt: skip


def main() -> int:
    """Makes the ledger, times every detector; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--movements", type=int, default=1_000_000)
    parser.add_argument("--firms", type=int, default=120)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--seed", type=int, default=421)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lodeline-findings-") as name:
        room = Path(name)
        world = build_world(seed=given.seed, organisations=given.firms, months=given.months)
        write_world(world, room / "w", plants=asked_plants(world, "random:0.1"), feeds=True)
        one = quick_sight(room / "w", room, load_law("cn"))
        sight = copies(one, -(-given.movements // one.movements.height))
        return timed(sight)


def copies(one: QuickSight, times: int) -> QuickSight:
    """The same ledger so many times beside itself."""
    assert isinstance(one.snapshot, QuickSnapshot), "a quick sight has a quick snapshot"
    shift = {name: max(int(str(frame[name].max() or 0)) for frame in (one.lines, one.lots, one.all_filings)
                       if name in frame.columns) + 1 for name in _NUMBERS[:3]}  # fmt: skip
    shift["corrects"] = shift["entry"]
    shift["id"] = 1 + max(int(str(frame["id"].max() or 0)) for frame in one.snapshot.fed.values())

    def copied(frame: pl.DataFrame, number: int) -> pl.DataFrame:
        prefix = pl.lit(f"C{number}.")
        numbers = {name for name, kind in frame.schema.items() if name in _NUMBERS and kind.is_integer()}
        return frame.with_columns(
            *((prefix + pl.col(name)).alias(name) for name in _NAMES if name in frame.columns),
            *(pl.col(name) + number * shift[name] for name in numbers),
        )

    def every(frame: pl.DataFrame) -> pl.DataFrame:
        return pl.concat([copied(frame, number) for number in range(times)])

    tables = dict(one.register.tables)
    for table, ids in _IDS.items():
        tables[table] = pl.concat(
            [
                tables[table].with_columns((pl.lit(f"C{number}.") + pl.col(column)).alias(column) for column in ids)
                for number in range(times)
            ]
        )
    snapshot = replace(
        one.snapshot, lines=every(one.lines), lots=every(one.lots), register=Register(tables=tables),
        fed={feed: every(frame) for feed, frame in one.snapshot.fed.items()},
    )  # fmt: skip
    beside = replace(one.beside, snapshot=snapshot, all_papers=every(one.beside.all_papers))
    return replace(
        one, snapshot=snapshot, beside=beside, all_papers=every(one.all_papers), all_filings=every(one.all_filings),
        all_customs=every(one.all_customs),
    )  # fmt: skip


def timed(sight: QuickSight) -> int:
    """Prints what the ledger holds and the seconds of each detector; 1 where a bar was missed."""
    began = time.monotonic()
    held = {name: getattr(sight, name).height for name in ("movements", "lines", "transfers", "counts")}
    assert isinstance(sight.snapshot, QuickSnapshot), "a quick sight has a quick snapshot"
    held |= {feed: frame.height for feed, frame in sight.snapshot.fed.items()}
    print("  ".join(f"{name} {count:,}" for name, count in held.items()), flush=True)
    print(f"{'frames of the snapshot':<24}{time.monotonic() - began:>8.1f} s   {machine()}", flush=True)
    spent, found = 0.0, 0
    for detector in DETECTORS:
        began = time.monotonic()
        rows = detector.look(sight)
        seconds = time.monotonic() - began
        spent, found = spent + seconds, found + len(rows)
        print(f"{detector.name:<24}{seconds:>8.1f} s{len(rows):>8} findings", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    missed = "" if spent <= MOST_SECONDS and peak <= MOST_BYTES else "  MISSED"
    print(f"{len(DETECTORS)} detectors together    {spent:>8.1f} s{found:>8} findings, {peak / 1e9:.2f} GB at most"
          f" (bar {MOST_SECONDS:.0f} s, {MOST_BYTES / 1e9:.0f} GB){missed}; {machine()}")  # fmt: skip
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
