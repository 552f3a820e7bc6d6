"""The rows behind a finding, as anyone can look them up: log entry, ledger row, the filer's event, mass."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import polars as pl

from lodeline.accountancy.frames import element_mass, serving_shares
from lodeline.material.assay import TREO_INDEX
from lodeline.material.mass import format_kg, share_mg_expr

#: Rows of evidence per finding: enough to see what made it, few enough to read.
EVIDENCE_ROWS: Final = 10
#: Where a row stands. A frame without `entry` or `event` gives evidence without them.
_PLACES = {"entry": "entry", "seq": "movement", "event": "event"}


def places(rows: pl.DataFrame) -> list[str]:
    """The columns of `rows` that say where a row stands."""
    return [column for column in _PLACES if column in rows.columns]


def described(row: Mapping[str, Any], **masses_mg: int) -> dict[str, Any]:
    """A row of evidence: where it stands, its `kind` and day `on`, and the masses by name (`mass` → `mass_kg`)."""
    where = {name: row[column] for column, name in _PLACES.items() if row.get(column) is not None}
    masses = {f"{name}_kg": format_kg(mass_mg) for name, mass_mg in masses_mg.items()}
    return {**where, "kind": row["kind"], "on": row["on"].isoformat(), **masses}


def with_element_mass(
    rows: pl.DataFrame,
    *,
    mass: str = "delta_mg",
    lot_assays: pl.DataFrame,
    site_assays: pl.DataFrame,
    elements: list[int],
) -> pl.DataFrame:
    """`rows` (with `site`, `lot`), one per element: `element` (index into SYMBOLS) and `element_mg`, signed."""
    held = rows.select("site", "lot").unique().sort("site", "lot").with_row_index("held")
    shares = serving_shares(held, lot_assays=lot_assays, site_assays=site_assays, elements=elements)
    return (
        rows.join(held, on=["site", "lot"])
        .join(shares, on="held")
        .with_columns(element_mg=element_mass(mass))
        .drop("held", "ppb", "own")
    )


def with_treo_mass(rows: pl.DataFrame, lot_assays: pl.DataFrame, *, mass: str = "dry_mg") -> pl.DataFrame:
    """`rows` (with `lot` and a mass in mg) with `treo_mg`, by the maker's composition; 0 where nobody stated one."""
    treo = lot_assays.filter(pl.col("element") == TREO_INDEX).select("lot", treo_ppb="ppb")
    return (
        rows.join(treo, on="lot", how="left", maintain_order="left")
        .with_columns(treo_mg=share_mg_expr(pl.col(mass), pl.col("treo_ppb").fill_null(0)).fill_null(0))
        .drop("treo_ppb")
    )


def month_of(day: str = "on") -> pl.Expr:
    """The month of a day, `YYYY-MM`."""
    return pl.col(day).dt.strftime("%Y-%m")


def months_since_year_0(period: str) -> pl.Expr:
    """A column of months `YYYY-MM` as whole numbers, of which neighbours differ by one."""
    return pl.col(period).str.slice(0, 4).cast(pl.Int64) * 12 + pl.col(period).str.slice(5, 2).cast(pl.Int64)


def months_of(rows: pl.DataFrame, day: str = "on") -> tuple[str, str]:
    """The first and the last month of rows, of which there is at least one."""
    months = rows.select(month_of(day)).to_series().sort()
    return str(months[0]), str(months[-1])


def last_day(rows: pl.DataFrame, day: str = "on") -> date | None:
    """The last day of a frame, None where it has none."""
    found = rows[day].max() if rows.height else None
    return found if isinstance(found, date) else None


def largest_rows(rows: pl.DataFrame, key: list[str], mass: str = "element_mg") -> dict[Any, list[dict[str, Any]]]:
    """The largest rows of each key (a tuple, or the value where `key` is one column), largest first.

    Equal masses come in the order of the ledger.
    """
    largest = (
        rows.sort([*key, pl.col(mass).abs(), "seq"], descending=[False] * len(key) + [True, False])
        .group_by(key, maintain_order=True)
        .head(EVIDENCE_ROWS)
    )
    return largest.rows_by_key(key, named=True, include_key=True)
