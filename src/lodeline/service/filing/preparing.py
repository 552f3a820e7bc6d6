"""A checked filing judged against what is held as of one head: its lots and parties named, every objection found.

Nothing is written here. `service.filing.posting` appends what was prepared if the head has not moved.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cached_property
from typing import Final

import polars as pl

from lodeline.filing.canonical import cells, digest
from lodeline.filing.check import LISTED_LIMIT, Checked
from lodeline.filing.schema import CELLS
from lodeline.journal import entry as journal
from lodeline.journal import merkle
from lodeline.journal.certification import Certification
from lodeline.ledger.admission import DEFAULT_WEIGHING, Objection, judge
from lodeline.ledger.extension import due
from lodeline.ledger.movement import LINE, plain_rows
from lodeline.ledger.parallel_run import in_parallel_run
from lodeline.ledger.problem import CATALOGUE, Problem, Where, problem
from lodeline.ledger.register import Register
from lodeline.ledger.resolution import Resolved, maker_and_local, resolve
from lodeline.ledger.state import State
from lodeline.ledger.succession import former_holders
from lodeline.material.mass import format_kg
from lodeline.regulation.duty import period_of
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.entries.history import NO_LINES, projected, tied_history
from lodeline.service.entries.salt import salt_key
from lodeline.service.entries.upload import Upload
from lodeline.service.licences.export_licences import licence_flags, missing_licence_flags
from lodeline.service.lots.lot_naming import LotNaming
from lodeline.store.queries.filing import events_in_force
from lodeline.store.queries.licences import named_by
from lodeline.store.store import Head, Store, StoredEntry

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """The canonical bytes of a filing's rows and their digest: what does not even depend on the store."""

    rows: pl.Series
    digest: str


def encode(checked: Checked) -> Encoded:
    """Encodes the rows of a filing; may be done ahead, in another process."""
    text = cells(checked.rows)
    return Encoded(rows=text.cast(pl.Binary), digest=digest(text))


# Without slots: a million leaves are hashed once, and only if they are needed.
@dataclass(frozen=True, kw_only=True)
class Job:
    """A filing on its way into one store: what stays the same however often the head moves."""

    store: Store
    checked: Checked
    organisation: str
    period: str
    corrects: int | None
    filed_at: datetime
    law: Jurisdiction
    uploads: Sequence[Upload]
    encoded: Encoded
    certification: Certification | None
    progress: Progress
    in_transaction: Callable[[StoredEntry], None]
    problems_shown: Sequence[Problem] | None = None

    @property
    def salt_key(self) -> bytes:
        """The key of the row salts: what identifies the filing for ever is its place."""
        return salt_key(self.store, self.organisation, self.period, self.corrects, self.encoded.digest)

    @cached_property
    def leaves(self) -> bytes:
        """The leaf hashes of the rows, joined."""
        return journal.row_leaves(self.encoded.rows, self.salt_key)

    @cached_property
    def sealed(self) -> tuple[str, int, str]:
        """What an envelope says of the content, as `rows_root_of` gives it."""
        return sealed(self.encoded, self.leaves, self.salt_key)

    def address(self, objection: Objection) -> Problem:
        """An objection with its place; one that must be confirmed is only a flag where its row gives a reason."""
        severity = CATALOGUE[objection.code].severity
        where = Where()
        if objection.ordinal is not None:
            rows, ordinal = self.checked.rows, objection.ordinal
            source = self.checked.sources[rows["source"][ordinal]]
            where = Where(file=source.file, sheet=source.sheet, row=rows["row"][ordinal], column=objection.column)
            if severity == "confirm" and (rows["reason"][ordinal] or objection.only_flag):
                severity = "flag"
        return problem(objection.code, where, severity=severity, **objection.facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A filing judged against one head; ready to append unless it is refused."""

    lines: pl.DataFrame
    lots: pl.DataFrame
    superseded: list[tuple[str, str, int, int]]
    state: State
    touched: set[int]
    problems: list[Problem]
    #: Licences on which the filing draws, or did before it was corrected.
    licences: set[str]

    @property
    def refused(self) -> bool:
        """Something stands in the way that is more than a flag."""
        return any(found.severity != "flag" for found in self.problems)


def sealed(encoded: Encoded, leaves: bytes, key: bytes) -> tuple[str, int, str]:
    return journal.digest_commitment(encoded.digest, key), len(encoded.rows), merkle.root_of_leaves(leaves).hex()


def prepare(job: Job, head: Head) -> Prepared:
    """Judges the filing against the ledger as of `head`."""
    store, checked, organisation, corrects = job.store, job.checked, job.organisation, job.corrects
    register = store.register(head)
    problems = [*checked.problems, *_timing(job, register), *_correction(job)]
    events = list(dict.fromkeys(checked.rows["event"].to_list()))
    filed = store.books.filed_events(organisation, events) if head.size else {}
    problems += _events(job, filed)
    job.progress("admit", 0.1)
    placed = _with_places(checked.rows, organisation, head, register)
    lines, lots, resolved = _name_lots(store, head, placed, organisation)
    names = _FilerNames(store, lines, lots, organisation)
    problems += _addressed(job, _unsettled_names(lines, resolved, names))
    superseded = sorted(filed.items()) if corrects is not None else []
    replaced = store.books.lines_of_events(organisation, [event for event, _ in superseded]) if superseded else NO_LINES
    problems += _restated(job, replaced)
    in_force = lines[[*LINE]]
    if corrects is not None:
        in_force = in_force.filter(pl.col("kind") != "void")
    changed = {*in_force["lot"].drop_nulls().to_list(), *replaced["lot"].drop_nulls().to_list()}
    touched, history = tied_history(store, head, in_force, changed)
    if superseded:
        history = history.filter(~pl.col("line").is_in(replaced["line"].implode()))
    job.progress("admit", 0.5)
    state = projected(store, history, touched, in_force)
    kinds = set(lines["kind"].to_list())
    counted = "stock" in kinds
    objections = (
        []
        if job.problems_shown is not None
        else judge(
            in_force,
            state,
            organisation=organisation,
            register=register,
            names=names,
            earlier=_Earlier(store, organisation, in_force.height),
            held_at_sites=_held_at(store, register, in_force, state, touched) if counted else NOTHING_HELD,
        )
    )
    problems += _addressed(job, objections)
    withdrawn = [event for event, _ in superseded]
    exported = lines.filter(pl.col("kind") == "export") if "export" in kinds else lines.clear()
    exports = exported.filter(pl.col("licence").is_not_null()) if exported.height else exported
    licences = set(exports["licence"]) | (named_by(store, organisation, withdrawn) if withdrawn else set())
    if job.problems_shown is None:
        problems += _quota(store, organisation, state, touched, register)
        problems += _addressed(
            job,
            licence_flags(
                store, register, rows=exports, organisation=organisation, withdrawn=withdrawn, lots=state.lots
            ),
        )
        bare = exported.filter(pl.col("licence").is_null()) if exported.height else exported
        problems += _addressed(job, missing_licence_flags(register, job.law, rows=bare, lots=state.lots))
    else:
        problems = [*job.problems_shown, *_correction(job), *_events(job, filed)]
    problems += _not_counted(job, register, problems)
    return Prepared(
        lines=lines,
        lots=lots,
        superseded=[(organisation, event, entry, head.size) for event, entry in superseded],
        state=state,
        touched=touched,
        problems=problems,
        licences=licences,
    )


def _addressed(job: Job, objections: Sequence[Objection]) -> list[Problem]:
    """The objections with their places; of each code so many are listed, and how many more there are is said once."""
    counts: dict[str, int] = {}
    found = []
    for objection in objections:
        counts[objection.code] = counts.get(objection.code, 0) + 1
        if counts[objection.code] <= LISTED_LIMIT:
            found.append(job.address(objection))
    more = {code: count - LISTED_LIMIT for code, count in counts.items() if count > LISTED_LIMIT}
    return found + [problem("problems.more", code=code, count=count) for code, count in sorted(more.items())]


def _timing(job: Job, register: Register) -> list[Problem]:
    if job.period > period_of(job.filed_at, job.law):
        return [problem("period.future", period=job.period)]
    late_from = due(job.organisation, job.period, job.law, register)
    if late_from is None:
        return [problem("period.before-law", period=job.period)]
    if job.filed_at < late_from or in_parallel_run(job.period, register):
        return []
    filed = job.filed_at.astimezone(late_from.tzinfo)
    # A day ends where the next begins; only a law that ends it at another hour is told with hours.
    whole = late_from.time() == time.min
    due_by, came = (late_from - timedelta(seconds=1), filed) if whole else (late_from, filed)
    form = "%Y-%m-%d" if whole else "%Y-%m-%d %H:%M"
    return [problem("period.late", period=job.period, due=f"{due_by:{form}}", filed=f"{came:{form}}")]


def _not_counted(job: Job, register: Register, problems: Sequence[Problem]) -> list[Problem]:
    """In a parallel run the flags of a filing say that they do not count."""
    run = register.parallel_run
    if run is None or not in_parallel_run(job.period, register) or not any(one.severity == "flag" for one in problems):
        return []
    return [problem("period.parallel-run", period=job.period, until=run.until.isoformat())]


def _correction(job: Job) -> list[Problem]:
    if job.corrects is None:
        return []
    corrects = str(job.corrects)
    target = job.store.entry(job.corrects)
    if target is None or target.kind != "filing" or target.organisation != job.organisation:
        return [problem("correction.unknown-filing", corrects=corrects)]
    if target.period != job.period:
        return [problem("correction.other-period", corrected_period=str(target.period), period=job.period)]
    return []


def _events(job: Job, filed: Mapping[str, int]) -> list[Problem]:
    """An original must bring new events."""
    if not filed or job.corrects is not None:
        return []
    events = job.checked.rows["event"]
    first = {event: ordinal for ordinal, event in reversed(list(enumerate(events)))}
    same = _same_content(job, list(filed))
    return [
        job.address(
            Objection(
                code="event.exists" if event in same else "event.exists-with-other-content",
                ordinal=first[event],
                column="event",
                facts={"event": event, "entry": entry},
            ),
        )
        for event, entry in sorted(filed.items(), key=lambda item: first[item[0]])
    ]


def _restated(job: Job, replaced: pl.DataFrame) -> list[Problem]:
    """A correction withdraws only events in force, and restates only events of its own period."""
    if job.corrects is None:
        return []
    in_force = dict(replaced.filter(pl.col("kind") != "void").select("event", "entry").iter_rows())
    periods = {index: entry.period for index in set(in_force.values()) if (entry := job.store.entry(index))}
    found: dict[str, Problem] = {}
    for ordinal, (event, kind) in enumerate(job.checked.rows.select("event", "kind").iter_rows()):
        period = periods.get(in_force.get(event, -1))
        if kind == "void" and event not in in_force:
            objection = Objection(code="event.not-filed", ordinal=ordinal, column="event", facts={"event": event})
        elif period is not None and period != job.period:
            facts = {"corrected_period": period, "period": job.period}
            objection = Objection(code="correction.other-period", ordinal=ordinal, column="event", facts=facts)
        else:
            continue
        found.setdefault(event, job.address(objection))
    return list(found.values())


def _same_content(job: Job, events: Sequence[str]) -> set[str]:
    """Those of the events whose rows in force are the same, cell by cell."""
    stored = events_in_force(job.store, job.organisation, events)
    mine = job.checked.rows.filter(pl.col("event").is_in(events)).select(*CELLS)
    texts = [frame.select("event", text=cells(frame)).group_by("event").agg("text") for frame in (stored, mine)]
    both = texts[0].join(texts[1], on="event").filter(pl.col("text") == pl.col("text_right"))
    return set(both["event"])


def _with_places(rows: pl.DataFrame, organisation: str, head: Head, register: Register) -> pl.DataFrame:
    """The rows with whom they name and mean, and with the places that they take in the ledger."""
    party = parties(rows, register)
    named = rows.hstack([party, party.alias("party_filed")])
    return register.meant(named).with_columns_seq(
        pl.lit(organisation).alias("organisation"),
        pl.lit(head.size, pl.Int64()).alias("entry"),
        pl.int_range(pl.len(), dtype=pl.UInt32()).alias("ordinal"),
        (pl.int_range(pl.len(), dtype=pl.Int64()) + head.next_line).alias("line"),
    )


def parties(rows: pl.DataFrame, register: Register) -> pl.Series:
    """`party`: the counterparty's id, found by id or by one of its exact names in the register, else the name as filed.

    That is what an entry binds for ever; whom a name means that was decided since says `Register.party_of`.
    """
    known = register.organisation_by_name
    # An organisation id holds no slash, and neither may a name that stands for one.
    columns = ("counterparty", "counterparty_name", "counterparty_other_name")
    meant: dict[tuple[str | None, ...], str | None] = {}
    for one in rows.select(columns).unique().iter_rows():
        party, *names = one
        written = [name for name in names if name is not None]
        by_name = (known[name.strip().casefold()] for name in written if name.strip().casefold() in known)
        meant[one] = party or next(by_name, written[0].replace("/", "∕") if written else None)
    return pl.Series("party", [meant[one] for one in rows.select(columns).iter_rows()], pl.String())


def _name_lots(
    store: Store, head: Head, lines: pl.DataFrame, organisation: str
) -> tuple[pl.DataFrame, pl.DataFrame, Resolved]:
    """Gives every line its lot id; returns the lines, the lots that are new, and how the names were found."""
    asked = store.books if head.next_lot > 1 else None
    resolved = resolve(
        lines, organisation=organisation, known=(lambda wanted: asked.known(organisation, wanted)) if asked else None
    )
    wanted = [name for name in dict.fromkeys(resolved.names) if name is not None]
    ids = asked.lot_ids(wanted) if asked else {}
    fresh = [name for name in wanted if name not in ids]
    makers: dict[str | None, tuple[str | None, str | None]] = {None: (None, None)}
    makers |= {name: maker_and_local(name, organisation) for name in wanted}
    new = pl.DataFrame(
        {
            "id": range(head.next_lot, head.next_lot + len(fresh)),
            "name": fresh,
            "maker": [makers[name][0] for name in fresh],
            "local": [makers[name][1] for name in fresh],
        },
        schema={"id": pl.Int64(), "name": pl.String(), "maker": pl.String(), "local": pl.String()},
    )
    numbers: dict[str | None, int | None] = {None: None}
    numbers |= ids.items()
    numbers |= zip(fresh, range(head.next_lot, head.next_lot + len(fresh)), strict=True)
    found = [
        pl.Series("name", resolved.names, pl.String()),
        pl.Series("lot", [numbers[name] for name in resolved.names], pl.Int64()),
        pl.Series("maker", [makers[name][0] for name in resolved.names], pl.String()),
        pl.Series("local", [makers[name][1] for name in resolved.names], pl.String()),
    ]
    kept = lines[[name for name in lines.columns if name != "lot"]]
    return kept.hstack([lines["lot"].alias("lot_filed"), *found]), new, resolved


def _unsettled_names(lines: pl.DataFrame, resolved: Resolved, names: _FilerNames) -> list[Objection]:
    """Rows whose lot may be several, or is known by a shipment alone that nobody has received."""
    found = []
    unsettled = zip(resolved.ambiguous, resolved.assumed, strict=True)
    for place in [place for place, why in enumerate(unsettled) if why != (None, None)]:
        candidates, shipment = resolved.ambiguous[place], resolved.assumed[place]
        lot, name = lines["lot_filed"][place], resolved.names[place]
        if candidates is not None:
            facts = {"lot": lot, "candidates": ", ".join(map(names.by_name, candidates))}
            found.append(Objection(code="lot.ambiguous", ordinal=place, column="lot", facts=facts))
        elif shipment is not None and name is not None:
            facts = {"lot": lot, "meant": names.by_name(name), "shipment": shipment}
            found.append(Objection(code="lot.without-receipt", ordinal=place, column="lot", facts=facts))
    return found


class _FilerNames:
    """What the filer is told that a lot is called, by its number: as it wrote it, else as it calls it elsewhere."""

    def __init__(self, store: Store, lines: pl.DataFrame, new: pl.DataFrame, organisation: str) -> None:
        self._store, self._lines, self._organisation = store, lines, organisation
        self._new = dict(plain_rows(new, "id", "name"))

    def __call__(self, lot: int) -> str:
        name = self._names.get(lot)
        if name is None:
            name = self._names[lot] = self._new.get(lot) or self._store.books.lot_names([lot])[lot]
        return self.by_name(name)

    def by_name(self, name: str) -> str:
        """The same, by the canonical name."""
        maker, local = maker_and_local(name, self._organisation)
        if maker == self._organisation or name in self._written:
            return name
        return self._lot_naming.lot_name(name, maker, local)

    @cached_property
    def _names(self) -> dict[int, str]:
        """Canonical names by number: those of the rows, and whatever others are asked for."""
        return dict(plain_rows(self._lines, "lot", "name"))

    @cached_property
    def _written(self) -> set[str]:
        """What the rows themselves say: whole names, and those of lots received from who made them."""
        rows = plain_rows(self._lines, "name", "kind", "maker", "party")
        got = {name for name, kind, maker, party in rows if kind == "receipt" and maker is not None and maker == party}
        return {*self._lines["lot_filed"].to_list(), *got, *self._new.values()}

    @cached_property
    def _lot_naming(self) -> LotNaming:
        return LotNaming(self._store, self._organisation)


#: `site`, `lot`, `mass_mg` of no lot.
NOTHING_HELD: Final = pl.DataFrame(schema={"site": pl.String(), "lot": pl.Int64(), "mass_mg": pl.Int64()})


#: What weighing leaves of a lot that was drawn to its end, as a part of the most that was there (accountancy.physical).
_SPENT: Final = 3 * math.sqrt(2) * DEFAULT_WEIGHING


def _held_at(
    store: Store, register: Register, rows: pl.DataFrame, state: State, touched: set[int]
) -> pl.DataFrame:  # fmt: skip
    """`site`, `lot`, `mass_mg`: what is in book at the sites that the rows count, but for what a former holder has not
    delivered yet. What the filing itself is about is in book as it leaves it at the end of the day of the count, but
    for what weighing leaves of a lot that is used up."""
    days = rows.filter(pl.col("kind") == "stock").group_by("site").agg(counted_on=pl.col("on").max())
    moved = (
        state.balanced.join(days, on="site")
        .filter(pl.col("on") <= pl.col("counted_on"))
        .group_by("site", "lot", "owner", maintain_order=True)
        .agg(mass_mg=pl.col("held_mg").last(), most_mg=pl.col("held_mg").max())
        .filter(pl.col("mass_mg") > _SPENT * pl.col("most_mg"))
        .drop("most_mg")
    )
    known = store.books.held_at(days["site"].to_list())
    held = pl.concat([known.filter(~pl.col("lot").is_in(list(touched))), moved.select(known.columns)])
    for site, before in former_holders(register).items():
        held = held.filter((pl.col("site") != site) | ~pl.col("owner").is_in(sorted(before)))
    return held.group_by("site", "lot", maintain_order=True).agg(pl.col("mass_mg").sum())


class _Earlier:
    """The organisation's earlier masses, read only when a mass is in question."""

    def __init__(self, store: Store, organisation: str, judged: int) -> None:
        self._store, self._organisation, self._judged = store, organisation, judged

    def smallest(self) -> dict[tuple[str, str | None], int]:
        """(kind, product) → the smallest positive mass."""
        return self._store.books.smallest_masses(self._organisation, judged=self._judged)

    def masses(self) -> pl.DataFrame:
        """`kind`, `product`, `on`, `mass_mg`."""
        return self._store.books.earlier_masses(self._organisation, judged=self._judged)


def _quota(store: Store, organisation: str, state: State, touched: set[int], register: Register) -> list[Problem]:
    """Flags for every quota that stands overdrawn after this filing, and more so than before."""
    if not state.drawdowns.height:
        return []
    new = state.drawdowns.filter(pl.col("organisation") == organisation)
    if not new.height:
        return []

    def per_grant(draws: pl.DataFrame) -> dict[tuple[str, str, str, int], int]:
        totals: dict[tuple[str, str, str, int], int] = {}
        for kind, ore_type, year, reo_mg in plain_rows(draws, "kind", "ore_type", "year", "reo_mg"):
            grant = register.grant_for(organisation, kind, ore_type, year)
            totals[grant] = totals.get(grant, 0) + reo_mg
        return totals

    before = store.books.drawn(organisation)
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
