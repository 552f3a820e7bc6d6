"""The tables of `data/party`: words, weights and thresholds, one row a line."""

from __future__ import annotations

import csv
from importlib.resources import files


def rows_of(name: str) -> list[dict[str, str]]:
    """The rows of a table by its file name, each by column."""
    text = files("lodeline").joinpath("data", "party", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
