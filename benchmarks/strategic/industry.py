"""A made-up industry of a size: mines, separators, makers of metal and magnets, traders, plants."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from lodeline.strategy.figure import Basis
from lodeline.strategy.network import ESSENTIAL, Edges, Holdings, Network, Openness, Units, open_throughout

ELEMENTS = ("La", "Ce", "Pr", "Nd", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Y", "Sc", "Th")
#: Shares of an ore's rare earths, falling; of no deposit in particular.
_ORE = 0.5 ** np.arange(len(ELEMENTS)) / 2
_SYNTHETIC: Final[Basis] = "synthetic"
_METALS = ("Pr", "Nd", "Tb", "Dy")
#: What of a hundred firms does what; the rest are plants of final customers.
_MINES, _SEPARATORS, _METAL_MAKERS, _MAGNET_MAKERS, _TRADERS = 8, 8, 12, 25, 12


@dataclass(slots=True)
class _Industry:
    chance: np.random.Generator
    site: list[str] = field(default_factory=list)
    goods: list[str] = field(default_factory=list)
    content: list[np.ndarray] = field(default_factory=list)
    is_plant: list[bool] = field(default_factory=list)
    goes: list[float] = field(default_factory=list)
    links: list[tuple[int, int, float]] = field(default_factory=list)
    units: list[tuple[str, list[tuple[int, float]], list[tuple[int, float]]]] = field(default_factory=list)

    def hold(self, site: str, goods: str, content: np.ndarray, *, plant: bool = False) -> int:
        self.site.append(site)
        self.goods.append(goods)
        self.content.append(content)
        self.is_plant.append(plant)
        self.goes.append(0.0)
        return len(self.site) - 1

    def buy(self, buyer: int, kg: float, sellers: list[int], traders: list[int], most: int = 4) -> None:
        """From some of the sellers, and through a trader now and then."""
        chosen = self.chance.choice(sellers, min(len(sellers), int(self.chance.integers(1, most + 1))), replace=False)
        for seller, part in zip(chosen.tolist(), self.chance.dirichlet(np.ones(len(chosen))), strict=True):
            if traders and self.chance.random() < 0.15:
                trader = int(self.chance.choice(traders))
                self.links.append((trader, buyer, kg * part))
                self.goes[trader] += kg * part
            else:
                self.links.append((seller, buyer, kg * part))
                self.goes[seller] += kg * part


def industry(firms: int, seed: int = 1) -> Network:
    """An industry of so many firms with all elements, balanced, with some capacity to spare.

    It is built from the demand of plants upwards, so nothing is left unexplained but what traders have too much.
    """
    made = _Industry(np.random.default_rng(seed))
    counts = [max(2, firms * part // 100) for part in (_MINES, _SEPARATORS, _METAL_MAKERS, _MAGNET_MAKERS, _TRADERS)]
    mines, separators, metal_makers, magnet_makers, traders = counts
    pure = {symbol: np.eye(len(ELEMENTS))[row] for row, symbol in enumerate(ELEMENTS)}
    light = 0.30 * pure["Nd"] + 0.05 * pure["Pr"]
    heavy = light + 0.03 * pure["Dy"] + 0.01 * pure["Tb"]
    concentrate = [made.hold(f"mine{row}", "concentrate", 0.6 * _ORE) for row in range(mines)]
    feeds = [made.hold(f"sep{row}", "concentrate", 0.6 * _ORE) for row in range(separators)]
    oxides = {s: [made.hold(f"sep{r}", f"oxide:{s}", 0.86 * pure[s]) for r in range(separators)] for s in ELEMENTS}
    bought = {s: [made.hold(f"met{r}", f"oxide:{s}", 0.86 * pure[s]) for r in range(metal_makers)] for s in _METALS}
    metals = {s: [made.hold(f"met{r}", f"metal:{s}", 0.99 * pure[s]) for r in range(metal_makers)] for s in _METALS}
    stores = {s: [made.hold(f"mag{r}", f"metal:{s}", 0.99 * pure[s]) for r in range(magnet_makers)] for s in _METALS}
    blocks = [made.hold(f"mag{row}", "block+heavy", heavy) for row in range(magnet_makers)]
    magnets = [made.hold(f"mag{row}", "magnet-ndfeb+heavy", heavy) for row in range(magnet_makers)]
    shelves = [made.hold(f"trade{row}", "magnet-ndfeb+heavy", heavy) for row in range(traders)]
    uses: list[tuple[str, list[tuple[int, float]], list[tuple[int, float]]]] = []
    for row in range(max(1, firms - sum(counts))):
        kg = float(made.chance.lognormal(3.0, 1.0))
        shelf = made.hold(f"plant{row}", "magnet-ndfeb+heavy", heavy, plant=True)
        made.buy(shelf, kg, magnets, shelves)
        uses.append((f"plant{row}", [(shelf, kg)], []))
    for shelf in shelves:
        made.buy(shelf, made.goes[shelf], magnets, [], most=6)
    for row in range(magnet_makers):
        kg = made.goes[magnets[row]]
        made.units.append((f"mag{row}>magnet", [(blocks[row], 1.3 * kg)], [(magnets[row], kg)]))
        parts = {"Nd": 0.4, "Pr": 0.07, "Dy": 0.04, "Tb": 0.013}
        needs = [(stores[symbol][row], part * 1.3 * kg) for symbol, part in parts.items()]
        made.units.append((f"mag{row}>block", needs, [(blocks[row], 1.3 * kg)]))
        made.goes[blocks[row]] += 1.3 * kg
        for symbol, (store, need) in zip(parts, needs, strict=True):
            made.goes[store] += need
            made.buy(store, need, metals[symbol], [])
    for row in range(metal_makers):
        for symbol in _METALS:
            kg = made.goes[metals[symbol][row]]
            made.units.append((f"met{row}>{symbol}", [(bought[symbol][row], 1.2 * kg)], [(metals[symbol][row], kg)]))
            made.goes[bought[symbol][row]] += 1.2 * kg
            made.buy(bought[symbol][row], 1.2 * kg, oxides[symbol], [])
    for row in range(separators):
        drawn = max(made.goes[oxides[s][row]] / _ORE[ELEMENTS.index(s)] for s in ELEMENTS)
        outputs = [(oxides[s][row], drawn * float(_ORE[k])) for k, s in enumerate(ELEMENTS)]
        made.units.append((f"sep{row}>oxides", [(feeds[row], 1.7 * drawn)], outputs))
        made.goes[feeds[row]] += 1.7 * drawn
        made.buy(feeds[row], 1.7 * drawn, concentrate, [])
    made.units.extend(uses)
    return _network(made)


def licence(network: Network, days: int) -> Openness:
    """Nothing goes to plants for 90 days from the tenth on, then six of ten edges are open."""
    openness = open_throughout(network, days)
    touched = np.flatnonzero(network.holdings.is_plant[network.edges.target])
    approved = np.random.default_rng(3).random(len(touched)) < 0.6
    openness.edge[touched, 10:100] = 0.0
    openness.edge[touched[~approved], 100:] = 0.0
    openness.in_scope[touched] = True
    return openness


def drawn(network: Network, chance: np.random.Generator, days: int) -> tuple[Network, Openness]:
    """One draw: stocks of plants, transit to them, the day on which licences come, and which are given."""
    plants, into = network.holdings.is_plant, network.holdings.is_plant[network.edges.target]
    stock = np.where(plants, chance.lognormal(0.0, 0.4, len(plants)), 1.0)
    transit = np.where(into, np.round(network.edges.transit * chance.triangular(0.8, 1.0, 1.3)), network.edges.transit)
    openness = open_throughout(network, days)
    opens = 10 + int(chance.triangular(42, 63, 126))
    openness.edge[into, 10:opens] = 0.0
    openness.edge[np.flatnonzero(into & (chance.random(len(into)) < 0.4)), opens:] = 0.0
    return (
        replace(
            network, holdings=replace(network.holdings, level_kg=network.holdings.level_kg * stock),
            edges=replace(network.edges, transit=transit.astype(np.int64)),
        ),
        openness,
    )  # fmt: skip


def chain(cover: int = 30) -> Network:
    """Ore into magnets into a plant, a kilogram a day; the maker of magnets has so many days of ore, and the mine and
    the plant a day of what they sell or use."""
    made = _Industry(np.random.default_rng(1))
    ore, store, shelf, plant = (
        made.hold(site, goods, np.eye(len(ELEMENTS))[3], plant=site == "plant")
        for site, goods in (("mine", "ore"), ("maker", "ore"), ("maker", "magnets"), ("plant", "magnets"))
    )
    made.links += [(ore, store, 1.0), (shelf, plant, 1.0)]
    made.units += [("pit", [], [(ore, 1.0)]), ("maker>magnets", [(store, 1.0)], [(shelf, 1.0)])]
    made.units.append(("plant", [(plant, 1.0)], []))
    network = _network(made)
    level = np.array([1.0, float(cover), 1.0, 1.0])
    edges = replace(network.edges, transit=np.ones(2, np.int64))
    return replace(network, holdings=replace(network.holdings, level_kg=level), edges=edges)


def without_ore(network: Network, *, since: int, days: int) -> Openness:
    """The mine of `chain` stands still from a day on."""
    openness = open_throughout(network, days)
    openness.unit[0, since:] = 0.0
    return openness


def _network(made: _Industry) -> Network:
    count, links = len(made.site), made.links
    source, target = (np.array([link[side] for link in links], np.int64) for side in (0, 1))
    flow = np.array([link[2] for link in links])
    needs = [need for _, taken, _ in made.units for need in taken]
    outputs = [output for _, _, given in made.units for output in given]
    need_holding, out_holding = (np.array([row for row, _ in rows], np.int64) for rows in (needs, outputs))
    need_rate, out_rate = (np.array([kg for _, kg in rows]) for rows in (needs, outputs))
    goes = np.bincount(source, flow, count) + np.bincount(need_holding, need_rate, count)
    comes = np.bincount(target, flow, count) + np.bincount(out_holding, out_rate, count)
    mined = np.array(
        [goods == "concentrate" and site.startswith("mine") for site, goods in zip(made.site, made.goods, strict=True)]
    )
    origin = np.where(mined, goes, 0.0)
    rest = goes - comes - origin
    text, lots = ("",) * len(links), len(links)
    plants = np.array(made.is_plant)
    names = tuple(name for name, _, _ in made.units)
    kinds = np.array([not given for _, _, given in made.units])
    return Network(
        elements=ELEMENTS,
        holdings=Holdings(
            site=tuple(made.site), organisation=tuple(made.site), goods=tuple(made.goods), country=("",) * count,
            is_plant=plants, level_kg=np.maximum(goes, comes) * made.chance.uniform(2, 40, count),
            level_basis=(_SYNTHETIC,) * count, origin=origin,
            residual=np.where(np.abs(rest) > 1e-9 * (goes + comes), rest, 0.0), floor_kg=np.zeros(count),
            content=np.array(made.content),
        ),
        edges=Edges(
            source=source, target=target, flow=flow, most=flow * 1.5,
            transit=np.where(plants[target], made.chance.integers(14, 40, lots), made.chance.integers(1, 6, lots)),
            transit_basis=(_SYNTHETIC,) * lots, rank=made.chance.integers(0, 3, lots),
            qualified_from=np.zeros(lots, np.int64), held_kg=np.zeros(lots), value_per_kg=np.full(lots, np.nan),
            border=plants[target], is_filed=np.ones(lots, np.bool_), end_user=text, end_use=text, hs_code=text,
            items=text,
        ),
        units=Units(
            name=names, organisation=names, country=("",) * len(names), is_plant=kinds,
            need_start=np.cumsum([0, *(len(taken) for _, taken, _ in made.units)]), need_holding=need_holding,
            need_rate=need_rate, need_group=np.full(len(needs), ESSENTIAL),
            out_start=np.cumsum([0, *(len(given) for _, _, given in made.units)]), out_holding=out_holding,
            out_rate=out_rate, most=np.full(len(names), 1.25), most_basis=(_SYNTHETIC,) * len(names),
            stop_below=np.full(len(names), 0.5), loss_per_day=np.full(len(names), np.nan), currency=("",) * len(names),
        ),
        vintage="synthetic", window=("2026-01", "2026-06"), is_synthetic=True,
    )  # fmt: skip
