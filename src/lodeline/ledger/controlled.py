"""Whether goods of the ledger are on the control list of a day: by their elements and the form that they have.

The list names elements by form (metal, oxide, magnet …); what a product's form is is data (`product_forms.csv`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache, lru_cache

from lodeline.material.product import product_kind
from lodeline.regulation.control_list import control_items
from lodeline.regulation.parameter import Jurisdiction
from lodeline.tables import table_rows


class ControlledForms:
    """The lists of a jurisdiction, each read once for a day."""

    def __init__(self, law: Jurisdiction) -> None:
        self._law = law
        self._pairs = _pairs_by_day(law)

    def of(self, product: str | None, held: Iterable[str], day: date) -> tuple[str, ...]:
        """Which of the elements that goods hold the list names in their form, as known on the day; in their order."""
        if product is None:
            return ()
        if day not in self._pairs:
            items = control_items(self._law, day, known=day)
            self._pairs[day] = frozenset((element, item.form) for item in items for element in item.rare_earths)
        forms, pairs = forms_of(product), self._pairs[day]
        return tuple(element for element in held if any((element, form) in pairs for form in forms))


@lru_cache(maxsize=8)
def _pairs_by_day(law: Jurisdiction) -> dict[date, frozenset[tuple[str, str]]]:
    """By day the elements that the lists of a law name, each in a form; filled as days are asked for."""
    del law
    return {}


def forms_of(product: str) -> tuple[str, ...]:
    """The forms of the control list that goods of a product have; none for what is no product."""
    return _forms().get(product_kind(product), ())


@cache
def _forms() -> dict[str, tuple[str, ...]]:
    """Kind of product → the forms of the control list that it has."""
    return {row["product"]: tuple(row["forms"].split("|")) for row in table_rows("reference/product_forms.csv")}
