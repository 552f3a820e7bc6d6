"""What inspectors measured, judged by itself: each item with its masses, its composition and its three bags.

What cannot be meant refuses the file. What looks like a slip and may be the truth (a scale whose calibration lapsed,
one that is not in the register) is taken once the row's `note` says why, and stays flagged. Pure: no clock, no books.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Final

import polars as pl

from lodeline.filing.assay import read_compositions
from lodeline.filing.inspection.columns import PARTS, bag_key
from lodeline.filing.inspection.rows import Row, Rows, bounded
from lodeline.filing.rules import percent
from lodeline.ledger.problem import CATALOGUE, Fact, Problem, problem
from lodeline.ledger.register import Register
from lodeline.material.composition import SUM_LIMIT_PPB
from lodeline.material.mass import PPB, format_kg, share_mg
from lodeline.material.product import PRODUCTS, product_kind

#: So long does a calibration hold (assumption: a year, as verification of scales in use by JJG 539-2016).
CALIBRATION_DAYS: Final = 365
_WEIGHED_WITH: Final = ("instrument", "calibrated_on", "method")


def remarked(code: str, row: Row, column: str, **facts: Fact) -> Problem:
    """A problem of a row; one that must be confirmed is a flag where the row's note says why."""
    severity = CATALOGUE[code].severity
    if severity == "confirm" and row.text("note"):
        severity = "flag"
    return problem(code, row.at(column), severity=severity, **facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bagged:
    """A part of a sample in its bag."""

    part: str
    bag: str
    gross_mg: int | None
    seal: str | None


@dataclass(frozen=True, kw_only=True)
class Item:
    """One row of measurement. Masses in mg, shares in ppb; `composition` is canonical, None where none was read."""

    row: Row
    composition: str | None

    @property
    def lot(self) -> str:
        return self.row.text("lot") or ""

    @property
    def place(self) -> str:
        return self.row.text("place") or "stock"

    @property
    def outcome(self) -> str:
        return self.row.text("outcome") or "present"

    @property
    def dry_mg(self) -> int | None:
        """Of what was weighed, without its moisture."""
        mass_mg, moisture_ppb = self.row.number("mass_kg"), self.row.number("moisture_pct") or 0
        return None if mass_mg is None else share_mg(mass_mg, PPB - moisture_ppb)

    @cached_property
    def bags(self) -> tuple[Bagged, ...]:
        """The parts of its sample that were taken."""
        return tuple(
            Bagged(
                part=part, bag=bag, gross_mg=self.row.number(f"bag_{part}_kg"), seal=self.row.text(f"bag_{part}_seal"),
            )
            for part in PARTS if (bag := self.row.text(f"bag_{part}")) is not None
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The items of some files, and all that is wrong with them."""

    items: tuple[Item, ...]
    problems: tuple[Problem, ...]

    @property
    def refused(self) -> bool:
        return any(one.severity != "flag" for one in self.problems)


def read_measured(rows: Rows, *, on: date, register: Register) -> Measured:
    """The items that rows are, as measured on a day."""
    assays, problems = compositions(rows.rows, "composition")
    items = tuple(
        Item(row=row, composition=assay) for row, assay in zip(rows.rows, assays, strict=True)
    )  # fmt: skip
    known = methods_for(register)
    found = [
        *rows.problems, *problems,
        *(one for item in items for one in _of_item(item, on, known)),
        *_of_file(items),
    ]  # fmt: skip
    return Measured(items=items, problems=bounded(in_order(found)))


def in_order(problems: Sequence[Problem]) -> list[Problem]:
    """By file and row."""
    return sorted(problems, key=lambda one: (one.where.file or "", one.where.row or 0))


def methods_for(register: Register) -> dict[str, frozenset[str]]:
    """Quantity → the methods that the register knows for it."""
    rows = register.tables["methods"].select("quantity", "id").drop_nulls()
    return {str(quantity): frozenset(found["id"]) for (quantity,), found in rows.group_by("quantity")}


def unknown_methods(text: str, known: frozenset[str]) -> str:
    """Those of several methods, `;` between them, that are not known; "" where all are."""
    named = [one.strip() for one in text.replace("；", ";").split(";") if one.strip()]
    return "; ".join(one for one in named if one not in known)


def compositions(rows: Sequence[Row], column: str) -> tuple[list[str | None], list[Problem]]:
    """The canonical composition that a cell of each row states on the row's basis, and what is wrong with them."""
    stated = [(row.text(column), row.text("basis") or "element") for row in rows]
    pairs = [pair for pair in dict.fromkeys(stated) if pair[0] is not None]
    if not pairs:
        return [None] * len(rows), []
    frame = pl.DataFrame(pairs, schema={"composition": pl.String(), "basis_read": pl.String()}, orient="row")
    read = dict(zip(pairs, read_compositions(frame).texts.iter_rows(named=True), strict=True))
    problems: list[Problem] = []
    for row, pair in zip(rows, stated, strict=True):
        if pair in read and read[pair]["code"] is not None:
            facts: dict[str, Fact] = {"value": str(pair[0]), "total_pct": percent(read[pair]["sum_ppb"])}
            problems.append(problem(read[pair]["code"], row.at(column), severity=None, **facts))
        elif pair in read and PPB < read[pair]["sum_ppb"] <= SUM_LIMIT_PPB:
            facts = {"value": str(pair[0]), "total_pct": percent(read[pair]["sum_ppb"])}
            problems.append(problem("composition.near-100", row.at(column), severity=None, **facts))
    return [read[pair]["canonical"] if pair in read else None for pair in stated], problems


def _of_item(item: Item, on: date, known: Mapping[str, frozenset[str]]) -> Iterator[Problem]:
    row, mass_mg = item.row, item.row.number("mass_kg")
    for column in ("mass_kg", "declared_kg", *(f"bag_{part}_kg" for part in PARTS)):
        stated = row.number(column)
        if stated is not None and stated < 0:
            yield problem("mass.negative", row.at(column), value=format_kg(stated))
    product = row.text("product")
    if product is not None and product_kind(product) not in PRODUCTS:
        yield problem("product.unknown", row.at("product"), value=product)
    if item.outcome == "present":
        if mass_mg == 0:
            yield problem("inspection.weighs-nothing", row.at("mass_kg"), lot=item.lot)
    else:
        for column in ("mass_kg", "composition", *(f"bag_{part}" for part in PARTS)):
            if row.cells.get(column) is not None:
                yield problem("inspection.not-there", row.at(column), outcome=item.outcome, column=column)
        if item.outcome == "shipped" and not row.text("note"):
            yield problem("inspection.shipped-without-document", row.at("note"), lot=item.lot)
    if mass_mg is not None:
        yield from _weighed(item, on, known)
    elif row.number("moisture_pct") is not None and row.missing("mass_kg"):
        yield problem("inspection.cell-missing", row.at("mass_kg"), column="mass_kg")
    if row.cells.get("composition") is not None:
        yield from _assayed(row, "assay_method", known)
    for part in PARTS:
        if row.missing(f"bag_{part}") and any(
            row.cells.get(f"bag_{part}_{what}") is not None for what in ("kg", "seal")
        ):
            yield problem("inspection.cell-missing", row.at(f"bag_{part}"), column=f"bag_{part}")


def _weighed(item: Item, on: date, known: Mapping[str, frozenset[str]]) -> Iterator[Problem]:
    row = item.row
    for column in _WEIGHED_WITH:
        if row.missing(column):
            yield problem("inspection.cell-missing", row.at(column), column=column)
    method = row.text("method")
    if method is not None and (unknown := unknown_methods(method, known.get("weighing", frozenset()))):
        yield remarked("inspection.method-unknown", row, "method", value=unknown)
    calibrated = row.cells.get("calibrated_on")
    if not isinstance(calibrated, date):
        return
    facts: dict[str, Fact] = {
        "instrument": row.text("instrument") or "", "calibrated_on": calibrated.isoformat(), "on": on.isoformat(),
    }  # fmt: skip
    if calibrated > on:
        yield problem("inspection.calibrated-later", row.at("calibrated_on"), severity=None, **facts)
    elif (on - calibrated).days > CALIBRATION_DAYS:
        days = (on - calibrated).days
        yield remarked("inspection.calibration-lapsed", row, "calibrated_on", **facts, days=days, most=CALIBRATION_DAYS)


def _assayed(row: Row, column: str, known: Mapping[str, frozenset[str]]) -> Iterator[Problem]:
    method = row.text(column)
    if method is None:
        if row.missing(column):
            yield problem("inspection.cell-missing", row.at(column), column=column)
    elif unknown := unknown_methods(method, known.get("assay", frozenset())):
        yield remarked("inspection.method-unknown", row, column, value=unknown)


def _of_file(items: Sequence[Item]) -> Iterator[Problem]:
    """What rows say against each other: an item, a bag or a number of a row that stands twice."""
    seen: dict[tuple[str, ...], int | None] = {}
    bags: dict[str, int | None] = {}
    uids: dict[str, int | None] = {}
    for item in items:
        row, number = item.row, item.row.where.row or 0
        key = (item.lot, item.place, row.text("event") or "")
        if item.lot and key in seen:
            yield problem("inspection.item-twice", row.at("lot"), lot=item.lot, other=seen[key] or 0)
        seen.setdefault(key, number)
        uid = row.text("uid")
        if uid is not None and uid in uids:
            yield problem("inspection.uid-twice", row.at("uid"), uid=uid, other=uids[uid] or 0)
        if uid is not None:
            uids.setdefault(uid, number)
        for one in item.bags:
            if bag_key(one.bag) in bags:
                other = bags[bag_key(one.bag)] or 0
                yield problem("inspection.bag-twice", row.at(f"bag_{one.part}"), bag=one.bag, other=other)
            bags.setdefault(bag_key(one.bag), number)
