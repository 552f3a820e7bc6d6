"""One exception with the three records of it beside each other: what was filed, invoiced, and crossed the border."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl
from django.http import HttpResponse

from lodeline.language import text
from lodeline.service.matching import exceptions as questions
from lodeline.web.access.territory import kept_to_firms, of_one_site
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, RowsOf, Table, shown, wanted_csv
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import exceptions as exception_words
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.lots import product

kept_to_firms(questions.every)
# The page looks whether the firm is of the region before it asks for one.
of_one_site(questions.papers)


def exception(visit: Visit, exception: str) -> HttpResponse:
    """The page `exceptions/ID/`: the three records of one case."""
    reading = visit.reading
    every = reading.answer(questions.every, reading.store, reading.snapshot, reading.law)
    row = found(every, exception)
    papers = reading.answer(questions.papers, reading.store, reading.snapshot, reading.law, identifier=exception)
    if visit.territory is not None:
        # What firms elsewhere have filed is theirs.
        own = [one for one in papers["filed"] if one["organisation"] in visit.territory]
        papers = {**papers, "filed": own}
    names = words.organisation_names(reading.snapshot.register, visit.language)
    return show_one(visit, row, papers, names, firm=None, every=visit.url("exceptions"))


def found(every: pl.DataFrame, identifier: str) -> dict[str, Any]:
    """The row of an exception. Raises NotHereError where none of this id stands among them."""
    rows = every.filter(pl.col("id") == identifier).to_dicts()
    if not rows:
        raise NotHereError(text("No exception of this number stands: it was settled, or the address is wrong."))
    return rows[0]


def show_one(
    visit: Visit,
    row: Mapping[str, Any],
    papers: Mapping[str, Sequence[Mapping[str, Any]]],
    names: Mapping[str, str],
    *,
    firm: str | None,
    every: str | None,
) -> HttpResponse:
    """One exception with its papers. firm: on the pages of whom, None on those of the authority; every: their list."""
    tables = {side: _papers_table(visit, side, papers[side], names) for side in exception_words.RECORDS}
    csv = wanted_csv(visit, *tables.values())
    if csv is not None:
        return csv
    who = names.get(row["organisation"], row["organisation"])
    language = visit.language
    registered = firm is None and row["organisation"] in names
    who_href = visit.url("organisation", organisation=row["organisation"]) if registered else None
    return show(
        visit,
        "lodeline/matching/exception.html",
        title=visit.localized(exception_words.CAUSES[row["cause"]]),
        who=who,
        who_href=who_href,
        row=row,
        mass=written.mass(row["mass_mg"], language) if row["mass_mg"] else "",
        value=exception_words.money(row["value"], row["currency"]),
        age=exception_words.age_cell(visit, row).text,
        due=written.day(row["due"], language),
        open=row["state"] == "open",
        cure=visit.localized(exception_words.CURES[row["cause"]]),
        firm=firm,
        every=every,
        sides=[
            {
                "name": visit.localized(label),
                "mass": written.mass(row[f"{side}_mg"], language),
                "value": exception_words.money(row[f"{side}_value"], row[f"{side}_currency"]),
                "day": written.day(row[f"{side}_on"], language),
                "none": row[f"{side}_mg"] is None,
            }
            for side, label in exception_words.RECORDS.items()
        ],
        tables=[
            (visit.localized(exception_words.RECORDS[side]), shown(visit, table)) for side, table in tables.items()
        ],
    )


#: The columns of the papers: key, words, and the cells that fill it, by record.
_PAPERS: Final = (
    (
        "number",
        text("Number", context="matching, exceptions"),
        {"filed": "document", "invoiced": "number", "border": "declaration"},
    ),
    ("kind", text("Kind", context="matching"), {"filed": "kind", "invoiced": "kind", "border": "status"}),
    ("day", text("Day"), dict.fromkeys(exception_words.RECORDS, "on")),
    (
        "from",
        text("From", context="matching, exceptions"),
        {"filed": "organisation", "invoiced": "seller_name", "border": "exporter_name"},
    ),
    (
        "to",
        text("To", context="matching, exceptions"),
        {"filed": "party", "invoiced": "buyer_name", "border": "consignee_name"},
    ),
    (
        "goods",
        text("Goods", context="matching"),
        {"filed": "product", "invoiced": "product_name", "border": "product_name"},
    ),
)


def _papers_table(visit: Visit, side: str, papers: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> Table:
    def cells(row: Mapping[str, Any]) -> Row:
        found: list[Cell] = []
        for key, _, places in _PAPERS:
            text = row[places[side]]
            if key == "number" and side == "filed":
                named = row["declaration"] or row["document"] or ""
                place = visit.opens("entry", entry=row["entry"])
                found.append(Cell(text=row["event"], value=row["event"], note=named, href=place))
            elif key == "number" and side == "border":
                found.append(
                    Cell(
                        text=f"{text}/{row['line']}",
                        value=f"{text}/{row['line']}",
                        href=visit.opens("entry", entry=row["entry"]),
                    )
                )
            elif key == "number":
                found.append(Cell(text=text, value=text, href=visit.opens("entry", entry=row["entry"])))
            elif key == "day":
                found.append(Cell(text=written.day(text, visit.language), value=text))
            elif key in ("from", "to"):
                by_id = {"invoiced": {"from": "seller", "to": "buyer"}, "border": {"from": "exporter"}}.get(side, {})
                who = row.get(by_id.get(key, ""), None) or text
                found.append(Cell(text=names.get(who, text or who) or written.NOTHING, value=who, title=text or ""))
            elif key == "kind":
                found.append(
                    Cell(
                        text=visit.localized(exception_words.KINDS[text]) if text in exception_words.KINDS else text,
                        value=text,
                    )
                )
            elif side == "filed":
                found.append(Cell(text=product(text, visit.language), value=text, title=text or ""))
            else:
                found.append(Cell(text=text or written.NOTHING, value=text))
        mass_mg = round(float(row["mass_kg"]) * written.MG_PER_KG)
        money = None if row["value"] is None else float(row["value"])
        return (
            *found,
            Cell(
                text=written.mass(mass_mg, visit.language),
                value=float(row["mass_kg"]),
                note=exception_words.money(money, row["currency"]),
            ),
        )

    return Table(
        name=side,
        caption=visit.localized(exception_words.RECORDS[side]),
        columns=(
            *(Column(key=key, label=label) for key, label, _ in _PAPERS),
            Column(key="mass", label=text("Mass", context="matching"), number=True, unit="kg"),
        ),
        rows=RowsOf(papers, cells),
        empty=visit.text("This record has nothing of it."),
    )
