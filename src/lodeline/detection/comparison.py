"""What other authorities' records say beside the filings, as detectors take it.

Detectors that look at it have nothing to test where a sight offers none.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

#: How many groups of papers a firm has in a month: `kind` is sale, purchase, export, import or
#: invoice.
COMPARED: Mapping[str, pl.DataType] = {
    "organisation": pl.String(), "month": pl.String(), "kind": pl.String(), "papers": pl.Int64(),
}  # fmt: skip
#: The rows behind exceptions, by group: `record` is filed, invoiced or border; `row` its number in its table.
BEHIND: Mapping[str, pl.DataType] = {
    "group": pl.Int64(), "record": pl.String(), "row": pl.Int64(), "entry": pl.Int64(), "event": pl.String(),
    "mass_mg": pl.Int64(),
}  # fmt: skip
#: Invoices, one for each group of papers, of goods that nobody has filed in time and that crossed no border: from
#: `source` to `target` (ids, else names), `product` in the words of the invoice, `seq` the number of its first row.
UNFILED: Mapping[str, pl.DataType] = {
    "source": pl.String(), "target": pl.String(), "product": pl.String(), "on": pl.Date(), "mass_mg": pl.Int64(),
    "number": pl.String(), "seq": pl.Int64(),
}  # fmt: skip
