"""Feeds of other authorities, and where records disagree."""

from lodeline.web.api.shapes.common import Json, Shape, Stamp, StampedRows


class Exceptions(StampedRows):
    """Where records disagree, in the shape of `lodeline exceptions --json`."""


class OneException(Shape):
    """One of them with the rows of the three records."""

    stamp: Stamp
    as_of: str
    exception: Json
    filed: list[Json]
    invoiced: list[Json]
    border: list[Json]


class FeedAnswer(Shape):
    """What became of a feed; `receipt` null where it was refused."""

    accepted: bool
    repeated: bool
    feed: str | None
    rows: int | None
    problems: list[Json]
    receipt: Json | None
