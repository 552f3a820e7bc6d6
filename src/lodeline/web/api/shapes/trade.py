"""Where it goes, and who stands between."""

from lodeline.web.api.shapes.common import Json, Mass, Shape


class WhereTotal(Shape):
    """Masses of the element in all rows, and the dry mass of goods without a composition."""

    mass_kg: Mass
    exact_kg: Mass
    booked_kg: Mass
    before_kg: Mass
    open_goods_kg: Mass


class WhereTo(Shape):
    """Where an element went: `rows` have the masses of `total` and, under the name that `by` says, what they are of."""

    stamp: Json
    pack: str
    element: str
    period: str
    before: str
    by: str
    way: str
    total: WhereTotal
    rows: list[Json]


class Trader(Shape):
    """A firm that sells on what it bought: masses of the element, and how, to whom and from whom."""

    organisation: str
    is_trader: bool
    in_kg: Mass
    out_kg: Mass
    passed_kg: Mass
    share: float | None
    days: float | None
    dealings: int
    markup: float | None
    currency: str | None
    priced_kg: Mass
    other_currencies: int
    changed: int
    abroad_kg: Mass
    home_kg: Mass
    supplier: str | None
    suppliers: int
    customer: str | None
    customers: int


class Traders(Shape):
    """Firms that trade in an element in some months, those that passed on most first."""

    stamp: Json
    pack: str
    element: str
    period: str
    rows: list[Trader]
