"""The tables of the program: CSV files under `data/`, whose first line names the columns."""

from __future__ import annotations

import csv
from importlib.resources import files


def table_rows(path: str) -> list[dict[str, str]]:
    """The rows of a table, text as written, by its path under `data` (`reference/products.csv`)."""
    text = (files("lodeline") / "data" / path).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))
