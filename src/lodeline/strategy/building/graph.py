"""The network of a base window: holdings, edges and units, from the rows of the ledger that are in force.

Goods that change their owner where they lie do not move: titles are left out. What the books of the window do not
explain is the residual of a holding, kept and shown; a final customer's plant has none. Pure: frames in, arrays out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from lodeline.strategy.building import edges as edging
from lodeline.strategy.building import remarks
from lodeline.strategy.building.content import content_of
from lodeline.strategy.building.customers import Customers, customers
from lodeline.strategy.building.goods import MG, classes, with_goods
from lodeline.strategy.building.holdings import holdings_of, numbered
from lodeline.strategy.building.names import Names
from lodeline.strategy.building.plants import Delivery
from lodeline.strategy.building.recipes import Recipes, recipes
from lodeline.strategy.building.routes import routes_of, sent_rows, with_users
from lodeline.strategy.building.stock import stock
from lodeline.strategy.building.told import Tables
from lodeline.strategy.building.underway import arrivals, transits
from lodeline.strategy.building.units import units_of
from lodeline.strategy.building.window import Window, window_of
from lodeline.strategy.network import Network, Note

#: Columns that lines must have: of `ledger.movement.LINE`, and of TRADE beside them.
LINES: Final = (
    "line", "organisation", "event", "kind", "role", "on", "site", "lot", "dry_mg", "origin_kind", "origin_place",
    "party", "counterparty_country", "to_site", "location", "destination",
)  # fmt: skip
TRADED: Final = ("value", "currency", "control_item", "hs_code", "end_user_name", "end_user_country", "end_use")


def build(
    lines: pl.DataFrame, lots: pl.DataFrame, assays: pl.DataFrame, sites: pl.DataFrame, transfers: pl.DataFrame, *,
    base_from: str, base_to: str, own_country: str, countries: Mapping[str, str], names: Mapping[str, str],
    tables: Tables | None = None, vintage: str = "", is_synthetic: bool = False, steady: bool = False,
) -> Network:  # fmt: skip
    """The network of the months from `base_from` to `base_to`.

    lines: those in force, columns LINES and TRADED. lots: `lot`, `product`. assays: `lot`, `element` (row of SYMBOLS),
    `ppb`. sites: of the register. transfers: `shipment_line`, `receipt_line`. countries: organisation → country.
    names: name, folded → party. tables: `inputs.tables.Inputs`. steady: goods under way as in the base window, and not
    as filed. Raises UserError for a window that is none, has no rows, or goes beyond them.
    """
    window = window_of(lines, base_from, base_to)
    lots = classes(lots, assays)
    places = sites.select(
        site="id", holder="organisation", stage="stage", capacity=pl.col("capacity_mg_per_month") / MG
    )
    until = lines.filter(pl.col("on") <= window.last)
    inside = until.filter(pl.col("on") >= window.first)
    moved = with_goods(
        inside.filter(pl.col("kind").is_in(["transformation", "shipment", "export", "origin", "loss"])), lots
    )
    found = recipes(
        moved.filter(pl.col("kind") == "transformation").select(
            "organisation", "event", "site", "role", "goods", kg=pl.col("dry_mg") / MG,
            month=pl.col("on").dt.strftime("%Y-%m"),
        ),
        places, days=window.days, months=window.months,
    )  # fmt: skip
    names_meant = Names(names)
    sent = with_users(
        sent_rows(
            moved, until, lots=lots, places=places, transfers=transfers, window=window, own_country=own_country,
            countries=countries,
        ),
        names_meant,
    )  # fmt: skip
    routes = routes_of(sent)
    told = _customers(routes, tables, names_meant, countries=countries, places=places, window=window)
    lying = stock(until, lots)
    edges = edging.edges_of(
        routes, told, places=places, moved=moved, days=window.days, own_country=own_country
    )  # fmt: skip
    holdings = numbered(lying, edges, moved, found, told)
    edges = _between(edges, holdings)
    own = edges.filter(pl.col("source") == pl.col("target"))
    edges = edges.filter(pl.col("source") != pl.col("target"))
    units = units_of(found, told, holdings, own_country)
    under_way = transits(edges, routes, told, own_country)
    flows = edging.arrays(edges, units, under_way, len(holdings), own_country)
    elements, content = content_of(holdings, moved=moved, sent=sent, routes=routes, told=told, assays=assays)
    held, of_stock = holdings_of(
        holdings, flows, units, content=content, stock=lying, moved=moved, told=told, places=places,
        countries=countries, own_country=own_country, days=window.days,
    )  # fmt: skip
    return Network(
        elements=elements, holdings=held, edges=flows, units=units, vintage=vintage, window=(base_from, base_to),
        is_synthetic=is_synthetic,
        arrivals=None if steady else arrivals(
            edges, under_way[0], sent=sent, routes=routes, told=told, last=window.last
        ),
        notes=(*names_meant.notes(), *told.notes, *_odd(own, window.days, found), *of_stock),
    )  # fmt: skip


def _customers(
    routes: pl.DataFrame, tables: Tables | None, names: Names, *, countries: Mapping[str, str], places: pl.DataFrame,
    window: Window,
) -> Customers:  # fmt: skip
    rows = routes.filter(pl.col("target") == "").select("site", "goods", "user", "country", "mg")
    deliveries = [
        Delivery(site=site, goods=goods, user=user, country=country, rate=mg / MG / window.days)
        for site, goods, user, country, mg in rows.iter_rows()
    ]
    holders = dict(places.select("site", "holder").iter_rows())
    return customers(deliveries, tables, names, homes=countries, holders=holders, on=window.last)


def _between(edges: pl.DataFrame, holdings: pl.DataFrame) -> pl.DataFrame:
    """The edges with `source` and `target`, the numbers of their holdings."""
    for end, number in (("from", "source"), ("to", "target")):
        keys = {f"{end}_site": "site", "goods": "goods", f"{end}_plant": "is_plant"}
        edges = edges.join(
            holdings.select(**keys, **{number: "number"}), on=list(keys), how="left", maintain_order="left"
        )
    return edges


def _odd(own: pl.DataFrame, days: int, found: Recipes) -> list[Note]:
    """Of flows from a site to itself, and of recipes."""
    notes = []
    if own.height:
        notes.append(remarks.self_sold(own.height, float(own["flow"].sum()) * days))
    if found.without:
        notes.append(remarks.without_recipe(found.without, found.without_kg))
    if below := int(found.units["below"].sum()):
        notes.append(remarks.below_use(below))
    if found.units["by_register"].any():
        notes.append(remarks.MAIN_PRODUCT)
    return notes
