"""Final customers: who a filed name means, which plants are theirs, what these need, hold, and buy of others.

The tables that a user filed (plants, bill, cover, suppliers) are applied here; each may be empty. What they do not say
is a default, and called an assumption.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from statistics import median
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
    """What a plant buys, or may buy, of a supplier of whom no row of the ledger tells, or of a forwarder; `rate` 0: it
    stands by. transit: days under way, None where nobody told."""

    plant: str
    goods: str
    supplier: str
    rate: float
    most: float
    qualified_from: int
    transit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarder:
    """A buyer who passes goods of a class on to plants that are not its own: where its goods lie meanwhile.

    transit: days under way to it, as its own plants state them; None where none does. rate: kg a day.
    """

    id: str
    organisation: str
    country: str
    goods: str
    rate: float
    transit: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Customers:
    """Plants by id; `shares`: for each delivery the plants and forwarders that get it, with their parts, which sum to
    1. forwarders: by id and class."""

    plants: dict[str, Plant]
    shares: list[list[tuple[str, float]]]
    supplies: list[Supply]
    notes: list[Note]
    forwarders: dict[tuple[str, str], Forwarder] = field(default_factory=dict)


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
    sellers: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one, parts in zip(deliveries, shares, strict=True):
        for plant, _ in parts:
            sellers[plant, one.goods] |= {one.site, holders.get(one.site, one.site)}
    onward = _Onward(deliveries, told, sellers, _filed(deliveries, shares))
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
        notes.append(_note(_CONTRADICTING, contradicting))
    if unsupplied:
        notes.append(_note(_UNSUPPLIED, unsupplied))
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


class _Onward:
    """What buyers to whom the ledger delivers pass on to others' plants, where suppliers.csv names them.

    Their goods are the ledger's: what goes on is taken off what their own plants get. Who is said to pass on all that
    it gets or more is left a supplier from outside.
    """

    def __init__(
        self, deliveries: list[Delivery], told: _Told, sellers: Mapping[tuple[str, str], set[str]],
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
        self, told: _Told, goods: str, got: Mapping[str, float], user: str, its: list[tuple[str, float, dict[str, Any]]]
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
        return [_note(_ONWARD, (f"{plant} {goods}" for plant, goods in self._to))]


def _shared(one: Delivery, told: _Told, plants: dict[str, Plant], homes: Mapping[str, str]) -> list[tuple[str, float]]:
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
            if (transit := self.transit(plant.id, goods)) is not None:
                plant.transit[goods] = transit
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
_ONWARD: Final = (
    "goods-passed-on", "come by way of another buyer to whom the ledger delivers: what goes on is taken off its plants",
    "经由台账所载另一买方转供：转供量自该买方工厂用量中扣除",
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
