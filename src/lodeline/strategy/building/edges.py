"""Who sends what to whom: the edges of a base window of filed routes, and of what tables tell."""

from __future__ import annotations

import numpy as np
import polars as pl

from lodeline.strategy.building.customers import Customers
from lodeline.strategy.building.goods import MG
from lodeline.strategy.building.plants import Supply
from lodeline.strategy.building.underway import Transits
from lodeline.strategy.inputs.assumptions import assumption
from lodeline.strategy.network import Edges, Units


def edges_of(
    routes: pl.DataFrame, told: Customers, *, places: pl.DataFrame, moved: pl.DataFrame, days: int, own_country: str
) -> pl.DataFrame:
    """An edge a row: `from_site`, `goods`, `to_site`, which are plants, `flow`, what was filed, and the country that it
    `ends_in`; in order.

    moved: rows of the window. days: of the window. What tables tell has no `route`; `most` is null but for these.
    """
    flow = pl.col("mg") / MG / days
    chain = routes.filter(pl.col("target") != "").with_columns(to_site="target", part=pl.lit(1.0))
    final = routes.filter(pl.col("target") == "")
    passed_on = pl.col("to_site").is_in(told.forwarding)
    sold = final.join(shares_of(routes, told, "to_site"), on="route", how="inner", maintain_order="left")
    filed = pl.concat([chain.select(*sold.columns), sold]).select(
        "route", "part", from_site="site", from_plant=pl.lit(False), goods="goods", to_site="to_site",
        to_plant=(pl.col("target") == "") & ~passed_on, flow=flow * pl.col("part"),
        most=pl.lit(None, pl.Float64), transit="transit", told=pl.lit(None, pl.Int64), qualified_from=pl.lit(0),
        is_filed=pl.lit(True), value_per_kg="value_per_kg",
        currency="currency", end_use="end_use", hs_code="hs_code", items="items",
        end_user=pl.when(pl.col("target") == "").then(pl.coalesce("called", "user")).otherwise(pl.lit("")),
    )  # fmt: skip
    others = _supplies(told, places, moved)
    edges = filed if others is None else pl.concat([filed, others.select(filed.columns)])
    ends = [
        holder.country if (holder := told.holder(*to)) else own_country
        for to in edges.select("to_site", "goods", "to_plant").iter_rows()
    ]
    return edges.with_columns(ends_in=pl.Series(ends, dtype=pl.String))


def shares_of(routes: pl.DataFrame, told: Customers, plant: str) -> pl.DataFrame:
    """`route`, `plant` under this name, `part`: who of an end user gets what goes to it."""
    numbers = routes.filter(pl.col("target") == "")["route"].to_list()
    parts = [
        (number, name, part)
        for number, shares in zip(numbers, told.shares, strict=True) for name, part in shares
    ]  # fmt: skip
    return pl.DataFrame(
        parts, schema={"route": pl.get_index_type(), plant: pl.String, "part": pl.Float64}, orient="row"
    )


def _supplies(told: Customers, places: pl.DataFrame, moved: pl.DataFrame) -> pl.DataFrame | None:
    """What plants buy of forwarders, and of suppliers of whom no row tells; a firm of the register stands by with
    what it holds."""
    if not told.supplies:
        return None
    sites_of: dict[str, list[str]] = {}
    for site, holder in places.select("site", "holder").iter_rows():
        sites_of.setdefault(holder, []).append(site)
    held = set(moved.select("site", "goods").unique().iter_rows())

    def source(one: Supply) -> tuple[str, bool]:
        own = [site for site in sites_of.get(one.supplier, []) if (site, one.goods) in held]
        return (own[0], True) if own else (one.supplier, False)

    rows = [
        {"from_site": source(one)[0], "goods": one.goods, "to_site": one.plant, "flow": one.rate, "most": one.most,
         "qualified_from": one.qualified_from, "is_filed": source(one)[1], "told": one.transit}
        for one in told.supplies
    ]  # fmt: skip
    given = pl.DataFrame(
        rows,
        schema={"from_site": pl.String, "goods": pl.String, "to_site": pl.String, "flow": pl.Float64,
                "most": pl.Float64, "qualified_from": pl.Int32, "is_filed": pl.Boolean, "told": pl.Int64},
    )  # fmt: skip
    nothing = pl.lit("")
    return given.with_columns(
        route=pl.lit(None, pl.get_index_type()), part=pl.lit(1.0), from_plant=pl.lit(False), to_plant=pl.lit(True),
        transit=pl.lit(None, pl.Float64), value_per_kg=pl.lit(None, pl.Float64), currency=pl.lit(None, pl.String),
        end_use=nothing, hs_code=nothing, items=nothing, end_user=pl.col("to_site"),
    )  # fmt: skip


def arrays(edges: pl.DataFrame, units: Units, transits: Transits, holdings: int, own_country: str) -> Edges:
    """Edges with `source` and `target` between so many numbered holdings as arrays, in their order."""
    transit, bases = transits
    flow = edges["flow"].to_numpy()
    # What a supplier can send beyond the usual: as much more as its unit can make; else assumed.
    spare = np.full(holdings, 1 + assumption("spare_capacity").central)
    made_by = np.repeat(np.arange(len(units)), np.diff(units.out_start))
    if len(made_by):
        best = np.zeros(holdings)
        np.maximum.at(best, units.out_holding, units.most[made_by])
        spare = np.where(best > 0, best, spare)
    most = edges["most"].to_numpy()
    most = np.where(np.isnan(most), flow * spare[edges["source"].to_numpy()], most)
    border = edges.select((pl.col("ends_in") != own_country) & pl.col("is_filed")).to_series().to_numpy()
    filed = ("end_user", "end_use", "hs_code", "items", "currency")
    return Edges(
        source=edges["source"].to_numpy(), target=edges["target"].to_numpy(), flow=flow, most=most, transit=transit,
        transit_basis=bases, rank=border.astype(np.int64),
        qualified_from=edges["qualified_from"].cast(pl.Int64).to_numpy(),
        held_kg=np.zeros(len(edges)), value_per_kg=edges["value_per_kg"].fill_null(float("nan")).to_numpy(),
        border=border, is_filed=edges["is_filed"].to_numpy(),
        **{one: tuple(edges[one].fill_null("").to_list()) for one in filed},
    )  # fmt: skip
