"""The heaviest routes by which an element came from its origins into a lot, one lot after the other.

A lot has more routes behind it than could be listed: at each step of a route its part of the element is the booked
share of one link. They are found heaviest first, for the best that can still come of each beginning is known before.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from lodeline.flow.held import held, shape_of
from lodeline.flow.index import FlowIndex
from lodeline.flow.walk import Upstream, upstream
from lodeline.material.mass import format_kg, share_mg

ROUTES_MOST: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Lots by id from the origin to the asked one, and the part of the asked lot's element that came this way."""

    lots: tuple[int, ...]
    share: float


def heaviest_routes(
    index: FlowIndex, lot_name: str, element: str, count: int, origin: str | None = None
) -> list[Route]:
    """The `count` heaviest routes from any origin, or from one lot, heaviest first; equal ones by their lots.

    A route ends where material entered the system; what has no known origin has no route. A lot that an event took
    several times is one step. None for an element that the lot does not state.
    Raises UnknownLot; ValueError for a count that is not 1 to ROUTES_MOST.
    """
    if not 1 <= count <= ROUTES_MOST:
        raise ValueError(f"1 to {ROUTES_MOST} routes are told at once, not {count}")
    asked, only = index.find(lot_name), None if origin is None else index.find(origin)
    walk = upstream(index, asked)
    if element not in walk.elements:
        return []
    steps = _Steps(index, walk, element, only)
    lots = walk.reach.lots
    found: list[Route] = []
    waiting: list[tuple[float, tuple[int, ...], float, bool]] = []

    def wait(path: tuple[int, ...], share: float) -> None:
        """A beginning, and where it stands at an origin also the route that ends there."""
        place = path[-1]
        if steps.ends[place] > 0:
            heapq.heappush(waiting, (-share * float(steps.ends[place]), path, share * float(steps.ends[place]), True))
        if steps.best_beyond[place] > 0:
            heapq.heappush(waiting, (-share * float(steps.best_beyond[place]), path, share, False))

    wait((0,), 1.0)
    while waiting and len(found) < count:
        _, path, share, whole = heapq.heappop(waiting)
        if whole:
            found.append(Route(lots=tuple(int(lots[place]) for place in reversed(path)), share=share))
            continue
        for source, part in steps.back_from(path[-1]):
            wait((*path, source), share * part)
    return found


class _Steps:
    """The links of a walk from each lot back to what it was made from, with the best that lies behind each lot.

    ends: the part of a lot that began in it, 0 where no route ends. best_beyond: the largest part of a lot that one
    route brought.
    """

    def __init__(self, index: FlowIndex, walk: Upstream, element: str, only: int | None) -> None:
        reach, shape = walk.reach, shape_of(index, walk)
        masses = next(held(index, walk, shape, (element,)))
        maker = index.graph.lots["made_event"][reach.lots]
        begins = maker >= 0
        begins[begins] = index.graph.is_origin[maker[begins]]
        if only is not None:
            begins &= reach.lots == only
        self.ends = np.where(begins, shape.made_part, 0.0)
        self.best_beyond = np.zeros(len(reach.lots))
        self._made_part, self._lot_event = shape.made_part, shape.lot_event
        self._parts: list[dict[int, float]] = [{} for _ in reach.events]
        passed = np.flatnonzero(~shape.back & (masses.link_mg > 0))
        for event, lot, mass_mg in zip(
            shape.link_event[passed].tolist(), shape.link_lot[passed].tolist(), masses.link_mg[passed].tolist(),
            strict=True,
        ):  # fmt: skip
            parts = self._parts[event]
            parts[lot] = parts.get(lot, 0.0) + mass_mg / float(masses.fed_mg[event])
        for event in shape.event_order.tolist():
            best = max(
                (part * max(self.ends[lot], self.best_beyond[lot]) for lot, part in self._parts[event].items()),
                default=0.0,
            )
            outs = shape.outs[shape.out_start[event] : shape.out_start[event + 1]]
            self.best_beyond[outs] = best * shape.made_part[outs]

    def back_from(self, place: int) -> Iterator[tuple[int, float]]:
        """The places of the lots that a lot was made from, each with the part of it that came through."""
        event = int(self._lot_event[place])
        if event >= 0:
            for source, part in self._parts[event].items():
                yield source, part * float(self._made_part[place])


def routes_as_json(index: FlowIndex, lot_name: str, element: str, routes: list[Route]) -> dict[str, Any]:
    """The published shape of `lodeline trace --routes --json`."""
    facts = index.graph.lots[index.find(lot_name)]
    stated = index.graph.assays[facts["assay_start"] : facts["assay_start"] + facts["assay_count"]]
    ppb = int(stated["ppb"][stated["element"] == index.elements.index(element)].sum())
    whole_mg = share_mg(int(facts["made_mg"]) + int(facts["unaccounted_mg"]), ppb)
    return {
        "lot": lot_name,
        "element": element,
        "routes": [
            {
                "lots": [index.lot_name[lot] for lot in route.lots],
                "events": [index.event_name[index.made_event(lot)] for lot in route.lots],
                "booked_share": route.share,
                "mass_kg": format_kg(round(whole_mg * route.share)),
            }
            for route in routes
        ],
    }
