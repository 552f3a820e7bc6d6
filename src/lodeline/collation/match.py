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

from lodeline.collation.goods import OF_GOODS, Goods
from lodeline.collation.joining import Ints, components
from lodeline.collation.meeting import PAIR, Open, Search
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
#: A number that is written as `number_key` would write it.
_PLAIN: Final = r"^[A-Z1-9][A-Z0-9]*$"
#: A number for each goods; -1 where a row says none.
_GOODS: Final = pl.col("product").rank("dense").cast(pl.Int64).fill_null(-1).alias("goods")
#: Masses this near are one.
_SAME: Final = 1e-4
_SELLER, _BUYER = ("seller",), ("buyer",)


@dataclass(frozen=True, kw_only=True)
class Collation:
    """The pieces, the group of each (`label`, (n,) Int64, the place of the first piece of its group), and `groups`."""

    pieces: Pieces
    label: Ints
    table: pl.DataFrame

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
        none = np.empty(0, np.int64)
        return Collation(pieces=made, label=none, table=groups(prepared(frame), none))
    search = Search.of(tolerances, today)
    label = _by_numbers(frame, search.unique_characters)
    # Said once: whenever groups grow, the least number of each side is asked.
    frame = prepared(frame)
    table = groups(frame, label)
    for step in (
        _at_the_border, _with_invoices, _left_at_the_border, _border_and_invoice, _undone, _invoiced_rests,
        _rests_at_the_border,
    ):  # fmt: skip
        after = step(frame, table, label, search)
        table, label = regrouped(frame, table, label, after), after
    return Collation(pieces=made, label=label, table=table)


def prepared(frame: pl.DataFrame) -> pl.DataFrame:
    """With what of a piece is asked for its group, and no more."""
    stands = frame.select(pl.coalesce("number", "declaration")).to_series()
    return frame.with_columns(_GOODS, plain=_keys(stands)).select(*dict.fromkeys((*_OF_GROUPS, *OF_GOODS)))


def _keys(numbers: pl.Series) -> pl.Series:
    """`number_key` of each. Most stand as they are compared; the others alone are looked at sign by sign."""
    others = (~numbers.str.contains(_PLAIN)).fill_null(False).arg_true()
    told = pl.DataFrame({"number": numbers.gather(others)}).select(number_key(pl.col("number"))).to_series()
    return numbers.clone().scatter(others, told)


def _by_numbers(frame: pl.DataFrame, unique_characters: int) -> Ints:
    """Groups by common numbers. A short number belongs to its issuer, else to who was invoiced under it."""
    named = frame.select("number", "declaration", "event", "seller", "buyer", "lane")
    rows = named.with_row_index("piece").with_columns(pl.col("piece").cast(pl.Int64))
    said = rows.filter(pl.col("number").is_not_null()).select("piece", "seller", "buyer", part="number")
    plain = said["part"].str.contains(_PLAIN)
    numbered = pl.concat(
        [said.filter(plain), said.filter(~plain).with_columns(number_parts(pl.col("part"))).explode("part")]
    ).filter(pl.col("part").is_not_null())
    declared = rows.filter(pl.col("declaration").is_not_null())
    declared = declared.with_columns(part=_keys(declared["declaration"])).filter(pl.col("part").is_not_null())
    long = pl.col("part").str.len_chars() >= unique_characters
    keys = [
        numbered.select("piece", key=pl.concat_str(pl.lit("n"), "part", _owner("seller", long), separator="\t")),
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


def _owner(side: str, long: pl.Expr) -> pl.Expr:
    return pl.when(long).then(pl.lit("")).otherwise(pl.col(side).cast(pl.String))


def _firm(long: pl.Expr) -> pl.Expr:
    """The domestic firm of a declaration with a short number."""
    firm = pl.when(pl.col("lane") == IMPORT).then("buyer").otherwise("seller")
    return pl.when(long).then(pl.lit("")).otherwise(firm.cast(pl.String))


def _joined(count: int, keys: list[pl.DataFrame]) -> Ints:
    every = pl.concat(keys)
    codes = every["key"].cast(pl.Categorical).to_physical().cast(pl.Int64).to_numpy()
    return components(count, every["piece"].to_numpy().astype(np.int64), codes)


def groups(frame: pl.DataFrame, label: Ints) -> pl.DataFrame:
    """One row per group, by label: for each of `SIDES` `<side>` (how many), `<side>_mg`, `<side>_value` (None where a
    row gives none), `<side>_on` (first day), `<side>_number`,
    `<side>_goods` (-1 where they are several); `seller`, `buyer`, `lane`, `no_sale`, `currency`."""
    rows = frame.select(*_OF_GROUPS, label=pl.Series(label))
    found = []
    for side, when in SIDES.items():
        found.append(
            rows.filter(when).group_by("label").agg(
                pl.len().cast(pl.Int64).alias(side),
                pl.col("mass_mg").sum().alias(f"{side}_mg"),
                pl.when(pl.col("value").null_count() == 0).then(pl.col("value").sum()).alias(f"{side}_value"),
                pl.col("currency").min().alias(f"{side}_currency"),
                pl.col("on").min().alias(f"{side}_on"),
                pl.col("plain").min().alias(f"{side}_number"),
                pl.when(pl.col("goods").min() == pl.col("goods").max())
                .then(pl.col("goods").min())
                .otherwise(-1)
                .alias(f"{side}_goods"),
                pl.col("seller").max().alias(f"{side}_seller"),
                pl.col("buyer").max().alias(f"{side}_buyer"),
            )
        )  # fmt: skip
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


#: What of a piece is asked for its group.
_OF_GROUPS: Final = (
    "side", "evidence", "back", "lane", "no_sale", "mass_mg", "value", "currency", "on", "plain", "goods", "seller",
    "buyer",
)  # fmt: skip


def regrouped(frame: pl.DataFrame, table: pl.DataFrame, before: Ints, after: Ints) -> pl.DataFrame:
    """`groups` under the labels `after`, from its `table` under those `before`: only groups that grew are made anew."""
    moved = before != after
    if not moved.any():
        return table
    grown, gone = np.zeros(len(after), np.bool_), np.zeros(len(after), np.bool_)
    grown[after[moved]] = True
    is_in = grown[after]
    gone[before[is_in]] = True
    new = groups(frame.filter(pl.Series(is_in)), after[is_in])
    return pl.concat([table.filter(pl.Series(~gone[table["label"].to_numpy()])), new]).sort("label")


def _as(table: pl.DataFrame, side: str, *, has: str | None = None, swapped: bool = False) -> pl.DataFrame:
    """A side of groups in the form that `pairs` and `sums` take; `has`: the side on which it has a part already."""
    seller, buyer = ("buyer", "seller") if swapped else ("seller", "buyer")
    mass, value = pl.col(f"{side}_mg").abs(), pl.col(f"{side}_value").abs()
    had = (pl.lit(0), pl.lit(0.0)) if has is None else (pl.col(f"{has}_mg"), pl.col(f"{has}_value"))
    return table.select(
        "label", seller=seller, buyer=buyer, on=f"{side}_on", mass=mass, value=value, currency=f"{side}_currency",
        number=f"{side}_number", goods=f"{side}_goods", had_mass=had[0], had_value=had[1],
    )  # fmt: skip


def _has(*sides: str) -> pl.Expr:
    return pl.all_horizontal(pl.col(side) > 0 for side in sides)


def _none(*sides: str) -> pl.Expr:
    return pl.all_horizontal(pl.col(side) == 0 for side in sides)


def _at_the_border(frame: pl.DataFrame, table: pl.DataFrame, label: Ints, search: Search) -> Ints:
    """Filed exports and imports with the customs lines that name no number of theirs."""
    table = table.filter(pl.col("lane") != 0)
    imports = Open(
        search, label, _as(table.filter(_has("entered") & _none("came_in", "went_out")), "entered"),
        _as(table.filter(_has("came_in") & _none("entered", "sold")), "came_in"),
    )  # fmt: skip
    imports.meet(block=_BUYER, measure="mass", tolerance=search.exact, window=search.border_days)
    imports.meet(block=_BUYER, measure="mass", tolerance=search.mass, window=search.border_days)
    exports = Open(
        search, imports.label,
        _as(table.filter(_has("sold") & (pl.col("lane") == EXPORT) & _none("went_out")), "sold"),
        _as(table.filter(_has("went_out") & _none("sold", "entered")), "went_out"),
    )  # fmt: skip
    days = search.border_days
    for block in (PAIR, _SELLER):
        exports.meet(block=block, measure="mass", tolerance=search.exact, window=days, also=search.value)
        for share in (_SAME, search.exact):
            exports.meet(block=block, measure="mass", tolerance=share, window=days, also=search.value, unknown=True)
    return exports.label


def _left_at_the_border(frame: pl.DataFrame, table: pl.DataFrame, label: Ints, search: Search) -> Ints:
    """One customs line for several exports, each of which has found its own invoice before; then what is less alike."""
    table = table.filter(pl.col("lane") != 0)
    goods = Goods(frame, label, BORDER, search.exact, tables=[table])
    exports = Open(
        search, label, _as(table.filter(_has("sold") & (pl.col("lane") == EXPORT) & _none("went_out")), "sold"),
        _as(table.filter(_has("went_out") & _none("sold", "entered")), "went_out"),
    )  # fmt: skip
    for block in (PAIR, _SELLER):
        exports.sum_up(goods, block=block, window=search.border_days)
        exports.meet(block=block, measure="mass", tolerance=search.exact, window=search.border_days)
    exports.meet(block=PAIR, measure="mass", tolerance=search.mass, window=search.border_days)
    exports.meet(block=_SELLER, measure="value", tolerance=search.value, window=search.close_days)
    exports.meet(
        block=_BUYER, measure="mass", tolerance=search.mass, window=search.close_days, also=search.value
    )  # fmt: skip
    return exports.label


def _with_invoices(frame: pl.DataFrame, table: pl.DataFrame, label: Ints, search: Search) -> Ints:
    """Sales, then receipts of what nobody filed as sold, with invoices that they do not name."""
    sold = _as(table.filter(_has("sold") & ~pl.col("no_sale") & _none("invoiced")), "sold")
    invoiced = _as(table.filter(_has("invoiced") & (pl.col("invoiced_mg") > 0) & _none("sold", "received", "went_out")),
                   "invoiced")  # fmt: skip
    opened = Open(search, label, sold, invoiced)
    near, close = search.invoice_days, search.close_days
    opened.meet(block=PAIR, measure="mass", tolerance=search.exact, window=near, also=search.value)
    for share in (_SAME, search.exact):
        opened.meet(block=PAIR, measure="mass", tolerance=share, window=near, also=search.value, unknown=True)
    goods = Goods(frame, label, INVOICED, search.exact, tables=[sold, invoiced])
    opened.sum_up(goods, block=PAIR, window=near)
    opened.meet(block=PAIR, measure="mass", tolerance=search.exact, window=near)
    opened.meet(block=PAIR, measure="mass", tolerance=search.mass, window=near)
    opened.meet(block=PAIR, measure="value", tolerance=search.value, window=near)
    opened.meet(block=PAIR, measure="value", tolerance=search.value, window=near, taxed="ours")
    opened.meet(block=PAIR, measure="value", tolerance=search.value, window=near, taxed="theirs")
    opened.total_up(goods, tolerance=search.exact, window=near, most=search.longest)
    for block in (_SELLER, _BUYER):
        opened.meet(block=block, measure="mass", tolerance=search.exact, window=close, also=search.value)
    received = _as(table.filter(_has("received") & _none("sold", "invoiced")), "received")
    joined = Open(search, opened.label, received, opened.theirs)
    joined.meet(block=PAIR, measure="mass", tolerance=search.mass, window=near)
    return joined.label


def _border_and_invoice(frame: pl.DataFrame, table: pl.DataFrame, label: Ints, search: Search) -> Ints:
    """Customs lines that no filing names with invoices that none does: one export never filed, not two things."""
    opened = Open(
        search, label, _as(table.filter(_has("went_out") & _none("invoiced", "sold")), "went_out"),
        _as(table.filter(_has("invoiced") & (pl.col("invoiced_mg") > 0) & _none("sold", "received", "went_out")),
            "invoiced"),
    )  # fmt: skip
    opened.meet(block=PAIR, measure="mass", tolerance=search.mass, window=search.invoice_days)
    opened.meet(block=_SELLER, measure="mass", tolerance=search.exact, window=search.invoice_days, also=search.value)
    return opened.label


def _undone(frame: pl.DataFrame, table: pl.DataFrame, label: Ints, search: Search) -> Ints:
    """Red invoices with the goods that went back, else with the invoice that they undo."""
    red = table.filter(_has("invoiced") & (pl.col("invoiced_mg") < 0) & _none("sold", "sent_back"))
    if not red.height:
        return label
    opened = Open(
        search,
        label,
        _as(table.filter(_has("sent_back") & _none("invoiced")), "sent_back"),
        _as(red, "invoiced", swapped=True),
    )
    opened.meet(block=PAIR, measure="mass", tolerance=search.mass, window=search.invoice_days)
    left = red.filter(pl.col("label").is_in(opened.theirs["label"].implode()))
    undoes = Open(
        search, opened.label, _as(table.filter(_has("invoiced") & (pl.col("invoiced_mg") > 0)), "invoiced"),
        _as(left, "invoiced"),
    )  # fmt: skip
    undoes.meet(block=PAIR, measure="mass", tolerance=_SAME, window=366)
    return undoes.label


def _invoiced_rests(frame: pl.DataFrame, table: pl.DataFrame, label: Ints, search: Search) -> Ints:
    """`_rests` of what was invoiced."""
    return _rests(frame, table, label, search, side=("invoiced", INVOICED), window=search.invoice_days)


def _rests_at_the_border(frame: pl.DataFrame, table: pl.DataFrame, label: Ints, search: Search) -> Ints:
    """`_rests` of what left."""
    return _rests(frame, table, label, search, side=("went_out", BORDER), window=search.border_days)


def _rests(
    frame: pl.DataFrame, table: pl.DataFrame, label: Ints, search: Search, *, side: tuple[str, int], window: int
) -> Ints:
    """What a group still lacks in mass, with what stands alone and is just that, or adds up to it: the second invoice
    of one delivery, the other deliveries of one invoice, the rest of an export that left later."""
    name, number = side
    rest = pl.col("sold_mg") - pl.col(f"{name}_mg")
    # Smaller rests are differences of weighing and rounding.
    large = rest.abs() > pl.max_horizontal(pl.lit(search.least_mg), search.mass * pl.col("sold_mg"))
    both = table.filter(_has("sold", name) & large)
    alone = table.filter(_has(name) & (pl.col(f"{name}_mg") > 0) & _none("sold", "received", "entered"))
    unmet = table.filter(_has("sold") & ~pl.col("no_sale") & _none(name))
    if name == "went_out":
        unmet = unmet.filter(pl.col("lane") == EXPORT)
    goods = Goods(frame, label, number, search.exact, tables=[both, alone, unmet])
    lacking = Open(search, label, _as(both.filter(rest > 0), "sold", has=name), _as(alone, name))
    lacking.meet(block=PAIR, measure="mass", tolerance=search.mass, window=window)
    lacking.sum_up(goods, block=PAIR, window=window)
    lacking.meet(block=_SELLER, measure="mass", tolerance=search.exact, window=search.close_days)
    more = Open(search, lacking.label, _as(both.filter(rest < 0), name, has="sold"), _as(unmet, "sold"))
    more.meet(block=PAIR, measure="mass", tolerance=search.exact, window=window)
    more.sum_up(goods, block=PAIR, window=window)
    more.meet(block=PAIR, measure="mass", tolerance=search.mass, window=window)
    return more.label
