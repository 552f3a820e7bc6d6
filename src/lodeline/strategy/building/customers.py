"""Final customers: who a filed name means, which plants are theirs, what these need, hold, and buy of others.

The tables that a user filed (plants, bill, cover, suppliers) are applied here; each may be empty. What they do not say
is a default, and called an assumption.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, Protocol

import polars as pl

from lodeline.strategy.classes import matches
from lodeline.strategy.figure import Basis
from lodeline.strategy.inputs.assumptions import assumption
from lodeline.strategy.network import ESSENTIAL, Note

#: Share of its output below which a plant stands still, where no table says (docs: strategy tables).
STOP_BELOW: Final = 0.5
DAYS_OF_MONTH: Final = 365.25 / 12
#: Who bought goods of which nobody said who got them.
NOBODY: Final = "?"

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
    """What a user may have told (`tables.Inputs`)."""

    @property
    def plants(self) -> pl.DataFrame: ...
    @property
    def bill(self) -> pl.DataFrame: ...
    @property
    def cover(self) -> pl.DataFrame: ...
    @property
    def suppliers(self) -> pl.DataFrame: ...


def rows_of(tables: Tables | None, name: str) -> list[dict[str, Any]]:
    """The rows of a table, with a None for each cell and column that is not there."""
    if tables is None:
        return []
    frame: pl.DataFrame = getattr(tables, name)
    wanted = _ROWS[name]
    there = frame.select(pl.col(one).cast(kind, strict=False) for one, kind in wanted.items() if one in frame.columns)
    return [{one: row.get(one) for one in wanted} for row in there.iter_rows(named=True)]


def form_of(name: str) -> str:
    """A name without what differs from one writer to the next: case, width, spaces and points."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(one for one in folded if one.isalnum())


@dataclass(slots=True)
class Names:
    """Whom names mean. `settled`: a name, folded, → the party that it is known to mean.

    Another spelling of a settled name is that party too; spellings that nobody has settled stay apart, and are told.
    """

    settled: Mapping[str, str]
    _forms: dict[str, set[str]] = field(default_factory=dict)
    _unsettled: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def party(self, name: str) -> str:
        """The party of a name; the name itself where nobody knows."""
        known = self.settled.get(name.strip().casefold())
        if known is not None:
            return known
        if not self._forms:
            for one, party in self.settled.items():
                self._forms.setdefault(form_of(one), set()).add(party)
        form = form_of(name)
        alike = self._forms.get(form, set())
        if len(alike) == 1:
            return next(iter(alike))
        self._unsettled[form].add(name.strip())
        return name.strip()

    def notes(self) -> list[Note]:
        """Spellings that may be one end user."""
        several = sorted(", ".join(sorted(names)) for names in self._unsettled.values() if len(names) > 1)
        if not several:
            return []
        listed = " | ".join(several[:5])
        return [
            Note(
                code="end-users-alike",
                en=f"{len(several)} end users are spelt in ways that nobody has settled, and count apart: {listed}",
                zh=f"有 {len(several)} 个最终用户名称写法不一且尚未认定，暂按不同用户计：{listed}",
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What goes to a final customer: kg a day of a class from one site, on average."""

    site: str
    goods: str
    user: str
    country: str
    rate: float


@dataclass(slots=True, kw_only=True)
class Plant:
    """A plant with what it uses: class → kg a day."""

    id: str
    organisation: str
    country: str
    stop_below: float = STOP_BELOW
    loss_per_day: float = float("nan")
    currency: str = ""
    needs: dict[str, float] = field(default_factory=dict)
    groups: dict[str, int] = field(default_factory=dict)
    apart: set[str] = field(default_factory=set)
    stock_days: dict[str, tuple[float, Basis]] = field(default_factory=dict)
    transit: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """What a plant buys, or may buy, of a supplier of whom no row of the ledger tells; `rate` 0: it stands by."""

    plant: str
    goods: str
    supplier: str
    rate: float
    most: float
    qualified_from: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Customers:
    """Plants by id; `shares`: for each delivery the plants that get it, with their parts, which sum to 1."""

    plants: dict[str, Plant]
    shares: list[list[tuple[str, float]]]
    supplies: list[Supply]
    notes: list[Note]


def customers(
    deliveries: list[Delivery], tables: Tables | None, names: Names, *, homes: Mapping[str, str],
    holders: Mapping[str, str], on: date,
) -> Customers:  # fmt: skip
    """The final customers of deliveries, by the tables in force on a day, the last of the base window.

    homes: party → its country. holders: site → organisation, of those who deliver.
    """
    told = _Told(tables, names, on)
    plants: dict[str, Plant] = {}
    shares = [_shared(one, told, plants, homes) for one in deliveries]
    filed: dict[tuple[str, str], float] = defaultdict(float)
    sellers: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one, parts in zip(deliveries, shares, strict=True):
        for plant, part in parts:
            filed[plant, one.goods] += one.rate * part
            sellers[plant, one.goods] |= {one.site, holders.get(one.site, one.site)}
    notes, supplies = [], []
    got: dict[str, list[str]] = defaultdict(list)
    for plant, goods in filed:
        got[plant].append(goods)
    billed = told.billed()
    # A bill may name a product of which the plant gets two classes.
    more = {(plant, goods) for plant, goods in billed if not any(matches(one, goods) for one in got[plant])}
    classes = sorted(set(filed) | more)
    contradicting, unsupplied = [], []
    for plant, goods in classes:
        rate = filed.get((plant, goods), 0.0)
        own = plants.get(plant) or plants.setdefault(plant, told.plant(plant))
        others, share = told.others(plant, goods, sellers.get((plant, goods), set()))
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
        supplies += [told.supply(plant, goods, name, need * part, row) for name, part, row in others]
    for each in plants.values():
        told.complete(each)
    if contradicting:
        notes.append(_note(_CONTRADICTING, contradicting))
    if unsupplied:
        notes.append(_note(_UNSUPPLIED, unsupplied))
    notes += told.notes()
    return Customers(plants={one: plants[one] for one in sorted(plants)}, shares=shares, supplies=supplies, notes=notes)


def _shared(one: Delivery, told: _Told, plants: dict[str, Plant], homes: Mapping[str, str]) -> list[tuple[str, float]]:
    """The plants that get a delivery: those of its end user that a table names, else one of the end user's own."""
    weights = told.users(one.user, one.country, one.goods)
    whole = sum(weights.values())
    if not whole:
        # A name that the register does not know may be called so in two countries.
        is_home = homes.get(one.user) == one.country
        name = one.user if is_home and one.user != NOBODY else f"{one.user}/{one.country or NOBODY}"
        while name in told.plants:
            name += "/*"
        plants.setdefault(name, Plant(id=name, organisation=one.user, country=one.country))
        return [(name, 1.0)]
    for plant in weights:
        plants.setdefault(plant, told.plant(plant))
    return [(plant, weight / whole) for plant, weight in weights.items()]


class _Told:
    """What the tables say, as of a day."""

    def __init__(self, tables: Tables | None, names: Names, on: date) -> None:
        rows = [one for one in rows_of(tables, "plants") if one["plant"] and _is_valid(one, on)]
        self.plants: dict[str, dict[str, Any]] = {one["plant"]: one for one in rows}
        self._of_user: dict[str, list[str]] = defaultdict(list)
        for plant in sorted(self.plants):
            self._of_user[names.party(self.plants[plant]["organisation"] or plant)].append(plant)
        self._user_of = {plant: user for user, found in self._of_user.items() for plant in found}
        self._bill: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
        for one in rows_of(tables, "bill"):
            self._bill[one["plant"]][one["class"]] = one
        self._cover: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
        # Of several days the one nearest to the end of the base window.
        for one in sorted(rows_of(tables, "cover"), key=lambda row: -abs(((row["on"] or on) - on).days)):
            self._cover[one["plant"]][one["class"]] = one
        self._suppliers: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        for one in rows_of(tables, "suppliers"):
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

    def billed(self) -> dict[tuple[str, str], float]:
        """(plant, class) → kg a day by its bill and output."""
        return {
            (plant, goods): (row["kg_per_unit"] or 0.0) * (self.plants[plant]["output_per_day"] or 0.0)
            for plant, rows in self._bill.items() if plant in self.plants for goods, row in rows.items()
        }  # fmt: skip

    def _need(self, plant: str, goods: str) -> float:
        row = _of_class(self._bill.get(plant, {}), goods)
        return 0.0 if row is None else (row["kg_per_unit"] or 0.0) * (self.plants[plant]["output_per_day"] or 0.0)

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
        most = rate * (1 + assumption("spare_capacity").central) if capacity is None else capacity / DAYS_OF_MONTH
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
            if cover is not None and cover["transit_days"] is not None:
                plant.transit[goods] = max(1, round(cover["transit_days"]))
            plant.groups[goods] = ESSENTIAL
            general = _of_class(self._bill.get(plant.id, {}), goods)
            if general is not None and general["essential"] is False:
                plant.apart.add(goods)
            bill = self._bill.get(plant.id, {}).get(goods)
            if bill is None:
                continue
            expected = (bill["kg_per_unit"] or 0.0) * (self.plants[plant.id]["output_per_day"] or 0.0)
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
        return [_note(_DIFFERS, self._differs)]


def _of_class(rows: Mapping[str, dict[str, Any]], goods: str) -> dict[str, Any] | None:
    """The row of a class: its own, else that of its product or kind."""
    if goods in rows:
        return rows[goods]
    return next((rows[one] for one in sorted(rows, key=len, reverse=True) if one and matches(goods, one)), None)


def _is_valid(row: Mapping[str, Any], on: date) -> bool:
    first, last = row["valid_from"], row["valid_to"]
    return (first is None or first <= on) and (last is None or last >= on)


_CONTRADICTING: Final = (
    "shares-contradict", "are delivered although the suppliers' shares leave nothing for it; the shares are left aside",
    "有申报交货，而供应商份额已满；已不计其份额",
)  # fmt: skip
_UNSUPPLIED: Final = (
    "bill-without-supply", "stand in a bill, but nobody delivers them: left out", "列于用料表而无人供货：不计",
)  # fmt: skip
_DIFFERS: Final = (
    "bill-differs", "differ by more than a tenth from what is delivered (kg a day by bill and output / delivered)",
    "按用料表与产量的需求与实际供货相差逾一成（每日千克：用料表／供货）",
)  # fmt: skip


def _note(about: tuple[str, str, str], subjects: Iterable[str]) -> Note:
    code, en, zh = about
    found = sorted(subjects)
    listed = "; ".join(found[:5]) + ("; …" if len(found) > 5 else "")
    return Note(
        code=code, en=f"{len(found)} inputs of plants {en}: {listed}", zh=f"{len(found)} 项工厂用料{zh}：{listed}"
    )
