"""Material balances, the flow matrix, and what inspectors found at a site."""

from lodeline.web.api.shapes.common import FilingProblem, Json, Shape, StampedRows


class Balances(StampedRows):
    """Material balances, in the shape of `lodeline balance --json`."""


class Flows(StampedRows):
    """The flow matrix, in the shape of `lodeline flows --json`."""


class InspectionSummary(Shape):
    """One paper of a visit. `seals`: the numbers that it names; `laboratory`, `side`: of results. Results of reference
    materials alone are about no organisation and no site. `lots`: how many rows it has."""

    entry: int
    organisation: str | None
    site: str | None
    on: str
    act: str
    #: A count of everything at the site.
    whole: bool
    lots: int
    mass_kg: str
    seals: list[str]
    note: str
    plan: int | None
    laboratory: str | None
    side: str | None


class Inspections(Shape):
    """A page of inspections, the oldest first."""

    rows: list[InspectionSummary]
    next: str | None


class InspectionAnswer(InspectionSummary):
    """A paper row by row: of a count `lot`, `product`, `mass_kg` (dry), `method`, `location`, `seal`; of a measurement
    and of results as in docs/reference/inspection-format.md, shares in % of the element. `placed`: seals that were set
    or taken off without a count; `samples`: parts of samples in their bags; `bags`: hand-overs; `flags`: what was
    remarked when it was taken."""

    rows: list[Json]
    placed: list[Json]
    samples: list[Json]
    bags: list[Json]
    flags: list[Json]
    receipt: Json | None


class InspectionPlanSummary(Shape):
    """A plan: how many of a site's items were drawn, and the minutes it takes."""

    plan: int
    organisation: str
    site: str
    on: str
    chosen: str
    minutes: int
    items: int
    drawn: int


class InspectionPlans(Shape):
    """Sampling plans, the oldest first."""

    rows: list[InspectionPlanSummary]


class InspectionPlan(Shape):
    """A plan as docs/reference/inspection-plan.md says. `plan`: its entry; null, and items without `do`, where nothing
    was entered."""

    plan: int | None
    organisation: str
    site: str
    on: str
    goals: dict[str, int]
    detect: dict[str, str]
    minutes: int
    budget: int
    enough: bool
    strata: list[Json]
    sights: list[Json]
    items: list[Json]


class InspectionsEntered(Shape):
    """What became of a table: its papers, what was remarked, and which rows stood already (in which entry)."""

    accepted: bool
    entries: list[InspectionAnswer]
    repeated: dict[str, int]
    problems: list[FilingProblem]


class InspectionVisit(Shape):
    """A visit: all its papers, each bag with its chain and `holder`, the lots that were chosen by hand, and what its
    plan chose and nobody measured (to others than inspectors once the visit has ended). `sights`: what was done up to
    now would have shown, by element and kind."""

    visit: int
    organisation: str
    site: str
    on: str
    plan: int | None
    papers: list[InspectionAnswer]
    bags: list[Json]
    unmeasured: list[Json]
    by_hand: list[str]
    sights: list[Json]
