"""A nation-year behind the portal: what do its processes hold, and when do national pages show what was filed?

A synthetic nation (no real firm or country) is loaded once and kept in `--work`. Then the portal is served from it
twice: with an analyst that publishes the answers of the nation, and without one, where each process that answers
computes for itself.
Printed for both: seconds from the start until an official has the first overview, memory of each process when all pages
of a list have been seen twice (PSS, what it holds and its part of what is shared), seconds and processor from a filing
of one row until the overview speaks of it, that one page included. Then the server is started once more on what the
first one published.

    python benchmarks/nation.py [--firms 1000] [--months 12] [--work var/bench/nation]

Exit status 1: a bar of memory or time was missed (one process that answers ≤ 400 MB, all ≤ 2 GB, first overview ≤ 2 s,
a filing ≤ 3 s and 2 s of processor); the bars are those of a nation-year of 10⁶ lines on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from lodeline.store.opening import open_store
from lodeline.store.publications import Publications
from portal.server import PROGRAM, SECRET, cpu_s_of, entry_of, free_port, processes, run, served, sessions_of, settle

OVERVIEW = ""
PAGES = (OVERVIEW, "balances/", "findings/", "transfers/", "exceptions/", "organisations/", "lots/", "quotas/")


@dataclass
class Measured:
    """What was seen of one server."""

    name: str
    first_s: float = 0.0
    pss_mb: list[tuple[str, float]] = field(default_factory=list)
    filed_s: float = 0.0
    filed_cpu_s: float = 0.0


def loaded(work: Path, firms: int, months: int) -> Path:
    """The store of the nation, made where it is not there yet."""
    store = work / f"nation-{firms}x{months}.sqlite3"
    if not (work / f"{store.name}.done").exists():
        work.mkdir(parents=True, exist_ok=True)
        world, began = work / f"world-{firms}x{months}", time.monotonic()
        if not world.exists():
            run(
                str(PROGRAM), "world", str(world), "--organisations", str(firms), "--months", str(months), "--seed", "7"
            )
        if not store.exists():
            run(str(PROGRAM), "init", "--database", str(store))
        run(str(PROGRAM), "load", str(world), "--database", str(store))
        print(f"loaded in {time.monotonic() - began:.0f} s")
        (work / f"{store.name}.done").touch()
    return store


@contextmanager
def portal(store: Path, session: str, **settings: str) -> Iterator[tuple[httpx.Client, int, float]]:
    """A server of the store: an official's client, the master's process, and when it was started."""
    port, began = free_port(), time.monotonic()
    arguments = [str(PROGRAM), "serve", "--database", str(store), "--port", str(port)]
    with served(arguments, settings, f"http://127.0.0.1:{port}/healthz") as process:
        cookies = {"lodeline_session": session}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}/en/", cookies=cookies, timeout=300) as client:
            yield client, process.pid, began


def until_shown(client: httpx.Client, at_least: int = 0, patience_s: float = 900) -> None:
    """Asks for the overview until it is there and speaks of an entry."""
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        answer = client.get(OVERVIEW, follow_redirects=True)
        if answer.status_code == 200 and entry_of(answer.text) >= at_least:
            return
        time.sleep(0.25)
    raise TimeoutError("the overview was not shown")


def until_published(store: Path, entry: int, patience_s: float = 300) -> None:
    """Waits for the answers as of an entry without asking the server, which would add to the work that is measured."""
    publications, until = Publications(open_store(str(store))), time.monotonic() + patience_s
    while time.monotonic() < until:
        stands = publications.current()
        if stands is not None and stands.entry >= entry:
            return
        time.sleep(0.05)
    raise TimeoutError("nothing was published")


def measure(store: Path, session: str, name: str, period: str, **settings: str) -> Measured:
    found = Measured(name=name)
    with portal(store, session, **settings) as (client, master, began):
        until_shown(client)
        found.first_s = time.monotonic() - began
        for _ in range(2):
            for page in PAGES:
                until = time.monotonic() + 300
                while client.get(page, follow_redirects=True).status_code == 503 and time.monotonic() < until:
                    time.sleep(0.2)
        found.pss_mb = [(one.kind, one.pss_mb) for one in processes(master).values()]
        until_shown(client)
        settle(master)
        used = cpu_s_of(master)
        entry = file_one(store, period)
        receipt = time.monotonic()
        if settings["LODELINE_PUBLISHER"] == "1":
            until_published(store, entry)
        until_shown(client, entry)
        found.filed_s, found.filed_cpu_s = time.monotonic() - receipt, cpu_s_of(master) - used
    return found


def file_one(store: Path, period: str) -> int:
    """Files one row more of the last month for a mine; returns its entry."""
    with tempfile.TemporaryDirectory() as room:
        path, mark = Path(room) / "row.csv", time.time_ns()
        path.write_text(
            "event,kind,on,site,lot,product,mass_kg,composition,origin_kind,origin_place\n"
            f"B{mark},origin,{period}-05,MIN-0001-A,BENCH{mark},concentrate,10,TREO=60;Nd=12,mined,CN-P\n"
        )
        told = run(
            str(PROGRAM), "file", str(path), "--organisation", "MIN-0001", "--period", period, "--database", str(store),
            "--json",
        )  # fmt: skip
    return int(json.loads(told)["receipt"]["entry"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--firms", type=int, default=1_000)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--work", type=Path, default=Path("var/bench/nation"))
    given = parser.parse_args()
    os.environ.setdefault("LODELINE_SECRET", SECRET)
    os.environ["LODELINE_MFA"] = "optional"
    store = loaded(given.work, given.firms, given.months)
    (session,) = sessions_of(str(store), [("", ["analyst"])])
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    print(f"{given.firms} firms, {given.months} months, {store.stat().st_size / 1e6:.0f} MB; {machine}")
    last = f"{2025 + (given.months - 1) // 12}-{(given.months - 1) % 12 + 1:02d}"
    runs = [
        measure(store, session, "each for itself", last, LODELINE_PUBLISHER="0"),
        measure(store, session, "publisher", last, LODELINE_PUBLISHER="1"),
        measure(store, session, "publisher, started again", last, LODELINE_PUBLISHER="1"),
    ]
    for one in runs:
        held = ", ".join(f"{kind} {mb:.0f}" for kind, mb in one.pss_mb)
        total = sum(mb for _, mb in one.pss_mb)
        print(f"{one.name:24} first overview {one.first_s:6.1f} s · MB {held}, all {total:.0f}"
              f" · a filing shown {one.filed_s:.1f} s after its receipt, {one.filed_cpu_s:.1f} s of processor"
        )  # fmt: skip
    warm = runs[-1]
    largest = max(mb for kind, mb in warm.pss_mb if kind == "answers")
    together = sum(mb for _, mb in warm.pss_mb)
    kept = largest <= 400 and together <= 2_000 and warm.first_s <= 2 and warm.filed_s <= 3 and warm.filed_cpu_s <= 2
    print("the bars of memory and time hold" if kept else "a bar of memory or time is MISSED")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
