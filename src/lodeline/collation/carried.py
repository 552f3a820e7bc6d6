"""A collation after filings changed, from the one before: groups that no changed row can reach are not looked at again.

What common numbers join is made anew where a number, event or declaration of a changed row is; what two parties' sales
and invoices find in each other, where one of their groups is another. The rest of the search looks at all that is open:
there what one firm sells and another buys decides about third ones. The result is that of `match.collate`, place by
place, but that parties whom nobody names any more keep their places.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from lodeline.collation.joining import Ints
from lodeline.collation.match import (
    Before,
    Collation,
    Numbered,
    Paired,
    by_looks,
    by_numbers,
    described,
    hashed_keys,
)
from lodeline.collation.meeting import PAIR, Search
from lodeline.collation.piece import FILED, SAID, Pieces

#: (frame in order, a mask of rows that go, rows that come, the order) → the frame in order.
Splice = Callable[[pl.DataFrame, pl.Series, pl.DataFrame, Sequence[pl.Expr]], pl.DataFrame]
_ORDER: Final = (pl.col("side"), *map(pl.col, SAID))


def recollate(
    before: Collation, came: Pieces, gone: pl.Series, *, search: Search, splice: Splice
) -> Collation | None:  # fmt: skip
    """The collation without the filed rows `gone` (their refs) and with the filed pieces `came`.

    None where goods came whose like was in no row before: then all is to be numbered anew.
    """
    if not came.frame["product"].drop_nulls().is_in(before.products.implode()).all():
        return None
    parties = pl.concat([before.pieces.parties, came.parties]).unique().sort()
    if len(parties) > len(before.pieces.parties):
        before = _renumbered(before, parties)
    theirs = described(_with_places(came.frame, came.parties, parties), before.products)
    old, filed = before.pieces.frame, pl.col("side") == FILED
    is_gone = old.select(filed & pl.col("ref").is_in(gone.implode())).to_series()
    frame = splice(old, is_gone, theirs, _ORDER)
    is_new = frame.select(filed & pl.col("ref").is_in(theirs["ref"].implode())).to_series().to_numpy()
    stays = ~is_gone.to_numpy()
    place = np.full(old.height, -1, np.int64)
    place[stays] = np.flatnonzero(~is_new)

    reached = _reached(before.numbered, ~stays, hashed_keys(theirs, parties, search.unique_characters))
    moved = is_new.copy()
    moved[place[reached & stays]] = True
    part = by_numbers(frame.filter(pl.Series(moved)), parties, search.unique_characters)
    numbered = _numbered(before.numbered, part, place=place, reached=reached, moved=moved)
    was = before.paired
    paired = Paired(
        label=_labels(was.label, place, len(moved)), rows=_elsewhere(was.rows, "label", place),
        one=place[was.one], other=place[was.other],
    )  # fmt: skip
    made = Pieces(frame=frame, parties=parties)
    return by_looks(made, before.products, numbered, search, Before(paired=paired, moved=moved))


def _reached(numbered: Numbered, gone: np.ndarray, keys: pl.Series) -> np.ndarray:
    """Of the pieces of before, all that a number joins to one that goes or comes, however far."""
    touched = np.zeros(len(gone), np.bool_)
    touched[numbered.bundle[gone]] = True
    named = numbered.keys.filter(pl.col("key").is_in(keys.implode()))["piece"].to_numpy()
    touched[numbered.bundle[named]] = True
    return touched[numbered.bundle]


def _numbered(
    before: Numbered, part: Numbered, *, place: Ints, reached: np.ndarray, moved: np.ndarray
) -> Numbered:  # fmt: skip
    """What was joined and is not reached, in places of now, and what was joined anew (`part`, in places of `moved`)."""
    places = np.flatnonzero(moved)
    label, bundle = (_labels(one, place, len(moved)) for one in (before.label, before.bundle))
    label[moved], bundle[moved] = places[part.label], places[part.bundle]
    kept = [
        _elsewhere(rows.filter(pl.Series(~reached[rows[name].to_numpy()])), name, place)
        for rows, name in ((before.keys, "piece"), (before.table, "label"))
    ]
    anew = [_elsewhere(part.keys, "piece", places), _elsewhere(part.table, "label", places)]
    keys, table = (pl.concat([one, other]) for one, other in zip(kept, anew, strict=True))
    return Numbered(label=label, bundle=bundle, keys=keys, table=table)


def _labels(before: Ints, place: Ints, count: int) -> Ints:
    """Labels of pieces in places of now; -1 for a piece that came and for a group whose first piece went."""
    label = np.full(count, -1, np.int64)
    stays = place >= 0
    label[place[stays]] = place[before[stays]]
    return label


def _elsewhere(rows: pl.DataFrame, name: str, place: Ints) -> pl.DataFrame:
    """Rows whose pieces are at other places."""
    return rows.with_columns(pl.Series(name, place[rows[name].to_numpy()], dtype=pl.Int64))


def _renumbered(before: Collation, parties: pl.Series) -> Collation:
    """The same, its parties being these."""
    named = before.pieces.parties
    return replace(
        before,
        pieces=Pieces(frame=_with_places(before.pieces.frame, named, parties), parties=parties),
        numbered=replace(before.numbered, table=_with_places(before.numbered.table, named, parties)),
        paired=replace(before.paired, rows=_with_places(before.paired.rows, named, parties)),
    )


def _with_places(rows: pl.DataFrame, named: pl.Series, parties: pl.Series) -> pl.DataFrame:
    """Rows whose sellers and buyers are places among `named`, in places among `parties`; -1 stays."""
    places = np.append(parties.search_sorted(named).to_numpy().astype(np.int64), -1)
    columns = [name for name in rows.columns if name.endswith(PAIR)]
    return rows.with_columns(
        pl.Series(name, places[rows[name].fill_null(-1).to_numpy()]).set(rows[name].is_null(), None) for name in columns
    )
