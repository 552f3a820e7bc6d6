"""How plants live from day to day.

What the industry sends to a buyer is parted in whole pallets, each for the plant that is furthest behind its share. A
plant works on the days of its week, takes what the day calls for, which varies, and as much of each class as its
scarcest class allows. When what it has, and what is on its way, falls below what it means to have, it orders whole
lots from its other suppliers, as far as they can make them. Before it runs dry it buys on the spot, and what is more
than any plant keeps it sells, unless a control leaves the dealers with nothing to deal in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date

from lodeline.world.plan import WORKS
from lodeline.world.strategy.figures import evenly, figure
from lodeline.world.strategy.goods import Parcel
from lodeline.world.strategy.plants import Cell, Other, PlantPlan
from lodeline.world.stream import Stream

#: A parcel up to this mass stays whole, kg; a larger one is parted in pallets of it (assumption).
PALLET_KG = 200.0
#: Stock below which a plant buys on the spot, at once or with what comes in two days, and how much, in days of need
#: (assumptions).
SPOT_AT_ONCE_DAYS, SPOT_BELOW_DAYS, SPOT_DAYS = 2.0, 3.0, 4.0
#: Days more for goods that come through another buyer (assumption).
ONWARD_DAYS = 5
#: A supplier's capacity is of so many days.
CAPACITY_DAYS = 28


@dataclass(slots=True, kw_only=True)
class Place:
    """A class at a plant, as it stands, in kg, with what came, was bought on the spot (of what came), was sold
    to dealers and was used.

    coming: day → kg. under_way: (day, kg) of what the industry has sent. ordered: by other supplier, (day, kg).
    least: the least that lay there after a day's work. stop: the first day on which it kept its plant below its limit.
    """

    cell: Cell
    plant: PlantPlan
    stock: float
    coming: dict[int, float] = field(default_factory=dict)
    under_way: list[tuple[int, float]] = field(default_factory=list)
    ordered: list[list[tuple[int, float]]] = field(default_factory=list)
    started: float = 0.0
    arrived: float = 0.0
    spot: float = 0.0
    sold: float = 0.0
    used: float = 0.0
    least: float = float("inf")
    stop: int | None = None

    def on_its_way(self) -> float:
        return sum(self.coming.values())

    def copied(self) -> Place:
        """The place as it stands; its plan, which does not change, is shared."""
        return replace(
            self, coming=dict(self.coming), under_way=list(self.under_way),
            ordered=[list(orders) for orders in self.ordered],
        )  # fmt: skip


#: Whether dealers deal with a place on a day.
Dealers = Callable[[Place, int], bool]


@dataclass(slots=True)
class Allotment:
    """Who gets the next pallet: of each (buyer, class), the places that have a share in it and what each has got."""

    shares: dict[tuple[str, str], list[tuple[int, float]]]
    got: dict[tuple[str, str], list[float]]

    @staticmethod
    def of(cells: list[Cell]) -> Allotment:
        """Before anything was sent; a place goes by its number among the cells."""
        shares: dict[tuple[str, str], list[tuple[int, float]]] = {}
        for number, cell in enumerate(cells):
            for buyer, rate in cell.claims:
                if rate > 0:
                    shares.setdefault((buyer, cell.goods), []).append((number, rate))
        return Allotment(shares, {key: [0.0] * len(its) for key, its in shares.items()})

    def copied(self) -> Allotment:
        """The same, to be gone on with apart."""
        return Allotment(self.shares, {key: list(got) for key, got in self.got.items()})

    def part(self, parcel: Parcel) -> list[tuple[int, float]]:
        """(number of a place, kg) of each pallet; nothing where no plant lives on such goods."""
        key = (parcel.buyer, parcel.goods)
        shares, given, left = self.shares.get(key, []), [], parcel.kg
        while shares and left > 0:
            got = self.got[key]
            pallet = left if left < 2 * PALLET_KG else PALLET_KG
            # The least of what it has got over its share once it has the pallet: lowest number first among equals.
            best = min(range(len(shares)), key=lambda at: ((got[at] + pallet) / shares[at][1], at))
            got[best] += pallet
            given.append((shares[best][0], pallet))
            left -= pallet
        return given


class Lives:
    """All plants on a day. `forked` gives the same again, to live on under other rules."""

    def __init__(self, seed: int, plants: list[PlantPlan], stocks: list[float], first: int, last: int) -> None:
        self.day = first
        self._first = first
        self.places: list[Place] = []
        self._of: list[list[int]] = []
        for plant in plants:
            self._of.append(list(range(len(self.places), len(self.places) + len(plant.cells))))
            for cell in plant.cells:
                stock = stocks[len(self.places)]
                orders: list[list[tuple[int, float]]] = [[] for _ in cell.others]
                self.places.append(Place(cell=cell, plant=plant, stock=stock, started=stock, ordered=orders))
        self._allotment = Allotment.of([place.cell for place in self.places])
        self._calls = [_calls(seed, plant, first, last) for plant in plants]
        self._late = [_late(seed, place.plant.place) for place in self.places]

    def forked(self) -> Lives:
        """A copy that shares nothing that changes."""
        other = Lives.__new__(Lives)
        other.day, other._first, other._of = self.day, self._first, self._of
        other._calls, other._late = self._calls, self._late
        other._allotment = self._allotment.copied()
        other.places = [place.copied() for place in self.places]
        return other

    def warm(self, parcels: Iterable[Parcel]) -> None:
        """What left before the first day and is under way."""
        for parcel in parcels:
            if parcel.day < self.day:
                self._send(parcel)

    def live(self, parcels: Iterable[Parcel], until: int, dealers: Dealers) -> None:
        """Lives to the morning of `until`, while such of the parcels leave as have a day from now on."""
        leaving: dict[int, list[Parcel]] = {}
        for parcel in parcels:
            leaving.setdefault(parcel.day, []).append(parcel)
        while self.day < until:
            for parcel in leaving.get(self.day, ()):
                self._send(parcel)
            for place in self.places:
                came = place.coming.pop(self.day, 0.0)
                place.stock += came
                place.arrived += came
            for numbers, calls in zip(self._of, self._calls, strict=True):
                _work([self.places[number] for number in numbers], calls[self.day - self._first], self.day)
            for place, late in zip(self.places, self._late, strict=True):
                _order(place, self.day, late[self.day % len(late)])
                if dealers(place, self.day):
                    _deal(place, self.day)
            self.day += 1

    def _send(self, parcel: Parcel) -> None:
        for number, kg in self._allotment.part(parcel):
            place = self.places[number]
            onward = 0 if parcel.buyer == place.plant.party.id else ONWARD_DAYS
            arrives = parcel.day + place.plant.transit + onward
            if arrives >= self.day:
                place.coming[arrives] = place.coming.get(arrives, 0.0) + kg
                place.under_way.append((arrives, kg))


def _calls(seed: int, plant: PlantPlan, first: int, last: int) -> list[float]:
    """What each day calls for, over the need of a mean day; 0 on days of rest."""
    stream = Stream(seed, WORKS, 3, plant.place)
    calls, month, of_month = [], 0, 1.0
    for day in range(first, last):
        on = date.fromordinal(day)
        if on.month != month:
            month, of_month = on.month, evenly(stream, "monthly-use")
        call = evenly(stream, "daily-use") * of_month * 7 / plant.week
        calls.append(call if on.weekday() < plant.week else 0.0)
    return calls


def _late(seed: int, place: int) -> list[int]:
    """Days by which lots of other suppliers come later, over and over."""
    stream = Stream(seed, WORKS, 4, place)
    return [stream.integer(0, 4) for _ in range(31)]


def _work(places: list[Place], call: float, day: int) -> None:
    if call <= 0:
        return
    can = [min(1.0, place.stock / (place.cell.need * call)) for place in places]
    done = min(can)
    for place, share in zip(places, can, strict=True):
        if share < place.plant.stop_below and place.stop is None:
            place.stop = day
        used = min(place.stock, place.cell.need * call * done)
        place.stock -= used
        place.used += used
        place.least = min(place.least, place.stock)


def _order(place: Place, day: int, late: int) -> None:
    cell = place.cell
    if cell.others:
        wanted = cell.need * (cell.target_days + place.plant.transit)
        have = place.stock + place.on_its_way()
        for other, orders in zip(cell.others, place.ordered, strict=True):
            while have < wanted and _can_make(other, orders, day):
                arrives = day + place.plant.transit + late
                place.coming[arrives] = place.coming.get(arrives, 0.0) + other.lot_kg
                orders.append((day, other.lot_kg))
                have += other.lot_kg


def _deal(place: Place, day: int) -> None:
    """Buys on the spot before it runs dry, and sells what is more than any plant keeps."""
    need = place.cell.need
    soon = sum(place.coming.get(day + ahead, 0.0) for ahead in (1, 2))
    if place.stock < SPOT_AT_ONCE_DAYS * need or place.stock + soon < SPOT_BELOW_DAYS * need:
        place.stock += SPOT_DAYS * need
        place.arrived += SPOT_DAYS * need
        place.spot += SPOT_DAYS * need
    much = place.stock - figure("stock-days")[2] * need
    if much > 0:
        place.stock -= much
        place.sold += much


def _can_make(other: Other, orders: list[tuple[int, float]], day: int) -> bool:
    if other.qualified is not None and day < other.qualified:
        return False
    recent = sum(kg for on, kg in orders if on > day - CAPACITY_DAYS)
    return recent + other.lot_kg <= other.most * CAPACITY_DAYS
