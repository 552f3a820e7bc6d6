"""What a load makes of a dossier, for who only wants to look at it: rows checked by the firm, no log and no receipts.

A ledger judges each filing by itself, signs it and projects every lot that it touches; a world of 400 firms has ten
thousand filings, and detectors read nothing of that but the rows in force. Here the filings of a firm are checked
together by the same checks, and the frames of a snapshot are computed from them by the same functions. Two things are
known without the ledger: a file with a problem that rejects did not enter; and of two originals that state one event
the first was refused where the second weighs something else, because a slip of the unit is sent back, and the second
where both weigh the same.

That both ways give the same rows, lots and findings is tested (tests/benchmarks/test_quick_ledger.py).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property, partial
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import polars as pl

from lodeline.collation.piece import GOODS
from lodeline.detection.papers import CUSTOMS, FILINGS, PAPERS
from lodeline.filing.check import check
from lodeline.filing.dossier import Dossier, FeedFile, FilingFile, read_dossier
from lodeline.filing.feed import read_feed
from lodeline.filing.feed_schema import Feed
from lodeline.filing.schema import COLUMNS, MASS_COLUMNS
from lodeline.filing.table import Source, Table
from lodeline.ledger.movement import LINE, is_making
from lodeline.ledger.register import Register
from lodeline.ledger.resolution import NOTHING, SHIPPED, Known, resolve
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.entries.moment import utc_text
from lodeline.service.entries.records import put_records
from lodeline.service.filing.preparing import parties
from lodeline.service.filing.status import filing_states
from lodeline.service.findings.finding import SnapshotView
from lodeline.service.matching.exceptions import Disagreements
from lodeline.service.matching.feeds import day_of
from lodeline.store.column_files import FED
from lodeline.store.opening import create
from lodeline.store.snapshot import Snapshot, in_force
from lodeline.store.store import Store

_NAMES: Final = tuple(dict.fromkeys([*(column.name for column in COLUMNS), *MASS_COLUMNS]))
#: Cells of `GOODS` that stand on the paper of a row and not among its movements.
PAPER_CELLS: Final = ("document", "document_kind", "declaration", "value", "currency", "hs_code")
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class QuickSnapshot(Snapshot):
    """A snapshot that has the records of other authorities at hand."""

    fed: Mapping[Feed, pl.DataFrame]

    def _fed(self, feed: Feed) -> pl.DataFrame:
        return in_force(self.fed[feed], feed)


@dataclass(frozen=True, kw_only=True)
class QuickDisagreements(Disagreements):
    """What disagrees, of filed rows and a day that no log stands behind."""

    all_papers: pl.DataFrame
    on: date

    @cached_property
    def today(self) -> date:
        return self.on

    @cached_property
    def papers(self) -> pl.DataFrame:
        return self.all_papers


@dataclass(frozen=True, kw_only=True)
class QuickSight(SnapshotView):
    """A sight whose snapshot no log stands behind: what else is asked of a store is kept beside it."""

    all_papers: pl.DataFrame
    all_filings: pl.DataFrame
    all_customs: pl.DataFrame
    beside: QuickDisagreements

    @cached_property
    def _beside(self) -> Disagreements:
        return self.beside

    @cached_property
    def customs(self) -> pl.DataFrame:
        return self.all_customs.join(self.lines.select("line"), on="line", how="semi")

    @cached_property
    def status(self) -> pl.DataFrame:
        originals = self.all_filings.filter(pl.col("corrects").is_null())
        first = originals.group_by("organisation", "period").agg(pl.col("filed_at").min())
        return filing_states(first, self.register, self.law, as_of=self.snapshot.as_of)

    @cached_property
    def papers(self) -> pl.DataFrame:
        stated = pl.any_horizontal(pl.exclude("line").is_not_null())
        return self.all_papers.filter(stated).join(self.lines.select("line"), on="line", how="semi")

    @cached_property
    def filings(self) -> pl.DataFrame:
        return self.all_filings


def quick_sight(directory: Path, room: Path, law: Jurisdiction) -> QuickSight:
    """What detectors see of a dossier that `lodeline.world` wrote; `room` takes a store with the register alone.

    Raises what `lodeline.filing.dossier.read_dossier` raises.
    """
    dossier = read_dossier(directory)
    store, _ = create(str(room / "register.sqlite3"), secret="a benchmark has no secrets")
    filed_at = min((one.filed_at for one in dossier.filings), default=_EARLIEST)
    put_records(store, dossier.register, filed_at=filed_at)
    register = store.register(store.head())
    checked = list(_checked(dossier.filings, register))
    return _sight(dossier, pl.concat(checked), store, law)


def _checked(filings: Sequence[FilingFile], register: Register) -> Iterator[pl.DataFrame]:
    """The typed rows of every filing that entered, with `organisation`, `party` and `sequence`, a frame a firm."""

    def firm(one: FilingFile) -> tuple[str, bool]:
        return one.organisation, one.corrects is not None

    for (organisation, correcting), group in groupby(sorted(filings, key=firm), key=firm):
        files = sorted(group, key=lambda one: one.sequence)
        texts = {one.sequence: _text(one.path) for one in files}
        if not correcting:
            _without_refused(texts, organisation, register)
        rows = _rows(organisation, texts, register, correcting=correcting)
        yield rows.with_columns(parties(rows, register), organisation=pl.lit(organisation))


Rows = list[dict[str, str]]


def _text(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _without_refused(texts: dict[int, Rows], organisation: str, register: Register) -> None:
    """Of originals with an event in common leaves only the one that entered, which is nearly always the later."""
    stated: dict[str, int] = {}
    for sequence, rows in list(texts.items()):
        for before in {stated[row["event"]] for row in rows if row["event"] in stated}:
            weighed_alike = _masses(texts[before]) == _masses(rows)
            entered = weighed_alike and not _rejected(organisation, {before: texts[before]}, register)
            del texts[sequence if entered else before]
        if sequence in texts:
            stated.update(dict.fromkeys((row["event"] for row in rows), sequence))


def _masses(rows: Rows) -> list[list[str | None]]:
    return [[row.get(name) for name in MASS_COLUMNS] for row in rows]


def _rejected(organisation: str, texts: dict[int, Rows], register: Register) -> bool:
    return check(_table(texts), organisation=organisation, register=register).rejects


def _rows(organisation: str, texts: dict[int, Rows], register: Register, *, correcting: bool) -> pl.DataFrame:
    """One check of all files together; those that it rejects are left out, and the others checked again."""
    while True:
        table = _table(texts)
        checked = check(table, organisation=organisation, register=register, correcting=correcting)
        rejected = {int(str(one.where.file)) for one in checked.problems if one.severity == "reject"}
        sequences = pl.Series("sequence", [int(source.file) for source in table.sources], pl.Int64)
        if not rejected:
            return checked.rows.with_columns(sequence=sequences.gather(checked.rows["source"]))
        for sequence in rejected:
            del texts[sequence]


def _table(texts: dict[int, Rows]) -> Table:
    """The text of all files as one table, each file a source that is named by its sequence."""
    filled = [
        (place, number, row) for place, rows in enumerate(texts.values()) for number, row in enumerate(rows, start=2)
    ]
    names = [name for name in _NAMES if any(row.get(name) for _, _, row in filled)]
    frame = pl.DataFrame(
        {name: [row.get(name) or None for _, _, row in filled] for name in names},
        schema=dict.fromkeys(names, pl.String()),
    ).with_columns(
        pl.Series("source", [place for place, _, _ in filled], pl.UInt16),
        pl.Series("row", [number for _, number, _ in filled], pl.UInt32),
    )
    return Table(frame=frame, sources=tuple(Source(file=str(sequence)) for sequence in texts))


def _sight(dossier: Dossier, checked: pl.DataFrame, store: Store, law: Jurisdiction) -> QuickSight:
    """Numbers entries, lines and lots as a log would that begins with the register."""
    head = store.head()
    entered = _entered(dossier.filings, checked, head.size)
    rows = (
        checked.join(entered.select("sequence", "entry"), on="sequence", maintain_order="left")
        .sort("sequence", maintain_order=True)
        .with_columns(
            ordinal=pl.int_range(pl.len(), dtype=pl.UInt32).over("sequence"),
            line=pl.int_range(pl.len(), dtype=pl.Int64) + head.next_line,
        )
    )
    rows = rows.with_columns(name=_lot_names(rows))
    named = rows.filter(pl.col("name").is_not_null())
    lots = named.select("name").unique(maintain_order=True).with_columns(
        lot=pl.int_range(1, pl.len() + 1, dtype=pl.Int64), maker=pl.col("name").str.split("/").list.first(),
        local=pl.col("name").str.split("/").list.last(),
    )  # fmt: skip
    lines = rows.drop("lot").join(lots, on="name", how="left", maintain_order="left").select(
        pl.col(name).cast(dtype) for name, dtype in LINE.items()
    )  # fmt: skip
    corrections = entered.filter(pl.col("corrects").is_not_null()).select("entry")
    restated = lines.join(corrections, on="entry", how="semi")
    last = restated.group_by("organisation", "event").agg(by=pl.col("entry").max())
    in_force = (
        lines.join(last, on=["organisation", "event"], how="left", maintain_order="left")
        .filter((pl.col("by").is_null() | (pl.col("entry") == pl.col("by"))) & (pl.col("kind") != "void"))
        .drop("by")
    )
    register = store.register(head)
    fed = _fed(dossier.feeds, register, entry=head.size + entered.height, line=head.next_line + rows.height)
    snapshot = QuickSnapshot(
        files=None, entry=head.size - 1 + entered.height + len(dossier.feeds), root="",
        as_of=max(entered["filed_at"], default=None), lines=in_force, lots=lots.select("lot", "name", "maker"),
        register=register, fed=fed,
    )  # fmt: skip
    moments = [*(one.filed_at for one in dossier.filings), *(one.filed_at for one in dossier.feeds)]

    def cells(schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
        return rows.select(pl.col(name).cast(dtype) for name, dtype in schema.items())

    beside = QuickDisagreements(
        store=store, snapshot=snapshot, law=law, on=day_of(max(moments, default=_EARLIEST)),
        all_papers=cells({"line": pl.Int64(), **{name: GOODS[name] for name in PAPER_CELLS}}),
    )  # fmt: skip
    return QuickSight(
        store=store, snapshot=snapshot, law=law, beside=beside, all_papers=cells(PAPERS),
        all_filings=entered.select(pl.col(name).cast(dtype) for name, dtype in FILINGS.items()),
        all_customs=cells(CUSTOMS).filter(rows["kind"] == "export"),
    )  # fmt: skip


def _lot_names(rows: pl.DataFrame) -> pl.Series:
    """The lot that each row means, rows in the order of their filings.

    Where others' lots always have their maker's name a bare id is the firm's own. Else each filing is resolved as the
    ledger does, by what was made, received, bought or shipped to it before; whatever was received counts as held.
    """
    if rows.filter((pl.col("kind") == "receipt") & ~pl.col("lot").str.contains("/", literal=True)).is_empty():
        full = pl.col("lot").str.contains("/", literal=True)
        own = pl.concat_str("organisation", pl.lit("/"), "lot")
        return rows.select(name=pl.when(full).then("lot").otherwise(own))["name"]
    made: dict[str, set[str]] = {}
    # Receiver → bare id → name of the lot, from whom, as which product.
    received: dict[str, dict[str, dict[tuple[str, str | None, str | None], None]]] = {}
    # Receiver → bare id → the shipper's name of the lot → events without a receipt, products, days; the oldest first.
    shipped: dict[str, dict[str, dict[str, list[tuple[str, str | None, date]]]]] = {}
    names: list[str | None] = []
    for filing in rows.partition_by("sequence", maintain_order=True):
        organisation = str(filing["organisation"][0])
        own_made, own_received = made.setdefault(organisation, set()), received.setdefault(organisation, {})
        own_shipped = shipped.setdefault(organisation, {})
        known = partial(_known, own_made, own_received, own_shipped)
        resolved = resolve(filing, organisation=organisation, known=known).names
        names += resolved
        cells = filing.select("kind", "role", "party", "event", "product", "on").iter_rows()
        for name, (kind, role, party, event, product, on) in zip(resolved, cells, strict=True):
            local = name.rpartition("/")[2] if name else ""
            if is_making(kind, role):
                own_made.add(local)
            elif kind == "receipt" and name:
                own_received.setdefault(local, {})[name, party, product] = None
                if unanswered := own_shipped.get(local, {}).get(f"{party}/{local}"):
                    unanswered.pop(0)
            elif kind == "shipment" and name and party:
                events = shipped.setdefault(party, {}).setdefault(local, {})
                events.setdefault(f"{organisation}/{local}", []).append((event, product, on))
            elif kind == "title" and name:
                received.setdefault(party, {}).setdefault(local, {})[name, organisation, product] = None
    return pl.Series("name", names, pl.String())


def _known(
    made: set[str],
    received: Mapping[str, Mapping[tuple[str, str | None, str | None], None]],
    shipped: Mapping[str, Mapping[str, Sequence[tuple[str, str | None, date]]]],
    wanted: Sequence[str],
) -> Known:
    rows = [(local, name, party, 1, product) for local in wanted for name, party, product in received.get(local, ())]
    sent = [
        (local, name, *events[0])
        for local in wanted
        if local not in received
        for name, events in shipped.get(local, {}).items()
        if events
    ]
    return Known(
        made=made.intersection(wanted),
        received=pl.DataFrame(rows, schema=NOTHING.received.schema, orient="row"),
        shipped=pl.DataFrame(sent, schema=SHIPPED, orient="row"),
    )


def _fed(feeds: Sequence[FeedFile], register: Register, *, entry: int, line: int) -> dict[Feed, pl.DataFrame]:
    """The rows of other authorities (store.column_files.FED), numbered on from the filings: each file an entry."""
    found: dict[Feed, list[pl.DataFrame]] = {feed: [pl.DataFrame(schema=FED[feed])] for feed in FED}
    for place, file in enumerate(feeds):
        checked = read_feed(file.path, today=day_of(file.filed_at), register=register, feed=file.feed)
        assert not checked.rejects, f"the world wrote a feed that is refused: {file.path}"
        numbered = checked.rows.with_columns(
            id=pl.int_range(pl.len(), dtype=pl.Int64()) + line, entry=pl.lit(entry + place, pl.Int64())
        )
        line += checked.rows.height
        found[file.feed].append(numbered.select(pl.col(name).cast(dtype) for name, dtype in FED[file.feed].items()))
    return {feed: pl.concat(frames) for feed, frames in found.items()}


def _entered(filings: Iterable[FilingFile], checked: pl.DataFrame, first: int) -> pl.DataFrame:
    """FILINGS of the filings that entered, numbered from `first`, with `sequence`; a nil return enters too."""
    with_rows = dict(checked.group_by("sequence").len().iter_rows())
    entry_of: dict[Path, int] = {}
    found: list[dict[str, Any]] = []
    for one in sorted(filings, key=lambda one: one.sequence):
        if one.sequence not in with_rows and _text(one.path):
            continue
        corrects = None if one.corrects is None else entry_of.get(one.corrects)
        if one.corrects is not None and corrects is None:
            continue
        entry_of[one.path] = first + len(found)
        found.append({
            "sequence": one.sequence, "entry": entry_of[one.path], "organisation": one.organisation,
            "period": one.period, "corrects": corrects, "filed_at": utc_text(one.filed_at),
            "rows": with_rows.get(one.sequence, 0),
        })  # fmt: skip
    return pl.DataFrame(found, schema={"sequence": pl.Int64(), **FILINGS})
