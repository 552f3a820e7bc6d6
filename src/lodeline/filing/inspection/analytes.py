"""Columns of a laboratory's list that are analytes: `Nd_pct`, `Dy (mg/kg)`, `Nd2O3_pct`, `TREO %`.

A head names what was determined and its unit; without the unit no figure is read. Every figure becomes parts per
billion of the element, an oxide by its stoichiometry, exactly as compositions in one cell do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from lodeline.filing.cell import Read, compatible, read_decimal
from lodeline.material.composition import SUM_LIMIT_PPB
from lodeline.material.element import ELEMENT_PER_OXIDE_PPB, ELEMENTS, STATED_SYMBOLS, TREO
from lodeline.material.mass import scale_ppb

#: Unit as heads write it → its name here, and parts per billion in one of it.
_UNITS: Final[Mapping[str, tuple[str, int]]] = {
    "%": ("pct", 10_000_000), "pct": ("pct", 10_000_000), "wt%": ("pct", 10_000_000), "wtpct": ("pct", 10_000_000),
    "百分比": ("pct", 10_000_000), "ppm": ("ppm", 1_000), "mg/kg": ("ppm", 1_000), "g/t": ("ppm", 1_000),
    "mgkg": ("ppm", 1_000), "gt": ("ppm", 1_000), "ppb": ("ppb", 1),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Analyte:
    """What a column determines. `unit`: `pct`, `ppm` or `ppb`; `oxide`: figures are of the usual oxide."""

    symbol: str
    oxide: bool
    unit: str
    ppb: int

    @property
    def species(self) -> str:
        """As a chemist writes it: Nd, Nd2O3, TREO."""
        return str(ELEMENTS[self.symbol].oxide) if self.oxide else self.symbol


@cache
def _species() -> dict[str, tuple[str, bool]]:
    """Folded formula → (symbol, whether it is the oxide)."""
    oxides = {str(ELEMENTS[symbol].oxide).casefold(): (symbol, True) for symbol in ELEMENT_PER_OXIDE_PPB}
    return {**{symbol.casefold(): (symbol, False) for symbol in STATED_SYMBOLS}, **oxides}


def analyte_of(header: str) -> Analyte | None:
    """What a head determines; None where it is no analyte, or says no unit that is known."""
    species, unit = _parted(header)
    if species is None or unit not in _UNITS:
        return None
    (symbol, oxide), (name, ppb) = species, _UNITS[unit]
    return Analyte(symbol=symbol, oxide=oxide, unit=name, ppb=ppb)


def without_unit(header: str) -> str | None:
    """The species of a head that names one exactly, and no unit: `Nd`, `Dy2O3`, `TREO`."""
    plain = unicodedata.normalize("NFKC", header).strip()
    found = _species().get(plain.casefold())
    if found is None:
        return None
    symbol, oxide = found
    exact = str(ELEMENTS[symbol].oxide) if oxide else symbol
    return exact if plain == exact else None


@cache
def _head() -> re.Pattern[str]:
    """A formula, what parts it from its unit, and the unit, in brackets or not. The longest formula is meant."""
    names = "|".join(sorted(map(re.escape, _species()), key=len, reverse=True))
    return re.compile(rf"({names})[\s_:,-]*[(\[]?\s*([^\s()\[\]]*(?:\s*%)?)\s*[)\]]?", re.IGNORECASE)


def _parted(header: str) -> tuple[tuple[str, bool] | None, str]:
    plain = unicodedata.normalize("NFKC", header).strip()
    match = _head().fullmatch(plain)
    if match is None:
        return None, ""
    unit = re.sub(r"[\s_.]+", "", match[2]).casefold()
    return _species().get(match[1].casefold()), unit


#: A figure below the limit of determination: nothing is stated, and that is said.
BELOW: Final = re.compile(r"[<＜≤]\s*[0-9.]+%?|n\.?d\.?|未检出|bdl|<\s*lod", re.IGNORECASE)


def read_share(text: str, analyte: Analyte) -> Read:
    """Parts per billion as stated (of the oxide, where it is one), or what is wrong with the figure."""
    plain = compatible(text)
    if BELOW.fullmatch(plain):
        return Read(code="inspection.below-limit", facts=(("analyte", analyte.species),))
    number = read_decimal(plain.removesuffix("%").strip() if analyte.unit == "pct" else plain)
    if isinstance(number, Read):
        return number
    if number < 0:
        return Read(code="inspection.share-negative")
    ppb = number * analyte.ppb
    if ppb <= SUM_LIMIT_PPB:
        return Read(value=round(ppb))
    meant = next((unit for unit, per in (("ppm", 1_000), ("ppb", 1)) if number * per <= SUM_LIMIT_PPB), "")
    head = f"{analyte.species}_{meant}" if meant and meant != analyte.unit else analyte.species
    return Read(code="inspection.share-too-large", facts=(("analyte", analyte.species), ("head", head)))


def element_ppb(stated: Mapping[Analyte, int]) -> dict[str, int]:
    """Element → ppb of figures that are stated each in its own way; no element is stated twice."""
    return {
        one.symbol: scale_ppb(ppb, ELEMENT_PER_OXIDE_PPB[one.symbol]) if one.oxide else ppb
        for one, ppb in stated.items()
    }  # fmt: skip


def stated_sum(stated: Mapping[Analyte, int]) -> int:
    """What must stay below 100 %: figures as stated, without the total of rare-earth oxides."""
    return sum(ppb for one, ppb in stated.items() if one.symbol != TREO)
