"""The pass of `intervals` over whole arrays, with the same answers to the last bit, for a process without a compiler.

All events of one time are one sweep, as in `sweeps`; sums are taken in the order of the kernel: rank, link.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from lodeline.flow.held import Held, Shape
from lodeline.flow.kernels import Flags, Floats, Int64s, ranges
from lodeline.flow.sweeps import runs

Columns = tuple[Floats, Floats, Flags, Flags, Flags, Flags]


def passed(  # noqa: PLR0917  (what the kernel takes)
    shape: Shape, masses: Held, begun: Int64s, unaccounted: Int64s, width: int, nobody: int
) -> Columns:  # fmt: skip
    """The fields of `intervals.Steps` in their order, of groups 0…width-1; other numbers are no group's."""
    walk = _Pass(shape=shape, masses=masses, begun=begun, unaccounted=unaccounted, width=width, nobody=nobody)
    for now in runs(shape.event_time[shape.event_order]):
        walk.sweep(shape.event_order[now])
    return walk.least, walk.most, walk.may_lot, walk.may_event, walk.other_lot, walk.other_event


@dataclass(slots=True, kw_only=True)
class _Pass:
    """A pass under way; (lots, width) and (events, width) as in `intervals.Steps`."""

    shape: Shape
    masses: Held
    begun: Int64s
    unaccounted: Int64s
    width: int
    nobody: int
    least: Floats = field(init=False)
    most: Floats = field(init=False)
    may_lot: Flags = field(init=False)
    may_event: Flags = field(init=False)
    other_lot: Flags = field(init=False)
    other_event: Flags = field(init=False)
    #: (lots,) whether some origin is known of it; whether any group may be behind it.
    known: Flags = field(init=False)
    touched: Flags = field(init=False)
    made_mg: Floats = field(init=False)

    def __post_init__(self) -> None:
        shape, masses, width = self.shape, self.masses, self.width
        lots, events = len(shape.lot_event), len(shape.event_order)
        self.made_mg = masses.lot_mg * shape.made_part
        self.known = (shape.lot_event < 0) & (shape.made_part > 0)
        self.least, self.may_lot = np.zeros((lots, width)), np.zeros((lots, width), np.bool_)
        begins = np.flatnonzero(self.known & self._is_asked(self.begun))
        self.least[begins, self.begun[begins]] += self.made_mg[begins]
        self.may_lot[begins, self.begun[begins]] = True
        owns = np.flatnonzero(self._is_asked(self.unaccounted))
        self.least[owns, self.unaccounted[owns]] += (masses.lot_mg - self.made_mg)[owns]
        self.may_lot[owns, self.unaccounted[owns]] = True
        self.most, self.may_event = self.least.copy(), np.zeros((events, width), np.bool_)
        self.other_lot, self.other_event = np.ones((lots, width), np.bool_), np.ones((events, width), np.bool_)
        self.touched = np.asarray(self.may_lot.any(axis=1))
        if 0 <= self.nobody < width:
            self.may_lot[:, self.nobody], self.other_lot[:, self.nobody], self.touched[:] = True, self.known, True

    def _is_asked(self, group: npt.NDArray[np.int64]) -> Flags:
        return (group >= 0) & (group < self.width)

    def sweep(self, events: Int64s) -> None:
        """What these events were fed with, and what their lots have of each group by it."""
        start = self.shape.link_start
        local, link = ranges(start[events], start[events + 1] - start[events])
        back = self.shape.back[link]
        fed, fed_least, fed_most = self._fed(len(events), local, link, back)
        known = np.zeros(len(events), np.bool_)
        np.logical_or.at(known, local[~back], self.known[self.shape.link_lot[link[~back]]])
        may = np.zeros((len(events), self.width), np.bool_)
        drawn = ~back & self.touched[self.shape.link_lot[link]]
        np.logical_or.at(may, local[drawn], self.may_lot[self.shape.link_lot[link[drawn]]])
        round_ = back & self._is_asked(self.unaccounted[self.shape.link_lot[link]])
        may[local[round_], self.unaccounted[self.shape.link_lot[link[round_]]]] = True
        self.may_event[events] = may
        if 0 <= self.nobody < self.width:
            self.may_event[events, self.nobody], self.other_event[events, self.nobody] = True, known
        start = self.shape.out_start
        local, out = ranges(start[events], start[events + 1] - start[events])
        lots = self.shape.outs[out]
        self.known[lots] = known[local]
        shared = fed[local] | self.touched[lots]
        self.touched[lots] |= fed[local]
        self._share_out(events, local[shared], lots[shared], fed_least, fed_most)

    def _fed(self, events: int, local: Int64s, link: Int64s, back: Flags) -> tuple[Flags, Floats, Floats]:
        """(events,) whether anything of a group may have gone in; (events, width) its milligrams, least and most."""
        lot, width = self.shape.link_lot[link], self.width
        taken = self.masses.link_mg[link]
        comes_round = back & self._is_asked(self.unaccounted[lot])
        touched = ~back & self.touched[lot]
        fed = np.zeros(events, np.bool_)
        fed[local[comes_round | touched]] = True
        least, most = np.zeros((len(link), width)), np.zeros((len(link), width))
        row = np.flatnonzero(touched & (taken > 0))
        of, took = lot[row], taken[row, np.newaxis]
        extra = self.masses.lot_surplus_mg[of, np.newaxis]
        most[row] = np.minimum(took, self.most[of] + np.where(self.may_lot[of], extra, 0.0))
        rest = self.masses.lot_mg[of, np.newaxis] - self.least[of] + np.where(self.other_lot[of], extra, 0.0)
        least[row] = np.maximum(0.0, took - rest)
        row = np.flatnonzero(comes_round)
        least[row, self.unaccounted[lot[row]]] = most[row, self.unaccounted[lot[row]]] = taken[row]
        fed_least, fed_most = np.zeros((2, events, width))
        at = (local[:, np.newaxis] * width + np.arange(width)).reshape(-1)
        np.add.at(fed_least.reshape(-1), at, least.reshape(-1))
        np.add.at(fed_most.reshape(-1), at, most.reshape(-1))
        return fed, fed_least, fed_most

    def _share_out(self, events: Int64s, local: Int64s, lots: Int64s, fed_least: Floats, fed_most: Floats) -> None:
        """Writes what lots have of each group by the events that made them."""
        masses, event = self.masses, events[local]
        may, other = self.may_event[event], self.other_event[event]
        own = self.unaccounted[lots, np.newaxis] == np.arange(self.width)
        self.may_lot[lots] |= may
        if 0 <= self.nobody < self.width:
            self.other_lot[lots, self.nobody] = other[:, self.nobody]
        made_mg, out_mg = self.made_mg[lots, np.newaxis], masses.out_mg[lots, np.newaxis]
        fed_mg, extra = masses.fed_mg[event, np.newaxis], masses.event_surplus_mg[event, np.newaxis]
        empty = (self.shape.link_start[event] == self.shape.link_start[event + 1])[:, np.newaxis]
        rest = fed_mg - fed_least[local] + np.where(other, extra, 0.0)
        unit = np.divide(made_mg, out_mg, out=np.zeros_like(made_mg), where=out_mg > 0)
        most = np.minimum(out_mg, fed_most[local] + np.where(may, extra, 0.0)) * unit
        least = np.maximum(0.0, out_mg - rest) * unit
        # The element appears from inputs that are not known to hold any.
        appears = fed_mg <= 0
        self.most[lots] += np.where(appears, np.where(may | own, made_mg, 0.0), np.where(out_mg > 0, most, 0.0))
        self.least[lots] += np.where(
            appears, np.where(own & (empty | ~other), made_mg, 0.0), np.where(out_mg > 0, least, 0.0)
        )
