"""Loopholes in which metal comes from nowhere or goes nowhere: gain, loss, skimming, yields, false scrap.

What is unfiled is real: it was bought, kept or sold off the books, and the record says how much. What is filed of it
stays within the firm's own month, so that every other filing of the world is what it would have been.
"""

from __future__ import annotations

from lodeline.world.clerk import Row
from lodeline.world.gauge import composition_text, reported
from lodeline.world.plant import Plant
from lodeline.world.plots.plot import Plot, reo_of
from lodeline.world.scene import MonthBook, Scene
from lodeline.world.sigma import dry_kg, moisture_of, monthly_sigma_kg, net_mg, reo_share
from lodeline.world.stock import KG, Lot
from lodeline.world.tables import OXIDE, Content, deposit_reo, table

#: An event whose output grows by more than this is explained in its rows, lest it be refused.
UNREMARKED = 0.04
#: No event is made to give more than this beyond what it gave.
MOST = 0.2
CHECKED = "过秤复核无误 / weighed again, as filed"
DISPOSED = "按固废许可处置 / disposed of under the waste permit"
#: Masses are altered in steps of ten grams, of moist goods in whole kilograms, as their scales show.
STEP_MG, MOIST_STEP_MG = 10_000, KG
#: True recovery of what a recycler makes of ore (assumption).
RECOVERED = 0.93
SCRAP_REO = 0.36


class MassPlot(Plot):
    """Tools of the plots that are sized in sigma of the site's monthly balance."""

    def wanted_kg(self, book: MonthBook) -> tuple[float, float]:
        """(REO of this month's part, σ of this month's balance), both in kg."""
        sigma = monthly_sigma_kg(book.pages[self.organisation], self.record.site)
        return self.plant.size / self.months * sigma, sigma

    def within(self, rows: list[Row], wanted: float, book: MonthBook) -> list[Row]:
        """The rows to spread a mass over: all for the adaptive, else as few events as can bear it, largest first."""
        if self.adaptive:
            return rows
        events: dict[str, float] = {}
        for row in rows:
            events[row["event"]] = events.get(row["event"], 0.0) + reo_of(row, book.lot(self.organisation, row))
        chosen: set[str] = set()
        borne = 0.0
        for event, mass in sorted(events.items(), key=lambda item: (-item[1], item[0])):
            chosen.add(event)
            borne += mass
            if borne * MOST > wanted:
                break
        return [row for row in rows if row["event"] in chosen]

    def parts(self, book: MonthBook, rows: list[Row], wanted: float) -> list[tuple[Row, int]]:
        """(row, net mg to add) so that together they hold the wanted REO, each in proportion to what it holds."""
        total = sum(reo_of(row, book.lot(self.organisation, row)) for row in rows)
        if total <= 0:
            return []
        factor = min(MOST, wanted / total)
        result = []
        for row in rows:
            step = MOIST_STEP_MG if moisture_of(row) else STEP_MG
            part = int(net_mg(row) * factor / step + 0.5) * step
            if part:
                result.append((row, part))
        return result

    def enlarge(self, book: MonthBook, row: Row, part_mg: int) -> None:
        """More of a lot is filed as made."""
        factor = part_mg / net_mg(row)
        book.set_mass(self.organisation, row, net_mg(row) + part_mg)
        if factor > UNREMARKED and row["kind"] == "transformation":
            row.setdefault("reason", CHECKED)
        self.touch(book, row, "changed")

    def sell(self, book: MonthBook, parts: list[tuple[Row, int]]) -> None:
        """What was added to lots leaves in one sale to an end user at home, before anything is counted."""
        buyer = self.stream.weighted(self.firm.markets["magnet-use"])
        day = min(book.month.last, max(book.day_of(row) for row, _ in parts) + 1)
        event = book.event(self.organisation, "shipment")
        for row, part in parts:
            lot = book.lot(self.organisation, row)
            sold = book.cells(self.organisation, "shipment", lot, part, event)
            if row.get("moisture_pct"):
                sold["moisture_pct"] = row["moisture_pct"]
            book.sale(sold, buyer, stream=self.stream)
            book.put(self.organisation, day, sold, lot)
            self.touch(book, sold, "added")

    def weigh(self, book: MonthBook, parts: list[tuple[Row, int]], sigma: float) -> None:
        """Records the true content of what was added to rows."""
        for row, part in parts:
            dry = part / net_mg(row) * dry_kg(row)
            self.record.weigh(book.period, dry, book.lot(self.organisation, row).content, sigma)

    def feed(
        self, book: MonthBook, product: str, content: Content, parts: list[tuple[Row, int]], kind: str = ""
    ) -> Lot:
        """A lot bought in the open enters the site and is fed to the events of the rows, so much to each."""
        origin = next(row for row in table("feeds") if row["product"] == product.partition(":")[0])
        lot = book.new_lot(self.organisation, product, content, self.stream)
        row = book.cells(self.organisation, "origin", lot, sum(part for _, part in parts))
        row["composition"], row["composition_status"] = lot.text, "measured"
        row["method"] = book.place(self.organisation).instruments.gauge(lot.kind).full_cell
        row["origin_kind"], row["origin_place"] = kind or origin["origin_kind"], origin["origin_place"]
        if row["origin_kind"] == "imported":
            row["counterparty_country"] = origin["origin_place"]
        book.put(self.organisation, min(book.day_of(event) for event, _ in parts), row, lot)
        self.touch(book, row, "added")
        for event, part in parts:
            fed = book.cells(self.organisation, "transformation", lot, part, event["event"])
            del fed["product"]
            fed["role"] = "in"
            if event.get("run"):
                fed["run"] = event["run"]
            book.put(self.organisation, book.day_of(event), fed, lot)
            self.touch(book, fed, "changed")
        return lot

    def inputs(self, book: MonthBook) -> list[Row]:
        """Rows that feed the kind of goods that the site takes most of and that can be bought in the open."""
        bought = {row["product"] for row in table("feeds")}
        rows = [
            row for row in self.own(book, "transformation", "in") if book.lot(self.organisation, row).kind in bought
        ]
        piles: dict[str, float] = {}
        for row in rows:
            lot = book.lot(self.organisation, row)
            piles[lot.product] = piles.get(lot.product, 0.0) + reo_of(row, lot)
        most = max(piles, key=lambda name: (piles[name], name), default="")
        return [row for row in rows if book.lot(self.organisation, row).product == most]

    def restate(self, book: MonthBook, row: Row, moved_kg: float) -> float:
        """A waste lot is filed with so much more (less) REO in it than it has; returns what could be moved, kg."""
        lot = book.lot(self.organisation, row)
        there = reo_of(row, lot)
        if not lot.stated_ppb or there <= 0:
            return 0.0
        room = 980_000_000 / max(1, sum(ppb for e, ppb in lot.stated_ppb.items() if e != "TREO"))
        factor = min(room, max(0.15, 1 + moved_kg / there))
        shares = {e: reported(ppb * factor) if e in OXIDE else ppb for e, ppb in lot.stated_ppb.items()}
        row["composition"] = composition_text({e: ppb for e, ppb in shares.items() if ppb}, "element")
        row["composition_status"] = "measured"
        self.touch(book, row, "changed")
        return there * (factor - 1)


class Gain(MassPlot):
    """Ore (or oxide, metal) bought off the books comes out as own production and is sold."""

    def act(self, book: MonthBook) -> None:
        wanted, sigma = self.wanted_kg(book)
        rows = self.own(book, "transformation", "out")
        if self.plant.manner == "product":
            rows = [row for row in rows if not row["product"].startswith(("oxide:La", "oxide:Ce", "mixed"))]
        parts = self.parts(book, self.within(rows, wanted, book), wanted)
        if parts:
            self.weigh(book, parts, sigma)
            for row, part in parts:
                self.enlarge(book, row, part)
            self.sell(book, parts)

    def finish(self) -> None:
        self.record.settle("in", self.organisation, self.record.site, "bought off the books")


class Loss(MassPlot):
    """Feed is bought in the open and processed; what is made of it is sold off the books."""

    def act(self, book: MonthBook) -> None:
        wanted, sigma = self.wanted_kg(book)
        parts = self.parts(book, self.within(self.inputs(book), wanted, book), wanted)
        if parts:
            first = book.lot(self.organisation, parts[0][0])
            lot = self.feed(book, first.product, first.content, _once(parts))
            self.record.weigh(book.period, sum(part for _, part in parts) / KG, lot.content, sigma)

    def finish(self) -> None:
        self.record.settle("out", self.organisation, self.record.site, "sold off the books")


class Unassayed(Loss):
    """As a loss, and the waste of the months is filed without its composition, so that it may hold what is missing."""

    def act(self, book: MonthBook) -> None:
        before = len(self.record.events)
        super().act(book)
        if len(self.record.events) == before:
            return
        for row in self.own(book, "transformation", "waste"):
            for column in ("composition", "basis"):
                row.pop(column, None)
            row["composition_status"] = "unknown"
            self.touch(book, row, "changed")


class Yield(MassPlot):
    """A yield filed too high (product of bought feed, waste said to be poorer) or too low (waste said to be richer)."""

    def act(self, book: MonthBook) -> None:
        wanted, sigma = self.wanted_kg(book)
        if self.plant.manner == "inflated":
            self._inflate(book, wanted, sigma)
        else:
            self._deflate(book, wanted, sigma)

    def _waste(self, book: MonthBook, event: str) -> list[Row]:
        return [row for row in self.own(book, "transformation", "waste") if row["event"] == event]

    def _inflate(self, book: MonthBook, wanted: float, sigma: float) -> None:
        rows = self.own(book, "transformation", "out")
        parts = self.parts(book, self.within(rows, wanted, book), wanted)
        if not parts:
            return
        self.weigh(book, parts, sigma)
        for event in dict.fromkeys(row["event"] for row, _ in parts):
            added = sum(
                part / net_mg(row) * reo_of(row, book.lot(self.organisation, row))
                for row, part in parts if row["event"] == event
            )  # fmt: skip
            for waste in self._waste(book, event):
                self.restate(book, waste, -added)
        for row, part in parts:
            self.enlarge(book, row, part)
        self.sell(book, parts)

    def _deflate(self, book: MonthBook, wanted: float, sigma: float) -> None:
        parts = _once(self.parts(book, self.within(self.inputs(book), wanted, book), wanted))
        if not parts:
            return
        first = book.lot(self.organisation, parts[0][0])
        lot = self.feed(book, first.product, first.content, parts)
        for event, part in parts:
            for waste in self._waste(book, event["event"]):
                self.restate(book, waste, part / KG * reo_share(lot))
        self.record.weigh(book.period, sum(part for _, part in parts) / KG, lot.content, sigma)

    def finish(self) -> None:
        inflated = self.plant.manner == "inflated"
        what = "bought off the books" if inflated else "sold off the books"
        self.record.settle("in" if inflated else "out", self.organisation, self.record.site, what)


class FalseScrap(MassPlot):
    """Ore goes through a recycler as scrap: the filed books close, but no magnet ever had these elements."""

    def act(self, book: MonthBook) -> None:
        wanted, sigma = self.wanted_kg(book)
        outs = [row for row in self.own(book, "transformation", "out") if row["product"] == "oxide:PrNd"]
        content = self._content()
        light = sum(content[e] * OXIDE[e] for e in ("Pr", "Nd"))
        product = wanted * light / SCRAP_REO * RECOVERED
        parts = self.parts(book, self.within(outs, product, book), product)
        if not parts:
            return
        fed = []
        for row, part in parts:
            reo = part / net_mg(row) * reo_of(row, book.lot(self.organisation, row))
            fed.append((row, int(reo / light / RECOVERED * KG / STEP_MG + 0.5) * STEP_MG))
        lot = self.feed(book, "scrap-eol", content, fed, kind="secondary")
        for row, part in fed:
            self._leave_residue(book, row["event"], lot, part)
        for row, part in parts:
            self.enlarge(book, row, part)
        self.sell(book, parts)
        self.record.weigh(book.period, sum(part for _, part in fed) / KG, lot.content, sigma)

    def _content(self) -> Content:
        """What is declared: the ore's own elements, or for the masked only its neodymium and praseodymium."""
        kept = ("Pr", "Nd") if self.plant.manner == "masked" else ("La", "Ce", "Pr", "Nd", "Sm")
        ore = deposit_reo()["bayan-obo"]
        total = sum(ore[e] for e in kept)
        return {e: ore[e] / total * SCRAP_REO / OXIDE[e] for e in kept}

    def _leave_residue(self, book: MonthBook, event: str, scrap: Lot, fed_mg: int) -> None:
        """What the oxide does not take is added to the residue, and thrown away with it."""
        for row in self.own(book, "transformation", "waste"):
            lot = book.lot(self.organisation, row)
            if row["event"] != event or not lot.stated_ppb:
                continue
            before, more = net_mg(row), int(fed_mg * 0.9 / STEP_MG) * STEP_MG
            if not more:
                return
            rest = {
                e: fed_mg * share * ((1 - RECOVERED) if e in ("Pr", "Nd") else 1.0)
                for e, share in scrap.content.items()
            }
            shares = {
                e: reported((before * lot.stated_ppb.get(e, 0) + rest.get(e, 0.0) * 1e9) / (before + more))
                for e in dict.fromkeys((*lot.stated_ppb, *rest))
            }  # fmt: skip
            row["composition"] = composition_text({e: ppb for e, ppb in shares.items() if ppb}, "element")
            book.set_mass(self.organisation, row, before + more)
            self.touch(book, row, "changed")
            thrown = book.cells(self.organisation, "loss", lot, more)
            thrown["reason"] = DISPOSED
            book.put(self.organisation, min(book.month.last, book.day_of(row) + 8), thrown, lot)
            self.touch(book, thrown, "added")
            return

    def finish(self) -> None:
        self.record.settle(
            "in", self.organisation, self.record.site, "ore bought off the books, filed as scrap", filed=True
        )


class Skimming(MassPlot):
    """More is filed as shipped than arrives, a little of every lot of one pair; shipper or receiver keeps it."""

    def __init__(self, plant: Plant, scene: Scene) -> None:
        super().__init__(plant, scene)
        self.shipments: list[str] = []

    def act(self, book: MonthBook) -> None:
        wanted, sigma = self.wanted_kg(book)
        made = {row["lot"]: row for row in (*self.own(book, "origin"), *self.own(book, "transformation", "out"))}
        shipped = [row for row in self.own(book, "shipment") if row["lot"] in made and self._may(book, row)]
        if self.record.pair is None and shipped:
            piles: dict[str, float] = {}
            for row in shipped:
                piles[row["counterparty"]] = piles.get(row["counterparty"], 0.0) + dry_kg(row)
            self.record.pair = (self.organisation, max(piles, key=lambda name: (piles[name], name)))
        rows = [row for row in shipped if self.record.pair and row["counterparty"] == self.record.pair[1]]
        if self.adaptive:
            rows = [row for row in rows if self.stream.chance(0.7)]
        parts = self.parts(book, rows, wanted)
        if not parts:
            return
        self.weigh(book, parts, sigma)
        self._feed_makers(book, [(made[row["lot"]], part) for row, part in parts])
        for row, part in parts:
            self.enlarge(book, made[row["lot"]], part)
            self.enlarge(book, row, part)
        self.shipments += [row["event"] for row, _ in parts]

    def _may(self, book: MonthBook, row: Row) -> bool:
        customer = self.scene.industry.firms.get(row.get("counterparty", ""))
        waste = row["product"].startswith(("slag", "swarf"))
        return customer is not None and bool(customer.plan.sites) and not row.get("owner") and not waste

    def _feed_makers(self, book: MonthBook, makers: list[tuple[Row, int]]) -> None:
        """What is kept back was made in the open: a mine digs it, a plant buys the feed for it."""
        runs = [(row, part) for row, part in makers if row["kind"] == "transformation"]
        inputs = {row["event"]: row for row in self.inputs(book)}
        parts = []
        for row, part in runs:
            fed = inputs.get(row["event"])
            if fed is not None:
                reo = part / net_mg(row) * reo_of(row, book.lot(self.organisation, row))
                share = reo_share(book.lot(self.organisation, fed))
                parts.append((fed, int(reo / share * KG / STEP_MG + 0.5) * STEP_MG))
        parts = [(row, part) for row, part in _once(parts) if part]
        if parts:
            lot = book.lot(self.organisation, parts[0][0])
            self.feed(book, lot.product, lot.content, parts)

    def finish(self) -> None:
        self.record.facts["shipments"] = self.shipments
        keeper = (self.record.pair or (self.organisation, ""))[self.plant.manner == "by-receiver"]
        site = f"{keeper}-A" if keeper else ""
        self.record.settle("out", keeper, site, "kept back by " + self.plant.manner.partition("-")[2])


def _once(parts: list[tuple[Row, int]]) -> list[tuple[Row, int]]:
    """One part for each event: a lot is fed to an event in one row."""
    found: dict[str, tuple[Row, int]] = {}
    for row, part in parts:
        first, before = found.get(row["event"], (row, 0))
        found[row["event"]] = (first, before + part)
    return list(found.values())
