"""What inspectors counted, weighed and sampled at a visit, as entries of the log that name every item.

An item is one lot at one place on a day. It is judged as the firm's own count would be, against the books of that day
and against what stands in the log of visits; nothing enters while one row is wrong. No book moves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final

from lodeline.filing.inspection.analysed import suspected
from lodeline.filing.inspection.columns import bag_key
from lodeline.filing.inspection.measured import Item, Measured, in_order, read_measured, remarked
from lodeline.filing.inspection.rows import Row, read_rows
from lodeline.journal.entry import canonical_json
from lodeline.language import text
from lodeline.ledger.problem import Fact, Problem, problem
from lodeline.ledger.succession import holders_of
from lodeline.material.assay import shares_of
from lodeline.material.mass import format_kg
from lodeline.service.inspections.booked import Booked, booked, named
from lodeline.service.inspections.entering import InTransaction, Paper, Taken, put_all
from lodeline.service.inspections.reading import MEASUREMENT, plan_paper
from lodeline.service.inspections.standing import Standing, item_key, said
from lodeline.service.inspections.visits import (
    NOTE_CHARACTERS,
    Inspection,
    InspectionError,
    inspections,
    standing_seals,
)
from lodeline.store.opening import assert_guarded
from lodeline.store.queries.filing import first_filings_of
from lodeline.store.store import Store

#: So many times more, or less, than what was declared or stands in the book is another unit, unless the note says not.
UNUSUAL_TIMES: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighing:
    """What an inspector hands in of one visit. `files`: (name, content) of CSV, XLSX or JSON with the columns of
    docs/reference/inspection-format.md; `plan`: entry of the plan that the visit follows."""

    site: str
    on: date
    files: Sequence[tuple[str, bytes]]
    plan: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """An item with the lot that it means."""

    item: Item
    name: str
    uid: str
    book: Booked | None


def measure(
    store: Store, weighing: Weighing, *, organisation: str, filed_at: datetime, today: date, by: str,
    in_transaction: InTransaction | None = None,
) -> Taken:  # fmt: skip
    """Enters what was measured at a site of the organisation. `by`: the pseudonym of the inspector.

    `in_transaction` is done in the transaction that writes the entry; it locks nothing. Raises InspectionError for what
    is said of the visit as a whole; problems of rows are values, each with its place.
    """
    assert_guarded(store)
    plan = _checked(store, weighing, organisation, today)
    register = store.register(store.head())
    read = read_measured(read_rows("measurement", weighing.files), on=weighing.on, register=register)
    if read.refused:
        return Taken(problems=read.problems)
    if not read.items:
        raise InspectionError(text("The file has no rows."))
    items, problems = _named(store, read, weighing, organisation, plan)
    owners = frozenset(holders_of(register, weighing.site)) - {organisation}
    filed = weighing.on.isoformat()[:7] in first_filings_of(store, organisation)
    problems += [one for item in items for one in _against_books(item, owners, filed=filed)]
    problems += _seals(items, inspections(store, [organisation], site=weighing.site))
    if any(one.severity != "flag" for one in problems):
        return Taken(problems=tuple(in_order([*read.problems, *problems])))
    standing = Standing.of(store)
    with store.database.transaction():
        head = store.head(lock=True)
        standing.upto(store, head)
        repeated, found = _against_log(items, standing, weighing, organisation)
        flags = tuple(in_order([*read.problems, *problems, *found]))
        fresh = [one for one in items if one.uid not in repeated]
        if any(one.severity != "flag" for one in flags) or not fresh:
            return Taken(problems=flags, repeated=repeated)
        paper = Paper(
            act=MEASUREMENT, organisation=organisation, site=weighing.site, on=weighing.on, note=weighing.note,
            content={
                "plan": weighing.plan, "rows": [_row(one) for one in fresh], "samples": _samples(fresh),
                "flags": flags_of(flags, [one.item.row for one in fresh]),
            },
        )  # fmt: skip
        entries = put_all(store, head, [paper], standing=standing, filed_at=filed_at, by=by)
        if in_transaction is not None:
            in_transaction(entries)
    return Taken(entries=tuple(entries), problems=flags, repeated=repeated)


def flags_of(problems: Sequence[Problem], rows: Iterable[Row]) -> list[dict[str, Any]]:
    """What was remarked about some rows when they were taken, as their paper keeps it: code, row, column and facts.

    What was remarked about others is not: a file may hold rows about several firms.
    """
    own = {(row.where.file, row.where.row) for row in rows}
    return [
        {"code": one.code, "row": one.where.row, "column": one.where.column, "facts": dict(one.facts)}
        for one in problems if (one.where.file, one.where.row) in own
    ]  # fmt: skip


def _checked(store: Store, weighing: Weighing, organisation: str, today: date) -> Mapping[str, Any] | None:
    """The plan, where one is named, and whether the visit may be at all."""
    if weighing.on > today:
        raise InspectionError(text("The day of the visit has not come yet."))
    if len(weighing.note) > NOTE_CHARACTERS:
        raise InspectionError(text("Write at most {note_characters} characters.", note_characters=NOTE_CHARACTERS))
    if not weighing.files:
        raise InspectionError(text("Give the rows, or a file with them."))
    if weighing.plan is None:
        return None
    plan = plan_paper(store, weighing.plan)
    if plan is None or (plan["organisation"], plan["site"]) != (organisation, weighing.site):
        raise InspectionError(text("Entry {plan} is no plan for a visit to this site.", plan=weighing.plan))
    return plan


def _named(
    store: Store, read: Measured, weighing: Weighing, organisation: str, plan: Mapping[str, Any] | None
) -> tuple[list[_Named], list[Problem]]:
    """Each item with its lot: as the plan labels it, else as the firm's own count would mean it."""
    planned = _labels(plan)
    others = [(one.lot, one.row.text("product")) for one in read.items]
    meant = named(store, others, organisation=organisation, on=weighing.on)
    problems: list[Problem] = []
    names: list[str] = []
    for item, found in zip(read.items, meant, strict=True):
        name = planned.get(item.lot)
        if name is None and isinstance(found, tuple):
            problems.append(problem("lot.ambiguous", item.row.at("lot"), lot=item.lot, candidates=", ".join(found)))
        names.append(name or (found if isinstance(found, str) else found[0]))
    books = booked(store, names, site=weighing.site, on=weighing.on)
    items = [
        _Named(item=item, name=name, uid=item.row.text("uid") or _uid(item, weighing), book=books.get(name))
        for item, name in zip(read.items, names, strict=True)
    ]
    seen: dict[tuple[str, str, str | None], int] = {}
    for one in items:
        key = (one.name, one.item.place, one.item.row.text("event"))
        if key in seen:
            problems.append(problem("inspection.item-twice", one.item.row.at("lot"), lot=one.name, other=seen[key]))
        seen.setdefault(key, one.item.row.where.row or 0)
        if one.item.row.text("product") is None and (one.book is None or one.book.product is None):
            problems.append(problem("inspection.cell-missing", one.item.row.at("product"), column="product"))
        problems += _planned_elsewhere(one, plan)
    return items, problems


def _planned_elsewhere(one: _Named, plan: Mapping[str, Any] | None) -> Iterator[Problem]:
    """Bags that the plan gave to another item: two labels were exchanged."""
    if plan is None:
        return
    given = {bag_key(bag): item for item in plan["items"] for bag in item.get("bags", ())}
    for bagged in one.item.bags:
        item = given.get(bag_key(bagged.bag))
        if item is not None and item["lot"] != one.name:
            facts: dict[str, Fact] = {"bag": bagged.bag, "planned": item["label"] or item["lot"], "lot": one.item.lot}
            column = f"bag_{bagged.part}"
            yield remarked("inspection.bag-planned-elsewhere", one.item.row, column, **facts)


def _labels(plan: Mapping[str, Any] | None) -> dict[str, str]:
    """What a plan calls its lots → their names; a label that two of them bear means neither."""
    if plan is None:
        return {}
    pairs = {(text, item["lot"]) for item in plan["items"] for text in (item["lot"], item["label"]) if text}
    labels = [label for label, _ in pairs]
    return {label: name for label, name in pairs if labels.count(label) == 1}


def _uid(item: Item, weighing: Weighing) -> str:
    """What a row that came without a number is told again by: all that it says, where and when."""
    said = [weighing.site, weighing.on.isoformat(), weighing.plan, _content(item)]
    return sha256(canonical_json(said)).hexdigest()[:32]


def _content(item: Item) -> dict[str, Any]:
    cells = {name: value.isoformat() if isinstance(value, date) else value for name, value in item.row.cells.items()}
    return {**cells, "extra": dict(item.row.extra)}


def _against_books(one: _Named, others: frozenset[str], *, filed: bool) -> Iterator[Problem]:
    """What the firm's books of that day say against a row. `others`: who holds or held the site beside the firm."""
    item, row, book = one.item, one.item.row, one.book
    if book is None:
        # Of a month that is not filed yet, nothing new is in the books, and that is no slip.
        found = remarked("inspection.item-unknown", row, "lot", lot=item.lot, name=one.name)
        yield found if filed else problem(found.code, found.where, severity="flag", **found.facts)
        return
    # Goods of a customer are in the firm's hands; those of another holder of the site are the other's to answer for.
    if foreign := sorted(others & book.owners):
        yield remarked("inspection.lot-of-another", row, "lot", lot=item.lot, owner=", ".join(foreign))
    if item.place == "stock":
        yield from _whereabouts(one, book, filed=filed)
    mass_mg, declared_mg = row.number("mass_kg"), row.number("declared_kg")
    usual_mg = declared_mg or book.held_mg
    if mass_mg and usual_mg and not 1 / UNUSUAL_TIMES < mass_mg / usual_mg < UNUSUAL_TIMES:
        facts = {"mass_kg": format_kg(mass_mg), "usual_kg": format_kg(usual_mg)}
        yield remarked("inspection.mass-unusual", row, "mass_kg", **facts)
    if item.composition and book.composition:
        found_shares, stated = shares_of(item.composition), shares_of(book.composition)
        doubt = suspected(row, "composition", found_shares, stated)
        if doubt is not None:
            yield doubt


def _seals(items: Sequence[_Named], before: Sequence[Inspection]) -> Iterator[Problem]:
    """Items that were sealed before, and do not bear that seal now."""
    sealed: dict[str, list[str]] = {}
    for number, (on, _) in standing_seals(before).items():
        sealed.setdefault(on, []).append(number)
    for one in items:
        row, seals = one.item.row, sealed.get(one.name, [])
        if one.item.outcome == "present" and seals and row.text("seal") not in seals:
            facts: dict[str, Fact] = {"seal": ", ".join(seals), "lot": one.item.lot, "found": row.text("seal") or "–"}
            yield problem("inspection.seal-differs", row.at("seal"), severity=None, **facts)


def _whereabouts(one: _Named, book: Booked, *, filed: bool) -> Iterator[Problem]:
    item, row = one.item, one.item.row
    gone = not book.held_mg and book.left_on is not None
    if gone and item.outcome != "shipped":
        code = "inspection.gone-and-absent" if item.outcome == "absent" else "inspection.gone-and-present"
        yield remarked(code, row, "outcome", lot=item.lot, left_on=str(book.left_on))
    if item.outcome == "shipped" and book.held_mg and filed:
        held = format_kg(book.held_mg)
        yield problem("inspection.shipped-not-filed", row.at("outcome"), lot=item.lot, held_kg=held)


def _against_log(
    items: Sequence[_Named], standing: Standing, weighing: Weighing, organisation: str
) -> tuple[dict[str, int], list[Problem]]:
    """Which rows stand already and in which entry; and what the log says against the others."""
    visit = (organisation, weighing.site, weighing.on.isoformat())
    repeated: dict[str, int] = {}
    problems: list[Problem] = []
    for one in items:
        row = one.item.row
        if one.uid in standing.rows:
            entry, before = standing.rows[one.uid]
            repeated[one.uid] = entry
            if before != said(_row(one), _samples([one])):
                problems.append(problem("inspection.uid-stands", row.at("uid"), uid=one.uid, entry=entry))
            continue
        key = (*visit, *item_key(_row(one)))
        if key in standing.items:
            entry = standing.items[key]
            problems.append(problem("inspection.item-again", row.at("lot"), lot=one.item.lot, entry=entry))
        problems += _bags_that_stand(one, standing, visit)
    return repeated, problems


def _bags_that_stand(one: _Named, standing: Standing, visit: tuple[str, ...]) -> Iterator[Problem]:
    for bagged in one.item.bags:
        at = one.item.row.at(f"bag_{bagged.part}")
        bag = standing.bags.get(bag_key(bagged.bag))
        part = standing.parts.get((*visit, one.name, bagged.part))
        if bag is not None:
            yield problem("inspection.bag-stands", at, bag=bagged.bag, entry=bag.entry)
        elif part is not None:
            yield problem("inspection.part-twice", at, value=bagged.bag, bags=f"{part}, {bagged.bag}")


def _row(one: _Named) -> dict[str, Any]:
    """A row as the paper has it."""
    row, book = one.item.row, one.book
    calibrated = row.cells.get("calibrated_on")
    return {
        "uid": one.uid, "lot": one.item.lot, "name": one.name,
        "product": row.text("product") or (book.product if book else None), "place": one.item.place,
        "event": row.text("event"), "outcome": one.item.outcome, "declared_mg": row.number("declared_kg"),
        "declared_dry_mg": _declared_dry(one), "mass_mg": row.number("mass_kg"),
        "moisture_ppb": row.number("moisture_pct"), "dry_mg": one.item.dry_mg, "instrument": row.text("instrument"),
        "calibrated_on": calibrated.isoformat() if isinstance(calibrated, date) else None,
        "method": row.text("method"), "composition": one.item.composition, "assay_method": row.text("assay_method"),
        "seal": row.text("seal"), "note": row.text("note"), "extra": dict(row.extra),
    }  # fmt: skip


def _declared_dry(one: _Named) -> int | None:
    """What was declared, dry: by the firm's own moisture of the lot, else by what the inspector measured."""
    declared_mg = one.item.row.number("declared_kg")
    if declared_mg is None:
        return None
    if one.book is not None and one.book.dry_of_net is not None:
        dry_mg, net_mg = one.book.dry_of_net
        return declared_mg * dry_mg // net_mg
    moisture_ppb = one.item.row.number("moisture_pct") or 0
    return declared_mg * (1_000_000_000 - moisture_ppb) // 1_000_000_000


def _samples(items: Sequence[_Named]) -> list[dict[str, Any]]:
    return [
        {"bag": bag.bag, "name": one.name, "part": bag.part, "gross_mg": bag.gross_mg, "seal": bag.seal}
        for one in items for bag in one.item.bags
    ]  # fmt: skip
