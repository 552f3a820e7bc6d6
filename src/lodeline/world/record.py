"""What the truth file says of one plant: where it lies, what it weighs, and every event that it touched."""

from __future__ import annotations

from dataclasses import dataclass, field

from lodeline.language import text
from lodeline.world.plant import Plant
from lodeline.world.tables import OXIDE, Content


@dataclass(slots=True)
class MonthOfPlant:
    """What one month of a plant amounts to; `sigma_kg` is the REO that measurement alone can explain, one sigma."""

    goods_kg: float = 0.0
    elements_kg: Content = field(default_factory=dict)
    sigma_kg: float = 0.0


@dataclass(slots=True, kw_only=True)
class Record:
    """Filled while a plot is carried out, printed once at the end."""

    plant: Plant
    site: str
    pair: tuple[str, str] | None = None
    #: Organisations that the plot brought or hides behind, whether they file or not.
    parties: list[str] = field(default_factory=list)
    months: dict[str, MonthOfPlant] = field(default_factory=dict)
    lots: dict[str, None] = field(default_factory=dict)
    events: dict[tuple[str, str, str], str] = field(default_factory=dict)
    filings: dict[tuple[str, str], str] = field(default_factory=dict)
    register: list[dict[str, str]] = field(default_factory=list)
    off_book: list[dict[str, object]] = field(default_factory=list)
    facts: dict[str, object] = field(default_factory=dict)
    #: Papers of other authorities that differ: (feed, number) → added, changed or withheld.
    papers: dict[tuple[str, str], str] = field(default_factory=dict)
    #: (value, unit) where the plant came out in another measure than it was asked for.
    size: tuple[float, str] | None = None

    @property
    def happened(self) -> bool:
        """False where the months of the plant gave it nothing to work on."""
        return bool(self.events or self.filings or self.register or self.papers)

    def _feeds(self) -> dict[str, object]:
        """What of other authorities' records differs; nothing is said where nothing does."""
        papers = [{"feed": feed, "number": number, "change": change} for (feed, number), change in self.papers.items()]
        return {"feeds": papers} if papers else {}

    def touch(self, organisation: str, period: str, event: str, change: str) -> None:
        """Notes an event that differs from the world without this plant."""
        if self.events.get((organisation, period, event)) != "added":
            self.events[organisation, period, event] = change

    def enter(self, file: str, identifier: str, column: str = "") -> None:
        """Notes a row of a register that was added, or a column of one that was changed."""
        change = "changed" if column else "added"
        self.register.append({"file": file, "id": identifier, "change": change, "column": column})

    def weigh(self, period: str, goods_kg: float, content: Content, sigma_kg: float = 0.0) -> None:
        """Adds goods of a month by their true composition, kg per kg."""
        month = self.months.setdefault(period, MonthOfPlant())
        month.goods_kg += goods_kg
        for element, share in content.items():
            if element in OXIDE:
                month.elements_kg[element] = month.elements_kg.get(element, 0.0) + goods_kg * share
        if sigma_kg:
            month.sigma_kg = sigma_kg

    def settle(self, direction: str, organisation: str, site: str, what: str, *, filed: bool = False) -> None:
        """Says where the metal of every month truly came from or went: what closes the balance.

        filed : the filings account for it too, under a false name; else they do not, and the balance shows it.
        """
        for period, month in self.months.items():
            self.off_book.append({
                "direction": direction, "organisation": organisation, "site": site, "period": period, "what": what,
                "filed": filed,
                "goods_kg": kg(month.goods_kg), "reo_kg": kg(reo_kg(month.elements_kg)),
                "elements": _elements(month.elements_kg),
            })  # fmt: skip

    def idle(self, periods: list[str]) -> dict[str, object]:
        """What the truth file says of a plant that came to nothing."""
        plant = self.plant
        return {
            "id": f"P{plant.number:04d}", "loophole": plant.loophole, "organisation": plant.organisation,
            "period": {"from": periods[plant.first], "to": periods[plant.last]},
            "reason": text("the firm did nothing in these months that the loophole could use"),
        }  # fmt: skip

    def as_json(self, periods: list[str], unit: str) -> dict[str, object]:
        """The entry of the truth file; see docs/reference/world.md for its shape."""
        plant = self.plant
        total: Content = {}
        for month in self.months.values():
            for element, mass in month.elements_kg.items():
                total[element] = total.get(element, 0.0) + mass
        organisations = dict.fromkeys(
            [plant.organisation, *(self.pair or ()), *(o for o, _, _ in self.events), *(o for o, _ in self.filings)]
        )
        weighed = bool(self.months)
        size, unit = self.size or (plant.size, unit)
        sized = [month for month in self.months.values() if month.sigma_kg]
        return {
            "id": f"P{plant.number:04d}",
            "loophole": plant.loophole,
            "manner": plant.manner,
            "adversary": plant.adversary,
            "pattern": plant.pattern,
            "subjects": {
                "organisation": plant.organisation, "site": self.site or None,
                "pair": list(self.pair) if self.pair else None, "organisations": list(organisations),
                "parties": self.parties, "lots": list(self.lots),
            },
            "period": {"from": periods[plant.first], "to": periods[plant.last]},
            "size": {"value": round(size, 6), "unit": unit},
            "size_sigma": round(sum(reo_kg(m.elements_kg) / m.sigma_kg for m in sized), 3) if sized else None,
            "mass_kg": kg(sum(m.goods_kg for m in self.months.values())) if weighed else None,
            "reo_kg": kg(reo_kg(total)) if weighed else None,
            "elements": _elements(total),
            "months": [
                {
                    "period": period, "mass_kg": kg(m.goods_kg), "reo_kg": kg(reo_kg(m.elements_kg)),
                    "sigma_reo_kg": kg(m.sigma_kg) if m.sigma_kg else None,
                }
                for period, m in sorted(self.months.items())
            ],
            "events": [
                {"organisation": o, "period": period, "event": event, "change": change}
                for (o, period, event), change in self.events.items()
            ],
            "filings": [
                {"organisation": o, "period": period, "change": change} for (o, period), change in self.filings.items()
            ],
            "register": self.register,
            **self._feeds(),
            "off_book": self.off_book,
            "facts": self.facts,
        }  # fmt: skip


def reo_kg(elements_kg: Content) -> float:
    """Oxide of so much of each element."""
    return sum(mass * OXIDE[element] for element, mass in elements_kg.items())


def kg(mass: float) -> str:
    """Kilograms to the gram."""
    return f"{mass:.3f}"


def _elements(masses: Content) -> dict[str, str]:
    return {element: kg(mass) for element, mass in masses.items() if mass >= 0.0005}
