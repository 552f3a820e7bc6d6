"""The loops over the lot graph: compiled when numba is present, plain Python with equal answers when it is not.

A walk touches only what it reaches: places are handed out in order of discovery and kept in hash tables, so
no query allocates anything the size of the ledger, and threads may ask at once. Sums are taken in a fixed order
(rank, lot, link), so an answer is the same bits each time. All kernels stand in this one file because
numba's cache notices changes only of the file a kernel stands in.

Numbers: ids and ranks int32, masses int64 mg, compositions int32 ppb, shares float64.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from lodeline.material.mass import share_mg

Function = TypeVar("Function", bound=Callable[..., Any])

try:
    from numba import njit

    COMPILED = True
except ImportError:
    COMPILED = False

    def njit(**_options: bool) -> Callable[[Function], Function]:  # type: ignore[no-redef]
        """Leave the function as it is."""
        return lambda function: function

    logging.getLogger(__name__).warning(
        "numba is not installed: lots are traced in plain Python, with the same answers, about a hundred times slower"
    )

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Records = npt.NDArray[np.void]

#: Where a walk ends: the lot is an origin's or nobody's; or its maker follows from the very event that consumes
#: it, in books that run in a circle.
NO_MAKER = -1
BACK_REFERENCE = -2
#: Entries a walk has room for before its buffers grow; a power of two.
_FIRST_ROOM = 4096
#: 2³² divided by the golden ratio: neighbouring ids land far apart (Knuth, TAOCP vol. 3, 6.4).
_SPREAD = 2654435769
_LOW = 0xFFFFFFFF
#: Enough for every symbol of `lodeline.material.element`; 58 bits are left for a mass, whose limit has 50.
ELEMENT_BITS = 5
_ELEMENT = 2**ELEMENT_BITS - 1

_share_mg: Any = njit(cache=True)(share_mg)


#: What a walk must know of a lot stands in one half of a cache line, for it is memory that a walk waits for.
LOT = np.dtype(
    [
        ("made_mg", "<i8"),
        ("unaccounted_mg", "<i8"),
        ("made_event", "<i4"),  # -1 when nobody has filed the making
        ("made_rank", "<i4"),  # rank of that event, -1
        ("assay_start", "<i4"),
        ("assay_count", "<i4"),
    ]
)
ASSAY = np.dtype([("element", "<i4"), ("ppb", "<i4")])
#: `maker` is the transformation that made the lot, NO_MAKER or BACK_REFERENCE.
LINK = np.dtype(
    [("mass_mg", "<i8"), ("lot", "<i4"), ("maker", "<i4"), ("content_start", "<i4"), ("content_count", "<i4")]
)
#: `event` is what consumes the lot, or BACK_REFERENCE.
USE = np.dtype([("mass_mg", "<i8"), ("event", "<i4")])


class Graph(NamedTuple):
    """The bipartite graph: n lots, m events, k in-links, in memory-mapped arrays of records.

    `*_start` arrays hold one more entry than rows: row i owns the entries from start[i] to start[i + 1].
    In-links are sorted by (event, lot, mass), uses (the same links seen from the lot) by (lot, event, mass),
    out-lots by (event, lot), assays by (lot, element). `content` is what each link holds of each element: it
    follows from mass and assay, and stands ready because a walk reads it in one sweep where assays lie scattered.
    """

    lots: Records  # (n,) LOT
    assays: Records  # ASSAY
    links: Records  # (k,) LINK
    uses: Records  # (k,) USE
    content: Int64s  # element mass in mg, > 0, << ELEMENT_BITS | element
    out_lot: Int32s
    link_start: Int64s  # (m + 1,)
    use_start: Int64s  # (n + 1,)
    out_start: Int64s  # (m + 1,)
    rank: Int32s  # (m,) a topological order
    is_origin: Flags  # (m,)


class Ancestry(NamedTuple):
    """Lots upstream of an asked lot, which has place 0, in order of discovery, nearest first.

    `lot_event` and `link_lot` hold places in `events` and `lots`; `lot_event` is -1 where the walk ends:
    an origin, a lot nobody made, a lot met only over a back-reference. The in-links of event place j, from
    `first_link[j]` in the graph, stand from `link_start[j]` in `link_lot`.
    """

    lots: Int32s  # (p,)
    distance: Int32s  # (p,) events between this lot and the asked one
    lot_event: Int32s  # (p,)
    made_rank: Int32s  # (p,)
    made_part: Floats  # (p,) what of the lot comes from its event; the rest was drawn beyond what was held
    events: Int32s  # (q,)
    first_link: Int64s  # (q,)
    link_start: Int64s  # (q + 1,)
    link_lot: Int32s
    cyclic: bool


class Descent(NamedTuple):
    """Lots downstream of an asked lot, which has place 0, in order of discovery, nearest first.

    The lots that event place j makes have the places event_first[j] to event_first[j + 1]. `use_event` holds
    places in `events`, -1 for a back-reference.
    """

    lots: Int32s  # (p,)
    distance: Int32s  # (p,)
    use_start: Int64s  # (p + 1,)
    use_event: Int32s
    events: Int32s  # (q,)
    event_first: Int64s  # (q + 1,)
    cyclic: bool


@njit(cache=True, nogil=True)
def strong_components(start: Int64s, ancestor: Int32s) -> Int32s:
    """(m,) number of the strongly connected component of each event; ancestors have lower numbers.

    `ancestor[start[i]:start[i + 1]]` are the events that made the inputs of event i, -1 for none.
    A history in which every event follows its ancestors by id keeps its ids as numbers.
    Source: R. Tarjan, Depth-first search and linear graph algorithms, SIAM J. Comput. 1 (1972), made iterative.
    """
    size = len(start) - 1
    component = np.full(size, -1, np.int32)
    number = np.full(size, -1, np.int32)
    low = np.empty(size, np.int32)
    cursor = start[:-1].copy()
    path = np.empty(size, np.int32)
    unfinished = np.empty(size, np.int32)
    numbered = components = waiting = 0
    for root in range(size):
        if number[root] >= 0:
            continue
        path[0] = root
        depth = 1
        while depth > 0:
            event = path[depth - 1]
            if number[event] < 0:
                number[event] = low[event] = numbered
                numbered += 1
                unfinished[waiting] = event
                waiting += 1
            if cursor[event] < start[event + 1]:
                earlier = ancestor[cursor[event]]
                cursor[event] += 1
                if earlier < 0:
                    continue
                if number[earlier] < 0:
                    path[depth] = earlier
                    depth += 1
                elif component[earlier] < 0:
                    low[event] = min(low[event], number[earlier])
                continue
            depth -= 1
            if depth > 0:
                low[path[depth - 1]] = min(low[path[depth - 1]], low[event])
            if low[event] == number[event]:
                while component[event] < 0:
                    waiting -= 1
                    component[unfinished[waiting]] = components
                components += 1
    return component


@njit(cache=True, nogil=True)
def _longer(array: Any, room: int) -> Any:
    """A copy of the array with `room` entries; those beyond the old ones hold anything."""
    longer: Any = np.empty(room, array.dtype)
    longer[: len(array)] = array
    return longer


@njit(cache=True, nogil=True)
def _slot(table: Int64s, key: int) -> int:
    """Where `key` stands in the hash table, or the free slot (-1) where it belongs; entries are key << 32 | place."""
    mask = len(table) - 1
    slot = (int(key) * _SPREAD >> 16) & mask
    while table[slot] >= 0 and table[slot] >> 32 != key:
        slot = (slot + 1) & mask
    return slot


@njit(cache=True, nogil=True)
def _larger_table(table: Int64s, room: int) -> Int64s:
    """A table with the same entries, of which `room` fill half."""
    larger = np.full(2 * room, -1, np.int64)
    for entry in table:
        if entry >= 0:
            larger[_slot(larger, entry >> 32)] = entry
    return larger


@njit(cache=True, nogil=True)
def _more_room(room: int, needed: int) -> int:
    """The next power of two times `room` that holds what is needed: a table's size stays a power of two."""
    while room < needed:
        room *= 2
    return room


@njit(cache=True, nogil=True)
def ancestors(graph: Graph, asked: int) -> Ancestry:
    """Every lot that went into `asked`, breadth first; each event is opened once.

    What a later step needs of a lot or an event is read when it is discovered: nothing waits for these reads,
    so they overlap, where the same reads later would stall one after the other.
    """
    graph_lots, links, starts = graph.lots, graph.links, graph.link_start
    lot_room = event_room = link_room = _FIRST_ROOM
    lots, distance, lot_event = np.empty(lot_room, np.int32), np.empty(lot_room, np.int32), np.empty(lot_room, np.int32)
    made_rank, made_part = np.empty(lot_room, np.int32), np.empty(lot_room)
    lot_table = np.full(2 * lot_room, -1, np.int64)
    events, event_distance = np.empty(event_room, np.int32), np.empty(event_room, np.int32)
    first_link, after_link = np.empty(event_room, np.int64), np.empty(event_room, np.int64)
    link_start = np.empty(event_room + 1, np.int64)
    event_table = np.full(2 * event_room, -1, np.int64)
    link_lot = np.empty(link_room, np.int32)
    cyclic = False

    lots[0], distance[0], lot_event[0], lot_count = asked, 0, -1, 1
    made_rank[0], made_part[0] = graph_lots[asked]["made_rank"], _made_part(graph_lots[asked])
    lot_table[_slot(lot_table, asked)] = int(asked) << 32
    event_count = link_count = opened = 0
    made = graph_lots[asked]["made_event"]
    if made >= 0 and not graph.is_origin[made]:
        events[0], event_distance[0], lot_event[0], event_count = made, 0, 0, 1
        first_link[0], after_link[0] = starts[made], starts[made + 1]
        event_table[_slot(event_table, made)] = int(made) << 32

    while opened < event_count:
        first, last = first_link[opened], after_link[opened]
        if lot_count + last - first > lot_room:
            lot_room = _more_room(lot_room, lot_count + last - first)
            lots, distance, lot_event = (
                _longer(lots, lot_room),
                _longer(distance, lot_room),
                _longer(lot_event, lot_room),
            )
            made_rank, made_part = _longer(made_rank, lot_room), _longer(made_part, lot_room)
            lot_table = _larger_table(lot_table, lot_room)
        if event_count + last - first > event_room:
            event_room = _more_room(event_room, event_count + last - first)
            events, event_distance = _longer(events, event_room), _longer(event_distance, event_room)
            first_link, after_link = _longer(first_link, event_room), _longer(after_link, event_room)
            link_start = _longer(link_start, event_room + 1)
            event_table = _larger_table(event_table, event_room)
        if link_count + last - first > link_room:
            link_room = _more_room(link_room, link_count + last - first)
            link_lot = _longer(link_lot, link_room)
        link_start[opened] = link_count
        farther = event_distance[opened] + 1
        for link in range(first, last):
            lot, maker = links[link]["lot"], links[link]["maker"]
            slot = _slot(lot_table, lot)
            if lot_table[slot] < 0:
                lot_table[slot] = int(lot) << 32 | lot_count
                lots[lot_count], distance[lot_count], lot_event[lot_count] = lot, farther, -1
                made_rank[lot_count], made_part[lot_count] = graph_lots[lot]["made_rank"], _made_part(graph_lots[lot])
                lot_count += 1
            place = lot_table[slot] & _LOW
            link_lot[link_count] = place
            link_count += 1
            if maker < 0:
                cyclic = cyclic or maker == BACK_REFERENCE
            elif lot_event[place] < 0:
                slot = _slot(event_table, maker)
                if event_table[slot] < 0:
                    event_table[slot] = int(maker) << 32 | event_count
                    events[event_count], event_distance[event_count] = maker, farther
                    first_link[event_count], after_link[event_count] = starts[maker], starts[maker + 1]
                    event_count += 1
                lot_event[place] = event_table[slot] & _LOW
        opened += 1
    link_start[event_count] = link_count
    return Ancestry(
        lots[:lot_count],
        distance[:lot_count],
        lot_event[:lot_count],
        made_rank[:lot_count],
        made_part[:lot_count],
        events[:event_count],
        first_link[:event_count],
        link_start[: event_count + 1],
        link_lot[:link_count],
        cyclic,
    )


@njit(cache=True, nogil=True)
def _made_part(lot: Any) -> float:
    """Which part of a lot (a LOT record) comes from its event; the rest was drawn beyond what was held."""
    if lot["made_event"] < 0:
        return 0.0
    if lot["unaccounted_mg"] == 0:
        return 1.0
    part: float = lot["made_mg"] / (lot["made_mg"] + lot["unaccounted_mg"])
    return part


@njit(cache=True, nogil=True)
def upstream_shares(graph: Graph, reach: Ancestry, order: Int64s, column: Any, width: int) -> tuple[Floats, Floats]:
    """(p, width) each: the part of each element of the asked lot that came through a lot, and the part of it
    that is known to come from nowhere but this lot.

    `order` lists the event places by falling rank, so an event has its whole share before it is passed on.
    `column[element]` is the column of an asked element, else -1.
    """
    links, content = graph.links, graph.content
    lot_event, link_start, link_lot, made_part = reach.lot_event, reach.link_start, reach.link_lot, reach.made_part
    share, unaccounted = np.zeros((len(lot_event), width)), np.zeros((len(lot_event), width))
    carried = np.zeros((len(order), width))
    total_mg = np.zeros((len(order), width), np.int64)
    for asked in range(width):
        share[0, asked] = 1.0
        if lot_event[0] >= 0:
            carried[0, asked] = made_part[0]
    for event_place in order:
        first = reach.first_link[event_place]
        last = first + link_start[event_place + 1] - link_start[event_place]
        for link in range(first, last):
            start = links[link]["content_start"]
            for entry in range(start, start + links[link]["content_count"]):
                asked = column[content[entry] & _ELEMENT]
                if asked >= 0:
                    total_mg[event_place, asked] += content[entry] >> ELEMENT_BITS
        for link in range(first, last):
            place = link_lot[link_start[event_place] + link - first]
            back = links[link]["maker"] == BACK_REFERENCE
            start = links[link]["content_start"]
            for entry in range(start, start + links[link]["content_count"]):
                asked = column[content[entry] & _ELEMENT]
                if asked >= 0:
                    part = carried[event_place, asked] * (
                        (content[entry] >> ELEMENT_BITS) / total_mg[event_place, asked]
                    )
                    if back:
                        unaccounted[place, asked] += part
                    else:
                        share[place, asked] += part
                        if lot_event[place] >= 0:
                            carried[lot_event[place], asked] += part * made_part[place]
    for place in range(len(lot_event)):
        for asked in range(width):
            unaccounted[place, asked] += share[place, asked] * (1.0 - made_part[place])
            if lot_event[place] >= 0 and total_mg[lot_event[place], asked] == 0:
                # The element appears from inputs that are not known to hold any.
                unaccounted[place, asked] += share[place, asked] * made_part[place]
    return share, unaccounted


@njit(cache=True, nogil=True)
def upstream_links(graph: Graph, reach: Ancestry, places: Int64s) -> tuple[Int32s, Int32s, Int32s, Int64s]:
    """Event, source lot, target lot and mass (mg) of each link between lots at the given places."""
    shown = np.zeros(len(reach.lots), np.bool_)
    room = 0
    for place in places:
        shown[place] = True
        if reach.lot_event[place] >= 0:
            room += reach.link_start[reach.lot_event[place] + 1] - reach.link_start[reach.lot_event[place]]
    event, source, target = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int32)
    mass_mg = np.empty(room, np.int64)
    count = 0
    for place in places:
        event_place = reach.lot_event[place]
        if event_place < 0:
            continue
        offset = reach.first_link[event_place] - reach.link_start[event_place]
        for link in range(reach.link_start[event_place], reach.link_start[event_place + 1]):
            if shown[reach.link_lot[link]]:
                event[count], mass_mg[count] = reach.events[event_place], graph.links[offset + link]["mass_mg"]
                source[count], target[count] = reach.lots[reach.link_lot[link]], reach.lots[place]
                count += 1
    return event[:count], source[:count], target[:count], mass_mg[:count]


@njit(cache=True, nogil=True)
def descendants(graph: Graph, asked: int) -> Descent:
    """Every lot that `asked` went into, breadth first; each event is opened once."""
    starts, uses = graph.use_start, graph.uses
    out_start, out_lot = graph.out_start, graph.out_lot
    lot_room = event_room = use_room = _FIRST_ROOM
    lots, distance, use_start = (
        np.empty(lot_room, np.int32),
        np.empty(lot_room, np.int32),
        np.empty(lot_room + 1, np.int64),
    )
    use_event = np.empty(use_room, np.int32)
    events, event_first = np.empty(event_room, np.int32), np.empty(event_room + 1, np.int64)
    event_table = np.full(2 * event_room, -1, np.int64)
    cyclic = False
    lots[0], distance[0], lot_count = asked, 0, 1
    event_count = use_count = opened = 0
    while opened < lot_count:
        first, last = starts[lots[opened]], starts[lots[opened] + 1]
        if use_count + last - first > use_room:
            use_room = _more_room(use_room, use_count + last - first)
            use_event = _longer(use_event, use_room)
        if event_count + last - first > event_room:
            event_room = _more_room(event_room, event_count + last - first)
            events, event_first = _longer(events, event_room), _longer(event_first, event_room + 1)
            event_table = _larger_table(event_table, event_room)
        use_start[opened] = use_count
        for use in range(first, last):
            event = uses[use]["event"]
            use_event[use_count] = -1
            if event == BACK_REFERENCE:
                cyclic = True
            else:
                slot = _slot(event_table, event)
                if event_table[slot] < 0:
                    event_table[slot] = int(event) << 32 | event_count
                    events[event_count], event_first[event_count] = event, lot_count
                    event_count += 1
                    start, end = out_start[event], out_start[event + 1]
                    if lot_count + end - start > lot_room:
                        lot_room = _more_room(lot_room, lot_count + end - start)
                        lots, distance = _longer(lots, lot_room), _longer(distance, lot_room)
                        use_start = _longer(use_start, lot_room + 1)
                    for out in range(start, end):
                        lots[lot_count], distance[lot_count] = out_lot[out], distance[opened] + 1
                        lot_count += 1
                use_event[use_count] = event_table[slot] & _LOW
            use_count += 1
        opened += 1
    use_start[lot_count] = use_count
    event_first[event_count] = lot_count
    return Descent(
        lots[:lot_count].copy(),
        distance[:lot_count].copy(),
        use_start[: lot_count + 1].copy(),
        use_event[:use_count].copy(),
        events[:event_count].copy(),
        event_first[: event_count + 1].copy(),
        cyclic,
    )


@njit(cache=True, nogil=True)
def downstream_shares(graph: Graph, reach: Descent, order: Int64s, column: Any, width: int) -> Floats:
    """(p, width): the part of each element of the asked lot that went into each lot.

    `order` lists the event places by rising rank. An event takes its mass over the mass of a lot; where receipts or
    adjustments let more be consumed than was made and booked as unaccounted, over the mass consumed, so that
    parts never pass the whole. An output gets its element mass over the larger of what went in and what came
    out, so a loss that nobody wrote down stays visible as a sum below 1.
    """
    graph_lots, assays, links, uses = graph.lots, graph.assays, graph.links, graph.uses
    content = graph.content
    lots, use_start, use_event, event_first = reach.lots, reach.use_start, reach.use_event, reach.event_first
    share = np.zeros((len(lots), width))
    arrived = np.zeros((len(reach.events), width))
    most = 1
    for event_place in range(len(reach.events)):
        most = max(most, event_first[event_place + 1] - event_first[event_place])
    out_mg = np.empty((most, width), np.int64)
    in_total_mg, out_total_mg = np.empty(width, np.int64), np.empty(width, np.int64)
    for step in range(-1, len(order)):
        # Step -1 passes on the asked lot itself, which no event of this walk has made.
        first, last = 0, 1
        for asked in range(width):
            in_total_mg[asked] = out_total_mg[asked] = 0
        if step >= 0:
            event = reach.events[order[step]]
            first, last = event_first[order[step]], event_first[order[step] + 1]
            for link in range(graph.link_start[event], graph.link_start[event + 1]):
                start = links[link]["content_start"]
                for entry in range(start, start + links[link]["content_count"]):
                    asked = column[content[entry] & _ELEMENT]
                    if asked >= 0:
                        in_total_mg[asked] += content[entry] >> ELEMENT_BITS
        for place in range(first, last):
            for asked in range(width):
                out_mg[place - first, asked] = 0
            lot = graph_lots[lots[place]]
            for entry in range(lot["assay_start"], lot["assay_start"] + lot["assay_count"]):
                asked = column[assays[entry]["element"]]
                if asked >= 0:
                    out_mg[place - first, asked] = _share_mg(lot["made_mg"], assays[entry]["ppb"])
                    out_total_mg[asked] += out_mg[place - first, asked]
        for place in range(first, last):
            for asked in range(width):
                if step < 0:
                    share[place, asked] = 1.0
                elif out_mg[place - first, asked] > 0:
                    part = out_mg[place - first, asked] / max(in_total_mg[asked], out_total_mg[asked])
                    share[place, asked] = arrived[order[step], asked] * part
            consumed_mg = 0
            use_offset = graph.use_start[lots[place]] - use_start[place]
            for use in range(use_start[place], use_start[place + 1]):
                consumed_mg += uses[use_offset + use]["mass_mg"]
            lot = graph_lots[lots[place]]
            whole_mg = max(lot["made_mg"] + lot["unaccounted_mg"], consumed_mg)
            for use in range(use_start[place], use_start[place + 1]):
                if use_event[use] >= 0:
                    for asked in range(width):
                        arrived[use_event[use], asked] += share[place, asked] * (
                            uses[use_offset + use]["mass_mg"] / whole_mg
                        )
    return share
