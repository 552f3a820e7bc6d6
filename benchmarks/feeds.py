"""How well and how fast three records are matched, and what `feed-mismatch` finds, each beside a plainer way.

    python benchmarks/feeds.py [--seeds 811-813] [--firms 120] [--months 9] [--lines 1000000]
                               [--collective 871-873] [--cases 300]
                               [--planted 821-826] [--clean 831-833] [--plant-firms 160] [--plant-months 12]

Links: synthetic worlds write invoices and customs lines with natural dirt, and which paper is of which event. A link is
a paper and an event in one group. Peer: a merge on the number alone (Polars), as one would write it in an afternoon.
Collective: cases in which one invoice stands for two to five deliveries, or one customs line for as many exports, among
other business of the same parties (labelled/collective.py); links of those papers, and how many have all their events
and no other. Seeds 1 and 2 were used to build the search and are not to be reported.
Speed: the same records copied to so many feed lines, each copy with firms and numbers of its own; time and memory of
the match and of its exceptions, and of the peer on the same records.
Detector: worlds with plants of `feed-mismatch` alone; recall by size and manner, and false findings per 200 site-years
of firms without a plant, in those worlds and in clean ones. Peer: a firm is asked about as soon as it has an exception.

`--quick` tries little and judges nothing. Exit status 1: a bar was missed (60 s for a million lines on two cores;
precision and recall of links .98; of collective papers .98 and .9; one false finding in 200 site-years).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

sys.path.insert(0, str(Path(__file__).parent))

from labelled.chance import poisson, wilson
from labelled.collective import SHAPES, Cases, cases
from labelled.matching import answers, planted, seen
from labelled.sizes import size_class
from lodeline.collation.exception import exceptions
from lodeline.collation.match import Collation, collate
from lodeline.collation.piece import number_key, number_parts
from lodeline.collation.tolerance import special_kinds, tolerances
from lodeline.detection.battery import run_detectors
from lodeline.detection.detectors.feed_mismatch import AMONG, DETECTOR
from lodeline.regulation.parameter import load as load_law
from lodeline.service.filing.loading import load
from lodeline.service.findings.finding import SnapshotView
from lodeline.service.matching.collated import name_resolver
from lodeline.service.matching.exceptions import Disagreements, disagreements
from lodeline.store.opening import create
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.world import Plant, asked_plants, build_world, write_world

LINKS_BAR, COLLECTIVE_RECALL_BAR, SECONDS_BAR, FALSE_BAR = 0.98, 0.9, 60.0, 1.0

Link = tuple[str, str, str, str]


@dataclass(kw_only=True)
class Records:
    """The three records of a loaded world and the truth about them."""

    found: Disagreements
    links: pl.DataFrame
    truth: dict[str, Any] = field(default_factory=dict)


def made(room: Path, *, seed: int, firms: int, months: int, plants: int | None = None) -> Records:
    """A world written, loaded and opened. `plants`: how many of `feed-mismatch`; 0: a clean labelled world."""
    world = build_world(seed=seed, organisations=firms, months=months)
    asked: tuple[Plant, ...] | None = None if plants is None else ()
    if plants:
        path = room / "plants.json"
        path.write_text(json.dumps([{"loophole": DETECTOR.name}] * plants), "utf-8")
        asked = asked_plants(world, str(path))
    write_world(world, room / "world", plants=asked, feeds=True)
    store, _ = create(str(room / "store.sqlite3"), secret="a benchmark has no secrets")
    os.environ["LODELINE_SNAPSHOTS"] = str(room / "snapshots")
    law = load_law("cn")
    load(store, room / "world", law=law, own_process=False)
    found = disagreements(store, open_snapshot(store), law)
    return Records(
        found=found, links=pl.read_csv(room / "world.links.csv", infer_schema=False),
        truth=json.loads((room / "world.truth.json").read_text("utf-8")),
    )  # fmt: skip


# Links.


def true_links(records: Records) -> set[Link]:
    """(feed, number, organisation, event) of every paper whose event stands in the ledger and that came in."""
    events = records.found.goods.select("organisation", "event").unique()
    snapshot = records.found.snapshot
    came = pl.concat([
        snapshot.invoices.select(feed=pl.lit("invoices"), number="number"),
        snapshot.customs.select(feed=pl.lit("customs"), number="declaration"),
    ]).unique()  # fmt: skip
    kept = records.links.join(events, on=["organisation", "event"], how="semi").join(
        came, on=["feed", "number"], how="semi"
    )
    return set(kept.select("feed", "number", "organisation", "event").iter_rows())


def grouped_links(collation: Collation) -> set[Link]:
    """The links that the collation made: every paper of a group with every event of it."""
    frame = collation.frame.select("group", "side", "event", "number", "declaration")
    filed = frame.filter(pl.col("side") == 0).select("group", "event").unique()
    papers = frame.filter(pl.col("side") > 0).select(
        "group", feed=pl.when(pl.col("side") == 1).then(pl.lit("invoices")).otherwise(pl.lit("customs")),
        paper=pl.coalesce("number", "declaration"),
    ).unique()  # fmt: skip
    pairs = papers.join(filed, on="group").with_columns(pl.col("event").str.split("\t"))
    return set(
        pairs.select("feed", "paper", pl.col("event").list.get(0), pl.col("event").list.get(1).alias("e")).iter_rows()
    )


def numbered_links(records: Records | Cases) -> set[Link]:
    """The peer: events whose document or declaration is the paper's number."""
    if isinstance(records, Cases):
        return set(merge(records.goods, records.invoices, records.customs).iter_rows())
    return set(merge(records.found.goods, records.found.snapshot.invoices, records.found.snapshot.customs).iter_rows())


def merge(goods: pl.DataFrame, invoices: pl.DataFrame, customs: pl.DataFrame) -> pl.DataFrame:
    """`feed`, `number`, `organisation`, `event` by a merge on numbers alone."""
    parts = []
    for feed, frame, theirs, ours in (
        ("invoices", invoices, "number", "document"), ("customs", customs, "declaration", "declaration"),
    ):  # fmt: skip
        named = goods.filter(pl.col(ours).is_not_null()).select("organisation", "event", key=number_parts(pl.col(ours)))
        papers = frame.select(number=theirs, key=number_key(pl.col(theirs))).unique()
        joined = named.explode("key").join(papers, on="key")
        parts.append(joined.select(pl.lit(feed).alias("feed"), "number", "organisation", "event").unique())
    return pl.concat(parts)


def print_links(seeds: list[int], firms: int, months: int, keep: list[Records], room: Path) -> list[str]:
    """The table of links; what is missed of the bar. The first world's records go into `keep`."""
    totals: dict[str, list[int]] = {}
    for seed in seeds:
        place = room / f"links-{seed}"
        place.mkdir()
        records = made(place, seed=seed, firms=firms, months=months)
        truth = true_links(records)
        for name, links in (
            ("collation", grouped_links(records.found.collation)),
            ("merge on numbers", numbered_links(records)),
        ):
            counts = totals.setdefault(name, [0, 0, 0])
            for at, number in enumerate((len(links & truth), len(links), len(truth))):
                counts[at] += number
        if not keep:
            keep.append(records)
    print(f"\nLinks of papers to events, {len(seeds)} worlds of {firms} firms × {months} months with natural dirt")
    missed = []
    for name, (right, claimed, true) in totals.items():
        precision, recall = right / max(1, claimed), right / max(1, true)
        print(f"  {name:18} precision {precision:.4f}  recall {recall:.4f}  ({true} true links)")
        if name == "collation" and min(precision, recall) < LINKS_BAR:
            missed.append(f"links: {precision:.4f}, {recall:.4f} (bar {LINKS_BAR})")
    return missed


# Collective papers.


def print_collective(seeds: list[int], count: int) -> list[str]:
    """The links of papers that stand for several deliveries; what is missed of the bar."""
    print(f"\nCollective papers, {len(seeds)} × {count} synthetic cases of each shape")
    missed = []
    for shape in SHAPES:
        totals: dict[str, list[int]] = {}
        for seed in seeds:
            made = cases(seed, shape=shape, count=count)
            collation = collate(
                made.goods, made.invoices, made.customs, known=made.parties,
                resolve={name: name for name in made.parties}.get,
                special=frozenset(), tolerances=tolerances(), today=date(2025, 12, 31),
            )  # fmt: skip
            truth = _by_paper(made.links, made)
            for name, links in (("collation", grouped_links(collation)), ("merge on numbers", numbered_links(made))):
                found = _by_paper(links, made)
                counts = totals.setdefault(name, [0] * 5)
                right = sum(len(found.get(paper, set()) & events) for paper, events in truth.items())
                whole = sum(found.get(paper) == events for paper, events in truth.items())
                sizes = (sum(map(len, found.values())), sum(map(len, truth.values())), whole, len(truth))
                for at, number in enumerate((right, *sizes)):
                    counts[at] += number
        for name, (right, claimed, true, whole, papers) in totals.items():
            precision, recall = right / max(1, claimed), right / true
            print(
                f"  {shape:12} {name:18} precision {precision:.4f}  recall {recall:.4f}  ({true} true links);"
                f" {whole} of {papers} papers whole ({whole / papers:.3f})"
            )
            if name == "collation" and (precision < LINKS_BAR or recall < COLLECTIVE_RECALL_BAR):
                missed.append(f"{shape}: {precision:.4f}, {recall:.4f} (bars {LINKS_BAR}, {COLLECTIVE_RECALL_BAR})")
    return missed


def _by_paper(links: Iterable[Link], made: Cases) -> dict[tuple[str, str], set[tuple[str, str]]]:
    """The events of each collective paper."""
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for feed, number, organisation, event in links:
        if (feed, number) in made.collective:
            found.setdefault((feed, number), set()).add((organisation, event))
    return found


# Speed.


def copied(frame: pl.DataFrame, copies: int, *, ids: str, texts: list[str], numbers: list[str]) -> pl.DataFrame:
    """The records so many times over, each copy with its own firms and numbers."""
    size = max(frame[ids].to_list(), default=0) + 1
    parts = [
        frame.with_columns(
            pl.col(ids) + copy * size,
            *(pl.concat_str(pl.col(name), pl.lit(f" K{copy}")).alias(name) for name in texts),
            *(pl.concat_str(pl.lit(f"{copy + 1000:04d}"), pl.col(name)).alias(name) for name in numbers),
        )
        for copy in range(copies)
    ]
    return pl.concat(parts)


def print_speed(records: Records, lines: int) -> list[str]:
    """Time and memory of a match of so many feed lines; what is missed of the bar."""
    found = records.found
    invoices, customs = found.snapshot.invoices, found.snapshot.customs
    copies = -(-lines // (invoices.height + customs.height))
    goods = copied(
        found.goods, copies, ids="line", texts=["organisation", "party"], numbers=["document", "declaration"]
    )
    invoices = copied(
        invoices, copies, ids="id", texts=["seller", "seller_name", "buyer", "buyer_name"], numbers=["number"]
    )  # fmt: skip
    customs = copied(
        customs, copies, ids="id", texts=["exporter", "exporter_name", "consignee_name"], numbers=["declaration"]
    )  # fmt: skip
    plain = name_resolver(found.snapshot.register)
    known = {f"{one} K{copy}" for one in found.snapshot.register.party_ids for copy in range(copies)}

    def resolve(name: str) -> str | None:
        text, _, copy = name.rpartition(" K")
        meant = plain(text)
        return None if meant is None else f"{meant} K{copy}"

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started, used = time.perf_counter(), time.process_time()
    collation = collate(
        goods, invoices, customs, known=known, resolve=resolve, special=special_kinds(found.today),
        tolerances=tolerances(), today=found.today,
    )  # fmt: skip
    rows = exceptions(
        collation, tolerances=tolerances(), today=found.today, files=known.__contains__,
        due=lambda _, month: date(int(month[:4]) + int(month[5:]) // 12, int(month[5:]) % 12 + 1, 9),
    )  # fmt: skip
    seconds, busy = time.perf_counter() - started, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    joined = merge(goods, invoices, customs)
    peer = time.perf_counter() - started
    total = invoices.height + customs.height
    print(
        f"\nSpeed: {total:,} feed lines, {goods.height:,} filed rows, {len(known):,} parties; load"
        f" {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )
    print(
        f"  collation          {seconds:6.1f} s ({busy:.1f} s of processor), {rows.height:,} exceptions, memory"
        f" {peak / 2**20:.1f} GB (records alone {before / 2**20:.1f} GB)"
    )
    print(f"  merge on numbers   {peer:6.1f} s, {joined.height:,} links, no exception")
    return [f"speed: {seconds:.0f} s (bar {SECONDS_BAR:.0f})"] if total >= 10**6 and seconds > SECONDS_BAR else []


# The detector.


def print_detector(planted_seeds: list[int], clean_seeds: list[int], firms: int, months: int, room: Path) -> list[str]:
    """Recall and false findings of `feed-mismatch`; what is missed of the bar."""
    detector = (DETECTOR,)
    hits: list[tuple[str, str, bool, bool]] = []
    false: dict[str, int] = {"feed-mismatch": 0, "any exception": 0}
    site_years = 0.0
    rates: dict[str, list[int]] = {}
    for seed, clean in [*((one, False) for one in planted_seeds), *((one, True) for one in clean_seeds)]:
        place = room / f"detector-{seed}"
        place.mkdir()
        records = made(place, seed=seed, firms=firms, months=months, plants=0 if clean else max(1, firms // 8))
        found = records.found
        sight = SnapshotView(store=found.store, snapshot=found.snapshot, law=found.law)
        findings = [seen(one.as_json()) for one in run_detectors(sight, detector)]
        items = {item["id"]: item for item in records.truth["planted"]}
        plants = {name: planted(item) for name, item in items.items()}
        touched = {one for plant in plants.values() for one in plant.organisations}
        sites = sight.register.tables["sites"].filter(~pl.col("organisation").is_in(touched))
        site_years += sites.height * months / 12
        honest = set(sites["organisation"])
        false["feed-mismatch"] += sum(bool(one.organisations & honest) for one in findings)
        asked = found.rows.filter((pl.col("state") == "open") & pl.col("cause").is_in(list(AMONG)))
        false["any exception"] += len(set(asked["organisation"]) & honest)
        _count_rates(rates, asked.filter(pl.col("organisation").is_in(honest)), found.compared, honest)
        for name, item in items.items():
            hit = any(answers(one, plants[name]) for one in findings)
            plain = bool(set(asked["organisation"]) & plants[name].organisations)
            hits.append((item["manner"], size_class(DETECTOR.name, float(item["size"]["value"]), None), hit, plain))
    print(
        f"\nDetector: {len(hits)} plants in {len(planted_seeds)} worlds of {firms} firms × {months} months, and"
        f" {len(clean_seeds)} clean ones; {site_years:.0f} site-years of honest firms"
    )
    for title, place_of in (("size", 1), ("manner", 0)):
        for name in sorted({one[place_of] for one in hits}):
            part = [one for one in hits if one[place_of] == name]
            got = sum(one[2] for one in part)
            low, high = wilson(got, len(part))
            print(
                f"  {title:7} {name:24} recall {got / len(part):.2f} ({low:.2f}–{high:.2f}) of {len(part)};"
                f" any exception {sum(one[3] for one in part) / len(part):.2f}"
            )
    missed = []
    for name, count in false.items():
        low, high = (bound / site_years * 200 for bound in poisson(count))
        print(f"  false findings in 200 site-years, {name}: {count / site_years * 200:.2f} ({low:.2f}–{high:.2f})")
        if name == DETECTOR.name and count / site_years * 200 > FALSE_BAR:
            missed.append(f"false findings {count / site_years * 200:.2f} (bar {FALSE_BAR})")
    told = ", ".join(f"{cause} {100 * bad / max(1, of):.2f} %" for cause, (bad, of) in sorted(rates.items()))
    print(f"  honest firms show, of their papers: {told}")
    return missed


def _count_rates(rates: dict[str, list[int]], asked: pl.DataFrame, compared: pl.DataFrame, honest: set[str]) -> None:
    own = compared.filter(pl.col("organisation").is_in(honest))
    papers = dict(own.group_by("kind").agg(pl.col("papers").sum()).iter_rows())
    for cause, kind in AMONG.items():
        counted = rates.setdefault(cause, [0, 0])
        counted[0] += asked.filter((pl.col("cause") == cause) & (pl.col("age_days") >= 15)).height
        counted[1] += int(papers.get(kind, 0))


def seeds_of(text: str) -> list[int]:
    """`801-803,810` → 801, 802, 803, 810."""
    found: list[int] = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def main() -> int:
    """Runs what the arguments ask for; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="811-813")
    parser.add_argument("--firms", type=int, default=120)
    parser.add_argument("--months", type=int, default=9)
    parser.add_argument("--collective", default="871-873")
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--planted", default="821-826")
    parser.add_argument("--clean", default="831-833")
    parser.add_argument("--plant-firms", type=int, default=160)
    parser.add_argument("--plant-months", type=int, default=12)
    parser.add_argument("--only", choices=("links", "collective", "speed", "detector"))
    parser.add_argument("--quick", action="store_true", help="one small world each; no bar is judged")
    given = parser.parse_args()
    if given.quick:
        given.seeds, given.firms, given.months, given.lines = "811", 40, 4, 50_000
        given.collective, given.cases = "871", 40
        given.planted, given.clean, given.plant_firms, given.plant_months = "821", "831", 40, 6
    missed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="lodeline-bench-") as text:
        room, keep = Path(text), list[Records]()
        if given.only in (None, "links", "speed"):
            seeds = seeds_of(given.seeds)[: 1 if given.only == "speed" else None]
            missed += print_links(seeds, given.firms, given.months, keep, room)
        if given.only in (None, "collective"):
            missed += print_collective(seeds_of(given.collective), given.cases)
        if given.only in (None, "speed"):
            missed += print_speed(keep[0], given.lines)
        if given.only in (None, "detector"):
            missed += print_detector(
                seeds_of(given.planted), seeds_of(given.clean), given.plant_firms, given.plant_months, room
            )  # fmt: skip
    print("\n" + ("; ".join(f"MISSED {one}" for one in missed) if missed else "No bar was missed."))
    return 0 if given.quick or not missed else 1


if __name__ == "__main__":
    sys.exit(main())
