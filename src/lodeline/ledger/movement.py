"""Lines become movements, and movements become holdings; what was drawn beyond what was held is never hidden.

Everything here is a function of frames: the same lines give the same movements, holdings and shortfalls in
whatever order they arrived, because the order of a holding's movements is a property of the movements.
"""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

#: The columns of a stored line that the ledger works on. `lot` is the surrogate id, `maker` whose lot it is by its
#: name and `local` the maker's own id, `party` the resolved counterparty; the identifiers as filed stay in the store.
LINE: dict[str, pl.DataType] = {
    "line": pl.Int64(), "entry": pl.Int64(), "organisation": pl.String(), "ordinal": pl.UInt32(),
    "event": pl.String(), "kind": pl.String(), "role": pl.String(), "on": pl.Date(), "site": pl.String(),
    "lot": pl.Int64(), "maker": pl.String(), "local": pl.String(), "product": pl.String(), "mass_mg": pl.Int64(),
    "dry_mg": pl.Int64(),
    "composition": pl.String(), "composition_status": pl.String(), "method": pl.String(), "origin_kind": pl.String(),
    "origin_place": pl.String(), "owner": pl.String(), "party": pl.String(), "counterparty_country": pl.String(),
    "to_site": pl.String(), "location": pl.String(), "reference": pl.String(), "destination": pl.String(),
    "run": pl.String(), "reason": pl.String(),
}  # fmt: skip
#: What a line may state of the goods, the deal and its papers beside, as filed: many state none of it. `value` is a
#: decimal.
TRADE: dict[str, pl.DataType] = {
    "value": pl.String(), "currency": pl.String(), "licence": pl.String(), "control_item": pl.String(),
    "hs_code": pl.String(), "end_user_name": pl.String(), "end_user_country": pl.String(), "end_use": pl.String(),
    "model": pl.String(), "pieces": pl.Int64(), "document": pl.String(), "document_kind": pl.String(),
    "declaration": pl.String(),
}  # fmt: skip

ACCOUNT = ("site", "lot", "owner")

_MAKES = (pl.col("kind") == "origin") | (pl.col("kind") == "transformation") & pl.col("role").is_in(["out", "waste"])
#: What moves nothing.
_STILL = ("stock", "void")
#: +1 for what enters a site, −1 for what leaves it; an adjustment carries its own sign.
_SIGN = pl.when(_MAKES | pl.col("kind").is_in(["receipt", "adjustment"])).then(1).otherwise(-1)


_AS_MOVEMENT = [
    pl.coalesce("owner", "organisation").alias("owner"),
    (pl.col("dry_mg") * _SIGN).alias("delta_mg"),
    pl.when((pl.col("kind") == "shipment") & pl.col("to_site").is_not_null())
    .then(pl.lit("move"))
    .otherwise("kind")
    .alias("kind"),
]


def plain_rows(frame: pl.DataFrame, *columns: str) -> Iterator[tuple[Any, ...]]:
    """The rows of some columns as tuples: column by column, which takes a third of the time of row by row."""
    if frame.height > _PIECE_ROWS:
        pieces = frame.select(columns).iter_slices(_PIECE_ROWS)
        return itertools.chain.from_iterable(plain_rows(piece, *columns) for piece in pieces)
    return zip(*(frame[name].to_list() for name in columns), strict=True)


def frame_of(rows: Sequence[tuple[Any, ...]], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """A frame of plain rows. Of many it is made column by column, in less than half of the time of row by row."""
    if len(rows) >= _FEW_ROWS:
        columns = zip(schema.items(), zip(*rows, strict=True), strict=True)
        # What is of another type than its column, in a database that was tampered with, is left to the usual way.
        with suppress(TypeError):
            return pl.DataFrame([pl.Series(name, cells, dtype) for (name, dtype), cells in columns])
    return pl.DataFrame(rows, schema=dict(schema), orient="row")


_FEW_ROWS = 100
#: Rows that are plain objects at a time: bounds the memory of a pass over a million.
_PIECE_ROWS = 65_536


def makes_lot() -> pl.Expr:
    """True on lines that bring a lot into being: an origin, or an output or waste of a transformation."""
    return _MAKES


def is_making(kind: str, role: str | None) -> bool:
    """`makes_lot` of one line."""
    return kind == "origin" or (kind == "transformation" and role in ("out", "waste"))


def movements(lines: pl.DataFrame) -> pl.DataFrame:
    """Signed dry masses per account, one row per movement.

    A shipment to one's own site gives two movements of kind `move`; a title gives two that change the owner
    at the site where the seller holds the lot; a stock count gives none.

    Parameters
    ----------
    lines : frame with the columns of `LINE`.

    Returns
    -------
    The columns of `LINE` with `delta_mg` (Int64, milligrams, dry, signed) and `owner` filled.
    """
    kinds = set(lines["kind"].to_list())
    moving = lines if kinds.isdisjoint(_STILL) else lines.filter(~pl.col("kind").is_in(_STILL))
    moving = moving.with_columns_seq(_AS_MOVEMENT)
    if "shipment" in kinds and lines["to_site"].null_count() < lines.height:
        arrivals = moving.filter(pl.col("kind") == "move")
        moving = pl.concat([moving, arrivals.with_columns(site=pl.col("to_site"), delta_mg=pl.col("dry_mg"))])
    if "title" in kinds:
        titles = moving.filter(pl.col("kind") == "title")
        moving = pl.concat([moving.filter(pl.col("kind") != "title"), _title_movements(moving, titles)])
    return moving


def _title_movements(moving: pl.DataFrame, titles: pl.DataFrame) -> pl.DataFrame:
    """The two sides of each change of ownership, at the site where the seller holds the lot that day.

    A title names no site. It is carried out day by day, from the site where the seller's book is largest on; a
    seller who holds nothing is charged at no site, where the shortfall shows.
    """
    involved = moving.filter(pl.col("lot").is_in(titles["lot"].implode()))
    ordered = involved.sort("on", pl.col("delta_mg") < 0, "organisation", "event", "ordinal")
    books = _Books()
    placed: list[tuple[int, str, int]] = []
    for _, day in itertools.groupby(ordered[_BOOKED].iter_rows(), key=lambda row: row[0]):
        sales: list[_Title] = []
        for _, kind, lot, owner, site, delta_mg, line, buyer in day:
            if kind == "title":
                sales.append(_Title(line=line, lot=lot, seller=owner, buyer=buyer or "?", mass_mg=-delta_mg))
            else:
                books.add(lot, owner, site, delta_mg)
        # Sales wait for the purchases of their own day, however long the chain of traders is.
        while sales:
            ready = [sale for sale in sales if books.covers(sale)] or sales[:1]
            placed += [part for sale in ready for part in books.carry_out(sale)]
            sales = [sale for sale in sales if sale not in ready]
    parts = pl.DataFrame(
        placed, schema={"line": pl.Int64(), "placed": pl.String(), "part_mg": pl.Int64()}, orient="row"
    )
    at_sites = titles.join(parts, on="line", how="inner").with_columns(site="placed", dry_mg="part_mg")
    sold = at_sites.with_columns(delta_mg=-pl.col("part_mg")).select(titles.columns)
    bought = at_sites.with_columns(delta_mg="part_mg", owner=pl.col("party").fill_null("?")).select(titles.columns)
    return pl.concat([sold, bought])


_BOOKED = ["on", "kind", "lot", "owner", "site", "delta_mg", "line", "party"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Title:
    line: int
    lot: int
    seller: str
    buyer: str
    mass_mg: int


class _Books:
    """What each owner holds of each lot, by site, while the titles of the lots are carried out."""

    def __init__(self) -> None:
        self._held: dict[tuple[int, str], dict[str, int]] = {}

    def add(self, lot: int, owner: str, site: str, delta_mg: int) -> None:
        sites = self._held.setdefault((lot, owner), {})
        # What is drawn beyond the book is unaccounted and leaves no debt behind.
        sites[site] = max(0, sites.get(site, 0) + delta_mg)

    def _sellers_sites(self, title: _Title) -> dict[str, int]:
        return self._held.get((title.lot, title.seller), {})

    def covers(self, title: _Title) -> bool:
        return sum(self._sellers_sites(title).values()) >= title.mass_mg

    def carry_out(self, title: _Title) -> list[tuple[int, str, int]]:
        """Moves the mass to the buyer, from the seller's fullest site on: (line, site, part in mg).

        What the seller does not hold is charged to the fullest site, or to none ("") where there is none.
        """
        sites = self._sellers_sites(title)
        fullest_first = sorted(sites, key=lambda name: (-sites[name], name)) or [""]
        parts: dict[str, int] = {}
        rest_mg = title.mass_mg
        for site in fullest_first:
            parts[site] = min(rest_mg, sites.get(site, 0))
            rest_mg -= parts[site]
        parts[fullest_first[0]] += rest_mg
        for site, part_mg in parts.items():
            self.add(title.lot, title.seller, site, -part_mg)
            self.add(title.lot, title.buyer, site, part_mg)
        return [(title.line, site, part_mg) for site, part_mg in parts.items() if part_mg or len(parts) == 1]


def with_balances(moving: pl.DataFrame) -> pl.DataFrame:
    """Adds `held_mg` after each movement and `unaccounted_mg`, the part of it that was not held.

    Movements of an account run by day, increases before decreases, then organisation, event and row. A
    decrease takes what is there and books the rest as unaccounted, so that held never falls below zero.
    """
    ordered = moving.sort(*ACCOUNT, "on", pl.col("delta_mg") < 0, "organisation", "event", "ordinal")
    # Eight bytes a row, where a list of integers has forty.
    held, unaccounted = array("q"), array("q")
    last_site = last_lot = last_owner = None
    book_mg = 0
    # One pass of plain integers: a running sum that stops at zero is no sum of columns. A mass that cannot be read
    # any more counts as nothing; the audit names its row.
    for site, lot, owner, delta_mg in plain_rows(ordered, *ACCOUNT, "delta_mg"):
        if lot != last_lot or site != last_site or owner != last_owner:
            last_site, last_lot, last_owner, book_mg = site, lot, owner, 0
        book_mg += delta_mg or 0
        if book_mg >= 0:
            unaccounted.append(0)
        else:
            unaccounted.append(-book_mg)
            book_mg = 0
        held.append(book_mg)
    found = {"held_mg": held, "unaccounted_mg": unaccounted}
    return ordered.hstack([pl.Series(name, np.asarray(values, np.int64)) for name, values in found.items()])


def booked(lines: pl.DataFrame) -> pl.DataFrame:
    """The movements of lines with their balances (`with_balances`), of each line the columns of `BOOK` alone: half of
    the memory of all."""
    return with_balances(movements(lines.select(BOOKED_FROM)).select(BOOK))


#: What of a line is kept beside its balances.
BOOK = (
    "line", "entry", "organisation", "ordinal", "event", "kind", "role", "on", "site", "lot", "product", "method",
    "origin_kind", "owner", "delta_mg",
)  # fmt: skip
#: What of a line its movements are made of.
BOOKED_FROM = (*(name for name in BOOK if name != "delta_mg"), "dry_mg", "party", "to_site")


def holdings(balanced: pl.DataFrame) -> pl.DataFrame:
    """Book inventory per account: `site`, `lot`, `owner`, `mass_mg`, `unaccounted_mg`; empty accounts left out."""
    return (
        balanced.group_by(*ACCOUNT, maintain_order=True)
        .agg(mass_mg=pl.col("held_mg").last(), unaccounted_mg=pl.col("unaccounted_mg").sum())
        .filter((pl.col("mass_mg") > 0) | (pl.col("unaccounted_mg") > 0))
    )


def lot_facts(lines: pl.DataFrame) -> pl.DataFrame:
    """What each lot is: `lot`, `made` (its maker has filed), `product`, `composition`, `assayed`, `origin_kind`,
    `made_line`.

    The maker's line decides. Until the maker files, the first line (by day, organisation, event) that states
    a product or a composition stands in. `assayed`: the composition is a measurement or a certificate of this very lot,
    and not a recipe that holds for many; null where there is no composition.
    """
    stating = lines[STATING]
    if stating["lot"].null_count():
        stating = stating.filter(pl.col("lot").is_not_null())
    by_precedence = stating.with_columns_seq(made=makes_lot()).sort(
        "lot", ~pl.col("made"), "on", "organisation", "event", "ordinal"
    )
    # The maker's line, where there is one, comes first.
    made = pl.col("made").first()
    return by_precedence.group_by("lot", maintain_order=True).agg(
        made=made,
        product=pl.col("product").drop_nulls().first(),
        composition=pl.when(made)
        .then(pl.col("composition").first())
        .otherwise(pl.col("composition").drop_nulls().first()),
        assayed=pl.when(made).then(_ASSAYED.first()).otherwise(_ASSAYED.drop_nulls().first()),
        origin_kind=pl.when(made).then(pl.col("origin_kind").first()),
        made_line=pl.when(made).then(pl.col("line").first()),
    )


#: Compositions that somebody found of the lot itself; whoever says nothing of where one comes from has not said that.
_OWN = ("measured", "certificate")
_ASSAYED = pl.when(pl.col("composition").is_not_null()).then(pl.col("composition_status").is_in(_OWN).fill_null(False))
#: What of a line says what its lot is.
STATING = [
    "lot", "kind", "role", "on", "organisation", "event", "ordinal", "product", "composition", "composition_status",
    "origin_kind", "line",
]  # fmt: skip
