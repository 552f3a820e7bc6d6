"""Cells of the tables of a lot: what they name leads to its page, masses and days sort as they are."""

from __future__ import annotations

from typing import Any

from lodeline.web.parts.table import Cell
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words


class Names:
    """Cells that lead to the page of what they name."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._organisations = words.organisation_names(visit.reading.snapshot.register, visit.language)

    def organisation(self, one: str | None) -> Cell:
        if one not in self._organisations:
            return Cell(text=one or self._visit.text("not registered"), value=one)
        return Cell(text=self._organisations[one], value=one, href=self._visit.url("organisation", organisation=one))

    def lot(self, name: str) -> Cell:
        return Cell(text=name, value=name, href=self._visit.url("lot", lot=name))

    def entry(self, entry: int) -> Cell:
        return Cell(text=written.count(entry), value=entry, href=self._visit.url("entry", entry=entry))


def mass(mass_mg: int | None, visit: Visit) -> Cell:
    return Cell(
        text=written.mass(mass_mg, visit.language), value=None if mass_mg is None else mass_mg / written.MG_PER_KG
    )


def day(on: Any, visit: Visit) -> Cell:
    return Cell(text=written.day(on, visit.language), value=None if on is None else on.isoformat())
