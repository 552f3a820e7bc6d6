"""Balances over a month that the site's firm never filed: they say nothing, whatever their difference is."""

from __future__ import annotations

import polars as pl


def over_unfiled(balances: pl.DataFrame, status: pl.DataFrame) -> pl.Series:
    """Which balances (`organisation`, `since`, `until`) hold a day of a month that `status` (`organisation`, `period`,
    `state`) has as missing; booleans, in the order of the balances."""
    missing = status.filter(pl.col("state") == "missing").select(
        "organisation", month=pl.concat_str("period", pl.lit("-01")).str.to_date()
    )
    first, last = pl.col("since").dt.offset_by("1d").dt.month_start(), pl.col("until").dt.month_start()
    spans = balances.select("organisation", first=first, last=last).with_row_index("row")
    hit = spans.join(missing, on="organisation").filter(pl.col("month").is_between("first", "last"))["row"]
    return spans["row"].is_in(hit.unique().implode())
