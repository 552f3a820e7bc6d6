"""The loops over the lot graph: compiled when numba is present, plain Python with equal answers when it is not.

A walk touches only what it reaches: places are handed out in order of discovery and kept in hash tables, so
no query allocates anything the size of the ledger, and threads may ask at once. Sums are taken in a fixed order
(rank, lot, link), so an answer is the same bits each time. All kernels stand in this one file because
numba's cache notices changes only of the file a kernel stands in.

Numbers: ids and times int32, masses int64 mg, compositions int32 ppb, shares float64.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from lodeline.material.mass import share_mg

Function = TypeVar("Function", bound=Callable[..., Any])

COMPILED = find_spec("numba") is not None
if COMPILED:
    from lodeline.compiled import njit
else:

    def njit(**_options: bool) -> Callable[[Function], Function]:
        """Leave the function as it is."""
        return lambda function: function

    logging.getLogger(__name__).warning(
        "numba is not installed: kernels run in plain Python, with the same answers, about a hundred times slower"
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
_FIRST_ROOM = 8192
#: 2³² divided by the golden ratio: neighbouring ids land far apart (Knuth, TAOCP vol. 3, 6.4).
_SPREAD = 2654435769
_LOW = 0xFFFFFFFF
#: Enough for every symbol of `lodeline.material.element`; 58 bits are left for a mass, whose limit has 50.
ELEMENT_BITS = 5
_ELEMENT = 2**ELEMENT_BITS - 1

#: Moments of a day: so many events in line on one day leave the next day's where they are; if more, they push them.
_MOMENTS = 2**14
#: Days that are told apart, from 1970 to 2149: the rest of a time's 31 bits is for what late filings push ahead.
_LAST_DAY = 2**16

_share_mg: Any = njit(cache=True)(share_mg)


#: What a walk must know of a lot stands in one half of a cache line, for it is memory that a walk waits for.
LOT = np.dtype(
    [
        ("made_mg", "<i8"),
        ("unaccounted_mg", "<i8"),
        ("made_event", "<i4"),  # -1 when nobody has filed the making
        ("made_time", "<i4"),  # time of that event, -1
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


def ranges(start: npt.NDArray[np.integer], count: npt.NDArray[np.integer]) -> tuple[Int64s, Int64s]:
    """All numbers from start[i] to start[i] + count[i], one range after the other, with the i of each."""
    count = count.astype(np.int64)
    owner = np.repeat(np.arange(len(count)), count)
    return owner, np.arange(len(owner)) - (np.cumsum(count) - count)[owner] + start.astype(np.int64)[owner]


class Graph(NamedTuple):
    """The bipartite graph: n lots, m events, k in-links, in memory-mapped arrays of records.

    Row i of a `*_span` owns the entries from span[i, 0] to span[i, 1]. Those of an event's in-links are sorted by
    (lot, mass), of a lot's uses (the same links seen from the lot) by (the number of the event in the ledger, mass), of
    an event's out-lots by lot, of a lot's assays by element; all are in the order of their owners. `content` is what
    each link holds of each element: it follows from mass and assay, and is ready because a walk reads it in one sweep
    where assays lie scattered.

    The time of an event is its day and, where it follows from events no earlier, a moment after the last of them. It
    rests on the event's ancestors alone.
    """

    lots: Records  # (n,) LOT
    assays: Records  # ASSAY
    links: Records  # (k,) LINK
    uses: Records  # (k,) USE
    content: Int64s  # element mass in mg, > 0, << ELEMENT_BITS | element
    out_lot: Int32s
    link_span: Int32s  # (m, 2)
    use_span: Int32s  # (n, 2)
    out_span: Int32s  # (m, 2)
    rank: Int64s  # (m,) a topological order: time << 32 | number of the event in the ledger
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
    made_time: Int32s  # (p,)
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
def event_times(order: Int64s, component: Int32s, start: Int64s, ancestor: Int32s, day: Int32s) -> Int32s:
    """(m,) the time of each event. `order`: events by component, then as they stand in it.

    The events of a circle stand together, one moment after the other, and what is outside it before or after all.
    """
    time = np.zeros(len(order), np.int32)
    first = 0
    while first < len(order):
        last, earliest = first, 0
        while last < len(order) and component[order[last]] == component[order[first]]:
            event = order[last]
            earliest = max(earliest, min(max(day[event], 0), _LAST_DAY) * _MOMENTS)
            for entry in range(start[event], start[event + 1]):
                if ancestor[entry] >= 0 and component[ancestor[entry]] != component[event]:
                    earliest = max(earliest, time[ancestor[entry]] + 1)
            last += 1
        for place in range(first, last):
            time[order[place]] = earliest + place - first
        first = last
    return time


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
def _larger_table(keys: Int32s, count: int, room: int) -> Int64s:
    """A table of the first `count` keys with their places, of which `room` entries fill half."""
    table = np.full(2 * room, -1, np.int64)
    for place in range(count):
        table[_slot(table, keys[place])] = int(keys[place]) << 32 | place
    return table


class _Visited(NamedTuple):
    """Buffers of a backward walk under way; what they hold is described in `Ancestry`."""

    lots: Int32s
    distance: Int32s
    lot_event: Int32s
    made_time: Int32s
    made_part: Floats
    lot_table: Int64s
    events: Int32s
    event_distance: Int32s
    first_link: Int64s
    after_link: Int64s
    event_table: Int64s
    link_start: Int64s
    link_lot: Int32s


@njit(cache=True, nogil=True)
def ancestors(graph: Graph, asked: int) -> Ancestry:
    """Every lot that went into `asked`, breadth first; each event is opened once."""
    room = _FIRST_ROOM
    visited = _Visited(
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        np.empty(room, np.float64),
        np.full(2 * room, -1, np.int64),
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        np.empty(room, np.int64),
        np.empty(room, np.int64),
        np.full(2 * room, -1, np.int64),
        np.empty(room, np.int64),
        np.empty(2 * room, np.int32),
    )
    facts = graph.lots[asked]
    visited.lots[0], visited.distance[0], visited.lot_event[0] = asked, 0, -1
    visited.made_time[0], visited.made_part[0] = facts["made_time"], _made_part(facts)
    visited.lot_table[_slot(visited.lot_table, asked)] = int(asked) << 32
    lots, events = 1, 0
    made = facts["made_event"]
    if made >= 0 and not graph.is_origin[made]:
        visited.events[0], visited.event_distance[0], visited.lot_event[0], events = made, 0, 0, 1
        visited.first_link[0], visited.after_link[0] = graph.link_span[made, 0], graph.link_span[made, 1]
        visited.event_table[_slot(visited.event_table, made)] = int(made) << 32
    links = opened = 0
    cyclic = False
    while True:
        lots, events, links, opened, circle = _open_events(graph, visited, (lots, events, links, opened))
        cyclic = cyclic or circle
        if opened == events:
            break
        needed = visited.after_link[opened] - visited.first_link[opened]
        while room < max(lots, events, links // 2) + needed:
            room *= 4
        visited = _Visited(
            _longer(visited.lots, room),
            _longer(visited.distance, room),
            _longer(visited.lot_event, room),
            _longer(visited.made_time, room),
            _longer(visited.made_part, room),
            _larger_table(visited.lots, lots, room),
            _longer(visited.events, room),
            _longer(visited.event_distance, room),
            _longer(visited.first_link, room),
            _longer(visited.after_link, room),
            _larger_table(visited.events, events, room),
            _longer(visited.link_start, room),
            _longer(visited.link_lot, 2 * room),
        )
    link_start = np.empty(events + 1, np.int64)
    link_start[:events] = visited.link_start[:events]
    link_start[events] = links
    return Ancestry(
        visited.lots[:lots],
        visited.distance[:lots],
        visited.lot_event[:lots],
        visited.made_time[:lots],
        visited.made_part[:lots],
        visited.events[:events],
        visited.first_link[:events],
        link_start,
        visited.link_lot[:links],
        cyclic,
    )


@njit(cache=True, nogil=True)
def _open_events(graph: Graph, visited: _Visited, so_far: tuple[int, int, int, int]) -> tuple[int, int, int, int, bool]:
    """Open events until none is left or the buffers might not hold the next. Takes and returns the number of lots,
    events, links and events opened, and says whether a back-reference was met.

    Buffers are never replaced in here, for a loop that may replace them keeps none in registers.

    What a later step needs of a lot or an event is read when it is discovered: nothing waits for these reads,
    so they overlap, where the same reads later would stall one after the other.
    """
    graph_lots, graph_links, spans = graph.lots, graph.links, graph.link_span
    lots, distance, lot_event, lot_table = visited.lots, visited.distance, visited.lot_event, visited.lot_table
    made_time, made_part = visited.made_time, visited.made_part
    events, event_distance, event_table = visited.events, visited.event_distance, visited.event_table
    first_link, after_link = visited.first_link, visited.after_link
    link_start, link_lot = visited.link_start, visited.link_lot
    lot_count, event_count, link_count, opened = so_far
    cyclic = False
    while opened < event_count:
        first, last = first_link[opened], after_link[opened]
        if max(lot_count, event_count) + last - first > len(lots) or link_count + last - first > len(link_lot):
            break
        link_start[opened] = link_count
        farther = event_distance[opened] + 1
        for link in range(first, last):
            lot, maker = graph_links[link]["lot"], graph_links[link]["maker"]
            slot = _slot(lot_table, lot)
            if lot_table[slot] < 0:
                lot_table[slot] = int(lot) << 32 | lot_count
                lots[lot_count], distance[lot_count], lot_event[lot_count] = lot, farther, -1
                made_time[lot_count], made_part[lot_count] = graph_lots[lot]["made_time"], _made_part(graph_lots[lot])
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
                    first_link[event_count], after_link[event_count] = spans[maker, 0], spans[maker, 1]
                    event_count += 1
                lot_event[place] = event_table[slot] & _LOW
        opened += 1
    return lot_count, event_count, link_count, opened, cyclic


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
def upstream_shares(graph: Graph, reach: Ancestry, order: Int64s, column: Any, explain: bool) -> tuple[Floats, Floats]:
    """(p, width) each: the part of each element of the asked lot that came through a lot, and the part of it
    that is known to come from nowhere but this lot; the second has no rows unless `explain`.

    `order` lists the event places by falling rank, so an event has its whole share before it is passed on.
    `column[element]` is the column of an asked element, else -1.
    """
    links, content = graph.links, graph.content
    lot_event, link_start, link_lot, made_part = reach.lot_event, reach.link_start, reach.link_lot, reach.made_part
    width = 0
    for asked in column:
        width = max(width, asked + 1)
    share, carried = np.zeros((len(lot_event), width)), np.zeros((len(order), width))
    unaccounted = np.zeros((len(lot_event) if explain else 0, width))
    known = np.zeros((len(order) if explain else 0, width), np.bool_)
    total_mg = np.empty(width, np.int64)
    for asked in range(width):
        share[0, asked] = 1.0
        if lot_event[0] >= 0:
            carried[0, asked] = made_part[0]
    for event_place in order:
        first = reach.first_link[event_place]
        last = first + link_start[event_place + 1] - link_start[event_place]
        for asked in range(width):
            total_mg[asked] = 0
        for link in range(first, last):
            start = links[link]["content_start"]
            for entry in range(start, start + links[link]["content_count"]):
                asked = column[content[entry] & _ELEMENT]
                if asked >= 0:
                    total_mg[asked] += content[entry] >> ELEMENT_BITS
                    if explain:
                        known[event_place, asked] = True
        for link in range(first, last):
            place = link_lot[link_start[event_place] + link - first]
            back = links[link]["maker"] == BACK_REFERENCE
            start = links[link]["content_start"]
            for entry in range(start, start + links[link]["content_count"]):
                asked = column[content[entry] & _ELEMENT]
                if asked >= 0:
                    part = carried[event_place, asked] * ((content[entry] >> ELEMENT_BITS) / total_mg[asked])
                    if not back:
                        share[place, asked] += part
                        if lot_event[place] >= 0:
                            carried[lot_event[place], asked] += part * made_part[place]
                    elif explain:
                        unaccounted[place, asked] += part
    for place in range(len(unaccounted)):
        for asked in range(width):
            unaccounted[place, asked] += share[place, asked] * (1.0 - made_part[place])
            if lot_event[place] >= 0 and not known[lot_event[place], asked]:
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


class _Foreseen(NamedTuple):
    """Buffers of a forward walk under way; what they hold is described in `Descent`."""

    lots: Int32s
    distance: Int32s
    use_start: Int64s
    use_event: Int32s
    events: Int32s
    event_first: Int64s
    event_table: Int64s


@njit(cache=True, nogil=True)
def descendants(graph: Graph, asked: int) -> Descent:
    """Every lot that `asked` went into, breadth first; each event is opened once."""
    room = _FIRST_ROOM
    foreseen = _Foreseen(
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        np.empty(room + 1, np.int64),
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        np.empty(room + 1, np.int64),
        np.full(2 * room, -1, np.int64),
    )
    foreseen.lots[0], foreseen.distance[0] = asked, 0
    lots, events, uses, opened = 1, 0, 0, 0
    cyclic = False
    while True:
        lots, events, uses, opened, needed, circle = _open_lots(graph, foreseen, (lots, events, uses, opened))
        cyclic = cyclic or circle
        if opened == lots:
            break
        while room < max(lots, events, uses) + needed:
            room *= 4
        foreseen = _Foreseen(
            _longer(foreseen.lots, room),
            _longer(foreseen.distance, room),
            _longer(foreseen.use_start, room + 1),
            _longer(foreseen.use_event, room),
            _longer(foreseen.events, room),
            _longer(foreseen.event_first, room + 1),
            _larger_table(foreseen.events, events, room),
        )
    foreseen.use_start[lots], foreseen.event_first[events] = uses, lots
    return Descent(
        foreseen.lots[:lots],
        foreseen.distance[:lots],
        foreseen.use_start[: lots + 1],
        foreseen.use_event[:uses],
        foreseen.events[:events],
        foreseen.event_first[: events + 1],
        cyclic,
    )


@njit(cache=True, nogil=True)
def _open_lots(
    graph: Graph, foreseen: _Foreseen, so_far: tuple[int, int, int, int]
) -> tuple[int, int, int, int, int, bool]:
    """Open lots until none is left or the buffers might not hold what the next brings. Takes and returns the number
    of lots, events, uses and lots opened, then what the next lot may bring, and whether a back-reference was met.
    """
    spans, graph_uses, out_span, out_lot = graph.use_span, graph.uses, graph.out_span, graph.out_lot
    lots, distance, use_start, use_event = foreseen.lots, foreseen.distance, foreseen.use_start, foreseen.use_event
    events, event_first, event_table = foreseen.events, foreseen.event_first, foreseen.event_table
    lot_count, event_count, use_count, opened = so_far
    needed = 0
    cyclic = False
    while opened < lot_count:
        first, last = spans[lots[opened], 0], spans[lots[opened], 1]
        needed = last - first
        for use in range(first, last):
            event = graph_uses[use]["event"]
            if event != BACK_REFERENCE:
                needed += out_span[event, 1] - out_span[event, 0]
        if max(lot_count, event_count, use_count) + needed > len(lots):
            break
        use_start[opened] = use_count
        for use in range(first, last):
            event = graph_uses[use]["event"]
            use_event[use_count] = -1
            if event == BACK_REFERENCE:
                cyclic = True
            else:
                slot = _slot(event_table, event)
                if event_table[slot] < 0:
                    event_table[slot] = int(event) << 32 | event_count
                    events[event_count], event_first[event_count] = event, lot_count
                    event_count += 1
                    for out in range(out_span[event, 0], out_span[event, 1]):
                        lots[lot_count], distance[lot_count] = out_lot[out], distance[opened] + 1
                        lot_count += 1
                use_event[use_count] = event_table[slot] & _LOW
            use_count += 1
        opened += 1
    return lot_count, event_count, use_count, opened, needed, cyclic


@njit(cache=True, nogil=True)
def downstream_shares(graph: Graph, reach: Descent, order: Int64s, column: Any) -> Floats:
    """(p, width): the part of each element of the asked lot that went into each lot.

    `order` lists the event places by rising rank. An event takes its mass over the mass of a lot; where receipts or
    adjustments let more be consumed than was made and booked as unaccounted, over the mass consumed, so that
    parts never pass the whole. An output gets its element mass over the larger of what went in and what came
    out, so a loss that nobody wrote down stays visible as a sum below 1.
    """
    graph_lots, assays, links, uses = graph.lots, graph.assays, graph.links, graph.uses
    content = graph.content
    lots, use_start, use_event, event_first = reach.lots, reach.use_start, reach.use_event, reach.event_first
    width = 0
    for asked in column:
        width = max(width, asked + 1)
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
            for link in range(graph.link_span[event, 0], graph.link_span[event, 1]):
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
            use_offset = graph.use_span[lots[place], 0] - use_start[place]
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
