"""Loopholes at the border: consignments kept small, goods called something else, destinations that shift.

The same magnets leave; what the customs line says of them is the lie. Masses stay true to the milligram.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cached_property

from lodeline.world.border import Licence
from lodeline.world.clerk import Row
from lodeline.world.gauge import composition_text
from lodeline.world.names import Name
from lodeline.world.plan import Party
from lodeline.world.plant import Plant
from lodeline.world.plots.plot import Plot
from lodeline.world.scene import MonthBook, Scene, money
from lodeline.world.sigma import dry_kg, net_mg
from lodeline.world.stock import KG, Lot
from lodeline.world.tables import table

#: Pieces are this share of the threshold; an export is split into so many at most.
JUST_BELOW, MOST_PIECES = (0.86, 0.995), 24
#: Parts that are to be alike differ by what a drum more or less weighs (assumption).
ALIKE = (0.97, 1.03)
#: Steel, copper and plastic that are mounted with magnets, kg per kg (assumption).
MOUNTED = (1.6, 2.6)
_MAGNETS = ("magnet-ndfeb", "magnet-smco")


class BorderPlot(Plot):
    """Tools of the plots that alter exports."""

    def exports(self, book: MonthBook, *, licensed: bool = True) -> list[Row]:
        """The firm's exports of magnets."""
        page = book.pages[self.organisation]
        return [
            row for row in page.rows
            if row["kind"] == "export" and row["product"] in _MAGNETS and (licensed or not row.get("licence"))
            and id(row) not in page.added
        ]  # fmt: skip

    def changed(self, book: MonthBook, row: Row) -> None:
        """Notes an export that was altered, with the goods behind it."""
        self.touch(book, row, "changed")
        self.record.weigh(book.period, dry_kg(row), book.lot(self.organisation, row).content)

    def foreign(self, place: int, country: str, like: str = "", address: str = "") -> Party:
        """A buyer abroad that the plot brings; `like` gives it nearly the name of another."""
        row = next(row for row in table("foreign") if row["country"] == country)
        brand = self.stream.choose(row["brands"].split())
        name = like or f"{brand} {row['industry']} {1000 + self.plant.number} {row['form']}"
        identifier = f"FOR-9{self.plant.number:03d}{'ABCD'[place]}"
        shared = (address,) if address else ()
        party = Party(
            id=identifier, country=country, number=self.plant.number, registered=self.scene.registers(self.stream),
            name=Name(
                zh="", en=name, aliases=(*shared, f"synthetic:{identifier}"), city_en="", region="", lat="", lon=""
            ),
        )  # fmt: skip
        self.scene.add_party(party, self.record)
        return party


def address(row: Row, party: Party) -> None:
    """The buyer, destination and end user of an export become this party."""
    row["counterparty"], row["counterparty_name"], row["counterparty_country"] = party.id, party.name.en, party.country
    row["destination"], row["end_user_name"], row["end_user_country"] = party.country, party.name.en, party.country


class ThresholdSplitting(BorderPlot):
    """One export becomes several, each just below what draws attention, to one buyer or to variants of its name."""

    buyers: tuple[Party, ...] = ()

    def act(self, book: MonthBook) -> None:
        low, high = (self.scene.world.profile.part_low_kg, self.scene.world.profile.part_high_kg)
        if high:
            rows = self.exports(book, licensed=False)
            rows = [row for row in rows if low * 3 * KG < net_mg(row) < high * MOST_PIECES * KG]
            for row in self.some(rows, self.plant.size):
                self._split(book, row, self._parts_of_any_size(net_mg(row), low, high))
            return
        limits = {row["product"]: float(row["limit_kg"]) for row in table("thresholds")}
        rows = [
            row for row in self.exports(book, licensed=False)
            if limits[row["product"]] * 1.2 * KG < net_mg(row) < limits[row["product"]] * MOST_PIECES * KG
        ]  # fmt: skip
        for row in self.some(rows, self.plant.size):
            limit_kg = limits[row["product"]]
            self._split(book, row, self._parts_below(net_mg(row), limit_kg))
            self.record.facts["limit_kg"] = str(int(limit_kg))

    def _parts_below(self, left: int, limit_kg: float) -> list[int]:
        masses: list[int] = []
        while left > 0:
            piece = int(limit_kg * self.stream.between(*JUST_BELOW) * 1000) * 1000
            masses.append(min(piece, left))
            left -= masses[-1]
        return masses

    def _parts_of_any_size(self, left: int, low_kg: float, high_kg: float) -> list[int]:
        """mg of each part: nearly alike where the plotter is plain, each drawn anew where he adapts."""
        low, high = low_kg * KG, high_kg * KG
        usual = max(self.stream.between(low, min(high, left / 2)), left / MOST_PIECES)
        masses: list[int] = []
        # What is left may be one part, too.
        while left >= 2 * low and (not masses or left > (high if self.adaptive else usual * ALIKE[1])):
            piece = self.stream.between(low, high) if self.adaptive else usual * self.stream.between(*ALIKE)
            masses.append(int(min(max(piece, low), high, left - low) / 1000) * 1000)
            left -= masses[-1]
        return [*masses, left]

    def _split(self, book: MonthBook, row: Row, masses: list[int]) -> None:
        lot, whole, value = book.lot(self.organisation, row), net_mg(row), float(row["value"])
        self.changed(book, row)
        buyers = self._buyers(row)
        day = book.day_of(row)
        for place, mass in enumerate(masses):
            piece_row = row if place == 0 else {**row}
            if place:
                piece_row["event"] = book.event(self.organisation, "export")
                piece_row["declaration"] = self.scene.declaration(row["declaration"])
                piece_row["document"] = f"{self.organisation}-{piece_row['declaration'][-6:]}"
            buyer = buyers[place % len(buyers)] if buyers else None
            if buyer:
                address(piece_row, buyer)
            book.set_mass(self.organisation, piece_row, mass)
            piece_row["value"] = money(value * mass / whole)
            if place:
                day = min(book.month.last, day + self.stream.integer(0, 2))
                book.put(self.organisation, day, piece_row, lot)
                self.touch(book, piece_row, "added")

    def _buyers(self, row: Row) -> tuple[Party, ...]:
        """The first buyer and the variants of its name that the plot keeps to; none where it needs no names."""
        if self.plant.manner != "name-variants":
            return ()
        if not self.buyers:
            owner = next(party for party in self.scene.world.parties if party.id == row["counterparty"])
            shared = f"addr:{owner.country} Synthetic Street {self.stream.integer(1, 399)}"
            names = (f"{owner.name.en} Trading", f"New {owner.name.en}")[: self.stream.integer(1, 2)]
            made = tuple(self.foreign(place, owner.country, name, shared) for place, name in enumerate(names))
            self.buyers = (owner, *made)
            self.record.parties.insert(0, owner.id)
            self.record.facts.update(owner=owner.id, variants=[party.id for party in made])
            self.record.pair = (self.organisation, owner.id)
        return self.buyers


class Misdeclaration(BorderPlot):
    """Code, composition or value that the lot's own history contradicts."""

    def act(self, book: MonthBook) -> None:
        rows = self.exports(book)
        if self.plant.manner == "composition":
            rows = [row for row in rows if book.lot(self.organisation, row).stated_ppb.keys() & {"Dy", "Tb"}]
        for row in self.some(rows, self.plant.size):
            if self.plant.manner == "value":
                row["value"] = money(float(row["value"]) * self.stream.between(0.25, 0.6))
            else:
                row.pop("control_item", None)
                row.pop("licence", None)
                self._lie(book, row)
            self.changed(book, row)

    def _lie(self, book: MonthBook, row: Row) -> None:
        if self.plant.manner == "code":
            row["hs_code"] = next(r["hs_code"] for r in table("hs") if r["product"] == "misdeclared")
            return
        stated = dict(book.lot(self.organisation, row).stated_ppb)
        for element in ("Dy", "Tb"):
            if element in stated:
                # The adaptive leave the trace that trade calls none: 0.1 % together.
                stated[element] = 450_000 if self.adaptive else 0
        row["composition"] = composition_text({e: ppb for e, ppb in stated.items() if ppb}, "element")
        row["composition_status"] = "recipe"


class DestinationShift(BorderPlot):
    """After the controls what went to one country goes to a new buyer in a third."""

    party: Party | None = None
    old: str = ""

    def act(self, book: MonthBook) -> None:
        rows = self.exports(book, licensed=False)
        if not rows:
            return
        if self.party is None:
            self.old = Counter(row["destination"] for row in rows).most_common(1)[0][0]
            third = [country for country in ("TH", "MX", "VN") if country != self.old]
            old_name = next(row["counterparty_name"] for row in rows if row["destination"] == self.old)
            country = self.stream.choose(third)
            near = f"{' '.join(old_name.split()[:2])} ({country})" if self.adaptive else ""
            self.party = self.foreign(0, country, near)
            self.record.pair = (self.organisation, self.party.id)
            self.record.facts.update(old_destination=self.old, new_destination=country, new_party=self.party.id)
        for row in self.some([row for row in rows if row["destination"] == self.old], self.plant.size):
            address(row, self.party)
            self.changed(book, row)


class OneMoreStep(BorderPlot):
    """Magnets are mounted in something and leave as deeply processed goods, which the controls leave out."""

    def act(self, book: MonthBook) -> None:
        for row in self.some(self.exports(book), self.plant.size):
            self._mount(book, row)

    def _mount(self, book: MonthBook, row: Row) -> None:
        lot, mass = book.lot(self.organisation, row), net_mg(row)
        self.changed(book, row)
        factor = self.stream.between(*MOUNTED)
        whole = int(mass * factor / 1000) * 1000
        content = {e: share * mass / whole for e, share in lot.content.items()}
        made = Lot(
            maker=self.organisation, number=book.lot_number(self.organisation, "assembly"), product="assembly",
            content=content, stated_ppb={e: ppb * mass // whole // 1000 * 1000 for e, ppb in lot.stated_ppb.items()},
        )  # fmt: skip
        made.text = composition_text({e: ppb for e, ppb in made.stated_ppb.items() if ppb}, "element")
        event, site = book.event(self.organisation, "transformation"), row["site"]
        used = book.cells(self.organisation, "transformation", lot, mass, event)
        used.update(role="in", site=site)
        for cell in ("product", "model", "pieces"):
            used.pop(cell, None)
        out = book.cells(self.organisation, "transformation", made, whole, event)
        out.update(role="out", site=site, composition=made.text, composition_status="recipe")
        if "reason" in row:
            used["reason"] = row["reason"]
        for added in (used, out):
            book.put(self.organisation, book.day_of(row), added, lot if added is used else made)
            self.touch(book, added, "added")
        for cell in ("control_item", "licence", "model", "pieces", "reason"):
            row.pop(cell, None)
        row["lot"], row["product"] = made.number, "assembly"
        value = float(row["value"]) * self.stream.between(1.2, 1.8)
        book.set_mass(self.organisation, row, whole)
        row["value"] = money(value)
        row["hs_code"] = next(r["hs_code"] for r in table("hs") if r["product"] == "assembly")
        self.touch(book, row, "changed")


class LicenceAbuse(BorderPlot):
    """A licence is shown for what it does not allow, or none is; the goods and their masses stay true."""

    #: What left under the licence that the register will say allowed less.
    used: Counter[str]

    def __init__(self, plant: Plant, scene: Scene) -> None:
        super().__init__(plant, scene)
        self.used = Counter()

    def act(self, book: MonthBook) -> None:
        rows = [row for row in self.exports(book) if row.get("licence")]
        for row in rows if self.plant.manner == "beyond" else self.some(rows, self.plant.size):
            if self.plant.manner == "beyond":
                # Which licence is passed is known when the world is over.
                self.used[row["licence"]] += net_mg(row)
                self._passed.setdefault(row["licence"], []).append((book, row))
            elif self.plant.manner == "without":
                row.pop("licence")
                self.changed(book, row)
            else:
                self._show_another(book, row)

    @cached_property
    def _passed(self) -> dict[str, list[tuple[MonthBook, Row]]]:
        return {}

    def _show_another(self, book: MonthBook, row: Row) -> None:
        """Another licence of the firm: one that has ended, one for another user, or one that has had its one export."""
        every = {one.id: one for one in self.scene.industry.trade.licences.granted if one.exporter == self.organisation}
        own, day = every.get(row["licence"]), book.day_of(row)
        fits: dict[str, Callable[[Licence], bool]] = {
            "after": lambda one: one.valid_to < day and one.end_user == row["end_user_name"],
            "other-user": lambda one: one.valid_from <= day <= one.valid_to and one.end_user != row["end_user_name"],
            "twice": lambda one: (
                one.kind == "individual" and one.valid_from <= day <= one.valid_to and len(one.served) == 1
                and one.end_user == row["end_user_name"] and row["declaration"] not in one.served
            ),
        }  # fmt: skip
        found = [one for one in every.values() if one is not own and fits[self.plant.manner](one)]
        if not found:
            return
        shown = self.stream.choose(found)
        if self.plant.manner == "twice":
            shown.is_single = True
        row["licence"], row["control_item"] = shown.id, ";".join(shown.items)
        self.record.facts[row["event"]] = shown.id
        self.changed(book, row)

    def finish(self) -> None:
        """The register says of the licence that was used most that it allowed less than had left."""
        if not self.used:
            return
        id_, used_mg = min(self.used.items(), key=lambda item: (-item[1], item[0]))
        licence = next(one for one in self.scene.industry.trade.licences.granted if one.id == id_)
        allowed_kg = int(used_mg / KG / (1 + self.plant.size))
        if allowed_kg < 1 or len(self._passed[id_]) < 2:
            return
        self.record.enter("grants/licences.csv", id_, "mass_kg")
        if licence.elements_mg:
            self.record.enter("grants/licences.csv", id_, "elements")
        licence.mass_mg, licence.elements_mg = allowed_kg * KG, {}
        self.record.facts.update(licence=id_, allowed_kg=str(allowed_kg), used_kg=f"{used_mg / KG:.3f}")
        for book, row in self._passed[id_]:
            self.record.weigh(book.period, dry_kg(row), book.lot(self.organisation, row).content)
