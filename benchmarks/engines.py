"""What do the engines of `lodeline analyse` cost beside no engine, and do they publish the same bytes?

A synthetic nation (no real firm or country) is loaded once and kept in `--work`; `--database` names a store that is
there already (its secret in LODELINE_SECRET), to which nothing is written. Each engine then publishes it from nothing,
in a directory of its own: snapshot, lot graph, answers. Printed for each: seconds, seconds of processor and most memory
(PSS) of all its processes, the median of `--rounds`, and seconds as a ratio to those without an engine.

    python benchmarks/engines.py [--firms 40] [--months 3] [--rounds 3] [--engines here,processes[2],local[2]]

Exit status 1: an engine published other bytes.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from portal.server import below

PROGRAM = (sys.executable, "-m", "lodeline")
SECRET = "a benchmark keeps no secrets, and this one is long enough"
_TICKS = os.sysconf("SC_CLK_TCK")


def used(process: int) -> tuple[float, float]:
    """Seconds of processor of one process so far, and the memory that it holds (PSS, MB); nothing of one that ended."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return 0.0, 0.0
    pss = next((int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")), 0)
    return (int(fields[11]) + int(fields[12])) / _TICKS, pss / 1024


def published(database: str, engine: str | None, room: Path) -> tuple[tuple[float, float, float], dict[str, bytes]]:
    """Seconds, processor and most memory of a publication from nothing; and its files."""
    shutil.rmtree(room, ignore_errors=True)
    command = [*PROGRAM, "analyse", "--once", "--database", database, *(["--engine", engine] if engine else [])]
    began, cpu, most = time.monotonic(), dict[int, float](), 0.0
    # What Spark says at its start is of no use here; what went wrong is.
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            command, env=os.environ | {"LODELINE_SNAPSHOTS": str(room)}, stdout=said, stderr=subprocess.STDOUT
        )
        while process.poll() is None:
            now = {one: used(one) for one in below(process.pid)}
            cpu.update({one: seconds for one, (seconds, _) in now.items() if seconds})
            most = max(most, sum(pss for _, pss in now.values()))
            time.sleep(0.05)
        said.seek(0)
        if process.returncode:
            sys.exit(said.read())
    seconds = time.monotonic() - began
    answers = [one for one in room.rglob("*") if one.is_file() and ".answers/" in str(one)]
    return (seconds, sum(cpu.values()), most), {str(one.relative_to(room)): one.read_bytes() for one in answers}


def loaded(work: Path, firms: int, months: int) -> str:
    """The store of a nation, made where it is not there yet."""
    store, world = work / f"nation-{firms}x{months}.sqlite3", work / f"world-{firms}x{months}"
    if not store.with_suffix(".done").exists():
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        size = ("--organisations", str(firms), "--months", str(months), "--seed", "7")
        for words in (("world", str(world), *size), ("init",), ("load", str(world))):
            where = () if words[0] == "world" else ("--database", str(store))
            subprocess.run([*PROGRAM, *words, *where], check=words[0] != "load", stdout=subprocess.DEVNULL)
        store.with_suffix(".done").touch()
    return str(store)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--firms", type=int, default=40)
    parser.add_argument("--months", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", type=Path, default=Path("var/bench/engines"))
    parser.add_argument("--database")
    spark = ",local[2]" if importlib.util.find_spec("pyspark") and shutil.which("java") else ""
    parser.add_argument("--engines", default=f"here,processes[2]{spark}")
    chosen = parser.parse_args()
    if chosen.database is None:
        os.environ["LODELINE_SECRET"] = SECRET
    database = chosen.database or loaded(chosen.work, chosen.firms, chosen.months)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(f"{machine}; {chosen.database or f'{chosen.firms} firms, {chosen.months} months'}; median of {chosen.rounds}")
    engines = [None, *filter(None, chosen.engines.split(","))]
    seen: dict[str | None, list[tuple[float, float, float]]] = {one: [] for one in engines}
    files: dict[str, bytes] = {}
    other = set()
    with tempfile.TemporaryDirectory() as temporary:
        for _ in range(chosen.rounds):
            for engine in engines:
                figures, found = published(database, engine, Path(temporary) / "snapshots")
                seen[engine].append(figures)
                files = files or found
                other |= {engine} if found != files else set()
    base = statistics.median(seconds for seconds, _, _ in seen[None])
    print(f"{'engine':<16}{'seconds':>9}{'ratio':>7}{'processor':>11}{'memory':>10}  bytes")
    for engine, rounds in seen.items():
        seconds, cpu, most = (statistics.median(values) for values in zip(*rounds, strict=True))
        same = "other" if engine in other else "the same"
        print(f"{engine or 'none':<16}{seconds:>7.1f} s{seconds / base:>7.2f}{cpu:>9.1f} s{most:>7.0f} MB  {same}")
    print(f"{len(files)} files, {sum(map(len, files.values())) / 1e6:.1f} MB published")
    sys.exit(bool(other))


if __name__ == "__main__":
    main()
