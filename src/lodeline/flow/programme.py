"""The least and the greatest share exactly, by linear programming over the lots behind a lot (SciPy's HiGHS).

The unknowns are the milligrams of one group of origins in each lot that an event made and in each link. What a lot
or an event does not pass on to lots behind the asked one is a remainder that is no less than nothing and no more
than the mass that is left. The programme of each group is a block of its own; blocks are solved together, for most
of the time of a small programme is its start.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from lodeline.flow.held import Held, Shape
from lodeline.flow.intervals import Groups, steps
from lodeline.flow.kernels import Floats

#: Bounds that lie no farther apart are one number.
_SAME: Final = 1e-12
#: Unknowns of the blocks that are solved together.
_UNKNOWNS_AT_ONCE: Final = 20_000
_TOLERANCE: Final = 1e-9


def exact_shares(shape: Shape, masses: Held, groups: Groups) -> tuple[Floats, Floats] | None:
    """(k,) least and greatest share of each group in the asked lot; None if the solver finds none."""
    found = steps(shape, masses, groups, 0, groups.count)
    least, greatest = found.least[0] / masses.lot_mg[0], found.most[0] / masses.lot_mg[0]
    open_groups = np.flatnonzero(greatest - least > _SAME)
    if not len(open_groups) or shape.lot_event[0] < 0 or masses.fed_mg[shape.lot_event[0]] <= 0:
        return least, greatest
    return _solved(_Programme(shape, masses, groups), found, open_groups, least, greatest)


class _Programme:
    """One block: rows are the lots drawn from, then the events; unknowns are links, lots made, and the remainders."""

    def __init__(self, shape: Shape, masses: Held, groups: Groups) -> None:
        import scipy.sparse  # noqa: PLC0415  (half of the time of a command that needs no programme)

        unit_mg = masses.lot_mg[0]
        events, lots = len(shape.event_order), len(shape.lot_event)
        self.links = np.flatnonzero(~shape.back & (masses.link_mg > 0))
        self.made = np.flatnonzero((shape.lot_event >= 0) & (masses.lot_mg * shape.made_part > 0))
        of_event = self.made[(masses.fed_mg[shape.lot_event[self.made]] > 0) & (masses.out_mg[self.made] > 0)]
        self.sources = np.unique(shape.link_lot[self.links])
        self.fed = np.flatnonzero(masses.fed_mg > 0)
        row_of_lot, row_of_event = np.full(lots, -1), np.full(events, -1)
        row_of_lot[self.sources] = np.arange(len(self.sources))
        row_of_event[self.fed] = len(self.sources) + np.arange(len(self.fed))
        column_of_made = np.full(lots, -1)
        column_of_made[self.made] = len(self.links) + np.arange(len(self.made))
        self.rows = len(self.sources) + len(self.fed)
        self.unknowns = len(self.links) + len(self.made) + self.rows
        self.asked = int(column_of_made[0])
        links, drawn = np.arange(len(self.links)), self.made[row_of_lot[self.made] >= 0]
        in_event = masses.out_mg[of_event] / (masses.lot_mg * shape.made_part)[of_event]
        remainders = np.arange(self.rows)
        entries = (
            (-np.ones(len(links)), row_of_lot[shape.link_lot[self.links]], links),
            (np.ones(len(links)), row_of_event[shape.link_event[self.links]], links),
            (np.ones(len(drawn)), row_of_lot[drawn], column_of_made[drawn]),
            (-in_event, row_of_event[shape.lot_event[of_event]], column_of_made[of_event]),
            (-np.ones(self.rows), remainders, self.unknowns - self.rows + remainders),
        )
        value, row, column = (np.concatenate(parts) for parts in zip(*entries, strict=True))
        self.matrix = scipy.sparse.csr_matrix((value, (row, column)), shape=(self.rows, self.unknowns))
        drawn_mg = np.bincount(shape.link_lot[self.links], weights=masses.link_mg[self.links], minlength=lots)
        passed_mg = np.bincount(shape.lot_event[of_event], weights=masses.out_mg[of_event], minlength=events)
        self.link_most = masses.link_mg[self.links] / unit_mg
        self.left = (
            np.concatenate(((masses.lot_mg - drawn_mg)[self.sources], (masses.fed_mg - passed_mg)[self.fed])) / unit_mg
        )
        self.surplus = (
            np.concatenate((masses.lot_surplus_mg[self.sources], masses.event_surplus_mg[self.fed])) / unit_mg
        )
        self.constant = _constants(shape, masses, groups) / unit_mg
        back = np.flatnonzero(shape.back)
        self.come_round = np.zeros((events, groups.count))
        known = groups.unaccounted[shape.link_lot[back]] >= 0
        back = back[known]
        np.add.at(
            self.come_round,
            (shape.link_event[back], groups.unaccounted[shape.link_lot[back]]),
            masses.link_mg[back] / unit_mg,
        )
        self.unit_mg = unit_mg


def _constants(shape: Shape, masses: Held, groups: Groups) -> Floats:
    """(p, k) what of a lot is a group's whatever its event was fed with."""
    constant = np.zeros((len(shape.lot_event), groups.count))
    made_mg = masses.lot_mg * shape.made_part
    begun = np.flatnonzero((groups.begun >= 0) & (shape.lot_event < 0))
    constant[begun, groups.begun[begun]] += made_mg[begun]
    nobodys = np.flatnonzero(groups.unaccounted >= 0)
    constant[nobodys, groups.unaccounted[nobodys]] += (masses.lot_mg - made_mg)[nobodys]
    return constant


def _solved(programme, found, open_groups, least, greatest):  # type: ignore[no-untyped-def]
    """The bounds of `steps`, and where they are open those of the programme."""
    import scipy.sparse  # noqa: PLC0415
    from scipy.optimize import linprog  # noqa: PLC0415

    least, greatest = least.copy(), greatest.copy()
    at_once = max(1, _UNKNOWNS_AT_ONCE // programme.unknowns)
    for first in range(0, len(open_groups), at_once):
        some = open_groups[first : first + at_once]
        matrix = scipy.sparse.block_diag([programme.matrix] * len(some), format="csr")
        sums = np.concatenate([_sums(programme, group) for group in some])
        limits = np.concatenate([_limits(programme, found, group) for group in some])
        asked = programme.asked + programme.unknowns * np.arange(len(some))
        for sign, bound in ((1.0, least), (-1.0, greatest)):
            objective = np.zeros(matrix.shape[1])
            objective[asked] = sign
            answer = linprog(
                objective, A_eq=matrix, b_eq=sums, bounds=limits, method="highs",
                options={"primal_feasibility_tolerance": _TOLERANCE, "dual_feasibility_tolerance": _TOLERANCE},
            )  # fmt: skip
            if answer.status != 0:
                return None
            bound[some] = answer.x[asked] + programme.constant[0, some]
    return least, greatest


def _sums(programme: _Programme, group: int) -> Floats:
    """What each row comes to: what the group has without any event, on the other side."""
    return np.concatenate(
        (-programme.constant[programme.sources, group], -programme.come_round[programme.fed, group])
    )


def _limits(programme, found, group):  # type: ignore[no-untyped-def]
    """(unknowns, 2) least and most of each unknown."""
    made, unit_mg = programme.made, programme.unit_mg
    own = programme.constant[made, group]
    may = np.concatenate((found.may_lot[programme.sources, group], found.may_event[programme.fed, group]))
    other = np.concatenate((found.other_lot[programme.sources, group], found.other_event[programme.fed, group]))
    low = np.concatenate(
        (np.zeros(len(programme.links)), found.least[made, group] / unit_mg - own, -programme.surplus * may)
    )
    high = np.concatenate(
        (programme.link_most, found.most[made, group] / unit_mg - own, programme.left + programme.surplus * other)
    )
    # Rounding must not leave a limit without room.
    return np.stack((low, np.maximum(high, low)), axis=1)
