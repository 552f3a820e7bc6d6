"""The least and the greatest share exactly, by linear programming over the lots behind a lot.

The unknowns are the milligrams of one group of origins in each lot that an event made and in each link. What a lot
or an event does not pass on to lots behind the asked one is a remainder that is no less than nothing and no more
than the mass that is left. The programme of each group is a block of its own; blocks are solved together, for most
of the time of a small programme is its start.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from lodeline.flow.held import Held, Shape
from lodeline.flow.intervals import Groups, Steps
from lodeline.flow.kernels import Floats
from lodeline.flow.walk import Places
from lodeline.linear import Rows, least_sum

#: Bounds that lie no farther apart are one number.
_SAME: Final = 1e-12
#: Unknowns of the blocks that are solved together.
_UNKNOWNS_AT_ONCE: Final = 20_000
_TOLERANCE: Final = 1e-9
#: Masses so many times the asked lot's own leave a double no digits for it: a gram of a thousand tonnes.
_SPREAD_MOST: Final = 1e9


def exact_shares(shape: Shape, masses: Held, groups: Groups, found: Steps) -> tuple[Floats, Floats] | None:
    """(k,) least and greatest share of each group in the asked lot, which lie between those of the pass that was
    `found`; None where doubles do not carry so far."""
    least, greatest = found.least[0] / masses.lot_mg[0], found.most[0] / masses.lot_mg[0]
    open_groups = np.flatnonzero(greatest - least > _SAME)
    begins = shape.lot_event[0] < 0 or masses.fed_mg[shape.lot_event[0]] <= 0
    if not len(open_groups) or begins or _is_tree(shape, masses):
        return least, greatest
    if max(masses.lot_mg.max(), masses.fed_mg.max()) > _SPREAD_MOST * masses.lot_mg[0]:
        return None
    programme = _Programme(shape, masses, groups, found)
    at_once = max(1, _UNKNOWNS_AT_ONCE // programme.unknowns)
    for first in range(0, len(open_groups), at_once):
        some = open_groups[first : first + at_once]
        for sign, bound in ((1.0, least), (-1.0, greatest)):
            answer = programme.solved(some, sign)
            if answer is None:
                return None
            bound[some] = answer
    return least, greatest


def _is_tree(shape: Shape, masses: Held) -> bool:
    """Whether each lot was drawn from once, and each event made one of them: no two have anything in common, so the
    steps' bounds are exact, and nobody waits for the solver to load."""
    drawn = shape.link_lot[~shape.back & (masses.link_mg > 0)]
    made = shape.lot_event[shape.lot_event >= 0]
    return bool(np.bincount(drawn).max(initial=0) <= 1 and np.bincount(made).max(initial=0) <= 1)


class _Programme:
    """One block: rows are the lots drawn from, then the events; unknowns are links, lots made, and the remainders.

    A row of a lot: what its event made = what its links took + remainder − what it has without any event.
    A row of an event: what its links took = what its lots got + remainder − what came round.
    Masses are in units of the asked lot's, so that the solver's tolerance is one of the share.
    """

    def __init__(self, shape: Shape, masses: Held, groups: Groups, found: Steps) -> None:
        unit_mg, events, lots = masses.lot_mg[0], len(shape.event_order), len(shape.lot_event)
        self.links = np.flatnonzero(~shape.back & (masses.link_mg > 0))
        self.made = np.flatnonzero((shape.lot_event >= 0) & (masses.lot_mg * shape.made_part > 0))
        self.sources = np.unique(shape.link_lot[self.links])
        self.fed = np.flatnonzero(masses.fed_mg > 0)
        self.rows = len(self.sources) + len(self.fed)
        self.unknowns = len(self.links) + len(self.made) + self.rows
        self.asked = len(self.links) + int(np.searchsorted(self.made, 0))
        of_event = self.made[(masses.fed_mg[shape.lot_event[self.made]] > 0) & (masses.out_mg[self.made] > 0)]
        self.matrix = self._matrix(shape, masses, of_event)
        self.constant, self.come_round = (part / unit_mg for part in _given(shape, masses, groups))
        drawn_mg = np.bincount(shape.link_lot[self.links], weights=masses.link_mg[self.links], minlength=lots)
        passed_mg = np.bincount(shape.lot_event[of_event], weights=masses.out_mg[of_event], minlength=events)
        self.link_most = masses.link_mg[self.links] / unit_mg
        self.made_least, self.made_most = (
            (bound[self.made] / unit_mg - self.constant[self.made]) for bound in (found.least, found.most)
        )
        left_mg = np.concatenate(((masses.lot_mg - drawn_mg)[self.sources], (masses.fed_mg - passed_mg)[self.fed]))
        surplus_mg = np.concatenate((masses.lot_surplus_mg[self.sources], masses.event_surplus_mg[self.fed]))
        may = np.concatenate((found.may_lot[self.sources], found.may_event[self.fed]))
        other = np.concatenate((found.other_lot[self.sources], found.other_event[self.fed]))
        self.rest_least = -(surplus_mg / unit_mg)[:, np.newaxis] * may
        self.rest_most = (left_mg / unit_mg)[:, np.newaxis] + (surplus_mg / unit_mg)[:, np.newaxis] * other

    def _matrix(self, shape: Shape, masses: Held, of_event: Places) -> Rows:
        row_of_lot, column_of_made = np.full((2, len(shape.lot_event)), -1)
        row_of_event = np.full(len(shape.event_order), -1)
        row_of_lot[self.sources] = np.arange(len(self.sources))
        row_of_event[self.fed] = len(self.sources) + np.arange(len(self.fed))
        column_of_made[self.made] = len(self.links) + np.arange(len(self.made))
        links, remainders = np.arange(len(self.links)), np.arange(self.rows)
        drawn = self.made[row_of_lot[self.made] >= 0]
        in_event = masses.out_mg[of_event] / (masses.lot_mg * shape.made_part)[of_event]
        entries = (
            (-np.ones(len(links)), row_of_lot[shape.link_lot[self.links]], links),
            (np.ones(len(links)), row_of_event[shape.link_event[self.links]], links),
            (np.ones(len(drawn)), row_of_lot[drawn], column_of_made[drawn]),
            (-in_event, row_of_event[shape.lot_event[of_event]], column_of_made[of_event]),
            (-np.ones(self.rows), remainders, self.unknowns - self.rows + remainders),
        )
        value, row, column = (np.concatenate(parts) for parts in zip(*entries, strict=True))
        return Rows.of(value, row, column, shape=(self.rows, self.unknowns))

    def solved(self, some: Places, sign: float) -> Floats | None:
        """The least (sign 1) or greatest (-1) share of some groups in the asked lot."""
        asked = self.asked + self.unknowns * np.arange(len(some))
        objective = np.zeros(self.unknowns * len(some))
        objective[asked] = sign
        sums = np.concatenate([self._sums(group) for group in some])
        limits = np.concatenate([self._limits(group) for group in some])
        found = least_sum(
            objective, self.matrix.repeated(len(some)), row_least=sums, row_most=sums, least=limits[:, 0],
            most=limits[:, 1], tolerance=_TOLERANCE,
        )  # fmt: skip
        return None if found is None else found[asked] + self.constant[0, some]

    def _sums(self, group: int) -> Floats:
        """What each row comes to."""
        return -np.concatenate((self.constant[self.sources, group], self.come_round[self.fed, group]))

    def _limits(self, group: int) -> Floats:
        """(unknowns, 2) least and most of each unknown; the steps' bounds hold too, and leave less to search."""
        least = np.concatenate((np.zeros(len(self.links)), self.made_least[:, group], self.rest_least[:, group]))
        most = np.concatenate((self.link_most, self.made_most[:, group], self.rest_most[:, group]))
        # Rounding must not leave an unknown without room.
        return np.stack((least, np.maximum(most, least)), axis=1)


def _given(shape: Shape, masses: Held, groups: Groups) -> tuple[Floats, Floats]:
    """(p, k) milligrams of a lot that are a group's whatever its event was fed with; (q, k) those that an event took
    over links that count as unaccounted."""
    constant, come_round = np.zeros((len(shape.lot_event), groups.size)), np.zeros((len(masses.fed_mg), groups.size))
    made_mg = masses.lot_mg * shape.made_part
    begun = np.flatnonzero((groups.begun >= 0) & (shape.lot_event < 0))
    constant[begun, groups.begun[begun]] += made_mg[begun]
    nobodys = np.flatnonzero(groups.unaccounted >= 0)
    constant[nobodys, groups.unaccounted[nobodys]] += (masses.lot_mg - made_mg)[nobodys]
    back = np.flatnonzero(shape.back & (groups.unaccounted[shape.link_lot] >= 0))
    np.add.at(come_round, (shape.link_event[back], groups.unaccounted[shape.link_lot[back]]), masses.link_mg[back])
    return constant, come_round
