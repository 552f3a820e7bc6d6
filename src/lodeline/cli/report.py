"""The demo: a synthetic year in a fresh store, and the one screen an authority would want to see first."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
from rich.markup import escape

from lodeline.cli import output
from lodeline.cli.app import shown
from lodeline.cli.output import console, print_table, progress
from lodeline.cli.sample_visit import visit_sites
from lodeline.errors import UserError
from lodeline.journal.verify import verify_receipt
from lodeline.language import text
from lodeline.material.element import SYMBOLS, TREO
from lodeline.material.mass import format_kg, share_mg_expr
from lodeline.material.product import PRODUCTS, product_kind
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.balance import balances
from lodeline.service.entries.receipts import receipt
from lodeline.service.filing import status as filing_status
from lodeline.service.filing import transfers
from lodeline.service.filing.loading import Loaded, load
from lodeline.service.lots import flow as lot_flow
from lodeline.service.overview import flow_matrix
from lodeline.service.overview.demonstration import Demo, demo_of, mistakes_of, note_demo, plant_of
from lodeline.store.column_files import directory_of
from lodeline.store.database import Database
from lodeline.store.law import law_now
from lodeline.store.opening import create, open_store
from lodeline.store.snapshot import Snapshot
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store, StoreError

#: The name by which the demo knows its own store.
DEMO_FILE = "demo.sqlite3"
#: Share of the demo's sales to customers that file nothing in which these are named without their id.
NAMED = 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldOptions:
    """The world that is asked for; None: whatever stands, else as many as `WORLD` has.

    `bare`: the world alone, in which no loophole is planted and nobody works beside the filings.
    """

    organisations: int | None = None
    months: int | None = None
    seed: int | None = None
    bare: bool = False


#: The world of the demo where nothing else is asked for, and in which share of its firm-years loopholes are planted.
WORLD = {"organisations": 64, "months": 12, "seed": 7}
PLANTED = "random:0.33"


def demo(database: str, asked: WorldOptions) -> int:
    """The months of the world that stands in the demo's store afterwards.

    What an earlier demo has loaded is kept, with all that people have done since; else a synthetic world is loaded and
    the report is printed.
    """
    given = {name: value for name, value in asdict(asked).items() if value is not None}
    bare = bool(given.pop("bare"))
    made = demo_of(Database(database))
    stands = None if made is None or not _is_whole(database, made) else made.world
    if made is not None and stands is not None and made.bare == bare and given.items() <= stands.items():
        console.print(
            output.text(
                "{shown} holds a demo already (seed {seed}, {organisations} firms, {months} months): it "
                "is left as it is. Remove it to begin anew.",
                shown=shown(database),
                seed=stands["seed"],
                organisations=stands["organisations"],
                months=stands["months"],
            ),
            markup=False,
        )
        return int(stands["months"])
    world = WORLD | given
    _load(database, **world, bare=bare)
    return int(world["months"])


def morning_after(months: int) -> str:
    """The fifth of the second month after the world's last: the month between is due, and nobody has filed it."""
    from lodeline.world import FIRST_MONTH  # noqa: PLC0415

    year, month = (int(part) for part in FIRST_MONTH.split("-"))
    months_since_year_0 = year * 12 + (month - 1) + months + 1
    return f"{months_since_year_0 // 12:04d}-{months_since_year_0 % 12 + 1:02d}-05T09:00:00+08:00"


def _is_whole(database: str, made: Demo) -> bool:
    """Whether the store is the one that a demo has loaded whole, and can be read by this version."""
    try:
        store = open_store(database)
        last = store.entry(made.entry)
        store.database.close()
        return last is not None and last.root == made.root
    except (OSError, StoreError):
        return False


def _load(database: str, *, organisations: int, months: int, seed: int, bare: bool) -> None:
    """Loads a synthetic world into a fresh store, has people work beside it, and prints the report."""
    from lodeline.world import asked_plants, build_world, write_world  # noqa: PLC0415

    started = time.monotonic()
    store = _fresh_store(database)
    law = law_now(store)
    with tempfile.TemporaryDirectory() as room:
        dossier = Path(room) / "world"
        with progress(output.text("writing a synthetic world")) as bar:
            planned = build_world(seed=seed, organisations=organisations, months=months)
            plants = None if bare else asked_plants(planned, PLANTED)
            write_world(planned, dossier, progress=bar, plants=plants, feeds=True, named=NAMED, strategy=True)
        truth = json.loads(dossier.with_name("world.truth.json").read_text("utf-8"))
        with progress(output.text("filing it, month by month")) as bar:
            loaded = load(store, dossier, law=law, progress=bar)
    snapshot = open_snapshot(store)
    console.rule(output.text("Lodeline demo: a synthetic industry"))
    _filings(store, snapshot, loaded, law)
    _flows(snapshot, law)
    _transfers(snapshot, law)
    _balances(store, snapshot, law)
    _magnet(snapshot)
    _visit(store, snapshot, date.fromisoformat(morning_after(months)[:10]))
    if not bare:
        _office(store, months, planted=len(truth["planted"]))
    _proof(store)
    last = store.entry(store.head().size - 1)
    assert last is not None, "a world has entries"
    world = {"organisations": organisations, "months": months, "seed": seed}
    note_demo(
        store.database,
        Demo(
            world=world,
            entry=last.index,
            root=last.root,
            bare=bare,
            planted=[*map(plant_of, truth["planted"])],
            mistakes=mistakes_of(truth),
        ),
    )
    console.print(
        output.text(
            "All of it is synthetic (seed {seed}). {monotonic:.0f} s. The store is {database}.",
            seed=seed,
            monotonic=time.monotonic() - started,
            database=database,
        ),
        style="dim",
        markup=False,
    )


def _fresh_store(database: str) -> Store:
    """The demo's own store is made anew each time, whatever it was; any other store must be empty."""
    path = Path(database)
    if path.name == DEMO_FILE:
        # Whoever looked whether it can be kept may still hold the file: what is made next must not go into that one.
        Database(database).close()
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    store, new = create(database)
    if not new and store.head().size:
        raise UserError(text("{database} is not empty: the demo does not touch it", database=database))
    if new:
        shutil.rmtree(directory_of(store.database), ignore_errors=True)
    return store


def _filings(store: Store, snapshot: Snapshot, loaded: Loaded, law: Any) -> None:
    states = filing_status.filing_status(store, snapshot, law)
    counts = dict(states.group_by("state").len().iter_rows())
    firms = snapshot.register.tables["organisations"].height
    console.print(
        output.text(
            "[bold]{get}[/] months filed in time, [bold]{get2}[/] late, [bold]{get3}[/] missing; "
            "{firms} organisations, {rows} rows; {refused} filings were refused with the cell named, "
            "and {sum} flags stand.",
            get=counts.get("filed", 0),
            get2=counts.get("late", 0),
            get3=counts.get("missing", 0),
            firms=firms,
            rows=loaded.rows,
            refused=len(loaded.refused),
            sum=sum(loaded.flags.values()),
        )
    )


def _flows(snapshot: Snapshot, law: Any) -> None:
    flows = pl.DataFrame(flow_matrix.flows(snapshot, law, element="Nd")["rows"])
    if not flows.height:
        return
    totals = (
        flows.with_columns(tonnes=pl.col("mass_kg").cast(pl.Float64()) / 1000)
        .group_by("from", "to")
        .agg(pl.col("tonnes").sum())
        .sort("tonnes", descending=True)
    )
    rows = [(source, target, f"{tonnes:,.1f}") for source, target, tonnes in totals.head(12).iter_rows()]
    title = output.text("Flow of neodymium by stage, tonnes over the year")
    print_table(title, output.text("from,to,t Nd").split(","), rows, numbers=(2,))


def _transfers(snapshot: Snapshot, law: Any) -> None:
    judged = transfers.judged_transfers(snapshot, law)
    counts = judged.group_by("state", "cause").len().sort("len", descending=True)
    parts = [f"{number} {state}{f' ({cause})' if cause else ''}" for state, cause, number in counts.iter_rows()]
    console.print(output.text("Transfers: ") + ", ".join(parts) + ".", markup=False)


def _balances(store: Store, snapshot: Snapshot, law: Jurisdiction) -> None:
    rows = pl.DataFrame(balances.balance(store, snapshot, law, element=TREO)["rows"], infer_schema_length=None)
    if not rows.height:
        return
    numbers = rows.with_columns(
        pl.col("process_difference_kg", "count_difference_kg", "muf_kg", "sigma_kg").cast(pl.Float64())
    )
    for column, title in (
        (
            "process_difference_kg",
            output.text("Largest process differences (TREO, consumed − made)"),
        ),
        (
            "count_difference_kg",
            output.text("Largest count differences (TREO, book − physical)"),
        ),
    ):
        worst = numbers.filter(pl.col(column).is_not_null()).sort(pl.col(column).abs(), descending=True).head(5)
        print_table(
            title,
            output.text("site,month,kg,MUF kg,σ kg,z").split(","),
            [
                (row["site"], row["period"], *map(_tenths, (row[column], row["muf_kg"], row["sigma_kg"], row["z"])))
                for row in worst.iter_rows(named=True)
            ],
            numbers=(2, 3, 4, 5),
        )  # fmt: skip


def _tenths(value: float | None) -> str:
    return "" if value is None else f"{value:,.1f}"


def _magnet(snapshot: Snapshot) -> None:
    """The magnet lot with the most origins, traced to its mines."""
    kinds = [kind for kind, product in PRODUCTS.items() if product.makes_magnet]
    magnets = snapshot.lot_facts.filter(
        pl.col("made") & pl.col("product").map_elements(product_kind, return_dtype=pl.String()).is_in(kinds)
    )
    shares = snapshot.lot_assays.filter(pl.col("element") == SYMBOLS.index("Nd"))
    heavy = (
        snapshot.lines.filter(pl.col("role") == "out")
        .join(magnets.select("lot"), on="lot", how="semi")
        .join(shares, on="lot")
        .with_columns(nd_mg=share_mg_expr(pl.col("dry_mg"), pl.col("ppb")))
        .sort("on", "nd_mg", descending=True)
    )
    if not heavy.height:
        return
    lot = snapshot.lots.filter(pl.col("lot") == heavy["lot"][0])["name"][0]
    traced = lot_flow.trace(snapshot, lot)
    found = lot_flow.origins(snapshot, lot)["rows"]
    by_place: dict[tuple[str, str], float] = {}
    for row in found:
        place = (row["origin_kind"], row["origin_place"] or row["organisation"] or "?")
        by_place[place] = by_place.get(place, 0.0) + row["booked_shares"].get("Nd", 0.0)
    best = sorted(by_place.items(), key=lambda item: -item[1])[:6]
    console.print(
        output.text(
            "Magnet lot [bold]{escape}[/] ({format_kg} kg) goes back through {nodes} lots to {found} "
            "origins; its neodymium: ",
            escape=escape(lot),
            format_kg=format_kg(heavy["dry_mg"][0]),
            nodes=len(traced["nodes"]) - 1,
            found=len(found),
        )
        + escape(", ".join(f"{share:.1%} {kind} {place}" for (kind, place), share in best))
        + "."
    )


def _visit(store: Store, snapshot: Snapshot, now: date) -> None:
    """A made-up visit and the plan of the next, so that the pages of inspections have something to show."""
    made = visit_sites(store, snapshot, now=now)
    if made is None:
        return
    console.print(
        output.text(
            "A made-up visit to {site} was entered, with two laboratories' results; entry {plan} is "
            "a plan that nobody has followed yet.",
            site=made.site,
            plan=made.plan,
        ),
        markup=False,
    )


def _office(store: Store, months: int, *, planted: int) -> None:
    """People who work beside the filings, and the answers of the nation, made by the portal in a process of its own."""
    from lodeline.web.server import serving  # noqa: PLC0415

    url = store.database.url
    store.database.close()
    with progress(output.text("people at work beside it")):
        done = serving.furnished(url, clock=morning_after(months))
    console.print(
        output.text(
            "{planted} loopholes are planted in it; the tours and the answer key are at /en/tour/. "
            "People are at work beside the filings: {done} steps of theirs stand in the log.",
            planted=planted,
            done=done,
        ),
        markup=False,
    )


def _proof(store: Store) -> None:
    head = store.head()
    document = receipt(store, head.size - 1)
    assert document is not None, "the head's last entry exists"
    faults = verify_receipt(document, vkey=store.signer.verifier.vkey)
    console.print(output.text("Checkpoint of the log:"))
    console.print(head.checkpoint.rstrip(), style="dim", markup=False)
    holds = output.text("holds") if not faults else output.text("does NOT hold")
    console.print(output.text("Receipt of entry {size}: {holds}, checked offline.", size=head.size - 1, holds=holds))
