"""Compiles the kernels once, so that nobody waits for it later: `python -m lodeline.accountancy`."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl

from lodeline.accountancy.balance import balance
from lodeline.accountancy.battery import battery
from lodeline.accountancy.covariance import balance_runs
from lodeline.accountancy.frames import COUNT_SCOPES, COUNTS, LOT_ASSAYS, MOVEMENTS, SITE_ASSAYS
from lodeline.accountancy.watch import candidates, look
from lodeline.ledger.register import TABLES
from lodeline.material.element import SYMBOLS


def warm() -> None:
    """Closes the books of a site with one lot twice, and tests them."""
    here = {"organisation": "a", "site": "a-1", "lot": 1, "product": "oxide"}
    counted = [
        {**here, "seq": month, "on": date(2026, month, 28), "mass_mg": 10**9 // month, "location": "shed"}
        for month in (1, 2, 3)
    ]
    came = {**here, "seq": 9, "on": date(2026, 1, 5), "kind": "receipt", "delta_mg": 10**9, "unaccounted_mg": 0}
    rows: dict[str, Any] = {
        "movements": ([came], MOVEMENTS), "counts": (counted, COUNTS), "count_scopes": (counted, COUNT_SCOPES),
        "lot_assays": ([{"lot": 1, "element": SYMBOLS.index("Nd"), "ppb": 10**8}], LOT_ASSAYS),
        "site_assays": ([], SITE_ASSAYS), "methods": ([], TABLES["methods"]),
    }  # fmt: skip
    frames: dict[str, Any] = {
        name: pl.DataFrame([{key: row.get(key) for key in schema} for row in given], schema=dict(schema))
        for name, (given, schema) in rows.items()
    }
    balance(**frames)
    runs = balance_runs(**frames)
    battery(runs.muf_mg, runs.covariance_mg2, budget=0.05, size=runs.size)
    since, until = np.array([[0, 31]]), np.array([[31, 59]])
    budget = np.full((1, 2), 0.01)
    candidates(runs.muf_mg[:1], runs.covariance_mg2[:1], runs.size[:1], since, until, budget=budget)
    look(runs.muf_mg[0], runs.covariance_mg2[0], since[0], until[0], after=-1, count=1, budget=0.01)


if __name__ == "__main__":
    warm()
    print("kernels compiled")
