"""The lots that a firm holds, or once held, each with what the firm itself filed of it; and with whom it trades."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import polars as pl
from django.http import HttpResponse

from lodeline.language import Text, enumerated, text
from lodeline.web.pages.common.firm_part import Firm, counted, kilograms
from lodeline.web.pages.lots.firm_customers import customers
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, FrameRows, Row, Table, shown, wanted_csv
from lodeline.web.parts.values import Tab
from lodeline.web.visit import BadQuestionError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import lots as lot_words

#: What can be asked for as `?hold=`.
_HOLDS: Final[Mapping[str, Text]] = {
    "now": text("Held now"),
    "past": text("Once held"),
    "all": text("All"),
}


#: What can be looked at: `?view=`.
VIEWS: Final[Mapping[str, Text]] = {
    "lots": text("Lots", context="lots"), "customers": text("Customers and suppliers"),
}  # fmt: skip


def firm_lots(visit: Visit, organisation: str) -> HttpResponse:
    """The page `firm/ID/lots/`: `?hold=` now, past or all; `?product=` a kind; `?q=` part of a lot's name;
    `?view=customers` from whom lots came and to whom they went."""
    firm = Firm(visit, organisation)
    view = visit.query("view") or "lots"
    if view not in VIEWS:
        known = ", ".join(VIEWS)
        raise BadQuestionError(text("There is no view {view!r}: one of {known}.", view=view, known=known))
    tabs = [
        Tab(
            label=visit.localized(label), here=key == view,
            href=firm.url("firm-lots", query=None if key == "lots" else {"view": key}) or "",
        )
        for key, label in VIEWS.items()
    ]  # fmt: skip
    return customers(firm, tabs) if view == "customers" else _lots(firm, tabs)


def _lots(firm: Firm, tabs: Sequence[Tab]) -> HttpResponse:
    visit = firm.visit
    every = firm.own.lots()
    hold = visit.query("hold") or "now"
    if hold not in _HOLDS:
        raise BadQuestionError(text("`hold` is one of {holds}.", holds=enumerated(_HOLDS)))
    products = sorted({product for product in every["product"] if product})
    rows = _chosen(every, hold, visit.query("product"), visit.query("q"))
    table = _table(firm, rows)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    held = every.filter(pl.col("held_mg") > 0)
    mass = written.mass(int(held["held_mg"].sum()), visit.language)
    title = visit.text("You hold nothing by the book")
    if held.height:
        title = counted(
            visit,
            held.height,
            text("You hold one lot: {mass}", mass=mass),
            text("You hold {{n}} lots: {mass}", mass=mass),
        )
    return show(
        visit,
        "lodeline/lots/firm_lots.html",
        title=title,
        name=firm.name,
        label=visit.text("Lots", context="lots"),
        tabs=tabs,
        table=shown(visit, table),
        every=written.count(every.height),
        holds=[
            {"text": visit.localized(label), "href": visit.here(hold=key, **{"lots.page": None}), "here": key == hold}
            for key, label in _HOLDS.items()
        ],
        products=[(one, lot_words.product(one, visit.language)) for one in products],
        marked=any(called.startswith("~") for called in every["called"]),
        asked={"hold": hold, "product": visit.query("product") or "", "q": visit.query("q") or ""},
    )


def _chosen(every: pl.DataFrame, hold: str, product: str | None, text: str | None) -> pl.DataFrame:
    if hold != "all":
        every = every.filter((pl.col("held_mg") > 0) == (hold == "now"))
    if product is not None:
        every = every.filter(pl.col("product") == product)
    if text is not None:
        every = every.filter(pl.col("called").str.to_lowercase().str.contains(text.lower(), literal=True))
    return every


def _table(firm: Firm, rows: pl.DataFrame) -> Table:
    visit = firm.visit
    return Table(
        name="lots",
        caption=visit.text("Own lots"),
        columns=(
            Column(key="lot", label=text("Lot")),
            Column(key="product", label=text("Product")),
            Column(key="made", label=text("Made", context="lots, firm lots")),
            Column(key="first", label=text("First filed")),
            Column(key="last", label=text("Last filed")),
            Column(key="held", label=text("Held, dry"), number=True, unit="kg"),
        ),
        rows=FrameRows(
            rows,
            lambda row: _cells(firm, row),
            sorts={
                "lot": "called", "product": "product", "made": "made", "first": "first_on", "last": "last_on",
                "held": "held_mg",
            },
        ),
        empty=visit.text("No lot is like that: take a filter away, or file the month in which it came."),
    )  # fmt: skip


def _alias(visit: Visit, alias: str | None) -> str:
    return "" if alias is None else visit.text("to buyers: {alias}", alias=alias)


def _cells(firm: Firm, row: Mapping[str, Any]) -> Row:
    visit, language = firm.visit, firm.visit.language
    return (
        replace(firm.lot(row["called"]), note=_alias(visit, row["alias"])),
        Cell(text=lot_words.product(row["product"], language), value=row["product"]),
        Cell(text=visit.text("here")
             if row["made"] else visit.text("received", context="lots"), value=row["made"]),
        firm.day(row["first_on"]),
        firm.day(row["last_on"]),
        Cell(
            text=written.mass(row["held_mg"], language) if row["held_mg"] else written.NOTHING,
            value=kilograms(row["held_mg"]),
        ),
    )  # fmt: skip
