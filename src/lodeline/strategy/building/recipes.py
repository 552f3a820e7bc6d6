"""Recipes: what each unit takes and makes, from the transformations that were filed in a base window.

A unit is a site with one main output. An event belongs to the unit of that output of its own of which the site makes
most. An input that is in nearly every event is essential; the others stand in for each other. Who separates or recycles
takes whatever feed there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from lodeline.material.product import PRODUCTS
from lodeline.strategy.network import ESSENTIAL

#: The part of a unit's events in which an input is, from which on it is essential.
IN_NEARLY_ALL: Final = 0.9
#: Where feeds stand in for each other: stages of a site, and of its main product.
_ANY_FEED_SITES: Final = ("separation", "recycling")
_ANY_FEED: Final = tuple(sorted(kind for kind, one in PRODUCTS.items() if one.stage == "separation"))
_EVENT: Final = ("organisation", "event")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipes:
    """Units and what they take and make, rates in kg a day.

    units: `unit` (from 0, in the order of `site` and `main`), `organisation`, `most`, `by_register` (whether `most` is
    from a capacity in the register), `below` (whether that is below what was made).
    needs: `unit`, `goods`, `rate`, `group`. outputs: `unit`, `goods`, `rate`. Both in the order of unit and goods.
    without: events that took and made nothing, or made of nothing; `without_kg` of goods in them.
    """

    units: pl.DataFrame
    needs: pl.DataFrame
    outputs: pl.DataFrame
    without: int
    without_kg: float


def recipes(rows: pl.DataFrame, sites: pl.DataFrame, *, days: int, months: int) -> Recipes:
    """The recipes of transformations.

    rows: those of the base window, `organisation`, `event`, `site`, `role` (`in`, `out`, `waste`), `goods`, `kg`,
    `month`. sites: `site`, `stage`, `capacity` (kg of the main product a month, null where not registered).
    """
    is_in = pl.col("role") == "in"
    events = (
        rows.group_by(_EVENT)
        .agg(has_in=is_in.any(), has_out=(~is_in).any(), kg=pl.col("kg").sum())
        .with_row_index("place")
    )
    whole = events.filter("has_in", "has_out").select(*_EVENT, "place")
    rest = events.filter(~(pl.col("has_in") & pl.col("has_out")))
    rows = rows.join(whole, on=_EVENT).select("place", "organisation", "site", "role", "goods", "kg", "month")
    made, taken = rows.filter(pl.col("role") != "in"), rows.filter(pl.col("role") == "in")
    # Products come before waste, then what the site makes most of.
    order = (
        made.group_by("site", "goods")
        .agg(product_kg=pl.col("kg").filter(pl.col("role") == "out").sum(), kg=pl.col("kg").sum())
        .sort("product_kg", "kg", "site", "goods", descending=[True, True, False, False])
        .with_row_index("order")
        .select("order", "site", main="goods")
    )
    main_of = (
        made.select("place", "site", "goods")
        .join(order, left_on=["site", "goods"], right_on=["site", "main"])
        .group_by("place")
        .agg(pl.col("order").min())
    )
    per_event = main_of.join(order, on="order")
    holders = made.group_by("site").agg(pl.col("organisation").sort().first())
    found = (per_event.group_by("site", "main").agg(events=pl.len()).sort("site", "main").with_row_index("unit")).join(
        holders, on="site", how="left", maintain_order="left"
    )
    unit_of = per_event.join(found.select("unit", "site", "main"), on=["site", "main"]).select("place", "unit")
    made, taken = made.join(unit_of, on="place"), taken.join(unit_of, on="place")
    needs = _needs(taken, found, sites, days)
    outputs = made.group_by("unit", "goods").agg(rate=pl.col("kg").sum() / days).sort("unit", "goods")
    return Recipes(
        units=_capacities(found, made, outputs, sites, days=days, months=months), needs=needs, outputs=outputs,
        without=rest.height, without_kg=float(rest["kg"].sum()),
    )  # fmt: skip


def _needs(taken: pl.DataFrame, units: pl.DataFrame, sites: pl.DataFrame, days: int) -> pl.DataFrame:
    stage = sites.select("site", "stage")
    kind = pl.col("main").str.replace(r"\+.*$", "").str.split(":").list.first()
    about = units.join(stage, on="site", how="left", maintain_order="left").select(
        "unit", "events", any_feed=pl.col("stage").is_in(_ANY_FEED_SITES).fill_null(False) | kind.is_in(_ANY_FEED)
    )
    essential = (pl.col("present") >= IN_NEARLY_ALL * pl.col("events")) & ~pl.col("any_feed")
    return (
        taken.group_by("unit", "goods")
        .agg(rate=pl.col("kg").sum() / days, present=pl.col("place").n_unique())
        .filter(pl.col("rate") > 0)
        .join(about, on="unit")
        .with_columns(group=pl.when(essential).then(pl.lit(ESSENTIAL)).otherwise(pl.lit(0)).cast(pl.Int64))
        .sort("unit", "goods")
        .select("unit", "goods", "rate", "group")
    )


def _capacities(
    units: pl.DataFrame, made: pl.DataFrame, outputs: pl.DataFrame, sites: pl.DataFrame, *, days: int, months: int
) -> pl.DataFrame:
    """The units with `most`: by the register for those that make a site's main product, else by their best month."""
    kind = pl.col("main").str.replace(r"\+.*$", "").str.split(":").list.first()
    rates = units.join(
        outputs.rename({"goods": "main"}), on=["unit", "main"], how="left", maintain_order="left"
    ).with_columns(pl.col("rate").fill_null(0.0), kind=kind)  # fmt: skip
    of_kind = rates.group_by("site", "kind").agg(site_rate=pl.col("rate").sum())
    main_kind = of_kind.sort("site_rate", "kind", descending=[True, False]).unique("site", keep="first")
    best = (
        made.join(units.select("unit", "main"), on="unit")
        .filter(pl.col("goods") == pl.col("main"))
        .group_by("unit", "month").agg(pl.col("kg").sum())
        .group_by("unit").agg(best=pl.col("kg").max())
    )  # fmt: skip
    by_register = pl.col("capacity").is_not_null() & (pl.col("site_rate") > 0)
    ratio = pl.col("capacity") * months / days / pl.col("site_rate")
    return (
        rates.join(main_kind, on=["site", "kind"], how="left", maintain_order="left")
        .join(sites.select("site", "capacity"), on="site", how="left", maintain_order="left")
        .join(best, on="unit", how="left", maintain_order="left")
        .with_columns(
            by_register=by_register.fill_null(False),
            ratio=pl.when(by_register).then(ratio)
            .when(pl.col("rate") > 0).then(pl.col("best") * months / days / pl.col("rate")),
        )
        .select(
            "unit", "site", "main", "organisation", "by_register",
            below=pl.col("by_register") & (pl.col("ratio") < 1), most=pl.max_horizontal(pl.lit(1.0), "ratio"),
        )
    )  # fmt: skip
