"""Which counts speak for a whole site: a physical inventory exists only where nothing held was left uncounted.

A count that names a location or a product speaks for the lots inside it and for nothing else. Such partial
counts make a physical inventory of the site on the day when together they cover every lot. A lot of which the book
holds no more than what scales leave of the mass that passed through it is spent: nobody finds it to count it.
"""

from __future__ import annotations

import math
from typing import Final

import polars as pl

from lodeline.accountancy.uncertainty import default_weighing

#: What weighing leaves of a lot that was drawn to its end, as a part of the most that was there: three standard
#: deviations of a mass that was weighed with the default method as it came and as it went.
SPENT_SHARE: Final = 3 * math.sqrt(2) * default_weighing()
_LOT = ["area", "lot"]
_DAY = ["area", "on"]


def inventory_days(
    *, movements: pl.DataFrame, counts: pl.DataFrame, scopes: pl.DataFrame, named: list[pl.DataFrame]
) -> pl.DataFrame:
    """The days at whose end a site's physical inventory is known: columns `area`, `on`, sorted.

    Parameters: frames as in `frames`, with the site's number `area` (u32), without titles; `named` are frames with
    `lot`, `product`, `seq`, the first of which says what a lot is: a receiver need not repeat what the maker filed.
    A day qualifies with a whole-site scope, or when each lot that the book holds (more than SPENT_SHARE of the most
    that was there) or that was counted is covered by the partial scopes of that day.
    """
    whole_site = pl.col("location").is_null() & pl.col("product").is_null()
    whole = scopes.filter(whole_site).select(_DAY).unique()
    partial = scopes.select(_DAY).unique().join(whole, on=_DAY, how="anti")
    if partial.is_empty():
        return whole.sort(_DAY)
    # Only sites that ever count in part need the lot-by-lot question.
    here = partial.select("area").unique()
    candidates = _candidates(
        movements.join(here, on="area", how="semi"),
        counts.join(here, on="area", how="semi"),
        scopes.join(here, on="area", how="semi"),
        _products(named),
    )
    held = pl.col("book_mg") > SPENT_SHARE * pl.col("most_mg")
    open_days = candidates.filter(~pl.col("covered") & (held | pl.col("listed")))
    return pl.concat([whole, partial.join(open_days, on=_DAY, how="anti")]).sort(_DAY)


def _products(named: list[pl.DataFrame]) -> pl.DataFrame:
    """`lot`, `product` as first filed, anywhere."""
    rows = pl.concat([frame.select("lot", "product", "seq") for frame in named]).drop_nulls("product")
    return rows.sort("seq", maintain_order=True).group_by("lot").agg(pl.col("product").first())


def _candidates(
    movements: pl.DataFrame, counts: pl.DataFrame, scopes: pl.DataFrame, products: pl.DataFrame
) -> pl.DataFrame:
    """One row per lot and scope day of its site: `area`, `lot`, `on`, `listed`, `covered`, `book_mg` before the count,
    `most_mg` (the most that came in or was counted of the lot until then).

    The book of a lot starts anew at each count that covers it, so a lot that an earlier count found gone
    is no longer held.
    """
    acts = pl.concat([frame.select([*_LOT, "on"]) for frame in (movements, counts)])
    lots = acts.group_by(_LOT).agg(pl.col("on").min().alias("first_on")).join(products, on="lot", how="left")
    listing = counts.group_by([*_LOT, "on"]).agg(pl.col("mass_mg").sum(), pl.lit(True).alias("listed"))
    rows = (
        scopes.select(_DAY)
        .unique()
        .join(lots, on="area")
        .filter(pl.col("on") >= pl.col("first_on"))
        .join(listing, on=[*_LOT, "on"], how="left")
        .with_columns(pl.col("mass_mg").fill_null(0), pl.col("listed").fill_null(False))
        .sort("on")
    )
    running = (
        movements.group_by([*_LOT, "on"])
        .agg(
            (pl.col("delta_mg") + pl.col("unaccounted_mg")).sum().alias("moved_mg"),
            came_mg=pl.col("delta_mg").clip(lower_bound=0).sum(),
        )
        .sort("on")
        .with_columns(pl.col("moved_mg", "came_mg").cum_sum().over(_LOT, order_by="on"))
    )
    rows = rows.join_asof(running, on="on", by=_LOT, check_sortedness=False)
    rows = rows.with_columns(pl.col("moved_mg", "came_mg").fill_null(0)).join(
        _covered(rows, counts, scopes), on=[*_LOT, "on"]
    )
    counted_anew = pl.when("covered").then(pl.col("mass_mg") - pl.col("moved_mg"))
    start = counted_anew.forward_fill().shift(1).over(_LOT, order_by="on").fill_null(0)
    most = pl.max_horizontal("came_mg", pl.col("mass_mg").cum_max().over(_LOT, order_by="on"))
    return rows.with_columns(book_mg=pl.col("moved_mg") + start, most_mg=most)


def _covered(rows: pl.DataFrame, counts: pl.DataFrame, scopes: pl.DataFrame) -> pl.DataFrame:
    """Whether a lot lies inside the scopes of a day: `area`, `lot`, `on`, `covered`.

    A product scope covers by product. A location scope covers a lot that is listed, and one that was last seen
    there; a lot last seen in several places needs all of them, because movements do not name places.
    """
    same_product = pl.col("product").is_null() | (pl.col("product") == pl.col("product_lot"))
    rows = rows.select([*_LOT, "on", "listed", pl.col("product").alias("product_lot")])
    everywhere = (
        rows.join(scopes.filter(pl.col("location").is_null()), on=_DAY)
        .filter(same_product)
        .select([*_LOT, "on", pl.lit(True).alias("by_product")])
        .unique()
    )
    found = pl.col("location").is_not_null() & (pl.col("mass_mg") > 0)
    places = counts.filter(found).select([*_LOT, "on", "location"]).unique()
    last_seen = places.select([*_LOT, "on"]).unique().sort("on").with_columns(seen_on="on")
    seen = (
        rows.sort("on")
        .join_asof(last_seen, on="on", by=_LOT, allow_exact_matches=False, check_sortedness=False)
        .join(places.rename({"on": "seen_on"}), on=[*_LOT, "seen_on"])
        .select([*_LOT, "on", "product_lot", "location"])
    )
    inside = (
        seen.join(scopes.filter(pl.col("location").is_not_null()), on=[*_DAY, "location"])
        .filter(same_product)
        .select([*_LOT, "on", "location", pl.lit(True).alias("inside")])
        .unique()
    )
    by_place = (
        seen.join(inside, on=[*_LOT, "on", "location"], how="left")
        .group_by([*_LOT, "on"])
        .agg(pl.col("inside").fill_null(False).all().alias("by_place"))
    )
    return (
        rows.join(everywhere, on=[*_LOT, "on"], how="left")
        .join(by_place, on=[*_LOT, "on"], how="left")
        .select(
            [*_LOT, "on"],
            covered=pl.col("by_product").fill_null(False) | pl.col("by_place").fill_null(pl.col("listed")),
        )
    )
