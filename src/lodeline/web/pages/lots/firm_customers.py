"""A firm's customers and suppliers, as its own filings name them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from django.http import HttpResponse

from lodeline.language import text
from lodeline.web.pages.common.firm_part import Firm, counted
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, FrameRows, Row, Table, shown, wanted_csv
from lodeline.web.parts.values import Tab
from lodeline.web.words import format as written
from lodeline.web.words import words


def customers(firm: Firm, tabs: Sequence[Tab]) -> HttpResponse:
    """What `firm/ID/lots/?view=customers` shows."""
    visit = firm.visit
    every = firm.own.partners()
    sides = {side: every.filter(pl.col("side") == side) for side in ("customer", "supplier")}
    tables = {f"{side}s": _table(firm, rows, f"{side}s") for side, rows in sides.items()}
    csv = wanted_csv(visit, *tables.values())
    if csv is not None:
        return csv
    buyers = counted(visit, sides["customer"].height, text("one customer"), text("{n} customers"))
    suppliers = counted(visit, sides["supplier"].height, text("one supplier"), text("{n} suppliers"))
    return show(
        visit,
        "lodeline/lots/firm_customers.html",
        title=visit.text("You have named {buyers} and {suppliers}", buyers=buyers, suppliers=suppliers),
        name=firm.name,
        label=visit.text("Lots", context="lots"),
        tabs=tabs,
        tables={key: shown(visit, table) for key, table in tables.items()},
    )


def _table(firm: Firm, rows: pl.DataFrame, name: str) -> Table:
    visit = firm.visit
    return Table(
        name=name,
        caption=visit.text("Customers") if name == "customers" else visit.text("Suppliers", context="lots"),
        columns=(
            Column(key="name", label=text("As named")),
            Column(key="party", label=text("In the register")),
            Column(key="country", label=text("Country", context="lots")),
            Column(key="deliveries", label=text("Deliveries", context="lots"), number=True),
            Column(key="mass", label=text("Dry mass"), number=True, unit="kg"),
            Column(key="first", label=text("First")),
            Column(key="last", label=text("Last", context="lots")),
        ),
        rows=FrameRows(
            rows,
            lambda row: _cells(firm, row),
            sorts={"deliveries": "deliveries", "mass": "mass_mg", "first": "first_on", "last": "last_on"},
        ),
        empty=visit.text("None is named in your filings yet."),
    )


def _cells(firm: Firm, row: Mapping[str, Any]) -> Row:
    visit, names = firm.visit, list(row["names"])
    registered = firm.names.get(row["party"] or "")
    first = registered or (names[0] if names else written.NOTHING)
    others = [name for name in names if name != first]
    countries = [words.country(code, visit.language) for code in row["countries"]]
    return (
        Cell(
            text=first,
            value=first,
            note=visit.text("also named ") + visit.text("; ", context="lots").join(others) if others else "",
        ),
        Cell(text=row["party"] if registered else visit.text("not registered"), value=row["party"] or ""),
        Cell(
            text=visit.text(", ", context="lots, firm customers").join(countries) or written.NOTHING,
            value=";".join(row["countries"]),
        ),
        Cell(text=written.count(row["deliveries"]), value=row["deliveries"]),
        firm.mass(row["mass_mg"]),
        firm.day(row["first_on"]),
        firm.day(row["last_on"]),
    )
