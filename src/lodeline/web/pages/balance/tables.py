"""The tables of a site's balance: its months, one balance as a sum, the filings behind it, the methods of its σ."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import polars as pl

from lodeline.language import Text, text
from lodeline.material.mass import format_kg
from lodeline.service.balance.sites import Statement
from lodeline.store.queries import log as log_entries
from lodeline.web.drawing.number import Unit, grouped
from lodeline.web.pages.balance.part import state_cell
from lodeline.web.pages.balance.run import QUANTITIES
from lodeline.web.parts.table import Cell, Column, Row, Table
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words

#: Masses of a balance (accountancy.balance.BALANCE), in the order of the table, and what they are called.
MASSES: Final[Mapping[str, Text]] = {
    "opening": text("Opening"),
    "origin": text("Origin"),
    "in": text("In", context="balance"),
    "consumed": text("Consumed"),
    "made": text("Made", context="balance"),
    "out": text("Out", context="balance"),
    "export": text("Exported", context="balance"),
    "loss": text("Lost", context="balance"),
    "adjustment": text("Adjusted"),
    "unaccounted": text("Beyond book"),
    "book": text("Book"),
    "physical": text("Counted", context="balance, tables"),
    "process_difference": text("In process"),
    "count_difference": text("At count"),
    "muf": text("Difference", context="balance"),
    "sigma": text("Uncertainty"),
}
_MOST_DECIMALS: Final = 3
_SIGNED: Final = {"process_difference", "count_difference", "muf", "adjustment"}
#: Columns that stay though there is no mass in them.
_ALWAYS: Final = {"month", "since", "opening", "book", "physical", "muf", "sigma", "z", "state"}
_LINES: Final[Mapping[str, Text]] = {
    "origin": text("+ entered the system here"),
    "in": text("+ received"),
    "out": text("− sent out"),
    "export": text("− exported"),
    "loss": text("− lost and discarded"),
    "adjustment": text("± adjusted, as filed"),
    "process": text("± made − consumed"),
    "unaccounted": text("+ taken beyond what was held"),
}


def months_unit(visit: Visit, rows: pl.DataFrame) -> Unit:
    """The unit of the largest mass, with the decimals that the smallest uncertainty needs for two figures."""
    unit = written.unit(max([0, *(abs(mass_mg) for mass_mg in rows["book_mg"])]), visit.language)
    sigmas = [sigma_mg for sigma_mg in rows["sigma_mg"].drop_nulls() if sigma_mg > 0]
    if not sigmas:
        return unit
    needed = 1 - math.floor(math.log10(min(sigmas) / unit.mg))
    if needed > _MOST_DECIMALS and (smaller := written.unit(unit.mg / 2, visit.language)).mg < unit.mg:
        unit, needed = smaller, 1 - math.floor(math.log10(min(sigmas) / smaller.mg))
        return replace(unit, decimals=min(max(0, needed), _MOST_DECIMALS))
    return replace(unit, decimals=min(max(unit.decimals, needed), _MOST_DECIMALS))


def months_table(visit: Visit, rows: pl.DataFrame, unit: Unit) -> Table:
    """Rows as `service.balance.sites.judged`, with every mass that `lodeline balance` has."""

    def cells(row: Mapping[str, Any]) -> Row:
        # A month with a count in the middle has two rows: the day tells them apart.
        whole = (row["until"] + timedelta(days=1)).day == 1
        name = written.month(row["period"], visit.language) if whole else written.day(row["until"], visit.language)
        return (
            Cell(
                text=name, value=row["until"].isoformat(), whole=True,
                href=visit.here(until=row["until"].isoformat()) + "#statement",
            ),
            Cell(text=written.day(row["since"], visit.language), value=row["since"].isoformat()),
            *(_mass(row[f"{name}_mg"], unit, signed=name in _SIGNED) for name in MASSES),
            Cell(text=written.sigmas(row["z"]), value=row["z"]),
            state_cell(visit, row["state"], row["finding"]),
        )  # fmt: skip

    return Table(
        name="months",
        caption=visit.text("Balance by month"),
        columns=(
            Column(key="month", label=text("Until", context="balance")),
            Column(key="since", label=text("Since", context="balance")),
            *(Column(key=name, label=label, number=True, unit="kg") for name, label in MASSES.items()),
            Column(key="z", label=text("z", context="balance"), number=True),
            Column(key="state", label=text("Verdict", context="balance")),
        ),
        rows=[cells(row) for row in rows.iter_rows(named=True)],
        per_page=24,
        empty=visit.text("No month of this site lies in the span: make it wider."),
    )


def _mass(mass_mg: float | None, unit: Unit, *, signed: bool) -> Cell:
    if not mass_mg:
        return Cell(text=written.NOTHING if mass_mg is None else "0", value=None if mass_mg is None else 0)
    return Cell(text=unit.bare(mass_mg, signed=signed), value=mass_mg / written.MG_PER_KG)


def with_mass(table: Table) -> Table:
    """The table of months without the columns in which there is no mass."""
    kept = [
        place
        for place, column in enumerate(table.columns)
        if column.key in _ALWAYS - {"since"} or (column.number and any(row[place].value for row in table.rows))
    ]
    return replace(
        table,
        columns=tuple(table.columns[place] for place in kept),
        rows=[tuple(row[place] for place in kept) for row in table.rows],
    )


def statement_table(visit: Visit, statement: Statement) -> Table:
    """One balance as a sum in exact kilograms; each line signed as it enters."""
    counted = statement.muf_mg is not None
    lines = [(visit.text("Held at the beginning"), statement.opening_mg)]
    lines += [(visit.localized(_LINES[flow]), mass_mg) for flow, mass_mg in statement.flows if mass_mg]
    closing = visit.text("− counted at the end") if counted else visit.text("= book at the end")
    lines.append((closing, -statement.closing_mg if counted else statement.closing_mg))
    if statement.muf_mg is not None:
        lines.append((visit.text("= difference"), statement.muf_mg))
    return Table(
        name="statement",
        caption=visit.text("The balance as a sum"),
        columns=(
            Column(key="line", label=text("Line", context="balance")),
            Column(key="mass", label=text("kg, exact"), number=True, unit="kg"),
        ),
        rows=[
            (
                Cell(text=label),
                Cell(text=grouped(mass_mg / written.MG_PER_KG, 6, signed=place > 0), value=format_kg(mass_mg)),
            )
            for place, (label, mass_mg) in enumerate(lines)
        ],
        empty="",
    )  # fmt: skip


def filings_table(visit: Visit, organisation: str, span: tuple[str, str]) -> Table:
    """The entries of the log in which the site's firm filed these months, the newest month first."""
    reading, language = visit.reading, visit.language
    found = (
        reading.answer(log_entries.entries, reading.store)
        .filter(
            (pl.col("organisation") == organisation) & pl.col("period").is_between(pl.lit(span[0]), pl.lit(span[1]))
        )
        .sort("period", "entry", descending=[True, False])
    )
    rows = []
    for row in found.iter_rows(named=True):
        kind = "filing" if row["corrects"] is None else "correction"
        rows.append(
            (
                Cell(text=written.month(row["period"], language), value=row["period"]),
                Cell(
                    text=written.count(row["entry"]), value=row["entry"], href=visit.url("entry", entry=row["entry"])
                ),
                Cell(text=words.word(words.ENTRY_KINDS, kind, language), value=kind),
                Cell(text=written.moment(row["filed_at"], language, reading.law.timezone), value=row["filed_at"]),
                Cell(text=written.count(row["rows"]), value=row["rows"]),
            )
        )  # fmt: skip
    return Table(
        name="filings",
        caption=visit.text("Filings behind these months"),
        columns=(
            Column(key="month", label=text("Month", context="balance")),
            Column(key="entry", label=text("Entry"), number=True),
            Column(key="kind", label=text("Kind", context="balance")),
            Column(key="filed", label=text("Filed", context="balance")),
            Column(key="rows", label=text("Rows", context="balance"), number=True),
        ),
        rows=rows,
        per_page=12,
        empty=visit.text("The firm has filed none of these months."),
    )


def methods_table(visit: Visit, found: pl.DataFrame) -> Table:
    """The methods that the rows of a balance name (`sites.methods_named`), each with its uncertainty."""
    unknown = visit.text("not in the register: default")
    unfit = visit.text("no figure for this element")

    def cells(row: Mapping[str, Any]) -> Row:
        element = row["element"]
        return (
            Cell(
                text=row["id"], value=row["id"],
                note="" if row["quantity"] else unfit if row["registered"] else unknown,
            ),
            Cell(
                text=words.word(QUANTITIES, row["quantity"] or "", visit.language) or written.NOTHING,
                value=row["quantity"], note=words.element(element, visit.language) if element else "",
            ),
            Cell(text=row["random_pct"] or written.NOTHING, value=row["random_pct"]),
            Cell(text=row["systematic_pct"] or written.NOTHING, value=row["systematic_pct"]),
            Cell(text=written.count(row["rows"]), value=row["rows"]),
        )  # fmt: skip

    return Table(
        name="methods",
        caption=visit.text("Methods behind σ"),
        columns=(
            Column(key="method", label=text("Method", context="balance")),
            Column(key="quantity", label=text("Measures", context="balance")),
            Column(key="random", label=text("Random, %", context="balance"), number=True),
            Column(key="systematic", label=text("Systematic, %", context="balance"), number=True),
            Column(key="rows", label=text("Rows", context="balance"), number=True),
        ),
        rows=[cells(row) for row in found.iter_rows(named=True)],
        per_page=12,
        empty=visit.text(
            "Its rows name no method: the default uncertainties stand for all of them, and they are assumptions."
        ),
    )
