"""What no network may break, on a thousand random ones: base kept, mass kept, names and sizes without meaning, and a
control that is made harder that spares nobody (observed, no theorem: how often it is not so stands here)."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest
from tests.networks import demand, instrument, lost, random_network

from lodeline.strategy import kernels
from lodeline.strategy.network import Floats, Network, Openness, Units, open_throughout
from lodeline.strategy.scenario import RULES
from lodeline.strategy.simulate import Trajectory, simulate

#: Aimed at: of a thousand graphs one may lose less when the control is harder, by .1 % of what plants need at most.
AIM = 1, 0.001
#: What holds: on the first thousand at three severities none. On 9 000 others, at five severities over 180 days: 17,
#: some of them by over .1 %, the worst 8.4 %. Where goods are scarce already, what one buyer
#: may not have another uses better. Tried and left: base orders before refills; stocks that are meant to be lower
#: while another input is short (none of the first thousand, then 38 of 2 000, by up to 7 %, where it was 2, by .1 %).
FEW, MANY = AIM, (3, 0.1)


@lru_cache(1000)
def network_of(seed: int) -> Network:
    return random_network(seed)


def ran(
    net: Network, openness: Openness, seed: int, days: int, *, elements: bool = False, plants: bool = False
) -> Trajectory:
    """Run by the rule, and with the substitution, that belong to a seed."""
    return simulate(
        net, openness, days=days, rule=RULES[seed % len(RULES)], guarantee=0.4,
        substitution=(0.0, 0.5, 1.0)[seed // len(RULES) % 3],
        with_elements=elements, at_plants_only=plants,
    )  # fmt: skip


def test_every_rule_is_drawn_and_each_is_one_of_the_kernels() -> None:
    assert {RULES[seed % len(RULES)] for seed in range(1000)} == set(RULES)
    numbers = [value for name, value in vars(kernels).items() if name in ("PROPORTIONAL", "PRIORITY", "GUARANTEE")]
    assert numbers == [*range(len(RULES))]
    # Where there is half of what is ordered, each rule deals it in its own way.
    net = network_of(1)
    scarce = open_throughout(net, 60)
    scarce.origin[:] = 0.5
    dealt = [simulate(net, scarce, days=60, rule=rule, guarantee=0.4).shipped_kg for rule in RULES]
    assert all(not np.allclose(one, other) for one, other in combinations(dealt, 2))


def test_without_an_instrument_nothing_changes() -> None:
    for seed in range(1000):
        net, days = network_of(seed), 45
        run = ran(net, open_throughout(net, days), seed, days)
        level = (net.holdings.level_kg + run.raised)[:, None]

        assert np.abs(run.activity - 1.0).max() < 1e-9, seed
        assert run.shipped is not None
        assert np.allclose(run.shipped, net.edges.flow[:, None], rtol=1e-9, atol=0), seed
        assert np.allclose(run.stock, level, rtol=1e-9, atol=1e-9 * level.max()), seed


def test_elements_are_neither_made_nor_lost() -> None:
    for seed in range(1000):
        net, days = network_of(seed), 40
        (openness,) = instrument(net, seed, [0.8], days=days, within=True)
        if seed % 4 == 0:
            net = replace(net, arrivals=_lumps(net, seed))
        run = ran(net, openness, seed, days, elements=True)

        assert run.elements is not None
        assert run.elements.error.max() < 1e-9, seed
        for name in ("stock", "under_way", "consumed", "process_loss", "residual_out"):
            assert getattr(run.elements, name).min() >= -1e-9, (seed, name)
        assert run.stock.min() >= 0.0


def test_names_sizes_splits_and_idle_firms_mean_nothing() -> None:
    for seed in range(1000):
        net, days = network_of(seed), 35
        (openness,) = instrument(net, seed, [0.7], days=days, within=True)
        run = ran(net, openness, seed, days)
        change = (_permuted, _scaled, _split, _with_idle)[seed % 4]
        other, opened, units = change(net, openness, seed)
        again = ran(other, opened, seed, days)
        assert np.allclose(again.activity[units], run.activity, rtol=0, atol=1e-7), (seed, change.__name__)


def test_a_harder_control_spares_nobody() -> None:
    _few_fall(range(1000), (0.25, 0.5, 1.0), days=120, most=FEW)


@pytest.mark.slow
def test_a_harder_control_spares_nobody_in_ten_thousand() -> None:
    _few_fall(range(1000, 10_000), (0.2, 0.4, 0.6, 0.8, 1.0), days=180, most=MANY)


def _few_fall(seeds: range, severities: Sequence[float], *, days: int, most: tuple[int, float]) -> None:
    falls, touched = [], 0
    for seed in seeds:
        net = network_of(seed)
        losses = [
            lost(net, ran(net, openness, seed, days, plants=True).activity) / max(1e-9, demand(net) * days)
            for openness in instrument(net, seed, severities, days=days)
        ]
        touched += losses[-1] > 1e-6
        fall = max(harder - milder for harder, milder in pairwise(losses))
        if fall > 1e-9:
            falls.append((fall, seed))
    worst = ", ".join(f"{100 * fall:.3f} % of demand (seed {seed})" for fall, seed in sorted(falls)[::-1][:5])
    print(
        f"{len(falls)} of {len(seeds)} graphs, {touched} touched; aimed at: {AIM[0]} of 1000 by {AIM[1]:.1%}; {worst}"
    )
    assert touched > 0.8 * len(seeds)
    assert len(falls) <= most[0] * len(seeds) / 1000
    assert max(falls, default=(0.0, 0))[0] <= most[1]


def _lumps(net: Network, seed: int) -> Floats:
    """What is under way as filed: all of an edge's on one day of its transit."""
    lumps = np.zeros((len(net.edges), 31))
    days = np.random.default_rng(seed).integers(0, net.edges.transit)
    lumps[np.arange(len(net.edges)), days] = net.edges.flow * net.edges.transit
    return lumps


def _rows(table: Any, rows: np.ndarray, skip: tuple[str, ...] = ()) -> dict[str, Any]:
    """The columns of a table with only these rows, in this order."""
    columns = {name: getattr(table, name) for name in table.__slots__ if name not in skip}
    return {
        name: values[rows] if isinstance(values, np.ndarray) else tuple(values[row] for row in rows if values)
        for name, values in columns.items()
    }


def _picked(net: Network, holdings: np.ndarray, edges: np.ndarray, place: np.ndarray) -> Network:
    """Rows of holdings and edges as numbered; what names a holding now names `place` of it."""
    links = _rows(net.edges, edges)
    links["source"], links["target"] = place[net.edges.source[edges]], place[net.edges.target[edges]]
    units = replace(
        net.units, need_holding=place[net.units.need_holding], out_holding=place[net.units.out_holding]
    )  # fmt: skip
    return replace(
        net, holdings=type(net.holdings)(**_rows(net.holdings, holdings)),
        edges=type(net.edges)(**links), units=units,
    )  # fmt: skip


def _opened(openness: Openness, holdings: np.ndarray, edges: np.ndarray, units: np.ndarray) -> Openness:
    return Openness(
        edge=openness.edge[edges], origin=openness.origin[holdings], unit=openness.unit[units],
        in_scope=openness.in_scope[edges], held=openness.held[edges],
        waits=None if openness.waits is None else openness.waits[edges],
        capped=None if openness.capped is None else openness.capped[edges],
    )  # fmt: skip


def _permuted(net: Network, openness: Openness, seed: int) -> tuple[Network, Openness, np.ndarray]:
    chance = np.random.default_rng(seed)
    holdings, edges = chance.permutation(len(net.holdings)), chance.permutation(len(net.edges))
    units = np.arange(len(net.units))
    return _picked(net, holdings, edges, np.argsort(holdings)), _opened(openness, holdings, edges, units), units


def _scaled(net: Network, openness: Openness, seed: int) -> tuple[Network, Openness, np.ndarray]:
    factor = 1000.0 if seed % 2 else 1e-3
    holdings, edges, units = net.holdings, net.edges, net.units
    more = {name: getattr(holdings, name) * factor for name in ("level_kg", "origin", "residual", "floor_kg")}
    links = {name: getattr(edges, name) * factor for name in ("flow", "most", "held_kg")}
    return (
        replace(
            net, holdings=replace(holdings, **more), edges=replace(edges, **links),
            units=replace(units, need_rate=units.need_rate * factor, out_rate=units.out_rate * factor),
        ),
        openness,
        np.arange(len(units)),
    )  # fmt: skip


def _with_idle(net: Network, openness: Openness, seed: int) -> tuple[Network, Openness, np.ndarray]:
    """A firm more that holds something and does nothing."""
    holdings = np.append(np.arange(len(net.holdings)), 0)
    edges, units = np.arange(len(net.edges)), np.arange(len(net.units))
    other = _picked(net, holdings, edges, np.arange(len(net.holdings)))
    idle = {name: getattr(other.holdings, name).copy() for name in ("origin", "residual", "is_plant")}
    for values in idle.values():
        values[-1] = 0
    return replace(other, holdings=replace(other.holdings, **idle)), _opened(openness, holdings, edges, units), units


def _split(net: Network, openness: Openness, seed: int) -> tuple[Network, Openness, np.ndarray]:
    """A firm becomes two halves: each holds, makes, buys and sells half of all, of everybody."""
    start = np.random.default_rng(seed).integers(len(net.units))
    first, last = net.units.need_start[start], net.units.need_start[start + 1]
    made = slice(net.units.out_start[start], net.units.out_start[start + 1])
    firm = np.unique(np.concatenate([net.units.need_holding[first:last], net.units.out_holding[made]]))
    # With all units that take of what it holds, or make it, and all that these hold.
    while True:
        units = np.array([_meets(net, unit, firm) for unit in range(len(net.units))])
        grown = np.unique(np.concatenate([firm, *(_held(net, unit) for unit in np.flatnonzero(units).tolist())]))
        if len(grown) == len(firm):
            break
        firm = grown
    halves = np.concatenate([np.arange(len(net.holdings)), firm])
    twin = np.arange(len(net.holdings))
    twin[firm] = len(net.holdings) + np.arange(len(firm))
    from_, to = np.isin(net.edges.source, firm), np.isin(net.edges.target, firm)
    # Four of an edge within the firm, two of one that touches it.
    edges = np.concatenate([np.arange(len(net.edges)), *(np.flatnonzero(side) for side in (from_, to, from_ & to))])
    parts = np.where(from_, 0.5, 1.0) * np.where(to, 0.5, 1.0)
    count, sold, bought = len(net.edges), int(from_.sum()), int(to.sum())
    source, target = net.edges.source[edges].copy(), net.edges.target[edges].copy()
    source[count : count + sold] = twin[source[count : count + sold]]
    target[count + sold : count + sold + bought] = twin[target[count + sold : count + sold + bought]]
    source[count + sold + bought :] = twin[source[count + sold + bought :]]
    target[count + sold + bought :] = twin[target[count + sold + bought :]]
    links = _rows(net.edges, edges) | {"source": source, "target": target}
    for name in ("flow", "most", "held_kg"):
        links[name] = getattr(net.edges, name)[edges] * parts[edges]
    held = _rows(net.holdings, halves)
    for name in ("level_kg", "origin", "residual", "floor_kg"):
        held[name] = getattr(net.holdings, name)[halves] * np.where(np.isin(halves, firm), 0.5, 1.0)
    rows = np.concatenate([np.arange(len(net.units)), np.flatnonzero(units)])
    other = replace(
        net, holdings=type(net.holdings)(**held), edges=type(net.edges)(**links),
        units=_units_split(net, units, twin),
    )  # fmt: skip
    return other, _opened(openness, halves, edges, rows), np.arange(len(net.units))


def _meets(net: Network, unit: int, firm: np.ndarray) -> bool:
    return bool(np.isin(_held(net, unit), firm).any())


def _held(net: Network, unit: int) -> np.ndarray:
    needs = slice(net.units.need_start[unit], net.units.need_start[unit + 1])
    outputs = slice(net.units.out_start[unit], net.units.out_start[unit + 1])
    return np.concatenate([net.units.need_holding[needs], net.units.out_holding[outputs]])


def _units_split(net: Network, split: np.ndarray, twin: np.ndarray) -> Units:
    units = net.units
    rows = np.concatenate([np.arange(len(units)), np.flatnonzero(split)])
    half = np.where(split, 0.5, 1.0)
    columns = _rows(
        units, rows, ("need_start", "need_holding", "need_rate", "need_group", "out_start", "out_holding", "out_rate")
    )
    for side, names in (("need", ("holding", "rate", "group")), ("out", ("holding", "rate"))):
        start = getattr(units, f"{side}_start")
        spans = [np.arange(start[row], start[row + 1]) for row in rows]
        entries = np.concatenate(spans).astype(np.int64)
        columns[f"{side}_start"] = np.cumsum([0, *(len(span) for span in spans)])
        for name in names:
            columns[f"{side}_{name}"] = getattr(units, f"{side}_{name}")[entries]
        owner = np.repeat(np.arange(len(rows)), [len(span) for span in spans])
        columns[f"{side}_rate"] = columns[f"{side}_rate"] * half[rows[owner]]
        second = owner >= len(units)
        columns[f"{side}_holding"] = np.where(
            second, twin[columns[f"{side}_holding"]], columns[f"{side}_holding"]
        )  # fmt: skip
    return type(units)(**columns)
