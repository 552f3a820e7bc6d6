"""How long goods are under way on each edge, and what is under way when the base window ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Final

import numpy as np
import polars as pl

from lodeline.strategy.building.customers import Customers
from lodeline.strategy.building.goods import MG
from lodeline.strategy.building.plants import Plant
from lodeline.strategy.building.routes import ROUTE
from lodeline.strategy.figure import Basis
from lodeline.strategy.inputs.assumptions import assumption
from lodeline.strategy.network import Floats, Ints
from lodeline.tables import table_rows

#: Days of transit at home where no receipt says (assumption).
_AT_HOME_DAYS: Final = 4
#: Whole days under way of each edge, and what they rest on.
Transits = tuple[Ints, tuple[Basis, ...]]


def transits(edges: pl.DataFrame, routes: pl.DataFrame, told: Customers, own_country: str) -> Transits:
    """As matched, else as a plant or a supplier's row told, else assumed."""
    matched = routes.filter(pl.col("transit").is_not_null())["transit"].median()
    home = round(float(matched)) if isinstance(matched, int | float) else _AT_HOME_DAYS
    days, bases = [], []
    rows = edges.select("goods", "to_site", "to_plant", "ends_in", "transit", "told")
    for goods, site, is_plant, country, median, of_supplier in rows.iter_rows():
        to = told.holder(site, goods, is_plant)
        stated = to.transit.get(goods) if isinstance(to, Plant) else to.transit if to else None
        if of_supplier is not None:
            stated = of_supplier
        basis: Basis = "assumption"
        if median is not None:
            found, basis = round(median), "exact"
        elif stated is not None:
            found = stated
        else:
            found = home if country == own_country else _assumed(country)
        days.append(max(1, found))
        bases.append(basis)
    return np.array(days, np.int64), tuple(bases)


def arrivals(
    edges: pl.DataFrame, transit: Ints, *, sent: pl.DataFrame, routes: pl.DataFrame, told: Customers, last: date
) -> Floats:
    """[edges, days]: what was sent to customers by the last day of the window and comes after it.

    On its way between sites, and of what no row tells, is as much as on any day: who makes goods lives by lots that
    come every few days from many, and a month's end says little of the next week.
    """
    found = np.zeros((len(edges), int(transit.max(initial=1))))
    numbered = edges.with_columns(edge=pl.int_range(pl.len(), dtype=pl.Int64), days=pl.Series(transit))
    to_customer = pl.col("to_plant") | pl.col("to_site").is_in(told.forwarding)
    to_customers = numbered.filter(pl.col("route").is_not_null() & to_customer)
    filed = routes.select("route", *ROUTE).join(
        to_customers.select("route", "edge", "part", "days"), on="route"
    )  # fmt: skip
    end = pl.lit(last)
    gone = (end - pl.col("on")).dt.total_days()
    under = (
        sent.filter(pl.col("arrived").is_null() | (pl.col("arrived") > end))
        .join(filed, on=ROUTE)
        .with_columns(left=pl.col("days") - gone)
        .filter(pl.col("left") > 0)
        .group_by("edge", "left")
        .agg(kg=(pl.col("dry_mg") * pl.col("part")).sum() / MG)
    )
    # Day 0 is the day after the window.
    found[under["edge"].to_numpy(), under["left"].to_numpy() - 1] = under["kg"].to_numpy()
    steady = numbered.filter(pl.col("route").is_null() | ~to_customer).select("edge", "flow", "days")
    for edge, rate, away in steady.iter_rows():
        found[edge, :away] = rate
    return found


def _assumed(country: str) -> int:
    """Whole days under way to a country of which nobody tells: an assumption."""
    return round(assumption(_transit_keys().get(country, "transit_days_sea")).central)


@cache
def _transit_keys() -> Mapping[str, str]:
    return {row["country"]: row["assumption"] for row in table_rows("reference/strategy_transit.csv")}
