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
#: `compared`, or `waiting` while the firm has not filed the month of the visit; then what needs MUF is null.
#: `sigma_d_mg` and `sigma_mg` hold what drawing n of N adds; under the hypothesis that all is as declared it adds
#: nothing, so z = verified / `null_mg`, which is σ of measurement alone. `own_z` is what D says beyond what MUF
#: foretells, > 0 where declared goods are not there; `p` of MUF and D together, both sides (`verification.joint`).
#: `mass_mg` is the part of `d_mg` that weighing and counting show, both sides with the operator's composition,
#: `sigma_mass_mg` its σ with what drawing adds, and `mass_z` what it alone says beyond MUF.
VERIFIED: Final[Mapping[str, pl.DataType]] = {
    "visit": pl.Int64(), "organisation": pl.String(), "site": pl.String(), "on": pl.Date(), "since": pl.Date(),
    "element": pl.String(), "items": pl.Int64(), "population": pl.Int64(), "muf_mg": pl.Int64(),
    "sigma_muf_mg": pl.Float64(), "d_mg": pl.Int64(), "sigma_d_mg": pl.Float64(), "covariance_mg2": pl.Float64(),
    "verified_mg": pl.Int64(), "sigma_mg": pl.Float64(), "z": pl.Float64(), "would_see_mg": pl.Int64(),
    "state": pl.String(), "null_mg": pl.Float64(), "own_z": pl.Float64(), "p": pl.Float64(),
    "mass_mg": pl.Int64(), "sigma_mass_mg": pl.Float64(), "mass_z": pl.Float64(),
}  # fmt: skip
#: One row for each visit, place, stratum and element. `d_mg` is operator − inspector, extrapolated; `sigma_d_mg` its σ,
#: of which `random_mg` and `systematic_mg` come from measurement and the rest from having drawn n of N. `gross` counts
#: items that were absent or less than half of what was declared; `measured` those that were looked at, weighed or not.
#: `operator_mg` and `inspector_mg` are of the items looked at. `p` is that of both sides, by the errors of measurement.
DIFFERENCES: Final[Mapping[str, pl.DataType]] = {
    "visit": pl.Int64(), "place": pl.String(), "stratum": pl.String(), "element": pl.String(), "items": pl.Int64(),
    "measured": pl.Int64(), "operator_mg": pl.Int64(), "inspector_mg": pl.Int64(), "d_mg": pl.Int64(),
    "sigma_d_mg": pl.Float64(), "random_mg": pl.Float64(), "systematic_mg": pl.Float64(), "gross": pl.Int64(),
    "p": pl.Float64(),
}  # fmt: skip
#: One row for each item and element that a visit measured: its own difference, operator − inspector, and σ of measuring
#: it. `z` beyond `sampling.ALARM` is a single item that is not as declared, however few were drawn.
SINGLE: Final[Mapping[str, pl.DataType]] = {
    "item": pl.Int64(), "visit": pl.Int64(), "organisation": pl.String(), "site": pl.String(), "on": pl.Date(),
    "lot": pl.Int64(), "element": pl.String(), "operator_mg": pl.Int64(), "inspector_mg": pl.Int64(),
    "difference_mg": pl.Int64(), "sigma_mg": pl.Float64(), "z": pl.Float64(),
}  # fmt: skip

#: One row for each visit and element that the site carries: what the firm's books say. `since` is the firm's last count
#: before the visit. `muf_mg` is the difference of the balance that a count of the day closes, and null where none does;
#: `closing_mg` what stood there at the end of the day, as counted, else in the book. `state` as in VERIFIED.
BOOKS: Final[Mapping[str, pl.DataType]] = {
    "visit": pl.Int64(), "organisation": pl.String(), "site": pl.String(), "on": pl.Date(), "since": pl.Date(),
    "element": pl.UInt8(), "muf_mg": pl.Int64(), "closing_mg": pl.Int64(), "state": pl.String(),
}  # fmt: skip
#: The measured batches of those balances, as `sources.muf_sigma` has them: a·x of the element, `act` the row of the
#: ledger in which it was weighed.
BATCHES: Final[Mapping[str, pl.DataType]] = {
    "visit": pl.Int64(), "lot": pl.Int64(), "element": pl.UInt8(), "act": pl.Int64(), "method": pl.String(),
    "signed_mg": pl.Int64(), "weighed": pl.Boolean(),
}  # fmt: skip
#: Who measured the composition that the firm's books have of a lot there, as `batches.assay_acts` gives it.
ASSAYS: Final[Mapping[str, pl.DataType]] = {
    "visit": pl.Int64(), "lot": pl.Int64(), "element": pl.UInt8(), "laboratory": pl.String(), "method": pl.String(),
    "product": pl.String(), "exact": pl.Boolean(),
    "parts": pl.List(pl.Struct({"part": pl.UInt8(), "fraction": pl.Float64()})),
}  # fmt: skip
#: The rows of the books in which an item stands, with what each says of its dry mass: a count of the day, else the
#: book, weighed when it came. An item without a row was not declared.
STATED: Final[Mapping[str, pl.DataType]] = {
    "item": pl.Int64(), "act": pl.Int64(), "method": pl.String(), "dry_mg": pl.Int64(),
}  # fmt: skip

#: One row for each thing that two sides measured: of a split sample the share of an element that each laboratory found,
#: of a lot its mass on two scales (`element` null). `kind` is `laboratory` or `scale`; `own` names whose figures are
#: watched, `other` who measured beside it, `calibration` its last, null where nobody says.
PAIRS: Final[Mapping[str, pl.DataType]] = {
    "kind": pl.String(), "own": pl.String(), "other": pl.String(), "method": pl.String(), "calibration": pl.String(),
    "element": pl.String(), "on": pl.Date(), "own_value": pl.Int64(), "other_value": pl.Int64(), "visit": pl.Int64(),
    "organisation": pl.String(), "site": pl.String(),
}  # fmt: skip
#: One row for each element of a certified reference material that a laboratory measured. `random` is δ_r of its method.
REFERENCES: Final[Mapping[str, pl.DataType]] = {
    "laboratory": pl.String(), "element": pl.String(), "on": pl.Date(), "measured_ppb": pl.Int64(),
    "certified_ppb": pl.Int64(), "random": pl.Float64(),
}  # fmt: skip
#: Laboratories and scales that drift, one row for each, method and element. `bias` is relative, own over other, between
#: `low` and `high` (95 %); `p` that of none, both sides. `own_random` and `other_random` are δ_r after Grubbs.
#: `growing`: a bias that changes over time, `since` when, `p_growing` of a steady one showing as much. `anchor` says
#: who is off by reference materials: `own`, `other`, `both`, `neither`, null where they do not tell; `own_off` and
#: `other_off` by how much. Where too little was measured, `reason` is a code of `untestable`. `q` and `q_growing` are
#: the two p as all rows together leave them: where they are at most .05, one in twenty is expected to be by chance.
DRIFTS: Final[Mapping[str, pl.DataType]] = {
    "kind": pl.String(), "own": pl.String(), "other": pl.String(), "method": pl.String(), "calibration": pl.String(),
    "element": pl.String(), "n": pl.Int64(), "first": pl.Date(), "last": pl.Date(), "bias": pl.Float64(),
    "low": pl.Float64(), "high": pl.Float64(), "p": pl.Float64(), "own_random": pl.Float64(),
    "other_random": pl.Float64(), "growing": pl.Boolean(), "p_growing": pl.Float64(), "since": pl.Date(),
    "anchor": pl.String(), "own_off": pl.Float64(), "other_off": pl.Float64(), "reason": pl.String(),
    "q": pl.Float64(), "q_growing": pl.Float64(),
}  # fmt: skip
