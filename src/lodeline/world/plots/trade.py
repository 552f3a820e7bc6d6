"""Loopholes of paper at home: traders without custody, goods and titles that come back, customers that are one.

The metal goes where it would have gone; who bought and sold it on paper is the lie.
"""

from __future__ import annotations

import dataclasses
from datetime import date
from itertools import pairwise

from lodeline.world.clerk import Row, mass_text
from lodeline.world.names import Name
from lodeline.world.plan import Party
from lodeline.world.plots.plot import Plot
from lodeline.world.profile import in_share
from lodeline.world.scene import MonthBook, money
from lodeline.world.sigma import dry_kg, net_mg
from lodeline.world.staff import Firm
from lodeline.world.stock import KG, Lot
from lodeline.world.stream import Stream

#: A trader of this kind was founded so many days before its first deal.
YOUNG_DAYS = (15, 120)
_OXIDES_AND_METALS = ("oxide-trader", "metal-trader")
#: Price that each hop of a circle adds.
MARKUP = 1.012
_GOODS = {
    "smelter": "metal", "metal-trader": "metal", "alloy-maker": "strip-cast", "magnet-maker": "magnet-ndfeb",
    "oxide-trader": "oxide", "light-separator": "oxide", "heavy-separator": "oxide",
}  # fmt: skip


def sales_to_users(plot: Plot, book: MonthBook) -> list[Row]:
    """Shipments to customers at home that file nothing."""
    users = {party.id for party in plot.scene.world.parties if party.country == "CN"}
    return [row for row in plot.own(book, "shipment") if row.get("counterparty") in users and not row.get("owner")]


class PassThrough(Plot):
    """A trader stands between seller and customer: an ordinary invoice in, a special one out, within days.

    In the default world it is a young firm that does nothing else; in others mostly one that trades honestly too.
    """

    trader: Firm | None = None
    #: What of the trader's receipts is to pass through, and what did: lots, of how many. 0 for all.
    share, passed, received = 0.0, 0, 0

    def act(self, book: MonthBook) -> None:
        stays = 4 if self.adaptive else 1
        rows = [row for row in sales_to_users(self, book) if book.day_of(row) + stays + 1 <= book.month.last]
        beside = self.scene.world.profile.traders_beside_honest
        if rows and self.trader is None and in_share(self.scene.serial("pass-through") - 1, beside):
            self._honest_trader(book, len(rows))
        rows = self._beside_honest(book, rows) if self.share else self.some(rows, self.plant.size)
        if not rows:
            return
        trader = self._trader(book)
        for row in rows:
            lot, customer = book.lot(self.organisation, row), row["counterparty"]
            row["counterparty"], row["counterparty_name"] = trader, self.scene.name(trader)
            row["document_kind"] = "invoice-ordinary"
            self.touch(book, row, "changed")
            arrives = book.day_of(row) + 1
            arrived = book.arrival(trader, row, self.organisation, lot, net_mg(row))
            book.put(trader, arrives, arrived, lot)
            self.touch(book, arrived, "added", trader)
            sold = book.cells(trader, "shipment", lot, net_mg(row))
            book.sale(sold, customer, stream=self.stream, kind="invoice-special")
            book.put(trader, arrives + self.stream.integer(0, stays), sold, lot)
            self.touch(book, sold, "added", trader)
            self.record.weigh(book.period, dry_kg(row), lot.content)
        if not self.share:
            self.record.filings[trader, book.period] = "added"

    def _honest_trader(self, book: MonthBook, sales: int) -> None:
        """Chooses a trader of such goods whose own trade is large enough for so many sales to pass beside it."""
        profile = self.scene.world.profile
        trades = ("exporter",) if self.firm.trade in ("magnet-maker", "smco-maker", "exporter") else _OXIDES_AND_METALS
        names = [plan.id for plan in self.scene.world.firms if plan.trade in trades and plan.id != self.organisation]
        traders = {name: _receipts(book, name) for name in names if book.ready(name) and _receipts(book, name)}
        if not traders:
            return
        self.share = self.stream.between(profile.pass_through_low, profile.pass_through_high)
        wanted = max(1.0, sales * self.plant.size) * (1 - self.share) / self.share
        chosen = min(traders, key=lambda name: (abs(traders[name] - wanted), name))
        self.trader = self.scene.firm(chosen)
        self.record.pair = (self.organisation, chosen)
        self.record.facts.update(trader=chosen)

    def _beside_honest(self, book: MonthBook, rows: list[Row]) -> list[Row]:
        """So many of the sales that they are the wanted share of what the trader receives in these months."""
        assert self.trader is not None, "a share is of somebody's receipts"
        trader = self.trader.plan.id
        if not book.ready(trader):
            return []
        self.received += _receipts(book, trader)
        high = self.scene.world.profile.pass_through_high
        wanted, most = (int(part / (1 - part) * self.received + 0.5) - self.passed for part in (self.share, high))
        chosen: list[Row] = []
        for event in self.stream.shuffled(list(dict.fromkeys(row["event"] for row in rows))):
            own = [row for row in rows if row["event"] == event]
            if len(chosen) < wanted and len(chosen) + len(own) <= most:
                chosen += own
        self.passed += len(chosen)
        self.record.facts["pass_through_share"] = round(self.passed / max(1, self.passed + self.received), 4)
        return chosen

    def month(self, book: MonthBook) -> None:
        super().month(book)
        if self.trader is not None and not self.share:
            self.record.filings.setdefault((self.trader.plan.id, book.period), "added")

    def _trader(self, book: MonthBook) -> str:
        if self.trader is None:
            identifier = f"TRD-{9000 + self.plant.number:04d}"
            founded = date.fromordinal(book.month.first - self.stream.integer(*YOUNG_DAYS))
            self.trader = self.scene.add_firm(self.firm, identifier, founded)
            book.join(self.trader)
            self.record.pair = (self.organisation, identifier)
            self.record.parties.append(identifier)
            self.record.enter("register/organisations.csv", identifier)
            self.record.enter("register/sites.csv", f"{identifier}-A")
            self.record.facts.update(trader=identifier, founded=founded.isoformat())
        return self.trader.plan.id


class Circle(Plot):
    """Tools of the plots in which something goes round among firms and comes back."""

    members: list[str]

    def goods(self, book: MonthBook) -> Lot | None:
        """A new lot like those that the firm makes or holds, bought abroad in the open; None where it has none."""
        page = book.pages[self.organisation]
        kind = _GOODS[self.firm.trade]
        like = [lot for lot in page.lots.values() if lot.kind == kind]
        if not like:
            return None
        first = self.stream.choose(like)
        lot = book.new_lot(self.organisation, first.product, first.content, self.stream)
        lot.model, lot.piece_kg = first.model, first.piece_kg
        return lot

    def bring(self, book: MonthBook, lot: Lot, mass_mg: int, day: int) -> None:
        """The lot enters the first member's books as imported."""
        row = book.cells(self.organisation, "origin", lot, mass_mg)
        row["composition"], row["composition_status"] = lot.text, "measured"
        row["method"] = book.place(self.organisation).instruments.gauge(lot.kind).full_cell
        row["origin_kind"], row["origin_place"], row["counterparty_country"] = "imported", "VN", "VN"
        book.put(self.organisation, day, row, lot)
        self.touch(book, row, "added")
        self.record.weigh(book.period, mass_mg / KG, lot.content)

    def usual_mg(self, book: MonthBook) -> int:
        """A mass like the firm's own consignments of the month."""
        masses = sorted(
            net_mg(row) for row in self.own(book, "shipment") if not row["product"].startswith(("sl", "sw"))
        )
        mass = masses[len(masses) // 2] if masses else 800 * KG
        return max(10 * KG, int(mass * self.stream.between(0.6, 1.4) / KG) * KG)

    def sell_out(self, book: MonthBook, lot: Lot, mass_mg: int) -> Row:
        """The sale that ends it."""
        row = book.cells(self.organisation, "shipment", lot, mass_mg)
        return book.sale(row, self.stream.weighted(self.firm.markets["magnet-use"]), stream=self.stream)

    def gather(self, book: MonthBook, trades: tuple[str, ...], count: int, *, after: bool) -> bool:
        """Chooses the other members once; True while all of them file this month."""
        if not self.record.facts.get("members"):
            mine = self.firm.place
            others = [
                plan.id for plan in self.scene.world.firms
                if plan.trade in trades and plan.id != self.organisation and book.ready(plan.id)
                and (plan.place > mine or not after)
            ]  # fmt: skip
            chosen = self.stream.shuffled(others)[:count]
            if after:
                chosen.sort(key=lambda name: self.scene.firm(name).plan.place)
            if not chosen:
                return False
            self.members = [self.organisation, *chosen]
            self.record.facts["members"] = self.members
            self.record.pair = (self.members[0], self.members[1])
        return all(book.ready(member) for member in self.members)


class RoundTrip(Circle):
    """A lot is sold from hand to hand and comes back to where it began, then to a customer."""

    def act(self, book: MonthBook) -> None:
        hops = max(2, min(8, int(self.plant.size + 0.5)))
        trades = ("oxide-trader", "metal-trader", "smelter", "alloy-maker", "exporter")
        lot = self.goods(book)
        if lot is None or not self.gather(book, trades, hops - 1, after=False):
            return
        # Eight hops of at most three days each must end within a February.
        mass, day, price = self.usual_mg(book), book.month.first + self.stream.integer(1, 3), 1.0
        self.bring(book, lot, mass, day)
        ring = [*self.members, self.members[0]]
        for seller, buyer in pairwise(ring):
            price *= MARKUP
            sold = book.cells(seller, "shipment", lot, mass)
            book.sale(sold, buyer, stream=self.stream)
            sold["value"] = money(float(sold["value"]) * price)
            day += self.stream.integer(1, 2) if self.adaptive else 1
            book.put(seller, day, sold, lot)
            self.touch(book, sold, "added", seller)
            if self.adaptive:
                # Weighed, or made to look so: the scale of the next in the ring differs a little.
                mass = int(mass * (1 + 0.0006 * self.stream.normal()) / 1000) * 1000
            arrived = book.arrival(buyer, sold, seller, lot, mass)
            day += 1
            book.put(buyer, day, arrived, lot)
            self.touch(book, arrived, "added", buyer)
        last = self.sell_out(book, lot, mass)
        book.put(self.organisation, min(book.month.last, day + 1), last, lot)
        self.touch(book, last, "added")


class CircularInvoicing(Circle):
    """Title to a lot goes round on invoices within days; the lot itself never moves."""

    _wait: str = ""

    def month(self, book: MonthBook) -> None:
        if self._wait:
            book.wait(self.organisation, self._wait)
            self._wait = ""
        super().month(book)

    def act(self, book: MonthBook) -> None:
        trades = ("oxide-trader", "title-trader", "smelter", "metal-trader", "alloy-maker", "magnet-maker", "exporter")
        count = max(3, min(6, int(self.plant.size + 0.5))) - 1
        lot = self.goods(book)
        if lot is None or not self.gather(book, trades, count, after=True):
            return
        mass, day, price = self.usual_mg(book), book.month.first + self.stream.integer(2, 8), 1.0
        self.bring(book, lot, mass, day)
        ring = [*self.members, self.members[0]]
        for seller, buyer in pairwise(ring):
            price *= MARKUP
            day += self.stream.integer(1, 3) if self.adaptive else 1
            row = _title(book, seller, lot, mass)
            book.sale(row, buyer, stream=self.stream)
            row["value"] = money(float(row["value"]) * price)
            book.put(seller, day, row, lot)
            self.touch(book, row, "added", seller)
            if buyer != self.organisation:
                book.wait(buyer, seller)
        self._wait = self.members[-1]
        book.count_too(self.organisation, lot, mass, self.record)
        # The ledger knows only next month whose the lot is again.
        last = self.sell_out(book, lot, mass)
        following = book.next_month
        if following is not None:
            self.scene.later(following.period, self.organisation, following.first + self.stream.integer(1, 5), last)
            self.record.touch(self.organisation, following.period, last["event"], "added")


def _title(book: MonthBook, seller: str, lot: Lot, mass_mg: int) -> Row:
    tonnes = book.scene.firm(seller).tonnes
    return {
        "event": book.event(seller, "title"), "kind": "title", "on": "", "lot": book.scene.firm(seller).labels.of(lot),
        "product": lot.product,
        "mass_t" if tonnes else "mass_kg": mass_text(mass_mg, 1000 * KG if tonnes else KG),
    }  # fmt: skip


class ShellCustomers(Plot):
    """Sales go to two to four customers that are one: the same address and telephone, names that hardly differ."""

    shells: tuple[str, ...] = ()

    def act(self, book: MonthBook) -> None:
        rows = self.some(sales_to_users(self, book), self.plant.size)
        if rows and not self.shells:
            self._found()
        for event in dict.fromkeys(row["event"] for row in rows):
            shell = self.stream.choose(self.shells)
            # Who is named on the contract alone is found only by those who look for names.
            unnamed = self.scene.world.profile.customers_by_name == 0 and self.adaptive and self.stream.chance(0.3)
            for row in rows:
                if row["event"] != event:
                    continue
                row["counterparty"], row["counterparty_name"] = shell, self.scene.name(shell)
                if unnamed:
                    del row["counterparty"]
                self.touch(book, row, "changed")
                self.record.weigh(book.period, dry_kg(row), book.lot(self.organisation, row).content)

    def _found(self) -> None:
        count = self.stream.integer(3, 4) if self.adaptive else 2
        # Where customers go by their names, shells are in no register, and share what names can share.
        registered = self.scene.world.profile.customers_by_name == 0
        variants = name_variants if registered else other_names
        names = variants(self.scene.domestic("use", f"USE-{self.plant.number:04d}S"), count, self.stream)
        shells = []
        for place, variant in enumerate(names):
            identifier = f"USE-9{self.plant.number:03d}{'ABCD'[place]}"
            name = dataclasses.replace(variant, aliases=(*variant.aliases, f"synthetic:{identifier}"))
            party = Party(id=identifier, name=name, country="CN", number=self.plant.number, registered=registered)
            self.scene.add_party(party, self.record)
            shells.append(identifier)
        self.shells = tuple(shells)
        self.record.facts["shells"] = shells
        self.record.pair = (self.organisation, shells[0])


def other_names(name: Name, count: int, stream: Stream) -> list[Name]:
    """Names of firms that one person would found: one brand with other words, another form, a branch's city."""
    city, brand = name.zh[:2], name.zh[2:].removesuffix("有限公司")
    forms = [
        name.zh, f"{city}{brand}有限责任公司", f"{city}{brand}贸易有限公司", f"{brand}（{city}）有限公司",
        f"{city}{brand[:2]}实业有限公司", f"{city}市{brand}经营部", f"{city}{brand}科技有限公司",
    ]  # fmt: skip
    return [dataclasses.replace(name, zh=zh, aliases=()) for zh in stream.shuffled(forms)[:count]]


def _receipts(book: MonthBook, organisation: str) -> int:
    """Lots that a firm truly received in the month."""
    page = book.pages[organisation]
    return sum(row["kind"] == "receipt" and id(row) not in page.added for row in page.rows)


def name_variants(name: Name, count: int, stream: Stream) -> list[Name]:
    """Names that differ by a word, with one invented address and telephone as aliases."""
    city, stem = name.zh[:2], name.zh.removesuffix("有限公司")
    brand_en = name.en.removesuffix(" Co., Ltd.")
    forms = [
        (name.zh, name.en), (f"{stem}科技有限公司", f"{brand_en} Technology Co., Ltd."),
        (f"{stem}（{city}）有限公司", f"{brand_en} ({name.city_en}) Co., Ltd."),
        (f"{city}新{stem[2:]}有限公司", f"{name.city_en} New {brand_en.partition(' ')[2]} Co., Ltd."),
    ]  # fmt: skip
    house, line = stream.integer(1, 399), stream.integer(0, 9999)
    shared = (f"addr:{name.city_en} Synthetic Road {house}", f"tel:000-0000{line:04d}")
    return [
        Name(
            zh=zh,
            en=en,
            aliases=(zh[2:8], *shared),
            city_en=name.city_en,
            region=name.region,
            lat=name.lat,
            lon=name.lon,
        )
        for zh, en in forms[:count]
    ]
