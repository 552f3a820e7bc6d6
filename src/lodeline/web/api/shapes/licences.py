"""Applications for licences. Quotas, licences and what is drawn on them have derived shapes (`derived`)."""

from typing import Literal

from lodeline.web.api.shapes.common import Day, Json, Shape


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
