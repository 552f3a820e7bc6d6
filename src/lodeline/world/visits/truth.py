"""What truly lies where: every item of every site at the end of each month, beside the dossier and never in it.

Written only where it is asked for. An inspector is simulated with it (`measure`), and nobody else may read it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from lodeline.world.industry import Industry
from lodeline.world.market import Month
from lodeline.world.stock import Lot
from lodeline.world.tables import Content

COLUMNS = ("on", "site", "organisation", "lot", "product", "location", "dry_kg", "moisture", "composition")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueItem:
    """A lot, or what is left of it, at a site: kg of dry matter, and what of it is which element (kg per kg)."""

    site: str
    organisation: str
    lot: Lot
    dry_kg: float
    content: Content


class Stocktaking:
    """The file `OUT.stock.csv`, a month at a time; `lot` is MAKER/NUMBER, as the maker calls it."""

    def __init__(self, file: TextIO) -> None:
        self._rows = csv.writer(file, lineterminator="\n")
        self._rows.writerow(COLUMNS)

    def month(self, month: Month, industry: Industry, unknown: Iterable[TrueItem]) -> None:
        """Writes down what the industry holds at the month's end, and what plots have beside it."""
        for item in sorted((*held(industry), *unknown), key=lambda one: (one.site, one.lot.maker, one.lot.number)):
            self._rows.writerow((
                month.text(month.last), item.site, item.organisation, f"{item.lot.maker}/{item.lot.number}",
                item.lot.product, "", f"{item.dry_kg:.6f}", f"{item.lot.moisture:.9f}", content_text(item.content),
            ))  # fmt: skip


def held(industry: Industry) -> Iterator[TrueItem]:
    """What lies at every site now."""
    for firm in industry.firms.values():
        for place in firm.places:
            for one in place.store:
                yield TrueItem(
                    site=place.site.id, organisation=firm.plan.id, lot=one.lot, dry_kg=one.true_kg,
                    content=one.lot.content,
                )  # fmt: skip


def content_text(content: Content) -> str:
    """Shares of dry mass, to a part in 10¹²; the sum of oxides beside the elements where the lot is known by it."""
    return ";".join(f"{element}={share:.12f}" for element, share in content.items())


def read_stock(path: Path) -> Iterator[dict[str, str]]:
    """The rows of such a file."""
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
