"""Which elements goods contain at each holding: the mean of the lots that moved there, weighted by mass."""

from __future__ import annotations

import numpy as np
import polars as pl

from lodeline.material.element import SYMBOLS, TREO
from lodeline.material.mass import PPB
from lodeline.strategy.building.customers import Customers
from lodeline.strategy.building.edges import shares_of
from lodeline.strategy.building.routes import ROUTE
from lodeline.strategy.network import Floats


def content_of(
    holdings: pl.DataFrame, *, moved: pl.DataFrame, sent: pl.DataFrame, routes: pl.DataFrame, told: Customers,
    assays: pl.DataFrame,
) -> tuple[tuple[str, ...], Floats]:  # fmt: skip
    """Elements, and [holdings, elements] kg per kg of goods; of a holding of which no lot tells, that of its class.

    moved: rows of the window. sent: those of them that went along `routes`.
    """
    treo = SYMBOLS.index(TREO)
    gone = sent.filter("in_window").join(routes.select("route", *ROUTE), on=ROUTE)
    kg = pl.col("dry_mg").cast(pl.Float64)
    columns = ("site", "goods", "lot", "kg", "is_plant")
    arrived = gone.filter(pl.col("target") != "").with_columns(site="target", kg=kg, is_plant=pl.lit(False))
    sold = gone.join(shares_of(routes, told, "plant"), on="route").with_columns(
        site="plant", kg=kg * pl.col("part"), is_plant=~pl.col("plant").is_in(told.forwarding)
    )
    left = moved.with_columns(kg=kg, is_plant=pl.lit(False))
    touched = pl.concat([one.select(columns) for one in (left, arrived, sold)])
    weights = touched.join(holdings, on=["site", "goods", "is_plant"]).group_by("number", "lot").agg(pl.col("kg").sum())
    stating = assays.filter(pl.col("element") != treo)
    stated = weights.join(stating.select("lot").unique(), on="lot", how="semi")
    mixed = (
        stated.join(stating, on="lot")
        .group_by("number", "element")
        .agg(kg=(pl.col("kg") * pl.col("ppb")).sum() / PPB)
        .sort("number", "element")
    )
    present = sorted(mixed["element"].unique().to_list())
    found = np.zeros((len(holdings), len(present)))
    weight = (
        np.bincount(stated["number"].to_numpy(), stated["kg"].to_numpy(), len(holdings))
        if len(stated)
        else np.zeros(len(holdings))
    )
    column = {element: place for place, element in enumerate(present)}
    found[mixed["number"].to_numpy(), np.array([column[one] for one in mixed["element"].to_list()], np.int64)] = mixed[
        "kg"
    ].to_numpy()
    goods = holdings["goods"].to_list()
    of_class: dict[str, tuple[Floats, float]] = {}
    for number, name in enumerate(goods):
        mass, whole = of_class.get(name, (np.zeros(len(present)), 0.0))
        of_class[name] = (mass + found[number], whole + weight[number])
    for number, name in enumerate(goods):
        mass, whole = (found[number], weight[number]) if weight[number] > 0 else of_class[name]
        found[number] = mass / whole if whole > 0 else 0.0
    return tuple(SYMBOLS[one] for one in present), found
