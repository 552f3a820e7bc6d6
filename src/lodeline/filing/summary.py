"""What a filing says, in numbers that a person can hold against what they know (in words: `sentences`).

Numbers only from the rows and the compositions given: mass whose composition nobody has stated is counted as such.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

import polars as pl

from lodeline.filing.rules import own_lot
from lodeline.ledger.movement import makes_lot
from lodeline.material.assay import TREO_INDEX, explode, with_treo
from lodeline.material.element import SYMBOLS
from lodeline.material.mass import share_mg_expr

#: The kinds of a filing, with a transformation in its three parts and a shipment to one's own site as `move`.
What = Literal[
    "origin", "in", "out", "waste", "shipment", "move", "receipt", "title", "export", "stock", "loss", "adjustment",
    "void",
]  # fmt: skip
_ORDER: Final[tuple[What, ...]] = (
    "origin", "receipt", "in", "out", "waste", "shipment", "export", "title", "move", "stock", "loss", "adjustment",
    "void",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """Mass of an element, TREO among them."""

    symbol: str
    mass_mg: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """All rows of one kind. Masses in mg; `elements` are of dry mass, the largest first; `unstated_mg` is the dry mass
    of rows whose composition is not known, `unread` the rows whose mass cannot be read and stands in no sum.
    `partners` counts the distinct other parties, `first` and `last` days."""

    what: What
    events: int
    rows: int
    lots: int
    partners: int
    net_mg: int
    dry_mg: int
    elements: tuple[Element, ...]
    unstated_mg: int
    unread: int
    first: date | None
    last: date | None

    def mass_mg(self, symbol: str) -> int:
        """The mass of an element, 0 where none is stated."""
        return next((one.mass_mg for one in self.elements if one.symbol == symbol), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What goes to one country under one licence; either may be left open by the rows."""

    country: str | None
    licence: str | None
    events: int
    net_mg: int
    dry_mg: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A filing in numbers: its parts in the order in which they are told, and its exports, the largest first."""

    rows: int
    events: int
    parts: tuple[Part, ...]
    exports: tuple[Export, ...]

    def part(self, what: What) -> Part | None:
        """The part of that kind, None where the filing has no such row."""
        return next((one for one in self.parts if one.what == what), None)


def summarise(
    rows: pl.DataFrame, *, organisation: str | None = None, lot_compositions: pl.DataFrame | None = None
) -> Summary:
    """A filing in numbers, from rows as checked.

    Parameters
    ----------
    rows : columns of `schema.ROWS`; a row without kind is left out.
    lot_compositions : `lot` (as the rows name it), `composition` (canonical): what is known of lots that the filing
        does not make. A row's own assay comes first, then the making in this filing, then this.
    """
    named = _with_compositions(
        rows.with_columns(_what()).filter(pl.col("what").is_not_null()), organisation, lot_compositions
    )
    elements = _elements(named)
    partner = pl.coalesce("counterparty", "counterparty_name")
    counted = named.group_by("what").agg(
        pl.col("event").n_unique().alias("events"), pl.len().alias("rows"),
        own_lot(organisation).drop_nulls().n_unique().alias("lots"), partner.drop_nulls().n_unique().alias("partners"),
        pl.col("mass_mg").sum(), pl.col("dry_mg").sum(),
        pl.col("dry_mg").filter(pl.col("stated").is_null()).sum().alias("unstated_mg"),
        (pl.col("mass_mg").is_null() & (pl.col("kind") != "void")).sum().alias("unread"),
        pl.col("on").min().alias("first"), pl.col("on").max().alias("last"),
    )  # fmt: skip
    parts = {
        row["what"]: Part(
            what=row["what"], events=row["events"], rows=row["rows"], lots=row["lots"], partners=row["partners"],
            net_mg=row["mass_mg"], dry_mg=row["dry_mg"], elements=elements.get(row["what"], ()),
            unstated_mg=row["unstated_mg"], unread=row["unread"], first=row["first"], last=row["last"],
        )
        for row in counted.iter_rows(named=True)
    }  # fmt: skip
    exports = (
        named.filter(pl.col("what") == "export")
        .group_by(country=pl.coalesce("destination", "counterparty_country"), licence="licence")
        .agg(pl.col("event").n_unique().alias("events"), pl.col("mass_mg").sum(), pl.col("dry_mg").sum())
        .sort(-pl.col("mass_mg"), "country", "licence", nulls_last=True)
    )
    return Summary(
        rows=rows.height,
        events=rows["event"].drop_nulls().n_unique(),
        parts=tuple(parts[what] for what in _ORDER if what in parts),
        exports=tuple(
            Export(country=country, licence=licence, events=count, net_mg=net_mg, dry_mg=dry_mg)
            for country, licence, count, net_mg, dry_mg in exports.iter_rows()
        ),
    )


def _what() -> pl.Expr:
    kind = pl.col("kind")
    return (
        pl.when(kind == "transformation")
        .then("role")
        .when((kind == "shipment") & pl.col("to_site").is_not_null())
        .then(pl.lit("move"))
        .when(kind.is_in(_ORDER))
        .then(kind)
        .alias("what")
    )


def _with_compositions(
    rows: pl.DataFrame, organisation: str | None, lot_compositions: pl.DataFrame | None
) -> pl.DataFrame:
    """Rows with `stated`, the composition that their mass is taken to have."""
    lot = own_lot(organisation)
    made = rows.filter(makes_lot()).select(key=lot, made="composition").drop_nulls().unique("key", keep="first")
    named = rows.with_columns(lot.alias("key")).join(made, on="key", how="left", maintain_order="left")
    if lot_compositions is not None:
        known = lot_compositions.select(key=lot, known="composition").drop_nulls().unique("key", keep="first")
        named = named.join(known, on="key", how="left", maintain_order="left")
    else:
        named = named.with_columns(known=pl.lit(None, pl.String()))
    return named.with_columns(stated=pl.coalesce("composition", "made", "known"))


def _elements(named: pl.DataFrame) -> dict[str, tuple[Element, ...]]:
    """Part → its elements, TREO last and the others by mass."""
    masses = named.select("what", "stated", "dry_mg").filter(pl.col("stated").is_not_null())
    texts = masses["stated"].unique(maintain_order=True)
    shares = with_treo(explode(texts)).join(texts.to_frame("stated").with_row_index("place"), on="place")
    totals = (
        masses.join(shares.select("stated", "element", "ppb"), on="stated")
        .group_by("what", "element")
        .agg(share_mg_expr(pl.col("dry_mg"), pl.col("ppb")).sum().alias("mass_mg"))
        .filter(pl.col("mass_mg") != 0)
        .sort("what", pl.col("element") == TREO_INDEX, -pl.col("mass_mg").abs(), "element")
    )
    found: dict[str, list[Element]] = {}
    for what, element, mass_mg in totals.iter_rows():
        found.setdefault(what, []).append(Element(symbol=SYMBOLS[element], mass_mg=mass_mg))
    return {what: tuple(elements) for what, elements in found.items()}
