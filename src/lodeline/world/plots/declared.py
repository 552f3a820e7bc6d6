"""False declarations: a store of goods of which less is there than every paper says, and nobody's book shows it.

The firm lays in a store of one product in the open, item by item. Later some of it leaves unfiled, and counts go on as
if nothing had happened: receipts, counts and the sale that ends the store agree, so that balances close. Only who looks
at the items themselves can see it. What is missing is a whole item (gross), a part of an item (partial) or a little of
every item of the product (bias; `surplus` is the same the other way: more is there than is declared). In the manners
`…-received` a supplier and the firm write the papers together: the goods were shipped and received on paper, and what
is missing never came.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lodeline.world.clerk import Row
from lodeline.world.gauge import FAMILIES, composition_text
from lodeline.world.plant import Plant
from lodeline.world.plots.mass import MassPlot
from lodeline.world.record import kg
from lodeline.world.scene import MonthBook, Scene
from lodeline.world.sigma import dry_kg, monthly_sigma_kg, net_mg, reo_share, two_weighings
from lodeline.world.stock import Lot
from lodeline.world.tables import Content, table
from lodeline.world.visits.truth import TrueItem

#: Kinds of goods that are laid in: dry ones, each lot of which is weighed by itself.
_LAID_IN = ("oxide", "metal", "strip-cast")
#: Items of a store, and how many of them are falsified: plain, adaptive (assumptions).
ITEMS = (16, 32)
GROSS_ITEMS, PARTIAL_ITEMS = {"plain": (2, 4), "adaptive": (1, 1)}, {"plain": (3, 6), "adaptive": (2, 3)}
#: Part of an item that is missing (assumption: so much is seen by nobody who does not open or weigh it).
PARTIAL = (0.2, 0.6)
#: Bias of a plain falsifier; the adaptive one keeps each item within so many sigma of two weighings (assumptions).
BIAS, WITHIN_SIGMAS = (0.01, 0.04), 2.5
#: Goods of the store are at least so rich in rare-earth oxide, kg per kg.
LEAST_REO = 0.2
#: A store weighs no more than so many times what the site truly counts, or receives in a month (assumption): else it
#: would be looked at for its size.
MOST_OF_STOCK = 3.0


@dataclass(slots=True, kw_only=True)
class Item:
    """A lot of the store: dry kg that came, by the papers' account; net mg as filed; the share that is gone (negative:
    too much), and from which month of the world on. `refilled`: what was taken is replaced by matter without rare
    earths, so that scales show nothing.
    """

    lot: Lot
    kg: float
    mass_mg: int
    gone: float
    since: int
    refilled: bool


class FalseDeclaration(MassPlot):
    """A store that is less than it is declared to be."""

    def __init__(self, plant: Plant, scene: Scene) -> None:
        super().__init__(plant, scene)
        self.items: list[Item] = []
        self.sold, self._sigma = False, 0.0
        self.kind, _, self.received = plant.manner.partition("-")

    def month(self, book: MonthBook) -> None:
        """The store is counted while the plant lasts; in the month after it is sold on paper."""
        if self.plant.first <= book.month.index <= self.plant.last and not book.ready(self.organisation):
            self.record.facts["interrupted"] = book.period
        super().month(book)
        if self.items and not self.sold and book.month.index > self.plant.last and book.ready(self.organisation):
            self._sell(book)
            self.sold = True

    def act(self, book: MonthBook) -> None:
        if not self.items:
            self._lay_in(book)
        gauge_of = book.place(self.organisation).instruments.gauge
        for item in self.items:
            seen, _ = gauge_of(item.lot.kind).weigh(self.stream, item.kg, 0.0)
            book.count_too(self.organisation, item.lot, seen, self.record)
            if item.gone and item.since == book.month.index:
                self.record.weigh(book.period, abs(item.kg * item.gone), item.lot.content, self._sigma)

    def there(self, month: int) -> Iterable[TrueItem]:
        """What is truly there of the store at the end of a month; an item that is gone is not listed."""
        if self.sold:
            return
        for item in self.items:
            gone = item.gone if item.since <= month else 0.0
            if gone == 1:
                continue
            content: Content = {e: share * (1 - gone) for e, share in item.lot.content.items()}
            yield TrueItem(
                site=self.record.site, organisation=self.organisation, lot=item.lot,
                dry_kg=item.kg if item.refilled else item.kg * (1 - gone),
                content=content if item.refilled else item.lot.content,
            )  # fmt: skip

    def finish(self) -> None:
        came = self.kind == "surplus"
        what = "bought off the books and stored" if came else "taken from a store that is declared to be full"
        self.record.settle("in" if came else "out", self.organisation, self.record.site, what, filed=True)
        periods = [month.period for month in self.scene.months]
        self.record.facts["items"] = [
            {
                "lot": f"{item.lot.maker}/{item.lot.number}", "product": item.lot.product, "declared_kg": kg(item.kg),
                "gone_kg": kg(item.kg * item.gone), "share": f"{item.gone:.6f}", "since": periods[item.since],
                "refilled": item.refilled,
            }
            for item in self.items
            if item.gone
        ]  # fmt: skip
        self.record.facts["store_items"] = len(self.items)

    def _lay_in(self, book: MonthBook) -> None:
        """Buys the store, at the firm or at a supplier who ships it on paper."""
        self._sigma = monthly_sigma_kg(book.pages[self.organisation], self.record.site)
        like, supplier = self._product(book)
        if like is None or not self._sigma or (self.received and not supplier):
            return
        shares = self._shares(like)
        mass = self._mass_kg(book, like, shares)
        if not mass:
            return
        refilled = self.kind == "partial" and self.adaptive
        falsified, left = sum(1 for share in shares if share), self.plant.last - book.month.index + 1
        owner, day, done = supplier or self.organisation, book.month.first + self.stream.integer(2, 8), 0
        for share in self.stream.shuffled(shares):
            # The plain one takes all at once; the adaptive one spreads it over the months, as far as there are items.
            late = done * left // falsified if self.adaptive and self.kind in ("gross", "partial") else 0
            done += bool(share)
            true_kg = mass * self.stream.between(0.9, 1.1)
            lot, mass_mg = self._buy(book, owner, like, true_kg, day)
            item = Item(
                lot=lot, kg=true_kg, mass_mg=mass_mg, gone=share, since=book.month.index + late, refilled=refilled
            )
            self.items.append(item)
        if supplier:
            self._ship(book, supplier, day + 2)

    def _product(self, book: MonthBook) -> tuple[Lot | None, str]:
        """(A lot like which the store shall be, who supplies it on paper).

        For whole items it is the commonest product, among which a few more are lost; for a bias one of its own.
        """
        page = book.pages[self.organisation]
        lots = {
            lot.product: lot for lot in page.lots.values()
            if lot.kind in _LAID_IN and not lot.model and lot.stated_ppb and reo_share(lot) > LEAST_REO
        }  # fmt: skip
        if self.received:
            return self._delivered(book, lots)
        counted: dict[str, int] = {}
        for row, _ in page.counted:
            counted[row["product"]] = counted.get(row["product"], 0) + 1
        sign = 1 if self.kind in ("gross", "partial") else -1
        names = sorted(lots, key=lambda name: (-sign * counted.get(name, 0), name))
        return (lots[names[0]] if names else None), ""

    def _delivered(self, book: MonthBook, lots: dict[str, Lot]) -> tuple[Lot | None, str]:
        """What a supplier who files ships most of to the firm in this month."""
        piles: dict[tuple[str, str], float] = {}
        for row in self.own(book, "receipt"):
            name, product = row.get("counterparty", ""), row["product"]
            files = name in self.scene.industry.firms and book.ready(name) and self.scene.firm(name).places
            if files and product in lots:
                piles[name, product] = piles.get((name, product), 0.0) + dry_kg(row)
        name, product = max(piles, key=lambda one: (piles[one], one), default=("", ""))
        return lots.get(product), name

    def _shares(self, like: Lot) -> list[float]:
        """Of each item of the store the share that is gone."""
        count, adversary = self.stream.integer(*ITEMS), self.plant.adversary
        if self.kind in ("gross", "partial"):
            few = self.stream.integer(*(GROSS_ITEMS if self.kind == "gross" else PARTIAL_ITEMS)[adversary])
            shares = [1.0 if self.kind == "gross" else self.stream.between(*PARTIAL) for _ in range(few)]
            return [*shares, *([0.0] * (count - few))]
        bias = WITHIN_SIGMAS * two_weighings(FAMILIES[like.kind][0]) if self.adaptive else self.stream.between(*BIAS)
        return [-bias if self.kind == "surplus" else bias] * count

    def _mass_kg(self, book: MonthBook, like: Lot, shares: list[float]) -> float:
        """Mass of one item, so that what is gone has the wanted oxide, unless the store would stand out by its size."""
        handled = [[row for row, _ in book.pages[self.organisation].counted if row["site"] == self.record.site],
                   self.own(book, "receipt")]  # fmt: skip
        held = max(sum(dry_kg(row) * reo_share(book.lot(self.organisation, row)) for row in rows) for rows in handled)
        wanted = self.plant.size * self._sigma / sum(abs(share) for share in shares)
        most = held * MOST_OF_STOCK / len(shares)
        return min(wanted, most) / reo_share(like)

    def _buy(self, book: MonthBook, owner: str, like: Lot, true_kg: float, day: int) -> tuple[Lot, int]:
        """A lot is bought abroad, weighed and analysed."""
        lot = book.new_lot(owner, like.product, like.content, self.stream)
        gauge = book.place(owner).instruments.gauge(lot.kind)
        mass_mg, _ = gauge.weigh(self.stream, true_kg, 0.0)
        row = book.cells(owner, "origin", lot, mass_mg)
        lot.text = composition_text(lot.stated_ppb, "element")
        row["composition"], row["composition_status"], row["method"] = lot.text, "measured", gauge.full_cell
        source = next(row for row in table("feeds") if row["product"] == lot.kind)
        row["origin_kind"], row["origin_place"] = "imported", source["origin_place"]
        row["counterparty_country"] = source["origin_place"]
        book.put(owner, day, row, lot)
        self.touch(book, row, "added", owner)
        return lot, mass_mg

    def _ship(self, book: MonthBook, supplier: str, day: int) -> None:
        """The supplier's shipment and the firm's receipt, item by item, each as a scale would have shown it."""
        self.record.pair = (supplier, self.organisation)
        book.wait(self.organisation, supplier)
        gauge = book.place(self.organisation).instruments.gauge(self.items[0].lot.kind)
        event = book.event(supplier, "shipment")
        for item in self.items:
            sold = book.cells(supplier, "shipment", item.lot, item.mass_mg, event)
            book.sale(sold, self.organisation, stream=self.stream)
            book.put(supplier, day, sold, item.lot)
            self.touch(book, sold, "added", supplier)
            item.mass_mg, _ = gauge.weigh(self.stream, item.kg, 0.0)
            arrived = book.arrival(self.organisation, sold, supplier, item.lot, item.mass_mg)
            book.put(self.organisation, day + 3, arrived, item.lot)
            self.touch(book, arrived, "added")

    def _sell(self, book: MonthBook) -> None:
        """The store leaves the books as it came, in one sale to an end user who files nothing."""
        buyer = self.stream.weighted(self.firm.markets["magnet-use"])
        event, day = book.event(self.organisation, "shipment"), book.month.first + self.stream.integer(3, 12)
        for item in self.items:
            row: Row = book.cells(self.organisation, "shipment", item.lot, item.mass_mg, event)
            book.sale(row, buyer, stream=self.stream)
            assert net_mg(row) == item.mass_mg, "a store is sold as it stands in the books"
            book.put(self.organisation, day, row, item.lot)
            self.touch(book, row, "added")
