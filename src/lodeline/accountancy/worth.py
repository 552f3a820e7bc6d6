"""What masses are worth as oxides: it puts questions in order, and prices no goods.

Prices are the yearly means of `oxide_prices.csv`. Where only total rare-earth oxide is known, or an element has no
price, an ore is assumed: bastnaesite, the cheapest mix that is common. So the worth of goods of which nobody names the
elements is too low rather than too high.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Final

from lodeline.accountancy.signature import SIGNATURES
from lodeline.material.element import OXIDE_PER_ELEMENT_PPB, TREO
from lodeline.material.mass import MG_PER_KG, PPB
from lodeline.tables import table_rows

#: What total rare-earth oxide is taken for (assumption).
ASSUMED_ORE: Final = "bastnaesite-mianning"
_TABLE: Final = "reference/oxide_prices.csv"


def shared_mg(mass_mg: int, elements: Iterable[str]) -> dict[str, int]:
    """Element → its part of a mass that several share: as in the assumed ore."""
    shares = {one: _ore().get(one, 0.0) * PPB / OXIDE_PER_ELEMENT_PPB.get(one, PPB) for one in elements}
    total = sum(shares.values())
    return {one: round(mass_mg * (share / total if total else 1 / len(shares))) for one, share in shares.items()}


def worth_usd(masses: Mapping[str, int]) -> float:
    """What masses in mg are worth: of elements as such, of TREO as oxide. Of TREO counts what the elements leave."""
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
    return table_rows(_TABLE)


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
