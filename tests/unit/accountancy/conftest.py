"""A hand-written ledger in a few lines: rows as dictionaries, the rest of each column from defaults."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from lodeline.accountancy.balance import balance
from lodeline.accountancy.frames import COUNT_SCOPES, COUNTS, LOT_ASSAYS, MOVEMENTS, SITE_ASSAYS
from lodeline.ledger.register import TABLES
from lodeline.material.element import SYMBOLS
from lodeline.material.mass import MG_PER_KG

HERE = {"organisation": "acme", "site": "acme-1"}


class Ledger:
    """Frames under construction; masses in kg, days as 'MM-DD' of 2026 or ISO dates."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("movements", "counts", "count_scopes", "lot_assays", "site_assays", "methods")
        }
        self.seq = 0

    def move(self, kind: str, on: str, kg: float, lot: int = 1, unaccounted_kg: float = 0, **more: Any) -> int:
        self.seq += 1
        row = {"seq": self.seq, "lot": lot, "on": _day(on), "kind": kind, "owner": "acme", **HERE}
        masses = {"delta_mg": round(kg * MG_PER_KG), "unaccounted_mg": round(unaccounted_kg * MG_PER_KG)}
        self.rows["movements"].append({**row, **masses, **more})
        return self.seq

    def count(self, on: str, found_kg: dict[int, float], scope: dict[str, str] | None = None, **more: Any) -> None:
        self.rows["count_scopes"].append({**HERE, "on": _day(on), **(scope or {})})
        for lot, kg in found_kg.items():
            self.seq += 1
            row = {**HERE, "seq": self.seq, "lot": lot, "on": _day(on), "mass_mg": round(kg * MG_PER_KG)}
            self.rows["counts"].append({**row, **(scope or {}), **more})

    def assay(self, lot: int, site: str | None = None, **percent: float) -> None:
        for symbol, share in percent.items():
            row = {"lot": lot, "element": SYMBOLS.index(symbol), "ppb": round(share * 10_000_000)}
            self.rows["site_assays" if site else "lot_assays"].append({**row, "site": site} if site else row)

    def method(self, id_: str, quantity: str, random_pct: str, systematic_pct: str, element: str | None = None) -> None:
        row = {"id": id_, "quantity": quantity, "element": element, "calibration": "c"}
        self.rows["methods"].append({**row, "random_pct": random_pct, "systematic_pct": systematic_pct})

    def frames(self) -> dict[str, pl.DataFrame]:
        schemas = {
            "movements": MOVEMENTS, "counts": COUNTS, "count_scopes": COUNT_SCOPES, "lot_assays": LOT_ASSAYS,
            "site_assays": SITE_ASSAYS, "methods": TABLES["methods"],
        }  # fmt: skip
        return {
            name: pl.DataFrame(
                [{column: row.get(column) for column in schema} for row in self.rows[name]], schema=dict(schema)
            )
            for name, schema in schemas.items()
        }

    def balance(self, **options: Any) -> list[dict[str, Any]]:
        arguments: dict[str, Any] = {**self.frames(), **options}
        return balance(**arguments).to_dicts()


def _day(text: str) -> date:
    return date.fromisoformat(text if len(text) > 5 else f"2026-{text}")


@pytest.fixture
def ledger() -> Ledger:
    """An empty ledger in which lots 1, 2 and 3 are pure oxide (TREO 100 %)."""
    empty = Ledger()
    for lot in (1, 2, 3):
        empty.assay(lot, TREO=100)
    return empty
