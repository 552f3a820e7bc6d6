"""What rounding element masses down adds to a difference: where nothing is weighed again, σ is smaller than that."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl


def rows_until(movements: pl.DataFrame, counts: pl.DataFrame) -> pl.DataFrame:
    """How many rows (`rows`) each `site` has up to each day (`on`) on which it has one, by day."""
    acts = [one.lazy().group_by("site", "on").agg(rows=pl.len().cast(pl.Int64)) for one in (movements, counts)]
    every = pl.concat(acts).group_by("site", "on").agg(pl.col("rows").sum()).sort("on", "site").collect()
    return every.with_columns(pl.col("rows").cum_sum().over("site"))


def rounding_mg2(differences: pl.DataFrame, days: pl.DataFrame) -> npt.NDArray[np.float64]:
    """What rounding adds to the variance of each difference (`site`, `since`, `until`), in mg²: a milligram a row.

    `days`: the answer of `rows_until`.
    """
    so_far = days.filter(pl.col("site").is_in(differences["site"].unique().implode()))
    spans = differences.select("site", "until", before=pl.col("since").dt.offset_by("-1d")).with_row_index("at")
    for day in ("before", "until"):
        reached = so_far.rename({"on": day, "rows": f"rows_{day}"})
        spans = spans.sort(day).join_asof(reached, on=day, by="site", check_sortedness=False)
    rows = spans.sort("at").select(pl.col("rows_until").fill_null(0) - pl.col("rows_before").fill_null(0))
    found: npt.NDArray[np.float64] = rows.to_series().to_numpy().astype(np.float64) ** 2
    return found
