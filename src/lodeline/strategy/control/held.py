"""What licences that are held already still allow, put on the edges of a network that they cover.

A licence is shared among its edges by their flow, so all edges of one together never carry more than is left of it. Of
several that cover an edge, what ends first is used first; what was not used by its last day lapses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from lodeline.strategy.network import Floats, Ints, Lapses, Network


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLicence:
    """A licence on the first day of a run: what is left of it, in kg of goods (None: no mass was stated) and of
    elements, the edges that it covers, and the last day of the run on which goods may leave on it (None: no end)."""

    id: str
    edges: tuple[int, ...]
    left_kg: float | None
    elements_kg: Mapping[str, float] = field(default_factory=dict)
    last_day: int | None = None


def with_held(network: Network, licences: Sequence[HeldLicence]) -> Network:
    """The network with these licences: `Edges.held_kg`, and `Network.lapses` of those that end."""
    held = np.zeros(len(network.edges))
    ends: list[tuple[int, int, float]] = []
    for one in sorted(licences, key=lambda each: (each.last_day is None, each.last_day or 0, each.id)):
        covered = np.array(sorted(set(one.edges)), np.int64)
        flow = network.edges.flow[covered]
        if (one.last_day is None or one.last_day >= 0) and flow.sum() > 0:
            share = flow / flow.sum()
            kg = _left(network, one, covered, share) * share
            held[covered] += kg
            if one.last_day is not None:
                ends += [(one.last_day, *row) for row in zip(covered.tolist(), held[covered].tolist(), strict=True)]
    # Licences come by their ends, so what an edge had by then is what ends by then: the rest of it goes on.
    lapses = Lapses(
        day=np.array([day for day, _, _ in ends], np.int64), edge=np.array([edge for _, edge, _ in ends], np.int64),
        left_kg=np.array([held[edge] - gone for _, edge, gone in ends], np.float64),
    )  # fmt: skip
    return replace(network, edges=replace(network.edges, held_kg=held), lapses=lapses)


def carried_kg(network: Network) -> Floats:
    """[edges] What goes on licences that are held at the flow of the base window, with what lapses left out."""
    edges, lapses = network.edges, network.lapses
    gone, ending = np.zeros(len(edges)), np.zeros(len(edges))
    if lapses is not None:
        for day, edge, left in zip(lapses.day.tolist(), lapses.edge.tolist(), lapses.left_kg.tolist(), strict=True):
            more = edges.held_kg[edge] - left - ending[edge]
            gone[edge] = min(gone[edge] + more, edges.flow[edge] * (day + 1))
            ending[edge] += more
    return gone + (edges.held_kg - ending)


def _left(network: Network, one: HeldLicence, covered: Ints, share: Floats) -> float:
    """Goods that may leave, by their mass and by that of each element which the licence limits; 0 without a limit:
    what nobody stated is not taken for much."""
    content = network.holdings.content[network.edges.source[covered]]
    limits = [] if one.left_kg is None else [one.left_kg]
    for element, kg in one.elements_kg.items():
        part = float(share @ content[:, network.elements.index(element)]) if element in network.elements else 0.0
        if part > 0:
            limits.append(kg / part)
    return max(0.0, min(limits, default=0.0))
