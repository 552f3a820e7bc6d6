"""Where plots are carried out: the filings-to-be of one month, with the tools to add to them and to alter them.

Nothing here touches the industry: what happened stays, and what is filed of it changes. References that plots need
are made beside those of the industry, so that no reference of an honest row shifts.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from datetime import date

from lodeline.world.clerk import Row, mass_text
from lodeline.world.gauge import composition_text
from lodeline.world.industry import FirmMonth, Industry
from lodeline.world.market import Month
from lodeline.world.names import Name, Namer
from lodeline.world.plan import PLOTS, FirmPlan, Party, Site
from lodeline.world.record import Record
from lodeline.world.sigma import moisture_of, net_mg
from lodeline.world.staff import Firm, Place
from lodeline.world.stock import KG, Lot
from lodeline.world.stream import Stream
from lodeline.world.tables import Content

_LETTER = {
    "origin": "O", "transformation": "T", "shipment": "S", "receipt": "R", "title": "X", "export": "E",
    "stock": "C", "loss": "L",
}  # fmt: skip
#: Kinds sold with the special invoice of rare earths, as in the industry.
SPECIAL = frozenset({"concentrate", "mixed-compound", "oxide", "metal", "strip-cast"})


@dataclass(slots=True)
class Cast:
    """Organisations that a plot brings with it, and what the registers say otherwise than they would."""

    firms: list[Firm] = field(default_factory=list)
    parties: list[Party] = field(default_factory=list)
    #: Site → kg per month in the register; (organisation, kind, ore type, year) → kg REO granted.
    capacities: dict[str, int] = field(default_factory=dict)
    grants: dict[tuple[str, str, str, int], int] = field(default_factory=dict)


class Scene:
    """What plots share over the whole world: the cast, running numbers, rows that belong into months to come."""

    def __init__(self, industry: Industry) -> None:
        self.industry, self.world = industry, industry.world
        self.cast = Cast()
        self._documents = self._declarations = 0
        self._serials: dict[str, int] = {}
        self._namer = Namer(Stream(self.world.seed, PLOTS))
        self._coming: dict[str, list[tuple[str, int, Row]]] = {}
        self.months = list(industry.months())

    def firm(self, organisation: str) -> Firm:
        """A firm of the industry or one that a plot brought."""
        found = self.industry.firms.get(organisation)
        return found or next(firm for firm in self.cast.firms if firm.plan.id == organisation)

    def name(self, organisation: str) -> str:
        """A party's name as on a contract."""
        if organisation in self.industry.firms or any(firm.plan.id == organisation for firm in self.cast.firms):
            return self.firm(organisation).plan.name.zh
        parties = (*self.world.parties, *self.cast.parties)
        return next(party.name.zh or party.name.en for party in parties if party.id == organisation)

    def serial(self, what: str) -> int:
        """1, 2, 3 … for each thing counted."""
        self._serials[what] = self._serials.get(what, 0) + 1
        return self._serials[what]

    def document(self, month: Month) -> str:
        """Number of an invoice."""
        self._documents += 1
        return f"{month.year % 100:02d}98{self._documents:016d}"

    def declaration(self, like: str) -> str:
        """Number of a customs declaration at the same office in the same year."""
        self._declarations += 1
        return f"{like[:9]}{900_000_000 + self._declarations:09d}"

    def later(self, period: str, organisation: str, day: int, row: Row) -> None:
        """A row that belongs into a month to come; it is left out where the world ends before."""
        self._coming.setdefault(period, []).append((organisation, day, row))

    def due(self, period: str) -> list[tuple[str, int, Row]]:
        """Rows that were kept for this month."""
        return self._coming.pop(period, [])

    def domestic(self, trade: str, identifier: str) -> Name:
        """A name for an organisation that a plot brings."""
        taken = {plan.name.zh for plan in self.world.firms} | {party.name.zh for party in self.world.parties}
        while True:
            name = self._namer.domestic(trade, f"synthetic:{identifier}")
            if name.zh not in taken:
                return name

    def add_party(self, party: Party, record: Record) -> None:
        """Brings an organisation without a duty to file; where it is registered, the record says so."""
        self.cast.parties.append(party)
        record.parties.append(party.id)
        if party.registered:
            record.enter("register/organisations.csv", party.id)

    def registers(self, stream: Stream) -> bool:
        """Whether a customer that a plot brings stands in the register; in the default world all do."""
        share = self.world.profile.customers_by_name
        return not share or not stream.chance(share)

    def add_firm(self, like: FirmPlan, identifier: str, founded: date) -> Firm:
        """A trader with one store that files from now on."""
        name = self.domestic("oxide-trader", identifier)
        site = Site(
            id=f"{identifier}-A", name=f"{name.city_en} office", stage="trade", region=name.region, lat=name.lat,
            lon=name.lon,
        )  # fmt: skip
        plan = dataclasses.replace(
            like, id=identifier, place=len(self.world.firms) + len(self.cast.firms), trade="oxide-trader",
            role="trader", name=name, size=0.4, sites=(site,), deposit=None, metals=(), models=(), markets={},
            abroad=(), basis="element", count_months=0, founded=founded, both=False,
        )  # fmt: skip
        firm = Firm(plan, self.world)
        self.cast.firms.append(firm)
        return firm


class MonthBook:
    """What all firms are about to file for one month."""

    def __init__(self, scene: Scene, pages: list[FirmMonth]) -> None:
        self.scene = scene
        self.month = pages[0].month
        self.pages = {page.firm.plan.id: page for page in pages}
        for firm in scene.cast.firms:
            self.pages[firm.plan.id] = blank_page(firm, self.month)
        for organisation, day, row in scene.due(self.month.period):
            self.put(organisation, day, row)

    @property
    def period(self) -> str:
        return self.month.period

    @property
    def next_month(self) -> Month | None:
        """The month after this one, None after the world's last."""
        return next((month for month in self.scene.months if month.index == self.month.index + 1), None)

    def join(self, firm: Firm) -> None:
        """A firm that a plot brought begins to file with this month."""
        self.pages[firm.plan.id] = blank_page(firm, self.month)

    def wait(self, organisation: str, other: str) -> None:
        """The firm files this month after the other."""
        page = self.pages[organisation]
        page.waits_for = (*page.waits_for, other)

    def count_too(self, organisation: str, lot: Lot, mass_mg: int, record: Record) -> None:
        """A lot is listed with the firm's stock count of the month's end, if it makes one."""
        page, site = self.pages[organisation], self.place(organisation).site.id
        counts = [row["event"] for row in page.rows if row["kind"] == "stock" and row["site"] == site]
        if not counts and self.scene.firm(organisation).plan.count_months != 1:
            return
        row = self.cells(organisation, "stock", lot, mass_mg, counts[-1] if counts else "")
        for cell in ("model", "pieces"):
            row.pop(cell, None)
        day = self.day_of(next(one for one in reversed(page.rows) if one["kind"] == "stock")) if counts else 0
        self.put(organisation, day or self.month.last, row, lot)
        record.touch(organisation, self.period, row["event"], "changed" if counts else "added")
        record.lots[f"{lot.maker}/{lot.number}"] = None

    def ready(self, organisation: str) -> bool:
        """True where the firm files this month, and nothing of it is to be withheld."""
        page = self.pages.get(organisation)
        return page is not None and not page.firm.silent and not page.withheld

    def rows(self, organisation: str) -> list[Row]:
        """The rows of a firm, in the order in which they are to be filed."""
        return self.pages[organisation].rows

    def place(self, organisation: str) -> Place:
        """The main site of a firm."""
        return self.scene.firm(organisation).main

    def lot(self, organisation: str, row: Row) -> Lot:
        """What the lot of a row truly is."""
        return self.pages[organisation].lots[row["lot"]]

    def day_of(self, row: Row) -> int:
        """The day of a row as an ordinal."""
        return self.month.first + int(row["on"][8:]) - 1

    def put(self, organisation: str, day: int, row: Row, lot: Lot | None = None) -> None:
        """Adds a row after the last one of its day; its date is filled in."""
        page = self.pages[organisation]
        row["on"] = self.month.text(day)
        after = [place for place, other in enumerate(page.rows) if other["on"] <= row["on"]]
        page.rows.insert(after[-1] + 1 if after else 0, row)
        page.added.add(id(row))
        if lot is not None:
            page.lots[row["lot"]] = lot

    def event(self, organisation: str, kind: str) -> str:
        """A reference that the firm has not used and will not use."""
        firm = self.scene.firm(organisation)
        serial = self.scene.serial(f"event {organisation}")
        return f"{_LETTER[kind]}{self.month.stamp}-{firm.events:05d}-{serial}"

    def lot_number(self, organisation: str, product: str) -> str:
        """An id for a lot that the firm has not used and will not use."""
        firm = self.scene.firm(organisation)
        serial = self.scene.serial(f"lot {organisation}")
        number = f"{firm.habits.number(product, self.month.stamp, firm.lots)}-{serial}"
        firm.labels.take(number)
        return number

    def new_lot(self, organisation: str, product: str, content: Content, stream: Stream) -> Lot:
        """A dry lot of the firm, analysed by its laboratory; nothing is filed yet."""
        gauge = self.place(organisation).instruments.gauge(product.partition(":")[0])
        lot = Lot(maker=organisation, number=self.lot_number(organisation, product), product=product, content=content)
        lot.stated_ppb = gauge.analyse(stream, content)
        lot.text = composition_text(lot.stated_ppb, "element")
        return lot

    def set_mass(self, organisation: str, row: Row, mass_mg: int) -> None:
        """Writes the net mass in the firm's unit, with the pieces and the value that go with it."""
        tonnes = self.scene.firm(organisation).tonnes
        before = net_mg(row) if "mass_t" in row or "mass_kg" in row else 0
        row["mass_t" if tonnes else "mass_kg"] = mass_text(mass_mg, 1000 * KG if tonnes else KG)
        if row.get("pieces"):
            row["pieces"] = str(self.lot(organisation, row).pieces(mass_mg))
        if row.get("value") and before:
            row["value"] = money(float(row["value"]) * mass_mg / before)

    def cells(self, organisation: str, kind: str, lot: Lot, mass_mg: int, event: str = "") -> Row:
        """The cells that all rows at the main site share."""
        place, firm = self.place(organisation), self.scene.firm(organisation)
        row: Row = {
            "event": event or self.event(organisation, kind), "kind": kind, "on": "", "site": place.site.id,
            "lot": firm.labels.of(lot), "product": lot.product,
        }  # fmt: skip
        row["mass_t" if firm.tonnes else "mass_kg"] = mass_text(mass_mg, 1000 * KG if firm.tonnes else KG)
        row["method"] = place.instruments.gauge(lot.kind).weigh_cell
        if lot.model:
            row["model"] = lot.model
            if kind != "receipt":
                row["pieces"] = str(lot.pieces(mass_mg))
        return row

    def sale(self, row: Row, buyer: str, *, stream: Stream, kind: str = "") -> Row:
        """Fills what a sale at home says: customer, invoice, value."""
        product = row["product"]
        row["counterparty"], row["counterparty_name"] = buyer, self.scene.name(buyer)
        usual = "invoice-special" if product.partition(":")[0] in SPECIAL else "invoice-ordinary"
        row["document"], row["document_kind"] = self.scene.document(self.month), kind or usual
        price = self.month.price(product) * (1 + 0.02 * stream.normal())
        row["value"], row["currency"] = money(net_mg(row) / KG * price), "CNY"
        return row

    def arrival(self, organisation: str, shipment: Row, shipper: str, lot: Lot, mass_mg: int) -> Row:
        """The receipt that answers a shipment, on the shipper's certificate."""
        label = self.scene.firm(shipper).labels.on_paper(lot)
        self.scene.firm(organisation).labels.arrive(lot, shipper, label)
        row = self.cells(organisation, "receipt", lot, mass_mg)
        moisture = moisture_of(shipment)
        if moisture:
            row["moisture_pct"] = mass_text(moisture, 100)
        row["composition"], row["composition_status"] = lot.text, "certificate"
        if lot.basis and lot.basis != "element":
            row["basis"] = lot.basis
        row["counterparty"], row["counterparty_name"] = shipper, self.scene.name(shipper)
        row["reference"] = shipment["event"]
        row["document"], row["document_kind"] = shipment["document"], shipment["document_kind"]
        return row


def blank_page(firm: Firm, month: Month) -> FirmMonth:
    """A month in which nothing has happened yet."""
    return FirmMonth(firm=firm, month=month, rows=[], found_later=[], waits_for=(), lots={}, counted=[])


def money(amount: float) -> str:
    """Two decimals."""
    cents = int(amount * 100 + 0.5)
    return f"{cents // 100}.{cents % 100:02d}"
