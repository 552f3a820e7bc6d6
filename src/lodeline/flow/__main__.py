"""Compiles the kernels once, so that nobody waits for it later: `python -m lodeline.flow`."""

from __future__ import annotations

import datetime
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from lodeline.compiled import load
from lodeline.flow.everywhere import origins_of_all
from lodeline.flow.index import build_index, open_index
from lodeline.flow.kernels import COMPILED
from lodeline.flow.origins import origins
from lodeline.flow.stages import passages
from lodeline.flow.trace import trace


def warm() -> None:
    """Walks a history of two lots both ways."""
    if COMPILED:
        load()
    lots = pl.DataFrame(
        {"lot": [0, 1], "name": ["A/1", "A/2"], "product": ["concentrate", "oxide"], "organisation": ["A", "A"],
         "made_event": [0, 1], "made_mg": [10, 5], "unaccounted_mg": [0, 0]}
    )  # fmt: skip
    day = datetime.date(2025, 1, 1)
    events = pl.DataFrame(
        {"event": [0, 1], "name": ["O", "T"], "organisation": ["A", "A"], "site": ["a", "a"], "on": [day, day],
         "kind": ["origin", "transformation"], "origin_kind": ["mined", None], "origin_place": ["M", None]}
    )  # fmt: skip
    links = pl.DataFrame({"event": [1], "lot": [0], "mass_mg": [10]})
    assays = pl.DataFrame(
        {"lot": [0, 1], "element": [5, 5], "ppb": [300_000_000, 600_000_000]},
        schema={"lot": pl.Int64(), "element": pl.UInt8(), "ppb": pl.Int64()},
    )
    with tempfile.TemporaryDirectory() as room:
        build_index(lots, events, links, assays, directory=Path(room) / "flow", stamp={})
        index = open_index(Path(room) / "flow")
        trace(index, "A/2")
        trace(index, "A/1", forward=True)
        found = origins(index, "A/2")
        found.bounds_of([[row] for row in range(found.count)])
        list(origins_of_all(index))
        passages(index, np.array([1]), np.array([3.0]), index.elements[5])


if __name__ == "__main__":
    warm()
    print("kernels compiled" if COMPILED else "numba is absent: the kernels run as plain Python, slower, same answers")
