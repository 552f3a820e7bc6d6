"""The industry runs, month by month and firm by firm, and hands over what each firm would truthfully file.

Firms are taken in the order of their trades, so goods can pass several of them within a month; only what is
held and what is under way is remembered, so memory does not grow with time. Loopholes are planted
between this room and `paper`: here is what happened, there is what is filed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from lodeline.world.border import Licences
from lodeline.world.clerk import Clerk, Row
from lodeline.world.gauge import CALIBRATIONS
from lodeline.world.market import Month, months_of
from lodeline.world.plan import MARKET, World, national_reo
from lodeline.world.staff import RECALIBRATIONS, Firm, Place
from lodeline.world.stock import Consignment, Lot
from lodeline.world.stream import Stream
from lodeline.world.tables import OXIDE, Content
from lodeline.world.trade import WITHOUT_REFERENCE, Trade
from lodeline.world.trades import acts, opening

#: Rank of a count among the acts of its day: after all of them.
COUNTED = 9


@dataclass(slots=True, kw_only=True)
class Deed:
    """Natural dirt, as `truth` lists it: what, who, when, which event, and the facts."""

    kind: str
    organisation: str
    period: str
    event: str
    facts: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """A row that is first filed with a wrong cell, and put right by a later filing."""

    row: Row
    column: str
    wrong: str


@dataclass(slots=True, kw_only=True)
class FirmMonth:
    """What one firm did in a month: its rows in order, and receipts that were mislaid and found again.

    `lots`: what each lot named in the rows truly is, by the name used there. `counted`: each row of a stock count with
    the book's net mass in mg. `added`: rows (by identity) that no act of the industry is behind. The last four are
    orders to `paper`: file nothing, come so many minutes after the deadline, file a cell wrong at first, put it right
    so many minutes later.
    """

    firm: Firm
    month: Month
    rows: list[Row]
    found_later: list[Row]
    waits_for: tuple[str, ...]
    lots: dict[str, Lot]
    counted: list[tuple[Row, int]]
    added: set[int] = field(default_factory=set)
    withheld: bool = False
    minutes_late: int = 0
    corrected_after: int = 0
    amendments: list[Amendment] = field(default_factory=list)


@dataclass(kw_only=True)
class Industry:
    """A run of a world. `draws`: (organisation, kind, ore type, year) → mg REO that count against a quota."""

    world: World
    firms: dict[str, Firm] = field(init=False)
    trade: Trade = field(init=False)
    deeds: list[Deed] = field(default_factory=list)
    draws: dict[tuple[str, str, str, int], int] = field(default_factory=dict)
    _shares: dict[str, Content] = field(init=False)

    def __post_init__(self) -> None:
        suppliers = _suppliers(self.world)
        self.firms = {plan.id: Firm(plan, self.world, suppliers[plan.id]) for plan in self.world.firms}
        first = next(self.months()).first
        parties = {party.id: party for party in self.world.parties}
        self.trade = Trade(world=self.world, firms=self.firms, parties=parties, licences=Licences(first))
        self._shares = _shares(self.world)

    def months(self) -> Iterator[Month]:
        """The calendar of this world."""
        return months_of(self.world.start, self.world.months, Stream(self.world.seed, MARKET))

    def run(self) -> Iterator[list[FirmMonth]]:
        """Month by month, what every firm did in it, in order. May be consumed once."""
        for month in self.months():
            yield [self._live(firm, month) for firm in self.firms.values()]

    def run_on(self, count: int) -> Iterator[list[FirmMonth]]:
        """So many months more, once `run` has ended: they happen, and belong to no dossier."""
        whole = months_of(self.world.start, self.world.months + count, Stream(self.world.seed, MARKET))
        for month in islice(whole, self.world.months, None):
            yield [self._live(firm, month) for firm in self.firms.values()]

    def _live(self, firm: Firm, month: Month) -> FirmMonth:
        self._fate(firm, month)
        clerk = Clerk(firm, month)
        waits_for = {*firm.waits_for, *(title.seller for title in firm.titles)}
        firm.waits_for.clear()
        if month.index == 0 and firm.places:
            opening(clerk, self._shares[firm.plan.trade])
        found: list[Row] = []
        plan = acts(clerk, self.trade)
        arriving = [goods for goods in firm.incoming if goods.arrives <= month.last]
        firm.incoming = [goods for goods in firm.incoming if goods.arrives > month.last]
        plan += [(goods.arrives, 0, self._arrival(clerk, goods, found)) for goods in arriving]
        if firm.plan.count_months and (month.index + 1) % firm.plan.count_months == 0:
            plan += [(month.last - firm.habits.early, COUNTED, _counting(clerk, place)) for place in firm.places]
        for day, _, act in sorted(plan, key=lambda item: (item[0], item[1])):
            act(day)
        firm.titles.clear()
        for place in firm.places:
            place.peak_mg, place.made_mg = max(place.peak_mg, place.made_mg), 0
        self._tally(clerk)
        rows = [row for _, _, row in sorted(clerk.rows, key=lambda item: (item[0], item[1]))]
        return FirmMonth(
            firm=firm, month=month, rows=rows, found_later=found, waits_for=tuple(sorted(waits_for)), lots=clerk.lots,
            counted=clerk.counted,
        )  # fmt: skip

    def _arrival(self, clerk: Clerk, goods: Consignment, found: list[Row]) -> Callable[[int], None]:
        return lambda day: self._receive(clerk, goods, day, found)

    def _receive(self, clerk: Clerk, goods: Consignment, day: int, found: list[Row]) -> None:
        firm, fates = clerk.firm, clerk.firm.fates
        quoted = not fates.chance(WITHOUT_REFERENCE) and firm.habits.quotes
        holding, row = clerk.receive(firm.main, goods, day=day, with_reference=quoted)
        fate, lost = fates.uniform(), firm.profile.rate("receipt-lost")
        event, facts = row["event"], {"lot": row["lot"], "shipper": goods.shipper, "shipment": goods.event}
        if firm.silent:
            holding.unfiled = True
        elif fate < lost:
            holding.unfiled = True
            self.note("receipt-lost", clerk, event, facts)
            return
        elif (
            fate < lost + firm.profile.rate("receipt-found-later")
            and holding.since == day
            and day > clerk.month.last - 12
        ):
            holding.blocked_until = clerk.month.last + 1
            found.append(row)
            self.note("receipt-found-later", clerk, event, facts)
            return
        if not quoted:
            self.note("receipt-without-reference", clerk, event, facts)
        clerk.write(day, row)

    def note(self, kind: str, clerk: Clerk, event: str, facts: dict[str, str]) -> None:
        """Writes natural dirt down for the truth file."""
        self.deeds.append(
            Deed(kind=kind, organisation=clerk.plan.id, period=clerk.month.period, event=event, facts=facts)
        )

    def _fate(self, firm: Firm, month: Month) -> None:
        """What befalls a firm this month: silence, wear, a new calibration."""
        fates, clerk = firm.fates, Clerk(firm, month)
        firm.age()
        last = month.index == self.world.months - 1
        odds = firm.profile.rate("month-not-filed")
        if last:
            odds = max(odds, firm.profile.rate("month-not-filed-at-the-end"))
        # A world must have its origins: nobody is silent in the first month, and traders of titles never are.
        firm.silent = fates.chance(odds) and month.index > 0 and bool(firm.places) and not firm.promised
        if firm.silent:
            self.note("month-not-filed", clerk, "", {})
        if firm.drift and last:
            self.note("yield-drift", clerk, "", {"relative_shift": f"{firm.yield_shift:.4f}"})
        if firm.leaves_waste_unassayed and month.index == 0:
            self.note("waste-not-analysed", clerk, "", {})
        for place in firm.places:
            if fates.chance(RECALIBRATIONS) and place.instruments.calibration < len(CALIBRATIONS) - 1 and month.index:
                self._recalibrate(clerk, place)

    def _recalibrate(self, clerk: Clerk, place: Place) -> None:
        tools = place.instruments
        before = tools.bias("PLATFORM")
        tools.recalibrate()
        facts = {
            "site": place.site.id,
            "from": CALIBRATIONS[tools.calibration - 1],
            "to": CALIBRATIONS[tools.calibration],
            "platform_bias_from": f"{before:.6f}",
            "platform_bias_to": f"{tools.bias('PLATFORM'):.6f}",
        }
        self.note("scale-recalibrated", clerk, "", facts)

    def _tally(self, clerk: Clerk) -> None:
        for kind, ore, reo_mg in clerk.quota_draws:
            key = (clerk.plan.id, kind, ore, clerk.month.year)
            self.draws[key] = self.draws.get(key, 0) + reo_mg


def _counting(clerk: Clerk, place: Place) -> Callable[[int], None]:
    return lambda day: clerk.count(place, day)


def _suppliers(world: World) -> dict[str, frozenset[str]]:
    """Firm → makers that sell to it themselves."""
    found: dict[str, set[str]] = {plan.id: set() for plan in world.firms}
    for plan in world.firms:
        for market in plan.markets.values():
            for buyer, _ in market:
                if buyer in found:
                    found[buyer].add(plan.id)
    return {buyer: frozenset(makers) for buyer, makers in found.items()}


def _shares(world: World) -> dict[str, Content]:
    """Trade → kg of each element that a firm of mean size handles in a month."""
    reo_kg, _ = national_reo(world)
    element_kg = {e: kg / OXIDE[e] for e, kg in reo_kg.items()}
    sizes: dict[str, float] = {}
    for plan in world.firms:
        sizes[plan.trade] = sizes.get(plan.trade, 0.0) + plan.size
    # Half of the flow: it parts between grades, and recycled metal comes on top.
    return {trade: {e: kg / size / 2 for e, kg in element_kg.items()} for trade, size in sizes.items()}
