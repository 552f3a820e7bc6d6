"""A frame in order, of which some rows go and others come: the rest is neither copied nor sorted again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import polars as pl

#: Pieces of a frame beyond which it is copied into one.
_PIECES_MOST: Final = 64


def spliced(before: pl.DataFrame, gone: pl.Series, came: pl.DataFrame, order: Sequence[pl.Expr]) -> pl.DataFrame:
    """`before` without its rows `gone` (a mask) and with the rows `came`, as if all had been sorted by `order`.

    Both frames are in this order already, and no two rows are alike in it. Nulls come first.
    """
    came = came.select(before.columns)
    cuts = gone.arg_true().to_list()
    places = list(_places(before, came, order))
    if not cuts and not places:
        return before
    pieces: list[pl.DataFrame] = []
    at, taken = 0, 0
    for cut, is_place in sorted([*((one, False) for one in cuts), *((one, True) for one in places)], key=_by_place):
        if cut > at:
            pieces.append(before.slice(at, cut - at))
        at = max(at, cut)
        if is_place:
            pieces.append(came.slice(taken, 1))
            taken += 1
        else:
            at = cut + 1
    pieces.append(before.slice(at))
    # Rows that came one after the other are one piece.
    return _joined(pieces)


def _by_place(one: tuple[int, bool]) -> tuple[int, bool]:
    # What is put before a row comes before the row goes.
    return one[0], not one[1]


def _joined(pieces: list[pl.DataFrame]) -> pl.DataFrame:
    whole = pl.concat([one for one in pieces if one.height] or pieces[:1])
    return whole.rechunk() if whole.n_chunks() > _PIECES_MOST else whole


def _places(before: pl.DataFrame, came: pl.DataFrame, order: Sequence[pl.Expr]) -> Iterator[int]:
    """For each row of `came` the number of the first row of `before` that it comes before."""
    if not came.height:
        return
    keys = before.lazy().select(*(one.alias(str(place)) for place, one in enumerate(order))).collect()
    columns = [keys[name] for name in keys.columns]

    def key_at(row: int) -> tuple[Any, ...]:
        return tuple((value is not None, value) for value in (column[row] for column in columns))

    low = 0
    for row in came.select(*(one.alias(str(place)) for place, one in enumerate(order))).iter_rows():
        wanted = tuple((value is not None, value) for value in row)
        step = 1
        # Most rows come close behind the last one.
        while low + step <= before.height and key_at(low + step - 1) < wanted:
            low, step = low + step, step * 2
        high = min(low + step, before.height)
        while low < high:
            middle = (low + high) // 2
            if key_at(middle) < wanted:
                low = middle + 1
            else:
                high = middle
        yield low
