"""The rows of what does not match: one by one, and by firm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from lodeline.detection.finding import Finding
from lodeline.language import text
from lodeline.material.mass import parse_mass
from lodeline.service.filing.mismatches import in_order
from lodeline.web.parts.table import Cell, Column, FrameRows, Row, Table
from lodeline.web.visit import Visit
from lodeline.web.words import exceptions as exception_words
from lodeline.web.words import format as written
from lodeline.web.words import mismatches as mismatch_words
from lodeline.web.words import words
from lodeline.web.words.messages import sentences

_SHOWN: Final = 25
_SORTS: Final = {
    "cause": "cause", "what": "what", "organisation": "organisation", "counterparty": "counterparty",
    "age": "age_days", "filed": "filed_mg", "beside": "beside_mg", "mass": "mass_mg", "day": "on",
    "difference": "difference_mg",
}  # fmt: skip
_EXPORTED: Final = (
    Column(key="day", label=text("Day")),
    Column(key="kind", label=text("Kind", context="matching")),
    Column(key="state", label=text("State")),
    Column(key="events", label=text("Events")),
    Column(key="difference", label=text("Difference", context="matching"), number=True, unit="kg"),
    Column(key="value", label=text("Value", context="matching"), number=True),
    Column(key="currency", label=text("Currency")),
)


def mismatch_table(visit: Visit, rows: pl.DataFrame, names: Mapping[str, str]) -> Table:
    """One by one; a cause leads to the papers, a lot to the lot, a mass to the entry that states it.

    The export has some columns more, which the page says in a note or by the two masses.
    """
    exported = visit.query("format") is not None
    rows = rows.with_columns(difference_mg=pl.col("filed_mg") - pl.col("beside_mg"))
    return Table(
        name="mismatches",
        caption=visit.text("What does not match", context="matching"),
        columns=(
            Column(key="cause", label=text("Cause")),
            Column(key="what", label=text("Lot or paper")),
            Column(key="organisation", label=text("Firm")),
            Column(key="counterparty", label=text("Other party")),
            Column(key="age", label=text("Open for"), number=True, unit="days"),
            Column(key="filed", label=text("Filed", context="matching"), number=True, unit="kg"),
            Column(key="beside", label=text("Other record"), number=True, unit="kg"),
            Column(
                key="mass", label=text("At stake", context="matching, rows, mismatch table"), number=True, unit="kg"
            ),
            *(_EXPORTED if exported else ()),
        ),
        rows=FrameRows(
            rows,
            lambda row: (*_cells(visit, row, names), *(_more(visit, row) if exported else ())),
            sorts=_SORTS,
            order=in_order,
        ),
        per_page=_SHOWN,
        empty=visit.text(
            "Nothing is like that: take a filter away, or write less of the lot, event or number. "
            "Records of other authorities come in by `lodeline feed` or the API."
        ),
    )


def _cells(visit: Visit, row: Mapping[str, Any], names: Mapping[str, str]) -> Row:
    language = visit.language
    shape, tone = mismatch_words.MARKS[row["cause"]]
    delivery = row["kind"] == "delivery"
    href = None if delivery else visit.url("exception", exception=row["id"])
    days, day = row["age_days"], written.day(row["on"], language)
    age = (
        ""
        if days is None
        else (visit.text("1 day", days=days) if days == 1 else visit.text("{days} days", context="matching", days=days))
    )
    waits = visit.text("may still come") if row["state"] == "not-due" else ""
    return (
        Cell(
            text=words.word(mismatch_words.CAUSES, row["cause"], language), value=row["cause"], href=href, shape=shape,
            tone=tone, note=words.word(mismatch_words.KINDS, row["kind"], language),
        ),
        Cell(
            text=row["what"] or written.NOTHING, value=row["what"], note=row["events"] or "", marks=delivery,
            whole=not delivery, href=visit.url("lot", lot=row["what"]) if delivery and row["what"] else href,
        ),
        _party(visit, row["organisation"], names),
        _party(visit, row["counterparty"], names),
        Cell(text=age or waits or written.NOTHING, value=days, note=day),
        _mass_cell(visit, row, "filed"),
        _mass_cell(visit, row, "beside"),
        Cell(
            text=written.mass(row["mass_mg"], language), value=(row["mass_mg"] or 0) / written.MG_PER_KG,
            note=exception_words.money(row["value"], row["currency"]),
        ),
    )  # fmt: skip


def _more(visit: Visit, row: Mapping[str, Any]) -> Row:
    """The cells of `_EXPORTED`."""
    difference, events = row["difference_mg"], row["events"]
    return (
        exception_words.day_cell(visit, row["on"]),
        Cell(text=row["kind"]),
        Cell(text=row["state"]),
        Cell(text=events or ""),
        Cell(text="", value=None if difference is None else difference / written.MG_PER_KG),
        Cell(text="", value=row["value"]),
        Cell(text=row["currency"] or ""),
    )


def _mass_cell(visit: Visit, row: Mapping[str, Any], side: str) -> Cell:
    """What a record says; of the one beside the filing, which it is."""
    mass_mg, entry = row[f"{side}_mg"], row[f"{side}_entry"]
    if mass_mg is None:
        return Cell(text=written.NOTHING)
    notes = [words.word(mismatch_words.BESIDE, row["beside"], visit.language)] if side == "beside" else []
    notes.append(exception_words.money(row[f"{side}_value"], row[f"{side}_currency"]))
    return Cell(
        text=written.mass(mass_mg, visit.language), value=mass_mg / written.MG_PER_KG,
        href=None if entry is None else visit.url("entry", entry=entry), note=" · ".join(filter(None, notes)),
    )  # fmt: skip


def _party(visit: Visit, who: str | None, names: Mapping[str, str]) -> Cell:
    if not who:
        return Cell(text=written.NOTHING)
    href = visit.url("organisation", organisation=who) if who in names else None
    return Cell(text=names.get(who, who), value=who, href=href)


def firms_table(visit: Visit, opened: pl.DataFrame, names: Mapping[str, str]) -> Table:
    """Of each firm what does not match: a delivery counts at who shipped it, else at who received it."""
    by_firm = (
        opened.group_by("organisation")
        .agg(
            n=pl.len(), causes=pl.col("cause").unique().sort(), oldest=pl.col("age_days").max(),
            mass_mg=pl.col("mass_mg").sum(), cny=pl.col("value").filter(pl.col("currency") == "CNY").sum(),
            usd=pl.col("value").filter(pl.col("currency") == "USD").sum(),
        )
        .sort("n", "mass_mg", "organisation", descending=[True, True, False])
    )  # fmt: skip

    def cells(row: dict[str, Any]) -> Row:
        causes = visit.text(", ", context="matching").join(
            words.word(mismatch_words.CAUSES, one, visit.language) for one in row["causes"]
        )
        oldest = row["oldest"]
        return (
            _party(visit, row["organisation"], names),
            Cell(
                text=written.count(row["n"]), value=row["n"],
                href=visit.here(organisation=row["organisation"], state=None, cause=None) + "#mismatches",
            ),
            Cell(text=causes, value=causes),
            Cell(
                text=written.NOTHING if oldest is None else visit.text("{oldest} days", oldest=oldest), value=oldest
            ),
            Cell(text=written.mass(row["mass_mg"], visit.language), value=row["mass_mg"] / written.MG_PER_KG),
            Cell(text=exception_words.money(row["cny"], "") if row["cny"] else written.NOTHING, value=row["cny"]),
            Cell(text=exception_words.money(row["usd"], "") if row["usd"] else written.NOTHING, value=row["usd"]),
        )  # fmt: skip

    return Table(
        name="firms",
        caption=visit.text("By firm"),
        columns=(
            Column(key="organisation", label=text("Firm")),
            Column(key="n", label=text("Does not match"), number=True),
            Column(key="causes", label=text("Causes")),
            Column(key="oldest", label=text("Oldest"), number=True, unit="days"),
            Column(key="mass", label=text("At stake", context="matching, rows, firms table"), number=True, unit="kg"),
            Column(key="cny", label=text("CNY"), number=True),
            Column(key="usd", label=text("USD"), number=True),
        ),
        rows=FrameRows(
            by_firm,
            cells,
            sorts={
                "organisation": "organisation",
                "n": "n",
                "oldest": "oldest",
                "mass": "mass_mg",
                "cny": "cny",
                "usd": "usd",
            },
        ),
        per_page=_SHOWN,
        empty=visit.text("Nothing of any firm is open."),
    )


def overdrawn_table(visit: Visit, rows: Sequence[Finding], names: Mapping[str, str]) -> Table:
    """Of each site and run of months what was drawn from lots beyond what was put in, and where the rows stand."""
    language = visit.language
    return Table(
        name="lots",
        caption=visit.text("Drawn beyond what was put in"),
        columns=(
            Column(key="firm", label=text("Firm")),
            Column(key="months", label=text("Until", context="matching")),
            Column(key="lots", label=text("Lots", context="matching"), number=True),
            Column(key="beyond", label=text("Not in the book, dry"), number=True, unit="kg"),
        ),
        rows=[
            (
                Cell(
                    text=names.get(firm := row.subject["organisation"], firm), value=firm,
                    note=f"{row.subject['site']} · {sentences(row.explanation[:1], language, names)}",
                    href=visit.opens("finding", finding=row.id),
                ),
                Cell(text=written.month(row.last_period, language), value=row.last_period),
                Cell(text=written.count(totals["lots"]), value=totals["lots"]),
                Cell(
                    text=written.mass(parse_mass(totals["unaccounted_kg"]), language),
                    value=float(totals["unaccounted_kg"]),
                ),
            )
            for row in rows if (totals := row.evidence[0]["totals"])
        ],
        per_page=_SHOWN,
        empty=visit.text("Every lot held what was drawn from it."),
    )  # fmt: skip
