"""What every plot is: a plant, a stream of chances of its own, and a record of what it did."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

from lodeline.world.clerk import Row
from lodeline.world.plan import PLOTS, FirmPlan
from lodeline.world.plant import Plant
from lodeline.world.record import Record
from lodeline.world.scene import MonthBook, Scene
from lodeline.world.sigma import dry_kg, reo_share
from lodeline.world.stock import Lot
from lodeline.world.stream import Stream
from lodeline.world.visits.truth import TrueItem


class Plot(ABC):
    """One loophole at work. `month` is called with every month of the world, `finish` once after the last."""

    def __init__(self, plant: Plant, scene: Scene) -> None:
        self.plant, self.scene = plant, scene
        self.stream = Stream(scene.world.seed, PLOTS, plant.number)
        self.firm: FirmPlan = scene.firm(plant.organisation).plan
        self.record = Record(plant=plant, site=self.firm.sites[0].id if self.firm.sites else "")

    @property
    def organisation(self) -> str:
        return self.plant.organisation

    @property
    def adaptive(self) -> bool:
        """True for an adversary that spreads, varies and stays below what draws attention."""
        return self.plant.adversary == "adaptive"

    @property
    def months(self) -> int:
        """How many months the plant lasts."""
        return self.plant.last - self.plant.first + 1

    def month(self, book: MonthBook) -> None:
        """Alters what is about to be filed for a month."""
        if self.plant.first <= book.month.index <= self.plant.last and book.ready(self.organisation):
            self.act(book)

    @abstractmethod
    def act(self, book: MonthBook) -> None:
        """What the plot does in each of its months in which the firm files."""

    def there(self, month: int) -> Iterable[TrueItem]:
        """What truly lies at the site at the end of a month (from 0) that the industry does not know of."""
        return ()

    def finish(self) -> None:  # noqa: B027 (most plots have nothing to add)
        """What can be said only when the world is over."""

    def own(self, book: MonthBook, kind: str, role: str = "") -> list[Row]:
        """The firm's honest rows of a kind at its main site."""
        page = book.pages[self.organisation]
        return [
            row for row in page.rows
            if row["kind"] == kind and row.get("role", "") == role and row["site"] == self.record.site
            and row["lot"] in page.lots and id(row) not in page.added
        ]  # fmt: skip

    def touch(self, book: MonthBook, row: Row, change: str, organisation: str = "") -> None:
        """Notes a row that was added or changed."""
        self.record.touch(organisation or self.organisation, book.period, row["event"], change)
        filer, name = organisation or self.organisation, row["lot"]
        lot = book.pages[filer].lots.get(name)
        self.record.lots[f"{lot.maker}/{lot.number}" if lot else name if "/" in name else f"{filer}/{name}"] = None

    def some(self, rows: list[Row], share: float) -> list[Row]:
        """About this share of the events, whole events, at least one."""
        events = list(dict.fromkeys(row["event"] for row in rows))
        chosen = {event for event in events if self.stream.chance(share)}
        if events and not chosen:
            chosen = {self.stream.choose(events)}
        return [row for row in rows if row["event"] in chosen]


def reo_of(row: Row, lot: Lot) -> float:
    """True rare-earth oxide of a row, kg."""
    return dry_kg(row) * reo_share(lot)
