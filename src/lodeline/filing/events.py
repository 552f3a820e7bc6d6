"""What a filing can be refused or flagged for by rows taken together: events, lots and counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from lodeline.filing.rules import own_lot
from lodeline.filing.schema import CELLS
from lodeline.ledger.problem import Fact

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """The rows that one reason hits: `places` are positions in the judged frame, in order."""

    code: str
    column: str | None
    places: pl.Series
    facts: Callable[[Row], Mapping[str, Fact]]


def _hits(code: str, column: str | None, rows: pl.DataFrame, *facts: str, **renamed: str) -> Iterator[Hits]:
    """Hits at the rows of a frame with `place`; facts are columns of that frame, under other names if renamed."""
    if not rows.height:
        return
    names = {name: name for name in facts} | renamed
    rows = rows.unique("place", keep="first").sort("place")
    shown = rows.head(_FACTS_LIMIT)
    by_place = {
        place: {fact: str(value) for fact, value in zip(names, values, strict=True)}
        for place, *values in shown.select("place", *names.values()).iter_rows()
    }
    yield Hits(code=code, column=column, places=rows["place"], facts=lambda row: by_place[row["place"]])


_FACTS_LIMIT = 1000


def event_hits(judged: pl.DataFrame, kinds: frozenset[str], organisation: str | None) -> Iterator[Hits]:
    """All problems of rows taken together; `judged` has `place`, `first` and the helpers of the rules."""
    yield from _repeated(judged)
    if "transformation" in kinds:
        rows = judged.lazy().filter(pl.col("is_transformation") & pl.col("event").is_not_null())
        narrow = ["place", "first", "event", "role", "makes", "carries", "composition_status"]
        yield from _transformations(rows.select(*narrow, own_lot(organisation)).collect())
    if "stock" in kinds:
        yield from _counted_twice(judged.filter("is_stock"), organisation)


#: One number for (event, lot). Rows with different numbers differ; those with the same are compared in full.
_EVENT_AND_LOT = pl.col("lot").hash() ^ pl.col("first").hash()
_SUSPECTS = ~pl.col("is_void") & pl.col("event").is_not_null() & _EVENT_AND_LOT.is_duplicated()


def _repeated(judged: pl.DataFrame) -> Iterator[Hits]:
    """Rows that say word by word what an earlier row of the event says; voids have a rule of their own."""
    suspects = judged.select(_SUSPECTS).to_series()
    if not suspects.any():
        return
    rows = judged.select("place", *(name for name in CELLS if name in judged.columns)).filter(suspects)
    again = rows.filter(~pl.struct(rows.columns[1:]).is_first_distinct())
    yield from _hits("row.duplicate", None, again, "event")


def _transformations(rows: pl.DataFrame) -> Iterator[Hits]:
    """`rows`: the transformation rows with place, first, event, role, makes, carries, status and own lot."""
    role = pl.col("role")
    rows = rows.with_columns(
        (role == "in").any().over("first").alias("consumes"),
        role.ne_missing(pl.lit("waste")).any().over("first").alias("has_other_than_waste"),
        role.is_null().any().over("first").alias("has_open_role"),
    )
    yield from _hits("transformation.empty", "role", _one_each(rows.filter(~pl.col("has_other_than_waste"))), "event")
    # What holds no rare earth (iron, boron) may come from nothing; what is unknown may hold rare earths.
    rare = pl.col("carries") | pl.col("composition_status").eq_missing(pl.lit("unknown"))
    judged = pl.col("has_other_than_waste") & ~pl.col("has_open_role")
    nothing = rows.filter(pl.col("makes") & rare & judged & ~pl.col("consumes"))
    yield from _hits("transformation.from-nothing", "role", _one_each(nothing), "event")
    suspects = rows.filter(_EVENT_AND_LOT.is_duplicated())
    consumed = suspects.filter(role == "in").select("event", "lot")
    circular = suspects.filter("makes").join(consumed, on=["event", "lot"], how="semi")
    yield from _hits("lot.in-and-out", "lot", circular, "event", "lot")


def _one_each(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.unique("event", keep="first", maintain_order=True) if rows.height else rows


def _counted_twice(rows: pl.DataFrame, organisation: str | None) -> Iterator[Hits]:
    key = pl.struct("on", "site", "location", "owner", own_lot(organisation))
    again = rows.filter(pl.col("lot").is_not_null()).filter(~key.is_first_distinct())
    yield from _hits("stock.lot-twice", "lot", again, "lot", "on")
