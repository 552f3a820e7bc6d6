"""How fast do a filing of a million rows and a thousand small ones enter the ledger, and what of it is the database's?

Measured end to end on an embedded store, durable: read and check the file, judge it against the ledger, append
it with its index, log it. Beside it in the same run: a plain `executemany` of the same checked rows into the
same tables, and Django's `bulk_create` of the same rows with full model validation, as a web project would.

The small ones are a year of a synthetic industry (no real firm), some 75 rows a filing, taken in by `load` as
`lodeline load` does; beside them again a plain `executemany` of the rows that they put into the tables.

With `--postgresql`, instead: the large filing, and eight processes that file 80 and 2 000 rows each for firms of their
own into one ledger, on PostgreSQL beside the embedded store in the same run.

    python benchmarks/ingest.py [--rows 1000000] [--runs 3] [--firms 100] [--postgresql]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import resource
import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

os.environ.setdefault("LODELINE_SECRET", "a secret for benchmarks only")

from filing.writers import write_at_once
from lodeline.filing.check import check
from lodeline.filing.table import read
from lodeline.ledger.register import TABLES
from lodeline.regulation.parameter import load as load_law
from lodeline.service.entries.records import put_records
from lodeline.service.entries.upload import Upload
from lodeline.service.filing.loading import load
from lodeline.service.filing.posting import post
from lodeline.store.opening import create, open_store
from lodeline.store.store import Store
from lodeline.world import build_world, write_world
from portal.server import postgresql

FILED_AT = datetime.fromisoformat("2025-07-05T12:00:00+08:00")
#: Rows for Django's bulk_create: a tenth, since it takes many times longer for each.
DJANGO_SHARE = 20


def write_filing(path: Path, rows: int) -> None:
    """A month of a large, plausible site: ore in, oxides out, deliveries both ways, a count; a million rows."""
    month(rows).write_csv(path)


def tagged(rows: int, tag: str) -> bytes:
    """The CSV of such a month whose events, lots and papers end in a tag, so that a firm can file several."""
    text = [pl.col(name) + tag for name in ("event", "lot", "document", "reference")]
    return month(rows).with_columns(text).write_csv().encode()


def month(rows: int) -> pl.DataFrame:
    """The rows of `write_filing`."""
    unit = rows // 20
    number = pl.int_range(unit, eager=True)
    day = (number % 28 + 1).cast(pl.String).str.zfill(2)
    on = "2025-06-" + day

    def part(**columns: Any) -> pl.DataFrame:
        return pl.DataFrame({"n": number, "on": on}).with_columns(**columns).drop("n")

    n = pl.col("n").cast(pl.String)
    mass = (1000 + pl.col("n") % 977).cast(pl.String) + "." + (pl.col("n") % 1000).cast(pl.String).str.zfill(3)
    assay = (
        "La="
        + (20 + pl.col("n") % 7).cast(pl.String)
        + ".25;Pr=2.5;Nd="
        + (10 + pl.col("n") % 5).cast(pl.String)
        + ".125"
    )
    oxide = "Nd=" + (60 + pl.col("n") % 9).cast(pl.String) + ".5;Pr=" + (15 + pl.col("n") % 4).cast(pl.String) + ".25"
    parts = []
    for copy in range(2):
        lot = f"C{copy}-" + n
        parts += [
            part(event=f"O{copy}-" + n, kind=pl.lit("origin"), lot=lot, mass_kg=mass, product=pl.lit("concentrate"),
                 composition=assay, origin_kind=pl.lit("mined"), origin_place=pl.lit("CN-DEMO")),
        ]  # fmt: skip
        for step in range(2):
            event = f"T{copy}-{step}-" + n
            parts += [
                part(event=event, kind=pl.lit("transformation"), role=pl.lit("in"), lot=lot, mass_kg=pl.lit("400")),
                part(event=event, kind=pl.lit("transformation"), role=pl.lit("out"), lot=f"X{copy}-{step}-" + n,
                     mass_kg=pl.lit("50"), product=pl.lit("oxide:PrNd"), composition=oxide),
                part(event=event, kind=pl.lit("transformation"), role=pl.lit("waste"), lot=f"W{copy}-{step}-" + n,
                     mass_kg=pl.lit("300"), product=pl.lit("residue"), composition=pl.lit("La=20")),
            ]  # fmt: skip
        parts += [
            part(event=f"S{copy}-" + n, kind=pl.lit("shipment"), lot=f"X{copy}-0-" + n, mass_kg=pl.lit("49.5"),
                 counterparty=pl.lit("BUYER"), counterparty_name=pl.lit("Buyer Ltd"), document=f"INV-{copy}-" + n),
            part(event=f"R{copy}-" + n, kind=pl.lit("receipt"), lot=f"SUPPLIER/Z{copy}-" + n, mass_kg=pl.lit("75"),
                 counterparty=pl.lit("SUPPLIER"), counterparty_name=pl.lit("Supplier Ltd"), reference=f"S-{copy}-" + n,
                 product=pl.lit("mixed-compound"), composition=assay),
            part(event=pl.lit(f"STOCK-{copy}-") + pl.col("on"), kind=pl.lit("stock"), lot=f"X{copy}-1-" + n,
                 mass_kg=pl.lit("50")),
        ]  # fmt: skip
    table = pl.concat(parts, how="diagonal").with_columns(site=pl.lit("works"))
    return table.with_columns(
        on=pl.when(pl.col("kind").is_in(["transformation", "shipment", "stock"]))
        .then(pl.lit("2025-06-30"))
        .otherwise("on"),
        event=pl.when(pl.col("kind") == "stock").then(pl.lit("COUNT-2025-06")).otherwise("event"),
    )


def new_store(url: str) -> Store:
    """An empty ledger with the three firms of the filing."""
    store, _ = create(url)
    since = date(2000, 1, 1)
    firms = [
        {"id": name, "name_en": f"{name.title()} Ltd", "aliases": [], "country": "CN", "roles": ["separator"],
         "valid_from": since}
        for name in ("WORKS", "BUYER", "SUPPLIER")
    ]  # fmt: skip
    site = {"id": "works", "organisation": "WORKS", "name": "works", "stage": "separation", "valid_from": since}
    frames = {
        "organisations": pl.DataFrame(firms, schema=TABLES["organisations"]),
        "sites": pl.DataFrame([site], schema=TABLES["sites"]),
    }
    put_records(store, frames, filed_at=FILED_AT)
    return store


def lodeline(path: Path, url: str) -> dict[str, float]:
    """Seconds by stage for one filing, end to end, and the peak memory of the process in MB."""
    store = new_store(url)
    started = time.perf_counter()
    register = store.register(store.head())
    checked = check(read([path]), organisation="WORKS", period="2025-06", register=register)
    assert not checked.rejects, checked.problems[:3]
    ready = time.perf_counter()
    marks: dict[str, float] = {}

    def mark(what: str, share: float) -> None:
        marks[f"{what}-{share}"] = time.perf_counter()

    outcome = post(
        store, checked, filed_at=FILED_AT, law=load_law("cn"), progress=mark,
        uploads=[Upload(name=path.name, content=path.read_bytes())],
    )  # fmt: skip
    done = time.perf_counter()
    assert outcome.entry is not None, outcome.problems[:3]
    return {
        "read and check": ready - started,
        "hash and judge": marks["post-0.0"] - ready,
        "append, index, log": done - marks["post-0.0"],
        "total": done - started,
        "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def small_filings(world: Path, url: str) -> dict[str, float]:
    """Filings and rows that a load took in, its seconds, and the seconds of processor of its processes."""
    store, _ = create(url)
    before, started = os.times(), time.perf_counter()
    loaded = load(store, world, law=load_law("cn"))
    seconds, after = time.perf_counter() - started, os.times()
    assert loaded.accepted, "a world of filings enters"
    return {
        "filings": loaded.accepted,
        "rows": loaded.rows,
        "seconds": seconds,
        "processor": sum(after[:4]) - sum(before[:4]),
    }


def plain_executemany(filed: str, url: str) -> float:
    """Seconds to append the very rows that the filing put into the tables, and nothing else, in one transaction."""
    store = open_store(filed)
    tables = {}
    for table in ("lot", "line", "holding", "transfer", "drawdown"):
        columns = [name for name in _columns(store, table) if name != "id" or table in ("lot", "line")]
        tables[table] = (columns, store.database.rows(f"SELECT {','.join(map(_quoted, columns))} FROM {table}"))
    target = create(url)[0]
    started = time.perf_counter()
    with target.database.transaction():
        cursor = target.database.connection.connection.cursor()
        for name, (columns, rows) in tables.items():
            cursor.executemany(
                f"INSERT INTO {name} ({','.join(map(_quoted, columns))}) VALUES ({','.join('?' * len(columns))})", rows
            )
    return time.perf_counter() - started


def _columns(store: Store, table: str) -> list[str]:
    with store.database.connection.cursor() as cursor:
        return [column.name for column in store.database.connection.introspection.get_table_description(cursor, table)]


def _quoted(name: str) -> str:
    return f'"{name}"'


def django_bulk_create(filed: str, url: str, rows: int) -> float:
    """Seconds per row of `full_clean` and `bulk_create` of the same lines in one transaction."""
    store = open_store(filed)
    from lodeline.store.models import Line  # noqa: PLC0415  (models need Django set up, which opening a store does)

    some = list(Line.objects.using(store.database.alias).order_by("id")[:rows].values())
    target = create(url)[0]
    started = time.perf_counter()
    lines = [Line(**row) for row in some]
    for line in lines:
        line.full_clean(validate_unique=False, validate_constraints=False)
    with target.database.transaction():
        Line.objects.using(target.database.alias).bulk_create(lines, batch_size=500)
    return (time.perf_counter() - started) / rows


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--firms", type=int, default=100)
    parser.add_argument("--postgresql", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as room:
        path = Path(room) / "filing.csv"
        write_filing(path, options.rows)
        if options.postgresql:
            print_postgresql(Path(room), path, options.runs)
            return
        rows = options.rows // 20 * 20
        print(f"{rows} rows, {path.stat().st_size / 1e6:.0f} MB CSV; {platform.machine()}, {os.cpu_count()} cores,"
              f" Python {platform.python_version()}, SQLite, synchronous=FULL")  # fmt: skip
        # Each measurement has a process of its own: its memory is its own, and nothing is warm from the one before.
        totals, shares, peaks = [], [], []
        for run in range(options.runs):
            filed = f"{room}/run{run}.sqlite3"
            stages = _alone(lodeline, path, filed)
            plain = _alone(plain_executemany, filed, f"{room}/plain{run}.sqlite3")
            totals.append(stages["total"])
            shares.append(plain / stages["total"])
            peaks.append(stages.pop("peak MB"))
            print(f"run {run + 1}: " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in stages.items())
                  + f"; executemany alone {plain:.1f} s", flush=True)  # fmt: skip
        django = _alone(django_bulk_create, filed, f"{room}/django.sqlite3", rows // DJANGO_SHARE)
        rate = rows / statistics.median(totals)
        print(f"median {rate:,.0f} rows/s; {statistics.median(shares):.0%} of what a plain executemany reaches;"
              f" {rate * django:.1f} x Django bulk_create with validation ({1 / django:,.0f} rows/s, measured on"
              f" {rows // DJANGO_SHARE} rows); peak memory {max(peaks):,.0f} MB")  # fmt: skip
        print_small(Path(room), options.firms, options.runs)


#: Rows of a filing of the eight writers, and how many each of them files.
WRITTEN = ((80, 20), (2_000, 4))


def print_postgresql(room: Path, path: Path, runs: int) -> None:
    """Prints both databases: seconds of the large filing with their ratio, then what eight writers reach."""
    # The server runs as another user when this runs as root, and must be able to walk to its data.
    room.chmod(0o755)
    print(f"{path.stat().st_size / 1e6:.0f} MB CSV; {platform.machine()}, {os.cpu_count()} cores; both durable")
    ratios = []
    with postgresql(room / "server") as server:
        for run in range(runs):
            embedded = _alone(lodeline, path, f"{room}/one{run}.sqlite3")
            served = _alone(lodeline, path, server.make(f"one{run}"))
            ratios.append(served["total"] / embedded["total"])
            print(
                f"run {run + 1}: PostgreSQL {served['total']:.1f} s (append {served['append, index, log']:.1f}),"
                f" SQLite {embedded['total']:.1f} s (append {embedded['append, index, log']:.1f})",
                flush=True,
            )
        print(f"median {statistics.median(ratios):.2f} x the time on SQLite; load average {os.getloadavg()[0]:.1f}")
        for rows, each in WRITTEN:
            for name, url in (("SQLite", f"{room}/written{rows}.sqlite3"), ("PostgreSQL", server.make("written"))):
                print(f"8 writers, {rows} rows, {name}: {write_at_once(url, tagged, rows=rows, each=each)};"
                      f" load average {os.getloadavg()[0]:.1f}", flush=True)  # fmt: skip


def print_small(room: Path, firms: int, runs: int) -> None:
    """Prints the lines of the small filings."""
    write_world(build_world(seed=7, organisations=firms, months=12), room / "world", feeds=False)
    rates, shares = [], []
    for run in range(runs):
        filed = f"{room}/small{run}.sqlite3"
        found = _alone(small_filings, room / "world", filed)
        plain = _alone(plain_executemany, filed, f"{room}/plain-small{run}.sqlite3")
        rates.append(found["filings"] / found["seconds"])
        shares.append(plain / found["seconds"])
        print(f"load {run + 1}: {found['filings']} filings of {found['rows'] / found['filings']:.0f} rows in"
              f" {found['seconds']:.1f} s ({found['processor']:.1f} s of processor in both processes);"
              f" executemany alone {plain:.1f} s", flush=True)  # fmt: skip
    print(f"median {statistics.median(rates):.0f} filings/s (bar 60); {statistics.median(shares):.0%} of what a plain"
          f" executemany reaches; load average {os.getloadavg()[0]:.1f}")  # fmt: skip


def _alone(measure: Any, *arguments: Any) -> Any:
    with ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(measure, *arguments).result()


if __name__ == "__main__":
    main()
