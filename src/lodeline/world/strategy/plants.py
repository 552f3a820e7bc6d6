"""Who uses the magnets: the plants of each customer, what they need, from whom, and how they work.

A plan is a function of the world and of what was sent in the base window; it holds nothing that changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lodeline.world.plan import WORKS, Party, World
from lodeline.world.strategy.figures import evenly, figure, lognormal, transit_days, triangular
from lodeline.world.strategy.goods import Parcel
from lodeline.world.strategy.window import Window
from lodeline.world.stream import Stream
from lodeline.world.tables import Row, table

#: Plants abroad for each buyer abroad, at least, in the mean.
ABROAD_AT_LEAST = 3.0
#: A class that came to a buyer in fewer parcels than this in the base window is not what its plants live on.
FEWEST_PARCELS = 5
#: Chances that a plant uses a class that its firm gets (assumptions).
USES = {"magnet-ndfeb+heavy": 0.9, "magnet-ndfeb": 0.6, "magnet-smco": 0.4}
#: Working days of a week, by weight; chances of the other ways in which a plant is supplied (assumptions).
WEEKS = ((5, 0.6), (6, 0.15), (7, 0.25))
BUYS_ELSEWHERE, AMPLE, LATER, RE_EXPORTED = 0.35, 1 / 6, 1 / 8, 1 / 8
STOCK_SIGMA = 0.6
#: Makers outside the ledger.
OUTSIDE = 6
MONTH = 365.25 / 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """A supplier outside the ledger: kg/day that it usually sends, at the most, and in one lot; from a day on."""

    name: str
    usual: float
    most: float
    lot_kg: float
    qualified: int | None = None


@dataclass(slots=True, kw_only=True)
class Cell:
    """A class that a plant uses. `claims`: (buyer, kg/day of what is sent to that buyer); kg/day of a calendar day."""

    goods: str
    claims: list[tuple[str, float]]
    kg_per_unit: float = 0.0
    need: float = 0.0
    target_days: float = 0.0
    others: list[Other] = field(default_factory=list)

    def direct(self, organisation: str) -> float:
        """What is sent to its own firm for it."""
        return sum(rate for buyer, rate in self.claims if buyer == organisation)

    @property
    def sent(self) -> float:
        """What the industry sends for it, its own firm's and what comes through others."""
        return sum(rate for _, rate in self.claims)

    @property
    def steers(self) -> bool:
        """Whether it buys elsewhere too, so that it can make up for what comes late."""
        return any(other.usual for other in self.others)

    @property
    def filed(self) -> float:
        """Share of what it usually gets that the filings name its own firm for."""
        return self.claims[0][1] / (self.sent + sum(other.usual for other in self.others))


@dataclass(slots=True, kw_only=True)
class PlantPlan:
    """A works. `place`: its number among all, of which its streams are made."""

    id: str
    place: int
    party: Party
    abroad: bool
    work: Row
    week: int
    stop_below: float
    transit: int
    output: float = 0.0
    cells: list[Cell] = field(default_factory=list)


def plan_plants(world: World, parcels: Iterable[Parcel], window: Window) -> list[PlantPlan]:
    """Every plant, those abroad first; a customer to whom nothing came in the base window has none."""
    rates = _rates(parcels, window)
    stream = Stream(world.seed, WORKS)
    abroad = [party for party in world.parties if party.id.startswith("FOR")]
    home = [party for party in world.parties if not party.id.startswith("FOR")]
    plants: list[PlantPlan] = []
    for parties, counts in ((abroad, _counts(stream, len(abroad))), (home, [1] * len(home))):
        for party, count in zip(parties, counts, strict=True):
            goods = {name: rate for (buyer, name), rate in rates.items() if buyer == party.id}
            if goods:
                plants += _works_of(stream, party, count, goods, first=len(plants), abroad=parties is abroad)
    _re_export(stream, plants)
    for plant in plants:
        _needs(stream, plant, window)
    return plants


def _rates(parcels: Iterable[Parcel], window: Window) -> dict[tuple[str, str], float]:
    """(buyer, class) → kg/day in the base window, in order."""
    found: dict[tuple[str, str], list[float]] = {}
    for parcel in parcels:
        if window.first <= parcel.day < window.starts:
            found.setdefault((parcel.buyer, parcel.goods), []).append(parcel.kg)
    enough = {key: masses for key, masses in sorted(found.items()) if len(masses) >= FEWEST_PARCELS}
    return {key: sum(masses) / window.days for key, masses in enough.items()}


def _counts(stream: Stream, buyers: int) -> list[int]:
    counts = [stream.weighted(((1, 0.1), (2, 0.25), (3, 0.35), (4, 0.3))) for _ in range(buyers)]
    while sum(counts) < ABROAD_AT_LEAST * buyers:
        counts[counts.index(min(counts))] += 1
    return counts


def _works_of(
    stream: Stream, party: Party, count: int, goods: dict[str, float], *, first: int, abroad: bool
) -> list[PlantPlan]:
    """So many plants of a customer, fewer where some would use nothing; what comes is parted among them by size."""
    works = [(row, float(row["weight"])) for row in table("works")]
    uses = [{name for name in goods if stream.chance(USES[name])} for _ in range(count)]
    for name in goods:
        if not any(name in used for used in uses):
            uses[stream.integer(0, count - 1)].add(name)
    sizes = [stream.between(0.5, 1.5) for _ in range(count)]
    plants: list[PlantPlan] = []
    for used, size in zip(uses, sizes, strict=True):
        if not used:
            continue
        plant = PlantPlan(
            id=f"{party.id}-P{len(plants) + 1}", place=first + len(plants), party=party, abroad=abroad,
            work=stream.weighted(works), week=stream.weighted(WEEKS),
            stop_below=stream.choose(figure("stop-below-pct")) / 100, transit=transit_days(stream, party.country),
        )  # fmt: skip
        for name in sorted(used):
            whole = sum(other for other, its in zip(sizes, uses, strict=True) if name in its)
            plant.cells.append(Cell(goods=name, claims=[(party.id, goods[name] * size / whole)]))
        plants.append(plant)
    return plants


def _re_export(stream: Stream, plants: list[PlantPlan]) -> None:
    """Some plants get part of what they need through another buyer abroad, whose own plants then get less."""
    abroad = [plant for plant in plants if plant.abroad]
    through: set[tuple[str, str]] = set()
    for plant in abroad:
        for cell in plant.cells:
            if not stream.chance(RE_EXPORTED):
                continue
            hubs = [
                other.party.id for other in abroad
                for its in other.cells if its.goods == cell.goods and other.party.id != plant.party.id
            ]  # fmt: skip
            share = evenly(stream, "re-export-share")
            hub = stream.choose(hubs) if hubs else ""
            if not hub or (hub, cell.goods) in through or (plant.party.id, cell.goods) in through:
                continue
            theirs = [
                its for other in abroad if other.party.id == hub for its in other.cells if its.goods == cell.goods
            ]
            whole = sum(its.direct(hub) for its in theirs)
            taken = min(share / (1 - share) * cell.sent, 0.3 * whole)
            for its in theirs:
                its.claims = [(b, r * (1 - taken / whole) if b == hub else r) for b, r in its.claims]
            cell.claims.append((hub, taken))
            through |= {(hub, cell.goods), (plant.party.id, cell.goods)}


def _needs(stream: Stream, plant: PlantPlan, window: Window) -> None:
    """What it needs, who else sends it, and how much it means to have lying there."""
    elsewhere = plant.abroad and stream.chance(BUYS_ELSEWHERE)
    shares = [triangular(stream, "other-supplier-share") if elsewhere else 0.0 for _ in plant.cells]
    needs = [
        cell.sent / (1 - share) * evenly(stream, "need-over-deliveries")
        for cell, share in zip(plant.cells, shares, strict=True)
    ]
    units = sum(needs) / float(plant.work["kg_per_unit"])
    plant.output = max(1.0, float(int(units + 0.5)))
    for cell, share, need in zip(plant.cells, shares, needs, strict=True):
        cell.kg_per_unit = int(need / plant.output * 1e6 + 0.5) / 1e6
        cell.need = cell.kg_per_unit * plant.output
        cell.target_days = lognormal(stream, "stock-days", STOCK_SIGMA)
        cell.others = list(_others(stream, cell, share, window)) if plant.abroad else []


def _others(stream: Stream, cell: Cell, share: float, window: Window) -> Iterator[Other]:
    number = stream.integer(1, OUTSIDE)
    if share:
        usual = max(cell.need - cell.sent, 0.05 * cell.need)
        most = usual * (1 + triangular(stream, "spare-capacity"))
        if stream.chance(AMPLE):
            most = cell.need * evenly(stream, "ample-capacity")
        yield Other(name=_name(number), usual=usual, most=most, lot_kg=usual * stream.integer(5, 10))
    if stream.chance(LATER):
        most = cell.need * evenly(stream, "later-capacity")
        qualified = window.starts + int(evenly(stream, "later-days"))
        yield Other(
            name=_name(number % OUTSIDE + 1), usual=0.0, most=most, lot_kg=most * stream.integer(5, 10),
            qualified=qualified,
        )  # fmt: skip


def _name(number: int) -> str:
    return f"Magnet maker abroad {number} (synthetic)"
