"""The hour of the deadline: can firms file, and everybody read, while the last month of a nation comes in?

A synthetic nation (no real firm or country) is loaded once into PostgreSQL and kept in `--work`, all but the last month
of firms that are late. In the peak these file it: their own months, brought to 80–2 000 rows by small runs more of
their processes, uploaded three times (twice with slips) and certified; each person reads what has come before the next
act. Meanwhile a hundred people of other firms and of the authority read, with pauses of 5–15 s. Server, database and
users share the machine.

    python benchmarks/deadline.py [--firms 1000] [--months 13] [--seed 7] [--minutes 10] [--readers 100] [--workers 2]
                                  [--work var/bench/deadline]

Printed: how long each kind of act took, errors, how old the nation's answers were, memory and processor by kind of
process. Then, without pauses: a hundred of these people at once, who read, upload 2 000 rows and certify; and the same
uploads beside a minimal Django view that stores the rows with `bulk_create`. Exit status 1: a bar was missed, or an
error was answered.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import platform
import random
import signal
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx

from lodeline.regulation.duty import deadline_without_extension
from lodeline.regulation.parameter import load
from portal.months import LEAST, MOST, Month, lots_of, take_late
from portal.peer import uploads_a_second, uploads_of_peer
from portal.people import OFFICIAL_PAGES, Filer, Reader, Seen, address, browsers, print_table
from portal.server import (
    PROGRAM,
    SECRET,
    PostgreSQL,
    Process,
    free_port,
    in_portal,
    postgresql,
    processes,
    run,
    served,
    sessions_of,
    settle,
)  # fmt: skip

SEED = 26
#: Firms that file in a minute of the peak, and of every hundred readers those of the authority.
FILERS_A_MINUTE = 25
OFFICIALS = 0.35
#: Minutes before the deadline at which the peak begins.
BEFORE = timedelta(minutes=45)
#: The last to begin has so many seconds left.
LAST_BEGINS_S = 75.0
#: Share of each kind of act without pauses, and seconds of it.
MIX = {"home": 0.44, "problems": 0.36, "upload": 0.15, "certify": 0.05}
FLAT_S, FLAT_PEOPLE = 30.0, 100
#: Seconds between two looks at the processes.
LOOK_S = 15.0

#: Which of these filings the loaded ledger would accept: a world has its share of months that are refused.
_ACCEPTED = """
import django; django.setup()
import json, os, sys
from lodeline.filing.check import check
from lodeline.filing.table import read_bytes
from lodeline.office.access import clock
from lodeline.office.opening import prepare
from lodeline.regulation.parameter import load
from lodeline.service.filing.filing import preview
from lodeline.store.opening import open_store
prepare(os.environ["LODELINE_DATABASE"])
store, law, found = open_store(os.environ["LODELINE_DATABASE"]), load("cn"), []
for organisation, period, content in json.load(sys.stdin):
    table = read_bytes([("month.csv", content.encode())])
    checked = check(table, organisation=organisation, period=period, register=store.newest_register())
    problems = preview(store, checked, filed_at=clock.now(), law=law)
    found.append(sorted({one.code for one in problems if one.severity != "flag"}))
print(json.dumps(found))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """What a firm files in the peak."""

    month: Month
    content: bytes


@dataclass(slots=True)
class Held:
    """What processes were seen to hold, and the queue of the machine."""

    pss_mb: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    together_mb: list[float] = field(default_factory=list)
    queue: list[float] = field(default_factory=list)

    def look(self, found: list[Process]) -> None:
        """Notes what there is now."""
        for kind in {one.kind for one in found}:
            self.pss_mb[kind].append(max(one.pss_mb for one in found if one.kind == kind))
        self.together_mb.append(sum(one.pss_mb for one in found))
        self.queue.append(os.getloadavg()[0])


def loaded(
    server: PostgreSQL, work: Path, *, firms: int, months: int, seed: int, filers: int
) -> tuple[str, list[Filing]]:  # fmt: skip
    """The name of the database with the nation, made where it is not there yet, and what is still to be filed."""
    world, name = work / f"world-{firms}x{months}-{seed}", f"nation_{firms}_{months}_{seed}"
    chosen, mark = random.Random(SEED), work / f"{name}.done"
    if not world.exists():
        size = ("--organisations", str(firms), "--months", str(months), "--seed", str(seed))
        run(str(PROGRAM), "world", str(world), *size)
    late = take_late(world, firms * 3 // 10, chosen)
    if not mark.exists():
        began = time.monotonic()
        if not server.has(name):
            server.make(name)
            run(str(PROGRAM), "init", "--database", server.address(name))
        run(str(PROGRAM), "load", str(world), "--database", server.address(name))
        print(f"loaded in {time.monotonic() - began:.0f} s")
    filings = [
        Filing(month=one, content=one.enlarged(round(math.exp(chosen.uniform(math.log(LEAST), math.log(MOST))))))
        for one in late
    ]
    if not mark.exists():
        asked = [(one.month.organisation, one.month.period, one.content.decode()) for one in filings]
        mark.write_text(json.dumps(in_portal(_ACCEPTED, server.address(name), asked)))
    refused = json.loads(mark.read_text())
    good = [one for one, codes in zip(filings, refused, strict=True) if not codes]
    print(f"{len(filings)} months are late, {len(good)} would be accepted; {min(filers, len(good))} are filed")
    return name, good[:filers]


async def peak(
    origin: str, filings: list[Filing], sessions: list[str], readers: list[tuple[str, list[str]]], *,
    seconds: float, look: Callable[[], None],
) -> Seen:  # fmt: skip
    """The last minutes before the deadline."""
    seen, chance = Seen(), random.Random(SEED)
    async with browsers(origin, sessions) as clients:
        began = time.monotonic()
        filers = [
            Filer(client, seen, random.Random(number), organisation=one.month.organisation, period=one.month.period)
            for number, (client, one) in enumerate(zip(clients, filings, strict=False))
        ]
        acts = [
            filer.live(one.content, began + chance.uniform(0, max(1.0, seconds - LAST_BEGINS_S)))
            for filer, one in zip(filers, filings, strict=True)
        ]
        acts += [
            Reader(client, seen, random.Random(-number), organisation=organisation, lots=lots).live(began + seconds)
            for number, (client, (organisation, lots)) in enumerate(zip(clients[len(filers) :], readers, strict=True))
        ]

        async def watch() -> None:
            while True:
                await asyncio.to_thread(look)
                await asyncio.sleep(LOOK_S)

        watching = asyncio.create_task(watch())
        await asyncio.gather(*acts)
        watching.cancel()
    return seen


async def without_pauses(origin: str, filings: list[Filing], sessions: list[str]) -> tuple[Seen, float]:
    """What a hundred people at once are answered who never rest, and uploads a second when all do nothing else."""
    seen, number = Seen(), 0
    people = min(FLAT_PEOPLE, len(filings))

    def content(one: Filing) -> bytes:
        nonlocal number
        number += 1
        return one.month.runs_alone(MOST, f"N{number}-")

    async with browsers(origin, sessions[:people]) as clients:
        filers = [
            Filer(client, seen, random.Random(place), organisation=one.month.organisation, period=one.month.period)
            for place, (client, one) in enumerate(zip(clients, filings, strict=False))
        ]

        async def upload(place: int) -> None:
            await filers[place].start()
            await filers[place].upload(content(filings[place]))

        gate = asyncio.Semaphore(8)

        async def begin(place: int) -> None:
            async with gate:
                await upload(place)

        await asyncio.gather(*map(begin, range(people)))
        seen.took.clear()
        until = time.monotonic() + FLAT_S

        async def live(place: int) -> None:
            one = filers[place]
            acts = {
                "home": lambda: one.get(one.firm, "read: own"), "problems": lambda: one.get(one.draft, "read: own"),
                "upload": lambda: upload(place), "certify": one.certify,
            }  # fmt: skip
            while time.monotonic() < until:
                (what,) = one.chance.choices(list(MIX), list(MIX.values()))
                try:
                    await acts[what]()
                    if what == "certify":
                        await upload(place)
                except (AssertionError, httpx.HTTPError) as error:
                    seen.wrong.append(f"{what}: {error or type(error).__name__}")

        await asyncio.gather(*map(live, range(people)))
        took = {kind: list(times) for kind, times in seen.took.items()}
        alone = await uploads_a_second(people, FLAT_S, upload)
        seen.took = defaultdict(list, took)
    return seen, alone


def used(found: dict[int, Process], before: dict[int, Process]) -> dict[str, float]:
    """Seconds of processor by kind of process since `before`."""
    spent: dict[str, float] = defaultdict(float)
    for number, one in found.items():
        spent[one.kind] += one.cpu_s - (before[number].cpu_s if number in before else 0.0)
    return spent


def report(seen: Seen, held: Held, spent: dict[str, float], seconds: float) -> bool:
    """Prints what was seen in the peak; whether the bars hold."""
    groups = {
        "reads": lambda kind: kind.startswith("read"),
        "checks": lambda kind: kind.startswith("check"),
        "files": lambda kind: kind in ("start", "ask", "certify"),
    }
    p99 = print_table(seen.took, groups)
    ages, filed = seen.ages_s(), max(1, len(seen.filed))
    print(f"filed: {len(seen.filed)}; pages that said at first that they were being computed: {seen.computed}")
    print_wrong(seen)
    print(
        f"age of the nation's answers: median {statistics.median(ages or [0]):.1f} s, most {max(ages, default=0):.1f} s"
        f" ({len(ages)} pages)"
    )
    print(
        "processor: "
        + ", ".join(f"{kind} {one:.0f} s" for kind, one in sorted(spent.items()))
        + f" of {seconds * (os.cpu_count() or 1):.0f} s; the analyst {spent.get('analyst', 0) / filed:.2f} s a filing"
    )
    print(
        "most memory of one process, MB: "
        + ", ".join(f"{kind} {max(found):.0f}" for kind, found in sorted(held.pss_mb.items()))
        + f"; of all together {max(held.together_mb):.0f}"
    )
    print(f"queue of the machine: mean {statistics.mean(held.queue):.1f}, most {max(held.queue):.1f}")
    small = p99.get("check of 0-300 rows", 0.0)
    bars = {
        "read p99 <= .5 s": p99.get("reads", 0) <= 0.5,
        "check of 200 rows p99 <= 2 s": small <= 2,
        "file and certify p99 <= 2 s": max(p99.get("files", 0), p99.get("certify", 0)) <= 2,
        "no error": not seen.wrong,
        "nation <= 10 s old": max(ages, default=0) <= 10,
        "analyst <= .5 s of processor a filing": spent.get("analyst", 0) / filed <= 0.5,
        "all within 8 GB": max(held.together_mb) <= 8_000,
    }
    for bar, holds in bars.items():
        print(f"  {'holds ' if holds else 'MISSED'} {bar}")
    return all(bars.values())


def print_wrong(seen: Seen) -> None:
    """Prints what went wrong."""
    print(f"errors: {len(seen.wrong)}")
    for one in sorted(set(seen.wrong))[:10]:
        print(f"  {seen.wrong.count(one)} × {one}")


def main() -> int:
    """Prints what the portal stands in the peak, and without pauses beside its peer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--firms", type=int, default=1_000)
    parser.add_argument("--months", type=int, default=13, help="of the world; the last is filed in the peak")
    parser.add_argument("--seed", type=int, default=7, help="of the world")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--readers", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path("var/bench/deadline"))
    parser.add_argument("--only-peak", action="store_true", help="without what is asked without pauses")
    given = parser.parse_args()
    # Whoever is told to end ends what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    work = given.work.absolute()
    os.environ.setdefault("LODELINE_SECRET", SECRET)
    os.environ["LODELINE_SNAPSHOTS"] = str(work / "snapshots")
    seconds, filers = given.minutes * 60, round(FILERS_A_MINUTE * given.minutes)
    with postgresql(work) as server:
        name, filings = loaded(
            server, work, firms=given.firms, months=given.months, seed=given.seed, filers=filers
        )  # fmt: skip
        period = filings[0].month.period
        clock = deadline_without_extension(period, load("cn")) - BEFORE
        settings = {
            "LODELINE_WORKERS": str(given.workers), "LODELINE_MFA": "optional", "LODELINE_CERTIFY": "password",
            "LODELINE_DEMO_CLOCK": clock.isoformat(), "LODELINE_LOG": "errors",
        }  # fmt: skip
        url = server.make("peak", like=name)
        world = work / f"world-{given.firms}x{given.months}-{given.seed}"
        readers = reading(world, filings, given.readers)
        people = [(one.month.organisation, ["filer", "certifier"]) for one in filings]
        people += [(organisation, ["filer"] if organisation else ["analyst"]) for organisation, _ in readers]
        sessions = sessions_of(url, people, **settings)
        port = free_port()
        origin = f"http://127.0.0.1:{port}"
        print(
            f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start, Python"
            f" {platform.python_version()}; {given.workers} processes that answer; {given.firms} firms,"
            f" {given.months} months; {len(filings)} file in {given.minutes:g} minutes, {len(readers)} read"
        )
        command = [str(PROGRAM), "serve", "--database", url, "--port", str(port)]
        with served(command, settings, f"{origin}/healthz") as process:

            def now() -> dict[int, Process]:
                return processes(process.pid) | processes(server.process, "PostgreSQL")

            wait_until_shown(origin, sessions[-1], readers[-1][1])
            # The server of that evening was not started at its beginning.
            settle(process.pid)
            held, before, own_before = Held(), now(), time.process_time()
            evening = peak(
                origin, filings, sessions, readers, seconds=seconds, look=lambda: held.look(list(now().values()))
            )
            seen = asyncio.run(evening)
            spent = used(now(), before) | {"those who ask": time.process_time() - own_before}
            kept = report(seen, held, spent, seconds)
            if given.only_peak:
                return 0 if kept else 1
            flat, own = asyncio.run(without_pauses(origin, filings, sessions))
        contents = [one.month.runs_alone(MOST, "P") for one in filings[:FLAT_PEOPLE]]
        other = uploads_of_peer(server.make("peer"), contents, workers=given.workers, seconds=FLAT_S)
    count = sum(map(len, flat.took.values()))
    print(f"\nwithout pauses, {len(contents)} people at once: {count / FLAT_S:.1f} requests a second")
    print_table(flat.took, {"all": lambda kind: True})
    print_wrong(flat)
    print(
        f"uploads of {MOST} rows alone: {own:.1f} a second, checked and shown with problems; the peer's bulk_create"
        f" {other:.1f} a second, stored. Ratio {own / other:.2f}"
    )
    return 0 if kept and not flat.wrong else 1


def reading(world: Path, filings: list[Filing], count: int) -> list[tuple[str, list[str]]]:
    """Who reads: the firm ("" for the authority) and lots to look at. Firms that do not file in the peak."""
    busy = {one.month.organisation for one in filings}
    firms = [one.name for one in sorted((world / "filings").iterdir()) if one.is_dir() and one.name not in busy]
    chosen = random.Random(SEED).sample(firms, min(count, len(firms)))
    shown = [(one, lots[:20]) for one in chosen if (lots := lots_of(world, one))]
    officials = round(count * OFFICIALS)
    every = [lots[0] for _, lots in shown]
    return [*shown[: count - officials], *[("", every)] * officials]


def wait_until_shown(origin: str, session: str, lots: Sequence[str]) -> None:
    """Until an official has one page of each kind that officials read; the analyst makes what is behind them ahead from
    then on, as on an evening on which they have been read all day."""
    chance = random.Random(SEED)
    with httpx.Client(base_url=origin, timeout=600, cookies={"lodeline_session": session}) as client:
        for name in OFFICIAL_PAGES:
            while client.get(address(name, chance.choice(lots)), follow_redirects=True).status_code != 200:
                time.sleep(1)


if __name__ == "__main__":
    sys.exit(main())
