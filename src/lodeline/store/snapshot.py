"""Snapshots for analysis: the lines as column files, written out by sequence and never rewritten.

A reader first catches up with the log, then answers from the files alone, and its answer carries the stamp of
the last entry and the root. One writer at a time extends the files; a file appears whole or not at all.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import itertools
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path

import polars as pl

from lodeline.accountancy.frames import MOVEMENTS
from lodeline.accountancy.implied import implied_receipts
from lodeline.filing.feed_schema import FEEDS, IDENTITY, Feed, feed_cells
from lodeline.flow.index import FlowIndex, build_index, open_index
from lodeline.ledger.label import NO_ALIASES
from lodeline.ledger.movement import LINE, makes_lot, movements, with_balances
from lodeline.ledger.register import Register
from lodeline.ledger.state import facts_of_lots
from lodeline.ledger.transfer import match, passed_on
from lodeline.material.assay import explode, with_treo
from lodeline.material.element import RARE_EARTHS
from lodeline.store.books import LINE_SELECT
from lodeline.store.database import Database
from lodeline.store.store import FEED_TABLES, Head, Store, StoreError

FORMAT = 4
#: Segments are merged beyond this number, so that opening a snapshot stays a handful of reads.
SEGMENTS_MAX = 16
READ_ROWS = 200_000

_LOT: dict[str, pl.DataType] = {"lot": pl.Int64(), "name": pl.String(), "maker": pl.String()}
#: Columns of a fed row in the files: where it stands, and its cells but the unknown ones.
FED: dict[Feed, dict[str, pl.DataType]] = {
    feed: {"id": pl.Int64(), "entry": pl.Int64(), **{n: t for n, t in feed_cells(feed).items() if n != "extra"}}
    for feed in FEEDS
}
_RAW_LINE = f"{LINE_SELECT} WHERE l.id >= %s AND l.id < %s ORDER BY l.id"


def in_force(rows: pl.DataFrame, feed: Feed) -> pl.DataFrame:
    """Of the rows of a feed (`FED`, by `id`) those in force: each thing as its newest entry has it.

    Rows of an invoice that state no number of their own are numbered by their order.
    """
    newest = rows.filter(pl.col("entry") == pl.col("entry").max().over(IDENTITY[feed]))
    if feed == "customs":
        return newest
    by_order = pl.int_range(1, pl.len() + 1).over("number").cast(pl.String)
    return newest.with_columns(pl.coalesce("line", by_order).alias("line"))


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The ledger as of one entry. Frames are computed when first asked for and kept.

    `lines` are the lines in force with the columns of `ledger.movement.LINE`; `party` is whom each means as of the
    entry (`Register.party_of`).
    """

    directory: Path
    entry: int
    root: str
    as_of: str | None
    lines: pl.DataFrame
    lots: pl.DataFrame
    register: Register
    #: Names on the labels of shippers (ledger.label.ALIAS).
    aliases: pl.DataFrame = field(default_factory=NO_ALIASES.clone)

    @cached_property
    def transfers(self) -> pl.DataFrame:
        """Shipments with their receipts (ledger.transfer)."""
        return match(self.lines, self.aliases)

    @cached_property
    def invoices(self) -> pl.DataFrame:
        """The rows of invoices in force (`FED`)."""
        return self._fed("invoices")

    @cached_property
    def customs(self) -> pl.DataFrame:
        """The customs lines in force (`FED`)."""
        return self._fed("customs")

    def _fed(self, feed: Feed) -> pl.DataFrame:
        """What this snapshot's entries say in a feed, each thing as its newest entry has it."""
        with _one_writer(self.directory):
            names = json.loads((self.directory / "manifest.json").read_text("utf-8"))[feed]
            parts = [pl.read_parquet(self.directory / name) for name in names]
        rows = pl.concat([pl.DataFrame(schema=FED[feed]), *parts]).filter(pl.col("entry") <= self.entry)
        return in_force(rows, feed) if rows.height else rows

    @property
    def stamp(self) -> dict[str, object]:
        """What every answer carries: the last entry and the root of the log with it."""
        return {"entry": self.entry, "root": self.root}

    @cached_property
    def balanced(self) -> pl.DataFrame:
        """Movements with `delta_mg`, `held_mg` and `unaccounted_mg` (ledger.movement)."""
        return with_balances(movements(self.lines))

    @cached_property
    def lot_facts(self) -> pl.DataFrame:
        """What each lot is (ledger.state.facts_of_lots)."""
        return facts_of_lots(self.lines, self.transfers)

    @cached_property
    def lot_assays(self) -> pl.DataFrame:
        """`lot`, `element`, `ppb`: the current composition of every lot, TREO stated or derived."""
        facts = self.lot_facts.with_row_index("place")
        shares = with_treo(explode(facts["composition"]))
        return (
            shares.join(facts.select("place", "lot"), on="place").select("lot", "element", "ppb").sort("lot", "element")
        )

    @cached_property
    def site_assays(self) -> pl.DataFrame:
        """`site`, `lot`, `element`, `ppb`: a site's own latest assay, from its receipts and counts."""
        own = self.lines.filter(pl.col("kind").is_in(["receipt", "stock"]) & pl.col("composition").is_not_null())
        latest = (
            own.sort("on", "organisation", "event", "ordinal")
            .group_by("site", "lot", maintain_order=True)
            .agg(pl.col("composition").last())
            .with_row_index("place")
        )
        stated = explode(latest["composition"]).join(latest.select("place", "site", "lot"), on="place")
        # A partial assay (dysprosium alone) says nothing of the total: there the maker's total stands.
        rare_earths = pl.col("element") < len(RARE_EARTHS)
        of_maker = self.lot_assays.filter(rare_earths).group_by("lot").agg(of_maker=pl.len())
        partial = (
            stated.filter(rare_earths)
            .group_by("place", "lot")
            .agg(own=pl.len())
            .join(of_maker, on="lot")
            .filter(pl.col("own") < pl.col("of_maker"))
        )
        whole = stated.join(partial, on="place", how="anti").select("place", "element", "ppb")
        rest = stated.join(partial, on="place", how="semi").select("place", "element", "ppb")
        shares = pl.concat([with_treo(whole), rest])
        return shares.join(latest.select("place", "site", "lot"), on="place").select("site", "lot", "element", "ppb")

    @cached_property
    def accountancy_movements(self) -> pl.DataFrame:
        """The movements with the columns that `accountancy.balance` takes."""
        products = self.lot_facts.select("lot", lot_product="product")
        return (
            self.balanced.join(products, on="lot", how="left")
            .with_columns(product=pl.coalesce("lot_product", "product"))
            .select(
                "organisation", "event", "site", "lot", "product", "owner", "on", "kind", "role", "origin_kind",
                "delta_mg", "unaccounted_mg", "method", seq="line",
            )
        )  # fmt: skip

    @cached_property
    def implied(self) -> pl.DataFrame:
        """The receipts that nobody filed of goods that are there (accountancy.implied)."""
        return implied_receipts(transfers=self.transfers, movements=self.accountancy_movements, counts=self.counts)

    @cached_property
    def booked(self) -> pl.DataFrame:
        """What a site is judged by: the movements, and what is `implied`. Detectors and pages rest on these rows."""
        return pl.concat([self.accountancy_movements.select(list(MOVEMENTS)), self.implied])

    @cached_property
    def counts(self) -> pl.DataFrame:
        """Physical counts of dry mass: `seq`, `organisation`, `site`, `lot`, `on`, `mass_mg`, `location`, `method` …"""
        return self.lines.filter(pl.col("kind") == "stock").select(
            "organisation", "site", "lot", "on", "location", "product", "method", seq="line", mass_mg="dry_mg"
        )

    @cached_property
    def count_scopes(self) -> pl.DataFrame:
        """What each count covers: the site, unless its rows name a storage place or, failing that, a product."""
        by_product = pl.when(pl.col("location").is_null()).then("product").alias("product")
        return self.counts.select("organisation", "site", "on", "location", by_product).unique(maintain_order=True)

    def flow_index(self) -> FlowIndex:
        """The lot graph of this snapshot, built once and memory-mapped from then on."""
        directory = self.directory / f"flow-{self.entry}-{self.root[:16]}"
        with _one_writer(self.directory):
            if not directory.exists():
                build_index(*self._flow_frames(), directory=directory, stamp=self.stamp)
                # Others may be opening the one before; what is mapped already stays readable.
                built = sorted(self.directory.glob("flow-*"), key=lambda path: path.stat().st_mtime_ns)
                for old in built[:-_FLOWS_KEPT]:
                    shutil.rmtree(old, ignore_errors=True)
            return open_index(directory)

    def _flow_frames(self) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """`lots`, `events`, `links`, `assays` for the flow engine; a lot's dense id is its number less one.

        An origin's rows are sources of their own; a transformation's rows share one mixture. A lot that nobody
        made, but that was received where another lot was shipped, is that lot under another name: the transfer
        is the event that joins them.
        """
        made = self.lines.filter(makes_lot()).select("lot", "line", "dry_mg", "organisation", "event", "kind")
        passed_on = self._passed_on()
        steps = pl.concat(
            [
                self.lines.filter(makes_lot() | (pl.col("kind") == "transformation"))
                .with_columns(key=pl.when(pl.col("kind") == "origin").then("line").otherwise(pl.lit(-1, pl.Int64())))
                .select("organisation", "event", "key", "site", "on", "kind", "origin_kind", "origin_place"),
                passed_on.select(
                    "organisation", "event", "key", "site", "on",
                    kind=pl.lit("transformation"), origin_kind=pl.lit(None, pl.String()),
                    origin_place=pl.lit(None, pl.String()),
                ),
            ]
        )  # fmt: skip
        events = (
            steps.group_by("organisation", "event", "key", maintain_order=True)
            .agg(pl.all().first())
            .with_row_index("number")
            .with_columns(pl.col("number").cast(pl.Int64()))
        )
        numbers = events.select("organisation", "event", "key", "number")
        making = (
            pl.concat(
                [
                    made.with_columns(
                        key=pl.when(pl.col("kind") == "origin").then("line").otherwise(pl.lit(-1, pl.Int64()))
                    ).select("organisation", "event", "key", "lot", "dry_mg", "line"),
                    passed_on.select("organisation", "event", "key", "lot", dry_mg="received_mg", line="key"),
                ]
            )
            .join(numbers, on=["organisation", "event", "key"])
            .sort("line")
            .group_by("lot", maintain_order=True)
            .agg(made_event=pl.col("number").first(), made_mg=pl.col("dry_mg").first())
        )
        inputs = self.lines.filter((pl.col("kind") == "transformation") & (pl.col("role") == "in")).with_columns(
            key=pl.lit(-1, pl.Int64())
        )
        links = pl.concat(
            [
                inputs.select("organisation", "event", "key", "lot", mass_mg="dry_mg"),
                passed_on.select("organisation", "event", "key", lot="shipped_lot", mass_mg="received_mg"),
            ]
        ).join(numbers, on=["organisation", "event", "key"])
        return (
            self._flow_lots(making),
            events.select(
                "organisation", "site", "on", "kind", "origin_kind", "origin_place", name="event", event="number"
            ),
            links.filter(pl.col("mass_mg") > 0).select(event="number", lot=pl.col("lot") - 1, mass_mg="mass_mg"),
            self.lot_assays.with_columns(pl.col("lot") - 1),
        )

    def _passed_on(self) -> pl.DataFrame:
        """`ledger.transfer.passed_on`, the line of the receipt as `key`."""
        return passed_on(self.transfers, self.lines, self.lot_facts).rename({"receipt_line": "key"})

    def _flow_lots(self, making: pl.DataFrame) -> pl.DataFrame:
        short = self.balanced.group_by("lot").agg(pl.col("unaccounted_mg").sum())
        return (
            self.lots.join(self.lot_facts.select("lot", "product"), on="lot", how="left", maintain_order="left")
            .join(making, on="lot", how="left", maintain_order="left")
            .join(short, on="lot", how="left", maintain_order="left")
            .select(
                "name", "product",
                lot=pl.col("lot") - 1,
                organisation="maker",
                made_event=pl.col("made_event").fill_null(-1),
                made_mg=pl.col("made_mg").fill_null(0),
                unaccounted_mg=pl.col("unaccounted_mg").fill_null(0),
            )
        )  # fmt: skip


def directory_of(database: Database) -> Path:
    """Where the snapshots of a database live: LODELINE_SNAPSHOTS, else beside it, else `var/snapshots`."""
    name = hashlib.sha256(database.url.encode()).hexdigest()[:16]
    configured = os.environ.get("LODELINE_SNAPSHOTS")
    if configured:
        return Path(configured) / name
    if database.path is not None:
        return database.path.with_name(database.path.name + ".snapshot")
    return Path("var/snapshots") / name


def open_snapshot(store: Store, before: Snapshot | None = None) -> Snapshot:
    """Catches up with the log and opens the snapshot of its last entry.

    `before`: one of this store that was opened earlier. Where the entries since then say nothing about goods or
    parties, it is given again under the new stamp, with every frame that it has computed.
    """
    head = store.head()
    if before is not None and _says_the_same(store, before, head):
        return _stamped(before, head)
    directory = directory_of(store.database)
    directory.mkdir(parents=True, exist_ok=True)
    with _one_writer(directory):
        # Everything is read under one head: what comes later has larger numbers and is left out.
        head = store.head()
        manifest = _catch_up(store, head, directory)
        lines = pl.concat([pl.read_parquet(directory / name) for name in manifest.lines])
        lots = pl.concat([pl.read_parquet(directory / name) for name in manifest.lots])
    register = store.register(head)
    return Snapshot(
        directory=directory,
        entry=head.size - 1,
        root=head.frontier.root().hex(),
        as_of=_last_filing_time(store),
        lines=register.meant(_in_force(store, lines, head.size)),
        lots=lots,
        register=register,
        aliases=store.books.all_aliases(before=head.size),
    )


def open_snapshot_as_of(store: Store, entry: int) -> Snapshot:
    """The snapshot that stood when `entry` was the last of the log: what came later is left out."""
    last = store.entry(entry)
    assert last is not None, f"the log has no entry {entry}"
    newest = open_snapshot(store)
    with _one_writer(newest.directory):
        manifest = _read_manifest(store, newest.directory)
        lines = pl.concat([pl.read_parquet(newest.directory / name) for name in manifest.lines])
    lines = lines.filter(pl.col("entry") <= entry)
    register = store.register_before(entry + 1)
    # Lots are numbered as lines name them, under the head.
    return Snapshot(
        directory=newest.directory,
        entry=entry,
        root=last.root,
        as_of=_last_filing_time(store, entry + 1),
        lines=register.meant(_in_force(store, lines, entry + 1)),
        lots=newest.lots.filter(pl.col("lot") <= (lines["lot"].max() or 0)),
        register=register,
        aliases=store.books.all_aliases(before=entry + 1),
    )


def _says_the_same(store: Store, before: Snapshot, head: Head) -> bool:
    last = store.entry(before.entry)
    same_log = last is not None and last.root == before.root
    return same_log and before.entry < head.size and store.moved_at(before.entry + 1) == store.moved_at(head.size)


def _stamped(before: Snapshot, head: Head) -> Snapshot:
    snapshot = replace(before, entry=head.size - 1, root=head.frontier.root().hex())
    fields_of = {one.name for one in fields(Snapshot)}
    vars(snapshot).update({name: value for name, value in vars(before).copy().items() if name not in fields_of})
    return snapshot


def _in_force(store: Store, lines: pl.DataFrame, size: int) -> pl.DataFrame:
    superseded = store.database.frame(
        'SELECT organisation, event, entry FROM superseded WHERE "by" < %s',
        (size,),
        schema={"organisation": pl.String(), "event": pl.String(), "entry": pl.Int64()},
    )  # fmt: skip
    current = lines.filter(pl.col("kind") != "void")
    if superseded.height:
        current = current.join(superseded, on=["organisation", "event", "entry"], how="anti", maintain_order="left")
    return current


def _last_filing_time(store: Store, size: int | None = None) -> str | None:
    condition, params = ("", ()) if size is None else (' AND "index" < %s', (size,))
    found = store.database.rows(f"SELECT MAX(filed_at) FROM entry WHERE kind = 'filing'{condition}", params)
    return None if found[0][0] is None else str(found[0][0])


#: Lot graphs that stay on disk: the newest, and those that readers of a moment ago may still open.
_FLOWS_KEPT = 3


@contextmanager
def _one_writer(directory: Path) -> Iterator[None]:
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@dataclass(kw_only=True)
class _Manifest:
    """What the files of a snapshot hold: everything below these numbers, as of the log of `size` with `root`."""

    format: int = FORMAT
    size: int = 0
    root: str = ""
    next_line: int = 1
    next_lot: int = 1
    lines: list[str] = field(default_factory=list)
    lots: list[str] = field(default_factory=list)
    invoices: list[str] = field(default_factory=list)
    customs: list[str] = field(default_factory=list)

    def all_lists(self) -> tuple[list[str], ...]:
        """The files of each kind."""
        return (self.lines, self.lots, self.invoices, self.customs)


def _read_manifest(store: Store, directory: Path) -> _Manifest:
    """The manifest, if it describes a beginning of this very log; else an empty one."""
    try:
        stated = json.loads((directory / "manifest.json").read_text("utf-8"))
        if isinstance(stated["format"], int) and stated["format"] > FORMAT:
            raise StoreError(
                f"the files for analysis in {directory} were written by a newer version: update the program, or give"
                " this one a directory of its own (LODELINE_SNAPSHOTS)",
                f"{directory} 中的分析文件由更新版本的程序写成：请更新程序，或用 LODELINE_SNAPSHOTS 另设目录",
            )
        manifest = _Manifest(**stated)
    except (OSError, ValueError, TypeError, KeyError):
        return _Manifest()
    last = store.entry(manifest.size - 1) if manifest.size else None
    same_log = manifest.size == 0 or (last is not None and last.root == manifest.root)
    whole = all((directory / name).exists() for names in manifest.all_lists() for name in names)
    return manifest if manifest.format == FORMAT and same_log and whole else _Manifest()


def _catch_up(store: Store, head: Head, directory: Path) -> _Manifest:
    manifest = _read_manifest(store, directory)
    if manifest.size == head.size and manifest.lines:
        return manifest
    spans = range(manifest.next_line, max(head.next_line, manifest.next_line + 1), READ_ROWS)
    lines = [
        store.database.frame(_RAW_LINE, (first, min(first + READ_ROWS, head.next_line)), schema=LINE) for first in spans
    ]
    manifest.lines.append(_write(directory, f"lines-{manifest.next_line}-{head.next_line}", pl.concat(lines)))
    lots = store.database.frame(
        "SELECT id, name, maker FROM lot WHERE id >= %s AND id < %s ORDER BY id",
        (manifest.next_lot, head.next_lot),
        schema=_LOT,
    )
    manifest.lots.append(_write(directory, f"lots-{manifest.next_lot}-{head.next_lot}", lots))
    of_feed: dict[Feed, list[str]] = {"invoices": manifest.invoices, "customs": manifest.customs}
    for feed, held in of_feed.items():
        rows = _feed_rows(store, feed, manifest.next_line, head.next_line)
        if rows.height:
            held.append(_write(directory, f"{feed}-{manifest.next_line}-{head.next_line}", rows))
    for names in manifest.all_lists():
        if len(names) > SEGMENTS_MAX:
            merged = pl.concat([pl.read_parquet(directory / name) for name in names])
            names[:] = [_write(directory, names[0].partition("-")[0] + f"-1-{head.next_line}-merged", merged)]
    manifest.size, manifest.root = head.size, head.frontier.root().hex()
    manifest.next_line, manifest.next_lot = head.next_line, head.next_lot
    _replace(directory / "manifest.json", json.dumps(asdict(manifest)).encode())
    kept = {"manifest.json", "lock", *itertools.chain.from_iterable(manifest.all_lists())}
    for path in directory.iterdir():
        if path.is_file() and path.name not in kept:
            path.unlink()
    return manifest


def _feed_rows(store: Store, feed: Feed, first: int, end: int) -> pl.DataFrame:
    """The rows of a feed with these numbers, as `FED` has them."""
    columns = ",".join(f'"{name}"' for name in FED[feed])
    spans = range(first, max(end, first + 1), READ_ROWS)
    return pl.concat(
        store.database.frame(
            f"SELECT {columns} FROM {FEED_TABLES[feed]} WHERE id >= %s AND id < %s ORDER BY id",
            (start, min(start + READ_ROWS, end)),
            schema=FED[feed],
        )
        for start in spans
    )


def _write(directory: Path, name: str, frame: pl.DataFrame) -> str:
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="lz4")
    _replace(directory / f"{name}.parquet", buffer.getvalue())
    return f"{name}.parquet"


def _replace(path: Path, content: bytes) -> None:
    """The file appears whole or not at all."""
    temporary = path.with_name(path.name + ".new")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
