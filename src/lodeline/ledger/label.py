"""What a label means. A buyer has only the shipper's label: `SHIPPER/ID`, where the id is the lot's own, or an alias.

A label is the shipped lot under another name as long as it stands for one lot only. Where a shipper's label stands for
two lots, or the shipper made a lot of that id, nothing is joined: it shows, and one of the two needs an alias.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import polars as pl

from lodeline.ledger.movement import makes_lot
from lodeline.ledger.resolution import is_uri

#: Names on papers instead of a lot's id, the oldest first: `organisation` ships `lot` as `alias`.
ALIAS: dict[str, pl.DataType] = {"organisation": pl.String(), "lot": pl.Int64(), "alias": pl.String()}
NO_ALIASES = pl.DataFrame(schema=ALIAS)


def with_inherited(aliases: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """`aliases`, and before them those of lots that were bought by title: their buyer has no other name for them.

    `lines`: at least `kind`, `organisation`, `party`, `lot` and `maker`, with every title of the lots that have an
    alias. Who buys from who has an alias passes the alias on, until it gives the lot one of its own; whoever made a lot
    and buys it back goes on calling it by its id. A chain of sales is followed in whatever order it was filed.
    """
    if not aliases.height:
        return aliases
    titles = lines.filter((pl.col("kind") == "title") & pl.col("lot").is_in(aliases["lot"].unique().implode()))
    sales: dict[int, set[tuple[str, str]]] = {}
    for seller, buyer, lot, maker in titles.select("organisation", "party", "lot", "maker").iter_rows():
        if buyer is not None and buyer != maker:
            sales.setdefault(lot, set()).add((seller, buyer))
    given: dict[int, dict[str, str]] = {}
    for (who, lot), alias in newest_aliases(aliases).items():
        given.setdefault(lot, {})[who] = alias
    rows: list[tuple[str, int, str]] = []
    for lot, pairs in sorted(sales.items()):
        called = given[lot]
        left = sorted(pairs)
        while ready := [pair for pair in left if pair[0] in called and pair[1] not in called]:
            seller, buyer = ready[0]
            called[buyer] = called[seller]
            rows.append((buyer, lot, called[seller]))
    return pl.concat([pl.DataFrame(rows, schema=ALIAS, orient="row"), aliases.select(*ALIAS)])


def aliased_lots(aliases: pl.DataFrame) -> dict[tuple[str, str], int]:
    """(shipper, alias) → the lot that it stands for. Of one lot every alias counts that it ever had."""
    return {(shipper, alias): lot for shipper, lot, alias in aliases[[*ALIAS]].iter_rows()}


def newest_aliases(aliases: pl.DataFrame) -> dict[tuple[str, int], str]:
    """(shipper, lot) → the alias that new papers carry."""
    return {(shipper, lot): alias for shipper, lot, alias in aliases.select(*ALIAS).iter_rows()}


#: A name of `organisation` for a lot that was shipped to it as `shipped_lot`, though no receipt says so of all of it.
DRAWN_AS: dict[str, pl.DataType] = {"organisation": pl.String(), "lot": pl.Int64(), "shipped_lot": pl.Int64()}


def drawn_as(transfers: pl.DataFrame, lines: pl.DataFrame, aliases: pl.DataFrame) -> pl.DataFrame:
    """Names under which firms use what was shipped to them, whose receipt is not filed or was filed later: `DRAWN_AS`.

    Parameters as for `transfer.match`, and what it gives. The name is on the papers, or is what a bare id means as long
    as neither the shipper's filing nor the receipt is there: a lot of the firm's own that nobody made. So it makes no
    difference who files first. A name stands for one lot of its kind of product only.
    """
    lots = lines["lot"].to_numpy()
    made = np.zeros(int(lots.max()) + 1 if lots.size else 0, np.bool_)
    made[lots[lines.select(makes_lot()).to_series().to_numpy()]] = True
    of_nobody = lines.filter(pl.Series(~made[lots]))
    if of_nobody.is_empty():
        return pl.DataFrame(schema=DRAWN_AS)
    users = pl.col("receiver").is_in(of_nobody["organisation"].unique().implode())
    sent = pl.concat(
        transfers.filter(has, users).select("shipper", organisation="receiver", shipped_lot="lot", line=line)
        for line, has in (
            ("shipment_line", pl.col("shipment_line").is_not_null()),
            ("receipt_line", pl.col("shipment_line").is_null() & pl.col("receipt_line").is_not_null()),
        )
    )
    kind = pl.col("product").str.split(":").list.first()
    said, is_theirs = lines.select("line", "local", "product"), pl.col("local").is_in(of_nobody["local"].implode())
    called = with_inherited(aliases, lines).select(shipper="organisation", shipped_lot="lot", local="alias")
    labelled = sent.join(called.filter(is_theirs), on=["shipper", "shipped_lot"])
    sent = (
        pl.concat(
            [
                sent.join(said.filter(is_theirs), on="line"),
                labelled.join(said.drop("local"), on="line").select(*sent.columns, "local", "product"),
            ]
        )
        .with_columns(sent_kind=kind)
        .drop("line", "product")
    )
    own = ["organisation", "lot"]
    used = (
        of_nobody.join(sent, on=["organisation", "local"], how="semi")
        .group_by(*own, "maker", "local")
        .agg(kind=kind.drop_nulls().first(), received=(pl.col("kind") == "receipt").any())
    )
    received = (
        transfers.filter(pl.col("shipment_line").is_not_null() & pl.col("receipt_line").is_not_null())
        .select("receipt_line", received_as="lot")
        .join(of_nobody.select(*own, receipt_line="line"), on="receipt_line")
        .select(*own, "received_as")
    )
    called = sent.join(used, on=["organisation", "local"])
    # A part of the goods may have been received under the name, and nothing else.
    another = called.join(received, on=own).filter(pl.col("received_as") != pl.col("shipped_lot"))
    by_shipper = pl.col("maker") == pl.col("shipper")
    by_itself = (pl.col("maker") == pl.col("organisation")) & ~pl.col("received")
    return (
        called.join(another, on=own, how="anti")
        .filter(pl.col("lot") != pl.col("shipped_lot"), by_shipper | by_itself)
        .filter((pl.col("kind") == pl.col("sent_kind")).fill_null(True))
        .select(*DRAWN_AS)
        .unique()
        .filter(pl.col("shipped_lot").n_unique().over("lot") == 1)
        .sort(*DRAWN_AS)
    )


def on_the_label(*, shipper: str, reader: str, name: str, maker: str, local: str, alias: str | None) -> str:
    """What a lot is called to a reader who is sent it: as on the papers, which do not say who made it.

    `name`, `maker`, `local`: the lot, as in the ledger. `alias`: the shipper's for it, if it has one.
    """
    if alias is not None:
        return f"{shipper}/{alias}"
    return name if maker in (shipper, reader) or is_uri(name) else f"{shipper}/{local}"


def run_together(sources: Mapping[int, Collection[int]]) -> set[int]:
    """Of names for lots, those that stand for more than one lot.

    Parameters
    ----------
    sources : name → the lots, or names, that were shipped under it. A chain of traders makes names of names; goods that
        are sent back make a circle of them, which stands for what enters it.
    """
    confused: set[int] = set()
    # What stands for two lots is from then on a lot of its own to whatever was shipped under it.
    while more := _unclear({name: lots for name, lots in sources.items() if name not in confused}):
        confused |= more
    return confused


def _unclear(sources: Mapping[int, Collection[int]]) -> set[int]:
    """Names that lead to no lot or to several, as far as one look at all of them tells."""
    meant: dict[int, int] = {}

    def lots_behind(name: int) -> set[int]:
        return {meant.get(lot, lot) for lot in sources[name] if lot in meant or lot not in sources}

    waiting = set(sources)
    while waiting:
        clear = {name for name in waiting if all(lot in meant or lot not in sources for lot in sources[name])}
        # All of a round at once, so that the order of the names does not matter.
        found = {name: lots_behind(name) for name in clear or waiting}
        settled = {
            name: next(iter(lots)) if len(lots) == 1 else name for name, lots in found.items() if lots or clear
        }  # fmt: skip
        if not settled:
            break
        meant |= settled
        waiting -= settled.keys()
    return waiting | {name for name in sources if meant.get(name) == name or lots_behind(name) != {meant.get(name)}}
