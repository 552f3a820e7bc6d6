"""Compositions as columns: canonical texts become one row per element, and totals in REO."""

from __future__ import annotations

import polars as pl

from lodeline.material.composition import read_canonical
from lodeline.material.element import OXIDE_PER_ELEMENT_PPB, STATED_SYMBOLS, SYMBOLS, TREO
from lodeline.material.mass import PPB

TREO_INDEX = SYMBOLS.index(TREO)
#: `factor` ppb of usual oxide are in one whole of each rare earth.
OXIDE_FACTORS = pl.DataFrame(
    {
        "element": [SYMBOLS.index(symbol) for symbol in OXIDE_PER_ELEMENT_PPB],
        "factor": [*OXIDE_PER_ELEMENT_PPB.values()],
    },
    schema={"element": pl.UInt8(), "factor": pl.Int64()},
)
_STATED = pl.Enum(STATED_SYMBOLS)

#: `place` is the position of the text in the series given.
SHARES: dict[str, pl.DataType] = {"place": pl.UInt32(), "element": pl.UInt8(), "ppb": pl.Int64()}


def explode(compositions: pl.Series) -> pl.DataFrame:
    """One row per followed element of each canonical composition: `SHARES`; nulls give no row."""
    texts = compositions.to_frame("text").with_row_index("place").filter(pl.col("text").is_not_null())
    return (
        texts.with_columns(pl.col("text").str.split(";"))
        .explode("text", empty_as_null=True)
        .select(
            "place",
            element=pl.col("text").str.extract("^(.*)=", 1).cast(_STATED).to_physical().cast(pl.UInt8()),
            ppb=pl.col("text").str.extract("=(.*)$", 1).cast(pl.Int64()),
        )
        .filter(pl.col("element").lt(len(SYMBOLS)))
    )


def shares_of(composition: str) -> dict[str, int]:
    """Followed element → ppb of one canonical composition, empty where it is; `explode` does it for many."""
    return {element: ppb for element, ppb in read_canonical(composition).items() if element in SYMBOLS}


def with_treo(shares: pl.DataFrame, key: str = "place") -> pl.DataFrame:
    """The same shares and, where TREO is not stated, its row computed from the rare earths by stoichiometry."""
    stated = shares.filter(pl.col("element") == TREO_INDEX).select(key)
    computed = (
        shares.join(stated, on=key, how="anti")
        .join(OXIDE_FACTORS, on="element", how="left")
        .group_by(key, maintain_order=True)
        .agg(
            element=pl.lit(TREO_INDEX, pl.UInt8()),
            ppb=((pl.col("ppb") * pl.col("factor").fill_null(0) + PPB // 2) // PPB).sum(),
        )
    )
    return pl.concat([shares, computed.select(shares.columns)])
