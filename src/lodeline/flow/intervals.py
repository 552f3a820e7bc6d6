"""Bounds of shares step by step: each lot's from those of what went into it, in one pass from the origins on.

An interval forgets what two lots have in common, so the bounds are looser than conservation as a whole allows, and
never tighter. Few lots on the way have anything to do with an origin (of 12 000 behind a lot some forty), so only the
pairs of a lot and a group that may be behind it are kept. All events of one time are one sweep, for all elements.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np

from lodeline.flow.held import Held, Shape
from lodeline.flow.kernels import Flags, Floats, Int64s, ranges
from lodeline.flow.sweeps import runs

#: Pairs × elements of one pass: some 130 MB. Where there would be more, the groups are halved.
_NUMBERS_MOST: Final = 2**23


class Groups(NamedTuple):
    """Which origins are asked about together; -1 is none of them.

    begun: (p,) the group of what a lot of an origin event came from; unaccounted: (p,) that of the part of a lot that
    no origin is known of. `nobody`: the group of all that is unaccounted, wherever; -1 if that is not asked.
    """

    begun: Int64s
    unaccounted: Int64s
    size: int
    nobody: int = -1

    def some(self, first: int, last: int) -> Groups:
        """Those from `first` to `last`, counted from 0."""

        def counted(group: Int64s) -> Int64s:
            return np.where((group >= first) & (group < last), group - first, -1)

        nobody = self.nobody - first if first <= self.nobody < last else -1
        return Groups(counted(self.begun), counted(self.unaccounted), last - first, nobody)


class Steps(NamedTuple):
    """A pass's result for one element. (p, k) milligrams of each group in each lot, least and most, and whether a lot
    may hold any (`may`) or anything else (`other`)."""

    least: Floats
    most: Floats
    may_lot: Flags
    may_event: Flags
    other_lot: Flags
    other_event: Flags


def share_intervals(shape: Shape, masses: Sequence[Held], groups: Groups) -> tuple[Floats, Floats]:
    """(k, e) least and greatest share of each group in the asked lot, of each element."""
    least, greatest = np.zeros((2, groups.size, len(masses)))
    waiting = [(0, groups.size)]
    while waiting:
        first, last = waiting.pop()
        walk = Pass(shape=shape, masses=masses, groups=groups.some(first, last))
        if walk.walked(_NUMBERS_MOST if last - first > 1 else None):
            least[first:last], greatest[first:last] = walk.shares()
        else:
            middle = (first + last) // 2
            waiting += [(first, middle), (middle, last)]
    return least, greatest


@dataclass(slots=True, kw_only=True)
class Pass:
    """A pass under way: of each lot that was reached the groups that may be behind it, `count` pairs from `start`.

    Rows of `least` and `most` are pairs, their columns elements; so are those of masses, by link, lot and event.
    """

    shape: Shape
    masses: Sequence[Held]
    groups: Groups
    group: Int64s = field(init=False)
    least: Floats = field(init=False)
    most: Floats = field(init=False)
    size: int = field(init=False, default=0)
    start: Int64s = field(init=False)
    count: Int64s = field(init=False)
    #: (p,) whether some origin is known of a lot; (q,) of anything that went into an event.
    known_lot: Flags = field(init=False)
    known_event: Flags = field(init=False)
    #: Events and groups that may be in them.
    fed: list[tuple[Int64s, Int64s]] = field(init=False, default_factory=list)
    _mg: dict[str, Floats] = field(init=False)

    def __post_init__(self) -> None:
        lots = len(self.shape.lot_event)
        self.start, self.count = np.zeros((2, lots), np.int64)
        self.group = np.zeros(0, np.int64)
        self.least, self.most = np.zeros((2, 0, len(self.masses)))
        self.known_lot = (self.shape.lot_event < 0) & (self.shape.made_part > 0)
        self.known_event = np.zeros(len(self.shape.event_order), np.bool_)
        self._mg = {name: np.stack([getattr(one, name) for one in self.masses], axis=1) for name in Held.__slots__}
        self._mg["made_mg"] = self._mg["lot_mg"] * self.shape.made_part[:, np.newaxis]

    def walked(self, numbers_most: int | None = None) -> bool:
        """Whether the pass came to its end; False where it would hold more numbers than that."""
        self._begin()
        for now in runs(self.shape.event_time[self.shape.event_order]):
            self._sweep(self.shape.event_order[now])
            if numbers_most is not None and self.size * len(self.masses) > numbers_most:
                return False
        return True

    def shares(self) -> tuple[Floats, Floats]:
        """(k, e) least and greatest share of each group in the asked lot."""
        least, greatest = np.zeros((2, self.groups.size, len(self.masses)))
        own = slice(self.start[0], self.start[0] + self.count[0])
        least[self.group[own]] = self.least[own] / self._mg["lot_mg"][0]
        greatest[self.group[own]] = self.most[own] / self._mg["lot_mg"][0]
        return least, greatest

    def steps(self, element: int) -> Steps:
        """All of it for one element."""
        lots, events, width = len(self.start), len(self.known_event), self.groups.size
        owner, pair = ranges(self.start, self.count)
        at = owner, self.group[pair]
        least, most = np.zeros((2, lots, width))
        least[at], most[at] = self.least[pair, element], self.most[pair, element]
        may_lot, may_event = np.zeros((lots, width), np.bool_), np.zeros((events, width), np.bool_)
        may_lot[at] = True
        for event, group in self.fed:
            may_event[event, group] = True
        other_lot, other_event = np.ones((lots, width), np.bool_), np.ones((events, width), np.bool_)
        if self.groups.nobody >= 0:
            other_lot[:, self.groups.nobody], other_event[:, self.groups.nobody] = self.known_lot, self.known_event
        return Steps(least, most, may_lot, may_event, other_lot, other_event)

    def _begin(self) -> None:
        """What lots that no event made have of each group."""
        groups, mg = self.groups, self._mg
        nobodys = np.flatnonzero(self.shape.lot_event < 0)
        begun = nobodys[self.known_lot[nobodys] & (groups.begun[nobodys] >= 0)]
        owns = nobodys[groups.unaccounted[nobodys] >= 0]
        rows = [
            (begun, groups.begun[begun], mg["made_mg"][begun]),
            (owns, groups.unaccounted[owns], (mg["lot_mg"] - mg["made_mg"])[owns]),
            self._of_nobody(nobodys),
        ]
        lots, group, least = _summed(rows, groups.size)
        self._keep(lots, group, least, least)

    def _of_nobody(self, owners: Int64s) -> tuple[Int64s, Int64s, Floats]:
        """What nobody accounts for may be in each of them."""
        some = owners if self.groups.nobody >= 0 else owners[:0]
        return some, np.full(len(some), self.groups.nobody), np.zeros((len(some), len(self.masses)))

    def _keep(self, lots: Int64s, group: Int64s, least: Floats, most: Floats) -> None:
        """Adds pairs, which stand lot by lot."""
        first, self.size = self.size, self.size + len(lots)
        if self.size > len(self.group):
            more = max(self.size, 2 * len(self.group)) - len(self.group)
            self.group = np.concatenate((self.group, np.zeros(more, np.int64)))
            room = np.zeros((more, len(self.masses)))
            self.least, self.most = np.concatenate((self.least, room)), np.concatenate((self.most, room))
        added = slice(first, self.size)
        self.group[added], self.least[added], self.most[added] = group, least, most
        begins = np.flatnonzero(np.diff(lots, prepend=-1))
        self.start[lots[begins]] = first + begins
        self.count[lots[begins]] = np.diff(begins, append=len(lots))

    def _sweep(self, events: Int64s) -> None:
        """What these events were fed with, and what their lots have of each group by it."""
        shape, groups = self.shape, self.groups
        local, link = ranges(shape.link_start[events], np.diff(shape.link_start)[events])
        lot, back = shape.link_lot[link], shape.back[link]
        known = np.zeros(len(events), np.bool_)
        known[local[~back & self.known_lot[lot]]] = True
        self.known_event[events] = known
        drawn = np.flatnonzero(~back)
        owner, pair = ranges(self.start[lot[drawn]], self.count[lot[drawn]])
        at = drawn[owner]
        round_ = np.flatnonzero(back & (groups.unaccounted[lot] >= 0))
        least, most = self._taken(link[at], lot[at], pair)
        came_round = self._mg["link_mg"][link[round_]]
        event, group, fed = _summed(
            [
                (local[at], self.group[pair], np.concatenate((least, most), axis=1)),
                (local[round_], groups.unaccounted[lot[round_]], np.concatenate((came_round, came_round), axis=1)),
                tuple(one if one.ndim == 1 else np.tile(one, 2) for one in self._of_nobody(np.arange(len(events)))),
            ],
            groups.size,
        )
        self.fed.append((events[event], group))
        of_event, out = ranges(shape.out_start[events], np.diff(shape.out_start)[events])
        lots = shape.outs[out]
        self.known_lot[lots] = known[of_event]
        each = np.bincount(event, minlength=len(events))
        owner, entry = ranges((np.cumsum(each) - each)[of_event], each[of_event])
        # What of a lot nobody accounts for, where nothing of that group went in.
        own = np.flatnonzero(groups.unaccounted[lots] >= 0)
        is_fed = np.isin(of_event[own] * groups.size + groups.unaccounted[lots[own]], event * groups.size + group)
        own = own[~is_fed]
        owner, group = np.concatenate((owner, own)), np.concatenate((group[entry], groups.unaccounted[lots[own]]))
        fed = np.concatenate((fed[entry], np.zeros((len(own), fed.shape[1]))))
        may = np.arange(len(owner)) < len(entry)
        order = np.argsort(owner, kind="stable")
        owner, group, fed, may = owner[order], group[order], fed[order], may[order]
        self._share_out(lots[owner], events[of_event[owner]], group, fed, may)

    def _taken(self, link: Int64s, lot: Int64s, pair: Int64s) -> tuple[Floats, Floats]:
        """What links took of the groups of their lots, least and most."""
        taken, extra = self._mg["link_mg"][link], self._mg["lot_surplus_mg"][lot]
        other = (self.group[pair] != self.groups.nobody) | self.known_lot[lot]
        rest = self._mg["lot_mg"][lot] - self.least[pair] + np.where(other[:, np.newaxis], extra, 0.0)
        least = np.where(taken > 0, np.maximum(0.0, taken - rest), 0.0)
        return least, np.minimum(taken, self.most[pair] + extra)

    def _share_out(self, lots: Int64s, events: Int64s, group: Int64s, fed: Floats, may: Flags) -> None:
        """Writes what lots have of groups by the events that made them; `may`: the group may be in the event."""
        mg, width = self._mg, len(self.masses)
        least_mg, most_mg, some = fed[:, :width], fed[:, width:], may[:, np.newaxis]
        made_mg, out_mg, extra = mg["made_mg"][lots], mg["out_mg"][lots], mg["event_surplus_mg"][events]
        own = (self.groups.unaccounted[lots] == group)[:, np.newaxis]
        other = ((group != self.groups.nobody) | self.known_event[events])[:, np.newaxis]
        empty = (np.diff(self.shape.link_start)[events] == 0)[:, np.newaxis]
        unit = np.divide(made_mg, out_mg, out=np.zeros_like(made_mg), where=out_mg > 0)
        rest = mg["fed_mg"][events] - least_mg + np.where(other, extra, 0.0)
        least = np.maximum(0.0, out_mg - rest) * unit
        most = np.minimum(out_mg, most_mg + np.where(some, extra, 0.0)) * unit
        # The element appears from inputs that are not known to hold any.
        appears = mg["fed_mg"][events] <= 0
        least = np.where(appears, np.where(own & (empty | ~other), made_mg, 0.0), least)
        most = np.where(appears, np.where(some | own, made_mg, 0.0), most)
        unaccounted_mg = np.where(own, mg["lot_mg"][lots] - made_mg, 0.0)
        self._keep(lots, group, unaccounted_mg + least, unaccounted_mg + most)


def _summed(rows: Sequence[tuple[Any, ...]], width: int) -> tuple[Int64s, Int64s, Floats]:
    """Rows (owner, group, numbers) with those of one owner and group as one, by owner and group."""
    owner, group, numbers = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    key = owner * width + group
    order = np.argsort(key, kind="stable")
    begins = np.flatnonzero(np.diff(key[order], prepend=-1))
    if not len(begins):
        return owner, group, numbers
    first = order[begins]
    total = np.zeros((len(begins), numbers.shape[1]))
    # One after the other, as they come: other ways of adding up give other last digits.
    np.add.at(total, np.repeat(np.arange(len(begins)), np.diff(begins, append=len(order))), numbers[order])
    return owner[first], group[first], total
