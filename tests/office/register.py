"""Two firms, a maker of magnets and its supplier, as the register of a test."""

from __future__ import annotations

import polars as pl

from lodeline.filing.dossier import read_records
from lodeline.filing.names import folded


def _table(name: str, *rows: dict[str, str]) -> pl.DataFrame:
    columns = sorted({column for row in rows for column in row})
    text = pl.DataFrame(
        {folded(column): pl.Series([row.get(column) for row in rows], dtype=pl.String) for column in columns}
    )
    frame, problems = read_records(name, text.with_columns(row=pl.int_range(1, len(rows) + 1)), file=name)
    assert problems == []
    return frame


REGISTER = {
    "organisations": _table(
        "organisations",
        {"id": "MAG-1", "name_zh": "华信磁业", "name_en": "Huaxin Magnetics", "country": "CN", "roles": "magnet-maker"},
        {"id": "ALL-1", "name_zh": "铜陵合金", "name_en": "Tongling Alloy", "country": "CN", "roles": "alloy-maker"},
    ),
    "sites": _table(
        "sites",
        {"id": "MAG-1-A", "organisation": "MAG-1", "name": "Ningbo", "stage": "magnet"},
        {"id": "ALL-1-A", "organisation": "ALL-1", "name": "Tongling", "stage": "alloy"},
    ),
}
