"""Reads a dossier with nothing but `csv` and `json`, so that the world is not judged by the code it is made to test."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

Row = dict[str, str]
REFUSED = ("typing-error-refused", "unit-slip-refused")
MG = {"mass_kg": 10**6, "mass_t": 10**9}


def table(path: Path) -> list[Row]:
    """Rows of one CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def net_mg(row: Row) -> int:
    """Net mass in milligrams, from whichever unit is filled."""
    for column, unit in MG.items():
        if row.get(column):
            mass = Decimal(row[column]) * unit
            assert mass == int(mass), f"finer than a milligram: {row}"
            return int(mass)
    raise AssertionError(f"no mass: {row}")


def dry_mg(row: Row) -> int:
    """Dry mass in milligrams, rounded down."""
    return int(net_mg(row) * (1 - Decimal(row.get("moisture_pct") or 0) / 100) // 1)


def shares(text: str) -> dict[str, float]:
    """Composition cell → percent by symbol."""
    return {part.split("=")[0]: float(part.split("=")[1]) for part in text.split(";") if part}


@dataclass
class Dossier:
    """A dossier on disk: its index, its truth, and the rows that stand after corrections."""

    root: Path
    index: list[Row] = field(init=False)
    truth: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.index = table(self.root / "filings/index.csv")
        self.truth = json.loads(self.root.with_name(self.root.name + ".truth.json").read_text("utf-8"))

    def dirt(self, *kinds: str) -> list[dict[str, Any]]:
        """Deeds of the truth file, of these kinds."""
        return [deed for deed in self.truth["dirt"] if deed["kind"] in kinds]

    def refused_paths(self) -> set[str]:
        """First filings of the months in which the truth names a mistake that must be refused."""
        return {f"filings/{deed['organisation']}/{deed['period']}.csv" for deed in self.dirt(*REFUSED)}

    def plant(self, loophole: str) -> dict[str, Any]:
        """The one plant of a loophole."""
        (found,) = [plant for plant in self.truth["planted"] if plant["loophole"] == loophole]
        return dict(found)

    def events(self) -> dict[tuple[str, str], list[Row]]:
        """(organisation, event) → its rows as they stand in the end."""
        found: dict[tuple[str, str], list[Row]] = {}
        for row in self.standing():
            found.setdefault((row["organisation"], row["event"]), []).append(row)
        return found

    def filings(self) -> Iterator[tuple[Row, list[Row]]]:
        """(index row, rows) of every filing that is not to be refused, in sequence."""
        refused = self.refused_paths()
        for entry in self.index:
            if entry["path"] not in refused:
                yield entry, table(self.root / entry["path"])

    def standing(self) -> list[Row]:
        """Rows that stand in the end, each with `organisation` and `period`; a correction replaces its events."""
        events: dict[tuple[str, str], list[Row]] = {}
        for entry, rows in self.filings():
            replaced: set[tuple[str, str]] = set()
            for row in rows:
                key = (entry["organisation"], row["event"])
                if key in events and key not in replaced and entry["corrects"]:
                    del events[key]
                replaced.add(key)
                extra = {"organisation": entry["organisation"], "period": entry["period"], "path": entry["path"]}
                events.setdefault(key, []).append({**row, **extra})
        return [row for rows in events.values() for row in rows]


def canonical(row: Row) -> str:
    """The lot's name with its maker."""
    return row["lot"] if "/" in row["lot"] else f"{row['organisation']}/{row['lot']}"


def makes(row: Row) -> bool:
    """True for rows that bring a lot into being."""
    return row["kind"] == "origin" or row.get("role", "") in ("out", "waste")
