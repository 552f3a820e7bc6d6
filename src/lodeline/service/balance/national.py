"""What the sites of the nation measured, and
which row belongs to which stream between the nodes of a network.

A row is what it is wherever the nodes lie: those depend on which months are asked for, and are numbers in an array.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.accountancy.kernels import sorted_by
from lodeline.accountancy.network import measured
from lodeline.accountancy.physical import inventory_days
from lodeline.store.snapshot import Snapshot

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

#: Kinds of movements that cross the border of a site, with the name of their stream.
CROSSING: Final = {
    "origin": "origin", "receipt": "in", "shipment": "out", "move": "move", "export": "export", "loss": "loss",
}  # fmt: skip
_ADJUSTMENT: Final = "adjustment"
_STOCK: Final = "stock"
_ARRIVED, _DELIVERED = "arrived", "delivered"
_ROWS_BY: Final = (pl.col("lot"), pl.col("seq"), pl.col("site"), pl.col("enters"))
#: Columns with few texts, each of which a row holds as a number.
_FEW_TEXTS: Final = ("site", "what", "method", "laboratory", "assayed_with", "product")


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """What was filed of some sites: movements and counts with the site's number `area`, and the days of inventories."""

    areas: pl.DataFrame
    moves: pl.DataFrame
    counts: pl.DataFrame
    inventories: pl.DataFrame


def acts_at(snapshot: Snapshot, chosen: pl.Expr) -> Acts:
    """What was filed of the sites that a condition on `site` chooses."""
    moves = snapshot.accountancy_movements.filter(chosen, pl.col("kind") != "title")
    counts, scopes = snapshot.counts.filter(chosen), snapshot.count_scopes.filter(chosen)
    areas = pl.concat([frame.select("site").unique() for frame in (moves, counts, scopes)]).unique().sort("site")
    areas = areas.with_row_index("area")
    moves, counts, scopes = (frame.join(areas, on="site") for frame in (moves, counts, scopes))
    named = [snapshot.accountancy_movements, snapshot.counts]
    days = inventory_days(movements=moves, counts=counts, scopes=scopes, named=named)
    return Acts(areas=areas, moves=moves, counts=counts, inventories=days)


def sites_of(snapshot: Snapshot) -> pl.DataFrame:
    """Each site of the ledger: `site`, `began` (the first day on which something moved or was counted), `first` and
    `last` (of its movements; null without any) and `inventories`, the days of which its stock is known."""
    acts = acts_at(snapshot, pl.lit(True))
    areas, moves = acts.areas, acts.moves
    moved = moves.group_by("area").agg(first=pl.col("on").min(), last=pl.col("on").max())
    counted = acts.counts.group_by("area").agg(counted=pl.col("on").min())
    known = acts.inventories.group_by("area").agg(inventories="on")
    for one in (moved, counted, known):
        areas = areas.join(one, on="area", how="left", maintain_order="left")
    began = pl.min_horizontal("first", "counted")
    return areas.select("site", began.alias("began"), "first", "last", "inventories")


def what_moved() -> pl.Expr:
    """What a movement is called whose other side nobody filed."""
    kind = pl.col("kind")
    return (
        pl.when(kind == "receipt").then(pl.lit(_ARRIVED))
        .when(kind == "shipment").then(pl.lit(_DELIVERED))
        .when(kind == "origin").then(pl.concat_str(pl.lit("origin "), pl.col("origin_kind").fill_null("?")))
        .when(kind == "move").then(
            pl.when(pl.col("delta_mg") > 0).then(pl.lit("moved in")).otherwise(pl.lit("moved out"))
        )
        .otherwise("kind")
    )  # fmt: skip


def named(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with the `kind`, `source`, `target` and `name` of their stream.

    By row: `what` it is, whether it `enters`, its `node`, and the `leg` of its delivery, null where it has none.
    """
    paired, enters = pl.col("leg").is_not_null(), pl.col("enters")
    kind = (
        pl.when(paired).then(
            pl.when(pl.col("what") == _DELIVERED).then(pl.lit("shipped")).otherwise(pl.lit("received"))
        )
        .when(pl.col("what") == _STOCK).then(
            pl.when("enters").then(pl.lit("opening stock")).otherwise(pl.lit("closing stock"))
        )
        .otherwise("what")
    )  # fmt: skip
    return rows.with_columns(
        kind=kind,
        source=pl.when(enters).then("leg").otherwise("node"),
        target=pl.when(enters).then("node").otherwise("leg"),
    ).with_columns(name=_stream_name())  # fmt: skip


def _stream_name() -> pl.Expr:
    ends = pl.concat_str(pl.col("source").fill_null("outside"), pl.lit(" > "), pl.col("target").fill_null("outside"))
    owner = pl.when(pl.col("kind") == "shipped").then("source").when(pl.col("kind") == "received").then("target")
    leg = pl.when(pl.col("kind") == "shipped").then("target").otherwise("source")
    return pl.when(owner.is_not_null()).then(pl.concat_str(leg, pl.lit(": "), "kind")).otherwise(
        pl.concat_str(ends, pl.lit(": "), "kind")
    )  # fmt: skip


def rows_of_nation(snapshot: Snapshot, element: int) -> pl.DataFrame:
    """What crossed the border of a site, what was adjusted and what was counted at the end of a month: `lot`, `seq`,
    `enters`, `site`, `area`, `on`, `what` (as `what_moved`, or `stock`), `mass_mg` (of an adjustment with its sign),
    `method`, and what `accountancy.network.measured` adds."""
    movements, counts = snapshot.accountancy_movements, snapshot.counts
    sites = pl.Enum(pl.concat([movements["site"].unique(), counts["site"].unique()]).unique().sort())
    movements, counts = (
        frame.with_columns(area=pl.col("site").cast(sites).to_physical().cast(pl.UInt32))
        for frame in (movements, counts)
    )
    columns = ["lot", "seq", "enters", "site", "area", "on", "what", "mass_mg", "method"]
    adjusted = pl.col("kind") == _ADJUSTMENT
    moved = movements.filter(pl.col("kind").is_in([*CROSSING, _ADJUSTMENT])).select(
        pl.col("*"), enters=pl.col("delta_mg") > 0, what=what_moved(),
        mass_mg=pl.when(adjusted).then("delta_mg").otherwise(pl.col("delta_mg").abs()),
    )  # fmt: skip
    counted = counts.filter(pl.col("on") == pl.col("on").dt.month_end()).with_columns(
        enters=pl.lit(False), what=pl.lit(_STOCK)
    )
    rows = measured(
        pl.concat([moved.select(columns), counted.select(columns)]).sort(_ROWS_BY),
        element=element, movements=movements, counts=counts, lot_assays=snapshot.lot_assays,
        site_assays=snapshot.site_assays,
    )  # fmt: skip
    return snapshot.at_rest(rows.drop("area").with_columns(pl.col(_FEW_TEXTS).cast(pl.Categorical)))


def legs(transfers: pl.DataFrame, rows: pl.DataFrame, node: Integers, nodes: int) -> Integers:
    """Of each row the pair of nodes of its delivery, from · nodes + to; −1 where not both ends of one are here.

    `node` by row: its number, below `nodes`.
    """
    both = transfers.select("shipment_line", "receipt_line").drop_nulls()
    seq = rows["seq"].to_numpy()
    ends = [both[name].to_numpy() for name in both.columns]
    lines = 1 + max(int(one.max(initial=0)) for one in (seq, *ends))
    is_one = rows["what"].is_in([_ARRIVED, _DELIVERED]).to_numpy()
    node_of = np.full(lines, -1, np.int32)
    node_of[seq[is_one]] = node[is_one]
    here = np.flatnonzero((node_of[ends[0]] >= 0) & (node_of[ends[1]] >= 0)).astype(np.int32)
    order = sorted_by(sorted_by(here, ends[1]), ends[0])
    shipped, received = (one[order] for one in ends)
    leg = node_of[shipped].astype(np.int64) * nodes + node_of[received]
    # A shipment in parts, or a receipt of several shipments, is one delivery: that of its first pair.
    leg_of = np.full(lines, -1, np.int64)
    for line in (shipped, received):
        # Of several that are written to one place the last stands.
        leg_of[line[::-1]] = leg[::-1]
        leg = leg_of[line]
    leg_of[shipped[::-1]] = leg[::-1]
    found: Integers = np.where(is_one, leg_of[seq], -1)
    return found


def combinations(rows: pl.DataFrame, node: Integers, leg: Integers, names: list[str]) -> tuple[pl.DataFrame, Integers]:
    """Every combination that occurs of `what`, `enters`, `node` and `leg` (texts), with the `kind`, `source`, `target`
    and `name` of its stream; and which is that of each row.

    By row: `node` a place in `names`, `leg` as `legs` has it.
    """
    kinds = rows["what"].unique().cast(pl.String).sort()
    what = rows["what"].cast(pl.Enum(kinds)).to_physical().cast(pl.Int64).to_numpy()
    pairs, pair = _distinct(leg + 1)
    code = (pair * len(names) + node) * len(kinds) + what
    codes, number = _distinct(code * 2 + rows["enters"].to_numpy())
    rest, enters = np.divmod(codes, 2)
    rest, what = np.divmod(rest, len(kinds))
    pair, node = np.divmod(rest, len(names))
    texts = [
        None if one == 0 else f"{names[(one - 1) // len(names)]} > {names[(one - 1) % len(names)]}" for one in pairs
    ]
    found = pl.DataFrame({
        "what": kinds.gather(what), "enters": enters.astype(np.bool_),
        "node": pl.Series(names, dtype=pl.String).gather(node),
        "leg": pl.Series(texts, dtype=pl.String).gather(pair),
    })  # fmt: skip
    return named(found), number


def _distinct(numbers: Integers) -> tuple[Integers, Integers]:
    """The numbers (≥ 0, small) that occur, rising, and the place of each among them."""
    occurs = np.bincount(numbers) > 0
    places: Integers = (np.cumsum(occurs) - 1)[numbers]
    return np.flatnonzero(occurs), places
