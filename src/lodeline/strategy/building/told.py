"""What the tables that a user filed say of plants on a day: plants, bill, cover, suppliers; each may be empty.

What they do not say is a default, and called an assumption.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Any, Final, Protocol

import polars as pl

from lodeline.strategy.building import remarks
from lodeline.strategy.building.names import Names
from lodeline.strategy.building.plants import STOP_BELOW, Plant, Supply
from lodeline.strategy.classes import matches
from lodeline.strategy.figure import Basis
from lodeline.strategy.inputs.assumptions import assumption
from lodeline.strategy.network import ESSENTIAL, Note

_DAYS_OF_MONTH: Final = 365.25 / 12

_ROWS: Final[Mapping[str, Mapping[str, pl.DataType]]] = {
    "plants": {
        "plant": pl.String(), "organisation": pl.String(), "country": pl.String(), "output_per_day": pl.Float64(),
        "loss_per_day": pl.Float64(), "currency": pl.String(), "stop_below_pct": pl.Float64(), "valid_from": pl.Date(),
        "valid_to": pl.Date(), "source": pl.String(),
    },
    "bill": {
        "plant": pl.String(), "class": pl.String(), "kg_per_unit": pl.Float64(), "essential": pl.Boolean(),
        "substitute_class": pl.String(), "substitute_pct": pl.Float64(), "substitute_after_days": pl.Float64(),
    },
    "cover": {
        "plant": pl.String(), "class": pl.String(), "stock_days": pl.Float64(), "transit_days": pl.Float64(),
        "on": pl.Date(), "source": pl.String(),
    },
    "suppliers": {
        "plant": pl.String(), "class": pl.String(), "supplier": pl.String(), "share_pct": pl.Float64(),
        "qualified_on": pl.Date(), "qualification_days": pl.Float64(), "capacity_kg_per_month": pl.Float64(),
        "source": pl.String(),
    },
}  # fmt: skip


class Tables(Protocol):
    """What a user may have told (`inputs.tables.Inputs`)."""

    @property
    def plants(self) -> pl.DataFrame: ...
    @property
    def bill(self) -> pl.DataFrame: ...
    @property
    def cover(self) -> pl.DataFrame: ...
    @property
    def suppliers(self) -> pl.DataFrame: ...


def _rows_of(tables: Tables | None, name: str) -> list[dict[str, Any]]:
    """The rows of a table, with a None for each cell and column that is not there."""
    if tables is None:
        return []
    frame: pl.DataFrame = getattr(tables, name)
    wanted = _ROWS[name]
    there = frame.select(pl.col(one).cast(kind, strict=False) for one, kind in wanted.items() if one in frame.columns)
    return [{one: row.get(one) for one in wanted} for row in there.iter_rows(named=True)]


class Told:
    """What the tables say, as of a day."""

    def __init__(self, tables: Tables | None, names: Names, on: date) -> None:
        rows = [one for one in _rows_of(tables, "plants") if one["plant"] and _is_valid(one, on)]
        self.plants: dict[str, dict[str, Any]] = {one["plant"]: one for one in rows}
        self._of_user: dict[str, list[str]] = defaultdict(list)
        for plant in sorted(self.plants):
            self._of_user[names.party(self.plants[plant]["organisation"] or plant)].append(plant)
        self._user_of = {plant: user for user, found in self._of_user.items() for plant in found}
        self._bill: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
        for one in _rows_of(tables, "bill"):
            self._bill[one["plant"]][one["class"]] = one
        self._cover: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
        # Of several days the one nearest to the end of the base window.
        for one in sorted(_rows_of(tables, "cover"), key=lambda row: -abs(((row["on"] or on) - on).days)):
            self._cover[one["plant"]][one["class"]] = one
        self._suppliers: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        for one in _rows_of(tables, "suppliers"):
            self._suppliers[one["plant"], one["class"]].append(one)
        self._names, self._on = names, on
        self._weights: dict[tuple[str, str, str], dict[str, float]] = {}
        self._differs: list[str] = []

    def plant(self, plant: str) -> Plant:
        row = self.plants[plant]
        below, loss = row["stop_below_pct"], row["loss_per_day"]
        return Plant(
            id=plant, organisation=self._user_of[plant], country=row["country"] or "",
            stop_below=STOP_BELOW if below is None else below / 100,
            loss_per_day=float("nan") if loss is None else loss, currency=row["currency"] or "",
        )  # fmt: skip

    def users(self, user: str, country: str, goods: str) -> dict[str, float]:
        """The plants of an end user that take goods of a class, with their weights: bill × output."""
        key = (user, country, goods)
        if key not in self._weights:
            self._weights[key] = self._divided(user, country, goods)
        return self._weights[key]

    def _divided(self, user: str, country: str, goods: str) -> dict[str, float]:
        found = self._of_user.get(user, [])
        there = [plant for plant in found if self.plants[plant]["country"] == country] or found
        # Where one plant's bill names the very class, a bill of another that names the product alone means the rest.
        naming = [plant for plant in there if goods in self._bill.get(plant, {})]
        billed = {plant: self._need(plant, goods) for plant in naming or there}
        weights = {plant: need for plant, need in billed.items() if need}
        if weights:
            return weights
        # Nobody told what they use.
        return {plant: self.plants[plant]["output_per_day"] or 1.0 for plant in there if plant not in self._bill}

    def supplied(self) -> list[tuple[str, str]]:
        """(plant, class) of which suppliers are named."""
        return sorted(key for key in self._suppliers if key[0] in self.plants)

    def user_of(self, plant: str) -> str:
        return self._user_of[plant]

    def plants_of(self, user: str, country: str) -> list[str]:
        return [plant for plant in self._of_user.get(user, []) if self.plants[plant]["country"] == country]

    def transit(self, plant: str, goods: str) -> int | None:
        """Whole days under way that are stated."""
        cover = _of_class(self._cover.get(plant, {}), goods)
        return None if cover is None or cover["transit_days"] is None else max(1, round(cover["transit_days"]))

    def free(self, name: str) -> str:
        """The name, or one like it that no plant has."""
        while name in self.plants:
            name += "/*"
        return name

    def billed(self) -> dict[tuple[str, str], float]:
        """(plant, class) → kg a day by its bill and output."""
        return {
            (plant, goods): self._used(plant, row)
            for plant, rows in self._bill.items() if plant in self.plants for goods, row in rows.items()
        }  # fmt: skip

    def _need(self, plant: str, goods: str) -> float:
        row = _of_class(self._bill.get(plant, {}), goods)
        return 0.0 if row is None else self._used(plant, row)

    def _used(self, plant: str, row: Mapping[str, Any]) -> float:
        """Kg a day by a row of its bill."""
        return float((row["kg_per_unit"] or 0.0) * (self.plants[plant]["output_per_day"] or 0.0))

    def others(
        self, plant: str, goods: str, sellers: set[str]
    ) -> tuple[list[tuple[str, float, dict[str, Any]]], float]:
        """The suppliers of whom no row tells, each with its share, and the sum of their shares."""
        found = [
            (name, (row["share_pct"] or 0.0) / 100, row)
            for row in self._suppliers.get((plant, goods), [])
            if (name := self._names.party(row["supplier"])) not in sellers and row["supplier"] not in sellers
        ]
        return found, sum(share for _, share, _ in found)

    def supply(self, plant: str, goods: str, supplier: str, rate: float, row: dict[str, Any]) -> Supply:
        capacity = row["capacity_kg_per_month"]
        most = rate * (1 + assumption("spare_capacity").central) if capacity is None else capacity / _DAYS_OF_MONTH
        if row["qualified_on"] is not None:
            days = max(0, (row["qualified_on"] - self._on).days)
        else:
            days = int(row["qualification_days"] or 0)
        return Supply(
            plant=plant, goods=goods, supplier=supplier, rate=rate, most=max(rate, most),
            qualified_from=0 if rate > 0 else days,
        )  # fmt: skip

    def complete(self, plant: Plant) -> None:
        """What a plant holds, and which of its inputs stand in for each other."""
        for goods, need in plant.needs.items():
            cover = _of_class(self._cover.get(plant.id, {}), goods)
            days: tuple[float, Basis] = (assumption("stock_days_customer").central, "assumption")
            if cover is not None and cover["stock_days"] is not None:
                days = (
                    cover["stock_days"],
                    "synthetic" if "synthetic" in (cover["source"] or "").lower() else "assumption",
                )
            plant.stock_days[goods] = days
            if (transit := self.transit(plant.id, goods)) is not None:
                plant.transit[goods] = transit
            plant.groups[goods] = ESSENTIAL
            general = _of_class(self._bill.get(plant.id, {}), goods)
            if general is not None and general["essential"] is False:
                plant.apart.add(goods)
            bill = self._bill.get(plant.id, {}).get(goods)
            if bill is None:
                continue
            expected = self._used(plant.id, bill)
            if expected and abs(expected - need) > 0.1 * need:
                self._differs.append(f"{plant.id} {goods}: {expected:.1f} / {need:.1f}")
        number = 0
        # A bill that names a product alone is met by any of its classes.
        by_row: dict[str, list[str]] = defaultdict(list)
        for goods in sorted(plant.needs):
            bill = _of_class(self._bill.get(plant.id, {}), goods)
            if bill is not None:
                by_row[bill["class"]].append(goods)
        for alike in by_row.values():
            if len(alike) > 1:
                plant.groups.update(dict.fromkeys(alike, number))
                number += 1
        for goods in sorted(plant.needs):
            bill = _of_class(self._bill.get(plant.id, {}), goods)
            if bill is None or not bill["substitute_class"] or (bill["substitute_pct"] or 0) < 100:
                continue
            other = bill["substitute_class"]
            if not (bill["substitute_after_days"] or 0) and other in plant.needs and other != goods:
                joined = max(plant.groups[other], plant.groups[goods], number)
                plant.groups[goods] = plant.groups[other] = joined
                number = joined + 1

    def notes(self) -> list[Note]:
        if not self._differs:
            return []
        return [remarks.of_inputs(remarks.DIFFERS, self._differs)]


def _of_class(rows: Mapping[str, dict[str, Any]], goods: str) -> dict[str, Any] | None:
    """The row of a class: its own, else that of its product or kind."""
    if goods in rows:
        return rows[goods]
    return next((rows[one] for one in sorted(rows, key=len, reverse=True) if one and matches(goods, one)), None)


def _is_valid(row: Mapping[str, Any], on: date) -> bool:
    first, last = row["valid_from"], row["valid_to"]
    return (first is None or first <= on) and (last is None or last >= on)
