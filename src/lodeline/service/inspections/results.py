"""What laboratories found in the bags of a visit, and in the reference materials between them, as entries of the log.

A laboratory's list may hold bags of many visits: each visit has its own paper, which its firm may read, and reference
materials one of their own, which is about nobody. A result is of a bag that was taken, on a day after it was; a
laboratory to which nobody handed the bag is remarked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from lodeline.filing.inspection.analysed import Analysis, read_analysed, suspected
from lodeline.filing.inspection.columns import bag_key
from lodeline.filing.inspection.measured import in_order, remarked
from lodeline.filing.inspection.rows import bounded, read_rows
from lodeline.language import text
from lodeline.ledger.problem import Problem, problem
from lodeline.material.assay import shares_of
from lodeline.service.inspections.booked import compositions_of
from lodeline.service.inspections.custody import by_visit, same_holder
from lodeline.service.inspections.entering import InTransaction, Paper, Taken, put_all
from lodeline.service.inspections.measuring import flags_of
from lodeline.service.inspections.reading import PART_OF, RESULT, Bag, Side
from lodeline.service.inspections.standing import Standing, analysis_key
from lodeline.service.inspections.visits import InspectionError
from lodeline.store.opening import assert_guarded
from lodeline.store.store import Store

LABORATORY_CHARACTERS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a laboratory hands in, or somebody for it. `side`: for whom it analysed; `files`: (name, content) with the
    columns of docs/reference/inspection-format.md."""

    laboratory: str
    side: Side
    files: Sequence[tuple[str, bytes]]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """An analysis with the bag it is of; None: of a reference material."""

    analysis: Analysis
    bag: Bag | None

    def as_paper(self) -> dict[str, Any]:
        """The row of the paper."""
        row = self.analysis.row
        analysed = row.cells.get("analysed_on")
        return {
            "bag": self.bag.bag if self.bag else None, "reference_material": self.analysis.reference_material,
            "name": self.bag.name if self.bag else None, "composition": self.analysis.composition,
            "certified": self.analysis.certified, "method": row.text("method"),
            "analysed_on": analysed.isoformat() if isinstance(analysed, date) else None, "note": row.text("note"),
            "extra": dict(row.extra),
        }  # fmt: skip


def report_results(
    store: Store, report: Report, *, organisations: frozenset[str] | None, filed_at: datetime, today: date, by: str,
    in_transaction: InTransaction | None = None,
) -> Taken:  # fmt: skip
    """Enters a laboratory's results, a paper for each visit whose bags are among them.

    `organisations`: whose bags whoever enters may speak of; None: anybody's. `in_transaction` as in `measure`.
    """
    assert_guarded(store)
    laboratory = " ".join(report.laboratory.split())
    if not laboratory or len(laboratory) > LABORATORY_CHARACTERS:
        raise InspectionError(text("Name the laboratory."))
    register = store.register(store.head())
    read = read_analysed(read_rows("results", report.files), today=today, register=register)
    if read.refused:
        return Taken(problems=read.problems)
    if not read.analyses:
        raise InspectionError(text("The file has no rows."))
    standing = Standing.of(store)
    bags = standing.bags
    stated = compositions_of(store, [bags[key].name for key in _keys(read.analyses) if key in bags])
    with store.database.transaction():
        head = store.head(lock=True)
        standing.upto(store, head)
        found, repeated, more = _against_log(
            read.analyses, standing, side=report.side, laboratory=laboratory, organisations=organisations, stated=stated
        )
        problems = bounded(in_order([*read.problems, *more]))
        if any(one.severity != "flag" for one in problems) or not found:
            return Taken(problems=problems, repeated=repeated)
        wanted = _papers(found, report, laboratory, problems, today)
        entries = put_all(store, head, wanted, standing=standing, filed_at=filed_at, by=by)
        if in_transaction is not None:
            in_transaction(entries)
    return Taken(entries=tuple(entries), problems=problems, repeated=repeated)


def _keys(analyses: Sequence[Analysis]) -> set[str]:
    return {bag_key(one.bag) for one in analyses if one.bag is not None}


def _papers(
    found: Sequence[_Found], report: Report, laboratory: str, flags: Sequence[Problem], today: date
) -> Iterator[Paper]:
    """A paper for each visit, and one for the reference materials."""
    frame = {"laboratory": laboratory, "side": report.side}
    for bags in by_visit(list({bag_key(one.bag.bag): one.bag for one in found if one.bag}.values())):
        first, names = bags[0], {bag.bag for bag in bags}
        own = [one for one in found if one.bag is not None and one.bag.bag in names]
        yield Paper(
            act=RESULT, organisation=first.organisation, site=first.site, on=first.on, note=report.note,
            content={**frame, "plan": first.plan, **_rows(own, flags)},
        )  # fmt: skip
    of_none = [one for one in found if one.bag is None]
    if of_none:
        yield Paper(
            act=RESULT, organisation=None, site=None, on=today, note=report.note,
            content={**frame, "plan": None, **_rows(of_none, flags)},
        )  # fmt: skip


def _rows(found: Sequence[_Found], flags: Sequence[Problem]) -> dict[str, Any]:
    return {
        "rows": [one.as_paper() for one in found], "flags": flags_of(flags, [one.analysis.row for one in found]),
    }  # fmt: skip


def _against_log(
    analyses: Sequence[Analysis], standing: Standing, *, side: Side, laboratory: str,
    organisations: frozenset[str] | None, stated: Mapping[str, str],
) -> tuple[list[_Found], dict[str, int], list[Problem]]:  # fmt: skip
    """The analyses that are new; those that stand already; and what the log says against them."""
    bags = standing.bags
    found: list[_Found] = []
    repeated: dict[str, int] = {}
    problems: list[Problem] = []
    here: dict[str, int] = {}
    for analysis in analyses:
        bag = bags.get(bag_key(analysis.bag)) if analysis.bag is not None else None
        if bag is not None and organisations is not None and bag.organisation not in organisations:
            bag = None
        if analysis.bag is not None and bag is None:
            problems.append(problem("inspection.bag-unknown", analysis.row.at("bag"), bag=analysis.bag))
            continue
        one = _Found(analysis=analysis, bag=bag)
        identity, what = analysis_key(one.as_paper(), laboratory), analysis.bag or str(analysis.reference_material)
        if identity in standing.analyses:
            entry, composition = standing.analyses[identity]
            if composition == analysis.composition:
                repeated[what] = entry
                continue
            problems.append(remarked("inspection.result-again", analysis.row, "bag", bag=what, entry=entry))
        if identity in here:
            problems.append(remarked("inspection.result-twice", analysis.row, "bag", bag=what, other=here[identity]))
        here.setdefault(identity, analysis.row.where.row or 0)
        if bag is not None:
            problems += _of_bag(analysis, bag, side, laboratory, stated.get(bag.name))
        found.append(one)
    return found, repeated, problems


def _of_bag(analysis: Analysis, bag: Bag, side: Side, laboratory: str, stated: str | None) -> Iterator[Problem]:
    """What is wrong with a result of a bag: whose it is, when it was taken, who holds it, what the firm states."""
    row = analysis.row
    lot = row.text("lot")
    if lot is not None and lot not in (bag.lot, bag.name, bag.name.partition("/")[2]):
        yield problem("inspection.result-of-another", row.at("lot"), lot=lot, bag=bag.bag, taken_of=bag.lot)
    analysed = row.cells.get("analysed_on")
    if isinstance(analysed, date) and analysed < bag.on:
        facts = {"bag": bag.bag, "analysed_on": analysed.isoformat(), "on": bag.on.isoformat()}
        yield problem("inspection.analysed-before", row.at("analysed_on"), severity=None, **facts)
    if bag.part != PART_OF[side]:
        # The kept part may stand in for the authority's own; nobody analyses the other side's.
        yield problem(
            "inspection.part-of-another", row.at("bag"), bag=bag.bag, part=bag.part, side=side,
            severity="reject" if "firm" in (bag.part, side) else "flag",
        )  # fmt: skip
    elif side != "firm" and not same_holder(bag.holder, laboratory):
        facts = {"bag": bag.bag, "laboratory": laboratory, "holder": bag.holder}
        yield problem("inspection.not-in-custody", row.at("bag"), severity=None, **facts)
    if bag.broken is not None:
        facts = {"bag": bag.bag, "at": bag.broken.at, "taker": bag.broken.taker}
        yield problem("inspection.seal-was-broken", row.at("bag"), severity=None, **facts)
    if stated is not None and analysis.composition is not None:
        doubt = suspected(row, analysis.column, shares_of(analysis.composition), shares_of(stated))
        if doubt is not None:
            yield doubt
