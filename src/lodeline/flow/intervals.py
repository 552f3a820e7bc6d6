"""Bounds of shares step by step: each lot's from those of what went into it, in one pass from the origins on.

An interval forgets what two lots have in common, so the bounds are looser than conservation as a whole allows, and
never tighter. The kernels here call none of another file, so numba's cache, which looks at one, never holds an old one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lodeline.flow import sweeps
from lodeline.flow.held import Held, Shape
from lodeline.flow.interval_sweeps import passed
from lodeline.flow.kernels import (  # type: ignore[attr-defined]
    Flags,
    Floats,
    Int64s,
    njit,
)
from lodeline.flow.walk import spend, walking

#: Groups that are carried along in one pass: what they need of a walk of 25 000 lots is some ten megabytes.
_AT_ONCE = 32
#: Numbers (links × groups) that are swept in one pass, which has a price of its own.
_SWEPT_AT_ONCE = 2**20
#: Groups that are swept over a link in the time of one link of a walk, and links that each time costs beside.
_GROUPS_A_LINK = 8
_LINKS_A_SWEEP = 60


class Groups(NamedTuple):
    """Which origins are asked about together; -1 is none of them.

    begun: (p,) the group of what a lot of an origin event came from; unaccounted: (p,) that of the part of a lot that
    no origin is known of. `nobody`: the group of all that is unaccounted, wherever; -1 if that is not asked.
    """

    begun: Int64s
    unaccounted: Int64s
    size: int
    nobody: int = -1


class Steps(NamedTuple):
    """A pass's result. (p, k) milligrams of each group in each lot, least and most, and whether a lot may hold any
    (`may`) or anything else (`other`)."""

    least: Floats
    most: Floats
    may_lot: Flags
    may_event: Flags
    other_lot: Flags
    other_event: Flags


def share_intervals(shape: Shape, masses: Held, groups: Groups) -> tuple[Floats, Floats]:
    """(k,) least and greatest share of each group in the asked lot."""
    least, greatest = np.zeros(groups.size), np.zeros(groups.size)
    plain = walking() is sweeps
    at_once = max(_AT_ONCE, _SWEPT_AT_ONCE // max(1, len(shape.link_lot))) if plain else _AT_ONCE
    for first in range(0, groups.size, at_once):
        last = min(first + at_once, groups.size)
        found = steps(shape, masses, groups, first, last)
        least[first:last] = found.least[0] / masses.lot_mg[0]
        greatest[first:last] = found.most[0] / masses.lot_mg[0]
    return least, greatest


def steps(shape: Shape, masses: Held, groups: Groups, first: int, last: int) -> Steps:
    """The pass for the groups from `first` to `last`."""
    begun, unaccounted = groups.begun - first, groups.unaccounted - first
    if walking() is sweeps:
        times = len(np.unique(shape.event_time))
        spend(len(shape.link_lot) * (1 + (last - first) // _GROUPS_A_LINK) + times * _LINKS_A_SWEEP)
        return Steps(*passed(shape, masses, begun, unaccounted, last - first, groups.nobody - first))
    return _pass(_Lots.of(shape, masses), begun, unaccounted, last - first, groups.nobody - first)


class _Lots(NamedTuple):
    """`Shape` and `Held` as the kernel takes them."""

    link_start: Int64s
    link_lot: Int64s
    back: Flags
    lot_event: Int64s
    out_start: Int64s
    outs: Int64s
    event_order: Int64s
    made_part: Floats
    link_mg: Floats
    lot_mg: Floats
    lot_surplus_mg: Floats
    out_mg: Floats
    fed_mg: Floats
    event_surplus_mg: Floats

    @staticmethod
    def of(shape: Shape, masses: Held) -> _Lots:
        return _Lots(
            shape.link_start, shape.link_lot, shape.back, shape.lot_event, shape.out_start, shape.outs,
            shape.event_order, shape.made_part, masses.link_mg, masses.lot_mg, masses.lot_surplus_mg, masses.out_mg,
            masses.fed_mg, masses.event_surplus_mg,
        )  # fmt: skip


@njit(cache=True, nogil=True)
def _begin(walk: _Lots, begun: Int64s, unaccounted: Int64s, width: int) -> tuple[Floats, Flags, Flags]:
    """(lots, width) what a lot has of each group without any event, and whether it may have any; (lots,) whether some
    origin is known of it."""
    lots = len(walk.lot_event)
    least, may, known = np.zeros((lots, width)), np.zeros((lots, width), np.bool_), np.zeros(lots, np.bool_)
    for lot in range(lots):
        made_mg = walk.lot_mg[lot] * walk.made_part[lot]
        if walk.lot_event[lot] < 0 and walk.made_part[lot] > 0:
            known[lot] = True
            if 0 <= begun[lot] < width:
                least[lot, begun[lot]] += made_mg
                may[lot, begun[lot]] = True
        if 0 <= unaccounted[lot] < width:
            least[lot, unaccounted[lot]] += walk.lot_mg[lot] - made_mg
            may[lot, unaccounted[lot]] = True
    return least, may, known


@njit(cache=True, nogil=True)
def _share_out(  # noqa: PLR0917  (numba takes no keywords)
    walk: _Lots, event: int, lot: int, found: Steps, fed: tuple[Floats, Floats], unaccounted: Int64s, nobody: int
) -> None:
    """Write what a lot has of each group by the event that made it; `fed` is what the event was fed, least and most."""
    fed_least, fed_most = fed
    made_mg, out_mg = walk.lot_mg[lot] * walk.made_part[lot], walk.out_mg[lot]
    fed_mg, extra = walk.fed_mg[event], walk.event_surplus_mg[event]
    without_inputs = walk.link_start[event] == walk.link_start[event + 1]
    for group in range(len(fed_least)):
        own, may, other = unaccounted[lot] == group, found.may_event[event, group], found.other_event[event, group]
        found.may_lot[lot, group] |= may
        if group == nobody:
            found.other_lot[lot, group] = other
        if fed_mg <= 0:
            # The element appears from inputs that are not known to hold any.
            found.most[lot, group] += made_mg if may or own else 0.0
            found.least[lot, group] += made_mg if own and (without_inputs or not other) else 0.0
        elif out_mg > 0:
            rest = fed_mg - fed_least[group] + (extra if other else 0.0)
            unit = made_mg / out_mg
            found.most[lot, group] += min(out_mg, fed_most[group] + (extra if may else 0.0)) * unit
            found.least[lot, group] += max(0.0, out_mg - rest) * unit


@njit(cache=True, nogil=True)
def _pass(walk: _Lots, begun: Int64s, unaccounted: Int64s, width: int, nobody: int) -> Steps:
    """As `steps`; `begun`, `unaccounted` and `nobody` count from the first group, others lie outside 0…width-1."""
    link_mg, lot_mg, events = walk.link_mg, walk.lot_mg, len(walk.event_order)
    least, may_lot, known_lot = _begin(walk, begun, unaccounted, width)
    most, may_event = least.copy(), np.zeros((events, width), np.bool_)
    other_lot, other_event = np.ones(may_lot.shape, np.bool_), np.ones((events, width), np.bool_)
    found = Steps(least, most, may_lot, may_event, other_lot, other_event)
    touched = np.zeros(len(known_lot), np.bool_)
    for lot in range(len(known_lot)):
        touched[lot] = may_lot[lot].any()
    if 0 <= nobody < width:
        may_lot[:, nobody], other_lot[:, nobody], touched[:] = True, known_lot, True
    fed_least, fed_most = np.empty(width), np.empty(width)
    for event in walk.event_order:
        known = fed = False
        fed_least[:], fed_most[:] = 0.0, 0.0
        for link in range(walk.link_start[event], walk.link_start[event + 1]):
            lot, taken = walk.link_lot[link], link_mg[link]
            if walk.back[link]:
                if 0 <= unaccounted[lot] < width:
                    fed_least[unaccounted[lot]] += taken
                    fed_most[unaccounted[lot]] += taken
                    may_event[event, unaccounted[lot]] = fed = True
                continue
            known = known or known_lot[lot]
            if not touched[lot]:
                # None of the groups is behind it, which is so of most lots behind a large one.
                continue
            fed = True
            extra = walk.lot_surplus_mg[lot]
            for group in range(width):
                may_event[event, group] |= may_lot[lot, group]
                if taken > 0:
                    more = most[lot, group] + (extra if may_lot[lot, group] else 0.0)
                    rest = lot_mg[lot] - least[lot, group] + (extra if other_lot[lot, group] else 0.0)
                    fed_most[group] += min(taken, more)
                    fed_least[group] += max(0.0, taken - rest)
        if 0 <= nobody < width:
            may_event[event, nobody], other_event[event, nobody] = True, known
        for out in range(walk.out_start[event], walk.out_start[event + 1]):
            lot = walk.outs[out]
            known_lot[lot] = known
            if fed or touched[lot]:
                touched[lot] = True
                _share_out(walk, event, lot, found, (fed_least, fed_most), unaccounted, nobody)
    return found
