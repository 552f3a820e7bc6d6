"""What the statistics of visits are handed and what they answer, column by column.

Signs: the difference of an item is operator − inspector, > 0 where more was declared than is there. MUF > 0 is missing.
Closing stock enters MUF with −1, so a declared surplus of stock lowers MUF, and `d_mg` of VERIFIED is signed to be
subtracted: verified = MUF − D. Masses are dry, in milligrams; shares are of the element, in parts per billion.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

#: One row for each item that a visit measured: one lot at one place on a day. `visit` is the entry of its first
#: measurement paper. `place` is `stock`, `receipt` or `shipment`. `random`: the plan's seed chose it, so that it stands
#: for its stratum; else somebody chose it, and its difference counts for itself alone. `operator_mg` is what was
#: declared at the visit, else the firm's count of that day, else its book; `operator_seq` the row of the ledger in
#: which the firm weighed it. `inspector_mg` is 0 for what was absent and null for what was seen and not weighed.
ITEMS: Final[Mapping[str, pl.DataType]] = {
    "item": pl.Int64(), "visit": pl.Int64(), "plan": pl.Int64(), "organisation": pl.String(), "site": pl.String(),
    "on": pl.Date(), "place": pl.String(), "stratum": pl.String(), "random": pl.Boolean(), "lot": pl.Int64(),
    "product": pl.String(), "outcome": pl.String(), "operator_mg": pl.Int64(), "operator_seq": pl.Int64(),
    "operator_method": pl.String(), "inspector_mg": pl.Int64(), "instrument": pl.String(), "calibration": pl.String(),
    "inspector_method": pl.String(),
}  # fmt: skip
#: One row for each item and element. `inspector_ppb` is null where the authority has no composition of its own;
#: `how` is `xrf` (in place) or `laboratory`.
SHARES: Final[Mapping[str, pl.DataType]] = {
    "item": pl.Int64(), "element": pl.UInt8(), "operator_ppb": pl.Int64(), "inspector_ppb": pl.Int64(),
    "laboratory": pl.String(), "assay_method": pl.String(), "how": pl.String(),
}  # fmt: skip
#: One row for each visit and stratum: how many items the firm has there, and their mass.
STRATA: Final[Mapping[str, pl.DataType]] = {
    "visit": pl.Int64(), "place": pl.String(), "stratum": pl.String(), "product": pl.String(), "items": pl.Int64(),
    "dry_mg": pl.Int64(), "plan": pl.Int64(),
}  # fmt: skip
#: One row for each visit and element: the site as a whole, from the firm's last count before the visit (null: from
#: nothing) to the day of the visit. `sigma_muf_mg` and `z` are null where nothing says how exactly it was measured.
#: `would_see_mg` is the mass whose loss this visit would have shown with probability .9 at the budget. `state` is
#: `compared`, or `waiting` while the firm has not filed the month of the visit.
VERIFIED: Final[Mapping[str, pl.DataType]] = {
    "visit": pl.Int64(), "organisation": pl.String(), "site": pl.String(), "on": pl.Date(), "since": pl.Date(),
    "element": pl.String(), "items": pl.Int64(), "population": pl.Int64(), "muf_mg": pl.Int64(),
    "sigma_muf_mg": pl.Float64(), "d_mg": pl.Int64(), "sigma_d_mg": pl.Float64(), "covariance_mg2": pl.Float64(),
    "verified_mg": pl.Int64(), "sigma_mg": pl.Float64(), "z": pl.Float64(), "would_see_mg": pl.Int64(),
    "state": pl.String(),
}  # fmt: skip
#: One row for each visit, place, stratum and element. `d_mg` is operator − inspector, extrapolated; `sigma_d_mg` its σ,
#: of which `random_mg` and `systematic_mg` come from measurement and the rest from having drawn n of N. `gross` counts
#: items that were absent or less than half of what was declared. `p` is that of both sides.
DIFFERENCES: Final[Mapping[str, pl.DataType]] = {
    "visit": pl.Int64(), "place": pl.String(), "stratum": pl.String(), "element": pl.String(), "items": pl.Int64(),
    "measured": pl.Int64(), "operator_mg": pl.Int64(), "inspector_mg": pl.Int64(), "d_mg": pl.Int64(),
    "sigma_d_mg": pl.Float64(), "random_mg": pl.Float64(), "systematic_mg": pl.Float64(), "gross": pl.Int64(),
    "p": pl.Float64(),
}  # fmt: skip
