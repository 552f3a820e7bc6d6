"""What having drawn n of N adds to the uncertainty of D, part by part.

D of a stratum is extrapolated in two phases: n of N are looked at, and of those that are there some are weighed and
some assayed. With y an item's whole difference (all of it where it is absent, else what is short and what is of another
composition), the variance of drawing is

    N² (1 − n/N) s_y² / n + Σ over both parts of (N/n)² (n − absent)² (1 − m / (n − absent)) s² / m,

m items of those there being measured in a part. s_y² is taken over all n, those with no difference too, so that one
absent of sixteen spreads the estimate as it should. What measurement explains of s² is subtracted, and where the
differences do not vary more than that (χ², 5 %) there is nothing to add. Of one item alone, its square stands for s²;
where all that were looked at are gone, one more that is there is thought of, since nobody has seen that there is none.
The parts are taken as uncorrelated among the items that are there.

Source: Neyman, J. Am. Stat. Assoc. 33 (1938), for two phases; Cochran, Sampling Techniques, 3rd ed. (1977), ch. 12.
That the intervals cover is shown by simulation: benchmarks/verified_sigma.py.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import polars as pl

from lodeline.accountancy.distribution import chi_squared_quantile

#: Beyond this quantile differences vary more than measurement explains.
_EXPLAINED: Final = 0.95
_SCALES: Final = pl.col("quantity").is_in(["weighing", "moisture"])
#: The part of a difference → (which items it was measured in, the difference of one, its weight, its sources).
_PARTS: Final = {
    "short": (pl.col("weighed") & ~pl.col("absent"), pl.col("stated") - pl.col("present"), "mass_weight", _SCALES),
    "other": (pl.col("assayed"), pl.col("present") - pl.col("found"), "share_weight", ~_SCALES),
}


def drawn_variance(entering: pl.DataFrame, rows: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """`form`, `drawn_mg2` of D and `drawn_mass_mg2` of its part of masses.

    Parameters: items as `entering_in` gives them, with `form`; the rows of `linear_form` made of them, with `item`; and
    their sources of error. A form is of one stratum.
    """
    drawn = entering.filter("random")
    sums = drawn.group_by("form").agg(
        pl.col("population", "seen", "absent_items").first(), gone=pl.col("stated").filter("absent").sum(),
        gone2=(pl.col("stated").filter("absent").cast(pl.Float64) ** 2).sum(),
    )  # fmt: skip
    for part in _PARTS:
        sums = sums.join(_spread(drawn, rows, found, part), on="form", how="left")
    sums = sums.with_columns(pl.col("^(short|other)_.*$").fill_null(0.0))
    return sums.select(
        "form",
        drawn_mg2=_looked_at("short", "other") + _measured("short") + _measured("other"),
        drawn_mass_mg2=_looked_at("short") + _measured("short"),
    )


def _looked_at(*parts: str) -> pl.Expr:
    """The variance of the first phase: n of N looked at."""
    n, there = pl.col("seen"), pl.col("seen") - pl.col("absent_items")
    # Where nothing is there that was looked at, one more is thought of.
    counted = n + (there == 0).cast(pl.Int64)
    usual = sum((pl.col(f"{part}_mean") for part in parts), pl.lit(0.0))
    own = sum((pl.col(f"{part}_variance") for part in parts), pl.lit(0.0))
    mean = (pl.col("gone") + there * usual) / counted
    squares = (
        pl.col("gone2") + there * usual**2 - counted * mean**2
        + pl.when(there > 0).then(pl.max_horizontal(there - 1, pl.lit(1)) * own).otherwise(0.0)
    )  # fmt: skip
    variance = squares.clip(lower_bound=0.0) / pl.max_horizontal(counted - 1, pl.lit(1))
    return pl.col("population") ** 2 * (1 - n / pl.col("population")) * variance / n


def _measured(part: str) -> pl.Expr:
    """The variance of the second phase: m measured of those that are there."""
    there, m = pl.col("seen") - pl.col("absent_items"), pl.col(f"{part}_items")
    total = pl.col("population") / pl.col("seen") * there
    variance = total**2 * (1 - m / there) * pl.col(f"{part}_variance") / m
    return pl.when(m > 0).then(variance).otherwise(0.0)


def _spread(drawn: pl.DataFrame, rows: pl.DataFrame, found: pl.DataFrame, part: str) -> pl.DataFrame:
    """`form`, and of a part the `…_items` measured, the `…_mean` of their differences, and by how much these vary
    beyond what measurement explains, `…_variance`."""
    which, difference, weight, sources = _PARTS[part]
    of_item = (
        rows.filter("weighed").select("form", "item", "act") if part == "short"
        else rows.select("form", "item", act="held")
    ).unique()  # fmt: skip
    own = found.filter(pl.col("act").is_not_null() & sources).join(of_item, on=["form", "act"])
    spread = (
        drawn.filter(which)
        .select("form", "item", weight, value=difference.cast(pl.Float64))
        .join(own.group_by("form", "item").agg(own=(pl.col("error_mg") ** 2).sum()), on=["form", "item"], how="left")
        .group_by("form")
        .agg(
            items=pl.len().cast(pl.Int64), mean=pl.col("value").mean(), squares=(pl.col("value") ** 2).sum(),
            variance=pl.col("value").var(), own=(pl.col("own").fill_null(0.0) / pl.col(weight) ** 2).mean(),
        )
        # The square of one alone is held against nothing.
        .with_columns(pl.col("variance").fill_null(pl.col("squares")))
    )  # fmt: skip
    most = pl.Series([_explained(max(n - 1, 1)) for n in spread["items"]], dtype=pl.Float64)
    freedom = pl.max_horizontal(pl.col("items") - 1, pl.lit(1))
    beyond = freedom * pl.col("variance") > most * pl.col("own")
    varies = pl.when(beyond).then(pl.col("variance") - pl.col("own")).otherwise(0.0)
    names = {"items": f"{part}_items", "mean": f"{part}_mean", "variance": f"{part}_variance"}
    return (
        spread.with_columns(variance=varies, items=pl.col("items").cast(pl.Float64))
        .select("form", *names)
        .rename(names)
    )


@cache
def _explained(freedom: int) -> float:
    return chi_squared_quantile(_EXPLAINED, freedom)
