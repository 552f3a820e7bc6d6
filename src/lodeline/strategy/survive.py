"""How long a plant lasts if nothing more is sent, against how long it takes until goods come again.

Time-to-survive: stock, goods under way and what still comes on licences that are held, in days of what no supplier
outside the scope covers. Time-to-recover: to the first day on which a flow that was closed is open again and its goods
have arrived; where none opens within the run, until another maker is qualified (Simchi-Levi et al., Interfaces 45
(2015), 375-390, for the two terms).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from lodeline.strategy.control.held import carried_kg
from lodeline.strategy.inputs.assumptions import assumption
from lodeline.strategy.network import Floats, Ints, Network, Openness

What = Literal["licence", "qualification", "none"]
_DAYS_A_MONTH = 365.25 / 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A class that a plant needs: row of `Units.need_holding`, edges into its holding, and those that are touched."""

    need: int
    holding: int
    rate: float
    into: Ints
    touched: Ints


def needs(network: Network, unit: int, in_scope: np.ndarray[Any, np.dtype[np.bool_]]) -> list[Need]:
    """What a plant needs, the classes with most in scope first."""
    units, edges = network.units, network.edges
    found = []
    for need in range(int(units.need_start[unit]), int(units.need_start[unit + 1])):
        holding = int(units.need_holding[need])
        into = np.flatnonzero(edges.target == holding)
        found.append(
            Need(need=need, holding=holding, rate=float(units.need_rate[need]), into=into, touched=into[in_scope[into]])
        )
    return sorted(found, key=lambda one: (-float(edges.flow[one.touched].sum()), one.need))


def under_way_days(network: Network, need: Need) -> float:
    """Goods on their way to a plant's holding when a run begins, in days of use."""
    edges = network.edges
    if need.rate <= 0:
        return 0.0
    if network.arrivals is not None:
        return float(network.arrivals[need.into].sum()) / need.rate
    return float((edges.flow[need.into] * edges.transit[need.into]).sum()) / need.rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """Of a class: kg that are on their way over what is touched, or come on licences that are held; and kg a day that
    nobody else sends."""

    need: Need
    coming_kg: float
    rate: float


def lacks(network: Network, found: list[Need], openness: Openness) -> list[Lack]:
    """What a plant lacks if what is touched sends nothing from day 0 but on licences that are held; where nothing that
    is touched comes to the plant itself, as if nothing at all were sent."""
    edges, held = network.edges, carried_kg(network) * openness.held
    any_touched = any(len(one.touched) for one in found)
    lacking = []
    for one in found:
        closed = one.touched if any_touched else one.into
        if one.rate <= 0 or not len(closed):
            continue
        rate = one.rate - float(edges.flow[np.setdiff1d(one.into, closed)].sum())
        if network.arrivals is not None:
            coming = float(network.arrivals[closed].sum())
        else:
            coming = float((edges.flow[closed] * edges.transit[closed]).sum())
        coming += float(held[closed].sum())
        if rate > 1e-9 * one.rate:
            lacking.append(Lack(need=one, coming_kg=coming, rate=rate))
    return lacking


def time_to_survive(lacking: list[Lack], level_kg: Mapping[int, Floats]) -> Floats:
    """Days until the first class runs out, for each level (by holding) that may lie there; inf: the rest suffices."""
    days = [(level_kg[one.need.holding] + one.coming_kg) / one.rate for one in lacking]
    if not days:
        return np.full(1, np.inf)
    return np.asarray(np.min(np.stack(days), axis=0), np.float64)


def time_to_recover(
    network: Network, found: list[Need], ends: Mapping[str, Openness], qualification: Floats | None
) -> tuple[What, list[float | None]]:
    """What a plant waits for, and its days low, central, high; None: not within the run.

    ends: openness with delays at `low`, `central`, `high`. qualification: days until another maker may deliver, as
    suppliers.csv says, else None.
    """
    closed = np.concatenate([one.touched for one in found] or [np.zeros(0, np.int64)]).astype(np.int64)
    if not len(closed):
        return "none", [None, None, None]
    days = [_reopens(network, closed, ends[one]) for one in ("low", "central", "high")]
    if any(one is not None for one in days):
        return "licence", days
    months = assumption("qualification_months_magnet")
    if qualification is not None:
        return "qualification", [float(one) for one in qualification]
    return "qualification", [round(one * _DAYS_A_MONTH, 1) for one in (months.low, months.central, months.high)]


def _reopens(network: Network, closed: Ints, openness: Openness) -> float | None:
    """The first day on which goods arrive over an edge that was shut and is open again."""
    first: float | None = None
    for edge in closed.tolist():
        share = openness.edge[edge]
        shut = np.flatnonzero(share <= 0)
        if not len(shut):
            continue
        again = np.flatnonzero(share[shut[0] :] > 0)
        if len(again):
            day = float(shut[0] + again[0] + network.edges.transit[edge])
            first = day if first is None else min(first, day)
    return first
