"""Lots: what they are, what happened to them, where their elements came from."""

from typing import Literal

from lodeline.web.api.shapes.common import Json, Shape


class Lot(Shape):
    """A lot in a list."""

    lot: str
    product: str | None


class Lots(Shape):
    """A page of lots."""

    rows: list[Lot]
    next: str | None


class LotAnswer(Shape):
    """A lot: what it is, what it holds, and what happened to it as far as whoever asks may know."""

    lot: str
    product: str | None
    composition_pct: dict[str, float]
    #: `alias`, `entry` and, for the authority, the `organisation` that calls it so, the oldest first.
    aliases: list[Json]
    history: list[Json]


class AliasAnswer(Shape):
    """What the buyers of a lot see of it from now on."""

    lot: str
    alias: str


class Trace(Shape):
    """The lots upstream or downstream of a lot, in the shape of `lodeline trace --json`."""

    lot: str
    direction: Literal["backward", "forward"]
    nodes: list[Json]
    links: list[Json]
    truncated: bool
    #: Lots of the whole answer; `next` is the cursor of the page behind, and only there if pages were asked for.
    count: int
    next: str | None = None


class Origins(Shape):
    """Where the elements of a lot came from, in the shape of `lodeline origins --json`; booked shares sum to 1."""

    lot: str
    rows: list[Json]
    count: int
    next: str | None = None


class Routes(Shape):
    """The heaviest routes of an element into a lot, in the shape of `lodeline trace --routes --json`."""

    lot: str
    element: str
    routes: list[Json]
