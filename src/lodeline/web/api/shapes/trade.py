"""Where it goes."""

from lodeline.web.api.shapes.common import Json, Mass, Shape


class WhereTotal(Shape):
    """Masses of the element in all rows, and the dry mass of goods without a composition."""

    mass_kg: Mass
    exact_kg: Mass
    booked_kg: Mass
    before_kg: Mass
    open_goods_kg: Mass


class Where(Shape):
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
