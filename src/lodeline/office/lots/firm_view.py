"""A lot as whoever held it may see it: what it is, what happened to it here, from whom and to whom, and its origins.

Beyond the organisation's own edge an origin is a kind and a country, and never an organisation, a place or a lot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import polars as pl

from lodeline.errors import UserError
from lodeline.flow.booked import booked
from lodeline.flow.origins import UNACCOUNTED, origins, origins_by_place
from lodeline.language import text
from lodeline.office.access.actor import Actor
from lodeline.office.access.audit import record_act
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.service.lots import aliases
from lodeline.service.lots.lots import composition
from lodeline.store.queries.lots import alias_history, is_filed_by
from lodeline.store.snapshot import Snapshot

#: Kinds of origin whose place is a country; all others lie in the jurisdiction, opening stock nobody knows where.
_IMPORTED: Final = "imported"
_COUNTRY_LETTERS: Final = 2
_PLACELESS: Final = ("opening", UNACCOUNTED)


class UnknownLotError(UserError):
    """The organisation neither holds nor ever held a lot that it calls so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLot:
    """A lot. `called`: `OrganisationView.lot_name`. `product` and `composition` (symbol → ppb of dry mass, TREO with
    it) as stated.

    `made_here`: the organisation made it. `aliases`: `store.queries.lots.alias_history` of its own. `history`:
    `OrganisationView.lot_history`. `transfers`: rows of `OrganisationView.transfers` about it.
    `origins`: `origin_kind`, `origin_place` (a country or None) and `booked_shares` (symbol → share), largest first;
    empty where the snapshot does not know the lot yet. `held_mg`: dry, at the own sites, by the book.
    """

    called: str
    product: str | None
    composition: Mapping[str, int]
    made_here: bool
    aliases: pl.DataFrame
    held_mg: int
    history: pl.DataFrame
    transfers: pl.DataFrame
    origins: Sequence[Mapping[str, Any]]


def own_lot(actor: Actor, own: OrganisationView, snapshot: Snapshot, called: str, transfers: pl.DataFrame) -> OwnLot:
    """The lot that the organisation calls so. Requires "own.read"; raises UnknownLotError.

    `transfers`: the answer of `OrganisationView.transfers`.
    """
    actor.require("own.read", own.organisation)
    number = own.lot_of(called)
    if number is None:
        raise unknown_lot(called)
    index, place, history = snapshot.flow_index(), number - 1, own.lot_history(number)
    # The graph names every lot; of one whose rows were all taken back nothing is known.
    known = place < len(index.lot_name) and history.height > 0
    held = own.held().filter(pl.col("lot") == number)["held_mg"].to_list()
    return OwnLot(
        called=called,
        product=index.lot_product[place] if known else None,
        composition=composition(index, place) if known else {},
        made_here=known and index.lot_organisation[place] == own.organisation,
        aliases=alias_history(own.store, number, own.organisation),
        held_mg=held[0] if held else 0,
        history=history,
        transfers=transfers.filter(pl.col("lot") == number),
        origins=origins_by_country(snapshot, own.law, index.lot_name[place]) if known else (),
    )


def give_alias(actor: Actor, own: OrganisationView, called: str, alias: str, *, now: datetime) -> None:
    """Gives a lot of the organisation the name that its buyers see from now on. Requires "own.file".

    Raises UnknownLotError, service.lots.aliases.AliasError.
    """
    actor.require("own.file", own.organisation)
    number = own.lot_of(called)
    if number is None or not is_filed_by(own.store, number, own.organisation):
        raise unknown_lot(called)
    with own.store.database.transaction():
        aliases.give_alias(
            own.store, own.organisation, lot=number, alias=alias.strip(), filed_at=now, by=actor.pseudonym or None
        )
        record_act(actor, "lot.alias", organisation=own.organisation, subject=called, facts={"alias": alias.strip()})


def unknown_lot(called: str) -> UnknownLotError:
    """What is said of a lot that the organisation does not know by this name."""
    return UnknownLotError(
        text("No filing of yours names a lot {called!r}. Find it in the list of your lots.", called=called)
    )


def origins_by_country(snapshot: Snapshot, law: Jurisdiction, lot: str) -> list[dict[str, Any]]:
    """The share of each origin in each element of a lot, by kind and country alone, the largest first.

    `lot`: canonical name. What the books do not explain is the last row (`origin_kind` "unaccounted").
    """
    sums: dict[tuple[str | None, str | None], dict[str, float]] = {}
    for row in origins_by_place(origins(snapshot.flow_index(), lot)):
        kind = row["origin_kind"]
        place = None if kind in _PLACELESS else law.country
        if kind == _IMPORTED:
            # As filed: what is no country could say whose it was.
            place = row["origin_place"] if len(row["origin_place"] or "") == _COUNTRY_LETTERS else None
        shares = sums.setdefault((kind, place), {})
        for symbol, share in row["booked_shares"].items():
            shares[symbol] = shares.get(symbol, 0.0) + share
    rows = [{"origin_kind": kind, "origin_place": place, **booked(shares)} for (kind, place), shares in sums.items()]
    return sorted(
        rows, key=lambda row: (row["origin_kind"] == UNACCOUNTED, -max(row["booked_shares"].values(), default=0))
    )
