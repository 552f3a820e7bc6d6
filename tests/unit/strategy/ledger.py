"""A ledger of a few rows for tests of the network: one line each, in kilograms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import SimpleNamespace
from typing import Any

import polars as pl

from lodeline.material.element import SYMBOLS
from lodeline.strategy.building.graph import LINES, TRADED, build
from lodeline.strategy.network import Network

_TYPES: dict[str, Any] = {"line": pl.Int64, "on": pl.Date, "lot": pl.Int64, "dry_mg": pl.Int64}
MG = 1_000_000


@dataclass
class Ledger:
    """Lines, lots and transfers that grow by `add`; `lots`: name → (number, product, share of Dy)."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    lots: dict[str, tuple[int, str, float]] = field(default_factory=dict)
    pairs: list[tuple[int, int]] = field(default_factory=list)
    sites: dict[str, tuple[str, str, float | None]] = field(default_factory=dict)

    def lot(self, name: str, product: str, dy: float = 0.0) -> None:
        self.lots[name] = (len(self.lots) + 1, product, dy)

    def site(self, site: str, organisation: str, stage: str, capacity_kg: float | None = None) -> None:
        self.sites[site] = (organisation, stage, capacity_kg)

    def add(self, kind: str, on: str, site: str, lot: str, kg: float, **more: Any) -> int:
        """A line; gives its number. The organisation is that of the site."""
        number = len(self.rows) + 1
        self.rows.append({
            "line": number, "organisation": self.sites[site][0], "event": f"E{number}", "kind": kind,
            "on": date.fromisoformat(on), "site": site, "lot": self.lots[lot][0], "dry_mg": round(kg * MG), **more,
        })  # fmt: skip
        return number

    def batch(self, on: str, site: str, event: str, taken: Mapping[str, float], made: Mapping[str, float]) -> None:
        """A transformation; lots of swarf, slag or residue are waste."""
        for lot, kg in taken.items():
            self.add("transformation", on, site, lot, kg, event=event, role="in")
        for lot, kg in made.items():
            waste = self.lots[lot][1] in ("swarf", "slag", "residue")
            self.add("transformation", on, site, lot, kg, event=event, role="waste" if waste else "out")

    def delivery(self, days: tuple[str, str], route: tuple[str, str], lot: str, kg: float) -> None:
        """A shipment and its receipt: sent and arrived, from one site to another."""
        (sent, arrived), (source, target) = days, route
        buyer, seller = self.sites[target][0], self.sites[source][0]
        first = self.add("shipment", sent, source, lot, kg, party=buyer)
        self.pairs.append((first, self.add("receipt", arrived, target, lot, kg, party=seller)))

    def export(self, on: str, lot: str, kg: float, user: str = "Nord GmbH", **more: Any) -> int:
        """An export of the magnet maker's to the motor works of an end user."""
        given = {"party": user, "end_user_country": "DE", "end_use": "motors", "hs_code": "8505111000", **more}
        return self.add("export", on, "MAG-A", lot, kg, end_user_name=user, **given)

    def lines(self) -> pl.DataFrame:
        schema = {name: _TYPES.get(name, pl.String) for name in (*LINES, *TRADED)}
        return pl.DataFrame([{name: row.get(name) for name in schema} for row in self.rows], schema=schema)

    def network(
        self, first: str = "2025-01", last: str = "2025-01", *, tables: Any = None,
        names: Mapping[str, str] | None = None, steady: bool = True, lines: pl.DataFrame | None = None,
    ) -> Network:  # fmt: skip
        dysprosium = SYMBOLS.index("Dy")
        lots = pl.DataFrame(
            [(number, product) for number, product, _ in self.lots.values()],
            schema={"lot": pl.Int64, "product": pl.String}, orient="row",
        )  # fmt: skip
        assays = pl.DataFrame(
            [(number, dysprosium, round(dy * 1e9)) for number, _, dy in self.lots.values() if dy],
            schema={"lot": pl.Int64, "element": pl.UInt8, "ppb": pl.Int64}, orient="row",
        )  # fmt: skip
        sites = pl.DataFrame(
            [(site, firm, stage, kg and round(kg * MG)) for site, (firm, stage, kg) in self.sites.items()],
            schema={"id": pl.String, "organisation": pl.String, "stage": pl.String, "capacity_mg_per_month": pl.Int64},
            orient="row",
        )  # fmt: skip
        transfers = pl.DataFrame(self.pairs, schema={"shipment_line": pl.Int64, "receipt_line": pl.Int64}, orient="row")
        firms = [*(firm for firm, _, _ in self.sites.values()), "HOME"]
        return build(
            self.lines() if lines is None else lines, lots, assays, sites, transfers, base_from=first, base_to=last,
            own_country="CN", countries=dict.fromkeys(firms, "CN"), names=names or {},
            tables=tables, vintage="entry 1", steady=steady,
        )  # fmt: skip


def tables(**given: list[dict[str, Any]]) -> Any:
    """Tables as a user files them; what is not given is empty."""
    dates = ("on", "valid_from", "valid_to", "qualified_on")
    frames = {
        name: pl.DataFrame(
            [{key: date.fromisoformat(value) if key in dates else value for key, value in row.items()} for row in rows]
        )
        for name, rows in given.items()
    }
    return SimpleNamespace(
        **{name: frames.get(name, pl.DataFrame()) for name in ("plants", "bill", "cover", "suppliers")}
    )


def chain() -> Ledger:
    """A month of an oxide maker, a smelter, a magnet maker and its customers at home and abroad."""
    book = Ledger()
    book.site("SEP-A", "SEP", "separation")
    book.site("SML-A", "SML", "metal", 620.0)
    book.site("MAG-A", "MAG", "magnet")
    for name, product, dy in (
        ("ore", "concentrate", 0.01), ("ox1", "oxide:Dy", 0.85), ("ox2", "oxide:Dy", 0.85), ("me1", "metal:Dy", 0.99),
        ("slag", "slag", 0.02), ("mag", "magnet-ndfeb", 0.04), ("light", "magnet-ndfeb", 0.0), ("iron", "alloy", 0.0),
        ("swarf", "swarf", 0.03),
    ):  # fmt: skip
        book.lot(name, product, dy)
    book.add("origin", "2025-01-02", "SEP-A", "ore", 3100, origin_kind="imported")
    book.batch("2025-01-03", "SEP-A", "S1", {"ore": 3000}, {"ox1": 310, "ox2": 62})
    book.delivery(("2025-01-05", "2025-01-08"), ("SEP-A", "SML-A"), "ox1", 310)
    book.batch("2025-01-10", "SML-A", "M1", {"ox1": 310}, {"me1": 248, "slag": 31})
    book.delivery(("2025-01-12", "2025-01-13"), ("SML-A", "MAG-A"), "me1", 248)
    book.batch("2025-01-15", "MAG-A", "G1", {"me1": 124, "iron": 1240}, {"mag": 1240, "swarf": 62})
    book.batch("2025-01-16", "MAG-A", "G2", {"me1": 124, "iron": 620}, {"mag": 620})
    book.export("2025-01-20", "mag", 930, value="46500", currency="EUR")
    book.export("2025-01-28", "mag", 310)
    book.add("shipment", "2025-01-21", "MAG-A", "mag", 155, party="HOME")
    book.add("loss", "2025-01-22", "SML-A", "slag", 15.5)
    book.add("stock", "2025-01-31", "MAG-A", "mag", 900)
    book.add("stock", "2025-01-31", "SEP-A", "ox2", 62)
    return book
