"""What lots of unknown composition may hold, as a bound: whoever leaves out an assay does not switch a balance off.

A lot of which nobody has stated a composition counts as nothing in a balance. What it truly holds lies between two
bounds that the product's kind sets, so the true difference lies between two bounds as well. The most innocent
difference between them is tested: only where even that is none, or where the bounds are no wider than measurement is
exact, does the balance say anything. A lot that lies still within a balance cancels, whatever it holds.

The same holds of an element that an assay does not state: a laboratory reports nothing below its reporting limit, so
the lot holds between none of it and that limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.material.element import SYMBOLS, TREO
from lodeline.material.mass import share_mg_expr
from lodeline.tables import table_rows

Floats = npt.NDArray[np.float64]

#: One row for each balance and lot without a composition: `net_mg`, dry, is what the lot brings into the balance (+) or
#: takes out of it, counts included; the difference on TREO is larger by `low_mg` to `high_mg` than the balance says,
#: and on any single rare earth by `least_mg` to `most_mg`.
UNASSAYED: Final[Mapping[str, pl.DataType]] = {
    "site": pl.String(), "since": pl.Date(), "until": pl.Date(), "lot": pl.Int64(), "product": pl.String(),
    "net_mg": pl.Int64(), "low_mg": pl.Int64(), "high_mg": pl.Int64(), "least_mg": pl.Int64(), "most_mg": pl.Int64(),
}  # fmt: skip
#: The share below which a laboratory of a works reports no element, 0.01 % of the dry mass; an assumption.
REPORTING_LIMIT_PPB: Final = 100_000
_LOT: Final = ("site", "lot")
_SPAN: Final = ("site", "since", "until")


@cache
def feasible_treo() -> pl.DataFrame:
    """`kind` of product, `low_ppb`, `high_ppb`: total oxide as a share of dry mass, and of a kind that is none, null.

    Source: `data/reference/feasible_treo.csv`, whose rows say what they rest on.
    """
    rows = [
        (row["kind"], int(row["low_pct"]) * 10_000_000, int(row["high_pct"]) * 10_000_000)
        for row in table_rows("reference/feasible_treo.csv")
    ]
    widest = (None, min(low for _, low, _ in rows), max(high for _, _, high in rows))
    return pl.DataFrame(
        [*rows, widest],
        schema={"kind": pl.String(), "low_ppb": pl.Int64(), "high_ppb": pl.Int64()},
        orient="row",
    )


def acts_without_assay(
    *, movements: Sequence[pl.DataFrame], counts: pl.DataFrame, lot_assays: pl.DataFrame, site_assays: pl.DataFrame
) -> pl.DataFrame:
    """The rows of lots of which nobody has stated a composition: `site`, `lot`, `on`, `product`, `mass_mg`, `count`
    (whether it is one); parameters are frames of `accountancy.frames`."""
    return (
        _acts(movements, counts)
        .join(lot_assays.lazy().select("lot").unique(), on="lot", how="anti", maintain_order="left")
        .join(site_assays.lazy().select(_LOT).unique(), on=_LOT, how="anti", maintain_order="left")
        .collect()
    )


def _acts(movements: Sequence[pl.DataFrame], counts: pl.DataFrame) -> pl.LazyFrame:
    """What crosses the border of a site, and what is counted there: columns of `acts_without_assay`."""
    crossing = ~pl.col("kind").is_in(["transformation", "title"])
    act = [*_LOT, "on", "product"]
    moved = [one.lazy().filter(crossing).select(*act, mass_mg="delta_mg", count=pl.lit(False)) for one in movements]
    return pl.concat([*moved, counts.lazy().select(*act, "mass_mg", count=pl.lit(True))])


def unassayed(spans: pl.DataFrame, acts: pl.DataFrame) -> pl.DataFrame:
    """The lots without a composition in each balance, columns UNASSAYED, the widest bounds first; none that cancels.

    Parameters: `spans` has a row for each balance from count to count, `site`, `since` and `until`; `acts` as
    `acts_without_assay` gives them. Days are as in a balance: after `since` up to `until`.
    """
    if acts.is_empty():
        return pl.DataFrame(schema=dict(UNASSAYED))
    known = pl.col("kind").is_in(feasible_treo()["kind"].drop_nulls().implode())
    return (
        _net(spans, acts)
        .with_columns(kind=pl.col("product").str.split(":").list.first())
        .with_columns(kind=pl.when(known).then("kind"))
        .join(feasible_treo(), on="kind", how="left", nulls_equal=True)
        .with_columns(least=_share("low_ppb"), most=_share("high_ppb"))
        .with_columns(
            low_mg=pl.min_horizontal("least", "most"),
            high_mg=pl.max_horizontal("least", "most"),
            least_mg=pl.min_horizontal("most", 0),
            most_mg=pl.max_horizontal("most", 0),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in UNASSAYED.items())
        .sort(*_SPAN, pl.col("high_mg") - pl.col("low_mg"), "lot", descending=[False, False, False, True, False])
    )


def _net(spans: pl.DataFrame, acts: pl.DataFrame) -> pl.DataFrame:
    """What each lot brings into each balance (+) or takes out of it: `site`, `since`, `until`, `lot`, `product`,
    `net_mg`; none that cancels."""
    between = acts.join(spans.select(_SPAN).unique(), on="site").filter(pl.col("on").is_between("since", "until"))
    signed = (
        pl.when(~pl.col("count")).then(pl.when(pl.col("on") > pl.col("since")).then("mass_mg"))
        .when(pl.col("on") == pl.col("until")).then(-pl.col("mass_mg"))
        .when(pl.col("on") == pl.col("since")).then("mass_mg")
    )  # fmt: skip
    return (
        between.group_by(*_SPAN, "lot", maintain_order=True)
        .agg(product=pl.col("product").drop_nulls().first(), net_mg=signed.sum())
        .filter(pl.col("net_mg") != 0)
    )


def unreported(
    balances: pl.DataFrame,
    *,
    movements: Sequence[pl.DataFrame],
    counts: pl.DataFrame,
    lot_assays: pl.DataFrame,
    site_assays: pl.DataFrame,
) -> tuple[Floats, Floats]:
    """By how much the difference of each balance may be larger than stated, least and most in mg, because lots with an
    assay do not state the element; 0 for their total, which its elements make.

    Parameters: `balances` has `site`, `element`, `since` and `until`; the rest are frames of `accountancy.frames`.
    """
    here = pl.col("site").is_in(balances["site"].unique().implode())
    net = _net(balances, _acts([one.filter(here) for one in movements], counts.filter(here)).collect())
    assayed = pl.concat(
        [
            net.select(_LOT).unique().join(lot_assays.select("lot", "element"), on="lot"),
            site_assays.filter(here).select(*_LOT, "element"),
        ]
    ).unique()
    net = net.join(assayed.select(_LOT).unique(), on=_LOT, how="semi").with_columns(
        low_mg=pl.col("net_mg").clip(upper_bound=0), high_mg=pl.col("net_mg").clip(lower_bound=0)
    )
    symbol = pl.col("element").replace_strict(range(len(SYMBOLS)), list(SYMBOLS), return_dtype=pl.String)
    masses = ("low_mg", "high_mg")
    held = net.group_by(_SPAN).agg(pl.col(masses).sum())
    stated = net.join(assayed.with_columns(symbol), on=_LOT).group_by(*_SPAN, "element").agg(pl.col(masses).sum())
    rows = (
        balances.select(*_SPAN, "element")
        .join(held, on=_SPAN, how="left", maintain_order="left")
        .join(stated, on=[*_SPAN, "element"], how="left", maintain_order="left", suffix="_stated")
        .with_columns(pl.col("^.*_mg.*$").fill_null(0))
        .select(
            pl.when(pl.col("element") == TREO).then(0).otherwise(pl.col(one) - pl.col(f"{one}_stated")).alias(one)
            for one in masses
        )
    )
    low, high = (rows.to_numpy() * (REPORTING_LIMIT_PPB / 1e9)).T
    return low, high


def _share(ppb: str) -> pl.Expr:
    return share_mg_expr(pl.col("net_mg").abs(), pl.col(ppb)) * pl.col("net_mg").sign()


def bounds(lots: pl.DataFrame, balances: pl.DataFrame) -> pl.DataFrame:
    """By how much the difference of each balance may be larger than it says: `low_mg`, `high_mg`, 0 where all is known.

    `lots` as `unassayed` gives them; `balances` has `site`, `element`, `since` and `until`, whose order stands.
    """
    sums = lots.group_by(_SPAN).agg(pl.col("low_mg", "high_mg", "least_mg", "most_mg").sum())
    total = pl.col("element") == TREO
    return (
        balances.select("site", "element", "since", "until")
        .join(sums, on=_SPAN, how="left", maintain_order="left")
        .select(
            low_mg=pl.when(total).then("low_mg").otherwise("least_mg").fill_null(0),
            high_mg=pl.when(total).then("high_mg").otherwise("most_mg").fill_null(0),
        )
    )


def most_innocent(muf: Floats, sigma: Floats, low: Floats, high: Floats) -> Floats:
    """The difference nearest to none that lots without a composition allow, of arrays of one shape and unit.

    `muf` as the balance says it, its `sigma`, and by how much it may be larger (`bounds`). NaN where none at all is
    possible and the bounds are further apart than σ: such a balance says nothing.
    """
    nearest = muf + np.clip(-muf, low, high)
    silent = (nearest == 0) & (high - low > sigma)
    result: Floats = np.where(silent, np.nan, nearest)
    return result
