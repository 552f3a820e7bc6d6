"""What each act of an inspector takes, and how far he and the firm err: minutes and relative errors, one σ.

The inspector's figures are of the reference table `inspection_effort.csv`, where every row is an assumption; the firm's
are of the methods that it registered, else of `default_uncertainty.csv`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.accountancy.uncertainty import MethodEstimates, estimated, estimates_of
from lodeline.accountancy.verification.strata import Stratum
from lodeline.ledger.register import TABLES
from lodeline.material.element import SYMBOLS
from lodeline.tables import table_rows

Floats = npt.NDArray[np.float64]

#: What is done with an item. Each is done with the first so many items of the stratum's draw, so that who knows n of
#: each knows what is done with which.
ACTS: Final = ("count", "weigh", "xrf", "laboratory")
#: The part of an item's mass from which a look, without a scale, shows that it is gone: assumption of the table.
LOOK_SEES: Final = 0.75


def _load() -> dict[tuple[str, str], dict[str, str]]:
    return {(row["act"], row["product"]): row for row in table_rows("reference/inspection_effort.csv")}


_TABLE = _load()


def row_of(act: str, product: str) -> dict[str, str]:
    """The row of the act for this product, else for all."""
    return _TABLE.get((act, product)) or _TABLE[act, ""]


def minutes_of(act: str, product: str = "") -> int:
    """Minutes an item; of the act `visit`: once a visit."""
    return int(row_of(act, product)["minutes"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """Random and systematic relative errors of one side for some strata, arrays in their order.

    `keys` number what shares the systematic error.
    """

    random: Floats
    systematic: Floats
    keys: npt.NDArray[np.int64]


def inspector_errors(act: str, strata: Sequence[Stratum]) -> Errors:
    """Of `weigh`, `xrf` or `laboratory`; one instrument serves the visit, so all strata share its systematic error."""
    rows = [row_of(act, one.product) for one in strata]
    return Errors(
        random=np.array([float(row["random_pct"]) / 100 for row in rows]),
        systematic=np.array([float(row["systematic_pct"]) / 100 for row in rows]),
        keys=np.zeros(len(rows), np.int64),
    )


def operator_errors(strata: Sequence[Stratum], symbol: str, methods: pl.DataFrame | None) -> tuple[Errors, Errors]:
    """Of the firm: of its masses (weighing, moisture), and of its shares of the element (assay, sampling)."""
    register = pl.DataFrame(schema=TABLES["methods"]) if methods is None else methods
    terms = pl.DataFrame(
        {
            "place": range(len(strata)),
            "method": [one.method for one in strata],
            "product": [one.product for one in strata],
            "element": [SYMBOLS.index(symbol)] * len(strata),
        },
        schema={"place": pl.Int64, "method": pl.String, "product": pl.String, "element": pl.UInt8},
    )
    estimates = estimates_of(register)
    return _together(terms, ("weighing", "moisture"), estimates), _together(terms, ("assay", "sampling"), estimates)


def _together(terms: pl.DataFrame, quantities: Sequence[str], estimates: MethodEstimates) -> Errors:
    """The errors of several quantities, which are independent, as of one."""
    random, systematic = np.zeros(terms.height), np.zeros(terms.height)
    names = [""] * terms.height
    for quantity in quantities:
        for row in estimated(terms, quantity, estimates).iter_rows(named=True):
            place = row["place"]
            random[place] = np.hypot(random[place], row["random"])
            systematic[place] = np.hypot(systematic[place], row["systematic"])
            names[place] += f"|{row['method_id']}"
    _, keys = np.unique(names, return_inverse=True)
    return Errors(random=random, systematic=systematic, keys=keys.astype(np.int64))
