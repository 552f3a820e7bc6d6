"""Findings and the cases about them."""

from typing import Literal

from lodeline.web.api.shapes.common import Day, Hash, Json, Shape, StampedRows


class Findings(StampedRows):
    """Findings, in the shape of `lodeline findings --json`. `causes`: of all rows, not of this page alone."""

    causes: list[Json]


class Finding(Shape):
    """A finding: a question with its evidence."""

    id: str
    detector: str
    subject: Json
    state: str


class CaseFile(Shape):
    """A file that came with an answer."""

    name: str
    kind: str
    sha256: Hash
    size: int


class CaseStep(Shape):
    """A step of a case. `entry` of the log binds it; a step that only arranges the authority's work has none.

    `organisation`: that spoke; null for the authority, and for what happened by itself (`by` is null then too). `by`: a
    pseudonym, told to the authority alone.
    """

    number: int
    kind: str
    at: str
    organisation: str | None
    by: str | None
    text: str
    until: Day | None
    stands_until: Day | None
    reason: str | None
    entry: int | None
    files: list[CaseFile]


class CaseSummary(Shape):
    """Where the case of a finding stands. `steps`: how many were taken; send it with the next one.

    `state` is that of today: what does not stand any more is open, and `reason` says why. `assignee` and `watched` are
    told to the authority alone.
    """

    finding: str
    case: str
    organisation: str
    detector: str
    state: Literal["open", "asked", "answered", "explained", "waived", "confirmed", "withdrawn"]
    reason: str | None
    until: Day | None
    overdue: bool
    stands_until: Day | None
    raised: bool
    assignee: Json | None
    watched: bool
    steps: int
    changed_at: str


class Case(CaseSummary):
    """The same with its steps, the oldest first; an organisation sees those that it is told of."""

    taken: list[CaseStep]


class Cases(Shape):
    """A page of cases, in the order in which they were opened."""

    rows: list[CaseSummary]
    next: str | None


class CasePaper(Shape):
    """A step word for word, as the log commits to it, with the receipt that proves it; null where it has no entry."""

    content: str
    receipt: Json | None
