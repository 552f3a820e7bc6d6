"""The rows of the three records of a snapshot, and which of them speak of the same goods."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

import polars as pl

from lodeline.collation.match import Collation, collate
from lodeline.collation.piece import GOODS, Resolve, skeleton
from lodeline.collation.tolerance import special_kinds, tolerances
from lodeline.ledger.movement import LINE
from lodeline.ledger.register import Register
from lodeline.party.resolution import as_row
from lodeline.store.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Collated:
    """The filed rows that the other records speak of (`GOODS`), and what was found."""

    goods: pl.DataFrame
    collation: Collation


def collated(
    snapshot: Snapshot, papers: pl.DataFrame, *, today: date, alike: Callable[[], Resolve]
) -> Collated:  # fmt: skip
    """The collation of a snapshot, judged on a day.

    `papers`: what rows say beside their movements, by `line`; `alike` gives who is asked for names that nobody bears
    (`name_resolver`).
    """
    register = snapshot.register
    resolve = name_resolver(register, alike())
    goods = snapshot.at_rest(_goods(snapshot, papers))
    collation = collate(
        goods, snapshot.invoices, snapshot.customs, known=register.party_ids, resolve=resolve,
        special=special_kinds(today), tolerances=tolerances(), today=today, at_rest=snapshot.at_rest,
    )  # fmt: skip
    return Collated(goods=goods, collation=collation)


#: Of a line what `GOODS` says of it.
_GOODS: Final = tuple(name for name in GOODS if name in LINE)


def _goods(snapshot: Snapshot, papers: pl.DataFrame) -> pl.DataFrame:
    """The lines that the other records speak of."""
    unshipped = snapshot.transfers.filter(pl.col("shipment_line").is_null())["receipt_line"].drop_nulls()
    kind = pl.col("kind")
    wanted = snapshot.lines.lazy().filter(
        ((kind == "shipment") & pl.col("to_site").is_null()) | kind.is_in(["title", "export"])
        | ((kind == "origin") & (pl.col("origin_kind") == "imported"))
        | ((kind == "receipt") & pl.col("line").is_in(unshipped.implode()))
    ).select(_GOODS).collect()  # fmt: skip
    wanted = wanted.join(_kept_own(snapshot), on="line", how="left", maintain_order="left").with_columns(
        owner=pl.coalesce(pl.when(pl.col("owner") != pl.col("organisation")).then("owner"), "kept_by")
    )
    return wanted.join(papers, on="line", how="left", maintain_order="left").select(*GOODS)


def _kept_own(snapshot: Snapshot) -> pl.DataFrame:
    """`line` of each shipment whose goods did not become the receiver's, as the receipt says, and `kept_by`: whose they
    are. So goods that were sent out for tolling are no sale, though the shipper files them as any goods of its own."""
    owned = snapshot.lines.lazy().filter(kind="receipt").filter(pl.col("owner") != pl.col("organisation"))
    delivered = snapshot.transfers.lazy().select("shipment_line", "receipt_line").drop_nulls()
    kept = delivered.join(owned.select(receipt_line="line", kept_by="owner"), on="receipt_line")
    return kept.group_by(line="shipment_line").agg(pl.col("kept_by").min()).collect()


#: Names that are looked for by likeness in one collation; a feed of strange names is not to stop the rest. The others
#: wait for a decision like any name.
LOOKED_FOR: Final = 2_000


@lru_cache(maxsize=50_000)
def _bare(name: str) -> str:
    """`skeleton` of one name. The names of a collation are mostly those of the one before."""
    return str(pl.select(skeleton(pl.lit(name))).item())


def name_resolver(register: Register, alike: Resolve | None = None) -> Resolve:
    """A name → the party that it means: decided, borne by one alone, the same but for marks and what is not seen.

    `alike`: asked for at most `LOOKED_FOR` other names (`service.parties.parties.resolver`).
    """
    exact = register.party_by_name
    names = pl.DataFrame({"name": list(exact), "id": list(exact.values())}, schema={"name": pl.String, "id": pl.String})
    bare = names.select(skeleton(pl.col("name")).alias("name"), "id").unique().filter(pl.len().over("name") == 1)
    without_marks = dict(bare.iter_rows())
    asked: dict[str, str | None] = {}

    def resolve(name: str) -> str | None:
        found = register.party_of.get(as_row(name)) or exact.get(name.strip().casefold())
        if found is None:
            found = without_marks.get(_bare(name))
        if found is None and alike is not None and name not in register.denied:
            if name not in asked and len(asked) < LOOKED_FOR:
                asked[name] = alike(name)
            found = asked.get(name)
        return None if found is None else register.party_of.get(found, found)

    return resolve
