"""Tables of *Where it goes*: who got how much, ranked, against the period before; and the lines behind a sum."""

from __future__ import annotations

from typing import Any

import polars as pl

from lodeline.language import Text, bilingual, text
from lodeline.service.trade.where import DIMENSIONS, NONE, compared
from lodeline.web.drawing.number import grouped
from lodeline.web.pages.trade.narrowing import BY, NOT_STATED, TO, Narrowing
from lodeline.web.parts.table import Cell, Column, FrameRows, Row, Table
from lodeline.web.words import format as written
from lodeline.web.words import lots as lot_words
from lodeline.web.words import words

#: What is less is not written as nothing.
_LEAST_MG = 50_000
#: The parameter of the address that a value of a dimension narrows by.
_NARROWS = {"firm": "organisation"}
#: What is asked anew once a reader is led on.
_ANEW: dict[str, Any] = {"by": None, "sort": None, "where.page": None}


def sums_table(scene: Narrowing) -> Table:
    """How much each got, the most first; a row leads to the same page of it alone."""
    visit, language, by = scene.visit, scene.visit.language, scene.by
    column, parameter = DIMENSIONS[by], _NARROWS.get(by, by)
    found = compared(scene.now, scene.earlier, scene.element, column)
    largest = max([0, *found["mass_mg"], *found["before_mg"]])
    total = int(found["mass_mg"].sum())
    is_chosen = scene.line.organisation is not None if by == "firm" else scene.values.get(by) is not None

    def cells(row: dict[str, Any]) -> Row:
        value, mass_mg, exact_mg, before_mg = row[column], row["mass_mg"], row["exact_mg"], row["before_mg"]
        change, share = mass_mg - before_mg, mass_mg / total if total else None
        here = _ANEW | {parameter: value or NONE}
        told = None if value is None and by in ("product", "firm") else here
        href = None if told is None else visit.here(**told | ({"by": "rows"} if is_chosen else {}))
        rows = None if told is None else visit.here(**told | {"by": "rows"})
        earlier = None if told is None else visit.here(**told | {"by": "rows", "period": str(scene.before)})
        name = scene.named(by, value)
        unnamed = value is not None and by in ("customer", "firm") and value not in scene.names
        return (
            Cell(
                text=name,
                value=value or visit.localized(NOT_STATED[by]),
                href=href,
                marks=by in ("grade", "licence"),
                note=visit.text("as filed, not settled") if unnamed and by == "customer" else "",
                bar=(exact_mg / largest, (mass_mg - exact_mg) / largest) if largest else None,
            ),
            Cell(text=kilograms(mass_mg), value=mass_mg / written.MG_PER_KG, href=rows if mass_mg else None),
            Cell(text=written.percent(share, language), value=share),
            Cell(
                text=written.percent(exact_mg / mass_mg if mass_mg else None, language, 0),
                value=exact_mg / written.MG_PER_KG,
            ),
            *(
                (
                    Cell(
                        text=kilograms(before_mg),
                        value=before_mg / written.MG_PER_KG,
                        href=earlier if before_mg else None,
                    ),
                    Cell(text=kilograms(change, signed=True), value=change / written.MG_PER_KG),
                )
                if scene.before
                else ()
            ),
        )

    before: tuple[Column, ...] = ()
    if scene.before is not None:
        period = bilingual(written.span(scene.before, "en"), written.span(scene.before, "zh"))
        before = (
            Column(key="before", label=period, number=True, unit="kg"),
            Column(key="change", label=text("Difference", context="trade"), number=True, unit="kg"),
        )
    return Table(
        name="where",
        caption=visit.text("By {by}", by=bilingual(BY[by]["en"].lower(), BY[by]["zh"])),
        columns=(
            Column(key=by, label=BY[by]),
            Column(key="mass", label=_in_kilograms(scene.element), number=True),
            Column(key="share", label=text("Share"), number=True),
            Column(key="exact", label=text("Of it exact"), number=True, unit="kg"),
            *before,
        ),
        rows=[cells(row) for row in found.iter_rows(named=True)],
        empty=visit.text(
            "No {element} in this period: widen what the page is narrowed to.",
            element=bilingual(words.element(scene.element, "en"), words.element(scene.element, "zh")),
        ),
    )


def rows_table(scene: Narrowing) -> Table:
    """The lines of the ledger, the largest first, each with its entry."""
    visit, language = scene.visit, scene.visit.language
    found = scene.rows()

    def cells(row: dict[str, Any]) -> Row:
        licence, firm, lot = row["licence"], row["organisation"], row["lot"]
        goods = lot_words.product(row["product"], language)
        booked = visit.text("no composition") if row["assayed"] is None else visit.text("booked")
        entry = visit.opens("entry", entry=row["entry"])
        return (
            Cell(text=row["event"], value=row["event"], href=entry, marks=True),
            Cell(text=str(row["entry"]), value=row["entry"], href=entry),
            Cell(text=firm, value=firm, href=visit.opens("organisation", organisation=firm), whole=True),
            Cell(text=written.day(row["on"], language), value=row["on"].isoformat()),
            Cell(
                text=lot or written.NOTHING,
                value=lot,
                href=visit.opens("lot", lot=lot) if lot else None,
                marks=True,
                note=f"{goods} · {row['model']}" if row["model"] else goods,
            ),
            Cell(
                text=scene.named("customer", row["party"]),
                value=row["party"],
                note=scene.named("country", row["country"]),
            ),
            Cell(
                text=licence or written.NOTHING,
                value=licence,
                marks=True,
                note=row["end_use"] or "",
                href=visit.opens("licence", licence=licence) if licence else None,
            ),
            Cell(text=kilograms(row["dry_mg"]), value=row["dry_mg"] / written.MG_PER_KG),
            Cell(
                text=written.NOTHING if row["mass_mg"] is None else kilograms(row["mass_mg"]),
                value=None if row["mass_mg"] is None else row["mass_mg"] / written.MG_PER_KG,
                note="" if row["assayed"] else booked,
            ),
        )

    return Table(
        name="where",
        caption=visit.text("Rows of filings"),
        columns=(
            Column(key="row", label=text("Row", context="trade")),
            Column(key="entry", label=text("Entry")),
            Column(key="firm", label=text("Sent by")),
            Column(key="on", label=text("Day")),
            Column(key="lot", label=text("Lot")),
            Column(key="customer", label=text("Customer")),
            Column(key="licence", label=text("Licence, end use")),
            Column(key="dry", label=text("Dry mass, kg"), number=True),
            Column(key="mass", label=_in_kilograms(scene.element), number=True),
        ),
        rows=FrameRows(found, cells, sorts=_SORTS),
        empty=visit.text("No row is left: widen what the page is narrowed to."),
    )


def _in_kilograms(element: str) -> Text:
    return text("{element}, kg", element=element)


def kilograms(mass_mg: int, *, signed: bool = False) -> str:
    """4 593.5: kilograms with one decimal, so that a column of them can be compared."""
    if 0 < abs(mass_mg) < _LEAST_MG:
        return f"< {grouped(0.1, 1)}" if mass_mg > 0 else f"> {grouped(-0.1, 1)}"
    return grouped(mass_mg / written.MG_PER_KG, 1, signed=signed and mass_mg != 0)


#: Columns of the table of rows → those of `trade.ROWS` that they sort by.
_SORTS = {
    "row": "event",
    "entry": "entry",
    "firm": "organisation",
    "on": "on",
    "lot": "lot",
    "dry": "dry_mg",
    "mass": "mass_mg",
}


def ways(scene: Narrowing) -> list[tuple[str, int]]:
    """How much went each way, in the months asked for."""
    within = pl.col("period").is_between(pl.lit(scene.span.first), pl.lit(scene.span.last))
    sums = dict(scene.every.filter(within).group_by("way").agg(pl.col(scene.element).sum()).iter_rows())
    return [(way, int(sums.get(way, 0))) for way in TO]
