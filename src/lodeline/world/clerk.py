"""What happens at one firm in one month becomes rows: true mass moves, and what was measured is written down.

A clerk never draws more than the book of the site holds, in the order in which a ledger runs a day
(increases before decreases). The exception is named: goods whose arrival was not filed are drawn with a reason.
"""

from __future__ import annotations

from lodeline.world.gauge import TREO_STATED, Gauge, composition_text, reported
from lodeline.world.market import Month
from lodeline.world.plan import FirmPlan
from lodeline.world.process import Made
from lodeline.world.staff import Firm, Place
from lodeline.world.stock import KG, Consignment, Draw, Holding, Lot
from lodeline.world.tables import Content, treo_of

Row = dict[str, str]

#: A laboratory repeats an assay by which more of an element came out than went in, beyond this many sigma.
REPEAT_ASSAY_SIGMA = 2.5
_LETTER = {
    "origin": "O", "transformation": "T", "shipment": "S", "receipt": "R", "title": "X", "export": "E",
    "stock": "C", "loss": "L", "adjustment": "A",
}  # fmt: skip
#: Oxides that would add up to more than this are stated as shares of the total that was found, ppb.
PURE_PPB = 990_000_000
#: Reasons for drawing what the ledger has not been told of.
UNTOLD = "到货尚未申报 / arrival not filed yet"
UNTOLD_MAKE = "产出月份未申报 / made in a month that was not filed"
COUNTED = "盘点差异 / count difference"
#: No less than this share of a further lot is drawn for a run (assumption).
CRUMB = 0.1
#: Share of counted lots whose book is then set to the count (assumption).
ADJUSTED = 0.002


def mass_text(mass_mg: int, unit_mg: int) -> str:
    """Shortest decimal of a mass in a unit of so many milligrams."""
    whole, rest = divmod(abs(mass_mg), unit_mg)
    sign = "-" if mass_mg < 0 else ""
    if not rest:
        return f"{sign}{whole}"
    return f"{sign}{whole}." + f"{rest + unit_mg}"[1:].rstrip("0")


class Clerk:
    """Writes one firm's month. Rows are (day, serial, row), in the order of the acts."""

    def __init__(self, firm: Firm, month: Month) -> None:
        self.firm, self.month = firm, month
        self.rows: list[tuple[int, int, Row]] = []
        #: (kind, ore type, mg REO) that count against a quota.
        self.quota_draws: list[tuple[str, str, int]] = []
        #: Lots by the name that the rows use, and each counted row with its net mass in book, mg.
        self.lots: dict[str, Lot] = {}
        self.counted: list[tuple[Row, int]] = []
        self.plan: FirmPlan = firm.plan
        self._column, self._unit_mg = ("mass_t", 1000 * KG) if firm.tonnes else ("mass_kg", KG)

    def event(self, kind: str) -> str:
        """A reference that this firm has not used before."""
        self.firm.events += 1
        return f"{_LETTER[kind]}{self.month.stamp}-{self.firm.events:05d}"

    def number(self, product: str) -> str:
        """An id for a lot that this firm makes."""
        while True:
            self.firm.lots += 1
            number = self.firm.habits.number(product, self.month.stamp, self.firm.lots)
            if self.firm.labels.take(number):
                return number

    def name(self, lot: Lot) -> str:
        """How this firm's rows call a lot."""
        name = self.firm.labels.of(lot)
        self.lots[name] = lot
        return name

    def write(self, day: int, row: Row) -> None:
        """Adds a row as the next one of its day."""
        self.rows.append((day, len(self.rows), row))

    def put_mass(self, row: Row, net_mg: int, moisture: int) -> None:
        """Net mass in the firm's unit, and moisture where there is any."""
        row[self._column] = mass_text(net_mg, self._unit_mg)
        if moisture:
            row["moisture_pct"] = mass_text(moisture, 100)

    def make(self, place: Place, day: int, made: Made, *, mineral: bool = False, moisture: float = 0.0) -> Holding:
        """A new lot at a place, measured by its maker; nothing is written yet."""
        gauge = place.instruments.gauge(made.product.partition(":")[0])
        stream = self.firm.gauges
        net_mg, observed = gauge.weigh(stream, made.mass_kg, moisture)
        stated, least = gauge.analyse(stream, made.content), self.firm.habits.least_stated_ppb
        if mineral and self.plan.deposit:
            stated = {element: ppb for element, ppb in stated.items() if ppb >= least}
        lot = Lot(
            maker=self.plan.id, number=self.number(made.product), product=made.product, content=made.content,
            moisture=moisture, stated_ppb=stated, model=made.model,
            piece_kg=self.firm.piece_kg(made.model), mineral=mineral,
        )  # fmt: skip
        return Holding(
            lot=lot, true_kg=made.mass_kg, net_mg=net_mg, moisture=observed, assay_ppb=lot.stated_ppb, since=day,
            unfiled=self.firm.silent,
        )  # fmt: skip

    def _lot_cells(self, row: Row, holding: Holding, gauge: Gauge) -> None:
        lot = holding.lot
        row["lot"], row["product"] = self.name(lot), lot.product
        self.put_mass(row, holding.net_mg, holding.moisture)
        if lot.basis == "reo-share" or (lot.basis == "oxide" and _oxide_ppb(lot.stated_ppb) > PURE_PPB):
            lot.stated_ppb = holding.assay_ppb = _totalled(lot.stated_ppb)
        lot.text = composition_text(lot.stated_ppb, lot.basis)
        if lot.text:
            row["composition"], row["composition_status"] = lot.text, "measured"
            if lot.basis != "element":
                row["basis"] = lot.basis
        else:
            row["composition_status"] = "unknown"
        row["method"] = gauge.full_cell
        if lot.model:
            row["model"], row["pieces"] = lot.model, str(lot.pieces(holding.net_mg))

    def origin(
        self, place: Place, day: int, holding: Holding, *, kind: str, where: str, more: Row | None = None
    ) -> None:
        """A lot enters the system."""
        holding.lot.basis = self._basis(holding.lot, self.plan.basis)
        row: Row = {"event": self.event("origin"), "kind": "origin", "on": self.month.text(day), "site": place.site.id}
        self._lot_cells(row, holding, place.instruments.gauge(holding.lot.kind))
        row["origin_kind"], row["origin_place"] = kind, where
        if more:
            row.update(more)
        if kind != "opening":
            place.made_mg += holding.dry_mg
        if kind in ("mined", "by-product"):
            self._count_quota("mining", holding.lot, holding.dry_mg)
        place.store.put(holding)
        self.write(day, row)

    def _count_quota(self, kind: str, lot: Lot, dry_mg: int) -> None:
        ore = "ion" if lot.kind == "mixed-compound" else "rock"
        self.quota_draws.append((kind, ore, dry_mg * lot.stated_ppb["TREO"] // 10**9))

    def transform(self, place: Place, day: int, draws: list[Draw], made: list[Made], *, run: str = "") -> list[Holding]:
        """Lots are consumed and others made; returns what was made, waste included."""
        event, on = self.event("transformation"), self.month.text(day)
        base: Row = {"event": event, "kind": "transformation", "on": on, "site": place.site.id}
        if run:
            base["run"] = run
        for draw in draws:
            self.write(day, self._drawn({**base, "role": "in"}, draw, place))
            if draw.holding.lot.mineral:
                self._count_quota("separation", draw.holding.lot, draw.dry_mg)
        results = [self.make(place, day, item) for item in made]
        self._repeat_assays(place, draws, results)
        for item, holding in zip(made, results, strict=True):
            if item.waste and self.firm.leaves_waste_unassayed:
                holding.lot.stated_ppb, holding.assay_ppb = {}, {}
            holding.lot.basis = self._basis(holding.lot, "element")
            row = {**base, "role": "waste" if item.waste else "out"}
            self._lot_cells(row, holding, place.instruments.gauge(holding.lot.kind))
            place.store.put(holding)
            self.write(day, row)
            if not item.waste:
                place.made_mg += holding.dry_mg
        return results

    def _basis(self, lot: Lot, usual: str) -> str:
        """On which basis this firm states a lot that it made; only what is sold as oxide is stated on oxides."""
        return (self.firm.habits.basis or usual) if lot.kind in TREO_STATED and lot.stated_ppb else "element"

    def _drawn(self, row: Row, draw: Draw, place: Place) -> Row:
        holding = draw.holding
        row["lot"] = self.name(holding.lot)
        self.put_mass(row, draw.net_mg, holding.moisture)
        row["method"] = place.instruments.gauge(holding.lot.kind).weigh_cell
        if holding.unfiled:
            row["reason"] = self._untold(holding.lot)
        return row

    def _untold(self, lot: Lot) -> str:
        return UNTOLD_MAKE if lot.maker == self.plan.id else UNTOLD

    def _repeat_assays(self, place: Place, draws: list[Draw], results: list[Holding]) -> None:
        """Filed assays of the outputs do not hold more of an element than was fed, beyond its uncertainty."""
        if any(not draw.holding.assay_ppb for draw in draws):
            return
        fed: Content = {}
        by_label = self.firm.profile.repeats_by_label > 0
        for draw in draws:
            # Inputs are judged by their maker's composition; a receiver's own assay serves its own balance. Who has not
            # heard of that judges by his own.
            stated, own = draw.holding.lot.stated_ppb, draw.holding.assay_ppb
            for element, ppb in _with_treo(stated if stated and by_label else own).items():
                fed[element] = fed.get(element, 0.0) + draw.dry_mg * ppb
        out: Content = {}
        for holding in results:
            for element, ppb in holding.lot.stated_ppb.items():
                if element not in _ADDITIVES:
                    out[element] = out.get(element, 0.0) + holding.dry_mg * ppb
        for element, found in out.items():
            limit = fed.get(element, 0.0) * (1 + REPEAT_ASSAY_SIGMA * self._sigma(place, results, element))
            if found <= limit:
                continue
            for holding in results:
                stated = holding.lot.stated_ppb
                if element in stated:
                    stated[element] = reported(stated[element] * limit / found * 0.9999)
                    if not stated[element]:
                        del stated[element]

    def _sigma(self, place: Place, results: list[Holding], element: str) -> float:
        return max((place.instruments.gauge(h.lot.kind).sigma(element) for h in results[:1]), default=0.0)

    def take(self, place: Place, holding: Holding, wanted_kg: float) -> Draw:
        """Weighs out a part; a remainder of less than a tenth is taken too."""
        gauge = place.instruments.gauge(holding.lot.kind)
        net_kg = wanted_kg / (1 - holding.lot.moisture)
        division = gauge.division_mg(net_kg)
        net_mg = max(division, int(net_kg * KG / division + 0.5) * division)
        if net_mg * 10 >= holding.net_mg * 9:
            net_mg = holding.net_mg
        error = gauge.weigh_random * self.firm.gauges.normal() + gauge.weigh_bias
        return place.store.draw(holding, net_mg, error)

    def feed(self, place: Place, day: int, products: tuple[str, ...], wanted_kg: float, most_lots: int) -> list[Draw]:
        """Draws, oldest lots first, up to a mass."""
        draws: list[Draw] = []
        for holding in place.store.ready(day, *products)[:most_lots]:
            # Nobody opens a lot for a crumb of it.
            if wanted_kg < 0.2 or (draws and wanted_kg < CRUMB * holding.true_kg):
                break
            draw = self.take(place, holding, min(wanted_kg, holding.true_kg))
            wanted_kg -= draw.true_kg
            draws.append(draw)
        return draws

    def leave(self, kind: str, event: str, place: Place, day: int, draw: Draw) -> Row:
        """The cells that shipments, exports and losses share; the caller adds its own and writes the row."""
        row: Row = {"event": event, "kind": kind, "on": self.month.text(day), "site": place.site.id}
        self._drawn(row, draw, place)
        lot = draw.holding.lot
        row["product"] = lot.product
        if lot.model:
            row["model"] = lot.model
            row["pieces"] = str(lot.pieces(draw.net_mg))
        return row

    def loss(self, place: Place, day: int, draw: Draw, reason: str) -> None:
        """A measured discard."""
        row = self.leave("loss", self.event("loss"), place, day, draw)
        row["reason"] = f"{reason}; {row['reason']}" if draw.holding.unfiled else reason
        self.write(day, row)

    def receive(self, place: Place, goods: Consignment, *, day: int, with_reference: bool) -> tuple[Holding, Row]:
        """Goods arrive and are weighed, and analysed where the firm does so; the row is returned, not written."""
        lot, stream = goods.lot, self.firm.gauges
        gauge = place.instruments.gauge(lot.kind)
        holding = place.store.find(lot)
        net_mg, moisture = gauge.weigh(stream, goods.true_kg, lot.moisture, holding.moisture if holding else None)
        self.firm.labels.arrive(lot, goods.shipper, goods.label)
        row: Row = {
            "event": self.event("receipt"), "kind": "receipt", "on": self.month.text(day), "site": place.site.id,
            "lot": self.name(lot), "product": lot.product,
        }  # fmt: skip
        self.put_mass(row, net_mg, moisture)
        own = self.firm.assays(lot.kind)
        if holding is None:
            assay = gauge.analyse(stream, lot.content) if own or not lot.stated_ppb else lot.stated_ppb
            holding = Holding(
                lot=lot, true_kg=goods.true_kg, net_mg=net_mg, moisture=moisture, assay_ppb=assay, since=day
            )
            place.store.put(holding)
        else:
            holding.true_kg += goods.true_kg
            holding.net_mg += net_mg
        if holding.assay_ppb is lot.stated_ppb:
            row["composition"], row["composition_status"], row["method"] = lot.text, "certificate", gauge.weigh_cell
            if lot.basis != "element":
                row["basis"] = lot.basis
        else:
            row["composition"], row["composition_status"] = composition_text(holding.assay_ppb, "element"), "measured"
            row["method"] = gauge.full_cell
        row["counterparty"], row["counterparty_name"] = goods.shipper, goods.shipper_name
        if with_reference:
            row["reference"] = goods.event
        row["document"], row["document_kind"] = goods.document, goods.document_kind
        if lot.model:
            row["model"] = lot.model
        return holding, row

    def count(self, place: Place, day: int) -> None:
        """Everything held at the end of the day, weighed again; now and then the book is adjusted to it."""
        held = list(place.store)
        if not held:
            return
        event, on, stream = self.event("stock"), self.month.text(day), self.firm.gauges
        for holding in held:
            gauge = place.instruments.gauge(holding.lot.kind)
            net_mg, _ = gauge.weigh(stream, holding.true_kg, holding.lot.moisture, holding.moisture)
            row: Row = {
                "event": event, "kind": "stock", "on": on, "site": place.site.id,
                "lot": self.name(holding.lot), "product": holding.lot.product,
            }  # fmt: skip
            self.put_mass(row, net_mg, holding.moisture)
            row["method"] = gauge.weigh_cell
            if holding.owner:
                row["owner"] = holding.owner
            self.write(day, row)
            self.counted.append((row, holding.net_mg))
            if net_mg != holding.net_mg and not holding.owner and self.firm.fates.chance(ADJUSTED):
                self._adjust(place, day, holding, net_mg)

    def _adjust(self, place: Place, day: int, holding: Holding, net_mg: int) -> None:
        """The book of a lot is set to its count."""
        row: Row = {
            "event": self.event("adjustment"), "kind": "adjustment", "on": self.month.text(day),
            "site": place.site.id, "lot": self.name(holding.lot), "product": holding.lot.product,
        }  # fmt: skip
        self.put_mass(row, net_mg - holding.net_mg, holding.moisture)
        row["reason"] = f"{COUNTED}; {self._untold(holding.lot)}" if holding.unfiled else COUNTED
        holding.net_mg = net_mg
        self.write(day, row)


_ADDITIVES = frozenset({"B", "Fe", "Co"})


def _with_treo(ppb: dict[str, int]) -> dict[str, float]:
    return {"TREO": treo_of({e: float(share) for e, share in ppb.items()}), **ppb}


def _totalled(ppb: dict[str, int]) -> dict[str, int]:
    """Elements scaled so that their oxides add up to the stated total: what shares of a total can say."""
    factor = ppb["TREO"] / treo_of({e: float(share) for e, share in ppb.items()})
    return {e: share if e == "TREO" else reported(share * factor) for e, share in ppb.items()}


def _oxide_ppb(ppb: dict[str, int]) -> float:
    return treo_of({e: float(share) for e, share in ppb.items()})
