"""Origins: the booked share of each origin in each element of a lot, and how much has no known origin.

Nothing is spread over the known origins to make the sum look whole: what the books do not explain is a row of
its own, of kind `unaccounted`, at the lot where the explanation ends. Bounds of a share are of a row, or of the rows
of a place together: several may reach their greatest share only one at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from lodeline.flow.booked import booked
from lodeline.flow.bounds import Bounds, Groups, bounds, too_many
from lodeline.flow.index import FlowIndex
from lodeline.flow.kernels import Floats, Int32s
from lodeline.flow.walk import Upstream, upstream

UNACCOUNTED = "unaccounted"
_UNACCOUNTED_KEY = 2**32

Place = tuple[str | None, str | None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Origins:
    """Origin lots, by id, and the lots with a part of no known origin, by id; a lot may be both.

    begun: (j, e) share of each origin lot; unaccounted: (u, e) share that ends unexplained at each lot; both in
    the columns `elements`. Each column sums to 1 over both. `cyclic` as in `Trace`. The rows are the origin lots, then
    the others.
    """

    index: FlowIndex = field(repr=False)
    walk: Upstream = field(repr=False)
    lot: str
    elements: tuple[str, ...]
    origin_lots: Int32s
    begun: Floats
    unaccounted_lots: Int32s
    unaccounted: Floats
    cyclic: bool

    @property
    def count(self) -> int:
        """The number of rows."""
        return len(self.origin_lots) + len(self.unaccounted_lots)

    def as_json(self, *, bounded: bool = False, rows: range | None = None) -> dict[str, Any]:
        """The published shape of `lodeline origins --json`; booked shares are numbers from 0 to 1.

        `rows`: only these. `bounded`: each row with its bounds, and `exact`, whether none tighter hold; neither where
        there are `too_many` rows.
        """
        rows = range(self.count) if rows is None else rows
        shown = [self._row(row) for row in rows]
        answer: dict[str, Any] = {"lot": self.lot, "rows": shown, "count": self.count, "cyclic": self.cyclic}
        if bounded and not too_many(self.walk, len(rows)):
            found = self.bounds_of([[row] for row in rows])
            for group, row in enumerate(shown):
                row["bounds"] = bounds_as_json(self.elements, found, group)
            answer["exact"] = found.exact
        return answer

    def keys(self) -> npt.NDArray[np.int64]:
        """A number of each row by which they rise, and which it keeps as the ledger grows."""
        of_nobody = self.unaccounted_lots.astype(np.int64) | _UNACCOUNTED_KEY
        return np.concatenate((self.origin_lots.astype(np.int64), of_nobody))

    def place(self, row: int) -> Place:
        """Kind and place of the origin of a row."""
        if row >= len(self.origin_lots):
            return UNACCOUNTED, None
        event = self.index.made_event(int(self.origin_lots[row]))
        return self.index.event_origin_kind[event], self.index.event_origin_place[event]

    def bounds_of(self, rows: list[list[int]]) -> Bounds:
        """The bounds of each group of rows as a whole; no row may stand in two groups."""
        walk, begun = self.walk, len(self.origin_lots)
        place_of = {lot: place for place, lot in enumerate(walk.reach.lots.tolist())}
        group_begun, group_unaccounted = np.full((2, len(place_of)), -1, np.int64)
        shares = np.concatenate((self.begun, self.unaccounted))
        booked_shares, nobody = np.zeros((len(rows), len(self.elements))), -1
        for group, members in enumerate(rows):
            booked_shares[group] = shares[members].sum(axis=0)
            for row in members:
                if row < begun:
                    group_begun[place_of[int(self.origin_lots[row])]] = group
                else:
                    group_unaccounted[place_of[int(self.unaccounted_lots[row - begun])]] = group
            if len(members) > 1 and set(members) == set(range(begun, self.count)):
                nobody = group
        groups = Groups(begun=group_begun, unaccounted=group_unaccounted, size=len(rows), nobody=nobody)
        return bounds(self.index, walk, groups, booked_shares)

    def _row(self, row: int) -> dict[str, Any]:
        begun = len(self.origin_lots)
        of_origin = row < begun
        lot = int(self.origin_lots[row] if of_origin else self.unaccounted_lots[row - begun])
        shares = self.begun[row] if of_origin else self.unaccounted[row - begun]
        kind, place = self.place(row)
        return {
            "lot": self.index.lot_name[lot],
            "origin_kind": kind,
            "origin_place": place,
            "organisation": self.index.lot_organisation[lot],
            **booked(dict(zip(self.elements, shares.tolist(), strict=True))),
        }


def origins(index: FlowIndex, lot_name: str) -> Origins:
    """The origins of a lot, element by element. Raises UnknownLot.

    A lot whose composition states no element has no rows: there is nothing to share out.
    """
    walk = upstream(index, index.find(lot_name), explain=True)
    by_lot = np.argsort(walk.reach.lots)
    maker = index.graph.lots["made_event"][walk.reach.lots[by_lot]]
    from_origin = by_lot[maker >= 0][index.graph.is_origin[maker[maker >= 0]]]
    begun = walk.share[from_origin] * walk.reach.made_part[from_origin, np.newaxis]
    some_begun = (begun > 0).any(axis=1)
    unaccounted = by_lot[(walk.unaccounted[by_lot] > 0).any(axis=1)]
    return Origins(
        index=index,
        walk=walk,
        lot=lot_name,
        elements=walk.elements,
        origin_lots=walk.reach.lots[from_origin[some_begun]],
        begun=begun[some_begun],
        unaccounted_lots=walk.reach.lots[unaccounted],
        unaccounted=walk.unaccounted[unaccounted],
        cyclic=bool(walk.reach.cyclic),
    )


def origins_by_place(
    found: Origins, place: Callable[[Place], Place] = lambda place: place, *, bounded: bool = False
) -> list[dict[str, Any]]:
    """The same shares summed by origin kind and place, largest first; `unaccounted` is one row, last.

    `place` may put several together. `bounded`: each row with its `bounds` and whether they are `exact`.
    """
    members: dict[Place, list[int]] = {}
    for row in range(found.count):
        members.setdefault(place(found.place(row)), []).append(row)
    shares = np.concatenate((found.begun, found.unaccounted))
    sums = [(*named, rows, shares[rows].sum(axis=0)) for named, rows in members.items()]
    sums.sort(key=lambda one: (one[0] == UNACCOUNTED, -one[3].max(initial=0), one[0] or "", one[1] or ""))
    limits = found.bounds_of([rows for _, _, rows, _ in sums]) if bounded else None
    return [
        {
            "origin_kind": kind,
            "origin_place": at,
            "booked_shares": dict(zip(found.elements, row.tolist(), strict=True)),
        }
        | ({} if limits is None else {"bounds": bounds_as_json(found.elements, limits, group), "exact": limits.exact})
        for group, (kind, at, _, row) in enumerate(sums)
    ]


def bounds_as_json(elements: tuple[str, ...], found: Bounds, group: int) -> dict[str, list[float]]:
    """Element → [least, greatest]."""
    pairs = zip(found.least[group].tolist(), found.greatest[group].tolist(), strict=True)
    return {element: list(pair) for element, pair in zip(elements, pairs, strict=True)}
