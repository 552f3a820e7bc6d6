"""Quotas and planned runs, licences with what is drawn on them, and applications for them."""

from typing import Literal

from lodeline.web.api.shapes.common import Day, Json, Mass, Shape


class Quotas(Shape):
    """Quotas, in the shape of `lodeline quota --json`."""

    rows: list[Json]


class Licences(Shape):
    """Licences as registered, with what is reserved, used and left of them."""

    rows: list[Json]


class Licence(Shape):
    """A licence with its draw-downs, in the shape of `lodeline licence show --json`."""

    id: str
    state: str
    acts: list[Json]
    positions: list[Json]
    draws: list[Json]


class LicenceProposal(Shape):
    """What an officer proposed about a licence. `by`: who, by pseudonym; `answer`: why it was refused or taken back."""

    proposal: str
    licence: str
    deed: Literal["suspended", "resumed", "revoked", "holder"]
    on: Day
    holder: str | None
    reason: str
    by: str
    state: Literal["proposed", "done", "refused", "withdrawn"]
    answer: str | None


class LicenceProposals(Shape):
    """What was proposed about a licence, the oldest first."""

    rows: list[LicenceProposal]


class LicenceProposalAnswer(LicenceProposal):
    """A proposal with the entry that made it what it is."""

    entry: int
    problems: list[Json]


class Drawn(Shape):
    """What became of a draw on a licence; without `entry` the `problems` say why."""

    reservation: int | None
    entry: int | None
    licence: str | None
    declaration: str | None
    line: str | None
    mass_kg: Mass | None
    until: Day | None
    repeated: bool
    problems: list[Json]


class RunAnswer(Shape):
    """What became of a planned run, in the shape of `lodeline run --json`; `problems` may flag that it passes the
    quota."""

    organisation: str
    run: str
    reo_kg: Mass | None
    reservation: int
    entry: int
    until: Day | None
    repeated: bool
    problems: list[Json]


class Runs(Shape):
    """Planned runs, the newest first: announced, drawn, and what is still reserved, in kg of REO."""

    rows: list[Json]


class DrawnRows(Shape):
    """The same for each of several, in the order in which they were sent."""

    rows: list[Drawn]


class ApplicationSummary(Shape):
    """An application for an export licence. `until`: the last day to answer an open query."""

    application: str
    organisation: str
    relation: Literal["new", "renewal", "amendment"]
    of_licence: str | None
    state: Literal["draft", "submitted", "queried", "proposed", "granted", "refused", "withdrawn", "dropped"]
    licence: str | None
    until: Day | None
    steps: int
    submitted_at: str | None
    changed_at: str


class Applications(Shape):
    """Applications, a row each."""

    rows: list[ApplicationSummary]


class Application(ApplicationSummary):
    """One with what it says, its documents, its steps and the law's time. `problems` stand against handing it in."""

    content: Json
    #: Kinds of documents that the law asks for.
    needed: list[str]
    documents: list[Json]
    taken: list[Json]
    clock: Json | None
    proposal: Json | None
    problems: list[Json]
