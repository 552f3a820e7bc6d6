"""The strategic view: the network, scenarios, runs, and what agencies of other states are told."""

from __future__ import annotations

from typing import Literal

from lodeline.web.api.shapes.common import Json, Shape


class StrategyGraph(Shape):
    """The network of a base window; rates in kg a day, each row with its `basis`, `source` and `vintage`."""

    stamp: Json
    settings: Json
    notes: list[Json]
    totals: Json
    quality: list[Json]
    holdings: list[Json]
    edges: list[Json]
    units: list[Json]


class StrategyScenarios(Shape):
    """The scenarios of the tables in force: names, days, `settings`, `instruments`."""

    stamp: Json
    rows: list[Json]


class StrategyRun(Shape):
    """A run of a scenario. `content`: what came of it, once it is done; see `docs/reference/json.md`.

    `again`: what came of it when it was computed once more: `at`, and `same`, whether to the byte.
    """

    run: str
    scenario: str
    entry: int
    root: str
    draws: int | None
    digests: dict[str, str]
    state: Literal["waiting", "running", "done", "stopped", "refused"]
    progress: float
    sha256: str | None
    size: int
    by: str
    at: str
    finished_at: str | None
    problem: dict[str, str] | None
    failure: str | None
    again: Json | None
    published: bool
    #: That somebody proposed to publish it, and another officer has yet to confirm: `by`, `at`, `until`.
    proposed: dict[str, str] | None
    content: Json | None = None


class StrategyRuns(Shape):
    """The runs that are kept or under way, the newest first, without `content`."""

    rows: list[StrategyRun]


class StrategyRelease(Shape):
    """A run that was published to agencies: how many figures are told, and how many kept back."""

    run: str
    scenario: str
    told: int
    kept_back: int
    sha256: str
    published_at: str
    withdrawn_at: str | None


class StrategyReleases(Shape):
    """All that was ever published, the oldest first."""

    rows: list[StrategyRelease]


class StrategyAnswer(Shape):
    """Two scenarios beside each other, or who depends on whom: as `lodeline strategy compare|dependence --json`."""

    stamp: Json


class StrategyTables(Shape):
    """What became of tables that were handed in together; `accepted`: all of them entered, or none did."""

    accepted: bool
    rows: list[Json]


class StrategyAggregateRow(Shape):
    """A class of goods, and which countries: one, `other` for those that do not stand alone, `all`.

    `own`: the group of the agency's state. `firms`: a band. A figure that is kept back is null, and why: `few` firms, a
    `dominated` sum, a telling `difference` from what was told before, `part` of it kept back.
    """

    own: bool
    part: str
    firms: str | None
    need_kg_per_day: float | None
    stopping_kg_per_day: float | None
    lost_kg: float | None
    kept_back: dict[str, str]
    basis: str
    source: str
    vintage: str


class StrategyAggregateRun(Shape):
    """A published run, as the agency of a state is told it."""

    run: str
    published: str
    stamp: Json
    scenario: Json
    settings: Json
    country: str
    rows: list[StrategyAggregateRow]


class StrategyAggregate(Shape):
    """Every published run, the newest first."""

    rows: list[StrategyAggregateRun]


class StrategyOwn(Shape):
    """A firm's part of the network: what it holds, its own edges, and how many days its units last."""

    stamp: Json
    settings: Json
    organisation: str
    holdings: list[Json]
    edges: list[Json]
    units: list[Json]
