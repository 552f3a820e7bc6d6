"""What a laboratory found, judged by itself: one row a bag or reference material, figures in one cell or a column each.

A composition says in which unit and on which basis it is stated, and figures that can only be of another one (more than
100 %) are refused with what was probably meant. Those that are possible are held against what the firm states:
`suspicion`. Pure: no clock and no books.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from lodeline.filing.inspection.analytes import element_ppb, stated_sum
from lodeline.filing.inspection.measured import compositions, in_order, methods_for, remarked, unknown_methods
from lodeline.filing.inspection.rows import Row, Rows, bounded
from lodeline.filing.rules import percent
from lodeline.ledger.problem import Fact, Problem, problem
from lodeline.ledger.register import Register
from lodeline.material.composition import SUM_LIMIT_PPB, format_composition
from lodeline.material.element import ELEMENT_PER_OXIDE_PPB, ELEMENTS, SYMBOLS, TREO
from lodeline.material.mass import PPB

#: A share this many times what the firm states, or the firm's this many times it, is of another unit: 10 000 ppm are
#: one per cent, and no true difference comes near.
UNIT_TIMES: Final = (5_000, 20_000)
#: Figures that differ from the firm's by the factor from element to oxide, to within this, element by element, are on
#: the other basis. Two elements at least: one alone may differ so by chance.
BASIS_NEAR, BASIS_ELEMENTS = 0.02, 2
#: Less than this (0.01 %) is too little to tell a basis by.
_TRACE_PPB: Final = 100_000

Guess = Literal["ppm", "pct", "oxide", "element"]


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """One row of results. `composition`, `certified`: canonical, on the element basis; None where nothing is stated."""

    row: Row
    composition: str | None
    certified: str | None

    @property
    def bag(self) -> str | None:
        return self.row.text("bag")

    @property
    def reference_material(self) -> str | None:
        return self.row.text("reference_material")

    @property
    def column(self) -> str:
        """Where its figures stand, for a problem about them as a whole."""
        return "composition" if not self.row.shares else next(iter(self.row.heads[one] for one in self.row.shares))


@dataclass(frozen=True, slots=True, kw_only=True)
class Analyses:
    """The analyses of some files, and all that is wrong with them."""

    analyses: tuple[Analysis, ...]
    problems: tuple[Problem, ...]

    @property
    def refused(self) -> bool:
        return any(one.severity != "flag" for one in self.problems)


def read_analysed(rows: Rows, *, today: date, register: Register) -> Analyses:
    """The analyses that rows are. `today`: no analysis is of a later day."""
    stated, problems = compositions(rows.rows, "composition")
    certified, more = compositions(rows.rows, "certified")
    known = methods_for(register).get("assay", frozenset())
    found: list[Problem] = [*rows.problems, *problems, *more]
    analyses: list[Analysis] = []
    for row, cell, certificate in zip(rows.rows, stated, certified, strict=True):
        composition = cell
        if row.shares and len({one.symbol for one in row.shares}) == len(row.shares):
            over = _over(row)
            found += over
            composition = cell if over else format_composition(element_ppb(row.shares))
        analyses.append(Analysis(row=row, composition=composition, certified=certificate))
        found += _of_row(analyses[-1], today, known)
    return Analyses(analyses=tuple(analyses), problems=bounded(in_order(found)))


def suspicion(found: Mapping[str, int], stated: Mapping[str, int]) -> tuple[Guess, str] | None:
    """What figures were probably meant as, held against what the firm states, and the element that shows it; None where
    nothing does. Both are element → ppb."""
    common = [one for one in SYMBOLS if found.get(one) and stated.get(one)]
    low, high = UNIT_TIMES
    for symbol in common:
        if low <= found[symbol] / stated[symbol] <= high:
            return "ppm", symbol
        if low <= stated[symbol] / found[symbol] <= high:
            return "pct", symbol
    enough = [
        one for one in common if one in ELEMENT_PER_OXIDE_PPB and min(found[one], stated[one]) >= _TRACE_PPB
    ]  # fmt: skip
    if len(enough) < BASIS_ELEMENTS:
        return None
    # The oxide given as the element is too high by 1.17 or so; the element given as the oxide too low by as much.
    times = {one: found[one] / stated[one] for one in enough}
    factors = {one: PPB / ELEMENT_PER_OXIDE_PPB[one] for one in enough}
    if all(abs(times[one] / factors[one] - 1) <= BASIS_NEAR for one in enough):
        return "oxide", enough[0]
    if all(abs(times[one] * factors[one] - 1) <= BASIS_NEAR for one in enough):
        return "element", enough[0]
    return None


def suspected(row: Row, column: str, found: Mapping[str, int], stated: Mapping[str, int]) -> Problem | None:
    """`suspicion` as a problem of a row, with the head or basis that was probably meant."""
    guess = suspicion(found, stated)
    if guess is None:
        return None
    what, symbol = guess
    heads = {one.symbol: (one, head) for one, head in row.heads.items() if one in row.shares}
    facts: dict[str, Fact] = {
        "element": symbol, "found_pct": percent(found[symbol]), "stated_pct": percent(stated[symbol]),
    }  # fmt: skip
    if symbol in heads:
        analyte, column = heads[symbol]
        species = analyte.species
        if what == "oxide":
            species = _oxide_of(symbol)
        elif what == "element":
            species = symbol
        facts["head"] = f"{species}_{what if what in ('ppm', 'pct') else analyte.unit}"
    else:
        facts["head"] = f"basis = {what}" if what in ("oxide", "element") else f"{symbol}_{what}"
    code = "inspection.unit-suspected" if what in ("ppm", "pct") else "inspection.basis-suspected"
    return remarked(code, row, column, **facts)


def _oxide_of(symbol: str) -> str:
    return str(ELEMENTS[symbol].oxide)


def _over(row: Row) -> list[Problem]:
    """Figures that add up to more than all: with the basis, where that alone would cure it."""
    total = stated_sum(row.shares)
    if total <= SUM_LIMIT_PPB:
        return []
    first = next(one for one in row.shares if one.symbol != TREO)
    facts: dict[str, Fact] = {"value": ", ".join(row.heads[one] for one in row.shares), "total_pct": percent(total)}
    as_oxides = {one: ppb for one, ppb in row.shares.items() if one.symbol in ELEMENT_PER_OXIDE_PPB and not one.oxide}
    cured = sum(ppb * ELEMENT_PER_OXIDE_PPB[one.symbol] // PPB for one, ppb in as_oxides.items())
    rest = sum(ppb for one, ppb in row.shares.items() if one not in as_oxides and one.symbol != TREO)
    if as_oxides and cured + rest <= SUM_LIMIT_PPB:
        head = ", ".join(f"{_oxide_of(one.symbol)}_{one.unit}" for one in as_oxides)
        return [problem("inspection.sum-of-oxides", row.at(row.heads[first]), severity=None, **facts, head=head)]
    return [problem("composition.over-100", row.at(row.heads[first]), severity=None, **facts)]


def _of_row(one: Analysis, today: date, known: frozenset[str]) -> Iterator[Problem]:
    row = one.row
    if one.bag is not None and one.reference_material is not None:
        yield problem("inspection.bag-or-reference", row.at("reference_material"))
    elif one.bag is None and one.reference_material is None and row.missing("bag"):
        yield problem("inspection.cell-missing", row.at("bag"), column="bag")
    if one.reference_material is not None and row.missing("certified"):
        yield problem("inspection.cell-missing", row.at("certified"), column="certified")
    if one.bag is not None and row.cells.get("certified") is not None:
        yield problem("inspection.certified-of-bag", row.at("certified"))
    if row.shares and row.cells.get("composition") is not None:
        yield problem(
            "inspection.figures-twice", row.at("composition"), columns=", ".join(map(str, row.heads.values()))
        )
    elif not row.shares and row.missing("composition"):
        yield problem("inspection.no-figures", row.at("composition"))
    method = row.text("method")
    if method is not None and (unknown := unknown_methods(method, known)):
        yield remarked("inspection.method-unknown", row, "method", value=unknown)
    analysed = row.cells.get("analysed_on")
    if isinstance(analysed, date) and analysed > today:
        yield problem("inspection.day-not-come", row.at("analysed_on"), date=analysed.isoformat())
