"""What a kilogram of a line's goods costs, in the currency of the price table: rounded rates, for wide bounds alone."""

from __future__ import annotations

from decimal import Decimal

from lodeline.control.declaration import Line
from lodeline.control.rulebook import Rulebook
from lodeline.material.mass import MG_PER_KG


def unit_value(line: Line, rules: Rulebook) -> Decimal | None:
    """The value of a kilogram; None where value or mass are not stated, or no rate is known for the currency."""
    rate = rate_of(line["currency"], rules)
    if rate is None or not line["value"] or not line["mass_kg"]:
        return None
    per_kg: Decimal = Decimal(line["value"]) * MG_PER_KG / line["mass_kg"]
    return per_kg / rate


def rate_of(currency: str | None, rules: Rulebook) -> Decimal | None:
    """Units of a currency for one of the price table's; None where none is known."""
    prices, rates = rules.parameter("desk-prices"), rules.parameter("desk-rates")
    if prices is None or currency is None:
        return None
    if currency == prices["currency"]:
        return Decimal(1)
    if rates is None or rates["currency"] != prices["currency"] or currency not in rates["per_dollar"]:
        return None
    return Decimal(str(rates["per_dollar"][currency]))
