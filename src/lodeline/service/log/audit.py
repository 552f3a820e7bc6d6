"""Recomputes what the store claims: the log, every row, what the rows resolved to, and the state.

Each fault names its entry. What nobody inside one store can see (an old backup, a log rewritten and signed
again) shows only against a checkpoint that was kept elsewhere.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Any, Final

import polars as pl

from lodeline.filing.canonical import cells
from lodeline.journal import entry as journal
from lodeline.journal import merkle
from lodeline.journal.audit import TEXTS, audit_log, audit_rows, read_kept
from lodeline.journal.certification import CertificationError, check_entry
from lodeline.journal.checkpoint import Checkpoint, NoteError, open_checkpoint
from lodeline.journal.verify import Fault, text_of
from lodeline.ledger.register import TABLES
from lodeline.ledger.resolution import maker_and_local
from lodeline.ledger.state import project
from lodeline.service.entries import cases, certifier_keys, office_log, papers
from lodeline.service.entries.receipts import _opened, row_salt_key
from lodeline.service.entries.records import record_cells
from lodeline.service.filing.posting import resolved_commitment
from lodeline.service.inspections import planning
from lodeline.service.licences.accounts import differing_positions, rebuild_positions
from lodeline.service.licences.draw_facts import stored_rows
from lodeline.service.log import editions, laws_named
from lodeline.service.log.judging import TEXTS as JUDGING_TEXTS
from lodeline.service.log.judging import judged
from lodeline.service.lots import aliases
from lodeline.service.matching import feeds
from lodeline.service.strategy import inputs
from lodeline.store.flow_files import wrong_files
from lodeline.store.guards import guards_of
from lodeline.store.law import begun_with, first_pack_faults, packs_of
from lodeline.store.law import faults as law_faults
from lodeline.store.publications import Publications
from lodeline.store.queries.log import entries_with, records, rows_of_entry
from lodeline.store.queries.lots import every_lot
from lodeline.store.store import (
    DESK_KIND,
    DRAW_KIND,
    EDITION_KIND,
    FEED_KIND,
    FEED_TABLES,
    INSPECTION_KIND,
    INSPECTION_PLAN_KIND,
    LAW_KIND,
    LAW_PROPOSAL_KIND,
    LIST_KIND,
    STANDING_KIND,
    STATE_TABLES,
    STRATEGY_KIND,
    Head,
    Store,
    StoredEntry,
    record_key,
)

Progress = Callable[[str, float], None]
#: How often the entries are read anew where somebody appends meanwhile.
_LOOKS_MOST = 5

STORE_TEXTS: dict[str, tuple[str, str]] = {
    **TEXTS,
    **JUDGING_TEXTS,
    **laws_named.TEXTS,
    "alias.changed": ("The alias in the books is not the one that the entry gave", "账内别名与条目所给不符"),
    "figures.stamp-differs": ("The edition speaks of a state that the log never had", "公布版所述的日志状态从未存在"),
    "entry.columns-differ": ("The entry's columns do not say what its envelope says", "条目各列与其信封内容不符"),
    "law.pack-changed": (
        "The files of a law pack are not those of its digest, the store was made with another, or one officer signed"
        " it alone",
        "法规包文件与其摘要不符，或与建库时的法规包不符，或仅由一人签署",
    ),
    "plan.not-drawn": (
        "The items or bags of a sampling plan are not those that its seed gives",
        "抽样计划的检查件或样袋与其种子所得不符",
    ),
    "row.resolution-changed": (
        "The rows do not resolve to the lots, parties or dry masses that the entry bound",
        "行所对应的批次、对方或干重与条目所绑定的不符",
    ),
    "row.misplaced": ("A row does not stand where, or belong to whom, its entry says", "行的位置或所属与其条目不符"),
    "row.without-entry": ("Rows belong to no entry", "存在不属于任何条目的行"),
    "state.differs": ("The stored state is not what the filings amount to", "存储的状态与申报推算结果不符"),
    "snapshot.file-changed": (
        "A file for analysis is not as it was written; the next question throws it away and makes it again",
        "分析文件与写入时不符；下次查询时将弃用并重建",
    ),
    "store.guard-foreign": (
        "A trigger, rule or setting of others is on a table: it may undo what the guards refuse",
        "数据表上存在外来的触发器、规则或设置，可能绕过防改触发器",
    ),
    "store.guard-missing": ("A trigger that refuses changes is missing", "缺少禁止改动的触发器"),
    "upload.changed": ("The kept bytes of an upload were changed", "保存的上传原件被改动"),
}


#: Entries whose paper is kept as it is.
_PAPER_KINDS: Final = (
    DESK_KIND, EDITION_KIND, INSPECTION_KIND, INSPECTION_PLAN_KIND, LAW_KIND, LAW_PROPOSAL_KIND, LIST_KIND,
    STANDING_KIND,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What a room above found in what it keeps in the same store: faults, their words, and counts that are told."""

    faults: tuple[Fault, ...] = ()
    texts: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)


#: Judges what a room above keeps in a store with these entries.
Judge = Callable[[Store, Sequence[StoredEntry]], Beside]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result of a full verification. `counts`: counts of what is no fault. `law_entered`: the log says with which
    law the store was made, or is empty; one that is older says so from the next `lodeline init` on."""

    size: int
    root: str
    faults: tuple[Fault, ...]
    texts: Mapping[str, tuple[str, str]] = field(default_factory=lambda: STORE_TEXTS)
    counts: Mapping[str, int] = field(default_factory=dict)
    law_entered: bool = True

    def as_json(self) -> dict[str, Any]:
        """The shape that `--json` promises (docs/reference/json.md)."""
        return {
            "ok": not self.faults,
            "size": self.size,
            "root": self.root,
            "law_entered": self.law_entered,
            **self.counts,
            "faults": [
                {
                    "entry": fault.entry,
                    "what": fault.what,
                    "facts": dict(fault.facts),
                    "message": {
                        "en": text_of(fault, "en", self.texts),
                        "zh": text_of(fault, "zh", self.texts),
                    },
                }
                for fault in self.faults
            ],
        }


def verify(
    store: Store, *, kept: Sequence[str] = (), progress: Progress | None = None, judge: Judge | None = None
) -> Verdict:
    """Recomputes leaves, roots, resolutions and state, and checks the files for analysis.

    `kept` are checkpoints from outside, as signed notes. `judge`: judges with it what a room above keeps in the store
    (office.log.proof).
    """
    report = progress or (lambda _what, _share: None)
    guards = guards_of(store.database)
    faults = [
        Fault(entry=None, what=what, facts={"trigger": name})
        for what, names in (("store.guard-missing", guards.missing), ("store.guard-foreign", guards.foreign))
        for name in names
    ]
    head, entries = _at_one_moment(store)
    try:
        checkpoint = store.checkpoint() if head is None else head.checkpoint
        signed = open_checkpoint(checkpoint, store.signer.verifier)
    except NoteError:
        faults.append(Fault(entry=None, what="checkpoint.signature", facts={"number": 0}))
        leaves = b"".join(map(_leaf, entries))
        signed = Checkpoint(origin=store.origin, size=len(entries), root=merkle.root_of_leaves(leaves))
    checkpoints, kept_faults = read_kept(kept, store.signer.verifier)
    faults += kept_faults
    faults += audit_log(
        ((entry.index, entry.envelope.encode(), _leaf(entry)) for entry in entries),
        head=signed,
        kept=checkpoints,
    )
    faults += judged("law", partial(first_pack_faults, store))
    packs = packs_of(store)
    for number, entry in enumerate(entries):
        report("verify", number / len(entries))
        faults += judged("entries", partial(_entry_faults, store, entry), entry=entry.index)
        faults += judged("papers", partial(laws_named.fault_of, store, entry, packs), entry=entry.index)
    faults += judged("rows", partial(_orphans, store, entries))
    faults += judged("certifier keys", partial(certifier_keys.faults, entries))
    faults += judged("state", partial(_store_faults, store, head, entries))
    report("verify", 1.0)
    faults += judged("state", partial(rebuild_differences, store))
    faults += judged("files", partial(_file_faults, store))
    beside = Beside() if judge is None else judge(store, entries)
    return Verdict(
        size=signed.size, root=signed.root.hex(), faults=(*faults, *beside.faults),
        texts={**STORE_TEXTS, **beside.texts}, counts=beside.counts,
        law_entered=not entries or begun_with(store) is not None,
    )  # fmt: skip


def _file_faults(store: Store) -> Iterable[Fault]:
    for name in (*wrong_files(store), *Publications(store).wrong_files()):
        yield Fault(entry=None, what="snapshot.file-changed", facts={"file": name})


def _at_one_moment(store: Store) -> tuple[Head | None, list[StoredEntry]]:
    """The head of the log and its entries, while others append; None for a head that is none."""
    for _ in range(_LOOKS_MOST):
        try:
            head = store.head()
            entries = list(store.entries())
            if store.head() == head:
                return head, entries
        except merkle.MerkleError:
            return None, list(store.entries())
    return head, entries[: head.size]


def _leaf(entry: StoredEntry) -> bytes:
    """The stored leaf hash; zeros where what is stored is none, so that the audit goes on and names the entry."""
    try:
        leaf = bytes.fromhex(entry.leaf_hash)
    except ValueError:
        leaf = b""
    return leaf if len(leaf) == merkle.HASH_BYTES else bytes(merkle.HASH_BYTES)


def _flags_hold(entry: StoredEntry, envelope: journal.Envelope, key: bytes) -> bool:
    try:
        return journal.flags_commitment(entry.flags, key) == envelope.flags_hash
    except ValueError:
        return False


def _entry_faults(store: Store, entry: StoredEntry) -> Iterable[Fault]:
    try:
        envelope = journal.Envelope.from_bytes(entry.envelope.encode())
    except journal.EntryError:
        return  # the audit of the log has named it
    stated = (
        envelope.kind,
        envelope.organisation,
        envelope.period,
        envelope.corrects,
        envelope.filed_at,
        envelope.rows,
    )
    stored = (entry.kind, entry.organisation, entry.period, entry.corrects, entry.filed_at, entry.row_count)
    key = row_salt_key(store, entry)
    if stated != stored or not _flags_hold(entry, envelope, key):
        yield Fault(entry=entry.index, what="entry.columns-differ")
    yield from _certification_faults(entry, envelope, key)
    if envelope.kind == DRAW_KIND:
        yield from _draw_faults(store, entry, envelope, key)
        return
    if envelope.kind == "register":
        yield from _record_faults(store, entry, envelope, key)
        yield from _upload_faults(store, entry, envelope, key)
        return
    if envelope.kind == FEED_KIND:
        yield from feeds.faults(store, entry, envelope, key)
        yield from _upload_faults(store, entry, envelope, key)
        return
    if envelope.kind == STRATEGY_KIND:
        yield from inputs.faults(store, entry, envelope, key)
        yield from _upload_faults(store, entry, envelope, key)
        return
    rows = rows_of_entry(store, entry.index)
    encoded = cells(rows).cast(pl.Binary).to_list()
    yield from audit_rows(
        entry=entry.index,
        expected_root=bytes.fromhex(envelope.rows_root),
        count=envelope.rows,
        cells=encoded,
        row_salt_key=key,
        kept_leaves=b"".join(rows["leaf"].to_list()),
    )
    if envelope.kind == cases.KIND:
        # It has neither rows nor a file here; the office keeps the words that it commits to.
        if entry.digest != cases.place_of(envelope.facts.get("case"), envelope.facts.get("step")):
            yield Fault(entry=entry.index, what="entry.columns-differ")
        return
    if envelope.kind == certifier_keys.KIND:
        # It has no rows; the office keeps the certificate that it commits to.
        return
    if envelope.kind == office_log.KIND:
        # It has no rows; the office keeps what it commits to, but for what is kept beside it.
        if entry.digest != office_log.place_of(entry.index):
            yield Fault(entry=entry.index, what="entry.columns-differ")
        if store.upload_names(entry.index) or office_log.keeps(envelope):
            yield from _upload_faults(store, entry, envelope, key)
        return
    if envelope.kind in _PAPER_KINDS:
        yield from _upload_faults(store, entry, envelope, key)
        yield from papers.faults(store, entry)
        if envelope.kind == EDITION_KIND:
            yield from editions.faults(store, entry)
        if envelope.kind == LAW_KIND:
            yield from law_faults(store, entry)
        if envelope.kind == INSPECTION_PLAN_KIND:
            yield from planning.faults(store, entry)
        return
    if envelope.kind == aliases.KIND:
        yield from aliases.faults(store, entry)
        yield from _upload_faults(store, entry, envelope, key)
        return
    resolved = rows.select(
        pl.concat_str("name", pl.lit("\t"), "party", pl.lit("\t"), "dry_mg", ignore_nulls=True).fill_null("")
    ).to_series()
    if resolved_commitment(resolved, key) != envelope.facts.get("resolved"):
        yield Fault(entry=entry.index, what="row.resolution-changed")
    misplaced = rows.with_row_index("place").filter(
        (pl.col("ordinal") != pl.col("place"))
        | (pl.col("id") != pl.col("place").cast(pl.Int64()) + entry.first_line)
        | (pl.col("organisation") != pl.lit(entry.organisation))
    )
    for (ordinal,) in misplaced.select("ordinal").head(100).iter_rows():
        yield Fault(entry=entry.index, what="row.misplaced", facts={"ordinal": ordinal})
    yield from _upload_faults(store, entry, envelope, key)


def _certification_faults(entry: StoredEntry, envelope: journal.Envelope, key: bytes) -> Iterable[Fault]:
    """What a certifier signed must be this entry, and the digest among it that of the content."""
    try:
        check_entry(envelope)
    except CertificationError as error:
        yield Fault(entry=entry.index, what="certification.invalid", facts={"reason": error.reason})
        return
    if "certification" in envelope.facts and not _digest_holds(entry, envelope, key):
        yield Fault(entry=entry.index, what="entry.columns-differ")


def _digest_holds(entry: StoredEntry, envelope: journal.Envelope, key: bytes) -> bool:
    signed: object = envelope.facts.get("digest")
    try:
        return journal.digest_commitment(entry.digest, key) == signed
    except ValueError:
        return False


def _record_faults(store: Store, entry: StoredEntry, envelope: journal.Envelope, key: bytes) -> Iterable[Fault]:
    found = records(store, entry.index)
    yield from audit_rows(
        entry=entry.index,
        expected_root=bytes.fromhex(envelope.rows_root),
        count=envelope.rows,
        cells=[_record_cells(str(table), str(body)) for _, _, _, table, _, body in found],
        row_salt_key=key,
    )
    for place, (row, _, ordinal, table, record, body) in enumerate(found):
        if (row, ordinal, record) != (entry.first_line + place, place, _record_key(str(table), str(body))):
            yield Fault(entry=entry.index, what="row.misplaced", facts={"ordinal": place})


def _draw_faults(store: Store, entry: StoredEntry, envelope: journal.Envelope, key: bytes) -> Iterable[Fault]:
    encoded, places = stored_rows(store, entry.index)
    yield from audit_rows(
        entry=entry.index, expected_root=bytes.fromhex(envelope.rows_root), count=envelope.rows, cells=encoded,
        row_salt_key=key,
    )  # fmt: skip
    for place, found in enumerate(places):
        if found != (entry.first_line + place, place):
            yield Fault(entry=entry.index, what="row.misplaced", facts={"ordinal": place})


def _record_cells(table: str, body: str) -> bytes:
    """The record's bytes; what is no record any more is itself, which no leaf fits."""
    try:
        return record_cells(table, body)
    except ValueError:
        return body.encode()


def _record_key(table: str, body: str) -> str | None:
    try:
        return record_key(table, dict(zip(TABLES[table], json.loads(body), strict=True)))
    except (ValueError, KeyError, TypeError):
        return None


def _upload_faults(store: Store, entry: StoredEntry, envelope: journal.Envelope, key: bytes) -> Iterable[Fault]:
    try:
        kept = list(store.uploads(entry.index))
    except zlib.error:
        yield Fault(entry=entry.index, what="upload.changed")
        return
    names = store.upload_names(entry.index)
    opened = _opened(envelope, names, [content for _, content in kept])
    expected = journal.upload_commitment(opened, key) if kept else None
    if (
        expected != envelope.upload_hash
        or any(stated != sha256(content).hexdigest() for stated, content in kept)
        or not _name_holds(entry, envelope, names, key)
    ):
        yield Fault(entry=entry.index, what="upload.changed")


def _name_holds(entry: StoredEntry, envelope: journal.Envelope, names: Sequence[str], key: bytes) -> bool:
    """Whether one file is called what it was called: several are listed, and of older entries nothing says it."""
    if len(names) != 1:
        return True
    if "upload_name" in envelope.facts:
        return bool(envelope.facts["upload_name"] == journal.name_commitment(names[0], key))
    return names[0] == (papers.name_of(entry, envelope.facts) or names[0])


def _store_faults(store: Store, head: Head | None, entries: Sequence[StoredEntry]) -> Iterable[Fault]:
    """Numbers that follow from the entries: roots, places of rows, lots, and where the head stands."""
    frontier, line = merkle.Frontier(), 1
    for entry in entries:
        frontier = frontier.append(_leaf(entry))
        if entry.root != frontier.root().hex() or entry.first_line != line:
            yield Fault(entry=entry.index, what="entry.columns-differ")
        line += entry.row_count
    lots = every_lot(store)
    for place, (lot, name, maker, local) in enumerate(lots, 1):
        derived = maker_and_local(str(name), str(maker))
        if lot != place or (str(maker), str(local)) != derived:
            yield Fault(entry=None, what="state.differs", facts={"table": "lot", "lot": str(name)})
    registers = [entry.index for entry in entries if entry.kind == "register"]
    if head is None:
        yield Fault(entry=None, what="state.differs", facts={"table": "head", "column": "frontier"})
        return
    expected = {
        "size": len(entries), "next_line": line, "next_lot": len(lots) + 1,
        "register_entry": registers[-1] if registers else -1, "frontier": frontier,
    }  # fmt: skip
    for column, value in expected.items():
        if getattr(head, column) != value:
            yield Fault(entry=None, what="state.differs", facts={"table": "head", "column": column})


def _orphans(store: Store, entries: Sequence[StoredEntry]) -> Iterable[Fault]:
    known = {entry.index for entry in entries}
    for table in ("line", "record", "upload", "alias", "draw", *FEED_TABLES.values()):
        for index in entries_with(store, table):
            if index not in known:
                yield Fault(entry=index, what="row.without-entry")


def rebuild_differences(store: Store) -> list[Fault]:
    """Recomputes every projection from the lines and compares it with what stands; nothing is written."""
    return [
        Fault(
            entry=None if entry is None else int(str(entry)),
            what="state.differs",
            facts={"table": table, "lot": str(lot)},
        )
        for table, lot, entry in _state_differences(store)
    ]


def rebuild(store: Store) -> dict[str, Any]:
    """Recomputes every projection, puts it in place, and says what differed before."""
    with store.database.transaction():
        store.head(lock=True)
        differences = rebuild_differences(store)
        if differences:
            # First what is in force, then what it amounts to.
            store.rebuild_superseded()
            store.rebuild_state(project(_legible(store.books.all_lines()), store.books.all_aliases()))
            rebuild_positions(store)
    return {
        "ok": not differences,
        "differences": [{"entry": fault.entry, **fault.facts} for fault in differences],
    }


def _state_differences(store: Store) -> Iterable[tuple[str, str, object]]:
    lines = _legible(store.books.all_lines())
    state = project(lines, store.books.all_aliases())
    names = store.books.lot_names(lines["lot"].unique().to_list()) if lines.height else {}
    last_entry = dict(lines.group_by("lot").agg(pl.col("entry").max()).iter_rows())
    for table, expected in zip(STATE_TABLES, (state.holdings, state.transfers, state.drawdowns), strict=True):
        stored = store.state_table(table, expected.schema)
        for lot in _lots_that_differ(expected, stored).head(100):
            yield table, names.get(lot, str(lot)), last_entry.get(lot)
    for licence in differing_positions(store)[:100]:
        yield "reservation", licence, None
    expected_superseded = store.expected_superseded()
    stored_superseded = store.superseded()
    for organisation, event, entry, _ in sorted(set(expected_superseded) ^ set(stored_superseded))[:100]:
        yield "superseded", f"{organisation}/{event}", entry


def _legible(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines that can have been filed. What was damaged since is named row by row, and amounts to nothing."""
    composed = pl.col("composition").is_null() | pl.col("composition").str.contains(r"^(\w+=\d+(;\w+=\d+)*)?$")
    return lines.filter(pl.col("on").is_not_null() & pl.col("dry_mg").is_not_null() & composed)


def _lots_that_differ(expected: pl.DataFrame, stored: pl.DataFrame) -> pl.Series:
    """Lots of rows that one of the two does not have as often as the other, in order."""
    both = pl.concat([expected.with_columns(more=pl.lit(1)), stored.with_columns(more=pl.lit(-1))])
    return both.group_by(expected.columns).agg(pl.col("more").sum()).filter(pl.col("more") != 0)["lot"].unique().sort()
