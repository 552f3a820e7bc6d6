"""What the lots behind a lot held of one element, and what went between them: the masses that must be conserved.

Masses are milligrams as floats. Where the books let more come out than went in, the surplus is either a difference of
measurement, and then what came out is scaled down to what went in, or it is too large for that, and then nobody knows
whose it is (*assumption: the border is three standard deviations of two laboratories, as for
`element.out-exceeds-in`*).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lodeline.flow import kernels
from lodeline.flow.index import FlowIndex
from lodeline.flow.kernels import Floats
from lodeline.flow.walk import Places, Upstream
from lodeline.material.laboratory import assay_sigma
from lodeline.material.mass import PPB

#: A surplus below this many standard deviations of its two masses is a difference of measurement.
_SIGMAS = 3
#: An asked lot that holds less is looked at as this much: a milligram is the least that the books keep.
_LEAST_MG = 1.0
_ELEMENT_MASK = (1 << kernels.ELEMENT_BITS) - 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shape:
    """How the lots and events of a walk hang together; the same for each element.

    link_lot, link_event: places; `back`: the link counts as unaccounted at its lot. Links stand by event.
    lot_event: place of the event that made a lot, -1. outs: the places that event j made, from `out_start[j]`.
    event_order: the events of the walk by rising rank; event_time: their times. made_part: what of a lot came from its
    event.
    """

    link_start: npt.NDArray[np.int64]
    link_event: Places
    link_lot: Places
    back: npt.NDArray[np.bool_]
    lot_event: Places
    out_start: npt.NDArray[np.int64]
    outs: Places
    event_order: Places
    event_time: Places
    made_part: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Held:
    """The masses of one element.

    link_mg: what a link took. lot_mg: what a lot held, made and unaccounted together; lot_surplus_mg: what was drawn
    beyond it. out_mg: what of a lot its event made, in the event's own masses; fed_mg: what went into an event;
    event_surplus_mg: what came out beyond it.
    """

    link_mg: Floats
    lot_mg: Floats
    lot_surplus_mg: Floats
    out_mg: Floats
    fed_mg: Floats
    event_surplus_mg: Floats


def shape_of(index: FlowIndex, walk: Upstream) -> Shape:
    """The shape of a walk upstream."""
    reach = walk.reach
    count = np.diff(reach.link_start)
    link_event = np.repeat(np.arange(len(reach.events)), count)
    of_graph = _of_graph(walk)
    lot_event = reach.lot_event.astype(np.int64)
    made = np.flatnonzero(lot_event >= 0)
    outs = made[np.argsort(lot_event[made], kind="stable")]
    return Shape(
        link_start=reach.link_start,
        link_event=link_event,
        link_lot=reach.link_lot.astype(np.int64),
        back=index.graph.links["maker"][of_graph] == kernels.BACK_REFERENCE,
        lot_event=lot_event,
        out_start=np.concatenate(([0], np.cumsum(np.bincount(lot_event[made], minlength=len(reach.events))))),
        outs=outs,
        event_order=np.argsort(index.graph.rank[reach.events]),
        event_time=index.graph.rank[reach.events] >> 32,
        made_part=reach.made_part,
    )


def held(index: FlowIndex, walk: Upstream, shape: Shape, elements: tuple[str, ...]) -> Iterator[Held]:
    """The masses of each of the elements, which are some of `walk.elements`, in their order."""
    graph, reach = index.graph, walk.reach
    of_graph = _of_graph(walk)
    taken, entry = kernels.ranges(graph.links["content_start"][of_graph], graph.links["content_count"][of_graph])
    content = graph.content[entry]
    span = graph.out_span[reach.events]
    owner, out = kernels.ranges(span[:, 0], span[:, 1] - span[:, 0])
    all_outs = graph.out_lot[out]
    events, lots = len(reach.events), len(reach.lots)
    link_net_mg = graph.links["mass_mg"][of_graph].astype(np.float64)
    fed_net_mg = _totals(shape.link_event, link_net_mg, events)
    made_mg = graph.lots["made_mg"][all_outs].astype(np.float64)
    made_net_mg = _totals(owner, made_mg, events)
    facts = graph.lots[reach.lots]
    own_mg = facts["made_mg"].astype(np.float64)
    whole_mg = own_mg + facts["unaccounted_mg"]
    drawn = ~shape.back
    drawn_net_mg = _totals(shape.link_lot[drawn], link_net_mg[drawn], lots)
    for symbol in elements:
        element = index.elements.index(symbol)
        of_element = content & _ELEMENT_MASK == element
        link_mg = np.zeros(len(of_graph))
        link_mg[taken[of_element]] = content[of_element] >> kernels.ELEMENT_BITS
        share = _share(index, reach.lots, element)
        lot_mg, out_mg = whole_mg * share, own_mg * share
        if lot_mg[0] < _LEAST_MG:
            lot_mg[0] = _LEAST_MG
            out_mg[0] = _LEAST_MG * shape.made_part[0]
        fed_mg = _totals(shape.link_event, link_mg, events)
        came_mg = _totals(owner, made_mg * _share(index, all_outs, element), events)
        if shape.lot_event[0] >= 0:
            came_mg[shape.lot_event[0]] = max(came_mg[shape.lot_event[0]], out_mg[0])
        measured = _measured(fed_mg, fed_net_mg, came_mg, made_net_mg)
        scale = np.where(measured & (came_mg > fed_mg), fed_mg / np.where(came_mg > 0, came_mg, 1), 1.0)
        made = shape.lot_event >= 0
        out_mg[made] *= scale[shape.lot_event[made]]
        drawn_mg = _totals(shape.link_lot[drawn], link_mg[drawn], lots)
        weighed = _measured(lot_mg, whole_mg, drawn_mg, drawn_net_mg)
        yield Held(
            link_mg=link_mg,
            lot_mg=np.where(weighed, np.maximum(lot_mg, drawn_mg), lot_mg),
            lot_surplus_mg=np.where(weighed, 0.0, np.maximum(drawn_mg - lot_mg, 0.0)),
            out_mg=out_mg,
            fed_mg=fed_mg,
            event_surplus_mg=np.where(measured, 0.0, np.maximum(came_mg - fed_mg, 0.0)),
        )


def _totals(owner: Places, mass_mg: Floats, owners: int) -> Floats:
    """(owners,) the sum of what is each one's; floats also where nothing is anybody's."""
    return np.bincount(owner, weights=mass_mg, minlength=owners).astype(np.float64)


def _measured(in_mg: Floats, in_net_mg: Floats, out_mg: Floats, out_net_mg: Floats) -> npt.NDArray[np.bool_]:
    """Where measurement alone explains that more came out than went in, or where no more did."""
    sigma_mg = np.hypot(assay_sigma(in_mg, in_net_mg), assay_sigma(out_mg, out_net_mg))
    measured: npt.NDArray[np.bool_] = (in_mg > 0) & (out_mg <= in_mg + _SIGMAS * sigma_mg) | (out_mg <= 0)
    return measured


def _of_graph(walk: Upstream) -> Places:
    """The links of a walk, by event place, as numbers of the graph's links."""
    _, links = kernels.ranges(walk.reach.first_link, np.diff(walk.reach.link_start))
    return links


def _share(index: FlowIndex, lots: npt.NDArray[np.int32], element: int) -> Floats:
    """The share of an element in the dry mass of each lot."""
    graph = index.graph
    owner, entry = kernels.ranges(graph.lots["assay_start"][lots], graph.lots["assay_count"][lots])
    stated = graph.assays[entry]
    share = np.zeros(len(lots))
    wanted = stated["element"] == element
    share[owner[wanted]] = stated["ppb"][wanted] / PPB
    return share
