"""Declarations put to the desk, and queries of customs."""

from typing import Literal

from lodeline.web.api.shapes.common import Day, Json, Shape


class Declared(Shape):
    """The verdict for each line of a declaration, in the shape of `lodeline declare --json`."""

    id: str
    verdict: Literal["release", "query", "hold"]
    lines: list[Json]
    counts: dict[str, int]
    problems: list[Json]
    readable: bool
    #: The entry of the log that keeps the question; none where no line could be read.
    entry: int | None = None


class DeskBatch(Shape):
    """A declaration that a worker judges part by part. `first` and `last` of a part are lines of the file, from 1."""

    batch: str
    job: int | None
    state: Literal["waiting", "running", "done", "stopped", "unread"]
    progress: float
    lines: int
    judged: int
    counts: dict[str, int]
    parts: list[Json]
    problems: list[Json]
    #: Of our own mistake: its number in the log.
    failure: str | None


class DeskQuestion(Shape):
    """A question to the desk as the log keeps it, and what was decided since. `releases`: of each line that an officer
    released, by the id of its verdict, what was reserved."""

    entry: int
    asked_at: str
    channel: Literal["desk", "pre-check", "command", "offline"]
    amends: int | None
    amended_by: int | None
    withdrawn: int | None
    late_s: int | None
    answer: Json
    releases: list[Json]
    overrides: list[Json]


class CustomsSummary(Shape):
    """A query of customs; `line` is the id of the verdict that it asks about."""

    case: str
    organisation: str
    state: Literal["asked", "answered", "laboratory", "found", "released", "refused", "settled", "closed"]
    entry: int
    line: str
    verdict: Literal["release", "query", "hold"]
    until: Day | None
    steps: int
    changed_at: str


class CustomsQueries(Shape):
    """The queries, those that wait for somebody first."""

    rows: list[CustomsSummary]


class CustomsQuery(CustomsSummary):
    """A query with the documents that are to be submitted and its steps."""

    required: list[str]
    documents: list[str]
    taken: list[Json]
