"""Loopholes of the office: months that come late and are edited, months that never come, bounds that are passed."""

from __future__ import annotations

from decimal import Decimal

from lodeline.world.industry import Amendment
from lodeline.world.plant import Plant
from lodeline.world.plots.mass import MassPlot
from lodeline.world.plots.plot import Plot, reo_of
from lodeline.world.record import reo_kg
from lodeline.world.scene import MonthBook, Scene
from lodeline.world.sigma import dry_kg, monthly_sigma_kg
from lodeline.world.stock import KG

_DAY = 24 * 60
#: Of an overrun so much can be hidden as gain; this share of what is hidden still lies within the grant (assumptions).
HIDEABLE, WITHIN = 0.1, 0.3


class LateAndEdited(Plot):
    """Filed after the day, and corrected so that what was flagged is flagged no more."""

    def act(self, book: MonthBook) -> None:
        page = book.pages[self.organisation]
        edited = not self.adaptive or self.stream.chance(0.7)
        late = not self.adaptive or self.stream.chance(0.7) or not edited
        if late:
            page.minutes_late = int(self.plant.size * self.stream.between(0.7, 1.3)) * _DAY + self.stream.integer(
                60, 600
            )
            self.record.filings[self.organisation, book.period] = "late"
        amended = {id(change.row) for change in page.amendments}
        receipts = [row for row in self.own(book, "receipt") if id(row) not in amended]
        if not edited or not receipts:
            return
        column = "mass_t" if "mass_t" in receipts[0] else "mass_kg"
        for row in self.stream.shuffled(receipts)[: self.stream.integer(1, 3)]:
            wrong = Decimal(row[column]) * Decimal(self.stream.integer(103, 120)) / 100
            page.amendments.append(Amendment(row=row, column=column, wrong=f"{wrong.quantize(Decimal('0.001')):f}"))
            self.touch(book, row, "changed")
        page.corrected_after = self.stream.integer(6, 25) * _DAY + self.stream.integer(60, 600)
        if not late:
            self.record.filings[self.organisation, book.period] = "corrected"


class MissingFiling(Plot):
    """From one month on the firm trades and files nothing; its partners' filings name it."""

    def month(self, book: MonthBook) -> None:
        # Months after a gap would draw on what was never filed: once silent, it stays so.
        page = book.pages[self.organisation]
        if book.month.index < self.plant.first or page.firm.silent:
            return
        page.withheld = True
        self.record.filings[self.organisation, book.period] = "withheld"
        for row in page.rows:
            self.record.touch(self.organisation, book.period, row["event"], "withheld")

    def act(self, book: MonthBook) -> None:
        raise AssertionError("month does it all")

    def finish(self) -> None:
        self.record.size = (float(len(self.record.filings)), "months")


class CapacityExcess(Plot):
    """The register knows a smaller plant than the one that runs."""

    def __init__(self, plant: Plant, scene: Scene) -> None:
        super().__init__(plant, scene)
        self.made_kg: dict[str, float] = {}

    def act(self, book: MonthBook) -> None:
        self.made_kg[book.period] = sum(dry_kg(row) for row in self.own(book, "transformation", "out"))

    def finish(self) -> None:
        best = max(self.made_kg.values(), default=0.0)
        if best <= 0:
            return
        capacity = max(1, int(best / (1 + self.plant.size)))
        self.scene.cast.capacities[self.record.site] = capacity
        above = {period: f"{made:.3f}" for period, made in self.made_kg.items() if made > capacity}
        self.record.facts.update(capacity_kg=str(capacity), made_kg=above)
        self.record.enter("register/sites.csv", self.record.site, "capacity_kg_per_month")


class QuotaOverrun(MassPlot):
    """More is mined or separated than was granted: in the open, or just within the grant with the rest unfiled."""

    @property
    def hidden(self) -> bool:
        """True where the excess is kept out of the filings."""
        return self.plant.manner == "hidden"

    def act(self, book: MonthBook) -> None:
        if not self.hidden:
            return
        rows = self.own(book, "transformation", "out")
        whole = sum(reo_of(row, book.lot(self.organisation, row)) for row in rows)
        parts = self.parts(book, rows, whole * self.plant.size * HIDEABLE)
        sigma = monthly_sigma_kg(book.pages[self.organisation], self.record.site)
        if parts:
            self.weigh(book, parts, sigma)
            for row, part in parts:
                self.enlarge(book, row, part)
            self.sell(book, parts)

    def finish(self) -> None:
        draws = self.scene.industry.draws
        mine = {key: mg for key, mg in draws.items() if key[0] == self.organisation and key[3] == self._year}
        if not mine:
            return
        key = max(mine, key=lambda name: (mine[name], name))
        used_kg = mine[key] / KG
        hidden_kg = 0.0
        if self.hidden:
            self.record.settle("in", self.organisation, self.record.site, "ore over the quota, never filed")
            hidden_kg = sum(reo_kg(month.elements_kg) for month in self.record.months.values())
            granted_kg = int(used_kg + hidden_kg * WITHIN) + 1
        else:
            granted_kg = int(used_kg / (1 + self.plant.size) / 100 + 1) * 100
        self.scene.cast.grants[key] = granted_kg
        self.record.size = ((used_kg + hidden_kg - granted_kg) / granted_kg, "share")
        _, kind, ore, year = key
        self.record.facts.update(
            kind=kind, ore_type=ore, year=year, granted_kg=str(granted_kg), filed_kg=str(int(used_kg)),
            hidden_kg=str(int(hidden_kg)),
        )  # fmt: skip
        self.record.enter("grants/quotas.csv", f"{self.organisation} {kind} {ore} {year}", "reo_kg")

    @property
    def _year(self) -> int:
        return self.scene.months[self.plant.first].year
