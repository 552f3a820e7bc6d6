"""Final customers: the plants that get what is delivered, what these need, and what they buy of others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from lodeline.strategy.building import remarks
from lodeline.strategy.building.names import NOBODY, Names
from lodeline.strategy.building.onward import Onward
from lodeline.strategy.building.plants import Delivery, Forwarder, Plant, Supply
from lodeline.strategy.building.told import Tables, Told
from lodeline.strategy.classes import matches
from lodeline.strategy.network import Note


@dataclass(frozen=True, slots=True, kw_only=True)
class Customers:
    """Plants by id; `shares`: for each delivery the plants and forwarders that get it, with their parts, which sum to
    1. forwarders: by id and class."""

    plants: dict[str, Plant]
    shares: list[list[tuple[str, float]]]
    supplies: list[Supply]
    notes: list[Note]
    forwarders: dict[tuple[str, str], Forwarder] = field(default_factory=dict)

    @property
    def forwarding(self) -> list[str]:
        """Ids of forwarders."""
        return sorted({name for name, _ in self.forwarders})

    def holder(self, site: str, goods: str, is_plant: bool) -> Plant | Forwarder | None:
        """Who holds goods that left the sites of the ledger; None of goods that did not."""
        return self.plants[site] if is_plant else self.forwarders.get((site, goods))


def customers(
    deliveries: list[Delivery], tables: Tables | None, names: Names, *, homes: Mapping[str, str],
    holders: Mapping[str, str], on: date,
) -> Customers:  # fmt: skip
    """The final customers of deliveries, by the tables in force on a day, the last of the base window.

    homes: party → its country. holders: site → organisation, of those who deliver.
    """
    told = Told(tables, names, on)
    plants: dict[str, Plant] = {}
    shares = [_shared(one, told, plants, homes) for one in deliveries]
    sellers: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one, parts in zip(deliveries, shares, strict=True):
        for plant, _ in parts:
            sellers[plant, one.goods] |= {one.site, holders.get(one.site, one.site)}
    onward = Onward(deliveries, told, sellers, _filed(deliveries, shares))
    shares = onward.less(shares, deliveries)
    filed = _filed(deliveries, shares)
    got: dict[str, list[str]] = defaultdict(list)
    for plant, goods in filed:
        got[plant].append(goods)
    billed = told.billed()
    # A bill may name a product of which the plant gets two classes.
    more = {(plant, goods) for plant, goods in billed if not any(matches(one, goods) for one in got[plant])}
    classes = sorted({one for one in filed if one not in onward.forwarders} | more)
    notes, supplies = [], []
    contradicting, unsupplied = [], []
    for plant, goods in classes:
        through = onward.to(plant, goods)
        rate = filed.get((plant, goods), 0.0) + sum(one.rate for one in through)
        own = plants.get(plant) or plants.setdefault(plant, told.plant(plant))
        others, share = told.others(plant, goods, sellers.get((plant, goods), set()))
        others, share = onward.outside(plant, goods, others)
        if share >= 1.0 and rate > 0:
            contradicting.append(f"{plant} {goods}")
            others, share = [(name, 0.0, row) for name, _, row in others], 0.0
        need = rate / (1.0 - share) if rate > 0 else billed.get((plant, goods), 0.0)
        if rate <= 0 and share > 0:
            others = [(name, part / share, row) for name, part, row in others]
        if need <= 0 or (rate <= 0 and share <= 0):
            unsupplied.append(f"{plant} {goods}")
            continue
        own.needs[goods] = need
        supplies += [*through, *(told.supply(plant, goods, name, need * part, row) for name, part, row in others)]
    for each in plants.values():
        told.complete(each)
    if contradicting:
        notes.append(remarks.of_inputs(remarks.CONTRADICTING, contradicting))
    if unsupplied:
        notes.append(remarks.of_inputs(remarks.UNSUPPLIED, unsupplied))
    notes += [*onward.notes(), *told.notes()]
    return Customers(
        plants={one: plants[one] for one in sorted(plants)}, shares=shares, supplies=supplies, notes=notes,
        forwarders=onward.forwarders,
    )  # fmt: skip


def _filed(deliveries: list[Delivery], shares: list[list[tuple[str, float]]]) -> dict[tuple[str, str], float]:
    """(plant or forwarder, class) → kg a day that is delivered to it."""
    filed: dict[tuple[str, str], float] = defaultdict(float)
    for one, parts in zip(deliveries, shares, strict=True):
        for name, part in parts:
            filed[name, one.goods] += one.rate * part
    return filed


def _shared(one: Delivery, told: Told, plants: dict[str, Plant], homes: Mapping[str, str]) -> list[tuple[str, float]]:
    """The plants that get a delivery: those of its end user that a table names, else one of the end user's own."""
    weights = told.users(one.user, one.country, one.goods)
    whole = sum(weights.values())
    if not whole:
        # A name that the register does not know may be called so in two countries.
        is_home = homes.get(one.user) == one.country
        name = one.user if is_home and one.user != NOBODY else f"{one.user}/{one.country or NOBODY}"
        name = told.free(name)
        plants.setdefault(name, Plant(id=name, organisation=one.user, country=one.country))
        return [(name, 1.0)]
    for plant in weights:
        plants.setdefault(plant, told.plant(plant))
    return [(plant, weight / whole) for plant, weight in weights.items()]
