"""A difference as a sum over sources of error: what two differences share falls out of what is left of both.

A row says by how much a figure enters a form; errors are those of `uncertainty.error_terms`. Sums are taken source by
source before they are squared, so no covariance is assumed: it is what the sources give.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from lodeline.accountancy.uncertainty import error_terms

#: A row of a form: `form` (number of it), `element` (u8), `held` (one composition measured once), `act` (one weighing),
#: `method`, `scale` (who weighed), `signed_mg` (by how much it enters) and `weighed`.
ROWS: Final[Mapping[str, pl.DataType]] = {
    "form": pl.Int64(), "element": pl.UInt8(), "held": pl.Int64(), "act": pl.Int64(), "method": pl.String(),
    "scale": pl.String(), "signed_mg": pl.Int64(), "weighed": pl.Boolean(),
}  # fmt: skip
_WEIGHED: Final = ("weighing", "moisture")
#: What shares a random error, and what shares a systematic one; a sample errs alike for all elements.
_SYSTEMATIC: Final = ("quantity", "laboratory", "errs", "method_id")
_RANDOM: Final = (*_SYSTEMATIC, "act")


def errors(rows: pl.DataFrame, assays: pl.DataFrame, methods: pl.DataFrame) -> pl.DataFrame:
    """What each source contributes to each form: `form`, the source (`act` is null for a systematic error), `error_mg`.

    `assays` have `held`, `element`, `laboratory`, `method`, `product`, `exact`, `parts`; `methods` is the register's
    table.
    """
    terms = error_terms(batches=rows.rename({"form": "run"}), assays=assays, methods=methods)
    columns = ["form", "laboratory", "errs", "method_id", "act", "random", "systematic", "signed_mg"]
    every = pl.concat(
        frame.rename({"run": "form"})
        .with_columns(errs=pl.lit(None, pl.UInt8()) if quantity in {*_WEIGHED, "sampling"} else pl.col("element"))
        .select(pl.lit(quantity).alias("quantity"), *columns)
        for quantity, frame in terms.items()
    )
    random = every.group_by("form", *_RANDOM).agg(error_mg=(pl.col("signed_mg") * pl.col("random")).sum())
    systematic = every.group_by("form", *_SYSTEMATIC).agg(
        act=pl.lit(None, pl.Int64()), error_mg=(pl.col("signed_mg") * pl.col("systematic")).sum()
    )
    return pl.concat([random, systematic.select(random.columns)]).filter(pl.col("error_mg") != 0)


def variances(found: pl.DataFrame) -> pl.DataFrame:
    """`form`, `random_mg2`, `systematic_mg2`: the variance of each form, as `errors` gives its sources."""
    square = pl.col("error_mg") ** 2
    systematic = pl.col("act").is_null()
    return found.group_by("form").agg(
        random_mg2=square.filter(~systematic).sum(), systematic_mg2=square.filter(systematic).sum()
    )


def covariances(first: pl.DataFrame, second: pl.DataFrame) -> pl.DataFrame:
    """`form`, `covariance_mg2` of two forms of one number, each with its sources as `errors` gives them."""
    source = ["form", *_RANDOM]
    return (
        first.join(second, on=source, nulls_equal=True, suffix="_other")
        .group_by("form")
        .agg(covariance_mg2=(pl.col("error_mg") * pl.col("error_mg_other")).sum())
    )
