"""The rows behind a finding, as anyone can look them up: log entry, ledger row, the filer's event, mass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from lodeline.accountancy.frames import element_mass, serving_shares
from lodeline.material.mass import format_kg

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
