"""The law of a day, and what another law would change."""

from pydantic import Field

from lodeline.web.api.shapes.common import Day, Json, Shape, Stamp


class Law(Shape):
    """The law on a day, in the shape of `lodeline law --json`."""

    jurisdiction: str
    pack: str
    on: Day
    known: Day
    rows: list[Json]


class LawDiff(Shape):
    """What changed between two days, in the shape of `lodeline law diff --json`."""

    jurisdiction: str
    pack: str
    known: Day
    rows: list[Json]


class LawReplay(Shape):
    """What would come out differently, a page of one kind of row in the shape of `lodeline law replay --json`."""

    stamp: Stamp
    jurisdiction: str
    pack: str
    first: Day = Field(alias="from")
    last: Day = Field(alias="to")
    known: dict[str, str]
    law: list[Json]
    what: str
    judged: dict[str, int]
    rows: list[Json]
    next: str | None
