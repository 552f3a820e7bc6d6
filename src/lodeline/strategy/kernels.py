"""A day of the network, compiled: what arrives, is ordered, used, made, rationed and sent.

Every rule is proportional where no rank stands: twice the masses give twice the flows, and what is split in two parts
acts as the whole did. Sums are taken in the order of the tables, so an answer is the same bits each time. Elements ride
along: what leaves a holding has its mean content of that day. All kernels stand in this one file because numba's cache
notices changes only of the file that a kernel stands in.

Masses kg, rates kg a day. Of elements only those that can come into a holding are kept: most goods have few. Lists of
one table's rows by another's are spans: those of row i from start[i] to start[i + 1].
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lodeline.compiled import njit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: Rules of rationing.
PROPORTIONAL: Final = 0
PRIORITY: Final = 1
GUARANTEE: Final = 2
#: An order served to less than this part of it was not served.
_WHOLE: Final = 1 - 1e-9


class Plan(NamedTuple):
    """What does not change in a run: h holdings, e edges, u units, n needs, p outputs, k elements."""

    target: Ints  # (e,)
    source: Ints
    flow: Floats
    most: Floats
    rank: Ints
    qualified_from: Ints
    held: Flags  # goods of licences held may go where openness closes
    lapse_day: Ints  # (l,) behind this day no more than so much of them is left, by day
    lapse_edge: Ints
    lapse_left: Floats
    slot_start: Ints  # (e + 1,) a place in `State.under` for each day of transit
    in_start: Ints  # (h + 1,)
    in_edge: Ints
    out_start: Ints
    out_edge: Ints  # of one source by rank
    origin: Floats  # (h,)
    residual: Floats
    floor: Floats
    element_start: Ints  # (h + 1,) the elements that can be in a holding
    element: Ints
    content: Floats  # as `element`
    under_start: Ints  # (e,) the first place in `State.under_elements`: for each day those of the source
    goes_start: Ints  # (e,) the first place in `goes`
    goes: Ints  # of each element of an edge's source, the place at its target
    normal: Floats  # (h,) stock after arrivals on a day of the base window
    normal_under: Floats  # (h,) under way to it then
    base_in: Floats  # (h,) by edges
    base_out: Floats  # (h,) by edges and units
    made: Floats  # (h,) by units
    is_plant: Flags  # (u,)
    unit_most: Floats
    need_start: Ints
    need_holding: Ints
    need_rate: Floats
    need_group: Ints
    out_of_start: Ints
    made_holding: Ints
    made_rate: Floats
    passed_on: Floats  # (p, k) part of what a unit takes of an element that goes into this output
    first: Floats  # (days, e) under way as filed; no rows where under way is as in the base window
    edge_row: Ints  # (e,) row in `edge_open`, -1 where it is open throughout
    edge_open: Floats  # (days, rows)
    edge_capped: Flags  # (days, rows) a control acts: its share is of the base, and not of what is ordered
    edge_later: Floats  # (days, rows) the most that it is open from then on, where goods wait for that
    origin_row: Ints
    origin_open: Floats
    unit_row: Ints
    unit_open: Floats
    rule: int
    guarantee: float
    substitution: float
    smoothing: float
    returning: float


class State(NamedTuple):
    """What a run changes."""

    stock: Floats  # (h,)
    stock_elements: Floats  # as `Plan.element`
    turn: Ints  # (e,) the place of today among its days of transit
    under: Floats  # what was sent, a place for each day of transit
    under_elements: Floats
    coming: Floats  # (h,) under way to it
    held_kg: Floats  # (e,)
    limit: Floats  # (e,) the most that may be ordered today
    wanted: Floats  # (e,) ordered today
    licensed: Floats  # (e,) of that, by licences that were held
    sent: Floats  # (e,)
    waiting: Floats  # (e,) was ordered while it was shut, and goes when it opens
    released: Floats  # (e,) of today's order, what waited
    kept: Floats  # (h,) what waits here
    short: Flags  # (e,) what was ordered yesterday was not sent
    missed: Floats  # (h,) ordered yesterday by it and not sent
    use: Floats  # (h,) of the base window's, what could be used yesterday had there been enough of it; at most 1
    begun: Floats  # (h,) stock after arrivals
    share: Floats  # (h,) what is there, as a part of what units want to take
    asked: Floats  # (u,) activity that is wanted
    owed: Floats  # (u,) days of full activity that a plant lost and has not made up
    activity: Floats
    taken: Floats  # (n,)
    taken_elements: Floats  # (u, k)


class Record(NamedTuple):
    """What a run tells. The rows of stock, activity and sent are those asked for."""

    holdings: Ints
    units: Ints
    stock: Floats  # (days, rows) at the end of the day
    activity: Floats  # (days, rows)
    sent: Floats  # (days, e); no rows where nobody asked
    sent_kg: Floats  # (e,)
    missing_kg: Floats  # (e,) less than in the base window
    scarce: Floats  # (n,) days of activity that a unit lost, by the need that bound it
    elements: Floats  # (5, k) origin, residual in, residual out, consumed, process loss


@njit(cache=True, nogil=True)
def run(plan: Plan, state: State, record: Record, days: int) -> None:
    """Walks the days, writing into state and record."""
    lapsed = 0
    for day in range(days):
        while lapsed < len(plan.lapse_day) and plan.lapse_day[lapsed] < day:
            edge = plan.lapse_edge[lapsed]
            state.held_kg[edge] = min(state.held_kg[edge], plan.lapse_left[lapsed])
            lapsed += 1
        _arrive(plan, state, record, day)
        _order(plan, state, day)
        _decide(plan, state, day)
        _use(plan, state, record)
        _ration(plan, state)
        _move(plan, state, record)
        for place, holding in enumerate(record.holdings):
            record.stock[day, place] = state.stock[holding]
        for place, unit in enumerate(record.units):
            record.activity[day, place] = state.activity[unit]
        for edge, kg in enumerate(state.sent):
            record.sent_kg[edge] += kg
            record.missing_kg[edge] += max(0.0, plan.flow[edge] - kg)
        if len(record.sent) > 0:
            record.sent[day, :] = state.sent


@njit(cache=True, nogil=True)
def _arrive(plan: Plan, state: State, record: Record, day: int) -> None:
    """What was sent a transit ago arrives; origins and residual come in; a negative one takes what is there."""
    stock, elements = state.stock, state.stock_elements
    for edge in range(len(plan.flow)):
        here, from_ = plan.target[edge], plan.source[edge]
        turn = state.turn[edge]
        kg, filed = state.under[plan.slot_start[edge] + turn], 0.0
        if day < len(plan.first):
            filed = plan.first[day, edge]
        stock[here] += kg + filed
        state.coming[here] -= kg + filed
        held = plan.element_start[from_]
        width = plan.element_start[from_ + 1] - held
        for place in range(width):
            to = plan.goes[plan.goes_start[edge] + place]
            elements[to] += state.under_elements[plan.under_start[edge] + turn * width + place]
            elements[to] += filed * plan.content[held + place]
    for here in range(len(stock)):
        first, last = plan.element_start[here], plan.element_start[here + 1]
        came = plan.origin[here]
        if came > 0.0:
            if plan.origin_row[here] >= 0:
                came *= plan.origin_open[day, plan.origin_row[here]]
            stock[here] += came
            for place in range(first, last):
                elements[place] += came * plan.content[place]
                record.elements[0, plan.element[place]] += came * plan.content[place]
        rest = plan.residual[here]
        if rest > 0.0:
            stock[here] += rest
            for place in range(first, last):
                elements[place] += rest * plan.content[place]
                record.elements[1, plan.element[place]] += rest * plan.content[place]
        elif rest < 0.0 and stock[here] > 0.0:
            part = min(1.0, -rest / stock[here])
            stock[here] -= min(stock[here], -rest)
            for place in range(first, last):
                gone = part * elements[place]
                elements[place] -= gone
                record.elements[2, plan.element[place]] += gone
        state.begun[here] = stock[here]


@njit(cache=True, nogil=True)
def _order(plan: Plan, state: State, day: int) -> None:
    """Each receiver orders what keeps its stock and what is under way at their level, where a control acts no more than
    it leaves of the base; what it blocks, and what a supplier did not send yesterday, is asked of other suppliers that
    have room. What waits for a licence is kept for the receiver, never more than in the base window; once it opens,
    what is still lacking of that goes at `returning` of the base a day, and the rest is wanted no more."""
    state.kept[:] = 0.0
    for edge, kg in enumerate(state.waiting):
        state.kept[plan.source[edge]] += kg
    for here in range(len(state.stock)):
        first, last = plan.in_start[here], plan.in_start[here + 1]
        if first == last:
            continue
        pace, gap = 1.0, 0.0
        if plan.base_in[here] > 0.0:
            gap = plan.normal[here] + plan.normal_under[here] - state.stock[here] - state.coming[here]
            gap += state.kept[here]
            pace = min(2.0, max(0.0, state.use[here] + gap / (plan.smoothing * plan.base_in[here])))
        sought, room, opened = state.missed[here], 0.0, 0.0
        for place in range(first, last):
            edge = plan.in_edge[place]
            state.wanted[edge] = state.licensed[edge] = state.released[edge] = 0.0
            if day < plan.qualified_from[edge]:
                continue
            whole = min(plan.flow[edge] * pace, plan.most[edge])
            row, limit = plan.edge_row[edge], plan.most[edge]
            if row >= 0 and plan.edge_capped[day, row]:
                # The open share of the base; of a supplier that stands by, of what it can send.
                limit = plan.edge_open[day, row] * (plan.flow[edge] if plan.flow[edge] > 0.0 else limit)
            state.limit[edge] = limit
            wanted = min(whole, limit)
            if not state.short[edge]:
                room += limit - wanted
            if row >= 0 and plan.edge_open[day, row] < 1.0:
                if plan.held[edge]:
                    # Of a licence that is held no more than the base goes either.
                    state.licensed[edge] = min(max(0.0, min(whole, plan.flow[edge]) - wanted), state.held_kg[edge])
                    wanted += state.licensed[edge]
                later = plan.edge_later[day, row] - plan.edge_open[day, row]
                if later > 0.0:
                    state.waiting[edge] += plan.flow[edge] * min(pace, 1.0) * later
            sought += whole - wanted
            state.wanted[edge] = wanted
            if state.waiting[edge] > 0.0 and plan.edge_later[day, row] <= plan.edge_open[day, row]:
                opened += state.waiting[edge]
        if opened > 0.0:
            part = min(1.0, max(0.0, gap) / opened)
            for place in range(first, last):
                edge = plan.in_edge[place]
                row = plan.edge_row[edge]
                if state.waiting[edge] > 0.0 and plan.edge_later[day, row] <= plan.edge_open[day, row]:
                    state.waiting[edge] *= part
                    most = (1.0 + plan.returning) * plan.edge_open[day, row] * plan.flow[edge]
                    state.released[edge] = min(state.waiting[edge], max(0.0, most - state.wanted[edge]))
        sought *= plan.substitution
        if sought > 0.0 and room > 0.0:
            part = min(1.0, sought / room)
            for place in range(first, last):
                edge = plan.in_edge[place]
                if day >= plan.qualified_from[edge] and not state.short[edge]:
                    spare = state.limit[edge] + state.licensed[edge] - state.wanted[edge]
                    state.wanted[edge] += part * max(0.0, spare)


@njit(cache=True, nogil=True)
def _decide(plan: Plan, state: State, day: int) -> None:
    """The activity that each unit wants, by the output that is asked for most, and what it would take for it."""
    orders = np.zeros(len(state.stock))
    state.kept[:] = 0.0
    for edge, kg in enumerate(state.wanted):
        orders[plan.source[edge]] += kg
        row = plan.edge_row[edge]
        if row >= 0 and plan.edge_later[day, row] > plan.edge_open[day, row]:
            orders[plan.source[edge]] += plan.flow[edge] * (plan.edge_later[day, row] - plan.edge_open[day, row])
        state.kept[plan.source[edge]] += state.waiting[edge]
    for unit in range(len(state.asked)):
        for need in range(plan.need_start[unit], plan.need_start[unit + 1]):
            orders[plan.need_holding[need]] += plan.need_rate[need] * state.asked[unit]
    for unit in range(len(state.asked)):
        asked, is_asked_for = 1.0 + state.owed[unit], False
        if not plan.is_plant[unit]:
            for output in range(plan.out_of_start[unit], plan.out_of_start[unit + 1]):
                here = plan.made_holding[output]
                if plan.base_out[here] <= 0.0 or plan.made_rate[output] <= 0.0:
                    continue
                more = orders[here] - plan.base_out[here]
                more += (plan.normal[here] + state.kept[here] - state.stock[here]) / plan.smoothing
                wish = 1.0 + more / (plan.made[here] + plan.base_in[here])
                asked = wish if not is_asked_for else max(asked, wish)
                is_asked_for = True
        most = plan.unit_most[unit]
        if plan.unit_row[unit] >= 0 and plan.unit_open[day, plan.unit_row[unit]] < 1.0:
            most = min(most, plan.unit_open[day, plan.unit_row[unit]])
        state.asked[unit] = min(most, max(0.0, asked))
    claims = orders
    claims[:] = 0.0
    for unit in range(len(state.asked)):
        for need in range(plan.need_start[unit], plan.need_start[unit + 1]):
            claims[plan.need_holding[need]] += plan.need_rate[need] * state.asked[unit]
    for here, kg in enumerate(claims):
        state.share[here] = max(0.0, state.begun[here] - plan.floor[here]) / kg if kg > 0.0 else 0.0


@njit(cache=True, nogil=True)
def _use(plan: Plan, state: State, record: Record) -> None:
    """Units take what they can, limited by the scarcest need; inputs that stand in for each other count together."""
    state.use[:] = 1.0
    for unit in range(len(state.asked)):
        first, last = plan.need_start[unit], plan.need_start[unit + 1]
        asked, binding = state.asked[unit], -1
        # What the scarcest input allows, and what the others would without it.
        can = without = asked
        for need in range(first, last):
            group, rate, got = plan.need_group[need], 0.0, 0.0
            scarcest, least = need, np.inf
            for other in range(first, last):
                if other == need or (group >= 0 and plan.need_group[other] == group):
                    if group >= 0 and other < need:
                        rate = 0.0  # the group was looked at with its first need
                        break
                    share = state.share[plan.need_holding[other]] * plan.need_rate[other] * asked
                    rate += plan.need_rate[other]
                    got += share
                    if plan.need_rate[other] > 0.0 and share / plan.need_rate[other] < least:
                        scarcest, least = other, share / plan.need_rate[other]
            if rate > 0.0 and got < can * rate:
                without = can
                can, binding = got / rate, scarcest
            elif rate > 0.0 and got < without * rate:
                without = got / rate
        state.activity[unit] = can
        if binding >= 0:
            record.scarce[binding] += max(0.0, (min(asked, 1.0) if plan.is_plant[unit] else asked) - can)
        if plan.is_plant[unit]:
            state.owed[unit] = max(0.0, state.owed[unit] + 1.0 - can)
        group = plan.need_group[binding] if binding >= 0 else -1
        for need in range(first, last):
            here = plan.need_holding[need]
            is_binding = need == binding or (group >= 0 and plan.need_group[need] == group)
            idle = 1.0 - min(1.0, without if is_binding else can)
            if idle > 0.0 and plan.need_rate[need] > 0.0:
                state.use[here] = max(0.0, state.use[here] - idle * plan.need_rate[need] / plan.base_out[here])
            state.taken[need] = plan.need_rate[need] * min(can, state.share[here] * asked)
        for need in range(first, last):
            if plan.need_group[need] >= 0:
                _fill(plan, state, (need, first, last), can, asked)
    for need, kg in enumerate(state.taken):
        here = plan.need_holding[need]
        state.stock[here] = max(0.0, state.stock[here] - kg)


@njit(cache=True, nogil=True)
def _fill(plan: Plan, state: State, needs: tuple[int, int, int], can: float, asked: float) -> None:
    """What inputs of a group fall short of is taken of the others in it; done once, with the group's first need.
    `needs`: this one, and the span of its unit's."""
    need, first, last = needs
    group, short, spare = plan.need_group[need], 0.0, 0.0
    for other in range(first, last):
        if plan.need_group[other] == group:
            if other < need:
                return
            short += plan.need_rate[other] * can - state.taken[other]
            spare += state.share[plan.need_holding[other]] * plan.need_rate[other] * asked - state.taken[other]
    if short > 0.0 and spare > 0.0:
        part = min(1.0, short / spare)
        for other in range(first, last):
            if plan.need_group[other] == group:
                more = state.share[plan.need_holding[other]] * plan.need_rate[other] * asked - state.taken[other]
                state.taken[other] += part * more


@njit(cache=True, nogil=True)
def _ration(plan: Plan, state: State) -> None:
    """What is left above a holding's floor goes to all in proportion, by rank, or in part to all and then by rank; what
    waited goes of what nobody ordered today."""
    sent, wanted, out_edge = state.sent, state.wanted, plan.out_edge
    for here in range(len(state.stock)):
        first, last = plan.out_start[here], plan.out_start[here + 1]
        left, orders, waited = max(0.0, state.stock[here] - plan.floor[here]), 0.0, 0.0
        for place in range(first, last):
            sent[out_edge[place]] = 0.0
            orders += wanted[out_edge[place]]
            waited += state.released[out_edge[place]]
        if waited > 0.0:
            part = min(1.0, max(0.0, left - orders) / waited)
            for place in range(first, last):
                state.released[out_edge[place]] *= part
        if orders <= 0.0:
            continue
        if orders <= left or plan.rule == PROPORTIONAL:
            part = min(1.0, left / orders)
            for place in range(first, last):
                sent[out_edge[place]] = wanted[out_edge[place]] * part
            continue
        if plan.rule == GUARANTEE:
            sure = 0.0
            for place in range(first, last):
                sure += plan.guarantee * min(wanted[out_edge[place]], plan.flow[out_edge[place]])
            part = min(1.0, left / sure) if sure > 0.0 else 0.0
            for place in range(first, last):
                edge = out_edge[place]
                sent[edge] = plan.guarantee * min(wanted[edge], plan.flow[edge]) * part
            left = max(0.0, left - sure * part)
        start = first
        while start < last and left > 0.0:
            stop, group = start, 0.0
            while stop < last and plan.rank[out_edge[stop]] == plan.rank[out_edge[start]]:
                group += wanted[out_edge[stop]] - sent[out_edge[stop]]
                stop += 1
            part = min(1.0, left / group) if group > 0.0 else 0.0
            for place in range(start, stop):
                sent[out_edge[place]] += part * (wanted[out_edge[place]] - sent[out_edge[place]])
            left -= min(left, group)
            start = stop
    for edge, kg in enumerate(state.released):
        sent[edge] += kg


@njit(cache=True, nogil=True)
def _move(plan: Plan, state: State, record: Record) -> None:
    """What is sent is under way, what is made lies in stock; elements go with it, and what no output holds is lost."""
    stock, begun = state.stock, state.begun
    if len(state.stock_elements) > 0:
        _move_elements(plan, state, record)
    state.missed[:] = 0.0
    for edge in range(len(state.sent)):
        kg, wanted, waited = state.sent[edge], state.wanted[edge], state.released[edge]
        state.held_kg[edge] -= min(kg, state.licensed[edge])
        state.under[plan.slot_start[edge] + state.turn[edge]] = kg
        state.turn[edge] += 1
        if state.turn[edge] == plan.slot_start[edge + 1] - plan.slot_start[edge]:
            state.turn[edge] = 0
        state.coming[plan.target[edge]] += kg
        stock[plan.source[edge]] = max(0.0, stock[plan.source[edge]] - kg)
        state.short[edge] = kg - waited < wanted * _WHOLE
        if state.short[edge]:
            state.missed[plan.target[edge]] += wanted - (kg - waited)
        state.waiting[edge] -= min(waited, state.waiting[edge])
    for unit in range(len(state.activity)):
        for output in range(plan.out_of_start[unit], plan.out_of_start[unit + 1]):
            stock[plan.made_holding[output]] += plan.made_rate[output] * state.activity[unit]
    begun[:] = 0.0


@njit(cache=True, nogil=True)
def _move_elements(plan: Plan, state: State, record: Record) -> None:
    """All that leaves a holding today has its content after arrivals."""
    elements, begun, start = state.stock_elements, state.begun, plan.element_start
    gone = np.zeros(len(begun))
    state.taken_elements[:] = 0.0
    for unit in range(len(state.activity)):
        for need in range(plan.need_start[unit], plan.need_start[unit + 1]):
            here, kg = plan.need_holding[need], state.taken[need]
            if kg > 0.0:
                gone[here] += kg
                part = kg / begun[here]
                for place in range(start[here], start[here + 1]):
                    state.taken_elements[unit, plan.element[place]] += part * elements[place]
    for edge in range(len(state.sent)):
        here, kg = plan.source[edge], state.sent[edge]
        width = start[here + 1] - start[here]
        slot = plan.under_start[edge] + state.turn[edge] * width
        part = kg / begun[here] if kg > 0.0 else 0.0
        gone[here] += kg
        for place in range(width):
            state.under_elements[slot + place] = part * elements[start[here] + place]
    for here, kg in enumerate(gone):
        if kg > 0.0:
            rest = max(0.0, 1.0 - kg / begun[here])
            for place in range(start[here], start[here + 1]):
                elements[place] *= rest
    for unit in range(len(state.activity)):
        end = 3 if plan.is_plant[unit] else 4
        record.elements[end, :] += state.taken_elements[unit, :]
        for output in range(plan.out_of_start[unit], plan.out_of_start[unit + 1]):
            here = plan.made_holding[output]
            for place in range(start[here], start[here + 1]):
                element = plan.element[place]
                kg = state.taken_elements[unit, element] * plan.passed_on[output, element]
                elements[place] += kg
                record.elements[end, element] -= kg
