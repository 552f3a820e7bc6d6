"""Goods leave a firm: to customers, to one's own warehouse, through a trader without a warehouse, abroad."""

from __future__ import annotations

from dataclasses import dataclass, field

from lodeline.world.border import CAUTION, CONTROLLED_FROM, FIRST_GRANTS, Licence, Licences, Request
from lodeline.world.clerk import Clerk, Row
from lodeline.world.market import Month
from lodeline.world.plan import USED_AS_OXIDE, Party, World
from lodeline.world.staff import Firm, Place, Title
from lodeline.world.stock import KG, Consignment, Draw, Holding, Lot
from lodeline.world.tables import dirt_rate, table

#: How magnet makers sell: at home, through exporters, straight abroad (assumption: most magnets stay at home).
CHANNELS = (("magnet-use", 0.55), ("magnet", 0.25), ("abroad", 0.20))
#: Share of ready lots that leave on a dispatch day, of contracts named without an id.
DISPATCHED, UNNAMED_ID = 0.85, 0.02
#: Share of a separator's PrNd that is sold through a trader who never sees it.
THROUGH_TITLE = 0.2
#: Lots below this are exported whole, kg (assumption).
LEAST_PARTED_KG = 100
#: An exporter that waits longer than this for a licence sells at home, days.
PATIENCE = 60
#: Receipts that do not quote the shipper's event (natural dirt).
WITHOUT_REFERENCE = dirt_rate("receipt-without-reference")
_SPECIAL = frozenset({"concentrate", "mixed-compound", "oxide", "metal", "strip-cast"})


@dataclass(kw_only=True)
class Trade:
    """What all firms share while a month runs: each other, the licences, the running numbers."""

    world: World
    firms: dict[str, Firm]
    parties: dict[str, Party]
    licences: Licences
    invoices: int = 0
    declarations: int = 0
    _drawn: dict[tuple[str, str], Licence] = field(default_factory=dict)
    _hs: dict[str, Row] = field(default_factory=lambda: {row["product"]: row for row in table("hs")})

    def name_of(self, organisation: str, clerk: Clerk) -> str:
        """The other party as this contract names it: mostly in full, sometimes in English or shortened."""
        name = self.firms[organisation].plan.name if organisation in self.firms else self.parties[organisation].name
        if not name.zh:
            return name.en
        draw, form = clerk.firm.choices.uniform(), clerk.firm.habits.names
        if form and draw < 0.9:
            return name.as_listed(form)
        return name.zh if draw < 0.9 else name.en if draw < 0.96 else name.aliases[0]

    def _parcels(self, clerk: Clerk, place: Place, holdings: list[Holding]) -> list[Draw]:
        draws, share = [], clerk.firm.profile.sold_in_parts
        for holding in holdings:
            part = 0.5 if clerk.firm.choices.chance(share) and holding.true_kg > 200 else 1.0
            draws.append(clerk.take(place, holding, holding.true_kg * part))
        return draws

    def dispatch(self, clerk: Clerk, place: Place, day: int, kinds: tuple[str, ...]) -> None:
        """Ready lots are shared out among customers; the lots of one customer leave under one reference."""
        baskets: dict[tuple[str, str], list[Holding]] = {}
        for holding in place.store.ready(day, *kinds):
            if not clerk.firm.choices.chance(DISPATCHED):
                continue
            channel, buyer = self._buyer(clerk, holding, day)
            if buyer:
                baskets.setdefault((channel, buyer), []).append(holding)
        for (channel, buyer), holdings in baskets.items():
            if channel == "title":
                self._sell_title(clerk, place, day, holdings, buyer)
            elif channel == "abroad":
                self._export(clerk, place, day, holdings, buyer)
            else:
                self.ship(clerk, place, day, self._parcels(clerk, place, holdings), buyer)

    def _buyer(self, clerk: Clerk, holding: Holding, day: int) -> tuple[str, str]:
        """(channel, organisation) for a lot; an empty organisation keeps it in stock."""
        firm, lot = clerk.firm, holding.lot
        markets, stream = firm.plan.markets, firm.choices
        if lot.kind in ("magnet-ndfeb", "magnet-smco"):
            return self._magnet_buyer(clerk, holding, day)
        if firm.plan.trade == "oxide-trader" and lot.product in USED_AS_OXIDE:
            if firm.plan.abroad and stream.chance(0.5):
                return "abroad", stream.weighted(firm.plan.abroad)
            return "home", stream.weighted([pair for pair in markets[lot.product] if pair[0] in self.parties])
        if lot.product == "oxide:PrNd" and "title" in markets and self._may_pass_title(clerk, day, holding):
            return "title", stream.weighted(markets["title"])
        market = markets.get(lot.product) or markets.get(lot.kind)
        return ("home", stream.weighted(market)) if market else ("home", "")

    def _may_pass_title(self, clerk: Clerk, day: int, holding: Holding) -> bool:
        month = clerk.month
        calm = not clerk.firm.silent and not holding.unfiled and day <= month.last - 4
        return calm and clerk.firm.choices.chance(THROUGH_TITLE)

    def _magnet_buyer(self, clerk: Clerk, holding: Holding, day: int) -> tuple[str, str]:
        plan, stream = clerk.plan, clerk.firm.choices
        home = ("magnet-use", stream.weighted(plan.markets["magnet-use"]))
        channel = "abroad" if plan.trade == "exporter" else stream.weighted(CHANNELS)
        if channel == "magnet-use":
            return home
        if channel == "magnet":
            market = plan.markets.get("magnet")
            return ("magnet", stream.weighted(market)) if market else home
        buyer = stream.weighted(plan.abroad)
        items = self.control_items(holding.lot)
        if day >= CONTROLLED_FROM and not self._may_leave(clerk, holding, items, buyer, day):
            waiting = plan.trade == "exporter" and day - holding.since < PATIENCE
            return ("abroad", "") if waiting else home
        return "abroad", buyer

    def _may_leave(self, clerk: Clerk, holding: Holding, items: tuple[str, ...], buyer: str, day: int) -> bool:
        """A controlled lot needs a licence; in the first weeks ports also held back what was not controlled."""
        if items:
            return self._licensed(clerk, holding, buyer, day)
        return day >= FIRST_GRANTS or not clerk.firm.choices.chance(CAUTION)

    def control_items(self, lot: Lot) -> tuple[str, ...]:
        """Items of Announcement 18 that a magnet lot falls under, by its filed composition."""
        if lot.kind == "magnet-smco":
            return (self._hs["magnet-smco"]["control_item"],)
        return tuple(self._hs[element]["control_item"] for element in ("Tb", "Dy") if element in lot.stated_ppb)

    def _licensed(self, clerk: Clerk, holding: Holding, buyer: str, day: int) -> bool:
        lot, party = holding.lot, self.parties[buyer]
        counted = ("Sm",) if lot.kind == "magnet-smco" else ("Tb", "Dy")
        request = Request(
            exporter=clerk.plan.id, end_user=party.name.en, items=self.control_items(lot), product=lot.kind,
            mass_mg=holding.net_mg,
            elements_mg={e: holding.net_mg * lot.stated_ppb[e] // 10**9 for e in counted if e in lot.stated_ppb},
            destination=party.country, end_use=end_use(lot, party), day=day,
        )  # fmt: skip
        licence = self.licences.draw(request, clerk.firm.choices)
        if licence:
            self._drawn[lot.maker, lot.number] = licence
        return licence is not None

    def ship(self, clerk: Clerk, place: Place, day: int, draws: list[Draw], buyer: str, *, owner: str = "") -> None:
        """One shipment; where the customer files, its goods are under way from now on."""
        month, stream = clerk.month, clerk.firm.choices
        event, name = clerk.event("shipment"), self.name_of(buyer, clerk)
        document, document_kind = self._invoice(draws[0].holding.lot, month)
        customer = self.firms.get(buyer)
        named = not stream.chance(UNNAMED_ID)
        if not named:
            party = customer.plan if customer else self.parties[buyer]
            name = party.name.zh or party.name.en
        arrives = day + stream.integer(1, int(clerk.firm.profile.transit_days))
        if customer and customer.plan.place <= clerk.plan.place:
            # That firm's month is written already: long hauls of scrap and recycled goods end in the next one.
            arrives = max(arrives, month.last + 1 + stream.integer(0, 4))
        for draw in draws:
            row = clerk.leave("shipment", event, place, day, draw)
            if named:
                row["counterparty"] = buyer
            row["counterparty_name"] = name
            row["document"], row["document_kind"] = document, document_kind
            if owner:
                row["owner"] = owner
            row["value"], row["currency"] = self._value(clerk, draw, month.price(draw.holding.lot.product), 1.0), "CNY"
            clerk.write(day, row)
            if customer:
                label = clerk.firm.labels.on_paper(draw.holding.lot)
                customer.incoming.append(
                    Consignment(
                        lot=draw.holding.lot, true_kg=draw.true_kg, shipper=clerk.plan.id,
                        shipper_name=clerk.plan.name.zh, event=event, document=document, document_kind=document_kind,
                        arrives=arrives, serial=len(customer.incoming), label=label,
                    )
                )  # fmt: skip

    def _invoice(self, lot: Lot, month: Month) -> tuple[str, str]:
        self.invoices += 1
        kind = "invoice-special" if lot.kind in _SPECIAL else "invoice-ordinary"
        return f"{month.year % 100:02d}99{self.invoices:016d}", kind

    def _value(self, clerk: Clerk, draw: Draw, price: float, rate: float) -> str:
        cents = int(draw.net_mg / KG * price * rate * (1 + 0.02 * clerk.firm.choices.normal()) * 100 + 0.5)
        return f"{cents // 100}.{cents % 100:02d}"

    def move_to_warehouse(self, clerk: Clerk, day: int) -> None:
        """Finished magnets go from the plant to the firm's own warehouse: one row closes the move."""
        plant, warehouse = clerk.firm.places
        event = ""
        for holding in plant.store.ready(day - 1, "magnet-ndfeb"):
            if warehouse.store.find(holding.lot):
                continue
            event = event or clerk.event("shipment")
            draw = plant.store.draw(holding, holding.net_mg, 0.0)
            row = clerk.leave("shipment", event, plant, day, draw)
            row["to_site"] = warehouse.site.id
            clerk.write(day, row)
            holding.since = day
            holding.unfiled = holding.unfiled or clerk.firm.silent
            warehouse.store.put(holding)

    def _sell_title(self, clerk: Clerk, place: Place, day: int, holdings: list[Holding], trader: str) -> None:
        """Ownership goes to a trader, who passes it on; the goods stay here until next month."""
        for holding in holdings:
            row = self._title_row(clerk, holding, day, trader)
            row["site"] = place.site.id
            clerk.write(day, row)
            holding.owner = trader
            self.firms[trader].titles.append(Title(holding=holding, day=day, seller=clerk.plan.id))
            clerk.firm.promised.append(holding)
            clerk.firm.waits_for.add(trader)

    def pass_title(self, clerk: Clerk, title: Title) -> None:
        """The trader sells on, a day or two later, to the firm that the goods will go to."""
        day = title.day + clerk.firm.choices.integer(1, 2)
        buyer = clerk.firm.choices.weighted(clerk.plan.markets["oxide:PrNd"])
        clerk.write(day, self._title_row(clerk, title.holding, day, buyer))
        title.holding.owner = buyer

    def _title_row(self, clerk: Clerk, holding: Holding, day: int, buyer: str) -> Row:
        document, kind = self._invoice(holding.lot, clerk.month)
        row: Row = {
            "event": clerk.event("title"), "kind": "title", "on": clerk.month.text(day),
            "lot": clerk.name(holding.lot), "product": holding.lot.product,
        }  # fmt: skip
        clerk.put_mass(row, holding.net_mg, holding.moisture)
        row["counterparty"], row["counterparty_name"] = buyer, self.name_of(buyer, clerk)
        row["document"], row["document_kind"] = document, kind
        draw = Draw(holding=holding, true_kg=holding.true_kg, net_mg=holding.net_mg)
        row["value"] = self._value(clerk, draw, clerk.month.price(holding.lot.product), 1.0)
        row["currency"] = "CNY"
        return row

    def deliver_promised(self, clerk: Clerk, day: int, sold: list[Holding]) -> None:
        """Goods sold through a title last month go to whoever owns them now."""
        for holding in sold:
            owner, holding.owner = holding.owner, ""
            draw = clerk.firm.main.store.draw(holding, holding.net_mg, 0.0)
            self.ship(clerk, clerk.firm.main, day, [draw], owner, owner=owner)

    def _export(self, clerk: Clerk, place: Place, day: int, holdings: list[Holding], buyer: str) -> None:
        """One declaration: whole lots to one buyer abroad."""
        party, stream, month = self.parties[buyer], clerk.firm.choices, clerk.month
        self.declarations += 1
        port = stream.weighted([(row, float(row["weight"])) for row in table("ports")])
        declaration = f"{port['customs_office']}{month.year}0{self.declarations:09d}"
        event, rate = (
            clerk.event("export"),
            1 / float(next(r for r in table("prices") if r["product"] == "CNY")["usd_per_kg"]),
        )
        for holding in holdings:
            lot = holding.lot
            draw = self._leaving(clerk, place, holding)
            row = clerk.leave("export", event, place, day, draw)
            row["counterparty"], row["counterparty_name"] = buyer, party.name.en
            row["counterparty_country"] = party.country
            row["document"], row["document_kind"] = f"{clerk.plan.id}-{declaration[-6:]}", "contract"
            row["value"], row["currency"] = self._value(clerk, draw, month.price(lot.product) * 1.1, rate), "USD"
            row["declaration"] = declaration
            row["hs_code"] = self._hs[lot.product]["hs_code"]
            licence = self._drawn.pop((lot.maker, lot.number), None)
            if licence:
                row["control_item"], row["licence"] = ";".join(licence.items), licence.id
                licence.served[declaration] = None
            row["destination"], row["end_user_name"] = party.country, party.name.en
            row["end_user_country"], row["end_use"], row["port"] = party.country, end_use(lot, party), port["port"]
            clerk.write(day, row)

    def _leaving(self, clerk: Clerk, place: Place, holding: Holding) -> Draw:
        """The whole lot, or in some worlds now and then half of it, the rest to follow."""
        share = clerk.firm.profile.exported_in_parts
        if share and holding.true_kg > LEAST_PARTED_KG and clerk.firm.choices.chance(share):
            return clerk.take(place, holding, holding.true_kg / 2)
        return place.store.draw(holding, holding.net_mg, 0.0)


def end_use(lot: Lot, party: Party) -> str:
    """What this buyer does with such goods."""
    rows = [row["text"] for row in table("uses") if row["family"] in (lot.kind, lot.product)]
    return rows[party.number % len(rows)]
