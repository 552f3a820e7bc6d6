"""Origins: the booked share of each origin in each element of a lot, and how much has no known origin.

Nothing is spread over the known origins to make the sum look whole: what the books do not explain is a row of
its own, of kind `unaccounted`, at the lot where the explanation ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lodeline.flow.booked import booked
from lodeline.flow.index import FlowIndex
from lodeline.flow.kernels import Floats, Int32s
from lodeline.flow.walk import upstream

UNACCOUNTED = "unaccounted"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Origins:
    """Origin lots, by id, and the lots with a part of no known origin, by id; a lot may be both.

    begun: (j, e) share of each origin lot; unaccounted: (u, e) share that ends unexplained at each lot; both in
    the columns `elements`. Each column sums to 1 over both. `cyclic` as in `Trace`.
    """

    index: FlowIndex = field(repr=False)
    lot: str
    elements: tuple[str, ...]
    origin_lots: Int32s
    begun: Floats
    unaccounted_lots: Int32s
    unaccounted: Floats
    cyclic: bool

    def as_json(self) -> dict[str, Any]:
        """The published shape of `lodeline origins --json`; booked shares are numbers from 0 to 1."""
        origins = [self._row(lot, row) for lot, row in zip(self.origin_lots.tolist(), self.begun, strict=True)]
        unknown = [
            self._row(lot, row) | {"origin_kind": UNACCOUNTED, "origin_place": None}
            for lot, row in zip(self.unaccounted_lots.tolist(), self.unaccounted, strict=True)
        ]
        return {"lot": self.lot, "rows": origins + unknown, "cyclic": self.cyclic}

    def _row(self, lot: int, shares: Floats) -> dict[str, Any]:
        event = self.index.made_event(lot)
        return {
            "lot": self.index.lot_name[lot],
            "origin_kind": self.index.event_origin_kind[event] if event >= 0 else None,
            "origin_place": self.index.event_origin_place[event] if event >= 0 else None,
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
        lot=lot_name,
        elements=walk.elements,
        origin_lots=walk.reach.lots[from_origin[some_begun]],
        begun=begun[some_begun],
        unaccounted_lots=walk.reach.lots[unaccounted],
        unaccounted=walk.unaccounted[unaccounted],
        cyclic=bool(walk.reach.cyclic),
    )


def origins_by_place(found: Origins) -> list[dict[str, Any]]:
    """The same shares summed by origin kind and place, largest first; `unaccounted` is one row, last."""
    shares: dict[tuple[str | None, str | None], Floats] = {}
    for lot, row in zip(found.origin_lots.tolist(), found.begun, strict=True):
        event = found.index.made_event(lot)
        place = (found.index.event_origin_kind[event], found.index.event_origin_place[event])
        shares[place] = shares.get(place, np.zeros(len(found.elements))) + row
    rows = sorted(shares.items(), key=lambda entry: (-entry[1].max(), entry[0][0] or "", entry[0][1] or ""))
    if len(found.unaccounted):
        rows.append(((UNACCOUNTED, None), found.unaccounted.sum(axis=0)))
    return [
        {
            "origin_kind": kind,
            "origin_place": place,
            "booked_shares": dict(zip(found.elements, row.tolist(), strict=True)),
        }
        for (kind, place), row in rows
    ]
