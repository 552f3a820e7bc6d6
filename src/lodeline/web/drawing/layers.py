"""Marks in columns, joined from left to right: few crossings, no mark upon another, nothing outside.

Crossings are reduced by barycentre sweeps and the best order seen is kept (Sugiyama, Tagawa and Toda, IEEE Trans.
SMC 11 (1981) 109–125). A strand that skips columns passes through a waypoint in each of them, which claims room like a
mark. Heights are found by least squares under the order (pool adjacent violators), so marks come as near to what they
are joined with as the others leave room for. Ties are broken by the order of the input: same input, same layout.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_SWEEPS: Final = 8
_RELAXATIONS: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A mark of `height` pixels in a column, with room above and below it for its words.

    Slots of a column stay together by `group`, groups in rising order; `leads` puts a slot first in its group.
    """

    column: int
    height: float
    above: float = 0.0
    below: float = 0.0
    group: int = 0
    leads: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Strand:
    """A ribbon of `width` pixels between two slots, given by their places in the list; it runs to a later column."""

    source: int
    target: int
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """`tops` of the marks, those of waypoints behind those given; `routes`, all slots a strand touches, in order."""

    tops: tuple[float, ...]
    routes: tuple[tuple[int, ...], ...]
    height: float


def lay_out(slots: Sequence[Slot], strands: Sequence[Strand], *, gap: float) -> Layout:
    """Places `slots` from 0 to `height` pixels, `gap` pixels apart at least."""
    everything = list(slots)
    routes: list[tuple[int, ...]] = []
    for strand in strands:
        start, end = slots[strand.source].column, slots[strand.target].column
        assert start < end, "a strand runs from left to right"
        waypoints = range(len(everything), len(everything) + end - start - 1)
        everything += [Slot(column=column, height=strand.width) for column in range(start + 1, end)]
        routes.append((strand.source, *waypoints, strand.target))
    hops = [
        (source, target, strand.width)
        for strand, route in zip(strands, routes, strict=True)
        for source, target in itertools.pairwise(route)
    ]
    columns = _ordered(everything, hops)
    tops, height = _placed(everything, hops, columns, gap)
    return Layout(tops=tuple(tops), routes=tuple(routes), height=height)


Hop = tuple[int, int, float]


def _neighbours(count: int, hops: Sequence[Hop]) -> tuple[list[list[tuple[int, float]]], list[list[tuple[int, float]]]]:
    """For each slot its neighbours on the left and on the right, with the widths of the strands between."""
    left: list[list[tuple[int, float]]] = [[] for _ in range(count)]
    right: list[list[tuple[int, float]]] = [[] for _ in range(count)]
    for source, target, width in hops:
        left[target].append((source, width))
        right[source].append((target, width))
    return left, right


def _ordered(slots: Sequence[Slot], hops: Sequence[Hop]) -> list[list[int]]:
    columns: list[list[int]] = [[] for _ in range(max((slot.column for slot in slots), default=-1) + 1)]
    for index, slot in enumerate(slots):
        columns[slot.column].append(index)
    for column in columns:
        column.sort(key=lambda index: (slots[index].group, not slots[index].leads))
    left, right = _neighbours(len(slots), hops)
    best, fewest = [list(column) for column in columns], _crossings(columns, hops, slots)
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        sides = left if forward else right
        for column in columns if forward else reversed(columns):
            place = _places(columns)
            column.sort(
                key=lambda index, place=place, sides=sides: (  # type: ignore[misc]
                    slots[index].group,
                    not slots[index].leads,
                    _mean(place, sides[index], place[index]),
                )
            )
        crossings = _crossings(columns, hops, slots)
        if crossings < fewest:
            best, fewest = [list(column) for column in columns], crossings
    return best


def _places(columns: Sequence[Sequence[int]]) -> dict[int, float]:
    """Where each slot stands in its column, from 0 to 1: columns of different length compare."""
    return {index: (at + 0.5) / len(column) for column in columns for at, index in enumerate(column)}


def _mean(place: dict[int, float], neighbours: Sequence[tuple[int, float]], otherwise: float) -> float:
    total = sum(width + 1 for _, width in neighbours)
    return sum(place[index] * (width + 1) for index, width in neighbours) / total if neighbours else otherwise


def _crossings(columns: Sequence[Sequence[int]], hops: Sequence[Hop], slots: Sequence[Slot]) -> float:
    """Crossings between neighbouring columns, each as heavy as the thinner of the two ribbons."""
    place = _places(columns)
    by_column: list[list[Hop]] = [[] for _ in columns]
    for hop in hops:
        by_column[slots[hop[0]].column].append(hop)
    total = 0.0
    for between in by_column:
        for at, (source, target, width) in enumerate(between):
            for other_source, other_target, other_width in between[at + 1 :]:
                if (place[source] - place[other_source]) * (place[target] - place[other_target]) < 0:
                    total += 1 + min(width, other_width)
    return total


def _placed(
    slots: Sequence[Slot], hops: Sequence[Hop], columns: Sequence[Sequence[int]], gap: float
) -> tuple[list[float], float]:
    left, right = _neighbours(len(slots), hops)
    lengths = [
        sum(slots[index].above + slots[index].height + slots[index].below for index in column)
        + gap * max(len(column) - 1, 0)
        for column in columns
    ]
    height = max(lengths, default=0.0)
    tops = [0.0] * len(slots)
    for column, length in zip(columns, lengths, strict=True):
        y = (height - length) / 2
        for index in column:
            tops[index] = y + slots[index].above
            y += slots[index].above + slots[index].height + slots[index].below + gap
    for step in range(_RELAXATIONS):
        last = step == _RELAXATIONS - 1
        for column in columns if step % 2 == 0 else list(reversed(columns)):
            near = [left[i] + right[i] if last else (left[i] if step % 2 == 0 else right[i]) for i in column]
            wished, weights = [], []
            for index, neighbours in zip(column, near, strict=True):
                middle = tops[index] + slots[index].height / 2
                total = sum(width for _, width in neighbours)
                if total > 0:
                    middle = sum((tops[i] + slots[i].height / 2) * width for i, width in neighbours) / total
                wished.append(middle - slots[index].height / 2)
                weights.append(total + 1)
            _settle(slots=slots, column=column, wished=wished, weights=weights, gap=gap, height=height, tops=tops)
    return tops, height


def _settle(
    *,
    slots: Sequence[Slot],
    column: Sequence[int],
    wished: Sequence[float],
    weights: Sequence[float],
    gap: float,
    height: float,
    tops: list[float],
) -> None:
    """Sets the tops of a column as near to `wished` as order, gaps and edges allow (least squares)."""
    offsets, y = [], 0.0
    for index in column:
        offsets.append(y + slots[index].above)
        y += slots[index].above + slots[index].height + slots[index].below + gap
    slack = max(height - (y - gap), 0.0)
    blocks: list[tuple[float, float, int]] = []
    for wish, offset, weight in zip(wished, offsets, weights, strict=True):
        blocks.append((wish - offset, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            value, heavy, count = blocks.pop()
            before, heavy_before, count_before = blocks.pop()
            both = heavy + heavy_before
            blocks.append(((value * heavy + before * heavy_before) / both, both, count + count_before))
    shifts = [min(max(value, 0.0), slack) for value, _, count in blocks for _ in range(count)]
    for index, offset, shift in zip(column, offsets, shifts, strict=True):
        tops[index] = offset + shift
