"""Which lot a filed identifier means.

A canonical name (`MAKER/LOT`, or a GS1 URI) means itself. A bare id means one's own lot, else the one lot
of that id that the filer holds or received, else the counterparty's (on a receipt) or one's own.
On a receipt, a lot of that id that came from somebody else is no candidate: two suppliers may both number
their lots from 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from lodeline.ledger.movement import makes_lot


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the ledger knows that can settle an identifier, for one organisation.

    made : Series of local ids the organisation has ever made.
    received : `local`, `name`, `party` (from whom), `held_mg`: lots it has ever received or bought.
    offered : `local`, `name`, `party`: lots that others have filed as shipped to it.
    """

    made: pl.Series
    received: pl.DataFrame
    offered: pl.DataFrame


def is_uri() -> pl.Expr:
    """True where the lot identifier is a GS1 URI, which is canonical as it stands."""
    return pl.col("lot").str.contains("://", literal=True) | pl.col("lot").str.starts_with("urn:")


def resolve(rows: pl.DataFrame, *, organisation: str, known: Known) -> pl.DataFrame:
    """Adds `name` (canonical lot name, null for voids) and `ambiguous` to rows in the order given.

    Parameters
    ----------
    rows : `kind`, `role`, `lot` (as filed), `party`; any other columns are kept.
    """
    rows = rows.with_columns(
        canonical=is_uri() | pl.col("lot").str.contains("/", literal=True),
        own=pl.concat_str(pl.lit(organisation + "/"), "lot"),
    )
    makes = makes_lot().fill_null(False)
    made = pl.concat([known.made, rows.filter(makes & ~pl.col("canonical"))["lot"]]).unique()
    is_own = makes | pl.col("lot").is_in(made.implode())
    receipts = (pl.col("kind") == "receipt") & ~pl.col("canonical") & ~is_own
    from_party = _only(pl.concat([known.received.select("local", "name", "party"), known.offered]), "local", "party")
    rows = rows.join(
        from_party, left_on=["lot", "party"], right_on=["local", "party"], how="left", maintain_order="left"
    )
    rows = rows.with_columns(
        name=pl.when(pl.col("canonical"))
        .then("lot")
        .when(is_own)
        .then("own")
        .when(receipts)
        .then(pl.coalesce("name", pl.concat_str("party", pl.lit("/"), "lot")))
    )
    arrived = pl.concat(
        [
            known.received.select("local", "name", "held_mg"),
            rows.filter(pl.col("kind") == "receipt").select(
                # However it was written, what has just arrived can be called by its bare id from now on.
                local=pl.when(is_uri()).then("lot").otherwise(pl.col("name").str.extract("([^/]*)$", 1)),
                name="name",
                held_mg=pl.lit(1, pl.Int64()),
            ),
        ]
    )
    candidates = arrived.group_by("local", "name").agg(pl.col("held_mg").max())
    by_local = (
        candidates.group_by("local")
        .agg(all=pl.col("name"), held=pl.col("name").filter(pl.col("held_mg") > 0))
        .select(
            "local",
            held_or_received=pl.when(pl.col("all").list.len() == 1)
            .then(pl.col("all").list.first())
            .when(pl.col("held").list.len() == 1)
            .then(pl.col("held").list.first()),
            several=pl.col("all").list.len() > 1,
        )
    )
    rows = rows.join(by_local, left_on="lot", right_on="local", how="left", maintain_order="left")
    return rows.with_columns(
        ambiguous=pl.col("name").is_null() & pl.col("held_or_received").is_null() & pl.col("several").fill_null(False),
        name=pl.coalesce("name", "held_or_received", "own"),
    ).drop("canonical", "own", "held_or_received", "several")


def _only(candidates: pl.DataFrame, *key: str) -> pl.DataFrame:
    """The name under each key where exactly one is known."""
    names = candidates.unique().group_by(*key).agg("name")
    return names.filter(pl.col("name").list.len() == 1).with_columns(pl.col("name").list.first())
