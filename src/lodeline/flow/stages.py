"""By which stages an element came into goods: from origins into a stage, and from stage to stage, at booked shares.

The other way round than `everywhere`: the mass in the goods asked for goes back through the events that made them, the
last first, so that all of it is told by one pass, however many lots and origins there are. What stays within a stage is
no passage. The one kernel here calls no other (numba's cache looks at one file).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from lodeline.flow.everywhere import mass_fed, places_of_events
from lodeline.flow.index import FlowIndex
from lodeline.flow.kernels import (  # type: ignore[attr-defined]
    BACK_REFERENCE,
    ELEMENT_BITS,
    Floats,
    Graph,
    Int64s,
    njit,
)
from lodeline.flow.origins import Place
from lodeline.material.product import PRODUCTS

#: The stage of goods of which nobody filed what they are.
UNKNOWN_STAGE: Final = "?"
_ELEMENT_MASK: Final = (1 << ELEMENT_BITS) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """So much of an element went into goods of a stage: from an origin, or from goods of another stage."""

    origin: Place | None
    stage: str | None
    to: str
    mass_mg: float


def stages_of(index: FlowIndex, lots: Int64s) -> list[str]:
    """The stage of the product of each lot, by id."""
    texts = index.lot_product.texts
    of_text = [_stage(texts[number]) for number in range(len(texts))]
    return [of_text[code] if code >= 0 else UNKNOWN_STAGE for code in index.lot_product.code[lots].tolist()]


def passages(index: FlowIndex, lots: Int64s, mass_mg: Floats, element: str) -> list[Passage]:
    """How these masses of an element in lots, by id and each once, came about; by origin or stage, then by stage.

    What comes from origins is in sum what there is, and what goes into a stage is what goes on from it or is in the
    lots asked for. Raises ValueError for an element that the index does not know.
    """
    places, place_of_event = places_of_events(index)
    of_lot = np.array(stages_of(index, np.arange(len(index.lot_name))), dtype=object)
    stages, number = np.unique(of_lot.astype(str), return_inverse=True)
    mass = np.zeros(len(of_lot))
    mass[lots] = mass_mg
    flows = np.zeros((len(places) + len(stages), len(stages)))
    # What nobody filed the making of comes from nowhere.
    unmade = lots[index.graph.lots["made_event"][lots] < 0]
    np.add.at(flows[len(places) - 1], number[unmade], mass[unmade])
    _go_back(
        index.graph, np.argsort(index.graph.rank)[::-1].copy(), number.astype(np.int64), place_of_event, len(places),
        index.elements.index(element), mass, flows,
    )  # fmt: skip
    return [
        Passage(
            origin=places[source] if source < len(places) else None,
            stage=None if source < len(places) else str(stages[source - len(places)]),
            to=str(stages[target]), mass_mg=float(flows[source, target]),
        )
        for source, target in np.argwhere(flows > 0).tolist()
    ]  # fmt: skip


def _stage(product: str) -> str:
    known = PRODUCTS.get(product.partition(":")[0])
    return UNKNOWN_STAGE if known is None else known.stage


@njit(cache=True, nogil=True)
def _go_back(  # noqa: PLR0917  (numba takes no keywords)
    graph: Graph, order: Int64s, stage: Int64s, place_of_event: Int64s, places: int, element: int, mass: Floats,
    flows: Floats,
) -> None:  # fmt: skip
    """Adds to `flows` [places + stages, stages]; `order`: events, the last first. `mass` of lots is used up."""
    links, content, lots = graph.links, graph.content, graph.lots
    unknown = places - 1
    made = np.zeros(flows.shape[1])
    for event in order:
        whole = 0.0
        for out in range(graph.out_span[event, 0], graph.out_span[event, 1]):
            lot = graph.out_lot[out]
            if mass[lot] <= 0.0:
                continue
            part = 1.0
            if lots[lot]["unaccounted_mg"] > 0:
                part = lots[lot]["made_mg"] / (lots[lot]["made_mg"] + lots[lot]["unaccounted_mg"])
            flows[unknown, stage[lot]] += mass[lot] * (1.0 - part)
            made[stage[lot]] += mass[lot] * part
            whole += mass[lot] * part
        if whole == 0.0:
            continue
        fed_mg = mass_fed(graph, event, element)
        if graph.is_origin[event] or fed_mg == 0:
            source = place_of_event[event] if graph.is_origin[event] else unknown
            for into in range(len(made)):
                flows[source, into] += made[into]
                made[into] = 0.0
            continue
        for link in range(graph.link_span[event, 0], graph.link_span[event, 1]):
            start = links[link]["content_start"]
            for entry in range(start, start + links[link]["content_count"]):
                if content[entry] & _ELEMENT_MASK != element:
                    continue
                part = (content[entry] >> ELEMENT_BITS) / fed_mg
                lot = links[link]["lot"]
                from_maker = lots[lot]["made_event"] >= 0 and links[link]["maker"] != BACK_REFERENCE
                if from_maker:
                    mass[lot] += part * whole
                for into in range(len(made)):
                    if not from_maker:
                        flows[unknown, into] += part * made[into]
                    elif stage[lot] != into:
                        flows[places + stage[lot], into] += part * made[into]
        for into in range(len(made)):
            made[into] = 0.0
