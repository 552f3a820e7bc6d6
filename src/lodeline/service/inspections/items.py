"""What there is to be measured at a site: one item for each lot that the books say lies there, as of a snapshot.

An item says what its label and its papers say: nothing of it was measured here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from lodeline.ledger.label import newest_aliases
from lodeline.ledger.resolution import maker_and_local
from lodeline.ledger.succession import holders_of
from lodeline.material.composition import format_composition, serving_shares
from lodeline.store.snapshot import Snapshot

#: `lot` is the canonical name and `number` the ledger's; `label` is the id that stands on the goods. `location` and
#: `method` are what the firm said last, null where it said nothing. `composition` is canonical, with TREO, and is the
#: one that the site's balance is made with: its own assay, the maker's where it has none.
ITEMS: Final[Mapping[str, pl.DataType]] = {
    "lot": pl.String(), "number": pl.Int64(), "label": pl.String(), "product": pl.String(), "location": pl.String(),
    "method": pl.String(), "dry_mg": pl.Int64(), "composition": pl.String(),
}  # fmt: skip
#: Of what once lay there: what is less is what weighing left over, and no goods that anybody could find.
_SPENT: Final = 1_000


def site_items(snapshot: Snapshot, *, site: str) -> pl.DataFrame:
    """The items of a site (`ITEMS`), by lot: what is in book there for whoever holds the site, and for its customers.

    What another holder of the site left in book there is not what this one answers for.
    """
    book = _book(snapshot, site)
    lots = book["lot"]
    own = snapshot.lines.filter((pl.col("site") == site) & pl.col("lot").is_in(lots.implode())).sort(
        "on", "organisation", "event", "ordinal"
    )
    said = own.group_by("lot", maintain_order=True).agg(
        method=pl.col("method").drop_nulls().last(),
        location=_places(),
        own=pl.col("composition").filter(pl.col("kind").is_in(["receipt", "stock"])).drop_nulls().last(),
    )
    facts = snapshot.known_facts.select("lot", "product", maker="composition")
    names = snapshot.lots.select("lot", "name")
    frame = book.join(names, on="lot").join(facts, on="lot", how="left").join(said, on="lot", how="left")
    labels = newest_aliases(snapshot.inherited)
    holder = snapshot.register.site_organisation.get(site, "")
    rows = [
        {
            "lot": row["name"], "number": row["lot"], "product": row["product"], "location": row["location"],
            "label": _label(row["name"], row["lot"], holder, labels), "method": row["method"], "dry_mg": row["held_mg"],
            "composition": format_composition(dict(serving_shares(row["maker"] or "", row["own"] or ""))),
        }
        for row in frame.iter_rows(named=True)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=dict(ITEMS)).sort("lot")


def held_by_site(snapshot: Snapshot) -> pl.DataFrame:
    """`site`, `organisation` (its holder), `held_mg`, `items`: every site that holds material in its books."""
    register = snapshot.register
    holders = pl.DataFrame(
        {"site": list(register.site_organisation), "organisation": list(register.site_organisation.values())},
        schema={"site": pl.String(), "organisation": pl.String()},
    )
    return (
        _goods(snapshot.balanced)
        .group_by("site")
        .agg(held_mg=pl.col("held_mg").sum(), items=pl.col("lot").n_unique())
        .join(holders, on="site")
        .select("site", "organisation", "held_mg", "items")
        .sort("site")
    )


def _book(snapshot: Snapshot, site: str) -> pl.DataFrame:
    """`lot`, `held_mg`."""
    register = snapshot.register
    others = [who for who in holders_of(register, site) if who != register.site_organisation.get(site)]
    at_site = snapshot.balanced.filter((pl.col("site") == site) & ~pl.col("owner").is_in(others))
    return _goods(at_site).group_by("lot").agg(pl.col("held_mg").sum()).sort("lot")


def _goods(balanced: pl.DataFrame) -> pl.DataFrame:
    """The holdings of accounts (`site`, `lot`, `owner`) that are more than what weighing left over."""
    return (
        balanced.group_by("site", "lot", "owner", maintain_order=True)
        .agg(most_mg=pl.col("held_mg").max(), held_mg=pl.col("held_mg").last())
        .filter((pl.col("held_mg") > 0) & (pl.col("held_mg") >= pl.col("most_mg") // _SPENT))
    )


def _places() -> pl.Expr:
    """Where the firm last said that a lot lies: one count may name several places."""
    last = pl.col("on").filter(pl.col("location").is_not_null()).max()
    named = pl.col("location").filter(pl.col("location").is_not_null() & (pl.col("on") == last))
    return named.unique(maintain_order=True).str.join(" · ").replace("", None)


def _label(name: str, number: int, holder: str, labels: Mapping[tuple[str, int], str]) -> str:
    """The id of the maker; the alias where the holder has given the lot one."""
    return labels.get((holder, number)) or maker_and_local(name, holder)[1]
