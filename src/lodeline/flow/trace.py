"""Trace: the lots, events and sites behind a lot, or beyond it, with the part of each element that took that way.

What is left out for length is said (`truncated`), and leaving it out changes no share.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from lodeline.flow.booked import booked
from lodeline.flow.index import FlowIndex
from lodeline.flow.kernels import Floats, Int32s, Int64s
from lodeline.flow.walk import Downstream, Places, Upstream, downstream, upstream, walking
from lodeline.material.mass import format_kg

#: Nodes a trace shows unless told otherwise: more than a page or a person takes in, less than a browser minds.
NODE_LIMIT = 10_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Links:
    """Material that went from one lot into another through an event; mass is what the event consumed of `source`."""

    event: Int32s
    source: Int32s
    target: Int32s
    mass_mg: Int64s


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trace:
    """The answer to one trace. Node 0 is the asked lot; the others follow by rank of the event that made them
    (falling when looking back, rising when looking forward), then by lot id.

    lots: (k,) ids; distance: (k,) events between a lot and the asked one; shares: (k, e) in the columns `elements`.
    `reached` counts the lots of the whole walk, shown or not. `cyclic`: the books make some lot its own ancestor;
    the part that would come round again counts as unaccounted.
    """

    index: FlowIndex = field(repr=False)
    lot: str
    direction: str
    elements: tuple[str, ...]
    lots: Int32s
    distance: Int32s
    shares: Floats
    links: Links
    reached: int
    cyclic: bool

    @property
    def truncated(self) -> bool:
        """Whether lots were left out by `depth` or `limit`."""
        return self.reached > len(self.lots)

    def as_json(self, rows: range | None = None) -> dict[str, Any]:
        """The published shape of `lodeline trace --json`: masses decimal kg texts, shares booked, from 0 to 1.

        `rows`: only these nodes, and the links whose lot nearer to the asked one is among them.
        """
        rows = range(len(self.lots)) if rows is None else rows
        shown = self.lots[rows.start : rows.stop]
        nearer = self.links.target if self.direction == "backward" else self.links.source
        of_rows = np.isin(nearer, shown)
        named = np.unique(np.concatenate((shown, self.links.source[of_rows], self.links.target[of_rows]))).tolist()
        name = {lot: self.index.lot_name[lot] for lot in named}
        nodes = [
            self._node(lot, name[lot], row)
            for lot, row in zip(shown.tolist(), self.shares[rows.start : rows.stop], strict=True)
        ]
        links = [
            {
                "event": self.index.event_name[event],
                "from": name[source],
                "to": name[target],
                "mass_kg": format_kg(mass),
            }
            for event, source, target, mass in zip(
                self.links.event[of_rows].tolist(),
                self.links.source[of_rows].tolist(),
                self.links.target[of_rows].tolist(),
                self.links.mass_mg[of_rows].tolist(),
                strict=True,
            )
        ]
        return {
            "lot": self.lot,
            "direction": self.direction,
            "nodes": nodes,
            "links": links,
            "count": self.reached,
            "truncated": self.truncated,
            "cyclic": self.cyclic,
        }

    def _node(self, lot: int, name: str, shares: Floats) -> dict[str, Any]:
        event = self.index.made_event(lot)
        return {
            "lot": name,
            "product": self.index.lot_product[lot],
            "organisation": self.index.lot_organisation[lot],
            "site": self.index.event_site[event] if event >= 0 else None,
            "on": self.index.day(event) if event >= 0 else None,
            "mass_kg": format_kg(int(self.index.graph.lots[lot]["made_mg"])),
            **booked(dict(zip(self.elements, shares.tolist(), strict=True))),
        }


def trace(
    index: FlowIndex,
    lot_name: str,
    *,
    forward: bool = False,
    depth: int | None = None,
    limit: int | None = NODE_LIMIT,
) -> Trace:
    """Where a lot came from, or with `forward` where it went.

    `depth` shows lots at most so many events away; `limit` shows at most so many lots, the nearest first and
    among equally near ones the largest shares. Shares are of the whole walk whatever is shown:

    - backward, the fraction of the asked lot's element that passed through a lot. Of a lot, made / (made +
      unaccounted) comes from the event that made it; of an event, each input contributes by its element mass.
    - forward, the fraction of the asked lot's element that is in a lot. An event takes consumed / (made +
      unaccounted) of a lot; an output gets its element mass / max(element mass in, element mass out).

    A lot that is met only over a back-reference of a cycle is listed with share 0.
    Raises UnknownLot; ValueError for a negative depth or a limit below 1.
    """
    if (depth is not None and depth < 0) or (limit is not None and limit < 1):
        raise ValueError(f"a trace shows at least the lot asked for: depth {depth}, limit {limit}")
    asked = index.find(lot_name)
    walk = downstream(index, asked) if forward else upstream(index, asked)
    places = _shown(walk.order, walk.reach.distance, walk.share, depth, limit)
    return Trace(
        index=index,
        lot=lot_name,
        direction="forward" if forward else "backward",
        elements=walk.elements,
        lots=walk.reach.lots[places],
        distance=walk.reach.distance[places],
        shares=walk.share[places],
        links=_links_up(index, walk, places) if isinstance(walk, Upstream) else _links_down(index, walk, places),
        reached=len(walk.order),
        cyclic=bool(walk.reach.cyclic),
    )


def _shown(order: Places, distance: Int32s, share: Floats, depth: int | None, limit: int | None) -> Places:
    """Places to show, in node order: the asked lot (place 0) first. Places rise with distance."""
    count = len(order) if depth is None else int(np.searchsorted(distance, depth, side="right"))
    shown = np.zeros(len(order), np.bool_)
    shown[:count] = True
    if limit is not None and count > limit:
        # All nearer lots are shown; of the layer in which the limit falls, the largest shares.
        first, after = np.searchsorted(distance, (distance[limit], distance[limit] + 1))
        largest = reduce(np.maximum, share[first:after].T, np.zeros(after - first))
        shown[first + np.argsort(-largest, kind="stable")[limit - first :]] = False
        shown[after:] = False
    shown[0] = False
    return np.concatenate((np.zeros(1, np.int64), order[shown[order]]))


def _links_up(index: FlowIndex, walk: Upstream, places: Places) -> Links:
    event, source, target, mass_mg = walking().upstream_links(index.graph, walk.reach, places)
    return Links(event=event, source=source, target=target, mass_mg=mass_mg)


def _links_down(index: FlowIndex, walk: Downstream, places: Places) -> Links:
    reach = walk.reach
    shown = _flags(len(reach.lots), places)
    owner, use = _entries(reach.use_start, places)
    source = places[owner]
    of_graph = use - reach.use_start[source] + index.graph.use_span[reach.lots[source], 0]
    mass_mg = index.graph.uses["mass_mg"][of_graph]
    followed = reach.use_event[use] >= 0
    source, event, mass_mg = source[followed], reach.use_event[use][followed], mass_mg[followed]
    owner, target = _entries(reach.event_first, event)
    keep = shown[target]
    owner, target = owner[keep], target[keep]
    return Links(
        event=reach.events[event[owner]],
        source=reach.lots[source[owner]],
        target=reach.lots[target],
        mass_mg=mass_mg[owner],
    )


def _flags(size: int, places: Places) -> npt.NDArray[np.bool_]:
    flags = np.zeros(size, np.bool_)
    flags[places] = True
    return flags


def _entries(start: Int64s, rows: npt.NDArray[Any]) -> tuple[Places, Places]:
    """All entries of the given rows of a `start` array, one after the other, with the position in `rows` of each."""
    counts = start[rows + 1] - start[rows]
    owner = np.repeat(np.arange(len(rows)), counts)
    before = np.cumsum(counts) - counts
    return owner, np.arange(len(owner)) - before[owner] + start[rows][owner]
