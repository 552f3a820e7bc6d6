"""Loopholes of the store: goods that are only on paper, and lots that hold what nobody stated."""

from __future__ import annotations

from lodeline.world.clerk import Row
from lodeline.world.gauge import composition_text, reported
from lodeline.world.plots.mass import STEP_MG, MassPlot
from lodeline.world.plots.plot import Plot
from lodeline.world.scene import MonthBook
from lodeline.world.sigma import dry_kg, monthly_sigma_kg, net_mg, reo_share
from lodeline.world.stock import KG, Lot
from lodeline.world.tables import table

_SELLS = ("concentrate", "mixed-compound", "oxide", "metal", "strip-cast", "magnet-ndfeb", "magnet-smco")


class GhostStock(MassPlot):
    """A lot that is counted every month and is not there; or counts that are the book, copied."""

    lot: Lot | None = None
    mass_mg = 0

    def act(self, book: MonthBook) -> None:
        if self.plant.manner == "copied-counts":
            self._copy(book)
            return
        if self.lot is None:
            self._bring(book)
        if self.lot is not None and book.month.index == self.plant.last:
            self._let_go(book)
        elif self.lot is not None:
            self._count(book)

    def _copy(self, book: MonthBook) -> None:
        page = book.pages[self.organisation]
        adjusted = {row["lot"] for row in page.rows if row["kind"] == "adjustment"}
        for row, book_mg in page.counted:
            if row["lot"] not in adjusted and net_mg(row) != book_mg:
                book.set_mass(self.organisation, row, book_mg)
                self.touch(book, row, "changed")

    def _bring(self, book: MonthBook) -> None:
        """The lot is filed as mined, bought abroad or collected; it has gone elsewhere, or never was."""
        page, org = book.pages[self.organisation], self.organisation
        like = [lot for lot in page.lots.values() if lot.kind in _SELLS and not lot.model]
        sigma = monthly_sigma_kg(page, self.record.site)
        if not like or not sigma:
            return
        first = self.stream.choose(like)
        self.mass_mg = int(self.plant.size * sigma / reo_share(first) * KG / STEP_MG + 1) * STEP_MG
        self.lot = lot = book.new_lot(org, first.product, first.content, self.stream)
        row = book.cells(org, "origin", lot, self.mass_mg)
        row["composition"], row["composition_status"] = lot.text, "measured"
        row["method"] = book.place(org).instruments.gauge(lot.kind).full_cell
        if self.firm.deposit:
            row["origin_kind"], row["origin_place"] = (
                self.firm.deposit["origin_kind"],
                self.firm.deposit["origin_place"],
            )
        else:
            source = next(row for row in table("feeds") if row["product"] in (lot.kind, "metal"))
            row["origin_kind"], row["origin_place"] = "imported", source["origin_place"]
        book.put(org, book.month.first + self.stream.integer(3, 20), row, lot)
        self.touch(book, row, "added")
        self.record.weigh(book.period, self.mass_mg / KG, lot.content, sigma)

    def _count(self, book: MonthBook) -> None:
        assert self.lot is not None, "counted after it was brought"
        seen = self.mass_mg
        if self.adaptive:
            seen = int(seen * (1 + 0.00005 * self.stream.normal()) / 1000) * 1000
        book.count_too(self.organisation, self.lot, seen, self.record)

    def _let_go(self, book: MonthBook) -> None:
        """The lot leaves the books in a sale that nobody fetches."""
        assert self.lot is not None, "sold after it was brought"
        row = book.cells(self.organisation, "shipment", self.lot, self.mass_mg)
        buyer = self.stream.weighted(self.firm.markets["magnet-use"])
        book.sale(row, buyer, stream=self.stream)
        book.put(self.organisation, book.month.last, row, self.lot)
        self.touch(book, row, "added")

    def month(self, book: MonthBook) -> None:
        if self.plant.first <= book.month.index <= self.plant.last and not book.ready(self.organisation):
            self.record.facts["interrupted"] = book.period
        super().month(book)

    def finish(self) -> None:
        if self.plant.manner == "frozen-lot":
            what = "sold off the books, or never there"
            self.record.settle("out", self.organisation, self.record.site, what, filed=True)
        else:
            self.record.size = (float(len({period for _, period, _ in self.record.events})), "months")


class CompositionSwap(Plot):
    """Heavy rare earths travel in lots stated to be light; only the receiver's own assay shows them."""

    def act(self, book: MonthBook) -> None:
        rows = [
            row for row in self.own(book, "receipt")
            if row["product"] == "concentrate" and row["composition_status"] == "measured"
            and "Nd=" in row["composition"]
        ]  # fmt: skip
        if self.record.pair is None and rows:
            piles: dict[str, float] = {}
            for row in rows:
                piles[row["counterparty"]] = piles.get(row["counterparty"], 0.0) + dry_kg(row)
            # Where light and heavy feed come from one shipper, the heavy one covers for what the light one hides.
            too = {row["counterparty"] for row in self.own(book, "receipt") if row["product"] == "mixed-compound"}
            shippers = piles.keys() & too if self.firm.both and piles.keys() & too else piles.keys()
            self.record.pair = (max(shippers, key=lambda name: (piles[name], name)), self.organisation)
        for row in rows:
            if self.record.pair and row["counterparty"] == self.record.pair[0]:
                self._reveal(book, row)

    def _reveal(self, book: MonthBook, row: Row) -> None:
        share = self.plant.size * (self.stream.between(0.5, 1.0) if self.adaptive else 1.0)
        stated = parse_ppb(row["composition"])
        hidden = {"Dy": share * 0.85, "Tb": share * 0.15}
        for element, part in hidden.items():
            stated[element] = reported(stated.get(element, 0) + part * 1e9)
        stated["Nd"] = reported(max(1_000_000, stated["Nd"] - share * 1e9))
        row["composition"] = composition_text(stated, "element")
        self.touch(book, row, "changed")
        self.record.weigh(book.period, dry_kg(row), hidden)

    def finish(self) -> None:
        if self.record.pair:
            shipper = self.record.pair[0]
            self.record.settle("in", shipper, f"{shipper}-A", "heavy rare earths put into light lots", filed=True)
            self.record.settle("out", self.organisation, self.record.site, "parted and sold off the books", filed=True)


def parse_ppb(text: str) -> dict[str, int]:
    """A composition cell on the element basis, in parts per billion."""
    found = {}
    for part in text.split(";"):
        element, _, percent = part.partition("=")
        whole, _, decimals = percent.partition(".")
        found[element] = int(whole) * 10_000_000 + int((decimals + "0" * 7)[:7])
    return found
