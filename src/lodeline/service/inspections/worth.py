"""What masses are worth as oxides: it puts questions in order, and prices no goods.

Prices are the yearly means of `oxide_prices.csv`. Where only total rare-earth oxide is known, or an element has no
price, an ore is assumed: bastnaesite, the cheapest mix that is common. So the worth of goods of which nobody names the
elements is too low rather than too high.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Final

from lodeline.accountancy.signature import SIGNATURES
from lodeline.detection.finding import of_books
from lodeline.material.element import OXIDE_PER_ELEMENT_PPB, TREO
from lodeline.material.mass import MG_PER_KG, PPB

#: What total rare-earth oxide is taken for (assumption).
ASSUMED_ORE: Final = "bastnaesite-mianning"
#: Its mass is all rare earths of the goods; its elements are those that the law lists.
_OF_GOODS: Final = "licence-abuse"
_TABLE: Final = "data/reference/oxide_prices.csv"


def mass_mg(row: Mapping[str, Any]) -> int:
    """What a finding, as it is printed, speaks of."""
    return int(Decimal(row["mass_kg"]) * MG_PER_KG)


def masses_mg(row: Mapping[str, Any]) -> dict[str, int]:
    """Element → what a finding speaks of: mass of the element, of TREO that of oxide.

    An imbalance states each element that it watched; after a visit all are as much smaller as the finding is. Where
    several elements share one mass, they do so as in the assumed ore.
    """
    mass, evidence = mass_mg(row), row.get("evidence", ())
    runs = {one["run"]["element"]: int(Decimal(one["run"]["mass_kg"]) * MG_PER_KG) for one in evidence if "run" in one}
    if runs:
        books = mass_mg(of_books(row))
        return {element: round(part * mass / books) if books else part for element, part in runs.items()}
    elements = [one["measured"]["element"] for one in evidence if "measured" in one][:1] or row.get("elements", ())
    if TREO in elements or row["detector"] == _OF_GOODS or not elements:
        return {TREO: mass}
    shares = {element: _ore().get(element, 0.0) * PPB / OXIDE_PER_ELEMENT_PPB.get(element, PPB) for element in elements}
    total = sum(shares.values())
    return {one: round(mass * (share / total if total else 1 / len(shares))) for one, share in shares.items()}


def worth_usd(masses: Mapping[str, int]) -> float:
    """What masses, as `masses_mg` has them, are worth. Of TREO counts what the elements beside it leave."""
    oxides = {
        one: mass * OXIDE_PER_ELEMENT_PPB.get(one, PPB) / PPB / MG_PER_KG for one, mass in masses.items() if one != TREO
    }
    rest = max(0.0, masses.get(TREO, 0) / MG_PER_KG - sum(oxides.values()))
    known = prices()
    return rest * _ore_price(frozenset(oxides)) + sum(
        kg * (known[one] if one in known else _ore_price()) for one, kg in oxides.items()
    )


@cache
def prices() -> Mapping[str, float]:
    """Element → USD for a kilogram of its oxide."""
    return {row["element"]: float(row["usd_per_kg"]) for row in _rows()}


@cache
def price_year() -> int:
    """The year of which the prices are the mean."""
    (year,) = {int(row["year"]) for row in _rows()}
    return year


def _rows() -> list[dict[str, str]]:
    return list(csv.DictReader((files("lodeline") / _TABLE).read_text("utf-8").splitlines()))


@cache
def _ore_price(without: Collection[str] = frozenset()) -> float:
    """USD for a kilogram of the assumed ore's oxides, without some of them and without those that have no price."""
    shares = {one: share for one, share in _ore().items() if one in prices() and one not in without}
    total = sum(shares.values())
    return sum(prices()[one] * share for one, share in shares.items()) / total if total else 0.0


@cache
def _ore() -> Mapping[str, float]:
    """Element → its oxide in the assumed ore, in parts that need not sum to 1."""
    (ore,) = (one for one in SIGNATURES if one.name == ASSUMED_ORE)
    return {one: share * OXIDE_PER_ELEMENT_PPB[one] / PPB for one, share in ore.shares.items()}
