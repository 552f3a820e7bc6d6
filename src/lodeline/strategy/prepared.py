"""The tables of a network as the kernels take them: lists by holding, what is normal, which element can be where."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from lodeline.strategy.kernels import Plan, State
from lodeline.strategy.network import Bools, Floats, Ints, Lapses, Network, Openness


class Settings(NamedTuple):
    """How a run goes; `rule` is a number of the kernels."""

    rule: int
    guarantee: float
    substitution: float
    smoothing: float
    returning: float


class Prepared(NamedTuple):
    """Plan and state of a run that begins; by how many kg each holding's level was raised; and of which element each
    place of `State.under_elements` is."""

    plan: Plan
    state: State
    raised: Floats
    under_element: Ints


class _Normal(NamedTuple):
    """The base window: what each holding begins with, raised where a day of it needs more, and its rates."""

    level: Floats
    raised: Floats
    after_arrivals: Floats
    comes: Floats
    goes: Floats


class _Content(NamedTuple):
    """The elements that can come into each holding, one after the other; see `Plan`."""

    element_start: Ints
    element: Ints
    content: Floats
    under_start: Ints
    goes_start: Ints
    goes: Ints


_NO_LAPSES: Final = Lapses(day=np.zeros(0, np.int64), edge=np.zeros(0, np.int64), left_kg=np.zeros(0))


def prepared(network: Network, openness: Openness, days: int, settings: Settings, content: Floats) -> Prepared:
    """A run that begins. content: [holdings, elements], no columns where nobody asks for them. Arrays are copies."""
    holdings, edges, units = network.holdings, network.edges, network.units
    count, flow = len(holdings), _floats(edges.flow)
    transit = np.maximum(edges.transit, 1).astype(np.int64)
    slots = np.concatenate([np.zeros(1, np.int64), np.cumsum(transit)])
    normal = _normal(network, flow)
    held = _content(network, content, transit)
    first = np.zeros((0, len(edges)))
    if network.arrivals is not None:
        first = np.ascontiguousarray(network.arrivals[:, :days].T, np.float64)
    below = openness.edge[:, :days] < 1.0
    capped = below if openness.capped is None else below | openness.capped[:, :days]
    edge_row, edge_open = _touched(openness.edge, days, capped)
    waits = np.zeros(len(edges), np.bool_) if openness.waits is None else np.array(openness.waits, np.bool_)
    origin_row, origin_open = _touched(openness.origin, days)
    unit_row, unit_open = _touched(openness.unit, days)
    lapses = network.lapses or _NO_LAPSES
    plan = Plan(
        target=_ints(edges.target), source=_ints(edges.source), flow=flow, most=np.maximum(_floats(edges.most), flow),
        rank=_ints(edges.rank), qualified_from=_ints(edges.qualified_from), held=np.array(openness.held, np.bool_),
        lapse_day=_ints(lapses.day), lapse_edge=_ints(lapses.edge), lapse_left=_floats(lapses.left_kg),
        slot_start=slots, in_start=_starts(edges.target, count), in_edge=_ints(np.argsort(edges.target, kind="stable")),
        out_start=_starts(edges.source, count),
        out_edge=_ints(np.lexsort((np.arange(len(edges)), edges.rank, edges.source))),
        origin=_floats(holdings.origin), residual=_floats(holdings.residual),
        floor=np.minimum(_floats(holdings.floor_kg), np.maximum(0.0, normal.after_arrivals - normal.goes)),
        element_start=held.element_start, element=held.element, content=held.content, under_start=held.under_start,
        goes_start=held.goes_start, goes=held.goes, normal=normal.after_arrivals,
        normal_under=_sums(edges.target, flow * (transit - 1), count), base_in=normal.comes, base_out=normal.goes,
        made=_sums(units.out_holding, units.out_rate, count), is_plant=np.array(units.is_plant, np.bool_),
        unit_most=np.maximum(_floats(units.most), 1.0), need_start=_ints(units.need_start),
        need_holding=_ints(units.need_holding), need_rate=_floats(units.need_rate), need_group=_ints(units.need_group),
        out_of_start=_ints(units.out_start), made_holding=_ints(units.out_holding), made_rate=_floats(units.out_rate),
        passed_on=_passed_on(network, content), first=first, edge_row=edge_row, edge_open=edge_open,
        edge_capped=np.ascontiguousarray(capped[edge_row >= 0].T), edge_later=_later(edge_open, edge_row, waits),
        origin_row=origin_row, origin_open=origin_open, unit_row=unit_row, unit_open=unit_open, **settings._asdict(),
    )  # fmt: skip
    slot_edge = np.repeat(np.arange(len(edges)), transit)
    slot, place = _spans(held.element_start[plan.source], np.diff(held.element_start)[plan.source], slot_edge)
    under = flow[slot_edge] if network.arrivals is None else np.zeros(len(slot_edge))
    state = _state(network, plan, normal.level, content.shape[1])._replace(
        under=under, under_elements=under[slot] * held.content[place]
    )
    state.coming[:] += _sums(plan.target[slot_edge], under, count)
    return Prepared(plan, state, normal.raised, held.element[place])


def _state(network: Network, plan: Plan, level: Floats, elements: int) -> State:
    holdings, edges, units = (len(table) for table in (network.holdings, network.edges, network.units))
    filed = np.zeros(edges) if network.arrivals is None else network.arrivals.sum(axis=1)
    return State(
        stock=level.copy(), stock_elements=np.repeat(level, np.diff(plan.element_start)) * plan.content,
        turn=np.zeros(edges, np.int64), under=np.zeros(0), under_elements=np.zeros(0),
        coming=_sums(plan.target, filed, holdings), held_kg=_floats(network.edges.held_kg),
        limit=np.zeros(edges),
        wanted=np.zeros(edges), licensed=np.zeros(edges), sent=np.zeros(edges), waiting=np.zeros(edges),
        released=np.zeros(edges), kept=np.zeros(holdings),
        short=np.zeros(edges, np.bool_), missed=np.zeros(holdings), use=np.ones(holdings), begun=np.zeros(holdings),
        share=np.zeros(holdings), asked=np.ones(units), owed=np.zeros(units), activity=np.zeros(units),
        taken=np.zeros(len(plan.need_holding)), taken_elements=np.zeros((units, elements)),
    )  # fmt: skip


def _normal(network: Network, flow: Floats) -> _Normal:
    """One day of the base window must leave nothing below zero, and production comes at its end: levels too low for
    that are raised."""
    holdings, edges, units = network.holdings, network.edges, network.units
    count = len(holdings)
    comes = _sums(edges.target, flow, count)
    goes = _sums(edges.source, flow, count) + _sums(units.need_holding, units.need_rate, count)
    taken = np.maximum(-holdings.residual, 0.0)
    most = holdings.level_kg + comes + holdings.origin + np.maximum(holdings.residual, 0.0)
    raised = np.maximum(0.0, goes + taken - most)
    raised = np.where(raised > 1e-12 * (goes + taken), raised, 0.0)
    # In the order in which a day adds, so that the gap of a normal day is nothing.
    after = holdings.level_kg + raised + comes + holdings.origin
    after = np.where(holdings.residual > 0, after + holdings.residual, after - np.minimum(after, taken))
    return _Normal(level=holdings.level_kg + raised, raised=raised, after_arrivals=after, comes=comes, goes=goes)


def _content(network: Network, content: Floats, transit: Ints) -> _Content:
    """An element can be in a holding that had it, or that gets it from one that can have it."""
    source, target = network.edges.source, network.edges.target
    can = content > 0.0
    while True:
        more = can.copy()
        np.logical_or.at(more, target, can[source])
        if (more == can).all():
            break
        can = more
    holding, element = np.nonzero(can)
    start = _starts(holding, len(can))
    number = np.full(can.shape, -1, np.int64)
    number[holding, element] = np.arange(len(holding))
    width = np.diff(start)[source]
    edge, place = _spans(start[source], width, np.arange(len(source)))
    under = np.concatenate([np.zeros(1, np.int64), np.cumsum(transit * width)])
    return _Content(
        element_start=start, element=_ints(element), content=content[holding, element], under_start=under[:-1].copy(),
        goes_start=np.cumsum(width) - width, goes=_ints(number[target[edge], element[place]]),
    )  # fmt: skip


def _passed_on(network: Network, content: Floats) -> Floats:
    """[outputs, elements] what part of an element that its unit takes goes into an output; together never above 1."""
    units, width = network.units, content.shape[1]
    made_unit = np.repeat(np.arange(len(units)), np.diff(units.out_start))
    need_unit = np.repeat(np.arange(len(units)), np.diff(units.need_start))
    went_in, came_out = np.zeros((len(units), width)), np.zeros((len(units), width))
    np.add.at(went_in, need_unit, units.need_rate[:, None] * content[units.need_holding])
    made = units.out_rate[:, None] * content[units.out_holding]
    np.add.at(came_out, made_unit, made)
    whole = np.maximum(went_in, came_out)[made_unit]
    return np.divide(made, whole, out=np.zeros_like(made), where=whole > 0)


def _touched(share: Floats, days: int, also: Bools | None = None) -> tuple[Ints, Floats]:
    """The rows that are not 1 throughout, or marked in `also`: the number of each among them, else -1; and them, a day
    a row."""
    found = (share[:, :days] != 1.0).any(axis=1)
    rows = np.flatnonzero(found if also is None else found | also.any(axis=1))
    number = np.full(len(share), -1, np.int64)
    number[rows] = np.arange(len(rows))
    return number, np.ascontiguousarray(share[rows, :days].T, dtype=np.float64)


def _later(open_: Floats, row: Ints, waits: Bools) -> Floats:
    """[days, rows] the most that an edge whose goods wait is open from a day on; of others what it is on the day."""
    later = open_.copy()
    rows = row[waits & (row >= 0)]
    later[:, rows] = np.maximum.accumulate(open_[::-1, rows], axis=0)[::-1]
    return later


def _spans(start: Ints, count: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """Places from start[i] to start[i] + count[i] for each i of rows, one span after the other; and the row of each."""
    counts = count[rows]
    owner = np.repeat(np.arange(len(rows)), counts)
    return owner, np.arange(len(owner)) - (np.cumsum(counts) - counts)[owner] + start[rows][owner]


def _sums(rows: Ints, weights: Floats, count: int) -> Floats:
    return np.bincount(rows, weights, count).astype(np.float64)


def _starts(rows: Ints, count: int) -> Ints:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(np.bincount(rows, minlength=count))])


def _floats(values: Floats) -> Floats:
    """A copy: kernels are compiled for arrays that may be written."""
    return np.array(values, np.float64, order="C")


def _ints(values: Ints) -> Ints:
    return np.array(values, np.int64, order="C")
