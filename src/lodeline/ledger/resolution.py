"""Which lot a filed identifier means.

A canonical name (`MAKER/LOT`, or a GS1 URI) means itself. A bare id means one's own lot, else the one lot
of that id that the filer holds or received, else the counterparty's (on a receipt) or one's own.
On a receipt, a lot of that id that came from somebody else is no candidate: two suppliers may both number
their lots from 1.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import polars as pl

from lodeline.ledger.movement import makes_lot


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the ledger knows that can settle an identifier, for one organisation.

    made : local ids that the organisation has ever made, of those asked for.
    received : `local`, `name`, `party` (from whom), `held_mg`: lots it has ever received or bought.
    """

    made: Collection[str]
    received: pl.DataFrame


_RECEIVED: dict[str, pl.DataType] = {
    "local": pl.String(), "name": pl.String(), "party": pl.String(), "held_mg": pl.Int64(),
}  # fmt: skip
NOTHING = Known(made=(), received=pl.DataFrame(schema=_RECEIVED))


def is_uri() -> pl.Expr:
    """True where the lot identifier is a GS1 URI, which is canonical as it stands."""
    return pl.col("lot").str.contains("://", literal=True) | pl.col("lot").str.starts_with("urn:")


def maker_and_local(name: str, filer: str) -> tuple[str, str]:
    """Who made a lot, by its canonical name; a GS1 URI names nobody, so its first filer stands for the maker."""
    if "://" in name or name.startswith("urn:"):
        return filer, name
    maker, _, local = name.partition("/")
    return maker, local


def resolve(rows: pl.DataFrame, *, organisation: str, known: Callable[[Sequence[str]], Known] | None) -> pl.DataFrame:
    """Adds `name` (canonical lot name, null for voids) and `ambiguous` (what it may mean, else null).

    Parameters
    ----------
    rows : `kind`, `role`, `lot` (as filed), `party`; any other columns and the order are kept.
    known : asked once for the bare ids that the filing itself does not settle; None where nothing is known.
    """
    makes = makes_lot().fill_null(False)
    rows = rows.with_columns(
        canonical=(is_uri() | pl.col("lot").str.contains("/", literal=True)).fill_null(False), makes=makes
    )
    made = set(rows.filter(pl.col("makes") & ~pl.col("canonical"))["lot"].to_list())
    open_ids = [
        lot
        for lot in rows.filter(~pl.col("canonical") & ~pl.col("makes"))["lot"].unique(maintain_order=True).to_list()
        if lot is not None and lot not in made
    ]
    found = known(open_ids) if open_ids and known is not None else NOTHING
    made |= set(found.made)
    own = pl.concat_str(pl.lit(organisation + "/"), "lot")
    settled = pl.when(pl.col("canonical")).then("lot").when(pl.col("lot").is_in(list(made))).then(own)
    rows = rows.with_columns(name=settled, ambiguous=pl.lit(None, pl.String())).drop("canonical", "makes")
    if made.issuperset(open_ids):
        return rows
    return _by_what_was_received(_by_counterparty(rows, found), found, organisation)


def _by_counterparty(rows: pl.DataFrame, known: Known) -> pl.DataFrame:
    """Settles receipts: the one lot of that id that came from this counterparty before, else its own."""
    only = (
        known.received.select("local", "name", "party")
        .unique()
        .group_by("local", "party")
        .agg("name")
        .filter(pl.col("name").list.len() == 1)
        .select(lot="local", party="party", theirs=pl.col("name").list.first())
    )
    theirs = pl.coalesce("theirs", pl.concat_str("party", pl.lit("/"), "lot"))
    return (
        rows.join(only, on=["lot", "party"], how="left", maintain_order="left")
        .with_columns(name=pl.coalesce("name", pl.when(pl.col("kind") == "receipt").then(theirs)))
        .drop("theirs")
    )


def _by_what_was_received(rows: pl.DataFrame, known: Known, organisation: str) -> pl.DataFrame:
    """Settles all other rows: the one lot of that id that is held or was received, else one's own."""
    just_arrived = rows.filter(pl.col("kind") == "receipt").select(
        # However it was written, what has arrived can be called by its bare id from now on.
        local=pl.when(is_uri()).then("lot").otherwise(pl.col("name").str.extract("([^/]*)$", 1)),
        name="name",
        held_mg=pl.lit(1, pl.Int64()),
    )
    candidates = (
        pl.concat([known.received.select("local", "name", "held_mg"), just_arrived])
        .group_by("local", "name")
        .agg(pl.col("held_mg").max())
        .sort("local", "name")
    )
    held = pl.col("name").filter(pl.col("held_mg") > 0)
    by_local = candidates.group_by("local", maintain_order=True).agg(
        one=pl.when(pl.len() == 1).then(pl.col("name").first()).when(held.len() == 1).then(held.first()),
        several=pl.when(pl.len() > 1).then(pl.col("name").str.join(", ")),
    )
    own = pl.concat_str(pl.lit(organisation + "/"), "lot")
    unsettled = pl.col("name").is_null() & pl.col("one").is_null()
    return (
        rows.join(by_local, left_on="lot", right_on="local", how="left", maintain_order="left")
        .with_columns(
            ambiguous=pl.when(unsettled).then("several"),
            name=pl.coalesce("name", "one", own),
        )
        .drop("one", "several")
    )
