"""Which rows of the three records speak of the same goods; many to many, in any order, always with the same result.

First what bears a common number: the rows of one shipment, the invoices that a row names, the declaration that an
export names. Then, nearest first, what agrees in parties, mass or value, and day. Then sums: one invoice for several
deliveries, several for one. What is left stands alone. Groups only grow: nothing that a number joined is taken apart
again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
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
#: Masses this near are one.
_SAME: Final = 1e-4
_SELLER, _BUYER = ("seller",), ("buyer",)


@dataclass(frozen=True, kw_only=True)
class Collation:
    """The pieces, the group of each (`label`, (n,) Int64, the place of the first piece of its group), and `groups` in
    no order. `pieces` are `described`."""

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
    at_rest: Callable[[pl.DataFrame], pl.DataFrame] = lambda frame: frame,
) -> Collation:  # fmt: skip
    """The groups of the three records.

    Parameters: as of `piece.pieces`; `today` says which tolerances count for the search; `at_rest` gives a frame back
    that is kept and seldom looked at, from wherever it lies then.
    """
    made = pieces(goods, invoices, customs, known=known, resolve=resolve, special=special)
    products = made.frame["product"].unique().drop_nulls().sort()
    made = replace(made, frame=at_rest(described(made.frame, products)))
    search = Search.of(tolerances, today)
    label = _by_numbers(made.frame, made.parties, search.unique_characters)
    return _by_looks(made, label, at_rest(groups(made.frame.select(*PREPARED), label)), search, at_rest)


def _by_looks(
    made: Pieces, label: Ints, table: pl.DataFrame, search: Search, at_rest: Callable[[pl.DataFrame], pl.DataFrame]
) -> Collation:
    """What agrees in parties, mass or value, and day, of what the numbers left open (`label`, and `groups` of it)."""
    # Most groups are whole by their numbers, and look for nothing.
    is_open = looking(table, search)
    asked = np.zeros(len(label), np.bool_)
    asked[table["label"].to_numpy()[is_open.to_numpy()]] = True
    asked = asked[label]
    whole = _Whole(label, np.flatnonzero(asked))
    frame = made.frame.filter(pl.Series(asked)).select(*PREPARED)
    part, within = whole.inside(table.filter(is_open)), whole.within(label[asked])
    for step in (
        _at_the_border, _with_invoices, _left_at_the_border, _border_and_invoice, _undone, _invoiced_rests,
        _rests_at_the_border,
    ):  # fmt: skip
        after = step(frame, part, within, search)
        part, within = regrouped(frame, part, within, after), after
    table = pl.concat([table.filter(~is_open), whole.outside(part)])
    return Collation(pieces=made, label=whole.label(within), table=at_rest(table))


class _Whole:
    """The places of some pieces among all."""

    def __init__(self, label: Ints, places: Ints) -> None:
        self._label, self.places = label, places

    def within(self, places: Ints) -> Ints:
        return np.searchsorted(self.places, places).astype(np.int64)

    def inside(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows by `label`, which are places among all, in places among these."""
        return rows.with_columns(pl.Series("label", self.within(rows["label"].to_numpy())))

    def outside(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The same the other way round."""
        return rows.with_columns(pl.Series("label", self.places[rows["label"].to_numpy()]))

    def label(self, within: Ints) -> Ints:
        """The labels of all, given those of these."""
        label = self._label.copy()
        label[self.places] = self.places[within]
        return label


def described(frame: pl.DataFrame, products: pl.Series) -> pl.DataFrame:
    """Pieces with `goods`, a number for each of these products (in order; -1 where a row says none), and `plain`, the
    number that it stands under as it is compared. Said once: whenever groups grow, the least of a side is asked."""
    goods = pl.col("product").cast(pl.Enum(products)).to_physical().cast(pl.Int64).fill_null(-1)
    stands = frame.select(pl.coalesce("number", "declaration")).to_series()
    return frame.with_columns(goods=goods, plain=_keys(stands))


def _keys(numbers: pl.Series) -> pl.Series:
    """`number_key` of each. Most stand as they are compared; the others alone are looked at sign by sign."""
    others = (~numbers.str.contains(_PLAIN)).fill_null(False).arg_true()
    told = pl.DataFrame({"number": numbers.gather(others)}).select(number_key(pl.col("number"))).to_series()
    return numbers.clone().scatter(others, told)


def _by_numbers(frame: pl.DataFrame, parties: pl.Series, unique_characters: int) -> Ints:
    """The group of each piece, by what common numbers join. A short number belongs to its issuer, else to who was
    invoiced under it."""
    keys = _number_keys(frame, parties, unique_characters)
    own = keys.filter(~pl.col("by_buyer"))
    label = _joined(frame.height, own)
    if own.height < keys.height:
        # Short numbers that found nobody under their issuer: those under which one buyer was invoiced.
        sided = frame.select("side").with_columns(group=pl.Series(label))
        whole = sided.group_by("group").agg(n=pl.col("side").n_unique()).filter(pl.col("n") > 1)["group"]
        alone = pl.Series(np.flatnonzero(~np.isin(label, whole.to_numpy())))
        label = _joined(frame.height, keys.filter(~pl.col("by_buyer") | pl.col("piece").is_in(alone.implode())))
    return label


def _number_keys(frame: pl.DataFrame, parties: pl.Series, unique_characters: int) -> pl.DataFrame:
    """What each piece is called by: `piece`, `key`, and whether it counts for those alone that nothing else joins."""
    named = frame.select("number", "declaration", "event", "lane", *(_names(frame[one], parties) for one in PAIR))
    rows = named.with_row_index("piece").with_columns(pl.col("piece").cast(pl.Int64))
    said = rows.filter(pl.col("number").is_not_null()).select("piece", "seller", "buyer", part="number")
    plain = said["part"].str.contains(_PLAIN)
    numbered = pl.concat(
        [said.filter(plain), said.filter(~plain).with_columns(number_parts(pl.col("part"))).explode("part")]
    ).filter(pl.col("part").is_not_null())
    declared = rows.filter(pl.col("declaration").is_not_null())
    declared = declared.with_columns(part=_keys(declared["declaration"])).filter(pl.col("part").is_not_null())
    long = pl.col("part").str.len_chars() >= unique_characters
    # The domestic firm of a declaration with a short number.
    firm = pl.when(pl.col("lane") == IMPORT).then("buyer").otherwise("seller")
    own = [
        numbered.select(
            "piece", key=pl.concat_str(pl.lit("n"), "part", _owner(pl.col("seller"), long), separator="\t")
        ),
        declared.select("piece", key=pl.concat_str(pl.lit("d"), "part", _owner(firm, long), separator="\t")),
        rows.filter(pl.col("event").is_not_null()).select("piece", key=pl.concat_str(pl.lit("e\t"), "event")),
    ]
    short = numbered.filter(~long & (pl.col("buyer") != ""))
    of_buyer = short.select("piece", key=pl.concat_str(pl.lit("b"), "part", "buyer", separator="\t"))
    return pl.concat([pl.concat(own).with_columns(by_buyer=False), of_buyer.with_columns(by_buyer=True)])


def _names(places: pl.Series, parties: pl.Series) -> pl.Series:
    """The names of parties at these places; empty where nobody is named."""
    named = pl.DataFrame({"place": places}).select(pl.when(pl.col("place") >= 0).then("place")).to_series()
    return parties.gather(named).fill_null("").alias(places.name)


def _owner(firm: pl.Expr, long: pl.Expr) -> pl.Expr:
    return pl.when(long).then(pl.lit("")).otherwise(firm)


def _joined(count: int, keys: pl.DataFrame) -> Ints:
    codes = keys["key"].cast(pl.Categorical).to_physical().cast(pl.Int64).to_numpy()
    return components(count, keys["piece"].to_numpy().astype(np.int64), codes)


def groups(frame: pl.DataFrame, label: Ints) -> pl.DataFrame:
    """One row per group, by label: for each of `SIDES` `<side>` (how many), `<side>_mg`, `<side>_value` (None where a
    row gives none), `<side>_on` (first day), `<side>_number`,
    `<side>_goods` (-1 where they are several); `seller`, `buyer`, `lane`, `no_sale`; whether customs saw it `left` and
    it `came_back`; `sold_special`, `invoiced_ordinary`: what took which kind of invoice."""
    rows = frame.select(*_OF_GROUPS, label=pl.Series(label))
    border = pl.col("side") == BORDER
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
        no_sale=pl.when(SIDES["sold"].any()).then(pl.col("no_sale").filter(SIDES["sold"]).all())
        .otherwise((pl.col("no_sale") | pl.col("back")).filter(SIDES["received"]).any()),
        left=(border & pl.col("left")).any(), came_back=(border & pl.col("back")).any(),
        sold_special=pl.col("special").filter(SIDES["sold"]).any(),
        invoiced_ordinary=(~pl.col("special")).filter(SIDES["invoiced"]).any(),
    )  # fmt: skip
    whole = whole.sort("label")
    # What is there is not copied by a join that keeps its order.
    while found:
        whole = whole.join(found.pop(0), on="label", how="left", maintain_order="left")
    first = list(SIDES)
    return whole.with_columns(
        *(pl.col(side).fill_null(0) for side in first),
        *(pl.col(f"{side}_mg").fill_null(0) for side in first),
        seller=pl.coalesce(f"{side}_seller" for side in first).fill_null(-1),
        buyer=pl.coalesce(f"{side}_buyer" for side in first).fill_null(-1),
    )


#: What of a piece is asked for its group.
_OF_GROUPS: Final = (
    "side", "evidence", "back", "lane", "no_sale", "mass_mg", "value", "currency", "on", "plain", "goods", "seller",
    "buyer", "left", "special",
)  # fmt: skip
#: What of a piece is asked for its group and its goods.
PREPARED: Final = tuple(dict.fromkeys((*_OF_GROUPS, *OF_GOODS)))


def regrouped(frame: pl.DataFrame, table: pl.DataFrame, before: Ints, after: Ints) -> pl.DataFrame:
    """`groups` under the labels `after`, in no order, from its `table` under those `before`: only groups that grew are
    made anew."""
    moved = before != after
    if not moved.any():
        return table
    grown, gone = np.zeros(len(after), np.bool_), np.zeros(len(after), np.bool_)
    grown[after[moved]] = True
    is_in = grown[after]
    gone[before[is_in]] = True
    new = groups(frame.filter(pl.Series(is_in)), after[is_in])
    return pl.concat([table.filter(pl.Series(~gone[table["label"].to_numpy()])), new])


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


def looking(table: pl.DataFrame, search: Search) -> pl.Series:
    """Which groups some step below looks at, as they stand. A group that none does stays as it is: what joins it to
    another is that both are looked at."""
    alone = [
        _has("entered") & _none("came_in", "went_out"), _has("came_in") & _none("entered", "sold"),
        _has("went_out") & _none("sold"), _has("received") & _none("sold", "invoiced"),
        _has("sent_back") & _none("invoiced"), _has("invoiced") & _none("sold", "received", "entered"),
        _has("invoiced") & _none("sold", "received", "went_out"),
        _has("sold") & (_none("invoiced") | (pl.col("lane") == EXPORT) & _none("went_out")),
        *(_has("sold", name) & _is_large(_rest(name), search) for name in ("invoiced", "went_out")),
    ]  # fmt: skip
    red = _has("invoiced") & (pl.col("invoiced_mg") < 0) & _none("sold")
    # What a red invoice undoes is looked for among all of its two parties.
    plain = table.filter(red & _none(*(side for side in SIDES if side != "invoiced")))
    undone = _has("invoiced") & (pl.col("invoiced_mg") > 0)
    if plain.height < table.select(red.sum()).item():
        undone_by_any: pl.Expr = undone
    else:
        pairs = plain.select(pl.struct(PAIR)).to_series().unique()
        undone_by_any = undone & pl.struct(PAIR).is_in(pairs.implode())
    return table.select(pl.any_horizontal(*alone, red, undone_by_any).fill_null(False)).to_series()


def _rest(name: str) -> pl.Expr:
    return pl.col("sold_mg") - pl.col(f"{name}_mg")


def _is_large(rest: pl.Expr, search: Search) -> pl.Expr:
    """Smaller rests are differences of weighing and rounding."""
    return rest.abs() > pl.max_horizontal(pl.lit(search.least_mg), search.mass * pl.col("sold_mg"))


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
    _pair_by_pair(opened, Goods(frame, label, INVOICED, search.exact, tables=[sold, invoiced]), search)
    for block in (_SELLER, _BUYER):
        opened.meet(block=block, measure="mass", tolerance=search.exact, window=search.close_days, also=search.value)
    received = _as(table.filter(_has("received") & _none("sold", "invoiced")), "received")
    joined = Open(search, opened.label, received, opened.theirs)
    joined.meet(block=PAIR, measure="mass", tolerance=search.mass, window=search.invoice_days)
    return joined.label


def _pair_by_pair(opened: Open, goods: Goods, search: Search) -> None:
    """What sales and invoices of the same two parties find in each other."""
    near = search.invoice_days
    opened.meet(block=PAIR, measure="mass", tolerance=search.exact, window=near, also=search.value)
    for share in (_SAME, search.exact):
        opened.meet(block=PAIR, measure="mass", tolerance=share, window=near, also=search.value, unknown=True)
    opened.sum_up(goods, block=PAIR, window=near)
    opened.meet(block=PAIR, measure="mass", tolerance=search.exact, window=near)
    opened.meet(block=PAIR, measure="mass", tolerance=search.mass, window=near)
    opened.meet(block=PAIR, measure="value", tolerance=search.value, window=near)
    opened.meet(block=PAIR, measure="value", tolerance=search.value, window=near, taxed="ours")
    opened.meet(block=PAIR, measure="value", tolerance=search.value, window=near, taxed="theirs")
    opened.total_up(goods, tolerance=search.exact, window=near, most=search.longest)


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
    rest = _rest(name)
    both = table.filter(_has("sold", name) & _is_large(rest, search))
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
