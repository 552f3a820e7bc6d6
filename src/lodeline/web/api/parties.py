"""Parties by program: who a name may be, the names that wait, one party, and deciding, as on the pages.

The authority sees everybody's. An organisation sees which counterparties of its own filings nobody has resolved yet,
and nothing of whom they may be.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final, Literal

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.params.functions import Path, Query
from pydantic import BaseModel, ConfigDict, Field

from lodeline.language import text
from lodeline.office.parties import parties as office
from lodeline.party.script import MOST_CHARACTERS
from lodeline.service.parties import queue as party_queue
from lodeline.service.parties.index import screener_of
from lodeline.service.parties.parties import REASON_CHARACTERS, Decision
from lodeline.service.parties.screening import screening_json, with_law
from lodeline.web.api import spec
from lodeline.web.api.problems import not_found
from lodeline.web.api.sending import body_of, json_answer, once, sent_as
from lodeline.web.api.shapes import parties as shapes
from lodeline.web.api.who import call_of, decides_parties, law, reads, reads_nation, store
from lodeline.web.reading import Reading
from lodeline.web.visit import desk

router = Router(tags=["parties"])
Json = dict[str, Any]
_NAMES: Final = 100
ON: Final = Query(None, **spec.text("The day on which it is listed or not."))


class PartyDecisionIn(BaseModel):
    """Whom a name as filed means: the `same` as `party`, `other` than it, a `new` party, or `open` again.

    `called`, `other_name` (in the other script), `country` and `identifiers` (`scheme:number`) are of a new party.
    """

    model_config = ConfigDict(extra="forbid")
    name: str = Field(min_length=1, max_length=4000)
    verdict: Literal["same", "other", "new", "open"]
    party: str = Field("", max_length=64)
    reason: str = Field(min_length=1, max_length=REASON_CHARACTERS)
    called: str = Field("", max_length=MOST_CHARACTERS)
    other_name: str = Field("", max_length=MOST_CHARACTERS)
    country: str = Field("", max_length=2)
    identifiers: list[str] = Field(default_factory=list, max_length=20)


@router.get(
    "/parties/match", response=shapes.PartyMatch, url_name="party-match",
    **spec.operation(
        text("Who a name may be, and whether that party is listed"), scope="nation:read",
        more=text("In the register, on the lists that are loaded and among the names of filings, in any "
"script, with reasons. Nothing is written."),
    ),
)  # fmt: skip
def match_party(
    request: HttpRequest,
    name: str = Query(..., min_length=1, max_length=20_000, **spec.text("The name, in any script.")),
    country: str | None = Query(None, pattern="^[A-Za-z]{2}$", **spec.text("Where the party is said to be, alpha-2.")),
    on: date | None = ON,
) -> Json:
    """As on the page."""
    reads_nation(request)
    now = _now()
    day = on or _today(request)
    screener = screener_of(now.store, now.snapshot)
    where = country.upper() if country else None
    found = with_law(
        screener.screen(name, day=day, country=where), law(), day=day, known=_today(request), country=where
    )  # fmt: skip
    return {**screening_json(found), "day": day.isoformat(), "stamp": now.snapshot.stamp}


@router.get(
    "/parties/queue", response=shapes.PartyQueue, url_name="party-queue",
    **spec.operation(
        text("Names of filings that are no party yet"), scope="transfers:read",
        more=text("The largest mass first. The authority sees whom each may mean, with reasons; an "
"organisation sees its own counterparties that wait, and no more."),
    ),
)  # fmt: skip
def list_party_queue(
    request: HttpRequest, *, organisation: str | None = spec.ORGANISATION,
    first: int = Query(0, ge=0, le=spec.INTEGER_MAX, **spec.text("How many to pass over.")),
    most: int = Query(20, ge=1, le=_NAMES, **spec.text("How many at most.")),
) -> Json:  # fmt: skip
    """As they stand now."""
    asking = reads(request, "transfers:read", organisation)
    now = _now()
    firms = None if asking.organisation is None else frozenset({asking.organisation})
    found = party_queue.queue(now.store, now.snapshot, day=_today(request), firms=firms, most=most, first=first)
    if not asking.whole:
        hidden = ("candidates", "also_filed", "listed")
        found["names"] = [{key: value for key, value in one.items() if key not in hidden} for one in found["names"]]
    return found


@router.post(
    "/parties/decisions", response={200: shapes.PartyDecided}, url_name="party-decide",
    **spec.operation(
        text("Decide whom a name means"), scope="parties:decide", problems=(404,), idempotent=True,
        body=body_of(
            PartyDecisionIn,
            {"name": "Rotorwerke GmbH", "verdict": "same", "party": "P-5f0c2d91aa", "reason": "same address"},
        ),
        more=text("An entry of the log in the name of whoever made the token; it can be taken back with "
"`open`."),
    ),
)  # fmt: skip
def decide_party(request: HttpRequest) -> HttpResponse:
    """What was filed stays; what rests on it follows."""
    program = decides_parties(request)
    sent, digest = sent_as(request, PartyDecisionIn)

    def act() -> HttpResponse:
        decision = Decision(
            name=sent.name, verdict=sent.verdict, party=sent.party, reason=sent.reason, country=sent.country.upper(),
            called=sent.called, other_name=sent.other_name, identifiers=sent.identifiers,
        )  # fmt: skip
        entry, party = office.decide(program, store(), decision, now=call_of(request).now)
        return json_answer(200, {"entry": entry.index, "name": sent.name, "party": party})

    return once(request, digest, act)


@router.get(
    "/parties/{party}", response=shapes.Party, url_name="party-one",
    **spec.operation(
        text("A party: names, numbers, owners, listings, where it was seen"), scope="nation:read", problems=(404,)
    ),
)  # fmt: skip
def get_party(
    request: HttpRequest,
    party: str = Path(..., max_length=80, **spec.text("Id of the party or organisation.")),
    on: date | None = ON,
) -> Json:
    """With every decision about it."""
    reads_nation(request)
    now = _now()
    found = party_queue.party(now.store, now.snapshot, party, day=on or _today(request))
    if found is None:
        raise not_found(text("There is no party {party}.", party=party))
    return found


def _now() -> Reading:
    """A reading that knows what was decided a moment ago."""
    return desk(settings.LODELINE_DATABASE).reading(at_least=store().head().size - 1)


def _today(request: HttpRequest) -> date:
    return law().day_of(call_of(request).now)
