"""Units of sites by their recipes, and of final customers' plants by what these need."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from lodeline.strategy.building.customers import Customers
from lodeline.strategy.building.plants import Plant
from lodeline.strategy.building.recipes import Recipes
from lodeline.strategy.figure import Basis
from lodeline.strategy.inputs.assumptions import assumption
from lodeline.strategy.network import ESSENTIAL, Ints, Units


def units_of(recipes: Recipes, told: Customers, holdings: pl.DataFrame, own_country: str) -> Units:
    """The units of sites in order, then those of plants: one for what a plant cannot do without, and one for each of
    its other inputs. holdings: `number`, `site`, `goods`, `is_plant`."""
    found = recipes.units
    at = holdings.filter(~pl.col("is_plant")).select("site", "goods", "number")
    sites = found.select("unit", "site")

    def placed(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.join(sites, on="unit", maintain_order="left").join(at, on=["site", "goods"], maintain_order="left")

    needs, outputs = placed(recipes.needs), placed(recipes.outputs)
    at_plants = holdings.filter("is_plant").select("site", "goods", "number")
    place = {(site, goods): number for site, goods, number in at_plants.iter_rows()}
    plants: list[tuple[str, Plant, list[str]]] = []
    for one in told.plants.values():
        bound = [goods for goods in sorted(one.needs) if goods not in one.apart]
        if bound:
            plants.append((one.id, one, bound))
        plants += [(f"{one.id}>{goods}", one, [goods]) for goods in sorted(one.apart & set(one.needs))]
    more = [(one, goods) for _, one, bound in plants for goods in bound]
    counts, made = (np.bincount(rows["unit"].to_numpy(), minlength=len(found)) for rows in (needs, outputs))
    several = len(plants)
    exact: Basis = "exact"
    assumed: Basis = "assumption"
    return Units(
        name=(*(found["site"] + ">" + found["main"]).to_list(), *(name for name, _, _ in plants)),
        organisation=(*found["organisation"].to_list(), *(one.organisation for _, one, _ in plants)),
        country=(*[own_country] * len(found), *(one.country for _, one, _ in plants)),
        is_plant=np.arange(len(found) + several) >= len(found),
        need_start=_starts([*counts.tolist(), *(len(bound) for _, _, bound in plants)]),
        need_holding=np.array(
            [*needs["number"].to_list(), *(place[one.id, goods] for one, goods in more)], np.int64
        ),
        need_rate=np.array([*needs["rate"].to_list(), *(one.needs[goods] for one, goods in more)], np.float64),
        need_group=np.array(
            [*needs["group"].to_list(), *(one.groups.get(goods, ESSENTIAL) for one, goods in more)], np.int64
        ),
        out_start=_starts([*made.tolist(), *[0] * several]),
        out_holding=np.array(outputs["number"].to_list(), np.int64),
        out_rate=np.array(outputs["rate"].to_list(), np.float64),
        most=np.array([*found["most"].to_list(), *[1.0 + assumption("spare_capacity").central] * several], np.float64),
        most_basis=(*[exact] * len(found), *[assumed] * several),
        stop_below=np.array([*[0.0] * len(found), *(one.stop_below for _, one, _ in plants)], np.float64),
        loss_per_day=np.array([*[np.nan] * len(found), *(one.loss_per_day for _, one, _ in plants)], np.float64),
        currency=(*[""] * len(found), *(one.currency for _, one, _ in plants)),
    )  # fmt: skip


def _starts(counts: Sequence[int]) -> Ints:
    return np.concatenate(([0], np.cumsum(np.array(counts, np.int64)))).astype(np.int64)
