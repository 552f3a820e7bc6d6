"""Find a lot by a part of its id, by its product or by its maker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
from django.http import HttpResponse

from lodeline.language import text
from lodeline.material.mass import PPB
from lodeline.material.product import PRODUCTS, product_kind
from lodeline.service.lots import lots as questions
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, FrameRows, Row, Table, shown, wanted_csv
from lodeline.web.visit import BadQuestionError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import lots as lot_words
from lodeline.web.words import words


def lots(visit: Visit) -> HttpResponse:
    """The page `lots/`: newest first; `?q=` (part of the id), `?product=`, `?maker=` (id or part of the name)."""
    reading = visit.reading
    every = reading.answer(questions.catalogue, reading.snapshot)
    asked = {name: visit.query(name) for name in ("q", "product", "maker")}
    found = _chosen(visit, every, asked)
    table = _table(visit, found)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    return show(
        visit,
        "lodeline/lots/lots.html",
        title=_headline(visit, found.height, every.height, narrowed=any(asked.values())),
        table=shown(visit, table),
        products=_kinds(visit, every),
        asked={name: value or "" for name, value in asked.items()},
    )


def _chosen(visit: Visit, every: pl.DataFrame, asked: Mapping[str, str | None]) -> pl.DataFrame:
    found = every
    if asked["q"]:
        wanted = pl.col("name").str.to_lowercase().str.contains(asked["q"].lower(), literal=True)
        found = found.filter(wanted)
    if asked["product"]:
        products = _products(every)
        if asked["product"] not in PRODUCTS and asked["product"] not in products:
            known = ", ".join(PRODUCTS)
            raise BadQuestionError(
                text("No product is called {product!r}: one of {known}.", product=asked["product"], known=known)
            )
        found = found.filter(
            pl.col("product").is_in([one for one in products if asked["product"] in (one, product_kind(one))])
        )
    if asked["maker"]:
        folded = asked["maker"].casefold()
        register = visit.reading.snapshot.register
        both = (words.organisation_names(register, "en"), words.organisation_names(register, "zh"))
        named = {one for names in both for one, name in names.items() if folded in name.casefold()}
        found = found.filter(
            pl.col("maker").is_in(list(named)) | (pl.col("maker").str.to_lowercase() == asked["maker"].lower())
        )
    return found


def _products(every: pl.DataFrame) -> list[str]:
    """The products that there are lots of: a few, of millions of lots."""
    return every["product"].unique().drop_nulls().to_list()


def _kinds(visit: Visit, every: pl.DataFrame) -> list[tuple[str, str]]:
    """The kinds of product that there are lots of."""
    kinds = {product_kind(one) for one in _products(every)}
    return [(kind, lot_words.product(kind, visit.language)) for kind in PRODUCTS if kind in kinds]


def _headline(visit: Visit, found: int, every: int, *, narrowed: bool) -> str:
    n, of = written.count(found), written.count(every)
    if not every:
        return visit.text("No lot has been filed yet")
    if not narrowed:
        return visit.text("{of} lots, each traceable to its origins", of=of)
    if not found:
        return visit.text("No lot is like that")
    return visit.text("{n} of {of} lots are like that", n=n, of=of)


def _table(visit: Visit, found: pl.DataFrame) -> Table:
    language = visit.language
    names = words.organisation_names(visit.reading.snapshot.register, language)

    def cells(row: Mapping[str, Any]) -> Row:
        maker, treo, made_mg = row["maker"], row["treo_ppb"], row["made_mg"]
        return (
            Cell(text=row["name"], value=row["name"], href=visit.url("lot", lot=row["name"])),
            Cell(text=lot_words.product(row["product"], language), value=row["product"]),
            Cell(
                text=names.get(maker, maker), value=maker, note=maker if maker in names else "",
                href=visit.url("organisation", organisation=maker) if maker in names else None,
            ),
            Cell(text=written.day(row["on"], language), value=None if row["on"] is None else row["on"].isoformat()),
            Cell(
                text=written.mass(made_mg, language), value=None if made_mg is None else made_mg / written.MG_PER_KG
            ),
            Cell(
                text=written.percent(None if treo is None else treo / PPB, language, 1),
                value=None if treo is None else treo * 100 / PPB,
            ),
        )  # fmt: skip

    return Table(
        name="lots",
        caption=visit.text("Lots", context="lots"),
        columns=(
            Column(key="name", label=text("Lot")),
            Column(key="product", label=text("Product")),
            Column(key="maker", label=text("Maker")),
            Column(key="on", label=text("Made", context="lots")),
            Column(key="mass", label=text("Dry mass"), number=True, unit="kg"),
            Column(key="treo", label=text("Oxide, %"), number=True),
        ),
        rows=FrameRows(
            found,
            cells,
            sorts={
                # What is not stated stands among the rest as the word that is shown for it.
                "name": "name",
                "product": pl.col("product").fill_null(lot_words.product(None, language)),
                "maker": "maker",
                "on": "on",
                "mass": "made_mg",
                "treo": "treo_ppb",
            },
        ),
        empty=visit.text(
            "Type a part of the lot's id as it stands on its label, or choose a product, or type its "
            "maker's id or a part of its name. Every word narrows the list: take one away."
        ),
    )
