"""Magnets on their way to whoever uses them, as the industry truly sent them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from lodeline.world.clerk import Row
from lodeline.world.industry import FirmMonth
from lodeline.world.plan import World

KINDS = ("magnet-ndfeb", "magnet-smco")
#: A magnet with one of these in its composition, as its maker stated it, is of a class by itself.
HEAVY = frozenset({"Dy", "Tb"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A lot, or part of one, that left for a customer on a day (proleptic ordinal)."""

    day: int
    exporter: str
    buyer: str
    goods: str
    kg: float


class Sent:
    """Collects parcels month by month; rows must be those of the industry, before anything is planted."""

    def __init__(self, world: World) -> None:
        self.parcels: list[Parcel] = []
        self._buyers = {party.id for party in world.parties}
        # A contract may name a customer without its id.
        self._by_name = {name: party.id for party in world.parties for name in (party.name.zh, party.name.en) if name}

    def month(self, pages: Iterable[FirmMonth]) -> None:
        """Takes what was sold to end users in a month."""
        for page in pages:
            for row in page.rows:
                if row["kind"] not in ("export", "shipment"):
                    continue
                buyer = row.get("counterparty") or self._by_name.get(row.get("counterparty_name", ""), "")
                if buyer in self._buyers and page.lots[row["lot"]].kind in KINDS:
                    self.parcels.append(_parcel(page, row, buyer))

    def sorted(self) -> list[Parcel]:
        """All of them by day; those of one day in the order of the industry."""
        return sorted(self.parcels, key=lambda parcel: parcel.day)


def _parcel(page: FirmMonth, row: Row, buyer: str) -> Parcel:
    lot = page.lots[row["lot"]]
    heavy = lot.kind == "magnet-ndfeb" and not HEAVY.isdisjoint(lot.stated_ppb)
    return Parcel(
        day=date.fromisoformat(row["on"]).toordinal(), exporter=page.firm.plan.id, buyer=buyer,
        goods=lot.kind + ("+heavy" if heavy else ""),
        kg=float(row["mass_kg"]) if "mass_kg" in row else float(row["mass_t"]) * 1000,
    )  # fmt: skip
