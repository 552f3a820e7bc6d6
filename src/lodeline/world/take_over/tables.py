"""A synthetic world as a nation that is taken over: its register with people made up for it, and what lay at its sites.

The addresses end in `.example`, which nobody can have.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

REGISTER: Final = (
    "organisation", "name_zh", "name_en", "aliases", "country", "roles", "uscc", "lei", "site", "site_name", "stage",
    "region", "lat", "lon", "capacity_kg_per_month", "contact_name", "email", "person_role", "language",
)  # fmt: skip
STOCKS: Final = (
    "site", "lot", "product", "mass_kg", "moisture_pct", "composition", "composition_status", "basis", "method",
    "model", "pieces", "location", "owner", "origin_place", "maker", "note",
)  # fmt: skip
_FIRM: Final = ("name_zh", "name_en", "aliases", "country", "roles", "uscc", "lei")
#: Role of a person → name in Chinese and in English, and the address before the @.
_PEOPLE: Final = {
    "organisation-admin": ("管理员", "Administrator", "admin"),
    "filer": ("申报员", "Filer", "filer"),
    "certifier": ("签认人", "Certifier", "certifier"),
}
#: Firms without a site that have people all the same: they file changes of title.
_FILERS: Final = {"trader"}
#: Every third person reads English.
_ENGLISH: Final = 3
#: Places of storage made up for a site.
_SHELVES: Final = 12
_PER_TONNE, _PER_GRAM = 1000, 0.001


class TakeOverError(Exception):
    """The directory is no world; the message says so in English and Chinese."""

    def __init__(self, path: Path) -> None:
        self.en = f"{path} is missing: name a directory that `lodeline world` has written"
        self.zh = f"缺少 {path}：请给出由 `lodeline world` 生成的目录"
        super().__init__(self.en)


def write_tables(dossier: Path, out: Path) -> dict[Path, int]:
    """Writes `register.csv` and `stocks.csv`; the rows of each. Raises TakeOverError where `dossier` is none."""
    firms, sites = _rows(dossier / "register/organisations.csv"), _rows(dossier / "register/sites.csv")
    out.mkdir(parents=True, exist_ok=True)
    register, stocks = list(_register(firms, sites)), list(_stocks(dossier))
    _write(out / "register.csv", REGISTER, register)
    _write(out / "stocks.csv", STOCKS, stocks)
    return {out / "register.csv": len(register), out / "stocks.csv": len(stocks)}


def _register(firms: Sequence[Mapping[str, str]], sites: Sequence[Mapping[str, str]]) -> Iterable[dict[str, str]]:
    """The first row of a firm tells who it is; each row after it has a site, a person or both."""
    number = 0
    for firm in firms:
        own = [one for one in sites if one["organisation"] == firm["id"]]
        people = list(_PEOPLE) if own or set(firm["roles"].split("|")) & _FILERS else []
        told = {column: firm.get(column, "") for column in _FIRM}
        for place in range(max(len(own), len(people), 1)):
            row = {"organisation": firm["id"], **(told if place == 0 else {})}
            if place < len(own):
                site = own[place]
                row |= {"site": site["id"], "site_name": site["name"]}
                row |= {name: site.get(name, "") for name in ("stage", "region", "lat", "lon", "capacity_kg_per_month")}
            if place < len(people):
                number += 1
                zh, en, address = _PEOPLE[people[place]]
                english = number % _ENGLISH == 0
                row |= {
                    "contact_name": f"{en} {firm['id']}" if english else f"{firm['id']} {zh}",
                    "email": f"{address}@{firm['id'].lower()}.example", "person_role": people[place],
                    "language": "en" if english else "zh",
                }  # fmt: skip
            yield row


def _stocks(dossier: Path) -> Iterable[dict[str, str]]:
    """What the firms of the world filed as lots that lay there when its records began."""
    known: set[tuple[str, str]] = set()
    for path in sorted((dossier / "filings").glob("*/*.csv")):
        for number, row in enumerate(one for one in _rows(path) if one.get("origin_kind") == "opening"):
            if (lot := (row["site"], row["lot"])) in known:
                # A month that was refused stands there twice.
                continue
            known.add(lot)
            found = {column: row.get(column, "") for column in STOCKS}
            if not found["mass_kg"]:
                unit, factor = ("mass_t", _PER_TONNE) if row.get("mass_t") else ("mass_g", _PER_GRAM)
                found["mass_kg"] = f"{float(row[unit]) * factor:.3f}"
            yield found | {"location": f"S-{number % _SHELVES + 1}"}


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        raise TakeOverError(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _write(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
