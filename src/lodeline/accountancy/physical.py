"""Which counts speak for a whole site: a physical inventory exists only where nothing held was left uncounted.

A count that names a location or a product speaks for the lots inside it and for nothing else. Such partial
counts make a physical inventory of the site on the day when together they cover every lot. A lot of which the book
holds no more than what scales leave of the mass that passed through it is spent: nobody finds it to count it.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import polars as pl

from lodeline.accountancy.frames import AREA, numbered, text_numbers
from lodeline.accountancy.kernels import mark_open, read_only, sorted_by
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
    that came in or was counted of it until then) or that was counted is covered by the partial scopes of that day.
    """
    whole_site = pl.col("location").is_null() & pl.col("product").is_null()
    whole = scopes.filter(whole_site).select(_DAY).unique()
    partial = scopes.select(_DAY).unique().join(whole, on=_DAY, how="anti")
    if partial.is_empty():
        return whole.sort(_DAY)
    # Only sites that ever count in part need the lot-by-lot question.
    here = partial.select("area").unique()
    open_days = _open_days(
        movements.join(here, on="area", how="semi"),
        counts.join(here, on="area", how="semi"),
        scopes.join(here, on="area", how="semi"),
        _products(named),
    )
    return pl.concat([whole, partial.join(open_days, on=_DAY, how="anti")]).sort(_DAY)


def emptied(*, movements: pl.DataFrame, scopes: pl.DataFrame, status: pl.DataFrame) -> pl.DataFrame:
    """What the first count after an unfiled month says of goods that it does not list, as more rows of `scopes`.

    A lot that was used up in a month that its firm never filed stays in the book for good, and nobody finds it to count
    it: no later count would ever speak for the whole site. A product that the first count after the month leaves out is
    taken to be gone, where nothing is left in the book of what has come since. Only balances over the unfiled month
    change by it.

    Parameters: frames as in `frames`; `status` has `organisation`, `period` and `state`, of which `missing` counts.
    """
    month = pl.concat_str("period", pl.lit("-01")).str.to_date()
    silent = status.filter(pl.col("state") == "missing").select("organisation", begun=month).sort("begun")
    by_product = scopes.filter(pl.col("location").is_null() & pl.col("product").is_not_null())
    days = by_product.select("site", "on", begun="on").unique().sort("begun")
    counting = by_product.select(AREA).unique().join(silent, on="organisation").sort("begun")
    first = counting.join_asof(days, on="begun", by="site", strategy="forward", check_sortedness=False).drop_nulls("on")
    goods = (
        first.join(
            movements.lazy()
            .filter(pl.col("kind") != "title", pl.col("site").is_in(first["site"].unique().implode()))
            .select("site", "lot", "product", moved_on="on", mass=pl.col("delta_mg") + pl.col("unaccounted_mg"))
            .collect(),
            on="site",
        )
        .filter(pl.col("moved_on") <= pl.col("on"))
        .group_by(*AREA, "begun", "on", "lot")
        .agg(
            pl.col("product").drop_nulls().first(), pl.col("mass").sum(), came=pl.col("mass").clip(lower_bound=0).sum(),
            since=pl.col("moved_on").min() >= pl.col("begun").first().dt.offset_by("1mo"),
        )
        .drop_nulls("product")
    )  # fmt: skip
    held = goods.filter("since", pl.col("mass") > SPENT_SHARE * pl.col("came"))
    key = ["site", "on", "product"]
    return (
        goods.filter(~pl.col("since"))
        .join(held, on=[*key, "begun"], how="anti")
        .join(by_product, on=key, how="anti")
        .with_columns(location=pl.lit(None, pl.String))
        .select(scopes.columns)
        .unique()
    )


def _products(named: list[pl.DataFrame]) -> pl.DataFrame:
    """`lot`, `product` as first filed, anywhere."""
    rows = pl.concat([frame.select("lot", "product", "seq") for frame in named]).drop_nulls("product")
    first, _ = numbered(rows["lot"], rows["seq"])
    return rows.select("lot", "product")[first]


def _open_days(
    movements: pl.DataFrame, counts: pl.DataFrame, scopes: pl.DataFrame, products: pl.DataFrame
) -> pl.DataFrame:
    """The scope days, `area` and `on`, on which a lot that was held or listed lies outside of every scope.

    A product scope covers by product. A location scope covers a lot that is listed, and one that was last seen
    there; a lot last seen in several places needs all of them, because movements do not name places. The book of a lot
    starts anew at each count that covers it, so a lot that an earlier count found gone is no longer held.
    """
    unknown = pl.lit(None, pl.String)
    acts = pl.concat(
        [
            movements.select(
                *_LOT, "on", counted=False, mass=pl.col("delta_mg") + pl.col("unaccounted_mg"),
                came=pl.col("delta_mg").clip(lower_bound=0), location=unknown,
            ),
            counts.select(*_LOT, "on", "location", counted=True, mass="mass_mg", came=pl.lit(0, pl.Int64)).select(
                *_LOT, "on", "counted", "mass", "came", "location"
            ),
        ]
    )  # fmt: skip
    first, key_of = numbered(acts["area"], acts["lot"], acts["on"].to_physical())
    lots = acts.select(_LOT)[first].join(products, on="lot", how="left", maintain_order="left")
    scopes = scopes.sort(_DAY)
    days = scopes.select(_DAY).unique(maintain_order=True)
    day_of = scopes.select(pl.struct(_DAY).rle_id()).to_series().to_numpy()
    areas = 1 + int(str(lots["area"].max() or 0))
    areas = max(areas, 1 + int(str(days["area"].max())))
    (location, scope_location), _ = text_numbers(acts["location"], scopes["location"])
    (product_of, scope_product), _ = text_numbers(lots["product"], scopes["product"])
    on = acts["on"].to_physical().to_numpy()
    order = sorted_by(sorted_by(np.arange(len(on), dtype=np.int32), on - on.min(initial=0)), key_of)
    open_ = np.zeros(days.height, np.bool_)
    of_acts = read_only(
        key_of, on, acts["counted"].to_numpy(), acts["mass"].to_numpy(), acts["came"].to_numpy(), location,
        lots["area"].to_numpy(), product_of,
    )  # fmt: skip
    first_day = np.searchsorted(days["area"].to_numpy(), np.arange(areas + 1))
    first_scope = np.searchsorted(day_of, np.arange(days.height + 1))
    of_days = read_only(first_day, days["on"].to_physical().to_numpy(), first_scope, scope_location, scope_product)
    mark_open(open_, order, *of_acts, *of_days, SPENT_SHARE)
    return days.filter(pl.Series(open_))
