"""Holdings: goods of a class at a site or a plant, numbered, with what lies there and what comes in from nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from lodeline.strategy.building import remarks
from lodeline.strategy.building.customers import Customers
from lodeline.strategy.building.goods import MG, ORIGINS
from lodeline.strategy.building.recipes import Recipes
from lodeline.strategy.network import Edges, Floats, Holdings, Note, Units, flows_of

#: What a holding keeps to work with, in days of what goes through it (assumption).
_FLOOR_DAYS: Final = 1.0
#: Stock of a supplier outside the ledger: nobody knows what it can send in the long run (assumption).
_OUTSIDE_DAYS: Final = 3660


def numbered(
    stock: pl.DataFrame, edges: pl.DataFrame, moved: pl.DataFrame, recipes: Recipes, told: Customers
) -> pl.DataFrame:
    """Every holding once, in order: `number`, `site`, `goods`, `is_plant`."""
    at_site = pl.lit(False)
    units = recipes.units.select("unit", "site")
    used = pl.concat([one.select("unit", "goods") for one in (recipes.needs, recipes.outputs)])
    named = [
        edges.select("goods", site="from_site", is_plant="from_plant"),
        edges.select("goods", site="to_site", is_plant="to_plant"),
        moved.filter(ORIGINS | (pl.col("kind") == "loss")).select("goods", "site", is_plant=at_site),
        stock.filter(pl.col("stock_kg") > 0).select("goods", "site", is_plant=at_site),
        used.join(units, on="unit").select("goods", "site", is_plant=at_site),
        pl.DataFrame(
            [(goods, one.id, True) for one in told.plants.values() for goods in one.needs],
            schema={"goods": pl.String, "site": pl.String, "is_plant": pl.Boolean}, orient="row",
        ),
    ]  # fmt: skip
    columns = ("site", "goods", "is_plant")
    return (
        pl.concat([one.select(columns) for one in named])
        .unique()
        .sort("is_plant", "site", "goods")
        .with_columns(number=pl.int_range(pl.len(), dtype=pl.Int64))
    )


def holdings_of(
    holdings: pl.DataFrame, edges: Edges, units: Units, *, content: Floats, stock: pl.DataFrame, moved: pl.DataFrame,
    told: Customers, places: pl.DataFrame, countries: Mapping[str, str], own_country: str, days: int,
) -> tuple[Holdings, list[Note]]:  # fmt: skip
    """Holdings in the order of their numbers, and what to know of them.

    stock: `stock.stock`. moved: rows of the window of `days`. places: `site`, `holder`. countries: organisation →
    country.
    """
    count = len(holdings)
    is_plant = holdings["is_plant"].to_numpy()
    at = holdings.filter(~pl.col("is_plant")).select("site", "goods", "number")

    def rate(rows: pl.DataFrame) -> Floats:
        sums = rows.group_by("site", "goods").agg(pl.col("dry_mg").sum()).join(at, on=["site", "goods"])
        found = np.zeros(count)
        found[sums["number"].to_numpy()] = sums["dry_mg"].to_numpy() / MG / days
        return found

    origin = rate(moved.filter(ORIGINS))
    lost = rate(moved.filter(pl.col("kind") == "loss"))
    out, into = flows_of(edges, units, count)
    sites, goods = holdings["site"].to_list(), holdings["goods"].to_list()
    passing = np.array([key in told.forwarders for key in zip(sites, goods, strict=True)], np.bool_)
    # What a supplier sends of whom no row of the ledger tells comes from nowhere.
    untold = edges.source[~edges.is_filed]
    outside = np.zeros(count, np.bool_)
    outside[untold] = True
    outside &= ~passing
    origin = np.where(outside, out, origin)
    # What a plant needs, or a forwarder passes on, is by definition what comes in; the rest is rounding.
    residual = np.where(is_plant | outside | passing, 0.0, out - into - origin)
    through = np.maximum(out, into + origin)
    level, basis = np.zeros(count), np.full(count, "exact", dtype=object)
    lying = stock.join(at, on=["site", "goods"])
    level[lying["number"].to_numpy()] = lying["stock_kg"].to_numpy()
    basis[lying["number"].to_numpy()] = lying["basis"].to_numpy()
    floor = np.where(is_plant | outside, 0.0, through * _FLOOR_DAYS)
    raised = ~is_plant & ~outside & (level < floor)
    level[raised], basis[raised] = floor[raised], "assumption"
    for number in np.flatnonzero(is_plant).tolist():
        plant = told.plants[sites[number]]
        kept, rests_on = plant.stock_days.get(goods[number], (0.0, "assumption"))
        level[number], basis[number] = kept * plant.needs.get(goods[number], 0.0), rests_on
    most = np.bincount(untold, edges.most[~edges.is_filed], count)
    level[outside], basis[outside] = most[outside] * _OUTSIDE_DAYS, "assumption"
    notes = [remarks.stock_raised(int(raised.sum()), count)] if raised.any() else []
    idle = int(((through <= 0) & ~is_plant).sum())
    notes += [remarks.idle(idle)] if idle else []
    firm_of = dict(places.select("site", "holder").iter_rows())
    organisation, country = [], []
    for site, one, is_a_plant, away in zip(sites, goods, is_plant.tolist(), outside.tolist(), strict=True):
        if holder := told.holder(site, one, is_a_plant):
            firm, where = holder.organisation, holder.country
        else:
            firm = firm_of.get(site, site)
            where = countries.get(firm, "" if away else own_country)
        organisation.append(firm)
        country.append(where)
    return Holdings(
        site=tuple(sites), organisation=tuple(organisation), goods=tuple(goods), country=tuple(country),
        is_plant=is_plant, level_kg=level, level_basis=tuple(basis.tolist()), origin=origin, residual=residual,
        floor_kg=floor, lost=lost, content=content, imported=_imported(moved, at, count),
    ), notes  # fmt: skip


def _imported(moved: pl.DataFrame, at: pl.DataFrame, count: int) -> tuple[Mapping[str, float], ...]:
    """Of each holding, country → share of its origins that was imported from there."""
    country = pl.when(pl.col("origin_kind") == "imported").then(pl.col("origin_place").str.slice(0, 2))
    rows = (
        moved.filter(ORIGINS)
        .group_by("site", "goods", country=country)
        .agg(mg=pl.col("dry_mg").sum())
        .with_columns(share=pl.col("mg") / pl.col("mg").sum().over("site", "goods"))
        .filter(pl.col("country").is_not_null(), pl.col("mg") > 0)
        .join(at, on=["site", "goods"])
        .sort("number", "country")
    )
    found: list[dict[str, float]] = [{} for _ in range(count)]
    for number, name, share in rows.select("number", "country", "share").iter_rows():
        found[number][name] = share
    return tuple(found)
