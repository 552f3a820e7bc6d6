"""Lots by program: what is held or was, a lot's history, where it came from and where it went.

An organisation sees its own lots and its own edges; beyond them an origin is a kind and a country.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.params.functions import Query
from pydantic import BaseModel, ConfigDict, Field

from lodeline.flow.routes import ROUTES_MOST
from lodeline.language import text
from lodeline.ledger.resolution import maker_and_local
from lodeline.material.mass import PPB_PER_PERCENT, format_kg
from lodeline.office.log.listing import ROWS_MAX, canonical, cursor_number
from lodeline.office.log.listing import lots as listed
from lodeline.office.lots.firm_trace import own_origins, own_trace
from lodeline.office.lots.firm_view import give_alias, own_lot
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.service.lots import flow as lot_flow
from lodeline.service.lots.lots import composition
from lodeline.store.queries.lots import alias_history
from lodeline.store.snapshot import Snapshot
from lodeline.web.api import spec
from lodeline.web.api.sending import body_of, json_answer, once, sent_as
from lodeline.web.api.shapes import lots as shapes
from lodeline.web.api.who import (
    RequestScope,
    as_of,
    as_of_head,
    call_of,
    law,
    log_access,
    reading,
    reads,
    reads_nation,
    store,
    writes,
)
from lodeline.web.reading import Reading

router = Router(tags=["lots"])

#: Without it, what there is, up to what a person takes in.
_PAGE = Query(None, ge=1, le=ROWS_MAX, **spec.text("In pages of so many."))


@router.get(
    "/lots", response=shapes.Lots, url_name="lots",
    **spec.operation(text("List lots that you hold or held"), scope="lots:read"),
)  # fmt: skip
def list_lots(
    request: HttpRequest, organisation: str | None = spec.ORGANISATION, cursor: str | None = spec.CURSOR,
    limit: int = spec.LIMIT,
) -> dict[str, Any]:  # fmt: skip
    """In the order in which the ledger first heard of them."""
    scope = reads(request, "lots:read", organisation)
    as_of_head(request)
    log_access(request, "lots", scope)
    own = None if scope.whole or scope.organisation is None else OrganisationView(store(), law(), scope.organisation)
    called = canonical if own is None else own.lot_name
    page = listed(store(), scope.organisation, cursor=cursor, limit=limit, called=called)
    return {"rows": page.rows, "next": page.next}


@router.get(
    "/lots/{named:lot}/trace", response=shapes.Trace, url_name="lot-trace",
    **spec.operation(
        text("The lots upstream or downstream of a lot"), scope="lots:read", problems=(404,),
        more=text("An organisation is shown its own lots on the way and its own transformations, and under "
"`beyond` the origins by kind and country."),
    ),
)  # fmt: skip
def get_trace(  # noqa: PLR0917  (an operation of the API takes its parameters one by one)
    request: HttpRequest, lot: str = spec.LOT,
    direction: Literal["backward", "forward"] = Query(
        "backward", **spec.text("Upstream or downstream.")
    ),
    depth: int | None = Query(None, ge=0, le=1000, **spec.text("Events away at most.")),
    cursor: str | None = spec.CURSOR, limit: int | None = _PAGE,
) -> dict[str, Any]:  # fmt: skip
    """As of the last reading of the ledger. With `limit` or `cursor` in pages of the whole, else the nearest lots."""
    scope = reads(request, "lots:read")
    now = _reading(request)
    forward, after = direction == "forward", _after(cursor)
    if scope.organisation is None:
        found = lot_flow.trace(now.snapshot, lot, forward=forward, depth=depth, limit=limit, after=after)
        log_access(request, "lot trace", scope, organisation=maker_and_local(lot, "")[0] or None, subject=lot)
        return _with_next(found)
    actor, own = call_of(request).actor, OrganisationView(store(), law(), scope.organisation)
    found = _with_next(own_trace(actor, own, now.snapshot, lot, forward=forward, depth=depth, limit=limit, after=after))
    beyond = [] if forward else own_origins(actor, own, now.snapshot, lot)
    return {**found, "beyond": beyond}


@router.get(
    "/lots/{named:lot}/origins", response=shapes.Origins, url_name="lot-origins",
    **spec.operation(text("Where the elements of a lot came from"), scope="lots:read", problems=(404,)),
)  # fmt: skip
def get_origins(
    request: HttpRequest, lot: str = spec.LOT, cursor: str | None = spec.CURSOR, limit: int | None = _PAGE
) -> dict[str, Any]:
    """By origin lot for the authority, with bounds; by kind and country for an organisation, all at once."""
    scope = reads(request, "lots:read")
    now = _reading(request)
    after = _after(cursor)
    if scope.organisation is None:
        found = lot_flow.origins(now.snapshot, lot, limit=limit, after=after)
        log_access(request, "lot origins", scope, organisation=maker_and_local(lot, "")[0] or None, subject=lot)
        return _with_next(found)
    rows = own_origins(call_of(request).actor, OrganisationView(store(), law(), scope.organisation), now.snapshot, lot)
    return {"lot": lot, "count": len(rows), "rows": [{"lot": None, "organisation": None, **row} for row in rows]}


@router.get(
    "/lots/{named:lot}/routes", response=shapes.Routes, url_name="lot-routes",
    **spec.operation(
        text("The heaviest routes of an element into a lot"), scope="nation:read",
        problems=(404,),
        more=text("From the lot in which it entered the system, or from one `origin`, with the kilograms "
"along each."),
    ),
)  # fmt: skip
def get_routes(
    request: HttpRequest, lot: str = spec.LOT,
    count: int = Query(5, ge=1, le=ROUTES_MOST, **spec.text("Routes at most.")),
    element: str | None = Query(
        None, max_length=4, **spec.text("A symbol, or TREO; else Nd or what there is most of.")
    ),
    origin: str | None = Query(None, max_length=200, **spec.text("Only from this lot.")),
) -> dict[str, Any]:  # fmt: skip
    """They name lots of every firm on the way, so the authority alone reads them."""
    reads_nation(request)
    now = _reading(request)
    found = lot_flow.routes(now.snapshot, lot, count, element=element, origin=origin)
    scope = RequestScope(organisation=None, whole=True)
    log_access(request, "lot routes", scope, organisation=maker_and_local(lot, "")[0] or None, subject=lot)
    return found


def _after(cursor: str | None) -> int | None:
    return None if cursor is None else cursor_number(cursor, 0)


def _with_next(page: dict[str, Any]) -> dict[str, Any]:
    """The page with its cursor as programs send it back."""
    after = page.get("next")
    return page if after is None else {**page, "next": str(after)}


class AliasIn(BaseModel):
    """The name that the buyers of a lot are to see."""

    model_config = ConfigDict(extra="forbid")
    alias: str = Field(max_length=64)


@router.post(
    "/lots/{named:lot}/alias", response={200: shapes.AliasAnswer}, url_name="lot-alias",
    **spec.operation(
        text("Give a lot the name that its buyers see"), scope="transfers:write",
        problems=(404, 413), idempotent=True, body=body_of(AliasIn, {"alias": "Q3-117"}),
        more=text("From now on buyers are shown the alias and not the id. It cannot be taken back, only "
"followed by another."),
    ),
)  # fmt: skip
def name_lot(request: HttpRequest, lot: str = spec.LOT) -> HttpResponse:
    """An entry of the log."""
    program, organisation = writes(request, "transfers:write")
    sent, digest = sent_as(request, AliasIn)

    def act() -> HttpResponse:
        give_alias(program, OrganisationView(store(), law(), organisation), lot, sent.alias, now=call_of(request).now)
        return json_answer(200, {"lot": lot, "alias": sent.alias.strip()})

    return once(request, digest, act)


@router.get(
    "/lots/{named:lot}", response=shapes.LotAnswer, url_name="lot",
    **spec.operation(text("A lot: what it is and what happened to it"), scope="lots:read", problems=(404,)),
)  # fmt: skip
def get_lot(request: HttpRequest, lot: str = spec.LOT) -> dict[str, Any]:
    """An organisation's own lines and those that name it; for the authority the maker's view."""
    scope = reads(request, "lots:read")
    now = _reading(request)
    call = call_of(request)
    if scope.organisation is None:
        lot_flow.trace(now.snapshot, lot, depth=0)  # Raises UnknownLot, with names that may have been meant.
        log_access(request, "lot", scope, organisation=maker_and_local(lot, "")[0] or None, subject=lot)
        return _whole(now.snapshot, lot)
    own = OrganisationView(store(), law(), scope.organisation)
    found = own_lot(call.actor, own, now.snapshot, lot, own.transfers(call.now))
    history = [
        {
            "own": row["own"], "entry": row["entry"], "event": row["event"], "kind": row["kind"], "role": row["role"],
            "on": row["on"].isoformat(), "site": row["site"], "mass_kg": format_kg(row["dry_mg"]),
            "party": row["party"], "party_name": row["party_name"],
        }
        for row in found.history.iter_rows(named=True)
    ]  # fmt: skip
    return {
        "lot": found.called, "product": found.product, "composition_pct": _percent(found.composition),
        "aliases": found.aliases.select("alias", "entry").to_dicts(),
        "made_here": found.made_here, "held_kg": format_kg(found.held_mg), "history": history,
    }  # fmt: skip


def _whole(snapshot: Snapshot, lot: str) -> dict[str, Any]:
    """A lot with every line in force about it."""
    index = snapshot.flow_index()
    place = index.find(lot)
    lines = snapshot.lines_of_lot(place + 1).sort("on", "line")
    history = [
        {
            "own": None, "entry": row["entry"], "event": row["event"], "kind": row["kind"], "role": row["role"],
            "on": row["on"].isoformat(), "site": row["site"], "mass_kg": format_kg(row["dry_mg"]),
            "organisation": row["organisation"], "party": row["party"],
        }
        for row in lines.iter_rows(named=True)
    ]  # fmt: skip
    return {
        "lot": lot, "product": index.lot_product[place], "composition_pct": _percent(composition(index, place)),
        "aliases": alias_history(store(), place + 1).select("organisation", "alias", "entry").to_dicts(),
        "history": history,
    }  # fmt: skip


def _percent(composition: Mapping[str, int]) -> dict[str, float]:
    return {symbol: ppb / PPB_PER_PERCENT for symbol, ppb in composition.items()}


def _reading(request: HttpRequest) -> Reading:
    now = reading()
    as_of(request, now.snapshot.entry, now.snapshot.root)
    return now
