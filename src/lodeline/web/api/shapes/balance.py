"""Material balances, the flow matrix, and what inspectors found at a site."""

from lodeline.web.api.shapes.common import Json, Shape, StampedRows


class Balances(StampedRows):
    """Material balances, in the shape of `lodeline balance --json`."""


class Flows(StampedRows):
    """The flow matrix, in the shape of `lodeline flows --json`."""


class InspectionSummary(Shape):
    """What an inspector entered about one visit. `seals`: the numbers that it names."""

    entry: int
    organisation: str
    site: str
    on: str
    act: str
    #: A count of everything at the site.
    whole: bool
    lots: int
    mass_kg: str
    seals: list[str]
    note: str


class Inspections(Shape):
    """A page of inspections, the oldest first."""

    rows: list[InspectionSummary]
    next: str | None


class InspectionAnswer(InspectionSummary):
    """An inspection lot by lot: `lot`, `product`, `mass_kg` (dry), `method`, `location`, `seal`. `placed`: seals that
    were set or taken off without a count, each `number` and what it is `on`."""

    rows: list[Json]
    placed: list[Json]
    receipt: Json | None
