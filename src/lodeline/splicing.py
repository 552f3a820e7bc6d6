"""A frame in order, of which some rows go and others come: the rest is not sorted again, and is copied only around
them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.mapped import beside

#: A piece of a frame that is smaller than this share of it is copied into one with its small neighbours.
_SMALL: Final = 1 / 32

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def spliced(before: pl.DataFrame, gone: pl.Series, came: pl.DataFrame, order: Sequence[pl.Expr]) -> pl.DataFrame:
    """`before` without its rows `gone` (a mask) and with the rows `came`, as if all had been sorted by `order`.

    Both frames are in this order already, and no two rows are alike in it. Nulls come first.
    """
    came = came.select(before.columns)
    cuts = gone.arg_true().to_numpy().astype(np.int64)
    places = _places(before, came, order)
    if not cuts.size and not places.size:
        return before
    return beside(_joined(before, came, *_pieces(before, cuts, places), small=before.height * _SMALL), before)


def _pieces(before: pl.DataFrame, cuts: Integers, places: Integers) -> tuple[Flags, Integers, Integers]:
    """What stays and what comes, in turns, rows that lie together being one piece: whether it is of what comes, its
    first row, and how many it has."""
    ends = np.cumsum(before.get_columns()[0].chunk_lengths())
    at = np.unique(np.concatenate([[0], cuts, cuts + 1, places, ends]))
    taken = np.searchsorted(places, at)
    coming = np.diff(np.append(taken, places.size))
    stays = np.diff(np.append(at, before.height)) * ~np.isin(at, cuts)
    start, height = (np.column_stack(both).ravel() for both in ((taken, at), (coming, stays)))
    there = height > 0
    return np.tile([True, False], at.size)[there], start[there], height[there]


def _joined(
    before: pl.DataFrame, came: pl.DataFrame, is_new: Flags, start: Integers, height: Integers, *, small: float
) -> pl.DataFrame:
    """The pieces as one frame, small ones that lie side by side copied into one; so there are never many."""
    is_large = height >= small
    begins = is_large.copy()
    begins[1:] |= is_large[:-1]
    begins[:1] = True
    found = []
    for first, last in pairwise([*np.flatnonzero(begins).tolist(), height.size]):
        of_came, heights, starts = is_new[first:last], height[first:last], start[first:last].copy()
        regions, offset = [], 0
        for frame, chosen in ((came, of_came), (before, ~of_came)):
            if chosen.any():
                low, high = int(starts[chosen].min()), int((starts + heights)[chosen].max())
                regions.append(frame.slice(low, high - low))
                starts[chosen] += offset - low
                offset += high - low
        one = pl.concat(regions)
        if last - first > 1:
            one = one[np.repeat(starts - np.cumsum(heights) + heights, heights) + np.arange(heights.sum())].rechunk()
        found.append(one)
    return pl.concat(found) if found else before.clear()


def _places(before: pl.DataFrame, came: pl.DataFrame, order: Sequence[pl.Expr]) -> Integers:
    """For each row of `came` the number of the first row of `before` that it comes before: all are looked for at once,
    by halving."""
    low, high = np.zeros(came.height, np.int64), np.full(came.height, before.height, np.int64)
    if not came.height:
        return low
    known, wanted = (frame.select(one.alias(str(place)) for place, one in enumerate(order)) for frame in (before, came))
    leads, sought = known["0"], wanted["0"]
    if leads.dtype != pl.Categorical and not leads.null_count() and not sought.null_count():
        low, high = (leads.search_sorted(sought, side).to_numpy().astype(np.int64) for side in ("left", "right"))
        known, wanted = known.drop("0"), wanted.drop("0")
    # Texts that are held as numbers are compared as texts.
    held = [name for name, kind in known.schema.items() if kind == pl.Categorical]
    wanted = wanted.with_columns(pl.col(held).cast(pl.String))
    nulls = [bool(known[name].null_count() or wanted[name].null_count()) for name in known.columns]
    while known.width and (searched := np.flatnonzero(low < high)).size:
        middle = (low[searched] + high[searched]) // 2
        looked_at = known[middle].with_columns(pl.col(held).cast(pl.String)) if held else known[middle]
        is_less = _is_less(looked_at, wanted[searched], nulls)
        low[searched[is_less]] = middle[is_less] + 1
        high[searched[~is_less]] = middle[~is_less]
    return low


def _is_less(keys: pl.DataFrame, others: pl.DataFrame, nulls: Sequence[bool]) -> npt.NDArray[np.bool_]:
    """Whether each row comes before that of the other frame; null, where a column has any, before all else."""
    less = np.zeros(keys.height, np.bool_)
    for one, other, has_null in zip(
        *(reversed(part) for part in (keys.get_columns(), others.get_columns(), nulls)), strict=True
    ):
        if has_null:
            first = one.is_null() & other.is_not_null()
            less = (one < other).fill_null(first).to_numpy() | one.eq_missing(other).to_numpy() & less
        else:
            less = (one < other).to_numpy() | (one == other).to_numpy() & less
    return less
