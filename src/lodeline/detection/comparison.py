"""What other authorities' records say beside the filings, as detectors take it.

Detectors that look at it have nothing to test where a sight offers none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from lodeline.collation.exception import EXCEPTION

#: How many groups of papers a firm has in a month: `kind` is sale, export, import or invoice.
COMPARED: Mapping[str, pl.DataType] = {
    "organisation": pl.String(), "month": pl.String(), "kind": pl.String(), "papers": pl.Int64(),
}  # fmt: skip
#: The rows behind exceptions, by group: `record` is filed, invoiced or border; `row` its number in its table.
BEHIND: Mapping[str, pl.DataType] = {
    "group": pl.Int64(), "record": pl.String(), "row": pl.Int64(), "entry": pl.Int64(), "event": pl.String(),
    "mass_mg": pl.Int64(),
}  # fmt: skip


def exceptions_of(sight: Any) -> pl.DataFrame:
    """`collation.exception.EXCEPTION` of a sight; empty where it offers none."""
    return _frame(sight, "exceptions", EXCEPTION)


def compared_of(sight: Any) -> pl.DataFrame:
    """`COMPARED` of a sight; empty where it offers none."""
    return _frame(sight, "compared", COMPARED)


def behind_of(sight: Any) -> pl.DataFrame:
    """`BEHIND` of a sight; empty where it offers none."""
    return _frame(sight, "behind_exceptions", BEHIND)


def _frame(sight: Any, name: str, schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    frame: pl.DataFrame | None = getattr(sight, name, None)
    return pl.DataFrame(schema=dict(schema)) if frame is None else frame
