"""What buyers to whom the ledger delivers pass on to others' plants, where suppliers.csv names them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from statistics import median
from typing import Any

from lodeline.strategy.building import remarks
from lodeline.strategy.building.plants import Delivery, Forwarder, Supply
from lodeline.strategy.building.told import Told
from lodeline.strategy.inputs.assumptions import assumption
from lodeline.strategy.network import Note


class Onward:
    """What buyers to whom the ledger delivers pass on to others' plants, where suppliers.csv names them.

    Their goods are the ledger's: what goes on is taken off what their own plants get. Who is said to pass on all that
    it gets or more is left a supplier from outside.
    """

    def __init__(
        self, deliveries: list[Delivery], told: Told, sellers: Mapping[tuple[str, str], set[str]],
        filed: Mapping[tuple[str, str], float],
    ) -> None:  # fmt: skip
        got: dict[tuple[str, str], dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for one in deliveries:
            got[one.user, one.goods][one.country] += one.rate
        wanted: dict[tuple[str, str], list[tuple[str, float, dict[str, Any]]]] = defaultdict(list)
        self._scale: dict[tuple[str, str], float] = {}
        billed = told.billed()
        for plant, goods in told.supplied():
            others, share = told.others(plant, goods, set(sellers.get((plant, goods), ())))
            rate = filed.get((plant, goods), 0.0)
            self._scale[plant, goods] = scale = 1.0 if rate > 0 or share <= 0 else 1.0 / share
            need = billed.get((plant, goods), 0.0) if rate <= 0 else rate / (1.0 - share) if share < 1.0 else 0.0
            for name, part, row in others:
                if need * part > 0 and (name, goods) in got and name != told.user_of(plant):
                    wanted[name, goods].append((plant, need * part * scale, row))
        self._part: dict[tuple[str, str], float] = {}
        self._to: dict[tuple[str, str], list[Supply]] = defaultdict(list)
        self.forwarders: dict[tuple[str, str], Forwarder] = {}
        for (user, goods), its in sorted(wanted.items()):
            whole, rate = sum(got[user, goods].values()), sum(one for _, one, _ in its)
            if rate < whole:
                self._part[user, goods] = rate / whole
                self._pass_on(told, goods, got[user, goods], user, its)

    def _pass_on(
        self, told: Told, goods: str, got: Mapping[str, float], user: str, its: list[tuple[str, float, dict[str, Any]]]
    ) -> None:
        """One forwarder for each country in which the user gets such goods; days under way add up to what those to
        whom they go state, where they do."""
        least = round(assumption("transit_days_road").central)
        stated = [days for plant, _, _ in its if (days := told.transit(plant, goods)) is not None]
        whole, part = sum(got.values()), self._part[user, goods]
        for country, rate in sorted(got.items()):
            own = [days for plant in told.plants_of(user, country) if (days := told.transit(plant, goods)) is not None]
            days = round(median(own)) if own else None
            if stated:
                days = max(1, min(stated) - least if days is None else min(days, min(stated) - least))
            name = told.free(f"{user}/{country}/onward")
            self.forwarders[name, goods] = Forwarder(
                id=name, organisation=user, country=country, goods=goods, rate=rate * part, transit=days
            )
            for plant, kg, row in its:
                usual, total = kg * rate / whole, told.transit(plant, goods)
                given = told.supply(plant, goods, name, usual, row)
                left = least if total is None or days is None else max(1, total - days)
                most = max(usual, given.most * rate / whole)
                self._to[plant, goods].append(replace(given, most=most, transit=left))

    def less(self, shares: list[list[tuple[str, float]]], deliveries: list[Delivery]) -> list[list[tuple[str, float]]]:
        """The shares of deliveries with what goes on taken off."""
        names = {(one.organisation, one.country, one.goods): one.id for one in self.forwarders.values()}
        found = []
        for one, parts in zip(deliveries, shares, strict=True):
            on = self._part.get((one.user, one.goods), 0.0)
            kept = [(plant, part * (1 - on)) for plant, part in parts]
            found.append([*kept, (names[one.user, one.country, one.goods], on)] if on else parts)
        return found

    def to(self, plant: str, goods: str) -> list[Supply]:
        return self._to.get((plant, goods), [])

    def outside(
        self, plant: str, goods: str, others: list[tuple[str, float, dict[str, Any]]]
    ) -> tuple[list[tuple[str, float, dict[str, Any]]], float]:
        """Those of the other suppliers who are no forwarders, with their shares and the sum of these."""
        through = self.to(plant, goods)
        if not through:
            return others, sum(part for _, part, _ in others)
        scale = self._scale[plant, goods]
        left = [(name, part * scale, row) for name, part, row in others if (name, goods) not in self._part]
        return left, sum(part for _, part, _ in left)

    def notes(self) -> list[Note]:
        if not self.forwarders:
            return []
        return [remarks.of_inputs(remarks.ONWARD, (f"{plant} {goods}" for plant, goods in self._to))]
