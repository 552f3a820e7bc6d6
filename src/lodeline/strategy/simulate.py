"""A run of the network day by day: stock, activity and shipments, as instruments leave them open.

Without an instrument every day is the base window's, to rounding, whatever the transit and however goods go in circles
(`Network.arrivals` aside: what was filed is lumpy). Same inputs, same bytes. What is asked for is changed in two places
only, and the trajectory says where: a level that one day of the base window does not leave anything of is raised
(`raised`), and a capacity below what was used is the use.

A day: what was sent a transit ago arrives, origins and the residual come in. A receiver orders b·o·(1 + gap/(τ·Σb)),
between nothing and twice its base; the gap is what stock and goods under way lack of their level (that counts goods
ordered once: without it a long transit makes orders swing). What is blocked, and what a supplier left unsent the day
before, it asks of other qualified suppliers with room. Units follow the output that is asked for most (joint products
pile up, nobody stops for them), limited by essential inputs, capacity, openness; holdings give their own units first,
then ship by the rule. Plants use what they need while they have it, limited by the scarcest essential class; nothing is
made up for later. τ: Sterman, Management Science 35 (1989), 321-339, for orders that count what is under way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from lodeline.errors import UserError
from lodeline.strategy import kernels
from lodeline.strategy.network import Floats, Ints, Network, Openness
from lodeline.strategy.scenario import RULES, Rule
from lodeline.strategy.soundness import check_run, validate

#: Assumption (`order_smoothing_days`): a lack of stock is ordered over so many days.
SMOOTHING_DAYS: Final = 28.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Elements:
    """Kilograms of each element in a run; `error` is what the books of the run do not close by, as a part of all that
    came: |start + origin + residual in − stock − under way − consumed − process loss − residual out|."""

    start: Floats
    origin: Floats
    residual_in: Floats
    residual_out: Floats
    consumed: Floats
    process_loss: Floats
    stock: Floats
    under_way: Floats
    error: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Trajectory:
    """What happened. Rows of `stock` and `activity` are those of `holdings` and `units`, numbers of the network's rows.

    stock [.., days]: kg at the end of the day. activity [.., days]: 1 is the base window's, or the plant's need met.
    shipped [edges, days]: kg, None where only plants were asked for; shipped_kg [edges]: in all; missing_kg [edges]:
    less than the base window's, days with more left out. scarce [needs]: days of activity that the unit lost for want
    of this input. raised [holdings]: kg that a level was raised by so that the base window can be kept up.
    """

    days: int
    holdings: Ints
    units: Ints
    stock: Floats
    activity: Floats
    shipped: Floats | None
    shipped_kg: Floats
    missing_kg: Floats
    scarce: Floats
    raised: Floats
    elements: Elements | None

    def first_below(self, share: float | Floats, *, for_days: int = 1) -> Floats:
        """[rows of activity] the first day on which a unit falls below a share of its activity and stays below for so
        many days; nan: never. Rounding is no fall."""
        under = self.activity < np.reshape(np.asarray(share, np.float64) - 1e-9, (-1, 1))
        if for_days > 1:
            sums = np.cumsum(np.pad(under, ((0, 0), (1, for_days - 1))), axis=1)
            under = sums[:, for_days:] - sums[:, :-for_days] == for_days
        return np.where(under.any(axis=1), under.argmax(axis=1), np.nan)

    def lost_days(self) -> Floats:
        """[rows of activity] days of full activity that were lost."""
        return np.asarray(np.maximum(0.0, 1.0 - self.activity).sum(axis=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """The input that cost a unit most activity, as a row of `Units.need_holding`, and the edge into that holding that
    sent least of its base flow; -1: none did, as where a stock was never refilled."""

    need: int
    edge: int


def simulate(
    network: Network,
    openness: Openness,
    *,
    days: int,
    rule: Rule = "proportional",
    guarantee: float = 0.0,
    substitution: float = 1.0,
    smoothing_days: float = SMOOTHING_DAYS,
    with_elements: bool = True,
    at_plants_only: bool = False,
) -> Trajectory:
    """Runs the network for `days` days. UserError for what no run can be made of (`validate`), or that is too large.

    at_plants_only: keeps stock and activity of plants alone, and of shipments the sums, as draws need.
    """
    validate(network)
    check_run(network, openness, days=days, guarantee=guarantee, substitution=substitution, smoothing=smoothing_days)
    if rule not in RULES:
        raise UserError(f"no rule {rule!r}: {', '.join(RULES)}", f"没有规则 {rule!r}：{'、'.join(RULES)}")
    settings = (RULES.index(rule), float(guarantee), float(substitution), float(smoothing_days))
    plan, state, raised = _prepared(network, openness, days, settings=settings, with_elements=with_elements)
    record = _record(network, days, plan.content.shape[1], at_plants_only=at_plants_only)
    start = _mass(plan, state)
    kernels.run(plan, state, record, days)
    return Trajectory(
        days=days, holdings=record.holdings, units=record.units, stock=record.stock.T, activity=record.activity.T,
        shipped=None if at_plants_only else record.sent.T, shipped_kg=record.sent_kg, missing_kg=record.missing_kg,
        scarce=record.scarce, raised=raised,
        elements=_elements(plan, state, record, start) if with_elements else None,
    )  # fmt: skip


def binding(network: Network, trajectory: Trajectory, unit: int) -> Binding | None:
    """What a unit lost activity for; None where it lost none."""
    first, last = network.units.need_start[unit], network.units.need_start[unit + 1]
    lost = trajectory.scarce[first:last]
    if len(lost) == 0 or lost.max() <= 1e-9:
        return None
    need = int(first + lost.argmax())
    into = np.flatnonzero(network.edges.target == network.units.need_holding[need])
    missing = trajectory.missing_kg[into]
    return Binding(need=need, edge=int(into[missing.argmax()]) if len(into) and missing.max() > 0 else -1)


def _prepared(
    network: Network, openness: Openness, days: int, *, settings: tuple[int, float, float, float], with_elements: bool
) -> tuple[kernels.Plan, kernels.State, Floats]:
    rule, guarantee, substitution, smoothing = settings
    holdings, edges, units = network.holdings, network.edges, network.units
    count, flow = len(holdings), _floats(edges.flow)
    content = _floats(holdings.content) if with_elements else np.zeros((count, 0))
    made_unit = np.repeat(np.arange(len(units)), np.diff(units.out_start))
    need_unit = np.repeat(np.arange(len(units)), np.diff(units.need_start))
    base_in = _sums(edges.target, flow, count)
    needed = _sums(units.need_holding, units.need_rate, count)
    base_out = _sums(edges.source, flow, count) + needed
    places = np.maximum(edges.transit, 1).astype(np.int64)
    slot_start = np.concatenate([np.zeros(1, np.int64), np.cumsum(places)])
    slot_edge = np.repeat(np.arange(len(edges)), places)
    under, first = flow[slot_edge], np.zeros((0, len(edges)))
    if network.arrivals is not None:
        under, first = np.zeros(len(slot_edge)), np.ascontiguousarray(network.arrivals[:, :days].T, np.float64)
    came = base_in + holdings.origin + np.maximum(holdings.residual, 0.0)
    taken = np.maximum(-holdings.residual, 0.0)
    # One day of the base window must leave nothing below zero: production comes at its end.
    raised = np.maximum(0.0, base_out + taken - (holdings.level_kg + came))
    raised = np.where(raised > 1e-12 * (base_out + taken), raised, 0.0)
    level = holdings.level_kg + raised
    # In the order in which a day adds, so that a gap is exactly nothing.
    normal = level + base_in + holdings.origin
    normal = np.where(holdings.residual > 0, normal + holdings.residual, normal - np.minimum(normal, taken))
    out_order = np.lexsort((np.arange(len(edges)), edges.rank, edges.source))
    edge_row, edge_open = _touched(openness.edge, days)
    origin_row, origin_open = _touched(openness.origin, days)
    unit_row, unit_open = _touched(openness.unit, days)
    plan = kernels.Plan(
        target=_ints(edges.target), source=_ints(edges.source), flow=flow, most=np.maximum(_floats(edges.most), flow),
        rank=_ints(edges.rank), qualified_from=_ints(edges.qualified_from), held=np.array(openness.held, np.bool_),
        slot_start=slot_start, in_start=_starts(edges.target, count),
        in_edge=np.argsort(edges.target, kind="stable").astype(np.int64), out_start=_starts(edges.source, count),
        out_edge=out_order.astype(np.int64), origin=_floats(holdings.origin), residual=_floats(holdings.residual),
        floor=np.minimum(_floats(holdings.floor_kg), np.maximum(0.0, normal - base_out)), content=content,
        normal=normal, normal_under=_sums(edges.target, flow * (places - 1), count), base_in=base_in,
        base_out=base_out, made=_sums(units.out_holding, units.out_rate, count),
        is_plant=np.array(units.is_plant, np.bool_), unit_most=np.maximum(_floats(units.most), 1.0),
        need_start=_ints(units.need_start), need_holding=_ints(units.need_holding),
        need_rate=_floats(units.need_rate), need_group=_ints(units.need_group), out_of_start=_ints(units.out_start),
        made_holding=_ints(units.out_holding), made_rate=_floats(units.out_rate),
        passed_on=_passed_on(network, content, made_unit, need_unit), first=first, edge_row=edge_row,
        edge_open=edge_open, origin_row=origin_row, origin_open=origin_open, unit_row=unit_row, unit_open=unit_open,
        rule=rule, guarantee=guarantee, substitution=substitution, smoothing=smoothing,
    )  # fmt: skip
    coming = _sums(edges.target[slot_edge], under, count) + _sums(edges.target, first.sum(axis=0), count)
    state = kernels.State(
        stock=level, stock_elements=level[:, None] * content, under=under,
        under_elements=under[:, None] * content[edges.source[slot_edge]], coming=coming,
        held_kg=_floats(edges.held_kg), wanted=np.zeros(len(edges)), licensed=np.zeros(len(edges)),
        sent=np.zeros(len(edges)), short=np.zeros(len(edges), np.bool_), missed=np.zeros(count),
        use=np.ones(count), begun=np.zeros(count), claim=np.zeros(count), asked=np.ones(len(units)),
        activity=np.zeros(len(units)), taken=np.zeros(len(units.need_holding)),
        taken_elements=np.zeros((len(units), content.shape[1])),
    )  # fmt: skip
    return plan, state, raised


def _record(network: Network, days: int, width: int, *, at_plants_only: bool) -> kernels.Record:
    holdings, edges, units = network.holdings, network.edges, network.units
    rows = np.flatnonzero(holdings.is_plant) if at_plants_only else np.arange(len(holdings))
    unit_rows = np.flatnonzero(units.is_plant) if at_plants_only else np.arange(len(units))
    return kernels.Record(
        holdings=rows.astype(np.int64), units=unit_rows.astype(np.int64), stock=np.zeros((days, len(rows))),
        activity=np.zeros((days, len(unit_rows))), sent=np.zeros((0 if at_plants_only else days, len(edges))),
        sent_kg=np.zeros(len(edges)), missing_kg=np.zeros(len(edges)), scarce=np.zeros(len(units.need_holding)),
        elements=np.zeros((5, width)),
    )  # fmt: skip


def _passed_on(network: Network, content: Floats, made_unit: Ints, need_unit: Ints) -> Floats:
    """[outputs, elements] what part of an element that its unit takes goes into an output; together never above 1."""
    units, width = network.units, content.shape[1]
    went_in, came_out = np.zeros((len(units), width)), np.zeros((len(units), width))
    np.add.at(went_in, need_unit, units.need_rate[:, None] * content[units.need_holding])
    made = units.out_rate[:, None] * content[units.out_holding]
    np.add.at(came_out, made_unit, made)
    whole = np.maximum(went_in, came_out)[made_unit]
    return np.divide(made, whole, out=np.zeros_like(made), where=whole > 0)


def _touched(share: Floats, days: int) -> tuple[Ints, Floats]:
    """The rows that are not 1 throughout: the number of each among them, else -1; and them, a day a row."""
    rows = np.flatnonzero((share[:, :days] != 1.0).any(axis=1))
    number = np.full(len(share), -1, np.int64)
    number[rows] = np.arange(len(rows))
    return number, np.ascontiguousarray(share[rows, :days].T, dtype=np.float64)


def _mass(plan: kernels.Plan, state: kernels.State) -> Floats:
    """[3, elements] in stock, under way, and under way as filed."""
    filed = plan.first.sum(axis=0) @ plan.content[plan.source] if len(plan.first) else np.zeros(plan.content.shape[1])
    return np.stack([state.stock_elements.sum(axis=0), state.under_elements.sum(axis=0), filed])


def _elements(plan: kernels.Plan, state: kernels.State, record: kernels.Record, start: Floats) -> Elements:
    origin, residual_in, residual_out, consumed, process_loss = record.elements
    stock, under_way, _ = _mass(plan, state)
    came = start.sum(axis=0) + origin + residual_in
    open_ = np.abs(came - stock - under_way - consumed - process_loss - residual_out)
    return Elements(
        start=start.sum(axis=0), origin=origin, residual_in=residual_in, residual_out=residual_out, consumed=consumed,
        process_loss=process_loss, stock=stock, under_way=under_way,
        error=np.divide(open_, came, out=np.zeros_like(came), where=came > 0),
    )  # fmt: skip


def _sums(rows: Ints, weights: Floats, count: int) -> Floats:
    return np.bincount(rows, weights, count).astype(np.float64)


def _starts(rows: Ints, count: int) -> Ints:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(np.bincount(rows, minlength=count))])


def _floats(values: Floats) -> Floats:
    """A copy: compiled once for arrays that may be written."""
    return np.array(values, np.float64, order="C")


def _ints(values: Ints) -> Ints:
    return np.array(values, np.int64, order="C")
