"""The walks of `kernels` over whole arrays, with the same answers to the last bit, for a process without a compiler.

Events of one time follow from none of each other, so each time is one sweep. That takes about four times as long as
the kernels, which for the first walks of a process is much less than it takes to load them. Sums are taken in the
order of the kernels: rank, lot, link.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from lodeline.flow.kernels import (
    BACK_REFERENCE,
    ELEMENT_BITS,
    Ancestry,
    Descent,
    Floats,
    Graph,
    Int32s,
    Int64s,
    ranges,
)
from lodeline.material.mass import share_mg

_ELEMENT_MASK = (1 << ELEMENT_BITS) - 1


def ancestors(graph: Graph, asked: int) -> Ancestry:
    """As `kernels.ancestors`."""
    lot_places, event_places = _Places(len(graph.lots)), _Places(len(graph.is_origin))
    made = int(graph.lots["made_event"][asked])
    lots, distances = [lot_places.hand_out(np.array([asked]))], [np.zeros(1, np.int32)]
    opened = np.array([made] if made >= 0 and not graph.is_origin[made] else [], np.int64)
    events = [event_places.hand_out(opened)]
    makers = [(np.zeros(len(opened), np.int64), event_places.of(opened))]
    first_links, counts, link_lots = [], [], []
    cyclic, farther = False, 0
    while len(opened):
        farther += 1
        span = graph.link_span[opened].astype(np.int64)
        first_links.append(span[:, 0])
        counts.append(span[:, 1] - span[:, 0])
        _, link = ranges(span[:, 0], counts[-1])
        links = graph.links[link]
        lot, maker = links["lot"], links["maker"]
        lots.append(lot_places.hand_out(lot))
        distances.append(np.full(len(lots[-1]), farther, np.int32))
        link_lots.append(lot_places.of(lot))
        cyclic = cyclic or bool((maker == BACK_REFERENCE).any())
        opened = event_places.hand_out(maker[maker >= 0])
        events.append(opened)
        makers.append((link_lots[-1][maker >= 0], event_places.of(maker[maker >= 0])))
    found = np.concatenate(lots).astype(np.int32)
    lot_event = np.full(len(found), -1, np.int32)
    for place, event in makers:
        lot_event[place] = event
    facts = graph.lots[found]
    return Ancestry(
        lots=found,
        distance=np.concatenate(distances),
        lot_event=lot_event,
        made_time=facts["made_time"].copy(),
        made_part=_made_part(facts),
        events=np.concatenate(events).astype(np.int32),
        first_link=_joined(first_links),
        link_start=_starts(_joined(counts)),
        link_lot=_joined(link_lots).astype(np.int32),
        cyclic=cyclic,
    )


def upstream_shares(
    graph: Graph, reach: Ancestry, order: Int64s, column: npt.NDArray[np.int8], explain: bool
) -> tuple[Floats, Floats]:
    """As `kernels.upstream_shares`."""
    width = int(column.max(initial=-1)) + 1
    share, carried = np.zeros((len(reach.lots), width)), np.zeros((len(order), width))
    unaccounted = np.zeros((len(reach.lots) if explain else 0, width))
    share[0] = 1.0
    if reach.lot_event[0] >= 0:
        carried[0] = reach.made_part[0]
    event, link = ranges(reach.first_link, np.diff(reach.link_start))
    owner, asked, mass_mg = _contents(graph, link, column)
    total_mg = np.zeros((len(order), width), np.int64)
    np.add.at(total_mg, (event[owner], asked), mass_mg)
    position = np.empty(len(order), np.int64)
    position[order] = np.arange(len(order))
    in_order = np.argsort(position[event[owner]], kind="stable")
    owner, asked, mass_mg = owner[in_order], asked[in_order], mass_mg[in_order]
    place, of_event = reach.link_lot[owner].astype(np.int64), event[owner]
    portion = mass_mg / total_mg[of_event, asked]
    back = graph.links["maker"][link[owner]] == BACK_REFERENCE
    maker, made_part = reach.lot_event[place].astype(np.int64), reach.made_part[place]
    at_event, at_lot, at_maker = of_event * width + asked, place * width + asked, maker * width + asked
    flat_share, flat_carried, flat_unaccounted = share.reshape(-1), carried.reshape(-1), unaccounted.reshape(-1)
    for now in runs((graph.rank[reach.events] >> 32)[of_event]):
        part = flat_carried[at_event[now]] * portion[now]
        on = ~back[now]
        np.add.at(flat_share, at_lot[now][on], part[on])
        followed = on & (maker[now] >= 0)
        np.add.at(flat_carried, at_maker[now][followed], part[followed] * made_part[now][followed])
        if explain and not on.all():
            np.add.at(flat_unaccounted, at_lot[now][~on], part[~on])
    if explain:
        known = np.zeros((len(order), width), np.bool_)
        known[of_event, asked] = True
        unaccounted += share * (1.0 - reach.made_part)[:, np.newaxis]
        made = np.flatnonzero(reach.lot_event >= 0)
        # The element appears from inputs that are not known to hold any.
        appears = ~known[reach.lot_event[made]]
        unaccounted[made] += np.where(appears, share[made] * reach.made_part[made, np.newaxis], 0.0)
    return share, unaccounted


def upstream_links(graph: Graph, reach: Ancestry, places: Int64s) -> tuple[Int32s, Int32s, Int32s, Int64s]:
    """As `kernels.upstream_links`."""
    shown = np.zeros(len(reach.lots), np.bool_)
    shown[places] = True
    target = places[reach.lot_event[places] >= 0]
    event = reach.lot_event[target]
    owner, link = ranges(reach.link_start[event], reach.link_start[event + 1] - reach.link_start[event])
    kept = shown[reach.link_lot[link]]
    owner, link = owner[kept], link[kept]
    of_graph = link + (reach.first_link - reach.link_start[:-1])[event[owner]]
    return (
        reach.events[event[owner]],
        reach.lots[reach.link_lot[link]],
        reach.lots[target[owner]],
        graph.links["mass_mg"][of_graph],
    )


def descendants(graph: Graph, asked: int) -> Descent:
    """As `kernels.descendants`."""
    event_places = _Places(len(graph.is_origin))
    opened, farther, place = np.array([asked]), 0, 1
    lots, distances = [opened], [np.zeros(1, np.int32)]
    counts, use_events, events, event_firsts = [], [], [], []
    cyclic = False
    while len(opened):
        span = graph.use_span[opened].astype(np.int64)
        counts.append(span[:, 1] - span[:, 0])
        _, use = ranges(span[:, 0], counts[-1])
        event = graph.uses["event"][use]
        followed = event != BACK_REFERENCE
        cyclic = cyclic or not bool(followed.all())
        events.append(event_places.hand_out(event[followed]))
        use_event = np.full(len(event), -1, np.int32)
        use_event[followed] = event_places.of(event[followed])
        use_events.append(use_event)
        span = graph.out_span[events[-1]].astype(np.int64)
        made = span[:, 1] - span[:, 0]
        event_firsts.append(place + np.cumsum(made) - made)
        _, out = ranges(span[:, 0], made)
        opened, farther, place = graph.out_lot[out], farther + 1, place + len(out)
        lots.append(opened)
        distances.append(np.full(len(opened), farther, np.int32))
    return Descent(
        lots=np.concatenate(lots).astype(np.int32),
        distance=np.concatenate(distances),
        use_start=_starts(_joined(counts)),
        use_event=np.concatenate(use_events),
        events=_joined(events).astype(np.int32),
        event_first=np.append(_joined(event_firsts), place),
        cyclic=cyclic,
    )


def downstream_shares(graph: Graph, reach: Descent, order: Int64s, column: npt.NDArray[np.int8]) -> Floats:
    """As `kernels.downstream_shares`."""
    width = int(column.max(initial=-1)) + 1
    share, arrived = np.zeros((len(reach.lots), width)), np.zeros((len(reach.events), width))
    part = _parts_made(graph, reach, column, width)
    use_count = np.diff(reach.use_start)
    source, use = ranges(graph.use_span[reach.lots][:, 0], use_count)
    mass_mg, facts = graph.uses["mass_mg"][use], graph.lots[reach.lots]
    consumed_mg = np.zeros(len(reach.lots), np.int64)
    np.add.at(consumed_mg, source, mass_mg)
    whole_mg = np.maximum(facts["made_mg"] + facts["unaccounted_mg"], consumed_mg)
    taken = mass_mg / whole_mg[source]

    def pass_on(places: Int64s) -> None:
        _, of_lot = ranges(reach.use_start[places], use_count[places])
        of_lot = of_lot[reach.use_event[of_lot] >= 0]
        np.add.at(arrived, reach.use_event[of_lot], share[source[of_lot]] * taken[of_lot, np.newaxis])

    share[0] = 1.0
    pass_on(np.zeros(1, np.int64))
    for now in runs((graph.rank[reach.events] >> 32)[order]):
        event = order[now]
        owner, place = ranges(reach.event_first[event], reach.event_first[event + 1] - reach.event_first[event])
        share[place] = arrived[event[owner]] * part[place]
        pass_on(place)
    return share


def _parts_made(graph: Graph, reach: Descent, column: npt.NDArray[np.int8], width: int) -> Floats:
    """(p, width) which part of what arrived in an event each lot got: its own mass over what went in or came out."""
    made = np.diff(reach.event_first)
    event = np.repeat(np.arange(len(reach.events)), made)
    facts = graph.lots[reach.lots[1:]]
    owner, entry = ranges(facts["assay_start"], facts["assay_count"])
    assays = graph.assays[entry]
    asked = column[assays["element"]].astype(np.int64)
    kept = asked >= 0
    out_mg = np.zeros((len(reach.lots) - 1, width), np.int64)
    out_mg[owner[kept], asked[kept]] = share_mg(
        facts["made_mg"][owner[kept]], assays["ppb"][kept].astype(np.int64)
    )  # fmt: skip
    in_total_mg, out_total_mg = np.zeros((2, len(reach.events), width), np.int64)
    np.add.at(out_total_mg, event, out_mg)
    span = graph.link_span[reach.events].astype(np.int64)
    of_event, link = ranges(span[:, 0], span[:, 1] - span[:, 0])
    of_link, asked, mass_mg = _contents(graph, link, column)
    np.add.at(in_total_mg, (of_event[of_link], asked), mass_mg)
    larger_mg = np.maximum(in_total_mg, out_total_mg)[event]
    part = np.zeros((len(reach.lots), width))
    np.divide(out_mg, larger_mg, out=part[1:], where=out_mg > 0)
    return part


def _contents(graph: Graph, link: Int64s, column: npt.NDArray[np.int8]) -> tuple[Int64s, Int64s, Int64s]:
    """What these links hold of asked elements: which of them, the element's column, milligrams."""
    owner, entry = ranges(graph.links["content_start"][link], graph.links["content_count"][link])
    content = graph.content[entry]
    asked = column[content & _ELEMENT_MASK].astype(np.int64)
    kept = asked >= 0
    return owner[kept], asked[kept], content[kept] >> ELEMENT_BITS


class _Places:
    """Hands out places in order of discovery. Pages of its array that no walk reaches are never made."""

    def __init__(self, ids: int) -> None:
        self._after: Int32s = np.zeros(ids, np.int32)
        self._count = 0

    def hand_out(self, ids: npt.NDArray[np.integer]) -> Int64s:
        """Those that have no place yet, once each, in the order in which they come; they have one then."""
        unknown = ids[self._after[ids] == 0]
        found, first = np.unique(unknown, return_index=True)
        new = found[np.argsort(first)].astype(np.int64)
        self._after[new] = self._count + 1 + np.arange(len(new))
        self._count += len(new)
        return new

    def of(self, ids: npt.NDArray[np.integer]) -> Int64s:
        """The places of ids that have one."""
        places: Int64s = self._after[ids].astype(np.int64) - 1
        return places


def _made_part(lots: npt.NDArray[np.void]) -> Floats:
    made_mg, whole_mg = lots["made_mg"], lots["made_mg"] + lots["unaccounted_mg"]
    part = np.ones(len(lots))
    np.divide(made_mg, whole_mg, out=part, where=lots["unaccounted_mg"] != 0)
    part[lots["made_event"] < 0] = 0.0
    return part


def runs(time: npt.NDArray[np.integer]) -> Iterator[slice]:
    """The runs of equal times."""
    border = np.flatnonzero(np.diff(time)) + 1
    starts, ends = np.concatenate(([0], border)), np.append(border, len(time))
    yield from (slice(int(start), int(end)) for start, end in zip(starts, ends, strict=True) if start < end)


def _starts(counts: Int64s) -> Int64s:
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))


def _joined(parts: list[Int64s]) -> Int64s:
    joined: Int64s = np.concatenate([np.zeros(0, np.int64), *parts])
    return joined
