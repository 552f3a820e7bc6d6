"""A checked filing becomes an entry of the log: whole, once, and judged against what is held.

The work is done unlocked against one head. Then a short transaction takes the head, sees that it has not
moved, and appends. If it has moved, the work is done again; the last attempt holds the head while it works.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

import polars as pl

from lodeline.filing.canonical import cells, digest
from lodeline.filing.check import Checked
from lodeline.filing.schema import CELLS
from lodeline.journal import entry as journal
from lodeline.journal import merkle
from lodeline.ledger.admission import Objection, judge
from lodeline.ledger.movement import LINE, makes_lot
from lodeline.ledger.problem import CATALOGUE, Problem, Where, problem
from lodeline.ledger.register import Register
from lodeline.ledger.resolution import resolve
from lodeline.ledger.state import State, project
from lodeline.material.mass import format_kg
from lodeline.regulation.duty import deadline, period_of
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.moment import utc_text
from lodeline.store.store import Head, Store, StoredEntry, assert_guarded

#: How often the unlocked work is repeated because somebody else appended first.
OPTIMISTIC_ATTEMPTS = 3

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """Bytes as they came from the filer."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a filing: the entry that holds it (None when refused) and every problem seen."""

    entry: StoredEntry | None
    problems: tuple[Problem, ...]
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """What does not depend on the ledger, computed once: canonical cells, their digest, the salted leaves."""

    encoded: list[bytes]
    digest: str
    salt_key: bytes
    leaves: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """A filing on its way into one store: what stays the same however often the head moves."""

    store: Store
    checked: Checked
    organisation: str
    period: str
    corrects: int | None
    filed_at: datetime
    law: Jurisdiction
    uploads: Sequence[Upload]
    rows: _Rows
    say: Progress

    def address(self, objection: Objection) -> Problem:
        """An objection with its place; one that must be confirmed is only a flag once its row gives a reason."""
        severity = CATALOGUE[objection.code].severity
        where = Where()
        if objection.ordinal is not None:
            row = self.checked.rows.row(objection.ordinal, named=True)
            source = self.checked.sources[row["source"]]
            where = Where(file=source.file, sheet=source.sheet, row=row["row"], column=objection.column)
            received = objection.code == "mass.unusual" and row["kind"] == "receipt"
            if severity == "confirm" and (row["reason"] or received):
                severity = "flag"
        return problem(objection.code, where, severity=severity, **objection.facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """A filing judged against one head, ready to append."""

    lines: pl.DataFrame
    lots: pl.DataFrame
    superseded: pl.DataFrame
    aliases: pl.DataFrame
    state: State
    touched: set[int]
    problems: list[Problem]


def post(
    store: Store,
    checked: Checked,
    *,
    filed_at: datetime,
    law: Jurisdiction,
    corrects: int | None = None,
    uploads: Sequence[Upload] = (),
    progress: Progress | None = None,
) -> Outcome:
    """Files a checked filing. Refused filings leave no trace; a filing filed before returns its old entry."""
    organisation, period = checked.organisation, checked.period
    assert organisation and period, "a filing that is posted has an organisation and a period"
    if any(found.severity == "reject" for found in checked.problems):
        return Outcome(entry=None, problems=tuple(checked.problems))
    assert_guarded(store)
    say = progress or (lambda _what, _share: None)
    say("hash", 0.0)
    job = _Job(
        store=store, checked=checked, organisation=organisation, period=period, corrects=corrects,
        filed_at=filed_at, law=law, uploads=uploads, rows=_encode(store, checked, corrects), say=say,
    )  # fmt: skip
    for _ in range(OPTIMISTIC_ATTEMPTS):
        head = store.head()
        work = _repeated(job) or _prepare(job, head)
        if isinstance(work, Outcome):
            return work
        with store.database.transaction():
            if store.head(lock=True).size == head.size:
                return _append(job, head, work)
    with store.database.transaction():
        head = store.head(lock=True)
        work = _repeated(job) or _prepare(job, head)
        return work if isinstance(work, Outcome) else _append(job, head, work)


def judge_only(
    store: Store,
    checked: Checked,
    *,
    filed_at: datetime,
    law: Jurisdiction,
    corrects: int | None = None,
) -> tuple[Problem, ...]:
    """Every problem that posting would meet; nothing is written. `checked` has an organisation and a period."""
    assert checked.organisation and checked.period
    job = _Job(
        store=store, checked=checked, organisation=checked.organisation, period=checked.period,
        corrects=corrects, filed_at=filed_at, law=law, uploads=(), rows=_encode(store, checked, corrects),
        say=lambda _what, _share: None,
    )  # fmt: skip
    work = _repeated(job) or _prepare(job, store.head())
    return tuple(work.problems)


def _encode(store: Store, checked: Checked, corrects: int | None) -> _Rows:
    text = cells(checked.rows)
    content = digest(text)
    encoded = text.cast(pl.Binary).to_list()
    place = json.dumps([checked.organisation, checked.period, corrects, content]).encode()
    salt_key = journal.salt_key(store.secret, place)
    return _Rows(encoded=encoded, digest=content, salt_key=salt_key, leaves=journal.row_leaves(encoded, salt_key))


def _repeated(job: _Job) -> Outcome | None:
    """The old entry, if this very filing has been filed before."""
    before = job.store.filed_before(
        organisation=job.organisation, period=job.period, corrects=job.corrects, digest=job.rows.digest
    )
    return Outcome(entry=before, problems=tuple(job.checked.problems), repeated=True) if before else None


def _prepare(job: _Job, head: Head) -> _Prepared | Outcome:
    """Judges the filing against the ledger as of `head`; an Outcome where it is refused."""
    store, checked, organisation, corrects = job.store, job.checked, job.organisation, job.corrects
    register = store.register(head)
    problems = [*checked.problems, *_timing(job), *_correction(job)]
    filed = store.filed_events(organisation, checked.rows["event"].unique()) if head.size else _NO_EVENTS
    problems += _events(job, filed)
    job.say("admit", 0.1)
    lines = with_parties(checked.rows, register).with_columns(
        organisation=pl.lit(organisation),
        entry=pl.lit(head.size, pl.Int64()),
        ordinal=pl.int_range(pl.len(), dtype=pl.UInt32()),
        line=pl.int_range(pl.len(), dtype=pl.Int64()) + head.next_line,
    )
    lines, lots, ambiguous = _name_lots(store, head, lines, organisation)
    problems += [job.address(objection) for objection in ambiguous]
    superseded = filed.group_by("event").agg(pl.col("entry").max()) if corrects is not None else filed.clear()
    replaced = store.lines_of_events(organisation, superseded["event"]) if superseded.height else _NO_LINES
    in_force = lines.filter(pl.col("kind") != "void").select(*LINE)
    aliases = _aliases(store, head, organisation, lines, lots)
    renamed = dict(aliases.iter_rows())
    in_force = in_force.with_columns(pl.col("lot").replace(renamed)) if renamed else in_force
    touched, history = _history(store, head, in_force, set(renamed) | set(replaced["lot"].drop_nulls()))
    history = history.filter(~pl.col("line").is_in(replaced["line"].implode()))
    if renamed:
        history = history.with_columns(pl.col("lot").replace(renamed))
    job.say("admit", 0.5)
    names = {**store.lot_names(touched - set(lots["id"])), **dict(lots.select("id", "name").iter_rows())}
    counted = in_force.filter(pl.col("kind") == "stock")["site"].unique()
    state = project(pl.concat([history, in_force]))
    objections = judge(
        in_force,
        state,
        organisation=organisation,
        register=register,
        names=names,
        earlier=store.earlier_masses(organisation, head),
        held_at_sites=store.held_at(counted),
    )
    problems += [job.address(objection) for objection in objections]
    problems += _quota(store, organisation, state, touched, register)
    if any(found.severity != "flag" for found in problems):
        return Outcome(entry=None, problems=tuple(problems))
    return _Prepared(
        lines=lines,
        lots=lots,
        superseded=superseded.select(
            organisation=pl.lit(organisation), event="event", entry="entry", by=pl.lit(head.size, pl.Int64())
        ),
        aliases=aliases,
        state=state,
        touched=touched,
        problems=problems,
    )


_NO_EVENTS = pl.DataFrame(schema={"event": pl.String(), "entry": pl.Int64()})
_NO_LINES = pl.DataFrame(schema=LINE)


def _timing(job: _Job) -> list[Problem]:
    if job.period > period_of(job.filed_at, job.law):
        return [problem("period.future", period=job.period)]
    due = deadline(job.period, job.law)
    if job.filed_at < due:
        return []
    return [problem("period.late", period=job.period, deadline=due.isoformat(), filed_at=job.filed_at.isoformat())]


def _correction(job: _Job) -> list[Problem]:
    if job.corrects is None:
        return []
    corrects = str(job.corrects)
    target = job.store.entry(job.corrects)
    if target is None or target.kind != "filing" or target.organisation != job.organisation:
        return [problem("correction.unknown-filing", corrects=corrects)]
    if target.period != job.period:
        return [problem("correction.other-period", corrects=corrects, period=str(target.period))]
    return []


def _events(job: _Job, filed: pl.DataFrame) -> list[Problem]:
    """An original must bring new events; a correction may void only what has been filed and is in force."""
    firsts = (
        job.checked.rows.with_row_index("ordinal")
        .group_by("event", maintain_order=True)
        .agg(pl.col("ordinal").first(), pl.col("kind").first())
    )
    if job.corrects is not None:
        in_force = filed.group_by("event").agg(pl.col("entry").max())
        unfiled = firsts.filter(pl.col("kind") == "void").join(in_force, on="event", how="anti")
        return [
            job.address(Objection(code="event.not-filed", ordinal=ordinal, column="event", facts={"event": event}))
            for event, ordinal in unfiled.select("event", "ordinal").iter_rows()
        ]
    again = firsts.join(filed.group_by("event").agg(pl.col("entry").max()), on="event")
    if not again.height:
        return []
    same = _same_content(job, again["event"])
    return [
        job.address(
            Objection(
                code="event.exists" if event in same else "event.exists-with-other-content",
                ordinal=ordinal,
                column="event",
                facts={"event": event, "entry": entry},
            ),
        )
        for event, ordinal, entry in again.sort("ordinal").select("event", "ordinal", "entry").iter_rows()
    ]


def _same_content(job: _Job, events: pl.Series) -> set[str]:
    """Those of the events whose rows in force are the same, cell by cell."""
    columns = ",".join(f'l."{name}"' for name in CELLS)
    stored = job.store.database.frame_in(
        f"SELECT {columns} FROM line l WHERE l.organisation = %s AND l.event IN ({{keys}}) ORDER BY l.id",
        events, before=(job.organisation,), schema=dict(CELLS),
    )  # fmt: skip
    mine = job.checked.rows.filter(pl.col("event").is_in(events.implode())).select(*CELLS)
    texts = [frame.select("event", text=cells(frame)).group_by("event").agg("text") for frame in (stored, mine)]
    both = texts[0].join(texts[1], on="event").filter(pl.col("text") == pl.col("text_right"))
    return set(both["event"])


def with_parties(rows: pl.DataFrame, register: Register) -> pl.DataFrame:
    """Adds `party`: the counterparty's id, found by id or by its exact name in the register, else the name as filed."""
    folded = pl.col("counterparty_name").str.strip_chars().str.to_lowercase()
    by_name = folded.replace_strict(register.organisation_by_name, default=None, return_dtype=pl.String())
    # An organisation id holds no slash, and neither may a name that stands for one.
    as_filed = pl.col("counterparty_name").str.replace_all("/", "∕", literal=True)
    return rows.with_columns(party=pl.coalesce("counterparty", by_name, as_filed))


def _name_lots(
    store: Store, head: Head, lines: pl.DataFrame, organisation: str
) -> tuple[pl.DataFrame, pl.DataFrame, list[Objection]]:
    """Gives every line its lot id; returns the lines, the lots that are new, and what was ambiguous."""
    lots_known = head.next_lot > 1
    known = store.known(organisation, lines["lot"].drop_nulls().unique() if lots_known else ())
    named = resolve(lines, organisation=organisation, known=known)
    wanted = named["name"].drop_nulls().unique(maintain_order=True)
    existing = store.lot_ids(wanted) if lots_known else {}
    fresh = wanted.filter(~wanted.is_in(list(existing))) if existing else wanted
    local = pl.when(pl.col("name").str.contains("://", literal=True) | pl.col("name").str.starts_with("urn:"))
    new = pl.DataFrame({"name": fresh}).select(
        id=pl.int_range(pl.len(), dtype=pl.Int64()) + head.next_lot,
        name="name",
        maker=local.then(pl.lit(organisation)).otherwise(pl.col("name").str.extract("^([^/]*)/", 1)),
        local=local.then("name").otherwise(pl.col("name").str.extract("^[^/]*/(.*)$", 1)),
    )
    ids = pl.concat(
        [
            pl.DataFrame(
                {"name": list(existing), "id": list(existing.values())}, schema={"name": pl.String(), "id": pl.Int64()}
            ),
            new.select("name", "id"),
        ]
    )
    with_ids = named.join(ids, on="name", how="left", maintain_order="left").rename({"lot": "lot_filed", "id": "lot"})
    ambiguous = [
        Objection(code="lot.ambiguous", ordinal=ordinal, column="lot", facts={"lot": lot})
        for ordinal, lot in with_ids.filter("ambiguous").select("ordinal", "lot_filed").iter_rows()
    ]
    return with_ids.drop("ambiguous"), new, ambiguous


def _aliases(store: Store, head: Head, organisation: str, lines: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Provisional lots under this organisation's name that turn out to be the lot it passed on.

    A receiver that files before its trader knows only the trader's bare id. When the trader files, the lot it
    shipped under that id is the one meant, if it is the only one.
    """
    schema = {"lot": pl.Int64(), "target": pl.Int64()}
    own = organisation + "/"
    passed_on = lines.filter(
        pl.col("kind").is_in(["shipment", "title"]) & ~pl.col("name").str.starts_with(own) & pl.col("lot").is_not_null()
    ).select("name", "lot")
    if not passed_on.height or head.next_lot == 1:
        return pl.DataFrame(schema=schema)
    by_local = (
        passed_on.unique()
        .with_columns(local=pl.col("name").str.extract("([^/]*)$", 1))
        .group_by("local", maintain_order=True)
        .agg("lot")
    )
    provisional = store.lot_ids([own + local for local in by_local["local"]])
    made = set(lines.filter(makes_lot())["lot"])
    found = []
    for local, targets in by_local.iter_rows():
        lot = provisional.get(own + local)
        if lot is not None and len(targets) == 1 and lot not in made and not store.is_made(lot):
            found.append((lot, targets[0]))
    return pl.DataFrame(found, schema=schema, orient="row")


def _history(store: Store, head: Head, lines: pl.DataFrame, changed: set[int]) -> tuple[set[int], pl.DataFrame]:
    """The lots whose state the filing may change, and every older line in force about them.

    Lots tied by a reference are projected together, so the set is closed under references.
    """
    touched = changed | set(lines["lot"].drop_nulls())
    if head.next_line == 1:
        return touched, _NO_LINES
    unseen, history, looked_at = touched, _NO_LINES, lines
    while True:
        older = store.lines_of_lots(lot for lot in unseen if lot < head.next_lot)
        history = pl.concat([history, older])
        tied = store.lots_tied(pl.concat([looked_at, older]))
        unseen = tied - touched
        if not unseen:
            return touched, history.unique("line", maintain_order=True)
        touched, looked_at = touched | unseen, _NO_LINES


def _quota(store: Store, organisation: str, state: State, touched: set[int], register: Register) -> list[Problem]:
    """Flags for every quota that stands overdrawn after this filing, and more so than before."""
    new = state.drawdowns.filter(pl.col("organisation") == organisation)
    if not new.height:
        return []

    def per_grant(draws: pl.DataFrame) -> dict[tuple[str, str, str, int], int]:
        totals: dict[tuple[str, str, str, int], int] = {}
        for kind, ore_type, year, reo_mg in draws.select("kind", "ore_type", "year", "reo_mg").iter_rows():
            grant = register.grant_for(organisation, kind, ore_type, year)
            totals[grant] = totals.get(grant, 0) + reo_mg
        return totals

    before = store.drawn(organisation)
    others = before.filter(~pl.col("lot").is_in(list(touched)))
    drawn_before, drawn_after = per_grant(before), per_grant(pl.concat([others, new.select(before.columns)]))
    return [
        problem(
            "quota.exceeded", organisation=organisation, kind=grant[1], year=grant[3],
            over_kg=format_kg(used_mg - register.grants.get(grant, 0)),
        )
        for grant, used_mg in sorted(drawn_after.items())
        if used_mg > register.grants.get(grant, 0) and used_mg > drawn_before.get(grant, 0)
    ]  # fmt: skip


def _append(job: _Job, head: Head, prepared: _Prepared) -> Outcome:
    """Writes the entry and everything that follows from it; the caller's transaction makes it all or nothing."""
    job.say("post", 0.0)
    store, rows, uploads = job.store, job.rows, job.uploads
    flags = [found.as_json() for found in prepared.problems]
    resolved = prepared.lines.select(
        pl.concat_str("name", pl.lit("\t"), "party", pl.lit("\t"), "dry_mg", ignore_nulls=True).fill_null("")
    ).to_series()
    content = sha256(b"".join(upload.content for upload in uploads)).digest()
    envelope = journal.Envelope(
        index=head.size,
        kind="filing",
        filed_at=utc_text(job.filed_at),
        organisation=job.organisation,
        period=job.period,
        corrects=job.corrects,
        rows=len(rows.encoded),
        rows_root=merkle.root_of_leaves(rows.leaves).hex(),
        upload_hash=journal.upload_commitment(content, rows.salt_key) if uploads else None,
        flags_hash=journal.flags_commitment(flags, rows.salt_key),
        # What the rows were taken to mean is outside the leaves, and is bound here.
        facts={"resolved": resolved_commitment(resolved, rows.salt_key)},
    )
    entry, new_head = store.append_entry(head, envelope, digest=rows.digest, rows=len(rows.encoded), flags=flags)
    store.append_rows("lot", prepared.lots)
    leaves = [rows.leaves[start : start + 32] for start in range(0, len(rows.leaves), 32)]
    store.append_rows(
        "line",
        prepared.lines.rename({"line": "id", "lot": "lot_id", "lot_filed": "lot"}).select(
            "id", "entry", "ordinal", "organisation", *CELLS, "dry_mg", "lot_id", "party",
            leaf=pl.Series(leaves, dtype=pl.Binary()),
        ),
    )  # fmt: skip
    store.append_rows("superseded", prepared.superseded)
    store.put_aliases(prepared.aliases)
    store.append_rows(
        "upload",
        pl.DataFrame(
            {
                "entry": [entry.index] * len(uploads),
                "name": [upload.name for upload in uploads],
                "sha256": [sha256(upload.content).hexdigest() for upload in uploads],
                "content": [zlib.compress(upload.content, 1) for upload in uploads],
            },
            schema={"entry": pl.Int64(), "name": pl.String(), "sha256": pl.String(), "content": pl.Binary()},
        ),
    )
    store.replace_state(prepared.state, prepared.touched)
    store.set_head(replace(new_head, next_lot=head.next_lot + prepared.lots.height))
    job.say("post", 1.0)
    return Outcome(entry=entry, problems=tuple(prepared.problems))


def resolved_commitment(resolved: pl.Series, salt_key: bytes) -> str:
    """Commitment to what each row resolved to (lot, party, dry mass), in the order of the rows."""
    content = sha256("\n".join(resolved.to_list()).encode()).digest()
    return journal.commitment(journal.opening_salt(salt_key, "resolved"), content)
