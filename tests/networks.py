"""Networks for tests of the strategy's engine: one by hand, and random ones with circles, scarcity and oddities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final, cast

import numpy as np

from lodeline.strategy.figure import Basis
from lodeline.strategy.network import ESSENTIAL, Edges, Floats, Holdings, Network, Openness, Units, open_throughout
from lodeline.strategy.scenario import RULES, Instrument, Scenario

_ASSUMED: Final[Basis] = "assumption"
_STARTS: Final = date(2026, 7, 1)
#: Of plants: home, and the countries that a control may name.
_COUNTRIES: Final = ("CN", "DE", "JP", "US")


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """A unit: what it takes and makes, (holding, kg a day[, group]) each; without outputs it is a plant's use."""

    needs: Sequence[tuple[int, float] | tuple[int, float, int]]
    outputs: Sequence[tuple[int, float]] = ()
    most: float = 1.25


def network(
    *,
    level: Sequence[float],
    links: Sequence[tuple[int, int, float]],
    makings: Sequence[Making] = (),
    plants: Sequence[int | Sequence[int]] = (),
    transit: Sequence[int] | int = 1,
    spare: float = 1.5,
    content: Floats | None = None,
    origin: Sequence[float] | None = None,
) -> Network:
    """Holdings by their levels, links (from, to, kg a day), units, and the holdings that are plants'. Each plant,
    of one holding or several, has a use of what comes to it, after the units of `makings`. What the base window does
    not explain becomes the residual.
    """
    count, flows = len(level), np.array([kg for _, _, kg in links], np.float64)
    source = np.array([from_ for from_, _, _ in links], np.int64)
    target = np.array([to for _, to, _ in links], np.int64)
    came = np.bincount(target, flows, count) if len(links) else np.zeros(count)
    groups = [[plant] if isinstance(plant, int) else list(plant) for plant in plants]
    used_up = [Making(needs=[(holding, float(came[holding])) for holding in group], most=1.0) for group in groups]
    makings = [*makings, *used_up]
    needs = [need for making in makings for need in making.needs]
    outputs = [output for making in makings for output in making.outputs]
    need_holding = np.array([need[0] for need in needs], np.int64)
    need_rate = np.array([need[1] for need in needs], np.float64)
    out_holding = np.array([holding for holding, _ in outputs], np.int64)
    out_rate = np.array([rate for _, rate in outputs], np.float64)
    began = np.zeros(count) if origin is None else np.array(origin, np.float64)
    is_plant = np.isin(np.arange(count), [holding for group in groups for holding in group])
    goes = np.bincount(source, flows, count) + np.bincount(need_holding, need_rate, count)
    comes = came + np.bincount(out_holding, out_rate, count) + began
    held = content if content is not None else np.ones((count, 1))
    names = tuple(f"s{row}" for row in range(count))
    return Network(
        elements=tuple(f"E{row}" for row in range(held.shape[1])),
        holdings=Holdings(
            site=names, organisation=names, goods=("goods",) * count, country=("",) * count, is_plant=is_plant,
            level_kg=np.array(level, np.float64), level_basis=(_ASSUMED,) * count, origin=began,
            residual=np.where(np.abs(goes - comes) > 1e-9 * (goes + comes), goes - comes, 0.0),
            floor_kg=np.zeros(count), content=held,
        ),
        edges=_edges(source, target, flows, np.broadcast_to(np.array(transit, np.int64), len(links)), spare),
        units=_units(makings, need_holding, need_rate, out_holding, out_rate),
        vintage="1", window=("2026-01", "2026-06"),
    )  # fmt: skip


def _edges(source: np.ndarray, target: np.ndarray, flow: Floats, transit: np.ndarray, spare: float) -> Edges:
    count = len(flow)
    empty = ("",) * count
    return Edges(
        source=source, target=target, flow=flow, most=flow * spare, transit=transit.copy(),
        transit_basis=(_ASSUMED,) * count, rank=np.zeros(count, np.int64),
        qualified_from=np.zeros(count, np.int64), held_kg=np.zeros(count), value_per_kg=np.full(count, np.nan),
        border=np.ones(count, np.bool_), is_filed=np.ones(count, np.bool_), end_user=empty, end_use=empty,
        hs_code=empty, items=empty,
    )  # fmt: skip


def _units(
    makings: Sequence[Making], need_holding: np.ndarray, need_rate: Floats, out_holding: np.ndarray, out_rate: Floats
) -> Units:  # fmt: skip
    count = len(makings)
    names = tuple(f"u{row}" for row in range(count))
    return Units(
        name=names, organisation=names, country=("",) * count,
        is_plant=np.array([not making.outputs for making in makings], np.bool_),
        need_start=np.cumsum([0, *(len(making.needs) for making in makings)]), need_holding=need_holding,
        need_rate=need_rate,
        need_group=np.array([(*need, ESSENTIAL)[2] for making in makings for need in making.needs], np.int64),
        out_start=np.cumsum([0, *(len(making.outputs) for making in makings)]), out_holding=out_holding,
        out_rate=out_rate, most=np.array([making.most for making in makings]),
        most_basis=(_ASSUMED,) * count, stop_below=np.full(count, 0.5), loss_per_day=np.full(count, np.nan),
        currency=("",) * count,
    )  # fmt: skip


def random_network(seed: int, *, elements: int = 3, classes: Sequence[int] = (1, 1, 2, 3)) -> Network:
    """Four stages of sites that make of what they buy, traders between, plants; built from demand upwards.

    Transit 1–30 days, stock 1–8 days of throughput, capacity often none to spare; some inputs stand in for each other,
    some goods go round, some sites sell to themselves, some plants need nothing, and the books do not quite close.
    """
    chance = np.random.default_rng(seed)
    level: list[float] = []
    goes: list[float] = []
    links: list[tuple[int, int, float]] = []
    makings: list[Making] = []

    def holding() -> int:
        level.append(0.0)
        goes.append(0.0)
        return len(level) - 1

    plants = [[holding() for _ in range(chance.choice(classes))] for _ in range(chance.integers(2, 7))]
    inputs_of_plants = [place for group in plants for place in group]
    wanted = [
        (place, 0.0 if chance.random() < 0.05 else float(chance.lognormal(1.0, 1.0))) for place in inputs_of_plants
    ]
    for _stage in range(chance.integers(2, 5)):
        makers = [(holding(), [holding() for _ in range(chance.integers(1, 4))]) for _ in range(chance.integers(1, 4))]
        traders = [holding() for _ in range(chance.integers(0, 3))]
        bought: list[tuple[int, float]] = []
        for buyer, kg in wanted:
            sellers = chance.choice(len(makers), min(len(makers), int(chance.integers(1, 3))), replace=False)
            for seller, part in zip(sellers, chance.dirichlet(np.ones(len(sellers))), strict=True):
                output = makers[seller][0]
                if traders and chance.random() < 0.3:
                    trader = int(chance.choice(traders))
                    links.append((output, trader, kg * part))
                    links.append((trader, buyer, kg * part))
                    goes[trader] += kg * part
                else:
                    links.append((output, buyer, kg * part))
                goes[output] += kg * part
        for output, inputs in makers:
            made = goes[output] * float(chance.choice([1.0, 1.0, 0.97, 1.04]))
            if made == 0.0:
                continue
            grouped = 1 if chance.random() < 0.3 and len(inputs) > 1 else ESSENTIAL
            use = made * chance.uniform(1.0, 1.5) * chance.dirichlet(np.full(len(inputs), 3.0))
            side = [(holding(), made * 0.1)] if chance.random() < 0.3 else []
            makings.append(
                Making(needs=[(place, float(kg), grouped) for place, kg in zip(inputs, use, strict=True)],
                       outputs=[(output, made), *side], most=float(chance.choice([1.0, 1.1, 1.5])))
            )  # fmt: skip
            for place, kg in zip(inputs, use, strict=True):
                goes[place] += float(kg)
                bought.append((place, float(kg)))
        wanted = bought
    mined = [0.0] * len(level)
    for place, kg in wanted:
        mined[place] = kg * float(chance.choice([1.0, 1.0, 0.9]))
    # Goods that go round, and sites that sell to themselves.
    for _ in range(chance.integers(0, 3)):
        ring = chance.choice(len(level), 3, replace=False)
        kg = float(chance.uniform(0.1, 1.0)) * float(np.mean(goes))
        if not set(ring.tolist()) & set(inputs_of_plants):
            links.extend((int(ring[place]), int(ring[(place + 1) % 3]), kg) for place in range(3))
        own = int(chance.integers(len(inputs_of_plants), len(level)))
        links.append((own, own, kg))
    through = np.array(goes) + np.bincount([to for _, to, _ in links], [kg for _, _, kg in links], len(level))
    levels = through * chance.uniform(1.0, 8.0, len(level))
    made_net = network(
        level=levels.tolist(), links=links, makings=makings, plants=plants,
        transit=chance.integers(1, 31, len(links)).tolist(), spare=float(chance.choice([1.0, 1.2, 2.0])),
        content=chance.dirichlet(np.ones(elements + 1), len(level))[:, :elements], origin=mined,
    )  # fmt: skip
    return _varied(made_net, chance)


def _varied(net: Network, chance: np.random.Generator) -> Network:
    """With ranks, floors, licences that are held, and plants of which half can make up what they lost."""
    count = len(net.edges)
    edges = replace(
        net.edges, rank=chance.integers(0, 3, count), held_kg=net.edges.flow * chance.integers(0, 20, count)
    )
    floor = net.holdings.level_kg * np.where(net.holdings.is_plant, 0.0, chance.choice([0.0, 0.1], len(net.holdings)))
    most = np.where(net.units.is_plant, chance.choice([1.0, 1.25], len(net.units)), net.units.most)
    return replace(
        net, edges=edges, holdings=replace(net.holdings, floor_kg=floor), units=replace(net.units, most=most)
    )  # fmt: skip


def demand(net: Network) -> float:
    """Kilograms a day that plants need."""
    return float(sum(net.units.need_rate[use].sum() for use in _uses(net)))


def lost(net: Network, activity: Floats) -> float:
    """Kilograms that plants did not get to use in all, and did not make up; activity [plants, days]."""
    missed = np.maximum(0.0, (1.0 - activity).sum(axis=1))
    return float(sum(net.units.need_rate[use].sum() * days for use, days in zip(_uses(net), missed, strict=True)))


def _uses(net: Network) -> list[slice]:
    start = net.units.need_start
    return [slice(int(start[unit]), int(start[unit + 1])) for unit in np.flatnonzero(net.units.is_plant)]


def instrument(
    net: Network, seed: int, severities: Sequence[float], *, days: int, within: bool = False
) -> list[Openness]:
    """One random instrument at each severity, 0 to 1: a delay, a cut, a rate of approval, a wider scope, a cap on an
    origin or an outage; nothing else differs. What is shut by a delay, or until an approval, waits in half of them, for
    a licence that lets the base through and no more."""
    chance = np.random.default_rng([seed, 7])
    kind = ("delay", "cut", "approval", "scope", "origin", "outage", "length")[int(chance.integers(7))]
    start = int(chance.integers(0, 20))
    scope = chance.permutation(len(net.edges))
    if not within:
        scope = scope[net.holdings.is_plant[net.edges.target[scope]]]
    touched = scope[: max(1, len(scope) // int(chance.integers(1, 4)))]
    cases = chance.random(len(net.edges))
    depth = float(chance.choice([0.0, 0.3, 0.7]))
    unit = int(chance.choice(np.flatnonzero(~net.units.is_plant))) if (~net.units.is_plant).any() else 0
    held, waits = (bool(one < 0.5) for one in chance.random(2))
    waiting = np.zeros(len(net.edges), np.bool_)
    waiting[touched] = waits and kind in ("delay", "approval")
    opens = []
    for severity in severities:
        openness = open_throughout(net, days)
        edge = openness.edge
        if kind == "delay":
            edge[touched, start : start + int(severity * 90)] = depth
        elif kind == "cut":
            edge[touched, start:] = 1.0 - severity
        elif kind == "approval":
            edge[touched, start : start + 45] = 0.0
            edge[touched, start + 45 :] = (cases[touched] >= severity)[:, None]
        elif kind == "scope":
            edge[scope[: int(severity * len(scope))], start:] = depth
        elif kind == "origin":
            openness.origin[:, start:] = 1.0 - severity
        elif kind == "outage":
            openness.unit[unit, start : start + 60] = 1.0 - severity
        else:
            openness.unit[unit, start : start + int(severity * 90)] = depth
        openness.held[touched] = held
        openness.in_scope[touched] = True
        capped = np.zeros(edge.shape, np.bool_)
        capped[waiting, start:] = True
        opens.append(replace(openness, waits=waiting, capped=capped))
    return opens


def random_scenario(seed: int, *, draws: int = 60) -> tuple[Network, Scenario]:
    """A scenario on a random network: plants at home and in three countries with stocks of 10 to 90 days, and one
    instrument or two of every kind, each with its range, under each rule of rationing in turn."""
    net, chance = random_network(seed), np.random.default_rng([seed, 46])
    holdings, edges, units = net.holdings, net.edges, net.units
    country = np.full(len(holdings), "CN")
    for use in _uses(net):
        country[units.need_holding[use]] = chance.choice(_COUNTRIES)
    days = chance.uniform(10.0, 90.0, len(holdings))
    need = np.bincount(units.need_holding, units.need_rate, len(holdings))
    abroad = country[edges.target] != "CN"
    net = replace(
        net,
        holdings=replace(
            holdings, country=tuple(country.tolist()),
            level_kg=np.where(holdings.is_plant, need * days, holdings.level_kg),
        ),
        edges=replace(
            edges, border=abroad, end_user=tuple(holdings.site[row] for row in edges.target),
            held_kg=edges.held_kg if chance.random() < 0.3 else np.zeros(len(edges)),
            value_per_kg=chance.lognormal(4.0, 0.5, len(edges)), currency=("USD",) * len(edges),
        ),
        units=replace(
            units, most=np.where(units.is_plant, 1.25, units.most), currency=("USD",) * len(units),
            loss_per_day=np.where(units.is_plant, chance.lognormal(9.0, 1.0, len(units)), np.nan),
        ),
    )  # fmt: skip
    acts = [_random_act(chance, place) for place in range(1 + int(chance.random() < 0.3))]
    if any(one.kind == "licence" for one in acts) and chance.random() < 0.25:
        acts.append(Instrument(id="general", kind="loosen", starts=_STARTS + timedelta(int(chance.integers(20, 120)))))
    return net, Scenario(
        name=f"random-{seed}", name_en=f"Scenario {seed}", name_zh=f"情景{seed}", base_from="2026-01",
        base_to="2026-06", starts=_STARTS, horizon_days=int(chance.integers(90, 270)), rule=RULES[seed % len(RULES)],
        guarantee=0.4, substitution=float(chance.choice([0.0, 0.5, 1.0])), seed=seed, draws=draws,
        instruments=tuple(acts),
    )  # fmt: skip


def _random_act(chance: np.random.Generator, place: int) -> Instrument:
    kind = str(chance.choice(["licence", "licence", "licence", "ban", "quota", "origin", "outage"]))
    starts = _STARTS + timedelta(int(chance.integers(0, 30)))
    ends = starts + timedelta(int(chance.integers(30, 150))) if chance.random() < 0.3 else None
    act = Instrument(id=f"act-{place}", kind=cast(Any, kind), starts=starts, ends=ends)
    if kind in ("licence", "ban"):
        act = replace(
            act, to_country=tuple(chance.choice(_COUNTRIES[1:], int(chance.integers(1, 4)), replace=False).tolist())
        )
    if kind == "licence":
        delay = float(chance.integers(10, 90))
        return replace(
            act, delay_working_days=delay, low=delay * 2 / 3, high=delay * 2,
            approval=None if chance.random() < 0.3 else float(chance.uniform(0.05, 1.0)),
        )  # fmt: skip
    return replace(act, cap=float(chance.uniform(0.0, 0.9))) if kind in ("quota", "origin", "outage") else act
