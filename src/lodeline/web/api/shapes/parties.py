"""Whom names mean: search, queue and decisions."""

from typing import Literal

from lodeline.web.api.shapes.common import Bilingual, Day, Json, Mass, Shape


class PartyReason(Shape):
    """Why, or why not; `speaks`: for, against, or neither."""

    code: str
    speaks: Literal["for", "against"] | None
    facts: Json
    text: Bilingual


class PartyStanding(Shape):
    """That a party counts as listed: itself, or by shares of half and more."""

    list: str
    how: Literal["listed", "owned"]
    since: str | None
    until: str | None
    reason: str | None
    share: float | None


class PartyHit(Shape):
    """A party that may be meant."""

    name: str
    by: Literal["number", "name"]
    probability: float
    parties: list[Json]
    listed: list[PartyStanding]
    reasons: list[PartyReason]


class PartyMatch(Shape):
    """What was found for a name."""

    name: str
    verdict: Literal["listed", "alike", "known", "unclear", "unknown"]
    remarks: list[PartyReason]
    hits: list[PartyHit]
    day: Day
    stamp: Json


class PartyWaiting(Shape):
    """A name of filings that is no party yet; `candidates` are for the authority."""

    name: str
    by: list[str]
    countries: list[str]
    rows: int
    mass_kg: Mass
    first_on: Day
    last_on: Day
    candidates: list[Json] | None = None


class PartyQueue(Shape):
    """Names that wait, the largest mass first; `waiting` counts all of them."""

    waiting: int
    names: list[PartyWaiting]
    day: Day
    stamp: Json


class Party(Shape):
    """A party as it is known; `history` has every decision, the oldest first."""

    id: str
    names: list[str]
    countries: list[str]
    identifiers: list[str]
    owners: list[Json]
    holds: list[Json]
    listed: list[PartyStanding]
    seen: list[Json]
    history: list[Json]
    day: Day
    stamp: Json


class PartyDecided(Shape):
    """The entry of the decision, and the party that the name means from now on; null while it is open."""

    entry: int
    name: str
    party: str | None
