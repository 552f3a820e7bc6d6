"""The origins of every lot: one pass over all events for a block of origins and one element, forward in time.

What is kept of a block is one number for each event and origin, so memory is bounded by the events of the ledger, and
not by its lots or its answers. The one kernel here calls no other (numba's cache looks at one file).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from lodeline.flow.index import FlowIndex
from lodeline.flow.kernels import (  # type: ignore[attr-defined]
    BACK_REFERENCE,
    ELEMENT_BITS,
    Floats,
    Graph,
    Int32s,
    Int64s,
    njit,
)
from lodeline.flow.origins import UNACCOUNTED, Place

#: Bytes that the shares of a block may take.
_BLOCK_BYTES: Final = 128 * 2**20
_LOTS_AT_ONCE: Final = 10_000
_ELEMENT_MASK: Final = (1 << ELEMENT_BITS) - 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """Booked shares of one element: `lots` by id, `origin` a place of `places`, `share` above 0, all of one length."""

    element: str
    places: tuple[Place, ...]
    lots: Int32s
    origin: Int64s
    share: Floats
    done: int
    total: int


def origins_of_all(
    index: FlowIndex, lots: Int64s | None = None, elements: tuple[str, ...] | None = None,
) -> Iterator[Part]:  # fmt: skip
    """The shares of `origins_by_place` for all lots, or those given by id, element after element, in parts.

    Within an element origins stand in blocks and within a block lots by id. `done` of `total` parts are told.
    """
    places, place_of_event = places_of_events(index)
    symbols = _stated(index, elements)
    wanted = np.arange(len(index.lot_name)) if lots is None else np.unique(lots)
    width = max(1, min(len(places), _BLOCK_BYTES // (8 * max(1, len(index.graph.rank)))))
    blocks = [(first, min(first + width, len(places))) for first in range(0, len(places), width)]
    slices = [wanted[first : first + _LOTS_AT_ONCE] for first in range(0, len(wanted), _LOTS_AT_ONCE)]
    total, done = len(symbols) * len(blocks) * len(slices), 0
    order = np.argsort(index.graph.rank)
    for symbol in symbols:
        element = index.elements.index(symbol)
        for first, last in blocks:
            of_event = _mixtures(
                index.graph, order, place_of_event - first, last - first, len(places) - 1 - first, element
            )
            for some in slices:
                done += 1
                shares = _of_lots(index, some, element, of_event, place_of_event - first, len(places) - 1 - first)
                row, column = np.nonzero(shares > 0)
                yield Part(
                    element=symbol, places=places, lots=some[row].astype(np.int32), origin=column + first,
                    share=shares[row, column], done=done, total=total,
                )  # fmt: skip


def places_of_events(index: FlowIndex) -> tuple[tuple[Place, ...], Int64s]:
    """Kinds and places of origin in order, what has none last, and for each event its number among them, else -1."""
    kind, at = index.event_origin_kind, index.event_origin_place
    of_event = np.full(len(index.graph.rank), -1, np.int64)
    out = index.graph.out_span
    events = np.flatnonzero(index.graph.is_origin & (out[:, 0] < out[:, 1]))
    pairs, number = np.unique(np.stack((kind.code[events], at.code[events]), axis=1), axis=0, return_inverse=True)
    found = [(None if one < 0 else kind.texts[one], None if two < 0 else at.texts[two]) for one, two in pairs.tolist()]
    # In the order of the texts: codes stand in the order in which an index came to know them.
    named = sorted(found, key=lambda place: [(text is not None, text) for text in place])
    of_event[events] = np.array([named.index(place) for place in found], np.int64)[number.reshape(-1)]
    return (*named, (UNACCOUNTED, None)), of_event


def _stated(index: FlowIndex, elements: tuple[str, ...] | None) -> tuple[str, ...]:
    """The elements that any lot states, of those asked for."""
    stated = set(np.unique(index.graph.assays["element"]).tolist())
    return tuple(
        symbol
        for number, symbol in enumerate(index.elements)
        if number in stated and (elements is None or symbol in elements)
    )


def _of_lots(  # noqa: PLR0917  (what a block is)
    index: FlowIndex, lots: Int64s, element: int, of_event: Floats,
    place_of_event: Int64s, unknown: int,
) -> Floats:  # fmt: skip
    """(lots, width) shares of each lot that states the element; rows of 0 for the others."""
    facts = index.graph.lots[lots]
    maker = facts["made_event"].astype(np.int64)
    whole_mg = (facts["made_mg"] + facts["unaccounted_mg"]).astype(np.float64)
    part = np.divide(facts["made_mg"], whole_mg, out=np.ones(len(lots)), where=facts["unaccounted_mg"] > 0)
    part[maker < 0] = 0.0
    shares = np.zeros((len(lots), of_event.shape[1]))
    made = maker >= 0
    shares[made] = of_event[maker[made]] * part[made, np.newaxis]
    if 0 <= unknown < of_event.shape[1]:
        shares[:, unknown] += 1.0 - part
    states = np.zeros(len(lots), np.bool_)
    for offset in range(int(facts["assay_count"].max(initial=0))):
        some = facts["assay_count"] > offset
        states[some] |= index.graph.assays["element"][facts["assay_start"][some] + offset] == element
    shares[~states] = 0.0
    return shares


@njit(cache=True, nogil=True)
def mass_fed(graph: Graph, event: int, element: int) -> int:
    """The mass of an element, in mg, in all that an event used."""
    fed_mg = 0
    for link in range(graph.link_span[event, 0], graph.link_span[event, 1]):
        start = graph.links[link]["content_start"]
        for entry in range(start, start + graph.links[link]["content_count"]):
            if graph.content[entry] & _ELEMENT_MASK == element:
                fed_mg += graph.content[entry] >> ELEMENT_BITS
    return fed_mg


@njit(cache=True, nogil=True)
def _mixtures(  # noqa: PLR0917  (numba takes no keywords)
    graph: Graph, order: Int64s, place_of_event: Int64s, width: int, unknown: int, element: int
) -> Floats:
    """(m, width) the shares of what each event made. `place_of_event` and `unknown` count from the block's first."""
    shares = np.zeros((len(order), width))
    links, content, lots = graph.links, graph.content, graph.lots
    for event in order:
        if graph.is_origin[event]:
            if 0 <= place_of_event[event] < width:
                shares[event, place_of_event[event]] = 1.0
            continue
        fed_mg = mass_fed(graph, event, element)
        if fed_mg == 0:
            if 0 <= unknown < width:
                shares[event, unknown] = 1.0
            continue
        for link in range(graph.link_span[event, 0], graph.link_span[event, 1]):
            start = links[link]["content_start"]
            for entry in range(start, start + links[link]["content_count"]):
                if content[entry] & _ELEMENT_MASK != element:
                    continue
                part = (content[entry] >> ELEMENT_BITS) / fed_mg
                lot = lots[links[link]["lot"]]
                made = 0.0
                if lot["made_event"] >= 0 and links[link]["maker"] != BACK_REFERENCE:
                    made = 1.0
                    if lot["unaccounted_mg"] > 0:
                        made = lot["made_mg"] / (lot["made_mg"] + lot["unaccounted_mg"])
                    for column in range(width):
                        shares[event, column] += part * made * shares[lot["made_event"], column]
                if 0 <= unknown < width:
                    shares[event, unknown] += part * (1.0 - made)
    return shares
