"""What a lot is, as tables: the lots it is tied to, composition, assays, origins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from lodeline.flow.origins import UNACCOUNTED
from lodeline.language import bilingual, text
from lodeline.material.composition import read_canonical
from lodeline.material.element import RARE_EARTHS, TREO
from lodeline.material.mass import PPB, share_mg
from lodeline.service.lots.lots import Relations
from lodeline.web.pages.lots.cells import Names, mass
from lodeline.web.pages.lots.graph import origin_name
from lodeline.web.parts.table import Cell, Column, FrameRows, Row, Table
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import lots as lot_words
from lodeline.web.words import words

#: Elements that have a column of their own in the table of origins.
_ELEMENTS_SHOWN: Final = 6


def relations_table(visit: Visit, found: Relations, element: str | None, *, forward: bool) -> Table:
    """Every lot upstream (downstream), nearest and largest first."""
    language = visit.language
    names = Names(visit)

    def cells(row: Mapping[str, Any]) -> Row:
        return (
            names.lot(row["name"]),
            Cell(text=lot_words.product(row["product"], language), value=row["product"]),
            names.organisation(row["organisation"]),
            Cell(text=written.day(row["on"], language), value=row["on"]),
            mass(row["made_mg"] or None, visit),
            Cell(text=written.count(row["distance"]), value=row["distance"]),
            Cell(
                text=written.NOTHING if element is None else written.percent(row["share"], language, 2),
                value=None if element is None else row["share"] * 100,
            ),
        )  # fmt: skip

    part = element or ""
    return Table(
        name="relations",
        caption=visit.text("Lots made with it") if forward else visit.text("Lots behind it"),
        columns=(
            Column(key="lot", label=text("Lot")),
            Column(key="product", label=text("Product")),
            Column(key="maker", label=text("Maker")),
            Column(key="on", label=text("Made", context="lots, tables")),
            Column(key="mass", label=text("Dry mass"), number=True, unit="kg"),
            Column(key="distance", label=text("Events away"), number=True),
            Column(key="share", label=text("Share of its {part}", part=part), number=True, unit="%"),
        ),
        rows=FrameRows(found.table[1:].sort("distance", -pl.col("share"), "name"), cells),
        per_page=25,
        empty=visit.text("No filing consumes this lot in a transformation.")
        if forward
        else visit.text("No filing says what it was made from."),
    )  # fmt: skip


def composition_table(visit: Visit, composition: Mapping[str, int], made_mg: int) -> Table:
    """Element by element, in the order stated."""
    rows = []
    for symbol, ppb in composition.items():
        mass_mg = share_mg(made_mg, ppb) if made_mg else None
        rows.append(
            (
                Cell(
                    text=words.element(symbol, visit.language).capitalize(), value=symbol, note=symbol,
                ),
                Cell(text=written.percent(ppb / PPB, visit.language, 3), value=ppb * 100 / PPB),
                mass(mass_mg, visit),
            )
        )  # fmt: skip
    return Table(
        name="composition",
        caption=visit.text("Composition"),
        columns=(
            Column(key="element", label=text("Element")),
            Column(key="share", label=text("Of dry mass"), number=True, unit="%"),
            Column(key="mass", label=text("In the lot as made"), number=True, unit="kg"),
        ),
        rows=rows,
        empty=visit.text("Nobody has stated a composition: ask the maker for the assay."),
    )


def assays_table(visit: Visit, lines: pl.DataFrame, element: str | None) -> Table:
    """Every statement of the lot's composition: whose, when, by what method."""
    names, language = Names(visit), visit.language
    stated = lines.filter(pl.col("composition").is_not_null()).sort("on", "line")

    def cells(row: Mapping[str, Any]) -> Row:
        composition = read_canonical(row["composition"])
        ppb = composition.get(element or "")
        return (
            Cell(text=written.day(row["on"], language), value=row["on"].isoformat()),
            names.organisation(row["organisation"]),
            Cell(text=words.word(lot_words.EVENTS, row["kind"], language), value=row["kind"]),
            Cell(text=(row["method"] or written.NOTHING).replace(";", " · "), value=row["method"]),
            Cell(
                text=written.percent(None if ppb is None else ppb / PPB, language, 3),
                value=None if ppb is None else ppb * 100 / PPB,
            ),
            Cell(
                text=" · ".join(
                    f"{symbol} {written.percent(share / PPB, language, 2)}" for symbol, share in composition.items()
                ),
                value=row["composition"],
            ),
            names.entry(row["entry"]),
        )  # fmt: skip

    return Table(
        name="assays",
        caption=visit.text("Assays"),
        columns=(
            Column(key="on", label=text("Day")),
            Column(key="who", label=text("Stated by")),
            Column(key="kind", label=text("With", context="lots, tables")),
            Column(key="method", label=text("Methods", context="lots")),
            Column(key="share", label=bilingual(element or "Share", f"{element or ''}账面占比"), number=True, unit="%"),
            Column(key="composition", label=text("As stated")),
            Column(key="entry", label=text("Entry"), number=True),
        ),
        rows=[cells(row) for row in stated.iter_rows(named=True)],
        per_page=10,
        empty=visit.text("No filing states a composition of this lot."),
    )


def origins_table(
    visit: Visit, places: Sequence[Mapping[str, Any]], composition: Mapping[str, int], chosen: str | None
) -> Table:
    """Origins down, elements across: the part of each element that each origin gave; the chosen element orders them.

    Where places have bounds, those of the chosen element stand on either side of its share.
    """
    places = sorted(places, key=lambda row: (row["origin_kind"] == UNACCOUNTED, -row["booked_shares"].get(chosen, 0.0)))
    symbols = sorted(
        (symbol for symbol in composition if symbol in RARE_EARTHS), key=lambda symbol: -composition[symbol]
    )[:_ELEMENTS_SHOWN]
    columns = [*symbols, *([TREO] if TREO in composition else [])]
    bounded = chosen if all("bounds" in row for row in places) else None
    rows = []
    for row in places:
        if not any(row["booked_shares"].get(symbol, 0) > 0 for symbol in columns):
            continue
        unknown = row["origin_kind"] == UNACCOUNTED
        rows.append(
            (
                Cell(
                    text=origin_name(visit, row["origin_kind"], row["origin_place"]), value=row["origin_place"],
                    shape="up" if unknown else "", tone="gain" if unknown else None,
                ),
                *(
                    _share(share, visit)
                    for symbol in columns
                    for share in (
                        _within(row, symbol) if symbol == bounded else (row["booked_shares"].get(symbol, 0.0),)
                    )
                ),
            )
        )  # fmt: skip
    return Table(
        name="origins",
        caption=visit.text("Booked share of each origin"),
        columns=(
            Column(key="origin", label=text("Origin")),
            *(
                column
                for symbol in columns
                for column in (_within_columns(symbol) if symbol == bounded else (_element_column(symbol),))
            ),
        ),
        rows=rows,
        per_page=15,
        empty=visit.text("Without a composition no share can be told."),
    )


def _within(row: Mapping[str, Any], symbol: str) -> tuple[float, float, float]:
    """Least, booked and greatest share."""
    least, greatest = row["bounds"].get(symbol, (0.0, 0.0))
    return least, row["booked_shares"].get(symbol, 0.0), greatest


def _element_column(symbol: str) -> Column:
    return Column(key=symbol, label={"en": symbol, "zh": "稀土氧化物" if symbol == TREO else symbol}, number=True)


def _within_columns(symbol: str) -> tuple[Column, Column, Column]:
    booked = _element_column(symbol)
    name = booked.label["zh"]
    return (
        Column(key=f"{symbol}_least", label=text("{symbol} at least", symbol=bilingual(symbol, name)), number=True),
        booked,
        Column(key=f"{symbol}_greatest", label=text("{symbol} at most", symbol=bilingual(symbol, name)), number=True),
    )


def _share(share: float, visit: Visit) -> Cell:
    text = written.percent(share, visit.language) if share >= 0.0005 else "< 0.1" if share > 0 else written.NOTHING
    return Cell(text=text, value=share * 100)


def origin_lots_table(visit: Visit, rows: Sequence[Mapping[str, Any]], element: str | None) -> Table:
    """The lots in which the chosen element entered the system, largest share first."""
    names = Names(visit)
    found = pl.DataFrame(
        [
            (row["lot"], row["origin_kind"], row["origin_place"], row["organisation"], row["booked_shares"][element])
            for row in rows
            if row["booked_shares"].get(element, 0) > 0
        ],
        schema={"lot": pl.String, "kind": pl.String, "place": pl.String, "maker": pl.String, "share": pl.Float64},
        orient="row",
    ).sort(-pl.col("share"), "lot")

    def cells(row: dict[str, Any]) -> Row:
        return (
            names.lot(row["lot"]),
            Cell(text=origin_name(visit, row["kind"], row["place"]), value=row["kind"]),
            names.organisation(row["maker"]),
            _share(row["share"], visit),
        )

    return Table(
        name="origin-lots",
        caption=visit.text("Origin lots"),
        columns=(
            Column(key="lot", label=text("Lot")),
            Column(key="origin", label=text("Origin")),
            Column(key="maker", label=text("Filed by")),
            Column(
                key="share", label=text("Share of the {element}", element=element)
                if element else text("Share"),
                number=True, unit="%",
            ),
        ),
        rows=FrameRows(found, cells, sorts={"lot": "lot", "origin": "kind", "maker": "maker", "share": "share"}),
        per_page=10,
        empty=visit.text("No lot is known in which it entered the system."),
    )  # fmt: skip
