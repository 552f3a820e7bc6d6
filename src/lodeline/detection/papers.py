"""What a row says beside its mass: papers, prices, codes. Commerce is filed with the goods and is kept apart.

Detectors that look at papers have nothing to test where a sight offers none.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

#: One row per ledger row that has any of them, as filed; `value` is a decimal text for the whole row.
PAPERS: Mapping[str, pl.DataType] = {
    "line": pl.Int64(), "document_kind": pl.String(), "value": pl.String(), "currency": pl.String(),
    "hs_code": pl.String(), "control_item": pl.String(),
}  # fmt: skip
#: One row per export row in force: what its customs line says beside the row's own columns, as filed.
CUSTOMS: Mapping[str, pl.DataType] = {
    "line": pl.Int64(), "licence": pl.String(), "declaration": pl.String(), "end_user_name": pl.String(),
}  # fmt: skip
#: The log of draw-downs: exits that customs confirmed and promises on release, mass of goods, in the order of the log.
DRAWS: Mapping[str, pl.DataType] = {
    "licence": pl.String(), "organisation": pl.String(), "act": pl.String(), "declaration": pl.String(),
    "on": pl.Date(), "mass_mg": pl.Int64(), "entry": pl.Int64(),
}  # fmt: skip
#: One row per accepted filing or correction: `corrects` is the entry that it corrects, `filed_at` UTC text.
FILINGS: Mapping[str, pl.DataType] = {
    "entry": pl.Int64(), "organisation": pl.String(), "period": pl.String(), "corrects": pl.Int64(),
    "filed_at": pl.String(), "rows": pl.Int64(),
}  # fmt: skip
