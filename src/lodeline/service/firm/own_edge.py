"""What a firm's own books and papers say, as guesses about its rows may use it: nothing of anybody else's."""

from __future__ import annotations

from datetime import date
from typing import Final

import polars as pl

from lodeline.filing.mending.guesses import USUAL_LOTS, Edge, bare
from lodeline.service.firm.acceptance import open_shipments
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.store.queries.filing import newest_parties

_MAKING: Final = ("origin", "transformation")


def own_edge(own: OrganisationView, *, on: date, books: bool = True) -> Edge:
    """The edge of a firm on a day. `books` False leaves out what its lots weigh: a month that is filed again has moved
    them already."""
    lots, waiting = own.lots(), open_shipments(own, on=on)
    mine = own.organisation + "/"
    called = {int(lot): str(name).removeprefix(mine) for lot, name in lots.select("lot", "called").iter_rows()}
    aliases = {str(alias) for alias in lots["alias"].drop_nulls()}
    held = {called[lot] for lot, mass in lots.select("lot", "held_mg").iter_rows() if mass > 0}
    sent: dict[str, list[int]] = {}
    for lot, net_mg in waiting.select("lot", "net_mg").iter_rows():
        sent.setdefault(str(lot).removeprefix(mine), []).append(int(net_mg))
    texts = [*called.values(), *sent, *aliases]
    return Edge(
        known=frozenset(one for text in texts for one in (text, bare(text), mine + text)),
        held=frozenset(held),
        sent=sent,
        books=_books(own, called) if books else {},
        made=_made(own) if books else {},
        names={name: own.register.party_of.get(party or name, party or name) for party, name in _parties(own)},
        registered=own.register.organisation_by_name,
    )


def _parties(own: OrganisationView) -> list[tuple[str | None, str]]:
    return sorted((party, name) for party, name in newest_parties(own.store, own.organisation) if name is not None)


def _books(own: OrganisationView, called: dict[int, str]) -> dict[tuple[str, str], int]:
    """(site, bare id) → dry mass in book; an id that two lots at a site have says nothing."""
    found: dict[tuple[str, str], int] = {}
    lots: dict[tuple[str, str], int] = {}
    held = own.store.books.held_at(own.sites["id"].to_list())
    for site, lot, mass in held.select("site", "lot", "mass_mg").iter_rows():
        if lot not in called:
            continue
        key = (str(site), bare(called[lot]))
        found[key] = found.get(key, 0) + int(mass) if lots.setdefault(key, lot) == lot else 0
    return found


def _made(own: OrganisationView) -> dict[str, tuple[int, int]]:
    masses = own.store.books.earlier_masses(own.organisation)
    usual = (
        masses.filter(pl.col("kind").is_in(_MAKING), pl.col("product").is_not_null(), pl.col("mass_mg") > 0)
        .group_by("product")
        .agg(pl.len().alias("n"), pl.col("mass_mg").min().alias("least"), pl.col("mass_mg").max().alias("most"))
        .filter(pl.col("n") >= USUAL_LOTS)
    )
    return {product: (least, most) for product, least, most in usual.select("product", "least", "most").iter_rows()}
