"""The trace of a lot as whoever held it may see it: the own lots on the way, and nothing of anybody else's business.

What lies beyond is told by `origins_by_country`. A share is that of the whole walk, so the shares of what is shown do
not sum to 1 where part of the way is another's.
"""

from __future__ import annotations

from typing import Any

from lodeline.flow.booked import booked
from lodeline.flow.index import UnknownLot
from lodeline.language import text
from lodeline.office.access.actor import Actor
from lodeline.office.lots.firm_view import UnknownLotError, origins_by_country, unknown_lot
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.service.lots.flow import trace
from lodeline.store.queries.lots import own_names
from lodeline.store.snapshot import Snapshot

Json = dict[str, Any]


def canonical_name(actor: Actor, own: OrganisationView, called: str) -> str:
    """The canonical name of a lot that the organisation calls so. Requires "own.read"; raises UnknownLotError."""
    actor.require("own.read", own.organisation)
    number = own.lot_of(called)
    if number is None:
        raise unknown_lot(called)
    return own.store.books.lot_names([number])[number]


def own_trace(
    actor: Actor, own: OrganisationView, snapshot: Snapshot, called: str, *, forward: bool, depth: int | None,
    limit: int | None = None, after: int | None = None,
) -> Json:  # fmt: skip
    """The shape of `trace --json`, of own lots alone: those that a filing of the organisation names.

    Of a lot that another made, only what it is called, its product and its share. Links are the own transformations.
    `count`, and pages as in `service.lots.flow.trace`, are of what is shown, for how many lots lie beyond is others'.
    """
    name = canonical_name(actor, own, called)
    try:
        whole = trace(snapshot, name, forward=forward, depth=depth)
    except UnknownLot as error:
        raise _too_new(called) from error
    shown = _own_names(own)
    seen = [node for node in whole["nodes"] if node["lot"] in shown]
    first = 0 if after is None else after
    last = len(seen) if limit is None else min(first + limit, len(seen))
    nodes = [_node(node, own, shown[node["lot"]]) for node in seen[first:last]]
    nearer, on_page = "from" if forward else "to", {node["lot"] for node in seen[first:last]}
    links = [
        {**link, "from": shown[link["from"]][0], "to": shown[link["to"]][0]}
        for link in whole["links"]
        if link["from"] in shown and link["to"] in shown and shown[link["to"]][1] and link[nearer] in on_page
    ]
    page = {} if limit is None and after is None else {"next": last if last < len(seen) else None}
    return {**whole, "lot": called, "nodes": nodes, "links": links, "count": len(seen), **page}


def own_origins(actor: Actor, own: OrganisationView, snapshot: Snapshot, called: str) -> list[Json]:
    """`own_lots.origins_by_country` of a lot that the organisation calls so. Requires "own.read"; UnknownLotError."""
    try:
        return origins_by_country(snapshot, own.law, canonical_name(actor, own, called))
    except UnknownLot as error:
        raise _too_new(called) from error


def _too_new(called: str) -> UnknownLotError:
    # Filed since the snapshot was made; the message of the engine's error would name lots of others.
    return UnknownLotError(
        text("The lot {called!r} has just come into the ledger. Ask again in a moment.", called=called)
    )


def _own_names(own: OrganisationView) -> dict[str, tuple[str, bool]]:
    """Canonical name → (what the organisation calls it, whether it made it), of the lots that its filings name."""
    found = own_names(own.store, own.organisation)
    return {
        name: (own.lot_name(name, maker, local), maker == own.organisation) for name, maker, local in found.iter_rows()
    }


def _node(node: Json, own: OrganisationView, named: tuple[str, bool]) -> Json:
    called, made_here = named
    if made_here:
        return {**node, "lot": called}
    return {
        "lot": called, "product": node["product"], "organisation": None, "site": None, "on": None, "mass_kg": None,
        **booked(node["booked_shares"]),
    }  # fmt: skip
