"""Bounds of shares step by step: each lot's from those of what went into it, in one pass from the origins on.

An interval forgets what two lots have in common, so the bounds are looser than conservation as a whole allows, and
never tighter. The one kernel here calls no other, so numba's cache, which looks at one file, never holds an old one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lodeline.flow.held import Held, Shape
from lodeline.flow.kernels import Flags, Floats, njit

#: Groups that are carried along in one pass: what they need of a walk of 25 000 lots is some ten megabytes.
_AT_ONCE = 32


class Groups(NamedTuple):
    """Which origins are asked about together; -1 is none of them.

    begun: (p,) the group of what a lot of an origin event came from; unaccounted: (p,) that of the part of a lot that
    no origin is known of. `nobody`: the group of all that is unaccounted, wherever; -1 if that is not asked.
    """

    begun: npt.NDArray[np.int64]
    unaccounted: npt.NDArray[np.int64]
    count: int
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
    least, greatest = np.zeros(groups.count), np.zeros(groups.count)
    for first in range(0, groups.count, _AT_ONCE):
        last = min(first + _AT_ONCE, groups.count)
        found = steps(shape, masses, groups, first, last)
        least[first:last] = found.least[0] / masses.lot_mg[0]
        greatest[first:last] = found.most[0] / masses.lot_mg[0]
    return least, greatest


def steps(shape: Shape, masses: Held, groups: Groups, first: int, last: int) -> Steps:
    """The pass for the groups from `first` to `last`."""
    return Steps(*_pass(tuple(_fields(shape)), masses_of(masses), groups.begun - first, groups.unaccounted - first,
                        last - first, groups.nobody - first))  # fmt: skip


def _fields(shape: Shape) -> tuple[npt.NDArray[np.generic], ...]:
    return (
        shape.link_start, shape.link_lot, shape.back, shape.lot_event, shape.out_start, shape.outs, shape.event_order,
        shape.made_part,
    )  # fmt: skip


def masses_of(masses: Held) -> tuple[Floats, ...]:
    return (
        masses.link_mg, masses.lot_mg, masses.lot_surplus_mg, masses.out_mg, masses.fed_mg, masses.event_surplus_mg,
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _pass(shape, masses, begun, unaccounted, width, nobody):  # type: ignore[no-untyped-def]
    """As `steps`; `begun`, `unaccounted` and `nobody` count from the first group, others lie outside 0…width-1."""
    link_start, link_lot, back, lot_event, out_start, outs, event_order, made_part = shape
    link_mg, lot_mg, lot_surplus_mg, out_mg, fed_mg, event_surplus_mg = masses
    lots, events = len(lot_event), len(event_order)
    least, most = np.zeros((lots, width)), np.zeros((lots, width))
    may_lot, may_event = np.zeros((lots, width), np.bool_), np.zeros((events, width), np.bool_)
    other_lot, other_event = np.ones((lots, width), np.bool_), np.ones((events, width), np.bool_)
    known_lot = np.zeros(lots, np.bool_)
    all_nobodys = 0 <= nobody < width
    for lot in range(lots):
        made_mg = lot_mg[lot] * made_part[lot]
        if lot_event[lot] < 0 and made_part[lot] > 0:
            known_lot[lot] = True
            if 0 <= begun[lot] < width:
                least[lot, begun[lot]] += made_mg
                may_lot[lot, begun[lot]] = True
        if 0 <= unaccounted[lot] < width:
            least[lot, unaccounted[lot]] += lot_mg[lot] - made_mg
            may_lot[lot, unaccounted[lot]] = True
        for group in range(width):
            most[lot, group] = least[lot, group]
        if all_nobodys:
            may_lot[lot, nobody] = True
            other_lot[lot, nobody] = known_lot[lot]
    fed_least, fed_most = np.empty(width), np.empty(width)
    for event in event_order:
        known = False
        fed_least[:], fed_most[:] = 0.0, 0.0
        for link in range(link_start[event], link_start[event + 1]):
            lot, taken = link_lot[link], link_mg[link]
            if back[link]:
                if 0 <= unaccounted[lot] < width:
                    fed_least[unaccounted[lot]] += taken
                    fed_most[unaccounted[lot]] += taken
                    may_event[event, unaccounted[lot]] = True
                continue
            known = known or known_lot[lot]
            for group in range(width):
                may_event[event, group] |= may_lot[lot, group]
                if taken > 0:
                    extra = lot_surplus_mg[lot]
                    more = most[lot, group] + (extra if may_lot[lot, group] else 0.0)
                    rest = lot_mg[lot] - least[lot, group] + (extra if other_lot[lot, group] else 0.0)
                    fed_most[group] += min(taken, more)
                    fed_least[group] += max(0.0, taken - rest)
        if all_nobodys:
            may_event[event, nobody] = True
            other_event[event, nobody] = known
        for out in range(out_start[event], out_start[event + 1]):
            lot = outs[out]
            known_lot[lot] = known
            made_mg = lot_mg[lot] * made_part[lot]
            for group in range(width):
                own = unaccounted[lot] == group
                may = may_event[event, group]
                may_lot[lot, group] |= may
                if all_nobodys and group == nobody:
                    other_lot[lot, group] = known
                if fed_mg[event] <= 0:
                    # The element appears from inputs that are not known to hold any.
                    most[lot, group] += made_mg if may or own else 0.0
                    alone = link_start[event] == link_start[event + 1] or (group == nobody and not known)
                    least[lot, group] += made_mg if own and alone else 0.0
                elif out_mg[lot] > 0:
                    extra = event_surplus_mg[event]
                    came = min(out_mg[lot], fed_most[group] + (extra if may else 0.0))
                    rest = fed_mg[event] - fed_least[group] + (extra if other_event[event, group] else 0.0)
                    unit = made_mg / out_mg[lot]
                    most[lot, group] += came * unit
                    least[lot, group] += max(0.0, out_mg[lot] - rest) * unit
    return least, most, may_lot, may_event, other_lot, other_event
