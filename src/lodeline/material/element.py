"""The elements, those that the ledger follows, and the stoichiometry between element, oxide and REO.

Factors are exact rationals of the cited atomic weights: nothing is typed in that can be computed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from lodeline.material.mass import PPB
from lodeline.tables import table_rows

#: Total rare-earth oxide: a balance element of its own, never part of a sum of elements.
TREO = "TREO"


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """An element; `atomic_weight` is None for promethium, `oxide` for what is no rare earth."""

    symbol: str
    number: int
    name_en: str
    name_zh: str
    atomic_weight: Decimal | None
    oxide: str | None
    rare_earth: bool


def _load() -> dict[str, Element]:
    return {
        row["symbol"]: Element(
            symbol=row["symbol"],
            number=int(row["number"]),
            name_en=row["name_en"],
            name_zh=row["name_zh"],
            atomic_weight=Decimal(row["atomic_weight"]) if row["atomic_weight"] else None,
            oxide=row["oxide"] or None,
            rare_earth=row["rare_earth"] == "yes",
        )
        for row in table_rows("reference/elements.csv")
    }


ELEMENTS: dict[str, Element] = _load()
RARE_EARTHS: tuple[str, ...] = tuple(symbol for symbol, element in ELEMENTS.items() if element.rare_earth)


def _load_names() -> dict[str, tuple[str, str]]:
    others = {
        row["symbol"]: (row["name_en"], row["name_zh"]) for row in table_rows("reference/additional_elements.csv")
    }
    return {symbol: (one.name_en, one.name_zh) for symbol, one in ELEMENTS.items()} | others


#: Symbol → English and Chinese name of every element of the periodic system, those of `ELEMENTS` first.
CHEMICAL_NAMES: dict[str, tuple[str, str]] = _load_names()
#: What the ledger follows from lot to lot and balances, in the canonical order.
SYMBOLS: tuple[str, ...] = (*RARE_EARTHS, "B", "Fe", "Co", TREO)
#: What a composition may name, in the canonical order: what is followed, then every other element.
STATED_SYMBOLS: tuple[str, ...] = (*SYMBOLS, *(symbol for symbol in CHEMICAL_NAMES if symbol not in SYMBOLS))


def _load_weights() -> dict[str, Fraction]:
    others = {row["symbol"]: row["atomic_weight"] for row in table_rows("reference/additional_elements.csv")}
    stated = {symbol: str(one.atomic_weight or "") for symbol, one in ELEMENTS.items()} | others
    return {symbol: Fraction(weight) for symbol, weight in stated.items() if weight}


#: Symbol → standard atomic weight, of each element that has one.
ATOMIC_WEIGHTS: dict[str, Fraction] = _load_weights()


def oxide_per_element(symbol: str) -> Fraction:
    """Mass of the usual oxide that holds unit mass of the element, e.g. Nd 1.1664.

    Raises KeyError for an unknown symbol, ValueError for one without oxide or atomic weight (Pm).
    """
    element = ELEMENTS[symbol]
    if element.oxide is None or symbol not in ATOMIC_WEIGHTS:
        raise ValueError(f"{symbol} has no oxide factor")
    match = re.fullmatch(rf"{symbol}(\d*)O(\d+)", element.oxide)
    assert match, f"the oxide formula {element.oxide} is not of the form MxOy"
    metals, oxygens = int(match[1] or 1), int(match[2])
    metal, oxygen = metals * ATOMIC_WEIGHTS[symbol], oxygens * ATOMIC_WEIGHTS["O"]
    return (metal + oxygen) / metal


def element_per_oxide(symbol: str) -> Fraction:
    """Mass of the element in unit mass of its usual oxide; the inverse of `oxide_per_element`."""
    return 1 / oxide_per_element(symbol)


def _to_ppb(factor: Fraction) -> int:
    return round(factor * PPB)


#: The same factors as integers, for exact arithmetic on columns. Promethium is absent: it has no factor.
OXIDE_PER_ELEMENT_PPB: dict[str, int] = {
    symbol: _to_ppb(oxide_per_element(symbol)) for symbol in RARE_EARTHS if symbol != "Pm"
}
ELEMENT_PER_OXIDE_PPB: dict[str, int] = {
    symbol: _to_ppb(element_per_oxide(symbol)) for symbol in RARE_EARTHS if symbol != "Pm"
}
