"""Bags that change hands: each hand-over is an entry of the log, by whoever held the bag.

A chain that has a gap proves nothing, so nobody hands over what the log says another holds. A seal that was found
broken is what it is: it is taken, stays in the chain, and is shown with every result of that bag.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from lodeline.filing.inspection.columns import bag_key
from lodeline.filing.inspection.measured import in_order
from lodeline.filing.inspection.rows import Row, bounded, read_rows
from lodeline.language import text
from lodeline.ledger.problem import Problem, problem
from lodeline.service.inspections.entering import InTransaction, Paper, Taken, put_all
from lodeline.service.inspections.measuring import flags_of
from lodeline.service.inspections.reading import CUSTODY, Bag, Step
from lodeline.service.inspections.standing import Standing
from lodeline.service.inspections.visits import InspectionError
from lodeline.store.opening import assert_guarded
from lodeline.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """Bags that changed hands. `files`: (name, content) with the columns of docs/reference/inspection-format.md."""

    files: Sequence[tuple[str, bytes]]
    note: str = ""


def hand_over(
    store: Store, handed: HandOver, *, organisations: frozenset[str] | None, filed_at: datetime, today: date, by: str,
    firm: str | None = None, in_transaction: InTransaction | None = None,
) -> Taken:  # fmt: skip
    """Enters hand-overs, a paper for each visit whose bags are among them.

    `organisations`: whose bags whoever enters may hand over; None: anybody's. `firm`: the firm itself enters, which
    speaks of its own part of a sample alone. `in_transaction` as in `measure`.
    """
    assert_guarded(store)
    read = read_rows("custody", handed.files)
    found = [*read.problems, *(one for row in read.rows for one in _of_row(row, today))]
    if any(one.severity != "flag" for one in found):
        return Taken(problems=bounded(in_order(found)))
    if not read.rows:
        raise InspectionError(text("The file has no rows."))
    standing = Standing.of(store)
    with store.database.transaction():
        head = store.head(lock=True)
        standing.upto(store, head)
        steps, repeated, more = _against_log(read.rows, standing, organisations, firm)
        problems = bounded(in_order([*found, *more]))
        if any(one.severity != "flag" for one in problems) or not steps:
            return Taken(problems=problems, repeated=repeated)
        wanted = [
            _paper(bags, steps, handed, problems) for bags in by_visit(list(dict.fromkeys(bag for bag, _ in steps)))
        ]
        entries = put_all(store, head, wanted, standing=standing, filed_at=filed_at, by=by)
        if in_transaction is not None:
            in_transaction(entries)
    return Taken(entries=tuple(entries), problems=problems, repeated=repeated)


def _paper(bags: Sequence[Bag], steps: Sequence[tuple[Bag, Row]], handed: HandOver, flags: Sequence[Problem]) -> Paper:
    """The hand-overs of the bags of one visit."""
    first, own = bags[0], {bag_key(bag.bag) for bag in bags}
    return Paper(
        act=CUSTODY, organisation=first.organisation, site=first.site, on=first.on, note=handed.note,
        content={
            "plan": first.plan, "bags": [_as_paper(row) for bag, row in steps if bag_key(bag.bag) in own],
            "flags": flags_of(flags, [row for bag, row in steps if bag_key(bag.bag) in own]),
        },
    )  # fmt: skip


def by_visit(bags: Sequence[Bag]) -> list[list[Bag]]:
    """Bags together with the others of the same visit, in the order given."""
    found: dict[tuple[object, ...], list[Bag]] = {}
    for bag in bags:
        found.setdefault((bag.organisation, bag.site, bag.on, bag.plan), []).append(bag)
    return list(found.values())


def same_holder(one: str, other: str) -> bool:
    """Whether two names of who holds a bag are the same, but for capitals and blanks."""
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def _of_row(row: Row, today: date) -> Iterator[Problem]:
    at = row.text("at")
    if at is not None and at[:10] > today.isoformat():
        yield problem("inspection.day-not-come", row.at("at"), date=at[:10])


def _against_log(
    rows: Sequence[Row], standing: Standing, organisations: frozenset[str] | None, firm: str | None
) -> tuple[list[tuple[Bag, Row]], dict[str, int], list[Problem]]:
    """The hand-overs that are new, in order; those that stand already; and what the log says against them."""
    bags = standing.bags
    taken = dict(bags)
    steps: list[tuple[Bag, Row]] = []
    repeated: dict[str, int] = {}
    problems: list[Problem] = []
    for row in sorted(rows, key=lambda row: row.text("at") or ""):
        key = bag_key(str(row.text("bag")))
        bag, step = taken.get(key), _as_paper(row)
        if bag is None or (organisations is not None and bag.organisation not in organisations):
            problems.append(problem("inspection.bag-unknown", row.at("bag"), bag=step["bag"]))
            continue
        if firm is not None and bag.part != "firm":
            facts = {"bag": bag.bag, "part": bag.part, "side": "firm"}
            problems.append(problem("inspection.part-of-another", row.at("bag"), severity=None, **facts))
            continue
        stood = next((one for one in bag.chain if _same(one, step)), None)
        if stood is not None:
            repeated[f"{bag.bag} {step['at']}"] = stood.entry
            continue
        problems += _of_step(row, bag, step)
        taken[key] = replace(bag, chain=(*bag.chain, _step(step)))
        steps.append((bags[key], row))
    return steps, repeated, problems


def _of_step(row: Row, bag: Bag, step: Mapping[str, Any]) -> Iterator[Problem]:
    if not same_holder(bag.holder, step["from"]):
        yield problem("inspection.not-the-holder", row.at("from"), bag=bag.bag, giver=step["from"], holder=bag.holder)
    since = bag.chain[-1].at if bag.chain else bag.on.isoformat()
    if step["at"][:10] < since[:10] or (len(step["at"]) == len(since) and step["at"] < since):
        yield problem("inspection.handed-before", row.at("at"), bag=bag.bag, at=step["at"], since=since)
    if not step["seal_intact"]:
        yield problem("inspection.seal-broken", row.at("seal_intact"), bag=bag.bag, seal=bag.seal or "")


def _as_paper(row: Row) -> dict[str, Any]:
    return {
        "bag": row.text("bag"), "from": row.text("from"), "to": row.text("to"), "at": row.text("at"),
        "seal_intact": row.text("seal_intact") == "yes", "note": row.text("note") or "",
    }  # fmt: skip


def _step(step: Mapping[str, Any]) -> Step:
    return Step(
        entry=-1, giver=step["from"], taker=step["to"], at=step["at"], seal_intact=step["seal_intact"],
        note=step["note"],
    )  # fmt: skip


def _same(one: Step, step: Mapping[str, Any]) -> bool:
    return (one.giver, one.taker, one.at, one.seal_intact) == (
        step["from"],
        step["to"],
        step["at"],
        step["seal_intact"],
    )
