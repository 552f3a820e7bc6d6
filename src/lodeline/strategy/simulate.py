"""A run of the network day by day: stock, activity and shipments, as instruments leave them open.

Without an instrument every day is the base window's, to rounding, whatever the transit and however goods go in circles
(`Network.arrivals` aside: what was filed is lumpy). Same inputs, same bytes. What is asked for is changed in two places
only, and the trajectory says where: a level that one day of the base window does not leave anything of is raised
(`raised`), and a capacity below what was used is the use.

A day: what was sent a transit ago arrives, origins and the residual come in. A receiver orders w = b·(1 + gap/(τ·Σb)),
between nothing and twice its base; the gap is what stock and goods under way lack of their level (that counts goods
ordered once: without it a long transit makes orders swing). Where a control acts (openness o below 1, or a licence that
was granted: `Openness.capped`), min(w, o·b) is let through: no wider order cures it. What is blocked, and what a
supplier left unsent the day before, it asks of other qualified suppliers with room. Where that waits
(`Openness.waits`), makers go on making it, up to the base, and it goes once the edge is as open as it gets: after that
day's orders, with them no more than (1 + `returning`)·o·b a day, and in all no more than the gap. Units follow the
output that is asked for most (joint products pile up, nobody stops for them), limited by essential inputs, capacity,
openness; holdings give their own units first, then ship by the rule. Plants use what they need while they have it,
limited by the scarcest essential class, and make up what they lost up to their capacity. τ: Sterman, Management Science
35 (1989), 321-339, for orders that count what is under way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from lodeline.errors import UserError
from lodeline.language import enumerated, text
from lodeline.strategy import kernels
from lodeline.strategy.network import Floats, Ints, Network, Openness
from lodeline.strategy.prepared import Prepared, Settings, prepared
from lodeline.strategy.scenario import RULES, Rule
from lodeline.strategy.soundness import check_run, validate

#: Assumption (`order_smoothing_days`): a lack of stock is ordered over so many days.
SMOOTHING_DAYS: Final = 28.0
#: Assumption (`waiting_return_share`): of what waited, so much of the base goes a day beyond the base.
RETURNING: Final = 0.25


#: What the kernels call each rule.
_KERNEL_RULES: Final[dict[Rule, int]] = {
    "proportional": kernels.PROPORTIONAL, "priority": kernels.PRIORITY, "guarantee": kernels.GUARANTEE,
}  # fmt: skip
assert tuple(_KERNEL_RULES) == RULES, "a rule that the kernels do not know"


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
        """[rows of activity] days of full activity that were lost and not made up."""
        return np.asarray(np.maximum(0.0, (1.0 - self.activity).sum(axis=1)))


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
    returning: float = RETURNING,
    with_elements: bool = True,
    at_plants_only: bool = False,
) -> Trajectory:
    """Runs the network for `days` days. UserError for what no run can be made of (`validate`), or that is too large.

    at_plants_only: keeps stock and activity of plants alone, and of shipments the sums, as draws need.
    """
    validate(network)
    check_run(
        network, openness, days=days, guarantee=guarantee, substitution=substitution, smoothing=smoothing_days,
        returning=returning,
    )  # fmt: skip
    if rule not in RULES:
        raise UserError(text("no rule {rule!r}: {rules}", rule=rule, rules=enumerated(RULES)))
    settings = Settings(
        _KERNEL_RULES[rule], float(guarantee), float(substitution), float(smoothing_days), float(returning)
    )
    content = network.holdings.content.astype(np.float64) if with_elements else np.zeros((len(network.holdings), 0))
    ready = prepared(network, openness, days, settings, content)
    record = _record(network, days, content.shape[1], at_plants_only=at_plants_only)
    start = _mass(ready, content.shape[1])
    kernels.run(ready.plan, ready.state, record, days)
    return Trajectory(
        days=days, holdings=record.holdings, units=record.units, stock=record.stock.T, activity=record.activity.T,
        shipped=None if at_plants_only else record.sent.T, shipped_kg=record.sent_kg, missing_kg=record.missing_kg,
        scarce=record.scarce, raised=ready.raised,
        elements=_elements(ready, record, start) if with_elements else None,
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


def _mass(ready: Prepared, count: int) -> Floats:
    """[2, elements] in stock, and under way."""
    plan, state = ready.plan, ready.state
    return np.stack(
        [
            np.bincount(plan.element, state.stock_elements, count),
            np.bincount(ready.under_element, state.under_elements, count),
        ]
    )


def _elements(ready: Prepared, record: kernels.Record, start: Floats) -> Elements:
    plan = ready.plan
    origin, residual_in, residual_out, consumed, process_loss = record.elements
    # Of what was filed as under way, all that arrives in the run.
    filed = np.zeros_like(origin)
    for edge in np.flatnonzero(plan.first.sum(axis=0)):
        held = slice(plan.element_start[plan.source[edge]], plan.element_start[plan.source[edge] + 1])
        filed[plan.element[held]] += plan.first[:, edge].sum() * plan.content[held]
    begun = start.sum(axis=0) + filed
    stock, under_way = _mass(ready, len(origin))
    came = begun + origin + residual_in
    open_ = np.abs(came - stock - under_way - consumed - process_loss - residual_out)
    return Elements(
        start=begun, origin=origin, residual_in=residual_in, residual_out=residual_out, consumed=consumed,
        process_loss=process_loss, stock=stock, under_way=under_way,
        error=np.divide(open_, came, out=np.zeros_like(came), where=came > 0),
    )  # fmt: skip
