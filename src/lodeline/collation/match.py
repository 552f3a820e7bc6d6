"""Which rows of the three records speak of the same goods; many to many, in any order, always with the same result.

First what bears a common number: the rows of one shipment, the invoices that a row names, the declaration that an
export names. Then, nearest first, what agrees in parties, mass or value, and day. Then sums: one invoice for several
deliveries, several for one. What is left stands alone. Groups only grow: nothing that a number joined is taken apart
again.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import polars as pl

from lodeline.collation.joining import Ints, components, merged, pairs, runs
from lodeline.collation.piece import (
    BORDER,
    EXPORT,
    FILED,
    IMPORT,
    INVOICED,
    Pieces,
    Resolve,
    number_key,
    number_parts,
    pieces,
)
from lodeline.collation.tolerance import Tolerances

#: The sides of a group: what of its pieces counts for each.
SIDES: Final = {
    "sold": (pl.col("side") == FILED) & (pl.col("evidence") == 0) & ~pl.col("back") & (pl.col("lane") != IMPORT),
    "entered": (pl.col("side") == FILED) & (pl.col("lane") == IMPORT),
    "received": (pl.col("side") == FILED) & (pl.col("evidence") == 1) & (pl.col("lane") != IMPORT),
    "sent_back": (pl.col("side") == FILED) & (pl.col("evidence") == 0) & pl.col("back") & (pl.col("lane") != IMPORT),
    "invoiced": pl.col("side") == INVOICED,
    "went_out": (pl.col("side") == BORDER) & (pl.col("lane") == EXPORT),
    "came_in": (pl.col("side") == BORDER) & (pl.col("lane") == IMPORT),
}
#: What stands for the number of a row.
_PLAIN_NUMBER: Final = number_key(pl.coalesce("number", "declaration")).alias("plain")
#: Masses this near are one.
_SAME: Final = 1e-4
_PAIR, _SELLER, _BUYER = ("seller", "buyer"), ("seller",), ("buyer",)


@dataclass(frozen=True, kw_only=True)
class Collation:
    """The pieces and the group of each: `label`, (n,) Int64, the place of the first piece of its group."""

    pieces: Pieces
    label: Ints

    @property
    def frame(self) -> pl.DataFrame:
        """`pieces.frame` with `group`."""
        return self.pieces.frame.with_columns(group=pl.Series(self.label))


def collate(
    goods: pl.DataFrame, invoices: pl.DataFrame, customs: pl.DataFrame, *, known: Collection[str], resolve: Resolve,
    special: Collection[str], tolerances: Tolerances, today: date,
) -> Collation:  # fmt: skip
    """The groups of the three records.

    Parameters: as of `piece.pieces`; `today` says which tolerances count for the search.
    """
    made = pieces(goods, invoices, customs, known=known, resolve=resolve, special=special)
    frame = made.frame
    if not frame.height:
        return Collation(pieces=made, label=np.empty(0, np.int64))
    search = _Search.of(tolerances, today)
    label = _by_numbers(frame, search.unique_characters)
    # Said once: every step groups the rows again, and asks for the least number of each side.
    frame = frame.with_columns(_PLAIN_NUMBER)
    for step in (_at_the_border, _with_invoices, _border_and_invoice, _undone, _rests):
        label = step(frame, label, search)
    return Collation(pieces=made, label=label)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """How far partners without a common number are looked for. Shares are shares, windows days."""

    mass: float
    value: float
    tax: float
    close_days: int
    invoice_days: int
    border_days: int
    unique_characters: int
    longest: int
    exact: float
    least_mg: float

    @classmethod
    def of(cls, tolerances: Tolerances, today: date) -> _Search:
        def at(name: str) -> float:
            return tolerances.on(name, today)

        return cls(
            mass=at("search_mass_pct") / 100, value=at("value_pct") / 100, tax=at("tax_pct") / 100,
            close_days=int(at("close_days")), invoice_days=int(at("search_days:invoice")),
            border_days=int(at("search_days:border")), unique_characters=int(at("unique_number_digits")),
            longest=int(at("run_length")), exact=at("mass_pct:invoice") / 100, least_mg=at("mass_least_kg") * 1e6,
        )  # fmt: skip


def _by_numbers(frame: pl.DataFrame, unique_characters: int) -> Ints:
    """Groups by common numbers. A short number belongs to its issuer, else to who was invoiced under it."""
    rows = frame.with_row_index("piece").with_columns(pl.col("piece").cast(pl.Int64))
    numbered = (
        rows.filter(pl.col("number").is_not_null())
        .with_columns(part=number_parts(pl.col("number")))
        .explode("part")
        .filter(pl.col("part").is_not_null())
    )
    declared = rows.filter(pl.col("declaration").is_not_null()).with_columns(part=number_key(pl.col("declaration")))
    declared = declared.filter(pl.col("part").is_not_null())
    long = pl.col("part").str.len_chars() >= unique_characters
    keys = [
        numbered.select("piece", key=pl.concat_str(pl.lit("n"), "part", _whose("seller", long), separator="\t")),
        declared.select("piece", key=pl.concat_str(pl.lit("d"), "part", _firm(long), separator="\t")),
        rows.filter(pl.col("event").is_not_null()).select("piece", key=pl.concat_str(pl.lit("e\t"), "event")),
    ]
    label = _joined(frame.height, keys)
    # Short numbers that found nobody under their issuer: those under which one buyer was invoiced.
    sided = frame.select("side").with_columns(group=pl.Series(label))
    whole = sided.group_by("group").agg(n=pl.col("side").n_unique()).filter(pl.col("n") > 1)["group"]
    alone = pl.Series(np.flatnonzero(~np.isin(label, whole.to_numpy())))
    left = numbered.filter(~long & pl.col("piece").is_in(alone.implode()) & (pl.col("buyer") >= 0))
    more = left.select("piece", key=pl.concat_str(pl.lit("b"), "part", "buyer", separator="\t"))
    return _joined(frame.height, [*keys, more]) if more.height else label


def _whose(side: str, long: pl.Expr) -> pl.Expr:
    return pl.when(long).then(pl.lit("")).otherwise(pl.col(side).cast(pl.String))


def _firm(long: pl.Expr) -> pl.Expr:
    """The domestic firm of a declaration with a short number."""
    firm = pl.when(pl.col("lane") == IMPORT).then("buyer").otherwise("seller")
    return pl.when(long).then(pl.lit("")).otherwise(firm.cast(pl.String))


def _joined(count: int, keys: list[pl.DataFrame]) -> Ints:
    every = pl.concat(keys)
    codes = every["key"].cast(pl.Categorical).to_physical().cast(pl.Int64).to_numpy()
    return components(count, every["piece"].to_numpy().astype(np.int64), codes)


def groups(frame: pl.DataFrame, label: Ints, only: pl.Expr | None = None) -> pl.DataFrame:
    """One row per group, by label: for each of `SIDES` `<side>` (how many), `<side>_mg`, `<side>_value` (None where a
    row gives none), `<side>_on` (first day), `<side>_number`; `seller`, `buyer`, `lane`, `no_sale`, `currency`."""
    rows = frame.with_columns(label=pl.Series(label))
    if only is not None:
        rows = rows.filter(pl.col("label").is_in(rows.filter(only)["label"].unique().implode()))
    if "plain" not in rows.columns:
        rows = rows.with_columns(_PLAIN_NUMBER)
    found = []
    for side, when in SIDES.items():
        part = rows.filter(when)
        found.append(
            part.group_by("label").agg(
                pl.len().cast(pl.Int64).alias(side),
                pl.col("mass_mg").sum().alias(f"{side}_mg"),
                pl.when(pl.col("value").null_count() == 0).then(pl.col("value").sum()).alias(f"{side}_value"),
                pl.col("currency").min().alias(f"{side}_currency"),
                pl.col("on").min().alias(f"{side}_on"),
                pl.col("plain").min().alias(f"{side}_number"),
                pl.col("seller").max().alias(f"{side}_seller"),
                pl.col("buyer").max().alias(f"{side}_buyer"),
            )
        )
    whole = rows.group_by("label").agg(
        lane=pl.col("lane").max(),
        no_sale=pl.col("no_sale").filter(SIDES["sold"]).all() & (SIDES["sold"].sum() > 0),
    )
    for part in found:
        whole = whole.join(part, on="label", how="left")
    first = list(SIDES)
    return whole.with_columns(
        *(pl.col(side).fill_null(0) for side in first),
        *(pl.col(f"{side}_mg").fill_null(0) for side in first),
        seller=pl.coalesce(f"{side}_seller" for side in first).fill_null(-1),
        buyer=pl.coalesce(f"{side}_buyer" for side in first).fill_null(-1),
    ).sort("label")


def _as(table: pl.DataFrame, side: str, *, mass: pl.Expr | None = None, swapped: bool = False) -> pl.DataFrame:
    """A side of groups in the form that `pairs` takes."""
    seller, buyer = ("buyer", "seller") if swapped else ("seller", "buyer")
    return table.select(
        "label", seller=seller, buyer=buyer, on=f"{side}_on", mass=pl.col(f"{side}_mg").abs() if mass is None else mass,
        value=pl.col(f"{side}_value").abs(), currency=f"{side}_currency", number=f"{side}_number",
    )  # fmt: skip


def _has(*sides: str) -> pl.Expr:
    return pl.all_horizontal(pl.col(side) > 0 for side in sides)


def _none(*sides: str) -> pl.Expr:
    return pl.all_horizontal(pl.col(side) == 0 for side in sides)


class _Open:
    """Two lists of groups that look for each other; those that found a partner leave both."""

    def __init__(self, label: Ints, ours: pl.DataFrame, theirs: pl.DataFrame) -> None:
        self.label, self.ours, self.theirs = label, ours, theirs

    def meet(
        self, *, block: tuple[str, ...], measure: str, tolerance: float, window: int, also: float | None = None
    ) -> None:
        """Pairs what agrees; see `joining.pairs`."""
        one, other = pairs(
            self.ours, self.theirs, block=block, measure=measure, tolerance=tolerance, window=window, also=also
        )  # fmt: skip
        self._take(one, other)

    def sum_up(self, *, tolerance: float, window: int, longest: int) -> None:
        """One of theirs for several of ours, then one of ours for several of theirs."""
        for singles, many in ((self.theirs, self.ours), (self.ours, self.theirs)):
            found = runs(singles, many, block=_PAIR, tolerance=tolerance, window=window, longest=longest)
            one = np.array([label for label, members in found for _ in members], np.int64)
            self._take(one, np.array([member for _, members in found for member in members], np.int64))

    def total_up(self, *, tolerance: float, most: int) -> None:
        """What two parties have left on either side within a month, else at all, where both add up to the same."""
        for key in ([*_PAIR, "month"], [*_PAIR]):
            sides = [
                one.filter((pl.col("seller") >= 0) & (pl.col("buyer") >= 0) & (pl.col("mass") > 0))
                .with_columns(month=pl.from_epoch("on", time_unit="d").dt.strftime("%Y-%m"))
                .group_by(key).agg(pl.col("label").sort(), pl.col("mass").sum())
                for one in (self.ours, self.theirs)
            ]  # fmt: skip
            both = sides[0].join(sides[1], on=key, suffix="_theirs").filter(
                ((pl.col("mass") - pl.col("mass_theirs")).abs() <= tolerance * pl.col("mass"))
                & (pl.col("label").list.len() <= most) & (pl.col("label_theirs").list.len() <= most)
            )  # fmt: skip
            one: list[int] = []
            other: list[int] = []
            for ours, theirs in both.select("label", "label_theirs").iter_rows():
                members = [*ours, *theirs]
                one += [members[0]] * (len(members) - 1)
                other += members[1:]
            self._take(np.array(one, np.int64), np.array(other, np.int64))

    def _take(self, one: Ints, other: Ints) -> None:
        if not len(one):
            return
        self.label = merged(self.label, one, other)
        gone = pl.Series(np.concatenate([one, other])).implode()
        self.ours = self.ours.filter(~pl.col("label").is_in(gone))
        self.theirs = self.theirs.filter(~pl.col("label").is_in(gone))


def _at_the_border(frame: pl.DataFrame, label: Ints, search: _Search) -> Ints:
    """Filed exports and imports with the customs lines that name no number of theirs."""
    table = groups(frame, label, pl.col("lane") != 0)
    imports = _Open(
        label, _as(table.filter(_has("entered") & _none("came_in", "went_out")), "entered"),
        _as(table.filter(_has("came_in") & _none("entered", "sold")), "came_in"),
    )  # fmt: skip
    imports.meet(block=_BUYER, measure="mass", tolerance=search.exact, window=search.border_days)
    imports.meet(block=_BUYER, measure="mass", tolerance=search.mass, window=search.border_days)
    exports = _Open(
        imports.label,
        _as(table.filter(_has("sold") & (pl.col("lane") == EXPORT) & _none("went_out")), "sold"),
        _as(table.filter(_has("went_out") & _none("sold", "entered")), "went_out"),
    )  # fmt: skip
    for block in (_PAIR, _SELLER):
        exports.meet(block=block, measure="mass", tolerance=search.exact, window=search.border_days)
    exports.meet(block=_PAIR, measure="mass", tolerance=search.mass, window=search.border_days)
    exports.meet(block=_SELLER, measure="value", tolerance=search.value, window=search.close_days)
    exports.meet(
        block=_BUYER, measure="mass", tolerance=search.mass, window=search.close_days, also=search.value
    )  # fmt: skip
    return exports.label


def _with_invoices(frame: pl.DataFrame, label: Ints, search: _Search) -> Ints:
    """Sales, then receipts of what nobody filed as sold, with invoices that they do not name."""
    table = groups(frame, label)
    sold = _as(table.filter(_has("sold") & ~pl.col("no_sale") & _none("invoiced")), "sold")
    invoiced = _as(table.filter(_has("invoiced") & (pl.col("invoiced_mg") > 0) & _none("sold", "received", "went_out")),
                   "invoiced")  # fmt: skip
    opened = _Open(label, sold, invoiced)
    near, close = search.invoice_days, search.close_days
    opened.meet(block=_PAIR, measure="mass", tolerance=search.exact, window=near)
    opened.meet(block=_PAIR, measure="mass", tolerance=search.mass, window=near)
    opened.meet(block=_PAIR, measure="value", tolerance=search.value, window=near)
    with_tax = opened.ours.with_columns(pl.col("value") / (1 + search.tax))
    opened.ours = with_tax
    opened.meet(block=_PAIR, measure="value", tolerance=search.value, window=near)
    opened.ours = opened.ours.with_columns(pl.col("value") * (1 + search.tax))
    opened.sum_up(tolerance=search.exact, window=near, longest=search.longest)
    opened.total_up(tolerance=search.exact, most=search.longest)
    for block in (_SELLER, _BUYER):
        opened.meet(block=block, measure="mass", tolerance=search.exact, window=close, also=search.value)
    received = _as(table.filter(_has("received") & _none("sold", "invoiced")), "received")
    told = _Open(opened.label, received, opened.theirs)
    told.meet(block=_PAIR, measure="mass", tolerance=search.mass, window=near)
    return told.label


def _border_and_invoice(frame: pl.DataFrame, label: Ints, search: _Search) -> Ints:
    """Customs lines that no filing names with invoices that none does: one export never filed, not two things."""
    table = groups(frame, label)
    opened = _Open(
        label, _as(table.filter(_has("went_out") & _none("invoiced", "sold")), "went_out"),
        _as(table.filter(_has("invoiced") & (pl.col("invoiced_mg") > 0) & _none("sold", "received", "went_out")),
            "invoiced"),
    )  # fmt: skip
    opened.meet(block=_PAIR, measure="mass", tolerance=search.mass, window=search.invoice_days)
    opened.meet(block=_SELLER, measure="mass", tolerance=search.exact, window=search.invoice_days, also=search.value)
    return opened.label


def _undone(frame: pl.DataFrame, label: Ints, search: _Search) -> Ints:
    """Red invoices with the goods that went back, else with the invoice that they undo."""
    table = groups(frame, label)
    red = table.filter(_has("invoiced") & (pl.col("invoiced_mg") < 0) & _none("sold", "sent_back"))
    if not red.height:
        return label
    opened = _Open(
        label, _as(table.filter(_has("sent_back") & _none("invoiced")), "sent_back"), _as(red, "invoiced", swapped=True)
    )
    opened.meet(block=_PAIR, measure="mass", tolerance=search.mass, window=search.invoice_days)
    left = red.filter(pl.col("label").is_in(opened.theirs["label"].implode()))
    undoes = _Open(
        opened.label, _as(table.filter(_has("invoiced") & (pl.col("invoiced_mg") > 0)), "invoiced"),
        _as(left, "invoiced"),
    )  # fmt: skip
    undoes.meet(block=_PAIR, measure="mass", tolerance=_SAME, window=366)
    return undoes.label


def _rests(frame: pl.DataFrame, label: Ints, search: _Search) -> Ints:
    """What a group still lacks in mass, with what stands alone and is just that: the second invoice of one delivery,
    the second delivery of one invoice, the rest of an export that left later."""
    for side, window in (("invoiced", search.invoice_days), ("went_out", search.border_days)):
        table = groups(frame, label)
        rest = pl.col("sold_mg") - pl.col(f"{side}_mg")
        # Smaller rests are differences of weighing and rounding.
        large = rest.abs() > pl.max_horizontal(pl.lit(search.least_mg), search.mass * pl.col("sold_mg"))
        both = table.filter(_has("sold", side) & large)
        alone = table.filter(_has(side) & (pl.col(f"{side}_mg") > 0) & _none("sold", "received", "entered"))
        lacking = _Open(label, _as(both.filter(rest > 0), "sold", mass=rest), _as(alone, side))
        lacking.meet(block=_PAIR, measure="mass", tolerance=search.mass, window=window)
        lacking.meet(block=_SELLER, measure="mass", tolerance=search.exact, window=search.close_days)
        extra = both.filter((rest < 0) & pl.lit(side == "invoiced"))
        unmet = table.filter(_has("sold") & ~pl.col("no_sale") & _none(side))
        more = _Open(lacking.label, _as(extra, side, mass=-rest), _as(unmet, "sold"))
        more.meet(block=_PAIR, measure="mass", tolerance=search.mass, window=window)
        label = more.label
    return label
